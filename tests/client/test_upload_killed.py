"""A server process that is killed in the middle of an upload, and started again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flamenco_client.pack import PackedFile
from flamenco_client.progress import Progress
from flamenco_client.upload import SMALL, upload
from server_parts import sha
from whole_farm import WholeFarm

pytestmark = pytest.mark.real


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[WholeFarm]:
    made = WholeFarm(tmp_path / "farm")
    made.start_server()
    yield made
    made.close()


def test_uploads_survive_a_server_that_is_killed(farm: WholeFarm, tmp_path: Path) -> None:
    files = []
    for number, size in enumerate((SMALL * 6, 50_000, 60_000)):
        data = os.urandom(size)
        source = tmp_path / str(number)
        source.write_bytes(data)
        files.append(PackedFile(str(number), source, size, sha(data)))
    killed: list[int] = []

    def kill_once(_what: str, done: int, _total: int) -> None:
        if done > SMALL * 2 and not killed:
            killed.append(done)
            farm.parts["server"].kill()
            farm.parts["server"].start()

    told: list[int] = []
    client = farm.client
    sent = upload(client, files, Progress(lambda *all_: (kill_once(*all_), told.append(all_[1]))[0]))  # type: ignore[func-returns-value]
    assert killed
    assert sent == 3
    assert told[-1] == sum(file.size for file in files)
    assert client.missing([file.sha256 for file in files]) == []
    for file in files:
        answer = client.call("GET", f"/files/{file.sha256}")
        assert sha(answer.content) == file.sha256
