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
    """The control-plane nodes (`hosts`), the members of the store, and where these live.

    `etcd` is `"stacked"` (a member on each control plane) or `"external"` (members on machines of their own).
    `replicated` says that the processes bear the names of their static pods and that a balancer stands in front: the
    cluster was begun with several control planes.
    """

    hosts: tuple[str, ...] = ("control-plane-1",)
    members: tuple[str, ...] = (ETCD,)
    etcd: str = "stacked"
    replicated: bool = False

    @property
    def control_planes(self) -> int:
        """How many control planes there are."""
        return len(self.hosts)

    @property
    def plain(self) -> bool:
        """Whether there is one of each: one control plane with the store's only member on it."""
        return not self.replicated and self.etcd == "stacked"

    def name(self, component: str, host: str) -> str:
        """The name of a component's process on a machine."""
        return f"{component}-{host}" if self.replicated else component

    def host_of_member(self, member: str) -> str:
        """The machine of a member of the store."""
        return member if self.etcd == "external" else self.hosts[self.members.index(member)]

    @property
    def server(self) -> str:
        """Whom users and kubelets address."""
        return BALANCER if self.replicated else APISERVER

    @property
    def next_host(self) -> str:
        """The name of a further control plane."""
        return f"control-plane-{max(int(host.rpartition('-')[2]) for host in self.hosts) + 1}"

    def with_host(self, host: str) -> Layout:
        """This layout with one control plane more."""
        members = self.members if self.etcd == "external" else (*self.members, self.name(ETCD, host))
        return Layout((*self.hosts, host), members, self.etcd, self.replicated)

    def without_host(self, host: str) -> Layout:
        """This layout with one control plane less."""
        left = tuple(name for name in self.hosts if name != host)
        stays = [name for name in self.members if self.etcd == "external" or name != self.name(ETCD, host)]
        return Layout(left, tuple(stays), self.etcd, self.replicated)


def layout_of(control_planes: int, etcd: str | None, etcd_members: int | None) -> Layout:
    """The layout that the arguments of a `Cluster` describe.

    Several members for one control plane live on machines of their own, unless said otherwise; external, there are
    three unless a number is given.

    Raises:
        ValueError: a number or a word that cannot be.
    """
    if etcd is None:
        apart = etcd_members is not None and etcd_members > 1 and control_planes == 1
        etcd = "external" if apart else "stacked"
    if etcd_members is None:
        etcd_members = 3 if etcd == "external" else control_planes
    for name, number in (("control_planes", control_planes), ("etcd_members", etcd_members)):
        if not 1 <= number <= LARGEST:
            raise ValueError(f"{name}={number}: choose a number from 1 to {LARGEST}")
    if etcd not in ("stacked", "external"):
        raise ValueError(f'etcd={etcd!r}: choose "stacked" or "external"')
    if etcd == "stacked" and etcd_members != control_planes:
        raise ValueError(
            f"etcd_members={etcd_members}: stacked, each of the {control_planes} control planes has one member; leave "
            'it out, or say etcd="external"'
        )
    hosts = tuple(f"control-plane-{number}" for number in range(1, control_planes + 1))
    replicated = control_planes > 1
    if etcd == "external":
        members = tuple(f"etcd-{number}" for number in range(1, etcd_members + 1))
    else:
        members = tuple(f"{ETCD}-{host}" for host in hosts) if replicated else (ETCD,)
    return Layout(hosts, members, etcd, replicated)


def layout_on(control_planes: int) -> Layout:
    """The layout of a cluster whose objects are kept in a real etcd: one adapter stands for it, for all API servers."""
    return layout_of(control_planes, *(("stacked", 1) if control_planes == 1 else ("external", 1)))
