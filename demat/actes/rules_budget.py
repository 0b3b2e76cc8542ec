"""Rules 45 to 49 of the actes dossier (§10): a budget in XML, and its seal.

The schema of rule 45 is applied by the engine; here, what is left of it: well-formed, right root.
"""

import io
import re
import unicodedata
from collections.abc import Iterator

from demat.actes.budget import EnteteBudget, etape_of, read_entete
from demat.actes.contexte import blocking, warning
from demat.actes.documents import detect_type
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.natures import NatureActe
from demat.actes.scellement import EtatScellement, verify_scellement
from demat.faults import Fault, FaultError, Faults

__all__ = ["budget_pieces", "check_budget", "check_file"]

_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_NUMBER = r"(?: ?(?:n|no|num|numero)?[ .]?0*(?P<{}>\d{{1,3}})(?!\d))?"
_STAGES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(pattern))
    for code, pattern in (
        ("01", r"\bbudgets? primitifs?\b|\bbp\b"),
        ("02", r"\bdecisions? modificatives?\b" + _NUMBER.format("said")),
        ("02", r"\bdm\b" + _NUMBER.format("said") + r"|\bdm0*(?P<stuck>\d{1,3})\b"),
        ("03", r"\bbudgets? supplementaires?\b|\bbs\b"),
        ("09", r"\bcomptes? administratifs?\b"),
        ("10", r"\bcomptes? financiers? uniques?\b|\bcfu\b"),
    )
)
"""``NatDec`` → how an objet says it, without accents, in small letters, single spaces."""


def check_budget(acte: Acte, emetteur: Emetteur) -> Iterator[Fault]:
    """Check the budget that an act is, and the seal of those that it carries as annexes."""
    document = acte.document
    if acte.nature is NatureActe.BUDGETAIRE and detect_type(document.content) == "xml":
        yield from _check_document(document, acte, emetteur)
    for annexe in acte.annexes:
        if detect_type(annexe.content) == "xml":
            yield from _check_annexe(annexe)


def budget_pieces(acte: Acte) -> tuple[tuple[Piece, EnteteBudget], ...]:
    """Return the files of an act that are budgets in XML, with what each says of itself."""
    found = []
    for piece in (acte.document, *acte.annexes):
        if detect_type(piece.content) != "xml":
            continue
        try:
            found.append((piece, read_entete(io.BytesIO(piece.content))))
        except FaultError:  # another XML, of which rules 29 and 45 speak
            continue
    return tuple(found)


def check_file(piece: Piece, siren: str) -> tuple[EnteteBudget | None, Faults]:
    """Apply rules 45 to 48 to a budget, before any act is made of it.

    :param siren: the authority that sends.
    :returns: what it says of itself, unless it cannot be read, and the findings.
    """
    try:
        entete = read_entete(io.BytesIO(piece.content))
        faults = Faults(_check_seal(piece))
    except FaultError as error:
        wrong = blocking(45, source=piece.name, name=piece.name)
        return None, Faults([wrong, *error.faults.within(piece.name)])
    return entete, faults + _check_emetteur(piece, entete, siren)


def _check_document(piece: Piece, acte: Acte, emetteur: Emetteur) -> Iterator[Fault]:
    entete, faults = check_file(piece, emetteur.siren)
    yield from faults
    if entete is not None:
        yield from _check_said(piece, entete, acte)


def _check_annexe(piece: Piece) -> Iterator[Fault]:
    try:
        read_entete(io.BytesIO(piece.content))
        seal = list(_check_seal(piece))
    except FaultError:  # not a budget: an annexe may be any XML (rule 33)
        return
    yield from seal


def _check_seal(piece: Piece) -> Iterator[Fault]:
    etat = verify_scellement(piece.content).etat
    if etat is EtatScellement.ABSENT:
        yield blocking(46, source=piece.name, name=piece.name)
    elif etat is EtatScellement.ALTERED:
        yield blocking(47, source=piece.name, name=piece.name)


def _check_emetteur(piece: Piece, entete: EnteteBudget, siren: str) -> Iterator[Fault]:
    if not entete.siren:
        yield warning("048_NONE", source=piece.name, name=piece.name)
    elif entete.siren != siren:
        siret = entete.siret or entete.id_etab
        yield blocking(48, source=piece.name, name=piece.name, siret=siret)


def _check_said(piece: Piece, entete: EnteteBudget, acte: Acte) -> Iterator[Fault]:
    """Compare the budget with the objet and the date that a person gave (rule 49)."""
    if _agrees(entete, acte):
        return
    yield warning(
        49,
        source=piece.name,
        name=piece.name,
        stage=etape_of(entete),
        exercice=str(entete.exercice or ""),
    )


def _agrees(entete: EnteteBudget, acte: Acte) -> bool:
    objet = _fold(acte.objet)
    years = {int(year) for year in _YEAR.findall(objet)}
    stages = {code for code, pattern in _STAGES if pattern.search(objet)}
    if stages and entete.nat_dec not in stages:
        return False
    if entete.nat_dec == "02" and not _agrees_number(entete.num_dec, objet):
        return False
    if entete.exercice is None:
        return True
    if years and entete.exercice not in years:
        return False
    return acte.date_decision.year - entete.exercice in _delays(entete)


def _delays(entete: EnteteBudget) -> tuple[int, int]:
    """Return when a document is voted, in years after its exercice."""
    if entete.nat_dec == "01":
        return (-1, 0)
    return (0, 1)


def _agrees_number(num_dec: str, objet: str) -> bool:
    said = {
        int(number)
        for code, pattern in _STAGES
        if code == "02"
        for found in pattern.finditer(objet)
        for number in found.groups()
        if number
    }
    return not said or not num_dec.isdigit() or int(num_dec) in said


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.lower().split())
