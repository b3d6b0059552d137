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

import ast
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, g, request

from flamenco_server.context import core
from flamenco_server.errors import Invalid, NotFound, TooLarge
from flamenco_server.helpers.patterns import IN_WORDS
from flamenco_server.modules.auth.principal import Access, Role

View = TypeVar("View", bound=Callable[..., Any])
_AT = re.compile(r" - at `\$(?:\.\.\.)?\.?(.*)`$")
_NAMED = re.compile(r"field `([^`]+)`")
_MATCHING = re.compile(r"matching regex (.*)$")
# Zero characters, which JSON can only write escaped: PostgreSQL stores none, and no path or name has any.
_ZERO = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_BIG_KEYS = ("task_id", "output_id")
MOST_KEY, MOST_BIG_KEY = 2**31 - 1, 2**63 - 1


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
    core().auth.note_use(g.principal)


def _served(endpoint: Endpoint, view: Callable[..., Any]) -> Callable[..., Response]:
    decoder = msgspec.json.Decoder(endpoint.body) if endpoint.body is not None else None
    # What a renderer printed must not make a manager's whole report impossible to deliver.
    repairs = endpoint.access.role is None

    @functools.wraps(view)
    def serve(**values: Any) -> Response:
        if not endpoint.access.everyone:
            requires(endpoint.access)
        check_address(values)
        if endpoint.query is not None:
            values["query"] = decoded_query(endpoint.query)
        if decoder is not None:
            values["body"] = decoded_body(decoder, repairs)
        return respond(view(**values), endpoint.status)

    return serve


def check_address(values: Mapping[str, Any]) -> None:
    """Raise `NotFound` for an id in the address that no row can have."""
    for name, value in values.items():
        most = MOST_BIG_KEY if name in _BIG_KEYS else MOST_KEY
        if (isinstance(value, int) and value > most) or (isinstance(value, str) and "\x00" in value):
            raise NotFound(f"there is no {name.removesuffix('_id').replace('_', ' ')} {str(value)[:80]!r}")


def decoded_query(kind: type[msgspec.Struct]) -> Any:
    """The request's query as `kind`. Raises `Invalid`."""
    given = request.args.to_dict()
    for name, text in given.items():
        if "\x00" in text:
            raise Invalid(f"{name}: the text has a zero character", name)
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "the query") from error


def decoded_body(decoder: msgspec.json.Decoder[Any], repairs: bool = False) -> Any:
    """The request's body as the decoder's type; no body counts as an empty object. Raises `Invalid`.

    With `repairs`, zero characters in texts become question marks, byte for byte; else they are refused.
    """
    raw = _read_body(core().config.most_body_mb) or b"{}"
    if b"\\u0000" in raw:
        raw = _without_zeros(raw, repairs)
    try:
        return decoder.decode(raw)
    except RecursionError as error:
        raise Invalid("the body is nested too deeply") from error
    except msgspec.ValidationError as error:
        raise invalid(error, "the body") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the body is not valid JSON: {error}") from error


def _read_body(most_mb: int) -> bytes:
    """The body, of which no more is read than is allowed, whether its length was told before or not."""
    most = most_mb * 1024 * 1024
    if (request.content_length or 0) > most:
        raise TooLarge(f"the body has more than {most_mb} MB")
    raw = request.stream.read(most + 1)
    if len(raw) > most:
        raise TooLarge(f"the body has more than {most_mb} MB")
    return raw


def _without_zeros(raw: bytes, repairs: bool) -> bytes:
    found = _ZERO.search(raw)
    if found is None:
        return raw
    if repairs:
        return _ZERO.sub(rb"\1?", raw)
    near = raw[max(0, found.start() - 30) : found.start()].decode(errors="replace")
    raise Invalid(f"a text has a zero character, after {near!r}", _key_before(raw[: found.start()]))


def _key_before(raw: bytes) -> str:
    """The last key of an object before a place in a JSON text."""
    keys = re.findall(rb'"((?:[^"\\]|\\.)*)"\s*:', raw)
    return keys[-1].decode(errors="replace") if keys else ""


def invalid(error: msgspec.ValidationError, what: str) -> Invalid:
    """Our error for one of msgspec's, with the path of the field to blame."""
    text = str(error)
    at = _AT.search(text)
    path = at[1] if at else ""
    named = _NAMED.search(text)
    if named:
        path = f"{path}.{named[1]}".lstrip(".")
    words = _AT.sub("", text)
    matching = _MATCHING.search(words)
    if matching:
        described = IN_WORDS.get(ast.literal_eval(matching[1]), "written in another way")
        words = f"it must be {described}"
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
