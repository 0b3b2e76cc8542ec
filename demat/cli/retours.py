"""``retours``: where each mandat and titre stands, and the month of each budget."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.authorities import choose
from demat.cli.boundary import Exit, print_json, say

if TYPE_CHECKING:
    from demat.engine.office import Authority
    from demat.engine.suivi import MonthLine, PieceLine
    from demat.engine.view_csv import Row
    from demat.helios.pieces import EtatPiece

__all__ = ["Wanted", "show_months", "show_pieces"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be shown, and where."""

    siren: str = ""
    budget: str = ""
    etat: str = ""
    mois: str = ""
    csv: Path | None = None
    as_json: bool = False


def show_pieces(config: Path, wanted: Wanted) -> int:
    """List pièces and their states; write them in a table when one is asked for."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.suivi import piece_lines, piece_rows

    etat = _etat(wanted.etat)
    with open_office(load_config(config)) as office:
        authority = choose(office, wanted.siren)
        _check(wanted, authority)
        lines = piece_lines(authority, office, cod_bud=wanted.budget, etat=etat, month=wanted.mois)
    if wanted.csv is not None:
        _write(wanted.csv, piece_rows(lines))
    if wanted.as_json:
        print_json({"siren": authority.siren, "pieces": [_piece_json(one) for one in lines]})
    else:
        _tell_pieces(lines)
        _tell_written(wanted.csv)
    return Exit.DONE


def show_months(config: Path, wanted: Wanted) -> int:
    """Show what each budget did month by month."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.suivi import month_rows, months

    with open_office(load_config(config)) as office:
        authority = choose(office, wanted.siren)
        _check(wanted, authority)
        lines = months(authority, office, cod_bud=wanted.budget, month=wanted.mois)
    if wanted.csv is not None:
        _write(wanted.csv, month_rows(lines, authority))
    if wanted.as_json:
        print_json({"siren": authority.siren, "mois": [_month_json(one) for one in lines]})
    else:
        _tell_months(lines, authority)
        _tell_written(wanted.csv)
    return Exit.DONE


def _etat(text: str) -> "EtatPiece | None":
    from demat.faults import Fault, FaultError
    from demat.helios.pieces import EtatPiece

    if not text:
        return None
    try:
        return EtatPiece(text)
    except ValueError as error:
        params = {"value": text, "known": ", ".join(EtatPiece)}
        raise FaultError(Fault(code="INT-STATE", params=params)) from error


def _check(wanted: Wanted, authority: "Authority") -> None:
    """Refuse a month or a budget that cannot be.

    :raises FaultError: ``INT-MONTH``, ``INT-BUDGET_CODE``.
    """
    from demat.faults import Fault, FaultError

    if wanted.mois and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", wanted.mois, re.ASCII):
        raise FaultError(Fault(code="INT-MONTH", params={"value": wanted.mois}))
    known = [budget.cod_bud for budget in authority.budgets]
    if wanted.budget and wanted.budget not in known:
        params = {"value": wanted.budget, "known": ", ".join(known) or "aucun"}
        raise FaultError(Fault(code="INT-BUDGET_CODE", params=params))


def _write(path: Path, rows: "Iterable[Row]") -> None:
    from demat.engine.view_csv import to_csv
    from demat.files import write_chunks

    write_chunks(path, to_csv(rows))


def _tell_written(path: Path | None) -> None:
    if path is not None:
        say(f"  tableau : {path}")


def _tell_pieces(lines: "Sequence[PieceLine]") -> None:
    from rich import box
    from rich.table import Table

    from demat.cli.display import console, day_fr
    from demat.engine.retour_sheets import NOMS
    from demat.helios.libelles import ETATS_PIECE

    if not lines:
        say("Aucune pièce dans ce cas.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Budget", "Pièce", "Exercice", "État", "Date"):
        table.add_column(name, overflow="fold")
    for name in ("Montant", "Réglé"):
        table.add_column(name, justify="right", overflow="fold")
    for one in lines:
        words = ETATS_PIECE[one.etat] + (", à régulariser" if one.to_regularise else "")
        if one.transmission_id is None:
            words += " (non envoyée par demat)"
        table.add_row(
            *(one.cod_bud, f"{NOMS[one.domaine]} {one.numero}", str(one.exercice), words),
            *(day_fr(one.day) if one.day else "", _euros(one.amount), _euros(one.paid)),
        )
    console().print(table)


def _euros(amount: Decimal | None) -> str:
    from demat.engine.view_page import euros

    return euros(amount)


def _tell_months(lines: "Sequence[MonthLine]", authority: "Authority") -> None:
    from demat.amounts import from_cents
    from demat.cli.display import paragraph
    from demat.cli.words import plural
    from demat.engine.retour_sheets import NOMS

    if not lines:
        say("Rien à résumer.")
    names = {budget.cod_bud: budget.libelle for budget in authority.budgets}
    for one in lines:
        say(
            f"Budget {one.cod_bud} {names.get(one.cod_bud, '')}, {NOMS[one.domaine]}s, "
            f"{one.month or 'date inconnue'}"
        )
        paid = "encaissé" if one.domaine == "recette" else "payé"
        amounts = (
            (f"émis HT ({plural(one.pieces, 'pièce')})", one.emis),
            ("pris en charge", one.pris_en_charge),
            (paid, one.regle),
            ("dont paiement en ligne", one.en_ligne),
            ("rejeté", one.rejete),
            ("en instance", one.instance),
            ("soldé", one.solde),
            ("à régulariser", one.a_regulariser),
        )
        told = [f"{name} : {_euros(from_cents(value))}" for name, value in amounts if value]
        say(paragraph(" ; ".join(told) or "rien", indent="  "))


def _piece_json(one: "PieceLine") -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(one).items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: a day in ISO form, an amount as text with two places."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _month_json(one: "MonthLine") -> dict[str, Any]:
    """Return a line with its amounts as text, in euros."""
    from demat.amounts import from_cents

    counted = ("cod_bud", "domaine", "month", "pieces")
    return {
        name: value if name in counted else f"{from_cents(value):.2f}"
        for name, value in asdict(one).items()
    }
