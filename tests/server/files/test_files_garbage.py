"""Garbage collection: what goes, what stays, and what happens at the same moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flamenco_server.modules.files import service
from flamenco_server.modules.files.garbage import Collector, hashes_of_job
from flamenco_server.modules.files.models import File
from flamenco_server.modules.jobs.compiling import delete_steps
from flamenco_server.modules.jobs.models import Job, JobFile
from processes import new_database, shared_postgres
from server_parts import Farm, make_farm, sha
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

DAY = 86400.0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.real, pytest.mark.postgres])])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    url = ""
    if request.param == "postgres":
        url = new_database(shared_postgres(), f"gc_{sha(str(tmp_path).encode())[:10]}")
    farm = make_farm(tmp_path, url)
    yield farm
    farm.database.close()


def put(farm: Farm, data: bytes) -> str:
    assert farm.by("artist")("PUT", f"/api/files/{sha(data)}", data=data).status_code == 201
    return sha(data)


def later(farm: Farm) -> None:
    farm.clock.now += 3 * DAY
    for path in farm.config.data_dir.rglob("*"):
        if path.is_file() and "sqlite" not in path.name:
            os.utime(path, (farm.clock.now - 3 * DAY, farm.clock.now - 3 * DAY))


def collector(farm: Farm) -> Collector:
    return farm.files.collector


def there(farm: Farm, name: str) -> bool:
    with farm.database.reading() as session:
        row = session.get(File, name)
    has = farm.files.store.has(name)
    assert (row is not None and not row.condemned) == has
    return has


def test_what_nobody_needs_goes_and_what_somebody_needs_stays(both: Farm) -> None:
    stray = put(both, b"nobody needs this")
    job = both.job({"shot.blend": b"manifest"}, {"0001.png": b"output"})
    with both.database.writing() as session:
        session.execute(update(Job).where(Job.id == job).values(thumbnail=sha(b"thumbnail")))
    put(both, b"thumbnail")
    later(both)
    gone = collector(both).collect()
    assert (gone.files, gone.bytes) == (1, len(b"nobody needs this"))
    assert not there(both, stray)
    for data in (b"manifest", b"output", b"thumbnail"):
        assert there(both, sha(data))


def test_what_was_sent_or_asked_for_just_now_stays(both: Farm) -> None:
    asked, unasked = put(both, b"asked"), put(both, b"unasked")
    both.clock.now += 23 * 3600
    assert collector(both).collect().files == 0
    assert both.by("artist")("POST", "/api/files/missing", json={"sha256": [asked]}).json == {"sha256": []}
    both.clock.now += 2 * 3600
    assert collector(both).collect().files == 1
    assert there(both, asked)
    assert not there(both, unasked)


def test_the_files_of_a_deleted_job_go_unless_another_needs_them(both: Farm) -> None:
    first = both.job({"a.blend": b"own", "wood.png": b"shared"}, {"0001.png": b"frame"})
    both.job({"b.blend": b"other", "wood.png": b"shared"})
    with both.database.reading() as session:
        hashes = hashes_of_job(session, first)
    both.clock.now += 3 * 3600
    with both.database.writing() as session:
        delete_steps(session, first)
        session.delete(session.get(Job, first))
    assert collector(both).collect(hashes).files == 2
    assert there(both, sha(b"shared"))
    assert there(both, sha(b"other"))


def test_a_file_that_comes_again_after_it_was_condemned_is_whole(both: Farm) -> None:
    name = put(both, b"back again")
    with both.database.writing() as session:
        session.execute(update(File).values(condemned=True))
    # The collection died between its two transactions: the file counts as absent, and can come again.
    asked = both.by("artist")("POST", "/api/files/missing", json={"sha256": [name]})
    assert asked.json == {"sha256": [name]}
    assert put(both, b"back again") == name
    assert there(both, name)


@pytest.mark.parametrize("bytes_gone", [True, False])
def test_a_collection_that_died_half_way_is_finished_by_the_next(both: Farm, bytes_gone: bool) -> None:
    name = put(both, b"half way")
    with both.database.writing() as session:
        session.execute(update(File).values(condemned=True))
    if bytes_gone:
        both.files.store.delete([name])
    collector(both).collect()
    with both.database.reading() as session:
        assert session.get(File, name) is None
    assert not both.files.store.has(name)


def test_a_submission_at_the_same_moment_keeps_its_files_or_is_told_that_they_are_missing(both: Farm) -> None:
    """The submission's transaction is open while the collection runs: whoever is first, nothing is half."""
    for number in range(6):
        data = b"needed %d" % number
        name = put(both, data)
        later(both)
        submitting, lacking = threading.Event(), []

        def submit(name: str = name, submitting: threading.Event = submitting, lacking: list[str] = lacking) -> None:
            def work(session: Session) -> None:
                lacking[:] = service.missing(session, [name], both.clock.now)
                submitting.set()
                if not lacking:
                    job = session.scalar(select(Job.id).limit(1))
                    session.execute(insert(JobFile), [{"job_id": job, "path": name, "sha256": name, "size": 1}])

            both.database.write(work)

        if number == 0:
            both.job()
        thread = threading.Thread(target=submit)
        thread.start()
        if number % 2:
            assert submitting.wait(10)
        collector(both).collect([name])
        thread.join(10)
        assert there(both, name) == (not lacking)


def test_a_file_put_at_the_same_moment_is_never_a_row_without_bytes(both: Farm) -> None:
    data = b"again and again"
    name = put(both, data)
    stop = threading.Event()

    def put_forever() -> None:
        while not stop.is_set():
            staged = both.files.store.stage(name, [data])
            both.files.keeper.keep([staged])

    thread = threading.Thread(target=put_forever)
    thread.start()
    try:
        for _ in range(30):
            with both.database.writing() as session:
                session.execute(update(File).values(used_at=0.0, condemned=True))
            collector(both).collect([name])
    finally:
        stop.set()
        thread.join(10)
    assert there(both, name) or put(both, data)
    assert there(both, name)


def test_bytes_without_a_row_and_old_uploads_go(both: Farm) -> None:
    store = both.files.store
    stray = store.stage(sha(b"stray"), [b"stray"])
    store.publish(stray)
    store.stage(sha(b"killed"), [b"killed"])
    both.files.uploads.append(sha(b"abandoned"), 0, 100, [b"aban"])
    both.clock.now = store.staging.stat().st_mtime + 3600
    collector(both).collect()
    assert store.has(sha(b"stray"))
    both.clock.now += 3 * DAY
    assert collector(both).collect().files == 1
    assert not store.has(sha(b"stray"))
    assert list(store.staging.iterdir()) == []
