from __future__ import annotations

import sys
from pathlib import Path

from cp_sim.apiserver.request import Call, HttpRequest
from cp_sim.client import EventRecorder
from cp_sim.client.connection import text_of_failure
from cp_sim.sim.connection import REFUSED, RESET, TIMED_OUT

sys.path.insert(0, str(Path(__file__).parent))
from plane import Asking, Listening, Plane, Refusing

URL = "https://10.0.0.1:6443/api/v1/namespaces/default"


def asking(plane: Plane, name: str = "asking") -> Asking:
    made = Asking(name)
    plane.loop.add(made)
    return made


def message(answer: object) -> str:
    return str(answer.body["message"])  # type: ignore[attr-defined]


def test_a_refused_connection_is_an_answer_with_the_librarys_words() -> None:
    plane = Plane()
    plane.crash("server-1")
    one = asking(plane)
    one.get()
    plane.loop.run(10)
    (answer,) = one.answers
    assert answer.status == 0
    assert not answer.ok
    assert message(answer) == f'Get "{URL}": dial tcp 10.0.0.1:6443: connect: connection refused'
    assert one.api.in_flight == 0
    assert not one.api.healthy


def test_every_waiting_call_is_answered_when_the_connection_breaks() -> None:
    plane = Plane()
    one = asking(plane)
    one.watch()
    plane.loop.run(10)
    assert [answer.watching for answer in one.answers] == [True]
    silent = plane.swap("server-1", Listening("server-1"))
    one.get()
    one.api.send(Call("delete", "namespaces", "", "default"), "answered", "x")
    plane.loop.run(10)
    assert one.connections() == ("server-1",)
    plane.back(silent)
    plane.tell_of_loss("server-1")
    plane.loop.run(10)
    assert one.changes[-1].type == "CLOSED"
    codes = sorted(answer.status for answer in one.answers[1:])
    assert codes == [0, 200], "what only reads is asked once more, what writes is not"
    (broken,) = [answer for answer in one.answers if answer.status == 0]
    assert message(broken).startswith(f'Delete "{URL}": ')
    assert message(broken).endswith(RESET)
    assert one.api.in_flight == 0


def test_a_machine_that_is_gone_times_out() -> None:
    plane = Plane()
    plane.crash("server-1", refuses=False)
    one = asking(plane)
    one.get()
    plane.loop.run(29_000)
    assert not one.answers
    plane.loop.run(2_000)
    assert message(one.answers[0]).endswith("dial tcp 10.0.0.1:6443: i/o timeout")


def test_a_server_that_takes_the_connection_and_is_silent_is_given_up_later() -> None:
    plane = Plane()
    plane.swap("server-1", Listening("server-1"))
    one = asking(plane)
    one.get()
    plane.loop.run(74_000)
    assert not one.answers
    plane.loop.run(2_000)
    assert message(one.answers[0]).endswith("http2: client connection lost")


def test_a_call_with_a_time_limit_is_given_up_and_its_late_answer_dropped() -> None:
    plane = Plane()
    plane.network.delays["server-1"] = 6_000
    one = asking(plane)
    one.get(timeout_ms=5_000)
    plane.loop.run(20_000)
    (answer,) = one.answers
    assert message(answer).endswith("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")


def test_what_the_server_asks_to_try_again_is_tried_again() -> None:
    plane = Plane()
    server = plane.server()
    server.link.state = "down"
    one = asking(plane)
    one.api.send(Call("list", "namespaces"), "answered")
    plane.loop.run(2_500)
    assert not one.answers
    server.link.state = "following"
    plane.loop.run(1_500)
    (answer,) = one.answers
    assert answer.status == 200


def test_it_is_not_tried_for_ever() -> None:
    plane = Plane()
    plane.server().link.state = "down"
    one = asking(plane)
    one.api.send(Call("list", "namespaces"), "answered")
    plane.loop.settle()
    (answer,) = one.answers
    assert answer.status == 429
    assert message(answer) == "storage is (re)initializing"


def test_a_fresh_process_of_the_same_name_does_not_take_old_answers() -> None:
    plane = Plane()
    plane.network.delays["server-1"] = 50
    first = asking(plane)
    first.get("kube-system")
    plane.loop.run(60)
    plane.loop.remove("asking")
    second = asking(plane)
    second.get("default")
    plane.loop.settle()
    assert not first.answers
    assert [answer.body["metadata"]["name"] for answer in second.answers] == ["default"]


def test_events_are_kept_while_nobody_takes_them_and_then_given_up() -> None:
    plane = Plane()
    one = asking(plane)
    one.get()
    plane.loop.run(10)
    about = one.answers[0].body
    recorder = EventRecorder(one.api, "tester")
    plane.crash("server-1")
    recorder.emit(about, "Normal", "Kept", "this one is told later")
    plane.loop.run(30_000)
    plane.start_server("server-1")
    plane.loop.run(11_000)
    events = plane.ask("GET", "/api/v1/namespaces/default/events").body["items"]
    assert [event["reason"] for event in events] == ["Kept"]
    plane.crash("server-1")
    recorder.emit(about, "Normal", "Lost", "this one never")
    plane.loop.run(130_000)
    plane.start_server("server-1")
    plane.loop.run(30_000)
    events = plane.ask("GET", "/api/v1/namespaces/default/events").body["items"]
    assert [event["reason"] for event in events] == ["Kept"]


def test_the_user_gets_an_answer_whatever_happens() -> None:
    plane = Plane()
    plane.crash("server-1")
    answer = plane.ask("GET", "/api/v1/namespaces")
    assert message(answer).endswith(REFUSED)
    assert answer.status == 0
    plane.loop.remove("server-1")
    before = plane.now_ms
    answer = plane.ask("GET", "/api/v1/namespaces")
    assert message(answer).endswith(TIMED_OUT)
    assert plane.now_ms - before == 30_000
    plane.start_server("server-1")
    assert plane.ask("GET", "/api/v1/namespaces").ok


def test_a_watch_of_the_user_ends_with_its_connection() -> None:
    plane = Plane()
    token = plane.user.send(HttpRequest("GET", "/api/v1/namespaces", {"watch": "1", "resourceVersion": "0"}))
    plane.loop.run(10)
    plane.crash("server-1")
    plane.loop.run(10)
    answer = plane.user.take(token)
    assert answer is not None
    assert {change["object"]["metadata"]["name"] for change in answer.body} >= {"default"}


def test_a_refusing_stand_in_costs_nothing() -> None:
    plane = Plane()
    plane.crash("server-1")
    assert isinstance(plane.loop.actors["server-1"], Refusing)
    asking(plane).get()
    before = plane.loop.units
    plane.loop.settle()
    assert plane.loop.units - before < 20


def test_texts_name_method_and_address() -> None:
    call = Call("create", "deployments.apps", "default", body={})
    text = text_of_failure(call, REFUSED, "10.0.0.2:6443")
    assert text == (
        'Post "https://10.0.0.2:6443/apis/apps/v1/namespaces/default/deployments": '
        "dial tcp 10.0.0.2:6443: connect: connection refused"
    )
    assert text_of_failure(call, text) == text
    assert text_of_failure(HttpRequest("GET", "/healthz"), "EOF") == 'Get "https://10.0.0.1:6443/healthz": EOF'
