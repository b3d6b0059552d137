"""Commands as a job compiler writes them: each function gives one command document for a step's template.

The arguments are the fields of the command of the same name in `commands`; a value may also be a placeholder
(`Task.frames`), a scene source (`Scene.FPS`), a frame list or another step's outputs.
"""

from __future__ import annotations

from typing import Any


class _Group:
    """Commands of one family; an unknown name or field is found when the template is checked."""

    def __init__(self, family: str, names: dict[str, str]) -> None:
        self._family = family
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(f"there is no command {self._family}.{name}")

        def command(*first: Any, **fields: Any) -> dict[str, Any]:
            if len(first) > 1:
                raise TypeError(f"{self._family}.{name} takes one positional argument")
            if first:
                fields[self._names[name]] = first[0]
            return {"command": f"{self._family}.{name}", **fields}

        return command


blender = _Group("blender", {"render": "frames", "bake": "simulation", "write_image": "image", "mixdown": "frames"})
ffmpeg = _Group("ffmpeg", {"encode": "inputs", "concat": "inputs"})
image = _Group("image", {"merge_tiles": "inputs", "merge_samples": "inputs"})
files = _Group("files", {"copy": "inputs", "move": "inputs"})
