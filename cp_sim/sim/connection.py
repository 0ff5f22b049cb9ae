"""What a party is told when the other end of a connection is gone."""

from __future__ import annotations

from cp_sim.sim.immutable import immutable

# What the system says of a connection; the words are those of Go's net package.
RESET = "connection reset by peer"
REFUSED = "connect: connection refused"
TIMED_OUT = "i/o timeout"


@immutable
class ConnectionLost:
    """The connection to the actor `peer` has broken: nothing that was asked there will be answered any more."""

    peer: str
    reason: str = RESET
