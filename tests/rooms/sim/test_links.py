"""Links between hosts, and what their faults do to messages."""

import copy

import pytest

from cp_sim.sim import Chance, Clock, Links


@pytest.fixture
def links():
    return Links(Clock(), Chance(1), {"a1": "a", "a2": "a", "b1": "b"})


def test_a_whole_network_asks_nothing_and_draws_nothing(links):
    assert links.stream("a1", "b1", 3) == 3
    assert links.packet("a1", "b1", 3) == 3
    assert not links.troubled
    assert links.chance._streams == {}


def test_a_cut_holds_between_hosts_and_in_the_direction_that_was_said(links):
    links.set("a", "b", cut=True, one_way=True)
    assert links.packet("a1", "b1", 1) == ()
    assert links.stream("a2", "b1", 1) == ()
    assert links.packet("b1", "a1", 1) == 1
    assert links.packet("a1", "a2", 1) == 1
    assert (links.reaches("a1", "b1"), links.reaches("b1", "a1")) == (False, True)
    links.heal()
    assert links.packet("a1", "b1", 1) == 1


def test_a_partition_cuts_every_pair_of_both_sides(links):
    links.partition(["a", "c"], ["b", "d"])
    cut = {pair for pair, fault in links.faults.items() if fault.cut}
    assert cut == {(x, y) for x in "ac" for y in "bd"} | {(y, x) for x in "ac" for y in "bd"}
    links.heal("a", "b")
    assert links.reaches("a1", "b1")
    assert not links.reaches("c", "b1")
    with pytest.raises(ValueError, match="both sides"):
        links.partition(["a"], ["a"])
    with pytest.raises(ValueError, match="at least two sides"):
        links.partition(["a"])


def test_a_partition_may_have_more_than_two_sides(links):
    links.partition(["a"], ["b"], ["c"], one_way=True)
    assert sorted(links.faults) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_everywhere_means_every_link_but_those_within_a_host(links):
    links.set("*", "*", delay_ms=10)
    assert links.packet("a1", "b1", 1) == (11,)
    assert links.packet("x", "y", 1) == (11,)
    assert links.packet("a1", "a2", 1) == 1


def test_packets_are_lost_doubled_and_overtaken(links):
    links.set("a", "b", loss=0.3, duplicate=0.3, reorder=0.3)
    drawn = [links.packet("a1", "b1", 1) for _ in range(1000)]
    assert 200 < drawn.count(()) < 400
    assert 100 < sum(len(copies) == 2 for copies in drawn) < 300
    assert 200 < sum(any(late > 1 for late in copies) for copies in drawn) < 500


def test_a_connection_loses_nothing_and_keeps_its_order(links):
    links.set("a", "b", loss=0.3, jitter_ms=50, reorder=1, duplicate=1)
    arrivals = []
    for now_ms in range(0, 1000, 5):
        links.clock.now_ms = now_ms
        arrivals.append(now_ms + links.stream("a1", "b1", 1))
    assert arrivals == sorted(arrivals)
    assert max(late - sent for late, sent in zip(arrivals, range(0, 1000, 5))) > 200  # sent again
    # What is held up is not overtaken after the fault is gone either; then all is as it was.
    last = arrivals[-1]
    links.heal()
    assert links.clock.now_ms + links.stream("a1", "b1", 1) == last
    links.clock.now_ms = last + 1
    assert links.stream("a1", "b1", 1) == 1
    assert not links.troubled


def test_the_same_seed_draws_the_same(links):
    links.set("a", "b", loss=0.5, jitter_ms=9)
    twin = copy.deepcopy(links)
    assert [links.packet("a1", "b1", 1) for _ in range(50)] == [twin.packet("a1", "b1", 1) for _ in range(50)]


def test_nonsense_is_refused_with_the_mend(links):
    with pytest.raises(ValueError, match="between 0 and 1"):
        links.set("a", "b", loss=2)
    with pytest.raises(ValueError, match="before it was sent"):
        links.set("a", "b", delay_ms=-1)
    with pytest.raises(ValueError, match="name two hosts"):
        links.set("a", "a", cut=True)


def test_a_fault_says_what_it_does(links):
    links.set("a", "b", loss=0.25, delay_ms=5, jitter_ms=5)
    assert str(links.fault("a1", "b1")) == "loses 25%, delays by 5 to 10 ms"
    assert str(links.fault("a1", "a2")) == "whole"
