# Check quorum: a leader that is heard but does not hear
#
# The ways to s1 are cut, those from s1 are not: the others hear its heartbeats, and so never miss a leader.

> members s1 s2 s3, without check quorum, seed 5
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> cut the way from s2 to s1
> cut the way from s3 to s1
> a client writes x at s1
    s1  leader         term 1  commit 1  log 1 | 1
    s2  follows s1     term 1  commit 1  log 1 | 1
    s3  follows s1     term 1  commit 1  log 1 | 1
> 60 ticks pass
> look
    s1  leader         term 1  commit 1  log 1 | 1
    s2  follows s1     term 1  commit 1  log 1 | 1
    s3  follows s1     term 1  commit 1  log 1 | 1

# Nothing can be committed, and nobody ever stands for election. With check quorum the leader counts who has spoken to
# it during an election timeout; it was no majority, so it steps down and falls silent, and the others choose anew.

> members s1 s2 s3, seed 5
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> cut the way from s2 to s1
> cut the way from s3 to s1
> a client writes x at s1
    s1  leader         term 1  commit 1  log 1 | 1
    s2  follows s1     term 1  commit 1  log 1 | 1
    s3  follows s1     term 1  commit 1  log 1 | 1
> 20 ticks pass
    s1  follower       term 1  commit 1  log 1 | 1
> 20 ticks pass
    s1  pre-candidate  term 1  commit 1  log 1 | 1
    s2  follows s3     term 2  commit 3  log 1 1 2 |
    s3  leader         term 2  commit 3  log 1 1 2 |
> a client writes y at s2
        y at s2: committed as entry 4
    s2  follows s3     term 2  commit 4  log 1 1 2 2 |
    s3  leader         term 2  commit 4  log 1 1 2 2 |
