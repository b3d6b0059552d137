"""What is checked: the scene, what the artist chose for the job, this Blender, and what the farm offers.

A check may be interrupted while the artist goes on working, so nothing of Blender's is kept from one slice to the
next: `Subject.scene` is looked up anew, and what `survey` found is kept as plain texts and numbers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.catalogue import Catalogue, FarmWorker, JobType
from ..core.forms import Field
from .disk import Disk
from .findings import Finding, Place
from .versions import Version

if TYPE_CHECKING:
    import bpy

SLICE = 250  # items of a collection that are looked at without a pause


@dataclass(frozen=True)
class Later:
    """A question to the disk, answered in a thread. `answer` must hold nothing of Blender's."""

    answer: Callable[[Disk], Iterator[Finding]]


# What a check yields: a finding, a question to the disk, or None where it may be interrupted.
Step = Finding | Later | None


@dataclass(frozen=True)
class Wanted:
    """What is wanted of the job."""

    type: str = "render"
    name: str = ""
    project: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)  # those that are not the scene's own or the defaults
    priority: int = 50
    blender: str = ""  # like "4.5" or ">=4.2"; empty: this Blender's series or newer
    preset: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    max_workers: int = 0
    allow_missing: bool = False
    shared: bool = False
    root: Path | None = None  # of the project; None: found by its marks
    output: str = ""  # where the results are brought to; empty: the scene's own output folder


@dataclass
class Memory:
    """What the .blend does not say of itself; it begins anew when a file is opened."""

    opened_at: float = 0.0  # when the file was read from the disk; 0: not known
    reloaded_at: dict[str, float] = field(default_factory=dict)  # libraries that were read again since
    packed: set[str] = field(default_factory=set)  # images that a fix packed: undone, their changes are unsaved again


@dataclass(frozen=True)
class Here:
    """This Blender, and the file that is open."""

    version: Version = (0, 0, 0)
    cycle: str = "release"
    blend: str = ""  # its path; empty if it was never saved
    saved: bool = False  # whether the file on the disk is known to be what is open
    memory: Memory = field(default_factory=Memory)
    compute_device: str = ""  # of Cycles in the user's preferences: NONE, CUDA, …; empty: not known
    color_config: str = ""  # a file of the studio's that replaces Blender's colour management
    listeners: tuple[str, ...] = ()  # modules of add-ons whose functions Blender calls when frames change or render

    @property
    def folder(self) -> str:
        """The folder of the .blend; empty if it was never saved."""
        return os.path.dirname(self.blend) if self.blend else ""  # noqa: PTH120


@dataclass(frozen=True)
class FileUse:
    """A file that a data-block names."""

    kind: str  # in words, like "image"
    written: str  # the path as the data-block has it
    path: str  # on this machine; of a tiled image with its <UDIM>
    place: Place
    source: str = "FILE"  # FILE, SEQUENCE, TILED, FOLDER
    tiles: tuple[int, ...] = ()
    linked: bool = False  # the data-block is in a library, and cannot be changed here
    needed: bool = True  # whether the pack has to find it
    attribute: str = "filepath"


@dataclass(frozen=True)
class SequenceUse:
    """How a node or a texture counts the pictures of a sequence."""

    path: str
    place: Place
    start: int
    length: int
    offset: int
    cyclic: bool


@dataclass(frozen=True)
class NodeUse:
    """A node that workers may not have."""

    place: Place
    idname: str
    module: str = ""  # of the add-on that brings it; empty: nobody knows it even here


@dataclass(frozen=True)
class SimulationUse:
    """A simulation of the scene; what was baked of it is in the .blend, or in `folder`."""

    kind: str  # cloth, softbody, particles, hair, fluid, nodes, paint, rigidbody
    key: str  # as the job type bake names it
    place: Place
    baked: bool | None = None  # None: only its folder tells
    outdated: bool = False
    folder: str = ""
    prefix: str = ""  # of its files in that folder
    packed: bool = False  # if it is baked, that is in a .blend, and only the file itself tells
    holder: str = ""  # that .blend; empty if it was never saved
    zone: int = 0  # the number of the bake in there
    sure: bool = False  # whether what is open is what lies there
    linked: bool = False
    start: int = 0  # the frame that it begins with, which needs no baking


@dataclass
class Subject:
    """All that the checks may look at. `survey` fills the lists before the checks run."""

    data: bpy.types.BlendData
    scene_name: str
    job: Wanted = Wanted()
    here: Here = Here()
    catalogue: Catalogue | None = None
    files: list[FileUse] = field(default_factory=list)
    sequences: list[SequenceUse] = field(default_factory=list)
    nodes: list[NodeUse] = field(default_factory=list)
    simulations: list[SimulationUse] = field(default_factory=list)

    @property
    def scene(self) -> bpy.types.Scene:
        """The scene, as it is now."""
        return self.data.scenes[self.scene_name]

    @property
    def place(self) -> Place:
        """The scene as a place."""
        return Place("scenes", self.scene_name)

    def at(self, editor: str) -> Place:
        """The scene in an editor."""
        return Place("scenes", self.scene_name, editor=editor)

    @property
    def job_type(self) -> JobType | None:
        """The chosen job type, if the farm is known and has it."""
        return self.catalogue.job_type(self.job.type) if self.catalogue else None

    @property
    def fields(self) -> tuple[Field, ...]:
        """The settings of the chosen job type, as far as they are known."""
        job_type = self.job_type
        return job_type.fields if job_type else ()

    def setting(self, name: str, default: Any = None) -> Any:
        """A setting of the job: as chosen, else the job type's default, else `default`."""
        if name in self.job.settings:
            return self.job.settings[name]
        declared = next((each for each in self.fields if each.name == name), None)
        return default if declared is None or declared.default is None else declared.default

    @property
    def blender(self) -> str:
        """The wanted Blender."""
        return self.job.blender or f">={self.here.version[0]}.{self.here.version[1]}"

    @property
    def workers(self) -> tuple[FarmWorker, ...]:
        """The workers that may take the job by its tags."""
        wanted = set(self.job.tags)
        return tuple(each for each in self.catalogue.workers if wanted <= set(each.tags)) if self.catalogue else ()

    @property
    def scripts_allowed(self) -> bool:
        """Whether the workers run the scripts of the .blend."""
        return self.catalogue is not None and self.job.project in self.catalogue.scripts_allowed


def sliced(get: Callable[[], Any], size: int = SLICE) -> Iterator[list[Any]]:
    """A collection of Blender's in pieces; it is fetched anew for each, as it may change in between."""
    start = 0
    while True:
        piece = get()[start : start + size]
        if not piece:
            return
        yield piece
        if len(piece) < size:
            return
        start += size


def linked_from(block: Any) -> str:
    """The library's file of a linked data-block; empty if it is local."""
    library = block.library
    return str(library.filepath) if library is not None else ""
