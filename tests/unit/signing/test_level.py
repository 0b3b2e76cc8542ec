"""What a certificate says of its own strength."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from demat.signing.level import NiveauCertificat, level_of
from demat.signing.rgs import NiveauRgs, PolitiqueRgs, UsageRgs
from tests.unit.engine.conftest import START

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
QC = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
COMPLIANCE = bytes.fromhex("3008060604008e460101")
DEVICE = bytes.fromhex("3008060604008e460104")


def certificate(*, policy: str = "", statements: bytes = b"", issuer: str = "AC FICTIVE") -> bytes:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(name("CLAIRE TEMOIN"))
        .issuer_name(name(issuer))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=30))
    )
    if policy:
        known = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in policy.split()]
        builder = builder.add_extension(x509.CertificatePolicies(known), critical=False)
    if statements:
        content = b"\x30" + bytes([len(statements)]) + statements
        builder = builder.add_extension(x509.UnrecognizedExtension(QC, content), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("content", "level"),
    [
        (certificate(), NiveauCertificat.INCONNU),
        (certificate(policy="1.2.250.1.99.1"), NiveauCertificat.INCONNU),
        (certificate(policy="0.4.0.2042.1.2"), NiveauCertificat.AVANCE),
        (certificate(policy="0.4.0.194112.1.0"), NiveauCertificat.QUALIFIE),
        (certificate(policy="0.4.0.194112.1.2"), NiveauCertificat.QUALIFIE_SUPPORT),
        (certificate(statements=COMPLIANCE), NiveauCertificat.QUALIFIE),
        (certificate(statements=COMPLIANCE + DEVICE), NiveauCertificat.QUALIFIE_SUPPORT),
        (certificate(statements=DEVICE), NiveauCertificat.INCONNU),
        (certificate(issuer="Signature Helios Finances Publiques"), NiveauCertificat.DGFIP),
        (b"ceci n'est pas un certificat", NiveauCertificat.INCONNU),
    ],
)
def test_a_certificate_states_its_level(content: bytes, level: NiveauCertificat) -> None:
    assert level_of(content) is level


def test_a_level_is_told_in_words() -> None:
    assert NiveauCertificat.QUALIFIE.libelle == "qualifié eIDAS"


def politique(oid: str, niveau: str) -> PolitiqueRgs:
    return PolitiqueRgs(
        oid=oid,
        niveau=NiveauRgs(niveau),
        usages=frozenset({UsageRgs.SIGNATURE}),
        emetteur="AC FICTIVE",
        source="essai",
    )


@pytest.mark.parametrize(
    ("oid", "level"),
    [
        ("1.2.250.1.999.1", NiveauCertificat.RGS_UNE),
        ("1.2.250.1.999.2", NiveauCertificat.RGS_DEUX),
        ("1.2.250.1.999.3", NiveauCertificat.RGS_TROIS),
        ("1.2.250.1.999.1 1.2.250.1.999.3", NiveauCertificat.RGS_TROIS),
        ("1.2.250.1.999.4", NiveauCertificat.INCONNU),
        ("0.4.0.194112.1.2", NiveauCertificat.QUALIFIE_SUPPORT),
    ],
)
def test_the_level_of_the_rgs_is_that_of_a_known_policy(oid: str, level) -> None:
    known = [politique(f"1.2.250.1.999.{rank}", "*" * rank) for rank in (1, 2, 3)]
    assert level_of(certificate(policy=oid), known) is level


def test_the_level_of_the_rgs_comes_before_what_else_is_stated() -> None:
    known = [politique("1.2.250.1.999.2", "**")]
    content = certificate(policy="1.2.250.1.999.2", statements=COMPLIANCE)
    assert level_of(content, known) is NiveauCertificat.RGS_DEUX
    assert level_of(content) is NiveauCertificat.QUALIFIE
    assert NiveauCertificat.RGS_DEUX.libelle == "RGS **"
