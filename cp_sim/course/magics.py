"""`%kubectl get pods` and `%%kubectl apply -f -` in a notebook, without any program installed.

The magic speaks to the current cluster (`use(cluster)` names another).  After a command that changes something the
cluster runs until it is quiet, because that is what a look a second later would show; `%kubectl --no-settle …` leaves
the work undone, to be watched with `cluster.step()`.

`%why pod/web-1 worker-2` answers in one sentence why a pod is not on a node.  The real kubectl knows no such thing:
what is said about it after `%kubectl describe pod` is marked with `# cp-sim:`; all above is what the real one prints.
"""

from __future__ import annotations

import re
import sys
from typing import Any
from weakref import WeakKeyDictionary

from cp_sim.cluster import Cluster
from cp_sim.course import current
from cp_sim.course.kubectl import Kubectl, Outcome
from cp_sim.objects.kinds import UnknownKind

REMARK = "# cp-sim: "
_POD_PAGE = re.compile(r"^Name: +(\S+)\nNamespace: +(\S+)\nPriority:", re.MULTILINE)

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
    for remark in remarks(line, outcome):
        print(f"{REMARK}{remark}")


def run(line: str, cell: str | None = None) -> Outcome:
    """The same, but give the outcome back: `.stdout`, `.stderr`, `.code`."""
    return client(current.current()).run(line, stdin=cell or "")


def remarks(line: str, outcome: Outcome) -> list[str]:
    """What is to be said of a described pod beyond what kubectl knows: why it is not on the other nodes."""
    pages = _POD_PAGE.findall(outcome.stdout) if line.split()[:1] == ["describe"] else []
    if len(pages) != 1:
        return []
    name, namespace = pages[0]
    told = current.current().why_not(f"pod/{name}", namespace=namespace).split("\n")
    return [*told, f"for one node: %why pod/{name} NODE" + ("" if namespace == "default" else f" -n {namespace}")]


def why(line: str) -> None:
    """Print why a pod is not on a node: `%why pod/web-1 worker-2`; without a node, a line for each.

    `-n NAMESPACE` as in kubectl.
    """
    words = line.split()
    namespace = current.namespace()
    for flag in ("-n", "--namespace"):
        if flag in words[:-1]:
            at = words.index(flag)
            namespace = words[at + 1]
            del words[at : at + 2]
    if not 1 <= len(words) <= 2:
        print("error: write %why POD NODE, such as %why pod/web-1 worker-2", file=sys.stderr)
        return
    pod, node = words[0] if "/" in words[0] else f"pod/{words[0]}", "".join(words[1:])
    try:
        print(current.current().why_not(pod, node, namespace))
    except (LookupError, ValueError, UnknownKind) as error:
        print(f"error: {error}", file=sys.stderr)


def register(shell: Any) -> None:
    """Make `%kubectl`, `%%kubectl` and `%why` known to an IPython shell."""
    shell.register_magic_function(kubectl, magic_kind="line_cell", magic_name="kubectl")
    shell.register_magic_function(why, magic_kind="line", magic_name="why")
    current.watch_names(shell.user_ns)
