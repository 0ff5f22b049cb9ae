# The rejoining laggard: finding the place where two logs part
#
# s3 led for a while without anybody hearing it, and now has entries that nobody else has.

> members s1 s2 s3, without pre-vote, without check quorum
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s3 stands for election
    s1  follows s3     term 1  commit 1  log 1 |
    s2  follows s3     term 1  commit 1  log 1 |
    s3  leader         term 1  commit 1  log 1 |
> a client writes a at s3
        a at s3: committed as entry 2
    s1  follows s3     term 1  commit 2  log 1 1 |
    s2  follows s3     term 1  commit 2  log 1 1 |
    s3  leader         term 1  commit 2  log 1 1 |
> cut s3 from s1 s2
> a client writes b at s3
    s3  leader         term 1  commit 2  log 1 1 | 1
> a client writes c at s3
    s3  leader         term 1  commit 2  log 1 1 | 1 1
> a client writes d at s3
    s3  leader         term 1  commit 2  log 1 1 | 1 1 1

# The others go on without it.

> s1 stands for election
    s1  leader         term 2  commit 3  log 1 1 2 |
    s2  follows s1     term 2  commit 3  log 1 1 2 |
> a client writes e at s1
        e at s1: committed as entry 4
    s1  leader         term 2  commit 4  log 1 1 2 2 |
    s2  follows s1     term 2  commit 4  log 1 1 2 2 |
> s2 stands for election
    s1  follows s2     term 3  commit 5  log 1 1 2 2 3 |
    s2  leader         term 3  commit 5  log 1 1 2 2 3 |
> a client writes f at s2
        f at s2: committed as entry 6
    s1  follows s2     term 3  commit 6  log 1 1 2 2 3 3 |
    s2  leader         term 3  commit 6  log 1 1 2 2 3 3 |
> look
    s1  follows s2     term 3  commit 6  log 1 1 2 2 3 3 |
    s2  leader         term 3  commit 6  log 1 1 2 2 3 3 |
    s3  leader         term 1  commit 2  log 1 1 | 1 1 1

# s3 comes back, and learns that its term is over. The new leader s2 first supposes that s3's log ends like its own. s3
# refuses, with a hint: its own entry there is of term 1. s2 knows where its term 1 ends, and goes back to that place at
# once, instead of entry by entry.

> show messages
> heal the links
> 1 tick passes
        s2 -> s3  term 3: append after entry 4 of term 2: <empty> f; commit 6
        s3 -> s2  term 3: entry 4 is not the same here; mine is of term 1 at 4
        s2 -> s3  term 3: append after entry 2 of term 1: <empty> e <empty> f; commit 6
        s3 -> s2  term 3: the same up to 6
        s2 -> s3  term 3: append after entry 6 of term 3: nothing new; commit 6
        s3 -> s2  term 3: the same up to 6
    s3  follows s2     term 3  commit 6  log 1 1 2 2 3 3 |
> hide messages
> 1 tick passes

# b, c and d are gone. Nobody was promised them: they were never committed.

> a client reads all at s3
        read all at s3: a e f
