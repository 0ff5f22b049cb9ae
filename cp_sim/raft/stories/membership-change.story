# One at a time: how a group changes its members
#
# s4 comes as a learner: it receives the log, but does not count. (A plus marks a learner.)

> members s1 s2 s3
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> a client writes x at s1
        x at s1: committed as entry 2
    s1  leader         term 1  commit 2  log 1 1 |
    s2  follows s1     term 1  commit 2  log 1 1 |
    s3  follows s1     term 1  commit 2  log 1 1 |
> show members
    s1  leader         term 1  commit 2  log 1 1 |  of s1 s2 s3
    s2  follows s1     term 1  commit 2  log 1 1 |  of s1 s2 s3
    s3  follows s1     term 1  commit 2  log 1 1 |  of s1 s2 s3
> s4 arrives
    s4  follower       term 0  commit 0  log |  of s1 s2 s3
> add learner s4
    s1  leader         term 1  commit 3  log 1 1 1 |  of s1 s2 s3 +s4
    s2  follows s1     term 1  commit 3  log 1 1 1 |  of s1 s2 s3 +s4
    s3  follows s1     term 1  commit 3  log 1 1 1 |  of s1 s2 s3 +s4
    s4  learns from s1 term 1  commit 3  log 1 1 1 |  of s1 s2 s3 +s4
> 1 tick passes

# It has caught up, and becomes a voter. Another change at the same moment is not taken: an empty entry stands in
# its place (entry 5), so that two majorities of two groups always share a member.

> the disk of s2 needs 1 tick
> the disk of s3 needs 1 tick
> promote s4
    s1  leader         term 1  commit 3  log 1 1 1 | 1  of s1 s2 s3 +s4
    s2  follows s1     term 1  commit 3  log 1 1 1 | 1  of s1 s2 s3 +s4
    s3  follows s1     term 1  commit 3  log 1 1 1 | 1  of s1 s2 s3 +s4
    s4  learns from s1 term 1  commit 3  log 1 1 1 | 1  of s1 s2 s3 +s4
> remove s2
    s1  leader         term 1  commit 3  log 1 1 1 | 1 1  of s1 s2 s3 +s4
    s2  follows s1     term 1  commit 3  log 1 1 1 | 1 1  of s1 s2 s3 +s4
    s3  follows s1     term 1  commit 3  log 1 1 1 | 1 1  of s1 s2 s3 +s4
    s4  learns from s1 term 1  commit 3  log 1 1 1 | 1 1  of s1 s2 s3 +s4
> 3 ticks pass
    s1  leader         term 1  commit 5  log 1 1 1 1 1 |  of s1 s2 s3 s4
    s2  follows s1     term 1  commit 5  log 1 1 1 1 1 |  of s1 s2 s3 s4
    s3  follows s1     term 1  commit 5  log 1 1 1 1 1 |  of s1 s2 s3 s4
    s4  follows s1     term 1  commit 5  log 1 1 1 1 1 |  of s1 s2 s3 s4
> the disk of s2 needs 0 ticks
> the disk of s3 needs 0 ticks
> 1 tick passes

# The leader itself is removed: it tells the others, and steps down. It is no voter any more, so it never stands.

> remove s1
    s1  follower       term 1  commit 6  log 1 1 1 1 1 1 |  of s2 s3 s4
    s2  follows s1     term 1  commit 6  log 1 1 1 1 1 1 |  of s2 s3 s4
    s3  follows s1     term 1  commit 6  log 1 1 1 1 1 1 |  of s2 s3 s4
    s4  follows s1     term 1  commit 6  log 1 1 1 1 1 1 |  of s2 s3 s4
> 25 ticks pass
    s2  leader         term 2  commit 7  log 1 1 1 1 1 1 2 |  of s2 s3 s4
    s3  follows s2     term 2  commit 7  log 1 1 1 1 1 1 2 |  of s2 s3 s4
    s4  follows s2     term 2  commit 7  log 1 1 1 1 1 1 2 |  of s2 s3 s4
> a client writes y at s4
        y at s4: committed as entry 8
    s2  leader         term 2  commit 8  log 1 1 1 1 1 1 2 2 |  of s2 s3 s4
    s3  follows s2     term 2  commit 8  log 1 1 1 1 1 1 2 2 |  of s2 s3 s4
    s4  follows s2     term 2  commit 8  log 1 1 1 1 1 1 2 2 |  of s2 s3 s4
