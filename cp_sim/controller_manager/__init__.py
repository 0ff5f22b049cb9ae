"""kube-controller-manager: one small loop per kind of promise, each comparing what is wanted with what is there.

*In Kubernetes:* the binary `kube-controller-manager`, which runs some forty controllers in one process.  Here each
controller is an actor with its real name, and all of them share one set of informers, as the real ones do.

Reads: the API server's watches.  Writes: through the API server, and nothing else; no controller knows another one.

*Simplified:* client-side rate limits (20 requests a second per controller) are left out, and one key is reconciled at
a time.
"""

from cp_sim.controller_manager.controller_manager import CONTROLLERS, ControllerManager

__all__ = ["CONTROLLERS", "ControllerManager"]
