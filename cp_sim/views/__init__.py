"""Layer 7: state and trace become pictures and their text twins.

Every view is a pure function of what the cluster can be asked (`get`, `trace`, the clock) and returns a `View`: a Graphviz
graph in which every node, edge and cluster carries a meaningful `id` (the subject of the trace records that tell about
it), and a text twin that says the same in words.  Nothing here knows IPython, and nothing here changes anything.

*In Kubernetes:* no counterpart; `kubectl describe`, `kubectl get events` and dashboards show pieces of it.
"""

from cp_sim.views.view import View

__all__ = ["View"]
