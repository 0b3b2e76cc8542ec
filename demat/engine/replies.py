"""Answers to the letters of the préfecture: a deposit named after the letter (actes dossier §4.3).

« reponse-12 » answers the letter n° 12, « refus-12 » refuses it; the files in it are the documents.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from demat.actes.courriers import Reponse, SensReponse, TypeCourrier
from demat.actes.envelope import build_archive_reponse
from demat.actes.model import Piece
from demat.actes.names import IdActe
from demat.actes.natures import NatureActe
from demat.actes.rules_echanges import check_reponse
from demat.clock import paris_date
from demat.engine.acte_answers import message_of
from demat.engine.issued import message_part
from demat.engine.office import Authority, Office
from demat.engine.parts import Preparation
from demat.faults import Fault, FaultError
from demat.intake.api import InputFile
from demat.queue.views import CourrierView, DepositView, TransmissionView, UsedKey

__all__ = ["KIND", "Wanted", "answered_courrier", "deposit_name", "prepare_reponse", "receipt_root"]

KIND = "reponse"
"""Kind of the deposit, and of the key that keeps a letter from being answered twice."""
_NAME = re.compile(
    r"(r[ée]ponse|refus|rejet)[\s_-]*(?:n\s*[°ºo]?\s*)?(\d{1,9})(?:-\d+)?", re.IGNORECASE
)


_RECEIPTS = {"3": "ARPieceComplementaire", "4": "ARReponseRejetLettreObservations"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the name of a deposit says that it answers."""

    sens: SensReponse
    """Answer or refusal."""
    number: int
    """Our number of the letter."""


def answered_courrier(deposit: DepositView) -> Wanted | None:
    """Return what a deposit answers; ``None`` when its name does not say that it does."""
    loose = deposit.name in {file.name for file in deposit.files}
    found = _NAME.fullmatch(PurePosixPath(deposit.name).stem if loose else deposit.name)
    if found is None:
        return None
    refusal = found[1].lower() in ("refus", "rejet")
    return Wanted(sens=SensReponse.REFUS if refusal else SensReponse.REPONSE, number=int(found[2]))


def deposit_name(number: int, sens: SensReponse) -> str:
    """Return the name of the deposit that answers a letter."""
    return f"{sens.value}-{number}"


def prepare_reponse(
    wanted: Wanted, files: Sequence[InputFile], authority: Authority, office: Office
) -> Preparation:
    """Build the answer to a letter from the files of its deposit, in the order of their names.

    :raises FaultError: ``ACT-057``, ``ACT-057_…``.
    """
    courrier = _courrier(wanted, authority, office)
    id_acte = IdActe.parse(courrier.id_acte)
    reponse = Reponse(
        courrier=TypeCourrier(courrier.kind),
        sens=wanted.sens,
        id_acte=id_acte,
        date_courrier=_day(courrier),
        pieces=tuple(_piece(file, id_acte) for file in sorted(files, key=lambda one: one.name)),
    )
    faults = check_reponse(
        reponse,
        today=paris_date(office.clock.now()),
        max_bytes=office.settings.max_actes_bytes,
    )
    if faults.blocking:
        return Preparation(kind=KIND, faults=faults)
    part = message_part(
        lambda packing: build_archive_reponse(reponse, authority.emetteur, **packing),
        key=f"{id_acte}-{reponse.message}-c{courrier.id}",
        facts={
            "objet": f"Réponse au courrier n° {courrier.id} ({reponse.courrier.libelle})",
            "numero": id_acte.numero,
            "courrier": courrier.id,
            "date_courrier": reponse.date_courrier.isoformat(),
            "about_reference": courrier.reference,
            "documents": [piece.name for piece in reponse.pieces],
        },
        used=UsedKey(kind=KIND, key=str(courrier.id), label=f"réponse au courrier {courrier.id}"),
        authority=authority,
        office=office,
    )
    return Preparation(kind=KIND, parts=(part,), faults=faults)


def receipt_root(answer: TransmissionView) -> str:
    """Return the root of the receipt that the préfecture gives to an answer; empty for a 2-2."""
    return _RECEIPTS.get(message_of(answer)[:1], "")


def _courrier(wanted: Wanted, authority: Authority, office: Office) -> CourrierView:
    try:
        courrier = office.store.courrier(authority.siren, wanted.number)
    except FaultError as error:
        raise _no_letter(wanted) from error
    if courrier.type is None:  # a reminder, a message in quarantine
        raise FaultError(Fault(code="ACT-057"))
    answer = office.store.holder(authority.siren, KIND, str(courrier.id))
    if answer is not None:
        params = {"courrier": str(courrier.id), "envoi": str(answer.id)}
        raise FaultError(Fault(code="ACT-057_DONE", params=params))
    return courrier


def _no_letter(wanted: Wanted) -> FaultError:
    return FaultError(Fault(code="ACT-057_UNKNOWN", params={"numero": str(wanted.number)}))


def _day(courrier: CourrierView) -> date:
    if courrier.day is None:
        raise FaultError(Fault(code="ACT-057_UNKNOWN", params={"numero": str(courrier.id)}))
    return courrier.day


def _piece(file: InputFile, id_acte: IdActe) -> Piece:
    """Type a document like the act that it is about: the default of the nature (§6.1)."""
    nature = NatureActe.from_abrege(id_acte.nature)
    return Piece(name=file.base, content=file.content, type_pj=nature.type_pj_defaut)
