"""The eighteen scenarios of the connectors dossier, §8.3, one test each, named by their number.

The engine is the real one, against the real sandbox over TLS; both clocks are pushed together.
"""

import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from lxml import html

from demat.actes.lifecycle import EtatActe
from demat.clock import PARIS
from demat.engine.cancel import cancel
from demat.engine.health import Level, Limits, judge, look
from demat.helios.lifecycle import EtatPes
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView
from demat.sandbox.pki import Identity
from demat.sandbox.scenario import RegleActe, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.acceptance.bad_input import FIXTURES, PES, lying
from tests.acceptance.conftest import Mairie, OpenMairie, page_text
from tests.acceptance.test_bad_line import CREATE, IMPORT, PAGE
from tests.acceptance.test_year import (
    PDF,
    Year,
    check_papers,
    counted,
    hand_in,
    received_by_the_ministry,
)
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "pes"
NUMERO = "2026_001"
CANCEL = "actes_transac_cancel"
OpenYear = Callable[..., Year]


@pytest.fixture
def open_year(open_mairie: OpenMairie) -> Iterator[OpenYear]:
    """Return a function that opens a mairie whose time is ours: ``open_year(scenario)``."""
    with ExitStack() as stack:

        def opened(scenario: str | Scenario = "nominal", *, name: str = "travail") -> Year:
            return stack.enter_context(counted(open_mairie(scenario=scenario, name=name)))

        yield opened


def kinds(year: Year, flow: TransmissionView) -> list[str]:
    """The answers kept about a flow, oldest first."""
    return [receipt.kind for receipt in year.office.store.receipts(flow.id)]


def actes(year: Year) -> list[str]:
    """The numbers of the acts that the other side holds."""
    return [one["number"] for one in year.mairie.sandbox.ledger()["actes"]]


def answers(year: Year, script: str) -> list[str]:
    """What the TdT answered each time that demat called a script; nothing when it was lost."""
    folder = year.mairie.root / "donnees" / "echanges"
    asked = sorted(folder.rglob(f"*-{script}*-request.txt"), key=lambda path: path.name)
    kept = [one.with_name(one.name.replace("-request.txt", "-response.bin")) for one in asked]
    return [one.read_text("iso-8859-1") if one.exists() else "" for one in kept]


def told(year: Year) -> str:
    """What the last night told, failures and reminders."""
    return " ".join((*year.reports[-1].errors, *year.reports[-1].notices))


def only_pes(year: Year) -> TransmissionView:
    (flow,) = year.office.store.transmissions()
    return flow


def test_01_nominal_act(open_year: OpenYear) -> None:
    """Sent → transmitted → acknowledged; AR, stamp, bordereau stored."""
    year = open_year()
    hand_in(year, NUMERO, objet="Tarifs")
    year.night()
    acte = year.flow(NUMERO)
    assert (acte.delivery, acte.remote_code, acte.etat) == ("deposited", "1", EtatActe.PREPARE)
    year.mairie.advance(4)
    year.night()
    acte = year.flow(NUMERO)
    assert (acte.remote_code, acte.etat, acte.etat_final) == ("3", EtatActe.PREPARE, False)
    year.wait(hours=1)
    year.night()
    acte = year.flow(NUMERO)
    assert (acte.remote_code, acte.etat) == ("4", EtatActe.ACQUITTE)
    (ar,) = year.office.store.receipts(acte.id)
    assert ar.kind == "ARActe"
    assert year.laid("accuses", f"*/{ar.name}").read_bytes() == year.mairie.kept(ar.sha256)
    check_papers(year, acte)


def friday_morning(year: Year) -> None:
    """Go on to a Friday, 8 o'clock in Paris, on both sides: 24 working hours end on the Monday."""
    now = year.clock.now().astimezone(PARIS)
    days = (4 - now.weekday()) % 7 or 7
    friday = datetime.combine(now.date() + timedelta(days=days), time(8), PARIS)
    passed = friday - year.clock.now()
    year.clock.instant += passed
    year.mairie.advance(passed.total_seconds() / 60)


def night_of_maintenance(year: Year) -> None:
    """Spend a night in which the TdT answers everything by its page, and act on none of it."""
    sandbox, before = year.mairie.sandbox, year.flow(NUMERO)
    met = sandbox.struck().get("html200", 0)
    sandbox.random_faults(("html200",), seed=1, rate=1)
    report = year.night()
    sandbox.random_faults((), seed=1, rate=0)
    assert sandbox.struck()["html200"] - met >= 3  # the list, the status, the letters…
    assert [PAGE[0] in sentence for sentence in report.errors] == [True]
    after = year.flow(NUMERO)
    assert (after.etat, after.delivery, after.remote_code, after.faults) == (
        before.etat,
        before.delivery,
        before.remote_code,
        before.faults,
    )


def test_02_ar_after_6_days_with_two_daily_maintenance_windows(open_year: OpenYear) -> None:
    """No alarm before the threshold (24 working hours), then acknowledged."""
    year = open_year("ar-tardif")
    friday_morning(year)
    hand_in(year, NUMERO, objet="Tarifs")
    year.night()
    year.wait(hours=3)
    alarmed = []
    for rank in range(26):  # each night six hours after the other, and one of two in a window
        in_a_window = rank % 2 == 0
        if in_a_window:
            night_of_maintenance(year)
        else:
            assert year.night().errors == []
        alarmed.append(alarms(year))
        year.wait(hours=6)
    monday = 72 // 6  # from Friday to Monday, 8 o'clock
    assert alarmed[:monday] == [[]] * monday
    assert alarmed[monday:-1] == [["ACT-062", "unanswered_actes"]] * (len(alarmed) - monday - 1)
    assert alarmed[-1] == []
    acte = year.flow(NUMERO)
    assert (acte.etat, kinds(year, acte)) == (EtatActe.ACQUITTE, ["ARActe"])
    assert actes(year) == [NUMERO]


def alarms(year: Year) -> list[str]:
    """What somebody is told about an act that waits too long: by the night, by the supervision."""
    late = "n'a pas répondu pour l'acte"
    found = ["ACT-062"] if late in told(year) else []
    checks = judge(look(year.office, year.mairie.root), Limits())
    waiting = [check for check in checks if check.name == "unanswered_actes"]
    return found + [check.name for check in waiting if check.level is not Level.GOOD]


def lost_create(open_year: OpenYear, when: str) -> TransmissionView:
    """Lose the answer of a create, come back after the wait, and once more; one act is there."""
    year = open_year()
    hand_in(year, NUMERO, objet="Tarifs")
    year.mairie.sandbox.fault(CREATE, kind="close", when=when)
    year.night()
    assert year.flow(NUMERO).delivery is DeliveryState.SUSPENDED
    assert len(actes(year)) == (1 if when == "after" else 0)
    year.wait(hours=1)
    year.night()
    flow = year.flow(NUMERO)
    assert flow.delivery is DeliveryState.DEPOSITED
    year.wait(hours=6)
    year.night()
    assert year.flow(NUMERO).etat == EtatActe.ACQUITTE
    (line,) = year.mairie.sandbox.ledger()["actes"]
    assert flow.reference == str(line["id"])
    assert flow.attempts == len(answers(year, CREATE))
    return flow


def test_03_lost_answer_on_create_act_landed(open_year: OpenYear) -> None:
    """Recovered id, one act only."""
    assert lost_create(open_year, "after").attempts == 1


def test_04_lost_answer_on_create_act_did_not_land(open_year: OpenYear) -> None:
    """Re-sent once."""
    assert lost_create(open_year, "before").attempts == 2


def test_05_anomaly_002_then_ar(open_year: OpenYear) -> None:
    """Acknowledged, the anomaly kept in the history."""
    year = open_year("anomalie-puis-ar")
    hand_in(year, NUMERO, objet="Tarifs")
    year.night()
    year.wait(hours=0)
    year.mairie.advance(20)
    year.night()
    assert year.flow(NUMERO).etat == EtatActe.EN_ANOMALIE
    assert "ODT-VERIF-02" in " ".join(reasons(year).values())
    year.wait(hours=3)
    year.night()
    acte = year.flow(NUMERO)
    assert (acte.etat, kinds(year, acte)) == (EtatActe.ACQUITTE, ["AnomalieActe", "ARActe"])
    assert lying(year.mairie.folder / "a-corriger") == {}


def test_06_ar_then_anomaly(open_year: OpenYear) -> None:
    """Acknowledged, nothing else."""
    year = open_year("ar-puis-anomalie")
    hand_in(year, NUMERO, objet="Tarifs")
    year.exchange()
    year.wait(hours=6)
    year.night()
    assert year.mairie.sandbox.ledger()["error_basket"] == 1  # the anomaly did come
    acte = year.flow(NUMERO)
    assert (acte.etat, kinds(year, acte)) == (EtatActe.ACQUITTE, ["ARActe"])
    assert lying(year.mairie.folder / "a-corriger") == {}


def test_07_anomaly_only_then_the_corrected_act_under_a_new_number(open_year: OpenYear) -> None:
    """First closed in error, second acknowledged, link kept."""
    year = open_year("annee-d-un-acte")
    numero = "2026_REFUS"
    hand_in(year, numero, objet="Subventions")
    year.exchange()
    refused = year.flow(numero)
    assert refused.etat == EtatActe.EN_ANOMALIE
    returned = year.laid("a-corriger", "seance-*")
    returned.rename(year.mairie.folder / "a-deposer" / returned.name)
    year.exchange()
    again = year.flow(f"{numero}_R1")
    assert (again.etat, again.supersedes) == (EtatActe.ACQUITTE, refused.id)
    closed = year.flow(numero)
    assert (closed.etat, closed.superseded_by) == (EtatActe.EN_ANOMALIE, again.id)
    assert sorted(actes(year)) == [numero, f"{numero}_R1"]


def test_08_status_first_seen_as_13(open_year: OpenYear) -> None:
    """Acknowledged, the AR fetched by itself (``get_ARActe``)."""
    year = open_year("archive-directe")
    hand_in(year, NUMERO, objet="Tarifs")
    year.exchange()
    acte = year.flow(NUMERO)
    assert (acte.remote_code, acte.etat) == ("13", EtatActe.ACQUITTE)
    assert kinds(year, acte) == ["ARActe"]
    assert [
        answer.count("<actes:ARActe") for answer in answers(year, "actes_transac_get_ARActe")
    ] == [1]


@pytest.mark.parametrize("listed", [True, False])
def test_09_cancel_lost_answer_second_cancel_ko(open_year: OpenYear, listed: bool) -> None:
    """One cancellation, waiting for its AR: what is listed about the act shows it, or else demat
    asks a second time and is told that it is there."""
    year = open_year()
    hand_in(year, NUMERO, objet="Tarifs")
    year.exchange()
    assert cancel(year.flow(NUMERO), year.authority, year.office, confirm=lambda _told: True)
    year.mairie.sandbox.fault(CANCEL, kind="close", when="after")
    year.night()
    assert year.flow(NUMERO, "6-1").delivery is DeliveryState.SUSPENDED
    if not listed:  # an empty body is an act that nothing is about
        year.mairie.sandbox.fault("transac_get_document", kind="empty200")
    year.clock.instant += timedelta(hours=1)  # the ministry has not answered yet
    year.night()
    refused = ["annulation est déjà en cours" in one for one in answers(year, CANCEL)]
    assert refused == ([False] if listed else [False, True])
    asked = year.flow(NUMERO, "6-1")
    (line,) = year.mairie.sandbox.ledger()["exchanges"]
    assert (asked.delivery, asked.reference) == (DeliveryState.DEPOSITED, str(line["id"]))
    assert not asked.etat_final
    assert year.flow(NUMERO).etat == EtatActe.ANNULATION_DEMANDEE
    with pytest.raises(Exception, match="ACT-05"):
        cancel(year.flow(NUMERO), year.authority, year.office, confirm=lambda _told: True)
    year.wait(hours=6)
    year.night()
    assert year.flow(NUMERO).etat == EtatActe.ANNULE
    assert received_by_the_ministry(year) == ["Acte", "Annulation"]


def titres(year: Year, *fonctions: str) -> None:
    """Hand in one bordereau per fonction; the comptable refuses those that have one (1971)."""
    head, row = (FIXTURES / "titres-eau.csv").read_text("utf-8").splitlines()[:2]
    rows = []
    for rank, fonction in enumerate(fonctions):
        cells = row.split(";")
        cells[1], cells[3], cells[9] = str(3 + rank), str(31 + rank), fonction
        rows.append(";".join(cells))
    year.mairie.write("titres-eau.csv", "\r\n".join((head, *rows, "")).encode())


def reasons(year: Year) -> dict[str, str]:
    """What the agent reads was refused, and why: the points of the sheet laid in ``a-corriger``."""
    sheet = html.fromstring(year.laid("a-corriger", "*/A-LIRE.html").read_bytes())
    return {point.findtext("span"): point.findtext("strong") for point in sheet.iter("li")}


def verdicts(year: Year) -> dict[str, str]:
    """What the sheet laid beside the answer says of each row: « accepté », « refusé »…"""
    sheet = html.fromstring(year.laid("accuses", "*/A-LIRE.html").read_bytes())
    return {row.findtext("th"): row.findtext("td") for row in sheet.iter("tr")}


def test_10_pes_8_with_etat_ack_0(open_year: OpenYear) -> None:
    """« Rejected », with the reasons of each bordereau."""
    year = open_year("demo")
    titres(year, "811", "811")
    year.exchange()
    flow = only_pes(year)
    assert (flow.remote_code, flow.etat) == ("8", EtatPes.REFUSE)
    told_of = reasons(year)
    assert list(told_of) == ["Bordereau de recette n° 3 (2026)", "Bordereau de recette n° 4 (2026)"]
    for titre, reason in zip((31, 32), told_of.values(), strict=True):
        assert f"pièce {titre}, ligne 1" in reason
        assert "1971" in reason
    assert verdicts(year) == {"Fichier": flow.key} | dict.fromkeys(told_of, "refusé")


def test_11_pes_mixed(open_year: OpenYear) -> None:
    """Partly rejected."""
    year = open_year("demo")
    titres(year, "811", "")
    year.exchange()
    flow = only_pes(year)
    assert (flow.remote_code, flow.etat) == ("8", EtatPes.ACQUITTE_PARTIEL)
    refused, accepted = "Bordereau de recette n° 3 (2026)", "Bordereau de recette n° 4 (2026)"
    ((name, reason),) = reasons(year).items()
    assert (name, "1971" in reason) == (refused, True)
    assert verdicts(year) == {"Fichier": flow.key, refused: "refusé", accepted: "accepté"}


def test_12_pes_lost_answer_then_doublon(open_year: OpenYear) -> None:
    """Marked « landed, id unknown »: a human task, told every night, that a person settles."""
    year = open_year()
    year.mairie.write("flux.xml", PES)
    year.mairie.sandbox.fault(IMPORT, kind="close", when="after")
    year.night()
    assert only_pes(year).delivery is DeliveryState.SUSPENDED
    year.wait(hours=6)
    year.night()
    assert only_pes(year).delivery is DeliveryState.LANDED
    assert ["doublon" in one for one in answers(year, IMPORT)] == [False, True]
    year.wait(hours=24)
    year.night()
    assert "demat settle" in told(year)
    (line,) = year.mairie.sandbox.ledger()["pes"]
    number = str(only_pes(year).id)
    settled = year.mairie.demat("settle", number, "--reference", str(line["id"]))
    assert settled.code == 0
    year.night()
    assert only_pes(year).etat == EtatPes.ACQUITTE
    assert len(answers(year, IMPORT)) == 2  # nothing was sent again meanwhile


def test_13_courrier_type_3_then_reply_lost_answer(open_year: OpenYear) -> None:
    """No automatic second reply, whether the first landed or not."""
    year = open_year()
    for when, held in (("before", 0), ("after", 1)):
        numero = f"{NUMERO}_{when}".upper()
        hand_in(year, numero, objet="Tarifs")
        year.exchange()
        year.mairie.sandbox.send_letter(numero, "3", "Grille tarifaire")
        year.wait(hours=1)
        year.night()
        folder = sorted((year.mairie.folder / "courriers").iterdir())[-1]
        year.mairie.sandbox.fault("reponse_create", kind="close", when=when)
        year.mairie.drop(PDF, into=f"reponse-{folder.name.split('-')[0]}")
        for _ in range(5):
            year.night()
            year.wait(hours=12)
        replies = [one for one in year.mairie.sandbox.ledger()["exchanges"] if one.get("reply")]
        assert len(replies) == held
        reply = year.flow(numero, "3-4")
        assert reply.attempts == 1
        if when == "before":
            assert reply.delivery is DeliveryState.SUSPENDED
            assert "demat settle" in told(year)
        else:
            assert (reply.etat, reply.reference) == (EtatActe.ACQUITTE, str(replies[0]["id"]))


def test_14_objet_with_characters_outside_latin_1(open_year: OpenYear) -> None:
    """Transliterated, the original kept."""
    year = open_year()
    objet = "L’œuvre à 10 € 🎉"
    hand_in(year, NUMERO, objet=objet)
    year.exchange()
    (line,) = year.mairie.sandbox.ledger()["actes"]
    assert line["subject"] == "L'oeuvre à 10 EUR ?"
    acte = year.flow(NUMERO)
    assert acte.etat == EtatActe.ACQUITTE
    assert verdicts(year)["Objet"] == objet
    kept = [
        year.office.store.documents.get(one.sha256)
        for one in year.office.store.deposit(acte.deposit_id).files
    ]
    assert any(objet.encode() in content for content in kept)


def test_15_certificate_expires_tonight(open_year: OpenYear) -> None:
    """A warning 30 days before, not 31; the queue stops cleanly after, and goes on once it is
    renewed."""
    before = open_year(name="avant")
    last = before.authority.line_expires()
    assert last is not None
    warning = (
        "Il ne reste que 30 jours au certificat de télétransmission, qui prendra fin le "
        f"{last:%d/%m/%Y}."
    )
    before.clock.instant += timedelta(days=(last - before.today).days - 31)
    before.night()
    assert "Il ne reste que" not in told(before)
    before.clock.instant += timedelta(days=1)
    before.night()
    assert warning in told(before)
    year = open_year()
    year.night()  # the préfecture's list is there: acts can be prepared
    pki = year.mairie.sandbox.pki
    show(year.mairie, pki.expired_client)
    with counted(year.mairie) as after:
        hand_in(after, NUMERO, objet="Tarifs")
        after.mairie.write("flux.xml", PES)
        after.night()
        after.night()
        flows = after.office.store.transmissions()
        assert [flow.delivery for flow in flows] == [DeliveryState.TODO] * 2
        assert "refuse le certificat de la collectivité" in told(after)
        assert "Vos envois attendent" in told(after)
        assert len(after.office.store.pauses()) == 1
        assert after.mairie.landed() == 0
    show(year.mairie, pki.client)
    with counted(year.mairie) as renewed:
        renewed.clock.instant += timedelta(days=1)
        renewed.night()
        assert renewed.mairie.landed() == 2


def show(mairie: Mairie, identity: Identity) -> None:
    """Show another certificate to the TdT."""
    text = mairie.config.read_text("utf-8").splitlines()
    shown = {"certificat = ": identity.certificate, "cle = ": identity.key}
    lines = [
        next((f'{name}"{path}"' for name, path in shown.items() if line.startswith(name)), line)
        for line in text
    ]
    mairie.config.write_text("\n".join(lines) + "\n", "utf-8")
    mairie.secret("client", identity.passphrase)


def test_16_disk_full_when_a_return_is_stored(open_year: OpenYear) -> None:
    """The dossier speaks of a signed dossier of a parapheur, which is not archived there before it
    is stored here. What demat takes back is a PES_Retour: it is not marked as read before."""
    year = open_year()
    content = (GOLDEN / "retour_depense.xml").read_bytes()
    large = content + b"<!--" + b" " * 1_200_000 + b"-->"
    year.mairie.sandbox.send_pes_retour("PES2R_DEP.xml", large)
    year.mairie.advance(60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        year.night()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (line,) = year.mairie.sandbox.ledger()["retours"]
    assert line["unread"]
    assert year.office.store.retours(year.authority.siren) == ()
    assert "Libérez de la place sur le disque" in told(year)
    year.night()
    (line,) = year.mairie.sandbox.ledger()["retours"]
    assert not line["unread"]
    assert [one.name for one in year.office.store.retours(year.authority.siren)] == [
        "PES2R_DEP.xml"
    ]


@pytest.mark.parametrize(("failure", "minutes"), [(14, 0), (20, 0), (22, 0), (14, 600)])
def test_17_sae_rejection(open_year: OpenYear, failure: int, minutes: int) -> None:
    """The act stays acknowledged, whether the AR was seen before the SAE said no or not. demat
    files nothing in an SAE itself: the TdT does, and we have no task open."""
    rule = RegleActe(number="", archive_minutes=minutes, archive_failure=failure)
    year = open_year(replace(SCENARIOS["nominal"], regles_actes=(rule,)))
    hand_in(year, NUMERO, objet="Tarifs")
    year.exchange()
    assert year.flow(NUMERO).remote_code == ("4" if minutes else str(failure))
    year.wait(hours=12)
    year.night()
    (line,) = year.mairie.sandbox.ledger()["actes"]
    assert line["status"] == failure
    acte = year.flow(NUMERO)
    assert (acte.etat, kinds(year, acte)) == (EtatActe.ACQUITTE, ["ARActe"])
    assert [report.errors for report in year.reports if report.errors] == []
    assert lying(year.mairie.folder / "a-corriger") == {}


def test_18_classification_changed_between_preparation_and_sending(open_year: OpenYear) -> None:
    """Refused here with the new tree: the act was not presented, and leaves again under its own
    number."""
    year = open_year()
    year.night()
    hand_in(year, NUMERO, objet="Tarifs")
    assert year.mairie.demat("watch", "--once").code == 0  # prepared, not sent
    day = year.today - timedelta(days=1)
    year.mairie.sandbox.set_ministry_classification(day)
    year.authority.connector.request_classification(None)  # as another town does by this TdT
    year.wait(hours=24)
    year.night()
    kept = year.flow(NUMERO)
    assert (kept.delivery, kept.faults.codes) == (DeliveryState.REFUSED, ("ACT-026_VERSION",))
    assert actes(year) == []
    returned = year.laid("a-corriger", "seance-*")
    sheet = page_text(next(returned.glob("*.html")))
    assert "demat n'a pas envoyé « seance-2026_001 »" in sheet
    assert f"celle du {day:%d/%m/%Y} est en vigueur" in sheet
    returned.rename(year.mairie.folder / "a-deposer" / returned.name)
    year.exchange()
    again = year.flow(NUMERO)
    assert (again.etat, again.supersedes) == (EtatActe.ACQUITTE, kept.id)
    assert actes(year) == [NUMERO]


def test_18_nobody_knew_that_the_classification_had_changed(open_year: OpenYear) -> None:
    """Re-validated with the new tree: what was frozen with the old one comes back from the
    préfecture, the new one is asked for and installed, and the act leaves again."""
    year = open_year()
    year.night()
    day = year.today - timedelta(days=1)
    hand_in(year, NUMERO, objet="Tarifs")
    assert year.mairie.demat("watch", "--once").code == 0  # prepared, not sent
    assert year.flow(NUMERO).delivery is DeliveryState.TODO
    year.mairie.sandbox.set_ministry_classification(day)
    year.exchange()
    assert year.flow(NUMERO).etat == EtatActe.EN_ANOMALIE
    year.wait(hours=24)
    year.night()
    held = year.office.store.classification(year.authority.siren)
    assert held is not None
    assert held.day == day
    returned = year.laid("a-corriger", "seance-*")
    returned.rename(year.mairie.folder / "a-deposer" / returned.name)
    year.exchange()
    again = year.flow(f"{NUMERO}_R1")
    assert (again.etat, again.supersedes) == (EtatActe.ACQUITTE, year.flow(NUMERO).id)
