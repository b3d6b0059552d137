"""What the server said last, in the user's cache folder: for the other Blenders of the same user, and pictures to be shown."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flamenco_client.account import write_secret
from flamenco_client.errors import LocalFault

LARGEST_THUMBNAIL = 1_000_000
MOST_THUMBNAILS = 200


def keep_thumbnail(file: Path, data: bytes) -> None:
    """Keep a small JPEG under its hash. Raises `LocalFault` if it is none, or cannot be kept."""
    if not data.startswith(b"\xff\xd8\xff") or hashlib.sha256(data).hexdigest() != file.stem:
        raise LocalFault("the server sent a thumbnail that is none")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{time.monotonic_ns()}")
        fresh.write_bytes(data)
        fresh.replace(file)
        kept = sorted(file.parent.glob("*.jpg"), key=lambda each: each.stat().st_mtime)
        for old in kept[:-MOST_THUMBNAILS]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise LocalFault(f"{file} cannot be written: {error.strerror or error}") from error


def read_answer(folder: Path) -> dict[str, Any]:
    """The last answer that a Blender of this user got."""
    try:
        found = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(found, dict) and isinstance(found.get("items"), list) and isinstance(found.get("details"), dict)
    return found if whole else {}


def write_answer(folder: Path, answer: Mapping[str, Any]) -> None:
    """Keep an answer for the other Blenders of this user."""
    try:
        write_secret(folder / "jobs.json", json.dumps(answer))
    except (LocalFault, ValueError):
        return


def forget_answer(folder: Path) -> None:
    """What was answered is not true any more."""
    try:
        (folder / "jobs.json").unlink(missing_ok=True)
    except OSError:
        return
