"""Archives of ACTES on their way out: numbered by the store, validated before they leave."""

from demat.actes.contexte import blocking
from demat.actes.envelope import EnveloppeActes, Packing
from demat.actes.inbound import parse_inbound, read_archive
from demat.actes.messages import MessageActe
from demat.clock import date8, paris_date
from demat.engine.office import Authority, Office
from demat.faults import FaultError, Faults
from demat.schemas.catalogue import Catalogue
from demat.schemas.validate import validate

__all__ = ["ENVELOPPE", "next_packing", "validate_archive"]

ENVELOPPE = "enveloppe"
"""Series of the archives of a day (``date8``)."""


def next_packing(authority: Authority, office: Office) -> Packing:
    """Return what the next archive of an authority is named after; its number is used up."""
    today = paris_date(office.clock.now())
    return Packing(
        day=today,
        serial=office.store.next_serial(authority.siren, ENVELOPPE, date8(today)),
        trigramme=office.settings.trigramme,
        application=office.settings.application,
    )


def validate_archive(archive: EnveloppeActes, catalogue: Catalogue) -> Faults:
    """Judge an archive that we made as a stranger's: its lists, and every XML that we wrote.

    :returns: ``ACT-052``, which is our own mistake, and what the schema says (rule 52).
    """
    try:
        read = read_archive(archive.content)
        messages = {name: parse_inbound(content) for name, content in read.messages.items()}
    except FaultError as error:
        return Faults([blocking(52, detail=str(error))])
    faults = Faults(
        blocking(52, detail=f"{name} : {message.annexes_count} annexes annoncées")
        for name, message in messages.items()
        if isinstance(message, MessageActe) and message.annexes_count != len(message.annexes)
    )
    for name, content in {read.envelope_name: read.envelope, **read.messages}.items():
        found = validate(content, catalogue=catalogue).within(name)
        faults += [blocking(52, detail=name)] if found.blocking else []
        faults += found
    return faults
