# The partitioned leader: who is cut off cannot decide anything
#
# s1 leads, and is cut off together with a client who does not know.

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
> cut s1 from s2 s3
> a client writes y at s1
    s1  leader         term 1  commit 2  log 1 1 | 1

# y stands in s1's log and nowhere else. The others miss their leader, and after an election timeout choose another.

> 19 ticks pass
    s2  leader         term 2  commit 3  log 1 1 2 |
    s3  follows s2     term 2  commit 3  log 1 1 2 |
> a client writes z at s2
        z at s2: committed as entry 4
    s2  leader         term 2  commit 4  log 1 1 2 2 |
    s3  follows s2     term 2  commit 4  log 1 1 2 2 |
> look
    s1  leader         term 1  commit 2  log 1 1 | 1
    s2  leader         term 2  commit 4  log 1 1 2 2 |
    s3  follows s2     term 2  commit 4  log 1 1 2 2 |

# For a moment there are two leaders, but of different terms, and only one of them can commit anything.

> 2 ticks pass
    s1  follower       term 1  commit 2  log 1 1 | 1

# s1 has counted, too: for a whole election timeout it heard no majority, so it stepped down (check quorum). Its client
# still waits for an answer to y, and rightly gets none.

> a client writes w at s1
        w at s1: dropped, s1 knows no leader in term 1

# The links heal. y is replaced by what the majority has agreed on.

> heal the links
> 2 ticks pass
    s1  follows s2     term 2  commit 4  log 1 1 2 2 |
> a client reads all at s1
        read all at s1: x z
