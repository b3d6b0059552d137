"""What a job made comes to a folder: only what is new, whole or not at all, over links that break."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from breaking_link import BreakingLink
from flamenco_client.api import Client
from flamenco_client.errors import Canceled, LocalFault, NotFound, ServerFault
from flamenco_client.fetch import fetch, safe_path
from flamenco_client.hashing import Hashes
from flamenco_client.progress import Progress
from flamenco_server.modules.tasks.models import Output
from served_farm import Served
from sqlalchemy import update

FRAMES = {f"frames/{number:04}.png": os.urandom(2000 + number) for number in range(1, 6)}


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken links are taken up again at once."""
    monkeypatch.setattr(sys.modules["flamenco_client.upload"], "PAUSES", (0.0,))


def change(served: Served, path: str, **values: object) -> None:
    """Change what the server says of an output."""
    with served.farm.database.writing() as session:
        session.execute(update(Output).where(Output.path == path).values(**values))


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_comes_once_and_then_only_what_is_new(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    job = served.farm.job(outputs={**FRAMES, "preview.mp4": b"film"})
    folder = tmp_path / "here"
    first = fetch(served.client(), job, folder, hashes=hashes)
    assert contents(folder) == {**FRAMES, "preview.mp4": b"film"}
    assert (len(first.new), len(first.kept), first.folder) == (6, 0, folder)
    (folder / "frames/0002.png").write_bytes(b"damaged")
    (folder / "frames/0003.png").write_bytes(b"x" * len(FRAMES["frames/0003.png"]))
    (folder / "frames/0004.png").unlink()
    (folder / "mine.txt").write_text("the artist's own")
    again = fetch(served.client(), job, folder, hashes=hashes)
    assert sorted(path.name for path in again.new) == ["0002.png", "0003.png", "0004.png"]
    assert len(again.kept) == 3
    assert contents(folder) == {**FRAMES, "preview.mp4": b"film", "mine.txt": b"the artist's own"}


def test_parts_that_were_merged_stay_unless_they_are_asked_for(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    job = served.farm.job(outputs={"parts/a.exr": b"tile", "parts/b.exr": b"part", "still.png": b"whole"})
    change(served, "parts/a.exr", kind="tile")
    change(served, "parts/b.exr", kind="samples")
    fetch(served.client(), job, tmp_path / "a", hashes=hashes)
    assert set(contents(tmp_path / "a")) == {"still.png"}
    fetch(served.client(), job, tmp_path / "b", parts=True, hashes=hashes)
    assert set(contents(tmp_path / "b")) == {"still.png", "parts/a.exr", "parts/b.exr"}


def test_a_broken_download_goes_on_where_it_broke(
    served: Served, link: BreakingLink, tmp_path: Path, hashes: Hashes
) -> None:
    big = os.urandom(3_000_000)
    job = served.farm.job(outputs={"big.exr": big})
    link.down = [10_000_000, 1_200_000, 900_000]  # the first connection asks for the list
    client = Client(link.address, served.farm.tokens["artist"])
    told: list[int] = []
    done = fetch(client, job, tmp_path / "a", hashes=hashes, progress=Progress(lambda _w, at, _t: told.append(at)))
    assert contents(tmp_path / "a") == {"big.exr": big}
    assert len(done.new) == 1
    assert told[-1] == len(big)
    assert link.received < len(big) + 300_000, "what came before the cut is not asked for again"


def test_a_later_fetch_takes_up_what_an_earlier_one_left(
    served: Served, link: BreakingLink, tmp_path: Path, hashes: Hashes
) -> None:
    big = os.urandom(3_000_000)
    job = served.farm.job(outputs={"big.exr": big})
    seen: list[int] = [0]
    progress = Progress(lambda _what, at, _total: seen.append(at), lambda: seen[-1] > 1_500_000)
    with pytest.raises(Canceled):
        fetch(served.client(), job, tmp_path / "a", hashes=hashes, progress=progress)
    assert "big.exr" not in contents(tmp_path / "a")
    fetch(Client(link.address, served.farm.tokens["artist"]), job, tmp_path / "a", hashes=hashes)
    assert contents(tmp_path / "a") == {"big.exr": big}
    assert link.received < 1_700_000


def test_damaged_leftovers_are_found_out(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    data = os.urandom(5000)
    job = served.farm.job(outputs={"a.png": data})
    (item,) = served.client().outputs(job)
    part = tmp_path / "a" / f".a.png.{item['sha256'][:16]}.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 100)
    with pytest.raises(ServerFault, match=r"a\.png did not arrive whole; fetch again"):
        fetch(served.client(), job, tmp_path / "a", hashes=hashes)
    fetch(served.client(), job, tmp_path / "a", hashes=hashes)
    assert contents(tmp_path / "a") == {"a.png": data}
    part.write_bytes(b"x" * 9000)
    (tmp_path / "a/a.png").unlink()
    fetch(served.client(), job, tmp_path / "a", hashes=hashes)
    assert contents(tmp_path / "a") == {"a.png": data}


def test_a_file_does_not_grow_without_end(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    job = served.farm.job(outputs={"a.png": os.urandom(5000)})
    change(served, "a.png", size=4000)
    with pytest.raises(ServerFault, match=r"a\.png is larger than the server said"):
        fetch(served.client(), job, tmp_path / "a", hashes=hashes)
    assert all(len(data) <= 4000 for data in contents(tmp_path / "a").values())


def test_on_shared_storage_files_are_copied_from_where_they_are(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    shared = tmp_path / "shared"
    for path, data in {"out/frames/1.png": b"frame", "project/shot-baked-1.blend": b"baked"}.items():
        (shared / path).parent.mkdir(parents=True, exist_ok=True)
        (shared / path).write_bytes(data)
    job = served.farm.job(
        outputs={"frames/1.png": b"frame", "shot-baked-1.blend": b"baked"},
        storage="shared", output_root=str(shared / "out"), job_root=str(shared / "project"),
    )  # fmt: skip
    change(served, "shot-baked-1.blend", root="job", kind="blend", sha256="")
    change(served, "frames/1.png", sha256="")
    done = fetch(served.client(), job, tmp_path / "a", hashes=hashes)
    assert contents(tmp_path / "a") == {"frames/1.png": b"frame", "shot-baked-1.blend": b"baked"}
    assert len(done.new) == 2
    assert len(fetch(served.client(), job, tmp_path / "a", hashes=hashes).kept) == 2
    (shared / "out/frames/1.png").unlink()
    with pytest.raises(LocalFault, match=r"1\.png is not there, though the farm knows it"):
        fetch(served.client(), job, tmp_path / "b", hashes=hashes)


@pytest.mark.parametrize("path", ["../a", "a/../../b", "/etc/passwd", "a\\b", "C:x", ""])
def test_no_output_leaves_the_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(ServerFault, match="which is no path below a folder"):
        safe_path(tmp_path, path)


def test_a_folder_that_cannot_be_written_is_named(served: Served, tmp_path: Path, hashes: Hashes) -> None:
    job = served.farm.job(outputs={"frames/1.png": b"frame"})
    (tmp_path / "a").write_text("in the way")
    with pytest.raises(LocalFault, match=r"1\.png cannot be written"):
        fetch(served.client(), job, tmp_path / "a", hashes=hashes)


def test_a_job_that_is_not_there_is_told(served: Served, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no job 99"):
        fetch(served.client(), 99, tmp_path)
