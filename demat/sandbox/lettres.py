"""What the préfecture writes of its own accord, and its receipts of replies (actes dossier §4)."""

from datetime import date, datetime, timedelta
from functools import partial

from demat.clock import paris_date
from demat.sandbox import envois, pdfout, plis, prefecture
from demat.sandbox.envois import Envoi, Refuse
from demat.sandbox.ministere import Lettre, Ministere
from demat.sandbox.records import Depot, Kind, StoredFile
from demat.sandbox.scenario import Answer, AnswerKind, LettrePrevue, Since

__all__ = ["answer_reply", "plan", "write"]

_TITLES = {
    Kind.COURRIER_SIMPLE: "Courrier",
    Kind.DEMANDE_PIECES: "Demande de pièces complémentaires",
    Kind.LETTRE_OBSERVATIONS: "Lettre d'observations",
    Kind.DEFERE: "Déféré au tribunal administratif",
}


def plan(ministere: Ministere, depot: Depot, since: Since, rank: int, at: datetime) -> None:
    """Plan the letters of the act's rule that an event starts.

    :param rank: place of the letter that was replied to; -1 for the AR of the act.
    """
    for place, prevue in enumerate(ministere.scenario.regle_acte(depot.number).letters):
        follows = prevue.since is since and (since is Since.AR or place == rank + 1)
        if follows or (place == 0 and rank == -1):
            minutes = prevue.days * 24 * 60
            ministere.later(at, minutes, partial(_planned, ministere, depot, prevue, place))


def _planned(
    ministere: Ministere, depot: Depot, prevue: LettrePrevue, rank: int, at: datetime
) -> None:
    day = paris_date(at) - timedelta(days=prevue.dated_before)
    lettre = Lettre(kind=Kind(prevue.type.value), day=day, text=prevue.text, rank=rank)
    write(ministere, depot, lettre, at)


def write(ministere: Ministere, depot: Depot, lettre: Lettre, at: datetime) -> int:
    """Write a letter about an act, whatever became of it; return the number of its mail."""
    ministere.lettres.setdefault(depot.id_acte, []).append(lettre)
    code = f"{lettre.kind.value}-1"
    document = _document(ministere, depot, code, lettre)
    message = prefecture.letter(lettre.kind, depot.id_acte, lettre.day, lettre.text, document.name)
    envoi = Envoi(
        code=code, message=message, autorite=depot.autorite, depot=depot, documents=(document,)
    )
    return envois.deliver(ministere, envoi, at)


def _document(ministere: Ministere, depot: Depot, code: str, lettre: Lettre) -> StoredFile:
    paragraphs = (
        depot.autorite.nom,
        f"Le {lettre.day:%d/%m/%Y}",
        "",
        f"{_TITLES[lettre.kind]} au sujet de l'acte {depot.id_acte}",
        depot.subject,
        "",
        lettre.text,
    )
    return StoredFile(
        id=0,
        name=plis.file_name(depot, code, ministere.new_rank(), "pdf"),
        posted_name="",
        mime_type="application/pdf",
        content=pdfout.letter_pdf(paragraphs),
    )


def answer_reply(
    ministere: Ministere,
    depot: Depot,
    letter: tuple[Kind, date],
    archive: Refuse,
    answer: Answer,
    at: datetime,
) -> None:
    """Answer a reply: 3-5 or 4-5, or a refusal of its archive.

    :param letter: kind and date of the letter that was replied to.
    """
    kind, day = letter
    envoi = Envoi(
        code=f"{kind.value}-5",
        message=prefecture.ar_reponse(kind, depot.id_acte, day, paris_date(at)),
        autorite=depot.autorite,
        depot=depot,
    )
    if answer.kind in (AnswerKind.ANOMALY, AnswerKind.ENVELOPE_ANOMALY):
        envois.refuse_archive(ministere, archive, envoi, answer, at)
        return
    envois.deliver(ministere, envoi, at)
    key = (depot.id_acte, kind, day)
    if key in ministere.answered:
        return
    ministere.answered.add(key)
    for lettre in ministere.lettres.get(depot.id_acte, ()):
        if (lettre.kind, lettre.day) == letter and lettre.rank is not None:
            plan(ministere, depot, Since.REPLY, lettre.rank, at)
