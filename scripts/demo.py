"""The demo: a .blend is rendered by a whole farm on this machine, frame by frame, to checked frames and a video.

Everything runs as a user would run it: `flamenco up`, `flamenco submit`. What it makes is in the folder .demo.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from flamenco_client.api import Client

HERE = Path(__file__).parent
DEMO = Path(".demo").absolute()
WHEEL = Path(".venv/blenders/4.5").absolute()
FLAMENCO = [sys.executable, "-m", "flamenco_cli"]


def main() -> int:
    """Run the demo; exit code 0 when every frame is there and checked."""
    began = time.monotonic()
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    blender = shutil.which("blender") or ""
    scene = DEMO / "shot.blend"
    print("demo: making a scene with " + (f"the Blender at {blender}" if blender else "Blender from its wheel"))
    make_scene(blender, scene)
    with farm(blender) as (address, token):
        result = DEMO / "result"
        environment = {**os.environ, "FLAMENCO_SERVER": address, "FLAMENCO_TOKEN": token}
        done = subprocess.run([*FLAMENCO, "submit", str(scene), "--to", str(result)], env=environment, check=False)
        if done.returncode:
            print("demo: the job did not complete; the logs are in .demo/farm/logs", file=sys.stderr)
            return 1
        client = Client(address, token)
        job = next(iter(client.jobs()))
        outputs = list(client.outputs(job["id"]))
    frames = [each for each in outputs if each["kind"] == "frame" and (result / each["path"]).is_file()]
    videos = [each for each in outputs if each["kind"] == "video" and (result / each["path"]).is_file()]
    if len(videos) != 1 or not frames:
        print(f"demo: {len(frames)} frames and {len(videos)} videos arrived", file=sys.stderr)
        return 1
    video = (result / videos[0]["path"]).relative_to(Path.cwd())
    print(f"demo: {len(frames)} frames checked, video {video}, {time.monotonic() - began:.0f} s")
    return 0


def make_scene(blender: str, file: Path) -> None:
    """Let Blender build the scene."""
    script = str(HERE / "demo_scene.py")
    command = (
        [blender, "-b", "--factory-startup", "--python-exit-code", "1", "-P", script]
        if blender
        else [sys.executable, script]
    )
    environment = os.environ if blender else {**os.environ, "PYTHONPATH": str(WHEEL)}
    done = subprocess.run([*command, "--", str(file)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not file.is_file():
        sys.exit(f"demo: Blender could not make the scene:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def farm(blender: str) -> Iterator[tuple[str, str]]:
    """`flamenco up` in a folder of its own, on free ports; gives its address and a token."""
    ports = ["--port", "0", "--manager-port", "0", "--events-port", "0", "--dashboard-port", "0"]
    mine = ["--no-find-blenders", "--blender", blender or f"bpy:{WHEEL}"]
    up = subprocess.Popen([*FLAMENCO, "up", "--data-dir", str(DEMO / "farm"), "--no-remember", *ports, *mine])
    state = DEMO / "farm" / "farm.json"
    try:
        while not state.exists():
            if up.poll() is not None:
                sys.exit("demo: the farm did not start")
            time.sleep(0.1)
        said = json.loads(state.read_text(encoding="utf-8"))
        yield said["address"], Path(said["token_file"]).read_text(encoding="utf-8").strip()
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)


if __name__ == "__main__":
    sys.exit(main())
