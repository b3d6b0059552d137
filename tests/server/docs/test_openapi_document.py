"""The API's description, and the page that shows it."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import validate
from server_parts import Farm


def test_the_document_is_valid_openapi_and_names_every_route(farm: Farm) -> None:
    answer = farm.by("viewer")("GET", "/api/openapi.json")
    validate(answer.json)
    described = {
        (method.upper(), path) for path, methods in answer.json["paths"].items() for method in methods
    }  # fmt: skip
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in farm.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    }
    assert described - {("HEAD", "/api/uploads/{sha256}")} == routes | {("GET", "/events")}


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(farm: Farm) -> None:
    paths = farm.by("viewer")("GET", "/api/openapi.json").json["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert all(operation["summary"] for operation in operations)
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)


def test_only_health_the_empty_page_and_signing_in_are_open(farm: Farm) -> None:
    paths = farm.by("viewer")("GET", "/api/openapi.json").json["paths"]
    open_ones = {
        path for path, methods in paths.items() for operation in methods.values() if operation.get("security") == []
    }
    assert open_ones == {
        "/api/health", "/api/docs", "/api/docs/{name}", "/api/sign-ins", "/api/sign-ins/poll", "/api/sign-in",
        "/api/sign-in/{name}", "/api/invites/accept", "/api/first-admin",
    }  # fmt: skip
    assert farm.by("nobody")("GET", "/api/openapi.json").status_code == 401


def test_the_page_asks_for_nothing_from_other_hosts(farm: Farm) -> None:
    nobody = farm.by("nobody")
    page = nobody("GET", "/api/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(parts) == 5
    assert all(nobody("GET", f"/api/{part}").status_code == 200 for part in parts)
    own = [page.text, nobody("GET", "/api/docs/start.js").text, nobody("GET", "/api/docs/page.css").text]
    assert not any("//" in re.sub(r"^\s*//.*$", "", text, flags=re.M) for text in own)
    assert "validatorUrl: null" in own[1]


@pytest.mark.parametrize("name", ["..%2fviews.py", "oauth2-redirect.html", "page.html", "nothing"])
def test_the_page_gives_out_its_own_parts_only(farm: Farm, name: str) -> None:
    assert farm.by("nobody")("GET", f"/api/docs/{name}").status_code == 404
