# Slow disks: nobody promises what its disk has not written
#
# (A line shows what a member has in memory; of one that is down, what its disk holds.)
#
# s3 is asked for its vote, but its disk takes 3 ticks to write it down. Before that, no answer leaves.

> members s1 s2 s3, without pre-vote, without check quorum
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> cut s1 from s2
> the disk of s3 needs 3 ticks
> show messages
> s1 stands for election
        s1 -> s2  term 1: vote for me, with a log up to entry 0 of term 0
        s1 -> s3  term 1: vote for me, with a log up to entry 0 of term 0
    s1  candidate      term 1  commit 0  log |
    s3  follower       term 1  commit 0  log |
> s3 crashes
    s3  (down)         term 0  commit 0  log |
> s3 restarts
    s3  follower       term 0  commit 0  log |

# s3 knows nothing of a vote in term 1. That is no harm, for nobody else knows of it either: it may vote for s2. Had it
# answered s1 at once, it would now vote twice in one term, and there could be two leaders.

> s2 stands for election
        s2 -> s1  term 1: vote for me, with a log up to entry 0 of term 0
        s2 -> s3  term 1: vote for me, with a log up to entry 0 of term 0
    s2  candidate      term 1  commit 0  log |
    s3  follower       term 1  commit 0  log |
> 3 ticks pass
        s3 -> s2  term 1: yes
        s2 -> s1  term 1: append after entry 0 of term 0: <empty>; commit 0
        s2 -> s3  term 1: append after entry 0 of term 0: <empty>; commit 0
    s2  leader         term 1  commit 0  log | 1
    s3  follows s2     term 1  commit 0  log | 1
> hide messages
> the disk of s3 needs 0 ticks
> heal the links
> 4 ticks pass
    s1  follows s2     term 1  commit 1  log 1 |
    s2  leader         term 1  commit 1  log 1 |
    s3  follows s2     term 1  commit 1  log 1 |

# Entries are no different. The leader's own disk counts like any other: while it still writes, the two others are
# a majority, and x is committed.

> the disk of s2 needs 2 ticks
> show messages
> a client writes x at s2
        s2 -> s1  term 1: append after entry 1 of term 1: x; commit 1
        s2 -> s3  term 1: append after entry 1 of term 1: x; commit 1
        s1 -> s2  term 1: the same up to 2
        s3 -> s2  term 1: the same up to 2
    s1  follows s2     term 1  commit 1  log 1 | 1
    s2  leader         term 1  commit 2  log 1 1 |
    s3  follows s2     term 1  commit 1  log 1 | 1
> 2 ticks pass
        s2 -> s1  term 1: append after entry 2 of term 1: nothing new; commit 2
        s2 -> s3  term 1: append after entry 2 of term 1: nothing new; commit 2
        s1 -> s2  term 1: the same up to 2
        s3 -> s2  term 1: the same up to 2
    s1  follows s2     term 1  commit 2  log 1 1 |
    s3  follows s2     term 1  commit 2  log 1 1 |
> hide messages

# And a disk that was still writing when its member crashed has lost what nobody was promised.

> the disk of s2 needs 0 ticks
> 3 ticks pass
        x at s2: committed as entry 2
> the disk of s1 needs 2 ticks
> a client writes y at s2
        y at s2: committed as entry 3
    s1  follows s2     term 1  commit 3  log 1 1 1 |
    s2  leader         term 1  commit 3  log 1 1 1 |
    s3  follows s2     term 1  commit 3  log 1 1 1 |
> s1 crashes
    s1  (down)         term 1  commit 2  log 1 1 |
> the disk of s1 needs 0 ticks
> s1 restarts
    s1  follower       term 1  commit 2  log 1 1 |
> 1 tick passes
    s1  follows s2     term 1  commit 3  log 1 1 1 |
