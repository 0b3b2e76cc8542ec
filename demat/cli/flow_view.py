"""How one transmission or one deposit is shown: to a person, and to a program."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import print_faults, print_json, say
from demat.cli.words import subject

if TYPE_CHECKING:
    from demat.engine.acte_life import Life
    from demat.engine.office import Office
    from demat.engine.suivi import ElementLine
    from demat.faults import Faults
    from demat.intake.api import Proposal
    from demat.queue.views import DepositView, JournalView, ReceiptView, TransmissionView

__all__ = ["deposit_json", "faults_json", "flow_json", "show_flow"]


def show_flow(flow: "TransmissionView", office: "Office", *, as_json: bool) -> None:
    receipts = office.store.receipts(flow.id)
    journal = office.store.journal(transmission_id=flow.id)
    if as_json:
        entry = flow_json(flow)
        entry["faults"] = [_fault_json(fault) for fault in _told(flow, office)]
        entry["life"] = _life_json(flow, office)
        entry["signed_by"] = _signature_json(flow, office)
        entry["elements"] = [_element_json(one) for one in _elements(flow, office)]
        entry["receipts"] = [_receipt_json(item) for item in receipts]
        entry["journal"] = [
            {"at": item.at.isoformat(), "action": item.action, "after": item.after}
            for item in journal
        ]
        print_json(entry)
    else:
        _print_flow(flow, office, receipts, journal)


def _signature(flow: "TransmissionView", office: "Office") -> "JournalView | None":
    """Return who signed the bordereaux of a PES with demat; nothing for any other transmission."""
    from demat.engine.sign_session import signature_of

    return signature_of(flow.deposit_id, office) if flow.flux == "HELIOS" else None


def _signature_json(flow: "TransmissionView", office: "Office") -> dict[str, str] | None:
    found = _signature(flow, office)
    return None if found is None else {"at": found.at.isoformat(), **found.detail}


def _life(flow: "TransmissionView", office: "Office") -> "Life | None":
    """Return where an act stands in law; nothing for any other transmission."""
    from demat.engine.acte_answers import ACTE, message_of
    from demat.engine.acte_life import life_of

    is_acte = flow.flux == "ACTES" and message_of(flow) == ACTE
    return life_of(flow, office) if is_acte else None


def _life_json(flow: "TransmissionView", office: "Office") -> dict[str, Any] | None:
    life = _life(flow, office)
    if life is None:
        return None
    return {
        "received_on": _iso(life.received_on),
        "public_since": _iso(life.publicite.date if life.publicite else None),
        "public_by": life.publicite.mode.value if life.publicite else None,
        "executoire_since": _iso(life.delais.executoire_depuis),
        "defere_until": _iso(life.delais.defere_jusqu_au),
        "recours_until": _iso(life.delais.recours_jusqu_au),
        "budget_control_until": _iso(life.delais.controle_budgetaire_jusqu_au),
        "courriers": [one.courrier.id for one in life.exchanges],
    }


def _instant(instant: "datetime | None") -> str | None:
    return instant.isoformat() if instant else None


def _iso(day: "date | None") -> str | None:
    return day.isoformat() if day else None


def _life_rows(life: "Life") -> "Iterator[tuple[str, str]]":
    """Yield what an agent reads of the legal life of an act; every end is indicative."""
    from demat.cli.display import day_fr
    from demat.engine.courriers import title_of

    dates = life.delais
    if life.publicite is not None:
        yield "Public", f"depuis le {day_fr(life.publicite.date)}"
    if dates.executoire_depuis is not None:
        yield "Exécutoire", f"depuis le {day_fr(dates.executoire_depuis)}"
    elif life.received_on is not None:
        yield "Exécutoire", "pas encore : notez sa publicité (demat publicite)"
    for name, day in (
        ("Déféré", dates.defere_jusqu_au),
        ("Recours", dates.recours_jusqu_au),
        ("Budget", dates.controle_budgetaire_jusqu_au),
    ):
        if day is not None:
            yield name, f"possible jusqu'au {day_fr(day)} (indicatif)"
    for one in life.exchanges:
        yield "Courrier", f"n° {one.courrier.id}, {title_of(one.courrier)}"


def _elements(flow: "TransmissionView", office: "Office") -> "tuple[ElementLine, ...]":
    """Return the elements of a PES; an acte has none."""
    from demat.engine.suivi import flow_elements

    return flow_elements(flow, office) if flow.flux == "HELIOS" else ()


def _element_json(one: "ElementLine") -> dict[str, Any]:
    piece = one.piece
    return {
        "kind": one.element.kind,
        "key": one.element.key,
        "name": _element_name(one),
        "verdict": one.element.verdict.value,
        "etat": piece.etat.value if piece else None,
        "taken_on": piece.taken_on.isoformat() if piece and piece.taken_on else None,
        "rejected_on": piece.rejected_on.isoformat() if piece and piece.rejected_on else None,
        "amount": _euros(piece.amount_cents) if piece else None,
        "paid": _euros(piece.paid_cents) if piece else None,
        "faults": [_fault_json(fault) for fault in one.faults],
    }


def _euros(value: int) -> str:
    from demat.amounts import from_cents

    return f"{from_cents(value):.2f}"


def _element_name(one: "ElementLine") -> str:
    from demat.engine.retour_sheets import element_name

    return element_name(one.element)


_SHOWN = 40
"""Pièces of a bordereau, without anything to say, that a terminal lists."""


def _print_elements(elements: "Sequence[ElementLine]") -> None:
    """Print every element that has something to say, and count the pièces that have not."""
    from itertools import groupby

    from demat.cli.words import plural

    say("  Contenu     :")
    folds = sum(map(_is_quiet, elements)) > _SHOWN
    for folded, group in groupby(elements, lambda one: folds and _is_quiet(one)):
        lines = list(group)
        if folded:
            say(f"      {plural(len(lines), 'pièce')} sans remarque")
        else:
            for one in lines:
                _print_element(one)


def _is_quiet(one: "ElementLine") -> bool:
    return one.element.kind == "idpce" and not one.faults and one.piece is None


def _print_element(one: "ElementLine") -> None:
    from demat.cli.display import day_fr, paragraph
    from demat.cli.words import VERDICT_ACK_FR
    from demat.helios.libelles import ETATS_PIECE

    indent = "      " if one.element.kind == "idpce" else "    "
    words = VERDICT_ACK_FR[one.element.verdict]
    if (piece := one.piece) is not None:
        words = ETATS_PIECE[piece.etat]
        day = piece.rejected_on or piece.taken_on
        words += f" le {day_fr(day)}" if day else ""
        if piece.paid_cents:
            paid, amount = (
                _euros(v).replace(".", ",") for v in (piece.paid_cents, piece.amount_cents)
            )
            words += f", {paid} € réglés sur {amount} €"
    name = _element_name(one)
    say(paragraph(f"{name[:1].upper()}{name[1:]} : {words}", indent=indent, then=f"{indent}  "))
    print_faults(one.faults, indent=f"{indent}  ")


def _receipt_json(item: "ReceiptView") -> dict[str, Any]:
    return {
        "kind": item.kind,
        "name": item.name,
        "date": item.message_date.isoformat() if item.message_date else None,
        "received_at": item.received_at.isoformat(),
        "sha256": item.sha256,
        "etat": item.etat,
        "faults": [_fault_json(fault) for fault in item.faults],
    }


def _print_flow(
    flow: "TransmissionView",
    office: "Office",
    receipts: Sequence["ReceiptView"],
    journal: Sequence["JournalView"],
) -> None:
    from demat.cli.display import day_fr, moment_fr, paragraph
    from demat.cli.words import DELIVERY_FR, ETAT_FR, FLUX_FR, RECEIPT_FR, event_fr
    from demat.clock import paris_date

    def line(name: str, text: str) -> None:
        say(paragraph(text, indent=f"  {name:11} : ", then=" " * 16))

    say(f"Envoi n° {flow.id} ({FLUX_FR.get(flow.flux, flow.flux)})")
    line("Identifiant", flow.key)
    line("Objet", subject(flow))
    line("Fichier", flow.file_name)
    line("Dépôt", f"D{flow.deposit_id}")
    line("Envoi", DELIVERY_FR[flow.delivery])
    line("État", ETAT_FR.get(flow.etat, flow.etat))
    if flow.supersedes:
        line("Remplace", f"l'envoi n° {flow.supersedes}")
    if flow.superseded_by:
        line("Remplacé", f"par l'envoi n° {flow.superseded_by}")
    for item in receipts:
        day = item.message_date or paris_date(item.received_at)
        line("Réponse", f"{RECEIPT_FR.get(item.kind, item.kind)}, {day_fr(day)} ({item.name})")
    if (signed := _signature(flow, office)) is not None:
        who = f"{signed.detail['signataire']}, {signed.detail['qualite']}"
        line("Signé par", f"{who}, le {moment_fr(signed.at)}")
    life = _life(flow, office)
    for name, text in _life_rows(life) if life is not None else ():
        line(name, text)
    print_faults(_told(flow, office), indent="  ")
    if _refused(flow) and flow.superseded_by is None:
        line("À faire", f"corriger, puis : demat resubmit {flow.id} --with FICHIER")
    if elements := _elements(flow, office):
        _print_elements(elements)
    say("  Historique  :")
    for event in journal:
        say(f"    {moment_fr(event.at)}  {event_fr(event)}")


def _told(flow: "TransmissionView", office: "Office") -> "Faults":
    """Return what was found about a flow, and what a person is asked about it."""
    from demat.engine.collect import to_confirm
    from demat.engine.reconcile import to_settle

    return flow.faults + to_settle(flow, office) + to_confirm(flow, office)


def _refused(flow: "TransmissionView") -> bool:
    return flow.etat_negative or flow.delivery.value in ("refused", "abandoned")


def flow_json(item: "TransmissionView") -> dict[str, Any]:
    return {
        "id": item.id,
        "deposit": item.deposit_id,
        "collectivite": item.collectivite,
        "flux": item.flux,
        "key": item.key,
        "objet": subject(item),
        "file_name": item.file_name,
        "sha256": item.sha256,
        "size": item.size,
        "delivery": item.delivery.value,
        "etat": item.etat,
        "refused": item.etat_negative or item.delivery.value == "refused",
        "reference": item.reference,
        "unknown_since": _instant(item.unknown_since),
        "remote_code": item.remote_code,
        "attempts": item.attempts,
        "supersedes": item.supersedes,
        "superseded_by": item.superseded_by,
    }


def deposit_json(item: "DepositView") -> dict[str, Any]:
    from demat.engine.propositions import proposals_of

    entry = {
        "id": item.id,
        "name": item.name,
        "collectivite": item.collectivite,
        "kind": item.kind,
        "state": item.state.value,
        "replaces": item.replaces,
        "faults": [_fault_json(fault) for fault in item.faults],
    }
    if proposals := proposals_of(item):
        entry["proposals"] = [_proposal_json(one) for one in proposals]
    return entry


def _proposal_json(one: "Proposal") -> dict[str, Any]:
    return {
        "where": one.where,
        "cells": dict(one.cells),
        "confidences": {column: found.value for column, found in one.confidences.items()},
        "reasons": dict(one.reasons),
        "notes": dict(one.notes),
    }


def _fault_json(fault: Any) -> Any:
    from demat.labels_fr.catalogue import render_json

    return render_json(fault)


def faults_json(faults: "Faults") -> list[Any]:
    return [_fault_json(fault) for fault in faults]
