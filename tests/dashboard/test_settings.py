"""Settings and people, as an admin uses them; and what others find there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browser import Visitor, axe, visitor
from playwright.sync_api import Browser, Locator, Page, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real
SECTIONS = ("farm", "users", "tokens", "projects", "job-types", "presets", "variables", "storage", "log")


def api(farm: WholeFarm, method: str, path: str, body: Any = None) -> Any:
    """A call of the farm's API as the admin."""
    answer = farm.client.call(method, path, data=None if body is None else json.dumps(body).encode())
    return answer.json() if answer.content else None


@contextmanager
def somebody(browser: Browser, farm: WholeFarm, role: str, **context: Any) -> Iterator[Visitor]:
    """A user of that role in front of the dashboard, who is removed afterwards."""
    made = api(farm, "POST", "/users", {"name": f"some {role}", "role": role})
    try:
        with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", made["token"], **context) as who:
            yield who
    finally:
        api(farm, "DELETE", f"/users/{made['id']}")


def refused(who: Visitor) -> None:
    """The farm's refusals show in the console: they are what these tests ask for."""
    who.faults[:] = [each for each in who.faults if "Failed to load resource" not in each]


def row(page: Page, text: str) -> Locator:
    """The row of a table that has this in its first cell."""
    return page.locator("tbody tr").filter(has=page.locator("td:first-child", has_text=text))


# ---- people ----


def test_who_is_invited_sets_a_password_in_the_dashboard_and_is_signed_in(
    boss: Visitor, browser: Browser, farm: WholeFarm
) -> None:
    page = boss.open("/settings/users")
    page.get_by_role("button", name="Make a user…").click()
    page.get_by_label("Name").fill("Ida Ö")
    page.get_by_role("dialog").get_by_label("Role").select_option("supervisor")
    page.get_by_role("button", name="Make them").click()
    link = page.get_by_role("dialog", name="Invite Ida Ö").get_by_label("To copy").inner_text()
    assert link.startswith(boss.address + "/invite#")
    page.get_by_role("button", name="I have it").click()
    expect(row(page, "Ida Ö")).to_contain_text("no password yet")
    with visitor(browser, boss.address) as ida:
        ida.page.goto(link)
        expect(ida.page.get_by_label("Name")).to_have_value("Ida Ö")
        assert "invite=" not in ida.page.url, "it stays in no history"
        axe(ida.page)
        ida.page.get_by_label("New password").fill("Ida Ö is it")
        ida.page.get_by_role("button", name="Set it and sign in").click()
        expect(ida.page.locator(".who-name")).to_have_text("Ida Ö")
        ida.page.goto(link)
        ida.page.get_by_label("New password").fill("another password")
        ida.page.get_by_role("button", name="Set it and sign in").click()
        expect(ida.page.get_by_role("alert")).to_contain_text("it was used, or it ran out")
        refused(ida)
    page.reload()
    expect(row(page, "Ida Ö").get_by_role("button", name="New password…")).to_be_visible()


def test_a_users_role_state_and_end(boss: Visitor, farm: WholeFarm) -> None:
    made = api(farm, "POST", "/users", {"name": "temp", "role": "artist"})
    now = lambda: next((each for each in api(farm, "GET", "/users?name=temp")["items"]), None)  # noqa: E731
    page = boss.open("/settings/users")
    page.get_by_label("Role of temp").select_option("viewer")
    until(lambda: now()["role"] == "viewer", 20, "the role is changed")
    page.locator(".toast").filter(has_text="temp is viewer now").get_by_role("button", name="Undo").click()
    until(lambda: now()["role"] == "artist", 20, "it is taken back")
    row(page, "temp").get_by_role("button", name="Disable").click()
    expect(row(page, "temp")).to_contain_text("disabled")
    assert not now()["enabled"]
    row(page, "temp").get_by_role("button", name="Enable").click()
    expect(row(page, "temp").get_by_role("button", name="Disable")).to_be_visible()
    row(page, "temp").get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete temp")
    expect(dialog).to_contain_text("With them go 1 token")
    dialog.get_by_role("button", name="Delete").click()
    expect(row(page, "temp")).to_have_count(0)
    assert now() is None and made["id"]


def test_what_others_change_is_seen_at_once_and_the_keyboard_keeps_its_place(boss: Visitor, farm: WholeFarm) -> None:
    page = boss.open("/settings/users")
    made = [api(farm, "POST", "/users", {"name": f"hand {number}"})["id"] for number in range(9)]
    expect(row(page, "hand 8")).to_be_visible()
    row(page, "hand 3").get_by_role("button", name="Disable").focus()
    page.keyboard.press("Enter")
    expect(row(page, "hand 3").get_by_role("button", name="Enable")).to_be_focused()
    api(farm, "DELETE", f"/users/{made.pop()}")
    expect(row(page, "hand 8")).to_be_visible()
    page.get_by_label("Search users").fill("hand")
    expect(page.locator("tbody tr").locator("visible=true")).to_have_count(9)
    page.get_by_label("Search users").blur()
    expect(page.locator("tbody tr").locator("visible=true")).to_have_count(8)
    expect(page.get_by_label("Search users")).to_have_value("hand")
    for user in made:
        api(farm, "DELETE", f"/users/{user}")
    page.get_by_label("Search users").fill("")
    page.get_by_label("Search users").blur()
    expect(row(page, "hand")).to_have_count(0)


def test_the_last_admin_stays(boss: Visitor) -> None:
    page = boss.open("/settings/users")
    page.get_by_label("Role of boss").select_option("artist")
    page.get_by_role("dialog").get_by_role("button", name="Change it").click()
    expect(page.get_by_label("Role of boss")).to_have_value("admin")
    refused(boss)


def test_tokens_are_made_for_oneself_and_others_and_taken_back(boss: Visitor, farm: WholeFarm) -> None:
    page = boss.open("/settings/tokens")
    page.get_by_role("button", name="Make a token…").click()
    page.get_by_label("What is it for?").fill("nightly job")
    page.get_by_label("How long it counts").select_option("30")
    page.get_by_label("Whose it is").select_option("manager site")
    page.get_by_role("button", name="Make it").click()
    dialog = page.get_by_role("dialog", name="The token “nightly job”")
    assert dialog.get_by_label("To copy").inner_text().startswith("manager_")
    dialog.get_by_role("button", name="I have it").click()
    expect(row(page, "nightly job")).to_have_count(0)
    page.get_by_label("Whose tokens").select_option("Of managers")
    row(page, "nightly job").get_by_role("button", name="Take back…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The manager site cannot reach the farm with it any more")
    dialog.get_by_role("button", name="Take it back").click()
    expect(row(page, "nightly job")).to_have_count(0)
    assert "nightly job" not in [each["label"] for each in api(farm, "GET", "/tokens?kind=manager")["items"]]


# ---- what jobs are made with ----


def test_a_project_is_made_edited_and_deleted(boss: Visitor, farm: WholeFarm) -> None:
    taken = api(farm, "POST", "/projects", {"name": "Taken"})
    page = boss.open("/settings/projects")
    page.get_by_role("button", name="Make a project…").click()
    page.get_by_label("Name").fill("Taken")
    page.get_by_label("Description").fill("The short film")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert").filter(has_text="already")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("The short film")
    page.get_by_label("Name").fill("Spring")
    page.get_by_role("button", name="Make it").click()
    row(page, "Spring").get_by_role("button", name="Edit…").click()
    page.get_by_label("Run Python in its .blend files").check()
    page.get_by_role("dialog", name="Edit Spring").get_by_role("button", name="Save").click()
    page.get_by_role("dialog", name="Allow scripts").get_by_role("button", name="Allow it").click()
    expect(row(page, "Spring").locator(".badge")).to_have_text("run")
    found = next(each for each in api(farm, "GET", "/projects")["items"] if each["name"] == "Spring")
    assert (found["description"], found["allow_scripts"]) == ("The short film", True)
    row(page, "Spring").get_by_role("button", name="Archive…").click()
    page.get_by_role("dialog", name="Archive Spring").get_by_role("button", name="Archive").click()
    expect(row(page, "Spring")).to_have_count(0)
    page.get_by_role("button", name="Archived ones").click()
    row(page, "Spring").get_by_role("button", name="Bring back").click()
    expect(page.locator("main")).to_contain_text("No project is archived")
    page.get_by_role("button", name="Back to those in use").click()
    row(page, "Spring").get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog", name="Delete Spring").get_by_role("button", name="Delete").click()
    expect(row(page, "Spring")).to_have_count(0)
    api(farm, "DELETE", f"/projects/{taken['id']}")
    refused(boss)


def test_a_preset_is_made_edited_copied_and_deleted(boss: Visitor, farm: WholeFarm) -> None:
    def stored(name: str) -> Any:
        return next((each for each in api(farm, "GET", "/render-settings")["items"] if each["name"] == name), None)

    page = boss.open("/settings/presets")
    page.get_by_role("button", name="Make a preset…").click()
    dialog = page.get_by_role("dialog", name="Make a preset")
    dialog.get_by_label("Name", exact=False).first.fill("quick-look")
    dialog.get_by_label("Title").fill("Quick look")
    dialog.get_by_role("button", name="Add a setting").click()
    dialog.get_by_label("Render setting").fill("samples")
    dialog.get_by_placeholder("value").fill("-4")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator(".override-row").get_by_role("alert")).to_contain_text(
        "samples is -4; it must be a whole number"
    )
    expect(dialog.locator("input[name=samples]")).to_be_focused()
    axe(page)
    expect(dialog.get_by_label("Title")).to_have_value("Quick look")
    dialog.locator("input[name=samples]").fill("4")
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, "Quick look")).to_contain_text("samples: 4")
    assert stored("quick-look")["overrides"] == {"samples": 4}
    row(page, "Quick look").get_by_role("button", name="Edit…").click()
    page.locator("input[name=samples]").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "Quick look")).to_contain_text("samples: 12")
    row(page, "Quick look").get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "Quick look")).to_have_count(0)
    row(page, "Fast Cycles").get_by_role("button", name="Copy…").click()
    expect(page.get_by_role("dialog").get_by_label("Title")).to_have_value("Fast Cycles (copy)")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "Fast Cycles (copy)")).to_contain_text("engine: CYCLES")
    api(farm, "DELETE", "/render-settings/fast-cycles-copy")
    assert stored("fast-cycles") and not stored("fast-cycles-copy") and not stored("quick-look")
    refused(boss)


def test_variables_are_a_table_whose_errors_stand_at_their_fields(boss: Visitor, farm: WholeFarm) -> None:
    api(farm, "PUT", "/settings/variables", {"value": {"projects": {"linux": "/mnt/projects", "two_way": True}}})
    page = boss.open("/settings/variables")
    line = page.locator("tbody tr")
    line.nth(0).get_by_label("Windows").fill("P:/")
    page.get_by_role("button", name="Add a variable").click()
    line.nth(1).get_by_label("Name", exact=True).fill("Render Args")
    line.nth(1).get_by_label("All others").fill("-noaudio")
    page.get_by_role("button", name="Save").click()
    expect(line.nth(1).get_by_role("alert")).to_contain_text("is no name for a variable")
    expect(line.nth(1).get_by_label("Name", exact=True)).to_be_focused()
    expect(line.nth(0).get_by_label("Windows")).to_have_value("P:/")
    axe(page)
    line.nth(1).get_by_label("Name", exact=True).fill("projects")
    page.get_by_role("button", name="Save").click()
    expect(line.nth(1).get_by_role("alert")).to_contain_text("two variables “projects”")
    line.nth(1).get_by_label("Name", exact=True).fill("render_args")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        page.get_by_role("button", name="Save").click()
    expected = {
        "projects": {"linux": "/mnt/projects", "windows": "P:/", "two_way": True},
        "render_args": {"all": "-noaudio"},
    }
    assert api(farm, "GET", "/settings/variables")["value"] == expected
    expect(page.get_by_label("All others: value of render_args")).to_be_visible()
    api(farm, "PUT", "/settings/variables", {"value": {"projects": {"all": "/else"}}})
    line.nth(0).get_by_label("macOS").fill("/Volumes/projects")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="changed the variables meanwhile")).to_be_visible()
    assert api(farm, "GET", "/settings/variables")["value"] == {"projects": {"all": "/else"}}
    page.get_by_role("button", name="Remove projects").click()
    expect(line).to_have_count(1)
    api(farm, "PUT", "/settings/variables", {"value": None})
    refused(boss)


def test_a_broken_job_type_says_what_is_wrong_with_it(boss: Visitor, farm: WholeFarm) -> None:
    file = farm.folder / "compilers" / "broken.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("import nonsense\n", encoding="utf-8")
    try:
        page = boss.open("/settings/job-types")
        expect(page.locator(".job-type").first).to_contain_text("nonsense")
        expect(page.locator("main")).to_contain_text("1 job type cannot be used")
    finally:
        file.unlink()
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("main")).not_to_contain_text("cannot be used")


# ---- the farm ----


def test_a_notice_stands_on_every_page_of_everybody_at_once(boss: Visitor, browser: Browser, farm: WholeFarm) -> None:
    words = "Down on Friday <b>18:00</b>"
    with somebody(browser, farm, "viewer") as viewer:
        page = viewer.open("/jobs")
        expect(page.locator("#notice")).to_be_hidden()
        admin = boss.open("/settings/farm")
        admin.get_by_label("A notice for everybody").fill(words)
        admin.get_by_label("Name of the farm").fill("Farm of Spring")
        admin.get_by_role("button", name="Save").click()
        expect(page.locator("#notice")).to_have_text(words)
        expect(page.locator(".brand")).to_have_text("Farm of Spring")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "the table still fits the window"
        axe(admin)
        for path in ("/", "/workers", "/managers", "/settings", "/start", "/approve"):
            viewer.page.goto(viewer.address + path)
            expect(viewer.page.locator("#notice")).to_have_text(words)
        admin.get_by_label("A notice for everybody").fill("")
        admin.get_by_label("Name of the farm").fill("")
        admin.get_by_role("button", name="Save").click()
        expect(viewer.page.locator("#notice")).to_be_hidden()
        expect(viewer.page.locator(".brand")).to_have_text("Flamenco")


def test_a_clean_up_is_asked_for_and_tells_what_came_of_it(boss: Visitor) -> None:
    page = boss.open("/settings/storage")
    page.get_by_role("button", name="Clean up…").click()
    page.get_by_role("dialog", name="Clean up").get_by_role("button", name="Clean up").click()
    expect(page.get_by_role("status").filter(has_text="The last clean-up")).to_be_visible(timeout=30_000)


def test_the_log_is_filtered_and_the_address_keeps_it(boss: Visitor, farm: WholeFarm) -> None:
    made = api(farm, "POST", "/projects", {"name": "Traces"})
    api(farm, "DELETE", f"/projects/{made['id']}")
    page = boss.open("/settings/log")
    page.get_by_label("What", exact=True).select_option("delete")
    page.get_by_label("On what").select_option("project")
    expect(page.locator("tbody tr").first).to_contain_text("Traces")
    expect(page.locator("tbody tr").filter(has_text="create")).to_have_count(0)
    page.get_by_label("Its number").fill(str(made["id"]))
    page.get_by_label("Its number").press("Enter")
    others = page.locator("tbody tr").filter(has_not_text=f"project {made['id']}")
    expect(others).to_have_count(0)
    page.reload()
    expect(page.locator("tbody tr").first).to_contain_text("Traces")
    expect(others).to_have_count(0)
    page.get_by_label("Who").fill("nobody")
    page.get_by_label("Who").press("Enter")
    expect(page.locator("main")).to_contain_text("Nothing of that kind")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("tbody tr").nth(3)).to_be_visible()
    assert re.search(r"/settings/log$", page.url)


# ---- who may what, and how it looks ----

CHANGES = re.compile("Make|Save|Edit|Archive…|Delete|Disable|Enable|Clean up|Copy…|Add a variable|Remove|Invite")


@pytest.mark.parametrize(("role", "may"), [("artist", ()), ("supervisor", ("projects", "presets"))])
def test_what_one_may_not_change_is_hidden_and_refused(
    browser: Browser, farm: WholeFarm, role: str, may: tuple[str, ...]
) -> None:
    with somebody(browser, farm, role) as who:
        for section in set(SECTIONS) - {"users", "tokens"}:
            page = who.open(f"/settings/{section}")
            expect(page.locator("main [aria-busy=false]")).to_be_visible()
            assert bool(page.locator("main").get_by_role("button", name=CHANGES).count()) == (section in may), section
        page = who.open("/settings/users")
        expect(page.locator("main")).to_contain_text("Users are for admins")
        calls = [
            ("PUT", "/settings/notice", {"value": "x"}), ("PUT", "/settings/variables", {"value": {}}), ("POST", "/users", {"name": "y"}),
            ("POST", "/storage/clean-up", {}), ("POST", "/tokens", {"user": "boss", "label": "z"}),
            *([] if may else [("POST", "/projects", {"name": "z"}), ("PUT", "/render-settings/z", {"overrides": {"samples": 1}})]),
        ]  # fmt: skip
        assert [each for each in calls if who.status(*each) != 403] == []
        refused(who)


def test_codes_of_invitations_are_not_guessed(browser: Browser, farm: WholeFarm) -> None:
    """The last here: from this place no invitation can be accepted for some minutes afterwards."""
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}") as who:
        who.page.goto(f"{who.address}/invite#invite=guess")
        mark = who.page.locator("input[name=mark]").input_value()
        guess = {"mark": mark, "code": "guess", "password": "a good password"}
        answers = [who.context.request.post(f"{who.address}/invite", form=guess).status for _ in range(31)]
        assert (answers[0], answers[-1]) == (422, 429)
        who.page.get_by_label("New password").fill("a good password")
        who.page.get_by_role("button", name="Set it and sign in").click()
        expect(who.page.get_by_role("alert")).to_contain_text("too many")
        refused(who)
