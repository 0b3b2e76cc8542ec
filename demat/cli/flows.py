"""Commands on deposits and transmissions: deposit, flows, show, resubmit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.authorities import choose
from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.files import show_file
from demat.cli.flow_view import deposit_json, faults_json, flow_json, show_flow
from demat.cli.views import Targets, kept_file, show_as_page
from demat.cli.words import DEPOSIT_FR, deposit_fr, state_fr

if TYPE_CHECKING:
    from demat.engine.office import Office
    from demat.faults import Fault, FaultError, Faults
    from demat.queue.views import DepositView, TransmissionView

__all__ = [
    "classification",
    "deposit",
    "deposit_number",
    "list_flows",
    "resubmit",
    "show",
    "tell_deposit",
    "transmission",
]

_DEPOSIT_STATES = ("returned", "awaiting_signature")


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
        return tell_deposit(done, office, as_json=as_json)


def tell_deposit(done: "DepositView", office: "Office", *, as_json: bool) -> int:
    """Say where a deposit is and what became of it; return the exit code of what prepared it."""
    from demat.cli.display import paragraph
    from demat.engine.as_one import file_of, progress

    made = office.store.transmissions(collectivite=done.collectivite, deposit_id=done.id)
    if as_json:
        entry = deposit_json(done)
        entry["transmissions"] = [flow_json(item) for item in made]
        print_json(entry)
    else:
        say(f"Dépôt D{done.id} « {done.name} » : {deposit_fr(done)}")
        if standing := progress(made):
            say(paragraph(standing, indent="  "))
        for item in made:
            which = f" ({file_of(item)})" if file_of(item) else ""
            words = f"envoi n° {item.id}{which} : {item.key}, {state_fr(item)}"
            say(paragraph(words, indent="  "))
        print_faults(done.faults, indent="  ")
        if done.replaces:
            say(f"  corrige le dépôt D{done.replaces}")
        if done.replaced_by:
            say(f"  corrigé par le dépôt D{done.replaced_by}")
    return Exit.FAULTS if done.state == "returned" else Exit.DONE


def list_flows(config: Path, state: str, siren: str, *, as_json: bool) -> int:
    """List transmissions, or the deposits that a person must look at."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.waits import why_waiting
    from demat.faults import Fault, FaultError
    from demat.queue.states import DeliveryState, DepositState, Selection

    known = (*(item.value for item in Selection), *_DEPOSIT_STATES)
    if state not in known:
        params = {"value": state, "known": ", ".join(known)}
        raise FaultError(Fault(code="INT-STATE", params=params))
    with open_office(load_config(config)) as office:
        who = choose(office, siren).siren if siren else None
        if state in _DEPOSIT_STATES:
            found = office.store.deposits(collectivite=who, states=[DepositState(state)])
            return _present_deposits(found, as_json=as_json)
        flows = office.store.transmissions(collectivite=who, selection=Selection(state))
        waiting = {flow.collectivite for flow in flows if flow.delivery is DeliveryState.TODO}
        waits = [why_waiting(one, office) for one in office.authorities if one.siren in waiting]
        return _present_flows(flows, _once(waits), as_json=as_json)


def _present_deposits(deposits: Sequence["DepositView"], *, as_json: bool) -> int:
    if as_json:
        print_json({"deposits": [deposit_json(item) for item in deposits]})
        return Exit.DONE
    for item in deposits:
        say(f"D{item.id}  {item.name} : {deposit_fr(item)}")
        print_faults(item.faults, indent="    ")
    if not deposits:
        say("Aucun dépôt dans cet état.")
    return Exit.DONE


def _once(found: Sequence["Faults"]) -> "Faults":
    """Put together what several authorities are told, each thing once."""
    from demat.faults import Faults

    kept: list[Fault] = []
    for fault in (fault for faults in found for fault in faults):
        if fault not in kept:
            kept.append(fault)
    return Faults(kept)


def _present_flows(flows: Sequence["TransmissionView"], waits: "Faults", *, as_json: bool) -> int:
    from demat.cli.display import console, flows_table

    if as_json:
        print_json({"flows": [flow_json(item) for item in flows], "waits": faults_json(waits)})
    elif not flows:
        say("Aucun envoi dans cet état.")
    else:
        console().print(flows_table(flows))
        print_faults(waits)
    return Exit.DONE


def show(config: Path, target: str, targets: Targets, *, as_json: bool) -> int:
    """Show a transmission, a deposit (``D12``), or a file; as a page when one is asked for."""
    path = Path(target)
    is_file = path.exists() or not _is_number(target)
    if targets:
        return _show_as_page(config, target, targets, is_file=is_file, as_json=as_json)
    if is_file:
        return show_file(path, as_json=as_json)
    from demat.compose import open_office
    from demat.config import load_config

    with open_office(load_config(config)) as office:
        if target.upper().startswith("D"):
            tell_deposit(deposit_number(office, target), office, as_json=as_json)
        else:
            show_flow(transmission(office, int(target)), office, as_json=as_json)
    return Exit.DONE  # what was asked was shown, whatever its state


def _show_as_page(
    config: Path, target: str, targets: Targets, *, is_file: bool, as_json: bool
) -> int:
    from demat.signing.trust import TrustStore

    if is_file:
        return show_as_page(Path(target), targets, TrustStore(), as_json=as_json)
    if not target.isdigit() or int(target) > _LARGEST:
        raise _unknown("QUE-UNKNOWN_TRANSMISSION", target)
    with kept_file(config, int(target)) as (kept, name, trust):
        return show_as_page(kept, targets, trust, as_json=as_json, name=name)


def _is_number(target: str) -> bool:
    digits = target[1:] if target[:1] in ("D", "d") else target
    return digits.isascii() and digits.isdigit()


_LARGEST = 2**63 - 1
"""Largest number that a database keeps."""


def transmission(office: "Office", number: int) -> "TransmissionView":
    """Return a transmission by its number.

    :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
    """
    if number > _LARGEST:
        raise _unknown("QUE-UNKNOWN_TRANSMISSION", number)
    return office.store.transmission(number)


def deposit_number(office: "Office", target: str) -> "DepositView":
    """Return a deposit by its number, written ``D12`` or ``12``.

    :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
    """
    digits = target.removeprefix("D").removeprefix("d") if _is_number(target) else target
    if not _is_number(target) or int(digits) > _LARGEST:
        raise _unknown("QUE-UNKNOWN_DEPOSIT", digits)
    return office.store.deposit(int(digits))


def _unknown(code: str, number: int | str) -> "FaultError":
    from demat.faults import Fault, FaultError

    return FaultError(Fault(code=code, params={"numero": str(number)}))


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


def resubmit(config: Path, number: int, paths: Sequence[Path], *, as_json: bool) -> int:
    """Send a refused transmission again."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.judge import read_file
    from demat.engine.resubmit import resubmit as again
    from demat.intake.api import InputFile

    with open_office(load_config(config)) as office:
        flow = transmission(office, number)
        replacements = [InputFile(name=path.name, data=read_file(path)) for path in paths]
        authority = choose(office, flow.collectivite)
        result = again(flow, replacements=replacements, authority=authority, office=office)
        if as_json:
            entry = deposit_json(result.deposit)
            entry["transmissions"] = [flow_json(item) for item in result.transmissions]
            print_json(entry)
        else:
            _tell_resubmitted(number, result.deposit, result.transmissions)
        return Exit.FAULTS if result.deposit.state == "returned" else Exit.DONE


def _tell_resubmitted(
    number: int, deposit: "DepositView", transmissions: Sequence["TransmissionView"]
) -> None:
    for item in transmissions:
        say(f"Envoi n° {item.supersedes or number} remplacé par l'envoi n° {item.id} : {item.key}")
    if not transmissions:
        say(f"Dépôt D{deposit.id} « {deposit.name} » : {DEPOSIT_FR[deposit.state]}")
    print_faults(deposit.faults, indent="  ")
    if transmissions:
        say("Il partira au prochain passage (demat nightly, ou demat serve).")
