"""What a signataire reads before signing: the bordereaux that wait, their totals, who may not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import print_faults, say
from demat.cli.words import KIND_FR, plural

if TYPE_CHECKING:
    from decimal import Decimal

    from demat.engine.parts import ToSign
    from demat.engine.sign_session import Waiting
    from demat.engine.signataires import Signataire
    from demat.faults import Faults

__all__ = ["bordereaux_fr", "plain", "show_signable", "show_waiting", "waiting_json"]

_WHAT, _PIECES, _AMOUNT = 38, 12, 20
"""Columns of a line: what it is, how many pièces, how much."""


def plain(text: str) -> str:
    """Return a text that cannot move the cursor nor hide what was written before it."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)


def bordereaux_fr(count: int) -> str:
    """Count bordereaux."""
    return f"{count} bordereau{'x' if count > 1 else ''}"


def show_waiting(
    nom: str, waiting: Sequence["Waiting"], pages: Mapping[int, Sequence[Path]]
) -> None:
    """List every deposit that waits, with its bordereaux and the pages that show them."""
    verb = "attend" if len(waiting) == 1 else "attendent"
    say(f"{plain(nom)} : {plural(len(waiting), 'dépôt')} {verb} une signature")
    for item in waiting:
        kind = KIND_FR.get(item.deposit.kind or "", "")
        say(f"\nD{item.deposit.id}  {plain(item.deposit.name)}" + (f" ({kind})" if kind else ""))
        by_budget = groupby(item.bordereaux, lambda one: (one.libelle, one.budget))
        for (libelle, budget), bordereaux in by_budget:
            say(f"  Budget {plain(libelle)} ({budget})")
            for one in bordereaux:
                _show_bordereau(one)
        for page in pages.get(item.deposit.id, ()):
            say(f"    à lire : {page}")
        if item.faults.blocking:
            say("  Ne peut plus être signé, à rendre à la personne qui l'a déposé :")
        print_faults(item.faults, indent="    ")


def _show_bordereau(one: "ToSign") -> None:
    from demat.amounts import euros

    what = f"Bordereau n° {one.numero} de {one.exercice}"
    amount = euros(one.total) or _DOUBTFUL
    say(
        f"    {what:{_WHAT}}{plural(one.pieces, _PIECE[one.domaine]):>{_PIECES}}{amount:>{_AMOUNT}}"
    )
    nature = _nature(one)
    if nature:
        say(f"      {nature}")
    if one.mt_tva:
        say(f"      dont TVA {euros(one.mt_tva)}")


_DOUBTFUL = "montant douteux"
_PIECE = {"recette": "titre", "depense": "mandat"}
_ORDINARY = "01"


def _nature(one: "ToSign") -> str:
    """Return what a bordereau is when it is no ordinary one: a reduction takes money back."""
    from demat.helios.libelles import nature_bordereau

    return "" if one.typ_bord == _ORDINARY else nature_bordereau(one.domaine, one.typ_bord)


def show_signable(
    signataire: "Signataire",
    may: Sequence["Waiting"],
    against: Mapping[str, "Faults"],
) -> None:
    """Say what a signataire may not sign and why, then the total of what may be.

    :param against: reasons, by what they are about.
    """
    for name, faults in against.items():
        say(f"\n{plain(signataire.nom)} ne peut pas signer {name} :")
        print_faults(faults, indent="  ")
    if may:
        bordereaux = [one for item in may for one in item.bordereaux]
        say(f"\nÀ signer par {plain(signataire.nom)}, {plain(signataire.qualite)} :")
        if signataire.delegation is not None:
            say(f"  par délégation ({plain(signataire.delegation.reference)})")
        for what, amount in _totals(bordereaux):
            say(f"    {what:{_WHAT + _PIECES}}{amount:>{_AMOUNT}}")


def _totals(bordereaux: Iterable["ToSign"]) -> Iterable[tuple[str, str]]:
    """Total each kind apart: what is reduced is not added to what is ordered."""
    from demat.amounts import euros, total

    kinds: dict[tuple[str, str], list[ToSign]] = defaultdict(list)
    for one in bordereaux:
        kinds[_PIECE[one.domaine], _nature(one)].append(one)
    for (piece, nature), group in kinds.items():
        words = f"{bordereaux_fr(len(group))}, {plural(sum(one.pieces for one in group), piece)}"
        known = [one.total for one in group if one.total is not None]
        amount = euros(total(known)) if len(known) == len(group) else _DOUBTFUL
        yield (f"{words} ({nature})" if nature else words), amount


def waiting_json(item: "Waiting") -> dict[str, Any]:
    """Return what waits, for a program; amounts are exact decimals."""

    def amount(value: "Decimal | None") -> str | None:
        return None if value is None else f"{value:.2f}"

    return {
        "id": item.deposit.id,
        "name": item.deposit.name,
        "bordereaux": [
            {
                "budget": one.budget,
                "flux": one.domaine.value,
                "exercice": one.exercice,
                "numero": one.numero,
                "typ_bord": one.typ_bord,
                "pieces": one.pieces,
                "total": amount(one.total),
            }
            for one in item.bordereaux
        ],
    }
