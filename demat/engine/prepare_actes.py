"""From acts as drafted to archives ready to leave: numbering, rules, building, XSD."""

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from itertools import count

from demat.actes.archive import unpack
from demat.actes.classification import Classification
from demat.actes.envelope import EnveloppeActes, build_archive
from demat.actes.lifecycle import EtatActe
from demat.actes.model import Acte, format_matiere
from demat.actes.names import IdActe
from demat.actes.rules import ContexteActe, check_acte
from demat.actes.text import transliterate_objet
from demat.clock import date8, paris_date
from demat.connectors.api import Flux
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
        acte, part, found = _prepare(numbered, draft, classification, authority, office)
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
    if latest.etat_negative or latest.delivery in (DeliveryState.REFUSED, DeliveryState.ABANDONED):
        numero = _next_numero(acte.numero, taken, authority, office)
        params = {"old": acte.numero, "new": numero}
        note = Fault(code="INT-RENUMBERED", params=params, severity=Severity.WARNING)
        return replace(acte, numero=numero), latest.id, Faults([note])
    if deposit.replaces is not None:
        note = Fault(
            code="INT-ALREADY_SENT",
            params={"what": f"L'acte {acte.numero}", "key": latest.key},
            severity=Severity.WARNING,
        )
        return None, None, Faults([note])
    return acte, None, Faults()  # rule 12 refuses it


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
    classification: Classification,
    authority: Authority,
    office: Office,
) -> tuple[Acte | None, Part | None, Faults]:
    today = paris_date(office.clock.now())
    contexte = ContexteActe(
        emetteur=authority.emetteur,
        classification=classification,
        today=today,
        numero_used=lambda numero: office.store.used(authority.siren, "numero", numero),
        max_bytes=office.settings.max_actes_bytes,
        signatures=lambda content: signatures_found(content, authority, office),
    )
    faults = check_acte(acte, contexte)
    if faults.blocking:
        return None, None, faults
    objet, _ = transliterate_objet(acte.objet)
    sent = replace(acte, objet=objet, classification_date=classification.date)
    period = date8(today)
    archive = build_archive(
        sent,
        authority.emetteur,
        day=today,
        serial=office.store.next_serial(authority.siren, "enveloppe", period),
        trigramme=office.settings.trigramme,
        application=office.settings.application,
    )
    faults += _validate(archive, office.catalogue)
    return acte, _part(acte, archive, draft, authority), faults


def _validate(archive: EnveloppeActes, catalogue: Catalogue) -> Faults:
    """Validate every XML that we wrote; a fault here is ours (rule 52)."""
    faults = Faults()
    for name, content in unpack(archive.content).items():
        if name.endswith(".xml") and name[2:3] != "_":
            faults += validate(content, catalogue=catalogue).within(name)
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
        used_keys=(UsedKey(kind="numero", key=acte.numero, label=label),),
    )
