# The laggard who missed too much: a snapshot
#
# A log cannot grow for ever. What everybody in reach has applied is replaced by a snapshot of the state.

> members s1 s2 s3
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> a client writes a at s1
        a at s1: committed as entry 2
    s1  leader         term 1  commit 2  log 1 1 |
    s2  follows s1     term 1  commit 2  log 1 1 |
    s3  follows s1     term 1  commit 2  log 1 1 |
> s3 crashes
    s3  (down)         term 1  commit 2  log 1 1 |
> a client writes b at s1
        b at s1: committed as entry 3
    s1  leader         term 1  commit 3  log 1 1 1 |
    s2  follows s1     term 1  commit 3  log 1 1 1 |
> a client writes c at s1
        c at s1: committed as entry 4
    s1  leader         term 1  commit 4  log 1 1 1 1 |
    s2  follows s1     term 1  commit 4  log 1 1 1 1 |
> s1 compacts its log
    s1  leader         term 1  commit 4  log [..4] |
> a client writes d at s1
        d at s1: committed as entry 5
    s1  leader         term 1  commit 5  log [..4] 1 |
    s2  follows s1     term 1  commit 5  log 1 1 1 1 1 |
> look
    s1  leader         term 1  commit 5  log [..4] 1 |
    s2  follows s1     term 1  commit 5  log 1 1 1 1 1 |
    s3  (down)         term 1  commit 2  log 1 1 |

# The entries that s3 lacks are not in s1's log any more ([..4] says that a snapshot stands for entries 1 to 4).

> show messages
> s3 restarts
    s3  follower       term 1  commit 2  log 1 1 |
> 2 ticks pass
        s1 -> s3  term 1: append after entry 5 of term 1: nothing new; commit 5
        s3 -> s1  term 1: entry 5 is not the same here; mine is of term 1 at 2
        s1 -> s3  term 1: a snapshot of entries 1 to 4
        s3 -> s1  term 1: the same up to 4
        s1 -> s3  term 1: append after entry 4 of term 1: d; commit 5
        s3 -> s1  term 1: the same up to 5
    s3  follows s1     term 1  commit 5  log [..4] 1 |
> hide messages
> a client reads all at s3
        read all at s3: a b c d
