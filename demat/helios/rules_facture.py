"""Rule 77: the avis des sommes à payer (ASAP) that the DGFiP prints (helios dossier §6.1, §9).

They are ``PES_Facture`` blocks of TypeFact 09 or 10, in an attachment of kind 006 or beside the
bordereaux. Only what the schemas do not say is checked.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from demat.faults import Fault, FaultError
from demat.helios.read import read_montant, read_whole
from demat.helios.rule_base import BordereauNode, french, is_present, read_day, text
from demat.xmlio import Element, line_of, local_name, parse_untrusted

__all__ = ["Emissions", "check_attached", "check_facture", "emissions_of"]

Emissions = Mapping[tuple[int, int, int], str]
"""``DteBordEm`` by exercice, bordereau and titre, for the titres of the file."""

_FACTURE = "PES_Facture"
_PATIENTS = "10"
_ASAP = frozenset({"09", _PATIENTS})
_TALON = "1"
_TIP_MAX = Decimal(150_000)
_LINE = re.compile(r"^[0-9A-Z ]{1,60}$")
_CENTRE, _TRESORERIE = "25", "26"
_CENTRE_NAMES = ("CENTRE D'ENCAISSEMENT", "DES FINANCES PUBLIQUES")
_EMETTEUR = (
    ("Emetteur/Adresse", "adresse de l'émetteur"),
    ("Emetteur/Signataire/Personne/Nom", "nom du signataire"),
    ("Emetteur/Signataire/Personne/Prenom", "prénom du signataire"),
    ("Emetteur/Signataire/Role", "qualité du signataire"),
    ("Emetteur/InfoSuppl/RefBdf", "référence Banque de France"),
)
_AMOUNTS = frozenset({"MtUnitaire", "MtBase", "MtRemise", "MtHT", "MtTTC"})


def emissions_of(bordereaux: list[BordereauNode]) -> Emissions:
    """Return the day of emission of every pièce, to compare with the date of its avis."""
    return {
        (
            read_whole(bordereau.get("Exer")) or 0,
            read_whole(bordereau.get("IdBord")) or 0,
            read_whole(numero) or 0,
        ): bordereau.get("DteBordEm")
        for bordereau in bordereaux
        for numero, _ in bordereau.pieces
    }


def check_attached(content: bytes, name: str, emissions: Emissions) -> Iterator[Fault]:
    """Apply the rule to an attachment of kind 006, already decompressed.

    :param name: how an agent knows the attachment.
    """
    try:
        root = parse_untrusted(content)
    except FaultError:
        yield Fault(code="PES-077_UNREADABLE", params={"ou": name}, path=name)
        return
    block = root if local_name(root) == _FACTURE else root.find(f".//{{*}}{_FACTURE}")
    if block is None:
        yield Fault(code="PES-077_UNREADABLE", params={"ou": name}, path=name)
    else:
        yield from check_facture(block, name, emissions, attached=True)


def check_facture(
    block: Element, where: str, emissions: Emissions, *, attached: bool = False
) -> Iterator[Fault]:
    """Apply the rule to one ``PES_Facture``; other kinds than the ASAP are left alone.

    :param attached: the lines are those of the attachment, which the agent cannot see.
    """
    kind = text(block, "TypeFact")
    if kind not in _ASAP:
        return
    for code, node, params in _findings(block, kind, emissions):
        yield Fault(
            code=code,
            params={"ou": where, **params},
            path=where,
            line=None if attached else line_of(node),
        )


_Finding = tuple[str, Element, dict[str, str]]


def _findings(block: Element, kind: str, emissions: Emissions) -> Iterator[_Finding]:
    yield from _emetteur(block)
    yield from _parties(block)
    seen: set[tuple[int, int, int]] = set()
    for facture in block.iterfind("FactureIndiv"):
        numero = {"facture": text(facture, "NumeroFacture")}
        for code, params in _facture(facture, kind):
            yield code, facture, {**numero, **params}
        for code, params in _titre(facture, seen, emissions):
            yield code, facture, {**numero, **params}


def _emetteur(block: Element) -> Iterator[_Finding]:
    for path, label in _EMETTEUR:
        if not is_present(block, path):
            yield "PES-077_ISSUER", block, {"missing": label}
    tipi = [bool(text(block, f"Emetteur/InfoSuppl/{name}")) for name in ("CodeTipi", "AdrTipi")]
    if any(tipi) and not all(tipi):
        yield "PES-077_TIPI", block, {}


def _parties(block: Element) -> Iterator[_Finding]:
    """Exactly one collecting centre and one trésorerie, each written as the notes say."""
    for kind, label in ((_CENTRE, "centre d'encaissement"), (_TRESORERIE, "trésorerie")):
        found = [one for one in block.findall("Tiers") if text(one, "InfoTiers/TypTiers") == kind]
        params = {"partie": label, "typ_tiers": kind}
        if len(found) != 1:
            yield "PES-077_PARTY", block, {**params, "count": str(len(found))}
        elif not (_is_centre if kind == _CENTRE else _is_tresorerie)(found[0]):
            yield "PES-077_PARTY_DATA", found[0], params


def _is_centre(tiers: Element) -> bool:
    names = (text(tiers, "InfoTiers/Nom").upper(), text(tiers, "InfoTiers/ComplNom").upper())
    streets = [is_present(tiers, f"Adresse/{name}") for name in ("Adr1", "Adr2")]
    return names == _CENTRE_NAMES and not any(streets)


def _is_tresorerie(tiers: Element) -> bool:
    return bool(text(tiers, "Adresse/Adr2"))


def _facture(facture: Element, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    if not text(facture, "Debiteur/Adresse/Adr2"):
        yield "PES-077", {"missing": "rue du débiteur (Adr2)"}
    wanted = "LigneFacturePatient" if kind == _PATIENTS else "LigneFacture"
    if not is_present(facture, wanted):
        yield "PES-077", {"missing": f"lignes de la facture ({wanted})"}
    talon = [text(facture, f"TalonOptique2Lignes/{name}") for name in ("Ligne1", "Ligne2")]
    if not all(talon):
        yield "PES-077", {"missing": "talon optique (deux lignes)"}
    elif not all(_LINE.match(line) for line in talon):
        yield "PES-077_TALON", {}
    yield from _recouvrement(facture, kind)
    for ligne in facture.iterfind("LigneFacture"):
        for node in ligne:
            if node.tag in _AMOUNTS and not (read_montant(node.get("V", "")) or Decimal(0)) > 0:
                yield "PES-077_AMOUNT", {"value": node.get("V", ""), "element": str(node.tag)}


def _recouvrement(facture: Element, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Say how the sum is collected: with a TIP (0) or a slip (1); patients always with a slip."""
    mode = {"true": _TALON, "false": "0"}.get(
        text(facture, "ModeRecouvrement"), text(facture, "ModeRecouvrement")
    )
    if not mode:
        yield "PES-077", {"missing": "mode de recouvrement"}
        return
    if kind == _PATIENTS and mode != _TALON:
        yield "PES-077_PATIENT", {}
    amount = read_montant(text(facture, "TotalAPayer/MtTotalTTC"))
    if mode != _TALON and amount is not None and amount > _TIP_MAX:
        yield "PES-077_TIP", {"amount": f"{amount:.2f}"}


def _titre(
    facture: Element, seen: set[tuple[int, int, int]], emissions: Emissions
) -> Iterator[tuple[str, dict[str, str]]]:
    """The titre that the avis goes with: named once, on its line 1, at its own date."""
    numbers = [
        read_whole(text(facture, f"RefTitre/{name}"))
        for name in ("Exercice", "NumBordereau", "NumTitre")
    ]
    exercice, bordereau, titre = (number or 0 for number in numbers)
    if not (exercice and bordereau and titre):
        yield "PES-077", {"missing": "référence du titre (exercice, bordereau, titre)"}
        return
    key = (exercice, bordereau, titre)
    params = {"titre": str(titre)}
    if read_whole(text(facture, "RefTitre/NumLigne")) != 1:
        yield "PES-077_LINE", params
    if key in seen:
        yield "PES-077_DOUBLE", params
    seen.add(key)
    emission, day = read_day(emissions.get(key, "")), read_day(text(facture, "DateEmission"))
    if emission is not None and day is not None and day != emission:
        yield "PES-077_DATE", {**params, "date": french(day), "emission": french(emission)}
