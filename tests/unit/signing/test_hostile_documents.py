"""PDFs and PKCS#7 made to deceive: none is accepted as a whole, none makes us fail.

pyHanko 0.38 alone takes ``wrapped_to_look_whole`` for a signature on the whole file (it adds up the
sizes of the signed parts without asking where they lie), ``objects_added_without_table`` for an
allowed addition, and does not come back from ``authorities_of_one_name``.
"""

import logging
from collections.abc import Iterator

import pytest

from demat.sandbox.pki import Identity, Pki
from demat.signing.cms import DocumentSignature, check_detached
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.pades import check_pdf_signatures
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.signing.factory import NOW, sentence
from tests.unit.signing.hostile import Workshop, new_authority
from tests.unit.signing.hostile.cms_tricks import DOCUMENT, SIGNATURES, build
from tests.unit.signing.hostile.pdf_tricks import PDFS


@pytest.fixture(scope="module")
def shop(pki: Pki, signer: KeyFileSigner, trust: TrustStore) -> Workshop:
    def opened(identity: Identity) -> KeyFileSigner:
        return load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="x.p12")

    return Workshop(
        signer=signer,
        expired=opened(pki.expired),
        revoked=opened(pki.revoked),
        authority=new_authority(),
        genuine_trust=trust,
    )


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """pyHanko logs at length what it finds suspicious."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def refused_for(found: tuple[DocumentSignature, ...], code: str) -> None:
    assert found
    assert {one.verdict for one in found} != {Verdict.ACCEPTED}
    for one in found:
        assert (one.verdict is Verdict.ACCEPTED) is not bool(one.reasons)
        for fault in one.reasons:
            assert sentence(fault)
    codes = [told for one in found for told in one.reasons.codes]
    assert any(told.startswith(code) for told in codes), codes


@pytest.mark.parametrize("name", PDFS)
def test_a_hostile_pdf(name: str, pki: Pki, trust: TrustStore) -> None:
    refused_for(check_pdf_signatures(PDFS[name].make(pki), trust, NOW), PDFS[name].code)


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography's remarks on odd certificates
@pytest.mark.parametrize("name", SIGNATURES)
def test_a_hostile_signature(name: str, shop: Workshop) -> None:
    document, signature = SIGNATURES[name].make(shop)
    refused_for(check_detached(document, signature, shop.trust, NOW), SIGNATURES[name].code)


def test_the_forger_starts_from_what_is_good(shop: Workshop) -> None:
    (one,) = check_detached(DOCUMENT, build(shop).dump(), shop.trust, NOW)
    assert (one.verdict, one.reasons.codes) == (Verdict.ACCEPTED, ())


def test_the_corpus_is_large() -> None:
    assert len(PDFS) >= 30
    assert len(SIGNATURES) >= 30
