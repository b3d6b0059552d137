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


def test_an_archived_project_takes_no_jobs_and_is_listed_apart(site: Site) -> None:
    boss = site.by("supervisor")
    path = f"/api/projects/{boss('POST', '/api/projects', json={'name': 'Whale'}).json['id']}"
    kept = site.submit(project="Whale")
    assert boss("PATCH", path, json={"archived": True}).json["archived"]
    listed = lambda query: [each["name"] for each in boss("GET", f"/api/projects{query}").json["items"]]  # noqa: E731
    assert "Whale" not in listed("") and listed("?archived=true") == ["Whale"]
    refused = site.by("artist")("POST", "/api/jobs", json=site.submission(project="Whale"))
    assert (refused.status_code, refused.json["field"]) == (422, "project")
    assert "'Whale' is archived" in refused.json["detail"]
    assert site.show(kept)["project"] == "Whale"
    boss("PATCH", path, json={"archived": False})
    assert site.submit(project="Whale") != kept
