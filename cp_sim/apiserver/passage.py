"""What a request met on its way: one note per gate, kept as the evidence of the record in the trace."""

from __future__ import annotations

from functools import lru_cache

from cp_sim.sim import immutable


@immutable
class Gate:
    """One gate of the request's way.

    `gate` is authenticate, authorize, decode, mutate, validate or store; `verdict` is passed, changed or refused;
    `changed` names the fields (dotted paths) that the gate set; `sentence` says it for people.
    """

    gate: str
    verdict: str
    sentence: str = ""
    changed: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def gate(name: str, verdict: str = "passed", sentence: str = "", changed: tuple[str, ...] = ()) -> Gate:
    """The note that says so; requests that met the same share it."""
    return Gate(name, verdict, sentence, changed)


@immutable
class Passage:
    """The way of one request through the API server, from who asked to what the store said."""

    user: str
    verb: str
    subject: str
    gates: tuple[Gate, ...] = ()
    code: int = 0

    def refused_at(self) -> Gate | None:
        """The gate that refused the request, None if it came through."""
        return next((gate for gate in self.gates if gate.verdict == "refused"), None)
