"""The scheduling queue: which pod is tried next, who waits out a back-off, who waits for what change.

`scheduling_queue.py` keeps the places, `queueing.py` names the changes of the cluster, `worth.py` and `hints.py` say
whom they help, `backoff.py` how long the others wait, `in_flight.py` what happened while a pod was being placed.

*In Kubernetes:* pkg/scheduler/backend/queue.
"""
