"""What holds for every job type that comes with Flamenco."""

from __future__ import annotations

import pytest
from compiled_jobs import COMPILERS, compile_with
from flamenco_common.authoring import declared, settings_from, type_name
from flamenco_server.modules.jobs.compiling import requirements_of

TYPES = ["bake", "render", "still", "video"]
SIMULATED = {"simulations": ["cloth:Flag:Cloth"]}


def test_there_are_four_and_all_load() -> None:
    assert {name: found.error for name, found in COMPILERS.all().items()} == dict.fromkeys(TYPES, "")
    assert all(found.help.endswith(".") or "\n" in found.help for found in COMPILERS.all().values())


@pytest.mark.parametrize("name", TYPES)
def test_every_setting_has_help_and_a_form_can_show_it(name: str) -> None:
    module = COMPILERS.get(name).module
    assert module is not None
    for setting, (entry, meta) in declared(module.Settings).items():
        assert meta.help, setting
        assert not meta.help.endswith("."), setting
        assert type_name(entry) in ("int", "float", "str", "bool", "frames", "list"), setting
        if type_name(entry) in ("int", "float") and setting != "frame":
            assert meta.minimum is not None, setting
        if meta.choices:
            assert entry.default in meta.choices, setting
            assert "" not in meta.choices, f"{setting}: an empty choice cannot be shown in a menu"


@pytest.mark.parametrize("name", TYPES)
def test_the_defaults_fit_their_own_limits(name: str) -> None:
    compiler = COMPILERS.get(name)
    assert compiler.module is not None
    scene = {"frame_range": "1-2", "fps": 24, "samples": 1, "simulations": ["a:b:c"], "frame": 1}
    settings_from(compiler.module.Settings, compiler.settings(), scene)


@pytest.mark.parametrize("name", TYPES)
def test_a_scene_as_it_is_compiles_to_steps_that_wait_for_earlier_ones(name: str) -> None:
    steps = compile_with(name, scene=SIMULATED).steps
    for position, step in enumerate(steps.values()):
        assert set(step.after) <= set(list(steps)[:position])
        assert step.requirements.kinds
        assert requirements_of(step, ">=4.2", ["fast"]).tags == ["fast"]
        wanted = ">=4.2" if "blender" in step.requirements.kinds else ""
        assert requirements_of(step, ">=4.2", []).blender == wanted


@pytest.mark.parametrize("name", TYPES)
def test_render_settings_reach_every_blender_command(name: str) -> None:
    job = compile_with(name, {"render": True} if name == "bake" else {}, scene=SIMULATED,
                       preset={"samples": 4, "device": "GPU"}, overrides={"samples": 8})  # fmt: skip
    found = [command for step in job.names for command in job.commands(step) if hasattr(command, "overrides")]
    assert found
    assert all(command.overrides["samples"] == 8 and command.overrides["device"] == "GPU" for command in found)
