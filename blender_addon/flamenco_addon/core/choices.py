"""What an artist chose last, a .blend each; kept in the user's config folder, never in the .blend."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flamenco_client.account import write_secret
from flamenco_client.errors import LocalFault
from flamenco_client.places import config_folder
from flamenco_client.submit import Submission

from .forms import EMPTY, Field, check

if TYPE_CHECKING:
    from .catalogue import Catalogue, JobType

MOST_BLENDS = 500
USUAL_TYPE = "render"
USUAL_NAME = "Untitled"  # of a job of a .blend that was never saved
UNSAVED = ""  # stands for the path of a .blend that was never saved

# Every choice with what it is when nobody made it; its type is the type that a choice must have.
DEFAULTS: Mapping[str, Any] = {
    "name": "",  # empty: the .blend's
    "job_type": "",  # empty: render, or the farm's first
    "project": "",
    "priority": 50,
    "paused": False,
    "tags": [],
    "max_workers": 0,  # any number
    "blender": "",  # empty: at least the version of the file
    "preset": "",
    "comment": "",
    "allow_missing": False,
    "automatic": True,  # the results are brought back when the job ends
    "output": "",  # folder for the results; empty: the scene's own
    "root": "",  # of the project; empty: found by its marks
    "shared": False,  # the farm sees the .blend where it lies
}
OF_ONE_SHOT = ("name", "comment", "output", "root")  # these make no sense for another .blend, so no preset has them


class Choices:
    """Choices by .blend and name. The most recently changed .blends are kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or config_folder()) / "choices.json"
        self._all: dict[str, dict[str, Any]] = self._read()
        self._changed: set[str] = set()

    def _read(self) -> dict[str, dict[str, Any]]:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(found, dict):
                return {str(blend): dict(values) for blend, values in found.items() if isinstance(values, dict)}
        return {}

    def get(self, blend: str, name: str, default: Any = None) -> Any:
        """A choice; `default` if it was never made."""
        return self._all.get(blend, {}).get(name, default)

    def known(self, blend: str, name: str) -> Any:
        """One of the choices of `DEFAULTS`, of the type that it must have."""
        usual = DEFAULTS[name]
        value = self.get(blend, name, usual)
        if type(value) is not type(usual) or (isinstance(value, list) and not all(type(item) is str for item in value)):
            return usual
        return value

    def set(self, blend: str, name: str, value: Any) -> None:
        """Make a choice; None forgets it."""
        values = self._all.pop(blend, {})
        values[name] = value
        if value is None:
            del values[name]
        self._all[blend] = values
        self._changed.add(blend)

    def setting(self, blend: str, job_type: str, field: Field) -> Any:
        """The value chosen for a setting of a job type; None if there is none of the right kind."""
        value = self.get(blend, setting_key(job_type, field.name))
        wanted = type(EMPTY[field.kind])
        if wanted is float and type(value) is int:
            return float(value)
        return value if type(value) is wanted else None

    def choose_setting(self, blend: str, job_type: str, field: Field, value: Any) -> None:
        """Choose a value for a setting; None takes it from the scene, or is the default, again."""
        self.set(blend, setting_key(job_type, field.name), value)

    def all(self, blend: str) -> dict[str, Any]:
        """All choices for a .blend."""
        return dict(self._all.get(blend, {}))

    def replace(self, blend: str, values: Mapping[str, Any]) -> None:
        """Make exactly these choices for a .blend."""
        self._all.pop(blend, None)
        self._all[blend] = dict(values)
        self._changed.add(blend)

    def follow(self, old: str, new: str) -> None:
        """The .blend was saved under another name: that one begins with what was chosen for the old one."""
        if old == new:
            return
        self.replace(new, self.all(old))
        if old == UNSAVED:
            self.replace(UNSAVED, {})

    def save(self) -> None:
        """Write what changed; that it cannot be written is no reason to stop working."""
        if not self._changed:
            return
        # Another Blender may have written meanwhile: only the .blends that changed here are ours to say.
        kept = self._read()
        for blend in self._changed:
            kept.pop(blend, None)
        kept.update({blend: values for blend, values in self._all.items() if blend in self._changed and values})
        kept = dict(list(kept.items())[-MOST_BLENDS:])
        with contextlib.suppress(LocalFault):
            write_secret(self._file, json.dumps(kept, indent=1) + "\n")
        self._changed.clear()


def setting_key(job_type: str, field: str) -> str:
    """The name of the choice of a setting."""
    return f"{job_type}/{field}"


@dataclass(frozen=True)
class Chosen:
    """All that an artist chose for a job, put together; `settings` has only what the scene or the default does not say."""

    name: str = ""
    job_type: str = USUAL_TYPE
    project: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    priority: int = 50
    blender: str = ""
    preset: str = ""
    paused: bool = False
    max_workers: int = 0
    tags: tuple[str, ...] = ()
    comment: str = ""
    allow_missing: bool = False
    automatic: bool = True
    output: str = ""
    root: str = ""
    shared: bool = False
    problems: tuple[str, ...] = ()  # what of the settings cannot be sent, a sentence each

    def submission(self) -> Submission:
        """What the client sends."""
        return Submission(
            type=self.job_type,
            name=self.name,
            project=self.project,
            settings=self.settings,
            priority=self.priority,
            blender=self.blender,
            preset=self.preset,
            paused=self.paused,
            max_workers=self.max_workers,
            tags=self.tags,
            comment=self.comment,
            allow_missing=self.allow_missing,
            shared=self.shared,
            output_root=Path(self.output) if self.output and self.shared else None,
            root=Path(self.root) if self.root else None,
        )


def chosen(choices: Choices, blend: str, catalogue: Catalogue | None) -> Chosen:
    """All that is chosen for a .blend."""
    known: dict[str, Any] = {name: choices.known(blend, name) for name in DEFAULTS}
    kind = chosen_type(choices, blend, catalogue)
    settings = chosen_settings(choices, blend, kind) if kind else {}
    problems = [check(each, settings[each.name]) for each in kind.fields if each.name in settings] if kind else []
    if kind and kind.error:
        problems.append(f"the job type {kind.name} cannot be used: {kind.error}")
    known["tags"] = tuple(known["tags"])
    known["job_type"] = kind.name if kind else known["job_type"] or USUAL_TYPE
    known["name"] = known["name"] or usual_name(blend)
    return Chosen(**known, settings=settings, problems=tuple(problem for problem in problems if problem))


def usual_name(blend: str) -> str:
    """The job's name while nobody gave it another one."""
    return Path(blend).stem or USUAL_NAME


def chosen_type(choices: Choices, blend: str, catalogue: Catalogue | None) -> JobType | None:
    """The job type that is chosen, or that stands where none is chosen; None if the farm has none such."""
    if catalogue is None:
        return None
    wanted = choices.known(blend, "job_type")
    if wanted:
        return catalogue.job_type(wanted)
    usable = [each for each in catalogue.job_types if not each.error]
    return next((each for each in usable if each.name == USUAL_TYPE), usable[0] if usable else None)


def chosen_settings(choices: Choices, blend: str, job_type: JobType) -> dict[str, Any]:
    """The values that were chosen for a job type's settings."""
    found = {each.name: choices.setting(blend, job_type.name, each) for each in job_type.fields}
    return {name: value for name, value in found.items() if value is not None}
