# Reading without writing: a leader asks whether it still leads
#
# A read must not miss what was acknowledged before it. A follower asks the leader, and the leader asks a majority.

> members s1 s2 s3, without check quorum
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
> show messages
> a client reads r1 at s2
        s2 -> s1  up to where must r1 read?
        s1 -> s2  term 1: heartbeat, for read number 1
        s1 -> s3  term 1: heartbeat, for read number 1
        s2 -> s1  term 1: heartbeat answer, for read number 1
        s3 -> s1  term 1: heartbeat answer, for read number 1
        s1 -> s2  term 1: r1 must read up to 2
        read r1 at s2: x
> hide messages

# Now s1 is cut off. It still takes itself for the leader, but nobody confirms that, so its client gets no answer.

> cut s1 from s2 s3
> a client reads r2 at s1
> 10 ticks pass
> s2 stands for election
    s2  leader         term 2  commit 3  log 1 1 2 |
    s3  follows s2     term 2  commit 3  log 1 1 2 |
> a client writes y at s2
        y at s2: committed as entry 4
    s2  leader         term 2  commit 4  log 1 1 2 2 |
    s3  follows s2     term 2  commit 4  log 1 1 2 2 |
> a client reads r3 at s3
        read r3 at s3: x y
> look
    s1  leader         term 1  commit 2  log 1 1 |
    s2  leader         term 2  commit 4  log 1 1 2 2 |
    s3  follows s2     term 2  commit 4  log 1 1 2 2 |

# Had s1 answered r2 from its own log, that client would have missed y. After healing s1 learns that it was deposed;
# r2 is never answered, and its client asks again.

> heal the links
> 2 ticks pass
    s1  follows s2     term 2  commit 4  log 1 1 2 2 |
> a client reads r4 at s1
        read r4 at s1: x y
