"""The verbs of `flamenco`, each imported only when it is used: a farm node has what its extra installs, and no more."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

# verb -> (module, object in it, the extra that brings it, one line of help)
VERBS: dict[str, tuple[str, str, str, str]] = {
    "up": ("flamenco_cli.up.command", "up", "all", "Run the whole farm on this machine."),
    "server": ("flamenco_server.cli", "server", "server", "The farm's server: run, migrate, make users and managers."),
    "manager": ("flamenco_manager.cli", "manager", "manager", "A site's manager."),
    "worker": ("flamenco_worker.cli", "worker", "worker", "A worker on this machine."),
    "dashboard": ("flamenco_dashboard.cli", "dashboard", "dashboard", "The dashboard, if it is installed."),
    "submit": ("flamenco_cli.submitting", "submit", "", "Submit a .blend with all that it uses, or pictures."),
    "job-types": ("flamenco_cli.listing", "job_types", "", "List the job types and their settings."),
    "jobs": ("flamenco_cli.listing", "jobs", "", "List jobs."),
    "job": ("flamenco_cli.listing", "job", "", "Show one job."),
    "tasks": ("flamenco_cli.listing", "tasks", "", "List the tasks of a job."),
    "workers": ("flamenco_cli.listing", "workers", "", "List the workers."),
    "managers": ("flamenco_cli.listing", "managers", "", "List the managers."),
    "logs": ("flamenco_cli.logs", "logs", "", "Read the logs of a job's runs."),
    "cancel": ("flamenco_cli.changing", "cancel", "", "Cancel jobs."),
    "pause": ("flamenco_cli.changing", "pause", "", "Give out no more tasks of jobs."),
    "resume": ("flamenco_cli.changing", "resume", "", "Give out tasks of paused jobs again."),
    "requeue": ("flamenco_cli.changing", "requeue", "", "Do tasks of a job again."),
    "priority": ("flamenco_cli.changing", "priority", "", "Change a job's priority."),
    "archive": ("flamenco_cli.changing", "archive", "", "Put finished jobs out of the way."),
    "delete": ("flamenco_cli.changing", "delete", "", "Delete jobs with their files."),
    "fetch": ("flamenco_cli.fetching", "fetch", "", "Bring a job's results to a folder, only what is new."),
    "addon": ("flamenco_cli.addon", "addon", "", "Download the Blender add-on, made for this farm."),
    "login": ("flamenco_cli.login", "login", "", "Sign in to a farm, and remember it."),
    "logout": ("flamenco_cli.login", "logout", "", "Take back the token that `login` got, and forget the farm."),
    "completion": ("flamenco_cli.completion", "completion", "", "Print the script for completion in your shell."),
}


class Verbs(click.Group):
    """Imports a verb's module when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All verbs, in the order in which people meet them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's command. Raises `click.UsageError` if what it needs is not installed."""
        if cmd_name not in VERBS:
            return None
        module, name, extra, _ = VERBS[cmd_name]
        try:
            loaded = importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise click.UsageError(not_installed(cmd_name, extra, error.name or "")) from error
        command = getattr(loaded, name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs with their lines, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[3]) for name, entry in VERBS.items()])


def not_installed(verb: str, extra: str, module: str) -> str:
    """One sentence that says what is not there, and what to install."""
    if verb == "dashboard":
        return "the dashboard is not installed; the farm runs without it"
    if module.startswith("flamenco_"):
        # All our packages come in one distribution; no extra would bring one that is not there.
        return f"`flamenco {verb}` is not part of this installation: it has no {module}"
    return f"`flamenco {verb}` needs {module}, which is not installed: pip install 'flamenco[{extra or 'all'}]'"


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flamenco")
def cli() -> None:
    """Flamenco, a render farm for Blender."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a person's mistake is one sentence on stderr and exit code 2."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    try:
        result: Any = cli.main(arguments, prog_name="flamenco", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return _said("canceled", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        hint = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
        return _said(error.format_message().rstrip(".") + hint, 2)
    except click.ClickException as error:
        return _said(error.format_message(), 2)
    except KeyboardInterrupt:
        return _said("canceled", 130)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if _is_ours(error):
            return _said(str(error), 2)
        raise
    return result if isinstance(result, int) else 0


def _is_ours(error: Exception) -> bool:
    """Whether an error is the client's, whose text is one sentence for people."""
    client = sys.modules.get("flamenco_client.errors")
    return client is not None and isinstance(error, client.ClientError)


def _said(sentence: str, code: int) -> int:
    click.echo(f"flamenco: {sentence}", err=True)
    return code
