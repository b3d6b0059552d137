"""Each cell of the matrix: add-on and farm make the picture that the artist's own Blender makes, or the row says why not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from whole_farm import WholeFarm

sys.path.insert(0, str(Path(__file__).parent))

from matrix import Outcome, run
from matrix_page import cells_of
from matrix_scenes import ROWS, SERIES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "same-picture.md"
CELLS = [(row.name, series) for series in SERIES for row in ROWS.values() if series in row.series]
Outcomes = dict[tuple[str, str], Outcome]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, farm: WholeFarm, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """The whole matrix, played once; of a selection of tests, the selected rows and series only."""
    mine = (item for item in request.session.items if getattr(item, "originalname", "") == "test_same_picture")
    wanted = {tuple(item.callspec.params.values()) for item in mine if hasattr(item, "callspec")}
    cells = [cell for cell in CELLS if cell in wanted]
    series, names = dict.fromkeys(each for _, each in cells), dict.fromkeys(name for name, _ in cells)
    found = run(farm, tmp_path_factory.mktemp("matrix"), series, names)
    return {(each.row.name, each.series): each for each in found}


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("name", "series"), CELLS)
def test_same_picture(outcomes: Outcomes, name: str, series: str) -> None:
    found = outcomes[name, series]
    assert found.as_said, (
        f"{found.state}: {found.words}; the add-on warned of: {'; '.join(found.warnings) or 'nothing'}"
    )


def test_the_page_has_every_row() -> None:
    """`make matrix` writes it; what it says of a row is what the row says of itself."""
    said = cells_of(PAGE.read_text(encoding="utf-8"))
    assert set(said) == {row.title for row in ROWS.values()}, "run make matrix"
    for row in ROWS.values():
        for series, words in zip(SERIES, said[row.title], strict=True):
            expected = "–" if series not in row.series else "not sent" if row.refused else "no:" if row.why else "equal"
            assert words.startswith(expected), f"{row.title} in {series}: run make matrix"
