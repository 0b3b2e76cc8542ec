"""Archives of ACTES on their way out: numbered by the store, validated before they leave."""

from demat.actes.archive import unpack
from demat.actes.envelope import EnveloppeActes, Packing
from demat.clock import date8, paris_date
from demat.engine.office import Authority, Office
from demat.faults import Faults
from demat.schemas.catalogue import Catalogue
from demat.schemas.validate import validate

__all__ = ["next_packing", "validate_archive"]


def next_packing(authority: Authority, office: Office) -> Packing:
    """Return what the next archive of an authority is named after; its number is used up."""
    today = paris_date(office.clock.now())
    return Packing(
        day=today,
        serial=office.store.next_serial(authority.siren, "enveloppe", date8(today)),
        trigramme=office.settings.trigramme,
        application=office.settings.application,
    )


def validate_archive(archive: EnveloppeActes, catalogue: Catalogue) -> Faults:
    """Validate every XML that we wrote; a fault here is ours (rule 52)."""
    faults = Faults()
    for name, content in unpack(archive.content).items():
        if name.endswith(".xml") and name[2:3] != "_":
            faults += validate(content, catalogue=catalogue).within(name)
    return faults
