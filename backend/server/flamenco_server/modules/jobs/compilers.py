"""Job compilers: files in folders, loaded apart from one another, again when they were edited.

A broken file is an entry with an error, never a dead server. Folders of the configuration win over the built-in one.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from flamenco_common.authoring import BadSetting, Frames, JobBuilder, declared, settings_from, type_name

from flamenco_server.errors import Invalid, NotFound

_PACKAGED = Path(__file__).parents[2] / "job_compilers"
_CHECKOUT = Path(__file__).parents[5] / "job_compilers"


class BrokenCompiler(Exception):
    """A compiler file that cannot be used; its text names the line."""


@dataclass(frozen=True)
class Compiler:
    """A loaded compiler file, or why it could not be loaded."""

    name: str
    file: Path
    mtime_ns: int
    module: ModuleType | None = None
    error: str = ""

    @property
    def help(self) -> str:
        """What it says of itself."""
        return (self.module.__doc__ or "").strip() if self.module else ""

    def compile(self, given: Mapping[str, Any], job: JobBuilder) -> None:
        """Add the steps to `job`. Raises `Invalid`, naming the setting where one is to blame."""
        if self.module is None:
            raise Invalid(f"the job type {self.name!r} cannot be used: {self.error}", "type")
        try:
            settings = settings_from(self.module.Settings, given, job.scene)
            self.module.compile_job(settings, job)
        except BadSetting as error:
            raise Invalid(str(error), f"settings.{error.name}" if error.name else "settings") from error
        except Exception as error:  # a user's file may raise anything
            raise Invalid(f"the job type {self.name!r} failed: {self.where(error)}", "type") from error
        if not job.steps:
            raise Invalid(f"the job type {self.name!r} made no steps of these settings", "settings")

    def where(self, error: BaseException) -> str:
        """The error in one sentence, with the line of the compiler file."""
        return _sentence(error, self.file)

    def settings(self) -> dict[str, Any]:
        """The given defaults by name, as plain values."""
        if self.module is None:
            return {}
        return {
            name: _plain(entry.default)
            for name, (entry, _) in declared(self.module.Settings).items()
            if entry.default is not dataclasses.MISSING
        }


def built_in() -> Path:
    """The folder of the four compilers that come with Flamenco: packaged, or of this checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


class Compilers:
    """All compilers of the folders; looks at the files each time, loads only those that changed."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = list(folders)
        self._loaded: dict[Path, Compiler] = {}
        self._turn = threading.Lock()

    def all(self) -> dict[str, Compiler]:
        """Every compiler by its name, the broken ones too."""
        found: dict[str, Compiler] = {}
        for folder in self._folders:
            for file in sorted(folder.glob("*.py")) if folder.is_dir() else ():
                if not file.name.startswith("_") and file.stem not in found:
                    found[file.stem] = self._current(file)
        return found

    def get(self, name: str) -> Compiler:
        """The compiler of that name. Raises `Invalid` if there is none."""
        every = self.all()
        if name not in every:
            raise Invalid(f"there is no job type {name!r}; there are {', '.join(sorted(every)) or 'none'}", "type")
        return every[name]

    def find(self, name: str) -> Compiler:
        """The compiler of that name. Raises `NotFound` if there is none."""
        try:
            return self.all()[name]
        except KeyError:
            raise NotFound(f"there is no job type {name!r}") from None

    def _current(self, file: Path) -> Compiler:
        try:
            mtime = file.stat().st_mtime_ns
        except OSError as error:
            return Compiler(file.stem, file, 0, error=f"the file cannot be read: {error.strerror}")
        with self._turn:
            loaded = self._loaded.get(file)
            if loaded is None or loaded.mtime_ns != mtime:
                loaded = self._loaded[file] = _load(file, mtime)
            return loaded


def _load(file: Path, mtime: int) -> Compiler:
    name = f"flamenco_job_type_{file.stem}"
    module = ModuleType(name)
    module.__file__ = str(file)
    # A dataclass looks its annotations' module up here while its class body runs.
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), module.__dict__)  # noqa: S102 - a plug-in
        _check(module)
    except (Exception, SystemExit) as error:  # a user's file may raise anything
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        return Compiler(file.stem, file, mtime, error=_sentence(error, file))
    return Compiler(file.stem, file, mtime, module)


def _check(module: ModuleType) -> None:
    settings = getattr(module, "Settings", None)
    if not isinstance(settings, type) or not dataclasses.is_dataclass(settings):
        raise BrokenCompiler("it has no dataclass named Settings")
    if not callable(getattr(module, "compile_job", None)):
        raise BrokenCompiler("it has no function named compile_job")
    for entry, _ in declared(settings).values():
        if type_name(entry) not in ("int", "float", "str", "bool", "frames", "list"):
            raise BrokenCompiler(f"the setting {entry.name!r} is of a type that no form can show: {entry.type}")


def _sentence(error: BaseException, file: Path) -> str:
    if isinstance(error, BrokenCompiler):
        return f"{file.name}: {error}"
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(file):
            line = frame.lineno
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{file.name}, line {line or '?'}: {type(error).__name__}: {text}"


def _plain(value: Any) -> Any:
    if isinstance(value, Frames):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
