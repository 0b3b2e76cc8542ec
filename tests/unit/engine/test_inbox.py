"""Letters and answers of the préfecture, whichever way they come: bound, laid, or in quarantine."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from demat.actes.lifecycle import EtatActe
from demat.connectors.api import InboundDocument, Unreachable
from demat.engine.collect import Round
from demat.engine.courriers import due_soon, lay_courriers, send_accuses
from demat.engine.inbox import QUARANTINE, collect_courriers
from demat.engine.transmit import transmit_due
from demat.faults import Faults
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import TransmissionView
from demat.sandbox.prefecture import classification_sans_changement, retour_classification
from tests.unit.engine.conftest import (
    FIXTURES,
    UNKNOWN,
    UNREACHABLE,
    Crash,
    Town,
    anomaly,
    ar,
    collect_all,
)
from tests.unit.engine.prefecture_support import (
    Kind,
    annulation_received,
    archive,
    enveloppe,
    letter_files,
    post_letter,
    reply_received,
)


@pytest.fixture
def acte(town: Town) -> TransmissionView:
    """An act that has its AR."""
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    town.answer(flow, ar(flow))
    collect_all(town.authority, town.office)
    return town.flow(1)


def fetch(town: Town) -> Round:
    round_ = Round()
    collect_courriers(town.authority, town.office, round_)
    return round_


def sheet(town: Town) -> str:
    (path,) = town.folders.courriers.glob("*/A-LIRE.html")
    return " ".join(path.read_text("utf-8").replace("\u00a0", " ").split())


def drop(town: Town, files: dict[str, bytes], name: str = "courriel") -> tuple[str, Faults]:
    """Lay files in a folder of « a-deposer »; return the state of the deposit and its faults."""
    for file, content in files.items():
        town.write(f"{name}/{file}", content)
    town.intake()
    deposit = town.store.deposits()[-1]
    return deposit.state, deposit.faults


# ------------------------------------------------------------- letters that the TdT holds


def test_a_letter_is_kept_bound_laid_and_marked_as_read(town: Town, acte: TransmissionView) -> None:
    post_letter(town, acte.key)
    assert fetch(town).new == 1
    (kept,) = town.store.courriers(town.authority.siren)
    assert (kept.kind, kept.id_acte, kept.day) == ("3", acte.key, date(2026, 11, 25))
    assert (kept.transmission_id, kept.reference) == (acte.id, "881")
    assert town.connector.read_courriers == ["881"]
    told = lay_courriers(town.authority, town.office)
    assert told.codes == ("ACT-COURRIER_NEW",)
    folder = f"{kept.id}-2026-11-25-demande-de-pieces-{acte.facts['numero']}"
    message, document = f"{acte.key}-3-1_12.xml", f"{acte.key}-3-1_13.pdf"
    assert town.tree(town.folders.courriers) == sorted(
        f"{folder}/{name}" for name in (message, document, "A-LIRE.html")
    )
    page = sheet(town)
    assert "Grille tarifaire complète" in page
    assert "« reponse-1 »" in page
    assert "« refus-1 »" in page
    assert "avant le 23/01/2027 (date indicative)" in page  # two months from the day it came
    assert not lay_courriers(town.authority, town.office)  # laid once


def test_a_letter_is_marked_only_once_it_is_kept(
    town: Town, acte: TransmissionView, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_letter(town, acte.key)

    def die(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(town.connector, "mark_courrier_read", die)
        with pytest.raises(Crash):
            fetch(town)
    assert len(town.store.courriers(town.authority.siren)) == 1
    assert fetch(town).new == 0  # taken again, to no effect
    assert town.connector.read_courriers == ["881"]


def test_a_letter_that_cannot_be_kept_stays_unread(
    town: Town, acte: TransmissionView, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_letter(town, acte.key)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(town.store.documents, "put", full)
        with pytest.raises(OSError, match="No space"):
            fetch(town)
    assert town.connector.read_courriers == []
    assert fetch(town).new == 1


def test_two_letters_of_one_kind_on_one_act_are_two_exchanges(
    town: Town, acte: TransmissionView
) -> None:
    post_letter(town, acte.key)
    post_letter(town, acte.key, reference="882", day=date(2026, 11, 27), rank=20)
    assert fetch(town).new == 2
    lay_courriers(town.authority, town.office)
    assert len(list(town.folders.courriers.glob("*/A-LIRE.html"))) == 2


@pytest.mark.parametrize(
    ("kind", "words", "answerable"),
    [
        (Kind.COURRIER_SIMPLE, "Aucune réponse n&#x27;est obligatoire", True),
        (Kind.LETTRE_OBSERVATIONS, "votre silence vaut en principe refus", True),
        (Kind.DEFERE, "tribunal administratif", False),
    ],
)
def test_each_kind_of_letter_says_what_to_do(
    town: Town, acte: TransmissionView, kind: Kind, words: str, answerable: bool
) -> None:
    post_letter(town, acte.key, kind=kind)
    fetch(town)
    lay_courriers(town.authority, town.office)
    assert words in sheet(town)
    assert ("reponse-1" in sheet(town)) is answerable


def test_a_letter_about_an_act_sent_elsewhere_is_shown_too(town: Town) -> None:
    post_letter(town, "099-000000000-20200102-2020_001-DE")
    fetch(town)
    lay_courriers(town.authority, town.office)
    (kept,) = town.store.courriers(town.authority.siren)
    assert (kept.kind, kept.transmission_id) == ("3", None)
    assert "pas été envoyé avec demat" in sheet(town)


def test_a_letter_about_an_act_of_somebody_else_is_in_quarantine(town: Town) -> None:
    post_letter(town, "099-000000018-20200102-2020_001-DE")
    fetch(town)
    (kept,) = town.store.courriers(town.authority.siren)
    assert kept.kind == QUARANTINE
    assert lay_courriers(town.authority, town.office).codes == ("ACT-COURRIER_QUARANTINE",)
    assert "aucun de vos envois" in sheet(town)


def test_what_is_no_archive_is_kept_and_shown(town: Town, acte: TransmissionView) -> None:
    post_letter(town, acte.key)
    remote, _ = town.connector.held_courriers["881"]
    hostile = archive({"../../etc/cron.d/x": b"x"})
    town.connector.held_courriers["881"] = (
        remote,
        InboundDocument(name="881.tar.gz", content=hostile),
    )
    fetch(town)
    (kept,) = town.store.courriers(town.authority.siren)
    assert (kept.kind, kept.faults.codes) == (QUARANTINE, ("ACT-ARCHIVE_NAME",))
    lay_courriers(town.authority, town.office)
    assert [path for path in town.tree(town.folders.courriers) if path.endswith(".tar.gz")]
    assert not list(town.folders.root.parent.rglob("cron.d"))


def test_a_line_that_is_down_loses_nothing(town: Town, acte: TransmissionView) -> None:
    post_letter(town, acte.key)
    town.connector.fail_next("courriers", UNREACHABLE)
    with pytest.raises(Unreachable):
        fetch(town)
    assert fetch(town).new == 1


# ------------------------------------------------------------------- automatic receipts


def test_the_receipt_of_a_letter_leaves_by_itself_once(town: Town, acte: TransmissionView) -> None:
    post_letter(town, acte.key)
    fetch(town)
    assert send_accuses(town.authority, town.office) == 1
    assert send_accuses(town.authority, town.office) == 0
    flow = town.flows()[-1]
    assert flow.facts["message"] == "3-2"
    assert flow.facts["members"][1] == f"{acte.key}-3-2_0.xml"
    transmit_due(town.office)
    assert town.connector.shipments[-1].about == "881"
    # it is not our answer
    (kept,) = town.store.courriers(town.authority.siren)
    assert town.store.holder(town.authority.siren, "reponse", str(kept.id)) is None


def test_no_receipt_where_the_other_side_sends_it(town: Town, acte: TransmissionView) -> None:
    town.connector.acknowledges_courriers = True
    post_letter(town, acte.key)
    fetch(town)
    assert send_accuses(town.authority, town.office) == 0


@pytest.mark.parametrize("kind", [Kind.COURRIER_SIMPLE, Kind.DEFERE])
def test_no_receipt_for_a_letter_that_asks_for_none(
    town: Town, acte: TransmissionView, kind: Kind
) -> None:
    post_letter(town, acte.key, kind=kind)
    fetch(town)
    assert send_accuses(town.authority, town.office) == 0


# ------------------------------------------------------- terms that come near, or are past


def test_a_letter_without_answer_is_told_before_and_after_its_term(
    town: Town, acte: TransmissionView
) -> None:
    post_letter(town, acte.key)
    fetch(town)
    assert not due_soon(town.authority, town.office)
    town.clock.instant += timedelta(days=50)
    assert due_soon(town.authority, town.office).codes == ("ACT-COURRIER_DUE",)
    town.clock.instant += timedelta(days=20)
    assert due_soon(town.authority, town.office).codes == ("ACT-COURRIER_LATE",)


# ----------------------------------------------------- what an agent lays in « a-deposer »


def test_messages_saved_from_a_mail_are_taken_never_sent(
    town: Town, acte: TransmissionView
) -> None:
    state, faults = drop(town, letter_files(acte.key))
    assert state == DepositState.PACKED
    assert faults.codes == ("ACT-LOT_TAKEN", "ACT-COURRIER_NEW")
    (kept,) = town.store.courriers(town.authority.siren)
    assert [file.name for file in kept.documents] == [f"{acte.key}-3-1_13.pdf"]
    assert len(town.flows()) == 1
    _, faults = drop(town, letter_files(acte.key), "encore")
    assert faults.codes == ("ACT-LOT_KNOWN",)


def test_the_archive_and_the_letter_of_the_tdt_are_one(town: Town, acte: TransmissionView) -> None:
    post_letter(town, acte.key)
    fetch(town)
    drop(town, {"lettre.tar.gz": archive(letter_files(acte.key))})
    assert len(town.store.courriers(town.authority.siren)) == 1


def test_an_ar_that_comes_by_mail_acknowledges_the_act(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    _, faults = drop(town, {f"{flow.key}-1-2_7.xml": ar(flow)})
    assert town.flow(1).etat == EtatActe.ACQUITTE
    assert faults.codes == ("ACT-LOT_TAKEN",)


def test_an_ar_proves_that_a_sending_of_unknown_outcome_landed(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    town.connector.fail_next("deposit", UNKNOWN, landed=True)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.SUSPENDED
    drop(town, {"ar.xml": ar(town.flow(1))})
    flow = town.flow(1)
    assert (flow.delivery, flow.etat) == (DeliveryState.DEPOSITED, EtatActe.ACQUITTE)


def test_an_act_whose_ar_is_here_is_not_sent_again(town: Town) -> None:
    """The line said « surely not received », and the préfecture has it all the same."""
    town.fixture("seance-2026-11-05")
    town.connector.fail_next("deposit", UNREACHABLE)
    transmit_due(town.office)
    drop(town, {"ar.xml": ar(town.flow(1))})
    town.clock.instant += timedelta(hours=1)
    transmit_due(town.office)
    assert len(town.connector.shipments) == 1
    assert town.flow(1).delivery is DeliveryState.DEPOSITED


def test_the_ar_of_an_unknown_act_is_in_quarantine(town: Town, acte: TransmissionView) -> None:
    stranger = ar(acte, id_acte="099-000000000-20200102-2020_001-DE")
    _, faults = drop(town, {"ar.xml": stranger})
    assert faults.codes == ("ACT-LOT_TAKEN", "ACT-COURRIER_QUARANTINE")
    (kept,) = town.store.courriers(town.authority.siren)
    assert (kept.kind, kept.id_acte) == (QUARANTINE, "099-000000000-20200102-2020_001-DE")


def test_an_anomaly_without_act_fields_is_bound_by_its_document_or_kept(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    other = anomaly(flow, numero="2020_001")  # the number is wrong, its file is ours
    _, faults = drop(town, {"099-000000000----1-3_1.xml": other})
    assert "ACT-COURRIER_QUARANTINE" in faults.codes  # number and file disagree: nothing concluded
    assert town.flow(1).etat == EtatActe.PREPARE
    number = f'actes:NumeroInterne="{flow.facts["numero"]}"'.encode()
    empty = anomaly(flow).replace(number, b'actes:NumeroInterne=""')
    assert empty != anomaly(flow)
    drop(town, {"099-000000000----1-3_2.xml": empty}, "vide")
    assert town.flow(1).etat == EtatActe.EN_ANOMALIE


def test_the_rejection_of_an_envelope_is_that_of_its_act(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    stem = flow.file_name.removeprefix("DMT-").removesuffix(".tar.gz")
    ano = (
        b'<actes:AnomalieEnveloppe xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216">'
        b"<actes:Date>2026-11-24</actes:Date><actes:Nature>999</actes:Nature>"
        b"<actes:Detail>PREF-VERIF-02 : inconnu</actes:Detail></actes:AnomalieEnveloppe>"
    )
    drop(town, {f"ANO_{stem}.xml": ano})
    assert town.flow(1).etat == EtatActe.EN_ANOMALIE
    assert "ACT-PREF_VERIF_02" in town.flow(1).faults.codes


def test_a_message_of_an_unknown_root_is_kept(town: Town) -> None:
    strange = b'<a:Surprise xmlns:a="http://www.interieur.gouv.fr/ACTES#v1.1-20040216"/>'
    state, faults = drop(town, {"surprise.xml": strange})
    assert state == DepositState.PACKED
    assert "ACT-COURRIER_QUARANTINE" in faults.codes
    (kept,) = town.store.courriers(town.authority.siren)
    assert (kept.root, kept.faults.codes) == ("Surprise", ("ACT-INBOUND_ROOT",))


def test_the_mail_of_another_town_goes_back(town: Town, acte: TransmissionView) -> None:
    files = letter_files(acte.key)
    name = next(iter(files))
    files[name] = enveloppe("000000018", f"{acte.key}-3-1_12.xml")
    state, faults = drop(town, files)
    assert (state, faults.codes) == (DepositState.RETURNED, ("ACT-LOT_OTHER",))
    assert town.store.courriers(town.authority.siren) == ()


def test_a_mail_without_xml_is_kept(town: Town, acte: TransmissionView) -> None:
    mail = (
        "From: prefecture@fictif.fr\r\nSubject: rappel\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/html; charset=utf-8\r\n\r\n"
        f"<p>Le compl&eacute;ment papier de l'acte {acte.key} est attendu.</p>"
    ).encode()
    _, faults = drop(town, {"rappel.eml": mail})
    (kept,) = town.store.courriers(town.authority.siren)
    assert kept.kind in ("rappel", QUARANTINE)
    assert "ACT-COURRIER" in faults.codes[-1]


def test_a_new_classification_that_comes_by_mail_is_installed(town: Town) -> None:
    drop(town, {"7-2.xml": retour_classification(date(2026, 11, 20))})
    current = town.store.classification(town.authority.siren)
    assert current is not None
    assert current.day == date(2026, 11, 20)
    town.clock.instant += timedelta(days=3)
    drop(town, {"7-3.xml": classification_sans_changement(date(2026, 11, 20))}, "rien")
    confirmed = town.store.classification(town.authority.siren)
    assert confirmed is not None
    assert confirmed.checked_at > current.checked_at


def test_a_late_receipt_of_cancellation_by_mail_cancels_the_act(
    town: Town, acte: TransmissionView
) -> None:
    drop(town, {"6-2.xml": annulation_received(acte.key)})
    assert town.flow(1).etat == EtatActe.ANNULE


def test_the_receipt_of_an_answer_that_was_never_made_is_in_quarantine(
    town: Town, acte: TransmissionView
) -> None:
    _, faults = drop(town, {"3-5.xml": reply_received(acte.key, date(2026, 11, 25))})
    assert "ACT-COURRIER_QUARANTINE" in faults.codes


def test_a_message_of_a_test_system_never_touches_production(
    town: Town, acte: TransmissionView
) -> None:
    settings = replace(town.office.settings, application="EACT")
    real = replace(town, office=replace(town.office, settings=settings))
    files = {
        name.replace("EACT--", "TACT--"): content
        for name, content in letter_files(acte.key).items()
    }
    _, faults = drop(real, files)
    assert "ACT-LOT_TEST" in faults.codes
    (kept,) = town.store.courriers(town.authority.siren)
    assert (kept.kind, kept.transmission_id) == (QUARANTINE, None)


# --------------------------------------------------------------------- in any order (§8.5)


def test_a_cancellation_received_before_the_ar_stays_the_last_word(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    drop(town, {"6-2.xml": annulation_received(flow.key)})
    drop(town, {"ar.xml": ar(flow)}, "ensuite")
    assert town.flow(1).etat == EtatActe.ANNULE
    assert [one.kind for one in town.store.receipts(1)] == ["ARAnnulation", "ARActe"]


def test_the_receipt_of_an_answer_whose_sending_was_uncertain_proves_that_it_landed(
    town: Town, acte: TransmissionView
) -> None:
    post_letter(town, acte.key)
    fetch(town)
    town.write("reponse-1/grille.pdf", (FIXTURES / "seance-2026-11-05/voirie.pdf").read_bytes())
    town.intake()
    town.connector.fail_next("deposit", UNKNOWN, landed=True)
    transmit_due(town.office)
    answer = town.flows()[-1]
    assert answer.delivery is DeliveryState.SUSPENDED
    drop(town, {"3-5.xml": reply_received(acte.key, date(2026, 11, 25))})
    settled = town.flow(answer.id)
    assert (settled.delivery, settled.etat) == (DeliveryState.DEPOSITED, EtatActe.ACQUITTE)


def test_an_anomaly_and_an_ar_in_either_order_leave_the_act_acknowledged(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    drop(town, {"1-3.xml": anomaly(flow)})
    assert town.flow(1).etat == EtatActe.EN_ANOMALIE
    drop(town, {"ar.xml": ar(flow)}, "ensuite")
    assert town.flow(1).etat == EtatActe.ACQUITTE
    assert town.tree(town.folders.a_corriger) == []  # nothing is to be corrected any more
