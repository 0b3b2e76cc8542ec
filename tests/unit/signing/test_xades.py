"""Signing: the structure of helios dossier §7.4, and not one other byte changed."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from demat.faults import FaultError
from demat.sandbox.pki import Pki
from demat.signing.algorithms import DS
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.policy import HELIOS_1_7, SignatureOptions
from demat.signing.xades import sign_elements, sign_stream
from tests.unit.signing.factory import (
    NAMESPACE,
    NOW,
    OPTIONS,
    SIGNATURE,
    certificate,
    document,
    sentence,
    signed,
)

# helios dossier §7.4: every element with its attributes; what varies is written as its length
EXPECTED = """\
ds:Signature Id=B1_SIG_1
 ds:SignedInfo
  ds:CanonicalizationMethod Algorithm=http://www.w3.org/2001/10/xml-exc-c14n#
  ds:SignatureMethod Algorithm=http://www.w3.org/2001/04/xmldsig-more#rsa-sha256
  ds:Reference URI=#B1
   ds:Transforms
    ds:Transform Algorithm=http://www.w3.org/2000/09/xmldsig#enveloped-signature
    ds:Transform Algorithm=http://www.w3.org/2001/10/xml-exc-c14n#
   ds:DigestMethod Algorithm=http://www.w3.org/2001/04/xmlenc#sha256
   ds:DigestValue 44 letters
  ds:Reference Type=http://uri.etsi.org/01903/{version}#SignedProperties URI=#B1_SIG_1_SP
   ds:Transforms
    ds:Transform Algorithm=http://www.w3.org/2001/10/xml-exc-c14n#
   ds:DigestMethod Algorithm=http://www.w3.org/2001/04/xmlenc#sha256
   ds:DigestValue 44 letters
 ds:SignatureValue Id=B1_SIG_1_SV 344 letters
 ds:KeyInfo Id=B1_SIG_1_KI
  ds:X509Data
   ds:X509Certificate {certificate} letters
 ds:Object Id=B1_SIG_1_QI
  xad:QualifyingProperties Target=#B1_SIG_1
   xad:SignedProperties Id=B1_SIG_1_SP
    xad:SignedSignatureProperties
     xad:SigningTime « 2026-11-20T09:30:15Z »
     xad:SigningCertificate
      xad:Cert
       xad:CertDigest
        xad:DigestMethod Algorithm=http://www.w3.org/2001/04/xmlenc#sha256
        xad:DigestValue 44 letters
       xad:IssuerSerial
        ds:X509IssuerName « CN=AC fille de démonstration,O=Autorité fictive de demat,C=FR »
        ds:X509SerialNumber « {serial} »
     xad:SignaturePolicyIdentifier
      xad:SignaturePolicyId
       xad:SigPolicyId
        xad:Identifier « urn:oid:1.2.250.1.131.1.5.18.21.1.7 »
        xad:Description « Politique de signature Helios de la DGFiP »
       xad:SigPolicyHash
        xad:DigestMethod Algorithm=http://www.w3.org/2001/04/xmlenc#sha256
        xad:DigestValue « roF9+cfRHNPtVJolhdqfIqGMVuUXX8aR4rpiquf0u5E= »
       xad:SigPolicyQualifiers
        xad:SigPolicyQualifier
         xad:SPURI « {spuri} »
     xad:SignatureProductionPlace
      xad:City « Saint-Exemple-lès-Fiction »
      xad:PostalCode « 99123 »
      xad:CountryName « France »
     xad:SignerRole
      xad:ClaimedRoles
       xad:ClaimedRole « Maire »
"""


def _outline(node: etree._Element, depth: int = 0) -> str:
    prefix = {DS: "ds"}.get(etree.QName(node).namespace or "", "xad")
    attributes = "".join(f" {name}={value}" for name, value in sorted(node.attrib.items()))
    text = node.text or ""
    secret = len(text) > 40 and " " not in text and ":" not in text and text[:4] != "roF9"
    shown = f" {len(text)} letters" if secret and not text.isdigit() else f" « {text} »"
    line = f"{' ' * depth}{prefix}:{etree.QName(node).localname}{attributes}{shown if text else ''}"
    return "".join([f"{line}\n", *(_outline(child, depth + 1) for child in node)])


def _expected(version: str) -> str:
    """Since v1.3.2 XAdES takes its digests from XMLDSig."""
    if version != "v1.3.2":
        return EXPECTED
    return EXPECTED.replace("xad:Digest", "ds:Digest")


@pytest.mark.parametrize("version", ["v1.1.1", "v1.2.2", "v1.3.2"])
def test_structure_of_a_signed_bordereau(signer: KeyFileSigner, version) -> None:
    options = replace(OPTIONS, namespace=version)
    root = etree.fromstring(
        sign_elements(document(), ["B1"], signer=signer, options=options, at=NOW)
    )
    bordereau = root.find(".//Bordereau")
    signature = bordereau[-1]
    der = signer.certificate.public_bytes(Encoding.DER)
    shown = {
        "version": version,
        "certificate": len(base64.b64encode(der)),
        "serial": signer.certificate.serial_number,
        "spuri": HELIOS_1_7.spuri,
    }
    assert _outline(signature) == _expected(version).format(**shown)
    namespaces = {etree.QName(node).namespace for node in signature.iter()}
    assert namespaces == {DS, f"http://uri.etsi.org/01903/{version}#"}
    digest = signature.findtext(".//{*}CertDigest/{*}DigestValue")
    assert digest == base64.b64encode(hashlib.sha256(der).digest()).decode()


def test_signing_does_not_change_any_other_byte(signer: KeyFileSigner) -> None:
    content = document(3)
    result = signed(signer, 3)
    assert result.isascii() is False
    assert _without_signatures(result) == content
    for rank in (1, 2, 3):  # right before the end tag, without any blank between
        assert f'Id="B{rank}_SIG_1"'.encode() in result
    assert result.count(b"</ds:Signature></Bordereau>") == 3


def _without_signatures(content: bytes) -> bytes:
    start, end = b"<ds:Signature ", b"</ds:Signature>"
    while start in content:
        first = content.index(start)
        content = content[:first] + content[content.index(end) + len(end) :]
    return content


TEXT = st.text(
    st.characters(codec="latin-1", exclude_characters="<&>\"'", exclude_categories=["Cc"]),
    max_size=12,
)
PIECE = st.one_of(
    TEXT,
    TEXT.map(lambda text: f"<A V='{text}'/>"),
    TEXT.map(lambda text: f'<Bordereau\n\tV = "{text}" >{text}</Bordereau >'),
    st.sampled_from(["<![CDATA[</Bordereau>]]>", "<!-- </Bordereau> é -->", "<?pi </Bordereau>?>"]),
    st.sampled_from(["\r\n", "\r", "\t", "&#233;", "&lt;/Bordereau&gt;", '<X V="a&#10;b"/>']),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(st.lists(PIECE, min_size=1, max_size=6), min_size=1, max_size=4),
    encoding=st.sampled_from(["ISO-8859-1", "UTF-8"]),
)
def test_splicing_whatever_the_document(signer: KeyFileSigner, pieces, encoding) -> None:
    inside = "".join(
        f"<Bordereau Id='é{rank}'>x{''.join(parts)}</Bordereau\n>"
        for rank, parts in enumerate(pieces)
    )
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    content = f"{head}<n:PES_Aller xmlns:n='{NAMESPACE}'><D>{inside}</D></n:PES_Aller>".encode(
        encoding
    )
    ids = [f"é{rank}" for rank in range(len(pieces))]
    result = sign_elements(content, ids, signer=signer, options=OPTIONS, at=NOW)
    assert _without_signatures(result) == content
    streamed = BytesIO()
    sign_stream(BytesIO(content), streamed, ids, signer=signer, options=OPTIONS, at=NOW)
    assert streamed.getvalue() == result
    root = etree.fromstring(result)
    parents = [node.getparent() for node in root.iter(SIGNATURE)]
    assert [parent.get("Id") for parent in parents] == ids
    assert all(parent[-1].tag == SIGNATURE for parent in parents)


def test_a_global_signature_goes_last_in_the_root(signer: KeyFileSigner) -> None:
    result = signed(signer, 2, ids=["P1"])
    root = etree.fromstring(result)
    assert [node.getparent().get("Id") for node in root.iter(SIGNATURE)] == ["P1"]
    assert root[-1].tag == SIGNATURE
    assert _without_signatures(result) == document(2)


def test_optional_place_may_be_left_out(signer: KeyFileSigner) -> None:
    options = SignatureOptions(role="Maire", country="")
    result = sign_elements(document(), ["B1"], signer=signer, options=options, at=NOW)
    assert b"SignatureProductionPlace" not in result


def test_signing_time_is_utc(signer: KeyFileSigner) -> None:
    at = datetime.fromisoformat("2026-11-20T00:30:00.9+01:00")
    result = sign_elements(document(), ["B1"], signer=signer, options=OPTIONS, at=at)
    assert b"SigningTime>2026-11-19T23:30:00Z<" in result


def test_ids_of_the_signature_are_new_in_the_document(signer: KeyFileSigner) -> None:
    content = document().replace(b"<Piece>", b'<Piece ID="B1_SIG_1_SV">')
    result = sign_elements(content, ["B1"], signer=signer, options=OPTIONS, at=NOW)
    assert b'Id="B1_SIG_2"' in result


@pytest.mark.parametrize(
    ("content", "ids", "code"),
    [
        (document(), [], "SIG-NOTHING_TO_SIGN"),
        (document(), ["B9"], "SIG-NO_ELEMENT"),
        (document(), ["B1", "B1"], "SIG-DUPLICATE_ID"),
        (document(2).replace(b'"B2"', b'"B1"'), ["B1"], "SIG-DUPLICATE_ID"),
        (document().replace(b"<Piece>", b'<Piece id="B1">'), ["B1"], "SIG-DUPLICATE_ID"),
        (document().replace(b'"B1"', b'"1B"'), ["1B"], "SIG-BAD_ID"),
        (document(), ["P1", "B1"], "SIG-NESTED"),
        (document(), ["B1", "P1"], "SIG-NESTED"),
        (b'<r><Bordereau Id="B1"/></r>', ["B1"], "SIG-EMPTY_ELEMENT"),
        (document().decode("latin-1").replace("ISO-8859-1", "UTF-16").encode("utf-16"), ["B1"],
         "SIG-ENCODING"),
        (b"<!DOCTYPE r><r Id='B1'>x</r>", ["B1"], "XML-DTD"),
        (b"<r><b Id='B1'><n:x xmlns:n='relatif'/></b></r>", ["B1"], "SIG-CANONICAL"),
    ],
)  # fmt: skip
def test_what_cannot_be_signed(signer: KeyFileSigner, content, ids, code) -> None:
    with pytest.raises(FaultError) as caught:
        sign_elements(content, ids, signer=signer, options=OPTIONS, at=NOW)
    assert caught.value.faults.codes == (code,)
    if code.startswith("SIG"):
        assert sentence(next(iter(caught.value.faults)))


@pytest.mark.parametrize(("before", "then"), [(["B1"], "B1"), (["B1"], "P1"), (["P1"], "B1")])
def test_signed_once_only(signer: KeyFileSigner, before, then) -> None:
    content = signed(signer, ids=before)
    with pytest.raises(FaultError) as caught:
        sign_elements(content, [then], signer=signer, options=OPTIONS, at=NOW)
    assert caught.value.faults.codes == ("SIG-ALREADY_SIGNED",)


def test_a_second_bordereau_may_be_signed_later(signer: KeyFileSigner) -> None:
    once = signed(signer, 2, ids=["B1"])
    twice = sign_elements(once, ["B2"], signer=signer, options=OPTIONS, at=NOW)
    assert twice == signed(signer, 2)


def test_the_certificate_must_be_able_to_sign(pki: Pki, signer: KeyFileSigner) -> None:
    expired = load_pkcs12(pki.expired.p12.read_bytes(), pki.expired.passphrase, name="x")
    client = load_pkcs12(pki.client.p12.read_bytes(), pki.client.passphrase, name="x")
    early = NOW - timedelta(days=4000)
    for wrong, at, code in [
        (expired, NOW, "SIG-EXPIRED"),
        (signer, early, "SIG-NOT_YET_VALID"),
        (client, NOW, "SIG-KEY_USAGE"),
    ]:
        with pytest.raises(FaultError) as caught:
            sign_elements(document(), ["B1"], signer=wrong, options=OPTIONS, at=at)
        assert caught.value.faults.codes == (code,)


def test_a_key_that_is_not_the_certificates_is_noticed(
    signer: KeyFileSigner, key: rsa.RSAPrivateKey
) -> None:
    wrong = replace(signer, key=key)
    with pytest.raises(FaultError) as caught:
        sign_elements(document(), ["B1"], signer=wrong, options=OPTIONS, at=NOW)
    assert caught.value.faults.codes == ("SIG-KEY_MISMATCH",)


def test_a_policy_that_is_over_is_not_referred_to(signer: KeyFileSigner) -> None:
    options = replace(OPTIONS, policy=replace(HELIOS_1_7, ended=date(2026, 11, 19)))
    with pytest.raises(FaultError) as caught:
        sign_elements(document(), ["B1"], signer=signer, options=options, at=NOW)
    assert caught.value.faults.codes == ("SIG-POLICY_DATE",)
    assert "n'est pas en vigueur le 20/11/2026" in sentence(next(iter(caught.value.faults)))
    last_evening = datetime(2026, 11, 19, 22, 59, tzinfo=UTC)  # 23 h 59 in Paris
    assert sign_elements(document(), ["B1"], signer=signer, options=options, at=last_evening)


def test_any_signer_will_do(key: rsa.RSAPrivateKey) -> None:
    """A token or a remote service only has to offer the three members of the interface."""

    class Remote:
        certificate: x509.Certificate = certificate(key)
        chain: tuple[x509.Certificate, ...] = ()

        def sign(self, data: bytes) -> bytes:
            return KeyFileSigner(certificate=self.certificate, chain=(), key=key).sign(data)

    result = sign_elements(document(), ["B1"], signer=Remote(), options=OPTIONS, at=NOW)
    assert b"<ds:X509IssuerName>CN=Camille Dupr&#233;</ds:X509IssuerName>" in result
