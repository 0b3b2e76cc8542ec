"""From acts as drafted to archives ready to leave: numbering, rules, building, XSD."""

import hashlib
import re
from collections.abc import Container, Iterable
from dataclasses import replace
from itertools import count

from demat.actes.classification import Classification
from demat.actes.contexte import blocking, warning
from demat.actes.envelope import EnveloppeActes, build_archive
from demat.actes.lifecycle import EtatActe
from demat.actes.model import Acte, format_matiere
from demat.actes.names import IdActe
from demat.actes.rules import ContexteActe, check_acte
from demat.actes.rules_budget import budget_pieces
from demat.actes.text import transliterate_objet
from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.engine.archives import next_packing, validate_archive
from demat.engine.give_back import kept_back
from demat.engine.office import Authority, Office
from demat.engine.parts import Part
from demat.engine.signed_pdf import signatures_found
from demat.faults import Fault, Faults, Severity
from demat.intake.api import ActeDraft
from demat.queue.states import DeliveryState
from demat.queue.views import DepositView, TransmissionView, UsedKey
from demat.schemas.catalogue import Catalogue
from demat.schemas.validate import validate

__all__ = ["acte_parts"]

MAX_NUMERO = 15
"""Characters of a number (actes dossier §2.4)."""
_SUFFIX = re.compile(r"_R[1-9]\d?$")
"""What an earlier resubmission added."""


def acte_parts(
    drafts: Iterable[ActeDraft],
    deposit: DepositView,
    classification: Classification,
    authority: Authority,
    office: Office,
) -> tuple[tuple[Part, ...], Faults]:
    """Check, number and build every act of a deposit.

    An act that was refused before is sent again under a number that the other side will take; one
    already under way or acknowledged is left out of a corrected deposit (§8.6, §10 rule 12).
    """
    drafts = tuple(drafts)
    parts: list[Part] = []
    faults = _doubled(drafts)
    taken = {draft.acte.numero for draft in drafts}
    for draft in drafts:
        numbered, supersedes, notes = _number(draft.acte, deposit, taken, authority, office)
        faults += notes.within(draft.where)
        if numbered is None:
            continue
        taken.add(numbered.numero)
        contexte = _contexte(classification, supersedes, authority, office)
        acte, part, found = _prepare(numbered, draft, contexte, authority, office)
        faults += found.within(draft.where)
        if part is not None and acte is not None:
            parts.append(replace(part, supersedes=supersedes))
    return tuple(parts), faults


def _doubled(drafts: Iterable[ActeDraft]) -> Faults:
    """Rows of one deposit with the same number."""
    seen: dict[str, str] = {}
    faults = []
    for draft in drafts:
        numero = draft.acte.numero
        if numero in seen:
            params = {"numero": numero, "first": seen[numero]}
            faults.append(Fault(code="INT-NUMBER_TWICE", params=params, source=draft.where))
        seen.setdefault(numero, draft.where)
    return Faults(faults)


def _number(
    acte: Acte,
    deposit: DepositView,
    taken: Container[str],
    authority: Authority,
    office: Office,
) -> tuple[Acte | None, int | None, Faults]:
    """Return the act under the number it may use, and the transmission that it replaces."""
    holder = office.store.holder(authority.siren, "numero", acte.numero)
    if holder is None:
        return acte, None, Faults()
    latest = _latest(holder, office)
    unknown = latest.etat_negative and not authority.connector.keeps_refused_numbers
    if unknown or kept_back(latest):
        return acte, latest.id, Faults()  # the préfecture registered nothing (§8.3)
    if latest.etat_negative or latest.delivery in (DeliveryState.REFUSED, DeliveryState.ABANDONED):
        numero = _next_numero(acte.numero, taken, authority, office)
        params = {"old": acte.numero, "new": numero}
        note = Fault(code="INT-RENUMBERED", params=params, severity=Severity.WARNING)
        return replace(acte, numero=numero), latest.id, Faults([note])
    if _is_corrected(holder, deposit, office):
        note = Fault(
            code="INT-ALREADY_SENT",
            params={"what": f"L'acte {acte.numero}", "key": latest.key},
            severity=Severity.WARNING,
        )
        return None, None, Faults([note])
    return acte, None, Faults()  # rule 12 refuses it


def _is_corrected(holder: TransmissionView, deposit: DepositView, office: Office) -> bool:
    """Tell whether what uses a number came from a deposit that this one corrects.

    Else it is another act: this one must not be left out as if it had been sent.
    """
    older = deposit.replaces
    while older is not None:
        if older == holder.deposit_id:
            return True
        older = office.store.deposit(older).replaces
    return False


def _latest(transmission: TransmissionView, office: Office) -> TransmissionView:
    while transmission.superseded_by is not None:
        transmission = office.store.transmission(transmission.superseded_by)
    return transmission


def _next_numero(numero: str, taken: Container[str], authority: Authority, office: Office) -> str:
    """Return the number with a suffix that was never used: the other side keeps refused numbers.

    :param taken: numbers of the same deposit.
    """
    base = _SUFFIX.sub("", numero)
    for rank in count(1):
        suffix = f"_R{rank}"
        candidate = base[: MAX_NUMERO - len(suffix)].rstrip("_") + suffix
        free = office.store.used(authority.siren, "numero", candidate) is None
        if free and candidate not in taken:
            break
    return candidate


def _prepare(
    acte: Acte,
    draft: ActeDraft,
    contexte: ContexteActe,
    authority: Authority,
    office: Office,
) -> tuple[Acte | None, Part | None, Faults]:
    faults = check_acte(acte, contexte)
    if not faults.blocking:
        faults += _check_budgets(acte, office.catalogue)
    if faults.blocking:
        return None, None, faults
    objet, _ = transliterate_objet(acte.objet)
    sent = replace(acte, objet=objet, classification_date=contexte.classification.date)
    archive = build_archive(sent, authority.emetteur, **next_packing(authority, office))
    faults += validate_archive(archive, office.catalogue)
    return acte, _part(acte, archive, draft, authority), faults


def _contexte(
    classification: Classification, supersedes: int | None, authority: Authority, office: Office
) -> ContexteActe:
    """Gather what the rules need to know of the authority and of its history.

    :param supersedes: refused transmission that the act replaces: it is no other act.
    """
    installed = office.store.classification(authority.siren)
    return ContexteActe(
        emetteur=authority.emetteur,
        classification=classification,
        today=paris_date(office.clock.now()),
        numero_used=lambda numero: _used(numero, supersedes, authority, office),
        max_bytes=office.settings.max_actes_bytes,
        classification_checked=paris_date(installed.checked_at) if installed else None,
        classification_announced=installed.announced if installed else None,
        certificate_expires=authority.line_expires(),
        signatures=lambda content: signatures_found(content, authority, office),
        identical_sent=lambda acte: _identical(acte, supersedes, authority, office),
        precedent_sent=lambda id_acte: (
            office.store.by_key(authority.siren, Flux.ACTES, id_acte) is not None
        ),
    )


def _used(numero: str, supersedes: int | None, authority: Authority, office: Office) -> str | None:
    holder = office.store.holder(authority.siren, "numero", numero)
    if holder is None or holder.id == supersedes:
        return None
    return office.store.used(authority.siren, "numero", numero)


def _identical(
    acte: Acte, supersedes: int | None, authority: Authority, office: Office
) -> str | None:
    """Tell when an act of same date, nature and objet was sent under another number (rule 13)."""
    for numero in office.store.keys_in(authority.siren, "numero", _likeness(acte)):
        if numero != acte.numero and (used := _used(numero, supersedes, authority, office)):
            return used
    return None


def _likeness(acte: Acte) -> str:
    """Return what two identical acts share: date, nature and objet."""
    words = " ".join(acte.objet.casefold().split())
    digest = hashlib.sha256(words.encode()).hexdigest()[:32]
    return f"{acte.date_decision.isoformat()}/{acte.nature.value}/{digest}"


def _check_budgets(acte: Acte, catalogue: Catalogue) -> Faults:
    """Validate the budgets that an act carries (rule 45); no schema of a CFU is known."""
    faults = Faults()
    for piece, entete in budget_pieces(acte):
        if entete.cfu:
            faults += [warning("BUDGET_CFU", source=piece.name, name=piece.name)]
            continue
        found = validate(piece.content, catalogue=catalogue).within(piece.name)
        if found.blocking:
            faults += [blocking("045_SCHEMA", source=piece.name, name=piece.name)]
        faults += found
    return faults


def _part(acte: Acte, archive: EnveloppeActes, draft: ActeDraft, authority: Authority) -> Part:
    id_acte = IdActe.parse(archive.id_acte)
    facts = {
        "numero": acte.numero,
        "date": acte.date_decision.isoformat(),
        "nature": acte.nature.value,
        "matiere": format_matiere(acte.matiere),
        "objet": acte.objet,
        "id_acte": str(id_acte),
        "message": archive.message,
        "classification": acte.classification_date.isoformat(),
        "documents": [piece.name for piece in (acte.document, *acte.annexes)],
        "members": list(archive.members),
        "extra": dict(draft.extra),
        "where": draft.where,
    }
    label = f"« {acte.objet} »"
    return Part(
        flux=Flux.ACTES,
        file_name=archive.name,
        content=archive.content,
        key=archive.id_acte,
        etat=EtatActe.PREPARE,
        facts=facts,
        used_keys=(UsedKey(kind="numero", key=acte.numero, label=label, scope=_likeness(acte)),),
    )
