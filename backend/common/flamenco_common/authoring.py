"""What a job compiler is written with.

A compiler is one file. Its name is the job type; a frozen dataclass `Settings` declares the settings; a pure function
`compile_job(settings, job)` adds steps. See docs/job-compilers.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from flamenco_common.abilities import Requirements
from flamenco_common.authoring_commands import blender, ffmpeg, files, image
from flamenco_common.authoring_media import (
    FORMAT_CHOICES,
    PICTURE_SUFFIXES,
    SCENE_FORMAT,
    SOUND_SUFFIXES,
    VIDEO_CODECS,
    VIDEO_QUALITIES,
    overridden,
    safe_name,
    still_format,
    video_file,
)
from flamenco_common.commands import FileSet
from flamenco_common.frames import BadFrames, Frames
from flamenco_common.templates import PARAMETER

__all__ = [
    "FORMAT_CHOICES", "PICTURE_SUFFIXES", "SCENE_FORMAT", "SOUND_SUFFIXES", "VIDEO_CODECS", "VIDEO_QUALITIES", "BadSetting", "Frames",
    "JobBuilder", "Scene", "Setting", "Step", "Task", "blender", "ffmpeg", "files", "image", "safe_name", "setting",
    "settings_from", "still_format", "video_file",
]  # fmt: skip


class Scene(str, Enum):
    """Values that Blender, or the reader of .blend files, supplies. This list is all: nothing is evaluated."""

    FRAME_RANGE = "frame_range"  # text like "1-250", with the scene's step
    FPS = "fps"  # float
    FORMAT = "format"  # Blender's file_format name
    COLOR_DEPTH = "color_depth"  # text: "8", "16", "32"
    ENGINE = "engine"  # CYCLES, BLENDER_EEVEE, BLENDER_EEVEE_NEXT, BLENDER_WORKBENCH
    WIDTH = "width"  # pixels, with the percentage applied
    HEIGHT = "height"
    RESOLUTION_X = "resolution_x"  # pixels at 100 percent
    RESOLUTION_Y = "resolution_y"
    RESOLUTION_PERCENTAGE = "resolution_percentage"
    SAMPLES = "samples"  # Cycles samples
    SCENE = "scene"  # name of the active scene
    CAMERA = "camera"
    CAMERAS = "cameras"  # list of names
    VIEW_LAYERS = "view_layers"  # list of names that render
    FRAME = "frame"  # the current frame
    HAS_SEQUENCER = "has_sequencer"  # bool: the sequencer has strips and is used for output
    HAS_SOUND = "has_sound"
    SIMULATIONS = "simulations"  # list of keys "kind:object:name", in the order in which they depend on one another


class BadSetting(ValueError):
    """A setting with a bad value; `name` is the setting, the text one sentence for people."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class Setting:
    """How a setting is shown and checked; made by `setting`."""

    help: str = ""
    source: Scene | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    hidden: bool = False
    label: str = ""


_REQUIRED = object()


def setting(
    default: Any = _REQUIRED,
    *,
    help: str = "",
    source: Scene | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    hidden: bool = False,
    label: str = "",
) -> Any:
    """Declare a field of a compiler's `Settings`.

    Without a default the value comes from `source`, or must be given. A default that is given counts where the
    scene does not supply the source.
    """
    meta = {"setting": Setting(help, source, minimum, maximum, tuple(choices), hidden, label)}
    if default is _REQUIRED:
        return field(metadata=meta, kw_only=True)
    return field(default=default, metadata=meta, kw_only=True)


def declared(settings: type) -> dict[str, tuple[dataclasses.Field[Any], Setting]]:
    """The declared settings of a `Settings` class, by name, in order."""
    return {entry.name: (entry, entry.metadata.get("setting", Setting())) for entry in dataclasses.fields(settings)}


class _Parameters(type):
    def __getitem__(cls, name: str) -> dict[str, str]:
        return {PARAMETER: name}


class Task(metaclass=_Parameters):
    """Stands in a template for a parameter of each task: `Task.frames`, or `Task["name"]` for one of any name."""

    frames = {PARAMETER: "frames"}
    tile = {PARAMETER: "tile"}
    samples = {PARAMETER: "samples"}
    output = {PARAMETER: "output"}


@dataclass(frozen=True)
class Step:
    """A step of a job as a compiler declares it; `tasks` are the parameters of its tasks."""

    name: str
    template: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    after: tuple[str, ...] = ()
    requirements: Requirements = Requirements()
    timeout_seconds: int = 0
    retries: int = 2

    @property
    def outputs(self) -> FileSet:
        """The files that this step makes, as the input of another."""
        return FileSet(step=self.name)

    def outputs_like(self, pattern: str) -> FileSet:
        """Those of its files whose path fits `pattern`."""
        return FileSet(step=self.name, pattern=pattern)


@dataclass
class JobBuilder:
    """What a compiler sees of the job, and where it adds steps.

    `scene` is what the scene says once the job's render settings are applied.
    """

    blend: str  # template path of the .blend: "{job}/path/shot.blend"; empty if the job has none
    name: str
    scene: Mapping[str, Any] = field(default_factory=dict)  # scene values, keys of `Scene`
    preset: Mapping[str, Any] = field(default_factory=dict)  # named overrides from the render-settings preset
    files: Sequence[str] = ()  # paths of the submitted files, below {job}
    allow_missing: bool = False
    allow_scripts: bool = False
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scene = overridden(self.scene, self.preset)

    def value(self, source: Scene) -> Any:
        """What the scene says. Raises `BadSetting` if it does not."""
        if self.scene.get(source.value) is None:
            raise BadSetting("", f"the scene does not tell its {source.value.replace('_', ' ')}")
        return self.scene[source.value]

    def step(
        self,
        name: str,
        command: dict[str, Any] | Sequence[dict[str, Any]],
        *,
        tasks: Iterable[Frames | Mapping[str, Any]] = ({},),
        after: Step | Sequence[Step] = (),
        timeout_seconds: int = 0,
        retries: int = 2,
        memory_mb: int = 0,
        gpu: bool = False,
    ) -> Step:
        """Add a step: `command` (one or several) for each of `tasks` (frame lists, or parameters by name)."""
        commands = [command] if isinstance(command, dict) else list(command)
        template = [self._completed(self._resolved(document)) for document in commands]
        params = [{"frames": str(task)} if isinstance(task, Frames) else dict(task) for task in tasks]
        if not params:
            raise BadSetting("", f"the step {name!r} would have no tasks")
        waits = (after,) if isinstance(after, Step) else tuple(after)
        kinds = sorted({document["command"].split(".")[0] for document in template})
        made = Step(
            name=name,
            template=template,
            tasks=params,
            after=tuple(step.name for step in waits),
            requirements=Requirements(kinds=kinds, memory_mb=memory_mb, gpu=gpu),
            timeout_seconds=timeout_seconds,
            retries=retries,
        )
        if any(step.name == name for step in self.steps):
            raise BadSetting("", f"there are two steps named {name!r}")
        self.steps.append(made)
        return made

    def _completed(self, document: dict[str, Any]) -> dict[str, Any]:
        """Give every Blender command the job's file, preset and permissions, unless it names its own."""
        if not document["command"].startswith("blender."):
            return document
        common = {
            "blend": self.blend,
            "blender": "{blender}",
            "overrides": dict(self.preset),
            "allow_missing": self.allow_missing,
            "allow_scripts": self.allow_scripts,
        }
        if not (document.get("blend") or self.blend):
            raise BadSetting("", "this job type needs a .blend file, and the job has none")
        merged = {**common, **document}
        merged["overrides"] = {**common["overrides"], **document.get("overrides", {})}  # type: ignore[dict-item]
        return merged

    def _resolved(self, value: Any) -> Any:
        """Plain JSON values, with scene sources replaced by what the scene says."""
        if isinstance(value, Scene):
            return self.value(value)
        if isinstance(value, Frames):
            return str(value)
        if isinstance(value, Mapping):
            return {key: self._resolved(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._resolved(item) for item in value]
        if isinstance(value, (msgspec.Struct, Step)):
            return msgspec.to_builtins(value if isinstance(value, msgspec.Struct) else value.outputs)
        return value


def settings_from(settings: type, given: Mapping[str, Any], scene: Mapping[str, Any]) -> Any:
    """Build a `Settings` from what was given and what the scene supplies. Raises `BadSetting`."""
    known = declared(settings)
    for name in given:
        if name not in known:
            near = ", ".join(sorted(known))
            raise BadSetting(name, f"there is no setting {name!r}; the settings are {near}")
    values: dict[str, Any] = {}
    for name, (entry, meta) in known.items():
        if name in given:
            values[name] = _checked(name, given[name], entry, meta)
        elif meta.source is not None and scene.get(meta.source.value) is not None:
            values[name] = _checked(name, scene[meta.source.value], entry, meta)
        elif entry.default is dataclasses.MISSING:
            raise BadSetting(name, f"the setting {name!r} must be given")
    return settings(**values)


def _checked(name: str, value: Any, entry: dataclasses.Field[Any], meta: Setting) -> Any:
    if isinstance(entry.default, Frames) and isinstance(value, str) and not value.strip():
        return entry.default
    value = _converted(name, value, type_name(entry))
    if meta.choices and value not in meta.choices:
        raise BadSetting(name, f"{name} is {value!r}; it must be one of {', '.join(meta.choices)}")
    if meta.minimum is not None and isinstance(value, (int, float)) and value < meta.minimum:
        raise BadSetting(name, f"{name} is {value}; it must be at least {meta.minimum:g}")
    if meta.maximum is not None and isinstance(value, (int, float)) and value > meta.maximum:
        raise BadSetting(name, f"{name} is {value}; it must be at most {meta.maximum:g}")
    return value


_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
    "str": ("text", (str,)),
    "bool": ("true or false", (bool,)),
}


def type_name(entry: dataclasses.Field[Any]) -> str:
    """The name of a setting's type: int, float, str, bool, frames or list."""
    kind = entry.type if isinstance(entry.type, str) else getattr(entry.type, "__name__", str(entry.type))
    kind = kind.removeprefix("authoring.").lower()
    return "list" if kind.startswith(("tuple", "list")) else kind


def _converted(name: str, value: Any, kind: str) -> Any:
    if kind == "frames":
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise BadSetting(name, f"{name} must be a frame list, like 1-100 or 1,5,9-20")
        try:
            return Frames.parse(str(value))
        except BadFrames as error:
            raise BadSetting(name, str(error)) from error
    if kind == "list":
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise BadSetting(name, f"{name} must be a list of texts")
        return tuple(value)
    words, types = _KINDS[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "bool"):
        raise BadSetting(name, f"{name} is {value!r}; it must be {words}")
    return float(value) if kind == "float" else value  # type: ignore[arg-type]
