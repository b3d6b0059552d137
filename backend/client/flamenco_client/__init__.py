"""A small client of the farm's server: submit, follow, fetch. For the command line, the add-on and pipeline tools.

It needs requests, Blender Asset Tracer and zstandard only, so that it can be built into Blender's add-on.

    from flamenco_client import Client, Submission, submit, fetch

    farm = Client("http://farm:8080", "user_3_…")
    job = submit(farm, Path("shot.blend"), Submission(type="render"))
    fetch(farm, job["id"], Path("renders"))
"""

from flamenco_client.api import Client
from flamenco_client.errors import (
    BadBlend,
    BadRequest,
    Canceled,
    ClientError,
    Conflict,
    FilesMissing,
    NotAllowed,
    NotFound,
    ServerFault,
    Unreachable,
)
from flamenco_client.fetch import Fetched, fetch
from flamenco_client.pack import Pack, PackedFile, pack, project_root
from flamenco_client.pictures import is_pictures, pack_pictures
from flamenco_client.progress import Progress
from flamenco_client.scene import BlendInfo, read_blend
from flamenco_client.submit import Submission, submit
from flamenco_client.upload import upload

__all__ = [
    "BadBlend", "BadRequest", "BlendInfo", "Canceled", "Client", "ClientError", "Conflict", "Fetched", "FilesMissing",
    "NotAllowed", "NotFound", "Pack", "PackedFile", "Progress", "ServerFault", "Submission", "Unreachable", "fetch",
    "is_pictures", "pack", "pack_pictures", "project_root", "read_blend", "submit", "upload",
]  # fmt: skip
