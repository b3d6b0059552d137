"""Files of a configuration that cannot be used are one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_common.configuring import BadFile, from_toml, text_of


def test_what_stands_in_the_files(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("port = 1\n")
    assert from_toml(file) == {"port": 1}
    assert text_of(file, "secret") == "port = 1"


@pytest.mark.parametrize(
    ("data", "says"),
    [(None, "cannot be read: No such file"), (b"\xff", "cannot be read: it is no text"), (b"port =", "not valid TOML")],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, data: bytes | None, says: str) -> None:
    file = tmp_path / "a"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadFile, match=f"the configuration file {file} .*{says}"):
        from_toml(file)
