"""Plays the artist, inside Blender: builds each row's scene, sends it to the farm, then renders it here.

    artist.py -- PLAN TOLD

PLAN is JSON: {"folder", "media", "rows": [names]}. TOLD gets a line of JSON for each thing that happened, at once, so that
a Blender that crashes is known to have crashed in a certain row.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from matrix_scenes import ROWS, Row
from matrix_scenes.stage import Stage

WARNING = "Flamenco: warning: "


class Artist:
    """One session of Blender with many scenes after one another."""

    def __init__(self, folder: Path, media: Path, told: Path) -> None:
        self.folder, self.media, self.told = folder, media, told

    def tell(self, row: Row, **what: Any) -> None:
        """Add a line to what is told."""
        with self.told.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"row": row.name, "at": time.time(), **what}) + "\n")

    def play(self, row: Row) -> None:
        """Build, send, render; whatever goes wrong is told."""
        self.tell(row, did="begun")
        try:
            stage = self.build(row)
            if self.send(row):
                stage.before_rendering()
                self.render(row, stage.alone)
                self.tell(row, did="rendered")
        except Exception:
            self.tell(row, did="failed", error=traceback.format_exc())

    def build(self, row: Row) -> Stage:
        """The scene as it stands in the artist's session."""
        stage = Stage(self.folder / row.name / "project", self.media)
        stage.folder.mkdir(parents=True)
        row.build(stage)
        if not stage.kept:
            stage.keep()
        return stage

    def send(self, row: Row) -> bool:
        """Send what is open to the farm; False if the add-on refuses."""
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                bpy.ops.flamenco.submit_job(
                    name=row.name,
                    job_type=row.type,
                    project=row.project,
                    settings=json.dumps(row.sent()),
                    blender=".".join(str(number) for number in bpy.app.version[:2]),
                )
        except RuntimeError as error:
            self.tell(row, did="refused", refused=str(error).removeprefix("Error: ").strip())
            return False
        warnings = [line.split(": ", 2)[2] for line in said.getvalue().splitlines() if line.startswith(WARNING)]
        self.tell(row, did="sent", job=bpy.context.window_manager.flamenco_last_job, warnings=warnings)
        return True

    def render(self, row: Row, alone: int | None) -> None:
        """Render on this machine what the farm renders: all frames of the scene, or one of them."""
        local = self.folder / row.name / "local"
        scene = bpy.context.scene
        image = scene.render.image_settings
        if scene.render.is_movie_format:
            if hasattr(image, "media_type"):
                image.media_type = "IMAGE"
            image.file_format = "PNG"
        scene.render.filepath = str(local / "frames" / ("####" if alone is None else f"{alone:04}"))
        bpy.ops.render.render(animation=alone is None, write_still=alone is not None, scene=scene.name)
        extra = Path(bpy.path.abspath("//extra")) if bpy.data.filepath else None
        if extra is not None and extra.is_dir():
            (local / "compositor").mkdir()
            shutil.move(str(extra), local / "compositor" / "Extra")


def main() -> None:
    """Play all rows of the plan."""
    plan, told = (Path(each) for each in sys.argv[-2:])
    wanted = json.loads(plan.read_text(encoding="utf-8"))
    artist = Artist(Path(wanted["folder"]), Path(wanted["media"]), told)
    for name in wanted["rows"]:
        artist.play(ROWS[name])


if __name__ == "__main__":
    main()
