"""Take the PES_Retour: keep them, attach them to a budget, move the pièces (helios dossier §8.3).

List, get, store durably, and only then mark as read (connectors dossier §1.9.4). A retour that fits
no budget of the authority moves nothing; it is kept, and tried again when the budgets have changed.
"""

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from demat.amounts import cents, total
from demat.clock import paris_date
from demat.connectors.api import AuthenticationRefused, ConnectorError, Flux
from demat.engine.collect import take_acquit
from demat.engine.office import Authority, Office
from demat.engine.retour_sheets import lay_news
from demat.faults import Fault, FaultError, Faults, Severity
from demat.helios.acquit import ACQUITS
from demat.helios.model import Budget
from demat.helios.pieces import etat_piece, paid_first_key, piece_key, regularised_keys
from demat.helios.retour import LigneRetour, PieceRetour, Retour, TiersRetour, parse_retour
from demat.helios.rule_base import read_day
from demat.queue.views import NewPiece, NewReglement, NewRetour
from demat.xmlio import root_name

__all__ = ["Taken", "collect_retours", "is_of", "look_for_regularisations", "take_retour"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of one retour."""

    fresh: bool
    """Whether its bytes were not known, or fit a budget only now."""
    faults: Faults
    """Why it moves nothing, or what of it cannot be read."""
    pieces: int
    """How many pièces it tells about."""


def collect_retours(authority: Authority, office: Office) -> int:
    """Fetch what the other side holds unread; return how many retours were new.

    One retour that cannot be had does not stop the others. An authority without budget has no
    accounts to follow: nothing is asked.

    :raises ConnectorError: after all the others, for those that could not be had.
    :raises FaultError: the store is in trouble.
    """
    if not authority.budgets:
        return 0
    _try_unattached_again(authority, office)
    new, failure = 0, None
    try:
        for remote in authority.connector.retours():
            if office.stopping():
                break
            try:
                document = authority.connector.retour(remote.reference)
                name = remote.name or document.name
                new += _take(document.content, name, authority, office)
                authority.connector.mark_read(remote.reference)
            except AuthenticationRefused:
                raise
            except ConnectorError as error:
                failure = error
                logger.warning(
                    "retour not had: %s",
                    error,
                    extra={"action": "retour", "collectivite": authority.siren},
                )
            except _NotTaken as error:  # it stays where it is: nobody has it yet
                logger.warning(
                    "acquit left alone: %s",
                    error,
                    extra={"action": "acquit", "collectivite": authority.siren},
                )
    finally:  # what was taken is shown, whatever happened to the rest
        look_for_regularisations(authority, office)
        lay_news(authority, office)
    if failure is not None:
        raise failure
    return new


class _NotTaken(FaultError):
    """An acquit about nothing that this authority has sent, or that nobody can read."""


def _take(content: bytes, name: str, authority: Authority, office: Office) -> bool:
    """Take what the comptable dropped, a retour or an acquit; return whether a retour is new.

    :raises _NotTaken: an acquit that no flow is waiting for, such as that of another software.
    """
    if not _is_acquit(content):
        return take_retour(content, name, authority, office).fresh
    try:
        take_acquit(content, name, authority, office)
    except FaultError as error:
        raise _NotTaken(error.faults) from error
    return False


def _is_acquit(content: bytes) -> bool:
    try:
        return root_name(io.BytesIO(content)) in ACQUITS
    except FaultError:
        return False


def _try_unattached_again(authority: Authority, office: Office) -> None:
    for kept in office.store.retours(authority.siren, unattached=True):
        take_retour(office.store.documents.get(kept.sha256), kept.name, authority, office)


def take_retour(content: bytes, name: str, authority: Authority, office: Office) -> Taken:
    """Keep one retour and apply it; the same bytes count once.

    It is attached by the codes of its header to one budget of the authority by whose account or
    folder it came, never to another authority.
    """
    digest = office.store.documents.put(content)
    try:
        retour = parse_retour(content)
    except FaultError as error:
        unreadable = Fault(code="PES-RETOUR_UNREADABLE", params={"name": name})
        return _keep(authority, digest, name, Faults([unreadable]) + error.faults, office)
    budget = _budget(retour, authority.budgets)
    if budget is None:
        return _keep(
            authority, digest, name, Faults([_unattached(retour, name, authority)]), office
        )
    readable = [one for one in retour.pieces if one.exercice and one.numero and one.typ_bord]
    faults = Faults(_unreadable_pieces(len(retour.pieces) - len(readable), name))
    new = NewRetour(
        collectivite=authority.siren,
        sha256=digest,
        name=name,
        cod_bud=budget.cod_bud,
        day=_day(retour, office),
        pieces=tuple(_piece(one, budget.cod_bud) for one in readable),
        faults=faults,
    )
    fresh = office.store.record_retour(new)
    logger.info("retour of %d pieces", len(readable), extra={"action": "retour", "sha256": digest})
    return Taken(fresh=fresh, faults=faults, pieces=len(readable))


def is_of(content: bytes, authority: Authority) -> bool:
    """Tell whether a retour is about a budget of an authority.

    :raises FaultError: it cannot be read.
    """
    return _budget(parse_retour(content), authority.budgets) is not None


def _keep(authority: Authority, digest: str, name: str, faults: Faults, office: Office) -> Taken:
    kept = NewRetour(collectivite=authority.siren, sha256=digest, name=name, faults=faults)
    return Taken(fresh=office.store.record_retour(kept), faults=faults, pieces=0)


def _budget(retour: Retour, budgets: Sequence[Budget]) -> Budget | None:
    """Return the only budget whose codes are those of the header.

    CodColl and CodBud must be there, with IdPost or IdColl, of which the SIREN counts (§8.2);
    nothing that is there may differ.
    """
    if not (retour.cod_col and retour.cod_bud and (retour.id_post or retour.id_coll)):
        return None
    found = [
        budget
        for budget in budgets
        if (retour.cod_col, retour.cod_bud) == (budget.cod_col, budget.cod_bud)
        and retour.id_post in ("", budget.id_post)
        and retour.id_coll[:9] in ("", budget.siret[:9])
    ]
    return found[0] if len(found) == 1 else None


def _unattached(retour: Retour, name: str, authority: Authority) -> Fault:
    params = {
        "name": name,
        "siret": retour.id_coll or "…",
        "poste": retour.id_post or "…",
        "col": retour.cod_col or "…",
        "budget": retour.cod_bud or "…",
        "nom": authority.nom,
    }
    return Fault(code="PES-RETOUR_BUDGET", params=params)


def _unreadable_pieces(count: int, name: str) -> Iterator[Fault]:
    if count:
        params = {"name": name, "count": str(count)}
        yield Fault(code="PES-RETOUR_PIECES", params=params, severity=Severity.WARNING)


def _day(retour: Retour, office: Office) -> date | None:
    """Return DteStr; a date to come would keep every later retour from counting."""
    day = read_day(retour.date)
    return None if day is None else min(day, paris_date(office.clock.now()))


def _piece(piece: PieceRetour, cod_bud: str) -> NewPiece:
    key = piece_key(cod_bud, piece)
    return NewPiece(
        key=key,
        bordereau=piece.bordereau,
        objet=piece.objet,
        etat=etat_piece(piece),
        taken_on=read_day(piece.date_prise_en_charge),
        rejected_on=read_day(piece.date_rejet),
        amount_cents=cents(piece.mt_ttc),
        paid_cents=sum(map(_paid, piece.lignes)),
        regularise=piece.a_regulariser,
        reglements=tuple(_reglements(piece)),
        detail={
            "observations": list(piece.observations),
            "commentaire": piece.commentaire,
            "lignes": [_ligne(one, piece.a_regulariser) for one in piece.lignes],
        },
    )


def _paid(ligne: LigneRetour) -> int:
    """Return what was paid on a line, in cents: the total told, else the sum of the payments."""
    if ligne.mt_regle is not None:
        return cents(ligne.mt_regle)
    return cents(total(one.montant for one in ligne.reglements if one.montant is not None))


def _reglements(piece: PieceRetour) -> Iterator[NewReglement]:
    for ligne in piece.lignes:
        for one in ligne.reglements:
            day = read_day(one.date)
            if day is not None and one.montant is not None:
                yield NewReglement(
                    ligne=ligne.numero, origine=one.origine, day=day, cents=cents(one.montant)
                )


def _ligne(ligne: LigneRetour, with_tiers: bool) -> dict[str, Any]:
    """Return what is kept of a line; the tiers only where a draft will repeat it."""
    kept: dict[str, Any] = {
        "numero": ligne.numero,
        "etat": ligne.etat,
        "observations": list(ligne.observations),
        "commentaire": ligne.commentaire,
        "ht": _text(ligne.mt_ht),
        "tva": _text(ligne.mt_tva),
    }
    if with_tiers:
        kept |= {"compte_tiers": ligne.cpte_tiers, "tiers": _tiers(ligne.tiers)}
    return kept


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _tiers(tiers: TiersRetour | None) -> dict[str, str]:
    if tiers is None:
        return {}
    adr1, adr2, adr3 = tiers.adresse
    return {
        "nom": tiers.nom,
        "prenom": tiers.prenom,
        "categorie": f"{tiers.cat_tiers}+{tiers.nat_jur}",
        "civilite": tiers.civilite,
        "code_tiers": tiers.ref_tiers,
        "adresse1": adr1,
        "adresse2": adr2,
        "adresse3": adr3,
        "cp": tiers.cp,
        "ville": tiers.ville,
    }


def look_for_regularisations(authority: Authority, office: Office) -> None:
    """Find, in what was sent since, the mandats and titres that regularise what was paid first."""
    waiting = office.store.pieces(authority.siren, to_regularise=True)
    if not waiting:
        return
    wanted = {
        paid_first_key(one.domaine, one.cod_bud, one.exercice, one.numero): one for one in waiting
    }
    searched = min(one.looked_up_to for one in waiting)
    flows = office.store.transmissions(collectivite=authority.siren, flux=Flux.HELIOS)
    recent = [flow for flow in flows if flow.id > searched]
    found: dict[int, str] = {}
    for flow in recent:
        with (
            office.store.documents.local(flow.sha256) as path,
            path.open("rb") as source,
        ):
            for key, origin in regularised_keys(source):
                if origin in wanted:
                    found[wanted[origin].id] = key
    if recent:
        office.store.record_regularisations(waiting, found, recent[-1].id)
