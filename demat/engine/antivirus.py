"""Show the files of a deposit to the antivirus, before any reader opens them."""

import logging

from demat.engine.office import Office
from demat.faults import Fault, Faults
from demat.queue.views import DepositView

__all__ = ["infected"]

logger = logging.getLogger(__name__)


def infected(deposit: DepositView, office: Office) -> Faults:
    """Return one ``ACT-050`` per infected file, whatever the deposit is for.

    Without antivirus nothing is said. The same content is shown once.

    :raises AntivirusUnusable: nobody can tell: the deposit must wait (fail closed).
    :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-DOCUMENT_CORRUPT``.
    """
    if office.antivirus is None:
        return Faults()
    documents = office.store.documents
    found: dict[str, str] = {}
    faults = []
    for file in deposit.files:
        if file.sha256 not in found:
            with documents.local(file.sha256) as path, path.open("rb") as source:
                found[file.sha256] = office.antivirus.scan(source, file.name)
        if virus := found[file.sha256]:
            params = {"name": file.name, "virus": virus}
            faults.append(Fault(code="ACT-050", params=params, source=file.name))
            logger.warning("virus found", extra={"action": "virus", "deposit": deposit.id})
    return Faults(faults)
