"""Decisions of the scheduler, made by hand."""

from typing import Any

import numpy

from cp_sim.scheduler.decision import Decision, Detail, Draw, Outcome, Preemption, Rejection

NODES = ("control-plane-1", "worker-1", "worker-2", "worker-3")
TAINT = "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"


class TellTaint:
    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, "it does not tolerate node-role.kubernetes.io/control-plane:NoSchedule"


class TellFit:
    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"needs 500m cpu, {facts['free']}m free of 4"


FILTERS = ("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit")
WEIGHTS = {"TaintToleration": 3, "NodeResourcesFit": 1, "NodeResourcesBalancedAllocation": 1}


def scheduled() -> Decision:
    """Taint cuts off the control plane, one worker is full, two tie."""
    detail = Detail(
        looked=numpy.array([0, 1, 2, 3]),
        codes=numpy.array([1, 2, 0, 0]),
        outcomes=(
            Outcome("TaintToleration", "UnschedulableAndUnresolvable", (TAINT,), {}, TellTaint),
            Outcome("NodeResourcesFit", "Unschedulable", ("Insufficient cpu",), {"free": numpy.array([240])}, TellFit),
        ),
        scores={
            "TaintToleration": numpy.array([100, 100]),
            "NodeResourcesFit": numpy.array([87, 87]),
            "NodeResourcesBalancedAllocation": numpy.array([96, 96]),
        },
        totals=numpy.array([483, 483]),
    )
    return Decision(
        "default/web-7d4b9c6f5-x2x7k",
        1,
        "scheduled",
        "worker-3",
        nodes=NODES,
        best=("worker-2", "worker-3"),
        weights=WEIGHTS,
        draw=Draw(("worker-2", "worker-3"), 1, "scheduler/tie"),
        filters=FILTERS,
        detail=detail,
    )


def unschedulable(nodes: int = 4) -> Decision:
    """Nobody can take it."""
    names = NODES if nodes == 4 else ("control-plane-1", *(f"worker-{n}" for n in range(1, nodes)))
    detail = Detail(
        looked=numpy.arange(nodes),
        codes=numpy.array([1] + [2] * (nodes - 1)),
        outcomes=(
            Outcome("TaintToleration", "UnschedulableAndUnresolvable", (TAINT,), {}, TellTaint),
            Outcome("NodeResourcesFit", "Unschedulable", ("Insufficient cpu",), {"free": numpy.arange(nodes)}, TellFit),
        ),
    )
    return Decision(
        "default/big-0",
        3,
        "unschedulable",
        message=f"0/{nodes} nodes are available: 1 {TAINT}, {nodes - 1} Insufficient cpu. "
        "no new claims to deallocate, preemption: 0/4 nodes are available.",
        nodes=names,
        weights=WEIGHTS,
        filters=FILTERS,
        preemption=Preemption("worker-2", ("default/low-1", "default/low-2"), ()),
        detail=detail,
    )


def refused() -> Decision:
    """Refused before any node was looked at."""
    return Decision(
        "default/gated",
        1,
        "gated",
        pre_enqueue=Rejection("SchedulingGates", "UnschedulableAndUnresolvable", "waiting for scheduling gates: [a/b]"),
        nodes=NODES,
    )
