"""Where a scene's results belong: beside what Blender itself would have written, under the same names.

A destination is taken from the scene when it is sent, as the scene may change, or another file be open, when the
frames come. What the farm names a file decides its kind and its frame only, never where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from flamenco_client.errors import ServerFault
from flamenco_client.fetch import safe_path

from .forms import text

# Results come under these endings only, so that no server can leave something behind that runs when it is opened.
SUFFIXES = frozenset([
    ".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".tga", ".bmp", ".hdr", ".webp", ".jp2", ".j2c", ".cin", ".dpx",
    ".rgb", ".sgi", ".mp4", ".mov", ".webm", ".mkv", ".avi", ".flac", ".wav", ".mp3", ".ogg", ".aac",
    ".bphys", ".vdb", ".uni", ".gz", ".raw", ".bobj", ".npz", ".blob", ".json", ".blend",
])  # fmt: skip
PARTS = ("parts", "tiles", "chunks")  # folders of what a later step put together
_NUMBER = re.compile(r"-?\d+")
_VIEW = re.compile(r"[\w.-]{0,64}")


@dataclass(frozen=True)
class Output:
    """A file that a job made, as far as it matters here."""

    id: int
    path: str
    sha256: str
    size: int
    kind: str = "frame"
    frame: int | None = None
    root: str = "output"

    @property
    def is_part(self) -> bool:
        """Whether a later step put it together with others."""
        return self.kind in ("tile", "samples") or self.path.split("/")[0] in PARTS


@dataclass(frozen=True)
class Destination:
    """What the scene says of its output; `before`, number and `after` are the name of a frame's file."""

    folder: str
    blend: str = ""
    scene: str = ""
    before: str = ""
    digits: int = 4
    after: str = ".png"  # with the extension, unless the scene wants none
    extension: str = ".png"  # of the scene's format
    movie: str = ""  # the file that the scene would have written, if it writes a movie
    root: str = ""  # of the project: baked caches belong below
    nodes: Mapping[str, str] = field(default_factory=dict)  # of File Output nodes: name on the farm -> folder

    def document(self) -> dict[str, Any]:
        """As it is kept."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def below(self, name: str) -> Destination:
        """The same in a folder of its own."""
        inside = Path(self.folder, name)
        movie = str(inside / Path(self.movie).name) if self.movie else ""
        nodes = {node: str(inside / "compositor" / node) for node in self.nodes}
        return replace(self, folder=str(inside), movie=movie, nodes=nodes, root=str(inside) if self.root else "")


def destination_from(kept: object) -> Destination | None:
    """A destination as it was kept, or None if it is none."""
    if not isinstance(kept, Mapping) or not isinstance(kept.get("folder"), str) or not kept["folder"]:
        return None
    digits, nodes = kept.get("digits"), kept.get("nodes")
    return Destination(
        **{
            each.name: str(kept.get(each.name, each.default))
            for each in fields(Destination)
            if each.name not in ("digits", "nodes")
        },
        digits=digits if isinstance(digits, int) and 0 < digits < 20 else 4,
        nodes={str(name): str(at) for name, at in nodes.items()} if isinstance(nodes, Mapping) else {},
    )


def output_from(item: Mapping[str, Any]) -> Output:
    """An output as the server lists it. Raises `ServerFault`."""
    id_, size, frame = item.get("id"), item.get("size"), item.get("frame")
    if not isinstance(id_, int) or not isinstance(size, int) or not isinstance(item.get("path"), str):
        raise ServerFault("the server listed an output that cannot be understood")
    return Output(
        id=id_,
        path=str(item["path"]),
        sha256=text(item.get("sha256")),
        size=size,
        kind=text(item.get("kind")),
        frame=frame if isinstance(frame, int) and not isinstance(frame, bool) else None,
        root="job" if item.get("root") == "job" else "output",
    )


def place(output: Output, where: Destination) -> Path:
    """The file that an output becomes. Raises `ServerFault` for one that must not come here."""
    folder = Path(where.folder)
    path = safe_path(Path(), output.path)
    if path.suffix.lower() not in SUFFIXES or any(
        part.startswith(".") or not part.isprintable() for part in path.parts
    ):
        raise ServerFault(
            f"the server named an output {text(output.path)[:200]!r}, which is no picture, video or cache"
        )
    if output.root == "job":
        return Path(where.root) / path if where.root else folder / "baked" / path
    if output.kind == "video":
        return _video(path, where)
    if output.kind == "image" and path.parts[0] == "compositor" and len(path.parts) > 2:
        named = where.nodes.get(path.parts[1])
        return Path(named).joinpath(*path.parts[2:]) if named else folder / path
    if output.frame is not None and (output.kind == "frame" or len(path.parts) == 1):
        return folder.joinpath(*path.parts[1:-1], frame_name(path, output, where))
    return folder / path


def frame_name(path: Path, output: Output, where: Destination) -> str:
    """A frame's file name as Blender would have chosen it, with the farm's extension where it is another."""
    assert output.frame is not None
    view = _NUMBER.sub("", path.stem, count=1) if output.kind == "frame" else ""
    if not _VIEW.fullmatch(view):
        raise ServerFault(f"the server named a frame {text(output.path)[:200]!r}")
    own = bool(where.extension) and where.after.lower().endswith(where.extension.lower())
    stem = where.after[: -len(where.extension)] if own else where.after
    same = path.suffix.lower() == where.extension.lower()
    sign = "-" if output.frame < 0 else ""
    number = f"{sign}{abs(output.frame):0{where.digits}d}"
    return f"{where.before}{number}{stem}{view}{'' if same and not own else path.suffix}"


def _video(path: Path, where: Destination) -> Path:
    """The scene's own movie where it writes one of this kind; else beside the frames."""
    if where.movie and Path(where.movie).suffix.lower() == path.suffix.lower():
        return Path(where.movie)
    if path.stem == "preview" and len(path.parts) == 1:
        return Path(where.folder, f"{where.before}{'' if where.before[-1:] in ('', '_', '-', '.') else '_'}{path.name}")
    return Path(where.folder) / path
