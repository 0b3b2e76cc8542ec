"""What the ministry sends to the TdT: one envelope, one message, its documents, all in one mail.

Names of actes dossier §2, envelope of §3.5, mails of §9.2. The mail is written even though the TdT
of the sandbox needs none: it is what another TdT would receive.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from demat.clock import paris_date
from demat.sandbox import courriel, plis, prefecture
from demat.sandbox.courriel import Courriel, Resume
from demat.sandbox.records import NATURES, Depot, Pli, StoredFile
from demat.sandbox.scenario import Answer, Autorite
from demat.sandbox.world import World

__all__ = ["Envoi", "deliver", "refusal_words", "refuse_archive", "remind_paper"]

_HOMOLOGATION = "01/01/2024"
_BODY = "message_body.html"
_REFUSAL = "AnomalieEnveloppe"


@dataclass(frozen=True, kw_only=True, slots=True)
class Envoi:
    """One message about to leave the ministry."""

    code: str
    """Transaction and message, ``1-2``; an AnomalieEnveloppe has none."""
    message: bytes
    """XML; empty when only a mail is written."""
    autorite: Autorite
    """Receiver."""
    transaction: int
    """Exchange that it is about."""
    depot: Depot | None = None
    """Act that it is about; none for the classification."""
    named: bool = True
    """Whether the file name identifies the act: an AnomalieActe leaves the fields empty (§2.1)."""
    documents: tuple[StoredFile, ...] = ()
    """Files that the message lists."""


def deliver(world: World, envoi: Envoi, at: datetime) -> Pli:
    """Send a message under its protocol names, and return what arrives."""
    contents = plis.Contents(
        autorite=envoi.autorite,
        name=_message_name(envoi, world.new_rank()),
        message=envoi.message,
        documents=envoi.documents,
    )
    pli = plis.from_ministry(world, contents, at)
    headline = f"Veuillez trouver ci-joint un message {envoi.code} de l'application ACTES."
    page = _write(world, envoi, pli.files, headline, at)
    if world.scenario.mail_body_in_archives and page:
        body = replace(plis.xml_file(world, _BODY, page), mime_type="text/html")
        pli = replace(pli, files=(*pli.files, body))
    return pli


def refuse_archive(world: World, refused: Pli, envoi: Envoi, answer: Answer, at: datetime) -> bytes:
    """Send an AnomalieEnveloppe, alone in its mail, and return it.

    :param envoi: exchange that the refused archive belongs to; its message is not used.
    """
    names = (refused.message.name,)
    xml = prefecture.anomalie_enveloppe(envoi.autorite, names, paris_date(at), answer)
    ano = plis.xml_file(world, f"ANO_{refused.envelope.name}", xml)
    refusal = replace(envoi, code=_REFUSAL)
    _write(world, refusal, (ano,), "L'enveloppe ci-jointe a été refusée.", at)
    return xml


def refusal_words(answer: Answer) -> str:
    """Return the line of the workflow for an anomaly."""
    return f"Anomalie reçue : nature {answer.nature}, {answer.detail}"


def remind_paper(world: World, envoi: Envoi, at: datetime) -> None:
    """Send the multi-canal reminder of an act announced with paper: a mail without any XML."""
    headline = (
        "Une partie de cet acte est annoncée sur papier (transmission en multi canal) : "
        "elle est attendue par le service du contrôle de légalité."
    )
    _write(world, envoi, (), headline, at)


def _message_name(envoi: Envoi, rank: int) -> str:
    if envoi.depot is not None and envoi.named:
        return plis.file_name(envoi.depot, envoi.code, rank)
    return f"{envoi.autorite.departement}-{envoi.autorite.siren}----{envoi.code}_{rank}.xml"


def _write(
    world: World, envoi: Envoi, files: Sequence[StoredFile], headline: str, at: datetime
) -> bytes:
    """Write the mail, and return its HTML page; nothing when the scenario wants no mail."""
    formes = world.scenario.formes_courriels
    if not formes:
        return b""
    rank = len(world.mails)
    forme = formes[rank % len(formes)]
    ordered = (*files[1:], *files[:1]) if forme.envelope_last else tuple(files)
    resume = _resume(envoi, len(files), headline, at)
    world.mails.append(
        Courriel(
            id=rank + 1,
            at=at,
            transaction=envoi.transaction,
            subject=resume.subject,
            names=tuple(file.name for file in ordered),
            content=courriel.build_mail(resume, ordered, forme=forme, rank=rank + 1, at=at),
        )
    )
    return courriel.html_page(resume)


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
