"""The stage: links, disks and crashes do what they say."""

from __future__ import annotations

from cp_sim.raft import Change, Entry, Message
from cp_sim.raft.links import Links
from cp_sim.raft.stage import Served, Stage
from cp_sim.raft.telling import content, member_line
from cp_sim.sim import Chance

THREE = ("s1", "s2", "s3")


def note(number: int) -> Message:
    return Message("heartbeat", "s1", "s2", number)


def terms(messages: list[Message]) -> list[int]:
    return [message.term for message in messages]


def test_links_keep_the_order_unless_told_otherwise() -> None:
    links = Links(Chance(1))
    for number in range(5):
        assert links.carry(note(number), 0)
    assert terms(links.arrivals(0)) == [0, 1, 2, 3, 4]
    assert links.arrivals(0) == []


def test_links_delay_reorder_lose_and_double() -> None:
    links = Links(Chance(1), loss_percent=20, copy_percent=20, delay_ticks=3)
    for number in range(100):
        links.carry(note(number), 0)
    came = [number for now in range(4) for number in terms(links.arrivals(now))]
    assert 60 < len(set(came)) < 95, "some are lost"
    assert len(came) > len(set(came)), "some are doubled"
    assert came != sorted(came), "some overtake"


def test_a_cut_loses_what_is_on_its_way() -> None:
    links = Links(Chance(1), transit_ticks=2)
    links.carry(note(1), 0)
    links.cut("s1", "s2", both=False)
    assert not links.carry(note(2), 0)
    assert links.carry(Message("heartbeat", "s2", "s1", 3), 0), "the other direction works"
    links.join("s1", "s2")
    assert terms(links.arrivals(5)) == [3]


def test_a_crash_loses_what_the_disk_was_writing() -> None:
    stage = Stage(THREE)
    stage.campaign("s1")
    stage.hosts["s2"].write_ticks = 3
    stage.propose("s1", "x")
    stage.crash("s2")
    assert stage.hosts["s2"].disk.entries == [Entry(1, 1)]
    assert stage.hosts["s2"].describe() == "s2 is down (on disk: term 1, voted for s1, log 1)"
    stage.hosts["s3"].write_ticks = 3
    stage.propose("s1", "y")
    stage.crash("s3", kept_entries=1)
    assert stage.hosts["s3"].disk.entries == [Entry(1, 1), Entry(1, 2, "x"), Entry(1, 3, "y")]


def test_who_asks_a_member_that_cannot_answer_is_told() -> None:
    stage = Stage(THREE)
    stage.crash("s1")
    stage.pause("s2")
    assert not stage.propose("s1", "x")
    assert not stage.read("s2", "r")
    assert not stage.change("s3", Change("remove", "s1"))
    assert stage.notes == [
        "x at s1: no answer, s1 is down",
        "read r at s2: no answer, s2 is paused",
        "remove s1 at s3: dropped, s3 knows no leader in term 0",
    ]


def test_a_value_proposed_twice_is_there_once() -> None:
    stage = Stage(THREE)
    stage.campaign("s1")
    stage.propose("s1", "x")
    stage.propose("s2", "x")
    stage.read("s3", "r")
    assert stage.hosts["s3"].values == ["x"]
    assert stage.served == [Served("r", "s3", 3, ("x",))]


def test_a_paused_member_misses_what_is_said() -> None:
    stage = Stage(THREE)
    stage.campaign("s1")
    stage.pause("s3")
    stage.propose("s1", "x")
    assert member_line(stage.hosts["s3"], 2) == "s3  (follows s1)   term 1  commit 1  log 1 |"
    stage.pause("s3", False)
    stage.tick(2)
    assert stage.hosts["s3"].values == ["x"]


def test_every_kind_of_message_has_words() -> None:
    stage = Stage(THREE)
    stage.sent = []
    stage.campaign("s1")
    stage.crash("s2")
    stage.propose("s1", "x")
    stage.propose("s3", "y")
    stage.read("s3", "r")
    for host in stage.hosts.values():
        host.compact()
    stage.restart("s2")
    stage.tick(3)
    stage.transfer("s2")
    told = {message.kind: content(message) for message in stage.sent}
    assert set(told) == {
        "append", "append answer", "heartbeat", "heartbeat answer", "prevote", "prevote answer", "vote", "vote answer",
        "snapshot", "timeout now", "read index", "read index answer", "propose",
    }  # fmt: skip
    assert all(told.values())
    assert told["snapshot"] == "a snapshot of entries 1 to 3"
    assert told["read index"] == "up to where must r read?"
    assert told["timeout now"] == "stand for election now"
