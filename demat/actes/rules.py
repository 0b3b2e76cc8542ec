"""Faults of an act before it is packed: the rules of the actes dossier (§10), all at once.

Codes are ``ACT-`` and the number of the rule; severity A of the dossier is a warning.
"""

import re
from collections.abc import Sequence

from demat.actes.archive import MAX_NAME_BYTES
from demat.actes.contexte import MAX_ARCHIVE_BYTES, ContexteActe, blocking
from demat.actes.documents import document_names
from demat.actes.model import Acte
from demat.actes.names import message_name, parse_file_name
from demat.actes.rules_budget import check_budget
from demat.actes.rules_contenu import check_contenu
from demat.actes.rules_emetteur import check_emetteur
from demat.actes.rules_pieces import check_pieces, check_size
from demat.actes.rules_suivi import check_certificat
from demat.faults import Faults

__all__ = ["MAX_ARCHIVE_BYTES", "ContexteActe", "check_acte", "check_names", "check_size"]

# The pattern of @actes:IDActe, stricter than what is read from others (§2.4).
_ID_ACTE = re.compile(r"[09]\d[\dAB]-\d{9}-\d{8}-[A-Za-z0-9_]{1,15}-[A-Z]{2}", re.ASCII)
_EXTENSIONS = frozenset({"xml", "pdf", "jpg", "png"})


def check_acte(acte: Acte, contexte: ContexteActe) -> Faults:
    """Apply every rule to an act and return all the findings, in the order of the rules' themes."""
    faults = Faults(
        [
            *check_emetteur(contexte.emetteur),
            *_check_line(contexte),
            *check_contenu(acte, contexte),
            *check_pieces(acte, contexte),
            *check_budget(acte, contexte.emetteur),
        ]
    )
    if faults.blocking:  # the names would only repeat, as our own mistake, what was just said
        return faults
    id_acte = acte.id_acte(contexte.emetteur)
    names = (message_name(id_acte, 1, 1, 0, "xml"), *document_names(acte, contexte.emetteur))
    return faults + check_names(str(id_acte), names)


def _check_line(contexte: ContexteActe) -> Faults:
    if contexte.certificate_expires is None:
        return Faults()
    return check_certificat(contexte.certificate_expires, today=contexte.today)


def check_names(id_acte: str, names: Sequence[str]) -> Faults:
    """Check the names that we generate (rule 51): a fault is a defect of the program.

    :param id_acte: the act concerned; empty for a message about none (7-1).
    """
    wrong = [name for name in names if not _is_good(name)]
    wrong += sorted({name for name in names if names.count(name) > 1})
    if id_acte and not _ID_ACTE.fullmatch(id_acte):
        wrong.insert(0, id_acte)
    return Faults(blocking(51, name=name) for name in wrong)


def _is_good(name: str) -> bool:
    found = parse_file_name(name)
    return (
        found is not None
        and found.extension in _EXTENSIONS
        and len(name.encode()) <= MAX_NAME_BYTES
    )
