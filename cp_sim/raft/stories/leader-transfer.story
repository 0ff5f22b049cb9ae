# Handing over: the leader chooses its successor
#
# Before a machine is switched off, its leader can hand over, and nobody has to wait for an election timeout.

> members s1 s2 s3
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> the disk of s2 needs 1 tick
> a client writes x at s1
        x at s1: committed as entry 2
    s1  leader         term 1  commit 2  log 1 1 |
    s2  follows s1     term 1  commit 2  log 1 1 |
    s3  follows s1     term 1  commit 2  log 1 1 |
> show messages
> s1 hands over to s2
        s1 -> s2  term 1: append after entry 2 of term 1: nothing new; commit 2

# s2 has not answered for x yet, so s1 waits, and takes no more proposals.

> a client writes y at s1
        y at s1: dropped, s1 is handing over to s2
> hide messages
> the disk of s2 needs 0 ticks
> show messages
> 1 tick passes
        s2 -> s1  term 1: the same up to 2
        s1 -> s2  term 1: stand for election now
        s2 -> s1  term 1: the same up to 2
        s2 -> s1  term 1: the same up to 2
        s2 -> s1  term 2: vote for me, with a log up to entry 2 of term 1; the leader wants it
        s2 -> s3  term 2: vote for me, with a log up to entry 2 of term 1; the leader wants it
        s1 -> s2  term 2: yes
        s3 -> s2  term 2: yes
        s2 -> s1  term 2: append after entry 2 of term 1: <empty>; commit 2
        s2 -> s3  term 2: append after entry 2 of term 1: <empty>; commit 2
        s1 -> s2  term 2: the same up to 3
        s3 -> s2  term 2: the same up to 3
        s2 -> s1  term 2: append after entry 3 of term 2: nothing new; commit 3
        s2 -> s3  term 2: append after entry 3 of term 2: nothing new; commit 3
        s1 -> s2  term 2: the same up to 3
        s3 -> s2  term 2: the same up to 3
    s1  follows s2     term 2  commit 3  log 1 1 2 |
    s2  leader         term 2  commit 3  log 1 1 2 |
    s3  follows s2     term 2  commit 3  log 1 1 2 |

# As soon as s2 has all, it was told to stand at once. Its request says that the leader itself wants it; otherwise s3
# would have ignored it, for it had just heard from a living leader.

> hide messages
> a client writes y at s3
        y at s3: committed as entry 4
    s1  follows s2     term 2  commit 4  log 1 1 2 2 |
    s2  leader         term 2  commit 4  log 1 1 2 2 |
    s3  follows s2     term 2  commit 4  log 1 1 2 2 |
