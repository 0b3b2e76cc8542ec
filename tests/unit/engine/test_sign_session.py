"""Signing what was shown, alone or as a person; what keeps a deposit waiting; the clock."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from demat.engine import sign, sign_session
from demat.engine.parts import Preparation
from demat.engine.process import process
from demat.engine.sign import (
    SignerUnusable,
    check_clock,
    check_signataire,
    opened,
    vouch_for_clock,
)
from demat.engine.sign_session import (
    find_signataire,
    may_sign_some,
    refuse_to_sign,
    sign_waiting,
    waiting_deposits,
    who_declare,
)
from demat.engine.signataires import Delegation, Person
from demat.faults import FaultError, Severity
from demat.helios.model import Domaine
from demat.helios.read import read_pes
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from demat.sandbox.pki import Pki
from demat.xmlio import parse_untrusted
from tests.unit.engine.conftest import (
    FIXTURES,
    START,
    KeyFile,
    Town,
    declare,
    sign_all,
    signataire_of,
    titre,
    titres,
)

TITRES_ONLY = Delegation(reference="Arrêté n° 14", domaines=frozenset({Domaine.RECETTE}))


def drop(town: Town, name: str, *rows: str) -> DepositView:
    town.write(name, titres(*rows))
    town.intake()
    return next(item for item in town.store.deposits() if item.name == name)


def events(town: Town, action: str) -> list[dict[str, str]]:
    return [dict(item.detail) for item in town.store.journal() if item.action == action]


# ------------------------------------------------------------------------------------ alone


def test_a_seal_signs_alone_what_it_may_and_the_rest_waits(seal: Callable[..., Town]) -> None:
    town = seal(delegation=TITRES_ONLY)
    assert town.fixture("titres-cantine.csv").state is DepositState.PACKED
    assert town.fixture("mandats-2026-10").state is DepositState.AWAITING_SIGNATURE
    (event,) = events(town, "signed")
    assert (event["signataire"], event["delegation"], event["total"]) == (
        "Camille Dupré",
        "Arrêté n° 14",
        "1369.60",
    )


def test_a_seal_signs_nothing_above_its_ceiling(seal: Callable[..., Town]) -> None:
    limits = replace(TITRES_ONLY, plafond=Decimal("1369.59"))
    assert seal(delegation=limits).fixture("titres-cantine.csv").state is (
        DepositState.AWAITING_SIGNATURE
    )


def test_two_seals_share_the_budgets(seal: Callable[..., Town], pki: Pki) -> None:
    water = signataire_of(
        pki.maire, nom="Cachet eau", unattended=True, budgets=frozenset({"045/02"})
    )
    town = seal(unattended=False)
    town = declare(town, *town.authority.signataires, water)
    assert town.fixture("titres-eau.csv").state is DepositState.PACKED
    assert town.fixture("titres-cantine.csv").state is DepositState.AWAITING_SIGNATURE
    assert [event["signataire"] for event in events(town, "signed")] == ["Cachet eau"]


def test_a_person_is_never_replaced_by_the_night(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False)
    deposit = town.fixture("titres-cantine.csv")
    town.night()
    assert town.store.deposit(deposit.id).state is DepositState.AWAITING_SIGNATURE
    assert events(town, "signed") == []


def test_a_key_that_fails_again_and_again_is_told_once(seal: Callable[..., Town]) -> None:
    town = seal(passphrase="faux")
    town.write("titres.csv", titres(titre(417, 12)))
    for _ in range(3):
        town.night()
    assert events(town, "key_unusable") == [
        {"signataire": "Camille Dupré", "codes": "SIG-PASSPHRASE"}
    ]
    town = seal(identity="expired")
    town.night()
    assert [event["codes"] for event in events(town, "key_unusable")] == [
        "SIG-PASSPHRASE",
        "SIG-EXPIRED",
    ]
    town = seal()
    town.night()
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.PACKED


def test_a_signature_made_again_after_a_crash_is_in_the_journal(
    seal: Callable[..., Town], die: Callable[..., None]
) -> None:
    town = seal()
    town.write("titres.csv", titres(titre(417, 12)))
    die(town.store, "pack", after=False)
    with pytest.raises(BaseException, match="pack"):
        town.intake()
    town.intake()
    assert [event["bordereaux"] for event in events(town, "signed")] == ["1", "1"]
    assert not town.store.verify_journal()


# -------------------------------------------------------------------------------- a session


def test_nothing_moves_while_what_waits_is_shown(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False)
    town.fixture("titres-cantine.csv")
    town.fixture("mandats-2026-10")
    before = town.store.journal()
    titres_, mandats = waiting_deposits(town.authority, town.office)
    assert town.store.journal() == before
    assert [(one.numero, one.pieces, one.total) for one in titres_.bordereaux] == [
        (12, 3, Decimal("1369.60"))
    ]
    (mandat,) = mandats.bordereaux
    assert (mandat.budget, mandat.domaine, mandat.total) == (
        "045/00",
        Domaine.DEPENSE,
        Decimal("2040.00"),
    )
    assert waiting_deposits(town.authority, town.office) == (titres_, mandats)


def test_two_deposits_of_one_series_are_signed_in_one_session(
    seal: Callable[..., Town],
) -> None:
    """The yearly total of the second one counts the first: it is what was shown all the same."""
    town = seal(unattended=False)
    drop(town, "a.csv", titre(417, 12))
    drop(town, "b.csv", titre(418, 13))
    assert {item.state for item in sign_all(town).values()} == {DepositState.PACKED}
    totals = [
        parse_untrusted(town.store.documents.get(flow.sha256)).find(".//MtCumulAnnuel").get("V")  # type: ignore[union-attr]  # it is there
        for flow in town.flows()
    ]
    facts = [read_pes(town.store.documents.get(flow.sha256)) for flow in town.flows()]
    first, second = (Decimal(value or "") for value in totals)
    assert second == first + (facts[1].bordereaux[0].mt_ht or 0)


def test_what_a_session_may_not_sign_waits_and_is_in_the_journal(
    seal: Callable[..., Town],
) -> None:
    town = seal(unattended=False)
    town.fixture("mandats-2026-10")
    (shown,) = waiting_deposits(town.authority, town.office)
    town = seal(unattended=False, delegation=TITRES_ONLY)
    with (
        opened(town.authority.signataires[0], town.authority, town.office) as pen,
        pytest.raises(FaultError) as caught,
    ):
        sign_waiting(shown, pen, town.authority, town.office)
    assert caught.value.faults.codes == ("INT-SIGNER_FLUX",)
    assert events(town, "signing_refused") == [
        {"signataire": "Camille Dupré", "codes": "INT-SIGNER_FLUX"}
    ]
    assert town.store.deposit(shown.deposit.id).state is DepositState.AWAITING_SIGNATURE


def test_what_is_prepared_otherwise_than_shown_is_not_signed(
    seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = seal(unattended=False)
    town.fixture("titres-cantine.csv")
    (shown,) = waiting_deposits(town.authority, town.office)
    real = sign_session.prepare

    def otherwise(*values: object) -> Preparation:
        preparation = real(*values)  # type: ignore[arg-type]  # passed through
        (part,) = preparation.parts
        content = part.content.replace(b"1240.00", b"1340.00")
        assert content != part.content
        return replace(preparation, parts=(replace(part, content=content),))

    monkeypatch.setattr(sign_session, "prepare", otherwise)
    with (
        opened(town.authority.signataires[0], town.authority, town.office) as pen,
        pytest.raises(FaultError) as caught,
    ):
        sign_waiting(shown, pen, town.authority, town.office)
    assert caught.value.faults.codes == ("INT-SIGN_CHANGED",)
    assert [event["codes"] for event in events(town, "signing_refused")] == ["INT-SIGN_CHANGED"]


def test_a_key_is_opened_once_for_many_deposits(seal: Callable[..., Town], pki: Pki) -> None:
    town = seal(unattended=False)
    for name in ("titres-cantine.csv", "titres-eau.csv", "mandats-2026-10"):
        town.fixture(name)
    asked: list[str] = []
    key = KeyFile(identity=pki.maire, typed=True)
    (signataire,) = town.authority.signataires
    town = declare(town, replace(signataire, open=key.open, typed=True))
    (signataire,) = town.authority.signataires

    def ask(question: str) -> str:
        asked.append(question)
        return pki.maire.passphrase

    waiting = waiting_deposits(town.authority, town.office)
    person = Person(ask=ask)
    with opened(signataire, town.authority, town.office, person=person) as pen:
        done = [sign_waiting(item, pen, town.authority, town.office) for item in waiting]
    assert [item.state for item in done] == [DepositState.PACKED] * 3
    assert (asked, key.opened) == (["Mot de passe : "], ["maire.p12"])


def test_a_certificate_that_ends_during_the_session_signs_no_more(
    seal: Callable[..., Town],
) -> None:
    town = seal(unattended=False)
    town.fixture("titres-cantine.csv")
    (shown,) = waiting_deposits(town.authority, town.office)
    (over,) = seal(identity="expired").authority.signataires
    with (
        opened(town.authority.signataires[0], town.authority, town.office) as pen,
        over.open(None) as ended,
        pytest.raises(SignerUnusable) as caught,
    ):
        sign_waiting(shown, replace(pen, signer=ended), town.authority, town.office)
    assert caught.value.faults.codes == ("SIG-EXPIRED",)
    assert town.store.deposit(shown.deposit.id).state is DepositState.AWAITING_SIGNATURE


# ----------------------------------------------------------------------------------- refusal


def test_a_refusal_gives_the_deposit_back(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False, qualite="Présidente")
    deposit = town.fixture("titres-cantine.csv")
    (signataire,) = town.authority.signataires
    long = "Le titre 417 est en double. " * 40
    done = refuse_to_sign(deposit, signataire, long, town.authority, town.office)
    (fault,) = done.faults
    assert fault.params == {
        "signataire": "Camille Dupré",
        "qualite": "Présidente",
        "motif": long[:500],
    }
    assert town.tree(town.folders.a_corriger) == [
        "titres-cantine/A-LIRE.html",
        "titres-cantine/titres-cantine.csv",
    ]
    with pytest.raises(FaultError) as caught:
        refuse_to_sign(deposit, signataire, "Encore", town.authority, town.office)
    assert caught.value.faults.codes == ("INT-NOT_AWAITING",)
    assert waiting_deposits(town.authority, town.office) == ()


def test_what_was_shown_before_a_refusal_is_not_signed(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False)
    deposit = town.fixture("titres-cantine.csv")
    (shown,) = waiting_deposits(town.authority, town.office)
    (signataire,) = town.authority.signataires
    refuse_to_sign(deposit, signataire, "Non", town.authority, town.office)
    with opened(signataire, town.authority, town.office) as pen:
        done = sign_waiting(shown, pen, town.authority, town.office)
    assert done.state is DepositState.RETURNED
    assert town.flows() == ()


# ----------------------------------------------------------------------------- who, by name


def test_finding_a_signataire(seal: Callable[..., Town], pki: Pki) -> None:
    town = seal()
    first = town.authority.signataires[0]
    assert find_signataire(town.authority, "") is first
    assert find_signataire(town.authority, " camille   DUPRÉ ") is first
    person = signataire_of(pki.maire, nom="Claire Témoin")
    town = declare(town, first, person)
    assert find_signataire(town.authority, "") is person  # a seal refuses nothing by itself
    town = declare(town, first, person, signataire_of(pki.maire, nom="Octave Tuillier"))
    for name, code in (("", "INT-SIGNER_WHICH"), ("Claire", "INT-SIGNER_UNKNOWN")):
        with pytest.raises(FaultError) as caught:
            find_signataire(town.authority, name)
        assert caught.value.faults.codes == (code,)


def test_the_authorities_that_declare_somebody(
    seal: Callable[..., Town], two_towns: tuple[Town, Town]
) -> None:
    authorities = (seal().authority, two_towns[1].authority)
    assert who_declare(authorities, "Camille Dupré") == authorities[:1]
    with pytest.raises(FaultError) as caught:
        who_declare(authorities, "Personne")
    (fault,) = caught.value.faults
    assert fault.params == {"value": "Personne", "known": "Camille Dupré"}


def test_people_sign_before_seals(seal: Callable[..., Town], pki: Pki) -> None:
    town = seal(unattended=False)
    town.fixture("titres-cantine.csv")
    waiting = waiting_deposits(town.authority, town.office)
    person = signataire_of(pki.maire, nom="Claire Témoin")
    seal_ = signataire_of(pki.maire, nom="Cachet", unattended=True)
    town = declare(town, seal_, person)
    assert may_sign_some(town.authority, waiting, town.office) == (person,)
    ended = Delegation(reference="A", fin=START.date() - timedelta(days=1))
    town = declare(town, seal_, replace(person, delegation=ended))
    assert may_sign_some(town.authority, waiting, town.office) == (seal_,)
    town = declare(town, replace(person, delegation=ended))
    with pytest.raises(FaultError) as caught:
        may_sign_some(town.authority, waiting, town.office)
    assert caught.value.faults.codes == ("INT-SIGNER_ENDED", "INT-SIGNER_NOBODY")
    with pytest.raises(FaultError) as caught:
        may_sign_some(declare(town).authority, waiting, town.office)
    assert caught.value.faults.codes == ("INT-NO_SIGNER",)


# ------------------------------------------------------------------------------------ clock


@pytest.mark.parametrize(
    ("back", "trusted"),
    [(timedelta(0), True), (timedelta(minutes=2), True), (timedelta(minutes=2, seconds=1), False)],
)
def test_the_clock_may_not_go_back(
    seal: Callable[..., Town], back: timedelta, trusted: bool
) -> None:
    town = seal(unattended=False)
    deposit = town.fixture("titres-cantine.csv")
    town.clock.instant -= back
    assert (check_clock(town.office).codes == ()) is trusted
    if trusted:
        assert sign_all(town)[deposit.id].state is DepositState.PACKED
        return
    with pytest.raises(SignerUnusable) as caught:
        sign_all(town)
    assert caught.value.faults.codes == ("SIG-CLOCK_BACK",)
    vouch_for_clock(town.authority, town.office)
    assert sign_all(town)[deposit.id].state is DepositState.PACKED


def test_the_night_signs_nothing_at_a_wrong_time(seal: Callable[..., Town]) -> None:
    town = seal()
    town.clock.instant += timedelta(days=1)
    town.store.tell(town.authority.siren, "classification", {})
    town.clock.instant -= timedelta(days=1)
    town.write("titres.csv", titres(titre(417, 12)))
    report = town.night()
    assert "L'horloge de cet ordinateur indique le" in report.authorities[0].errors[0]
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.CHECKED
    town.clock.instant += timedelta(days=1)
    assert process(deposit, town.authority, town.office).state is DepositState.PACKED


# ----------------------------------------------------------------------------------- doctor


def test_a_signataire_is_checked_without_a_person(seal: Callable[..., Town], pki: Pki) -> None:
    town = seal()
    (signataire,) = town.authority.signataires

    def check(**changes: object) -> tuple[str, ...]:
        changed = replace(signataire, **changes)  # type: ignore[arg-type]  # passed through
        return check_signataire(changed, town.authority, town.office).codes

    assert check() == ()
    assert check(fingerprint="00" * 32) == ("SIG-FINGERPRINT",)
    ended = replace(TITRES_ONLY, fin=START.date() - timedelta(days=1))
    assert check(delegation=ended) == ("INT-SIGNER_ENDED",)
    closed = KeyFile(identity=pki.maire, typed=True)
    assert check(open=closed.open, typed=True) == ()
    assert closed.opened == []
    with signataire.open(None) as signer:
        expired = signer.certificate
    town.clock.instant += timedelta(days=686)
    (fault,) = check_signataire(signataire, town.authority, town.office)
    assert (fault.code, fault.severity) == ("SIG-EXPIRY_60", Severity.WARNING)
    town.clock.instant += timedelta(days=45)
    assert check(open=closed.open, typed=True, public=lambda: expired) == ("SIG-EXPIRED",)


def test_the_night_tells_of_what_ends(seal: Callable[..., Town]) -> None:
    town = seal()
    assert town.night().authorities[0].notices == []
    ended = replace(TITRES_ONLY, fin=START.date() - timedelta(days=1))
    town = seal(unattended=False, typed=True, delegation=ended)
    assert town.night().authorities[0].notices == [
        "La délégation de Camille Dupré (Arrêté n° 14) a pris fin le 22/11/2026. Faites signer une "
        "autre personne habilitée (demat sign --signataire). Si la délégation a changé, le "
        "technicien la corrige dans la configuration."
    ]


def test_no_delegation_goes_by_a_total_that_the_lines_belie(
    seal: Callable[..., Town], tmp_path: Path
) -> None:
    content = (FIXTURES / "compta-D0032.xml").read_bytes()
    (total,) = set(re.findall(rb'<MtBordHT V="([0-9.]+)"/>', content))
    path = tmp_path / "compta-D0032.xml"
    path.write_bytes(content.replace(b'<MtBordHT V="' + total, b'<MtBordHT V="1.00'))
    town = seal(delegation=replace(TITRES_ONLY, domaines=frozenset(Domaine), plafond=Decimal(100)))
    levels = {"PES-020": Severity.WARNING, "PES-021": Severity.WARNING}
    settings = replace(town.office.settings, pes_levels=levels)
    office = replace(town.office, settings=settings)
    town = replace(town, office=office)
    deposit = town.hand_in(path)
    assert deposit.state is DepositState.AWAITING_SIGNATURE
    assert "PES-020" in deposit.faults.codes
    (shown,) = waiting_deposits(town.authority, town.office)
    (bordereau,) = shown.bordereaux
    assert bordereau.total is None
    maire = replace(town.authority.signataires[0], delegation=None)
    assert sign_all(declare(town, maire))[deposit.id].state is DepositState.PACKED
    assert [event["total"] for event in events(town, "signed")] == [""]


def test_two_people_sign_at_once(
    seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = seal(unattended=False)
    town.fixture("titres-cantine.csv")
    (shown,) = waiting_deposits(town.authority, town.office)
    real = sign_session.prepare
    others: list[DepositView] = []

    def slowly(*values: object) -> Preparation:
        preparation = real(*values)  # type: ignore[arg-type]  # passed through
        if not others:
            others.append(shown.deposit)
            others.append(sign_all(town)[shown.deposit.id])
        return preparation

    monkeypatch.setattr(sign_session, "prepare", slowly)
    with opened(town.authority.signataires[0], town.authority, town.office) as pen:
        done = sign_waiting(shown, pen, town.authority, town.office)
    assert (done.state, others[1].state) == (DepositState.PACKED, DepositState.PACKED)
    assert len(town.flows()) == 1
    assert len(events(town, "signed")) == 1


def test_one_refuses_what_another_signs(
    seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = seal(unattended=False)
    deposit = town.fixture("titres-cantine.csv")
    real = sign_session.give_back

    def slowly(*values: object, **more: object) -> DepositView:
        sign_all(town)
        return real(*values, **more)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(sign_session, "give_back", slowly)
    (signataire,) = town.authority.signataires
    with pytest.raises(FaultError) as caught:
        refuse_to_sign(deposit, signataire, "Non", town.authority, town.office)
    assert caught.value.faults.codes == ("INT-NOT_AWAITING",)
    assert town.store.deposit(deposit.id).state is DepositState.PACKED


def test_a_person_is_no_seal(seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign, "is_personal", lambda certificate: True)
    town = seal()
    (signataire,) = town.authority.signataires
    (fault,) = check_signataire(signataire, town.authority, town.office)
    assert (fault.code, fault.severity) == ("SIG-NOT_SEAL", Severity.WARNING)
    assert town.fixture("titres-cantine.csv").state is DepositState.PACKED
    attended = replace(signataire, unattended=False)
    assert not check_signataire(attended, town.authority, town.office)
