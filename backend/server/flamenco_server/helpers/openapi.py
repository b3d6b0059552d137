"""The OpenAPI 3.1 document, made from the record of endpoints and from the very schemas that validate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from flamenco_server.endpoints import Endpoint
from flamenco_server.errors import Problem
from flamenco_server.modules.auth.principal import Access

_REF = "#/components/schemas/{name}"
_VALUE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_KINDS = {"int": {"type": "integer"}, "float": {"type": "number"}}
_SAID = {
    200: "Done", 201: "Made", 202: "Taken", 204: "Done; no body", 206: "The range that was asked for",
    304: "Not changed", 400: "Not understood", 404: "There is no such thing", 409: "Not possible now",
    413: "Too large", 416: "No such range", 422: "Not valid; `field` names the part to blame", 503: "Not available now",
    507: "The disk is full",
}  # fmt: skip


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole document."""
    recorded = list(endpoints)
    types = list({repr(kind): kind for kind in _types(recorded)}.values())
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = {repr(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in recorded:
        operation = _operation(endpoint, by_type, components)
        paths.setdefault(_VALUE.sub(r"{\g<name>}", endpoint.rule), {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flamenco",
            "version": version,
            "description": "The server's API. Every call but health carries `Authorization: Bearer TOKEN`.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
        "tags": [{"name": module} for module in sorted({endpoint.module for endpoint in recorded})],
    }


def event_stream(url: str) -> dict[str, Any]:
    """The path of the event stream, which another process serves at `url`."""
    parameters = [
        {"name": name, "in": "query", "schema": {"type": kind}, "description": text}
        for name, kind, text in (
            ("since", "integer", "The last event that is known; without it the stream begins now"),
            ("job", "integer", "Only events of this job"),
            ("ticket", "string", "Instead of the header: what POST /api/events/ticket gave"),
        )
    ]
    return {
        "get": {
            "operationId": "events",
            "tags": ["log"],
            "summary": "Watch what changes, as server-sent events.",
            "description": "For users from the role viewer on and managers. `Last-Event-ID` wins over `since`.",
            "servers": [{"url": url.removesuffix("/events")}],
            "parameters": parameters,
            "responses": {"200": {"description": "The stream", "content": {"text/event-stream": {}}}},
        }
    }


def _types(endpoints: Iterable[Endpoint]) -> Iterable[Any]:
    yield Problem
    for endpoint in endpoints:
        yield from (kind for kind in (endpoint.query, endpoint.body, endpoint.answer) if kind is not None)


def _operation(endpoint: Endpoint, schemas: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    text = "\n\n".join(part for part in (endpoint.description, _who(endpoint.access)) if part)
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.module}_{endpoint.name}",
        "tags": [endpoint.module],
        "summary": endpoint.summary,
        "description": text,
        "parameters": _path_parameters(endpoint) + _query_parameters(endpoint, schemas, components),
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.access.everyone:
        operation["security"] = []
    if endpoint.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": schemas[repr(endpoint.body)]}}}
    elif endpoint.raw_body:
        operation["requestBody"] = {"required": True, "content": {endpoint.raw_body: {}}}
    return operation


def _who(access: Access) -> str:
    if access.everyone:
        return "Open to everyone."
    who = [f"users from the role {access.role.value} on"] if access.role else []
    return f"For {' and '.join(who + (['managers'] if access.manager else []))}."


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": _KINDS.get(found["kind"] or "", {"type": "string"}),
        }
        for found in _VALUE.finditer(endpoint.rule)
    ]


def _query_parameters(
    endpoint: Endpoint, schemas: Mapping[str, Any], components: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = schemas[repr(endpoint.query)]
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    needed = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": described}
        for name, described in schema.get("properties", {}).items()
    ]


def _responses(endpoint: Endpoint, schemas: Mapping[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": schemas[repr(Problem)]}}
    made: dict[str, Any] = {}
    # A view that answers nothing gives 204 where 200 is declared.
    bodiless = endpoint.answer is None and not endpoint.raw_answer
    status = 204 if bodiless and endpoint.status == 200 else endpoint.status
    for code in (status, *endpoint.statuses):
        made[str(code)] = {"description": _SAID.get(code, "See the description")}
        if code >= 400:
            made[str(code)]["content"] = problem
        elif code not in (204, 304):
            made[str(code)].update(_content(endpoint, schemas))
    made["default"] = {"description": "An error", "content": problem}
    return made


def _content(endpoint: Endpoint, schemas: Mapping[str, Any]) -> dict[str, Any]:
    if endpoint.raw_answer:
        return {"content": {endpoint.raw_answer: {}}}
    if endpoint.answer is not None:
        return {"content": {"application/json": {"schema": schemas[repr(endpoint.answer)]}}}
    return {}
