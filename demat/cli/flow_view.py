"""How one transmission or one deposit is shown: to a person, and to a program."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import print_faults, print_json, say
from demat.cli.words import subject

if TYPE_CHECKING:
    from demat.engine.office import Office
    from demat.faults import Faults
    from demat.queue.views import DepositView, JournalView, ReceiptView, TransmissionView

__all__ = ["deposit_json", "faults_json", "flow_json", "show_flow"]


def show_flow(flow: "TransmissionView", office: "Office", *, as_json: bool) -> None:
    receipts = office.store.receipts(flow.id)
    journal = office.store.journal(transmission_id=flow.id)
    if as_json:
        entry = flow_json(flow)
        entry["faults"] = [_fault_json(fault) for fault in flow.faults]
        entry["receipts"] = [_receipt_json(item) for item in receipts]
        entry["journal"] = [
            {"at": item.at.isoformat(), "action": item.action, "after": item.after}
            for item in journal
        ]
        print_json(entry)
    else:
        _print_flow(flow, receipts, journal)


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
    flow: "TransmissionView", receipts: Sequence["ReceiptView"], journal: Sequence["JournalView"]
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
    print_faults(flow.faults, indent="  ")
    if _refused(flow) and flow.superseded_by is None:
        line("À faire", f"corriger, puis : demat resubmit {flow.id} --with FICHIER")
    say("  Historique  :")
    for event in journal:
        say(f"    {moment_fr(event.at)}  {event_fr(event)}")


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
        "remote_code": item.remote_code,
        "attempts": item.attempts,
        "supersedes": item.supersedes,
        "superseded_by": item.superseded_by,
    }


def deposit_json(item: "DepositView") -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "collectivite": item.collectivite,
        "kind": item.kind,
        "state": item.state.value,
        "replaces": item.replaces,
        "faults": [_fault_json(fault) for fault in item.faults],
    }


def _fault_json(fault: Any) -> Any:
    from demat.labels_fr.catalogue import render_json

    return render_json(fault)


def faults_json(faults: "Faults") -> list[Any]:
    return [_fault_json(fault) for fault in faults]
