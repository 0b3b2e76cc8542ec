"""Answers of the State: bound to what was sent, stored before they are understood, counted once."""

import sys
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from demat.connectors.api import RemoteProgress, RemoteStatus, Unreachable
from demat.engine import give_back
from demat.engine.collect import collect, take_acquit
from demat.engine.resubmit import resubmit
from demat.engine.transmit import transmit_due
from demat.faults import FaultError
from demat.queue.views import TransmissionView
from demat.sandbox.prefecture import retour_classification
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    UNREACHABLE,
    Crash,
    Town,
    Verdict,
    accept_all,
    acquit,
    anomaly,
    ar,
    collect_all,
    titre,
    titres,
)

BORD = "recette/00/2026/01"
TWO = titres(titre(417, 12), titre(418, 13, montant="43,20"))


@pytest.fixture
def acte(town: Town) -> TransmissionView:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    return town.flow(1)


@pytest.fixture
def pes(town: Town) -> TransmissionView:
    """Two bordereaux, 12 and 13, in one file."""
    town.write("titres.csv", TWO)
    town.intake()
    transmit_due(town.office)
    return town.flow(1)


def ask(town: Town) -> int:
    return collect_all(town.authority, town.office)


def used(town: Town, *keys: str) -> list[bool]:
    siren = town.authority.siren
    return [town.store.used(siren, *key.split(":", 1)) is not None for key in keys]


def page(town: Town, flow: TransmissionView) -> str:
    return (town.folders.accuses / flow.key / "A-LIRE.html").read_text("utf-8")


# ------------------------------------------------------------------------------- acts


def test_an_ar_acknowledges_the_act(town: Town, acte: TransmissionView) -> None:
    assert ask(town) == 0  # nothing yet
    town.answer(acte, ar(acte))
    assert ask(town) == 1
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final, flow.etat_negative) == ("acquitte", True, False)
    (receipt,) = town.store.receipts(1)
    assert (receipt.kind, receipt.message_date) == ("ARActe", date(2026, 11, 24))
    assert town.store.documents.get(receipt.sha256) == ar(acte)
    assert (town.folders.accuses / acte.key / "reponse-1.xml").read_bytes() == ar(acte)
    assert "Reçu en préfecture le" in page(town, acte)
    assert "24/11/2026" in page(town, acte)
    assert "bandeau bon" in page(town, acte)
    assert ask(town) == 0
    assert town.connector.calls[-1] != ("status", "2")


def test_the_ar_of_another_act_is_kept_aside(town: Town, acte: TransmissionView) -> None:
    other = ar(acte, id_acte="099-000000000-20261105-2026_051-DE")
    town.answer(acte, other)
    assert [ask(town), ask(town)] == [0, 0]
    flow = town.flow(1)
    assert (flow.etat, town.store.receipts(1)) == ("prepare", ())
    (note,) = (e for e in town.store.journal(transmission_id=1) if e.action == "answer_unbound")
    assert town.store.documents.get(note.detail["sha256"]) == other
    assert town.tree(town.folders.accuses) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>Erreur</html>", b"<?xml version='1.0'?><a>", b"\xff\xfe\x00"],
)
def test_what_nobody_can_read_concludes_nothing(
    town: Town, acte: TransmissionView, content: bytes
) -> None:
    town.answer(acte, content)
    assert ask(town) == 0
    assert town.flow(1).etat == "prepare"


def test_the_same_ar_twice_counts_once(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, ar(acte), ar(acte))
    assert ask(town) == 1
    assert len(town.store.receipts(1)) == 1


def test_the_echo_of_another_number_is_shown(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, ar(acte, numero="2026_999"))
    ask(town)
    flow = town.flow(1)
    assert (flow.etat, flow.faults.codes) == ("acquitte", ("ACT-ECHO_NUMERO",))


def test_an_anomaly_goes_back_to_the_agent(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, anomaly(acte, detail="Scan illisible"), progress=RemoteProgress.ERROR)
    assert [ask(town), ask(town), ask(town)] == [1, 0, 0]
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final, flow.etat_negative) == ("en_anomalie", False, True)
    (folder,) = town.folders.a_corriger.iterdir()
    sheet = (folder / "A-LIRE.html").read_text("utf-8")
    assert "La préfecture (contrôle de légalité) a refusé" in sheet
    assert "Scan illisible" in sheet
    assert "bandeau bon" not in page(town, acte)


def test_an_ar_after_an_anomaly_wins(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, anomaly(acte), progress=RemoteProgress.ERROR)
    ask(town)
    town.answer(acte, ar(acte), name="ar")
    assert ask(town) == 1
    assert town.flow(1).etat == "acquitte"
    assert [receipt.kind for receipt in town.store.receipts(1)] == ["AnomalieActe", "ARActe"]
    assert "24/11/2026" in page(town, acte)
    assert town.tree(town.folders.a_corriger) == []  # nothing is left to correct
    assert "corriges/seance-2026-11-05/A-LIRE.html" in town.tree(town.folders.transmis)


def test_an_anomaly_after_the_ar_changes_nothing(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, ar(acte), anomaly(acte))
    assert ask(town) == 2
    assert town.flow(1).etat == "acquitte"
    assert "Reçu en préfecture le" in page(town, acte)
    assert town.tree(town.folders.a_corriger) == []


def test_the_anomaly_of_another_act_is_kept_aside(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, anomaly(acte, numero="2026_051"), progress=RemoteProgress.ERROR)
    assert ask(town) == 0
    assert town.flow(1).etat == "prepare"


def test_a_late_ar_is_asked_about_for_a_while(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, anomaly(acte), progress=RemoteProgress.ERROR)
    ask(town)
    town.clock.instant += timedelta(days=31)
    town.answer(acte, ar(acte))
    assert ask(town) == 0


def test_an_error_of_the_platform_goes_back_to_the_agent(
    town: Town, acte: TransmissionView
) -> None:
    town.answer(acte, progress=RemoteProgress.ERROR, code="-1", message="Virus détecté")
    assert [ask(town), ask(town)] == [1, 0]
    flow = town.flow(1)
    assert (flow.etat, flow.remote_code) == ("en_anomalie", "-1")
    (folder,) = town.folders.a_corriger.iterdir()
    sheet = (folder / "A-LIRE.html").read_text("utf-8")
    assert "Votre tiers de télétransmission a refusé" in sheet
    assert "Virus détecté" in sheet


@pytest.mark.parametrize(
    "progress",
    [
        RemoteProgress.UNRECOGNISED,
        RemoteProgress.CANCELLED,
        RemoteProgress.TRANSMITTED,
        RemoteProgress.ANSWERED,
    ],
)
def test_a_status_without_document_concludes_nothing(
    town: Town, acte: TransmissionView, progress: RemoteProgress
) -> None:
    town.answer(acte, progress=progress, code="77")
    assert ask(town) == 0
    flow = town.flow(1)
    assert (flow.etat, flow.remote_code) == ("prepare", "77")


def test_a_newer_classification_is_asked_for_once(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    transmit_due(town.office)
    for flow in town.flows():
        town.answer(flow, ar(flow, en_cours="2026-11-01"))
    town.connector.held_classification = retour_classification(date(2026, 11, 1))
    assert ask(town) == 2
    assert town.connector.classification_requests == [date(2026, 1, 1)]
    held = town.store.classification(town.authority.siren)
    assert held is not None
    assert held.day == date(2026, 11, 1)


def test_the_classification_in_force_is_not_asked_for(town: Town, acte: TransmissionView) -> None:
    town.answer(acte, ar(acte))
    ask(town)
    assert town.connector.classification_requests == []


# -------------------------------------------------------------------------------- PES


def test_an_acquit_accepts(town: Town, pes: TransmissionView) -> None:
    town.answer(pes, accept_all(pes))
    assert ask(town) == 1
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final, flow.etat_negative) == ("acquitte", True, False)
    assert used(town, f"idbord:{BORD}/12", f"idbord:{BORD}/13") == [True, True]
    assert town.tree(town.folders.a_corriger) == []


@pytest.mark.parametrize(
    "content",
    [
        acquit("PESALR2_21990123800010_261123_999", [Verdict(bordereau=12)]),
        acquit("", [Verdict(bordereau=12)]),
        acquit("PESALR2_21990123800010_261123_001", [Verdict(bordereau=12)], cod_col="777"),
        acquit("PESALR2_21990123800010_261123_001", []),  # silence is not consent
        b"<PES_NonAcquit/>",
    ],
)
def test_an_acquit_that_is_not_ours_or_says_nothing_concludes_nothing(
    town: Town, pes: TransmissionView, content: bytes
) -> None:
    town.answer(pes, content)
    assert [ask(town), ask(town)] == [0, 0]
    assert (town.flow(1).etat, town.store.receipts(1)) == ("genere", ())
    assert town.actions().count("answer_unbound") == 1


def test_a_mixed_acquit_frees_only_what_was_refused(town: Town, pes: TransmissionView) -> None:
    refusal = Verdict(
        bordereau=13, accepted=False, error="ERREUR_AUTRE", libelle="1971 - fonction", piece=418
    )
    town.answer(pes, acquit(pes, [Verdict(bordereau=12), refusal]))
    assert ask(town) == 1
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final, flow.etat_negative) == ("acquitte_partiel", True, True)
    keys = (f"nomfic:{pes.key}", *(f"idbord:{BORD}/{n}" for n in (12, 13)))
    pieces = tuple(f"idpce:{BORD}/{n}" for n in (417, 418))
    assert used(town, *keys, *pieces) == [True, True, False, True, False]
    sheet = (town.folders.a_corriger / "titres" / "A-LIRE.html").read_text("utf-8")
    assert "Le comptable public (Hélios) a refusé" in sheet
    assert "1971 - fonction" in sheet


def test_a_bordereau_accepted_without_its_exercice_is_not_freed(
    town: Town, pes: TransmissionView
) -> None:
    verdicts = [Verdict(bordereau=12, exercice=None), Verdict(bordereau=13, accepted=False)]
    town.answer(pes, acquit(pes, verdicts))
    ask(town)
    assert used(town, f"idbord:{BORD}/12", f"idbord:{BORD}/13") == [True, False]


def test_a_refused_signature_frees_all_but_the_nomfic(town: Town, pes: TransmissionView) -> None:
    town.answer(pes, acquit(pes, [Verdict(domaine=2, accepted=False)]))
    ask(town)
    assert town.flow(1).etat == "refuse"
    assert town.flow(1).faults.codes == ("PES-ACK_NO_REASON",)
    keys = (f"nomfic:{pes.key}", f"idbord:{BORD}/12", f"idpce:{BORD}/418")
    assert used(town, *keys) == [True, False, False]


def refused_as_a_whole(pes: TransmissionView | str) -> bytes:
    return acquit(pes, []).replace(b"PES_ACQUIT", b"PES_NonAcquit")


def test_a_non_acquit_ends_the_flow_and_frees_all_but_the_nomfic(
    town: Town, pes: TransmissionView
) -> None:
    town.answer(pes, refused_as_a_whole(pes), code="6")
    assert ask(town) == 1
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final, flow.etat_negative) == ("refuse", True, True)
    keys = (f"nomfic:{pes.key}", f"idbord:{BORD}/12", f"idpce:{BORD}/418")
    assert used(town, *keys) == [True, False, False]
    sheet = (town.folders.a_corriger / "titres" / "A-LIRE.html").read_text("utf-8")
    assert "Hélios a refusé le fichier entier" in sheet


def test_a_non_acquit_of_another_file_concludes_nothing(town: Town, pes: TransmissionView) -> None:
    town.answer(pes, refused_as_a_whole("PESALR2_21990123800010_261123_999"), code="6")
    assert ask(town) == 0
    assert (town.flow(1).etat, town.actions().count("answer_unbound")) == ("genere", 1)


def test_a_non_acquit_after_an_acquit_frees_nothing(town: Town, pes: TransmissionView) -> None:
    town.answer(pes, accept_all(pes), refused_as_a_whole(pes))
    ask(town)
    assert town.flow(1).etat == "acquitte"
    assert used(town, f"idbord:{BORD}/12", f"idpce:{BORD}/418") == [True, True]
    assert "PES-ACQUIT_CONFLICT" in town.flow(1).faults.codes


def test_an_attachment_that_was_accepted_stays_used(town: Town) -> None:
    town.fixture("mandats-2026-10")
    transmit_due(town.office)
    pes = town.flow(1)
    kept, lost = pes.facts["pieces_jointes"]
    verdicts = [
        Verdict(domaine=5, bordereau=31, accepted=False, error="ERREUR_AUTRE", libelle="x"),
        Verdict(domaine=4, id_unique=kept),
        Verdict(domaine=4, id_unique=lost, accepted=False, error="ERREUR_PJ", libelle="y"),
    ]
    town.answer(pes, acquit(pes, verdicts))
    ask(town)
    assert town.flow(1).etat == "refuse"
    keys = ("idbord:depense/00/2026/01/31", f"idunique:{kept}", f"idunique:{lost}")
    assert used(town, *keys) == [False, True, False]


def test_what_is_refused_as_a_double_is_not_sent_again_blindly(
    town: Town, pes: TransmissionView
) -> None:
    verdicts = [
        Verdict(bordereau=12, accepted=False, error="ERREUR_DOUBLON_BORDEREAU", libelle="x"),
        Verdict(bordereau=13, accepted=False, error="ERREUR_AUTRE", libelle="y"),
    ]
    town.answer(pes, acquit(pes, verdicts))
    ask(town)
    assert used(town, f"idbord:{BORD}/12", f"idbord:{BORD}/13") == [True, False]


def test_an_error_of_the_platform_frees_a_pes(town: Town, pes: TransmissionView) -> None:
    town.answer(pes, progress=RemoteProgress.ERROR, code="-1", message="Fichier illisible")
    ask(town)
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final) == ("refuse", True)
    assert used(town, f"nomfic:{pes.key}", f"idbord:{BORD}/12") == [True, False]


def test_a_file_that_was_there_already_is_the_one_that_counts(
    town: Town, pes: TransmissionView
) -> None:
    """§9.3: nothing was refused, no number is free, and its acquit is that of our flow."""
    assert pes.reference is not None
    message = f"Le fichier {pes.key} (CodCol 045) existe déjà sur la plateforme"
    status = RemoteStatus(
        progress=RemoteProgress.ERROR, code="-1", message=message, earlier_copy=True
    )
    town.connector.answer(pes.reference, [status])
    for _ in range(2):
        (sentence,) = town.night().authorities[0].notices
    assert "Ne renvoyez rien, sous aucun nom" in sentence
    flow = town.flow(1)
    assert (flow.etat, flow.etat_final, flow.etat_negative) == (pes.etat, False, False)
    assert used(town, f"nomfic:{pes.key}", f"idbord:{BORD}/12") == [True, True]
    assert town.tree(town.folders.a_corriger) == []
    with pytest.raises(FaultError) as caught:
        resubmit(flow, replacements=(), authority=town.authority, office=town.office)
    assert caught.value.faults.codes == ("INT-NOT_REFUSED",)
    take_acquit(accept_all(flow), "acquit.xml", town.authority, town.office)
    assert town.flow(1).etat == "acquitte"
    assert town.night().authorities[0].notices == []


# ---------------------------------------------------------------------------- crashes


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        ("documents", "put", True),
        ("module", "lay_answer", False),
        ("module", "lay_answer", True),
        ("store", "record_receipt", False),
        ("store", "record_receipt", True),
        ("give_back", "_lay_copy", False),
        ("give_back", "_lay_copy", True),
    ],
)
def test_a_crash_loses_neither_the_answer_nor_its_copy_nor_the_numbers(
    town: Town, pes: TransmissionView, die: Callable[..., None], owner: str, name: str, after: bool
) -> None:
    owners = {
        "documents": town.store.documents,
        "module": sys.modules[collect.__module__],
        "store": town.store,
        "give_back": give_back,
    }
    content = acquit(pes, [Verdict(bordereau=12), Verdict(bordereau=13, accepted=False)])
    town.answer(pes, content)
    die(owners[owner], name, after=after)
    with pytest.raises(Crash):
        ask(town)
    ask(town)
    ask(town)
    assert town.flow(1).etat == "acquitte_partiel"
    assert len(town.store.receipts(1)) == 1
    assert (town.folders.accuses / pes.key / "reponse-1.xml").read_bytes() == content
    assert "bandeau" in page(town, pes)
    assert used(town, f"idbord:{BORD}/12", f"idbord:{BORD}/13") == [True, False]
    assert town.tree(town.folders.a_corriger) == ["titres/A-LIRE.html", "titres/titres.csv"]


def test_one_question_without_answer_does_not_stop_the_others(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    transmit_due(town.office)
    for flow in town.flows():
        town.answer(flow, ar(flow))
    town.connector.fail_next("status", UNREACHABLE)
    assert ask(town) == 1
    assert [flow.etat for flow in town.flows()] == ["prepare", "acquitte"]


def test_no_answer_at_all_is_told(town: Town, acte: TransmissionView) -> None:
    town.connector.fail_next("status", UNREACHABLE)
    with pytest.raises(Unreachable):
        ask(town)


def test_a_refused_certificate_stops_the_questions(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    transmit_due(town.office)
    town.connector.fail_next("status", AUTHENTICATION)
    with pytest.raises(type(AUTHENTICATION)):
        ask(town)
    assert [call for call in town.connector.calls if call[0] == "status"] == [("status", "1")]


def test_a_lost_document_of_ours_is_asked_about_again_once_restored(
    town: Town, pes: TransmissionView
) -> None:
    path = town.store.documents.path(pes.sha256)
    content = path.read_bytes()
    path.unlink()
    town.answer(pes, accept_all(pes))
    assert ask(town) == 0
    path.write_bytes(content)
    assert ask(town) == 1
    assert town.flow(1).etat == "acquitte"


def test_without_reference_nothing_is_asked(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    claim = town.store.claim("ouvrier", lease=timedelta(minutes=1))
    assert claim is not None
    town.clock.instant += timedelta(minutes=1)
    town.store.recover_expired()
    town.store.resolve_landed(1, None)
    assert ask(town) == 0
    assert not any(call[0] == "status" for call in town.connector.calls)


def test_collect_asks_about_one_flow(town: Town, acte: TransmissionView) -> None:
    town.connector.answer(
        "1", [RemoteStatus(progress=RemoteProgress.TRANSMITTED, code="3", message="")]
    )
    assert collect(acte, town.authority, town.office) == 0
    assert town.flow(1).remote_code == "3"
