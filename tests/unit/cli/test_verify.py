"""``demat verify``: what is wrong has a reason of its own, and the JSON says all of it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from demat.cli.signatures import print_signature
from demat.clock import SystemClock
from demat.engine.findings import of_pdf
from demat.sandbox.pki import Pki, make_pki
from demat.signing.cms import Coverage, DocumentSignature
from demat.signing.keys import load_pkcs12
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from fixtures.budget import PRIMITIF, budget_xml
from tests.unit.cli.conftest import Said
from tests.unit.signing.factory import NOW, signed
from tests.unit.signing.hostile import CORPUS, Workshop, new_authority
from tests.unit.signing.hostile.cms_tricks import SIGNATURES
from tests.unit.signing.hostile.pdf_tricks import PDFS
from tests.unit.signing.pdfs import sign_pdf, text_pdf
from tests.unit.signing.test_cms import sign_beside

Demat = Callable[..., Said]
KEYS = {
    *("kind", "member", "element", "id", "line", "field", "verdict", "reasons", "covers"),
    *("covered", "digests_correct", "value_correct", "chain", "signer", "issuer", "serial"),
    *("signing_time", "time_proven", "time_stamp", "sealed_at", "level", "policy", "role"),
}
PLAIN = text_pdf("Le conseil municipal fixe les tarifs.")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=NOW)


@pytest.fixture(scope="module")
def shop(pki: Pki) -> Workshop:
    def opened(name: str) -> Any:
        identity = getattr(pki, name)
        return load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="x.p12")

    return Workshop(
        signer=opened("maire"),
        expired=opened("expired"),
        revoked=opened("revoked"),
        authority=new_authority(),
        genuine_trust=TrustStore.from_folder(pki.trust_folder),
    )


@pytest.fixture(scope="module")
def trusted(pki: Pki, shop: Workshop) -> Path:
    """Return a folder where the authority that errs is trusted as well."""
    root = shop.authority.root.public_bytes(Encoding.PEM)
    (pki.trust_folder / "ac-trop-confiante.pem").write_bytes(root)
    crl = shop.authority.crl.public_bytes(Encoding.PEM)
    (pki.trust_folder / "ac-trop-confiante.crl").write_bytes(crl)
    return pki.trust_folder


@pytest.fixture
def verify(tmp_path: Path, demat: Demat, trusted: Path) -> Callable[..., dict[str, Any]]:
    """Return what verifies a content and gives the JSON of its file; the exit code agrees."""

    def run(content: bytes, name: str = "flux.xml", *, trust: bool = True) -> dict[str, Any]:
        (tmp_path / name).write_bytes(content)
        confiance = ("--confiance", trusted) if trust else ()
        said = demat("verify", tmp_path / name, *confiance, "--json")
        (entry,) = said.json["files"]
        assert said.code == (0 if entry["verdict"] == "accepted" else 1)
        return dict(entry)

    return run


def reasons(entry: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the verdict and the codes of each signature; every reason is told."""
    for one in entry["signatures"]:
        assert set(one) == KEYS
        assert all(reason["message"].endswith((".", ").")) for reason in one["reasons"])
    return [
        (one["verdict"], tuple(reason["code"] for reason in one["reasons"]))
        for one in entry["signatures"]
    ]


XADES = {
    "amount_changed": ("refused", ("SIG-DIGEST",)),
    "role_changed": ("refused", ("SIG-PROPERTIES_DIGEST",)),
    "certificate_replaced_after_signing": (
        "refused", ("SIG-VALUE", "SIG-CERT_DIGEST", "SIG-CHAIN")),
    "certificate_expired": ("refused", ("SIG-EXPIRED",)),
    "certificate_revoked": ("refused", ("SIG-REVOKED",)),
    "certificate_signed_by_itself": ("undecided", ("SIG-UNTRUSTED",)),
    "policy_digest_wrong": ("refused", ("SIG-POLICY_DIGEST",)),
    "policy_unknown": ("undecided", ("SIG-POLICY_UNKNOWN",)),
    "sha1_of_the_bordereau": ("refused", ("SIG-SHA1",)),
    "reference_to_the_root": ("refused", ("SIG-REFERENCE",)),
    "transform_xpath": ("refused", ("SIG-TRANSFORM",)),
    "key_of_1024_bits": ("refused", ("SIG-KEY_SIZE",)),
}  # fmt: skip
"""What is wrong with a PES, each from a document really signed, and what is said of it."""


@pytest.mark.parametrize("name", XADES)
def test_each_wrong_has_its_own_reason(name: str, shop: Workshop, verify) -> None:
    (found,) = reasons(verify(CORPUS[name].make(shop)))
    assert found == XADES[name]


def test_no_two_reasons_are_the_same() -> None:
    assert len(set(XADES.values())) == len(XADES)


def test_a_good_pes_whose_authority_is_not_trusted(shop: Workshop, verify) -> None:
    assert reasons(verify(signed(shop.signer))) == [("accepted", ())]
    unknown = verify(signed(shop.signer), trust=False)
    assert reasons(unknown) == [("undecided", ("SIG-UNTRUSTED",))]


@pytest.mark.parametrize("family", sorted({one.family for one in CORPUS.values()}))
def test_one_hostile_document_of_each_family(family: str, shop: Workshop, verify) -> None:
    made = [one for one in CORPUS.values() if one.family == family][-1]
    entry = verify(made.make(shop))
    assert entry["verdict"] != "accepted"
    told = [fault["code"] for fault in entry["faults"]]
    told += [code for _, codes in reasons(entry) for code in codes]
    assert any(code.startswith(made.code) for code in told)


def test_a_pdf(pki: Pki, verify) -> None:
    good = sign_pdf(PLAIN, pki.maire, NOW)
    assert reasons(verify(good, "a.pdf")) == [("accepted", ())]
    spoiled = good.replace(b"/Count 1", b"/Count 2", 1)
    found = {
        "altered": reasons(verify(spoiled, "a.pdf")),
        "expired": reasons(verify(sign_pdf(PLAIN, pki.expired, NOW), "a.pdf")),
        "revoked": reasons(verify(sign_pdf(PLAIN, pki.revoked, NOW), "a.pdf")),
        "unknown": reasons(verify(sign_pdf(PLAIN, pki.unknown_client, NOW), "a.pdf")),
        "weak": reasons(verify(sign_pdf(PLAIN, pki.maire, NOW, md_algorithm="sha1"), "a.pdf")),
    }
    assert found == {
        "altered": [("refused", ("SIG-PDF_ALTERED",))],
        "expired": [("refused", ("SIG-EXPIRED",))],
        "revoked": [("refused", ("SIG-REVOKED",))],
        "unknown": [("undecided", ("SIG-UNTRUSTED",))],
        "weak": [("undecided", ("SIG-PDF_WEAK",))],
    }


@pytest.mark.parametrize(
    "name",
    [
        *("wrapped_to_look_whole", "page_replaced", "objects_added_without_table"),
        *("object_hidden_before_and_shown_after", "range_overlapping", "contents_of_zeros"),
    ],
)
def test_a_hostile_pdf(name: str, pki: Pki, verify) -> None:
    logging.disable(logging.CRITICAL)  # pyHanko tells at length what it suspects
    try:
        entry = verify(PDFS[name].make(pki), "a.pdf")
    finally:
        logging.disable(logging.NOTSET)
    assert entry["verdict"] != "accepted"
    (one,) = entry["signatures"]
    assert one["covers"] == "nothing"
    assert any(reason["code"].startswith(PDFS[name].code) for reason in one["reasons"])


@pytest.mark.parametrize(
    "name",
    [
        *("second_signatory_forged", "hundreds_of_signatories", "authorities_of_one_name"),
        *("certificate_of_the_same_name_and_number", "attributes_presented_as_the_document"),
    ],
)
def test_a_hostile_signature(name: str, shop: Workshop, verify, tmp_path: Path) -> None:
    document, signature = SIGNATURES[name].make(shop)
    (tmp_path / "a.bin.p7s").write_bytes(signature)
    entry = verify(document, "a.bin")
    assert entry["verdict"] != "accepted"
    codes = [reason["code"] for one in entry["signatures"] for reason in one["reasons"]]
    assert any(code.startswith(SIGNATURES[name].code) for code in codes)


def test_what_is_said_of_a_pdf(pki: Pki, trusted: Path, demat: Demat, tmp_path: Path) -> None:
    path = tmp_path / "acte.pdf"
    path.write_bytes(sign_pdf(PLAIN, pki.maire, NOW - timedelta(days=1)))
    said = demat("verify", path, "--confiance", trusted)
    serial = pki_serial(pki)
    assert said.code == 0
    assert said.words == (
        "acte.pdf : conforme signature du PDF « Signature1 » : conforme (empreintes justes, valeur "
        "juste) porte sur : tout le fichier signataire : Camille Dupré certificat : n° "
        f"{serial}, délivré par AC fille de démonstration niveau du certificat : niveau non "
        "indiqué par le certificat date : 19/11/2026 à 10 h 30 (déclaré par le signataire)"
    )


def pki_serial(pki: Pki) -> int:
    maire = load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="x.p12")
    return maire.certificate.serial_number


def test_what_is_said_of_a_pes(shop: Workshop, trusted: Path, demat: Demat, tmp_path: Path) -> None:
    path = tmp_path / "flux.xml"
    path.write_bytes(signed(shop.signer))
    said = demat("verify", path, "--confiance", trusted)
    assert "porte sur : Bordereau « B1 », ligne 4, et rien d'autre" in said.words
    assert "signataire : Camille Dupré, Maire" in said.words
    path.write_bytes(signed(shop.signer, ids=["P1"]))
    said = demat("verify", path, "--confiance", trusted)
    assert "signature de PES_Aller P1 : conforme" in said.words
    assert "porte sur : tout le fichier" in said.words


def test_a_document_and_its_signature(
    pki: Pki, trusted: Path, demat: Demat, tmp_path: Path
) -> None:
    document, signature = tmp_path / "acte.pdf", tmp_path / "signe.bin"
    document.write_bytes(PLAIN)
    signature.write_bytes(sign_beside(PLAIN, pki.maire).dump())
    said = demat("verify", document, "--signature", signature, "--confiance", trusted)
    assert said.code == 0
    assert "signature séparée de « acte.pdf » : conforme" in said.words
    assert "porte sur : tout le document « acte.pdf »" in said.words
    signature.rename(tmp_path / "acte.pdf.p7s")
    pair = demat("verify", document, tmp_path / "acte.pdf.p7s", "--confiance", trusted)
    assert (pair.code, pair.out) == (0, said.out)
    document.unlink()
    alone = demat("verify", tmp_path / "acte.pdf.p7s", "--confiance", trusted)
    assert alone.code == 1
    assert "le document qu'elle signe n'est pas là" in alone.words
    both = demat("verify", tmp_path / "a", tmp_path / "b", "--signature", tmp_path / "c")
    assert (both.code, both.out) == (2, "")


def test_a_budget(verify, demat: Demat, tmp_path: Path) -> None:
    content = budget_xml(PRIMITIF)
    entry = verify(content, "budget.xml")
    (one,) = entry["signatures"]
    assert (one["kind"], one["verdict"], one["covers"]) == ("seal", "accepted", "all_but_seal")
    said = demat("verify", tmp_path / "budget.xml")
    assert "sceau TotEM : conforme porte sur : tout le fichier sauf le sceau" in said.words
    assert "il ne dit pas qui l'a fait" in said.words
    changed = verify(content.replace(b"SAINT", b"SAINF", 1), "budget.xml")
    assert reasons(changed) == [("refused", ("ACT-047",))]


def test_what_a_time_stamp_proves(capsys: pytest.CaptureFixture[str]) -> None:
    found = DocumentSignature(
        name="Signature1",
        signer="Camille Dupré",
        serial="12",
        signing_time=NOW,
        time_proven=True,
        coverage=Coverage.EXTENDED,
        intact=True,
        verdict=Verdict.ACCEPTED,
        certificate=b"x",
    )
    print_signature(of_pdf(found))
    said = " ".join(capsys.readouterr().out.split())
    assert "porte sur : le PDF tel qu'il était à la signature" in said
    assert "certificat : n° 12, délivré par inconnu" in said
    assert "date : 20/11/2026 à 10 h 30 (prouvé par un horodatage)" in said
    print_signature(of_pdf(replace(found, name="", time_stamp=True)).within("a.pdf"))
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("horodatage du document dans « a.pdf » : conforme (empreintes justes")
