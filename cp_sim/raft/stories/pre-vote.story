# Pre-vote: a member that was away does not disturb those who stayed
#
# s3 is cut off for a while. It hears no leader and wants to stand for election, but first it asks whether it would be
# elected; while nobody answers, it opens no new term.

> members s1 s2 s3
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> cut s3 from s1 s2
> show messages
> 20 ticks pass
        s3 -> s1  term 2: would you vote for me, with a log up to entry 1 of term 1
        s3 -> s2  term 2: would you vote for me, with a log up to entry 1 of term 1
    s3  pre-candidate  term 1  commit 1  log 1 |
> hide messages
> 80 ticks pass
> heal the links
> 2 ticks pass
    s3  follows s1     term 1  commit 1  log 1 |
> look
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |

# Nothing happened to the others. Now the same without pre-vote, and without the lease that check quorum gives.

> members s1 s2 s3, without pre-vote, without check quorum
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
> s1 stands for election
    s1  leader         term 1  commit 1  log 1 |
    s2  follows s1     term 1  commit 1  log 1 |
    s3  follows s1     term 1  commit 1  log 1 |
> cut s3 from s1 s2
> 100 ticks pass
    s3  candidate      term 7  commit 1  log 1 |
> heal the links
> 2 ticks pass

# s3 had raised its term again and again, and as soon as s1 heard of it, s1 had to go: a leader was lost for nothing.

> 30 ticks pass
    s1  follows s3     term 8  commit 2  log 1 8 |
    s2  follows s3     term 8  commit 2  log 1 8 |
    s3  leader         term 8  commit 2  log 1 8 |
