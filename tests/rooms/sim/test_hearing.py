"""What comes from outside the world comes in when the world is driven."""

import pytest

from cp_sim.sim import Actor, Chance, Clock, Loop, Trace


class Ear(Actor):
    """Hears what is put into `outside`, a stand-in for a network; sends it to itself."""

    hears = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.outside: list[str] = []
        self.heard: list[tuple[int, str]] = []
        self.waited = 0

    def poll(self, wait: bool = False) -> None:
        self.waited += wait
        while self.outside:
            self.loop.send(self.name, self.outside.pop(0))

    def receive(self, message: str) -> None:
        self.heard.append((self.loop.clock.now_ms, message))


class Echo(Ear):
    """Something more comes in when it has heard something, three times."""

    def receive(self, message: str) -> None:
        super().receive(message)
        if len(self.heard) < 3:
            self.outside.append(message + "!")


def world(*actors: Actor) -> Loop:
    loop = Loop(Clock(), Chance(1), Trace())
    for actor in actors:
        loop.add(actor)
    return loop


DRIVES = {
    "settle": lambda loop: loop.settle(),
    "run": lambda loop: loop.run(5),
    "run_until": lambda loop: loop.run_until(lambda: False, 5),
    "step": lambda loop: loop.step(),
}


@pytest.mark.parametrize("drive", DRIVES.values(), ids=DRIVES)
def test_it_comes_in_at_once_and_before_time_moves(drive):
    ear = Echo("ear")
    loop = world(ear)
    loop.after(3, "ear", "a timer")
    ear.outside.append("hello")
    drive(loop)
    assert ear.heard == [(0, "hello"), (0, "hello!"), (0, "hello!!"), (3, "a timer")]


def test_one_that_stands_still_or_is_gone_hears_nothing():
    ear = Ear("ear")
    loop = world(ear)
    loop.pause("ear")
    ear.outside.append("hello")
    loop.settle()
    assert (ear.heard, ear.outside) == ([], ["hello"])
    loop.resume("ear")
    loop.settle()
    assert ear.heard == [(0, "hello")]
    loop.remove("ear")
    ear.outside.append("too late")
    loop.settle()
    assert ear.outside == ["too late"]


def test_a_call_from_outside_may_wait_for_what_is_on_its_way():
    ear = Ear("ear")
    loop = world(ear)
    loop.poll(wait=True)
    loop.settle()
    assert ear.waited == 1
