"""Find a titre, a person, an amount or a document again in all that was sent and answered.

There is no index: the kept documents are read as streams, newest first, until enough is found.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from demat.amounts import AmountError, parse_montant
from demat.connectors.api import Flux
from demat.engine.office import Office
from demat.engine.view_answers import named_element
from demat.faults import Fault, FaultError
from demat.helios.acquit import parse_acquit
from demat.helios.model import Domaine
from demat.helios.view import EntetePes, VueBordereau, VueLigne, VuePiece, VuePj, read_view
from demat.queue.views import ReceiptView, TransmissionView

__all__ = ["Found", "Query", "SearchResult", "parse_query", "search"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What is looked for: a number of a kind, an amount, or words."""

    words: tuple[str, ...] = ()
    """Words without accents nor capitals, that must all stand in one text."""
    kind: str = ""
    """``titre``, ``mandat``, ``piece`` or ``bordereau``: ``number`` is looked for there only."""
    number: str = ""
    """A number without its leading zeros; any number when ``kind`` is empty."""
    amount: Decimal | None = None
    """Euros, of a line or of a pièce, with or without TVA."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One place where it was found."""

    transmission: TransmissionView
    bordereau: str
    """Number and exercice; empty when it is the whole file."""
    piece: str
    """``titre 417`` or ``mandat 204``; empty when it is not a pièce."""
    what: str
    """What matched, in words."""
    text: str
    """The text, the number or the amount that matched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """What a search gave."""

    found: tuple[Found, ...]
    """At most ``limit``, newest file first."""
    read: int
    """How many transmissions were looked at."""
    more: bool
    """Whether the search stopped because enough was found."""
    unreadable: tuple[TransmissionView, ...]
    """Those whose kept document could not be read to its end."""


_KINDS = {
    "titre": "titre",
    "titres": "titre",
    "mandat": "mandat",
    "mandats": "mandat",
    "piece": "piece",
    "bordereau": "bordereau",
    "bord": "bordereau",
}
_NUMBERED = re.compile(r"([a-z]+)\s*(?:n\s*[°o]?\s*)?0*(\d+)")
_AMOUNT = re.compile("-?[\\d \u00a0\u202f]+[.,]\\d{1,2}\\s*(?:€|eur|euros)?|[\\d \u00a0\u202f]+€")


def parse_query(text: str) -> Query:
    """Read what an agent typed: ``titre 1234``, ``86,40``, ``1 234,50 €``, ``417``, a name.

    :raises FaultError: ``INT-SEARCH``, nothing to look for.
    """
    plain = _plain(text)
    numbered = _NUMBERED.fullmatch(plain)
    if numbered and numbered.group(1) in _KINDS:
        return Query(kind=_KINDS[numbered.group(1)], number=numbered.group(2))
    amount = _amount(text)
    words = tuple(plain.split())
    if not words or not any(character.isalnum() for character in plain):
        raise FaultError(Fault(code="INT-SEARCH", params={"text": text}))
    number = (plain.lstrip("0") or "0") if plain.isascii() and plain.isdigit() else ""
    return Query(words=words, number=number, amount=amount)


def _amount(text: str) -> Decimal | None:
    if not _AMOUNT.fullmatch(text.strip().lower()):
        return None
    try:
        return parse_montant(text)
    except AmountError:
        return None


def _plain(text: str) -> str:
    """Return a text without accents, capitals nor repeated blanks."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).split())


def search(
    text: str, office: Office, *, collectivite: str | None = None, limit: int = 20
) -> SearchResult:
    """Look for a text in the transmissions and their answers, newest first.

    :param limit: how many results are enough.
    :raises FaultError: ``INT-SEARCH``.
    """
    run = _Search(query=parse_query(text), office=office)
    found: list[Found] = []
    read = 0
    for flow in reversed(office.store.transmissions(collectivite=collectivite)):
        if len(found) >= limit:
            break
        read += 1
        found += run.look(flow)
    return SearchResult(
        found=tuple(found[:limit]),
        read=read,
        more=len(found) > limit or (len(found) == limit and read < _count(office, collectivite)),
        unreadable=tuple(run.unreadable),
    )


def _count(office: Office, collectivite: str | None) -> int:
    return len(office.store.transmissions(collectivite=collectivite))


@dataclass(kw_only=True, slots=True)
class _Search:
    """One query over one store."""

    query: Query
    office: Office
    unreadable: list[TransmissionView] = field(default_factory=list)

    def look(self, flow: TransmissionView) -> list[Found]:
        """Return what one transmission and its answers hold."""
        hits = list(self._about(flow))
        try:
            if flow.flux == Flux.HELIOS:
                hits += self._sent(flow)
            for receipt in self.office.store.receipts(flow.id):
                hits += self._answer(flow, receipt)
        except (FaultError, OSError):
            self.unreadable.append(flow)
        return hits

    def _about(self, flow: TransmissionView) -> Iterator[Found]:
        """Look at what is known without opening the file: its names, the objet of an acte."""
        facts = flow.facts
        acte = flow.flux == Flux.ACTES
        yield from self._texts(
            flow,
            ("identifiant de l'acte" if acte else "nom du fichier", flow.key),
            ("fichier", flow.file_name if flow.file_name.partition(".")[0] != flow.key else ""),
            ("objet", str(facts.get("objet", "")) if acte else ""),
            ("référence chez le tiers de télétransmission", flow.reference or ""),
        )

    def _texts(
        self, flow: TransmissionView, *texts: tuple[str, str], bordereau: str = "", piece: str = ""
    ) -> Iterator[Found]:
        for what, text in texts:
            if text and self._matches(text):
                yield Found(
                    transmission=flow, bordereau=bordereau, piece=piece, what=what, text=text
                )

    def _matches(self, text: str) -> bool:
        if not self.query.words:
            return False
        plain = _plain(text)
        return all(word in plain for word in self.query.words)

    def _sent(self, flow: TransmissionView) -> list[Found]:
        hits: list[Found] = []
        with (
            self.office.store.documents.local(flow.sha256) as path,
            path.open("rb") as stream,
        ):
            for one in read_view(stream):
                match one:
                    case EntetePes():
                        hits += self._texts(flow, ("libellé du budget", one.libelle))
                    case VueBordereau():
                        hits += self._bordereau(flow, one)
                    case VuePiece():
                        hits += self._piece(flow, one)
                    case VuePj():
                        hits += self._texts(
                            flow,
                            ("pièce jointe", one.nom),
                            ("pièce jointe", one.id_unique),
                            ("pièce jointe", one.description),
                        )
        return hits

    def _bordereau(self, flow: TransmissionView, one: VueBordereau) -> Iterator[Found]:
        place = _bordereau_name(one)
        if self.query.number == one.numero and self.query.kind in ("", "bordereau"):
            yield Found(transmission=flow, bordereau=place, piece="", what="bordereau", text=place)
        amounts = [one.mt_ht, (one.mt_ht or Decimal(0)) + (one.mt_tva or Decimal(0))]
        if self.query.amount is not None and self.query.amount in amounts:
            yield Found(
                transmission=flow, bordereau=place, piece="", what="total", text=_euros(self.query)
            )

    def _piece(self, flow: TransmissionView, one: VuePiece) -> list[Found]:
        place = _bordereau_name(one.bordereau)
        word = "mandat" if one.bordereau.domaine is Domaine.DEPENSE else "titre"
        name = f"{word} {one.numero}"
        hits = list(
            self._texts(flow, *dict.fromkeys(_piece_texts(one)), bordereau=place, piece=name)
        )
        if self.query.number == one.numero and self.query.kind in ("", "piece", word):
            hits.insert(
                0,
                Found(
                    transmission=flow, bordereau=place, piece=name, what="numéro", text=one.objet
                ),
            )
        if self.query.amount is not None and self.query.amount in _piece_amounts(one):
            amount = _euros(self.query)
            hits.append(
                Found(transmission=flow, bordereau=place, piece=name, what="montant", text=amount)
            )
        return hits

    def _answer(self, flow: TransmissionView, receipt: ReceiptView) -> Iterator[Found]:
        """Look into an acquit; other answers by their name only."""
        yield from self._texts(flow, ("réponse", receipt.name))
        if receipt.kind != "PES_ACQUIT":
            return
        for element in parse_acquit(self.office.store.documents.get(receipt.sha256)).elements:
            for erreur in element.erreurs:
                place = f"{element.bordereau} ({element.exercice})" if element.bordereau else ""
                piece = f"pièce {erreur.piece}" if erreur.piece else ""
                yield from self._texts(
                    flow,
                    (f"réponse du comptable, {named_element(element)}", erreur.libelle),
                    bordereau=place,
                    piece=piece,
                )


def _bordereau_name(one: VueBordereau) -> str:
    return f"{one.numero} ({one.exercice})"


def _piece_texts(one: VuePiece) -> Iterator[tuple[str, str]]:
    yield "objet", one.objet
    for reference in one.pj:
        yield "pièce jointe", reference.nom
        yield "pièce jointe", reference.id_unique
    for ligne in one.lignes:
        yield from _ligne_texts(ligne)


def _ligne_texts(ligne: VueLigne) -> Iterator[tuple[str, str]]:
    yield "objet de la ligne", ligne.objet
    for tiers in ligne.tiers:
        yield "tiers", tiers.nom
        yield "identifiant du tiers", tiers.id_tiers
    for name in ("Facture", "NumDette", "NumeroFacture", "IdMarche"):
        for known, value in ligne.autres:
            if known == name:
                yield "référence", value


def _piece_amounts(one: VuePiece) -> Sequence[Decimal | None]:
    lines = [amount for ligne in one.lignes for amount in (ligne.mt_ht, ligne.mt_ttc)]
    return [one.mt_ht, one.mt_ht + one.mt_tva, *lines]


def _euros(query: Query) -> str:
    return f"{query.amount:.2f} €".replace(".", ",")
