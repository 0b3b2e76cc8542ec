"""Where each mandat and titre stands, and what each budget did month by month (helios dossier §8).

What is read here was stored by ``collect`` and ``retours``; nothing is moved.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import chain

from demat.amounts import from_cents
from demat.clock import paris_date
from demat.engine.office import Authority, Office
from demat.engine.retour_sheets import NOMS, motifs, piece_faults
from demat.engine.view_csv import Row
from demat.faults import Fault, Faults
from demat.helios.acquit import advice, parse_acquit
from demat.helios.libelles import ETATS_PIECE
from demat.helios.model import Domaine
from demat.helios.pieces import ElementState, EtatPiece, Verdict, element_states
from demat.helios.read import read_pes
from demat.helios.rule_base import french
from demat.queue.views import Emission, PieceView, ReglementView, TransmissionView

__all__ = [
    "ElementLine",
    "MonthLine",
    "PieceLine",
    "flow_elements",
    "month_rows",
    "months",
    "piece_lines",
    "piece_rows",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementLine:
    """One element of a sent PES, with all that was answered about it."""

    element: ElementState
    """What the acquit says."""
    piece: PieceView | None
    """What the retours say; ``None`` when they say nothing of it in this sending."""
    faults: Faults
    """Each reason of Hélios and of the comptable."""


def flow_elements(flow: TransmissionView, office: Office) -> tuple[ElementLine, ...]:
    """Return the file, bordereaux, pièces and attachments of a sent PES, each with its state."""
    facts = read_pes(office.store.documents.get(flow.sha256))
    acquits = [one for one in office.store.receipts(flow.id) if one.kind == "PES_ACQUIT"]
    acquit = parse_acquit(office.store.documents.get(acquits[0].sha256)) if acquits else None
    told = {piece.key: piece for piece in office.store.of_transmission(flow.id)}
    return tuple(
        _element(one, told.get(one.key) if one.kind == "idpce" else None)
        for one in element_states(facts, acquit)
    )


def _element(element: ElementState, piece: PieceView | None) -> ElementLine:
    faults: list[Fault] = [advice(erreur) for erreur in element.erreurs]
    if element.verdict is Verdict.REFUSE and element.kind == "idunique" and not faults:
        faults = [Fault(code="PES-ACK_NO_REASON")]
    if piece is not None:
        faults += piece_faults(piece)
    return ElementLine(element=element, piece=piece, faults=Faults(faults))


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceLine:
    """One mandat or titre, sent by demat or told by the comptable."""

    key: str
    """``idpce`` key."""
    domaine: Domaine
    """Mandat or titre."""
    cod_bud: str
    """``CodBud``."""
    exercice: int
    """``Exer``."""
    typ_bord: str
    """``TypBord``."""
    numero: int
    """``IdPce``."""
    etat: EtatPiece
    """Where it stands."""
    bordereau: int | None = None
    """``IdBord``, when a retour told it."""
    objet: str = ""
    """``Obj``, when a retour told it."""
    day: date | None = None
    """Day of the retour, else day of the sending."""
    taken_on: date | None = None
    """Day of acceptance."""
    rejected_on: date | None = None
    """Day of rejection."""
    amount: Decimal | None = None
    """TVA included, in euros."""
    paid: Decimal | None = None
    """Paid or collected so far, in euros."""
    transmission_id: int | None = None
    """Transmission that carried it; ``None``: not sent by demat."""
    to_regularise: bool = False
    """Whether a mandat or a titre is still to be issued for it."""
    motifs: str = ""
    """Reasons of the comptable, in words."""
    commentaire: str = ""
    """What the comptable wrote."""


def piece_lines(
    authority: Authority,
    office: Office,
    *,
    cod_bud: str = "",
    etat: EtatPiece | None = None,
    month: str = "",
) -> tuple[PieceLine, ...]:
    """Return the pièces of an authority that meet all conditions, by budget and number.

    :param month: ``AAAA-MM`` of the retour, or of the sending when no retour spoke.
    """
    sent = {one.key: one for one in office.store.emissions(authority.siren) if one.kind == "idpce"}
    told = {one.key: one for one in office.store.pieces(authority.siren)}
    lines = [_line(key, sent.get(key), told.get(key)) for key in sent.keys() | told.keys()]
    kept = [
        line
        for line in lines
        if cod_bud in ("", line.cod_bud)
        and etat in (None, line.etat)
        and month in ("", _month(line.day))
    ]
    return tuple(
        sorted(
            kept, key=lambda one: (one.cod_bud, one.domaine, one.exercice, one.typ_bord, one.numero)
        )
    )


def _line(key: str, sent: Emission | None, told: PieceView | None) -> PieceLine:
    """Say where a pièce stands; a retour about an earlier sending of the number is past."""
    if told is not None and (sent is None or told.transmission_id == sent.transmission_id):
        return _told(told)
    if sent is None:
        raise ValueError(f"nothing is known of {key}")
    etat = EtatPiece.ACQUITTEE if sent.answered else EtatPiece.TRANSMISE
    return replace(
        _named(key, etat),
        day=paris_date(sent.used_at),
        transmission_id=sent.transmission_id,
    )


def _named(key: str, etat: EtatPiece) -> PieceLine:
    domaine, cod_bud, exercice, typ_bord, numero = key.split("/")
    return PieceLine(
        key=key,
        domaine=Domaine(domaine),
        cod_bud=cod_bud,
        exercice=int(exercice),
        typ_bord=typ_bord,
        numero=int(numero),
        etat=etat,
    )


def _told(piece: PieceView) -> PieceLine:
    return replace(
        _named(piece.key, piece.etat),
        bordereau=piece.bordereau,
        objet=piece.objet,
        day=piece.day,
        taken_on=piece.taken_on,
        rejected_on=piece.rejected_on,
        amount=from_cents(piece.amount_cents),
        paid=from_cents(piece.paid_cents),
        transmission_id=piece.transmission_id,
        to_regularise=piece.to_regularise,
        motifs=", ".join(motifs(piece).values()),
        commentaire=piece.detail["commentaire"],
    )


def _month(day: date | None) -> str:
    return "" if day is None else f"{day:%Y-%m}"


_PIECES = (
    *("Budget", "Domaine", "Exercice", "Bordereau", "Pièce", "Type de bordereau", "Objet"),
    *("État", "Date", "Prise en charge", "Rejet", "Montant TTC", "Réglé", "À régulariser"),
    *("Motifs", "Commentaire", "Envoi"),
)


def piece_rows(lines: Iterable[PieceLine]) -> Iterator[Row]:
    """Yield the table of pièces for a spreadsheet, titles first."""
    yield _PIECES
    for one in lines:
        yield (
            *(one.cod_bud, NOMS[one.domaine], str(one.exercice), str(one.bordereau or "")),
            *(str(one.numero), one.typ_bord, one.objet, ETATS_PIECE[one.etat]),
            *(_french(one.day), _french(one.taken_on), _french(one.rejected_on)),
            *(one.amount, one.paid, "oui" if one.to_regularise else "non"),
            *(one.motifs, one.commentaire, str(one.transmission_id or "")),
        )


def _french(day: date | None) -> str:
    return "" if day is None else french(day)


_REDUCTION = "02"
"""TypBord of annulations and réductions: they come off what was issued."""
_ONLINE = "10"
_NOT_MONEY: Mapping[Domaine, frozenset[str]] = {
    Domaine.DEPENSE: frozenset({"06", "07", "09"}),
    Domaine.RECETTE: frozenset({"04", "06", "07"}),
}
"""``OrgEma`` that settle without money: corrections, non-valeurs, ordres de reversement (§8.3)."""


@dataclass(kw_only=True, slots=True)
class MonthLine:
    """One budget, one domain, one month. Amounts in cents; TVA included but for ``emis``."""

    cod_bud: str
    """``CodBud``."""
    domaine: Domaine
    """Mandats or titres."""
    month: str
    """``AAAA-MM``; empty for money that no retour dates."""
    pieces: int = 0
    """Pièces sent that month whose numbers are in use."""
    emis: int = 0
    """Their bordereaux without TVA, less annulations and réductions."""
    pris_en_charge: int = 0
    """Pièces accepted that month, those rejected since left out."""
    regle: int = 0
    """Paid (mandats) or collected (titres) that month."""
    en_ligne: int = 0
    """Of which by PayFiP (titres)."""
    rejete: int = 0
    """Pièces rejected that month."""
    instance: int = 0
    """Pièces that wait since a retour of that month."""
    solde: int = 0
    """Pièces wholly settled, by a retour of that month."""
    a_regulariser: int = 0
    """Paid or collected first, by a retour of that month, without mandat or titre yet."""


def months(
    authority: Authority, office: Office, *, cod_bud: str = "", month: str = ""
) -> tuple[MonthLine, ...]:
    """Return what each budget did, month by month, oldest first in each domain.

    What was sent counts in the month of its sending, money in the month of its payment, a decision
    in the month of its date, a state in the month of the retour that told it.
    """
    book = _Book()
    pieces = office.store.pieces(authority.siren)
    reglements = office.store.reglements(authority.siren)
    for emission in office.store.emissions(authority.siren):
        book.add_emission(emission)
    for piece in pieces:
        book.add_piece(piece)
    for reglement in reglements:
        book.add_reglement(reglement)
    book.add_undated(pieces, reglements)
    return tuple(
        line
        for key, line in sorted(book.lines.items())
        if cod_bud in ("", line.cod_bud) and month in ("", line.month)
    )


class _Book:
    """The lines of all months being added up."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str, str], MonthLine] = {}

    def _line(self, key: str, month: str) -> MonthLine:
        domaine, cod_bud, *_ = key.split("/")
        empty = MonthLine(cod_bud=cod_bud, domaine=Domaine(domaine), month=month)
        return self.lines.setdefault((cod_bud, domaine, month), empty)

    def add_emission(self, emission: Emission) -> None:
        line = self._line(emission.key, _month(paris_date(emission.used_at)))
        if emission.kind == "idpce":
            line.pieces += 1
        elif emission.key.split("/")[3] == _REDUCTION:
            line.emis -= emission.amount_cents
        else:
            line.emis += emission.amount_cents

    def add_piece(self, piece: PieceView) -> None:
        amount, told = piece.amount_cents, _month(piece.day)
        if piece.taken_on is not None and not piece.etat.rejected:
            self._line(piece.key, _month(piece.taken_on)).pris_en_charge += amount
        if piece.etat.rejected:
            self._line(piece.key, _month(piece.rejected_on or piece.day)).rejete += amount
        if piece.etat is EtatPiece.INSTANCE:
            self._line(piece.key, told).instance += amount
        if piece.etat is EtatPiece.SOLDEE:
            self._line(piece.key, told).solde += amount
        if piece.to_regularise:
            self._line(piece.key, told).a_regulariser += amount

    def add_reglement(self, one: ReglementView) -> None:
        line = self._line(one.key, _month(one.day))
        if one.origine in _NOT_MONEY[line.domaine]:
            return
        line.regle += one.cents
        if line.domaine is Domaine.RECETTE and one.origine == _ONLINE:
            line.en_ligne += one.cents

    def add_undated(self, pieces: Iterable[PieceView], reglements: Iterable[ReglementView]) -> None:
        """Count apart what the totals of the comptable hold beyond the dated payments."""
        dated: dict[str, int] = defaultdict(int)
        for one in reglements:
            dated[one.key] += one.cents
        for piece in pieces:
            if piece.paid_cents > dated[piece.key]:
                self._line(piece.key, "").regle += piece.paid_cents - dated[piece.key]


_MONTHS = (
    *("Budget", "Libellé", "Domaine", "Mois", "Pièces émises", "Émis HT", "Pris en charge TTC"),
    *("Payé ou encaissé", "dont paiement en ligne", "Rejeté TTC", "En instance TTC", "Soldé TTC"),
    "À régulariser TTC",
)


def month_rows(lines: Iterable[MonthLine], authority: Authority) -> Iterator[Row]:
    """Yield the monthly table for a spreadsheet, titles first."""
    names = {budget.cod_bud: budget.libelle for budget in authority.budgets}
    yield _MONTHS
    for one in lines:
        amounts = (
            *(one.emis, one.pris_en_charge, one.regle, one.en_ligne),
            *(one.rejete, one.instance, one.solde, one.a_regulariser),
        )
        yield tuple(
            chain(
                (one.cod_bud, names.get(one.cod_bud, ""), f"{NOMS[one.domaine]}s"),
                (one.month or "date inconnue", str(one.pieces)),
                map(from_cents, amounts),
            )
        )
