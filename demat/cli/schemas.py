"""``demat schemas``: the official editions that are known, adding one, choosing one."""

import functools
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.options import CONFIG, ConfigOption, JsonOption, VerboseOption, guarded
from demat.cli.usage import Command, Group

if TYPE_CHECKING:
    from demat.faults import Faults
    from demat.schemas.catalogue import Catalogue
    from demat.schemas.installed import InstalledEdition

__all__ = ["FolderOption", "app", "catalogue", "folder_of"]

app = typer.Typer(
    name="schemas",
    cls=Group,
    subcommand_metavar="COMMANDE …",
    help="Voir, ajouter et choisir les versions officielles des schémas (PES, ACTES).",
    no_args_is_help=True,
)
command = functools.partial(app.command, cls=Command)

FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        metavar="DOSSIER",
        help="Dossier des schémas installés, à la place de celui de la configuration.",
    ),
]


@command(name="list")
@guarded
def list_editions(
    folder: FolderOption = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Lister les versions connues, ce qu'elles décrivent, et si leurs fichiers sont intacts.

    Exemple : demat schemas list
    """
    from demat.schemas.installed import choices, editions

    place = folder_of(config, folder)
    chosen, found = (choices(place), editions(place)) if place else ({}, ())
    rows = [*_packaged(), *map(_installed, found)]
    faults = [fault for item in found for fault in item.faults]
    if as_json:
        print_json({"editions": rows, "chosen": chosen, "faults": _faults_json(faults)})
    else:
        _print_list(rows, chosen)
        print_faults(_as_faults(faults), indent="  ")
    return Exit.CONFIGURATION if faults else Exit.DONE


@command()
@guarded
def install(
    archive: Annotated[
        Path,
        typer.Argument(metavar="ARCHIVE", help="Dossier, .zip ou .tar.gz des schémas de l'État."),
    ],
    edition: Annotated[
        str, typer.Option("--edition", metavar="VERSION", help="Nom de la version : 4.7.1.")
    ],
    valid_from: Annotated[
        datetime,
        typer.Option(
            "--valid-from",
            metavar="AAAA-MM-JJ",
            formats=["%Y-%m-%d"],
            help="Premier jour des documents qu'elle concerne.",
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="DOSSIER", help="Où l'installer, si ce n'est dans les données."
        ),
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Ajouter une version officielle, telle que l'État la publie, après l'avoir vérifiée.

    Exemple : demat schemas install pes-4.7.1.zip --edition 4.7.1 --valid-from 2015-07-01
    """
    from demat.cli.words import plural
    from demat.clock import SystemClock
    from demat.schemas import installed

    done = installed.install(
        archive,
        _required(config, into),
        edition=edition,
        valid_from=valid_from.date(),
        now=SystemClock().now(),
    )
    if as_json:
        print_json(_installed(done))
    else:
        say(f"Version {done.edition} installée : {plural(len(done.files), 'fichier')}.")
        say(f"Elle décrit : {', '.join(_fluxes(done))}.")
    return Exit.DONE


@command()
@guarded
def use(
    edition: Annotated[
        str,
        typer.Argument(metavar="VERSION", help="Version à utiliser, ou auto : selon la date."),
    ],
    flux: Annotated[
        str,
        typer.Option(
            "--flux", metavar="DOCUMENT", help="PES_Aller, PES_ACQUIT, PES_Retour ou ACTES."
        ),
    ] = "",
    folder: FolderOption = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Choisir la version qui sert à contrôler les fichiers, pour tous les documents ou un seul.

    Exemple : demat schemas use 5.11 --flux PES_Aller    ou : demat schemas use auto
    """
    from demat.schemas.installed import choose

    chosen = choose(_required(config, folder), edition, flux)
    if as_json:
        print_json({"chosen": chosen})
    else:
        _print_choices(chosen)
    return Exit.DONE


def folder_of(config: Path, folder: Path | None) -> Path | None:
    """Return the folder of installed schemas; none without configuration in the current folder.

    :raises FaultError: ``CFG-…`` when the configuration that is named cannot be used.
    """
    if folder is not None:
        return folder
    return _required(config, None) if config != CONFIG or config.exists() else None


def _required(config: Path, folder: Path | None) -> Path:
    from demat.config import load_config

    return folder if folder is not None else load_config(config).donnees / "schemas"


def catalogue(folder: Path | None, edition: str) -> "tuple[Catalogue, Faults]":
    """Return the schemas that judge, and why some installed ones are not used.

    :param edition: the one that must judge; empty for what was chosen with ``use``.
    :raises FaultError: ``CFG-SCHEMA_UNKNOWN``, ``CFG-SCHEMA_ALTERED``, ``CFG-SCHEMA_MANIFEST``.
    """
    from demat.schemas.catalogue import Catalogue
    from demat.schemas.installed import catalogue_of, editions, named

    if folder is None:
        found, faults = Catalogue.default(), _as_faults([])
    else:
        found = catalogue_of(folder)
        faults = _as_faults([fault for item in editions(folder) for fault in item.faults])
    return (found.with_choice(named(folder, edition)) if edition else found), faults


def _packaged() -> list[dict[str, Any]]:
    from demat.schemas.catalogue import Catalogue

    rows: dict[str, dict[str, Any]] = {}
    for entry in Catalogue.default().entries:
        row: dict[str, Any] = {
            "edition": entry.edition,
            "valid_from": entry.valid_from.isoformat(),
            "flux": [],
            "origin": entry.origin,
            "installed_at": None,
            "intact": True,
        }
        flux = rows.setdefault(entry.edition, row)["flux"]
        if entry.flux not in flux:
            flux.append(entry.flux)
    return list(rows.values())


def _installed(item: "InstalledEdition") -> dict[str, Any]:
    return {
        "edition": item.edition,
        "valid_from": item.valid_from.isoformat(),
        "flux": _fluxes(item),
        "origin": item.origin,
        "installed_at": item.installed_at.isoformat(),
        "intact": not item.faults,
    }


def _fluxes(item: "InstalledEdition") -> list[str]:
    return list(dict.fromkeys(entry.flux for entry in item.entries))


def _as_faults(faults: "list[Any]") -> "Faults":
    from demat.faults import Faults

    return Faults(faults)


def _faults_json(faults: "list[Any]") -> list[dict[str, Any]]:
    from demat.labels_fr.catalogue import render_json

    return [dict(render_json(fault)) for fault in faults]


def _print_list(rows: list[dict[str, Any]], chosen: Mapping[str, str]) -> None:
    from rich import box
    from rich.table import Table

    from demat.cli.display import console

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Version", "Documents", "Depuis le", "Origine", "Fichiers"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    console().print(table)
    _print_choices(chosen)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    from datetime import date

    from demat.cli.display import day_fr

    state = "intacts" if row["intact"] else "modifiés"
    since = day_fr(date.fromisoformat(row["valid_from"]))
    return row["edition"], "\n".join(row["flux"]), since, row["origin"], state


def _print_choices(chosen: Mapping[str, str]) -> None:
    for flux, edition in chosen.items():
        say(f"{flux} : version {edition}, quelle que soit la date.")
    say(f"{'Autres documents' if chosen else 'Tous les documents'} : version selon leur date.")
