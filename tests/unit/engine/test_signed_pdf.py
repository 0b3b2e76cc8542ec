"""Rule 36 from end to end: acts whose PDF comes signed, really, with the keys of the test PKI."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from demat.labels_fr.catalogue import sentence
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from demat.sandbox.pki import Identity, Pki
from demat.signing.trust import TrustStore
from tests.unit.engine.conftest import FIXTURES, START, Town
from tests.unit.signing.pdfs import sign_pdf, text_pdf

DAY = timedelta(days=1)
PLAIN = text_pdf("Arrêté individuel de nomination", "Le maire")


@pytest.fixture
def trusting(town: Town, pki: Pki) -> Town:
    authority = replace(town.authority, trust=TrustStore.from_folder(pki.trust_folder))
    return replace(town, authority=authority, office=replace(town.office, authorities=(authority,)))


def hand_in(town: Town, folder: Path, content: bytes) -> DepositView:
    """Deposit the arrêté of the fixtures with another PDF."""
    for path in (FIXTURES / "arrete-individuel").iterdir():
        (folder / path.name).write_bytes(content if path.suffix == ".pdf" else path.read_bytes())
    return town.hand_in(*sorted(folder.iterdir()))


def of_rule_36(deposit: DepositView) -> list[str]:
    return [sentence(one) for one in deposit.faults if one.code.startswith("ACT-036")]


def test_a_good_signature_lets_the_act_go(trusting: Town, tmp_path: Path, pki: Pki) -> None:
    given = tmp_path / "depot"
    given.mkdir()
    deposit = hand_in(trusting, given, sign_pdf(PLAIN, pki.maire, START - DAY))
    assert (deposit.state, of_rule_36(deposit)) == (DepositState.PACKED, [])


def altered(content: bytes) -> bytes:
    damaged = bytearray(content)
    damaged[damaged.index(b"stream\n") + 20] ^= 1
    return bytes(damaged)


def untouched(content: bytes) -> bytes:
    return content


@pytest.mark.parametrize(
    ("identity", "age", "change", "reason"),
    [
        ("maire", 1, altered, "Le document a été modifié après la signature de « Camille Dupré »."),
        ("expired", 1, untouched, "n'était plus valable à la date de signature"),
        ("revoked", 1, untouched, "avait été révoqué le"),
    ],
)
def test_what_is_proven_wrong_comes_back(
    trusting: Town,
    tmp_path: Path,
    pki: Pki,
    identity: str,
    age: int,
    change: Callable[[bytes], bytes],
    reason: str,
) -> None:
    given = tmp_path / "depot"
    given.mkdir()
    who: Identity = getattr(pki, identity)
    deposit = hand_in(trusting, given, change(sign_pdf(PLAIN, who, START - age * DAY)))
    assert deposit.state is DepositState.RETURNED
    (told,) = of_rule_36(deposit)
    assert told.startswith("La signature électronique de « ")
    assert reason in told
    assert trusting.flows() == ()


def test_an_unknown_authority_is_told_and_stops_nothing(
    town: Town, tmp_path: Path, pki: Pki
) -> None:
    given = tmp_path / "depot"
    given.mkdir()
    deposit = hand_in(town, given, sign_pdf(PLAIN, pki.maire, START - DAY))
    assert deposit.state is DepositState.PACKED
    (told,) = of_rule_36(deposit)
    assert "n'a pas pu être vérifiée jusqu'au bout. Le certificat de « Camille Dupré »" in told


def test_a_certificate_that_expired_since(trusting: Town, tmp_path: Path, pki: Pki) -> None:
    given = tmp_path / "depot"
    given.mkdir()
    deposit = hand_in(trusting, given, sign_pdf(PLAIN, pki.expired, START - 500 * DAY))
    assert (deposit.state, of_rule_36(deposit)) == (DepositState.PACKED, [])
