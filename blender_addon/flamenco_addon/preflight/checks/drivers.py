"""Drivers say the same on the farm: there Python in expressions is held back unless the project may run scripts."""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Iterator
from typing import Any

from ..findings import Editor, Finding, Place, Severity
from ..subject import Step, Subject, linked_from, sliced
from .libraries import collections

# What Blender lets a driver use while scripts are not allowed, measured on 3.4, 4.5 and 5.0; no attributes.
WORDS = (
    "frame", "self", "bpy", "noise", "depsgraph", "lerp", "clamp", "smoothstep", "all", "any", "len", "max", "min", "pow",
    "round", "sum", "bool", "float", "int", "True", "False", "None",
)  # fmt: skip
SAFE = frozenset(WORDS) | frozenset(name for name in dir(math) if not name.startswith("_"))
BUILT_IN = SAFE | frozenset(dir(builtins))


def check(subject: Subject) -> Iterator[Step]:
    """All scripted expressions."""
    for collection in collections(subject.data):
        for blocks in sliced(_getter(subject, collection)):
            for block in blocks:
                if not hasattr(block, "animation_data"):
                    break
                yield from _of(subject, collection, block, block)
                tree = getattr(block, "node_tree", None) if collection != "node_groups" else None
                if tree is not None:
                    yield from _of(subject, collection, block, tree)
            yield None


def _getter(subject: Subject, collection: str) -> Callable[[], Any]:
    return lambda: getattr(subject.data, collection)


def _of(subject: Subject, collection: str, block: Any, animated: Any) -> Iterator[Finding]:
    data = animated.animation_data
    for curve in data.drivers if data is not None else ():
        driver = curve.driver
        if driver.type != "SCRIPTED" or driver.is_simple_expression:
            continue
        problem = held_back(driver.expression, [each.name for each in driver.variables], subject.scripts_allowed)
        if problem and not _defined(subject, problem):
            yield Finding(
                "drivers",
                Severity.WARNING,
                sentence(f"{block.name}, {curve.data_path}", driver.expression, problem, subject.scripts_allowed),
                Place(collection, block.name, linked_from(block), curve.data_path, Editor.DRIVERS),
            )


def held_back(expression: str, variables: list[str], scripts_allowed: bool) -> str:
    """The first name in an expression that the workers' Blender does not know or allow; empty if there is none."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return ""  # it fails here as well
    known = (BUILT_IN if scripts_allowed else SAFE) | set(variables)
    if scripts_allowed:  # else nothing that has names of its own is allowed
        known |= own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in known:
            return node.id
        if isinstance(node, ast.Attribute) and not scripts_allowed:
            return node.attr
    return ""


def own_names(tree: ast.AST) -> set[str]:
    """The names that an expression defines itself: what its comprehensions count with, and the arguments of its functions."""
    nodes = list(ast.walk(tree))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _defined(subject: Subject, name: str) -> bool:
    """Whether scripts may run, and one in the .blend that runs seems to define the name."""
    if not subject.scripts_allowed:
        return False
    return any(text.use_module and name in text.as_string() for text in subject.data.texts)


def sentence(where: str, expression: str, name: str, scripts_allowed: bool) -> str:
    """What is wrong with a driver."""
    if scripts_allowed:
        return f"The driver of {where} ({expression}) uses {name}, which no script of the .blend seems to define"
    return f"The driver of {where} ({expression}) uses {name}, which works only where scripts may run: on the farm in trusted projects"
