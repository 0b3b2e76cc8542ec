"""Documents, certificates and forgeries for the tests of signatures."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from demat.faults import Fault
from demat.labels_fr.signing import LABELS
from demat.signing.algorithms import DIGESTS, DS, SHA256, canonical
from demat.signing.keys import KeyFileSigner, Signer
from demat.signing.policy import SignatureOptions
from demat.signing.xades import sign_elements

NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
OPTIONS = SignatureOptions(
    role="Maire", city="Saint-Exemple-lès-Fiction", postal_code="99123", country="France"
)
NAMESPACE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
SIGNATURE = f"{{{DS}}}Signature"


def document(count: int = 1, *, encoding: str = "ISO-8859-1") -> bytes:
    """Return a document shaped like a PES, with bordereaux B1, B2… and accents."""
    bordereaux = "".join(
        f'<Bordereau Id="B{rank}">\n   <BlocBordereau><Objet V="Élagage n°{rank}"/>'
        f"</BlocBordereau>\n   <!-- reçu --><Piece><IdPce V='{rank}'/></Piece>\n  </Bordereau>\n  "
        for rank in range(1, count + 1)
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        f'<n:PES_Aller xmlns:n="{NAMESPACE}" xmlns:unused="urn:x" Id="P1">\r\n'
        f" <PES_DepenseAller>\n  {bordereaux}</PES_DepenseAller>\n</n:PES_Aller>\n"
    )
    return text.encode(encoding)


def plain_document(count: int = 1, *, encoding: str = "ISO-8859-1") -> bytes:
    """Return such a document, written as most programs do: its bordereaux need no parser."""
    bordereaux = "".join(
        f'<Bordereau Id="B{rank}">\n   <BlocBordereau>\n    <Objet V="Élagage n°{rank}"/>\n'
        f'   </BlocBordereau>\n   <Piece><IdPce V="{rank}" /><Note>a &amp; b</Note></Piece>\n'
        "  </Bordereau>\n  "
        for rank in range(1, count + 1)
    )
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<n:PES_Aller xmlns:n="{NAMESPACE}" Id="P1">'
        f"\n <PES_DepenseAller>\n  {bordereaux}</PES_DepenseAller>\n</n:PES_Aller>\n"
    ).encode(encoding)


def signed(signer: Signer, count: int = 1, ids: Sequence[str] | None = None) -> bytes:
    """Return such a document, all of its bordereaux signed unless ``ids`` says otherwise."""
    chosen = [f"B{rank}" for rank in range(1, count + 1)] if ids is None else ids
    return sign_elements(document(count), chosen, signer=signer, options=OPTIONS, at=NOW)


def forge(content: bytes, signer: KeyFileSigner, edit: Callable[[etree._Element], None]) -> bytes:
    """Edit the first signature, then make its properties digest and its value right again.

    The result is what a forger who owns a good certificate can make: only the rules of decision 16
    can refuse it.
    """
    root = etree.fromstring(content)
    signature = next(root.iter(SIGNATURE))
    edit(signature)
    for properties in signature.iter("{*}SignedProperties"):
        for reference in signature.iter(f"{{{DS}}}Reference"):
            if reference.get("URI") == f"#{properties.get('Id')}":
                digest = DIGESTS[SHA256].digest(canonical(properties))
                reference.find(f"{{{DS}}}DigestValue").text = _base64(digest)
    signed_info = signature.find(f"{{{DS}}}SignedInfo")
    if signed_info is not None:
        value = _base64(signer.sign(canonical(signed_info)))
        signature.find(f"{{{DS}}}SignatureValue").text = value
    return etree.tostring(root, encoding="ISO-8859-1", xml_declaration=True)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def seal(content: bytes, signer: KeyFileSigner) -> bytes:
    """Add a signature on the root of a signed document, as a platform does with its own seal."""
    root = etree.fromstring(content)
    alone = etree.fromstring(signed(signer, ids=["P1"]))
    signature = alone[-1]
    reference = signature.find(f".//{{{DS}}}DigestValue")
    reference.text = _base64(DIGESTS[SHA256].digest(canonical(root)))
    signed_info = signature.find(f"{{{DS}}}SignedInfo")
    value = _base64(signer.sign(canonical(signed_info)))
    signature.find(f"{{{DS}}}SignatureValue").text = value
    root.append(signature)
    return etree.tostring(root)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    days: tuple[int, int] = (-10, 10),
    non_repudiation: bool | None = True,
    name: str = "Camille Dupré",
    issuer: x509.Name | None = None,
    issuer_key: rsa.RSAPrivateKey | None = None,
    authority: bool = False,
    serial: int = 4242,
    extensions: Sequence[x509.ExtensionType] = (),
    organisation: Sequence[tuple[x509.ObjectIdentifier, str]] = (),
) -> x509.Certificate:
    """Return a certificate, self-signed unless an issuer is given.

    :param organisation: what the subject says of the holder's organisation.
    """
    named = [*organisation, (NameOID.COMMON_NAME, name)]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in named])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if non_repudiation is not None:
        builder = builder.add_extension(_key_usage(non_repudiation, authority), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


def _key_usage(non_repudiation: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not non_repudiation,
        content_commitment=non_repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def sentence(fault: Fault) -> str:
    """Return the French sentence of a fault; every value that it needs must be there."""
    return LABELS[fault.code].sentence.format(**fault.params)
