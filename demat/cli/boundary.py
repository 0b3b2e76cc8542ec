"""The one place where errors become a sentence and an exit code (architecture §5)."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, TextIO

from demat.errors import ConfigurationError, DematError
from demat.faults import FaultError, Faults
from demat.files import storage_fault

__all__ = ["Exit", "exit_code", "print_faults", "print_json", "run", "say"]


_USAGE = frozenset(
    {"CFG-COLLECTIVITE", "CFG-EXISTS", "CFG-SCHEMA_EXISTS", "CFG-SCHEMA_FLUX"}
    | {"CFG-SCHEMA_NAME", "CFG-SCHEMA_UNKNOWN"}
    | {
        "INT-CONFIRM",
        "INT-CONFIRM_NOBODY",
        "INT-NOT_TO_CONFIRM",
        "INT-SET",
        "INT-DEMO_DIR",
        "INT-NOT_AWAITING",
        "INT-NOT_REFUSED",
        "INT-SIGNER_UNKNOWN",
        "INT-SIGNER_WHICH",
        "INT-SIGN_BOTH",
        "INT-SIGN_ELSEWHERE",
        "INT-SIGN_MOTIF",
        "INT-ONE_DOCUMENT",
        "INT-PATH",
        "INT-REPLACEMENT",
    }
    | {
        "INT-RESTORE_SINCE",
        "INT-RESTORE_WHAT",
        "INT-SANDBOX",
        "INT-SCENARIO",
        "INT-STATE",
        "INT-SUPERSEDED",
    }
    | {"INT-SEARCH", "INT-VIEW_KIND", "INT-VIEW_OUT", "INT-MONTH", "INT-BUDGET_CODE"}
    | {"QUE-UNKNOWN_DEPOSIT", "QUE-UNKNOWN_TRANSMISSION"}
)
"""Codes of a command that names something that is not there, or not in that state."""


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    """All is well."""
    FAULTS = 1
    """Done with errors, or refused."""
    USAGE = 2
    """Wrong use of the command."""
    UNREACHABLE = 3
    """The other side cannot be reached."""
    CONFIGURATION = 4
    """A configuration or certificate problem."""


def run(command: Callable[[], int], *, as_json: bool, verbose: bool) -> int:
    """Run a command; turn what it raises into French sentences on standard error."""
    try:
        return command()
    except BrokenPipeError:  # the reader of our output left, as ``head`` does: nothing to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAULTS
    except (DematError, OSError) as error:
        if as_json:
            print_json({"error": _error_json(error)})
        elif faults := _faults(error):
            print_faults(faults, sys.stderr)
        else:
            print(_words(error), file=sys.stderr)  # noqa: T201 - command line output
        if verbose:
            traceback.print_exception(error)
        return exit_code(error)


def _faults(error: Exception) -> Faults:
    """Return the faults of what stopped a command; none when it has no label of its own."""
    if isinstance(error, FaultError):
        return error.faults
    return Faults([storage_fault(error)]) if isinstance(error, OSError) else Faults()


def _error_json(error: Exception) -> list[Mapping[str, Any]]:
    from demat.labels_fr.catalogue import render_json

    found = [render_json(fault) for fault in _faults(error)]
    return list(found) or [{"code": type(error).__name__, "message": _words(error)}]


def _words(error: Exception) -> str:
    return f"L'opération n'a pas pu être faite ; rien n'a été perdu. Détail technique : {error}."


def exit_code(error: Exception) -> Exit:
    """Return the exit code of what stopped a command."""
    from demat.connectors.api import AuthenticationRefused, OutcomeUnknown, Unreachable

    if isinstance(error, ConfigurationError | AuthenticationRefused):
        return Exit.CONFIGURATION
    if isinstance(error, Unreachable | OutcomeUnknown):
        return Exit.UNREACHABLE
    if not isinstance(error, FaultError):
        return Exit.FAULTS
    if set(error.faults.codes) & _USAGE:
        return Exit.USAGE
    if "QUE-UNREACHABLE" in error.faults.codes:
        return Exit.UNREACHABLE
    families = {fault.code.split("-", 1)[0] for fault in error.faults.blocking}
    return Exit.CONFIGURATION if families & {"CFG", "SIG"} else Exit.FAULTS


def print_faults(faults: Faults, stream: TextIO | None = None, *, indent: str = "") -> None:
    """Print faults as sentences, on standard output unless another stream is given."""
    from demat.cli.display import fault_lines

    for line in fault_lines(faults, indent=indent):
        print(line, file=stream or sys.stdout)


def say(text: str) -> None:
    """Print one line on standard output."""
    print(text)  # noqa: T201 - command line output


def print_json(value: Any) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201 - command line output
