"""Where S²LOW says a transaction is (connectors dossier §1.4.7, §1.7, §1.9.2, §1.9.5).

Two enumerations: from 9 upward the same number means something else for ACTES and for HELIOS.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from demat.connectors.api import Flux, RemoteProgress
from demat.connectors.s2low_answers import (
    Unreadable,
    child_text,
    is_xml_document,
    parse_verdict,
    small_xml,
    unreadable,
)
from demat.connectors.s2low_ko import Ko, classify_ko, decode, fold
from demat.faults import Fault

__all__ = [
    "ActeReport",
    "ActeStatus",
    "HeliosReport",
    "HeliosStatus",
    "parse_acte_status",
    "parse_helios_status",
    "progress_of",
    "split_document",
]


class ActeStatus(IntEnum):
    """Status of an ACTES transaction (§1.7); HELIOS numbers differently from 9 upward."""

    ERREUR = -1
    ANNULE = 0
    POSTE = 1
    EN_ATTENTE_DE_TRANSMISSION = 2
    TRANSMIS = 3
    ACQUITTEMENT_RECU = 4
    VALIDE = 5
    REFUSE = 6
    DOCUMENT_RECU = 7
    ACQUITTEMENT_ENVOYE = 8
    DOCUMENT_ENVOYE = 9
    REFUS_D_ENVOI = 10
    ACQUITTEMENT_DE_DOCUMENT_RECU = 11
    ENVOYE_AU_SAE = 12
    ARCHIVE_PAR_LE_SAE = 13
    ERREUR_D_ARCHIVAGE = 14
    RECU_PAR_LE_SAE = 15
    DETRUITE = 16
    EN_ATTENTE_D_ETRE_POSTEE = 17
    EN_ATTENTE_D_ETRE_SIGNEE = 18
    EN_ATTENTE_DU_SAE = 19
    ERREUR_D_ENVOI_AU_SAE = 20
    DOCUMENT_RECU_SANS_AR = 21
    DOCUMENTS_INDISPONIBLES = 22
    EN_COURS = 999


class HeliosStatus(IntEnum):
    """Status of a HELIOS transaction (§1.9.5)."""

    ERREUR = -1
    ANNULE = 0
    POSTE = 1
    EN_ATTENTE = 2
    TRANSMIS = 3
    ACQUITTE = 4
    VALIDE = 5
    REFUSE = 6
    EN_TRAITEMENT = 7
    INFORMATION_DISPONIBLE = 8
    ENVOYE_AU_SAE = 9
    ACCEPTE_PAR_LE_SAE = 10
    REFUSE_PAR_LE_SAE = 11
    A_SIGNER = 13
    A_POSTER = 14
    EN_ATTENTE_DU_SAE = 19
    ERREUR_DU_SAE = 20
    A_DETRUIRE = 21
    DETRUITE = 22
    TRANSMIS_SANS_ACQUITTEMENT = 24


# An act already handed to the archive has its AR: to wait for exactly 4 is to wait for ever (§1.7).
# 9, 10 and 11 are those of a reply. 7, 8 and 21 are those of a letter: they say nothing of what we
# sent, and conclude nothing.
_ACTE_PROGRESS: Mapping[int, RemoteProgress] = MappingProxyType(
    {
        -1: RemoteProgress.ERROR,
        0: RemoteProgress.CANCELLED,
        1: RemoteProgress.PENDING,
        2: RemoteProgress.PENDING,
        3: RemoteProgress.TRANSMITTED,
        9: RemoteProgress.TRANSMITTED,
        10: RemoteProgress.ERROR,
        11: RemoteProgress.ANSWERED,
        17: RemoteProgress.WAITING_FOR_PERSON,
        18: RemoteProgress.WAITING_FOR_PERSON,
        999: RemoteProgress.PENDING,
        **dict.fromkeys((4, 5, 12, 13, 14, 15, 16, 19, 20, 22), RemoteProgress.ANSWERED),
    }
)
_HELIOS_PROGRESS: Mapping[int, RemoteProgress] = MappingProxyType(
    {
        -1: RemoteProgress.ERROR,
        0: RemoteProgress.CANCELLED,
        1: RemoteProgress.PENDING,
        2: RemoteProgress.PENDING,
        3: RemoteProgress.TRANSMITTED,
        7: RemoteProgress.TRANSMITTED,
        13: RemoteProgress.WAITING_FOR_PERSON,
        14: RemoteProgress.WAITING_FOR_PERSON,
        **dict.fromkeys((4, 6, 8), RemoteProgress.ANSWERED),
    }
)
# these come after the answer of the comptable, which is worth asking for
_HELIOS_AFTER_ANSWER = frozenset({9, 10, 11, 19, 20, 21})


@dataclass(frozen=True, kw_only=True, slots=True)
class ActeReport:
    """Where S²LOW says an ACTES transaction is (§1.4.7)."""

    code: str
    """Status number, as written."""
    document: bytes
    """AR or anomaly that follows it, untouched; empty when there is none."""
    text: str
    """Free text that follows, unescaped; empty when there is none."""

    @property
    def progress(self) -> RemoteProgress:
        """The same for every connector; an unknown number is never an error."""
        return progress_of(Flux.ACTES, self.code)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeliosReport:
    """Where S²LOW says a HELIOS transaction is (§1.9.2)."""

    code: str
    """Status number, as written."""
    text: str
    """Message that comes with it; may be empty."""

    @property
    def progress(self) -> RemoteProgress:
        """The same for every connector; an unknown number is never an error."""
        return progress_of(Flux.HELIOS, self.code)

    @property
    def earlier_copy(self) -> bool:
        """Whether the NomFic and the CodCol are those of a file that is there already (§9.3)."""
        error = int(self.code) == HeliosStatus.ERREUR
        return error and "existe deja sur la plateforme" in fold(self.text)

    @property
    def after_answer(self) -> bool:
        """Whether the number belongs to the archiving, which follows the answer."""
        return int(self.code) in _HELIOS_AFTER_ANSWER


def progress_of(flux: Flux, code: str) -> RemoteProgress:
    """Return what a status means; what is no number is unrecognised."""
    if not re.fullmatch(r"-?[0-9]{1,9}", code, re.ASCII):
        return RemoteProgress.UNRECOGNISED
    known = _ACTE_PROGRESS if flux is Flux.ACTES else _HELIOS_PROGRESS
    return known.get(int(code), RemoteProgress.UNRECOGNISED)


def parse_acte_status(body: bytes) -> ActeReport | Ko:
    """Read a status: ``OK``, the number, then the AR, an anomaly, a text, or both glued.

    :raises Unreadable: no number, or a document that is cut.
    """
    verdict = parse_verdict(body)
    if isinstance(verdict, Ko):
        return verdict
    line, _, tail = verdict.rest.partition(b"\n")
    code = line.strip()
    if not re.fullmatch(rb"-?[0-9]{1,9}", code):
        raise unreadable(body)
    document, text = split_document(tail)
    return ActeReport(code=code.decode("ascii"), document=document, text=decode(text))


_BEGUN = re.compile(rb"<\?xml|<(?:[\w.-]+:)?(?:AR|Anomalie)[A-Z]")
"""What begins a message of the ministry."""
# names of the norm start with a capital; HTML tags that a free text may hold do not
_ROOT = re.compile(
    rb"(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<((?:[\w.-]+:)?[A-Z][\w.-]*)"
    rb"""((?:[^<>"']|"[^"]*"|'[^']*')*)>""",
    re.DOTALL,
)


def split_document(tail: bytes) -> tuple[bytes, bytes]:
    """Separate an XML document from the text glued before or after it.

    :returns: the document, byte for byte, and the text; the document is empty when there is none
        or when it is damaged.
    :raises Unreadable: the document has no end: its half must not pass for the words of a refusal.
    """
    root = _ROOT.search(tail)
    if root is None:
        return _without_document(tail)
    end = root.end()
    if not root[2].rstrip().endswith(b"/"):
        closings = list(re.finditer(rb"</" + re.escape(root[1]) + rb"\s*>", tail))
        if not closings:
            return _without_document(tail)
        end = closings[-1].end()
    document = tail[root.start() : end]
    if not is_xml_document(document):
        return b"", tail
    return document, tail[: root.start()] + tail[end:]


def _without_document(tail: bytes) -> tuple[bytes, bytes]:
    if _BEGUN.search(tail):
        raise Unreadable(Fault(code="CON-TRUNCATED_ANSWER"))
    return b"", tail


def parse_helios_status(body: bytes) -> HeliosReport | Ko:
    """Read the status of a HELIOS transaction (§1.9.2).

    :raises Unreadable: neither a status nor a refusal.
    """
    root = small_xml(body, "transaction")
    if isinstance(root, Ko):
        return root
    if child_text(root, "resultat") == "KO":
        return classify_ko(child_text(root, "message"))
    code = child_text(root, "status")
    if not re.fullmatch(r"-?[0-9]{1,9}", code, re.ASCII):
        raise unreadable(body)
    return HeliosReport(code=code, text=child_text(root, "message"))
