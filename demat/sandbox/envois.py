"""What the ministry sends to the TdT: one envelope, one message, its documents, all in one mail.

Names of actes dossier §2, envelope of §3.5, mails of §9.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from demat.clock import paris_date
from demat.sandbox import courriel, plis, prefecture
from demat.sandbox.courriel import Courriel, Resume
from demat.sandbox.ministere import Ministere
from demat.sandbox.records import NATURES, Depot, StoredFile
from demat.sandbox.scenario import Answer, Autorite, FormeCourriel

__all__ = ["Envoi", "Refuse", "deliver", "refuse_archive", "remind_paper"]

_HOMOLOGATION = "01/01/2024"
_REFUSAL = "AnomalieEnveloppe"
_PLAIN = (FormeCourriel(),)
_STRAY = "EACT--SPREF0991-000000000-20260101-0.xml"
_AGAIN = 10
"""Minutes after which a difficult box shows a mail again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envoi:
    """One message about to leave the ministry."""

    code: str
    """Transaction and message, ``1-2``; an AnomalieEnveloppe has none."""
    message: bytes
    """XML; empty when only a mail is written."""
    autorite: Autorite
    """Receiver."""
    depot: Depot | None = None
    """Act that it is about; none for the classification."""
    named: bool = True
    """Whether the file name identifies the act: an AnomalieActe leaves the fields empty (§2.1)."""
    documents: tuple[StoredFile, ...] = ()
    """Files that the message lists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """An archive that the ministry refuses as a whole."""

    envelope: str
    """Name of its envelope."""
    messages: tuple[str, ...]
    """Names of its messages."""


def deliver(ministere: Ministere, envoi: Envoi, at: datetime) -> int:
    """Send a message under its protocol names; return the number of its mail."""
    contents = plis.Contents(
        autorite=envoi.autorite,
        name=_message_name(envoi, ministere.new_rank()),
        message=envoi.message,
        documents=envoi.documents,
    )
    files = plis.from_ministry(ministere, contents, at)
    headline = f"Veuillez trouver ci-joint un message {envoi.code} de l'application ACTES."
    return _write(ministere, envoi, files, headline, at)


def refuse_archive(
    ministere: Ministere, refused: Refuse, envoi: Envoi, answer: Answer, at: datetime
) -> None:
    """Send an AnomalieEnveloppe, alone in its mail.

    :param envoi: exchange that the refused archive belongs to; its message is not used.
    """
    xml = prefecture.anomalie_enveloppe(envoi.autorite, refused.messages, paris_date(at), answer)
    ano = plis.xml_file(f"ANO_{refused.envelope}", xml)
    refusal = replace(envoi, code=_REFUSAL)
    _write(ministere, refusal, (ano,), "L'enveloppe ci-jointe a été refusée.", at)


def remind_paper(ministere: Ministere, envoi: Envoi, at: datetime) -> None:
    """Send the multi-canal reminder of an act announced with paper: a mail without any XML."""
    headline = (
        "Une partie de cet acte est annoncée sur papier (transmission en multi canal) : "
        "elle est attendue par le service du contrôle de légalité."
    )
    _write(ministere, envoi, (), headline, at)


def _message_name(envoi: Envoi, rank: int) -> str:
    if envoi.depot is not None and envoi.named:
        return plis.file_name(envoi.depot, envoi.code, rank)
    return f"{envoi.autorite.departement}-{envoi.autorite.siren}----{envoi.code}_{rank}.xml"


def _write(
    ministere: Ministere, envoi: Envoi, files: Sequence[StoredFile], headline: str, at: datetime
) -> int:
    """Write a mail, and return its number."""
    resume = _resume(envoi, len(files), headline, at)
    if ministere.scenario.difficult_box:
        _post(ministere, resume, (), FormeCourriel(wrong_charset=True), at)
        _post(ministere, resume, (plis.xml_file(_STRAY, b"Ceci n'est pas du XML."),), _PLAIN[0], at)
    formes = ministere.scenario.formes_courriels or _PLAIN
    forme = formes[len(ministere.box) % len(formes)]
    mail = _post(ministere, resume, files, forme, at)
    if ministere.scenario.difficult_box:
        ministere.later(at, _AGAIN, partial(_post_again, ministere, mail))
    return mail.id


def _post(
    ministere: Ministere,
    resume: Resume,
    files: Sequence[StoredFile],
    forme: FormeCourriel,
    at: datetime,
) -> Courriel:
    rank = len(ministere.box) + 1
    ordered = (*files[1:], *files[:1]) if forme.envelope_last else tuple(files)
    mail = Courriel(
        id=rank,
        at=at,
        subject=resume.subject,
        names=tuple(file.name for file in ordered),
        content=courriel.build_mail(resume, ordered, forme=forme, rank=rank, at=at),
    )
    ministere.box.append(mail)
    return mail


def _post_again(ministere: Ministere, mail: Courriel, at: datetime) -> None:
    """Put the same mail in the box once more, under the same Message-Id."""
    ministere.box.append(replace(mail, id=len(ministere.box) + 1, at=at))


def _resume(envoi: Envoi, count: int, headline: str, at: datetime) -> Resume:
    autorite, depot = envoi.autorite, envoi.depot
    rows = [
        ("Préfecture", prefecture.emetteur_name(autorite)),
        ("Transaction", envoi.code),
        ("Date d'émission", f"{paris_date(at):%d/%m/%Y}"),
        ("Nombre de pièces jointes", str(count)),
        ("Émetteur", autorite.nom),
        ("SIREN", autorite.siren),
    ]
    if depot is not None:
        rows += [
            ("Numéro de l'acte", depot.number),
            ("Objet", depot.subject),
            ("Nature", NATURES[depot.nature][1]),
            ("Matière", ".".join(str(code) for code in depot.matiere)),
            ("Identifiant de l'acte", depot.id_acte),
        ]
    rows += [("Opérateur", "TdT fictif"), ("Date d'homologation", _HOMOLOGATION)]
    about = depot.number if depot is not None else autorite.siren
    return Resume(
        subject=f"[ACTES] Message {envoi.code} : acte ou collectivité {about}",
        headline=headline,
        rows=tuple(rows),
    )
