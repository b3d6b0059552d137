"""`make screenshots`: pictures of every page of the dashboard, light and dark, on a desktop and a phone, into docs/images/dashboard.

python tests/dashboard/screenshots.py [PAGE …]
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from browser import DESKTOP, PHONE, Visitor, chromium, visitor
from PIL import Image
from playwright.sync_api import Browser, expect
from studio import PAGES, Studio, studio

FOLDER = Path("docs/images/dashboard")
SCREENS = {"desktop": {"viewport": DESKTOP}, "phone": {"viewport": PHONE, "device_scale_factor": 2, "has_touch": True}}
QUALITY = 80
# Nothing came for a while, and every picture that is seen is there. The stream of events never ends, and does not count.
QUIET = """() => [...document.images].every((image) => image.complete || image.hidden || image.loading === "lazy")
    && performance.now() > 700 + Math.max(0, ...performance.getEntriesByType("resource").map((each) => each.responseEnd))"""


def main() -> None:
    """Make the pictures that are wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="which pages; all if none is named")
    wanted = set(parser.parse_args().pages)
    if not wanted <= set(PAGES):
        parser.error(f"there is no page {min(wanted - set(PAGES))!r}: name some of {' '.join(PAGES)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    print("screenshots: rendering what is to be seen; this takes some minutes", flush=True)
    with tempfile.TemporaryDirectory(prefix="flamenco-studio-") as folder, studio(Path(folder) / "farm") as made:
        pages = {name: path for name, path in made.pages().items() if not wanted or name in wanted}
        with chromium() as browser:
            for screen in SCREENS:
                for theme in ("light", "dark"):
                    photograph(browser, made, pages, screen, theme)
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"screenshots: {len(list(FOLDER.iterdir()))} pictures in {FOLDER}, {size / 1e6:.1f} MB")


def photograph(browser: Browser, made: Studio, pages: dict[str, str], screen: str, theme: str) -> None:
    """All pages on one screen in one theme."""
    look = {**SCREENS[screen], "color_scheme": theme, "reduced_motion": "reduce"}
    with visitor(browser, made.address, **look) as who:
        who.page.goto(f"{who.address}/sign-in")
        keep(who.page.screenshot(), f"sign-in-{screen}-{theme}")
        who.sign_in(made.farm.token)
        for name, path in pages.items():
            made.keep_alive()
            settled(who, path)
            keep(who.page.screenshot(), f"{name}-{screen}-{theme}")


def settled(who: Visitor, path: str) -> None:
    """Open a page and wait until nothing of it loads any more."""
    who.page.goto("about:blank")  # an address that differs by its end only is no new page
    page = who.open(path)
    page.wait_for_function(QUIET, timeout=30_000)
    for text in ("oading…", "been asked for"):  # a log that is on its way
        expect(page.locator("main")).not_to_contain_text(text)


def keep(picture: bytes, name: str) -> None:
    """Write a picture small."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").save(FOLDER / f"{name}.webp", "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
