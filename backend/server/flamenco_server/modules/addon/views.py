"""The Blender add-on, over HTTP."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, current_app
from werkzeug.wsgi import FileWrapper

from flamenco_server.context import Core, own_url
from flamenco_server.endpoints import Endpoints
from flamenco_server.modules.addon import service
from flamenco_server.modules.addon.schemas import AddonPackage, AddonPackages, ExtensionIndex, Kind
from flamenco_server.modules.addon.service import Package, Packages
from flamenco_server.modules.auth.principal import Role

endpoint = Endpoints("addon")
ZIP = "application/zip"
BLOCK = 256 * 1024


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    app.extensions["flamenco.addon"] = Packages(core.config.addon_dir or service.BUILT)


def _packages() -> Packages:
    return cast(Packages, current_app.extensions["flamenco.addon"])


@endpoint("GET", "/addon", answer=AddonPackages, role=Role.VIEWER)
def addon() -> AddonPackages:
    """Say which packages of the Blender add-on there are."""
    address = own_url()
    return AddonPackages(
        address=address,
        items=[_described(package, address) for package in _packages().all()],
        repository=f"{address}/api/addon/index.json",
    )


def _described(package: Package, address: str) -> AddonPackage:
    return AddonPackage(
        kind=package.kind,
        name=package.path.name,
        version=package.version,
        blender=service.BLENDERS[package.kind],
        size=package.path.stat().st_size,
        url=f"{address}/api/addon/{package.kind}.zip",
    )


@endpoint("GET", "/addon/legacy.zip", role=Role.VIEWER, raw_answer=ZIP, statuses=(404,))
def legacy_addon() -> Response:
    """Send the add-on for Blender 3.4 to 4.1, which knows this server's address then."""
    return _sent("legacy")


@endpoint("GET", "/addon/extension.zip", role=Role.VIEWER, raw_answer=ZIP, statuses=(404,))
def extension_addon() -> Response:
    """Send the add-on for Blender 4.2 and later, which knows this server's address then."""
    return _sent("extension")


@endpoint("GET", "/addon/index.json", answer=ExtensionIndex, role=Role.VIEWER, statuses=(404,))
def extension_index() -> ExtensionIndex:
    """List the add-on as a repository of extensions does, for Blender 4.2 and later to update it from."""
    return ExtensionIndex("v1", [], [service.listing(_packages().one("extension"), own_url())])


def _sent(kind: Kind) -> Response:
    package = _packages().one(kind)
    file = service.filled(package, own_url())
    size = file.seek(0, 2)
    file.seek(0)
    answer = Response(FileWrapper(file, BLOCK), content_type=ZIP, direct_passthrough=True)
    answer.content_length = size
    answer.headers.set("Content-Disposition", "attachment", filename=package.path.name)
    return answer
