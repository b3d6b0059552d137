"""The pages: empty frames that scripts fill from the server's API. A page is served while the server is away, too."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from flamenco_dashboard.errors import ServerAway, SignedOut
from flamenco_dashboard.proxy import upstream
from flamenco_dashboard.sessions import mark_of, token_of

blueprint = Blueprint("pages", __name__)

KNOWN_SECONDS = 10.0
MOST_KNOWN = 2000
# In the order of the navigation: path, title, the least role that it is for.
NAVIGATION = (
    ("/", "Farm", "viewer"),
    ("/jobs", "Jobs", "viewer"),
    ("/workers", "Workers", "viewer"),
    ("/managers", "Managers", "viewer"),
    ("/settings", "Settings", "viewer"),
)


def page(script: str, title: str, **more: Any) -> Response:
    """A page of that title, filled by `static/js/pages/SCRIPT.js`; `more` is given to the script as data attributes."""
    token = token_of(request)
    me = who(token)
    response = make_response(
        render_template(
            "page.html", script=script, title=title, me=me, mark=mark_of(token), navigation=NAVIGATION, data=more
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def who(token: str) -> dict[str, Any]:
    """Who is signed in, as the server says; an empty role while it is away. Raises `SignedOut`."""
    known: dict[str, tuple[float, dict[str, Any]]] = current_app.extensions.setdefault("flamenco_known", {})
    at, me = known.get(token, (0.0, {}))
    if time.monotonic() - at < KNOWN_SECONDS:
        return me
    try:
        status, me = upstream().document("GET", "/api/me", token)
    except ServerAway:
        return known.get(token, (0.0, {"name": "", "role": ""}))[1]
    if status == 401:
        known.pop(token, None)
        raise SignedOut("your session has ended")
    if status >= 400:
        return {"name": "", "role": ""}
    if len(known) > MOST_KNOWN:
        known.clear()
    known[token] = (time.monotonic(), me)
    return me


@blueprint.get("/")
def farm() -> Response:
    """The farm now."""
    return page("farm", "Farm")


@blueprint.get("/jobs")
def jobs() -> Response:
    """All jobs."""
    return page("jobs", "Jobs")


@blueprint.get("/jobs/<int:job>")
def job(job: int) -> Response:
    """One job."""
    return page("job", f"Job {job}", job=job)


@blueprint.get("/jobs/<int:job>/tasks/<int:task>")
def task(job: int, task: int) -> Response:
    """One task and its runs."""
    return page("task", f"Task {task}", job=job, task=task)


@blueprint.get("/workers")
def workers() -> Response:
    """All workers."""
    return page("workers", "Workers")


@blueprint.get("/workers/<worker>")
def worker(worker: str) -> Response:
    """One worker."""
    return page("worker", "Worker", worker=worker)


@blueprint.get("/managers")
def managers() -> Response:
    """All managers, and how to add a worker."""
    return page("managers", "Managers")


@blueprint.get("/managers/<int:manager>")
def manager(manager: int) -> Response:
    """One manager."""
    return page("manager", "Manager", manager=manager)


@blueprint.get("/settings", defaults={"section": "farm"})
@blueprint.get("/settings/<section>")
def settings(section: str) -> Response:
    """Settings and people."""
    return page("settings", "Settings", section=section)


@blueprint.get("/start")
def start() -> Response:
    """The guided first start."""
    return page("start", "First start")


@blueprint.get("/approve")
def approve() -> Response:
    """Let a program sign in with a code."""
    return page("approve", "Sign in a program", code=request.args.get("code", "")[:20])


def missing() -> Response:
    """There is no such page."""
    return make_response(render_template("missing.html", navigation=NAVIGATION), 404)
