"""Lists and answers on revocation: what is believed, what is not, and what is proven."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from demat.faults import FaultError
from demat.signing.revocation import (
    Subject,
    ocsp_question,
    proves,
    read_answer,
    read_list,
    revoked_at,
    subjects_of,
)
from tests.fictional_authority import DAY, FictionalAuthority, der, new_key
from tests.unit.signing.factory import NOW, sentence

CRL = "http://crl.exemple/ac.crl"
OCSP = "http://ocsp.exemple/"
AC = FictionalAuthority(NOW, crl_address=f"{CRL} ldap://x/y|http://b.exemple/", ocsp_address=OCSP)
OTHER = FictionalAuthority(NOW, name="Autre AC")
NAMESAKE = FictionalAuthority(NOW)
LEAF = AC.issue(key=new_key())
SUBJECT = Subject(LEAF, AC.certificate)


def refused_list(content: bytes, at: datetime = NOW) -> str:
    with pytest.raises(FaultError) as caught:
        read_list(content, AC.certificate, address=CRL, at=at)
    (fault,) = caught.value.faults
    assert CRL in sentence(fault)
    return fault.code


def refused_answer(content: bytes, at: datetime = NOW, subject: Subject = SUBJECT) -> str:
    with pytest.raises(FaultError) as caught:
        read_answer(content, subject, address=OCSP, at=at)
    (fault,) = caught.value.faults
    assert OCSP in sentence(fault)
    return fault.code


def test_where_to_ask_is_in_the_certificate() -> None:
    assert SUBJECT.points == ((CRL, "ldap://x/y"), ("http://b.exemple/",))
    assert SUBJECT.responders == (OCSP,)
    bare = Subject(OTHER.issue(), OTHER.certificate)
    assert (bare.points, bare.responders) == ((), ())
    assert (SUBJECT.holder, SUBJECT.authority) == ("Camille Dupré", "AC fictive")


def test_a_certificate_is_paired_with_who_signed_it() -> None:
    known = [AC.certificate, OTHER.certificate, NAMESAKE.certificate]
    assert subjects_of([LEAF, AC.certificate], known) == (SUBJECT,)
    by_name = (SUBJECT, Subject(LEAF, NAMESAKE.certificate))
    assert subjects_of([LEAF, LEAF], known, signed=False) == by_name
    assert SUBJECT.issuer_key != by_name[1].issuer_key


# lists


@pytest.mark.parametrize("armour", [False, True])
def test_a_good_list_is_read(armour: bool) -> None:
    content = AC.crl((LEAF, NOW - DAY))
    given = content
    if armour:
        given = b"\n" + x509.load_der_x509_crl(content).public_bytes(Encoding.PEM)
    found = read_list(given, AC.certificate, address=CRL, at=NOW)
    assert (found.content, found.this_update) == (content, NOW - DAY / 2)
    assert found.next_update == NOW + DAY / 2


def test_a_list_that_is_stale_is_still_evidence() -> None:
    found = read_list(AC.crl(made=-9 * DAY, until=-8 * DAY), AC.certificate, address=CRL, at=NOW)
    assert found.next_update == NOW - 8 * DAY


GOOD = AC.crl((LEAF, NOW - DAY))
DELTA = x509.DeltaCRLIndicator(3)
PAGE = b"<!DOCTYPE html><html><body>Maintenance</body></html>"


def scope(**values: object) -> x509.IssuingDistributionPoint:
    plain = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**plain, **values})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SIG-CRL_UNREADABLE"),
        (PAGE, "SIG-CRL_UNREADABLE"),
        (GOOD[:-40], "SIG-CRL_UNREADABLE"),  # cut
        (GOOD[: len(GOOD) // 2], "SIG-CRL_UNREADABLE"),
        (GOOD + b"\x00", "SIG-CRL_UNREADABLE"),
        (der(AC.certificate), "SIG-CRL_UNREADABLE"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "SIG-CRL_UNREADABLE"),
        (OTHER.crl(), "SIG-CRL_ISSUER"),
        (NAMESAKE.crl(), "SIG-CRL_SIGNATURE"),  # same name, other key
        (AC.crl(key=OTHER.key), "SIG-CRL_SIGNATURE"),
        (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "SIG-CRL_SIGNATURE"),
        (AC.crl(extensions=[(DELTA, True)]), "SIG-CRL_PARTIAL"),
        (AC.crl(extensions=[(scope(indirect_crl=True), True)]), "SIG-CRL_PARTIAL"),
        (
            AC.crl(extensions=[(scope(only_contains_attribute_certs=True), True)]),
            "SIG-CRL_PARTIAL",
        ),
        (AC.crl(made=DAY / 24, until=DAY), "SIG-CRL_FUTURE"),
    ],
)
def test_a_list_that_is_not_believed(content: bytes, code: str) -> None:
    assert refused_list(content) == code


def test_the_clock_of_an_authority_may_be_a_little_ahead() -> None:
    content = AC.crl(made=timedelta(minutes=9))
    assert read_list(content, AC.certificate, address=CRL, at=NOW).content == content


def test_every_cut_of_a_list_is_told() -> None:
    assert {refused_list(GOOD[:size]) for size in range(0, len(GOOD), 7)} == {"SIG-CRL_UNREADABLE"}


def test_a_list_for_users_only_is_read() -> None:
    content = AC.crl(extensions=[(scope(only_contains_user_certs=True), True)])
    assert read_list(content, AC.certificate, address=CRL, at=NOW).content == content


def test_the_key_of_an_authority_that_cannot_sign_lists() -> None:
    curve = FictionalAuthority(NOW, key=ec.generate_private_key(ec.SECP256R1()))
    content = curve.crl()
    assert read_list(content, curve.certificate, address=CRL, at=NOW).content == content
    assert refused_list(content) == "SIG-CRL_SIGNATURE"


# answers


RESPONDER_KEY = new_key()
DELEGATE = (AC.responder(RESPONDER_KEY), RESPONDER_KEY)


@pytest.mark.parametrize("signer", [None, DELEGATE], ids=["authority", "delegate"])
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()])  # noqa: S303
def test_a_good_answer_is_read(signer, algorithm) -> None:
    content = AC.answer(LEAF, signer=signer, algorithm=algorithm)
    found = read_answer(content, SUBJECT, address=OCSP, at=NOW)
    assert (found.content, found.revoked) == (content, None)
    assert (found.this_update, found.next_update) == (NOW - DAY / 24, NOW + DAY / 2)


def test_a_revocation_is_read() -> None:
    content = AC.answer(LEAF, revoked=NOW - 3 * DAY)
    assert read_answer(content, SUBJECT, address=OCSP, at=NOW).revoked == NOW - 3 * DAY


def test_an_answer_signed_on_an_elliptic_curve() -> None:
    curve = FictionalAuthority(NOW, key=ec.generate_private_key(ec.SECP256R1()))
    leaf = curve.issue(key=new_key())
    content = curve.answer(leaf)
    subject = Subject(leaf, curve.certificate)
    assert read_answer(content, subject, address=OCSP, at=NOW).content == content


ANSWER = AC.answer(LEAF)
NEIGHBOUR = AC.issue("Dominique Martin-Fictif")
OTHER_KEY = new_key()
SAME_KEY = FictionalAuthority(NOW, name="AC voisine", key=AC.key, _serial=LEAF.serial_number - 2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SIG-OCSP_UNREADABLE"),
        (PAGE, "SIG-OCSP_UNREADABLE"),
        (ANSWER[:-20], "SIG-OCSP_UNREADABLE"),
        (GOOD, "SIG-OCSP_UNREADABLE"),
        (
            ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.TRY_LATER
            ).public_bytes(Encoding.DER),
            "SIG-OCSP_REFUSED",
        ),
        (AC.answer(NEIGHBOUR), "SIG-OCSP_OTHER"),  # replayed for another certificate
        (OTHER.answer(LEAF), "SIG-OCSP_OTHER"),  # same serial, other issuer
        (NAMESAKE.answer(LEAF), "SIG-OCSP_OTHER"),  # same name, other key
        (SAME_KEY.answer(SAME_KEY.issue()), "SIG-OCSP_OTHER"),  # same key and serial, other name
        (
            AC.answer(LEAF, signer=(OTHER.responder(OTHER_KEY), OTHER_KEY)),
            "SIG-OCSP_SIGNER",  # the responder of somebody else
        ),
        (
            AC.answer(LEAF, signer=(AC.responder(OTHER_KEY, for_ocsp=False), OTHER_KEY)),
            "SIG-OCSP_SIGNER",  # any certificate of the authority
        ),
        (
            AC.answer(LEAF, signer=(AC.responder(OTHER_KEY, days=(-30, -1)), OTHER_KEY)),
            "SIG-OCSP_SIGNER",  # a responder that has ended
        ),
        (AC.answer(LEAF, signer=(OTHER.certificate, OTHER.key)), "SIG-OCSP_SIGNER"),
        (ANSWER[:-1] + bytes([ANSWER[-1] ^ 1]), "SIG-OCSP_SIGNER"),
        (AC.answer(LEAF, status=ocsp.OCSPCertStatus.UNKNOWN), "SIG-OCSP_UNKNOWN"),
        (AC.answer(LEAF, made=-2 * DAY, until=-DAY), "SIG-OCSP_DATE"),  # expired
        (AC.answer(LEAF, made=DAY / 2, until=DAY), "SIG-OCSP_DATE"),  # not yet
    ],
)
def test_an_answer_that_is_not_believed(content: bytes, code: str) -> None:
    assert refused_answer(content) == code


def test_an_answer_without_end_is_believed_when_it_comes() -> None:
    content = AC.answer(LEAF, until=None)
    assert read_answer(content, SUBJECT, address=OCSP, at=NOW).next_update is None


def test_the_question_names_the_certificate() -> None:
    asked = ocsp.load_der_ocsp_request(ocsp_question(SUBJECT))
    assert asked.serial_number == LEAF.serial_number
    assert asked.hash_algorithm.name == "sha1"


# what is proven

HOLD = x509.ReasonFlags.certificate_hold


@pytest.mark.parametrize(
    ("lists", "answers", "expected"),
    [
        ([], [], None),
        ([AC.crl()], [AC.answer(LEAF)], None),
        ([AC.crl((LEAF, NOW - 2 * DAY))], [], NOW - 2 * DAY),
        ([AC.crl((LEAF, NOW - 2 * DAY), made=-2 * DAY, until=-DAY)], [], NOW - 2 * DAY),  # stale
        ([AC.crl((NEIGHBOUR, NOW - 2 * DAY))], [], None),
        ([AC.crl((LEAF, NOW - DAY)), AC.crl((LEAF, NOW - 2 * DAY))], [], NOW - 2 * DAY),
        ([AC.crl((LEAF, NOW - DAY), reason=HOLD)], [], None),  # may be lifted
        ([AC.crl((LEAF, NOW - DAY), reason=x509.ReasonFlags.superseded)], [], NOW - DAY),
        ([NAMESAKE.crl((LEAF, NOW - DAY))], [], None),
        ([OTHER.crl((LEAF, NOW - DAY))], [], None),
        ([b"junk", PAGE], [b"junk", PAGE], None),
        ([], [AC.answer(LEAF, revoked=NOW - 3 * DAY, made=-2 * DAY, until=-DAY)], NOW - 3 * DAY),
        ([], [AC.answer(LEAF, revoked=NOW - DAY, reason=HOLD)], None),
        ([], [AC.answer(NEIGHBOUR, revoked=NOW - DAY)], None),
        (
            [],
            [AC.answer(LEAF, revoked=NOW, signer=(OTHER.responder(OTHER_KEY), OTHER_KEY))],
            None,
        ),
    ],
)
def test_a_revocation_is_proven_by_what_its_authority_signed(lists, answers, expected) -> None:
    assert revoked_at(SUBJECT, lists, answers) == expected


ENDED = AC.issue(days=(-700, -400), key=new_key())
AUTHORITY = FictionalAuthority(NOW, name="AC fille", parent=AC, days=(-700, -400))


@pytest.mark.parametrize(
    ("certificate", "lists", "answers", "days", "expected"),
    [
        (LEAF, [AC.crl()], [], 0, True),
        (LEAF, [AC.crl()], [], 1, False),  # stale at that instant
        (LEAF, [], [AC.answer(LEAF)], 0, True),
        (LEAF, [], [AC.answer(LEAF)], 1, False),
        (LEAF, [], [], 0, False),
        (ENDED, [AC.crl()], [], -500, False),  # made after the end: need not name it
        (ENDED, [AC.crl(expired_since=NOW - 400 * DAY)], [], -500, True),
        (ENDED, [AC.crl(expired_since=NOW - 399 * DAY)], [], -500, False),
        (ENDED, [AC.crl(made=-401 * DAY, until=-399 * DAY)], [], -500, True),
        (ENDED, [AC.crl(made=-600 * DAY, until=-599 * DAY)], [], -500, False),
        (ENDED, [], [AC.answer(ENDED)], -500, False),
        (ENDED, [], [AC.answer(ENDED, made=-401 * DAY)], -500, True),
        (LEAF, [OTHER.crl(), NAMESAKE.crl()], [], 0, False),
        (LEAF, [AC.crl(extensions=[(scope(only_contains_ca_certs=True), True)])], [], 0, False),
        (LEAF, [AC.crl(extensions=[(scope(only_contains_user_certs=True), True)])], [], 0, True),
        (
            AUTHORITY.certificate,
            [AC.crl(made=-401 * DAY, extensions=[(scope(only_contains_user_certs=True), True)])],
            [],
            -500,
            False,
        ),
        (
            LEAF,
            [
                AC.crl(
                    extensions=[
                        (scope(only_some_reasons=frozenset([x509.ReasonFlags.superseded])), True)
                    ]
                )
            ],
            [],
            0,
            False,
        ),
    ],
)
def test_what_proves_that_a_certificate_was_good(
    certificate, lists, answers, days, expected
) -> None:
    subject = Subject(certificate, AC.certificate)
    assert proves(subject, lists, answers, NOW + days * DAY) is expected


@pytest.mark.parametrize("text", [b"\x18\x05hello", b"\x18\x0f20261340250000Z", b""])
def test_a_malformed_date_of_what_is_kept_keeps_nothing(text: bytes) -> None:
    oid = x509.ObjectIdentifier("2.5.29.60")
    content = AC.crl(extensions=[(x509.UnrecognizedExtension(oid, text), False)])
    assert not proves(Subject(ENDED, AC.certificate), [content], [], NOW - 500 * DAY)
