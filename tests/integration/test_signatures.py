"""Signatures on real files, against the official schemas and two programs that are not ours.

The judges: the official XSD of two editions, the ``xmlsec1`` program, and signxml with the chain
checked under a key-usage policy fit for RGS certificates (measurements §2).
"""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier
from signxml.xades import (
    XAdESSignatureConfiguration,
    XAdESSignaturePolicy,
    XAdESVerifier,
)

from demat.sandbox.pki import Pki, make_pki
from demat.signing.algorithms import DS, XADES
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.second_opinion import second_opinion
from demat.signing.trust import TrustStore
from demat.signing.verify import SignatureReport, Verdict, overall, verify
from demat.signing.xades import sign_elements
from tests.conftest import needs_program
from tests.judges import EDITIONS, official_schema, xmlsec1
from tests.unit.signing.factory import NOW, OPTIONS, SIGNATURE, document, plain_document, seal
from tests.unit.signing.factory import signed as signed_document

UNSIGNED = [
    "HELIOS_SIMU_ALR2_1496987735_826268894.xml",
    "HELIOS_SIMU_ALR2_LibelleColBud_avec_accent.xml",
]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=NOW)


@pytest.fixture(scope="module")
def signer(pki: Pki) -> KeyFileSigner:
    return load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="maire.p12")


@pytest.fixture(scope="module")
def trust(pki: Pki) -> TrustStore:
    return TrustStore.from_folder(pki.trust_folder)


def _real(shared: Path, name: str) -> bytes:
    return (shared / "real" / "helios" / name).read_bytes()


@pytest.mark.parametrize("namespace", ["v1.1.1", "v1.2.2"])
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", UNSIGNED)
@pytest.mark.parametrize("mode", ["bordereau", "global"])
def test_signed_real_files_fit_the_official_schema(
    shared, signer, trust, name, edition, namespace, mode
) -> None:
    content = _real(shared, name)
    ids = {"bordereau": ["BORD767613"], "global": ["ID1800478292"]}[mode]
    signed = sign_elements(
        content, ids, signer=signer, options=replace(OPTIONS, namespace=namespace), at=NOW
    )
    schema = official_schema(shared, edition)
    assert schema.validate(etree.fromstring(content)), schema.error_log
    assert schema.validate(etree.fromstring(signed)), schema.error_log
    reports = verify(signed, trust=trust)
    assert [report.element_id for report in reports] == ids
    assert overall(reports) is Verdict.ACCEPTED
    assert all(opinion.valid for opinion in second_opinion(signed, reports))


def _xmlsec1(content: bytes, pki: Pki, folder: Path) -> list[bool]:
    return xmlsec1(content, pki, folder, NOW)


def _signxml(content: bytes, pki: Pki) -> list[bool]:
    """Let signxml judge each signature in the whole document, chain included."""
    root = etree.fromstring(content)
    verdicts = []
    for node in root.iter(SIGNATURE):
        path = root.getroottree().getelementpath(node.getparent())
        configuration = SignatureConfiguration(
            location="./" if path == "." else f"./{path}/",
            expect_references=2,
            verification_time=NOW,
        )
        try:
            XMLVerifier().verify(
                content,
                ca_pem_file=str(pki.ca_bundle),
                id_attribute="Id",
                ee_policy=x509.verification.ExtensionPolicy.permit_all(),
                expect_config=configuration,
            )
            verdicts.append(True)
        except InvalidSignature:
            verdicts.append(False)
    return verdicts


@pytest.mark.parametrize("namespace", ["v1.1.1", "v1.2.2", "v1.3.2"])
@pytest.mark.parametrize("ids", [["B1", "B2", "B3"], ["P1"]])
@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-8"])
@pytest.mark.parametrize("made", [document, plain_document])
def test_other_programs_accept_what_we_sign(
    pki, signer, trust, tmp_path, namespace, ids, encoding, made
) -> None:
    content = made(3, encoding=encoding)
    signed = sign_elements(
        content, ids, signer=signer, options=replace(OPTIONS, namespace=namespace), at=NOW
    )
    assert _xmlsec1(signed, pki, tmp_path) == [True] * len(ids)
    assert _signxml(signed, pki) == [True] * len(ids)
    assert overall(verify(signed, trust=trust)) is Verdict.ACCEPTED


def test_signxml_reads_the_properties_of_its_own_xades(pki, signer) -> None:
    """It knows v1.3.2 only, and looks at the certificate and the policy that they claim."""
    options = replace(OPTIONS, namespace="v1.3.2")
    signed = sign_elements(plain_document(), ["B1"], signer=signer, options=options, at=NOW)
    policy = XAdESSignaturePolicy(
        Identifier=options.policy.identifier,
        Description=options.policy.description,
        DigestMethod=DigestAlgorithm.SHA256,
        DigestValue=options.policy.digest_value,
    )
    (found,) = XAdESVerifier().verify(
        etree.tostring(etree.fromstring(signed).find(".//Bordereau"), with_tail=False),
        x509_cert=signer.certificate,
        id_attribute="Id",
        expect_config=XAdESSignatureConfiguration(
            location="./", expect_references=2, verification_time=NOW
        ),
        expect_signature_policy=policy,
    )[-1:]
    assert found.signed_xml is not None
    assert found.signed_xml.tag == "{http://uri.etsi.org/01903/v1.3.2#}SignedProperties"


_BLANKED = re.compile(rb"(<ds:(?:DigestValue|SignatureValue[^>]*)>)[^<]*(</ds)")


@pytest.mark.parametrize("namespace", ["v1.1.1", "v1.2.2", "v1.3.2"])
@pytest.mark.parametrize("made", [document, plain_document])
def test_what_xmlsec1_signs_is_accepted(pki, signer, trust, tmp_path, namespace, made) -> None:
    """Our signature, emptied of its digests and its value, is the form that xmlsec1 fills in."""
    options = replace(OPTIONS, namespace=namespace)
    ours = sign_elements(made(), ["B1"], signer=signer, options=options, at=NOW)
    start = ours.index(b"<ds:Signature ")
    end = ours.index(b"<ds:KeyInfo")
    form = ours[:start] + _BLANKED.sub(rb"\1\2", ours[start:end]) + ours[end:]
    assert form.count(b"<ds:DigestValue></ds") == 2
    path, signed = tmp_path / "form.xml", tmp_path / "signed.xml"
    path.write_bytes(form)
    key = ["--privkey-pem", pki.maire.key, "--pwd", pki.maire.passphrase]
    named = [f"{DS}:Signature", "Bordereau", f"{XADES[namespace]}:SignedProperties"]
    ids = [word for name in named for word in ("--id-attr:Id", name)]
    command = [needs_program("xmlsec1"), "--sign", *key, *ids, "--output", signed, path]
    subprocess.run(command, check=True, capture_output=True)
    content = signed.read_bytes()
    assert _xmlsec1(content, pki, tmp_path) == [True]
    assert overall(verify(content, trust=trust)) is Verdict.ACCEPTED
    values = [etree.fromstring(one).findtext(".//{*}SignatureValue") for one in (ours, content)]
    assert "".join(values[0].split()) == "".join(values[1].split())


@pytest.mark.parametrize("name", UNSIGNED)
def test_other_programs_accept_signed_real_files(shared, pki, signer, tmp_path, name) -> None:
    content = _real(shared, name)
    signed = sign_elements(content, ["BORD767613"], signer=signer, options=OPTIONS, at=NOW)
    assert _xmlsec1(signed, pki, tmp_path) == [True]
    assert _signxml(signed, pki) == [True]


def test_other_programs_refuse_what_was_changed(pki, signer, tmp_path) -> None:
    """So that their acceptance above means something, reference by reference."""
    signed = signed_document(signer, 2)
    for old, new in [(b"V='2'", b"V='3'"), (b'B2_SIG_1_SP"><xad', b'B2_SIG_1_SP"> <xad')]:
        changed = signed.replace(old, new)
        assert changed != signed
        assert _xmlsec1(changed, pki, tmp_path) == [True, False]
        assert _signxml(changed, pki) == [True, False]


def test_a_seal_over_signed_bordereaux_is_well_made(pki, signer, tmp_path) -> None:
    """The document that unit tests call a platform's seal is what other programs accept."""
    assert _xmlsec1(seal(signed_document(signer), signer), pki, tmp_path) == [True, True]


def _facts(report: SignatureReport) -> dict[str, object]:
    return {
        "element": (report.element, report.element_id),
        "right": (report.covered, report.digests_correct, report.value_correct),
        "verdicts": (report.verdict.value, report.chain.value),
        "reasons": report.reasons.codes,
        "policy": report.policy.rpartition(".")[2],
        "time": str(report.signing_time),
        "role": report.role,
    }


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "SHA256_bordereau.xml",
            {
                "element": ("Bordereau", "BORD822933"),
                "right": (True, True, True),
                "verdicts": ("undecided", "undecided"),
                "reasons": ("SIG-CERT_DIGEST_SHA1", "SIG-NO_KEY_USAGE", "SIG-UNTRUSTED"),
                "policy": "7",
                "time": "2018-07-04 15:19:45+00:00",
                "role": "Administrateur",
            },
        ),
        (
            "PESALR2_49101169800000_171227_2045.xml",
            {
                "element": ("Bordereau", "BORD514432"),
                "right": (True, True, True),
                "verdicts": ("refused", "undecided"),
                "reasons": (
                    "SIG-SHA1",
                    "SIG-CERT_DIGEST_SHA1",
                    "SIG-NO_KEY_USAGE",
                    "SIG-UNTRUSTED",
                ),
                "policy": "4",
                "time": "2017-12-27 14:21:55+00:00",
                "role": "Ordonnateur",
            },
        ),
    ],
)
def test_signatures_of_real_files(shared, name, facts) -> None:
    content = _real(shared, name)
    reports = verify(content, trust=TrustStore())
    assert [_facts(report) for report in reports] == [facts]
    assert [(o.valid, o.agrees) for o in second_opinion(content, reports)] == [(True, True)]


def test_a_changed_real_file_is_refused(shared) -> None:
    content = _real(shared, "SHA256_bordereau.xml")
    place = content.index(b"</BlocBordereau>")
    changed = content[:place] + b" " + content[place:]
    reports = verify(changed, trust=TrustStore())
    assert [report.verdict for report in reports] == [Verdict.REFUSED]
    assert "SIG-DIGEST" in reports[0].reasons.codes
    assert [(o.valid, o.agrees) for o in second_opinion(changed, reports)] == [(False, True)]


def test_attacks_that_other_programs_accept(pki, signer, trust, tmp_path) -> None:
    """Why decision 16 exists: the signed bordereau moved away, a forged one in its place."""
    root = etree.fromstring(signed_document(signer))
    bordereau = next(root.iter("Bordereau"))
    forged = etree.fromstring('<Bordereau Id="F"><Piece/></Bordereau>')
    bordereau.getparent().replace(bordereau, forged)
    etree.SubElement(root, "PES_PJ").append(bordereau)
    moved = etree.tostring(root)
    assert _xmlsec1(moved, pki, tmp_path) == [True]
    assert _signxml(moved, pki) == [True]
    assert overall(verify(moved, trust=trust)) is Verdict.REFUSED


@pytest.mark.parametrize("made", [document, plain_document])
def test_two_hundred_bordereaux_for_another_program(pki, signer, trust, tmp_path, made) -> None:
    ids = [f"B{rank}" for rank in range(1, 201)]
    signed = sign_elements(made(200), ids, signer=signer, options=OPTIONS, at=NOW)
    reports = verify(signed, trust=trust)
    assert overall(reports) is Verdict.ACCEPTED
    assert [report.element_id for report in reports] == ids
    assert all(opinion.valid for opinion in second_opinion(signed, reports))
    files = []
    for bordereau in etree.fromstring(signed).iter("Bordereau"):  # alone: the same canonical form
        files.append(tmp_path / f"{bordereau.get('Id')}.xml")
        files[-1].write_bytes(etree.tostring(bordereau, with_tail=False))
    assert _xmlsec1_files(files, pki).count(b"References (ok/all): 2/2") == 200


def _xmlsec1_files(files: list[Path], pki: Pki) -> bytes:
    """Let xmlsec1 judge the only signature of each file, in one process; return what it says."""
    named = [f"{DS}:Signature", "Bordereau", f"{XADES['v1.1.1']}:SignedProperties"]
    ids = [word for name in named for word in ("--id-attr:Id", name)]
    trusted = ["--trusted-pem", pki.root, "--untrusted-pem", pki.intermediate]
    moment = ["--verification-gmt-time", NOW.strftime("%Y-%m-%d %H:%M:%S")]
    options = ["--enabled-key-data", "x509", *moment, *ids, *trusted]
    command = [needs_program("xmlsec1"), "--verify", *options, *files]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout + done.stderr
