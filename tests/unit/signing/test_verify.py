"""Verification: what is accepted, and every known way of making a signature lie."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from demat.faults import FaultError, Severity
from demat.sandbox.pki import Pki
from demat.signing.algorithms import DS, EXCLUSIVE, SHA1, canonical
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.trust import TrustStore
from demat.signing.verify import SignatureReport, Verdict, overall, verify
from demat.signing.xades import sign_elements
from tests.unit.signing.factory import (
    NOW,
    OPTIONS,
    SIGNATURE,
    certificate,
    document,
    forge,
    seal,
    sentence,
    signed,
)


def _only(content: bytes, trust: TrustStore) -> SignatureReport:
    reports = verify(content, trust=trust)
    for report in reports:
        for fault in report.reasons:
            assert fault.params["element"]
            assert sentence(fault)
    assert len(reports) == 1
    return reports[0]


def test_a_good_signature(signer: KeyFileSigner, trust: TrustStore) -> None:
    assert _only(signed(signer), trust) == SignatureReport(
        element="Bordereau",
        element_id="B1",
        line=4,
        verdict=Verdict.ACCEPTED,
        reasons=type(_only(signed(signer), trust).reasons)(),
        signer="Camille Dupré",
        issuer="AC fille de démonstration",
        serial=str(signer.certificate.serial_number),
        signing_time=datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC),
        policy="urn:oid:1.2.250.1.131.1.5.18.21.1.7",
        role="Maire",
        covered=True,
        digests_correct=True,
        value_correct=True,
        chain=Verdict.ACCEPTED,
        certificate=signer.certificate.public_bytes(Encoding.DER),
    )


@pytest.mark.parametrize("namespace", ["v1.1.1", "v1.2.2"])
@pytest.mark.parametrize("ids", [["B1", "B2", "B3"], ["P1"]])
def test_both_modes_in_both_namespaces(signer, trust, namespace, ids) -> None:
    options = replace(OPTIONS, namespace=namespace)
    content = sign_elements(document(3), ids, signer=signer, options=options, at=NOW)
    reports = verify(content, trust=trust)
    assert [report.element_id for report in reports] == ids
    assert overall(reports) is Verdict.ACCEPTED


def test_two_hundred_bordereaux(signer: KeyFileSigner, trust: TrustStore) -> None:
    reports = verify(signed(signer, 200), trust=trust)
    assert [report.element_id for report in reports] == [f"B{n}" for n in range(1, 201)]
    assert {report.verdict for report in reports} == {Verdict.ACCEPTED}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        # one letter, attribute, element or piece of text of the signed element
        ("Élagage", "Élavage", "SIG-DIGEST"),
        ("<IdPce V='1'/>", "<IdPce V='2'/>", "SIG-DIGEST"),
        ("</Piece>", "</Piece> ", "SIG-DIGEST"),
        ("<Piece>", "<Piece><X/>", "SIG-DIGEST"),
        ("<Piece>", "<Piece Id='Q'>", "SIG-DIGEST"),
        ("</ds:Signature>", "</ds:Signature> ", "SIG-DIGEST"),
        # what the signatory stated
        ("ClaimedRole>Maire", "ClaimedRole>Préfet", "SIG-PROPERTIES_DIGEST"),
        ("2026-11-20T09", "2026-11-20T08", "SIG-PROPERTIES_DIGEST"),
        (">99123<", ">99124<", "SIG-PROPERTIES_DIGEST"),
    ],
)
def test_one_changed_byte_fails(signer, trust, old: str, new: str, code: str) -> None:
    content = signed(signer)
    changed = content.replace(old.encode("latin-1"), new.encode("latin-1"), 1)
    assert changed != content
    report = _only(changed, trust)
    assert report.verdict is Verdict.REFUSED
    assert report.reasons.codes == (code,)
    assert (report.digests_correct, report.value_correct) == (False, True)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_byte_is_changed(signer: KeyFileSigner, trust: TrustStore, data) -> None:
    """No change to a byte goes through unless the signed element still says the same."""
    content = signed(signer)
    place = data.draw(st.integers(content.index(b"<Bordereau"), content.index(b"</n:PES_Aller")))
    byte = data.draw(st.integers(0, 255))
    changed = content[:place] + bytes([byte]) + content[place + 1 :]
    try:
        verdict = overall(verify(changed, trust=trust))
    except FaultError:  # no longer a document: no verdict either
        return
    if verdict is Verdict.ACCEPTED:
        assert _said(changed) == _said(content)


def _said(content: bytes) -> list[bytes]:
    """Return the canonical forms of the bordereaux, signatures left out."""
    root = etree.fromstring(content)
    for node in list(root.iter(SIGNATURE)):
        node.getparent().replace(node, etree.Comment(""))
    return [canonical(node) for node in root.iter("Bordereau")]


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography's remarks on odd names
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 900), byte=st.integers(0, 255))
def test_whatever_byte_of_the_certificate_is_changed(signer, trust, place, byte) -> None:
    der = bytearray(signer.certificate.public_bytes(Encoding.DER))
    same = der[place] == byte
    der[place] = byte
    report = _only(forge(signed(signer), signer, _replace_certificate(bytes(der))), trust)
    assert (report.verdict is Verdict.ACCEPTED) is same


def test_what_is_not_signed_may_change(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer, 2)
    for old, new in [
        (b"<!-- re\xe7u -->", b"<!-- lu -->"),
        (b"<PES_DepenseAller>", b"<PES_DepenseAller>  "),
        (b"<IdPce V='1'/>", b'<IdPce  V="1"></IdPce>'),
    ]:
        assert overall(verify(content.replace(old, new), trust=trust)) is Verdict.ACCEPTED


@pytest.mark.parametrize("part", ["SignatureValue", "DigestValue"])
def test_a_changed_value_fails(signer, trust, part: str) -> None:
    content = signed(signer)
    found = re.search(rf"<ds:{part}[^>]*>(.)".encode(), content)
    assert found is not None
    other = b"A" if found.group(1) != b"A" else b"B"
    changed = content[: found.start(1)] + other + content[found.end(1) :]
    report = _only(changed, trust)
    assert report.verdict is Verdict.REFUSED
    assert "SIG-VALUE" in report.reasons.codes  # a digest is under the value too
    assert not report.value_correct


def _set(path: str, **attributes: str):
    def edit(signature: etree._Element) -> None:
        node = signature.find(path.replace("ds:", f"{{{DS}}}"))
        for name, value in attributes.items():
            node.set(name, value)

    return edit


def _drop(path: str):
    def edit(signature: etree._Element) -> None:
        node = signature.find(path.replace("ds:", f"{{{DS}}}"))
        node.getparent().remove(node)

    return edit


def _double(path: str):
    def edit(signature: etree._Element) -> None:
        node = signature.find(path.replace("ds:", f"{{{DS}}}"))
        copy = etree.fromstring(etree.tostring(node, with_tail=False))
        for inner in copy.iter():
            inner.attrib.pop("Id", None)
        node.addnext(copy)

    return edit


def _text(path: str, text: str):
    def edit(signature: etree._Element) -> None:
        signature.find(path.replace("ds:", f"{{{DS}}}")).text = text

    return edit


def _transform(algorithm: str, inner: str = ""):
    def edit(signature: etree._Element) -> None:
        chain = signature.find(f"{{{DS}}}SignedInfo/{{{DS}}}Reference/{{{DS}}}Transforms")
        node = etree.SubElement(chain, f"{{{DS}}}Transform", Algorithm=algorithm)
        if inner:
            node.append(etree.fromstring(inner))

    return edit


def _prefixes(path: str):
    def edit(signature: etree._Element) -> None:
        node = signature.find(path.replace("ds:", f"{{{DS}}}"))
        etree.SubElement(node, f"{{{EXCLUSIVE}}}InclusiveNamespaces", PrefixList="n")

    return edit


FIRST = "ds:SignedInfo/ds:Reference"
SECOND = "ds:SignedInfo/ds:Reference[2]"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        # another target: nothing, the whole file, another element, a file, the properties twice
        (_set(FIRST, URI=""), "SIG-REFERENCE"),
        (_set(FIRST, URI="#P1"), "SIG-REFERENCE"),
        (_set(FIRST, URI="#xpointer(/)"), "SIG-REFERENCE"),
        (_set(FIRST, URI="http://exemple.invalid/a.xml"), "SIG-REFERENCE"),
        (_set(FIRST, URI="file:///etc/hostname"), "SIG-REFERENCE"),
        (_set(FIRST, URI="#B1_SIG_1_SP"), "SIG-REFERENCE"),
        (_set(SECOND, URI="#B1"), "SIG-REFERENCE"),
        (_set(SECOND, URI="#B1_SIG_1_QI"), "SIG-REFERENCE"),
        (_set(SECOND, Type="urn:x"), "SIG-REFERENCE"),
        (_drop(SECOND), "SIG-REFERENCES"),
        (_drop(FIRST), "SIG-REFERENCES"),
        (_double(FIRST), "SIG-REFERENCES"),
        # transforms
        (_transform("http://www.w3.org/TR/1999/REC-xpath-19991116",
                    f'<XPath xmlns="{DS}">1=0</XPath>'), "SIG-TRANSFORM"),
        (_transform("http://www.w3.org/TR/1999/REC-xslt-19991116",
                    '<x xmlns="http://www.w3.org/1999/XSL/Transform"/>'), "SIG-TRANSFORM"),
        (_transform("http://www.w3.org/2002/06/xmldsig-filter2"), "SIG-TRANSFORM"),
        (_transform("urn:inconnu"), "SIG-TRANSFORM"),
        (_transform(EXCLUSIVE), "SIG-TRANSFORM"),
        (_set(FIRST + "/ds:Transforms/ds:Transform[2]", Algorithm=C14N), "SIG-TRANSFORM"),
        (_set(SECOND + "/ds:Transforms/ds:Transform", Algorithm=C14N), "SIG-TRANSFORM"),
        (_prefixes(FIRST + "/ds:Transforms/ds:Transform[2]"), "SIG-TRANSFORM"),
        (_drop(FIRST + "/ds:Transforms/ds:Transform"), "SIG-TRANSFORM"),
        (_drop(SECOND + "/ds:Transforms"), "SIG-STRUCTURE"),
        # algorithms
        (_set("ds:SignedInfo/ds:CanonicalizationMethod", Algorithm=C14N), "SIG-ALGORITHM"),
        (_prefixes("ds:SignedInfo/ds:CanonicalizationMethod"), "SIG-ALGORITHM"),
        (_set("ds:SignedInfo/ds:SignatureMethod", Algorithm=DS + "hmac-sha1"), "SIG-ALGORITHM"),
        (_set(FIRST + "/ds:DigestMethod", Algorithm="urn:md5"), "SIG-ALGORITHM"),
        # pieces missing, doubled or unreadable
        (_double("ds:SignatureValue"), "SIG-STRUCTURE"),
        (_drop("ds:KeyInfo"), "SIG-STRUCTURE"),
        (_double("ds:KeyInfo"), "SIG-STRUCTURE"),
        (_double(FIRST + "/ds:DigestValue"), "SIG-STRUCTURE"),
        (_drop("ds:KeyInfo/ds:X509Data"), "SIG-CERTIFICATE"),
        (_text("ds:KeyInfo/ds:X509Data/ds:X509Certificate", "AAAA"), "SIG-CERTIFICATE"),
        (_text("ds:KeyInfo/ds:X509Data/ds:X509Certificate", "%%"), "SIG-BASE64"),
        (_text(FIRST + "/ds:DigestValue", "é"), "SIG-BASE64"),
        (_text(FIRST + "/ds:DigestValue", ""), "SIG-BASE64"),
        (_drop("ds:Object"), "SIG-PROPERTIES"),
        (_double("ds:Object"), "SIG-PROPERTIES"),
        (_double("ds:Object/{*}QualifyingProperties"), "SIG-PROPERTIES"),
        (_drop("ds:Object/{*}QualifyingProperties/{*}SignedProperties"), "SIG-STRUCTURE"),
        (_set("ds:Object/{*}QualifyingProperties", Target="#autre"), "SIG-TARGET"),
        # what the policy wants under the signature
        (_drop(".//{*}SigningTime"), "SIG-NO_TIME"),
        (_text(".//{*}SigningTime", "2026-11-20T10:30:15+01:00"), "SIG-TIME"),
        (_text(".//{*}SigningTime", "2026-11-20T10:30:15"), "SIG-TIME"),
        (_text(".//{*}SigningTime", "2026-13-20T10:30:15Z"), "SIG-TIME"),
        (_text(".//{*}SigningTime", "20261120T103015Z"), "SIG-TIME"),
        (_drop(".//{*}SigningCertificate"), "SIG-NO_SIGNING_CERTIFICATE"),
        (_double(".//{*}SigningCertificate/{*}Cert"), "SIG-NO_SIGNING_CERTIFICATE"),
        (_set(".//{*}CertDigest/{*}DigestMethod", Algorithm="urn:x"), "SIG-NO_SIGNING_CERTIFICATE"),
        (_text(".//{*}CertDigest/{*}DigestValue", "AAAA"), "SIG-CERT_DIGEST"),
        (_text(".//{*}IssuerSerial/ds:X509SerialNumber", "1"), "SIG-ISSUER_SERIAL"),
        (_text(".//{*}IssuerSerial/ds:X509IssuerName", "CN=Autre"), "SIG-ISSUER_SERIAL"),
        (_drop(".//{*}SignaturePolicyIdentifier"), "SIG-NO_POLICY"),
        (_drop(".//{*}SignerRole"), "SIG-NO_ROLE"),
        (_text(".//{*}ClaimedRole", "  "), "SIG-NO_ROLE"),
        (_text(".//{*}SigPolicyHash/{*}DigestValue", "AAAA"), "SIG-POLICY_DIGEST"),
    ],
)  # fmt: skip
def test_a_forger_with_a_good_certificate_is_refused(signer, trust, edit, code) -> None:
    report = _only(forge(signed(signer), signer, edit), trust)
    assert report.verdict is Verdict.REFUSED
    assert report.reasons.blocking.codes == (code,)


def test_forging_without_edit_is_accepted(signer: KeyFileSigner, trust: TrustStore) -> None:
    """The forger of these tests does what it must: only the edits are refused."""
    assert _only(forge(signed(signer), signer, lambda node: None), trust).verdict == "accepted"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("SigPolicyId/{*}Identifier", "urn:oid:1.2.3"),
        # quoted by another program for the same policy: perhaps published again
        ("SigPolicyHash/{*}DigestValue", "GbP1WjbTrHp6h9zlsz5RN7AqkJbnDNDOAQzgm1qzIJ4="),
    ],
)
def test_a_policy_that_we_do_not_know_is_undecided(signer, trust, path: str, text: str) -> None:
    report = _only(forge(signed(signer), signer, _text(".//{*}" + path, text)), trust)
    assert (report.verdict, report.chain) == (Verdict.UNDECIDED, Verdict.ACCEPTED)
    assert report.reasons.codes == ("SIG-POLICY_UNKNOWN",)


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        # seen in real files, and harmless
        (_text(".//{*}SigningTime", "2026-11-20T09:30:15.187Z"), ()),
        (_set("ds:Object/{*}QualifyingProperties", Target="B1_SIG_1"), ()),
        (_drop(".//{*}SignatureProductionPlace"), ()),
        (lambda node: node[0][3].attrib.pop("Type"), ()),
        (lambda node: node[0].append(node[0][2]), ()),  # the references in the other order
    ],
)
def test_what_is_tolerated(signer, trust, edit, codes) -> None:
    report = _only(forge(signed(signer), signer, edit), trust)
    assert report.verdict is Verdict.ACCEPTED
    assert report.reasons.codes == codes
    assert all(fault.severity is Severity.WARNING for fault in report.reasons)


def test_comments_in_canonical_forms(signer: KeyFileSigner, trust: TrustStore) -> None:
    """STELA admits #WithComments; a reference by Id leaves comments out all the same."""

    def edit(signature: etree._Element) -> None:
        for node in signature.iter(f"{{{DS}}}Transform"):
            if node.get("Algorithm") == EXCLUSIVE:
                node.set("Algorithm", EXCLUSIVE + "WithComments")

    assert _only(forge(signed(signer), signer, edit), trust).verdict is Verdict.ACCEPTED


def test_signed_info_with_comments(signer: KeyFileSigner, trust: TrustStore) -> None:
    root = etree.fromstring(signed(signer))
    signed_info = root.find(f".//{{{DS}}}SignedInfo")
    signed_info[0].set("Algorithm", EXCLUSIVE + "WithComments")
    signed_info.insert(1, etree.Comment("relu"))
    form = etree.tostring(signed_info, method="c14n", exclusive=True, with_comments=True)
    value = root.find(f".//{{{DS}}}SignatureValue")
    value.text = base64.b64encode(signer.sign(form)).decode()
    assert _only(etree.tostring(root), trust).verdict is Verdict.ACCEPTED
    signed_info[1].text = "non relu"
    assert "SIG-VALUE" in _only(etree.tostring(root), trust).reasons.codes


def _moved(content: bytes, wrapper: str, decoy: str) -> bytes:
    """Move the signed bordereau into ``wrapper`` and put a decoy where it was."""
    root = etree.fromstring(content)
    bordereau = next(root.iter("Bordereau"))
    parent = bordereau.getparent()
    parent.replace(bordereau, etree.fromstring(decoy))
    holder = etree.SubElement(root, wrapper)
    holder.append(bordereau)
    return etree.tostring(root)


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        # moved away, a forgery in its place
        (lambda c: _moved(c, "PES_PJ", '<Bordereau Id="F"><X/></Bordereau>'),
         {"B1": ("SIG-PLACE", "SIG-UNSIGNED"), "F": ("SIG-UNSIGNED",)}),
        (lambda c: _moved(c, "PES_RecetteAller", '<Bordereau Id="F"><X/></Bordereau>'),
         {"B1": (), "F": ("SIG-UNSIGNED",)}),
        (lambda c: _moved(c, "PES_RecetteAller", "<Bordereau><X/></Bordereau>"),
         {"B1": (), "": ("SIG-UNSIGNED",)}),
        # wrapped: a reader by name would find it, a reader by path would not
        (lambda c: c.replace(b"<Bordereau ", b"<X><Bordereau ").replace(
            b"</Bordereau>", b"</Bordereau></X>"), {"B1": ("SIG-PLACE", "SIG-UNSIGNED")}),
        # around it, an element of the same name
        (lambda c: c.replace(b"<Bordereau ", b'<Bordereau Id="F"><Bordereau ').replace(
            b"</Bordereau>", b"</Bordereau></Bordereau>"), {"B1": ("SIG-PLACE", "SIG-UNSIGNED")}),
        # the signature, alone, where the forger likes
        (lambda c: c.replace(b"</Bordereau>", b"").replace(
            b"<ds:Signature ", b"</Bordereau><X><ds:Signature ").replace(
            b"</ds:Signature>", b"</ds:Signature></X>"),
         {"": ("SIG-PLACE",), "B1": ("SIG-UNSIGNED",)}),
    ],
)  # fmt: skip
def test_moved_or_wrapped_is_refused(signer, trust, content, codes) -> None:
    reports = verify(content(signed(signer)), trust=trust)
    found: dict[str, tuple[str, ...]] = {}
    for report in reports:
        found[report.element_id] = found.get(report.element_id, ()) + report.reasons.codes
    assert found == codes
    assert overall(reports) is Verdict.REFUSED


def test_the_signature_of_another_bordereau_is_refused(signer, trust) -> None:
    root = etree.fromstring(signed(signer, 2, ids=["B1"]))
    first, second = root.iter("Bordereau")
    second.append(first[-1])
    reports = verify(etree.tostring(root), trust=trust)
    assert {r.element_id: r.reasons.codes for r in reports} == {
        "B2": ("SIG-REFERENCE",),
        "B1": ("SIG-UNSIGNED",),
    }


def test_a_signature_inside_a_signature_is_refused(signer, trust) -> None:
    root = etree.fromstring(signed(signer))
    signature = next(root.iter(SIGNATURE))
    copy = etree.fromstring(etree.tostring(signature).replace(b"B1_", b"C1_"))
    signature.find(f"{{{DS}}}Object").append(copy)
    codes = [report.reasons.codes for report in verify(etree.tostring(root), trust=trust)]
    assert codes == [("SIG-PROPERTIES",), ("SIG-PLACE",)]


@pytest.mark.parametrize("name", ["Id", "ID", "id", "xml:id"])
def test_an_id_used_twice_refuses_every_signature(signer, trust, name: str) -> None:
    content = signed(signer, 2).replace(b"<PES_DepenseAller>", b'<PES_DepenseAller %s="B1">' % (
        name.encode()))  # fmt: skip
    reports = verify(content, trust=trust)
    assert [report.reasons.codes for report in reports] == [("SIG-DUPLICATE_ID",)] * 2
    assert "« B1 »" in sentence(next(iter(reports[0].reasons)))


def test_an_element_without_id_cannot_be_designated(signer, trust) -> None:
    """An empty URI fragment would designate the whole file for some programs."""

    def edit(signature: etree._Element) -> None:
        signature.getparent().attrib.pop("Id")
        _set(FIRST, URI="#")(signature)

    report = _only(forge(signed(signer), signer, edit), trust)
    assert (report.element_id, report.reasons.codes) == ("", ("SIG-REFERENCE",))


def test_what_has_no_canonical_form_is_refused(signer, trust) -> None:
    content = signed(signer).replace(b"<Piece>", b"<Piece><n:x xmlns:n='relatif'/>")
    assert _only(content, trust).reasons.codes == ("SIG-CANONICAL",)


def test_two_signatures_on_one_element_are_refused(signer, trust) -> None:
    root = etree.fromstring(signed(signer))
    signature = next(root.iter(SIGNATURE))
    signature.addnext(etree.fromstring(etree.tostring(signature).replace(b"B1_", b"C1_")))
    codes = [report.reasons.codes for report in verify(etree.tostring(root), trust=trust)]
    assert codes == [("SIG-SEVERAL",)] * 2


def test_every_bordereau_is_covered(signer: KeyFileSigner, trust: TrustStore) -> None:
    reports = verify(signed(signer, 3, ids=["B1", "B3"]), trust=trust)
    assert [(r.element_id, r.verdict.value, r.covered) for r in reports] == [
        ("B1", "accepted", True),
        ("B3", "accepted", True),
        ("B2", "refused", False),
    ]
    assert reports[2].reasons.codes == ("SIG-UNSIGNED",)
    assert "« Bordereau » n° « B2 » n'est pas signé." in map(sentence, reports[2].reasons)


def test_an_unsigned_document_is_never_a_yes(trust: TrustStore) -> None:
    reports = verify(document(2), trust=trust)
    assert [r.reasons.codes for r in reports] == [("SIG-UNSIGNED",)] * 2
    assert overall(reports) is Verdict.REFUSED
    assert [r.element for r in verify(b"<PES_Aller/>", trust=trust)] == ["PES_Aller"]
    assert verify(b"<autre/>", trust=trust) == ()
    assert overall(()) is Verdict.UNDECIDED


def test_expected_places_can_be_others(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = sign_elements(
        b'<a><b Id="B">x</b><c>y</c></a>', ["B"], signer=signer, options=OPTIONS, at=NOW
    )
    assert verify(content, trust=trust)[0].reasons.codes == ("SIG-PLACE",)
    reports = verify(content, trust=trust, expected=frozenset({"a/b"}))
    assert overall(reports) is Verdict.ACCEPTED
    reports = verify(content, trust=trust, expected=frozenset({"a/b", "a/c"}))
    assert [r.verdict.value for r in reports] == ["accepted", "refused"]


def test_a_platform_seal_over_signed_bordereaux(signer, trust) -> None:
    """S2low adds its own signature on the root: tolerated, and told."""
    reports = verify(seal(signed(signer), signer), trust=trust)
    assert {r.element: (r.verdict.value, r.reasons.codes) for r in reports} == {
        "Bordereau": ("accepted", ("SIG-MIXED",)),
        "PES_Aller": ("accepted", ()),
    }


def _replace_certificate(der: bytes):
    text = base64.b64encode(der).decode()
    return _text("ds:KeyInfo/ds:X509Data/ds:X509Certificate", text)


def test_a_certificate_swapped_for_another_is_refused(signer, trust, key) -> None:
    """Same key, other holder: digest and value stay right, the signed properties tell."""
    impostor = certificate(signer.key, name="Quelqu'un d'autre")
    edit = _replace_certificate(impostor.public_bytes(Encoding.DER))
    report = _only(forge(signed(signer), signer, edit), trust)
    assert (report.digests_correct, report.value_correct) == (True, True)
    assert report.reasons.blocking.codes == ("SIG-CERT_DIGEST", "SIG-ISSUER_SERIAL")
    assert report.chain is Verdict.UNDECIDED
    other = certificate(key).public_bytes(Encoding.DER)
    root = etree.fromstring(signed(signer))
    _replace_certificate(other)(next(root.iter(SIGNATURE)))
    assert "SIG-VALUE" in _only(etree.tostring(root), trust).reasons.codes


def test_an_elliptic_key_is_refused(signer: KeyFileSigner, trust: TrustStore) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    der = certificate(elliptic).public_bytes(Encoding.DER)
    report = _only(forge(signed(signer), signer, _replace_certificate(der)), trust)
    assert {"SIG-VALUE", "SIG-KEY_TYPE"} <= set(report.reasons.codes)


def test_the_authorities_may_come_with_the_signature(signer, trust) -> None:
    """Several certificates: the signatory's is the one that the signed properties designate."""

    def edit(signature: etree._Element) -> None:
        data = signature.find(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data")
        for authority in signer.chain:
            node = etree.Element(f"{{{DS}}}X509Certificate")
            node.text = base64.b64encode(authority.public_bytes(Encoding.DER)).decode()
            data.insert(0, node)

    content = forge(signed(signer), signer, edit)
    only_roots = TrustStore(roots=trust.roots, crls=trust.crls)
    assert _only(content, only_roots).verdict is Verdict.ACCEPTED
    assert _only(content, only_roots).signer == "Camille Dupré"
    assert _only(signed(signer), only_roots).reasons.codes == ("SIG-UNTRUSTED",)


def test_sha1_is_verified_and_refused(signer: KeyFileSigner, trust: TrustStore) -> None:
    root = etree.fromstring(signed(signer))
    signature = next(root.iter(SIGNATURE))
    signature.find(f".//{{{DS}}}SignatureMethod").set("Algorithm", DS + "rsa-sha1")
    signed_info = signature.find(f"{{{DS}}}SignedInfo")
    form = etree.tostring(signed_info, method="c14n", exclusive=True)
    weak = hashes.SHA1()  # noqa: S303 - what old files carry
    value = signer.key.sign(form, padding.PKCS1v15(), weak)
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
    report = _only(etree.tostring(root), trust)
    assert (report.value_correct, report.verdict) == (True, Verdict.REFUSED)
    assert report.reasons.codes == ("SIG-SHA1",)


def test_sha1_for_the_certificate_is_a_warning(signer, trust) -> None:
    def edit(signature: etree._Element) -> None:
        digest = hashes.Hash(hashes.SHA1())  # noqa: S303 - what Libersign writes
        digest.update(signer.certificate.public_bytes(Encoding.DER))
        _set(".//{*}CertDigest/{*}DigestMethod", Algorithm=SHA1)(signature)
        value = base64.b64encode(digest.finalize()).decode()
        _text(".//{*}CertDigest/{*}DigestValue", value)(signature)

    report = _only(forge(signed(signer), signer, edit), trust)
    assert (report.verdict, report.reasons.codes) == (Verdict.ACCEPTED, ("SIG-CERT_DIGEST_SHA1",))


def _signed_by(pki: Pki, name: str, at: datetime) -> bytes:
    identity = getattr(pki, name)
    who = load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="x")
    return sign_elements(document(), ["B1"], signer=who, options=OPTIONS, at=at)


@pytest.mark.parametrize(
    ("name", "days_ago", "verdict", "codes"),
    [
        ("maire", 0, "accepted", ()),
        ("expired", 401, "accepted", ()),
        ("revoked", 31, "accepted", ()),
        ("revoked", 29, "refused", ("SIG-REVOKED",)),
    ],
)
def test_the_time_of_signing_decides(pki, trust, name, days_ago, verdict, codes) -> None:
    report = _only(_signed_by(pki, name, NOW - timedelta(days=days_ago)), trust)
    assert (report.verdict.value, report.reasons.codes) == (verdict, codes)


def test_signed_with_a_certificate_that_was_over(pki: Pki, trust: TrustStore) -> None:
    identity = pki.expired
    who = load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="x")
    content = _signed_by(pki, "expired", NOW - timedelta(days=401))
    report = _only(forge(content, who, _text(".//{*}SigningTime", "2026-11-20T09:30:15Z")), trust)
    assert (report.verdict, report.chain) == (Verdict.REFUSED, Verdict.REFUSED)
    assert report.reasons.codes == ("SIG-EXPIRED",)


def test_an_untrusted_chain_is_undecided(signer: KeyFileSigner) -> None:
    report = _only(signed(signer), TrustStore())
    assert (report.verdict, report.chain) == (Verdict.UNDECIDED, Verdict.UNDECIDED)
    assert report.reasons.codes == ("SIG-UNTRUSTED",)
    assert overall((report,)) is Verdict.UNDECIDED


def test_key_usage_is_looked_at(key: rsa.RSAPrivateKey) -> None:
    who = KeyFileSigner(certificate=certificate(key), chain=(), key=key)
    content = sign_elements(document(), ["B1"], signer=who, options=OPTIONS, at=NOW)
    unfit = certificate(key, non_repudiation=False)
    edit = _replace_certificate(unfit.public_bytes(Encoding.DER))
    assert "SIG-KEY_USAGE" in _only(forge(content, who, edit), TrustStore()).reasons.codes


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "XML-EMPTY"),
        (b"<a>", "XML-SYNTAX"),
        (b"<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>", "XML-DTD"),
        (b"<!DOCTYPE a><a/>", "XML-DTD"),
    ],
)
def test_a_document_that_cannot_be_read(trust, content: bytes, code: str) -> None:
    with pytest.raises(FaultError) as caught:
        verify(content, trust=trust)
    assert caught.value.faults.codes == (code,)


def test_a_dtd_around_a_good_signature(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer).replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY e "f">]>', 1)
    with pytest.raises(FaultError, match="XML-DTD"):
        verify(content, trust=trust)


def test_verification_leaves_reports_with_a_place(signer, trust) -> None:
    content = signed(signer, 2).replace(b"V='2'", b"V='3'")
    fault = next(iter(verify(content, trust=trust)[1].reasons))
    assert (fault.code, fault.line) == ("SIG-DIGEST", 11)
    assert fault.path.endswith("/PES_DepenseAller/Bordereau[2]")
    assert sentence(fault) == "« Bordereau » n° « B2 » a été modifié après sa signature."


V132 = "http://uri.etsi.org/01903/v1.3.2#"


def _as_132(*, own: bool) -> Callable[[etree._Element], None]:
    """Write the properties in XAdES 1.3.2, digests in the namespace of XMLDSig, or in its own."""

    def edit(signature: etree._Element) -> None:
        for node in list(signature.iter("{http://uri.etsi.org/01903/v1.1.1#}*")):
            name = etree.QName(node).localname
            digest = name in ("DigestMethod", "DigestValue")
            node.tag = f"{{{DS if digest and not own else V132}}}{name}"
        for node in signature.iter("{http://uri.etsi.org/01903/v1.3.2#}*"):
            name = etree.QName(node).localname
            if name in ("DigestMethod", "DigestValue") and not own:
                node.tag = f"{{{DS}}}{name}"
        signature.find(SECOND.replace("ds:", f"{{{DS}}}")).set("Type", V132 + "SignedProperties")

    return edit


def test_digests_of_xades_1_3_2(signer: KeyFileSigner, trust: TrustStore) -> None:
    """In 1.3.2 they are of XMLDSig, before they were of XAdES: each where its schema has it."""
    report = _only(forge(signed(signer), signer, _as_132(own=False)), trust)
    assert (report.verdict, report.reasons.codes) == (Verdict.ACCEPTED, ())
    wrong = _only(forge(signed(signer), signer, _as_132(own=True)), trust)
    assert set(wrong.reasons.codes) == {"SIG-POLICY_DIGEST", "SIG-NO_SIGNING_CERTIFICATE"}

    def in_ds(signature: etree._Element) -> None:
        for node in list(signature.iter("{http://uri.etsi.org/01903/v1.1.1#}*")):
            name = etree.QName(node).localname
            if name in ("DigestMethod", "DigestValue"):
                node.tag = f"{{{DS}}}{name}"

    wrong = _only(forge(signed(signer), signer, in_ds), trust)
    assert set(wrong.reasons.codes) == {"SIG-POLICY_DIGEST", "SIG-NO_SIGNING_CERTIFICATE"}


def _named_as_v2(issuer_serial: bytes | None, *, twice: bool = False):
    def edit(signature: etree._Element) -> None:
        _as_132(own=False)(signature)
        block = signature.find(f".//{{{V132}}}SigningCertificate")
        if twice:
            block.addprevious(etree.fromstring(etree.tostring(block)))
        block.tag = f"{{{V132}}}SigningCertificateV2"
        cert = block[0]
        cert.remove(cert[1])
        if issuer_serial is not None:
            text = base64.b64encode(issuer_serial).decode()
            etree.SubElement(cert, f"{{{V132}}}IssuerSerialV2").text = text

    return edit


def _issuer_serial(certificate: x509.Certificate, number: int) -> bytes:
    facts = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    issuer = asn1.GeneralNames([asn1.GeneralName(name="directory_name", value=facts.issuer)])
    return bytes(tsp.IssuerSerial({"issuer": issuer, "serial_number": number}).dump())


def test_the_second_way_of_naming_a_certificate(signer: KeyFileSigner, trust: TrustStore) -> None:
    number = signer.certificate.serial_number
    right = _issuer_serial(signer.certificate, number)
    other = _issuer_serial(signer.certificate, number + 1)
    for edit, codes in (
        (_named_as_v2(None), ()),
        (_named_as_v2(right), ()),
        (_named_as_v2(other), ("SIG-ISSUER_SERIAL",)),
        (_named_as_v2(b"\x30\x00"), ("SIG-NO_SIGNING_CERTIFICATE",)),
        (_named_as_v2(b"rubbish"), ("SIG-NO_SIGNING_CERTIFICATE",)),
        (_named_as_v2(right, twice=True), ("SIG-NO_SIGNING_CERTIFICATE",)),
    ):
        report = _only(forge(signed(signer), signer, edit), trust)
        assert report.reasons.codes == codes
        assert (report.verdict is Verdict.ACCEPTED) is not bool(codes)


def test_a_signature_without_clock_has_no_future(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer)
    (report,) = verify(content, trust=trust, now=NOW - timedelta(hours=2))
    assert (report.verdict, report.reasons.codes) == (Verdict.UNDECIDED, ("SIG-FUTURE",))
    assert "« 2026-11-20T09:30:15Z »" in sentence(next(iter(report.reasons)))
    for now in (NOW - timedelta(minutes=59), NOW, None):
        assert overall(verify(content, trust=trust, now=now)) is Verdict.ACCEPTED
