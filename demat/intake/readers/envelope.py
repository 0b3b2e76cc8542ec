"""A ready-made ACTES envelope (``.tar.gz``): taken apart, checked, and never sent as it is.

Each act of it becomes a draft like any other; the engine writes its own archive, with its own
trigramme and serial number, as every tiers de télétransmission does (actes dossier §2.2, §3.3).
"""

from collections.abc import Iterator, Mapping, Sequence

from demat.actes.inbound import (
    ArchiveActes,
    EnveloppeCL,
    MessageActe,
    parse_inbound,
    read_archive,
)
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.names import FileName, parse_file_name
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import ActeDraft, InputFile, ReadContext, Reading
from demat.intake.readers.seance import default_type

__all__ = ["Envelope"]

_GZIP = b"\x1f\x8b"
_PLACEHOLDER = "CO_DE"
"""What a platform writes when no type was chosen (§6.1)."""
_OTHER_MESSAGES: Mapping[int, str] = {
    2: "INT-ENVELOPE_REPLY",
    3: "INT-ENVELOPE_REPLY",
    4: "INT-ENVELOPE_REPLY",
    6: "INT-ENVELOPE_CANCEL",
    7: "INT-ENVELOPE_ASK",
}
"""Transaction → what is told about a message that is no act (§4.1)."""


class Envelope:
    """Reader of one archive, recognised by its content whatever its name."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether the deposit is a single compressed file."""
        return len(files) == 1 and files[0].head.startswith(_GZIP)

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read every act of the envelope, in its order; any doubt about it stops it whole."""
        (file,) = files
        try:
            archive = read_archive(file.content)
            envelope = parse_inbound(archive.envelope)
        except FaultError as error:
            return Reading(kind="enveloppe", faults=error.faults.within(file.base))
        if not isinstance(envelope, EnveloppeCL):
            fault = Fault(code="INT-ENVELOPE_RECEIVED", source=file.base)
            return Reading(kind="enveloppe", faults=Faults([fault]))
        faults = list(_emetteur_faults(envelope, context, file.base))
        drafts = []
        for name in archive.messages:
            acte, found = _read(name, archive, context)
            faults.extend(found.within(file.base))
            if acte is not None:
                drafts.append(ActeDraft(acte=acte, where=f"{file.base}, {name}"))
        return Reading(kind="enveloppe", drafts=tuple(drafts), faults=Faults(faults))


def _emetteur_faults(envelope: EnveloppeCL, context: ReadContext, source: str) -> Iterator[Fault]:
    """Compare who the envelope says that it comes from with the authority (§3.3)."""
    ours = context.emetteur
    if ours is None:
        raise ValueError("an envelope cannot be read without the authority's registration")
    for what, found, expected in (
        ("le SIREN", envelope.siren, ours.siren),
        ("le département", envelope.departement, ours.departement),
        ("l'arrondissement", envelope.arrondissement, ours.arrondissement),
        ("la nature de la collectivité", envelope.nature, ours.nature),
    ):
        if found != expected:
            params = {"what": what, "found": found or "absent", "expected": expected}
            yield Fault(code="INT-ENVELOPE_SENDER", params=params, source=source)


def _read(name: str, archive: ArchiveActes, context: ReadContext) -> tuple[Acte | None, Faults]:
    """Read one message and its documents; ``None`` with the reasons when it is no sound act."""
    parsed = parse_file_name(name)
    if parsed is None:
        return None, Faults([_name_fault(name, "il n'a pas la forme d'un nom de message")])
    if (parsed.transaction, parsed.message) != (1, 1):
        code = _OTHER_MESSAGES.get(parsed.transaction, "INT-ENVELOPE_RECEIVED")
        return None, Faults([Fault(code=code, params={"name": name})])
    try:
        message = parse_inbound(archive.messages[name])
        if not isinstance(message, MessageActe):
            raise FaultError(Fault(code="INT-NOT_AN_ACT", params={"name": name}))
        nature = NatureActe.from_code(str(message.nature))
    except FaultError as error:
        return None, error.faults
    faults = Faults(_message_faults(name, parsed, message, nature, context.emetteur))
    return _acte(message, nature, archive, context), faults


def _message_faults(
    name: str,
    parsed: FileName,
    message: MessageActe,
    nature: NatureActe,
    emetteur: Emetteur | None,
) -> Iterator[Fault]:
    """Check that names and content tell the same act, and that no annexe is missing (§4.2).

    The day in the names is not compared: a platform writes that of packing there (§2.3).
    """
    count = message.annexes_count
    if count != len(message.annexes):
        params = {
            "numero": message.numero,
            "announced": "absent" if count is None else str(count),
            "found": str(len(message.annexes)),
        }
        yield Fault(code="INT-ENVELOPE_COUNT", params=params)
    expected = (message.numero, nature.abrege)
    if emetteur is not None:
        for what, found, ours in (
            ("SIREN", parsed.siren, emetteur.siren),
            ("département", parsed.departement, emetteur.departement),
        ):
            if found != ours:
                yield _name_fault(name, f"{what} {found} au lieu de {ours}")
    if (parsed.numero, parsed.nature) != expected:
        yield _name_fault(name, f"le message dit {message.numero}, nature {nature.abrege}")
    for rang, document in enumerate((message.document_name, *message.annexes), start=1):
        yield from _document_faults(document, rang, parsed)


def _document_faults(name: str, rang: int, message: FileName) -> Iterator[Fault]:
    found = parse_file_name(name)
    if found is None:
        yield _name_fault(name, "il n'a pas la forme d'un nom de document")
    elif (found.siren, found.numero, found.nature, found.transaction, found.message) != (
        *(message.siren, message.numero, message.nature),
        *(message.transaction, message.message),
    ):
        yield _name_fault(name, "il est celui d'un autre acte")
    elif found.rang != rang:
        yield _name_fault(name, f"son rang est {found.rang}, sa place dans le message {rang}")


def _name_fault(name: str, reason: str) -> Fault:
    return Fault(code="INT-ENVELOPE_NAME", params={"name": name, "reason": reason})


def _acte(
    message: MessageActe, nature: NatureActe, archive: ArchiveActes, context: ReadContext
) -> Acte:
    default = default_type(nature, context)
    pieces = [
        Piece(name=name, content=archive.documents[name], type_pj=_type(name) or default)
        for name in (message.document_name, *message.annexes)
    ]
    return Acte(
        numero=message.numero,
        date_decision=message.date,
        nature=nature,
        matiere=message.matiere,
        objet=message.objet,
        document=pieces[0],
        annexes=tuple(pieces[1:]),
        document_papier=message.document_papier,
        classification_date=context.classification.date,
        precedent=message.precedent,
    )


def _type(name: str) -> str:
    """Return the type of document that a protocol name begins with, if it means one."""
    found = parse_file_name(name)
    return found.type_pj if found and found.type_pj != _PLACEHOLDER else ""
