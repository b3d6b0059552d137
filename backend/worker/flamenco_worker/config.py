"""The worker's configuration: one frozen object, built once from a file, the environment and the command line."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
from flamenco_common.configuring import BadFile, configured, text_of

from flamenco_worker.errors import BadConfig


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be set. A field is a key of the TOML file and, in capitals after FLAMENCO_WORKER_, of the environment."""

    data_dir: Path  # identity, token and outbox
    work_dir: Path | None = None  # job trees and the file cache; default: data_dir/work
    name: str = ""  # default: the host's name
    manager_url: str = ""  # empty: found on the local network
    enrolment: str = ""  # the site's enrolment secret
    enrolment_file: Path | None = None  # or a file with it
    blenders: list[str] = []  # executables, or bpy:FOLDER for a wheel installed there; besides those found
    find_blenders: bool = True
    ffmpeg: str = ""  # default: found
    exec_allowed: list[str] = []  # programs that `exec` commands may run
    kinds: list[str] = []  # task kinds it takes; empty: all
    cache_bytes: int = 50_000_000_000
    memory_limit_mb: int = 0  # a Blender that outgrows it is restarted between frames; 0: 80 % of the machine's
    hang_seconds: int = 3600  # a Blender that says nothing for so long is restarted
    stop_seconds: float = 10.0  # between SIGTERM and SIGKILL
    sign_of_life_seconds: float = 5.0
    threads: int = 0  # Blender's; 0: all

    def work(self) -> Path:
        """Where job trees and the cache are."""
        return self.work_dir or self.data_dir / "work"

    def display_name(self) -> str:
        """The name under which people see this worker."""
        return self.name or socket.gethostname()

    def enrolment_secret(self) -> str:
        """The site's enrolment secret, or an empty text."""
        if self.enrolment_file is None:
            return self.enrolment
        try:
            return text_of(self.enrolment_file, "enrolment file")
        except BadFile as error:
            raise BadConfig(str(error)) from error


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> WorkerConfig:
    """Build the configuration: flags win over the environment, that over the file, that over the defaults.

    Raises `BadConfig`.
    """
    try:
        return configured(
            WorkerConfig,
            "worker",
            file,
            environment,
            flags,
            data_dir=platformdirs.user_data_dir("flamenco-worker", appauthor=False),
        )
    except BadFile as error:
        raise BadConfig(str(error)) from error
