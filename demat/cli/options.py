"""What the commands have in common: their options, and the boundary that ends each of them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from demat.cli.boundary import run
from demat.logs import configure

__all__ = ["CONFIG", "ConfigOption", "EcouteOption", "JsonOption", "VerboseOption", "guarded"]

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", envvar="DEMAT_CONFIG", metavar="FICHIER", help="Fichier de configuration."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Répondre en JSON.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", help="Montrer le détail technique des erreurs.")
]
EcouteOption = Annotated[
    str,
    typer.Option(
        "--ecoute",
        envvar="DEMAT_ECOUTE",
        metavar="HÔTE:PORT",
        help="Adresse de la surveillance de ce processus, au lieu de celle de la configuration.",
    ),
]
CONFIG = Path("demat.toml")
P = ParamSpec("P")


def guarded(action: Callable[P, int]) -> Callable[P, None]:
    """Give a command the error boundary, and its result as exit code."""

    @functools.wraps(action)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json", False))
        verbose = bool(kwargs.get("verbose", False))
        configure(verbose=verbose, told=True)  # what a command says in French is not said twice
        raise typer.Exit(run(lambda: action(*args, **kwargs), as_json=as_json, verbose=verbose))

    return wrapper
