"""What becomes of what the compositor writes itself."""

from __future__ import annotations

from collections.abc import Iterator

from ...scene.destinations import compositor, output_nodes
from ..findings import Editor, Finding, Place, Severity
from ..rendering import Rendered, rendered
from ..subject import Step, Subject


def check(subject: Subject) -> Iterator[Step]:
    """File Output nodes, and jobs that leave the compositor out."""
    if rendered(subject) is not Rendered.SCENE:
        return
    tree = compositor(subject.scene)
    if tree is None or not len(tree.nodes):
        return
    if subject.setting("split_view_layers", False):
        yield Finding(
            "compositor",
            Severity.WARNING,
            "With a file for each view layer the compositor is left out",
            subject.at(Editor.COMPOSITOR),
        )
        return
    for owner, node in output_nodes(tree):
        if not node.mute:
            yield _output(subject, owner, node)


def _output(subject: Subject, owner: object, node: object) -> Finding:
    name = str(getattr(node, "name", ""))
    path = str(getattr(node, "directory", None) or getattr(node, "base_path", ""))
    return Finding(
        "compositor",
        Severity.NOTE,
        f"What the node {name} writes to {path or 'the output folder'} comes back with the job's results",
        _place(subject, owner, name),
    )


def _place(subject: Subject, owner: object, node: str) -> Place:
    group = str(getattr(owner, "name", ""))
    if group in subject.data.node_groups:
        return Place("node_groups", group, part=node, editor=Editor.COMPOSITOR)
    return Place("scenes", subject.scene_name, part=node, editor=Editor.COMPOSITOR)
