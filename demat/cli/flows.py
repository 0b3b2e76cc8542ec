"""Commands on deposits and transmissions: deposit, flows, show, sign, resubmit."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.files import show_file

if TYPE_CHECKING:
    from rich.table import Table

    from demat.engine.office import Authority, Office
    from demat.queue.views import DepositView, TransmissionView

__all__ = ["classification", "deposit", "flows_table", "list_flows", "resubmit", "show", "sign"]

_DEPOSIT_STATES = ("returned", "awaiting_signature")

DELIVERY_FR = {
    "todo": "à envoyer",
    "doing": "en cours d'envoi",
    "deposited": "remis au TdT",
    "suspended": "issue inconnue, à vérifier",
    "refused": "refusé par le TdT",
    "abandoned": "abandonné",
}
ETAT_FR = {
    "prepare": "remis, sans réponse",
    "genere": "remis, sans réponse",
    "transmis": "transmis",
    "acquitte": "acquitté",
    "acquitte_partiel": "accepté en partie",
    "en_anomalie": "rejeté par la préfecture",
    "refuse": "refusé par le comptable",
    "annulation_demandee": "annulation demandée",
    "annule": "annulé",
}
DEPOSIT_FR = {
    "received": "reçu",
    "drafted": "lu",
    "checked": "contrôlé",
    "awaiting_signature": "attend une signature",
    "signed": "signé",
    "packed": "transmis à la file d'envoi",
    "returned": "à corriger",
}


def deposit(config: Path, paths: Sequence[Path], siren: str, *, as_json: bool) -> int:
    """Hand in files that belong together, and prepare them at once."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.process import process
    from demat.engine.receive import receive_one
    from demat.intake.claim import claim_copies

    with open_office(load_config(config)) as office:
        authority = choose(office, siren)
        authority.folders.make()
        claimed = claim_copies(paths, authority.folders)
        received = receive_one(claimed, authority, office)
        done = process(received, authority, office)
        return _tell_deposit(done, office, as_json=as_json)


def choose(office: "Office", siren: str) -> "Authority":
    """Return the authority that a command is about.

    :raises FaultError: ``CFG-COLLECTIVITE``.
    """
    from demat.faults import Fault, FaultError

    if not siren and len(office.authorities) == 1:
        return office.authorities[0]
    for authority in office.authorities:
        if authority.siren == siren:
            return authority
    known = ", ".join(f"{a.siren} ({a.nom})" for a in office.authorities)
    raise FaultError(Fault(code="CFG-COLLECTIVITE", params={"value": siren, "known": known}))


def _tell_deposit(done: "DepositView", office: "Office", *, as_json: bool) -> int:
    made = [t for t in office.store.transmissions() if t.deposit_id == done.id]
    if as_json:
        entry = _deposit_json(done)
        entry["transmissions"] = [_flow_json(item) for item in made]
        print_json(entry)
    else:
        say(f"Dépôt D{done.id} « {done.name} » : {DEPOSIT_FR[done.state]}")
        for item in made:
            say(f"  envoi n° {item.id} : {item.key}")
        print_faults(done.faults)
    return Exit.FAULTS if done.state == "returned" else Exit.DONE


def list_flows(config: Path, state: str, siren: str, *, as_json: bool) -> int:
    """List transmissions, or the deposits that a person must look at."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.faults import Fault, FaultError
    from demat.queue.states import DepositState, Selection

    known = (*(item.value for item in Selection), *_DEPOSIT_STATES)
    if state not in known:
        params = {"value": state, "known": ", ".join(known)}
        raise FaultError(Fault(code="INT-STATE", params=params))
    with open_office(load_config(config)) as office:
        who = siren or None
        if state in _DEPOSIT_STATES:
            found = office.store.deposits(collectivite=who, states=[DepositState(state)])
            return _present_deposits(found, as_json=as_json)
        flows = office.store.transmissions(collectivite=who, selection=Selection(state))
        return _present_flows(flows, as_json=as_json)


def _present_deposits(deposits: Sequence["DepositView"], *, as_json: bool) -> int:
    if as_json:
        print_json({"deposits": [_deposit_json(item) for item in deposits]})
        return Exit.DONE
    for item in deposits:
        say(f"D{item.id}  {item.name} : {DEPOSIT_FR[item.state]}")
        print_faults(item.faults)
    if not deposits:
        say("Aucun dépôt dans cet état.")
    return Exit.DONE


def _present_flows(flows: Sequence["TransmissionView"], *, as_json: bool) -> int:
    from rich.console import Console

    if as_json:
        print_json({"flows": [_flow_json(item) for item in flows]})
    elif not flows:
        say("Aucun envoi dans cet état.")
    else:
        Console(highlight=False).print(flows_table(flows))
    return Exit.DONE


def flows_table(flows: Sequence["TransmissionView"]) -> "Table":
    """Return a table of transmissions, one a line, that fits a terminal of 80 columns."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("N°", justify="right")
    table.add_column("Identifiant", no_wrap=True)
    table.add_column("Objet", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("État")
    for item in flows:
        subject = str(item.facts.get("objet", item.facts.get("libelle", "")))
        table.add_row(str(item.id), item.key, subject, state_fr(item))
    return table


def state_fr(flow: "TransmissionView") -> str:
    """Say in a few words where a transmission is."""
    words = DELIVERY_FR[flow.delivery]
    if flow.delivery == "deposited":
        words = ETAT_FR.get(flow.etat, flow.etat)
    return f"{words} (remplace {flow.supersedes})" if flow.supersedes else words


def show(config: Path, target: str, *, as_json: bool) -> int:
    """Show a transmission, a deposit (``D12``), or a file."""
    path = Path(target)
    if path.exists() or not _is_number(target):
        return show_file(path, as_json=as_json)
    from demat.compose import open_office
    from demat.config import load_config

    with open_office(load_config(config)) as office:
        if target.upper().startswith("D"):
            return _tell_deposit(office.store.deposit(int(target[1:])), office, as_json=as_json)
        return _show_flow(office.store.transmission(int(target)), office, as_json=as_json)


def _is_number(target: str) -> bool:
    digits = target[1:] if target[:1] in ("D", "d") else target
    return digits.isascii() and digits.isdigit()


def _show_flow(flow: "TransmissionView", office: "Office", *, as_json: bool) -> int:
    receipts = office.store.receipts(flow.id)
    journal = office.store.journal(transmission_id=flow.id)
    if as_json:
        entry = _flow_json(flow)
        entry["faults"] = [_fault_json(fault) for fault in flow.faults]
        entry["receipts"] = [
            {
                "kind": item.kind,
                "name": item.name,
                "date": item.message_date.isoformat() if item.message_date else None,
                "received_at": item.received_at.isoformat(),
                "sha256": item.sha256,
                "etat": item.etat,
                "faults": [_fault_json(fault) for fault in item.faults],
            }
            for item in receipts
        ]
        entry["journal"] = [
            {"at": item.at.isoformat(), "action": item.action, "after": item.after}
            for item in journal
        ]
        print_json(entry)
        return Exit.DONE
    say(f"Envoi n° {flow.id} ({flow.flux}) : {flow.key}")
    say(f"  fichier : {flow.file_name}")
    say(f"  envoi   : {DELIVERY_FR[flow.delivery]}")
    say(f"  état    : {ETAT_FR.get(flow.etat, flow.etat)}")
    if flow.supersedes:
        say(f"  remplace l'envoi n° {flow.supersedes}")
    if flow.superseded_by:
        say(f"  remplacé par l'envoi n° {flow.superseded_by}")
    for item in receipts:
        say(f"  réponse : {item.kind} du {item.message_date or item.received_at.date()}")
    print_faults(flow.faults)
    for entry_ in journal:
        say(f"  {entry_.at:%Y-%m-%d %H:%M:%S} {entry_.action} {entry_.after}")
    return Exit.DONE


def classification(
    config: Path, siren: str, install: Path | None, nature: str, matiere: str, *, as_json: bool
) -> int:
    """Show the classification in force, install one, or list the document types of an act."""
    from demat.actes.model import parse_matiere
    from demat.actes.natures import NatureActe
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine import classification as held
    from demat.engine.judge import read_file

    with open_office(load_config(config)) as office:
        authority = choose(office, siren)
        if install is not None:
            held.install(read_file(install), authority, office)
        found = held.held(authority, office)
    types = []
    if nature and matiere:
        wanted = NatureActe.from_abrege(nature.upper())
        types = [(t.code, t.libelle) for t in found.types_for(wanted, parse_matiere(matiere))]
    if as_json:
        print_json(
            {
                "siren": authority.siren,
                "date": found.date.isoformat(),
                "matieres": len(found.matieres),
                "types": [{"code": code, "libelle": libelle} for code, libelle in types],
            }
        )
        return Exit.DONE
    say(f"{authority.nom} : nomenclature du {found.date:%d/%m/%Y}, {len(found.matieres)} matières")
    for code, libelle in types:
        say(f"  {code}  {libelle}")
    return Exit.DONE


def sign(config: Path, siren: str, *, yes: bool, as_json: bool) -> int:
    """List the deposits that await a signature, ask once, sign them all."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.process import sign_waiting
    from demat.queue.states import DepositState

    with open_office(load_config(config)) as office:
        waiting = office.store.deposits(
            collectivite=siren or None, states=[DepositState.AWAITING_SIGNATURE]
        )
        if not as_json:
            for item in waiting:
                say(f"D{item.id}  {item.name} ({item.kind})")
        if waiting and not yes and not _confirmed(len(waiting)):
            say("Rien n'a été signé.")
            return Exit.FAULTS
        done = [sign_waiting(item, office.authority(item.collectivite), office) for item in waiting]
        if as_json:
            print_json({"deposits": [_deposit_json(item) for item in done]})
        elif not waiting:
            say("Aucun bordereau n'attend de signature.")
        else:
            for item in done:
                say(f"D{item.id} : {DEPOSIT_FR[item.state]}")
        return Exit.FAULTS if any(item.state == "returned" for item in done) else Exit.DONE


def _confirmed(count: int) -> bool:
    if not sys.stdin.isatty():
        return False
    answer = input(f"Signer ces {count} dépôt(s) ? Tapez « oui » : ")
    return answer.strip().lower() == "oui"


def resubmit(config: Path, number: int, paths: Sequence[Path], *, as_json: bool) -> int:
    """Send a refused transmission again."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.judge import read_file
    from demat.engine.resubmit import resubmit as again
    from demat.intake.api import InputFile

    with open_office(load_config(config)) as office:
        flow = office.store.transmission(number)
        replacements = [InputFile(name=path.name, content=read_file(path)) for path in paths]
        authority = office.authority(flow.collectivite)
        result = again(flow, replacements=replacements, authority=authority, office=office)
        if as_json:
            entry = _deposit_json(result.deposit)
            entry["transmissions"] = [_flow_json(item) for item in result.transmissions]
            print_json(entry)
        else:
            for item in result.transmissions:
                say(f"Envoi n° {number} remplacé par l'envoi n° {item.id} : {item.key}")
            print_faults(result.deposit.faults)
        return Exit.DONE if result.transmissions else Exit.FAULTS


def _flow_json(item: "TransmissionView") -> dict[str, Any]:
    return {
        "id": item.id,
        "deposit": item.deposit_id,
        "collectivite": item.collectivite,
        "flux": item.flux,
        "key": item.key,
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


def _deposit_json(item: "DepositView") -> dict[str, Any]:
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
