"""What the configurations of all parts have in common: where values come from, TOML files, files with a secret, paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_origin

import msgspec

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found, no-redef]


Config = TypeVar("Config", bound=msgspec.Struct)


class BadFile(ValueError):
    """A configuration, or a file of it, that cannot be used; its text is one sentence for people."""


def configured(
    kind: type[Config], who: str, file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any],
    **defaults: Any,
) -> Config:  # fmt: skip
    """Build a part's configuration: flags win over the environment, that over the file, that over the defaults.

    Flags that are None or empty lists count as not given; names in the environment are those of the fields after
    `FLAMENCO_` and the name of the part in capitals. Raises `BadFile`.
    """
    values = {**defaults, **(from_toml(file) if file else {}), **_from_environment(kind, who, environment)}
    values.update({name: value for name, value in flags.items() if value not in (None, (), [])})
    try:
        return msgspec.convert(values, kind, strict=False, dec_hook=decode_path)
    except msgspec.ValidationError as error:
        text = str(error).replace("`$.", "`")
        raise BadFile(f"the {who}'s configuration is not valid: {text}") from error


def _from_environment(kind: type[Config], who: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Lists are written with commas, tables as JSON."""
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = f"FLAMENCO_{who}_{field.name}".upper()
        text = environment.get(name)
        if text is None:
            continue
        if get_origin(field.type) is list:
            values[field.name] = [part.strip() for part in text.split(",") if part.strip()]
        else:
            values[field.name] = _table(name, text) if get_origin(field.type) is dict else text
    return values


def _table(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadFile(f"{name} is not a JSON object: {error}") from error


def database_url(given: str, file: Path) -> str:
    """The SQLAlchemy URL of a database: SQLite in `file` if none is given; PostgreSQL always through psycopg."""
    for prefix in ("postgresql://", "postgres://"):
        if given.startswith(prefix):
            return "postgresql+psycopg://" + given.removeprefix(prefix)
    return given or f"sqlite:///{file}"


def check_server_url(url: str) -> None:
    """Raise `BadFile` if that is no address of a server."""
    if not url.startswith(("http://", "https://")):
        raise BadFile(f"server_url must begin with http:// or https://, not be {url!r}")


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
