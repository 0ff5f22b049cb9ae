"""`%kubectl get pods` and `%%kubectl apply -f -` in a notebook, without any program installed.

The magic speaks to the current cluster (`use(cluster)` names another).  After a command that changes something the
cluster runs until it is quiet, because that is what a look a second later would show; `%kubectl --no-settle …` leaves
the work undone, to be watched with `cluster.step()`.
"""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakKeyDictionary

from cp_sim.cluster import Cluster
from cp_sim.course import current
from cp_sim.course.kubectl import Kubectl, Outcome

_clients: WeakKeyDictionary[Cluster, Kubectl] = WeakKeyDictionary()


def client(cluster: Cluster) -> Kubectl:
    """The kubectl that speaks to `cluster`; the same one each time, as it keeps a kubeconfig."""
    found = _clients.get(cluster)
    if found is None or found.namespace != current.namespace():
        found = _clients[cluster] = Kubectl(cluster, namespace=current.namespace())
    return found


def kubectl(line: str, cell: str | None = None) -> None:
    """Carry out `kubectl line`, with the cell's text as standard input, and print what it says.

    Errors are printed as in a terminal; they raise nothing, so that the notebook goes on.
    """
    try:
        outcome = run(line, cell)
    except current.NoCluster as error:
        print(f"error: {error}", file=sys.stderr)
        return
    # One stream keeps the order in which a terminal would show both.
    print(outcome.text, end="")


def run(line: str, cell: str | None = None) -> Outcome:
    """The same, but give the outcome back: `.stdout`, `.stderr`, `.code`."""
    return client(current.current()).run(line, stdin=cell or "")


def register(shell: Any) -> None:
    """Make `%kubectl` and `%%kubectl` known to an IPython shell."""
    shell.register_magic_function(kubectl, magic_kind="line_cell", magic_name="kubectl")
    current.watch_names(shell.user_ns)
