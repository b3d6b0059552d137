"""Bringing a job's files to a folder: only what is new, a few at a time, each whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import ClientError, LocalFault, ServerFault, Unreachable
from flamenco_client.hashing import Hashes, sha256_of
from flamenco_client.progress import Counter, Progress, cancelable
from flamenco_client.upload import pause

PARALLEL = 4
BLOCK = 256 * 1024
TRIES = 8
INTERMEDIATE = ("tile", "samples")  # parts that a later step put together


@dataclass
class Fetched:
    """What a fetch brought, and what was there already."""

    folder: Path
    new: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


def fetch(
    client: Client,
    job_id: int,
    folder: Path,
    *,
    parts: bool = False,
    progress: Progress = Progress(),  # noqa: B008
    hashes: Hashes | None = None,
) -> Fetched:
    """Bring what a job made to `folder`, keeping files that are there and the same; `parts`: tiles and samples too.

    Broken downloads go on where they broke, also those of an earlier call. Raises a `ClientError`.
    """
    return cancelable(progress, lambda: _fetch(client, job_id, folder, parts, progress, hashes or Hashes()), client.cut)


def _fetch(client: Client, job_id: int, folder: Path, parts: bool, progress: Progress, known: Hashes) -> Fetched:
    job = client.job(job_id)
    listed = {item["path"]: item for item in client.outputs(job_id) if parts or item["kind"] not in INTERMEDIATE}
    done = Fetched(folder)
    wanted: list[tuple[dict[str, Any], Path]] = []
    for item in listed.values():
        target = safe_path(folder, item["path"])
        if _is_there(item, target, known):
            done.kept.append(target)
        else:
            wanted.append((item, target))
    _Fetching(client, progress, shared_roots(job)).all(wanted)
    done.new = [target for _, target in wanted]
    known.save()
    return done


def bring_all(
    client: Client,
    wanted: Iterable[tuple[Mapping[str, Any], Path]],
    roots: Mapping[str, Path],
    progress: Progress = Progress(),  # noqa: B008
) -> None:
    """Bring outputs, as the server lists them, each to a file of its own. Raises a `ClientError`."""
    cancelable(progress, lambda: _Fetching(client, progress, roots).all(wanted), client.cut)


def shared_roots(job: Mapping[str, Any]) -> dict[str, Path]:
    """Where the files of a job on shared storage lie; nothing for another job."""
    shared = job.get("storage") == "shared"
    return {name: Path(str(job[f"{name}_root"])) for name in ("output", "job")} if shared else {}


def safe_path(folder: Path, path: str) -> Path:
    """Where an output goes. Raises `ServerFault` for a path that would lead out of the folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in path:
        raise ServerFault(f"the server named an output {path!r}, which is no path below a folder")
    return folder.joinpath(*parts)


def _is_there(item: dict[str, Any], target: Path, known: Hashes) -> bool:
    with contextlib.suppress(OSError, LocalFault):
        if target.is_file() and target.stat().st_size == item["size"]:
            return not item["sha256"] or known.of(target) == item["sha256"]
    return False


class _Fetching:
    """One fetch: its threads, each with a connection of its own."""

    def __init__(self, client: Client, progress: Progress, roots: Mapping[str, Path]) -> None:
        self._client, self._progress, self._roots = client, progress, roots
        self._own = threading.local()

    def all(self, wanted: Iterable[tuple[Mapping[str, Any], Path]]) -> None:
        """Bring all; the first error stops the rest."""
        listed = list(wanted)
        counter = Counter(self._progress, "fetch", sum(item["size"] for item, _ in listed))
        bring = self._copy if self._roots else self._bring
        with ThreadPoolExecutor(PARALLEL) as pool:
            try:
                for _ in pool.map(lambda pair: bring(pair[0], pair[1], counter.add), listed):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _copy(self, item: Mapping[str, Any], target: Path, counted: Callable[[int], None]) -> None:
        """Shared storage: the file is in place already, and is copied from there."""
        source = safe_path(self._roots[item.get("root", "output")], item["path"])
        part = _part(target, item)
        if not source.is_file():
            raise LocalFault(f"{source} is not there, though the farm knows it; is the shared storage mounted here?")
        with _writing(target):
            shutil.copyfile(source, part)
            part.replace(target)
        counted(item["size"])

    def _bring(self, item: Mapping[str, Any], target: Path, counted: Callable[[int], None]) -> None:
        part = _part(target, item)
        with _writing(target):
            have = part.stat().st_size if part.exists() else 0
            counted(have)
            for attempt in range(TRIES):
                try:
                    self._download(item, part, counted)
                    break
                except Unreachable:
                    if attempt + 1 == TRIES:
                        raise
                    pause(attempt, self._progress)
            if sha256_of(part) != item["sha256"]:
                part.unlink()
                raise ServerFault(f"{item['path']} did not arrive whole; fetch again")
            part.replace(target)

    def _download(self, item: Mapping[str, Any], part: Path, counted: Callable[[int], None]) -> None:
        """Add what is missing to the part file."""
        have = part.stat().st_size if part.exists() else 0
        if have > item["size"]:
            part.unlink()
            counted(-have)
            have = 0
        if have == item["size"] and part.exists():
            return
        client = self._connection()
        headers = {"Range": f"bytes={have}-"} if have else {}
        with client.call("GET", f"/outputs/{item['id']}/content", headers=headers, stream=True) as answer:
            whole = answer.status_code != 206
            if whole and have:
                counted(-have)
            have = 0 if whole else have
            with part.open("wb" if whole else "ab") as file:
                for block in blocks(answer):
                    have += len(block)
                    if have > item["size"]:
                        raise ServerFault(f"{item['path']} is larger than the server said")
                    file.write(block)
                    counted(len(block))

    def _connection(self) -> Client:
        if not hasattr(self._own, "client"):
            self._own.client = self._client.twin()
        return self._own.client  # type: ignore[no-any-return]


def blocks(answer: Any) -> Iterable[bytes]:
    """The body of an answer in pieces; a broken link is `Unreachable`."""
    try:
        yield from answer.iter_content(BLOCK)
    except (OSError, ValueError) as error:
        raise Unreachable(f"the connection broke while a file came ({type(error).__name__})") from error


def _part(target: Path, item: Mapping[str, Any]) -> Path:
    """Where an unfinished download of exactly this content lies."""
    return target.with_name(f".{target.name}.{str(item['sha256'])[:16]}.part")


@contextlib.contextmanager
def _writing(target: Path) -> Any:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except ClientError:
        raise
    except OSError as error:
        raise LocalFault(f"{target} cannot be written: {error.strerror or error}") from error
