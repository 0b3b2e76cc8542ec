"""When time-stamps are asked for, and what happens when there are none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from demat.clock import FixedClock
from demat.engine.merkle import climb, path_to
from demat.engine.office import REST
from demat.engine.stamps import stamp_flow, stamp_pending, try_stamp, verify_anchors
from demat.faults import Faults
from demat.queue.proofs import ANCHOR, FROZEN, RECEIVED
from demat.sandbox.pki import Pki
from demat.signing.timestamp import check_token
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.engine.conftest import START, Town, accept_all, collect_all
from tests.unit.engine.stamps_support import make_journal_again, with_stamps

TITRES = "titres-cantine.csv"


def kinds(town: Town, number: int = 1) -> list[str]:
    return [stamp.objet for stamp in town.store.stamps(number)]


def test_what_is_packed_is_stamped_at_once(town: Town, pki: Pki) -> None:
    town, tsa = with_stamps(town, pki)
    town.fixture(TITRES)
    flow = town.flow()
    assert tsa.asked == [flow.sha256]
    (stamp,) = town.store.stamps(flow.id)
    assert (stamp.objet, stamp.sha256, stamp.instant) == (FROZEN, flow.sha256, START)
    assert stamp.authority == "Horodatage de démonstration"
    token = town.store.documents.get(stamp.token_sha256)
    trust = TrustStore.from_folder(pki.trust_folder)
    assert check_token(token, sha256=flow.sha256, trust=trust).verdict is Verdict.ACCEPTED
    assert "stamped" in town.actions()


def test_the_certificates_of_the_day_are_kept(
    town: Town, pki: Pki, seal: Callable[..., Town]
) -> None:
    sealed, _ = with_stamps(seal(), pki)
    sealed.fixture(TITRES)
    natures = [proof.nature for proof in sealed.store.proofs(1)]
    # the maire, the authority in between, the time-stamping unit; one root, two lists
    assert natures == ["certificat"] * 3 + ["liste"] * 2 + ["racine"]


def test_without_authority_nothing_is_stamped(town: Town) -> None:
    town.fixture(TITRES)
    assert town.store.stamps(1) == ()
    report = town.night()
    assert (report.stamped, report.outcome) == (0, "done")
    assert stamp_pending(town.office) == (0, Faults())


def test_an_authority_that_is_away_stops_nothing_and_is_asked_again(town: Town, pki: Pki) -> None:
    town, tsa = with_stamps(town, pki)
    tsa.away = True
    deposit = town.fixture(TITRES)
    assert deposit.state.value == "packed"
    asked = len(tsa.asked)
    stamp_flow(1, town.office)
    assert len(tsa.asked) == asked  # left alone for a while
    report = town.night()
    assert (report.sent, report.stamped, report.outcome) == (1, 0, "done")
    (item,) = report.authorities
    assert [text for text in item.notices if "horodatage" in text] == [
        "Le service d'horodatage (http://tsa.exemple) ne répond pas. Les envois continuent sans "
        "lui. Détail technique : délai dépassé. Ne faites rien : demat redemandera les horodatages "
        "la nuit prochaine. Si cela dure, vérifiez l'adresse du service et la connexion."
    ]
    assert kinds(town) == []
    tsa.away = False
    report = town.night()
    assert kinds(town) == [FROZEN]
    assert report.stamped == 2  # the file and the journal
    assert not [text for text in report.authorities[0].notices if "horodatage" in text]


def test_the_rest_ends(town: Town, pki: Pki) -> None:
    town, tsa = with_stamps(town, pki)
    tsa.away = True
    town.fixture(TITRES)
    tsa.away = False
    stamp_flow(1, town.office)
    assert kinds(town) == []
    town.clock.instant += REST
    stamp_flow(1, town.office)
    assert kinds(town) == [FROZEN]


def test_every_answer_is_stamped_at_once(town: Town, pki: Pki) -> None:
    town, _ = with_stamps(town, pki)
    town.fixture(TITRES)
    town.night()
    flow = town.flow()
    town.answer(flow, accept_all(flow))
    assert collect_all(town.authority, town.office) == 1
    (receipt,) = town.store.receipts(flow.id)
    assert [(one.objet, one.sha256) for one in town.store.stamps(flow.id)] == [
        (FROZEN, flow.sha256),
        (RECEIVED, receipt.sha256),
    ]


def test_each_night_puts_the_journal_under_one_stamp(town: Town, pki: Pki) -> None:
    town, _ = with_stamps(town, pki)
    town.fixture(TITRES)
    town.night()
    entries = town.store.journal(transmission_id=1)
    (anchor,) = town.store.anchors(entry.id for entry in entries)
    assert (anchor.objet, anchor.first_entry) == (ANCHOR, 1)
    seals = town.store.seals(anchor.first_entry, anchor.last_entry)
    for entry in entries:
        path = path_to(seals, entry.id - anchor.first_entry)
        assert climb(entry.hash, path) == anchor.sha256
    trust = TrustStore.from_folder(pki.trust_folder)
    token = town.store.documents.get(anchor.token_sha256)
    assert check_token(token, sha256=anchor.sha256, trust=trust).verdict is Verdict.ACCEPTED


def test_a_token_of_a_revoked_or_ended_authority_is_not_kept(town: Town, pki: Pki) -> None:
    later = FixedClock(START + timedelta(days=3000))
    town, tsa = with_stamps(town, pki, later)
    town.fixture(TITRES)
    assert tsa.asked
    assert kinds(town) == []
    assert stamp_pending(town.office)[1].codes == ("SIG-EXPIRED",)


def test_the_doctor_asks_for_a_token_that_nobody_keeps(town: Town, pki: Pki) -> None:
    town, tsa = with_stamps(town, pki)
    assert not try_stamp(town.office)
    tsa.away = True
    assert try_stamp(town.office).codes == ("CON-TSA_AWAY",)
    assert town.office.stamping is not None
    untrusting = replace(
        town.office, stamping=replace(town.office.stamping, authority=tsa, trust=TrustStore())
    )
    tsa.away = False
    assert try_stamp(untrusting).codes == ("SIG-UNTRUSTED",)


def test_a_journal_that_was_made_again_is_seen(town: Town, pki: Pki) -> None:
    """Whoever writes in the database can seal every entry again, but has no time-stamp for it."""
    town, _ = with_stamps(town, pki)
    town.fixture(TITRES)
    town.night()
    assert not verify_anchors(town.office)
    make_journal_again(town.store)
    assert not town.store.verify_journal()
    (fault,) = verify_anchors(town.office)
    assert (fault.code, fault.params["entrees"].split()[0]) == ("PRV-JOURNAL_STAMP", "1")


def test_a_token_of_the_journal_that_is_lost(town: Town, pki: Pki) -> None:
    town, _ = with_stamps(town, pki)
    town.fixture(TITRES)
    town.night()
    (anchor,) = town.store.all_anchors()
    town.store.documents.path(anchor.token_sha256).unlink()
    assert verify_anchors(town.office).codes == ("PRV-JOURNAL_STAMP",)
