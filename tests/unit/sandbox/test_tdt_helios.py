from dataclasses import replace

import pytest
from lxml import etree

from demat.sandbox.multipart import Form, Upload
from demat.sandbox.records import PesRetour
from demat.sandbox.scenario import Compte, RegleHelios, RetourHelios, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import IMPORT, PES_STATUS, START, Platform, pes

HELIOS = "/modules/helios/"
ACQUIT = f"{HELIOS}helios_download_acquit.php"


def fields(body: bytes) -> dict[str, str]:
    return {child.tag: child.text or "" for child in etree.fromstring(body)}


def test_a_pes_is_taken_and_answered() -> None:
    platform = Platform()
    answer = platform.send_pes(pes(), "PES été.xml")
    assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert answer.content_type == "text/xml"
    assert dict(answer.headers)["Content-Disposition"].startswith("attachment")
    found = fields(answer.body)
    assert found | {"id": ""} == {
        "id": "",
        "resultat": "OK",
        "message": "Import du fichier réussi",
    }
    seen = []
    for minutes in (0, 1, 2, 30):
        platform.advance(minutes)
        seen.append(platform.pes_status(found["id"]))
    assert seen == ["1", "2", "3", "8"]
    acquit = platform.get(ACQUIT, id=found["id"])
    assert etree.QName(etree.fromstring(acquit.body)).localname == "PES_ACQUIT"
    assert "099001_260302103300-ACK-" in dict(acquit.headers)["Content-Disposition"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (Form(), "Aucune enveloppe trouvée"),
        (
            Form(uploads={"enveloppe": [Upload(name="a", content=b"")]}),
            "Le fichier est vide (0 octet)",
        ),
        (
            Form(uploads={"enveloppe": [Upload(name="a", content=b"x" * 9)]}),
            "La taille du fichier est supérieure à la limite autorisée",
        ),
    ],
)
def test_a_refusal_is_xml_too(form: Form, said: str) -> None:
    answer = Platform(Scenario(max_files_bytes=8)).post(IMPORT, form)
    assert fields(answer.body) == {"id": "", "resultat": "KO", "message": said}


def test_the_same_bytes_are_a_duplicate_on_the_whole_platform() -> None:
    platform = Platform(SCENARIOS["deux-comptes"])
    platform.world.scenario = replace(platform.world.scenario, comptes=(Compte(),))
    platform.posted_pes(pes())
    other = Compte(login="autre", siren="123456782")
    platform.world.scenario = replace(platform.world.scenario, comptes=(other,))
    found = fields(platform.send_pes(pes()).body)
    assert (found["id"], found["resultat"]) == ("", "KO")
    assert "doublon détecté" in found["message"]


def test_the_same_nom_fic_fails_later() -> None:
    platform = Platform()
    first = platform.posted_pes(pes())
    second = platform.posted_pes(pes() + b"\n")
    platform.advance(60)
    assert (platform.pes_status(first), platform.pes_status(second)) == ("8", "-1")
    message = fields(platform.get(PES_STATUS, transaction=second).body)["message"]
    assert "existe déjà sur la plateforme" in message


def test_the_status_has_a_stray_space_and_declares_latin_1() -> None:
    platform = Platform()
    id = platform.posted_pes(pes())
    assert platform.get(PES_STATUS, transaction=id).body == (
        b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<transaction >'
        b"<id>%s</id><resultat>OK</resultat><message>Post\xe9</message><status>1</status>"
        b"</transaction>\n" % id.encode()
    )


@pytest.mark.parametrize(
    ("id", "said"),
    [("", "Pas de numéro de transaction"), ("12", "Numéro de transaction invalide")],
)
def test_a_status_that_cannot_be_given(id: str, said: str) -> None:
    found = fields(Platform().get(PES_STATUS, transaction=id).body)
    assert found == {"id": id, "resultat": "KO", "message": said, "status": ""}


def test_an_acquit_that_cannot_be_served_shows_status_3() -> None:
    platform = Platform(SCENARIOS["helios-clignotant"])
    id = platform.posted_pes(pes())
    seen = []
    for minutes in (33, 10, 19, 1):
        platform.advance(minutes)
        seen.append((platform.pes_status(id), platform.get(ACQUIT, id=id).status))
    assert seen == [("8", 200), ("3", 302), ("3", 302), ("8", 200)]
    assert platform.world.pes[int(id)].status == 8


@pytest.mark.parametrize(
    ("retour", "status", "root"),
    [
        (RetourHelios.VERSION_1, "8", "PES_ACQUIT"),
        (RetourHelios.NO_BLOCK, "4", "PES_ACQUIT"),
        (RetourHelios.NON_ACQUIT, "6", "PES_NonAcquit"),
    ],
)
def test_other_returns(retour: RetourHelios, status: str, root: str) -> None:
    regle = RegleHelios(nom_fic="", retour=retour, minutes=0)
    platform = Platform(Scenario(regles_helios=(regle,)))
    id = platform.posted_pes(pes())
    platform.advance(3)
    assert platform.pes_status(id) == status
    content = platform.get(ACQUIT, id=id).body
    assert etree.QName(etree.fromstring(content)).localname == root


def test_silence() -> None:
    platform = Platform(SCENARIOS["helios-muet"])
    id = platform.posted_pes(pes())
    platform.advance(100_000)
    assert platform.pes_status(id) == "3"
    assert platform.get(ACQUIT, id=id).status == 302


def test_authentication_failures_are_plain_text() -> None:
    unknown = Platform(Scenario(comptes=(Compte(certificate="cd" * 32),)))
    for answer in (unknown.send_pes(pes()), unknown.get(f"{HELIOS}api/helios_get_list.php")):
        assert answer.body == "KO\nÉchec de l&#039;authentification\n".encode("iso-8859-1")
    refused = Platform(Scenario(comptes=(Compte(modules=("ACTES",)),)))
    assert refused.send_pes(pes()).body == "KO\nAccès refusé\n".encode("iso-8859-1")


def test_not_rgs() -> None:
    found = fields(Platform(SCENARIOS["sans-rgs"]).send_pes(pes()).body)
    assert "certificat n'est pas RGS" in found["message"]


def test_to_be_signed() -> None:
    platform = Platform()
    form = Form(
        texts={"must_signed": ["1"]},
        uploads={"enveloppe": [Upload(name="a.xml", content=pes())]},
    )
    id = fields(platform.post(IMPORT, form).body)["id"]
    platform.advance(600)
    assert platform.pes_status(id) == "13"


def test_pes_retour_stays_listed_until_it_is_marked_as_read() -> None:
    platform = Platform()
    retour = PesRetour(id=7, siren="000000000", name="PES2R_DEP.xml", content=b"<x/>", at=START)
    foreign = replace(retour, id=8, siren="123456782")
    platform.world.retours.update({7: retour, 8: foreign})
    platform.advance(5 * 60)
    listed = platform.get(f"{HELIOS}api/helios_get_list.php").body
    assert listed == (
        b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<liste><idColl>000000000</idColl>'
        b"<resultat></resultat><message></message><dateDemande>2026-03-02 03:00:00</dateDemande>"
        b"<pes_retour><id>7</id><nom>PES2R_DEP.xml</nom><date>2026-03-02 10:00:00</date>"
        b"</pes_retour></liste>\n"
    )
    get = f"{HELIOS}api/helios_get_retour.php"
    assert platform.get(get, id="7").body == b"<x/>"
    assert fields(platform.get(get, id="8").body)["resultat"] == "KO"
    change = f"{HELIOS}api/helios_change_status.php"
    assert fields(platform.get(change, id="8").body)["resultat"] == "KO"
    for _ in range(2):
        assert fields(platform.get(change, id="7").body) == {
            "idRetour": "7",
            "resultat": "OK",
            "message": "",
        }
    assert b"pes_retour" not in platform.get(f"{HELIOS}api/helios_get_list.php").body
    assert platform.get(get, id="7").body == b"<x/>"
