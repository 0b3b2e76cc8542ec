"""A PDF that is really signed, before and after the stamp; pyHanko judges (actes §11 trap 25)."""

import io
from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from demat.actes.tampon import ReglageTampon, Tampon, stamp, stamp_warnings

TEXTE = Tampon(
    envoye=date(2024, 3, 15), recu=date(2024, 3, 16), id_acte="099-000000000-20240314-2024_012-DE"
)


@pytest.fixture(scope="module")
def signer() -> SimpleSigner:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maire de Saint-Exemple")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(5)
    builder = builder.not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2094, 1, 1, tzinfo=UTC))
    certificate = builder.public_key(key.public_key()).sign(key, hashes.SHA256())
    packed = pkcs12.serialize_key_and_certificates(b"maire", key, certificate, None, NoEncryption())
    loaded = SimpleSigner.load_pkcs12_data(packed, other_certs=[], passphrase=None)
    assert loaded is not None
    return loaded


def unsigned() -> bytes:
    writer = FPDF()
    writer.set_font("helvetica", size=12)
    writer.add_page()
    writer.cell(text="Le conseil municipal fixe les tarifs.")
    return bytes(writer.output())


def is_intact(content: bytes, signer: SimpleSigner) -> bool:
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    context = ValidationContext(trust_roots=[signer.signing_cert], allow_fetching=False)
    return bool(validate_pdf_signature(signature, context).intact)


def test_the_stamped_copy_of_a_signed_file_is_not_signed_any_more_and_it_is_said(
    signer: SimpleSigner,
) -> None:
    metadata = PdfSignatureMetadata(field_name="Signature1")
    writer = IncrementalPdfFileWriter(io.BytesIO(unsigned()))
    signed = sign_pdf(writer, metadata, signer=signer).getvalue()
    assert is_intact(signed, signer)
    assert stamp_warnings(signed).codes == ("ACT-TAMPON_SIGNED",)
    assert not is_intact(stamp(signed, TEXTE, ReglageTampon()), signer)
    assert stamp_warnings(unsigned()).codes == ()
