"""`flamenco completion`: the shell's own script, made by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes `flamenco` in your shell, such as: eval "$(flamenco completion bash)"."""
    from flamenco_cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "flamenco", "_FLAMENCO_COMPLETE").source())
