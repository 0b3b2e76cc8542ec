"""The form that creates an act, checked as the TdT does, and the files made out of it.

Fields of connectors dossier §1.4.1, refusals of §1.4.2, names of §1.4.4.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from demat.clock import paris_date
from demat.sandbox.answers import Refusal
from demat.sandbox.multipart import Form, Upload
from demat.sandbox.prefecture import message_acte, nature_types
from demat.sandbox.records import NATURES, Depot, StoredFile
from demat.sandbox.scenario import Autorite, Compte
from demat.sandbox.world import World

__all__ = ["check_type", "file_type", "initial_status", "read_acte_form", "store"]

_NUMBER = re.compile(r"^([A-Z0-9][A-Z0-9_]{0,13})?[A-Z0-9]$", re.ASCII)
_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", re.ASCII)
_TYPE_PJ = re.compile(r"^[A-Z0-9_]{5}$", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SUBJECT_LIMIT = 499
_NO_CLASSIFICATION = date(2001, 1, 1)
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"<?xml", "text/xml"),
)
_EXTENSIONS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/xml": "xml",
}


def initial_status(form: Form, compte: Compte, *, rgs: bool) -> int:
    """Return the status in which an act starts.

    :raises Refusal: direct transmission over a certificate that is not RGS.
    """
    if form.text("en_attente") == "1" or not compte.teletransmettre:
        return 17
    if not rgs:
        raise Refusal("La télétransmission d'un acte nécessite un certificat RGS")
    return 18 if form.text("must_signed") == "1" else 1


def read_acte_form(form: Form, autorite: Autorite, world: World, now: datetime) -> Depot:
    """Check a form and return the act as it will be sent.

    :raises Refusal: with the sentence that the client reads.
    """
    if autorite.papier:
        raise Refusal("Mode « papier » activé : la télétransmission est impossible")
    annexes = form.uploads.get("acte_attachments[]", [])
    _check_sizes(form, annexes, world)
    nature = _nature(form)
    number = _number(form, autorite, world)
    depot = Depot(
        autorite=autorite,
        number=number,
        decision_date=_decision_date(form, paris_date(now)),
        nature=nature,
        matiere=_matiere(form),
        subject=_subject(form),
        document_papier=form.text("document_papier") == "1",
        classification_date=world.classification_date or _NO_CLASSIFICATION,
    )
    return replace(depot, files=_files(depot, form, annexes, world))


def _check_sizes(form: Form, annexes: Sequence[Upload], world: World) -> None:
    scenario = world.scenario
    total = sum(len(upload.content) for group in form.uploads.values() for upload in group)
    if total > scenario.max_files_bytes:
        raise Refusal(
            "La taille totale des fichiers dépasse la limite de "
            f"{scenario.max_files_bytes // 1_000_000} Mo"
        )
    if len(annexes) > scenario.max_annexes:
        raise Refusal(f"Le nombre d'annexes ne peut pas dépasser {scenario.max_annexes}")


def _nature(form: Form) -> int:
    code = form.text("nature_code")
    if code not in {str(known) for known in NATURES}:
        raise Refusal("La nature de l'acte n'est pas correcte")
    return int(code)


def _number(form: Form, autorite: Autorite, world: World) -> str:
    number = form.text("number")
    if not _NUMBER.fullmatch(number):
        raise Refusal(
            "Le numéro n'est pas correct : majuscules, chiffres et _ uniquement, 15 au plus"
        )
    if world.number_used(autorite.siren, number):
        raise Refusal("Un acte portant le même numéro interne existe déjà")
    return number


def _decision_date(form: Form, today: date) -> date:
    text = form.text("decision_date")
    try:
        day = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError as error:
        raise Refusal("La date de décision n'est pas correcte (AAAA-MM-JJ)") from error
    if day > today:
        raise Refusal("Vous ne pouvez pas saisir une date dans le futur")
    return day


def _subject(form: Form) -> str:
    subject = _CONTROL.sub("", form.text("subject"))
    if not subject.strip():
        raise Refusal("L'objet de l'acte est obligatoire")
    if len(subject) > _SUBJECT_LIMIT:
        raise Refusal(f"L'objet de l'acte ne doit pas dépasser {_SUBJECT_LIMIT} caractères")
    return subject


def _matiere(form: Form) -> tuple[int, ...]:
    codes: list[int] = []
    for level in range(1, 6):
        text = form.text(f"classif{level}")
        if not re.fullmatch(r"[0-9]{1,4}", text):
            break
        codes.append(int(text))
    if len(codes) < 2:
        raise Refusal("Les deux premiers niveaux de classification sont obligatoires")
    return tuple(codes)


def _files(
    depot: Depot, form: Form, annexes: Sequence[Upload], world: World
) -> tuple[StoredFile, ...]:
    acte = form.upload("acte_pdf_file")
    if acte is None or not acte.content:
        raise Refusal("Aucun fichier acte n'a été transmis")
    types = [form.text("type_acte"), *form.texts.get("type_pj[]", [])]
    uploads = [acte, *annexes]
    allowed = nature_types(world.classification, depot.nature) if world.classification else None
    for rank, upload in enumerate(uploads):
        check_type(upload, types[rank] if rank < len(types) else "", allowed)
    main = _acte_type(acte, depot)
    mimes = [main, *(_annexe_type(annexe, main) for annexe in annexes)]
    first = world.new_id()
    stored = store(world, f"{depot.id_acte}-1-1", uploads, types, mimes)
    return (_message(depot, stored, first), *stored)


def store(
    world: World, stem: str, uploads: Sequence[Upload], types: Sequence[str], mimes: Sequence[str]
) -> list[StoredFile]:
    """Return the files of a form under their protocol names, numbered from 1.

    :param stem: identifier of the act and code of the message.
    """
    return [
        StoredFile(
            id=world.new_id(),
            name=f"{code}-{stem}_{rank}.{_EXTENSIONS[mime]}",
            posted_name=upload.name,
            mime_type=mime,
            content=upload.content,
            type_pj=code,
        )
        for rank, (upload, code, mime) in enumerate(zip(uploads, types, mimes, strict=False), 1)
    ]


def _message(depot: Depot, stored: Sequence[StoredFile], id: int) -> StoredFile:
    empty = StoredFile(
        id=id,
        name=f"{depot.id_acte}-1-1_0.xml",
        posted_name="",
        mime_type="text/xml",
        content=b"",
    )
    return replace(empty, content=message_acte(replace(depot, files=(empty, *stored))))


def check_type(upload: Upload, code: str, allowed: frozenset[str] | None) -> None:
    """Check the typology of a file.

    :param allowed: codes of the nature; none when they are not checked.
    :raises Refusal: absent, badly formed, or of another nature.
    """
    if not code:
        raise Refusal(f"Le fichier {upload.name} a une typologie absente")
    if not _TYPE_PJ.fullmatch(code):
        raise Refusal(f"La typologie du fichier {upload.name} doit faire 5 caractères")
    if allowed is not None and code not in allowed:
        raise Refusal(
            f"Le fichier {upload.name} a une typologie absente de la nature de l'acte ({code})"
        )


def _mime_type(upload: Upload) -> str:
    for magic, mime in _MAGIC:
        if upload.content.startswith(magic):
            return mime
    return "application/octet-stream"


def _acte_type(upload: Upload, depot: Depot) -> str:
    mime = _mime_type(upload)
    budget = depot.nature == 5 and depot.matiere[:2] == (7, 1)
    if mime == "application/pdf" or (budget and mime == "text/xml"):
        return mime
    raise Refusal(f"Le fichier {upload.name} n'est pas un PDF (type détecté : {mime})")


def file_type(upload: Upload) -> str:
    """Return the type of an annexe, found in its content.

    :raises Refusal: none of those that may be sent.
    """
    mime = _mime_type(upload)
    if mime not in _EXTENSIONS:
        raise Refusal(f"Le format du fichier {upload.name} n'est pas accepté ({mime})")
    return mime


def _annexe_type(upload: Upload, main: str) -> str:
    mime = file_type(upload)
    if main == "text/xml" and mime != "application/pdf":
        raise Refusal(f"Le fichier {upload.name} n'est pas un PDF (type détecté : {mime})")
    return mime
