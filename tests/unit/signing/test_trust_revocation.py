"""What lists and answers, of then and of now, say of a chain at an instant."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from demat.faults import Fault
from demat.signing.revocation import Subject
from demat.signing.revocation_folder import RevocationFolder
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.fictional_authority import DAY, FictionalAuthority, der, new_key
from tests.unit.signing.factory import NOW, sentence

ROOT = FictionalAuthority(NOW, name="AC racine", crl_address="http://crl.exemple/racine.crl")
AC = FictionalAuthority(
    NOW,
    name="AC fille",
    parent=ROOT,
    crl_address="http://crl.exemple/fille.crl",
    ocsp_address="http://ocsp.exemple/",
)
LEAF = AC.issue(key=new_key())
ENDED = AC.issue(days=(-700, -400), key=new_key())
ROOT_LIST = ROOT.crl(made=-DAY, until=900 * DAY, expired_since=NOW - 3000 * DAY)
RESPONDER_KEY = new_key()
POINT = ("http://crl.exemple/fille.crl",)

ACCEPTED = (Verdict.ACCEPTED, ())
REVOKED = (Verdict.REFUSED, ("SIG-REVOKED",))
NO_LIST = (Verdict.UNDECIDED, ("SIG-NO_CRL",))
STALE = (Verdict.UNDECIDED, ("SIG-CRL_STALE",))
TOO_LATE = (Verdict.UNDECIDED, ("SIG-CRL_TOO_LATE",))


def store(*lists: bytes, answers: tuple[bytes, ...] = (), kept=None, root=ROOT_LIST) -> TrustStore:
    return TrustStore(
        roots=(der(ROOT.certificate),),
        intermediates=(der(AC.certificate),),
        crls=(root, *lists),
        ocsps=answers,
        kept=kept,
    )


def judge(trust: TrustStore, leaf: x509.Certificate = LEAF, at: datetime = NOW):
    verdict, faults = trust.check_chain(leaf, (), at)
    return verdict, faults.codes


def said(trust: TrustStore, leaf: x509.Certificate = LEAF, at: datetime = NOW) -> Fault:
    (fault,) = trust.check_chain(leaf, (), at)[1]
    return fault


# lists


def test_the_age_of_a_stale_list_is_told() -> None:
    trust = store(AC.crl(made=-9 * DAY, until=-8 * DAY))
    assert judge(trust) == STALE
    assert "ne valait que jusqu'au 12/11/2026, 8 jour(s) plus tôt" in sentence(said(trust))


def test_no_list_at_all_is_another_thing() -> None:
    assert judge(store()) == NO_LIST
    assert judge(store(ROOT.crl())) == NO_LIST  # of another authority


def test_a_stale_list_does_not_hide_a_later_one() -> None:
    stale = AC.crl(made=-9 * DAY, until=-8 * DAY)
    assert judge(store(stale, AC.crl())) == ACCEPTED


def test_a_list_of_the_right_moment_and_a_later_one_say_the_same() -> None:
    then = NOW - 100 * DAY
    right = AC.crl(made=-101 * DAY, until=-99 * DAY)
    assert judge(store(right), at=then) == ACCEPTED
    assert judge(store(AC.crl()), at=then) == ACCEPTED
    assert judge(store(right), at=NOW) == STALE


@pytest.mark.parametrize(("days", "expected"), [(-31, ACCEPTED), (-30, REVOKED), (-29, REVOKED)])
def test_the_date_of_the_revocation_counts_whatever_the_list(days: int, expected) -> None:
    at, revoked = NOW + days * DAY, (LEAF, NOW - 30 * DAY)
    assert judge(store(AC.crl(revoked)), at=at) == expected
    assert judge(store(AC.crl(revoked, made=-30 * DAY, until=-20 * DAY)), at=at) == expected


def test_a_revocation_stays_although_the_list_is_stale() -> None:
    """The library alone would only say that the list is stale."""
    trust = store(AC.crl((LEAF, NOW - 30 * DAY), made=-20 * DAY, until=-10 * DAY))
    assert judge(trust) == REVOKED
    assert "avait été révoqué le 21/10/2026" in sentence(said(trust))


def test_a_revocation_stays_although_a_newer_list_is_silent() -> None:
    old = AC.crl((ENDED, NOW - 500 * DAY), made=-450 * DAY, until=-449 * DAY)
    silent = AC.crl(expired_since=NOW - 3000 * DAY)
    at = NOW - 490 * DAY
    assert judge(store(silent), ENDED, at) == ACCEPTED
    assert judge(store(silent, old), ENDED, at) == REVOKED


def test_a_suspension_that_a_newer_list_lifts_is_forgotten() -> None:
    hold = x509.ReasonFlags.certificate_hold
    old = AC.crl((LEAF, NOW - 9 * DAY), made=-8 * DAY, until=-7 * DAY, reason=hold)
    assert judge(store(old, AC.crl())) == ACCEPTED
    assert judge(store(AC.crl((LEAF, NOW - 9 * DAY), reason=hold))) == REVOKED


def test_the_silence_of_a_list_made_after_the_end_proves_nothing() -> None:
    at = NOW - 500 * DAY
    assert judge(store(AC.crl()), ENDED, at) == TOO_LATE
    assert "qui a pris fin le 16/10/2025" in sentence(said(store(AC.crl()), ENDED, at))
    assert judge(store(AC.crl(expired_since=NOW - 400 * DAY)), ENDED, at) == ACCEPTED
    before = AC.crl(made=-401 * DAY, until=-399 * DAY)
    assert judge(store(AC.crl(), before), ENDED, at) == ACCEPTED


def test_an_authority_that_was_revoked_signs_for_nobody() -> None:
    root = ROOT.crl((AC.certificate, NOW - 5 * DAY), until=900 * DAY)
    assert judge(store(AC.crl(), root=root)) == REVOKED
    assert judge(store(AC.crl(), root=root), at=NOW - 6 * DAY) == ACCEPTED
    stale = ROOT.crl((AC.certificate, NOW - 5 * DAY), made=-4 * DAY, until=-3 * DAY)
    assert judge(store(AC.crl(), root=stale)) == REVOKED
    assert "« AC fille »" in sentence(said(store(AC.crl(), root=root)))


def test_a_forged_list_is_no_list() -> None:
    forged = AC.crl(key=RESPONDER_KEY)
    assert judge(store(forged)) == NO_LIST
    assert judge(store(AC.crl((LEAF, NOW - DAY), key=RESPONDER_KEY), AC.crl())) == ACCEPTED


# answers


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (AC.answer(LEAF), ACCEPTED),
        (AC.answer(LEAF, revoked=NOW - DAY), REVOKED),
        (AC.answer(LEAF, revoked=NOW + timedelta(minutes=5)), NO_LIST),
        (AC.answer(LEAF, status=ocsp.OCSPCertStatus.UNKNOWN), NO_LIST),
        (AC.answer(LEAF, made=-3 * DAY, until=-2 * DAY), STALE),
        (AC.answer(LEAF, made=-3 * DAY, until=-2 * DAY, revoked=NOW - 4 * DAY), REVOKED),
        (AC.answer(ENDED), NO_LIST),  # on another certificate
        (ROOT.answer(LEAF), NO_LIST),  # by another authority
        (
            AC.answer(LEAF, signer=(AC.responder(RESPONDER_KEY), RESPONDER_KEY)),
            ACCEPTED,
        ),
        (  # may the responder itself have been revoked? nothing says so
            AC.answer(LEAF, signer=(AC.responder(RESPONDER_KEY, no_check=False), RESPONDER_KEY)),
            NO_LIST,
        ),
        (
            AC.answer(LEAF, signer=(AC.responder(RESPONDER_KEY, for_ocsp=False), RESPONDER_KEY)),
            NO_LIST,
        ),
        (AC.answer(LEAF, signer=(ROOT.responder(RESPONDER_KEY), RESPONDER_KEY)), NO_LIST),
    ],
)
def test_an_answer_alone(answer: bytes, expected) -> None:
    assert judge(store(answers=(answer,))) == expected


def test_a_responder_whose_own_revocation_is_in_a_list() -> None:
    answer = AC.answer(LEAF, signer=(AC.responder(RESPONDER_KEY, no_check=False), RESPONDER_KEY))
    assert judge(store(AC.crl(), answers=(answer,))) == ACCEPTED


def test_a_list_that_shows_a_revocation_beats_an_older_good_answer() -> None:
    """The library alone would not even look at the list."""
    good = AC.answer(LEAF, made=-2 * DAY, until=2 * DAY)
    assert judge(store(AC.crl((LEAF, NOW - DAY)), answers=(good,))) == REVOKED


def test_an_answer_that_shows_a_revocation_beats_a_list() -> None:
    answer = AC.answer(LEAF, revoked=NOW - DAY)
    assert judge(store(AC.crl(), answers=(answer,))) == REVOKED


def test_an_answer_on_revocation_after_the_signature_leaves_it_to_the_lists() -> None:
    answer = AC.answer(LEAF, revoked=NOW)
    assert judge(store(AC.crl(), answers=(answer,)), at=NOW - DAY) == ACCEPTED


# the folder


def keep(folder: Path, content: bytes, *, subject: x509.Certificate = LEAF) -> RevocationFolder:
    kept = RevocationFolder(folder)
    found = Subject(subject, AC.certificate)
    kept.keep_list(found, POINT, content, address=POINT[0], at=NOW)
    return kept


def test_what_the_folder_keeps_counts(tmp_path: Path) -> None:
    kept = keep(tmp_path, AC.crl())
    assert judge(store(kept=kept)) == ACCEPTED
    keep(tmp_path, AC.crl((LEAF, NOW - DAY), made=-DAY / 3))
    assert judge(store(kept=kept)) == REVOKED


def test_the_list_of_the_right_moment_is_found_in_the_folder(tmp_path: Path) -> None:
    for days in range(450, 350, -10):
        kept = keep(tmp_path, AC.crl(made=-days * DAY, until=-(days - 10) * DAY))
    keep(tmp_path, AC.crl())
    at = NOW - 500 * DAY
    assert judge(store(kept=kept), ENDED, at) == ACCEPTED  # by that of day -410, or of -400
    lists, answers = kept.evidence(Subject(ENDED, AC.certificate), at)
    made = {(NOW - x509.load_der_x509_crl(one).last_update_utc) // DAY for one in lists}
    assert (made, answers) == ({0, 400, 450}, [])


def test_answers_of_the_folder_count(tmp_path: Path) -> None:
    kept, subject = RevocationFolder(tmp_path), Subject(LEAF, AC.certificate)
    kept.keep_answer(subject, AC.answer(LEAF), address="x", at=NOW)
    assert judge(store(kept=kept)) == ACCEPTED
    assert judge(store(kept=kept), ENDED, NOW - 500 * DAY) == NO_LIST
    kept.keep_answer(subject, AC.answer(LEAF, revoked=NOW - DAY), address="x", at=NOW)
    assert judge(store(kept=kept)) == REVOKED


def test_the_authority_may_come_with_the_signature(tmp_path: Path) -> None:
    kept = keep(tmp_path, AC.crl())
    trust = TrustStore(roots=(der(ROOT.certificate),), crls=(ROOT_LIST,), kept=kept)
    assert trust.check_chain(LEAF, [AC.certificate], NOW)[0] is Verdict.ACCEPTED
    assert judge(trust) == (Verdict.UNDECIDED, ("SIG-UNTRUSTED",))


def test_a_namesake_of_the_authority_has_its_own_lists(tmp_path: Path) -> None:
    other = FictionalAuthority(NOW, name="AC fille", parent=ROOT)
    kept = RevocationFolder(tmp_path)
    subject = Subject(other.issue(key=new_key()), other.certificate)
    kept.keep_list(subject, POINT, other.crl(), address="x", at=NOW)
    assert judge(store(kept=kept)) == NO_LIST
