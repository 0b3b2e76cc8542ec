"""Which numbers of a refused file may be used again (helios dossier §8.1)."""

from collections.abc import Iterator

from demat.helios.acquit import Acquit, ErreurAcquit
from demat.helios.lifecycle import elements_of, is_refused, refuses_whole_file
from demat.helios.read import BordereauFacts, PesFacts
from demat.helios.rules import bordereau_keys

__all__ = ["released_keys"]


def released_keys(acquit: Acquit, facts: PesFacts) -> tuple[tuple[str, str], ...]:
    """Return the keys, as (kind, key), of what Hélios refused.

    Silence frees nothing: a bordereau that the acquit does not mention may be there. What is
    refused as a double is already there: its key stays used, so that it is never sent again
    blindly. An attachment that the acquit does not mention stays used, unless every bordereau was
    refused. The NomFic is never free again.
    """
    whole = refuses_whole_file(acquit)
    refused = [one for one in facts.bordereaux if whole or is_refused(acquit, one)]
    keys = [key for bordereau in refused for key in _of_bordereau(acquit, bordereau, facts)]
    keys += _of_attachments(
        acquit, facts, whole=whole, nothing_taken=len(refused) == len(facts.bordereaux)
    )
    return tuple(dict.fromkeys(keys))


def _of_bordereau(
    acquit: Acquit, bordereau: BordereauFacts, facts: PesFacts
) -> Iterator[tuple[str, str]]:
    errors = [error for element in elements_of(acquit, bordereau) for error in element.erreurs]
    if any(error.code == "ERREUR_DOUBLON_BORDEREAU" for error in errors):
        return
    doubles = {error.piece for error in errors if error.code == "ERREUR_DOUBLON_PIECE"}
    idbord, pieces = bordereau_keys(facts, bordereau)
    yield "idbord", idbord
    for piece, key in zip(bordereau.pieces, pieces, strict=True):
        if piece not in doubles:
            yield "idpce", key


def _of_attachments(
    acquit: Acquit, facts: PesFacts, *, whole: bool, nothing_taken: bool
) -> Iterator[tuple[str, str]]:
    for attachment in facts.pieces_jointes:
        elements = [item for item in acquit.elements if item.id_unique == attachment.id_unique]
        errors = [error for element in elements for error in element.erreurs]
        if any(map(_is_double, errors)):
            continue
        refused = any(not element.accepted for element in elements)
        if whole or refused or (not elements and nothing_taken):
            yield "idunique", attachment.id_unique


def _is_double(error: ErreurAcquit) -> bool:
    """The label ``1984`` says the same under a general code (§8.1)."""
    return error.code == "ERREUR_DOUBLON_PJ" or error.libelle.startswith("1984")
