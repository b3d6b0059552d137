"""`flamenco addon`: the Blender add-on from the farm's server, which knows the server's address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flamenco_client.api import Client
from flamenco_client.errors import LocalFault, NotFound, ServerFault
from flamenco_client.fetch import blocks
from flamenco_client.progress import Counter, Progress

from flamenco_cli.common import FOLDER, bars, farm_verb, print_json

_NAME = re.compile(r"[\w][\w.-]*\.zip", re.ASCII)
HOW = {
    "extension": "Blender 4.2 and later: Edit > Preferences > Get Extensions > Install from Disk",
    "legacy": "Blender 3.4 to 4.1: Edit > Preferences > Add-ons > Install",
}


@click.command("addon")
@click.option("--extension", "kinds", flag_value="extension", multiple=True, help="For Blender 4.2 and later.")
@click.option("--legacy", "kinds", flag_value="legacy", multiple=True, help="For Blender 3.4 to 4.1.")
@click.option("--to", "folder", type=FOLDER, default=Path(), help="Where to [default: here].")
@farm_verb
def addon(client: Client, as_json: bool, kinds: tuple[str, ...], folder: Path) -> None:
    """Download the Blender add-on, for one kind of Blender or for both."""
    wanted = kinds or tuple(HOW)
    offered = {package["kind"]: package for package in packages(client) if package["kind"] in wanted}
    if not offered:
        raise NotFound("the Blender add-on was not built on the farm's server: say `make addon` there, then ask again")
    with bars(not as_json) as progress:
        brought = {kind: bring(client, package, folder, progress) for kind, package in offered.items()}
    if as_json:
        print_json([{"kind": kind, "path": str(path)} for kind, path in brought.items()])
        return
    for kind, path in brought.items():
        click.echo(f"{path}\n    {HOW[kind]}")


def packages(client: Client) -> list[dict[str, Any]]:
    """The packages that the server offers. Raises `ServerFault` for an answer that is none."""
    listed = list(client.items("/addon"))
    for package in listed:
        if package.get("kind") not in HOW or not _NAME.fullmatch(str(package.get("name"))):
            raise ServerFault(f"{client.address} named an add-on that is none of ours: {package.get('name')!r}")
    return listed


def bring(client: Client, package: dict[str, Any], folder: Path, progress: Progress) -> Path:
    """Download a package to the folder; it is there whole or not at all."""
    target = folder / str(package["name"])
    unfinished = target.with_name(f".{target.name}.part")
    with _written(target), client.call("GET", f"/addon/{package['kind']}.zip", stream=True) as answer:
        counter = Counter(progress, "fetch", int(answer.headers.get("Content-Length") or package["size"]))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as file:
                for block in blocks(answer):
                    file.write(block)
                    counter.add(len(block))
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    return target


@contextmanager
def _written(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LocalFault(f"{target} cannot be written: {error.strerror or error}") from error
