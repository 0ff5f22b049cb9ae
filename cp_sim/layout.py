"""Which process runs on which machine: the names of a cluster's parts, before any of them exists.

With one control plane every process has its plain name (`etcd`, `kube-scheduler`); with several, that of its static
pod (`kube-scheduler-control-plane-2`), as kubeadm lays them out.
"""

from __future__ import annotations

from cp_sim.sim import immutable

ETCD, APISERVER, SCHEDULER = "etcd", "kube-apiserver", "kube-scheduler"
MANAGER, CLOUD_MANAGER = "kube-controller-manager", "cloud-controller-manager"
BALANCER, KUBELET = "load-balancer", "kubelet"
# In the order in which they start: each needs the one before it.
STATIC = (ETCD, APISERVER, CLOUD_MANAGER, MANAGER, SCHEDULER)
SHORT = {
    "apiserver": APISERVER,
    "scheduler": SCHEDULER,
    "controller-manager": MANAGER,
    "cloud-controller-manager": CLOUD_MANAGER,
    "etcd": ETCD,
}
LARGEST = 7


@immutable
class Layout:
    """How many control planes there are, how many members the store has, and where these live.

    `etcd` is `"stacked"` (a member on each control plane) or `"external"` (members on machines of their own).

    Raises:
        ValueError: a number or a word that cannot be.
    """

    control_planes: int = 1
    etcd: str = "stacked"
    etcd_members: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.control_planes <= LARGEST:
            raise ValueError(f"control_planes={self.control_planes}: choose a number from 1 to {LARGEST}")
        if self.etcd not in ("stacked", "external"):
            raise ValueError(f'etcd={self.etcd!r}: choose "stacked" or "external"')
        if not 1 <= self.etcd_members <= LARGEST:
            raise ValueError(f"etcd_members={self.etcd_members}: choose a number from 1 to {LARGEST}")
        if self.etcd == "stacked" and self.etcd_members != self.control_planes:
            raise ValueError(
                f"etcd_members={self.etcd_members}: stacked, each of the {self.control_planes} control planes has one "
                'member; leave it out, or say etcd="external"'
            )

    @property
    def replicated(self) -> bool:
        """Whether there are several control planes."""
        return self.control_planes > 1

    @property
    def plain(self) -> bool:
        """Whether there is one of each: one control plane with the store's only member on it."""
        return not self.replicated and self.etcd == "stacked"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The control-plane nodes."""
        return tuple(f"control-plane-{number}" for number in range(1, self.control_planes + 1))

    @property
    def members(self) -> tuple[str, ...]:
        """The members of the store that the cluster begins with."""
        if self.etcd == "external":
            return tuple(f"etcd-{number}" for number in range(1, self.etcd_members + 1))
        return tuple(self.name(ETCD, host) for host in self.hosts)

    def name(self, component: str, host: str) -> str:
        """The name of a component's process on a machine."""
        return f"{component}-{host}" if self.replicated else component

    @property
    def server(self) -> str:
        """Whom users and kubelets address."""
        return BALANCER if self.replicated else APISERVER


def layout_of(control_planes: int, etcd: str | None, etcd_members: int | None) -> Layout:
    """The layout that the arguments of a `Cluster` describe.

    Several members for one control plane live on machines of their own, unless said otherwise; external, there are
    three unless a number is given.
    """
    if etcd is None:
        apart = etcd_members is not None and etcd_members > 1 and control_planes == 1
        etcd = "external" if apart else "stacked"
    if etcd_members is None:
        etcd_members = 3 if etcd == "external" else control_planes
    return Layout(control_planes, etcd, etcd_members)


def layout_on(control_planes: int) -> Layout:
    """The layout of a cluster whose objects are kept in a real etcd: one adapter stands for it, for all API servers."""
    return Layout() if control_planes == 1 else Layout(control_planes, "external", 1)
