"""The scenes that preflight looks at: each case is one with a fault, and one without. They run in a Blender."""

from . import edits, files, job, libraries, scene, scripts, simulations

__all__ = ["edits", "files", "job", "libraries", "scene", "scripts", "simulations"]
