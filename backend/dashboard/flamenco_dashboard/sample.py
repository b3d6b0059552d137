"""The sample that the first start submits with one button, so that a newcomer sees a frame before they own a scene.

`scripts/sample` makes the file. It goes to the server as everybody's scenes do, in the name of whoever is signed in.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from flamenco_dashboard.proxy import upstream
from flamenco_dashboard.sessions import HEADER, check_mark, token_of

blueprint = Blueprint("sample", __name__)

SAMPLE = Path(__file__).parent / "sample" / "turning_monkey.blend"
# What the file says of itself, as the job types ask for it; a test holds the two together.
SCENE = {
    "frame_range": "1-24", "frame": 1, "fps": 24.0, "width": 480, "height": 270, "resolution_x": 480,
    "resolution_y": 270, "resolution_percentage": 100, "engine": "CYCLES", "format": "PNG", "color_depth": "8",
    "samples": 8, "scene": "Scene", "camera": "Camera", "cameras": ["Camera"], "view_layers": ["ViewLayer"],
    "has_sequencer": False, "has_sound": False, "simulations": [],
}  # fmt: skip


@cache
def document() -> dict[str, Any]:
    """The submission, but for its client token."""
    content = SAMPLE.read_bytes()
    file = {"path": SAMPLE.name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return {
        "name": "Sample: a turning monkey", "type": "render", "settings": {"frames": SCENE["frame_range"]},
        "scene": SCENE, "blend": SAMPLE.name, "files": [file], "blender": ">=3.4",
    }  # fmt: skip


@blueprint.post("/sample")
def submit() -> Response:
    """Send the sample and submit it; the answer is the server's. The same `client_token` twice is one job."""
    token = token_of(request)
    check_mark(request, token, request.headers.get(HEADER, ""))
    body = request.get_json(silent=True)
    client_token = str(body.get("client_token", ""))[:100] if isinstance(body, dict) else ""
    with upstream().call(
        "PUT", f"/api/files/{document()['files'][0]['sha256']}", token, body=SAMPLE.read_bytes()
    ) as sent:
        if sent.status_code >= 400:
            return _passed_on(sent)
    submission = json.dumps({**document(), "client_token": client_token}).encode()
    kind = {"Content-Type": "application/json"}
    with upstream().call("POST", "/api/jobs", token, body=submission, headers=kind) as answer:
        return _passed_on(answer)


def _passed_on(answer: Any) -> Response:
    return Response(answer.content, answer.status_code, content_type=answer.headers.get("Content-Type", ""))
