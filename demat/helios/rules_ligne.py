"""Rules on a line: amounts, original pièce, links, payment: 42 to 48, 50, 51, 53, 54 (§9)."""

from collections.abc import Iterator
from decimal import Decimal

from demat.faults import Fault
from demat.helios.codes import ModRegl, UsageCompte
from demat.helios.model import Domaine
from demat.helios.rule_base import LigneNode, PieceNode, text
from demat.helios.scalars import read_boolean, read_montant, read_whole
from demat.xmlio import Element

__all__ = ["check_dgp", "check_ligne"]

_CENT = Decimal("0.01")
_REDUCTION = ("02", "02", "06")
_CORRECTIF = ("01", "02", "09")
_MAJORATION = ("01", "09", "01")
_REGULARISATION = "05"
_MANDATORY = {
    Domaine.DEPENSE: frozenset(
        {_REDUCTION, _CORRECTIF, ("01", "13", "01"), ("02", "02", "10"), ("01", "07", "01")}
    ),
    Domaine.RECETTE: frozenset(
        {_REDUCTION, _CORRECTIF, ("02", "02", "10"), ("01", "14", "01"), _MAJORATION}
    ),
}
_CANCELS = frozenset({"01", "02"})
_ALL_NATURES = {
    Domaine.DEPENSE: frozenset({"01", "02", "03", "04", "05"}),
    Domaine.RECETTE: frozenset({"01", "02", "03", "05"}),
}
_EXPECTED_NATURES = {
    (Domaine.DEPENSE, ("01", "07", "01")): frozenset({"04"}),
    (Domaine.DEPENSE, ("01", "01", "01")): frozenset({"05"}),
    (Domaine.DEPENSE, ("01", "09", "01")): frozenset({"05"}),
    (Domaine.RECETTE, _MAJORATION): frozenset({"05"}),
}
_WITH_LINE = {
    Domaine.DEPENSE: frozenset({"01", "02", "05"}),
    Domaine.RECETTE: frozenset({"01", "02"}),
}
_CONVENTION = {
    Domaine.DEPENSE: frozenset({("01", "06", "01")}),
    Domaine.RECETTE: frozenset({("01", "10", "01"), ("01", "10", "02")}),
}

_MARCHE = "09"
_LINKS = {
    "03": ("IdActif", "inventaire"),
    "04": ("IdEmpruntOrdo", "emprunt"),
    "05": ("IdRegie", "régie"),
}
"""Reference that each ``NatPce`` asks for, and its name."""


def check_ligne(ligne: LigneNode) -> Iterator[Fault]:
    """Apply the rules on one line; those that have nothing to look at are not even called."""
    domaine, triplet = ligne.domaine, ligne.piece.triplet
    amount = read_montant(ligne.get("MtHT"))
    if amount is None or amount <= 0:
        yield _no_amount(ligne, amount)
    if domaine is Domaine.RECETTE:
        if "MtTVA" in ligne.info:
            yield from _tva(ligne)
        yield from _majoration(ligne)
    elif "ModRegl" in ligne.info:
        yield from _payment(ligne)
    wanted = triplet in _MANDATORY[domaine] or triplet[1] == _REGULARISATION
    if wanted or "RattachPiece" in ligne.blocs:
        yield from _rattachement(ligne, wanted=wanted)
    if triplet[1] == _MARCHE or triplet[2] in _LINKS or triplet in _CONVENTION[domaine]:
        yield from _links(ligne)


def _no_amount(ligne: LigneNode, amount: Decimal | None) -> Fault:
    """Rule 42."""
    zero = amount is not None and ligne.domaine is Domaine.DEPENSE
    return ligne.fault("PES-042_ZERO" if zero else "PES-042", value=ligne.get("MtHT"))


def _tva(ligne: LigneNode) -> Iterator[Fault]:
    """Rule 43: recette only, the rate is an element of the titre."""
    tva, ht = read_montant(ligne.get("MtTVA")), read_montant(ligne.get("MtHT"))
    if not tva:
        yield ligne.fault("PES-043_ZERO")
        return
    rate = read_montant(ligne.get("TxTva"))
    if not rate:
        yield ligne.fault("PES-043_RATE", tva=ligne.get("MtTVA"))
    elif ht is not None and abs(tva - ht * rate / 100) > _CENT:
        expected = (ht * rate / 100).quantize(_CENT)
        yield ligne.fault(
            "PES-043", tva=ligne.get("MtTVA"), rate=ligne.get("TxTva"), expected=f"{expected}"
        )


def _majoration(ligne: LigneNode) -> Iterator[Fault]:
    """Rule 44."""
    majo = read_boolean(ligne.get("Majo"))
    fields = [name in ligne.info for name in ("DteMajo", "TxMajo")]
    if fields != [majo, majo]:
        yield ligne.fault("PES-044" if majo else "PES-044_UNEXPECTED")
    if not majo:
        return
    block = ligne.blocs.get("RattachPiece")
    nature = "" if block is None else text(block, "NatPceOrig")
    if nature != "05" or ligne.piece.triplet != _MAJORATION:
        yield ligne.fault("PES-044_ORIGIN")


def _rattachement(ligne: LigneNode, *, wanted: bool) -> Iterator[Fault]:
    """Rules 45 to 48: the original pièce, with the codes of the right domain."""
    triplet, block = ligne.piece.triplet, ligne.blocs.get("RattachPiece")
    if block is None:
        if wanted:
            yield ligne.fault("PES-045", triplet="-".join(triplet))
        return
    if not (read_whole(text(block, "IdPceOrig")) and text(block, "ExerRat")):
        yield ligne.fault("PES-045", block, triplet="-".join(triplet))
    yield from _nature_of_origin(ligne, block)
    yield from _year_of_origin(ligne, block)
    yield from _line_of_origin(ligne, block)


def _nature_of_origin(ligne: LigneNode, block: Element) -> Iterator[Fault]:
    """Rule 46."""
    nature, triplet = text(block, "NatPceOrig"), ligne.piece.triplet
    if triplet[1] == _REGULARISATION:
        expected = frozenset({"03"})
    elif (ligne.domaine, triplet) in _EXPECTED_NATURES:
        expected = _EXPECTED_NATURES[ligne.domaine, triplet]
    elif triplet in _MANDATORY[ligne.domaine]:
        expected = _CANCELS
    else:
        expected = _ALL_NATURES[ligne.domaine]
    if nature not in expected:
        yield ligne.fault("PES-046", block, value=nature, expected=", ".join(sorted(expected)))


def _year_of_origin(ligne: LigneNode, block: Element) -> Iterator[Fault]:
    """Rule 47."""
    origin = read_whole(text(block, "ExerRat"))
    exercice = read_whole(ligne.piece.bordereau.get("Exer"))
    if origin is None or exercice is None:
        return
    params = {"origine": str(origin), "exercice": str(exercice)}
    if ligne.piece.triplet == _REDUCTION and origin != exercice:
        yield ligne.fault("PES-047", block, **params)
    if ligne.piece.triplet == _CORRECTIF and origin >= exercice:
        yield ligne.fault("PES-047_SAME_YEAR", block, **params)


def _line_of_origin(ligne: LigneNode, block: Element) -> Iterator[Fault]:
    """Rule 48."""
    wanted = text(block, "NatPceOrig") in _WITH_LINE[ligne.domaine]
    given = (read_whole(text(block, "IdLigneOrig")) or 0) >= 1
    if wanted != given:
        yield ligne.fault("PES-048" if wanted else "PES-048_UNEXPECTED", block)


def _links(ligne: LigneNode) -> Iterator[Fault]:
    """Rules 50 and 51."""
    triplet = ligne.piece.triplet
    if triplet in _CONVENTION[ligne.domaine] and not ligne.lien("IdConv"):
        yield ligne.fault("PES-050", triplet="-".join(triplet))
    if triplet[1] == _MARCHE and ligne.domaine is Domaine.DEPENSE and not ligne.lien("IdMarche"):
        yield ligne.fault("PES-051", reference="marché")
    if triplet[2] in _LINKS:
        name, label = _LINKS[triplet[2]]
        if not ligne.lien(name):
            yield ligne.fault("PES-051", reference=label)


def _payment(ligne: LigneNode) -> Iterator[Fault]:
    """Rule 53."""
    mode = ModRegl.from_code(ligne.get("ModRegl"))
    if mode is None:
        return
    tiers = next(iter(ligne.tiers), None)  # a line of mandat has one at most
    bank = tiers is not None and tiers.compte is not None
    refused = UsageCompte.FORBIDDEN if bank else UsageCompte.REQUIRED
    if mode.compte is refused:
        code = "PES-053_UNEXPECTED" if bank else "PES-053"
        yield ligne.fault(code, mode=mode.libelle, tiers="" if tiers is None else tiers.get("Nom"))


def check_dgp(piece: PieceNode) -> Iterator[Fault]:
    """Apply rule 54: the four fields of the time limit go together and in order."""
    block = piece.node.find("BlocPiece/DGP")
    if block is None:
        return
    fields = {name: text(block, name) for name in ("Dgp", "DteDebDgp", "DteFinDgp", "DureeDgp")}
    if not all(fields.values()):
        missing = ", ".join(name for name, found in fields.items() if not found)
        yield piece.fault("PES-054", block, missing=missing)
    elif fields["DteFinDgp"] < fields["DteDebDgp"]:
        yield piece.fault("PES-054_DATES", block)
