"""Time-stamps: tokens of the sandbox's authority, and of authorities that do it wrong."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from demat.clock import FixedClock
from demat.faults import FaultError
from demat.sandbox.pki import Identity, Pki
from demat.sandbox.tsa import POLICY, Mood, Tsa
from demat.signing import timestamp
from demat.signing.timestamp import certificates_of, check_token, make_request, read_response
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.signing.factory import NOW, sentence

DIGEST = hashlib.sha256("délibération".encode()).hexdigest()
OTHER = hashlib.sha256(b"autre chose").hexdigest()
NONCE = 0x1122334455667788


@pytest.fixture(scope="module")
def tsa(pki: Pki) -> Tsa:
    return Tsa(pki.time_stamps, FixedClock(NOW))


@pytest.fixture(scope="module")
def token(tsa: Tsa) -> bytes:
    return stamped(tsa)


def stamped(tsa: Tsa, sha256: str = DIGEST) -> bytes:
    return read_response(tsa.answer(make_request(sha256, nonce=NONCE)), sha256=sha256, nonce=NONCE)


def codes(caught: pytest.ExceptionInfo[FaultError]) -> tuple[str, ...]:
    for fault in caught.value.faults:
        sentence(fault)
    return caught.value.faults.codes


def test_the_request_says_what_is_asked() -> None:
    request = tsp.TimeStampReq.load(make_request(DIGEST, nonce=NONCE, policy=POLICY)).native
    assert request["message_imprint"]["hash_algorithm"]["algorithm"] == "sha256"
    assert request["message_imprint"]["hashed_message"].hex() == DIGEST
    assert (request["nonce"], request["cert_req"], request["req_policy"]) == (NONCE, True, POLICY)
    assert tsp.TimeStampReq.load(make_request(DIGEST, nonce=1)).native["req_policy"] is None


def test_a_token_proves_an_instant(token: bytes, trust: TrustStore) -> None:
    found = check_token(token, sha256=DIGEST, trust=trust)
    assert (found.verdict, found.reasons.codes) == (Verdict.ACCEPTED, ())
    assert found.instant == NOW
    assert found.authority == "Horodatage de démonstration"
    assert found.policy == POLICY
    assert found.serial.isdigit()
    assert len(found.certificates) == 2
    assert set(certificates_of(token)) == set(found.certificates)


def test_an_authority_that_nobody_trusts_proves_nothing(token: bytes) -> None:
    found = check_token(token, sha256=DIGEST, trust=TrustStore())
    assert (found.verdict, found.reasons.codes) == (Verdict.UNDECIDED, ("SIG-UNTRUSTED",))
    assert found.instant == NOW


def test_the_certificate_of_the_authority_is_judged_at_the_instant_of_the_token(
    pki: Pki, trust: TrustStore
) -> None:
    early = stamped(Tsa(pki.time_stamps, FixedClock(NOW - timedelta(days=400))))
    found = check_token(early, sha256=DIGEST, trust=trust)
    assert (found.verdict, found.reasons.codes) == (Verdict.REFUSED, ("SIG-NOT_YET_VALID",))


def test_a_token_on_something_else(token: bytes, trust: TrustStore) -> None:
    found = check_token(token, sha256=OTHER, trust=trust)
    assert (found.verdict, found.reasons.codes) == (Verdict.REFUSED, ("SIG-TSA_IMPRINT",))


@pytest.mark.parametrize(
    ("mood", "expected"),
    [
        (Mood.REFUSES, ("SIG-TSA_REFUSED",)),
        (Mood.OTHER_NONCE, ("SIG-TSA_NONCE",)),
        (Mood.OTHER_IMPRINT, ("SIG-TSA_IMPRINT",)),
        (Mood.GARBAGE, ("SIG-TSA_UNREADABLE",)),
    ],
)
def test_answers_that_are_no_token(pki: Pki, mood: Mood, expected: tuple[str, ...]) -> None:
    tsa = Tsa(pki.time_stamps, FixedClock(NOW))
    tsa.mood = mood
    with pytest.raises(FaultError) as caught:
        stamped(tsa)
    assert codes(caught) == expected


def test_the_policy_that_was_asked_for(tsa: Tsa) -> None:
    answer = tsa.answer(make_request(DIGEST, nonce=NONCE, policy=POLICY))
    read_response(answer, sha256=DIGEST, nonce=NONCE, policy=POLICY)
    with pytest.raises(FaultError) as caught:
        read_response(answer, sha256=DIGEST, nonce=NONCE, policy="1.2.3")
    assert codes(caught) == ("SIG-TSA_POLICY",)
    with pytest.raises(FaultError) as caught:
        read_response(
            tsa.answer(make_request(DIGEST, nonce=NONCE, policy="1.2.3")),
            sha256=DIGEST,
            nonce=NONCE,
        )
    assert codes(caught) == ("SIG-TSA_REFUSED",)
    (fault,) = caught.value.faults
    assert fault.params["reason"] == "politique inconnue, unaccepted_policy"


def test_a_certificate_that_is_not_made_for_time_stamps(pki: Pki) -> None:
    with pytest.raises(FaultError) as caught:
        stamped(Tsa(pki.server, FixedClock(NOW)))
    assert codes(caught) == ("SIG-TSA_USAGE",)


@pytest.mark.parametrize("critical", [True, False])
def test_the_usage_must_be_critical(
    pki: Pki, key: rsa.RSAPrivateKey, tmp_path: Path, critical: bool
) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Horodatage négligent")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + timedelta(days=9))
        .add_extension(usage, critical=critical)
        .sign(key, hashes.SHA256())
    )
    unit = replace(pki.time_stamps, certificate=tmp_path / "c.pem", key=tmp_path / "k.pem")
    unit.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    unit.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tsa = Tsa(unit, FixedClock(NOW))
    if critical:
        assert stamped(tsa)
        return
    with pytest.raises(FaultError) as caught:
        stamped(tsa)
    assert codes(caught) == ("SIG-TSA_USAGE",)


def edited(token: bytes, edit: Callable[[cms.SignedData], Any]) -> bytes:
    outer = cms.ContentInfo.load(token)
    edit(outer["content"])
    made: bytes = outer.dump(force=True)
    return made


def double_signer(signed: cms.SignedData) -> None:
    signed["signer_infos"].append(signed["signer_infos"][0])


def no_certificate(signed: cms.SignedData) -> None:
    signed["certificates"] = []


def not_named(signed: cms.SignedData) -> None:
    attributes = signed["signer_infos"][0]["signed_attrs"]
    kept = [one for one in attributes if one["type"].native != "signing_certificate_v2"]
    signed["signer_infos"][0]["signed_attrs"] = cms.CMSAttributes(kept)


def other_name(signed: cms.SignedData) -> None:
    for attribute in signed["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "signing_certificate_v2":
            attribute["values"][0]["certs"][0]["cert_hash"] = bytes(32)


def later(signed: cms.SignedData) -> None:
    info = signed["encap_content_info"]["content"].parsed
    info["gen_time"] = NOW + timedelta(days=1)
    signed["encap_content_info"]["content"] = core.ParsableOctetString(info.dump(force=True))


def weak(signed: cms.SignedData) -> None:
    signed["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (double_signer, "SIG-TSA_SIGNER"),
        (no_certificate, "SIG-TSA_SIGNER"),
        (not_named, "SIG-TSA_SIGNER"),
        (other_name, "SIG-TSA_SIGNER"),
        (later, "SIG-TSA_VALUE"),
        (weak, "SIG-TSA_WEAK"),
    ],
)
def test_tokens_that_were_tampered_with(
    token: bytes, trust: TrustStore, edit: Callable[[cms.SignedData], None], code: str
) -> None:
    found = check_token(edited(token, edit), sha256=DIGEST, trust=trust)
    assert (found.verdict, found.reasons.codes) == (Verdict.REFUSED, (code,))
    for fault in found.reasons:
        sentence(fault)


def test_a_token_signed_by_another_key(pki: Pki, trust: TrustStore) -> None:
    """The certificate of the authority, the key of somebody else."""
    thief = Identity(
        certificate=pki.time_stamps.certificate,
        key=pki.server.key,
        p12=pki.server.p12,
        passphrase="",
    )
    with pytest.raises(FaultError) as caught:
        stamped(Tsa(thief, FixedClock(NOW)))
    assert codes(caught) == ("SIG-TSA_VALUE",)


@pytest.mark.parametrize("content", [b"", b"\x30\x80", b"x" * 100, b"\x30\x03\x02\x01\x00"])
def test_bytes_that_are_no_token(content: bytes, trust: TrustStore) -> None:
    found = check_token(content, sha256=DIGEST, trust=trust)
    assert (found.verdict, found.reasons.codes) == (Verdict.REFUSED, ("SIG-TSA_UNREADABLE",))
    assert certificates_of(content) == ()


def test_a_token_of_a_megabyte_is_not_read(
    token: bytes, trust: TrustStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamp, "MAX_TOKEN_BYTES", len(token) - 1)
    found = check_token(token, sha256=DIGEST, trust=trust)
    assert found.reasons.codes == ("SIG-TSA_UNREADABLE",)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_a_flipped_bit_never_crashes_nor_moves_the_instant(
    place: int, bit: int, token: bytes, trust: TrustStore
) -> None:
    broken = bytearray(token)
    broken[place % len(token)] ^= 1 << bit
    found = check_token(bytes(broken), sha256=DIGEST, trust=trust)
    assert found.verdict is not Verdict.ACCEPTED or found.instant == NOW


def test_a_revoked_authority(pki: Pki, tsa: Tsa, token: bytes, trust: TrustStore) -> None:
    """Its certificate is in a revocation list: tokens from after that day are refused."""
    without = replace(trust, crls=())
    found = check_token(token, sha256=DIGEST, trust=without)
    assert (found.verdict, found.reasons.codes) == (Verdict.UNDECIDED, ("SIG-NO_CRL",))


def test_instants_are_aware(token: bytes, trust: TrustStore) -> None:
    instant = check_token(token, sha256=DIGEST, trust=trust).instant
    assert isinstance(instant, datetime)
    assert instant.tzinfo is not None
