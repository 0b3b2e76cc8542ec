"""Who may sign what: the signataires of an authority, and what their delegation allows.

The ordonnateur signs everything; whoever has a delegation signs within its dates, its flux, its
budgets and its ceiling (CGCT L2122-18 and L2122-19). Nothing is read nor opened here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from demat.amounts import euros
from demat.engine.parts import ToSign
from demat.faults import Fault, Faults
from demat.helios.model import Domaine
from demat.signing.certificate import Certificate
from demat.signing.keys import Signer
from demat.signing.policy import SignatureOptions

__all__ = [
    "WHAT",
    "Delegation",
    "Person",
    "Signataire",
    "may_not_sign",
    "seal_for",
    "unsigned_flux",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who is there to open a key."""

    ask: Callable[[str], str]
    """Shows a question and returns the secret that was typed, which is never shown."""
    last_try: bool = False
    """Whether that person accepts that one more wrong PIN may lock the token."""


WHAT = {Domaine.DEPENSE: "mandats", Domaine.RECETTE: "titres"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegation:
    """What an arrêté de délégation allows."""

    reference: str
    """The arrêté, as it is cited."""
    debut: date | None = None
    """First day; ``None``: begun."""
    fin: date | None = None
    """Last day; ``None``: until further notice."""
    domaines: frozenset[Domaine] = frozenset(Domaine)
    """Titres, mandats, or both."""
    plafond: Decimal | None = None
    """Euros of one bordereau at most, TVA included; ``None``: no ceiling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signataire:
    """Somebody, or a seal, who signs bordereaux of an authority."""

    nom: str
    """Prénom et nom, as declared."""
    options: SignatureOptions
    """What is stated beside the signature: quality, place, policy."""
    open: Callable[[Person | None], AbstractContextManager[Signer]]
    """Opens the key for as long as it is needed, for a person, or for nobody (``None``).

    :raises FaultError: ``SIG-…``, ``CFG-…`` why it cannot be opened.
    """
    public: Callable[[], Certificate | None]
    """Returns the certificate when it can be read without the secret; ``None`` when not."""
    typed: bool = False
    """Whether somebody types the secret of the key at each session."""
    unattended: bool = False
    """Whether the engine may sign with it alone (a declared seal)."""
    whole: bool = False
    """Whether it signs the whole file, its attachments too, rather than each bordereau (§7.3)."""
    budgets: frozenset[str] = frozenset()
    """Budgets that it signs for, by ``demat.helios.plan.plan_key``; empty: all."""
    delegation: Delegation | None = None
    """Limits of what it signs; ``None``: none."""
    fingerprint: str = ""
    """SHA-256 of the only certificate that is accepted, in hexadecimal; empty: any."""

    @property
    def qualite(self) -> str:
        """The quality in which it signs: « Maire »…"""
        return self.options.role


def may_not_sign(signataire: Signataire, bordereaux: Iterable[ToSign], day: date) -> Faults:
    """Return why a signataire may not sign bordereaux together; nothing when it may.

    :param day: legal day of the signature, of Paris.
    :returns: ``INT-SIGNER_…``, each reason once for each bordereau that it is about.
    """
    given = tuple(bordereaux)
    faults = [*_budgets(signataire, given)]
    if signataire.delegation is not None:
        faults += _delegated(signataire, signataire.delegation, given, day)
    return Faults(faults)


def _budgets(signataire: Signataire, given: Sequence[ToSign]) -> Iterator[Fault]:
    if not signataire.budgets:
        return
    for budget, libelle in dict.fromkeys((one.budget, one.libelle) for one in given):
        if budget not in signataire.budgets:
            params = {"nom": signataire.nom, "budget": budget, "libelle": libelle}
            yield Fault(code="INT-SIGNER_BUDGET", params=params)


def _delegated(
    signataire: Signataire, delegation: Delegation, given: Sequence[ToSign], day: date
) -> Iterator[Fault]:
    told = {"nom": signataire.nom, "reference": delegation.reference}
    if delegation.debut and day < delegation.debut:
        begins = {**told, "date": f"{delegation.debut:%d/%m/%Y}"}
        yield Fault(code="INT-SIGNER_NOT_BEGUN", params=begins)
    if delegation.fin and day > delegation.fin:
        yield Fault(code="INT-SIGNER_ENDED", params={**told, "date": f"{delegation.fin:%d/%m/%Y}"})
    for domaine in dict.fromkeys(one.domaine for one in given):
        if domaine not in delegation.domaines:
            yield Fault(code="INT-SIGNER_FLUX", params={**told, "what": WHAT[domaine]})
    if delegation.plafond is not None:
        yield from _ceiling(delegation.plafond, told, given)


def _ceiling(plafond: Decimal, told: dict[str, str], given: Sequence[ToSign]) -> Iterator[Fault]:
    for one in given:
        params = {**told, "bordereau": str(one.numero), "plafond": euros(plafond)}
        if one.total is None:
            yield Fault(code="INT-SIGNER_AMOUNT", params=params)
        elif one.total > plafond:
            yield Fault(code="INT-SIGNER_CEILING", params={**params, "total": euros(one.total)})


def unsigned_flux(signataires: Sequence[Signataire], budget: str, day: date) -> tuple[Domaine, ...]:
    """Return what nobody may sign for a budget today, whatever the amount.

    :param budget: ``demat.helios.plan.plan_key``.
    """
    able = [
        one
        for one in signataires
        if (not one.budgets or budget in one.budgets) and not may_not_sign(one, (), day)
    ]
    covered = {
        domaine
        for one in able
        for domaine in (one.delegation.domaines if one.delegation else Domaine)
    }
    return tuple(domaine for domaine in Domaine if domaine not in covered)


def seal_for(
    signataires: Iterable[Signataire], bordereaux: Sequence[ToSign], day: date
) -> Signataire | None:
    """Return the first declared seal that may sign all of these alone; ``None``: a person must."""
    return next(
        (one for one in signataires if one.unattended and not may_not_sign(one, bordereaux, day)),
        None,
    )
