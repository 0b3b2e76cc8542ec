"""Attachments, and the pointers to them (helios dossier §5)."""

import base64
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, cast

from demat.helios.model_base import EcritAutrement

__all__ = ["EnTetePJ", "FichierLu", "PJRef", "PieceJointe", "RefCompta", "Source"]

Source = Callable[[], BinaryIO]
"""Opens the original file for reading; each call starts from its beginning."""


@dataclass(frozen=True, slots=True)
class FichierLu:
    """The content of an attachment exactly as a file carried it: gzip in base64, not decoded.

    Calling it opens the original file. It is written back as it is: another compressor would give
    other bytes for the same file.
    """

    texte: str
    """The text of ``Contenu/Fichier``, line breaks included."""

    def __call__(self) -> BinaryIO:
        """Open the original; nothing is decompressed before it is read.

        :raises binascii.Error: when the text is not base64; reading the result raises ``OSError``,
            ``EOFError`` or ``zlib.error`` when it is not gzip.
        """
        packed = base64.b64decode("".join(self.texte.split()), validate=True)
        return cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(packed)))


@dataclass(frozen=True, kw_only=True, slots=True)
class RefCompta(EcritAutrement):
    """The accounting object that an attachment sent apart supports (``RefCompta``, §5.4)."""

    domaine: str
    """``Domaine``: 01 dépense, 02 recette, 04 budget, 06 marché."""
    exercice: int
    """``Exercice`` of the pièce, budget or CFU."""
    type_objet: str
    """``TypeObjet``: TypBord for a pièce; 01 BP, 02 DM… for a budget."""
    identifiant: str = ""
    """``Identifiant``: number of the pièce, of the rôle, of the contract."""
    complement: str = ""
    """``ComplementIdentifiant``: line of the pièce, or SIRET of the buyer."""
    id_tiers: str = ""
    """``IdTiers``: SIRET of the holder of the marché."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceJointe(EcritAutrement):
    """One attachment carried by the file (``PES_PJ/PJ``, §5.1)."""

    id_unique: str
    """``IdUnique``: letters and digits, unique for ever in the authority."""
    serveur: str = ""
    """``ServeurId``: storage server agreed with Hélios."""
    name: str
    """``NomPJ``: file name with an extension of 2 to 4 characters, at most 100."""
    content: bytes = b""
    """The original file; the writer compresses and encodes it."""
    source: Source | None = None
    """Where to read the original instead of ``content``: a file too large to be held, or a
    :class:`FichierLu`."""
    mime_type: str
    """``Fichier/@MIMEType``, such as ``application/pdf``."""
    type_pj: str
    """``TypePJ``: ``002`` supporting document of a titre, ``003`` of a mandat… (§5.3)."""
    description: str
    """``Description``: what the document is, at most 250 characters."""
    references: tuple[RefCompta, ...] = ()
    """``RefCompta``, when the attachment travels apart from its pièce."""

    def open(self) -> BinaryIO:
        """Open the original file for reading."""
        return self.source() if self.source else io.BytesIO(self.content)


@dataclass(frozen=True, kw_only=True, slots=True)
class PJRef(EcritAutrement):
    """A pointer from a pièce or a line to one of its supporting documents (§5.2)."""

    support: str = "01"
    """``Support``: 01 electronic, 02 paper, 03 disc."""
    id_unique: str
    """``IdUnique`` of the attachment."""
    name: str
    """``NomPJ``: free name, at most 100 characters; empty when not said."""
    type_pj: str = ""
    """``TypePJ``, since 5.11: needed for 010 and 011, otherwise free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnTetePJ(EcritAutrement):
    """The header of the attachments (``EnTetePES_PJ``)."""

    version: int = 1
    """``IdVer``: 1, else the attachments are refused."""
