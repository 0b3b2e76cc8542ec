"""The one place where errors become a sentence and an exit code (architecture §5)."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from demat.errors import ConfigurationError, DematError
from demat.faults import FaultError, Faults

__all__ = ["Exit", "print_faults", "print_json", "run", "say"]


_USAGE = frozenset(
    {"INT-NOT_REFUSED", "INT-PATH", "INT-STATE", "INT-SUPERSEDED"}
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
    except FaultError as error:
        code = _exit_code(error)
        if as_json:
            print_json({"error": _rendered(error.faults)})
        else:
            print_faults(error.faults)
    except (DematError, OSError) as error:
        code = Exit.CONFIGURATION if isinstance(error, ConfigurationError) else Exit.FAULTS
        words = _words(error)
        if as_json:
            print_json({"error": [{"code": type(error).__name__, "message": words}]})
        else:
            print(words, file=sys.stderr)  # noqa: T201 - this is the command line's own output
    if verbose:
        traceback.print_exc()
    return code


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return (
            f"Le fichier ou dossier « {error.filename} » ne peut pas être utilisé ({reason}). "
            "Vérifiez la place sur le disque et les droits, puis recommencez."
        )
    return f"L'opération n'a pas pu être faite : {error}. Rien n'a été perdu."


def _exit_code(error: FaultError) -> Exit:
    from demat.connectors.api import AuthenticationRefused, OutcomeUnknown, Unreachable

    if isinstance(error, AuthenticationRefused):
        return Exit.CONFIGURATION
    if isinstance(error, Unreachable | OutcomeUnknown):
        return Exit.UNREACHABLE
    families = {fault.code.split("-", 1)[0] for fault in error.faults.blocking}
    if families & {"CFG", "SIG"}:
        return Exit.CONFIGURATION
    codes = set(error.faults.codes)
    return Exit.USAGE if codes & _USAGE else Exit.FAULTS


def print_faults(faults: Faults) -> None:
    """Print faults as sentences on standard error."""
    from demat.labels_fr.catalogue import explain

    for fault in faults:
        text = explain(fault)
        head = f"{text.where} : " if text.where else ""
        print(f"{head}{text.sentence}", file=sys.stderr)  # noqa: T201 - command line output
        if text.remedy:
            print(f"  → {text.remedy}", file=sys.stderr)  # noqa: T201 - command line output


def _rendered(faults: Faults) -> list[Mapping[str, Any]]:
    from demat.labels_fr.catalogue import render_json

    return [render_json(fault) for fault in faults]


def say(text: str) -> None:
    """Print one line on standard output."""
    print(text)  # noqa: T201 - command line output


def print_json(value: Any) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201 - command line output
