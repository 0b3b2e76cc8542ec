"""Rules 27 to 35 and 38 to 43 of the actes dossier (§10): the files of an act."""

import hashlib
import re
from collections.abc import Iterator

from demat.actes.classification import NATIONALE, TypePJ
from demat.actes.contexte import ContexteActe, blocking, warning
from demat.actes.documents import detect_type, inspect_pdf
from demat.actes.model import Acte, Piece, format_matiere
from demat.actes.natures import NatureActe
from demat.faults import Fault, Faults

__all__ = ["check_files", "check_pieces", "check_size"]

BUDGET_MATIERE = (7, 1)
_ANNEXE_TYPES = frozenset({"pdf", "jpg", "png", "xml", "empty"})
_TYPE = re.compile(r"[A-Z0-9]{2}_[A-Z0-9]{2}")
_MEGA = 1024 * 1024


def check_pieces(acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    """Check the act and its annexes: formats, readability, types, doubles, total size."""
    if not acte.document.name and not acte.document.content:
        yield blocking(27)
        return
    yield from _check_document(acte)
    for annexe in acte.annexes:
        yield from _check_annexe(annexe)
    pieces = (acte.document, *acte.annexes)
    for piece in pieces:
        yield from _check_content(piece)
        yield from _check_type(piece, acte, contexte)
    yield from _check_doubles(pieces)
    yield from check_size(sum(len(piece.content) for piece in pieces), contexte.max_bytes)


def check_files(pieces: tuple[Piece, ...], max_bytes: int) -> Iterator[Fault]:
    """Check the documents of an answer to the préfecture: formats, readability, doubles, size."""
    for piece in pieces:
        yield from _check_annexe(piece)
        yield from _check_content(piece)
    yield from _check_doubles(pieces)
    yield from check_size(sum(len(piece.content) for piece in pieces), max_bytes)


def _check_document(acte: Acte) -> Iterator[Fault]:
    name, kind = acte.document.name, detect_type(acte.document.content)
    if kind not in {"pdf", "xml", "empty"}:
        yield blocking(28, source=name, name=name, found=_shown(kind))
    if kind != "xml":
        return
    if acte.nature is not NatureActe.BUDGETAIRE:
        yield blocking(29, source=name, name=name, nature=acte.nature.libelle)
        return
    if acte.matiere[:2] != BUDGET_MATIERE:
        yield blocking(30, source=name, name=name, matiere=format_matiere(acte.matiere))
    if not acte.annexes:
        yield blocking(31, source=name, name=name)
    for annexe in acte.annexes:
        if detect_type(annexe.content) not in {"pdf", "empty"}:
            yield blocking(32, source=annexe.name, name=annexe.name)


def _check_annexe(annexe: Piece) -> Iterator[Fault]:
    kind = detect_type(annexe.content)
    if kind not in _ANNEXE_TYPES:
        yield blocking(33, source=annexe.name, name=annexe.name, found=_shown(kind))


def _shown(kind: str) -> str:
    office = {"zip": "DOCX, ODT, ZIP", "ole": "DOC, XLS, MSG", "unknown": "texte ou inconnu"}
    return office.get(kind, kind.upper())


def _check_content(piece: Piece) -> Iterator[Fault]:
    kind = detect_type(piece.content)
    if kind == "empty":
        yield blocking(34, source=piece.name, name=piece.name)
    if kind != "pdf":
        return
    facts = inspect_pdf(piece.content)
    if facts.password:
        yield blocking("035_PASSWORD", source=piece.name, name=piece.name)
    elif not facts.readable:
        yield blocking(35, source=piece.name, name=piece.name)
    elif facts.active:
        yield warning("PDF_ACTIVE", source=piece.name, name=piece.name)


def _check_type(piece: Piece, acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    code, classification = piece.type_pj, contexte.classification
    if not code:
        yield blocking(39, source=piece.name, name=piece.name)
        return
    if not _TYPE.fullmatch(code):
        yield blocking(
            40, source=piece.name, name=piece.name, type=code, nature=acte.nature.libelle
        )
        return
    if classification.date == NATIONALE.date:
        return  # only the préfecture's own list can refuse a type
    if not classification.allows_type(acte.nature, code):
        yield blocking(
            40, source=piece.name, name=piece.name, type=code, nature=acte.nature.libelle
        )
    elif not TypePJ(code=code, libelle="").suits(acte.matiere):
        yield warning(
            41,
            source=piece.name,
            name=piece.name,
            type=code,
            of_type=code[0] if code[1] == "0" else f"{code[0]}.{code[1]}",
            matiere=format_matiere(acte.matiere),
        )


def _check_doubles(pieces: tuple[Piece, ...]) -> Iterator[Fault]:
    first: dict[bytes, str] = {}
    for piece in pieces:
        digest = hashlib.sha256(piece.content).digest()
        if piece.content and digest in first:
            yield blocking(38, source=piece.name, name=piece.name, other=first[digest])
        first.setdefault(digest, piece.name)


def check_size(size: int, max_bytes: int) -> Faults:
    """Check the weight of a sending, in bytes: sum of the files, or finished archive (rule 42)."""
    params = {"size": _mega(size), "maximum": _mega(max_bytes)}
    if size > max_bytes:
        return Faults([blocking(42, **params)])
    if size * 10 > max_bytes * 8:
        return Faults([warning(43, **params)])
    return Faults()


def _mega(size: int) -> str:
    return f"{size / _MEGA:.1f}".replace(".", ",").removesuffix(",0")
