"""Commands that need what a simulated cluster has not: running programs, a terminal, an editor, metrics.

They fail as they fail on a real cluster where the same is missing, after the checks that kubectl makes before.
Source: kubernetes/kubectl pkg/cmd/{exec,attach,portforward,cp,debug,top,edit,…}.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.errors import KubectlError, failure, several, usage
from cp_sim.course.kubectl.shell import Invocation, command

_NO_PROGRAM = "the simulated nodes run no programs: containers have a state, but nothing inside to {doing}"


def _pod(invocation: Invocation, word: str) -> Any:
    """The pod, which has to be there before anything else."""
    named = word if "/" in word else f"pods/{word}"
    found = builder.infos(invocation, [named])
    if found.errors:
        raise several(found.errors)
    return found.infos[0].object


@command("exec", "container:c= stdin:i tty:t quiet:q filename:f=* pod-running-timeout=~")
def exec_(invocation: Invocation) -> None:
    """Refused: nothing runs in the containers."""
    words = invocation.arguments
    if not words:
        raise usage(
            "expected 'exec (POD | TYPE/NAME) COMMAND [ARG1] [ARG2] ... [ARGN]'.\nPOD or TYPE/NAME is a "
            "required argument for the exec command",
            "exec",
        )
    if len(words) < 2:
        raise failure("you must specify at least one command for the container")
    if not _pod(invocation, words[0])["spec"].get("nodeName"):
        raise failure(f"unable to upgrade connection: pod {words[0]} does not have a host assigned")
    raise failure(_NO_PROGRAM.format(doing="execute"))


@command("attach", "container:c= stdin:i tty:t quiet:q pod-running-timeout=~")
def attach(invocation: Invocation) -> None:
    """Refused: nothing runs in the containers."""
    if not invocation.arguments:
        raise usage("at least 1 argument is required for attach", "attach")
    _pod(invocation, invocation.arguments[0])
    raise failure(_NO_PROGRAM.format(doing="attach to"))


@command("port-forward", "address=* pod-running-timeout=~")
def port_forward(invocation: Invocation) -> None:
    """Refused: nothing listens in the containers."""
    if len(invocation.arguments) < 2:
        raise usage("TYPE/NAME and list of ports are required for port-forward", "port-forward")
    _pod(invocation, invocation.arguments[0])
    raise failure(_NO_PROGRAM.format(doing="connect to"))


@command("cp", "container:c= no-preserve retries=#")
def cp(invocation: Invocation) -> None:
    """Refused: containers have no files."""
    if len(invocation.arguments) != 2:
        raise failure("source and destination are required")
    remote = next((word for word in invocation.arguments if ":" in word), "")
    if not remote:
        raise failure("one of src or dest must be a local file specification")
    _pod(invocation, remote.partition(":")[0].rpartition("/")[2])
    raise failure(_NO_PROGRAM.format(doing="copy from"))


@command("debug", "image= container:c= stdin:i tty:t target= copy-to= profile= env=+ share-processes")
def debug(invocation: Invocation) -> None:
    """Refused: nothing runs in the containers."""
    if not invocation.arguments:
        raise failure("NAME or TYPE/NAME is required")
    _pod(invocation, invocation.arguments[0])
    raise failure(_NO_PROGRAM.format(doing="debug"))


@command("top pods", "all-namespaces:A selector:l= containers no-headers sort-by= sum")
@command("top pod", "all-namespaces:A selector:l= containers no-headers sort-by= sum")
@command("top nodes", "selector:l= no-headers sort-by= show-capacity")
@command("top node", "selector:l= no-headers sort-by= show-capacity")
def top(invocation: Invocation) -> None:
    """Refused: no metrics server is installed."""
    raise failure("Metrics API not available")


@command("edit", "filename:f=* output:o= recursive:R subresource= windows-line-endings validate=?true save-config")
def edit(invocation: Invocation) -> None:
    """Refused: a cell is the editor."""
    found = builder.infos(invocation)
    if found.errors:
        raise several(found.errors)
    raise failure(
        "there is no editor here: print the object with `get -o yaml`, then write it into a cell with "
        "%%kubectl apply -f -"
    )


@command("certificate approve", "filename:f=* force all selector:l= output:o=")
@command("certificate deny", "filename:f=* force all selector:l= output:o=")
def certificate(invocation: Invocation) -> None:
    """Refused unless there is such a request."""
    found = builder.infos(invocation, ["certificatesigningrequests", *invocation.arguments])
    if found.errors:
        raise several(found.errors)
    raise failure("the simulated cluster signs no certificates")


@command("plugin list", "name-only")
def plugin(invocation: Invocation) -> None:
    """There are none."""
    raise failure("unable to find any kubectl plugins in your PATH")


@command("proxy", "port:p=# address= www= api-prefix= accept-hosts= reject-paths= unix-socket:u=")
def proxy(invocation: Invocation) -> None:
    """Refused: a notebook has no port to lend."""
    raise failure("there is nothing to listen on in a notebook: ask the API server with `get --raw`")


@command("completion")
def completion(invocation: Invocation) -> None:
    """Refused: there is no shell."""
    shell = (invocation.arguments or [""])[0]
    if shell not in ("bash", "zsh", "fish", "powershell"):
        raise KubectlError(
            f"error: Unsupported shell type \"{shell}\".\nSee 'kubectl completion -h' for help and examples"
        )
    raise failure("there is no shell to complete in")
