# SPDX-License-Identifier: GPL-3.0-or-later
"""`bpy.ops.flamenco.submit_job(...)`: submit what is open from a script, and wait until it is in the farm.

It prints "Flamenco: job 12 is submitted …"; `bpy.context.window_manager.flamenco_last_job` is then 12. What goes wrong
is one sentence in the `RuntimeError` that Blender raises for it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty
from flamenco_client.api import Client
from flamenco_client.errors import BadRequest, ClientError
from flamenco_client.fetch import fetch
from flamenco_client.submit import Submission, submit

from .. import runtime
from ..core.catalogue import fetch_catalogue
from ..core.waiting import polled
from ..core.words import counted
from ..preflight import gate
from ..scene.saving import capture, refuse_unsaved

ENDED = ("completed", "failed", "canceled")
TELL_SECONDS = 10.0


def say(text: str) -> None:
    """Tell whoever reads the console."""
    sys.stdout.write(f"Flamenco: {text}\n")
    sys.stdout.flush()


def say_submitted(job: Mapping[str, Any]) -> None:
    """Tell which job it is."""
    say(f"job {job['id']} is submitted: {job['name']}, {counted(int(job['total']), 'task')}")


class FLAMENCO_OT_submit_job(bpy.types.Operator):
    """Submit what is open to the farm, and wait until it is there. For scripts; the button is flamenco.send"""

    bl_idname = "flamenco.submit_job"
    bl_label = "Submit a Job to Flamenco"
    bl_options = {"INTERNAL"}

    name: StringProperty(name="Name", description="The job's name; empty: the file's")
    job_type: StringProperty(name="Job Type", default="render")
    project: StringProperty(name="Project", description="The project on the farm; empty: none")
    settings: StringProperty(name="Settings", description='Of the job type, as JSON: {"frames": "1-10"}')
    priority: IntProperty(name="Priority", default=50, description="Higher comes first")
    blender: StringProperty(
        name="Blender", description='Wanted version, like "4.5" or ">=4.2"; empty: at least this one'
    )
    preset: StringProperty(name="Render Settings", description="A preset of the farm to apply")
    overrides: StringProperty(name="Overrides", description='Render settings to apply, as JSON: {"samples": 64}')
    paused: BoolProperty(name="Paused", description="Do not begin yet")
    max_workers: IntProperty(name="Workers at Most", min=0, description="At most so many at once; 0: any number")
    tags: StringProperty(name="Tags", description="Only workers with these tags, separated by commas")
    comment: StringProperty(name="Comment", description="A note for people")
    files: StringProperty(name="Files", description='More files to send along, as JSON: ["/sounds/theme.wav"]')
    root: StringProperty(
        name="Project Root", subtype="DIR_PATH", description="The project's folder; empty: found by .git and such"
    )
    allow_missing: BoolProperty(name="Allow Missing", description="Missing textures, libraries and such are fine")
    shared: BoolProperty(name="Shared Storage", description="Workers see the file on shared storage: upload nothing")
    output_root: StringProperty(
        name="Output", subtype="DIR_PATH", description="With shared storage: the folder for what is made"
    )
    wait: BoolProperty(name="Wait", description="Wait until the job ends; it must complete")
    fetch_to: StringProperty(
        name="Fetch To", subtype="DIR_PATH", description="Wait, then bring the results to this folder"
    )
    ignore_warnings: BoolProperty(
        name="Ignore Warnings", default=True, description="Submit although there are warnings"
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Do it all."""
        try:
            self._submit(context)
        except ClientError as error:
            text = blamed(error)
            say(text)
            self.report({"ERROR"}, text)
            return {"CANCELLED"}
        return {"FINISHED"}

    def _submit(self, context: bpy.types.Context) -> None:
        state = runtime.current()
        client = state.client()
        submission = self._submission()
        if submission.shared:
            refuse_unsaved()
        assert context.scene is not None
        state.catalogue = fetch_catalogue(client)  # what a long session knew of the farm may be old
        for finding in gate.pass_or_refuse(context, submission, ignore_warnings=self.ignore_warnings):
            say(f"{finding.severity.name.lower()}: {finding.text}")
        tellers = [listener(context.scene) for listener in state.submit_listeners]
        # A script's changes do not make a file "changed" for Blender.
        snapshot = capture(context.scene, always_copy=not submission.shared)
        try:
            job = submit(client, snapshot.place(submission.root), snapshot.fill(submission))
        finally:
            snapshot.discard()
        state.last_job = int(job["id"])
        for tell in tellers:
            tell(job)
        say_submitted(job)
        if self.wait or self.fetch_to:
            self._follow(client, int(job["id"]))

    def _follow(self, client: Client, job_id: int) -> None:
        job = wait_for(client, job_id)
        if job["state"] != "completed":
            reasons = "; ".join(str(failure.get("reason", "")) for failure in job.get("failures", [])[:3])
            raise ClientError(f"job {job_id} {job['state']}" + (f": {reasons}" if reasons else ""))
        say(f"job {job_id} is completed")
        if self.fetch_to:
            done = fetch(client, job_id, Path(bpy.path.abspath(self.fetch_to)))
            say(f"{counted(len(done.new), 'file')} brought to {done.folder}")

    def _submission(self) -> Submission:
        return Submission(
            type=self.job_type,
            name=self.name,
            project=self.project,
            settings=from_json(self.settings, "settings", dict),
            priority=self.priority,
            blender=self.blender,
            preset=self.preset,
            overrides=from_json(self.overrides, "overrides", dict),
            paused=self.paused,
            max_workers=self.max_workers,
            tags=tuple(tag.strip() for tag in self.tags.split(",") if tag.strip()),
            comment=self.comment,
            allow_missing=self.allow_missing,
            shared=self.shared,
            output_root=folder(self.output_root),
            files=tuple(Path(bpy.path.abspath(name)) for name in from_json(self.files, "files", list)),
            root=folder(self.root),
        )


def from_json(text: str, name: str, kind: type) -> Any:
    """What a JSON text says; of an empty one the empty value. Raises `BadRequest` naming the property."""
    if not text.strip():
        return kind()
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"{name} is no JSON: {error}", name) from error
    if not isinstance(found, kind):
        raise BadRequest(f"{name} must be a JSON {'object' if kind is dict else 'list'}", name)
    return found


def folder(text: str) -> Path | None:
    """A folder's path, which may begin with "//"; None if it is empty."""
    return Path(bpy.path.abspath(text)).absolute() if text else None


def blamed(error: ClientError) -> str:
    """The error's sentence, with the field that is to blame if it does not say."""
    field, text = getattr(error, "field", ""), str(error)
    return text if not field or field.split(".")[-1] in text else f"{field}: {text}"


def wait_for(client: Client, job_id: int) -> dict[str, Any]:
    """Follow a job until it ends. Raises a `ClientError` if the server stays away."""
    told = time.monotonic()
    for job in polled(client, job_id):
        if job["state"] in ENDED:
            return job
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            say(f"job {job_id}: {job['counts']['completed']} of {counted(int(job['total']), 'task')} done")
    raise AssertionError("it is polled without end")


def _last_job(_manager: bpy.types.WindowManager) -> int:
    with contextlib.suppress(AssertionError):
        return runtime.current().last_job
    return 0


CLASSES = (FLAMENCO_OT_submit_job,)
_manager: Any = bpy.types.WindowManager


def register() -> None:
    """Say where a script finds the job that it submitted."""
    properties: Any = bpy.props
    _manager.flamenco_last_job = properties.IntProperty(
        name="Last Job", description="The number of the job that was submitted last; 0 if there was none", get=_last_job
    )


def unregister() -> None:
    """Take it away."""
    del _manager.flamenco_last_job
