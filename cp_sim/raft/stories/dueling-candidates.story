# Dueling candidates: two members stand at the same moment
#
# Each votes for itself, and each wins one of the other two: nobody has three of four votes.

> members s1 s2 s3 s4, without pre-vote, seed 3
    s1  follower       term 0  commit 0  log |
    s2  follower       term 0  commit 0  log |
    s3  follower       term 0  commit 0  log |
    s4  follower       term 0  commit 0  log |
> a message needs 1 tick
> show messages
> cut s3 from s2
> cut s4 from s1
> s1 stands for election
        s1 -> s2  term 1: vote for me, with a log up to entry 0 of term 0
        s1 -> s3  term 1: vote for me, with a log up to entry 0 of term 0
        s1 -> s4  term 1: vote for me, with a log up to entry 0 of term 0
    s1  candidate      term 1  commit 0  log |
> s2 stands for election
        s2 -> s1  term 1: vote for me, with a log up to entry 0 of term 0
        s2 -> s3  term 1: vote for me, with a log up to entry 0 of term 0
        s2 -> s4  term 1: vote for me, with a log up to entry 0 of term 0
    s2  candidate      term 1  commit 0  log |
> 2 ticks pass
        s1 -> s2  term 1: no
        s2 -> s1  term 1: no
        s3 -> s1  term 1: yes
        s4 -> s2  term 1: yes
    s3  follower       term 1  commit 0  log |
    s4  follower       term 1  commit 0  log |

# Two against two. Nothing is decided in term 1, and nothing is lost: whoever's patience ends first opens term 2.
# Patience is drawn by lot anew each time (10 to 19 ticks), so that it seldom ends for two at once.

> heal the links
> hide messages
> 12 ticks pass
    s1  candidate      term 2  commit 0  log |
> 6 ticks pass
    s1  leader         term 2  commit 1  log 2 |
    s2  follows s1     term 2  commit 1  log 2 |
    s3  follows s1     term 2  commit 1  log 2 |
    s4  follows s1     term 2  commit 1  log 2 |
> a client writes x at s3
> 5 ticks pass
        x at s3: committed as entry 2
    s1  leader         term 2  commit 2  log 2 2 |
    s2  follows s1     term 2  commit 2  log 2 2 |
    s3  follows s1     term 2  commit 2  log 2 2 |
    s4  follows s1     term 2  commit 2  log 2 2 |
