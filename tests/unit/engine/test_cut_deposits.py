"""A deposit that is too large for one file leaves in several, and stays one thing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.connectors.api import ConnectorError
from demat.connectors.memory import ScriptedConnector
from demat.engine.resubmit import resubmit
from demat.engine.transmit import PJ_WAIT, transmit_due
from demat.helios.read import read_pes
from demat.queue.states import DeliveryState, DepositState
from demat.queue.store import Store
from tests.unit.engine.attachments_support import (
    answer,
    carried,
    cited,
    drop,
    image,
    limited,
    numbers,
    refcomptas,
    row,
    sent,
    unique,
)
from tests.unit.engine.conftest import (
    BASE,
    FIXTURES,
    REFUSED,
    SIRET,
    UNKNOWN,
    UNREACHABLE,
    Town,
    Verdict,
    authority_of,
    codes,
    sign_now,
    titre,
    titres,
    town_of,
)

BIG = 20_000
"""Bytes of a document: 26,700 once in a file."""
CEILING = 45_000

THREE = {name: image(seed, BIG) for seed, name in enumerate(("a.png", "b.png", "c.png"))}
TWO = {name: THREE[name] for name in ("a.png", "b.png")}
ROWS = (row(417, 12, "a.png"), row(418, 13, "b.png"), row(419, 14, "c.png"))


def three(town: Town) -> Town:
    """Hand in three bordereaux, each of which fills a file with its document."""
    town = limited(town, CEILING)
    drop(town, "octobre", THREE, *ROWS)
    return town


def test_bordereaux_leave_in_several_files_each_with_its_attachments(town: Town) -> None:
    town = three(town)
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.PACKED
    assert codes(deposit) == ("INT-PES_CUT",)
    assert [numbers(town, n) for n in (1, 2, 3)] == [
        [(12, (417,))],
        [(13, (418,))],
        [(14, (419,))],
    ]
    assert [carried(town, n) for n in (1, 2, 3)] == [[unique(417)], [unique(418)], [unique(419)]]
    assert [flow.key for flow in town.flows()] == [
        f"PESALR2_{SIRET}_261123_{n:03d}" for n in (1, 2, 3)
    ]
    assert [flow.facts["fichier"] for flow in town.flows()] == ["1/3", "2/3", "3/3"]
    assert all(flow.size <= CEILING for flow in town.flows())


def test_below_the_ceiling_nothing_is_cut(town: Town) -> None:
    drop(town, "octobre", THREE, *ROWS)
    assert numbers(town, 1) == [(12, (417,)), (13, (418,)), (14, (419,))]
    assert (len(town.flows()), codes(town.store.deposits()[0])) == (1, ())
    assert "fichier" not in town.flow(1).facts


def test_what_compression_makes_small_enough_is_not_cut(town: Town) -> None:
    town = limited(town, 20_000)
    drop(town, "octobre", {"a.png": image(1) + b"a" * 60_000}, row(417, 12, "a.png"))
    assert (len(town.flows()), codes(town.store.deposits()[0])) == (1, ())


def test_a_shared_attachment_leaves_with_the_first_file_and_names_the_other_pieces(
    town: Town,
) -> None:
    town = limited(town, CEILING)
    drop(town, "octobre", TWO, row(417, 12, "a.png"), row(418, 13, "b.png", "a.png"))
    assert [carried(town, n) for n in (1, 2)] == [[unique(417)], [unique(418)]]
    assert cited(town, 2) == {"418": [unique(418), unique(417)]}
    assert refcomptas(town, 1) == {unique(417): [("02", "2026", "01", "418", "")]}
    assert refcomptas(town, 2) == {unique(418): []}
    assert town.flow(2).facts["apres"] == [unique(417)]


def test_attachments_that_do_not_fit_with_their_bordereau_leave_before_it(
    seal: Callable[..., Town],
) -> None:
    town = limited(seal(), CEILING)
    drop(town, "octobre", THREE, row(417, 12, "a.png", "b.png"), row(418, 12, "c.png"))
    assert [numbers(town, n) for n in (1, 2, 3)] == [[], [], [(12, (417, 418))]]
    assert [carried(town, n) for n in (1, 2, 3)] == [
        [unique(417)],
        [unique(417, 2)],
        [unique(418)],
    ]
    assert refcomptas(town, 1) == {unique(417): [("02", "2026", "01", "417", "")]}
    assert refcomptas(town, 3) == {unique(418): []}
    facts = [read_pes(town.store.documents.get(flow.sha256)) for flow in town.flows()]
    assert [[b.signed for b in one.bordereaux] for one in facts] == [[], [], [True]]
    assert all(flow.size <= CEILING for flow in town.flows())
    sent(town)
    for number in (1, 2, 3):
        answer(town, number)
    assert [flow.etat for flow in town.flows()] == ["acquitte"] * 3


def test_signatures_count_in_the_size(seal: Callable[..., Town]) -> None:
    town = limited(seal(), CEILING)
    drop(town, "octobre", {}, *(row(n, n) for n in range(1, 13)))
    assert len(town.flows()) > 1
    assert [n for flow in town.flows() for n, _ in numbers(town, flow.id)] == [*range(1, 13)]
    assert all(flow.size <= CEILING for flow in town.flows())


def test_the_yearly_total_goes_on_from_one_file_to_the_next(seal: Callable[..., Town]) -> None:
    town = three(seal())
    contents = [town.store.documents.get(flow.sha256) for flow in town.flows()]
    totals = [b'<MtCumulAnnuel V="%s"/>' % total for total in (b"86.40", b"172.80", b"259.20")]
    assert [total in content for total, content in zip(totals, contents, strict=True)] == [True] * 3


def test_the_files_of_a_cut_deposit_are_not_compared_with_a_past_without_them(
    seal: Callable[..., Town],
) -> None:
    town = seal()
    drop(town, "septembre", {}, row(400, 1))
    town = limited(town, CEILING)
    rows = (row(417, 2, "a.png"), row(418, 3, "b.png"), row(419, 4, "c.png"))
    drop(town, "octobre", THREE, *rows)
    assert codes(town.store.deposits()[-1]) == ("INT-PES_CUT",)


def test_a_bordereau_larger_than_a_file_goes_back(town: Town) -> None:
    town = limited(town, CEILING)
    rows = [row(n, 12) for n in range(1, 61)]
    drop(town, "octobre", {}, *rows, row(70, 13))
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.RETURNED
    (fault,) = deposit.faults
    assert (fault.code, fault.source) == ("INT-BORDEREAU_TOO_BIG", "titres.csv")
    assert (fault.params["bordereau"], fault.params["pieces"]) == ("12", "60")
    assert (fault.params["limit"], town.flows()) == ("0,0", ())


def test_an_attachment_larger_than_a_file_goes_back(town: Town) -> None:
    town = limited(town, CEILING)
    drop(town, "octobre", {"a.png": image(1, 40_000)}, row(417, 12, "a.png"))
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.RETURNED
    assert codes(deposit) == ("INT-PJ_TOO_BIG",)


def test_a_ready_made_file_above_the_ceiling_is_told_and_not_cut(town: Town) -> None:
    content = (FIXTURES / "compta-D0032.xml").read_bytes()
    town = limited(town, len(content) - 1)
    town.write("compta.xml", content)
    town.intake()
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.RETURNED
    assert (codes(deposit), town.flows()) == (("PES-012",), ())


def test_names_are_kept_over_retries(seal: Callable[..., Town]) -> None:
    town = three(seal(unattended=False))
    (waiting,) = town.store.deposits()
    assert waiting.state is DepositState.AWAITING_SIGNATURE
    sign_now(town, waiting)
    assert [flow.key for flow in town.flows()] == [
        f"PESALR2_{SIRET}_261123_{n:03d}" for n in (1, 2, 3)
    ]


# ------------------------------------------------------------------------ order of sending


def two(town: Town) -> Town:
    """Hand in one bordereau whose attachments fill two files; the second one holds it."""
    town = limited(town, CEILING)
    drop(town, "octobre", TWO, row(417, 12, "a.png", "b.png"))
    assert [numbers(town, n) for n in (1, 2)] == [[], [(12, (417,))]]
    return town


def deliveries(town: Town) -> list[str]:
    return [flow.delivery.value for flow in town.flows()]


@pytest.mark.parametrize(("failure", "state"), [(UNREACHABLE, "todo"), (UNKNOWN, "suspended")])
def test_the_bordereau_waits_for_its_attachments(
    town: Town, failure: ConnectorError, state: str
) -> None:
    town = two(town)
    town.connector.fail_next("deposit", failure)
    sent(town)
    assert deliveries(town) == [state, "todo"]
    waiting = town.flow(2)
    assert (waiting.faults.codes, waiting.attempts) == (("QUE-PJ_FIRST",), 0)
    assert len(town.connector.shipments) == 1
    for _ in range(3):
        town.night(after=BASE * 10)
    assert deliveries(town) == ["deposited", "deposited"]
    assert [one.key for one in town.connector.held.values()] == [f.key for f in town.flows()]


def test_the_bordereau_waits_for_the_correction_of_refused_attachments(town: Town) -> None:
    town = two(town)
    town.connector.fail_next("deposit", REFUSED)
    sent(town)
    assert deliveries(town) == ["refused", "todo"]
    (new,) = resubmit(
        town.flow(1), replacements=(), authority=town.authority, office=town.office
    ).transmissions
    assert (new.supersedes, numbers(town, new.id)) == (1, [])
    assert carried(town, new.id) == [unique(417)]
    sent(town)
    assert deliveries(town) == ["refused", "todo", "deposited"]
    town.clock.instant += PJ_WAIT
    sent(town)
    assert deliveries(town) == ["refused", "deposited", "deposited"]
    keys = [shipment.key for shipment in town.connector.held.values()]
    assert keys == [new.key, town.flow(2).key]


@pytest.mark.parametrize("together", [True, False])
def test_files_that_others_wrote_keep_the_order_too(
    town: Town, tmp_path: Path, clock: FixedClock, *, together: bool
) -> None:
    """Attachments in a file of their own, and the bordereau that cites them, as a software of
    accounting exports them."""
    made = [town.store.documents.get(flow.sha256) for flow in two(town).flows()]
    connector = ScriptedConnector()
    store = Store.open(f"sqlite:///{tmp_path / 'autre' / 'b.db'}", tmp_path / "autre", clock)
    other = town_of(store, clock, authority_of(tmp_path / "voisine", connector), connector)
    paths = [tmp_path / "z-pj.xml", tmp_path / "a-bordereau.xml"]  # not in the order of sending
    for path, content in zip(paths, made, strict=True):
        path.write_bytes(content)
    if together:
        folder = tmp_path / "export"
        folder.mkdir()
        other.hand_in(*(path.rename(folder / path.name) for path in paths))
    else:
        for path in paths:
            other.hand_in(path)
    connector.fail_next("deposit", UNREACHABLE)
    sent(other)
    assert deliveries(other) == ["todo", "todo"]
    assert other.flow(2).faults.codes == ("QUE-PJ_FIRST",)
    for _ in range(3):
        other.night(after=BASE * 10)
    assert [one.key for one in connector.held.values()] == [flow.key for flow in town.flows()]


def test_a_file_whose_attachments_another_software_sent_does_not_wait(
    town: Town, tmp_path: Path, clock: FixedClock
) -> None:
    bordereau = town.store.documents.get(two(town).flow(2).sha256)
    connector = ScriptedConnector()
    store = Store.open(f"sqlite:///{tmp_path / 'autre' / 'b.db'}", tmp_path / "autre", clock)
    other = town_of(store, clock, authority_of(tmp_path / "voisine", connector), connector)
    (tmp_path / "bordereau.xml").write_bytes(bordereau)
    other.hand_in(tmp_path / "bordereau.xml")
    sent(other)
    assert deliveries(other) == ["deposited"]


def test_what_waits_for_long_looks_less_and_less_often(town: Town) -> None:
    town = two(town)
    town.connector.fail_next("deposit", REFUSED)
    sent(town)
    created, waits = town.flow(2).created_at, []
    for _ in range(20):
        until = town.flow(2).next_attempt_at
        assert until is not None
        waits.append((until - town.clock.now()) // timedelta(minutes=1))
        town.clock.instant = until
        sent(town)
    assert waits[:2] == [15, 15]
    assert waits == sorted(waits)
    assert waits[-1] == 120
    assert town.clock.now() - created > timedelta(hours=8)
    assert town.flow(2).attempts == 0
    assert len(town.connector.shipments) == 1


def test_files_that_need_no_other_do_not_wait(town: Town) -> None:
    town = three(town)
    town.connector.fail_next("deposit", UNREACHABLE)
    sent(town)
    assert deliveries(town) == ["todo", "deposited", "deposited"]


# -------------------------------------------------------------------------------- one thing


def test_one_refused_file_of_three(town: Town) -> None:
    town = three(town)
    sent(town)
    refusal = Verdict(bordereau=13, accepted=False, error="ERREUR_AUTRE", libelle="1971")
    answer(town, 1)
    answer(town, 2, refusal)
    sheet = (town.folders.a_corriger / "octobre" / "A-LIRE.html").read_text("utf-8")
    words = "Ce dépôt est parti en 3 fichiers : 1 accepté, 1 refusé, 1 en attente."
    assert words.replace(" :", "\u00a0:") in sheet
    assert "(envoi n° 2, fichier 2 sur 3, PESALR2_21990123800010_261123_002)" in sheet
    receipt = (town.folders.accuses / town.flow(1).key / "A-LIRE.html").read_text("utf-8")
    assert '<th scope="row">Dépôt</th><td>octobre (fichier 1 sur 3)</td>' in receipt

    done = resubmit(town.flow(2), replacements=(), authority=town.authority, office=town.office)
    (new,) = done.transmissions
    assert (new.supersedes, numbers(town, new.id)) == (2, [(13, (418,))])
    assert carried(town, new.id) == [unique(418)]
    assert codes(done.deposit) == ("INT-ALREADY_SENT", "INT-ALREADY_SENT")
    assert len({flow.key for flow in town.flows()}) == 4


def test_two_refused_files_are_corrected_by_one_each(town: Town) -> None:
    """They would fit in one file: the refusal of the other would stay open for ever."""
    town = limited(town, CEILING)
    small = {"a.png": image(1, 12_000), "b.png": THREE["b.png"], "c.png": image(3, 6_000)}
    drop(town, "octobre", small, *ROWS)
    sent(town)
    held = [[numero for numero, _ in numbers(town, flow.id)] for flow in town.flows()]
    assert held == [[12], [13, 14]]
    answer(town, 1, Verdict(bordereau=12, accepted=False))
    answer(town, 2, Verdict(bordereau=13), Verdict(bordereau=14, accepted=False))
    done = resubmit(town.flow(1), replacements=(), authority=town.authority, office=town.office)
    links = [(flow.supersedes, numbers(town, flow.id)) for flow in done.transmissions]
    assert links == [(1, [(12, (417,))]), (2, [(14, (419,))])]


def test_an_export_of_another_kind_is_untouched(town: Town) -> None:
    town.write("titres.csv", titres(titre(417, 12), titre(31, 3, budget="02")))
    town.intake()
    assert [flow.facts["fichier"] for flow in town.flows()] == ["1/2", "2/2"]
    assert transmit_due(town.office) == 2
    assert {flow.delivery for flow in town.flows()} == {DeliveryState.DEPOSITED}
