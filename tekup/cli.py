"""The `tekup` command: finds each package's commands by entry point and imports only the one that is called."""

import errno
import sys
from importlib.metadata import EntryPoint, entry_points

import click

from tekup.errors import TekupError

GROUP = "tekup.commands"


class _Commands(click.Group):
    """A group whose commands come from entry points, so that the kernel imports no other package."""

    def _found(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._found())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._found().get(cmd_name)
        if entry is None:
            return None
        command: click.Command = entry.load()
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="tekup")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """TekUp: data and analytics for a multi-tenant business platform."""
    ctx.obj = {"debug": debug}


def main() -> None:
    """Run the command line; an expected fault is one line and a status, a bug is a traceback only with --debug."""
    debug = "--debug" in sys.argv
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        sys.exit(130)
    except TekupError as error:
        if debug:
            raise
        _complain(error.what, error.hint)
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            raise
        _complain(*_explain(error))
        sys.exit(70)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: Exception) -> tuple[str, str]:
    """Words for a fault that no part of the product foresaw."""
    if getattr(error, "errno", None) == errno.ENOSPC or getattr(error, "sqlstate", None) == "53100":
        return "the disk is full", "free space and run the same command again: what was committed is kept"
    lines = str(error).splitlines() or [""]
    return f"unexpected {type(error).__name__}: {lines[0]}", "run `tekup --debug ...` for the traceback"


def _complain(what: str, hint: str | None) -> None:
    click.secho(f"error: {what}", fg="red", err=True)
    if hint:
        click.echo(f"  to mend it: {hint}", err=True)
