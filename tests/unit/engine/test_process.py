"""From received to packed, or back to the agent; a crash between two steps is taken up again."""

import gc
import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demat.engine import give_back
from demat.engine.process import MAX_ALIKE, kept_files, process, read_deposit
from demat.engine.receive import receive_one
from demat.engine.sign import SignerUnusable, opened
from demat.engine.sign_session import sign_waiting, waiting_deposits
from demat.helios.read import read_pes
from demat.intake.api import PesDraft
from demat.intake.claim import claim_copies
from demat.intake.folders import Folders
from demat.queue.states import DepositState, TransitionRefused
from demat.queue.views import DepositView
from demat.sandbox.prefecture import retour_classification
from tests.unit.engine.attachments_support import image, row, table
from tests.unit.engine.conftest import (
    FIXTURES,
    VOISINE,
    Crash,
    Town,
    codes,
    sign_all,
    sign_now,
    titre,
    titres,
)


@pytest.mark.parametrize(
    ("fixture", "kind", "keys"),
    [
        (
            "seance-2026-10-08",
            "seance",
            [f"099-000000000-20261008-2026_04{n}-DE" for n in (1, 2)],
        ),
        ("arrete-individuel", "acte", ["099-000000000-20261020-AI_2026_017-AI"]),
        ("titres-cantine.csv", "titres", ["PESALR2_21990123800010_261123_001"]),
        ("mandats-2026-10", "mandats", ["PESALR2_21990123800010_261123_001"]),
        ("compta-D0032.xml", "pes", ["SAINTEX-20261022-D0032"]),
    ],
)
def test_every_kind_of_deposit(town: Town, fixture: str, kind: str, keys: list[str]) -> None:
    deposit = town.fixture(fixture)
    assert (deposit.state, deposit.kind) == (DepositState.PACKED, kind)
    assert [flow.key for flow in town.flows()] == keys
    with kept_files(deposit, town.office) as files:
        assert read_deposit(files, town.authority, town.office).kind == kind
    assert len(town.connector.shipments) == 0


def test_what_is_packed_is_frozen_and_done_once(town: Town) -> None:
    deposit = town.fixture("seance-2026-11-05")
    before = town.flows()
    assert process(deposit, town.authority, town.office) == deposit
    assert town.flows() == before


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a.pdf"], "ACT-035"),
        (["a.docx"], "INT-WORD_PROCESSING"),
        (["a.bin"], "INT-UNREADABLE"),
        (["a.pdf", "vide.csv"], "INT-FILE_EMPTY"),
    ],
)
def test_what_nobody_can_read_goes_back(
    town: Town, tmp_path: Path, names: list[str], code: str
) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"" if name == "vide.csv" else b"%PDF-1.4")
    deposit = town.hand_in(*(tmp_path / name for name in names))
    assert (deposit.state, codes(deposit)) == (DepositState.RETURNED, (code,))
    folder = Path(names[0]).stem
    expected = sorted(f"{folder}/{name}" for name in (*names, "A-LIRE.html"))
    assert town.tree(town.folders.a_corriger) == expected


def test_attachments_are_read_from_the_disk_one_at_a_time(town: Town) -> None:
    size = 4_000_000
    names = [f"{rank}.png" for rank in range(6)]
    for rank, name in enumerate(names):
        town.write(f"depot/{name}", image(rank, size))
    town.write("depot/titres.csv", table(row(417, 12, *names)))
    town.folders.make()
    claimed = claim_copies([town.folders.a_deposer / "depot"], town.folders)
    gc.collect()  # what earlier tests left is not counted, whenever it goes
    tracemalloc.start()
    try:
        deposit = receive_one(claimed, town.authority, town.office)
        _, receiving = tracemalloc.get_traced_memory()
        gc.collect()
        tracemalloc.reset_peak()
        with kept_files(deposit, town.office) as files:
            (draft,) = read_deposit(files, town.authority, town.office).drafts
        _, reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < receiving < 3 * size
    assert reading < size
    assert isinstance(draft, PesDraft)
    for rank, one in enumerate(draft.pieces_jointes):
        with one.open() as source:
            assert source.read() == image(rank, size)


def test_warnings_stay_with_a_deposit_that_waits(seal: Callable[..., Town]) -> None:
    deposit = seal(unattended=False).fixture("compta-D0032.xml")
    assert deposit.state is DepositState.AWAITING_SIGNATURE
    assert set(codes(deposit)) == {"INT-PES_COMPLETED"}


def test_a_person_signs_then_it_is_packed(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False)
    deposit = town.fixture("titres-cantine.csv")
    assert deposit.state is DepositState.AWAITING_SIGNATURE
    assert town.flows() == ()
    (shown,) = waiting_deposits(town.authority, town.office)
    assert sign_now(town, deposit).state is DepositState.PACKED
    facts = read_pes(town.store.documents.get(town.flow(1).sha256))
    assert [bordereau.signed for bordereau in facts.bordereaux] == [True]
    assert facts.dematerialise
    assert town.tree(town.folders.transmis) == ["titres-cantine/titres-cantine.csv"]
    # somebody else signs the same list
    with opened(town.authority.signataires[0], town.authority, town.office) as pen:
        again = sign_waiting(shown, pen, town.authority, town.office)
    assert again.state is DepositState.PACKED
    assert len(town.flows()) == 1


def test_acts_never_wait_for_a_signature(seal: Callable[..., Town]) -> None:
    assert seal(unattended=False).fixture("seance-2026-11-05").state is DepositState.PACKED


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"passphrase": "faux"}, "SIG-PASSPHRASE"), ({"identity": "expired"}, "SIG-EXPIRED")],
)
def test_a_key_that_cannot_be_used_leaves_the_deposit_waiting(
    seal: Callable[..., Town], changes: dict[str, str], code: str
) -> None:
    waiting = seal(unattended=False).fixture("titres-cantine.csv")
    town = seal(unattended=False, **changes)
    with pytest.raises(SignerUnusable) as caught:
        sign_now(town, waiting)
    assert caught.value.faults.codes == (code,)
    assert town.store.deposit(waiting.id).state is DepositState.AWAITING_SIGNATURE
    town = seal()
    assert process(waiting, town.authority, town.office).state is DepositState.AWAITING_SIGNATURE


def test_the_world_moves_while_a_deposit_waits(seal: Callable[..., Town], tmp_path: Path) -> None:
    town = seal(unattended=False)
    waiting = town.fixture("titres-cantine.csv")
    copy = tmp_path / "autre.csv"
    copy.write_bytes((FIXTURES / "titres-cantine.csv").read_bytes())
    other = town.hand_in(copy)
    signed = sign_all(town)
    assert signed[waiting.id].state is DepositState.PACKED
    late = signed[other.id]
    assert late.state is DepositState.RETURNED
    assert "PES-026" in codes(late) or any(code.startswith("PES-") for code in codes(late))
    assert len(town.flows()) == 1


def test_two_deposits_prepared_at_once_cannot_both_be_packed(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is refused by the store itself, at the last moment."""
    copy = tmp_path / "autre.csv"
    copy.write_bytes((FIXTURES / "titres-cantine.csv").read_bytes())
    real = town.store.pack
    nested: list[DepositView] = []

    def pack(*args: object, **values: object) -> object:
        if not nested:
            monkeypatch.setattr(town.store, "pack", real)
            nested.append(town.hand_in(copy))
        return real(*args, **values)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(town.store, "pack", pack)
    deposit = town.fixture("titres-cantine.csv")
    assert nested[0].state is DepositState.PACKED
    assert (deposit.state, codes(deposit)) == (DepositState.RETURNED, ("QUE-KEY_USED",))
    assert len(town.flows()) == 1


def test_trouble_of_the_store_is_not_the_agent_s(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.write("titres.csv", titres(titre(417, 12)))
    town.intake()
    (deposit,) = town.store.deposits()
    town.write("autres.csv", titres(titre(418, 13)))
    path = town.store.documents.path(deposit.files[0].sha256)
    real = town.store.receive

    def receive(**values: object) -> DepositView:
        received = real(**values)  # type: ignore[arg-type]  # passed through
        town.store.documents.path(received.files[0].sha256).write_bytes(b"")
        return received

    monkeypatch.setattr(town.store, "receive", receive)
    visit = town.intake()
    assert path.is_file()
    second = town.store.deposits()[-1]
    assert second.state is DepositState.RECEIVED
    assert len(visit.item.errors) == 1
    town.store.documents.put(titres(titre(418, 13)))  # restored
    town.intake()
    assert town.store.deposit(second.id).state is DepositState.PACKED


# ---------------------------------------------------------------------------- crashes


POINTS = [
    *(("check", after, 1) for after in (False, True)),
    *(("pack", after, 1) for after in (False, True)),
]


@pytest.mark.parametrize(("name", "after", "nth"), POINTS)
def test_a_crash_between_two_steps_is_taken_up_again(
    town: Town, die: Callable[..., None], name: str, after: bool, nth: int
) -> None:
    town.write("titres.csv", titres(titre(417, 12)))
    die(town.store, name, after=after, nth=nth)
    with pytest.raises(Crash):
        town.intake()
    town.intake()
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.PACKED
    assert [flow.key for flow in town.flows()] == ["PESALR2_21990123800010_261123_001"] or (
        name == "check" and not after and nth == 1
    )  # before the first step, the name that was taken is lost
    assert town.tree(town.folders.en_cours) == []
    assert town.tree(town.folders.transmis) == ["titres/titres.csv"]


@pytest.mark.parametrize(("name", "after"), [("leave", False), ("leave", True), ("_mark", True)])
def test_a_crash_while_giving_back_shows_one_folder_with_its_sheet(
    town: Town, die: Callable[..., None], name: str, after: bool
) -> None:
    town.write("titres.csv", titres(titre(417, 12, montant="douze")))
    die(give_back, name, after=after)
    with pytest.raises(Crash):
        town.intake()
    town.intake()
    assert town.tree(town.folders.a_corriger) == ["titres/A-LIRE.html", "titres/titres.csv"]
    assert town.tree(town.folders.en_cours) == []


def test_a_crash_after_a_person_signed_asks_that_person_again(
    seal: Callable[..., Town], die: Callable[..., None]
) -> None:
    town = seal(unattended=False)
    waiting = town.fixture("titres-cantine.csv")
    die(town.store, "pack", after=False)
    with pytest.raises(Crash):
        sign_now(town, waiting)
    assert town.store.deposit(waiting.id).state is DepositState.SIGNED
    assert town.intake().item.awaiting_signature == 1
    again = town.store.deposit(waiting.id)
    assert again.state is DepositState.AWAITING_SIGNATURE
    assert sign_now(town, again).state is DepositState.PACKED
    assert len(town.flows()) == 1


def test_a_crash_after_the_engine_signed_is_taken_up_alone(
    seal: Callable[..., Town], die: Callable[..., None]
) -> None:
    town = seal()
    town.write("titres.csv", titres(titre(417, 12)))
    die(town.store, "pack", after=False)
    with pytest.raises(Crash):
        town.intake()
    town.intake()
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.PACKED


def test_a_deposit_that_another_process_holds_is_left_to_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.write("titres.csv", titres(titre(417, 12)))

    def lost(*_args: object, **_values: object) -> DepositView:
        raise TransitionRefused(subject="deposit 1", current="drafted", allowed=[], to="drafted")

    monkeypatch.setattr(town.store, "check", lost)
    visit = town.intake()
    assert (visit.item.errors, town.flows()) == ([], ())
    (deposit,) = town.store.deposits()
    assert process(deposit, town.authority, town.office) == deposit


def test_the_same_mistake_on_every_row_is_told_a_few_times_and_counted(town: Town) -> None:
    rows = [titre(number, 12).replace(";99120;", ";9912;") for number in range(1, 81)]
    town.write("a.csv", titres(*rows))
    town.intake()
    (deposit,) = town.store.deposits()
    assert deposit.faults.codes == ("INT-CP",) * MAX_ALIKE + ("INT-MORE",)
    (more,) = (fault for fault in deposit.faults if fault.code == "INT-MORE")
    assert (more.params["code"], more.params["more"]) == ("INT-CP", str(80 - MAX_ALIKE))


def test_an_act_waits_for_the_first_classification_and_then_leaves_by_itself(
    town: Town, tmp_path: Path
) -> None:
    new = replace(town.authority, siren=VOISINE, folders=Folders(tmp_path / "nouvelle"))
    new = replace(new, emetteur=replace(new.emetteur, siren=VOISINE))
    newcomer = replace(town, office=replace(town.office, authorities=(new,)), authority=new)
    newcomer.drop("seance-2026-11-05")
    report = newcomer.night()
    (item,) = report.authorities
    assert "nomenclature de la préfecture n'a pas encore été reçue" in item.errors[0]
    (deposit,) = newcomer.store.deposits(collectivite=VOISINE)
    assert deposit.state is DepositState.RECEIVED
    assert newcomer.tree(new.folders.a_corriger) == []  # its agent has nothing to do
    assert newcomer.connector.classification_requests  # the préfecture was asked
    newcomer.connector.held_classification = retour_classification(date(2026, 1, 1))
    newcomer.night()
    assert newcomer.store.deposit(deposit.id).state is DepositState.PACKED
    (shipment,) = newcomer.connector.shipments
    assert VOISINE in shipment.key


def test_an_act_that_is_wrong_besides_goes_back_at_once(town: Town, tmp_path: Path) -> None:
    new = replace(town.authority, siren=VOISINE, folders=Folders(tmp_path / "nouvelle"))
    newcomer = replace(town, office=replace(town.office, authorities=(new,)), authority=new)
    newcomer.write(
        "seance/actes.csv",
        b"numero;date;nature;matiere;objet;fichier\r\n"
        b"2026_070;05/11/2999;DE;8.3;Voirie;voirie.pdf\r\n",
    )
    shutil.copyfile(
        FIXTURES / "seance-2026-11-05" / "voirie.pdf", new.folders.a_deposer / "seance/voirie.pdf"
    )
    newcomer.night()
    (deposit,) = newcomer.store.deposits(collectivite=VOISINE)
    assert deposit.state is DepositState.RETURNED
    assert {"ACT-015", "ACT-025"} <= set(deposit.faults.codes)
