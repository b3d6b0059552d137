"""What the scene renders on here, and on the farm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Editor, Finding, Severity
from ..rendering import Rendered, engine, rendered
from ..subject import Step, Subject

CPU, GPU = "CPU", "GPU"


def check(subject: Subject) -> Iterator[Step]:
    """Graphics cards of the workers that may take the job."""
    if rendered(subject) is not Rendered.SCENE:
        return
    cards = [worker.gpu for worker in subject.workers]
    place = subject.at(Editor.RENDER)
    if subject.setting("gpu", False) and cards and not any(cards):
        yield Finding("device", Severity.WARNING, "The job is for workers with a GPU, and none has one: it would wait")
    elif engine(subject) == "CYCLES":
        yield from _cycles(subject, cards)
    elif engine(subject).startswith("BLENDER_EEVEE") and cards and not any(cards):
        yield Finding("device", Severity.NOTE, "No worker has a GPU: Eevee renders there by software, slowly", place)


def _cycles(subject: Subject, cards: list[bool]) -> Iterator[Finding]:
    cycles: Any = getattr(subject.scene, "cycles", None)
    device = str(subject.job.overrides.get("device") or (cycles.device if cycles is not None else CPU))
    if device == GPU:
        yield from _gpu(subject, cards, cycles)
    elif cards and all(cards):
        text = "The scene renders on the CPU, though all workers have a GPU"
        yield Finding("device", Severity.NOTE, text, subject.at(Editor.RENDER), fix="Render on the GPU", value=GPU)


def _gpu(subject: Subject, cards: list[bool], cycles: Any) -> Iterator[Finding]:
    place = subject.at(Editor.RENDER)
    if cards and not any(cards):
        lost = "the OptiX denoiser is lost, and " if uses_optix(cycles) else ""
        text = f"The scene renders on the GPU, and no worker has one: {lost}it takes longer on their CPUs"
        yield Finding("device", Severity.WARNING, text, place)
    elif not all(cards) and not subject.setting("gpu", False):
        text = (
            "The scene renders on the GPU, and some workers have none: they take longer, and pictures differ slightly"
        )
        yield Finding("device", Severity.NOTE, text, place)
    if subject.here.compute_device == "NONE":
        text = "The scene asks for the GPU, but none is switched on in the preferences: here it renders on the CPU"
        yield Finding("device", Severity.NOTE, text, place)


def uses_optix(cycles: Any) -> bool:
    """Whether the picture is denoised by what only NVIDIA's cards can."""
    return bool(getattr(cycles, "use_denoising", False)) and getattr(cycles, "denoiser", "") == "OPTIX"


def fix(finding: Finding, subject: Subject) -> None:
    """Let Cycles use the cards."""
    scene: Any = subject.scene
    scene.cycles.device = finding.value
