"""The operation log and a job's activity."""

from __future__ import annotations

from flamenco_server.modules.log.service import record
from server_parts import Farm


def write(farm: Farm) -> None:
    with farm.database.writing() as session:
        for number in range(5):
            record(session, "artist", "submit", "job", number, f"job {number}")
        record(session, "admin", "change", "setting", "notice")


def test_the_newest_comes_first_and_pages_give_each_line_once(farm: Farm) -> None:
    write(farm)
    seen, cursor = [], ""
    while True:
        answer = farm.by("viewer")("GET", f"/api/log?limit=2&cursor={cursor}").json
        seen += [(line["kind"], line["object_id"]) for line in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [("setting", "notice"), *(("job", str(number)) for number in reversed(range(5)))]


def test_the_log_is_filtered_by_its_fields(farm: Farm) -> None:
    write(farm)
    answer = farm.by("viewer")("GET", "/api/log?actor=artist&kind=job&object_id=3").json
    assert [line["detail"] for line in answer["items"]] == ["job 3"]
    assert farm.by("viewer")("GET", "/api/log?since=2100-01-01T00:00:00Z").json["items"] == []
    assert farm.by("viewer")("GET", "/api/log?colour=red").status_code == 422


def test_a_jobs_activity_is_its_own(farm: Farm) -> None:
    job = farm.job()
    with farm.database.writing() as session:
        record(session, "artist", "pause", "job", job)
        record(session, "artist", "pause", "job", job + 1)
    lines = farm.by("viewer")("GET", f"/api/jobs/{job}/activity").json["items"]
    assert [(line["action"], line["object_id"]) for line in lines] == [("pause", str(job))]
    assert farm.by("viewer")("GET", "/api/jobs/999/activity").status_code == 404
