"""The documents that a PES carries, decoded beside the page that shows it (helios dossier §5).

What they hold is not trusted: nothing is written beyond a size, under a name of ours, with the
extension of what the bytes are, so that a browser never takes one for a page.
"""

import base64
import binascii
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from demat.actes.documents import detect_type
from demat.faults import Fault, FaultError, Faults, Severity
from demat.files import safe_name, write_atomic
from demat.helios.codes import TypePJ
from demat.helios.view import VuePj
from demat.helios.view_avis import VueAvis, read_avis
from demat.xmlio import parse_untrusted

__all__ = ["Attachment", "AttachmentFolder", "Limits"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much is written at most."""

    one: int = 150_000_000
    """Bytes of one document, once decoded."""
    together: int = 1_000_000_000
    """Bytes of all the documents of a file."""
    archive: int = 1_000_000_000
    """Bytes that an archive announces for what it holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """One document of the file, as far as it could be read."""

    id_unique: str
    """``IdUnique``."""
    nom: str
    """``NomPJ``."""
    type_pj: str
    """``TypePJ``."""
    description: str
    """``Description``."""
    size: int | None
    """Bytes once decoded; ``None`` when it cannot be."""
    kind: str
    """What the bytes are, in words; empty when they cannot be read."""
    file: str
    """Where it was written, relative to the folder of the page; empty when it was not."""
    faults: Faults
    """What is wrong with it."""
    autres: tuple[tuple[str, str], ...] = ()
    """Other values of the file about it."""
    avis: tuple[VueAvis, ...] = ()
    """The avis des sommes à payer, or the bills, that it holds."""


_KINDS = {
    "pdf": ("PDF", "pdf"),
    "png": ("image PNG", "png"),
    "jpg": ("image JPEG", "jpg"),
    "xml": ("XML", "xml"),
    "zip": ("archive ZIP ou document de bureautique", "zip"),
    "ole": ("document de bureautique ancien", "bin"),
    "empty": ("vide", "bin"),
    "unknown": ("type inconnu", "bin"),
}
_OFFICE = {"odt", "ods", "odp", "docx", "xlsx", "pptx"}
_SAME = {"jpg": {"jpeg"}, "zip": _OFFICE, "bin": {"doc", "xls"}}
"""Extensions that say the same of the content, and that a browser does not show as a page."""
_ACTIVE = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"})
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(kw_only=True, slots=True)
class AttachmentFolder:
    """Writes the documents one by one; ``folder`` is made at the first."""

    folder: Path | None
    """Where they go; ``None``: they are read, not written."""
    limits: Limits = field(default_factory=Limits)
    _count: int = 0
    _written: int = 0

    def keep(self, piece: VuePj) -> Attachment:
        """Decode a document, write it, and say what it is.

        :raises OSError: it cannot be written.
        """
        self._count += 1
        content, faults = _decoded(piece, self.limits.one)
        kind, suffix = _KINDS[detect_type(content)] if content is not None else ("", "")
        if content is not None:
            faults += Faults(self._doubts(piece, content, suffix))
        stopped = content is None or "INT-VIEW_ARCHIVE" in faults.codes or self._full(content)
        if content is not None and stopped and "INT-VIEW_ARCHIVE" not in faults.codes:
            faults += [_fault("INT-VIEW_ROOM", piece)]
        return Attachment(
            id_unique=piece.id_unique,
            nom=piece.nom,
            type_pj=piece.type_pj,
            description=piece.description,
            size=None if content is None else len(content),
            kind=kind,
            file="" if content is None or stopped else self._write(piece, content, suffix),
            faults=faults,
            autres=piece.autres,
            avis=read_avis(content) if content and piece.type_pj == TypePJ.PES_FACTURE else (),
        )

    def _full(self, content: bytes) -> bool:
        return self._written + len(content) > self.limits.together

    def _doubts(self, piece: VuePj, content: bytes, suffix: str) -> Iterator[Fault]:
        if not content:
            yield _fault("PES-074", piece)
            return
        said = piece.nom.rpartition(".")[2].lower()
        if suffix != "bin" and said not in {suffix, *_SAME.get(suffix, ())}:
            yield _fault("INT-VIEW_TYPE", piece, found=_KINDS[detect_type(content)][0])
        if suffix == "zip" and not _modest(content, self.limits.archive):
            yield _fault("INT-VIEW_ARCHIVE", piece)

    def _write(self, piece: VuePj, content: bytes, suffix: str) -> str:
        if self.folder is None or not content:
            return ""
        name = _file_name(self._count, piece.nom, suffix, content)
        write_atomic(self.folder / name, content)
        self._written += len(content)
        return f"{self.folder.name}/{name}"


def _fault(code: str, piece: VuePj, **params: str) -> Fault:
    return Fault(
        code=code,
        params={"nom": piece.nom, "id_unique": piece.id_unique, **params},
        severity=Severity.WARNING,
        line=piece.line,
    )


def _decoded(piece: VuePj, limit: int) -> tuple[bytes | None, Faults]:
    """Undo base64 and gzip; nothing is expanded beyond ``limit`` bytes."""
    try:
        packed = base64.b64decode("".join(piece.contenu.split()), validate=True)
    except (binascii.Error, ValueError):
        return None, Faults([_fault("PES-074_ENCODING", piece)])
    if packed[:2] != b"\x1f\x8b":  # not compressed: shown, though the comptable may refuse it
        return packed, Faults([_fault("INT-VIEW_RAW", piece)] if packed else [])
    inflate = zlib.decompressobj(_GZIP)
    try:
        content = inflate.decompress(packed, limit + 1)
    except zlib.error:
        return None, Faults([_fault("PES-074_ENCODING", piece)])
    if len(content) > limit:
        return None, Faults([_fault("PES-012_PJ", piece, limit=str(limit // 1_000_000))])
    if not inflate.eof:
        return None, Faults([_fault("PES-074_ENCODING", piece)])
    return content, Faults()


def _modest(content: bytes, limit: int) -> bool:
    """Tell whether an archive announces a reasonable size; it is not opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(member.file_size for member in archive.infolist()) <= limit
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def _file_name(rank: int, name: str, suffix: str, content: bytes) -> str:
    """Return a name of ours that ends as the content deserves."""
    stem, _, said = safe_name(name).rpartition(".")
    kept = said.lower() if said.lower() in _SAME.get(suffix, ()) else suffix
    if suffix == "xml" and not _inert(content):
        kept = "xml.txt"
    return f"{rank:03d}-{(stem or said)[:60]}.{kept}"


def _inert(content: bytes) -> bool:
    """Tell whether a browser shows this XML as a tree, and runs nothing of it."""
    try:
        root = parse_untrusted(content)
    except FaultError:
        return False
    if root.getprevious() is not None:  # an instruction such as a style sheet, or a comment
        return False
    return not any(node.tag.rpartition("}")[0][1:] in _ACTIVE for node in root.iter("*"))
