"""What the ministry does with an archive that the TdT hands to it (connectors dossier §2.2)."""

import hashlib
import tarfile
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from demat.clock import paris_date
from demat.faults import FaultError
from demat.sandbox import envois, lettres, plis, prefecture
from demat.sandbox.actesxml import NS
from demat.sandbox.envois import Envoi, Refuse
from demat.sandbox.lecture import attribute, read_acte, read_envelope
from demat.sandbox.ministere import Ministere
from demat.sandbox.records import Depot, Kind, StoredFile
from demat.sandbox.scenario import Answer, AnswerKind, Autorite, ScenarioError, Since
from demat.xmlio import local_name, parse_untrusted

__all__ = ["ReceptionError", "take"]

_REPLIES = {
    "PieceComplementaire": Kind.DEMANDE_PIECES,
    "RefusPieceComplementaire": Kind.DEMANDE_PIECES,
    "ReponseLettreObservations": Kind.LETTRE_OBSERVATIONS,
    "RejetLettreObservations": Kind.LETTRE_OBSERVATIONS,
}
"""Messages that get a receipt; no receipt of a 2-2 exists."""


class ReceptionError(Exception):
    """The archive is not taken: what the TdT sends cannot be read."""


def take(ministere: Ministere, name: str, packed: bytes, at: datetime) -> None:
    """Take an archive, and plan the answers to it; the same one again changes nothing.

    :raises ReceptionError: it is not taken.
    """
    digest = hashlib.sha256(packed).hexdigest()
    if ministere.archives.get(name) == digest:
        return
    try:
        files = plis.untar(packed)
        envelope = next((one for one in files if one.startswith("EACT--")), "")
        siren, messages = read_envelope(files[envelope])
        autorite = ministere.scenario.autorite(siren)
        refused = Refuse(envelope=envelope, messages=messages)
        for message in messages:
            _take_message(ministere, refused, autorite, files, message, at)
    except (tarfile.TarError, OSError, LookupError, ValueError, FaultError) as error:
        raise ReceptionError(f"{name}: {error}") from error
    except ScenarioError as error:
        raise ReceptionError(str(error)) from error
    ministere.archives[name] = digest


def _take_message(
    ministere: Ministere,
    archive: Refuse,
    autorite: Autorite,
    files: dict[str, bytes],
    name: str,
    at: datetime,
) -> None:
    root = parse_untrusted(files[name])
    kind = local_name(root)
    scenario = ministere.scenario
    if kind == "Acte":
        depot = read_acte(root, name, autorite, partial(_listed, files))
        ministere.actes[depot.id_acte] = depot
        for answer in scenario.regle_acte(depot.number).answers:
            work = partial(_answer_acte, ministere, depot, archive, answer)
            _plan(ministere, answer, scenario.delays.acte_answer, work, at)
    elif kind == "Annulation":
        depot = ministere.actes[attribute(root, "IDActe")]
        for answer in scenario.regle_acte(depot.number).cancellation:
            work = partial(_answer_cancellation, ministere, depot, archive, answer)
            _plan(ministere, answer, scenario.delays.acte_answer, work, at)
    elif kind == "DemandeClassification":
        held = root.findtext(f"{{{NS}}}DateClassification") or ""
        work = partial(_answer_classification, ministere, autorite, held)
        ministere.later(at, scenario.delays.classification, work)
    elif kind in _REPLIES:
        depot = ministere.actes[attribute(root, "IDActe")]
        letter = (_REPLIES[kind], date.fromisoformat(attribute(root, "DateCourrierPref")))
        for answer in scenario.regle_acte(depot.number).replies:
            work = partial(lettres.answer_reply, ministere, depot, letter, archive, answer)
            _plan(ministere, answer, scenario.delays.reply_answer, work, at)


def _plan(
    ministere: Ministere, answer: Answer, usual: int, work: "partial[None]", at: datetime
) -> None:
    ministere.later(at, usual if answer.minutes is None else answer.minutes, work)


def _listed(files: dict[str, bytes], name: str) -> StoredFile:
    if name not in files:
        raise KeyError(name)
    # only names come back in the answers: the bytes stay with the TdT
    return StoredFile(id=0, name=name, posted_name="", mime_type="", content=b"")


def _answer_acte(
    ministere: Ministere, depot: Depot, archive: Refuse, answer: Answer, at: datetime
) -> None:
    day, in_force = paris_date(at), ministere.classification_date
    decided = prefecture.decide(answer, depot, in_force)
    envoi = Envoi(code="1-2", message=b"", autorite=depot.autorite, depot=depot)
    if decided.kind is AnswerKind.AR:
        xml = prefecture.ar_acte(depot, day, in_force, decided.deviation)
        envois.deliver(ministere, replace(envoi, message=xml), at)
        if depot.document_papier:
            envois.remind_paper(ministere, envoi, at)
        if depot.id_acte not in ministere.acknowledged:
            ministere.acknowledged.add(depot.id_acte)
            lettres.plan(ministere, depot, Since.AR, -1, at)
    elif decided.kind is AnswerKind.ANOMALY:
        xml = prefecture.anomalie_acte(depot, day, in_force, decided)
        envois.deliver(ministere, replace(envoi, code="1-3", message=xml, named=False), at)
    elif archive.envelope not in ministere.refused or len(archive.messages) == 1:
        # one refusal speaks for every act of the archive
        ministere.refused.add(archive.envelope)
        envois.refuse_archive(ministere, archive, envoi, decided, at)


def _answer_cancellation(
    ministere: Ministere, depot: Depot, archive: Refuse, answer: Answer, at: datetime
) -> None:
    xml = prefecture.ar_annulation(depot.id_acte, paris_date(at))
    envoi = Envoi(code="6-2", message=xml, autorite=depot.autorite, depot=depot)
    if answer.kind in (AnswerKind.ANOMALY, AnswerKind.ENVELOPE_ANOMALY):
        envois.refuse_archive(ministere, archive, envoi, answer, at)
    else:
        envois.deliver(ministere, envoi, at)


def _answer_classification(
    ministere: Ministere, autorite: Autorite, held: str, at: datetime
) -> None:
    in_force = ministere.classification_date
    changed = held != in_force.isoformat() or ministere.scenario.classification_blanks
    envoi = Envoi(
        code="7-2" if changed else "7-3",
        message=(
            ministere.classification()
            if changed
            else prefecture.classification_sans_changement(in_force)
        ),
        autorite=autorite,
    )
    envois.deliver(ministere, envoi, at)
