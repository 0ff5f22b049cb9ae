"""A kubectl written in Python that speaks to a simulated cluster: the verbs that lessons use, in kubectl's own words.

*In Kubernetes:* the program `kubectl` (v1.37).  It is a true client: all it knows of the cluster comes from
`cluster.request(...)`, the raw REST call.  It reads the kinds from discovery, asks for Tables, computes the patches of
`apply` and `drain`'s plan by itself, and prints what the real one prints.

    >>> kubectl = Kubectl(Cluster(workers=3))
    >>> print(kubectl.run("create deployment web --image=nginx --replicas=3").text)

*Simplified:* one process, no network, no kubeconfig file; what waits moves virtual time.  `shell` carries out a
command, `commands/` holds the verbs, `describe/` and `output/` what they print.
"""

from cp_sim.course.kubectl import commands
from cp_sim.course.kubectl.shell import Invocation, Kubectl, Outcome

__all__ = ["Invocation", "Kubectl", "Outcome", "commands"]
