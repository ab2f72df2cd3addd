"""The dispatcher: every channel in its own time, nothing lost in silence."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from buckler.notify import DeliveryError, Dispatcher, Notification, NotifyError, Retry, Webhook
from tests.notify.servers import receiver
from tests.waiting import until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = Retry(attempts=4, first=0.01, factor=2, longest=0.02)


class Fake:
    def __init__(self, name: str, send: Callable[[Notification], None]) -> None:
        self.name = name
        self.send = send


def test_it_tries_again_with_the_same_id_until_it_arrives() -> None:
    with receiver(503, 429, 204) as there:
        dispatcher = Dispatcher(Webhook(there.url, SECRET), retry=QUICK)
        note = Notification(title="x")
        dispatcher.send(note)
        assert dispatcher.flush(30)
        dispatcher.close()
    assert [request.headers["webhook-id"] for request in there.seen] == [note.id] * 3
    (figures,) = dispatcher.figures().values()
    assert (figures.done, figures.errors, figures.dropped) == (1, 2, 0)


def test_it_waits_as_long_as_the_receiver_asks() -> None:
    asked: list[tuple[int, float]] = []

    class Noted(Retry):
        def delay(self, failures: int, asked_for: float = 0) -> float:
            asked.append((failures, asked_for))
            return 0.001

    with receiver(503, (429, {"Retry-After": "17"}), 204) as there:
        dispatcher = Dispatcher(Webhook(there.url, SECRET), retry=Noted())
        dispatcher.send(Notification(title="x"))
        assert dispatcher.flush(30)
        dispatcher.close()
    assert asked == [(1, 0), (2, 17)]


def test_what_waits_is_sent_when_the_process_ends() -> None:
    program = (
        "import sys\n"
        "from buckler.notify import Dispatcher, Notification, Webhook\n"
        "dispatcher = Dispatcher(Webhook(sys.argv[1], sys.argv[2]))\n"
        "for _ in range(5): dispatcher.send(Notification(title='x'))\n"
    )
    with receiver(204) as there:
        command = [sys.executable, "-c", program, there.url, SECRET]
        subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert len(there.seen) == 5


def test_channels_of_one_name_have_figures_of_their_own() -> None:
    with receiver(204) as there:
        dispatcher = Dispatcher(Webhook(there.url, SECRET), Webhook(f"{there.url}/b", SECRET))
        dispatcher.send(Notification(title="x"))
        dispatcher.close()
    assert [figures.done for figures in dispatcher.figures().values()] == [1, 1]


def test_what_is_gone_is_not_tried_again() -> None:
    with receiver(410) as there:
        dispatcher = Dispatcher(Webhook(there.url, SECRET), retry=QUICK)
        dispatcher.send(Notification(title="x"))
        assert dispatcher.flush(30)
        dispatcher.close()
    assert len(there.seen) == 1
    (figures,) = dispatcher.figures().values()
    assert figures.dropped == 1


def test_a_dead_and_a_hanging_channel_stop_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    got: list[str] = []

    def dead(_: Notification) -> None:
        raise RuntimeError("https://host/S3CR3T")

    dispatcher = Dispatcher(
        Fake("hanging", lambda _: release.wait(60) and None),
        Fake("dead", dead),
        Fake("good", lambda note: got.append(note.title)),
        retry=QUICK,
        grace=0.2,
    )
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            dispatcher.send(Notification(title=str(number)))
        # Both are through while the third one hangs; its grace is not theirs.
        until(lambda: len(got) == dispatcher.figures()["dead"].dropped == 5)
        dispatcher.close()
    assert got == list("01234")
    assert dispatcher.figures()["dead"].dropped == 5
    assert [r.message for r in caplog.records if "dead" in r.message] == ["dead: RuntimeError"]
    assert "S3CR3T" not in caplog.text
    release.set()


def test_the_queue_is_bounded_and_counts() -> None:
    release, entered = threading.Event(), threading.Event()
    got: list[str] = []

    def slow(note: Notification) -> None:
        entered.set()
        release.wait(60)
        got.append(note.title)

    dispatcher = Dispatcher(Fake("slow", slow), queue=2, retry=QUICK)
    dispatcher.send(Notification(title="0"))
    assert entered.wait(30)
    for number in range(1, 6):
        dispatcher.send(Notification(title=str(number)))
    release.set()
    assert dispatcher.flush(30)
    dispatcher.close()
    assert got == ["0", "1", "2"]
    assert dispatcher.figures()["slow"].dropped == 3


def test_close_twice_and_send_after_it() -> None:
    got: list[str] = []
    dispatcher = Dispatcher(Fake("good", lambda note: got.append(note.title)))
    dispatcher.send(Notification(title="a"))
    dispatcher.close()
    dispatcher.close()
    dispatcher.send(Notification(title="b"))
    assert got == ["a"]
    assert dispatcher.figures()["good"].dropped == 1


def test_it_starts_again_after_the_end() -> None:
    got: list[str] = []
    dispatcher = Dispatcher(Fake("good", lambda note: got.append(note.title)))
    for title in ("a", "b"):
        dispatcher.start()
        dispatcher.send(Notification(title=title))
        dispatcher.close()
    assert got == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_sends_by_itself() -> None:
    with receiver(204) as there:
        dispatcher = Dispatcher(Webhook(there.url, SECRET), retry=QUICK)
        dispatcher.send(Notification(title="parent"))
        assert dispatcher.flush(30)
        child = os.fork()
        if child == 0:
            dispatcher.send(Notification(title="child"))
            dispatcher.close()
            os._exit(0)
        os.waitpid(child, 0)
        dispatcher.close()
    assert [b"child" in request.body for request in there.seen] == [False, True]


def test_the_wait_grows_is_never_longer_than_the_bound_and_keeps_to_what_was_asked() -> None:
    retry = Retry(attempts=9, first=1, factor=3, longest=100)
    for failures, full in [(1, 1), (2, 3), (3, 9), (4, 27), (5, 81), (6, 100), (5000, 100)]:
        for _ in range(50):
            assert full / 2 <= retry.delay(failures) <= full
    assert retry.delay(1, asked=42) == 42
    assert retry.delay(1, asked=1e9) == 100
    assert len({retry.delay(5) for _ in range(50)}) > 10


def test_wrong_options_are_told() -> None:
    with pytest.raises(NotifyError):
        Dispatcher()
    with pytest.raises(NotifyError):
        Retry(attempts=0)
    assert DeliveryError("x").exit_code == 3
