"""The scripts of the TdT for people, with their quirks (connectors dossier §1.2.1, §1.4.8)."""

import json
from dataclasses import replace

import pytest

from demat.sandbox.answers import HOME
from demat.sandbox.scenario import Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import PDF, Platform, ko

ACTES = "/modules/actes/"
FILES = f"{ACTES}actes_transac_get_files_list.php"
DOWNLOAD = f"{ACTES}actes_download_file.php"
BORDEREAU = f"{ACTES}actes_create_pdf.php"
TAMPON = f"{ACTES}actes_transac_get_tampon.php"
CONFIRM = f"{ACTES}actes_transac_post_confirm_api.php"
BACK = "https://mairie.invalid/retour?e=%%ERROR%%&m=%%MESSAGE%%"


@pytest.fixture
def acknowledged() -> tuple[Platform, str]:
    platform = Platform()
    id = platform.posted_acte(annexes={"plan.pdf": PDF}, type_pj=("99_DE",))
    platform.advance(24 * 60)
    assert platform.acte_status(id) == "4"
    return platform, id


def test_what_the_connection_is_worth() -> None:
    platform = Platform()
    assert platform.get("/api/test-rgs.php").body.startswith(b"OK")
    assert platform.get("/api/info-connexion.php").body.startswith(b"OK\nlogin : ")
    weak = Platform(replace(Scenario(), rgs=False))
    assert "RGS" in ko(weak.get("/api/test-rgs.php").body)


def test_every_status_that_an_act_may_have_has_a_name() -> None:
    names = json.loads(Platform().get(f"{ACTES}api/actes_status.php").body)
    assert {"-1", "0", "1", "2", "3", "4", "12", "13", "15", "17", "18", "19"} <= set(names)


def test_the_bordereau_comes_with_the_ar_under_its_own_parameter(
    acknowledged: tuple[Platform, str],
) -> None:
    platform, id = acknowledged
    answer = platform.get(BORDEREAU, trans_id=id)
    assert answer.content_type == "application/pdf"
    assert answer.body.startswith(b"%PDF-")
    assert b"2026_012" in answer.body
    assert platform.get(BORDEREAU, id=id).status == 302  # not « id »


def test_a_stamped_copy_keeps_the_bytes_of_the_act(acknowledged: tuple[Platform, str]) -> None:
    platform, id = acknowledged
    act = json.loads(platform.get(FILES, transaction=id).body)[1]["id"]
    plain = platform.get(DOWNLOAD, file=act).body
    stamped = platform.get(DOWNLOAD, file=act, tampon="true").body
    assert stamped.startswith(plain)
    assert stamped.endswith(b"%%EOF\n")
    assert "Envoyé en préfecture le 2026-03-02".encode("latin-1") in stamped
    assert "Publié".encode("latin-1") not in stamped
    shown = platform.get(DOWNLOAD, file=act, tampon="true", date_affichage="2026-03-05").body
    assert "Publié le 2026-03-05".encode("latin-1") in shown
    old = platform.get(TAMPON, transaction=id)
    assert dict(old.headers)["Location"] == f"actes_download_file.php?file={act}&tampon=true"


def test_these_scripts_say_no_by_a_redirect() -> None:
    """They were written for browsers: before the AR, for another's act, for what is no PDF."""
    platform = Platform()
    id = platform.posted_acte()
    platform.advance(1)
    message = int(id)
    for path, query in (
        (BORDEREAU, {"trans_id": id}),
        (BORDEREAU, {"trans_id": "999"}),
        (BORDEREAU, {"trans_id": "x"}),
        (DOWNLOAD, {"file": str(message), "tampon": "true"}),
        (DOWNLOAD, {"file": "999", "tampon": "true"}),
        (TAMPON, {"transaction": "999"}),
    ):
        answer = platform.get(path, **query)
        assert (answer.status, dict(answer.headers)["Location"]) == (302, HOME)


# an agent confirms


def test_an_agent_confirms_and_the_browser_is_sent_back() -> None:
    platform = Platform(SCENARIOS["a-confirmer"])
    id = platform.posted_acte()
    assert platform.acte_status(id) == "17"
    answer = platform.get(CONFIRM, id=id, url_return=BACK)
    assert answer.status == 302
    assert dict(answer.headers)["Location"].startswith("https://mairie.invalid/retour?e=0&m=La%20")
    assert platform.acte_status(id) == "1"
    again = platform.get(CONFIRM, id=id, url_return=BACK)  # only while it waits
    assert "?e=1&" in dict(again.headers)["Location"]
    platform.advance(24 * 60)
    assert platform.acte_status(id) == "4"


def test_a_connection_that_is_not_rgs_confirms_nothing() -> None:
    platform = Platform(replace(SCENARIOS["a-confirmer"], rgs=False))
    id = platform.posted_acte()
    answer = platform.get(CONFIRM, id=id, url_return=BACK)
    assert "?e=1&" in dict(answer.headers)["Location"]
    assert platform.acte_status(id) == "17"
    assert dict(platform.get(CONFIRM, id=id).headers)["Location"] == HOME
