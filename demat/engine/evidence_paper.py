"""The readable page of the evidence (« LISEZ-MOI.pdf »): what, who, when, and how to verify it.

It only says what was recorded, for somebody who will never open the other files; the proof is in
them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from demat.connectors.api import Flux
from demat.engine.evidence_parts import Piece
from demat.engine.evidence_signatures import Signed
from demat.engine.office import Explanation
from demat.engine.paper import Paper, moment
from demat.engine.view_page import poids
from demat.faults import Fault, Faults
from demat.queue.proofs import FROZEN
from demat.queue.views import DepositView, ReceiptView, StampView, TransmissionView
from demat.signing.verdict import Verdict

__all__ = ["Summary", "write_summary"]

_FLUX = {Flux.ACTES: "Contrôle de légalité (ACTES)", Flux.HELIOS: "Comptable public (PES v2)"}
_VERDICTS = {
    Verdict.ACCEPTED: "valable",
    Verdict.REFUSED: "non valable",
    Verdict.UNDECIDED: "à vérifier avec les autorités reconnues",
}
_ETATS = {
    "prepare": "préparé",
    "genere": "préparé",
    "transmis": "transmis",
    "acquitte": "acquitté",
    "acquitte_partiel": "accepté en partie",
    "en_anomalie": "rejeté par la préfecture",
    "refuse": "refusé par le comptable",
    "annulation_demandee": "annulation demandée",
    "annule": "transmission annulée",
}
_ANSWERS = {
    "ARActe": "accusé de réception de la préfecture",
    "ARAnnulation": "accusé d'annulation de la préfecture",
    "ARReponse": "accusé d'une réponse par la préfecture",
    "AnomalieActe": "anomalie signalée par la préfecture",
    "AnomalieEnveloppe": "anomalie d'enveloppe signalée par la préfecture",
    "PES_ACQUIT": "acquittement du comptable",
    "error": "erreur du tiers de télétransmission",
}
_ROLES = {
    "depot": "fichier déposé par la mairie",
    "document": "document figé, tel qu'il est parti",
    "recu": "réponse de l'État",
    "racine": "certificat d'une autorité racine",
    "certificat": "certificat",
    "liste": "liste de révocation",
    "ocsp": "réponse sur un certificat (OCSP)",
    "horodatage": "jeton d'horodatage",
    "journal": "extrait du journal",
    "ancrages": "rattachement du journal aux horodatages",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What the page says."""

    owner: str
    """Name of the authority."""
    siren: str
    """Its SIREN."""
    flow: TransmissionView
    deposit: DepositView
    receipts: tuple[ReceiptView, ...]
    stamps: tuple[StampView, ...]
    signed: tuple[Signed, ...]
    pieces: tuple[Piece, ...]
    """Everything else in the zip."""
    explain: Callable[[Fault], Explanation]
    """Puts a fault in words."""
    made: datetime
    """Instant of the making, aware."""
    sealed: bool
    """Whether a time-stamping authority is configured."""


def write_summary(summary: Summary) -> bytes:
    """Return the PDF; the same values give the same bytes."""
    flow = summary.flow
    paper = Paper(
        title=f"Preuve de l'envoi n° {flow.id}",
        owner=summary.owner,
        subject=f"Preuve de l'envoi n° {flow.id}, {flow.key}",
        made=summary.made,
    )
    paper.headline(f"Preuve de l'envoi n° {flow.id}", _state(summary))
    paper.section("Ce qui a été envoyé")
    paper.facts(_facts(summary))
    _write_signatures(paper, summary)
    _write_answers(paper, summary)
    _write_stamps(paper, summary)
    _how_to_verify(paper, summary)
    paper.section("Contenu de la preuve")
    paper.columns(
        ("Fichier du zip", "Ce que c'est", "Taille"),
        list(_contents(summary.pieces)),
        widths=(92, 64, 26),
    )
    return paper.finished()


def _state(summary: Summary) -> str:
    flow = summary.flow
    if flow.deposited_at is None:
        return "Cet envoi n'a pas encore été remis au tiers de télétransmission."
    told = f"Remis au tiers de télétransmission le {moment(flow.deposited_at)}."
    return f"{told} État : {_ETATS.get(flow.etat, flow.etat)}."


def _facts(summary: Summary) -> Iterable[tuple[str, str]]:
    flow = summary.flow
    yield "Collectivité", f"{summary.owner} (SIREN {summary.siren})"
    yield "Destinataire", _FLUX[Flux(flow.flux)]
    yield "Identifiant", flow.key
    yield "Dépôt", f"D{summary.deposit.id}, « {summary.deposit.name} »"
    yield "Déposé le", moment(summary.deposit.received_at)
    yield "Fichier envoyé", f"{flow.file_name} ({poids(flow.size)})"
    yield "Figé le", moment(flow.created_at)
    yield "Empreinte SHA-256", flow.sha256
    if flow.reference:
        yield "N° chez le tiers", flow.reference


def _write_signatures(paper: Paper, summary: Summary) -> None:
    paper.section("Qui a signé")
    if not summary.signed:
        paper.paragraph("Le fichier envoyé ne porte aucune signature électronique.")
        return
    paper.columns(
        ("Sur", "Signataire", "Certifié par", "Signé le", "Jugement à la date prouvée"),
        [_signature_row(one, summary) for one in summary.signed],
        widths=(34, 36, 36, 30, 46),
    )


def _write_answers(paper: Paper, summary: Summary) -> None:
    paper.section("Ce que l'État a répondu")
    if not summary.receipts:
        paper.paragraph("Aucune réponse n'est encore arrivée.")
        return
    paper.columns(
        ("Réponse", "Fichier", "Reçue le", "État après elle"),
        [_answer_row(one) for one in summary.receipts],
        widths=(52, 62, 36, 32),
    )


def _answer_row(one: ReceiptView) -> tuple[str, ...]:
    kind = _ANSWERS.get(one.kind, one.kind)
    return kind, one.name, moment(one.received_at), _ETATS.get(one.etat, one.etat)


def _write_stamps(paper: Paper, summary: Summary) -> None:
    paper.section("Ce que prouvent les horodatages")
    if not summary.stamps:
        paper.paragraph("Rien n'a été horodaté : la preuve ne vaut que par ce qui l'entoure.")
        return
    paper.columns(
        ("Sur", "Instant prouvé", "Par"),
        [_stamp_row(one) for one in summary.stamps],
        widths=(62, 50, 70),
    )


def _signature_row(one: Signed, summary: Summary) -> tuple[str, ...]:
    when = moment(one.signing_time) if one.signing_time else "date non dite"
    return (
        one.where,
        one.signer or "-",
        one.issuer or "-",
        when,
        f"{_VERDICTS[one.verdict]}. {_reasons(one.reasons, summary)}".strip(),
    )


def _reasons(faults: Faults, summary: Summary) -> str:
    return " ".join(summary.explain(fault).sentence for fault in faults)


def _stamp_row(stamp: StampView) -> tuple[str, ...]:
    about = "le document figé" if stamp.objet == FROZEN else "une réponse de l'État"
    return f"{about} ({stamp.sha256[:16]}…)", moment(stamp.instant), stamp.authority


def _contents(pieces: Iterable[Piece]) -> Iterable[tuple[str, str, str]]:
    """Yield a row per piece; the exchanges, of which there may be thousands, have one together."""
    exchanges = [len(piece.content) for piece in pieces if piece.role == "echange"]
    for piece in pieces:
        if piece.role != "echange":
            role = _ROLES.get(piece.role, piece.role)
            yield piece.name, role, poids(len(piece.content))
    if exchanges:
        words = f"{len(exchanges)} copies des échanges avec le tiers de télétransmission"
        yield "echanges/", words, poids(sum(exchanges))


def _how_to_verify(paper: Paper, summary: Summary) -> None:
    paper.section("Comment la vérifier")
    paper.paragraph(
        "Avec demat, sans réseau : « demat verify preuve.zip --confiance dossier », où le dossier "
        "contient les autorités racines que vous reconnaissez. Les racines jointes à la preuve ne "
        "sont là que pour être reconnues : on ne croit pas une preuve sur sa seule parole."
    )
    if summary.sealed:
        paper.paragraph(
            "Le fichier « manifeste.json » donne l'empreinte de tous les autres ; son horodatage "
            "(horodatages/manifeste.tst) prouve que rien n'a changé depuis. « openssl ts » sait "
            "le vérifier aussi."
        )
        return
    paper.paragraph(
        "Aucun service d'horodatage n'était configuré : rien d'extérieur ne scelle cette preuve. "
        "Conservez à part l'empreinte de « manifeste.json », que demat a affichée et notée dans "
        "son journal."
    )
