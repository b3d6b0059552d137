# SPDX-License-Identifier: GPL-3.0-or-later
"""My jobs: a row each, and of the selected one its newest picture, how far it is, and what can be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews

from .. import runtime
from ..core.jobs import Detail, FollowedJob
from ..core.notes import Note
from ..core.words import counted, shortened, size
from ..operators.job_actions import dashboard
from .drawing import sentence
from .panels import panel
from .sending_view import draw_bar

FEW = 6  # jobs that are listed at first
THUMBNAIL_SCALE = 7.0
MOST_PREVIEWS = 60
ICONS = {
    "queued": "SORTTIME",
    "processing": "RENDER_ANIMATION",
    "paused": "PAUSE",
    "completed": "CHECKMARK",
    "failed": "ERROR",
    "canceled": "X",
}

_previews: list[Any] = []  # Blender wants them to be made and removed with the add-on


def draw_jobs(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list."""
    state = runtime.current()
    state.look_at_jobs()
    layout.use_property_split = False
    jobs = state.jobs.shown(state.blend)
    draw_head(layout, context)
    if state.jobs.problem:
        sentence(layout, context, state.jobs.problem, "ERROR")
    if not jobs:
        layout.label(text=nothing(), icon="INFO")
        return
    few = jobs if state.jobs.all_shown else jobs[:FEW]
    column = layout.column(align=True)
    for job in few:
        draw_row(column, job)
        if job.id == state.jobs.selected:
            draw_selected(column.box(), context, job)
    if len(jobs) > FEW:
        more = f"{len(jobs) - FEW} More" if not state.jobs.all_shown else "Fewer"
        icon: Any = "TRIA_DOWN" if not state.jobs.all_shown else "TRIA_UP"
        layout.operator("flamenco.jobs_more", text=more, icon=icon, emboss=False)


def draw_head(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is listed."""
    row = layout.row()
    row.prop(context.window_manager, "flamenco_jobs_here")
    row.operator("flamenco.jobs_refresh", text="", icon="FILE_REFRESH", emboss=False)


def nothing() -> str:
    """Why the list is empty."""
    jobs = runtime.current().jobs
    if jobs.here_only and jobs.jobs:
        return "No job was sent of this .blend from here"
    return "You have no jobs on this farm" if jobs.asked else "Asking the farm"


def draw_row(layout: bpy.types.UILayout, job: FollowedJob) -> None:
    """A job on one line: a click shows it in whole."""
    state = runtime.current()
    is_selected = job.id == state.jobs.selected
    row = layout.row(align=True)
    icon: Any = ICONS.get(job.state, "QUESTION")
    split = row.split(factor=0.68, align=True)
    name = split.row(align=True)
    name.alignment = "LEFT"
    name.operator(
        "flamenco.job_select", text=shortened(job.name, 60), icon=icon, emboss=False, translate=False
    ).job = job.id
    right = split.row(align=True)
    right.alignment = "RIGHT"
    told = right.row()
    told.alignment = "RIGHT"
    told.alert = job.state == "failed"
    told.label(text=short_state(job, state.jobs.details.get(job.id)), translate=False)
    arrow: Any = "DISCLOSURE_TRI_DOWN" if is_selected else "DISCLOSURE_TRI_RIGHT"
    right.operator("flamenco.job_select", text="", icon=arrow, emboss=False).job = job.id


def short_state(job: FollowedJob, detail: Detail | None) -> str:
    """How a job stands, in a word or two."""
    if not job.is_active:
        return job.state
    percent = f"{part_of(job, detail) * 100:.0f} %"
    return f"{percent} · {detail.eta}" if detail is not None and detail.eta else percent


def part_of(job: FollowedJob, detail: Detail | None) -> float:
    """How far a job is; its own answer counts the frames that are being rendered too."""
    return max(job.progress, detail.progress) if detail is not None and job.is_open else job.progress


# ---- the selected job ----


def draw_selected(layout: bpy.types.UILayout, context: bpy.types.Context, job: FollowedJob) -> None:
    """All of one job."""
    state = runtime.current()
    detail = state.jobs.details.get(job.id)
    draw_thumbnail(layout, job)
    column = layout.column(align=True)
    draw_progress(column, context, job, detail)
    for line, icon in lines(job, detail):
        sentence(column, context, line, icon)
    draw_actions(layout, context, job)
    draw_results(layout, context, job, state.jobs.note(job.id), detail)


def draw_thumbnail(layout: bpy.types.UILayout, job: FollowedJob) -> None:
    """The newest picture."""
    file = runtime.current().jobs.thumbnails.get(job.thumbnail)
    if file is not None:
        layout.template_icon(icon_value=icon_of(file), scale=THUMBNAIL_SCALE)


def icon_of(file: Path) -> int:
    """The picture as an icon."""
    if not _previews:
        return 0
    previews = _previews[0]
    if file.name not in previews:
        if len(previews) >= MOST_PREVIEWS:
            previews.clear()
        previews.load(file.name, str(file), "IMAGE")
    return int(previews[file.name].icon_id)


def draw_progress(
    layout: bpy.types.UILayout, context: bpy.types.Context, job: FollowedJob, detail: Detail | None
) -> None:
    """The bar."""
    text = f"{job.completed} of {counted(job.total, 'task')}"
    if detail is not None and detail.eta and job.is_active:
        text += f" · {detail.eta}"
    draw_bar(layout, context, part_of(job, detail), text, "flamenco_job_done")


def lines(job: FollowedJob, detail: Detail | None) -> list[tuple[str, str]]:
    """What is to be known of a job, with icons."""
    told = [(f"Job {job.id} · {job.type} · {job.state}", "NONE")]
    if detail is None:
        return told
    if detail.workers and job.is_open:
        told.append((f"{counted(detail.workers, 'worker')} on it", "NONE"))
    if detail.waiting_because and job.is_open:
        told.append((detail.waiting_because, "SORTTIME"))
    told += [(reason if times < 2 else f"{reason} ({times} times)", "ERROR") for reason, times in detail.failures]
    return told


def draw_actions(layout: bpy.types.UILayout, context: bpy.types.Context, job: FollowedJob) -> None:
    """The buttons that ask something of the farm."""
    jobs = runtime.current().jobs
    row = layout.row(align=True)
    row.enabled = not jobs.acting
    if job.state == "paused":
        button(row, "flamenco.job_resume", "Resume", "PLAY", job)
    elif job.is_active:
        button(row, "flamenco.job_pause", "Pause", "PAUSE", job)
    if job.is_open:
        button(row, "flamenco.job_cancel", "Cancel", "X", job)
    if job.failed:
        button(row, "flamenco.job_requeue", "Failed Again", "FILE_REFRESH", job).what = "FAILED"
    if not job.is_open:
        button(row, "flamenco.job_requeue", "Frames Again", "FILE_REFRESH", job).what = "FRAMES"
        button(row, "flamenco.job_requeue", "All Again", "LOOP_BACK", job).what = "ALL"
    if dashboard():
        button(row, "flamenco.job_open", "", "URL", job)
    if jobs.acting and jobs.action_job == job.id:
        layout.label(text=f"{jobs.acting} …", icon="SORTTIME")
    if jobs.action_problem and jobs.action_job == job.id:
        sentence(layout, context, jobs.action_problem, "ERROR")


def button(layout: bpy.types.UILayout, name: str, text: str, icon: Any, job: FollowedJob) -> Any:
    """A button about a job."""
    made: Any = layout.operator(name, text=text, icon=icon)
    made.job = job.id
    return made


# ---- its results ----


def draw_results(
    layout: bpy.types.UILayout, context: bpy.types.Context, job: FollowedJob, note: Note | None, detail: Detail | None
) -> None:
    """Where they go, how far they are, what is to be decided, and how to look at them."""
    results = runtime.current().results
    column = layout.column(align=True)
    if note is not None:
        sentence(column, context, note.destination.folder, "FILE_FOLDER")
    bringing = results.of(job.id)
    if bringing is not None:
        row = column.row(align=True)
        done = f"{size(bringing.done)} of {size(bringing.total)}" if bringing.total else "Looking for what is new"
        draw_bar(row, context, bringing.part, done, "flamenco_job_brought")
        button(row, "flamenco.job_fetch_cancel", "", "CANCEL", job)
    else:
        draw_bring(column, job, note)
    if note is not None and note.held and bringing is None:
        draw_question(layout, context, job, note)
    elif results.told.get(job.id) and bringing is None:
        sentence(layout, context, results.told[job.id], "ERROR" if job.id in results.failed else "CHECKMARK")
    is_here = note is not None and bool(note.brought)
    if is_here or (detail is not None and detail.storage == "shared" and job.completed):
        draw_show(layout, job)


def draw_bring(layout: bpy.types.UILayout, job: FollowedJob, note: Note | None) -> None:
    """The button, and whether it presses itself."""
    row = layout.row(align=True)
    bring = row.row(align=True)
    bring.enabled = bool(job.completed)
    button(bring, "flamenco.job_fetch", "Bring Results", "IMPORT", job)
    if note is not None:
        icon: Any = "CHECKBOX_HLT" if note.automatic else "CHECKBOX_DEHLT"
        button(row, "flamenco.job_automatic", "Automatically", icon, job)


def draw_question(layout: bpy.types.UILayout, context: bpy.types.Context, job: FollowedJob, note: Note) -> None:
    """Other files are where the results belong."""
    box = layout.column(align=True)
    others = "Another file of that name is" if note.held == 1 else f"{note.held} other files of these names are"
    sentence(box, context, f"{others} there already", "QUESTION")
    row = box.row(align=True)
    for policy, label in (("overwrite", "Overwrite"), ("keep", "Keep Both"), ("skip", "Skip")):
        button(row, "flamenco.job_settle", label, "NONE", job).policy = policy


def draw_show(layout: bpy.types.UILayout, job: FollowedJob) -> None:
    """The ways to look at what is here."""
    row = layout.row(align=True)
    button(row, "flamenco.job_show", "Show Result", "IMAGE_DATA", job).where = "IMAGE"
    button(row, "flamenco.job_show", "", "SEQUENCE", job).where = "SEQUENCER"
    button(row, "flamenco.job_show", "", "PLAY", job).where = "PLAYER"
    button(row, "flamenco.job_show", "", "FILE_FOLDER", job).where = "FOLDER"


# ---- what Blender needs ----


def _done(_manager: Any) -> float:
    jobs = runtime.current().jobs
    job = jobs.job(jobs.selected)
    return 100 * part_of(job, jobs.details.get(job.id)) if job is not None else 0.0


def _list_here(_manager: Any, value: bool) -> None:
    runtime.current().jobs.here_only = value


def _brought(_manager: Any) -> float:
    bringing = runtime.current().results.now
    return 100 * bringing.part if bringing is not None else 0.0


CLASSES: tuple[type, ...] = (panel("FLAMENCO_PT_jobs", "My Jobs", draw_jobs, closed=False, order=5),)
_manager: Any = bpy.types.WindowManager


def register() -> None:
    """Pictures, and the bars of Blenders before 4.0."""
    _previews.append(bpy.utils.previews.new())
    properties: Any = bpy.props
    _manager.flamenco_jobs_here = properties.BoolProperty(
        name="This .blend only", description="List only the jobs that were sent of this .blend from this machine",
        get=lambda _: runtime.current().jobs.here_only, set=_list_here,
    )  # fmt: skip
    for name, get in (("flamenco_job_done", _done), ("flamenco_job_brought", _brought)):
        bar = properties.FloatProperty(
            name="Done", description="How far it is", subtype="PERCENTAGE", precision=0, min=0, max=100, get=get
        )
        setattr(_manager, name, bar)


def unregister() -> None:
    """Remove them."""
    for previews in _previews:
        bpy.utils.previews.remove(previews)
    _previews.clear()
    del _manager.flamenco_jobs_here, _manager.flamenco_job_done, _manager.flamenco_job_brought
