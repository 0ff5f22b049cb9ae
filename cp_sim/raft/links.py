"""The links of a stage: they lose, delay, reorder, duplicate, and can be cut in one direction or both."""

from __future__ import annotations

from dataclasses import dataclass, field

from cp_sim.raft.messages import Message
from cp_sim.sim import Chance


@dataclass(slots=True)
class Links:
    """Messages on their way, each with the tick at which it arrives and a serial number.

    `loss_percent` of the messages get lost, `copy_percent` arrive twice, and each takes `transit_ticks` and up to
    `delay_ticks` more, so that later ones may overtake.  `cuts` holds the pairs (sender, to) between which nothing
    gets through.
    """

    chance: Chance
    loss_percent: int = 0
    copy_percent: int = 0
    transit_ticks: int = 0
    delay_ticks: int = 0
    cuts: dict[tuple[str, str], bool] = field(default_factory=dict)
    travelling: list[tuple[int, int, Message]] = field(default_factory=list)
    serial: int = 0

    def cut(self, one: str, other: str, both: bool = True) -> None:
        """Let nothing through from `one` to `other`, and back if `both`; what is on its way there is lost."""
        self.cuts[one, other] = True
        if both:
            self.cuts[other, one] = True
        self.travelling = [item for item in self.travelling if (item[2].sender, item[2].to) not in self.cuts]

    def join(self, one: str, other: str) -> None:
        """Let messages through in both directions."""
        self.cuts.pop((one, other), None)
        self.cuts.pop((other, one), None)

    def heal(self) -> None:
        """Let everything through, at once and once; what travels arrives as it would have."""
        self.cuts.clear()
        self.loss_percent = self.copy_percent = self.transit_ticks = self.delay_ticks = 0

    def carry(self, message: Message, now: int) -> bool:
        """Take `message`; False if it is lost for sure, because the link is cut."""
        if (message.sender, message.to) in self.cuts:
            return False
        dice = self.chance.stream("raft/links")
        copies = 1
        if self.loss_percent and dice.randrange(100) < self.loss_percent:
            copies = 0
        elif self.copy_percent and dice.randrange(100) < self.copy_percent:
            copies = 2
        for _ in range(copies):
            delay = dice.randrange(self.delay_ticks + 1) if self.delay_ticks else 0
            self.serial += 1
            self.travelling.append((now + self.transit_ticks + delay, self.serial, message))
        return True

    def arrivals(self, now: int) -> list[Message]:
        """Take out what arrives now, in order."""
        due = [item for item in self.travelling if item[0] <= now]
        if not due:
            return []
        self.travelling = [item for item in self.travelling if item[0] > now]
        return [message for _, _, message in sorted(due, key=_arrival)]


def _arrival(item: tuple[int, int, Message]) -> tuple[int, int]:
    return item[0], item[1]
