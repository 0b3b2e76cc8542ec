"""What one file picked up is, by its content: a message of ACTES, an acquit, a retour (§2.2, §2.3).

A name is a hint only: it says whether a file is worth reading. Whatever was read is bound to what
was sent by what it holds (connectors dossier §2.3, actes dossier §8.4).
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from demat.actes.inbound import documents_of, parse_inbound
from demat.actes.lot import MessageKey, message_key, read_lot
from demat.actes.messages import EnveloppePrefecture
from demat.actes.names import parse_file_name
from demat.faults import FaultError
from demat.helios.acquit import ACQUITS
from demat.xmlio import parse_untrusted, root_name, value

__all__ = ["KINDS", "Genre", "NotOurs", "NotWhole", "Recu", "read_recu", "worth_reading"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "ARActe": "1",
        "AnomalieActe": "1",
        "AnomalieEnveloppe": "1",
        "CourrierSimple": "2",
        "DemandePieceComplementaire": "3",
        "ARPieceComplementaire": "3",
        "LettreObservations": "4",
        "ARReponseRejetLettreObservations": "4",
        "DefereTA": "5",
        "ARAnnulation": "6",
        "RetourClassification": "7",
        "ReponseClassificationSansChangement": "7",
    }
)
"""Root of each message that comes from the préfecture → first figure of its code (§4.1)."""
_ENVELOPE = "EnveloppeMISILLCL"
_RETOUR = "PES_Retour"


class NotWhole(Exception):
    """It cannot be read to its end: it is being written, or it is broken; its text says why."""


class NotOurs(Exception):
    """It is whole, and nothing that this connector carries; its text says what it is."""


class Genre(Enum):
    """What a file is."""

    ACTES = "one or several messages of the préfecture"
    ENVELOPE = "an envelope whose messages lie beside it"
    ACQUIT = "a PES_ACQUIT or a PES_NonAcquit"
    RETOUR = "a PES_Retour"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recu:
    """One file, read."""

    name: str
    genre: Genre
    siren: str = ""
    """Authority that it says it is for; empty when it does not say."""
    keys: Mapping[str, MessageKey] = field(default_factory=dict)
    """What binds each of its messages to what was sent, by the name of the message."""
    beside: tuple[str, ...] = ()
    """Names of the files that go with it and lie beside it, not in it."""
    nom_fic: str = ""
    """``NomFic`` of the PES that an acquit answers."""
    cod_col: str = ""
    """``CodCol`` of the budget, which an acquit may leave out or write ``000``."""

    @property
    def kind(self) -> str:
        """First figure of the code of its first message; empty when there is none."""
        return next((KINDS[key.root] for key in self.keys.values()), "")


def worth_reading(name: str) -> bool:
    """Tell whether the name of a file is one of those that answers bear (§2.3)."""
    lower = name.lower()
    if lower.endswith((".ocr", ".ocre", ".zip", ".pdf")):
        return False
    return lower.endswith((".xml", ".tar.gz")) or "ACK" in name or name.startswith("PES2R")


def read_recu(name: str, content: bytes) -> Recu:
    """Read a file; one that is read to its end is whole, since XML and gzip say where they end.

    :raises NotWhole: it ends too early, or it is neither.
    :raises NotOurs: it is something else.
    """
    try:
        if name.lower().endswith(".tar.gz"):
            return _archive(name, content)
        return _xml(name, content, root_name(io.BytesIO(content)))
    except FaultError as error:
        raise NotWhole(", ".join(error.faults.codes)) from error


def _archive(name: str, content: bytes) -> Recu:
    lot = read_lot(name, content)
    keys = {}
    for message in lot.messages:
        key = _key(message, lot.messages[message], lot.siren)
        if key.root in KINDS:
            keys[message] = key
    if not keys:
        raise NotOurs("archive sans message de la préfecture")
    siren = lot.siren or next((key.siren for key in keys.values() if key.siren), "")
    return Recu(name=name, genre=Genre.ACTES, siren=siren, keys=keys)


def _xml(name: str, content: bytes, root: str) -> Recu:
    if root in KINDS:
        named = parse_file_name(name)
        key = _key(name, content, named.siren if named else "")
        beside = documents_of(content)
        return Recu(name=name, genre=Genre.ACTES, siren=key.siren, keys={name: key}, beside=beside)
    if root == _ENVELOPE:
        envelope = parse_inbound(content)
        assert isinstance(envelope, EnveloppePrefecture)  # noqa: S101 - by its root
        return Recu(
            name=name, genre=Genre.ENVELOPE, siren=envelope.siren, beside=envelope.formulaires
        )
    if root not in {*ACQUITS, _RETOUR}:
        raise NotOurs(f"racine {root[:40]}")
    return _pes(name, content, root)


def _key(name: str, content: bytes, siren: str) -> MessageKey:
    """Return what a message says of itself; one whose meaning is lost keeps its root alone.

    It is then kept and shown to a person by whoever takes it.
    """
    try:
        return message_key(parse_inbound(content), name=name, siren=siren)
    except FaultError as error:
        if not set(error.faults.codes) <= {"ACT-INBOUND_CONTENT", "ACT-INBOUND_ROOT"}:
            raise
        return MessageKey(root=root_name(io.BytesIO(content)), siren=siren)


def _pes(name: str, content: bytes, root: str) -> Recu:
    tree = parse_untrusted(content, root=root)
    return Recu(
        name=name,
        genre=Genre.RETOUR if root == _RETOUR else Genre.ACQUIT,
        siren=(value(tree, "EnTetePES/IdColl") or "")[:9],
        nom_fic=value(tree, "Enveloppe/Parametres/NomFic") or "",
        cod_col=value(tree, "EnTetePES/CodCol") or value(tree, "EnTetePES/CodColl") or "",
    )
