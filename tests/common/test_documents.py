"""Every document that travels arrives as what it was sent."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest
from any_document import any_document
from flamenco_common import abilities, commands, documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def structs(module: Any) -> list[type[msgspec.Struct]]:
    """The documents of a module."""
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, msgspec.Struct) and found.__module__ == module.__name__
    ]


ALL = [found for module in (documents, commands, abilities) for found in structs(module)]


@pytest.mark.parametrize("document", ALL, ids=lambda found: found.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_document_arrives_as_it_was_sent(document: type[msgspec.Struct], data: st.DataObject) -> None:
    sent = data.draw(any_document(document))
    wire = msgspec.json.encode(sent)
    assert msgspec.json.decode(wire, type=document) == sent
    assert msgspec.json.encode(msgspec.json.decode(wire, type=document)) == wire


@pytest.mark.parametrize("document", ALL, ids=lambda found: found.__name__)
def test_documents_cannot_be_changed_behind_ones_back(document: type[msgspec.Struct]) -> None:
    assert document.__struct_config__.frozen


def test_a_newer_peer_may_say_more() -> None:
    found = msgspec.json.decode(b'{"sha256": ["a"], "later": 1}', type=documents.HashList)
    assert found == documents.HashList(["a"])


def test_commands_are_told_apart_by_their_name() -> None:
    names = [found.__struct_config__.tag for found in structs(commands) if found.__struct_config__.tag]
    assert sorted(names) == sorted(set(names))
    assert {"blender.render", "blender.bake", "ffmpeg.encode", "image.merge_tiles", "files.copy", "exec"} <= set(names)
    read = msgspec.json.decode(
        b'{"command": "files.copy", "inputs": {"paths": ["a"]}, "target": "b"}', type=commands.Command
    )
    assert read == commands.CopyFiles(inputs=commands.FileSet(paths=["a"]), target="b")


def test_a_command_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'sh'"):
        msgspec.json.decode(b'{"command": "sh", "line": "rm -rf /"}', type=commands.Command)
