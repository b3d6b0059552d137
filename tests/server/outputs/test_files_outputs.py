"""What jobs made, as bytes."""

from __future__ import annotations

import io
import zipfile

from server_parts import Farm

FRAMES = {"beauty/0001.png": b"one", "beauty/0002.png": b"two"}


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_output_is_sent_with_its_type_its_name_and_its_ranges(farm: Farm) -> None:
    job = farm.job({}, FRAMES)
    (first, _) = farm.by("viewer")("GET", f"/api/jobs/{job}/outputs").json["items"]
    url = f"/api/outputs/{first['id']}/content"
    answer = farm.by("viewer")("GET", url)
    assert (answer.data, answer.content_type) == (b"one", "image/png")
    assert "0001.png" in answer.headers["Content-Disposition"]
    assert farm.by("viewer")("GET", url, headers={"Range": "bytes=1-"}).data == b"ne"
    assert farm.by("viewer")("GET", "/api/outputs/999/content").status_code == 404
    assert farm.by("nobody")("GET", url).status_code == 401


def test_a_jobs_zip_has_its_outputs_by_path(farm: Farm) -> None:
    job = farm.job({"shot.blend": b"blend"}, FRAMES)
    answer = farm.by("viewer")("GET", f"/api/jobs/{job}/zip")
    assert entries(answer.data) == FRAMES
    assert f"A_shot-{job}.zip" in answer.headers["Content-Disposition"]
    assert entries(farm.by("viewer")("GET", f"/api/jobs/{job}/zip?kind=video").data) == {}
    assert entries(farm.by("viewer")("GET", f"/api/jobs/{job}/zip?step=render").data) == FRAMES


def test_a_zip_has_the_chosen_outputs_only(farm: Farm) -> None:
    other = farm.job({}, {"beauty/0009.png": b"nine"})
    job = farm.job({}, FRAMES)
    viewer = farm.by("viewer")
    first, second = (each["id"] for each in viewer("GET", f"/api/jobs/{job}/outputs").json["items"])
    assert list(entries(viewer("GET", f"/api/jobs/{job}/zip?outputs={second}").data)) == ["beauty/0002.png"]
    assert entries(viewer("GET", f"/api/jobs/{job}/zip?outputs=0-{first},{second}").data) == FRAMES
    assert entries(viewer("GET", f"/api/jobs/{other}/zip?outputs={first}-{second}").data) == {}
    for bad in ("x", "1-", "-1", "1;2", ",", "1," * 401):
        answer = viewer("GET", f"/api/jobs/{job}/zip", query_string={"outputs": bad})
        assert (answer.status_code, answer.json["field"]) == (422, "outputs"), bad


def test_a_gallery_has_an_entry_for_each_output(farm: Farm) -> None:
    job = farm.job({}, FRAMES)
    viewer = farm.by("viewer")
    listed = viewer("GET", f"/api/jobs/{job}/outputs").json["items"]
    gallery = viewer("GET", f"/api/jobs/{job}/gallery").json
    assert gallery["id"] == [each["id"] for each in listed]
    assert gallery["size"] == [3, 3] and gallery["frame"] == [each["frame"] for each in listed]
    assert gallery["steps"] == ["render"] and gallery["step"] == [0, 0]
    assert [gallery["kinds"][each] for each in gallery["kind"]] == [each["kind"] for each in listed]
    assert viewer("GET", "/api/jobs/99/gallery").status_code == 404


def test_outputs_are_listed_by_their_ids(farm: Farm) -> None:
    job = farm.job({}, FRAMES)
    viewer = farm.by("viewer")
    first, second = (each["id"] for each in viewer("GET", f"/api/jobs/{job}/outputs").json["items"])
    for ids in ([second], [first, second]):
        url = f"/api/jobs/{job}/outputs?ids={','.join(map(str, ids))}"
        assert [each["id"] for each in viewer("GET", url).json["items"]] == ids
    assert viewer("GET", f"/api/jobs/{job}/outputs?ids=1,x").json["field"] == "ids"


def test_a_tasks_zip_has_the_manifest_and_what_earlier_steps_made(farm: Farm) -> None:
    job = farm.job({"shot.blend": b"blend", "tex/wood.png": b"wood"}, FRAMES)
    render, encode = (task["id"] for task in farm.by("viewer")("GET", f"/api/tasks?job={job}").json["items"])
    needs = {"job/shot.blend": b"blend", "job/tex/wood.png": b"wood"}
    manager = farm.by("manager")
    assert entries(manager("GET", f"/api/tasks/zip/{render}").data) == needs
    made = {f"output/{path}": data for path, data in FRAMES.items()}
    assert entries(manager("GET", f"/api/tasks/zip/{encode}").data) == {**needs, **made}
    assert manager("GET", "/api/tasks/zip/999").status_code == 404


def test_files_on_shared_storage_are_a_409_that_says_where_they_are(farm: Farm) -> None:
    job = farm.job({}, FRAMES, storage="shared", output_root="/mnt/renders")
    answer = farm.by("viewer")("GET", f"/api/jobs/{job}/zip")
    assert answer.status_code == 409
    assert "/mnt/renders" in answer.json["detail"]
