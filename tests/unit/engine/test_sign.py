"""Our own signatures are verified before anything is frozen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree

from demat.engine import sign
from demat.engine.sign import SignerUnusable, opened
from demat.engine.signataires import Signataire
from demat.faults import FaultError
from demat.queue.states import DepositState
from demat.sandbox.pki import Pki
from demat.schemas.validate import validate
from demat.signing.keys import KeyFileSigner
from demat.signing.policy import SignatureOptions
from demat.signing.rgs import NiveauRgs, PolitiqueRgs, UsageRgs
from demat.signing.trust import TrustStore
from demat.signing.verify import verify
from tests.fictional_authority import FictionalAuthority, new_key, usage
from tests.judges import EDITIONS, official_schema, xmlsec1
from tests.unit.engine.conftest import START, Town, codes, declare


def test_every_bordereau_is_signed_and_verifies(seal: Callable[..., Town]) -> None:
    town = seal()
    for fixture in ("mandats-2026-10", "titres-cantine.csv", "compta-D0032.xml"):
        assert town.fixture(fixture).state is DepositState.PACKED
    for flow in town.flows():
        content = town.store.documents.get(flow.sha256)
        (report,) = verify(content, trust=town.authority.trust)
        assert (report.digests_correct, report.value_correct, report.covered) == (True,) * 3
        assert report.element == "Bordereau"


@pytest.mark.parametrize("whole", [False, True])
def test_others_accept_what_leaves_signed(
    seal: Callable[..., Town], pki: Pki, shared: Path, tmp_path: Path, whole: bool
) -> None:
    """Every file: the official schemas of three editions, and xmlsec1 for each signature."""
    town = seal(whole=whole)
    for fixture in ("mandats-2026-10", "titres-cantine.csv", "compta-D0032.xml"):
        town.fixture(fixture)
    flows = town.flows()
    assert len(flows) == 3
    for flow in flows:
        content = town.store.documents.get(flow.sha256)
        for edition in EDITIONS:
            schema = official_schema(shared, edition)
            assert schema.validate(etree.fromstring(content)), (edition, schema.error_log)
        verdicts = xmlsec1(content, pki, tmp_path, START)
        assert verdicts == [True] * (1 if whole else content.count(b"<Bordereau "))


def test_one_signature_may_bear_on_the_whole_file(seal: Callable[..., Town]) -> None:
    town = seal(whole=True)
    for fixture in ("mandats-2026-10", "titres-cantine.csv", "compta-D0032.xml"):
        assert town.fixture(fixture).state is DepositState.PACKED
    for flow in town.flows():
        content = town.store.documents.get(flow.sha256)
        (report,) = verify(content, trust=town.authority.trust)
        assert (report.digests_correct, report.value_correct, report.covered) == (True,) * 3
        assert report.element == "PES_Aller"
        assert validate(content).codes == ()
        assert content.count(b'<InfoDematerialisee V="1"/>') == 1


def test_a_signature_that_does_not_verify_stops_all(
    seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = seal()
    real = sign.sign_elements

    def spoiled(*args: object, **values: object) -> bytes:
        signed = real(*args, **values)  # type: ignore[arg-type]  # passed through
        return signed.replace(b"CANTINE SCOLAIRE", b"CANTINE SCOLAIRD")

    monkeypatch.setattr(sign, "sign_elements", spoiled)
    deposit = town.fixture("titres-cantine.csv")
    assert deposit.state is DepositState.RETURNED
    assert "SIG-OURS" in codes(deposit)
    assert town.flows() == ()


def test_a_bordereau_left_without_signature_stops_all(
    seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = seal()
    monkeypatch.setattr(sign, "sign_elements", lambda content, *_, **__: content)
    deposit = town.fixture("titres-cantine.csv")
    assert codes(deposit) == ("SIG-UNSIGNED", "SIG-OURS")
    assert {fault.params["element"] for fault in deposit.faults if "OURS" in fault.code} == {
        "BRD2026R0012"
    }


def test_a_revoked_certificate_signs_nothing(seal: Callable[..., Town]) -> None:
    deposit = seal(identity="revoked").fixture("titres-cantine.csv")
    assert deposit.state is DepositState.RETURNED
    assert "SIG-OURS" in codes(deposit)


def test_a_chain_that_nobody_can_judge_does_not_stop_the_authority(
    seal: Callable[..., Town],
) -> None:
    town = seal()
    authority = replace(town.authority, trust=TrustStore())
    town = replace(town, authority=authority)
    assert town.fixture("titres-cantine.csv").state is DepositState.PACKED


@pytest.mark.parametrize("changes", [{"passphrase": "faux"}, {"identity": "expired"}])
def test_a_key_that_cannot_be_used(seal: Callable[..., Town], changes: dict[str, str]) -> None:
    town = seal(**changes)
    (signataire,) = town.authority.signataires
    with (
        pytest.raises(SignerUnusable) as caught,
        opened(signataire, town.authority, town.office),
    ):
        pass
    assert isinstance(caught.value, FaultError)


def test_a_seal_signs_when_its_policy_is_known_in_the_trust_folder(town: Town) -> None:
    """Its key usage is *digitalSignature* alone, which a person may not sign with."""
    key = new_key()
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.250.1.999.7"), None)
    sealing = [(usage("digital_signature"), True), (x509.CertificatePolicies([policy]), False)]
    ac = FictionalAuthority(START)
    certificate = ac._issue(
        "Cachet de la commune", key, (-30, 300), sealing, authority=False, of=ac
    )

    @contextmanager
    def open_seal(_: object) -> Iterator[KeyFileSigner]:
        yield KeyFileSigner(certificate=certificate, chain=(), key=key)

    seal = Signataire(
        nom="Cachet de la commune",
        options=SignatureOptions(role="Cachet", city="SAINT-EXEMPLE", postal_code="99120"),
        open=open_seal,
        public=lambda: None,
        unattended=True,
    )
    known = PolitiqueRgs(
        oid="1.2.250.1.999.7",
        niveau=NiveauRgs.UNE,
        usages=frozenset({UsageRgs.CACHET}),
        emetteur="AC fictive",
        source="essai",
    )
    town = declare(town, seal)
    with pytest.raises(SignerUnusable, match="SIG-KEY_USAGE"):
        town.fixture("titres-cantine.csv")
    authority = replace(town.authority, trust=TrustStore(policies=(known,)))
    town = replace(town, authority=authority, office=replace(town.office, authorities=(authority,)))
    assert town.fixture("mandats-2026-10").state is DepositState.PACKED
    report = verify(town.store.documents.get(town.flow(1).sha256), trust=authority.trust)[0]
    assert report.level.libelle == "RGS *"
    assert "SIG-KEY_USAGE" not in report.reasons.codes
