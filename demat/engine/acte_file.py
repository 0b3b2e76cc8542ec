"""The papers of an act, where agents look: stamped copies, bordereau d'acquittement, certificate.

Made from what was sent and from what was answered, so that making them again gives the same; the
originals are never touched (actes dossier §9.4, §9.5, §11 trap 25).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from demat.actes.classification import Classification
from demat.actes.documents import detect_type
from demat.actes.inbound import read_archive
from demat.actes.lifecycle import EtatActe
from demat.actes.messages import MessageActe
from demat.actes.names import parse_file_name
from demat.actes.natures import NatureActe
from demat.actes.tampon import Tampon, stamp, stamp_warnings
from demat.clock import FixedClock, paris_date
from demat.connectors.api import Flux
from demat.engine import classification
from demat.engine.acte_answers import ACTE, message_of
from demat.engine.acte_life import events_of, life_of
from demat.engine.acte_papers import (
    EtapePapier,
    FichierPapier,
    PapierActe,
    Signataire,
    bordereau_acquittement,
    certificat_executoire,
)
from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults
from demat.files import free_names, safe_name, write_atomic
from demat.queue.views import TransmissionView

__all__ = ["BORDEREAU", "certificate_of", "lay_papers"]

BORDEREAU = "bordereau-acquittement.pdf"
"""Name of the bordereau d'acquittement beside the AR."""
STAMPED = "tamponnes"
"""Folder, beside the AR, of the stamped copies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """One file of an act, as it was sent."""

    name: str
    """Original name."""
    protocol: str
    """Name in the archive."""
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    """What the archive of an act holds, opened once."""

    message: MessageActe
    """The message 1-1."""
    pieces: tuple[_Piece, ...]
    """The act, then its annexes, under the names that the agent gave them."""


def lay_papers(
    acte: TransmissionView, authority: Authority, office: Office, *, received: date | None = None
) -> Faults:
    """Write the stamped copies and the bordereau of an acknowledged act beside its AR.

    :param received: ``DateReception`` of an AR that is not recorded yet.
    :returns: what an agent should know: a copy that could not be stamped, a signature that a
        stamped copy has lost.
    """
    sent = _sent(acte, office)
    paper = _paper(acte, sent, authority, office, received=received)
    folder = authority.folders.accuses / safe_name(acte.key)
    told = Faults()
    if authority.tampon is not None and paper.recu is not None:
        text = Tampon(
            envoye=paris_date(paper.envoye),
            recu=paper.recu,
            id_acte=paper.id_acte,
            publicite=paper.publicite,
        )
        pieces = [one for one in sent.pieces if detect_type(one.content) == "pdf"]
        names = free_names(safe_name(one.name) for one in pieces)
        for piece, name in zip(pieces, names, strict=True):
            told += stamp_warnings(piece.content).within(piece.name)
            try:
                content = stamp(piece.content, text, authority.tampon)
            except FaultError as error:  # delivered as it was sent, and said
                told += error.faults.within(piece.name)
                content = piece.content
            write_atomic(folder / STAMPED / name, content)
    clock = FixedClock(office.clock.now())
    write_atomic(folder / BORDEREAU, bordereau_acquittement(paper, clock))
    return told


def certificate_of(acte: TransmissionView, authority: Authority, office: Office) -> bytes:
    """Return the certificat de caractère exécutoire of an act, to be dated and signed (§1.4).

    :raises FaultError: ``ACT-CERTIFICAT_…``: what is missing.
    """
    if acte.flux != Flux.ACTES or message_of(acte) != ACTE:
        raise FaultError(Fault(code="ACT-CERTIFICAT_KIND", params={"numero": str(acte.id)}))
    target = authority.publication
    signataire = Signataire(
        qualite=target.qualite if target else "Maire", nom=target.signataire if target else ""
    )
    paper = _paper(acte, _sent(acte, office), authority, office)
    return certificat_executoire(paper, signataire, office.clock)


def _paper(
    acte: TransmissionView,
    sent: _Sent,
    authority: Authority,
    office: Office,
    *,
    received: date | None = None,
) -> PapierActe:
    life = life_of(acte, office)
    nature = NatureActe(acte.facts["nature"])
    message = sent.message
    known = classification.of_date(message.classification_date, authority, office)
    return PapierActe(
        collectivite=authority.nom,
        siren=authority.siren,
        agent=authority.emetteur.referent_nom or authority.nom,
        operateur=authority.connector.name,
        nature=nature,
        numero=message.numero,
        date_decision=message.date,
        objet=message.objet,
        matiere=message.matiere,
        matiere_libelle=known.libelle(message.matiere),
        document_papier=message.document_papier,
        id_acte=acte.key,
        etat=EtatActe.ACQUITTE if received else EtatActe(acte.etat),
        envoye=acte.deposited_at or acte.created_at,
        recu=received or life.received_on,
        publicite=life.publicite,
        evenements=tuple(events_of(life)),
        fichiers=tuple(
            FichierPapier(
                type_pj=_type_of(piece.protocol),
                type_libelle=_label_of(_type_of(piece.protocol), nature, known),
                nom=piece.name,
                nom_protocole=piece.protocol,
                format=detect_type(piece.content),
                taille=len(piece.content),
            )
            for piece in sent.pieces
        ),
        cycle=tuple(_cycle(acte, office, received)),
    )


def _label_of(code: str, nature: NatureActe, known: Classification) -> str:
    types = known.natures[nature].types if nature in known.natures else ()
    return next((kind.libelle for kind in types if kind.code == code), "")


def _type_of(protocol: str) -> str:
    found = parse_file_name(protocol)
    return found.type_pj if found else ""


def _sent(acte: TransmissionView, office: Office) -> _Sent:
    archive = read_archive(office.store.documents.get(acte.sha256))
    _, message = archive.acte()
    names = [PurePosixPath(str(name)).name for name in acte.facts.get("documents", ())]
    pieces = tuple(
        _Piece(name=names[rank] if rank < len(names) else protocol, protocol=protocol, content=one)
        for rank, (protocol, one) in enumerate(archive.documents.items())
    )
    return _Sent(message=message, pieces=pieces)


_STEPS = {
    "packed": "Préparé et scellé",
    "deposited": "Remis à l'opérateur de transmission",
    "resolved_landed": "Reçu par l'opérateur de transmission",
    "cancellation_asked": "Annulation demandée",
    "cancellation_refused": "Annulation refusée",
    "publicite": "Publicité notée",
    "published": "Mis en ligne",
    "courrier": "Courrier de la préfecture",
}
_ANSWERS = {
    "ARActe": "Accusé de réception de la préfecture",
    "ARAnnulation": "Annulation reçue en préfecture",
    "AnomalieActe": "Rejeté par la préfecture",
    "AnomalieEnveloppe": "Rejeté par la préfecture",
    "error": "Mis en erreur par l'opérateur de transmission",
}


def _cycle(acte: TransmissionView, office: Office, received: date | None) -> Iterator[EtapePapier]:
    for entry in office.store.journal(transmission_id=acte.id):
        kind = entry.detail.get("nature", "")
        etat = _ANSWERS.get(kind) if entry.action == "receipt" else _STEPS.get(entry.action)
        if etat is not None:
            said = entry.detail.get("reference") or entry.detail.get("jour") or ""
            yield EtapePapier(instant=entry.at, etat=etat, message=said)
    if received is not None:
        words = f"Reçu en préfecture le {received:%d/%m/%Y}"
        yield EtapePapier(instant=office.clock.now(), etat=_ANSWERS["ARActe"], message=words)
