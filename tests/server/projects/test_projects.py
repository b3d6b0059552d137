"""Projects."""

from __future__ import annotations

from server_farm import Site


def test_a_project_is_made_changed_and_removed_once_it_is_empty(site: Site) -> None:
    boss = site.by("supervisor")
    made = boss("POST", "/api/projects", json={"name": "Whale", "allow_scripts": True})
    assert (made.status_code, made.json["allow_scripts"]) == (201, True)
    path = f"/api/projects/{made.json['id']}"
    assert boss("POST", "/api/projects", json={"name": "Whale"}).status_code == 409
    assert boss("PATCH", path, json={"name": "Shark"}).json["name"] == "Shark"
    job = site.submit(project="Shark")
    assert site.show(job)["project"] == "Shark"
    assert boss("DELETE", path).status_code == 409
    site.by("artist")("DELETE", f"/api/jobs/{job}")
    assert boss("DELETE", path).status_code == 204
    assert boss("GET", path).status_code == 404


def test_scripts_run_only_in_projects_that_allow_them(site: Site) -> None:
    site.by("supervisor")("POST", "/api/projects", json={"name": "Open", "allow_scripts": True})
    for project, allowed in (("", False), ("Open", True)):
        job = site.submit(type="blending", blend="a.blend", project=project)
        step = site.by("viewer")("GET", f"/api/jobs/{job}/steps").json["items"][0]
        assert step["template"][0]["allow_scripts"] is allowed
