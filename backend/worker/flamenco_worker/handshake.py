"""Signing in: with this worker's own token if it still counts, else with the site's enrolment secret."""

from __future__ import annotations

import threading
from pathlib import Path

from flamenco_common.abilities import Abilities
from flamenco_common.documents import Registration

from flamenco_worker import identity
from flamenco_worker.config import WorkerConfig
from flamenco_worker.errors import Refused
from flamenco_worker.upstream import Upstream


class Handshake:
    """Registers this worker. Safe to call from several threads: one that comes late profits from the one before it."""

    def __init__(self, config: WorkerConfig, abilities: Abilities, upstream: Upstream) -> None:
        self._config = config
        self._abilities = abilities
        self._upstream = upstream
        self._lock = threading.Lock()

    @property
    def _file(self) -> Path:
        return self._config.data_dir / "identity.json"

    def register(self) -> None:
        """Raises `Unreachable` or `Refused`."""
        with self._lock:
            self._register()

    def renew(self) -> None:
        """Register again because our token was refused, unless another thread did so meanwhile."""
        with self._lock:
            if self._upstream.token == self._upstream.refused_token:
                self._register()

    def _register(self) -> None:
        mine = identity.load(self._file)
        registration = Registration(mine.identity, self._config.display_name(), self._abilities)
        secret = self._config.enrolment_secret()
        try:
            self._upstream.use_token(mine.token or secret)
            answer = self._upstream.register(registration)
        except Refused:
            if not (mine.token and secret):
                raise
            self._upstream.use_token(secret)
            answer = self._upstream.register(registration)
        self._upstream.use_token(answer.token)
        identity.save(self._file, identity.Identity(mine.identity, answer.worker_id, answer.token))
