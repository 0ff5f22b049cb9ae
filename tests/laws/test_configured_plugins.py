"""With plugins configured in any way, too, what equal pods share never changes a decision."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.scheduler.configuration.configuration import read_profiles
from cp_sim.scheduler.framework import Profile
from tests.laws.test_shared_work import PLAIN, STEPS, caught, play
from tests.rooms.scheduler.cluster_parts import ZONE

RESOURCES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["cpu", "memory", "ephemeral-storage", "example.com/gpu"]),
            "weight": st.integers(1, 5),
        }
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one["name"],
)
SHAPES = st.lists(st.integers(0, 100), min_size=1, max_size=4, unique=True).flatmap(
    lambda points: st.lists(st.integers(0, 10), min_size=len(points), max_size=len(points)).map(
        lambda scores: [{"utilization": at, "score": score} for at, score in zip(sorted(points), scores)]
    )
)
STRATEGIES = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["LeastAllocated", "MostAllocated"]), "resources": RESOURCES}),
    st.fixed_dictionaries(
        {
            "type": st.just("RequestedToCapacityRatio"),
            "resources": RESOURCES,
            "requestedToCapacityRatio": st.fixed_dictionaries({"shape": SHAPES}),
        }
    ),
)
IN_A = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a"]}]}
AFFINITIES = st.sampled_from(
    [
        {},
        {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [IN_A]}},
        {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 3, "preference": IN_A}]},
    ]
)
ARGUMENTS = st.fixed_dictionaries(
    {
        "NodeResourcesFit": st.fixed_dictionaries({"scoringStrategy": STRATEGIES}),
        "NodeAffinity": st.fixed_dictionaries({"addedAffinity": AFFINITIES}),
        "InterPodAffinity": st.fixed_dictionaries(
            {"hardPodAffinityWeight": st.integers(0, 100), "ignorePreferredTermsOfExistingPods": st.booleans()}
        ),
        "NodeResourcesBalancedAllocation": st.fixed_dictionaries(
            {"resources": RESOURCES.map(lambda found: [{**one, "weight": 1} for one in found])}
        ),
        "DefaultPreemption": st.fixed_dictionaries(
            {"minCandidateNodesPercentage": st.integers(0, 100), "minCandidateNodesAbsolute": st.integers(1, 3)}
        ),
    }
)
OFF = st.lists(
    st.tuples(
        st.sampled_from(["filter", "score"]), st.sampled_from(["NodeResourcesFit", "TaintToleration", "ImageLocality"])
    ),
    max_size=2,
    unique=True,
)


def configured(arguments: dict[str, Any], off: list[tuple[str, str]]) -> Profile:
    """The profile with these arguments, some plugins switched off at some points, and a fifth of the nodes scored."""
    plugins: dict[str, Any] = {}
    for point, name in off:
        plugins.setdefault(point, {"disabled": []})["disabled"].append({"name": name})
    (profile,) = read_profiles(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "percentageOfNodesToScore": 20,
            "profiles": [
                {
                    "plugins": plugins,
                    "pluginConfig": [{"name": name, "args": args} for name, args in arguments.items()],
                }
            ],
        }
    )
    return profile


@settings(max_examples=60, deadline=None)
@given(ARGUMENTS, OFF, STEPS, st.integers(0, 5), st.booleans())
def test_arguments_are_no_obstacle_to_shared_work(
    arguments: dict[str, Any], off: list[tuple[str, str]], steps: list[tuple[Any, ...]], seed: int, sampled: bool
) -> None:
    play(steps, seed, sampled, profile=configured(arguments, off))


def test_a_strategy_that_forgets_its_arguments_is_caught() -> None:
    profile = configured({"NodeResourcesFit": {"scoringStrategy": {"type": "MostAllocated"}}}, [])
    fit: Any = profile.plugin("NodeResourcesFit")
    asked: list[int] = []

    class Forgetful(type(fit)):  # type: ignore[misc]
        def score(self, state: Any, pod: Any, nodes: Any) -> Any:
            asked.append(len(nodes))
            self.strategy = "LeastAllocated" if len(asked) % 2 else "MostAllocated"
            return super().score(state, pod, nodes)

    assert not caught(lambda: play(PLAIN, 1, False, profile=profile))
    fit.__class__ = Forgetful
    assert caught(lambda: play(PLAIN, 1, False, profile=profile))
