"""The scheduling framework: extension points, verdicts, and the list of plugins that a profile runs.

A plugin is a class with a `name` and a method for every extension point it takes part in; a learner's own is as short
as

    class NoFridays(Plugin):
        name = "NoFridays"
        def filter_node(self, pod, node):
            return "node(s) rest on Fridays" if node["metadata"]["name"].endswith("5") else None

added to the tuple: `Cluster(scheduler_profiles=DEFAULT_PLUGINS + (NoFridays(),))`.  Wherever a `Status` is asked for,
None lets the pod go on and a text is the reason to refuse it.  The plugins of this package do the same for all nodes
at once, with `filter` and `score` over columns.  `asking.py` is how the scheduler asks plugins that may fail.

*In Kubernetes:* k8s.io/kube-scheduler/framework/interface.go and pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cp_sim.objects.causes import quoted
from cp_sim.scheduler import columns
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.node_table import Nodes, NodeTable
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queueing import Change
from cp_sim.sim import immutable
from cp_sim.sim.clock import parse_duration

# Status codes.
SUCCESS = "Success"
SKIP = "Skip"
UNSCHEDULABLE = "Unschedulable"
UNRESOLVABLE = "UnschedulableAndUnresolvable"
WAIT = "Wait"
PENDING = "Pending"  # like Unschedulable, but what helps does so at once, without a back-off
ERROR = "Error"

MAX_NODE_SCORE = 100
# The longest that a Permit plugin may let a pod wait (`maxTimeout` in runtime/framework.go).
MAX_PERMIT_WAIT_MS = 15 * 60_000


class PluginError(Exception):
    """A plugin did what it must not, e.g. gave a score outside 0..100; the message is the whole sentence."""


class Unanswerable(PluginError):
    """What a plugin is asked has no answer; its words are told as they are, after the plugin's name."""


class MissingState(Unanswerable, LookupError):
    """A plugin reads what none of its methods has noted in this cycle."""


@immutable
class Status:
    """What a plugin says at an extension point: a code and, where it is not Success, the reasons.

    `timeout_ms` is how long Permit's Wait lasts; `wait("30s")` makes such a status.
    """

    code: str = SUCCESS
    reasons: tuple[str, ...] = ()
    timeout_ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether the pod may go on."""
        return self.code == SUCCESS


OK = Status()
SKIPPED = Status(SKIP)


def wait(duration: str | int) -> Status:
    """Permit's answer that the pod keeps its node but is not bound yet, for `"30s"` or so many milliseconds; not more
    than 15 minutes.
    """
    return Status(WAIT, (), min(parse_duration(duration), MAX_PERMIT_WAIT_MS))


@immutable
class Prepare:
    """PreBind's answer that something has to be done first: requests to make, how long their effect may take, and what
    is said if it takes longer.

    When they are answered, and after every change of what the scheduler watches, `prepared` of the plugin is asked
    until it does not say Wait any more.
    """

    calls: tuple[Any, ...]
    timeout_ms: int
    late: str = "context deadline exceeded"


@immutable
class Only:
    """PreFilter's answer that nodes with other names need not be looked at (`PreFilterResult`)."""

    names: tuple[str, ...]


# Who waits in a cycle that has no scheduler around it; nothing is ever put in.
NOBODY: dict[str, Any] = {}


class CycleState(dict[str, Any]):
    """What plugins remember about one pod from one extension point to the next, under their own names.

    `cache` is the cluster as the scheduler knows it, `skipped` the plugins whose PreFilter said Skip. `waiting_pods`
    are the pods that wait for Permit plugins, by uid, from Reserve on: `state.waiting_pods[uid].allow(self.name)`.
    `changes` are the pods put on a row (1) or taken off it (-1) in thought, while a `filtering.Trial` lasts.
    """

    def __init__(self, cache: Cache) -> None:
        super().__init__()
        self.cache = cache
        self.skipped: set[str] = set()
        self.waiting_pods: dict[str, Any] = NOBODY
        self.changes: list[tuple[PodInfo, int, int]] = []

    def __missing__(self, key: str) -> Any:
        # An extension point was switched off whose result a later one reads.
        raise MissingState(f"reading {quoted(key)} from cycleState: not found")


class Plugin:
    """One plugin.  Every method is optional; which ones a class defines says where it takes part.

    `verdicts` maps the codes that `filter` returns to (status code, reason). `moved_by` names the changes in the
    cluster (`nodes/add`, `pods/delete`, ...; see `queueing.py`) that can make a pod schedulable that this plugin
    rejected.  `follows_pods` says that PreFilter's result depends on which pods are where.  `local` says that what the
    filter and the score say of a node follows from the pod's spec and from this node with its pods alone: equal pods
    then share that work (`shared_work.py`).
    """

    name: ClassVar[str] = ""
    verdicts: ClassVar[dict[int, tuple[str, str]]] = {}
    moved_by: ClassVar[tuple[str, ...]] = ("*",)
    follows_pods: ClassVar[bool] = False
    local: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        # The codes that `filter` makes of the reasons of `filter_node` mean something in one cycle only.
        if cls.local and cls.filter is Plugin.filter and cls.filter_node is not Plugin.filter_node:
            raise TypeError(f"{cls.__name__}: a plugin with filter_node cannot be local; give it a filter over columns")

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """QueueingHint: whether a change of a kind in `moved_by` may let in a pod that this plugin rejected."""
        return True

    def epoch(self, table: NodeTable) -> int:
        """A number that changes when something about other nodes changes that a `local` plugin's answers rest on."""
        return 0

    # -- before a pod enters the queue -------------------------------------------------------------------------------

    def pre_enqueue(self, pod: PodInfo) -> Status:
        """PreEnqueue: whether the pod may enter the queue."""
        return OK

    def sort_key(self, pod: PodInfo, time_ms: int) -> tuple[Any, ...]:
        """QueueSort: the pod with the smallest key goes first; `time_ms` is when it came into the queue."""
        return ()

    # -- which nodes -------------------------------------------------------------------------------------------------

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        """PreFilter: look at the pod once; Skip leaves out `filter`, another Status refuses the pod, `Only` narrows
        the nodes.
        """
        return None

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        """Filter: a code per node, 0 where the pod may go; None where it may go everywhere.  The default asks
        `filter_node`.
        """
        table = state.setdefault(f"{self.name}/reasons", [""])
        codes = []
        for node in nodes.objects():
            reason = self.filter_node(pod.object, node) or ""
            if reason not in table:
                table.append(reason)
            codes.append(table.index(reason))
        return columns.of(codes)

    def filter_node(self, pod: dict[str, Any], node: dict[str, Any]) -> str | None:
        """Filter for one node: a reason why the pod cannot go there, or None."""
        return None

    def outcome(self, state: CycleState, pod: PodInfo, code: int) -> tuple[str, tuple[str, ...]]:
        """(status code, reasons) that a code of `filter` stands for."""
        if code in self.verdicts:
            status, reason = self.verdicts[code]
            return status, (reason,)
        return UNSCHEDULABLE, (state[f"{self.name}/reasons"][code],)

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        """What the plugin knew of the nodes that it rejected with `code`: columns, or values that are the same for
        all.
        """
        return {}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        """The facts of one node as (numbers, a few words for people)."""
        return facts, ""

    def post_filter(self, state: CycleState, pod: PodInfo, found: Any) -> Any:
        """PostFilter: what to do when no node is left (`cycle.Found`); returns a `PostFilterResult`."""
        return None

    # -- which is best -----------------------------------------------------------------------------------------------

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        """PreScore: look at the feasible nodes once; Skip leaves out `score`."""
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        """Score: a whole number per node, more is better.  The default asks `score_node`."""
        return columns.of([int(self.score_node(pod.object, node)) for node in nodes.objects()])

    def score_node(self, pod: dict[str, Any], node: dict[str, Any]) -> int:
        """Score for one node, 0 to 100."""
        return 0

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        """NormalizeScore: bring all scores into 0 .. 100."""
        return scores

    # -- placing -----------------------------------------------------------------------------------------------------

    def reserve(self, state: CycleState, pod: PodInfo, node: str) -> Status | str | None:
        """Reserve: note that the pod takes something on the node."""
        return OK

    def unreserve(self, state: CycleState, pod: PodInfo, node: str) -> None:
        """Unreserve: undo `reserve`; called for every plugin, in reverse order, when placing fails."""

    def permit(self, state: CycleState, pod: PodInfo, node: str) -> Status | str | None:
        """Permit: let the pod go on to binding, refuse it, or let it `wait("30s")`."""
        return OK

    def pre_bind_pre_flight(self, state: CycleState, pod: PodInfo, node: str) -> Status | str | None:
        """PreBindPreFlight: Skip where `pre_bind` has nothing to do for the pod."""
        return OK

    def pre_bind(self, state: CycleState, pod: PodInfo, node: str) -> Status | Prepare | str | None:
        """PreBind: prepare the node (volumes), at once or by requests that must have had their effect (`Prepare`)."""
        return OK

    def prepared(self, state: CycleState, pod: PodInfo, node: str) -> Status | str | None:
        """After `Prepare`: Wait while it has had no effect yet."""
        return OK

    def bind(self, state: CycleState, pod: PodInfo, node: str) -> Any:
        """Bind: the `Call` that binds the pod; None, or Skip, leaves it to the next plugin."""
        return None

    def post_bind(self, state: CycleState, pod: PodInfo, node: str) -> None:
        """PostBind: the pod is bound."""


POINTS = {
    "pre_enqueue": ("pre_enqueue",),
    "queue_sort": ("sort_key",),
    "pre_filter": ("pre_filter",),
    "filter": ("filter", "filter_node"),
    "post_filter": ("post_filter",),
    "pre_score": ("pre_score",),
    "score": ("score", "score_node"),
    "normalize_score": ("normalize_score",),
    "reserve": ("reserve", "unreserve"),
    "permit": ("permit",),
    "pre_bind": ("pre_bind",),
    "bind": ("bind",),
    "post_bind": ("post_bind",),
}


def takes_part(plugin: Plugin, point: str) -> bool:
    """Whether the plugin's class defines a method of that extension point."""
    return any(getattr(type(plugin), method) is not getattr(Plugin, method) for method in POINTS[point])


class Profile:
    """The plugins that one scheduler name runs, in order, with their weights.

    `at["filter"]` and so on are the plugins of each extension point: those that define a method of it, unless `at`
    says which.  `percentage_of_nodes_to_score` 0 means the adaptive rule.
    """

    def __init__(
        self,
        plugins: tuple[Plugin, ...],
        weights: dict[str, int] | None = None,
        scheduler_name: str = "default-scheduler",
        percentage_of_nodes_to_score: int = 0,
        at: dict[str, tuple[Plugin, ...]] | None = None,
    ) -> None:
        names = [plugin.name for plugin in plugins]
        for plugin in plugins:
            if not plugin.name:
                raise ValueError(f"the plugin class {type(plugin).__name__} has no name")
            if names.count(plugin.name) > 1:
                raise ValueError(f"two plugins are called {plugin.name}; names must differ")
        self.plugins = plugins
        self.weights = {plugin.name: (weights or {}).get(plugin.name, 1) for plugin in plugins}
        self.scheduler_name = scheduler_name
        self.percentage_of_nodes_to_score = percentage_of_nodes_to_score
        if at is None:
            at = {point: tuple(one for one in plugins if takes_part(one, point)) for point in POINTS}
        at["normalize_score"] = tuple(one for one in at["score"] if takes_part(one, "normalize_score"))
        self.at = at
        self.by_name = {plugin.name: plugin for plugin in plugins}
        self.filter_names = tuple(plugin.name for plugin in self.at["filter"])

    def plugin(self, name: str) -> Plugin:
        """The plugin of that name.  *Raises* `KeyError`."""
        return self.by_name[name]


def normalized(scores: Column, reverse: bool = False) -> Column:
    """Scores brought into 0 .. 100 by their maximum; `reverse` makes the smallest the best
    (helper.DefaultNormalizeScore).
    """
    most = scores if isinstance(scores, int) else columns.largest(scores)
    if most == 0:
        return MAX_NODE_SCORE if reverse else scores
    share = columns.divided(MAX_NODE_SCORE * scores, most)
    return MAX_NODE_SCORE - share if reverse else share
