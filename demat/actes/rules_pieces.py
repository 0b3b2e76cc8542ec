"""Rules 27 to 43 of the actes dossier (§10): the files of an act."""

import hashlib
import re
from collections.abc import Iterator

from demat.actes.classification import NATIONALE, TypePJ
from demat.actes.contexte import ContexteActe, blocking, warning
from demat.actes.documents import PdfFacts, detect_type, inspect_pdf
from demat.actes.model import Acte, Piece, format_matiere
from demat.actes.natures import NatureActe
from demat.actes.pdf_text import looks_signed, read_text
from demat.faults import Fault, Faults

__all__ = ["check_files", "check_pieces", "check_size"]

BUDGET_MATIERE = (7, 1)
MARCHE_MATIERE = (1, 1)
"""Bidders sign with any certificate: nobody asks who vouches for it (rule 36, §8.3)."""
_SIGNED_ACTS = frozenset({NatureActe.DELIBERATION, NatureActe.REGLEMENTAIRE, NatureActe.INDIVIDUEL})
"""Délibérations and arrêtés (rule 37)."""
_EXTENSIONS = {
    "pdf": frozenset({"pdf"}),
    "jpg": frozenset({"jpg", "jpeg", "jpe", "jfif"}),
    "png": frozenset({"png"}),
    "xml": frozenset({"xml"}),
}
"""What the name of an accepted file may end with."""
_KNOWN_EXTENSIONS = frozenset(
    {"doc", "docx", "odt", "rtf", "txt", "xls", "xlsx", "ods", "csv", "ppt", "pptx", "odp", "zip"}
    | {"tif", "tiff", "gif", "bmp", "htm", "html", "msg", "eml"}
).union(*_EXTENSIONS.values())
"""Endings that announce a format; ``.12`` in « délibération n.12 » announces nothing."""
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
        yield from _check_content(piece, acte, contexte)
        yield from _check_type(piece, acte, contexte)
    yield from _check_doubles(pieces)
    yield from check_size(sum(len(piece.content) for piece in pieces), contexte.max_bytes)


def check_files(pieces: tuple[Piece, ...], max_bytes: int) -> Iterator[Fault]:
    """Check the documents of an answer to the préfecture: formats, readability, doubles, size."""
    for piece in pieces:
        yield from _check_annexe(piece)
        yield from _check_format(piece)
        if detect_type(piece.content) == "pdf":
            yield from _check_pdf(piece, inspect_pdf(piece.content))
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


def _check_content(piece: Piece, acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    yield from _check_format(piece)
    if detect_type(piece.content) != "pdf":
        return
    facts = inspect_pdf(piece.content)
    yield from _check_pdf(piece, facts)
    if not facts.readable:
        return
    if facts.signed:
        yield from _check_signatures(piece, acte, contexte)
    elif piece is acte.document and acte.nature in _SIGNED_ACTS:
        yield from _check_looks_signed(piece)


def _check_format(piece: Piece) -> Iterator[Fault]:
    kind = detect_type(piece.content)
    if kind == "empty":
        yield blocking(34, source=piece.name, name=piece.name)
    yield from _check_extension(piece, kind)


def _check_extension(piece: Piece, kind: str) -> Iterator[Fault]:
    """Tell that the name of an accepted file announces another format: it is sent as it is."""
    _, dot, extension = piece.name.rpartition(".")
    accepted = _EXTENSIONS.get(kind, _KNOWN_EXTENSIONS)
    if dot and extension.lower() in _KNOWN_EXTENSIONS - accepted:
        yield warning(
            "EXTENSION",
            source=piece.name,
            name=piece.name,
            extension=f".{extension}",
            found=_shown(kind),
        )


def _check_pdf(piece: Piece, facts: PdfFacts) -> Iterator[Fault]:
    if facts.password:
        yield blocking("035_PASSWORD", source=piece.name, name=piece.name)
    elif facts.no_page:
        yield blocking("035_NO_PAGE", source=piece.name, name=piece.name)
    elif not facts.readable:
        yield blocking(35, source=piece.name, name=piece.name)
    else:
        if facts.active:
            yield warning("PDF_ACTIVE", source=piece.name, name=piece.name)
        if facts.xfa:
            yield warning("PDF_XFA", source=piece.name, name=piece.name)
        if facts.embedded:
            count = str(facts.embedded)
            yield warning("PDF_EMBEDDED", source=piece.name, name=piece.name, count=count)


def _check_signatures(piece: Piece, acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    """Refuse what is proven wrong, tell what could not be verified (rule 36)."""
    if contexte.signatures is None:
        return
    any_issuer = acte.nature is NatureActe.CONTRAT and acte.matiere[:2] == MARCHE_MATIERE
    for found in contexte.signatures(piece.content):
        params = {"name": piece.name, "reason": found.reason}
        if found.refused:
            yield blocking(36, source=piece.name, **params)
        elif found.reason and not (any_issuer and found.issuer_only):
            yield warning("036_UNDECIDED", source=piece.name, **params)


def _check_looks_signed(piece: Piece) -> Iterator[Fault]:
    """Notice an act without signature; at the least doubt say nothing (rule 37)."""
    text = read_text(piece.content)
    if text is None:
        return
    if not text:
        yield warning("037_BLANK", source=piece.name, name=piece.name)
    elif not looks_signed(text):
        yield warning(37, source=piece.name, name=piece.name)


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
