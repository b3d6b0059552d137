"""The whole way of a job into the farm: read the scene, pack, upload, submit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import LocalFault
from flamenco_client.hashing import Hashes
from flamenco_client.pack import Pack, PackedFile, listed_along, listed_pack
from flamenco_client.pictures import is_pictures, pack_pictures
from flamenco_client.progress import Progress, cancelable
from flamenco_client.scene import read_blend
from flamenco_client.upload import send


@dataclass(frozen=True)
class Submission:
    """What a person asks for; what is not given comes from the .blend and the job type."""

    type: str = ""  # empty: render for a .blend, video for pictures
    name: str = ""  # empty: the .blend's name without its suffix, or the pictures' folder's
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
    output_root: Path | None = None  # shared only; None: "renders/NAME" beside the .blend or the pictures' folder
    files: tuple[Path, ...] = ()  # more files to send along, such as a sound
    root: Path | None = None  # of the project; None: found by its marks
    content: Path | None = None  # of the .blend, to be read in its place; None: the file itself
    scene: Mapping[str, Any] | None = None  # its scene's values, if they are known already; None: read from the file
    version: str = ""  # of the Blender that wrote it, like "4.5"; needed with `scene`
    client_token: str = ""  # the same token again is the same job; empty: a fresh one


def submit(
    client: Client,
    source: Path,
    submission: Submission = Submission(),
    progress: Progress = Progress(),  # noqa: B008
) -> dict[str, Any]:
    """Submit a .blend with all that it uses, or pictures; gives the job. Raises a `ClientError`."""
    return cancelable(
        progress,
        lambda: _submit(client, Path(source), submission, progress),
        client.cut,
        # It was made at the moment when it was canceled.
        lambda job: client.twin().delete(job["id"]),
    )


def _submit(client: Client, source: Path, submission: Submission, progress: Progress) -> dict[str, Any]:
    pictures = submission.content is None and is_pictures(source)
    version, scene = ("", {}) if pictures else scene_of(source, submission)
    with packed_source(source, submission, progress, pictures=pictures) as packed:
        packed.files += listed_along(packed, submission.files, in_place=submission.shared)
        if not submission.shared:
            packed.files = send(client, packed.files, Hashes(), progress)
        progress.check()
        submission = named(submission, source, packed)
        if submission.shared and submission.output_root:
            make_folder(submission.output_root)
        return client.submit(payload(submission, packed, version, scene))


def scene_of(source: Path, submission: Submission) -> tuple[str, dict[str, Any]]:
    """The Blender version and the scene's values: as given, or as the file says."""
    if submission.scene is not None and submission.version:
        return submission.version, dict(submission.scene)
    info = read_blend(submission.content or source)
    return submission.version or info.version, info.scene if submission.scene is None else dict(submission.scene)


def packed_source(source: Path, submission: Submission, progress: Progress, *, pictures: bool) -> Pack:
    """The files of the job, not hashed yet."""
    if pictures:
        return pack_pictures(source, submission.root, in_place=True, progress=progress)
    return listed_pack(
        source,
        submission.root,
        content=submission.content,
        allow_missing=submission.allow_missing,
        in_place=submission.shared,
        progress=progress,
    )


def named(submission: Submission, source: Path, packed: Pack) -> Submission:
    """The submission with the type, name and output folder that follow from what is submitted."""
    folder = source.absolute() if source.is_dir() else source.absolute().parent
    name = submission.name or Path(packed.blend).stem or folder.name or "pictures"
    beside = folder if packed.blend else folder.parent
    return replace(
        submission,
        type=submission.type or ("render" if packed.blend else "video"),
        name=name,
        output_root=submission.output_root or beside / "renders" / safe_folder(name),
    )


def make_folder(folder: Path) -> None:
    """Make the folder of the results: workers that do not see it know that they do not see the shared storage."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalFault(f"the folder {folder} of the results cannot be made: {error.strerror or error}") from error


def safe_folder(name: str) -> str:
    """A job's name as the name of a folder."""
    return (
        "".join("_" if char in '/\\:*?"<>|' or not char.isprintable() else char for char in name).strip(" .") or "job"
    )


def payload(submission: Submission, packed: Pack, version: str, scene: dict[str, Any]) -> dict[str, Any]:
    """The `JobSubmission` document of a submission whose name and type are set."""
    document = {
        "client_token": submission.client_token or secrets.token_hex(16),
        "name": submission.name,
        "type": submission.type,
        "project": submission.project,
        "settings": dict(submission.settings),
        "scene": scene,
        "blend": packed.blend,
        "files": [file_entry(file) for file in packed.files],
        "priority": submission.priority,
        "blender": submission.blender or (f">={version}" if version else ""),
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
        document["job_root"] = str(packed.root)
        document["output_root"] = str(Path(submission.output_root or packed.root).absolute())
    return document


def file_entry(file: PackedFile) -> dict[str, Any]:
    """A file of the manifest."""
    return {"path": file.path, "sha256": file.sha256, "size": file.size}
