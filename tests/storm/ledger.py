"""The account: what the other side holds compared with what we say, flow by flow."""

from collections import Counter, defaultdict
from typing import Any

from demat.connectors.api import Flux
from demat.engine.office import Office
from demat.faults import Faults
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import TransmissionView
from tests.storm.load import Expected
from tests.storm.weather import Place


def compare(place: Place, office: Office) -> list[str]:
    """Return everything that is not as it must be."""
    theirs = place.sandbox.ledger()
    ours: dict[tuple[str, str], list[TransmissionView]] = defaultdict(list)
    for flow in office.store.transmissions():
        ours[flow.collectivite, flow.key].append(flow)
    held: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in theirs["actes"]:
        held[line["siren"], line["id_acte"]].append(line)
    for line in theirs["pes"]:
        held[line["siren"], line["nom_fic"]].append(line)
    wrong = [f"held by them, handed in by nobody: {key}" for key in held.keys() - place.load.flows]
    wrong += [f"ours, handed in by nobody: {key}" for key in ours.keys() - place.load.flows]
    for key, expected in place.load.flows.items():
        wrong += _flow(expected, ours[key], held[key], office)
    wrong += _deposits(place, office)
    wrong += _retours(theirs, office)
    if office.store.verify_journal() != Faults():
        wrong.append("the journal does not hold")
    if office.store.verify_documents() != Faults():
        wrong.append("documents are missing or damaged")
    log = (place.root / "moteurs.log").read_text("utf-8", "replace")
    if "Traceback" in log:
        wrong.append(f"an engine broke down:\n{log[log.index('Traceback') :][:4000]}")
    wrong += [f"still running: {one.pid}" for one in place.engines if one.is_alive()]
    return wrong


def _flow(
    expected: Expected, ours: list[TransmissionView], held: list[dict[str, Any]], office: Office
) -> list[str]:
    name = f"{expected.siren} {expected.key}"
    if len(ours) != 1 or len(held) != 1:
        return [f"{name}: {len(ours)} ours, {len(held)} theirs"]
    (flow,), (line,) = ours, held
    wrong = []
    if flow.delivery is not DeliveryState.DEPOSITED:
        wrong.append(f"{name}: {flow.delivery}, {', '.join(flow.faults.codes)}")
    elif flow.reference != str(line["id"]):
        wrong.append(f"{name}: said to be {flow.reference}, is {line['id']}")
    if flow.etat != expected.etat:
        wrong.append(f"{name}: {flow.etat} instead of {expected.etat}")
    if flow.flux == Flux.ACTES:
        same = expected.pdf in [file["sha256"] for file in line["files"]]
    else:
        same = line["sha256"] == flow.sha256  # what was frozen
    if not same:
        wrong.append(f"{name}: other bytes landed")
    receipts = office.store.receipts(flow.id)
    if not receipts or len({one.sha256 for one in receipts}) != len(receipts):
        wrong.append(f"{name}: {len(receipts)} answers kept")
    return wrong


def _deposits(place: Place, office: Office) -> list[str]:
    kept = Counter(
        (one.collectivite, one.name, one.state is DepositState.PACKED)
        for one in office.store.deposits()
    )
    handed = Counter((one.town.siren, one.name, bool(one.flows)) for one in place.load.deposits)
    return [f"deposit {key}: {kept[key]} kept" for key in kept | handed if kept[key] != handed[key]]


def _retours(theirs: dict[str, Any], office: Office) -> list[str]:
    wrong = []
    for siren in {line["siren"] for line in theirs["retours"]}:
        sent = {line["name"] for line in theirs["retours"] if line["siren"] == siren}
        kept = Counter(one.name for one in office.store.retours(siren))
        wrong += [f"retour {name}: kept {kept[name]} times" for name in sent if kept[name] != 1]
    wrong += [f"retour {line['name']} left unread" for line in theirs["retours"] if line["unread"]]
    letters = Counter(line["siren"] for line in theirs["exchanges"] if line["type"] == "2")
    for siren, count in letters.items():
        kept_letters = [one.reference for one in office.store.courriers(siren)]
        if len(kept_letters) != len(set(kept_letters)) or len(kept_letters) != count:
            wrong.append(f"letters of {siren}: {count} sent, {len(kept_letters)} kept")
    return wrong


def account(place: Place, office: Office) -> dict[str, Any]:
    """Return the figures: what was done to the processes, and what came of the flows."""
    flows = office.store.transmissions()
    journal = Counter(entry.action for entry in office.store.journal())
    return {
        "flows": len(flows),
        "deposits": len(place.load.deposits),
        "done": dict(sorted(place.done.items())),
        "faults of the line": dict(sorted(place.struck.items())),
        "legal states": dict(Counter(f"{flow.flux} {flow.etat}" for flow in flows)),
        "deliveries": dict(Counter(flow.delivery.value for flow in flows)),
        "attempts": dict(sorted(Counter(flow.attempts for flow in flows).items())),
        "journal": {
            action: journal[action]
            for action in (
                *("claimed", "deposited", "postponed", "suspended", "lease_expired", "landed"),
                *("offered_again", "resolved_landed", "resolved_not_landed", "refused", "paused"),
                *("line_shut", "receipt"),
            )
        },
        "entries of the journal": sum(journal.values()),
    }
