"""Work tells how far and how fast it goes, and stops at once when somebody cancels it, whatever it hangs on."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flamenco_client.api import Client
from flamenco_client.errors import Canceled, LocalFault, Unreachable
from flamenco_client.fetch import fetch
from flamenco_client.hashing import Hashes
from flamenco_client.pack import PackedFile, hashed
from flamenco_client.progress import Meter, Progress, cancelable
from flamenco_client.upload import SMALL, send, upload
from processes import until
from served_farm import Served
from server_parts import sha

AT_ONCE = 0.1  # seconds; the machine may be busy, so tests take the best of some tries
uploading = sys.modules["flamenco_client.upload"]


def seconds_to_cancel(work: Callable[[Progress], object], begun: Callable[[], bool]) -> float:
    """Start work, cancel it once it has begun, and measure how long it takes to give up."""
    stop = threading.Event()
    ended: list[float] = []

    def run() -> None:
        with pytest.raises(Canceled):
            work(Progress(canceled=stop.is_set))
        ended.append(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    until(begun, 20, "the work begins", every=0.005)
    canceled = time.monotonic()
    stop.set()
    thread.join(20)
    assert ended, "the work ends"
    return ended[0] - canceled


def at_once(trial: Callable[[], float]) -> None:
    """Assert that it is quick at least once of some tries."""
    seconds = []
    while len(seconds) < 5 and (not seconds or seconds[-1] > AT_ONCE):
        seconds.append(trial())
    assert min(seconds) <= AT_ONCE, seconds


class Silent:
    """A server that takes connections and bytes, and never answers; `deaf`: nor reads a byte."""

    def __init__(self, *, deaf: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        self.ended = 0
        self._deaf = deaf
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.taken.append(near)
            if not self._deaf:
                self._threads.append(threading.Thread(target=self._read, args=(near,)))
                self._threads[-1].start()

    def _read(self, near: socket.socket) -> None:
        try:
            while near.recv(65536):
                pass
        except OSError:
            pass
        self.ended += 1

    def close(self) -> None:
        """Let all connections go."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in (self._listener, *self.taken):
            each.close()
        for thread in self._threads:
            thread.join(10)


@pytest.fixture
def silent() -> Iterator[Silent]:
    """A server that never answers."""
    made = Silent()
    yield made
    made.close()


def file_of(folder: Path, data: bytes) -> PackedFile:
    """A file on disk."""
    path = folder / sha(data)[:20]
    path.write_bytes(data)
    return PackedFile(path.name, path, len(data), sha(data))


def test_a_server_that_does_not_answer_is_left_at_once_and_its_connection_cut(silent: Silent, tmp_path: Path) -> None:
    file = file_of(tmp_path, b"x")

    def trial() -> float:
        before, ended = len(silent.taken), silent.ended
        client = Client(silent.address, "user_1_x")
        seconds = seconds_to_cancel(
            lambda progress: upload(client, [file], progress), lambda: len(silent.taken) > before
        )
        until(lambda: silent.ended > ended, 10, "the connection is closed from this side")
        return seconds

    at_once(trial)


def test_a_fetch_from_a_server_that_does_not_answer_is_left_at_once(silent: Silent, tmp_path: Path) -> None:
    def trial() -> float:
        before = len(silent.taken)
        client = Client(silent.address, "user_1_x")
        return seconds_to_cancel(
            lambda progress: fetch(client, 1, tmp_path, progress=progress), lambda: len(silent.taken) > before
        )

    at_once(trial)


@pytest.mark.parametrize("size", [1000, SMALL + 1])
def test_a_server_that_stops_reading_is_left_at_once(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    data = os.urandom(size)
    file = file_of(tmp_path, data)
    deaf = Silent(deaf=True)
    monkeypatch.setattr(Client, "missing", lambda _client, hashes: list(hashes))
    try:

        def trial() -> float:
            before = len(deaf.taken)
            client = Client(deaf.address, "user_1_x")
            return seconds_to_cancel(
                lambda progress: upload(client, [file], progress), lambda: len(deaf.taken) > before
            )

        at_once(trial)
    finally:
        deaf.close()


def test_reading_a_file_that_hangs_is_left_at_once(tmp_path: Path, hashes: Hashes) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # as a share that does not answer: opening it waits for a writer
    begun = threading.Event()

    def work(progress: Progress) -> object:
        def read() -> object:
            begun.set()
            return hashed([PackedFile("pipe", pipe, 1)], hashes, progress)

        return cancelable(progress, read)

    def trial() -> float:
        begun.clear()
        seconds = seconds_to_cancel(work, begun.is_set)
        os.close(os.open(pipe, os.O_WRONLY))  # and the thread that was left alone ends
        return seconds

    at_once(trial)


def test_what_was_left_alone_is_tidied_up_when_it_ends() -> None:
    go, begun, tidied = threading.Event(), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        go.wait(20)
        return "a job"

    kept: list[str] = []
    seconds = seconds_to_cancel(
        lambda progress: cancelable(progress, work, abandoned=lambda result: (kept.append(result), tidied.set())[0]),
        begun.is_set,
    )
    assert seconds < 5
    assert kept == []
    go.set()
    assert tidied.wait(10)
    assert kept == ["a job"]


def test_the_error_of_work_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise LocalFault("no")

    with pytest.raises(LocalFault, match="no"):
        cancelable(Progress(canceled=lambda: False), fail)
    with pytest.raises(Canceled):
        cancelable(Progress(canceled=lambda: True), fail)


def test_nobody_who_can_cancel_costs_no_thread() -> None:
    assert cancelable(Progress(), threading.current_thread) is threading.current_thread()


def test_a_client_can_be_used_again_after_it_was_cut(served: Served, silent: Silent) -> None:
    client = served.client()
    assert client.me()
    client.cut()
    assert client.me()
    hanging = Client(silent.address, "x", tries=1)
    ended: list[Exception] = []

    def call() -> None:
        with pytest.raises(Unreachable) as caught:
            hanging.twin().me()
        ended.append(caught.value)

    thread = threading.Thread(target=call)
    thread.start()
    until(lambda: silent.taken, 10, "it calls")
    until(lambda: (hanging.cut(), ended)[1], 10, "its twin's call ends")
    thread.join(10)


# ---- how far it is ----


def test_all_files_are_told_with_their_names(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    files = [file_of(tmp_path, b"%d" % number * 100) for number in range(20)]
    large = file_of(tmp_path, os.urandom(SMALL + 1))
    upload(served.client(), files[:5])
    told: list[tuple[str, int, int, str]] = []
    bytes_told: list[tuple[str, int, int]] = []
    found = send(
        served.client(),
        [PackedFile(file.path, file.source, file.size) for file in [*files, large]],
        hashes,
        Progress(lambda *all_: bytes_told.append(all_), files=lambda *all_: told.append(all_)),
    )
    assert [file.sha256 for file in found] == [file.sha256 for file in [*files, large]]
    assert {name for what, _, _, name in told if what == "hash"} == {file.path for file in [*files, large]}
    sent = [entry for entry in told if entry[0] == "upload"]
    assert sent[-1][1:3] == (16, 16)
    assert {large.path} < {name for *_, name in sent}
    total = sum(file.size for file in files[5:]) + large.size
    assert bytes_told[-1] == ("upload", total, total)
    whats = [what for what, *_ in bytes_told]
    assert whats == sorted(whats), "first only of reading is told, then only of sending"


def test_when_nothing_has_to_be_sent_that_is_told_too(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    file = file_of(tmp_path, b"x")
    upload(served.client(), [file])
    told: list[tuple[str, int, int]] = []
    send(served.client(), [file], hashes, Progress(lambda *all_: told.append(all_)))
    assert told[-1] == ("upload", 0, 0)


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_meter_knows_the_speed_of_the_last_seconds_and_the_time_left() -> None:
    clock = Clock()
    meter = Meter(clock)
    assert (meter.speed, meter.left, meter.fraction) == (0.0, None, 0.0)
    for second in range(21):
        meter.report("upload", 1000 * second if second < 10 else 10_000 + 3000 * (second - 10), 70_000)
        clock.now += 1
    assert meter.speed == pytest.approx(2500, rel=0.05), "five seconds of 3000, and one that stood still"
    assert meter.left == pytest.approx(30_000 / meter.speed)
    assert meter.fraction == pytest.approx(4 / 7)
    assert meter.still == pytest.approx(1)
    meter.files("upload", 3, 9, "a.png")
    assert (meter.files_done, meter.files_total, meter.current) == (3, 9, "a.png")
    assert meter.still == 0
    meter.report("fetch", 0, 10)
    assert (meter.files_done, meter.files_total, meter.current, meter.speed) == (0, 0, "", 0.0)


def test_a_meter_sees_that_nothing_comes_any_more() -> None:
    clock = Clock()
    meter = Meter(clock)
    for second in range(4):
        meter.report("upload", 1000 * second, 10_000)
        clock.now += 1
    clock.now += 56
    assert meter.still == pytest.approx(57)
    assert meter.speed < 60
