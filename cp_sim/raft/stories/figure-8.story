# Figure 8 of the Raft paper: why a leader counts only entries of its own term
#
# An entry may stand on a majority of the disks and yet be replaced, if it is of an old term. (A log is shown by the
# terms of its entries; left of the bar is what the member knows to be committed.)

> members s1 s2 s3 s4 s5, without pre-vote, without check quorum, one entry a message
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
    s4  follower       term 0  commit 0  log |
    s5  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
    s4  follows s1     term 1  commit 1  log 1 |
    s5  follows s1     term 1  commit 1  log 1 |

# (a) s1 writes x, which reaches s2 only, and crashes.

> cut s1 from s3 s4 s5
> a client writes x at s1
    s1  leader         term 1  commit 1  log 1 | 1
    s2  follows s1     term 1  commit 1  log 1 | 1
> s1 crashes
    s1  (down)         term 1  commit 1  log 1 | 1

# (b) s5 is elected by s3 and s4, which do not know x. It crashes before its own first entry has reached anybody.

> a message needs 1 tick
> cut s5 from s1 s2
> s5 stands for election
    s5  candidate      term 2  commit 1  log 1 |
> 2 ticks pass
    s3  follower       term 2  commit 1  log 1 |
    s4  follower       term 2  commit 1  log 1 |
    s5  leader         term 2  commit 1  log 1 | 2
> cut s5 from s3 s4
> s5 crashes
    s5  (down)         term 2  commit 1  log 1 | 2

# (c) s1 comes back. It cannot win term 2, in which s3 and s4 have voted already, but it wins term 3.

> s1 restarts
    s1  follower       term 1  commit 1  log 1 | 1
> heal the links
> s1 stands for election
    s1  candidate      term 2  commit 1  log 1 | 1
> 2 ticks pass
    s2  follower       term 2  commit 1  log 1 | 1
> s1 stands for election
    s1  candidate      term 3  commit 1  log 1 | 1
> 2 ticks pass
    s1  leader         term 3  commit 1  log 1 | 1 3
    s2  follower       term 3  commit 1  log 1 | 1
    s3  follower       term 3  commit 1  log 1 |
    s4  follower       term 3  commit 1  log 1 |

# It goes on to bring x to s3. Its own entry of term 3 is to follow, but the link breaks.

> cut s1 from s4 s5
> show messages
> 3 ticks pass
        s2 -> s1  term 3: the same up to 3
        s3 -> s1  term 3: entry 2 is not the same here; mine is of term 1 at 1
        s1 -> s2  term 3: append after entry 3 of term 3: nothing new; commit 1
        s1 -> s3  term 3: append after entry 1 of term 1: x; commit 1
        s1 -> s3  term 3: append after entry 1 of term 1: x; commit 1
        s2 -> s1  term 3: the same up to 3
        s3 -> s1  term 3: the same up to 2
    s2  follows s1     term 3  commit 1  log 1 | 1 3
    s3  follows s1     term 3  commit 1  log 1 | 1
> cut the way from s1 to s3
> 1 tick passes
        s1 -> s3  term 3: append after entry 1 of term 1: x; commit 1
        s1 -> s3  term 3: append after entry 2 of term 1: <empty>; commit 1
> hide messages
> look
    s1  leader         term 3  commit 1  log 1 | 1 3
    s2  follows s1     term 3  commit 1  log 1 | 1 3
    s3  follows s1     term 3  commit 1  log 1 | 1
    s4  follower       term 3  commit 1  log 1 |
    s5  (down)         term 2  commit 1  log 1 | 2

# Now x stands on s1, s2 and s3: on a majority. But s1 does not commit it, and it is right:

> s1 crashes
    s1  (down)         term 3  commit 1  log 1 | 1 3
> heal the links
> s5 restarts
    s5  follower       term 2  commit 1  log 1 | 2
> s5 stands for election
    s5  candidate      term 3  commit 1  log 1 | 2
> 2 ticks pass
    s5  follower       term 3  commit 1  log 1 | 2
> s5 stands for election
    s5  candidate      term 4  commit 1  log 1 | 2
> 2 ticks pass
    s2  follower       term 4  commit 1  log 1 | 1 3
    s3  follower       term 4  commit 1  log 1 | 1
    s4  follower       term 4  commit 1  log 1 |
    s5  leader         term 4  commit 1  log 1 | 2 4

# (d) s3 and s4 voted for s5, whose last entry is of term 2 and theirs of term 1, and x is replaced everywhere.

> 6 ticks pass
    s2  follows s5     term 4  commit 1  log 1 | 2 4
    s3  follows s5     term 4  commit 1  log 1 | 2 4
    s4  follows s5     term 4  commit 1  log 1 | 2 4
    s5  leader         term 4  commit 3  log 1 2 4 |
> s1 restarts
    s1  follower       term 3  commit 1  log 1 | 1 3
> 9 ticks pass
    s1  follows s5     term 4  commit 3  log 1 2 4 |
    s2  follows s5     term 4  commit 3  log 1 2 4 |
    s3  follows s5     term 4  commit 3  log 1 2 4 |
    s4  follows s5     term 4  commit 3  log 1 2 4 |

# Had s1's entry of term 3 reached a majority, s5 could not have been elected: that entry is later than its own.
# With it, and not before, x would have been committed.
