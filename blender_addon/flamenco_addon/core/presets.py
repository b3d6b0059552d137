"""Presets for submitting: choices under a name, one's own or shared by all through the server."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flamenco_client.account import write_secret
from flamenco_client.places import config_folder

from .choices import DEFAULTS, OF_ONE_SHOT, Choices, chosen_settings, setting_key
from .forms import LONGEST_LINE, MOST_IN_LIST, MOST_SETTINGS, Field, is_text, line, number

if TYPE_CHECKING:
    from .catalogue import JobType

MOST_PRESETS = 1000
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_SETTING = re.compile(r"[a-z][a-z0-9_]{0,62}")
KEPT = tuple(name for name in DEFAULTS if name not in (*OF_ONE_SHOT, "job_type"))
OF_ONE_SCENE = ("camera", "view_layers", "simulations", "frame")  # settings that name what is in one scene


@dataclass(frozen=True)
class SubmissionPreset:
    """Choices under a name; `owner` is empty for those that are kept on this machine."""

    name: str
    label: str
    job_type: str
    values: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""

    @property
    def shared(self) -> bool:
        """Whether the server keeps it."""
        return bool(self.owner)

    def document(self) -> dict[str, Any]:
        """The `values` that are kept."""
        return {**self.values, "settings": dict(self.settings)}


def name_for(label: str) -> str:
    """The name that a preset with this label is kept under; empty if the label has no letter that a name may have."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:100].rstrip("-")


def preset_from(item: Mapping[str, Any]) -> SubmissionPreset | None:
    """A preset as a server or a file has it; None if it is none."""
    name, job_type, values = line(item.get("name")), line(item.get("job_type")), item.get("values")
    if not _NAME.fullmatch(name) or not job_type or not isinstance(values, Mapping):
        return None
    settings = values.get("settings")
    return SubmissionPreset(
        name=name,
        label=line(item.get("label")) or name,
        job_type=job_type,
        values={key: values[key] for key in KEPT if key in values and _is_choice(DEFAULTS[key], values[key])},
        settings=_settings(settings) if isinstance(settings, Mapping) else {},
        owner=line(item.get("owner")),
    )


def presets_from(items: Iterable[Mapping[str, Any]]) -> tuple[SubmissionPreset, ...]:
    """Those that are presets, each name once."""
    found: dict[str, SubmissionPreset] = {}
    for item in items:
        preset = preset_from(item)
        if preset is not None and len(found) < MOST_PRESETS:
            found.setdefault(preset.name, preset)
    return tuple(found.values())


def _is_choice(usual: object, value: object) -> bool:
    if type(value) is not type(usual):
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 <= value <= 100_000
    return _is_value(value)


def _is_value(value: object) -> bool:
    """Whether a setting can have it at all; what it may be is checked where the setting is known."""
    if isinstance(value, list):
        return len(value) <= MOST_IN_LIST and all(is_text(item) for item in value)
    return is_text(value) or isinstance(value, bool) or number(value) is not None


def _settings(given: Mapping[Any, Any]) -> dict[str, Any]:
    names = [name for name in given if isinstance(name, str) and _SETTING.fullmatch(name)][:MOST_SETTINGS]
    return {name: given[name] for name in names if _is_value(given[name])}


def preset_of(choices: Choices, blend: str, job_type: JobType, label: str) -> SubmissionPreset:
    """What is chosen for a .blend, without what belongs to that one shot."""
    values = {name: choices.known(blend, name) for name in KEPT}
    chosen = chosen_settings(choices, blend, job_type)
    kept = {each.name: chosen[each.name] for each in job_type.fields if each.name in chosen and not _of_one_scene(each)}
    changed = {name: value for name, value in values.items() if value != DEFAULTS[name]}
    return SubmissionPreset(name_for(label), line(label)[:LONGEST_LINE], job_type.name, changed, kept)


def _of_one_scene(declared: Field) -> bool:
    return declared.kind == "frames" or declared.name in OF_ONE_SCENE


def apply(preset: SubmissionPreset, choices: Choices, blend: str, job_type: JobType | None) -> None:
    """Choose all that a preset says, and nothing else but what belongs to this one shot."""
    for name in KEPT:
        choices.set(blend, name, preset.values.get(name))
    choices.set(blend, "job_type", preset.job_type)
    for declared in job_type.fields if job_type else ():
        if not _of_one_scene(declared):
            choices.choose_setting(blend, preset.job_type, declared, preset.settings.get(declared.name))
    for name in () if job_type else preset.settings:
        choices.set(blend, setting_key(preset.job_type, name), preset.settings[name])


class OwnPresets:
    """The presets that are kept on this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or config_folder()) / "presets.json"
        self._read_at: tuple[int, int] | None = None  # time and size of the file when it was read
        self._known: tuple[SubmissionPreset, ...] = ()

    def all(self) -> tuple[SubmissionPreset, ...]:
        """All of them, by label; cheap enough for drawing."""
        try:
            found = self._file.stat()
        except OSError:
            return ()
        if self._read_at != (found.st_mtime_ns, found.st_size):
            self._read_at, self._known = (found.st_mtime_ns, found.st_size), self._read()
        return self._known

    def _read(self) -> tuple[SubmissionPreset, ...]:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(found, list):
                known = presets_from(item for item in found if isinstance(item, Mapping))
                return tuple(sorted((replace(each, owner="") for each in known), key=lambda each: each.label))
        return ()

    def keep(self, preset: SubmissionPreset) -> None:
        """Keep a preset, in place of one with the same name. Raises `LocalFault`."""
        self._write([*(each for each in self.all() if each.name != preset.name), preset])

    def delete(self, name: str) -> None:
        """Forget one. Raises `LocalFault`."""
        self._write([each for each in self.all() if each.name != name])

    def _write(self, presets: list[SubmissionPreset]) -> None:
        documents = [
            {"name": each.name, "label": each.label, "job_type": each.job_type, "values": each.document()}
            for each in presets
        ]
        write_secret(self._file, json.dumps(documents, indent=1) + "\n")
