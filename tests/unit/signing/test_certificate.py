"""Judging a signatory's certificate."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from demat.faults import FaultError, Severity
from demat.sandbox.pki import Pki
from demat.signing.certificate import (
    CertificateFacts,
    check_organisation,
    check_signer,
    describe,
    fingerprint,
    first_certificate,
    is_personal,
    load_certificate,
    sirens_of,
)
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.rgs import NiveauRgs, PolitiqueRgs, UsageRgs
from tests.unit.signing.factory import NOW, certificate, sentence


def test_describe_says_everything(signer: KeyFileSigner) -> None:
    facts = describe(signer.certificate)
    assert facts == CertificateFacts(
        holder="Camille Dupré",
        subject="CN=Camille Dupré,2.5.4.12=#0c054d61697265,OU=0002 21990123800010,"
        "O=Commune de Saint-Exemple-lès-Fiction,C=FR",
        authority="AC fille de démonstration",
        issuer="CN=AC fille de démonstration,O=Autorité fictive de demat,C=FR",
        serial=str(signer.certificate.serial_number),
        not_before=datetime(2025, 11, 20, 9, 30, 15, tzinfo=UTC),
        not_after=datetime(2028, 11, 19, 9, 30, 15, tzinfo=UTC),
        key_bits=2048,
        non_repudiation=True,
    )


@pytest.mark.parametrize(
    ("delay", "codes"),
    [
        (timedelta(days=-10), ()),
        (timedelta(days=-10, seconds=-1), ("SIG-NOT_YET_VALID",)),
        (timedelta(days=10), ()),
        (timedelta(days=10, seconds=1), ("SIG-EXPIRED",)),
    ],
)
def test_dates_count_to_the_second(key: rsa.RSAPrivateKey, delay, codes) -> None:
    faults = check_signer(certificate(key), NOW + delay)
    assert faults.codes == codes
    for fault in faults:
        assert "Camille Dupré" in sentence(fault)
        assert ("10/11/2026" in sentence(fault)) or ("30/11/2026" in sentence(fault))


def test_the_day_shown_is_that_of_paris(key: rsa.RSAPrivateKey) -> None:
    late = certificate(key, days=(-10, 0))
    fault = next(iter(check_signer(late, NOW + timedelta(days=1))))
    assert fault.params == {"holder": "Camille Dupré", "date": "20/11/2026"}


def test_usage_and_key(key: rsa.RSAPrivateKey) -> None:
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
    elliptic = ec.generate_private_key(ec.SECP256R1())
    cases = {
        ("SIG-KEY_USAGE",): certificate(key, non_repudiation=False),
        ("SIG-NO_KEY_USAGE",): certificate(key, non_repudiation=None),
        ("SIG-KEY_SIZE",): certificate(small),
        ("SIG-KEY_TYPE",): certificate(elliptic),
        (): certificate(key),
    }
    for codes, cert in cases.items():
        faults = check_signer(cert, NOW)
        assert faults.codes == codes
        assert all("Camille Dupré" in sentence(fault) for fault in faults)
    warning = next(iter(check_signer(certificate(key, non_repudiation=None), NOW)))
    assert warning.severity is Severity.WARNING


def test_key_size_is_told(key: rsa.RSAPrivateKey) -> None:
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
    fault = next(iter(check_signer(certificate(small), NOW)))
    assert "1024 bits au lieu de 2048" in sentence(fault)


def test_a_tls_certificate_may_not_sign(pki: Pki) -> None:
    client = load_pkcs12(pki.client.p12.read_bytes(), pki.client.passphrase, name="client.p12")
    assert check_signer(client.certificate, NOW).codes == ("SIG-KEY_USAGE",)


@pytest.mark.parametrize("cut", [0, 10, 200, -1])
def test_a_damaged_certificate_is_a_fault(key: rsa.RSAPrivateKey, cut: int) -> None:
    der = certificate(key).public_bytes(Encoding.DER)
    assert describe(load_certificate(der)).holder == "Camille Dupré"
    with pytest.raises(FaultError) as caught:
        load_certificate(der[:cut])
    assert caught.value.faults.codes == ("SIG-CERTIFICATE",)


def _policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids
    )


def _statements(oid: str) -> x509.UnrecognizedExtension:
    content = x509.ObjectIdentifier(oid)
    inner = bytes.fromhex("060704008e46010602" if oid.endswith("6.2") else "060704008e46010601")
    assert content.dotted_string == oid
    value = b"\x30" + bytes([len(inner)]) + inner
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), value)


@pytest.mark.parametrize(
    ("extension", "codes"),
    [
        (_statements("0.4.0.1862.1.6.2"), ()),  # declared as a seal
        (_statements("0.4.0.1862.1.6.1"), ("SIG-KEY_USAGE",)),  # declared as of a person
        (_policies("0.4.0.194112.1.3"), ()),  # qualified, of a legal person
        (_policies("0.4.0.194112.1.2"), ("SIG-KEY_USAGE",)),  # qualified, of a natural person
        (_policies("1.2.250.1.999.1"), ()),  # known as a seal of the RGS
        (_policies("1.2.250.1.999.2"), ("SIG-KEY_USAGE",)),  # known as a signature of the RGS
        (_policies("1.2.250.1.999.3"), ("SIG-KEY_USAGE",)),  # not known
    ],
)
def test_a_seal_may_bear_another_key_usage(key: rsa.RSAPrivateKey, extension, codes) -> None:
    """The key usage is *digitalSignature* alone."""
    known = [
        PolitiqueRgs(
            oid=f"1.2.250.1.999.{rank}",
            niveau=NiveauRgs.DEUX,
            usages=frozenset({usage}),
            emetteur="AC",
            source="essai",
        )
        for rank, usage in ((1, UsageRgs.CACHET), (2, UsageRgs.SIGNATURE))
    ]
    cert = certificate(key, non_repudiation=False, extensions=[extension])
    assert check_signer(cert, NOW, known).codes == codes


def test_a_seal_without_any_signing_usage_is_refused(key: rsa.RSAPrivateKey) -> None:
    builder = x509.CertificateBuilder(
        subject_name=certificate(key).subject,
        issuer_name=certificate(key).subject,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW + timedelta(days=1),
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(_statements("0.4.0.1862.1.6.2"), critical=False)
    cert = builder.sign(key, hashes.SHA256())
    assert check_signer(cert, NOW).codes == ("SIG-KEY_USAGE",)


UNIT, ORGANISATION = NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_IDENTIFIER


@pytest.mark.parametrize(
    ("said", "sirens"),
    [
        ([], set()),
        ([(UNIT, "0002 21990123800010")], {"219901238"}),
        ([(UNIT, "0002 219901238")], {"219901238"}),
        ([(UNIT, " 0002-21990123800010 ")], {"219901238"}),
        ([(UNIT, "Service des finances"), (UNIT, "0002 219901238")], {"219901238"}),
        ([(ORGANISATION, "NTRFR-219901238")], {"219901238"}),
        ([(ORGANISATION, "NTRFR-21990123800010")], {"219901238"}),
        ([(ORGANISATION, "SI:FR-219901238")], {"219901238"}),
        ([(ORGANISATION, "VATFR-07219901238")], {"219901238"}),
        (
            [(UNIT, "0002 219901238"), (ORGANISATION, "NTRFR-219904566")],
            {"219901238", "219904566"},
        ),
        ([(UNIT, "21990123800010")], set()),  # no code of a register: any number
        ([(UNIT, "0009 21990123800010")], set()),
        ([(UNIT, "0002 2199012380001")], set()),
        ([(UNIT, "0002 \u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661")], set()),
        ([(ORGANISATION, "NTRDE-219901238")], set()),
        ([(ORGANISATION, "NTRFR-219901238 ou 219904566")], set()),
    ],
)
def test_the_organisation_that_a_certificate_names(
    key: rsa.RSAPrivateKey, said: list[tuple[x509.ObjectIdentifier, str]], sirens: set[str]
) -> None:
    assert sirens_of(certificate(key, organisation=said)) == sirens


def test_a_certificate_of_another_authority(signer: KeyFileSigner) -> None:
    assert not check_organisation(signer.certificate, {"000000000", "219901238"})
    (fault,) = check_organisation(signer.certificate, {"000000000", "219904566"})
    assert (fault.code, fault.severity) == ("SIG-OTHER_AUTHORITY", Severity.BLOCKING)
    assert fault.params == {"holder": "Camille Dupré", "siren": "219901238"}


def test_a_certificate_that_names_no_authority_is_told(key: rsa.RSAPrivateKey) -> None:
    (fault,) = check_organisation(certificate(key), {"219901238"})
    assert (fault.code, fault.severity) == ("SIG-NO_AUTHORITY", Severity.WARNING)


def test_a_fingerprint_is_the_digest_of_the_certificate(signer: KeyFileSigner) -> None:
    der = signer.certificate.public_bytes(Encoding.DER)
    assert fingerprint(signer.certificate) == hashlib.sha256(der).hexdigest()


def test_the_first_certificate_of_a_file(pki: Pki) -> None:
    content = pki.maire.certificate.read_bytes()
    found = first_certificate(content)
    assert found is not None
    assert describe(found).holder == "Camille Dupré"
    assert (
        first_certificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") is None
    )
    assert first_certificate(b"") is None


@pytest.mark.parametrize(
    ("said", "personal"),
    [
        ([], False),
        ([(NameOID.ORGANIZATION_NAME, "Commune")], False),
        ([(NameOID.GIVEN_NAME, "Camille")], True),
        ([(NameOID.SURNAME, "Dupré")], True),
    ],
)
def test_a_person_has_a_name_of_their_own(
    key: rsa.RSAPrivateKey, said: list[tuple[x509.ObjectIdentifier, str]], personal: bool
) -> None:
    assert is_personal(certificate(key, organisation=said)) is personal
