"""The farm, and what is chosen for the job."""

from __future__ import annotations

from dataclasses import replace

from .stage import FARM, case, choose, farm, fine, fresh, runtime, worker


@case("farm", fine)
def nobody_there() -> None:
    fresh()
    farm()
    runtime.current().catalogue = replace(FARM, workers=())


@case("farm", fine)
def unknown_tag() -> None:
    fresh()
    choose(tags=["rtx"])


@case("farm", fine)
def only_looks() -> None:
    fresh()
    farm(role="viewer")


@case("job", fine)
def bad_priority() -> None:
    fresh()
    choose(priority=5000)


@case("job", fine)
def bad_setting() -> None:
    fresh()
    choose(render__frames="many")


@case("job", fine)
def no_name() -> None:
    fresh(saved=False)


@case("job", fine)
def blank_name() -> None:
    fresh()
    choose(name="  ")


@case("version", fine)
def newer_than_any() -> None:
    fresh()
    farm(worker(blenders=("3.0.1",)))


@case("version", fine)
def no_such_blender() -> None:
    fresh()
    farm(worker(blenders=("9.1.0",)))
    choose(blender="9.0")


@case("version", fine)
def other_series() -> None:
    fresh()
    farm(worker(blenders=("9.1.0",)))


@case("version", fine)
def several_series() -> None:
    fresh()
    farm(worker(), worker(name="other", blenders=("9.1.0",)))


@case("version", fine)
def older_wanted() -> None:
    fresh()
    choose(blender="2.93")
