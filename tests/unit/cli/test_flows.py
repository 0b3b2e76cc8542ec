"""Listing, showing, signing and sending again: what a person reads, and the exit codes."""

import re
from pathlib import Path

import pytest

from demat.compose import open_office
from demat.config import load_config
from tests.unit.cli.conftest import FIXTURES, Town, drop
from tests.unit.cli.moves import MOVES, acknowledge, postpone, reject

KEY = "099-000000000-20261020-AI_2026_017-AI"
STATES = (*MOVES, "returned", "awaiting_signature", "all")


def test_nothing_yet(town: Town) -> None:
    for state in STATES:
        said = town.demat("flows", "--state", state)
        assert (said.code, said.err) == (0, "")
        assert said.out in ("Aucun envoi dans cet état.\n", "Aucun dépôt dans cet état.\n")


@pytest.mark.parametrize("state", MOVES)
def test_each_state_lists_its_own(acte: Town, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    move, words = MOVES[state]
    with acte.office() as office:
        move(office)
    for asked in MOVES:
        listed = acte.demat("flows", "--state", asked, "--json").json["flows"]
        assert [item["key"] for item in listed] == ([KEY] if asked == state else [])
    said = acte.demat("flows", "--state", state)
    assert said.code == 0
    assert words in said.words
    assert (
        acte.demat("flows", "--json").json["flows"][0]["objet"] == "Avancement d'échelon d'un agent"
    )


def test_deposits_that_a_person_must_look_at(titres: Town) -> None:
    said = titres.demat("flows", "--state", "awaiting_signature")
    assert said.out == "D1  titres-cantine.csv : attend une signature\n"
    listed = titres.demat("flows", "--state", "awaiting_signature", "--json").json["deposits"]
    assert [(item["id"], item["kind"], item["state"]) for item in listed] == [
        (1, "titres", "awaiting_signature")
    ]
    assert titres.demat("flows", "--state", "returned", "--json").json == {"deposits": []}


def test_a_returned_deposit_says_why(town: Town) -> None:
    alone = town.root / "note.docx"
    alone.write_bytes(b"PK\x03\x04 fictif")
    said = town.demat("deposit", alone)
    assert said.code == 1
    assert said.err == ""
    assert said.out.startswith("Dépôt D1 « note.docx » : à corriger\n")
    assert "→ " in said.out
    assert town.demat("show", "D1").out == said.out
    assert town.demat("show", "D1").code == 0
    assert "note.docx : à corriger" in town.demat("flows", "--state", "returned").out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("flows", "--state", "parti"), "L'état « parti » n'existe pas."),
        (("flows", "--siren", "123"), "La collectivité « 123 » n'est pas dans la configuration"),
        (("sign", "--siren", "123"), "La collectivité « 123 » n'est pas dans la configuration"),
        (("show", "77"), "Il n'existe pas de flux n° 77"),
        (("show", "9" * 30), f"Il n'existe pas de flux n° {'9' * 30}"),
        (("show", "D77"), "Il n'existe pas de dépôt n° 77"),
        (("show", f"d{'9' * 30}"), f"Il n'existe pas de dépôt n° {'9' * 30}"),
        (("show", "absent.xml"), "Le fichier « absent.xml » ne peut pas être lu"),
        (("resubmit", "77"), "Il n'existe pas de flux n° 77"),
        (("deposit", "absent.csv"), "« absent.csv »"),
    ],
)
def test_what_is_not_there_is_a_wrong_use(
    town: Town, arguments: tuple[str, ...], sentence: str
) -> None:
    said = town.demat(*arguments)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.words
    assert "→" in said.err
    answer = town.demat(*arguments, "--json")
    assert answer.code == 2
    assert answer.err == ""
    assert [set(item) >= {"code", "message"} for item in answer.json["error"]] == [True]


def test_a_flow_is_shown_whole(acte: Town) -> None:
    with acte.office() as office:
        acknowledge(office)
    said = acte.demat("show", "1")
    assert (said.code, said.err) == (0, "")
    shown = re.sub(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", "INSTANT", said.out)
    assert shown.splitlines()[0] == "Envoi n° 1 (acte)"
    for line in (
        f"  Identifiant : {KEY}",
        "  Objet       : Avancement d'échelon d'un agent",
        "  Dépôt       : D1",
        "  Envoi       : remis au tiers de télétransmission",
        "  État        : acquitté",
        "    INSTANT  figé, mis dans la file d'envoi",
        "    INSTANT  envoi commencé",
        "    INSTANT  remis au tiers de télétransmission",
        "    INSTANT  réponse enregistrée : acquitté",
    ):
        assert line in shown.splitlines()
    words = " ".join(shown.split())
    assert "Réponse : accusé de réception de la préfecture, 21/10/2026 (reponse.xml)" in words
    entry = acte.demat("show", "1", "--json").json
    assert [item["etat"] for item in entry["receipts"]] == ["acquitte"]
    assert entry["journal"][-1]["after"] == "acquitte"


def test_the_reasons_of_a_refusal_are_on_standard_output(acte: Town) -> None:
    with acte.office() as office:
        reject(office)
    said = acte.demat("show", "1")
    assert (said.code, said.err) == (0, "")
    assert "Le matricule est absent." in said.words
    assert "demat resubmit 1 --with FICHIER" in said.out
    assert acte.demat("show", "1", "--json").json["faults"][0]["code"] == "ACT-ANOMALIE"


def test_a_file_is_shown_without_any_configuration(town: Town) -> None:
    town.config.unlink()
    flow = FIXTURES / "compta-D0032.xml"
    said = town.demat("show", flow)
    assert said.code == 0
    assert said.out.startswith("compta-D0032.xml : PES_Aller\n  nom du fichier : ")
    assert all(len(line.rstrip()) <= 80 for line in said.out.splitlines())
    answer = town.demat("show", flow, "--json").json
    assert answer["kind"] == "PES_Aller"
    assert answer["elements"][0]["signature"] == "non"


def test_a_file_named_as_a_number_is_a_file(acte: Town) -> None:
    (acte.root / "1").write_bytes(b"%PDF-1.7")
    assert acte.demat("show", "1").out.startswith("1 : pdf\n")


def test_what_was_not_refused_is_not_sent_again(acte: Town) -> None:
    said = acte.demat("resubmit", "1")
    assert said.code == 2
    assert f"L'envoi « {KEY} » n'a pas été refusé" in said.words
    assert len(acte.demat("flows", "--json").json["flows"]) == 1


def test_a_refused_flow_is_sent_again_once(acte: Town) -> None:
    with acte.office() as office:
        reject(office)
    said = acte.demat("resubmit", "1")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Envoi n° 1 remplacé par l'envoi n° 2 : ")
    listed = acte.demat("flows", "--json").json["flows"]
    assert [(item["id"], item["supersedes"], item["superseded_by"]) for item in listed] == [
        (1, None, 2),
        (2, 1, None),
    ]
    again = acte.demat("resubmit", "1")
    assert again.code == 2
    assert "a déjà été renvoyé (envoi n° 2)" in again.words
    table = acte.demat("flows").out
    assert "(remplacé par 2)" in table
    assert "(remplace 1)" in table


def test_a_replacement_must_replace_something(acte: Town) -> None:
    with acte.office() as office:
        reject(office)
    other = acte.root / "autre.pdf"
    other.write_bytes(b"%PDF-1.7")
    said = acte.demat("resubmit", "1", "--with", other)
    assert said.code == 2
    assert "« autre.pdf » ne remplace aucun fichier" in said.words


def test_the_flows_of_an_authority_that_left_stay_visible(acte: Town) -> None:
    with acte.office() as office:
        reject(office)
    acte.change('siren = "000000000"', 'siren = "219901238"')
    assert KEY.split("-AI")[0] in acte.demat("flows").out.replace("\n", "").replace(" ", "")
    said = acte.demat("resubmit", "1")
    assert said.code == 2
    assert "n'est pas dans la configuration" in said.words
    assert acte.demat("sign", "--yes").out == "Aucun bordereau n'attend de signature.\n"


def test_why_flows_wait_is_told(acte: Town) -> None:
    assert acte.demat("flows", "--json").json["waits"] == []
    with acte.office() as office:
        office.store.declare_lines({one.siren: one.line for one in office.authorities})
        for _ in range(5):
            office.store.line_silent("127.0.0.1", None)
    said = acte.demat("flows")
    assert "le tiers de télétransmission « 127.0.0.1 » ne répond plus. Prochain essai" in said.words
    (wait,) = acte.demat("flows", "--state", "waiting", "--json").json["waits"]
    assert wait["code"] == "QUE-LINE_SHUT"
    assert acte.demat("flows", "--state", "sent", "--json").json["waits"] == []


def test_document_types_follow_the_classification(town: Town) -> None:
    said = town.demat("classification", "--nature", "DE", "--matiere", "3.2", "--json")
    assert said.code == 0
    assert "99_DE" in [item["code"] for item in said.json["types"]]
    assert town.demat("classification", "--nature", "XX", "--matiere", "3.2").code == 1
    assert town.demat("classification", "--nature", "DE", "--matiere", "abc").code == 1


def test_deposits_are_told_apart_by_authority(town: Town) -> None:
    second = town.config.read_text("utf-8").split("[[collectivites]]")[1]
    second = second.replace("000000000", "219901238").replace('"mairie"', '"eaux"')
    second = second.replace("Commune de", "Syndicat de")
    with town.config.open("a", encoding="utf-8") as stream:
        stream.write(f"\n[[collectivites]]{second}")
    said = town.demat("deposit", *drop(town, "titres-cantine.csv"))
    assert said.code == 2
    assert "219901238 (Syndicat de" in said.words


def test_waiting_because_the_other_side_is_away(acte: Town) -> None:
    with acte.office() as office:
        postpone(office)
    said = acte.demat("show", "1")
    assert "Le tiers de télétransmission ne répond pas" in said.words


def test_a_run_without_the_other_side_has_its_own_exit_code(acte: Town) -> None:
    said = acte.demat("nightly")
    assert said.code == 3
    assert "Envois tentés : 1" in said.words
    assert "Le tiers de télétransmission ne répond pas" in said.words
    assert acte.demat("nightly", "--json").code == 3
    assert "figé" in acte.demat("show", "1").out


def test_a_deposit_shows_what_became_of_it(acte: Town) -> None:
    with acte.office() as office:
        acknowledge(office)
    assert acte.demat("show", "D1").out.splitlines()[:2] == [
        "Dépôt D1 « arrete-individuel » : préparé",
        f"  envoi n° 1 : {KEY}, acquitté",
    ]


def test_the_library_opens_what_the_command_made(acte: Town) -> None:
    with open_office(load_config(Path("demat.toml"))) as office:
        assert [flow.key for flow in office.store.transmissions()] == [KEY]
