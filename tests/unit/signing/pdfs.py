"""PDFs really signed, by pyHanko, with the keys of the test infrastructure."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from demat.sandbox.pki import Identity
from demat.signing.trust import TrustStore
from tests.unit.signing.factory import NOW

__all__ = [
    "StolenStamp",
    "grown",
    "p12_signer",
    "partly_signed",
    "sign_pdf",
    "stamp_pdf",
    "stamping_authority",
    "text_pdf",
]


def text_pdf(*pages: str) -> bytes:
    """Make a PDF with one page per text, always the same bytes for the same texts."""
    pdf = FPDF()
    pdf.set_creation_date(datetime.fromisoformat("2026-11-20T09:00:00+00:00"))
    pdf.set_font("Helvetica", size=12)
    for text in pages or ("Le conseil municipal fixe les tarifs.",):
        pdf.add_page()
        pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


class _DatedSigner(signers.PdfSigner):
    """Signs at a chosen time instead of now."""

    def __init__(self, *args: Any, at: datetime, **values: Any) -> None:
        self._at = at
        super().__init__(*args, **values)

    def init_signing_session(self, *args: Any, **values: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **values)
        session.system_time = self._at
        return session


def p12_signer(identity: Identity) -> signers.SimpleSigner:
    """Open the key of an identity for pyHanko."""
    found = signers.SimpleSigner.load_pkcs12(
        str(identity.p12), passphrase=identity.passphrase.encode()
    )
    assert found is not None
    return found


def sign_pdf(
    content: bytes,
    identity: Identity,
    at: datetime,
    *,
    field: str = "Signature1",
    stamper: TimeStamper | None = None,
    encrypted: bool = False,
    **options: Any,
) -> bytes:
    """Sign a PDF as PAdES, as an incremental update."""
    meta = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=options.pop("md_algorithm", "sha256"),
        subfilter=options.pop("subfilter", fields.SigSeedSubFilter.PADES),
        **options,
    )
    writer = IncrementalPdfFileWriter(BytesIO(content))
    if encrypted:  # by an owner only: it opens without password
        writer.encrypt("")
    signer = _DatedSigner(meta, p12_signer(identity), timestamper=stamper, at=at)
    made = signer.sign_pdf(writer)
    return bytes(made.getvalue())


@dataclass(frozen=True, kw_only=True)
class StampingAuthority:
    """A root, its revocation list, and the certificate of a time-stamping service."""

    root: x509.Certificate
    crl: x509.CertificateRevocationList
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def trusted_by(self, trust: TrustStore) -> TrustStore:
        """Return the same trust, and this authority."""
        return replace(
            trust,
            roots=(*trust.roots, self.root.public_bytes(Encoding.DER)),
            crls=(*trust.crls, self.crl.public_bytes(Encoding.DER)),
        )

    def stamper(self, at: datetime) -> DummyTimeStamper:
        """Return a service whose clock stands at an instant."""
        der = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return DummyTimeStamper(
            asn1.Certificate.load(self.certificate.public_bytes(Encoding.DER)),
            asn1_keys.PrivateKeyInfo.load(der),
            fixed_dt=at,
        )


def stamping_authority(*, usage: x509.ObjectIdentifier) -> StampingAuthority:
    """Make an authority that certifies a service for one extended usage."""
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AC d'horodatage fictive")])
    holder = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Horodatage fictif")])

    def made(subject: x509.Name, key: rsa.RSAPrivateKey, *, ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=3650))
            .not_valid_after(NOW + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        return builder.sign(keys[0], hashes.SHA256())

    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(NOW - timedelta(days=1))
        .next_update(NOW + timedelta(days=300))
        .sign(keys[0], hashes.SHA256())
    )
    return StampingAuthority(
        root=made(name, keys[0], ca=True),
        crl=crl,
        certificate=made(holder, keys[1], ca=False),
        key=keys[1],
    )


class StolenStamp(TimeStamper):
    """Gives the same token whatever is to be stamped."""

    def __init__(self, token: Any) -> None:
        super().__init__()
        self._token = token

    async def async_timestamp(self, *args: Any, **values: Any) -> Any:
        return self._token

    async def async_dummy_response(self, *args: Any, **values: Any) -> Any:
        return self._token

    async def async_request_tsa_response(self, req: Any) -> Any:
        raise NotImplementedError


def partly_signed(content: bytes, identity: Identity, at: datetime) -> bytes:
    """Sign a signed PDF again in place, leaving its last bytes out: the digest itself is right."""
    start = content.index(b"/ByteRange [") + len(b"/ByteRange [")
    numbers = content[start : content.index(b"]", start)]
    _, first, second, length = (int(one) for one in numbers.split())
    shorter = (b"0 %d %d %d" % (first, second, length - 20)).ljust(len(numbers))
    made = content.replace(numbers, shorter)
    signed = made[:first] + made[second : second + length - 20]
    signing = p12_signer(identity).async_sign(
        hashlib.sha256(signed).digest(),
        "sha256",
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=at),
    )
    value = asyncio.run(signing).dump().hex().encode()
    return made[: first + 1] + value.ljust(second - first - 2, b"0") + made[second - 1 :]


def stamp_pdf(content: bytes, stamper: TimeStamper) -> bytes:
    """Add a time-stamp on the whole document."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    made = signers.PdfTimeStamper(stamper).timestamp_pdf(writer, "sha256")
    return bytes(made.getvalue())


def grown(content: bytes, edit: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Add an incremental update to a PDF, as an editor does after the signature."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    edit(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
