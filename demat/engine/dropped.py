"""What the préfecture sent, laid by an agent in the watched folder: a mail, an archive, messages.

Messages saved apart may lie with their documents, in one folder: they are one lot.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from demat.actes.lot import Lot, lot_of_files, read_lot
from demat.actes.messages import EnveloppePrefecture
from demat.connectors.api import InboundDocument
from demat.engine.collect import Round
from demat.engine.courriers import lay_courriers
from demat.engine.give_back import lay_refusals
from demat.engine.inbox import take_lot
from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults, Severity
from demat.queue.views import ReceivedFile

__all__ = ["hold_messages", "take_messages"]

_HEAD = 4096
_GZIP = b"\x1f\x8b"
_NAMESPACE = b"interieur.gouv.fr/ACTES"
_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_OURS = frozenset(
    {b"Acte", b"EnveloppeCLMISILL", b"Annulation", b"DemandeClassification"}
    | {b"ReponseCourrierSimple", b"RefusPieceComplementaire", b"PieceComplementaire"}
    | {b"RejetLettreObservations", b"ReponseLettreObservations"}
    | {b"ARDemandePieceComplementaire", b"ARLettreObservations"}
)
"""Roots that we send: whoever lays them wants them sent, or to know what they are."""
_DOCUMENTS = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".gif", ".html", ".htm", ".txt"})
"""What may lie beside the messages of a mail."""


def hold_messages(files: Sequence[ReceivedFile], office: Office) -> bool:
    """Tell whether a deposit holds what the préfecture sent, and nothing to send."""
    carriers = [file for file in files if _carries(file, office)]
    rest = [file for file in files if file not in carriers]
    return bool(carriers) and all(_suffix(file) in _DOCUMENTS for file in rest)


def take_messages(files: Sequence[ReceivedFile], authority: Authority, office: Office) -> Faults:
    """Take every message of a deposit; return what the agent should read about them.

    :raises FaultError: ``ACT-LOT_OTHER``, ``ACT-MAIL_…``: nothing of that lot is taken.
    """
    round_ = Round()
    try:
        for lot, raw in _lots(files, office):
            take_lot(lot, raw, authority, office, round_)
    except FaultError as error:
        return error.faults
    told = lay_courriers(authority, office)
    lay_refusals(authority, office)
    names = ", ".join(PurePosixPath(file.name).name for file in files)
    code = "ACT-LOT_TAKEN" if round_.new else "ACT-LOT_KNOWN"
    taken = Fault(code=code, params={"names": names}, severity=Severity.WARNING)
    return Faults([taken]) + told


def _lots(files: Sequence[ReceivedFile], office: Office) -> list[tuple[Lot, InboundDocument]]:
    """Read each mail and each archive alone, and the files saved apart together."""
    apart: dict[str, bytes] = {}
    lots = []
    for file in files:
        name, content = PurePosixPath(file.name).name, office.store.documents.get(file.sha256)
        if _suffix(file) == ".eml" or content.startswith(_GZIP):
            lots.append((read_lot(name, content), InboundDocument(name=name, content=content)))
        else:
            apart[name] = content
    if apart:
        lots.append((_saved(apart), _first(apart)))
    return lots


def _saved(files: Mapping[str, bytes]) -> Lot:
    if len(files) == 1:
        ((name, content),) = files.items()
        return read_lot(name, content)
    return lot_of_files(files)


def _first(files: Mapping[str, bytes]) -> InboundDocument:
    name, content = next(iter(files.items()))
    return InboundDocument(name=name, content=content)


def _suffix(file: ReceivedFile) -> str:
    return PurePosixPath(file.name).suffix.lower()


def _carries(file: ReceivedFile, office: Office) -> bool:
    head = office.store.documents.head(file.sha256, _HEAD)
    if not head:  # empty, or lost: whoever reads it will say so
        return False
    if _suffix(file) == ".eml":
        return True
    if head.startswith(_GZIP):
        return _is_from_prefecture(file, office)
    found = _ELEMENT.search(head)
    return found is not None and _NAMESPACE in head and found[1] not in _OURS


def _is_from_prefecture(file: ReceivedFile, office: Office) -> bool:
    try:
        lot = read_lot(file.name, office.store.documents.get(file.sha256))
    except FaultError:  # whoever reads it as an archive to send will say why it is refused
        return False
    return isinstance(lot.envelope, EnveloppePrefecture)
