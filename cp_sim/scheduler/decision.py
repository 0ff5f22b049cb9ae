"""The `Decision`: everything one scheduling attempt found out, kept as data so that it can be told and drawn.

How to read one (views, `describe`, `%kubectl`, checks of lessons all use only this):

* `decision.pod`, `.attempt`, `.result` (`scheduled`, `unschedulable`, `gated`, `error`), `.node`, `.message`;
* `decision.nodes` all node names of the cluster, `.considered` those that were looked at (sampling!), `.feasible`
  those that passed every filter;
* `decision.verdict("worker-1")` is None for a feasible node, else a `Verdict` (plugin, code, reasons, numbers,
  because); `.verdicts()` is the dict of them all, `.groups()` the same summed up by plugin and reason (draw this for
  many nodes);
* `decision.scores()` is {plugin: {node: 0..100}}, `.raw_scores()` the same before normalizing, `.weights` {plugin:
  weight}, `.totals()` {node: weighted sum}, `.best` the names tied at the top, `.draw` how the tie was broken;
* `decision.pre_filter`, `.pre_enqueue` say why the pod was refused as a whole, `.preemption` whom it would push out;
* `decision.why_not("worker-1")` is one sentence, `decision.describe()` the whole story as text (the picture's twin).

Inside, verdicts and scores are arrays over the nodes looked at and become dicts only when asked for; a decision over
5,000 nodes costs a few KiB.  The scheduler lets go of the arrays of its oldest decisions when their sum exceeds a
budget; such a decision says `detailed == False`, its dicts are empty, everything else stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from cp_sim.scheduler import columns
from cp_sim.sim import immutable

SCHEDULED = "scheduled"
UNSCHEDULABLE = "unschedulable"
GATED = "gated"
ERROR = "error"

CANDIDATES_TOLD = 12  # of a preemption, in `Decision.describe`


@immutable
class Rejection:
    """A pod refused as a whole, before any single node was looked at (PreEnqueue or PreFilter).

    `plugins` are those that refuse it only together: no node is among the ones that each of them names.
    """

    plugin: str
    code: str
    reason: str
    plugins: tuple[str, ...] = ()


@immutable
class Verdict:
    """Why one node cannot take the pod.

    `code` is `Unschedulable` (removing pods might help) or `UnschedulableAndUnresolvable`; `reasons` are the real
    texts; `numbers` is what the plugin knew, e.g. `{"cpu": {"requested": "500m", "free": "240m", "allocatable":
    "4"}}`; `because` says the same as a few words for people: `needs 500m cpu, 240m free of 4`.
    """

    plugin: str
    code: str
    reasons: tuple[str, ...]
    numbers: dict[str, Any]
    because: str


@immutable
class Group:
    """All nodes with the same plugin, code and reasons."""

    plugin: str
    code: str
    reasons: tuple[str, ...]
    nodes: tuple[str, ...]


@immutable
class Candidate:
    """A node that would fit the pod if `victims` (namespace/name, most important first) were gone.

    `reprieved` were removed in thought and could be put back.  `highest_priority`, `priority_sum` and
    `earliest_start` are what candidates are compared by, after `pdb_violations`; `priority_sum` counts 2**31 more for
    each victim, so that negative priorities do not make many victims cheap.  `priorities` are those of the victims,
    then of the reprieved; `violating` are the victims whose disruption budget does not allow it.
    """

    node: str
    victims: tuple[str, ...]
    reprieved: tuple[str, ...] = ()
    pdb_violations: int = 0
    highest_priority: int = 0
    priority_sum: int = 0
    earliest_start: str = ""
    priorities: tuple[int, ...] = ()
    violating: tuple[str, ...] = ()

    @property
    def victim_count(self) -> int:
        """How many pods would have to leave."""
        return len(self.victims)


@immutable
class Preemption:
    """What PostFilter found: the nominated node and its victims, and all candidates it chose from.

    `tied` are the nodes that were equally good in every rule; `rule` names the rule that decided.
    """

    nominated: str
    victims: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    tied: tuple[str, ...] = ()
    rule: str = ""


@immutable
class Draw:
    """How a tie was broken: entry `index` of `among`, drawn from `stream`, or the smallest name where `stream` is
    empty.
    """

    among: Sequence[str]
    index: int
    stream: str = ""


@immutable
class Sample:
    """Which nodes were looked at: from place `start` of the node list on, until `wanted` feasible ones were found."""

    start: int
    wanted: int
    looked_at: int
    total: int


@immutable
class Outcome:
    """One distinct way to be rejected, shared by all nodes whose code is its place in `Detail.outcomes`.

    `facts` are columns over the nodes with this outcome, in order of looking; `teller` is the plugin's class, which
    makes numbers and words of them.
    """

    plugin: str
    code: str
    reasons: tuple[str, ...]
    facts: dict[str, Any]
    teller: Any = None


class Detail:
    """The arrays of one decision, in one box so that they can be let go of.  Shared by forks, like the decision itself.

    looked: place in the node list of each node looked at, in order of looking, shape (k,)
    codes: 0 where feasible, else 1 + place in `outcomes`, shape (k,)
    absent: the code of all nodes that were not looked at, where PreFilter ruled them out by name; else 0
    scores, raw: {plugin: column over the feasible nodes}; a constant column is a plain int
    """

    __slots__ = ("absent", "codes", "looked", "outcomes", "raw", "scores", "totals")

    def __init__(
        self,
        looked: Any = (),
        codes: Any = (),
        outcomes: tuple[Outcome, ...] = (),
        scores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = None,
        totals: Any = (),
        absent: int = 0,
    ) -> None:
        self.looked = looked
        self.codes = codes
        self.outcomes = outcomes
        self.scores = scores or {}
        self.raw = raw or {}
        self.totals = totals
        self.absent = absent

    def __deepcopy__(self, _memo: Any) -> Detail:
        return self

    def pairs(self, total: int = 0) -> list[tuple[int, int]]:
        """(place in the node list, code) of each node looked at, then the others of `total` if they were ruled out."""
        looked = columns.listed(self.looked)
        found = list(zip(looked, columns.listed(self.codes, len(looked))))
        if self.absent:
            seen = set(looked)
            found += [(place, self.absent) for place in range(total) if place not in seen]
        return found

    def size_bytes(self) -> int:
        """About how much memory the arrays take."""
        size = 400 + columns.size_bytes(self.looked) + columns.size_bytes(self.codes) + columns.size_bytes(self.totals)
        for held in (self.scores, self.raw, *[outcome.facts for outcome in self.outcomes]):
            for column in held.values():
                size += columns.size_bytes(column)
        return size

    def forget(self) -> None:
        """Let go of the arrays."""
        self.__init__(looked=None)  # type: ignore[misc]


NO_DETAIL = Detail()


class Tied(Sequence[str]):
    """The names of the nodes tied at the highest total, looked up when somebody reads them.

    In order of looking, or sorted.  Where the arrays are not kept any more, only the chosen node is left.
    """

    __slots__ = ("chosen", "detail", "names", "ordered")

    def __init__(self, names: tuple[str, ...], detail: Detail, chosen: str, ordered: bool) -> None:
        self.names = names
        self.detail = detail
        self.chosen = chosen
        self.ordered = ordered

    def _read(self) -> list[str]:
        detail = self.detail
        if detail.looked is None:
            return [self.chosen]
        feasible = [self.names[place] for place, code in detail.pairs() if not code]
        totals = columns.listed(detail.totals, len(feasible))
        most = max(totals)
        tied = [name for name, total in zip(feasible, totals) if total == most]
        return sorted(tied) if self.ordered else tied

    def __len__(self) -> int:
        detail = self.detail
        if detail.looked is None:
            return 1
        feasible = columns.count_zero(detail.codes, len(detail.looked))
        return columns.count_largest(detail.totals, feasible)

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __contains__(self, name: object) -> bool:
        return name in self._read()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self._read()))

    def __repr__(self) -> str:
        return repr(tuple(self._read()))

    def __deepcopy__(self, _memo: Any) -> Tied:
        return self


@immutable
class Decision:
    """What one scheduling attempt decided and why; see the top of this module for how to read it.

    *In Kubernetes:* the real scheduler keeps of this only the chosen node and the counted reasons (`FitError`,
    `Diagnosis`).
    """

    pod: str
    attempt: int
    result: str
    node: str | None = None
    message: str = ""
    nodes: tuple[str, ...] = ()
    weights: dict[str, int] = field(default_factory=dict)
    pre_enqueue: Rejection | None = None
    pre_filter: Rejection | None = None
    preemption: Preemption | None = None
    sample: Sample | None = None
    best: Sequence[str] = ()  # the names tied at the highest total, sorted
    draw: Draw | None = None  # how the tie was broken, None where there was none
    filters: tuple[str, ...] = ()  # the filter plugins that ran, in order
    skipped: tuple[str, ...] = ()  # plugins that had nothing to say about this pod
    scoring_skipped: bool = False  # only one feasible node: the real scheduler does not score
    nominated_node: str = ""  # the node an earlier preemption made room on, if it was looked at first
    detail: Detail = NO_DETAIL

    # -- nodes ---------------------------------------------------------------------------------------------------

    @property
    def detailed(self) -> bool:
        """Whether the verdicts and scores are still kept."""
        return self.detail.looked is not None

    @property
    def considered(self) -> tuple[str, ...]:
        """The names of the nodes that were looked at, in order of looking."""
        return tuple(self.nodes[place] for place, _ in self.detail.pairs(len(self.nodes)))

    @property
    def feasible(self) -> tuple[str, ...]:
        """The names of the nodes that passed every filter, in order of looking."""
        detail = self.detail
        return tuple(self.nodes[place] for place, code in detail.pairs(len(self.nodes)) if not code)

    @property
    def feasible_count(self) -> int:
        """How many nodes passed every filter."""
        return columns.count_zero(self.detail.codes, len(self.detail.looked)) if self.detailed else 0

    def verdict(self, node: str) -> Verdict | None:
        """Why `node` was rejected; None if it is feasible.

        Raises:
            KeyError: the node was not looked at, or its verdict is not kept any more.
        """
        counts: dict[int, int] = {}
        detail = self.detail
        for place, code in detail.pairs(len(self.nodes)):
            if self.nodes[place] == node:
                return self._verdict(code, counts.get(code, 0)) if code else None
            counts[code] = counts.get(code, 0) + 1
        raise KeyError(node)

    def verdicts(self) -> dict[str, Verdict | None]:
        """{node: None if feasible, else its `Verdict`} for every node looked at."""
        counts: dict[int, int] = {}
        found: dict[str, Verdict | None] = {}
        detail = self.detail
        for place, code in detail.pairs(len(self.nodes)):
            found[self.nodes[place]] = self._verdict(code, counts.get(code, 0)) if code else None
            counts[code] = counts.get(code, 0) + 1
        return found

    def groups(self) -> list[Group]:
        """The rejected nodes summed up by plugin, code and reasons, in the order in which the filters ran."""
        detail = self.detail
        names: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
        for place, code in detail.pairs(len(self.nodes)):
            if code:
                outcome = detail.outcomes[code - 1]
                names.setdefault((outcome.plugin, outcome.code, outcome.reasons), []).append(self.nodes[place])
        order = {"": -1, **{plugin: place for place, plugin in enumerate(self.filters)}}
        found = sorted(names.items(), key=lambda item: order.get(item[0][0], -1))
        return [Group(*same, tuple(nodes)) for same, nodes in found]

    def _verdict(self, code: int, place: int) -> Verdict:
        outcome = self.detail.outcomes[code - 1]
        facts = {name: columns.at(column, place) for name, column in outcome.facts.items()}
        if outcome.teller is None:
            return Verdict(outcome.plugin, outcome.code, outcome.reasons, facts, ", ".join(outcome.reasons))
        numbers, because = outcome.teller.tell(facts, outcome.reasons)
        return Verdict(outcome.plugin, outcome.code, outcome.reasons, numbers, because or ", ".join(outcome.reasons))

    # -- scores --------------------------------------------------------------------------------------------------

    def scores(self) -> dict[str, dict[str, int]]:
        """{plugin: {node: 0..100}}, normalized, before weights; plugins in the order in which they ran."""
        return self._by_node(self.detail.scores)

    def raw_scores(self) -> dict[str, dict[str, int]]:
        """{plugin: {node: score}} before normalizing, for the plugins that normalize; empty for very many nodes."""
        return self._by_node(self.detail.raw)

    @property
    def scored(self) -> tuple[str, ...]:
        """The names of the nodes that have scores: the feasible ones, or the nominated node alone."""
        return (self.nominated_node,) if self.nominated_node else self.feasible

    def totals(self) -> dict[str, int]:
        """{node: sum of weight times score}."""
        names = self.scored
        return dict(zip(names, columns.listed(self.detail.totals, len(names)), strict=False))

    def score(self, plugin: str, node: str) -> int:
        """The normalized score that `plugin` gave `node`."""
        return self.scores()[plugin][node]

    def _by_node(self, of: dict[str, Any]) -> dict[str, dict[str, int]]:
        names = self.scored
        return {
            plugin: dict(zip(names, columns.listed(column, len(names)), strict=True)) for plugin, column in of.items()
        }

    # -- words ---------------------------------------------------------------------------------------------------

    def why_not(self, node: str) -> str:
        """One sentence that answers "why is this pod not on `node`?"."""
        if node == self.node:
            return f"{self.pod} is on {node}."
        if self.pre_enqueue is not None:
            return f"{self.pod} has not entered the queue: {self.pre_enqueue.reason}."
        if node not in self.nodes:
            return f"There was no node {node} when {self.pod} was tried."
        if self.pre_filter is not None:
            return f"No node was looked at for {self.pod}: {self.pre_filter.reason} ({self.pre_filter.plugin})."
        if not self.detailed:
            return f"The verdicts of this attempt for {self.pod} are not kept any more."
        try:
            verdict = self.verdict(node)
        except KeyError:
            return self._not_looked_at(node)
        if verdict is not None:
            plugin = f"{verdict.plugin} rejected it: " if verdict.plugin else ""
            return f"{node} cannot take {self.pod}: {plugin}{verdict.because}{self._as_candidate(node)}."
        return self._outscored(node)

    def _as_candidate(self, node: str) -> str:
        """What preemption would do on a node, if there was one."""
        found = self.preemption
        one = next((one for one in found.candidates if one.node == node), None) if found is not None else None
        if found is None or one is None:
            return ""
        count = f"{len(one.victims)} pod" + "s" * (len(one.victims) != 1)
        if node == found.nominated:
            return f"; it is nominated, and {count} must leave it first"
        return f"; pushing out {count} would help, but {found.nominated} was preferred ({found.rule})"

    def _not_looked_at(self, node: str) -> str:
        if self.nominated_node:
            return f"{node} was not looked at: {self.nominated_node} was nominated by a preemption and fits."
        sample = self.sample
        if sample is None:
            return f"{node} was not looked at."
        return (
            f"{node} was not looked at: {sample.wanted} feasible nodes were found among the {sample.looked_at} "
            f"of {sample.total} from place {sample.start} on."
        )

    def _outscored(self, node: str) -> str:
        if self.node is None:
            return f"{node} passes every filter, but {self.pod} was not placed: {self.message}."
        totals = self.totals()
        mine, best = totals.get(node), totals.get(self.node)
        if mine is None or best is None:
            return f"{node} passes every filter; {self.node} was chosen."
        if mine == best:
            how = "the lot fell on" if self.draw is not None and self.draw.stream else "the smallest name is"
            return f"{node} is as good as {self.node}, with {best} points each; {how} {self.node}."
        scores = self.scores()
        lost = {p: (scores[p][self.node] - scores[p][node]) * self.weights.get(p, 1) for p in scores}
        most = max(lost, key=lambda p: lost[p])
        told = f"{most} gives it {scores[most][node]} and {self.node} {scores[most][self.node]}"
        weight = f", times {self.weights[most]}" if self.weights.get(most, 1) != 1 else ""
        return f"{node} passes every filter but has {mine} points, {self.node} {best}: {told}{weight}."

    def describe(self) -> str:
        """The whole decision as text: result, verdicts with numbers, scores, totals, preemption."""
        lines = [f"{self.pod}, attempt {self.attempt}: {self.result}" + (f" on {self.node}" if self.node else "")]
        for refused in (self.pre_enqueue, self.pre_filter):
            if refused is not None:
                lines.append(f"  {refused.plugin}: {refused.reason} ({refused.code})")
        lines += self._describe_verdicts()
        lines += self._describe_scores()
        if self.preemption is not None:
            lines.append(f"  preemption: {', '.join(self.preemption.victims)} on {self.preemption.nominated}")
            shown = self.preemption.candidates[:CANDIDATES_TOLD]
            lines += [f"    {one.node}: {', '.join(one.victims)}" for one in shown]
            rest = len(self.preemption.candidates) - len(shown)
            lines += [f"    and {rest} more candidates"] if rest else []
        if self.message:
            lines.append(f"  {self.message}")
        return "\n".join(lines)

    def _describe_verdicts(self, limit: int = 30) -> list[str]:
        if not self.detailed:
            return ["  (verdicts and scores are not kept any more)"]
        if len(self.detail.pairs(len(self.nodes))) > limit:
            lines = [f"  {len(one.nodes)} nodes: {one.plugin}: {', '.join(one.reasons)}" for one in self.groups()]
            return [*lines, f"  {len(self.feasible)} nodes are feasible"]
        lines = []
        for name, verdict in self.verdicts().items():
            if verdict is None:
                lines.append(f"  {name}: feasible")
            else:
                lines.append(f"  {name}: {verdict.plugin or 'PreFilter'}: {verdict.because}")
        return lines

    def _describe_scores(self, limit: int = 14) -> list[str]:
        totals = self.totals()
        if not totals:
            return []
        scores = self.scores()
        ranked = sorted(totals, key=lambda name: (-totals[name], name))[:limit]
        lines = []
        for name in ranked:
            parts = [f"{p} {scores[p][name]}x{self.weights.get(p, 1)}" for p in scores]
            lines.append(f"  {name}: {totals[name]} = {' + '.join(parts)}")
        if len(totals) > limit:
            lines.append(f"  and {len(totals) - limit} more")
        if len(self.best) > 1 and self.node:
            how = f"drawn from {len(self.best)}" if self.draw and self.draw.stream else "smallest name"
            lines.append(f"  tie of {', '.join(self.best[:limit])}: {how}")
        return lines
