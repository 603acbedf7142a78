"""The command line: one lazily imported command per use, and what happens when one fails."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from ..models.errors import InputError, RackwrightError, SolverError
from .interrupt import EXIT_INTERRUPTED

# Command name to the module that holds the function of the same name. A module is imported only
# when its command is looked up, and imports its engines only when the command runs.
COMMANDS = {
    "plan": ".plan",
    "audit": ".audit",
    "bench": ".bench",
    "replay": ".replay",
    "topology": ".topology",
    "conformance": ".conformance",
    "datasets": ".datasets",
}

# Python's 700 new objects suit small programs. A large cluster's state is a million objects that
# all stay: looking through them for garbage again and again was a tenth of the time of `plan`.
OBJECTS_PER_COLLECTION = 100_000

EXIT_USAGE = 2
EXIT_INTERNAL = 70


class CommandGroup(TyperGroup):
    """The commands, and the exit codes of interfaces.md for everything they may raise."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of interfaces.md."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's module and build the command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(getattr(import_module(module, __package__), cmd_name))
        return typer.main.get_command(single)

    def invoke(self, ctx: Any) -> Any:
        """Run, and say in a line that Ctrl-C ended it: typer would end in silence."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("rackwright: interrupted", file=sys.stderr)
            raise typer.Exit(EXIT_INTERRUPTED) from None

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run, and turn every failure into a line on stderr and an exit code.

        ``--debug`` counts wherever it stands.
        """
        given = list(sys.argv[1:] if args is None else args)
        arguments = [argument for argument in given if argument != "--debug"]
        debug = len(arguments) < len(given)
        try:
            return super().main(args=arguments, **{"prog_name": "rackwright", **extra})
        except InputError as error:
            _complain(str(problem) for problem in error.problems)
            sys.exit(EXIT_USAGE)
        except SolverError as error:
            _fail(error, arguments, debug)
        except RackwrightError as error:
            _complain([str(error)])
            sys.exit(EXIT_USAGE)
        except OSError as error:
            if error.filename is None:
                _fail(error, arguments, debug)
            _complain([f"{error.filename}: {error.strerror}"])
            sys.exit(EXIT_USAGE)
        except Exception as error:
            _fail(error, arguments, debug)


def _complain(lines: Iterable[str]) -> None:
    from .text import escape_control

    for line in lines:
        print(f"rackwright: error: {escape_control(line)}", file=sys.stderr)


def _fail(error: Exception, arguments: list[str], debug: bool) -> NoReturn:
    """Save what is needed to reproduce an internal error, say where, and exit 70."""
    from .crash_report import save_report
    from .text import escape_control

    if debug:
        raise error
    where = save_report(error, arguments)
    summary = escape_control(f"{type(error).__name__}: {error}".splitlines()[0])
    print(f"rackwright: internal error: {summary}; report saved: {where}", file=sys.stderr)
    sys.exit(EXIT_INTERNAL)


app = typer.Typer(
    name="rackwright",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"rackwright {version('rackwright')}")
        raise typer.Exit()


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an internal error.")
    ] = False,
) -> None:
    """Optimal placement for rack-scale GPU clusters.

    Reads the files of a Slurm cluster and answers which jobs can start, on exactly which nodes,
    and whether that is provably the best.
    """


def main() -> None:
    """Entry point of the ``rackwright`` command."""
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    try:
        app()
    finally:
        gc.freeze()  # or Python would look through everything once more before it ends
