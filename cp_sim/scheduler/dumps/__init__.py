"""What `kubectl get -o json` prints of a real cluster, read for decisions.

`dump.py` reads it, `dump_checks.py` says what is missing in it, `dump_workloads.py` makes the pods that workloads would
make.
"""
