"""The whole way of a job into the farm: read the scene, pack, upload, submit."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flamenco_client.api import Client
from flamenco_client.pack import Pack, PackedFile, pack
from flamenco_client.progress import Progress
from flamenco_client.scene import read_blend
from flamenco_client.upload import upload


@dataclass(frozen=True)
class Submission:
    """What a person asks for; what is not given comes from the .blend and the job type."""

    type: str = "render"
    name: str = ""  # empty: the file's name without its suffix
    project: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    priority: int = 50
    blender: str = ""  # like "4.5" or ">=4.2"; empty: at least the version that wrote the file
    preset: str = ""
    overrides: dict[str, Any] = field(default_factory=dict)
    paused: bool = False
    max_workers: int = 0
    tags: tuple[str, ...] = ()
    comment: str = ""
    allow_missing: bool = False
    shared: bool = False  # the workers see this file under a path of their own: nothing is uploaded
    output_root: Path | None = None  # shared only; None: the folder "renders/NAME" beside the .blend
    root: Path | None = None  # of the project; None: found by its marks
    client_token: str = ""  # the same token again is the same job; empty: a fresh one


def submit(
    client: Client,
    blend: Path,
    submission: Submission = Submission(),
    progress: Progress = Progress(),  # noqa: B008
) -> dict[str, Any]:
    """Submit a .blend with all that it uses; gives the job. Raises a `ClientError`."""
    info = read_blend(blend)
    with pack(
        blend,
        submission.root,
        allow_missing=submission.allow_missing,
        in_place=submission.shared,
        progress=progress,
    ) as packed:
        if not submission.shared:
            upload(client, packed.files, progress)
        progress.check()
        return client.submit(payload(submission, packed, info.version, info.scene))


def payload(submission: Submission, packed: Pack, version: str, scene: dict[str, Any]) -> dict[str, Any]:
    """The `JobSubmission` document."""
    name = submission.name or Path(packed.blend).stem
    document = {
        "client_token": submission.client_token or secrets.token_hex(16),
        "name": name,
        "type": submission.type,
        "project": submission.project,
        "settings": dict(submission.settings),
        "scene": scene,
        "blend": packed.blend,
        "files": [file_entry(file) for file in packed.files],
        "priority": submission.priority,
        "blender": submission.blender or f">={version}",
        "storage": "shared" if submission.shared else "uploaded",
        "paused": submission.paused,
        "max_workers": submission.max_workers,
        "tags": list(submission.tags),
        "preset": submission.preset,
        "overrides": dict(submission.overrides),
        "allow_missing": submission.allow_missing,
        "comment": submission.comment,
    }
    if submission.shared:
        beside = packed.root.joinpath(*Path(packed.blend).parts).parent / "renders" / name
        document["job_root"] = str(packed.root)
        document["output_root"] = str((submission.output_root or beside).absolute())
    return document


def file_entry(file: PackedFile) -> dict[str, Any]:
    """A file of the manifest."""
    return {"path": file.path, "sha256": file.sha256, "size": file.size}
