"""What the configurations of all parts have in common: TOML files, files with a secret, paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found, no-redef]


class BadFile(ValueError):
    """A file of a configuration that cannot be used; its text is one sentence for people."""


def from_toml(file: Path) -> dict[str, Any]:
    """The values in a configuration file. Raises `BadFile`."""
    try:
        return toml_of(text_of(file, "configuration file"))
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"the configuration file {file} is not valid TOML: {error}") from error


def toml_of(text: str) -> dict[str, Any]:
    """The values in a text in TOML. Raises `TOMLDecodeError`, which is a `ValueError`."""
    return dict(tomllib.loads(text))


def text_of(file: Path, what: str) -> str:
    """What stands in a file. Raises `BadFile`."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadFile(f"the {what} {file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"the {what} {file} cannot be read: it is no text in UTF-8") from error


def decode_path(kind: type, value: Any) -> Any:
    """Paths for `msgspec.convert`; `~` stands for the user's home."""
    if kind is Path:
        return value if isinstance(value, Path) else Path(str(value)).expanduser()
    raise TypeError(f"no {kind.__name__} in a configuration")
