"""No document made to deceive is accepted, none makes us fail, and each is refused for its reason.

The corpus is in ``tests.unit.signing.hostile``. A document that is refused for another reason than
the one it was made for proves nothing: the reason is compared too.
"""

import subprocess
from pathlib import Path

import pytest
from signxml.verifier import SignatureConfiguration, XMLVerifier

from demat.faults import FaultError
from demat.sandbox.pki import Identity, Pki
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.signing.verify import overall, verify
from tests.conftest import needs_program
from tests.unit.signing import factory
from tests.unit.signing.factory import NOW, sentence
from tests.unit.signing.hostile import CORPUS, Workshop, new_authority
from tests.unit.signing.hostile.workshop import first, resign, write

V111 = "http://uri.etsi.org/01903/v1.1.1#"


def _open(identity: Identity) -> KeyFileSigner:
    return load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="x.p12")


@pytest.fixture(scope="module")
def shop(pki: Pki, signer: KeyFileSigner, trust: TrustStore) -> Workshop:
    return Workshop(
        signer=signer,
        expired=_open(pki.expired),
        revoked=_open(pki.revoked),
        authority=new_authority(),
        genuine_trust=trust,
    )


def judged(content: bytes, trust: TrustStore) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict and the reasons, all of which have their sentence."""
    try:
        reports = verify(content, trust=trust, now=NOW)
    except FaultError as error:
        return Verdict.REFUSED, error.faults.codes
    for report in reports:
        for fault in report.reasons:
            if fault.code.startswith("SIG-"):
                assert sentence(fault)
    return overall(reports), tuple(code for one in reports for code in one.reasons.codes)


_WHEN_PLAIN = {"nested_without_end": "SIG-DIGEST"}
"""No parser goes down into what is taken out of a skeleton: only its digest tells."""


@pytest.fixture(params=["any", "plain"])
def base(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from a document that is read as a tree, then from one that is read as a skeleton."""
    if request.param == "plain":
        monkeypatch.setattr(factory, "document", factory.plain_document)


@pytest.mark.usefixtures("base")
@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography's remarks on odd certificates
@pytest.mark.parametrize("name", CORPUS)
def test_hostile(name: str, shop: Workshop) -> None:
    made = CORPUS[name]
    verdict, codes = judged(made.make(shop), shop.trust)
    assert verdict is not Verdict.ACCEPTED
    expected = (made.code, _WHEN_PLAIN.get(name, made.code))
    assert any(code.startswith(expected) for code in codes), codes


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 200


@pytest.mark.usefixtures("base")
def test_the_workshop_is_honest(shop: Workshop) -> None:
    """What the forgers start from is accepted: only their edits are refused."""
    good = (Verdict.ACCEPTED, ())
    assert judged(write(shop.genuine(2)), shop.trust) == good
    assert judged(shop.forge(lambda _: None), shop.trust) == good
    key = shop.authority.key
    made = shop.authority.certify(key.public_key())
    lone = KeyFileSigner(certificate=made, chain=(), key=key)
    assert judged(shop.signed_with(made, lone.sign), shop.trust) == good
    whole = shop.genuine(2, ["P1"])
    resign(first(whole), shop.signer.sign)
    assert judged(write(whole), shop.trust) == good


@pytest.mark.parametrize(
    "name", ["moved_to_another_domain", "signature_in_the_forged_and_signed_one_away"]
)
def test_xmlsec1_accepts_what_we_refuse(
    name: str, shop: Workshop, pki: Pki, tmp_path: Path
) -> None:
    """Its answer is on the digests and the value: where the signature stands is nobody's business.

    It is asked with every authority trusted, and told which attribute is an Id.
    """
    program = needs_program("xmlsec1")
    content = CORPUS[name].make(shop)
    path = tmp_path / "hostile.xml"
    path.write_bytes(content)
    told = [("--id-attr:Id", name) for name in ("Bordereau", f"{V111}:SignedProperties")]
    done = subprocess.run(
        [
            *(program, "--verify", "--trusted-pem", pki.root, "--trusted-pem", pki.intermediate),
            *("--verification-gmt-time", "2026-11-20 09:30:15"),
            *(one for pair in told for one in pair),
            path,
        ],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert judged(content, shop.trust)[0] is Verdict.REFUSED


@pytest.mark.parametrize(
    "name", ["moved_to_another_domain", "moved_and_replaced_without_id", "transform_unknown"]
)
def test_signxml_accepts_what_we_refuse(name: str, shop: Workshop) -> None:
    """It verifies the first signature that it finds; of an unknown transform it says nothing."""
    content = CORPUS[name].make(shop)
    XMLVerifier().verify(
        content,
        x509_cert=shop.signer.certificate,
        id_attribute="Id",
        expect_config=SignatureConfiguration(
            location=".//", expect_references=2, verification_time=NOW
        ),
    )
    assert judged(content, shop.trust)[0] is Verdict.REFUSED
