"""Where the members of a Raft group stand in a picture: fixed places for one to seven, and lines between them that run
through no third one.
"""

from __future__ import annotations

from cp_sim.views.sketch import Point

WIDTH, TOP = 960.0, 30.0
SQUARE, SQUARE_HIGH = 20.0, 18.0
STUB = 26.0  # room for the part of the log that is compacted, or lies before the window
STEP = 4  # the window of the logs moves by so many entries at a time


class Plan:
    """Where the members stand: a box for each, in the order of their names, the same for every picture of so many."""

    def __init__(self, count: int) -> None:
        self.squares = 12 if count <= 5 else 9
        self.wide = STUB + self.squares * SQUARE + 20
        self.high = 126.0
        left, right, middle = 0.0, WIDTH - self.wide, (WIDTH - self.wide) / 2
        row = self.high + 60
        inner = (WIDTH / 2 - self.wide - 30) if count > 3 else 60.0
        pairs = count // 2
        spots: list[Point] = [(middle, TOP)] if count % 2 or count == 6 else []
        if count == 6:
            pairs = 2
        for number in range(pairs):
            last = number == pairs - 1 and count % 2 and count > 1
            top = TOP + row * ((0.4, 1.5, 2.5)[number] if count == 7 else number + (count % 2 or count == 6))
            inset = inner if last else 48.0 if count == 7 and not number else 0.0  # no line touches a third box
            spots += [(left + inset, top), (right - inset, top)]
        if count == 6:
            spots.append((middle, TOP + row * 3))
        beyond = count - len(spots)
        spots += [(left, TOP + row * (5 + place)) for place in range(max(0, beyond))]
        self.spots = _clockwise(spots, count)
        self.bottom = max((top for _, top in spots), default=TOP) + self.high

    def middle(self, place: int) -> Point:
        """The middle of a member's box."""
        left, top = self.spots[place]
        return left + self.wide / 2, top + self.high / 2

    def edge(self, place: int, toward: Point, aside: float) -> Point:
        """Where the line from a box's middle to a point leaves the box, moved aside by so many pixels."""
        x, y = self.middle(place)
        across, down = toward[0] - x, toward[1] - y
        far = (across**2 + down**2) ** 0.5 or 1.0
        x, y = x - down / far * aside, y + across / far * aside
        share = min(
            (self.wide / 2 + 2) / abs(across) if across else 9e9, (self.high / 2 + 2) / abs(down) if down else 9e9
        )
        return x + across * share, y + down * share


def _clockwise(spots: list[Point], count: int) -> list[Point]:
    """The first at the top (or left), the others around: down the right side, up the left."""
    if count < 3:
        return spots
    middle = sum(x for x, _ in spots) / len(spots)
    centre = [spot for spot in spots if abs(spot[0] - middle) < 1]
    right = sorted((spot for spot in spots if spot[0] > middle + 1), key=lambda spot: spot[1])
    left = sorted((spot for spot in spots if spot[0] < middle - 1), key=lambda spot: -spot[1])
    if not centre:
        return [left[-1], *right, *left[:-1]]
    return [centre[0], *right, *centre[1:], *left]
