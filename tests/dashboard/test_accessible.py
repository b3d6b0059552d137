"""Every page and every tab can be used by everybody: light and dark, on a desktop and a phone, by keyboard, and nothing jumps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import DESKTOP, PHONE, Visitor, axe, visitor
from playwright.sync_api import Browser, Page, expect
from studio import PAGES, Studio, studio

pytestmark = pytest.mark.real
# How far what was on screen moved while the page loaded, as browsers measure it; a good page has less than 0.1.
SHIFT = """() => new Promise((resolve) => {
    const seen = [];
    new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(seen.filter((each) => !each.hadRecentInput).map((each) => ({
        value: each.value, of: each.sources.map(({node}) => node?.className || node?.nodeName || "?"),
    })))));
})"""
# What the keyboard must reach: all that can be clicked or typed in, but what belongs to a group that arrows walk.
CONTROLS = """[...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter((each) =>
    each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true}) && each.type !== "hidden")"""
MISSED = f"() => {CONTROLS}.filter((each) => !window.reached.has(each)).map((each) => each.outerHTML.slice(0, 160))"
FOCUSED = """() => {
    const now = document.activeElement, style = getComputedStyle(now);
    window.reached ??= new Set();
    window.reached.add(now);
    return {
        count: [...window.reached].filter((each) => each !== document.body && each.isConnected).length,
        ringed: now === document.body || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1),
        what: now.outerHTML.slice(0, 160),
    };
}"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio(tmp_path_factory.mktemp("studio") / "farm", frames=3, percent=10, stills=()) as running:
        yield running


@pytest.fixture(scope="module")
def paths(made: Studio) -> dict[str, str]:
    found = made.pages()
    assert tuple(found) == PAGES
    return found


@pytest.fixture(scope="module")
def admin(browser: Browser, made: Studio) -> Iterator[Visitor]:
    """One visitor for all pages: signing in anew for each would take as long as looking."""
    with visitor(browser, made.address, made.farm.token) as who:
        yield who


@pytest.fixture(autouse=True)
def alive(made: Studio) -> None:
    """The played machines say that they live."""
    made.keep_alive()


def opened(who: Visitor, path: str) -> Page:
    """A page that has come to rest, from its beginning: an address that differs by its end only is no new page."""
    who.page.goto("about:blank")
    page = who.open(path)
    expect(page.locator("main")).not_to_contain_text("oading…")
    return page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_fault_and_fits(name: str, admin: Visitor, paths: dict[str, str]) -> None:
    page = opened(admin, paths[name])
    # Colours do not follow the size of the screen, nor places the theme: two of the four looks have all there is to see.
    for screen, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size({"width": screen["width"], "height": screen["height"]})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=screen["width"])
        axe(page)
    page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})


def test_signing_in_has_no_serious_fault(browser: Browser, made: Studio) -> None:
    for look in ({"viewport": DESKTOP}, {"viewport": PHONE, "color_scheme": "dark"}):
        with visitor(browser, made.address, **look) as who:
            who.page.goto(f"{who.address}/sign-in")
            expect(who.page.get_by_label("Password")).to_be_visible()
            axe(who.page)


@pytest.mark.parametrize("name", ["farm", "jobs", "job", "job-output", "task", "workers", "worker", "settings-users"])
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    name: str, admin: Visitor, paths: dict[str, str]
) -> None:
    page = opened(admin, paths[name])
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    wanted = page.evaluate(f"() => {CONTROLS}.length")
    for _ in range(wanted + 10):
        now = page.evaluate(FOCUSED)
        assert now["ringed"], f"nobody sees that this has the focus: {now['what']}"
        if now["count"] >= wanted:
            return
        page.keyboard.press("Tab")
    missed = page.evaluate(MISSED)
    raise AssertionError(f"the keyboard does not reach: {missed}")


def test_one_can_skip_to_the_content(admin: Visitor, paths: dict[str, str]) -> None:
    page = opened(admin, paths["farm"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_tabs_are_walked_by_arrows(admin: Visitor, paths: dict[str, str]) -> None:
    page = opened(admin, paths["job"])
    page.get_by_role("tab", name="Frames").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Output")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Output")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Activity")).to_have_attribute("aria-selected", "true")


def test_a_dialog_gives_the_focus_back(admin: Visitor, paths: dict[str, str]) -> None:
    page = opened(admin, paths["job"])
    for name in ("Priority…", "Delete…"):
        button = page.get_by_role("button", name=name)
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(button).to_be_focused()


def test_the_focus_stays_while_the_job_goes_on(admin: Visitor, made: Studio, paths: dict[str, str]) -> None:
    page = opened(admin, paths["job"])
    button = page.get_by_role("button", name="Pause")
    button.focus()
    made.site.update(made.held.pop(), status="completed")
    expect(page.locator(".progress-facts")).to_contain_text("31 of 90 tasks")
    expect(button).to_be_focused()


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_nothing_jumps_while_a_page_loads(screen: str, browser: Browser, made: Studio, paths: dict[str, str]) -> None:
    with visitor(browser, made.address, made.farm.token, viewport=DESKTOP if screen == "desktop" else PHONE) as who:
        for name in ("farm", "jobs", "job", "job-output", "job-times", "task"):
            shifts = opened(who, paths[name]).evaluate(SHIFT)
            assert sum(each["value"] for each in shifts) < 0.1, f"{name}: {shifts}"


def test_who_wants_no_motion_gets_none(browser: Browser, made: Studio, paths: dict[str, str]) -> None:
    with visitor(browser, made.address, made.farm.token, reduced_motion="reduce") as who:
        for name in ("farm", "jobs", "job"):
            page = opened(who, paths[name])
            page.locator("a[href], button").last.hover()
            assert page.evaluate("document.getAnimations().length") == 0
