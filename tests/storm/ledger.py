"""The account: what the other side holds compared with what we say, flow by flow."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from demat.actes.lifecycle import EtatActe
from demat.connectors.api import Flux
from demat.engine.office import Office
from demat.faults import Faults
from demat.helios.lifecycle import EtatPes
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import TransmissionView
from tests.storm.load import Expected
from tests.storm.weather import Place, letters, replies

NEGATIVE = {EtatActe.EN_ANOMALIE, EtatPes.REFUSE}


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
    for line in replies(theirs):
        answer = place.answered.get(str(line["related"]), f"answer to {line['related']}")
        held[line["siren"], answer].append(line)
    wrong = [f"held by them, handed in by nobody: {key}" for key in held.keys() - place.load.flows]
    wrong += [f"ours, handed in by nobody: {key}" for key in ours.keys() - place.load.flows]
    for key, expected in place.load.flows.items():
        wrong += _flow(expected, ours[key], held[key], office)
    wrong += _deposits(place, office)
    wrong += _retours(theirs, office)
    wrong += _letters(theirs, place, office)
    wrong += _refusals(place)
    wrong += _sent_blindly(office)
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
    return wrong + [f"{name}: {one}" for one in _answers(flow, line, office)]


def _answers(flow: TransmissionView, line: dict[str, Any], office: Office) -> Iterator[str]:
    """Yield what is wrong with the answers that were kept: each of them once, to the byte."""
    receipts = office.store.receipts(flow.id)
    if not receipts or len({one.sha256 for one in receipts}) != len(receipts):
        yield f"{len(receipts)} answers kept"
    theirs = {step["sha256"] for step in line["history"]} | {line.get("acquit_sha256")}
    for one in receipts:
        if one.kind != "error" and one.sha256 not in theirs:  # an error is a sentence of the TdT
            yield f"{one.kind} {one.sha256} is not what they sent"


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
        sent = {line["sha256"] for line in theirs["retours"] if line["siren"] == siren}
        kept = Counter(one.sha256 for one in office.store.retours(siren))
        if kept != Counter(sent):
            wrong.append(f"retours of {siren}: {len(sent)} sent, {kept.total()} kept")
    wrong += [f"retour {line['name']} left unread" for line in theirs["retours"] if line["unread"]]
    return wrong


def _letters(theirs: dict[str, Any], place: Place, office: Office) -> Iterator[str]:
    for town in place.load.towns:
        sent = Counter(str(one["id"]) for one in letters(theirs) if one["siren"] == town.siren)
        kept = Counter(one.reference for one in office.store.courriers(town.siren))
        if sent != kept:
            yield f"letters of {town.siren}: {sent.total()} sent, {kept.total()} kept"


def _refusals(place: Place) -> Iterator[str]:
    """Yield what was refused and does not lie where its agent looks."""
    for town in place.load.towns:
        sheets = [
            path.read_text("utf-8") for path in (town.folder / "a-corriger").rglob("A-LIRE*.html")
        ]
        mine = [one for one in place.load.deposits if one.town == town]
        wanted = [flow.key for one in mine for flow in one.flows if flow.etat in NEGATIVE]
        wanted += [one.name for one in mine if not one.flows]
        for text in wanted:
            if not any(text in sheet for sheet in sheets):
                yield f"{town.siren}: no sheet says that {text} was refused"


def _sent_blindly(office: Office) -> Iterator[str]:
    """Yield the acts that the TdT had to refuse as already there: nobody had looked before."""
    for entry in office.store.journal():
        if "CON-DUPLICATE_NUMBER" in str(entry.detail):
            yield f"act sent again without a look: {entry.transmission_id} {entry.detail}"


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
