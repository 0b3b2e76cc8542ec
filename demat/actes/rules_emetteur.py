"""Rules 1 to 6 of the actes dossier (§10): the authority as the préfecture registered it."""

import re
from collections.abc import Iterator

from demat.actes.contexte import blocking
from demat.actes.model import Emetteur
from demat.actes.natures import NATURES_COLLECTIVITE
from demat.faults import Fault
from demat.identifiers import is_departement, is_siren

__all__ = ["check_emetteur"]

# The type Email of the XSD: no accent, no "+", an extension of 2 to 6 letters (§3.2).
_EMAIL = re.compile(
    r"[_a-zA-Z0-9\-]+(\.[_a-zA-Z0-9\-]+)*@[a-zA-Z0-9\-]+(\.[a-zA-Z0-9\-]+)*\.[a-zA-Z]{2,6}"
)
_ARRONDISSEMENT = re.compile(r"[0-9]")


def check_emetteur(emetteur: Emetteur) -> Iterator[Fault]:
    """Check what the envelope says of the authority."""
    if not is_siren(emetteur.siren):
        yield blocking(1, siren=emetteur.siren)
    if not is_departement(emetteur.departement):
        yield blocking(2, departement=emetteur.departement)
    if not _ARRONDISSEMENT.fullmatch(emetteur.arrondissement):
        yield blocking(3, arrondissement=emetteur.arrondissement)
    if emetteur.nature not in NATURES_COLLECTIVITE:
        yield blocking(4, nature=emetteur.nature)
    yield from _check_addresses(emetteur)


def _check_addresses(emetteur: Emetteur) -> Iterator[Fault]:
    if not emetteur.adresses_retour:
        yield blocking("005_NONE")
    for adresse in emetteur.adresses_retour:
        if not _EMAIL.fullmatch(adresse):
            yield blocking(5, adresse=adresse)
    if emetteur.referent_email and not _EMAIL.fullmatch(emetteur.referent_email):
        yield blocking(6, adresse=emetteur.referent_email)
