"""The server's own page to sign programs in, in a real browser: a program is approved, refused, and a password is set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import DESKTOP, Visitor, chromium
from served_farm import Served, served

__all__ = ["served"]
pytestmark = pytest.mark.real
PASSWORD = "a good password"


@pytest.fixture
def visitor(served: Served) -> Iterator[Visitor]:
    """Somebody in front of the page."""
    with chromium() as browser:
        context = browser.new_context(viewport=DESKTOP)
        who = Visitor(served.address, context, context.new_page())
        who.page.on("console", who.heard)
        who.page.on("pageerror", lambda error: who.faults.append(str(error)))
        yield who
        context.close()


def test_the_page_signs_programs_in_and_sets_passwords(served: Served, visitor: Visitor) -> None:
    page, client = visitor.page, served.client("admin")
    said = page.get_by_role("status")

    page.goto(client.invite_user(2)["url"])
    page.get_by_label("Password, 8 characters or more").fill(PASSWORD)
    page.get_by_label("The same once more").fill("something else")
    page.get_by_role("button", name="Set it").click()
    page.get_by_text("The two passwords differ.").wait_for()
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set it").click()
    page.get_by_text("Your password is set, artist.").wait_for()
    assert "invite" not in page.url, "the code does not stay in the address"

    begun = client.start_sign_in("<b>Blender</b> on ATLAS")
    page.goto(begun["url_with_code"])
    page.get_by_label("Name", exact=True).fill("artist")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("the name or the password is wrong").wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Let this program act as you?").wait_for()
    shown = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
    assert shown["Program"] == "<b>Blender</b> on ATLAS", "it is text, not markup"
    assert (shown["From"], shown["Code"], shown["You"]) == ("127.0.0.1", begun["user_code"], "artist")
    page.get_by_role("button", name="Yes, let it").click()
    page.get_by_text("Done: the program is signed in.").wait_for()
    told = client.poll_sign_in(begun["device_code"])
    assert (told["state"], told["user"]) == ("approved", "artist")

    begun = client.start_sign_in("a stranger")
    page.goto(begun["url"])
    page.get_by_label("Your token").fill(served.farm.tokens["viewer"])
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Code", exact=True).fill("BBBB-BBBB")
    page.keyboard.press("Enter")
    page.get_by_text("no program waits with that code").wait_for()
    page.get_by_label("Code", exact=True).fill(begun["user_code"].lower().replace("-", ""))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_text("The program was refused.").wait_for()
    assert said.inner_text() == "The program was refused. You may close this page."
    assert client.poll_sign_in(begun["device_code"])["state"] == "denied"

    labels = [token["label"] for token in client.tokens(owner="artist")]
    assert sorted(labels) == ["", "<b>Blender</b> on ATLAS"], "the page's own sessions ended"
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    expected = [fault for fault in visitor.faults if "the server responded with a status of" in fault]
    assert (visitor.faults, len(expected)) == (expected, 2), "a wrong password and a wrong code, and no policy broken"
