"""Rules on attachments and on what points to them: 72 to 77 (helios dossier §9, §5)."""

import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from demat.faults import Fault
from demat.helios.codes import TypePJ
from demat.helios.model import Domaine
from demat.helios.rule_base import BordereauNode, ContextePes, is_present, megabytes, text
from demat.helios.rules_facture import Emissions, check_attached, check_facture, emissions_of
from demat.xmlio import Element, line_of

__all__ = ["Attachments"]

_ELECTRONIC = "01"
_DOMAINES = frozenset({"01", "02", "04", "06"})
"""Values of ``Domaine`` that Hélios takes (§5.4)."""
_WITH_REFCOMPTA = frozenset({TypePJ.CFU, TypePJ.CFU_ANNEXES})
_ID_UNIQUE = re.compile(r"^[0-9A-Za-z]{1,50}$")
_NOM_PJ = re.compile(r"^(?=.{1,100}$).+\.[0-9A-Za-z]{2,4}$")
_SLICE = 1 << 20  # of base64 text: a multiple of four
_GZIP = 16 + zlib.MAX_WBITS
_HEADS = {
    "application/pdf": (b"%PDF-",),
    "application/zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n",),
}
_HEAD_WITHIN = 1024  # readers of PDF accept a few bytes before the mark


@dataclass(frozen=True, slots=True)
class _Reference:
    """A ``PJRef`` that has gone by."""

    id_unique: str
    nom: str
    electronic: bool
    line: int | None

    def fault(self, code: str) -> Fault:
        return _named_fault(code, self.id_unique, self.nom, self.line)


class Attachments:
    """The rules on ``PES_PJ`` and on every ``PJRef``, while the file goes by."""

    def __init__(self, contexte: ContextePes) -> None:
        self._contexte = contexte
        self._references: list[_Reference] = []
        self._carried: list[tuple[str, Fault | None]] = []
        """IdUnique of each attachment, and what to say if nothing refers to it."""
        self._seen: set[str] = set()
        self._emissions: Emissions | None = None

    def refer(self, branch: Element) -> None:
        """Note the references that a pièce or the end of the file holds."""
        for node in branch.iter("PJRef"):
            electronic = text(node, "Support") == _ELECTRONIC
            self._references.append(
                _Reference(text(node, "IdUnique"), text(node, "NomPJ"), electronic, line_of(node))
            )

    def check(self, piece: Element, bordereaux: list[BordereauNode]) -> Iterator[Fault]:
        """Apply the rules to one attachment.

        :param bordereaux: those that came before it, with which an avis is compared.
        """
        yield from _identity(piece, self._seen, self._contexte)
        if self._emissions is None and text(piece, "TypePJ") == TypePJ.PES_FACTURE:
            self._emissions = _emissions(bordereaux)
        yield from _content(piece, self._contexte, self._emissions or {})
        yield from _refcompta(piece)
        identifier = text(piece, "IdUnique")
        alone = not is_present(piece, "RefCompta")
        self._carried.append((identifier, _fault("PES-076", piece) if alone else None))
        self._seen.add(identifier)

    def cited(self) -> tuple[str, ...]:
        """Return the IdUnique of what is referred to, not on paper, and was not carried."""
        electronic = (one.id_unique for one in self._references if one.electronic)
        return tuple(dict.fromkeys(name for name in electronic if name not in self._seen))

    def end(self, root: Element, bordereaux: list[BordereauNode]) -> Iterator[Fault]:
        """Apply the rules that need them all: 72, 76, and the ``PES_Facture`` beside them."""
        for reference in self._references:
            here = reference.id_unique in self._seen
            if not reference.electronic:
                if here:
                    yield reference.fault("PES-072_PAPER")
            elif not here and not self._contexte.used("idunique", reference.id_unique):
                yield reference.fault("PES-072")
        referenced = {reference.id_unique for reference in self._references}
        for identifier, orphan in self._carried:
            if orphan is not None and identifier not in referenced:
                yield orphan
        for block in root.iterfind("PES_Facture"):
            yield from check_facture(block, "PES_Facture", _emissions(bordereaux))


def _emissions(bordereaux: list[BordereauNode]) -> Emissions:
    return emissions_of([one for one in bordereaux if one.domaine is Domaine.RECETTE])


def _fault(code: str, node: Element, **params: str) -> Fault:
    identifier, nom = text(node, "IdUnique"), text(node, "NomPJ")
    return _named_fault(code, identifier, nom, line_of(node), **params)


def _named_fault(code: str, identifier: str, nom: str, line: int | None, /, **params: str) -> Fault:
    return Fault(
        code=code,
        params={"id_unique": identifier, "nom": nom, **params},
        path=f"piece jointe {identifier}",
        line=line,
    )


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
    encoded = (fichier.text or "") if fichier is not None else ""
    if not encoded or encoded.isspace() or fichier is None:
        yield _fault("PES-074", piece)
        return
    avis = text(piece, "TypePJ") == TypePJ.PES_FACTURE
    try:
        found = _expanded(encoded, contexte.max_pj_bytes, whole=avis)
    except (ValueError, zlib.error, EOFError):
        yield _fault("PES-074_ENCODING", piece)
        return
    if found is None:
        yield _fault("PES-012_PJ", piece, limit=megabytes(contexte.max_pj_bytes))
    elif not found:
        yield _fault("PES-074", piece)
    elif not _is_announced(found, fichier.get("MIMEType", "")):
        yield _fault("PES-074_TYPE", piece, type=fichier.get("MIMEType", ""))
    elif avis:
        yield from check_attached(found, text(piece, "NomPJ"), emissions)


def _expanded(encoded: str, limit: int, *, whole: bool) -> bytes | None:
    """Decode and decompress; ``None`` beyond ``limit`` bytes: a bomb stops there.

    :returns: the beginning of the file, or all of it.
    :raises ValueError, zlib.error, EOFError: when it is not base64 or not a whole gzip file.
    """
    try:
        return _inflated(encoded, limit, whole=whole)
    except binascii.Error:  # blanks are allowed, and rare
        plain = "".join(encoded.split())
        if plain == encoded:
            raise
        return _inflated(plain, limit, whole=whole)


def _inflated(encoded: str, limit: int, *, whole: bool) -> bytes | None:
    inflate = zlib.decompressobj(_GZIP)
    head, size = bytearray(), 0
    for start in range(0, len(encoded), _SLICE):
        packed = binascii.a2b_base64(encoded[start : start + _SLICE], strict_mode=True)
        if encoded[start + _SLICE - 1 : start + _SLICE] == "=" and start + _SLICE < len(encoded):
            raise binascii.Error("padding before the end")
        while packed:
            if inflate.eof:  # another member follows: whoever reads the attachment expands it too
                inflate = zlib.decompressobj(_GZIP)
            part = inflate.decompress(packed, limit + 1 - size)
            size += len(part)
            if size > limit:
                return None
            if whole or len(head) < _HEAD_WITHIN:
                head += part
            packed = inflate.unused_data
    if not inflate.eof:
        raise EOFError("the gzip stream is cut")
    return bytes(head)


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
        if domaine not in (_DOMAINES if kind is None else kind.domaines):
            said = "sans type" if kind is None else kind.libelle
            yield _fault("PES-075_DOMAIN", piece, type=said, domaine=domaine)
