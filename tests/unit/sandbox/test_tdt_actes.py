import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from lxml import etree

from demat.sandbox.answers import HOME
from demat.sandbox.multipart import Form, Upload
from demat.sandbox.scenario import Autorite, Compte, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import CREATE, PDF, STATUS, Platform, acte_form, ko

ACTES = "/modules/actes/"
FETCH = f"{ACTES}actes_classification_fetch.php"
REQUEST = f"{ACTES}actes_classification_request.php"
FILES = f"{ACTES}actes_transac_get_files_list.php"
CANCEL = f"{ACTES}actes_transac_cancel.php"
LIST = f"{ACTES}api/list_actes.php"
BUDGET = {"nature_code": "5", "classif2": "1", "type_acte": "99_BU", "file": b"<?xml budget"}
ID_ACTE = "099-000000000-20260227-2026_012-DE"
PNG = b"\x89PNG\r\n\x1a\n"


def form_id(id: str) -> Form:
    return Form(texts={"api": ["1"], "id": [id]})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nature_code": "7"}, "La nature de l'acte n'est pas correcte"),
        ({"number": "2026-012"}, "Le numéro n'est pas correct"),
        ({"number": "2026_012_"}, "Le numéro n'est pas correct"),
        ({"number": "A" * 16}, "Le numéro n'est pas correct"),
        ({"number": "2026_012\n"}, "Le numéro n'est pas correct"),
        ({"number": None}, "Le numéro n'est pas correct"),
        ({"decision_date": "2026-03-03"}, "date dans le futur"),
        ({"decision_date": "27/02/2026"}, "La date de décision n'est pas correcte"),
        ({"decision_date": "20260227"}, "La date de décision n'est pas correcte"),
        ({"subject": "é" * 500}, "L'objet de l'acte ne doit pas dépasser 499 caractères"),
        ({"subject": "\x01 "}, "L'objet de l'acte est obligatoire"),
        ({"classif2": None}, "deux premiers niveaux de classification"),
        ({"classif1": "sept"}, "deux premiers niveaux de classification"),
        ({"file": None}, "Aucun fichier acte"),
        ({"file": b""}, "Aucun fichier acte"),
        ({"type_acte": None}, "Le fichier acte.pdf a une typologie absente"),
        ({"type_acte": "99_AU"}, "acte.pdf a une typologie absente de la nature de l'acte"),
        ({"type_acte": "99-DE"}, "du fichier acte.pdf doit faire 5 caractères"),
        ({"annexes": {"plan.pdf": PDF}}, "Le fichier plan.pdf a une typologie absente"),
        ({"file": b"PK\x03\x04"}, "Le fichier acte.pdf n'est pas un PDF"),
        ({"file": b"<?xml budget"}, "Le fichier acte.pdf n'est pas un PDF"),
        (
            {"annexes": {"plan.doc": b"PK"}, "type_pj": ("99_DE",)},
            "Le format du fichier plan.doc n'est pas accepté",
        ),
        (
            {**BUDGET, "annexes": {"plan.png": PNG}, "type_pj": ("99_BU",)},
            "Le fichier plan.png n'est pas un PDF",
        ),
    ],
)
def test_a_wrong_form_is_refused_and_leaves_nothing(changes: dict[str, Any], said: str) -> None:
    platform = Platform()
    answer = platform.send_acte(**changes)
    assert answer.status == 200
    assert said in ko(answer.body)
    assert platform.world.transactions == {}


def test_messages_are_escaped_latin_1_bytes() -> None:
    assert Platform().send_acte(nature_code="7").body == (
        b"KO\nLa nature de l&#039;acte n&#039;est pas correcte\n"
    )
    assert b"num\xe9ro" in Platform().send_acte(number="-").body


def test_without_the_api_field_the_same_failure_is_a_redirect() -> None:
    answer = Platform().send_acte(number="-", api=None)
    assert (answer.status, answer.headers, answer.body) == (302, (("Location", HOME),), b"")
    # what remains of a form that the web server dropped because of its size
    assert Platform().post(CREATE, Form()).status == 302


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "1"},
        {"subject": "é" * 499},
        {"decision_date": "2026-03-02"},
        {"classif3": "2", "classif4": ""},
        {"annexes": {"a.pdf": PDF, "b.png": PNG}, "type_pj": ("99_DE", "99_SE")},
        BUDGET,
        {**BUDGET, "annexes": {"a.pdf": PDF}, "type_pj": ("70_DE",)},
    ],
)
def test_a_good_form_is_taken(changes: dict[str, Any]) -> None:
    platform = Platform()
    id = platform.posted_acte(**changes)
    assert platform.send_acte(**{**changes, "number": "AUTRE"}).body.startswith(b"OK\n")
    assert platform.acte_status(id) == "1"


def test_a_number_is_burnt_for_ever() -> None:
    platform = Platform(SCENARIOS["anomalie"])
    id = platform.posted_acte()
    platform.advance(60)
    assert platform.acte_status(id) == "-1"
    again = platform.send_acte(decision_date="2025-01-01", nature_code="6", type_acte="99_AU")
    assert "même numéro interne existe déjà" in ko(again.body)


def test_files_are_named_by_the_tdt() -> None:
    platform = Platform()
    id = platform.posted_acte(annexes={"plan.png": PNG}, type_pj=("99_SE",))
    for minutes in (0, 1, 2):
        platform.advance(minutes)
        assert ko(platform.get(FILES, transaction=id).body) == "Pas d'acquittement recu"
    assert platform.acte_status(id) == "3"
    platform.advance(60)
    lines = json.loads(platform.get(FILES, transaction=id).body)
    first = int(lines[0]["id"])
    message = lines[0]
    assert lines == [
        {
            "id": str(first),
            "name": f"{ID_ACTE}-1-1_0.xml",
            "posted_filename": "",
            "mimetype": "text/xml",
            "size": message["size"],
            "sign": "",
            "code_pj": "",
        },
        {
            "id": str(first + 1),
            "name": f"99_DE-{ID_ACTE}-1-1_1.pdf",
            "posted_filename": "acte.pdf",
            "mimetype": "application/pdf",
            "size": str(len(PDF)),
            "sign": "",
            "code_pj": "99_DE",
        },
        {
            "id": str(first + 2),
            "name": f"99_SE-{ID_ACTE}-1-1_2.png",
            "posted_filename": "plan.png",
            "mimetype": "image/png",
            "size": str(len(PNG)),
            "sign": "",
            "code_pj": "99_SE",
        },
    ]
    download = f"{ACTES}actes_download_file.php"
    assert platform.get(download, file=str(first + 1)).body == PDF
    root = etree.fromstring(platform.get(download, file=str(first)).body)
    assert etree.QName(root).localname == "Acte"
    for wrong in ({"file": "1"}, {"file": str(first + 2), "tampon": "true"}, {}):
        assert platform.get(download, **wrong).status == 302


def test_the_act_lives_to_its_ar() -> None:
    platform = Platform()
    id = platform.posted_acte()
    assert platform.get(STATUS, transaction=id).body == b"OK\n1\n"
    platform.advance(1)
    assert platform.get(STATUS, transaction=id).body == b"OK\n2\n"
    platform.advance(2)
    assert platform.get(STATUS, transaction=id).body == b"OK\n3\n"
    ar = f"{ACTES}actes_transac_get_ARActe.php"
    assert ko(platform.get(ar, id=id).body) == "Pas d'acquittement recu"
    platform.advance(5)
    answer = platform.get(STATUS, transaction=id).body
    assert answer.startswith(b'OK\n4\n<?xml version="1.0" encoding="ISO-8859-1"?>\n<actes:ARActe')
    alone = platform.get(ar, id=id)
    assert (alone.content_type, alone.body) == ("application/xml", answer[5:])


def test_an_anomaly_is_glued_to_the_words_of_the_workflow() -> None:
    platform = Platform(SCENARIOS["classification-changee"])
    id = platform.posted_acte()
    platform.advance(60)
    head, xml, words = platform.get(STATUS, transaction=id).body.partition(b"</actes:AnomalieActe>")
    assert head.startswith(b"OK\n-1\n<?xml")
    assert xml
    assert words.decode("iso-8859-1").startswith("Anomalie reçue : nature 002, ODT-VERIF-01 : ")


@pytest.mark.parametrize("suffix", ["-1-1", "-1-1_0", "-1-1_0.xml"])
def test_an_act_is_found_by_the_name_of_its_message(suffix: str) -> None:
    platform = Platform()
    platform.posted_acte()
    assert platform.get(STATUS, unique_id=ID_ACTE + suffix).body == b"OK\n1\n"


def test_an_act_is_found_by_its_identifier_once_acknowledged() -> None:
    platform = Platform()
    platform.posted_acte()
    invalid = "Numéro de transaction invalide"
    assert ko(platform.get(STATUS, unique_id=ID_ACTE).body) == invalid
    assert ko(platform.get(STATUS, unique_id="099-000000000-20260227-X-DE-1-1").body) == invalid
    platform.advance(60)
    assert platform.get(STATUS, unique_id=ID_ACTE).body.startswith(b"OK\n4\n")


@pytest.mark.parametrize("wrong", ["", "12", "abc", "²", "9" * 40])
def test_an_unknown_transaction(wrong: str) -> None:
    body = Platform().get(STATUS, transaction=wrong).body
    assert ko(body) == "Numéro de transaction invalide"


def test_cancelling() -> None:
    platform = Platform()
    id = platform.posted_acte()
    assert "n'est pas en état" in ko(platform.post(CANCEL, form_id(id)).body)
    platform.advance(60)
    lines = platform.post(CANCEL, form_id(id)).body.split(b"\n")
    cancellation = lines[1].decode()
    assert (lines[0], cancellation.isdigit()) == (b"OK", True)
    assert "annulation est déjà en cours" in ko(platform.post(CANCEL, form_id(id)).body)
    assert "ne peut pas être annulé" in ko(platform.post(CANCEL, form_id(cancellation)).body)
    assert (platform.acte_status(id), platform.acte_status(cancellation)) == ("4", "1")
    platform.advance(3)
    assert (platform.acte_status(id), platform.acte_status(cancellation)) == ("4", "3")
    platform.advance(60)
    assert platform.acte_status(id) == "0"
    answer = platform.get(STATUS, transaction=cancellation).body
    assert answer.startswith(b"OK\n4\n")
    assert b"ARAnnulation" in answer
    assert "n'est pas en état" in ko(platform.post(CANCEL, form_id(id)).body)
    assert "numéro interne existe déjà" in ko(platform.send_acte().body)


def test_the_classification_is_asked_once_a_day() -> None:
    platform = Platform(SCENARIOS["classification-changee"])
    before = platform.get(FETCH, api="1").body
    assert b"2025-09-01" in before
    assert platform.get(REQUEST, api="1").body.startswith(b"OK\n")
    assert "moins d'un jour" in ko(platform.get(REQUEST, api="1").body)
    assert platform.get(REQUEST).status == 302
    assert platform.get(FETCH, api="1").body == before
    platform.advance(24 * 60)
    assert platform.get(FETCH, api="1").body == before.replace(b"2025-09-01", b"2026-01-15")
    assert platform.get(REQUEST, api="1").body.startswith(b"OK\n")
    id = platform.posted_acte()
    platform.advance(60)
    assert platform.acte_status(id) == "4"


def test_no_classification_yet() -> None:
    platform = Platform(SCENARIOS["classification-absente"])
    assert "dernière classification" in ko(platform.get(FETCH, api="1").body)
    assert platform.get(FETCH).status == 302
    assert platform.send_acte().body.startswith(b"OK\n")


def test_lists() -> None:
    platform = Platform()
    ids = [platform.posted_acte(number=f"N{rank}") for rank in range(3)]
    page = json.loads(platform.get(LIST, status_id="1", offset="1", limit="1").body)
    assert page == {
        "status_id": "1",
        "authority_id": "1",
        "offset": "1",
        "limit": "1",
        "transactions": [
            {
                "id": ids[1],
                "type": "1",
                "subject": "Tarifs de la salle des fêtes",
                "number": "N1",
                "date": "2026-02-27",
                "nature_descr": "Délibérations",
                "classification": "7.10",
            }
        ],
    }
    everything = json.loads(platform.get(LIST, status_id="1").body)["transactions"]
    assert [line["id"] for line in everything] == ids[::-1]
    for period, count in (("2026-03-02", 3), ("2026-03-03", 0)):
        found = json.loads(platform.get(LIST, status_id="1", min_date=period).body)
        assert len(found["transactions"]) == count
    number = platform.get(f"{ACTES}api/number_actes.php", status_id="1")
    assert json.loads(number.body)["nb_transactions"] == "3"
    assert json.loads(platform.get(LIST).body)["status"] == "error"
    assert json.loads(platform.get(LIST, status_id="4").body)["transactions"] == []


def test_sizes() -> None:
    platform = Platform(Scenario(max_files_bytes=len(PDF), max_annexes=0))
    assert platform.send_acte().body.startswith(b"OK\n")
    too_big = ko(platform.send_acte(number="2", file=PDF + b" ").body)
    assert "taille totale des fichiers" in too_big
    small = {"annexes": {"a.pdf": b"%PDF-"}, "type_pj": ("99_DE",), "file": b"%PDF-"}
    assert "nombre d'annexes" in ko(platform.send_acte(number="2", **small).body)


def test_the_connection_must_be_rgs_unless_the_act_waits() -> None:
    platform = Platform(SCENARIOS["sans-rgs"])
    assert "certificat RGS" in ko(platform.send_acte().body)
    assert platform.acte_status(platform.posted_acte(en_attente="1")) == "17"


def test_waiting_statuses() -> None:
    prepared = Platform(SCENARIOS["a-confirmer"])
    id = prepared.posted_acte()
    prepared.advance(600)
    assert prepared.acte_status(id) == "17"
    to_sign = Platform()
    assert to_sign.acte_status(to_sign.posted_acte(must_signed="1")) == "18"


def test_paper_mode() -> None:
    assert "Mode « papier »" in ko(Platform(SCENARIOS["papier"]).send_acte().body)


def test_several_accounts_for_one_certificate_need_a_login() -> None:
    platform = Platform(SCENARIOS["deux-comptes"])
    path = "/api/test-connexion.php"
    failed = "Échec de l'authentification"
    assert ko(platform.get(path).body) == failed
    assert ko(platform.get(path, basic=("saint-exemple", "faux")).body) == failed
    assert platform.get(path, basic=("saint-exemple", "secret-fictif")).body.startswith(b"OK")
    logins = platform.get("/admin/users/api-list-login.php").body
    assert logins == b"saint-exemple\nfiction-sur-exemple\n"


def test_one_authority_does_not_see_the_other() -> None:
    platform = Platform(SCENARIOS["deux-comptes"])
    mine, other = (("saint-exemple", "secret-fictif"), ("fiction-sur-exemple", "secret-fictif"))
    platform.world.scenario = replace(platform.world.scenario, comptes=(Compte(),))
    id = platform.posted_acte()
    platform.world.scenario = SCENARIOS["deux-comptes"]
    assert platform.get(STATUS, transaction=id, basic=mine).body == b"OK\n1\n"
    assert ko(platform.get(STATUS, transaction=id, basic=other).body) == "Accès refusé"
    unique = f"{ID_ACTE}-1-1"
    assert platform.get(STATUS, unique_id=unique, basic=other).body.startswith(b"KO")
    listed = json.loads(platform.get(LIST, status_id="1", basic=other).body)
    assert (listed["authority_id"], listed["transactions"]) == ("2", [])


def test_an_unknown_certificate_is_sent_to_a_page() -> None:
    platform = Platform(Scenario(comptes=(Compte(certificate="cd" * 32),)))
    answer = platform.get("/api/test-connexion.php")
    assert (answer.status, dict(answer.headers)["Location"]) == (302, "/connexion-status.php")
    assert platform.get("/connexion-status.php").body.startswith(b"<!DOCTYPE html>")
    assert platform.get("/admin/users/api-list-login.php").body == b""


def test_a_module_without_right() -> None:
    platform = Platform(Scenario(comptes=(Compte(modules=("HELIOS",)),)))
    assert ko(platform.send_acte().body) == "Accès refusé"
    assert platform.get("/api/test-connexion.php").body.startswith(b"OK\n")


def test_mojibake_is_kept_in_the_record() -> None:
    platform = Platform()
    platform.posted_acte(subject="FÃªte")
    (line,) = platform.world.ledger(platform.world.clock.now())["actes"]  # type: ignore[misc]  # JSON value
    assert line["subject"] == "FÃªte"


def test_other_pages_are_not_found() -> None:
    assert Platform().get("/modules/actes/autre.php").status == 404


def test_the_day_of_the_decision_is_the_one_in_paris() -> None:
    platform = Platform()
    platform.advance(14 * 60 + 30)  # 23:30 UTC on the 2nd, 00:30 on the 3rd in Paris
    assert platform.send_acte(decision_date="2026-03-03").body.startswith(b"OK")


def test_the_authority_gives_the_identifier() -> None:
    scenario = Scenario(autorites=(Autorite(departement="02A"),))
    platform = Platform(scenario)
    platform.post(CREATE, acte_form())
    (transaction,) = platform.world.transactions.values()
    depot = transaction.depot
    assert depot is not None
    assert depot.id_acte == "02A-000000000-20260227-2026_012-DE"
    assert depot.classification_date == date(2025, 9, 1)
    assert [file.name for file in depot.files][1].startswith("99_DE-02A-")


def test_the_upload_of_an_act_named_as_a_text_is_missing() -> None:
    form = acte_form(file=None)
    form.uploads["autre"] = [Upload(name="acte.pdf", content=PDF)]
    assert "Aucun fichier acte" in ko(Platform().post(CREATE, form).body)
