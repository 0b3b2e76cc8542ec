"""The command that keeps a passphrase or a PIN in the keyring of the system."""

import sys
from collections.abc import Callable
from getpass import getpass

from demat.cli.boundary import Exit, print_json, say
from demat.faults import Fault, FaultError

__all__ = ["keep"]


def keep(entry: str, *, as_json: bool, ask: Callable[[str], str] | None = None) -> int:
    """Ask twice for a secret, show it nowhere, keep it in the keyring.

    :param entry: ``SERVICE/COMPTE``, as after ``trousseau:`` in the configuration.
    :raises FaultError: ``CFG-SECRET_SOURCE``, ``CFG-KEYRING``; ``CFG-SECRET_TYPED`` when what was
        typed twice differs or is empty, ``SIG-NOBODY`` when nobody is there to type.
    """
    from demat.secret import parse_entry

    place = parse_entry(entry)
    if not sys.stdin.isatty():
        raise FaultError(Fault(code="SIG-NOBODY"))
    ask = ask or getpass
    typed = ask(f"Mot de passe ou code PIN pour « {entry} » (rien ne s'affiche) : ")
    if not typed or typed != ask("Encore une fois : "):
        raise FaultError(Fault(code="CFG-SECRET_TYPED"))
    place.write(typed)
    if as_json:
        print_json({"entry": entry, "kept": True})
    else:
        say(f"Le trousseau contient maintenant « {entry} ».")
        say(f"Dans la configuration, écrivez : trousseau:{entry}")
    return Exit.DONE
