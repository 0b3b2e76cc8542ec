"""Rules on attachments and on what points to them: 72 to 77 (helios dossier §9, §5)."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator

from demat.faults import Fault
from demat.helios.codes import TypePJ
from demat.helios.model import Domaine
from demat.helios.rule_base import ContextePes, bordereaux_of, is_present, text
from demat.helios.rules_facture import Emissions, check_attached, check_facture, emissions_of
from demat.xmlio import Element, line_of

__all__ = ["check_pieces_jointes"]

_ELECTRONIC = "01"
_WITH_REFCOMPTA = frozenset({TypePJ.CFU, TypePJ.CFU_ANNEXES})
_ID_UNIQUE = re.compile(r"^[0-9A-Za-z]{1,50}$")
_NOM_PJ = re.compile(r"^.{1,95}\.[0-9A-Za-z]{2,4}$")
_BLANKS = re.compile(r"\s+")
_GZIP = 16 + zlib.MAX_WBITS
_HEADS = {
    "application/pdf": (b"%PDF-",),
    "application/zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n",),
}
_HEAD_WITHIN = 1024  # readers of PDF accept a few bytes before the mark


def check_pieces_jointes(root: Element, contexte: ContextePes) -> Iterator[Fault]:
    """Apply the rules on ``PES_PJ`` and on every ``PJRef``."""
    carried = root.findall("PES_PJ/PJ")
    references = list(root.iter("PJRef"))
    yield from _references(references, carried, contexte)
    referenced = {text(reference, "IdUnique") for reference in references}
    emissions = _emissions(root)
    seen: set[str] = set()
    for piece in carried:
        yield from _identity(piece, seen, contexte)
        yield from _content(piece, contexte, emissions)
        yield from _refcompta(piece)
        if not (is_present(piece, "RefCompta") or text(piece, "IdUnique") in referenced):
            yield _fault("PES-076", piece)
        seen.add(text(piece, "IdUnique"))
    for block in root.iterfind("PES_Facture"):
        yield from check_facture(block, "PES_Facture", emissions)


def _emissions(root: Element) -> Emissions:
    """Return what an avis is compared with, when the file holds any."""
    kinds = (node.get("V") for node in root.iterfind("PES_PJ/PJ/TypePJ"))
    if TypePJ.PES_FACTURE not in kinds and root.find("PES_Facture") is None:
        return {}
    recettes = [one for one in bordereaux_of(root) if one.domaine is Domaine.RECETTE]
    return emissions_of(recettes)


def _fault(code: str, node: Element, **params: str) -> Fault:
    identifier = text(node, "IdUnique")
    return Fault(
        code=code,
        params={"id_unique": identifier, "nom": text(node, "NomPJ"), **params},
        path=f"piece jointe {identifier}",
        line=line_of(node),
    )


def _references(
    references: list[Element], carried: list[Element], contexte: ContextePes
) -> Iterator[Fault]:
    """Rule 72."""
    here = {text(piece, "IdUnique") for piece in carried}
    for reference in references:
        identifier = text(reference, "IdUnique")
        electronic = text(reference, "Support") == _ELECTRONIC
        if electronic and identifier not in here and not contexte.used("idunique", identifier):
            yield _fault("PES-072", reference)
        elif not electronic and identifier in here:
            yield _fault("PES-072_PAPER", reference)


def _identity(piece: Element, seen: set[str], contexte: ContextePes) -> Iterator[Fault]:
    """Rule 73, and the name of rule 74."""
    identifier = text(piece, "IdUnique")
    if not _ID_UNIQUE.match(identifier):
        yield _fault("PES-073_FORM", piece)
    elif identifier in seen:
        yield _fault("PES-073_DOUBLE", piece)
    elif earlier := contexte.used("idunique", identifier):
        yield _fault("PES-073", piece, earlier=earlier)
    if not _NOM_PJ.match(text(piece, "NomPJ")):
        yield _fault("PES-074_NAME", piece)


def _content(piece: Element, contexte: ContextePes, emissions: Emissions) -> Iterator[Fault]:
    """Rules 74, 12 and 77: base64, gzip, then not empty, not too big, of the announced type."""
    fichier = piece.find("Contenu/Fichier")
    encoded = _BLANKS.sub("", (fichier.text or "") if fichier is not None else "")
    if not encoded or fichier is None:
        yield _fault("PES-074", piece)
        return
    try:
        content = _expanded(encoded, contexte.max_pj_bytes)
    except (binascii.Error, ValueError, zlib.error, EOFError):
        yield _fault("PES-074_ENCODING", piece)
        return
    if content is None:
        limit = f"{contexte.max_pj_bytes / 1_000_000:.1f}".replace(".", ",")
        yield _fault("PES-012_PJ", piece, limit=limit)
    elif not content:
        yield _fault("PES-074", piece)
    elif not _is_announced(content, fichier.get("MIMEType", "")):
        yield _fault("PES-074_TYPE", piece, type=fichier.get("MIMEType", ""))
    elif text(piece, "TypePJ") == TypePJ.PES_FACTURE:
        yield from check_attached(content, text(piece, "NomPJ"), emissions)


def _expanded(encoded: str, limit: int) -> bytes | None:
    """Decode and decompress; ``None`` beyond ``limit`` bytes (a bomb is never expanded).

    :raises binascii.Error, zlib.error, EOFError: when it is not base64 or not a whole gzip file.
    """
    inflate = zlib.decompressobj(_GZIP)
    content = inflate.decompress(base64.b64decode(encoded, validate=True), limit + 1)
    if len(content) > limit:
        return None
    if not inflate.eof:
        raise EOFError("the gzip stream is cut")
    return content


def _is_announced(content: bytes, mime_type: str) -> bool:
    heads = _HEADS.get(mime_type)
    return heads is None or any(head in content[:_HEAD_WITHIN] for head in heads)


def _refcompta(piece: Element) -> Iterator[Fault]:
    """Rule 75: the reference is whole and its domain agrees with the kind of attachment."""
    kind = TypePJ.from_code(text(piece, "TypePJ"))
    if kind in _WITH_REFCOMPTA and not is_present(piece, "RefCompta"):
        yield _fault("PES-075", piece)
    for reference in piece.iterfind("RefCompta"):
        if not (text(reference, "Exercice") and text(reference, "Identifiant")):
            yield _fault("PES-075", piece)
        domaine = text(reference, "Domaine")
        if kind is not None and domaine not in kind.domaines:
            yield _fault("PES-075_DOMAIN", piece, type=kind.libelle, domaine=domaine)
