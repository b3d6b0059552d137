"""How a module declares its part of the API.

In `modules/NAME/views.py`:

    endpoint = Endpoints("jobs")

    @endpoint("POST", "/jobs", body=JobSubmission, answer=Job, status=201, role=Role.ARTIST)
    def create_job(body: JobSubmission) -> Job: ...

Rules are below `/api`. The schemas are msgspec structs; they validate what comes (a 422 that names the field), and
the record of them makes the OpenAPI document. `create_app` finds every such `views.endpoint` by itself, and calls
`views.setup(app, core)` if there is one, for the module's own collaborators on `app.extensions["flamenco.NAME"]`.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, g, request

from flamenco_server.context import core
from flamenco_server.errors import Invalid, TooLarge
from flamenco_server.modules.auth.principal import Access, Role

View = TypeVar("View", bound=Callable[..., Any])
_AT = re.compile(r" - at `\$(?:\.\.\.)?\.?(.*)`$")
_NAMED = re.compile(r"field `([^`]+)`")


@dataclass(frozen=True)
class Endpoint:
    """One method of one rule, with all that documents it."""

    method: str
    rule: str  # Flask's way: /api/jobs/<int:job_id>
    module: str
    name: str
    summary: str
    description: str
    access: Access
    query: type[msgspec.Struct] | None = None
    body: Any = None  # a type that msgspec decodes
    answer: Any = None
    status: int = 200
    raw_body: str = ""  # content type of a body that the view reads itself
    raw_answer: str = ""  # content type of an answer that is not JSON
    statuses: tuple[int, ...] = ()  # others that it may answer with


@dataclass(frozen=True)
class Answered:
    """An answer with another status than the declared one, or with headers."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Endpoints:
    """Collects the endpoints of one module; `blueprint` carries them."""

    def __init__(self, module: str, prefix: str = "/api") -> None:
        self.module = module
        self.blueprint = Blueprint(module, __name__, url_prefix=prefix or None)
        self.recorded: list[Endpoint] = []
        self._prefix = prefix

    def __call__(
        self,
        method: str,
        rule: str,
        *,
        query: type[msgspec.Struct] | None = None,
        body: Any = None,
        answer: Any = None,
        status: int = 200,
        role: Role | None = None,
        manager: bool = False,
        everyone: bool = False,
        raw_body: str = "",
        raw_answer: str = "",
        statuses: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Register a view. It gets the rule's values, and `query` and `body` if they are declared."""
        access = Access(role, manager, everyone)
        if not (role or manager or everyone):
            raise ValueError(f"{method} {rule} says not who may call it")

        def register(view: View) -> View:
            first, _, rest = (inspect.getdoc(view) or "").partition("\n")
            made = Endpoint(
                method, self._prefix + rule, self.module, view.__name__, first, rest.strip(), access,
                query, body, answer, status, raw_body, raw_answer, statuses,
            )  # fmt: skip
            self.recorded.append(made)
            self.blueprint.add_url_rule(rule, view.__name__, _served(made, view), methods=[method])
            return view

        return register


def requires(access: Access) -> None:
    """Find out who asks, and raise `NotAuthenticated` or `NotAllowed` unless they may."""
    g.principal = core().auth.principal(request.headers.get("Authorization", ""))
    access.check(g.principal)


def _served(endpoint: Endpoint, view: Callable[..., Any]) -> Callable[..., Response]:
    decoder = msgspec.json.Decoder(endpoint.body) if endpoint.body is not None else None

    @functools.wraps(view)
    def serve(**values: Any) -> Response:
        if not endpoint.access.everyone:
            requires(endpoint.access)
        if endpoint.query is not None:
            values["query"] = decoded_query(endpoint.query)
        if decoder is not None:
            values["body"] = decoded_body(decoder)
        return respond(view(**values), endpoint.status)

    return serve


def decoded_query(kind: type[msgspec.Struct]) -> Any:
    """The request's query as `kind`. Raises `Invalid`."""
    try:
        return msgspec.convert(request.args.to_dict(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "the query") from error


def decoded_body(decoder: msgspec.json.Decoder[Any]) -> Any:
    """The request's body as the decoder's type; no body counts as an empty object. Raises `Invalid`."""
    most = core().config.most_body_mb * 1024 * 1024
    if (request.content_length or 0) > most:
        raise TooLarge(f"the body has more than {core().config.most_body_mb} MB")
    raw = request.get_data(cache=False) or b"{}"
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(error, "the body") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the body is not valid JSON: {error}") from error


def invalid(error: msgspec.ValidationError, what: str) -> Invalid:
    """Our error for one of msgspec's, with the path of the field to blame."""
    text = str(error)
    at = _AT.search(text)
    path = at[1] if at else ""
    named = _NAMED.search(text)
    if named:
        path = f"{path}.{named[1]}".lstrip(".")
    words = _AT.sub("", text)
    sentence = words[:1].lower() + words[1:]
    return Invalid(f"{path or what}: {sentence}", path)


def respond(result: Any, status: int) -> Response:
    """A view's result as a response."""
    if isinstance(result, Response):
        return result
    headers: dict[str, str] = {}
    if isinstance(result, Answered):
        result, status, headers = result.body, result.status, result.headers
    if result is None:
        return Response(status=204 if status == 200 else status, headers=headers)
    return Response(msgspec.json.encode(result), status, headers, content_type="application/json")
