"""Every named scenario, met over HTTPS as a town's software meets it (connectors dossier §8.2)."""

import email
import email.message
import email.utils
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from demat.sandbox import outbound, plis
from demat.sandbox.client import Sandbox
from demat.sandbox.prefecture import message_acte
from demat.sandbox.records import StoredFile
from demat.sandbox.scenario import Autorite, Scenario
from demat.sandbox.scenarios import RESUMES, SCENARIOS
from tests.integration.test_sandbox import CANCEL, DOCUMENT, REPLY, Client
from tests.unit.sandbox.helpers import ACTE, CREATE, IMPORT, PDF, PES_STATUS, STATUS, depot, ko, pes

HOUR, DAY = 60, 24 * 60
NS = "{http://www.interieur.gouv.fr/ACTES#v1.1-20040216}"
FILES = "/modules/actes/actes_transac_get_files_list.php"
AR = "/modules/actes/actes_transac_get_ARActe.php"
LETTERS = "/modules/actes/api/list_document_prefecture.php"
CLASSIFICATION = "/modules/actes/actes_classification_fetch.php?api=1"
REQUEST = "/modules/actes/actes_classification_request.php?api=1"
SUBMIT = "/modules/actes/actes_transac_submit.php"
ACQUIT = "/modules/helios/helios_download_acquit.php"
RETOURS = "/modules/helios/api/helios_get_list.php"


class Bench:
    """One sandbox and one client of it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.client = Client(sandbox)

    def acte(self, **changes: str) -> str:
        body = self.client.send_acte(**changes)[1]
        assert body.startswith(b"OK\n"), body
        return body.split(b"\n")[1].decode()

    def refused(self, **changes: str) -> str:
        return ko(self.client.send_acte(**changes)[1])

    def answer(self, id: str) -> bytes:
        return self.client.get(f"{STATUS}?transaction={id}")[1]

    def after(self, minutes: float, id: str) -> str:
        self.sandbox.advance(minutes)
        return self.client.status(id)

    def history(self, id: str) -> list[int]:
        ledger = self.sandbox.ledger()
        lines = [*ledger["actes"], *ledger["exchanges"], *ledger["pes"]]
        (line,) = [line for line in lines if line["id"] == int(id)]
        return [step["status"] for step in line["history"]]

    def flux(self, content: bytes = b"") -> str:
        return self.client.send_pes(content or pes())["id"]

    def pes_after(self, minutes: float, id: str) -> str | None:
        self.sandbox.advance(minutes)
        body = self.client.get(f"{PES_STATUS}?transaction={id}")[1]
        return etree.fromstring(body).findtext("status")

    def acquit(self, id: str) -> etree._Element:
        return etree.fromstring(self.client.get(f"{ACQUIT}?id={id}")[1])

    def etats(self, id: str) -> list[str]:
        return [node.get("V", "") for node in self.acquit(id).iter("EtatAck")]

    def cancel(self, id: str) -> str:
        body = self.client.post(CANCEL, {"api": "1", "id": id}, {})[1]
        assert body.startswith(b"OK\n"), body
        return body.split(b"\n")[1].decode()


@contextmanager
def bench(keys: Path, scenario: str | Scenario) -> Iterator[Bench]:
    with Sandbox.start(keys, scenario=scenario, speed=0, max_seconds=120) as sandbox:
        found = Bench(sandbox)
        with closing(found.client.connection):
            yield found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


def nominal(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "4"
    assert b.history(id) == [1, 2, 3, 4]
    # the number is taken for ever: another nature, another year
    said = "Un acte portant le même numéro interne existe déjà"
    assert b.refused(nature_code="6", type_acte="99_AU") == said
    assert b.refused(decision_date="2025-02-27") == said


def demo(b: Bench) -> None:
    ids = [b.acte(number=f"N{end}") for end in ("_ANO", "_MUET", "_TDT")]
    b.sandbox.advance(HOUR)
    assert [b.client.status(id) for id in ids] == ["-1", "3", "-1"]


def annee(b: Bench) -> None:
    b.acte(number="2026_ANNEE")
    b.sandbox.advance(21 * DAY)
    (letter,) = json.loads(b.client.get(LETTERS)[1])
    assert letter["type"] == "3"


def ar_tardif(b: Bench) -> None:
    id = b.acte()
    assert [b.after(*step) for step in ((6 * HOUR, id), (3 * HOUR, id), (5 * DAY, id))] == [
        *("2", "3", "3")
    ]
    assert b.after(2 * DAY, id) == "4"


def fenetre(b: Bench) -> None:
    id = b.acte()
    assert (b.after(11 * HOUR, id), b.after(2 * HOUR, id)) == ("2", "4")


def quota(b: Bench) -> None:
    minute = datetime.fromisoformat(b.sandbox.ledger()["now"]).minute
    b.sandbox.advance(65 - minute)  # five past
    ids = []
    for number, size in (("Q1", 12_000), ("Q2", 12_000), ("Q3", 1_000), ("Q4", 30_000)):
        noise = Random(number).randbytes(size)  # noqa: S311 - what no archive makes smaller
        file = PDF.replace(b"trailer", noise + b"trailer")
        body = b.client.post(CREATE, {**ACTE, "number": number}, {"acte_pdf_file": file})[1]
        ids.append(body.split(b"\n")[1].decode())

    def statuses(minutes: float) -> list[str]:
        b.sandbox.advance(minutes)
        return [b.client.status(id) for id in ids]

    assert statuses(50) == ["4", "2", "2", "2"]  # in their order: the small one does not overtake
    assert statuses(HOUR) == ["4", "4", "4", "2"]
    assert statuses(HOUR) == ["4", "4", "4", "4"]  # beyond the quota by itself: it has its hour


def double_ar(b: Bench) -> None:
    id = b.acte()
    assert b.after(3 * HOUR, id) == "4"
    assert b.history(id) == [1, 2, 3, 4, 4]


def anomalie(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "-1"
    tail = b.answer(id).removeprefix(b"OK\n-1\n")
    xml, end, words = tail.partition(b"</actes:AnomalieActe>")
    assert etree.fromstring(xml + end).tag == f"{NS}AnomalieActe"
    assert words.decode("iso-8859-1").startswith("Anomalie reçue : nature 002")
    # an act in error keeps its number
    assert "même numéro interne" in b.refused()


def anomalie_puis_ar(b: Bench) -> None:
    id = b.acte()
    assert (b.after(30, id), b.after(2 * HOUR, id)) == ("-1", "4")
    assert b.history(id) == [1, 2, 3, -1, 4]


def ar_puis_anomalie(b: Bench) -> None:
    id = b.acte()
    assert (b.after(30, id), b.after(2 * HOUR, id)) == ("4", "4")
    assert b.sandbox.ledger()["error_basket"] == 1


def ready_made() -> bytes:
    """Return an archive of two acts, as another software would pack it."""
    made: list[StoredFile] = []
    for number in ("A1", "A2"):
        act = depot(number=number)
        names = [f"{act.id_acte}-1-1_0.xml", f"99_DE-{act.id_acte}-1-1_1.pdf"]
        files = tuple(plis.xml_file(name, PDF) for name in names)
        act = depot(number=number, files=files)
        made += (plis.xml_file(names[0], message_acte(act)), files[1])
    messages = [one.name for one in made if one.name.endswith(".xml")]
    envelope = outbound.enveloppe_cl(Autorite(), messages)
    return plis.tar_gz((plis.xml_file("EACT--000000000--20260302-1.xml", envelope), *made))


def submitted(b: Bench, name: str) -> bytes:
    body = (
        b'--limite\r\nContent-Disposition: form-data; name="api"\r\n\r\n1\r\n--limite\r\n'
        b'Content-Disposition: form-data; name="enveloppe"; filename="%s"\r\n\r\n%s\r\n'
        b"--limite--\r\n" % (name.encode(), ready_made())
    )
    kind = {"Content-Type": "multipart/form-data; boundary=limite"}
    return b.client._exchange("POST", SUBMIT, body, kind)[1]


def enveloppe(b: Bench) -> None:
    assert "n'a pas un nom valide" in ko(submitted(b, "a.tar.gz"))
    lines = submitted(b, "ABC-EACT--000000000--20260302-1.tar.gz").decode().split()
    assert lines[:2] == ["OK", "2"]
    b.sandbox.advance(HOUR)
    assert [b.client.status(id) for id in lines[2:]] == ["-1", "-1"]
    assert (len(b.sandbox.mails()), b.sandbox.ledger()["error_basket"]) == (1, 0)
    assert [line["root"] for line in b.sandbox.ledger()["sent"]] == ["Acte"]
    assert "A1" in ko(submitted(b, "ABC-EACT--000000000--20260302-2.tar.gz"))


def transaction_inconnue(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "-1"
    tail = b.answer(id).removeprefix(b"OK\n-1\n")
    xml, end, words = tail.partition(b"</actes:AnomalieEnveloppe>")
    root = etree.fromstring(xml + end)
    assert root.findtext(f"{NS}Nature") == "999"
    assert (root.findtext(f"{NS}Detail") or "").startswith("ODT-VERIF-17")
    assert words.decode("iso-8859-1").startswith("Anomalie reçue : nature 999, ODT-VERIF-17")


def windows(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "4"
    xml = b.answer(id).removeprefix(b"OK\n4\n")
    root = etree.fromstring(xml)
    assert xml.startswith(b'<?xml version="1.0" encoding="windows-1252"?>')
    assert [etree.QName(node).localname for node in root][:3] == ["Acte", "ActeRecu", "ActeRecu"]


def papier_of(b: Bench) -> list[str | None]:
    id = b.acte()
    b.sandbox.advance(HOUR)
    root = etree.fromstring(b.client.get(f"{AR}?id={id}")[1])
    return [node.text for node in root.iter(f"{NS}DocumentPapier")]


def sans_papier(b: Bench) -> None:
    assert papier_of(b) == []


def papier_zero(b: Bench) -> None:
    assert papier_of(b) == ["0"]


def papier_vide(b: Bench) -> None:
    assert papier_of(b) == [None]


def recu_of(b: Bench) -> tuple[bytes, etree._Element]:
    id = b.acte()
    assert b.after(HOUR, id) == "4"
    content = b.client.get(f"{AR}?id={id}")[1]
    recu = etree.fromstring(content).find(f"{NS}ActeRecu")
    assert recu is not None
    return content, recu


def matiere_5(b: Bench) -> None:
    _, recu = recu_of(b)
    levels = [etree.QName(node).localname for node in recu if "Matiere" in str(node.tag)]
    assert levels == ["CodeMatiere1", "CodeMatiere2", "CodeMatiere5"]


def attributs(b: Bench) -> None:
    content, recu = recu_of(b)
    assert content.index(b"IDActe") < content.index(b"DateReception")
    assert [etree.QName(name).localname for name in recu.attrib] == [
        *("CodeNatureActe", "NumeroInterne", "Date")
    ]


def autre_date(b: Bench) -> None:
    content, recu = recu_of(b)
    assert recu.get(f"{NS}Date") == "2026-02-26"
    assert b'IDActe="099-000000000-20260227-2026_012-DE"' in content


def muet(b: Bench) -> None:
    id = b.acte()
    assert (b.after(29 * DAY, id), b.after(2 * DAY, id)) == ("3", "-1")


def refus_du_tdt(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "-1"
    assert b.answer(id).startswith(b"OK\n-1\nEnveloppe invalide")
    assert b.sandbox.ledger()["sent"] == []


def virus(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "-1"
    said = "Fichier infecté : f.bin (Exemple.Fictif-1)"
    assert b.answer(id).decode("iso-8859-1") == f"OK\n-1\n{said}"
    assert b.history(id) == [1, -1]
    assert b.sandbox.ledger()["sent"] == []
    assert "même numéro interne" in b.refused()


def annulation(b: Bench) -> None:
    id = b.acte()
    b.sandbox.advance(HOUR)
    cancellation = b.cancel(id)
    assert (b.after(HOUR, cancellation), b.after(4 * DAY, id)) == ("4", "0")
    assert b.history(id) == [1, 2, 3, 4, 0]
    assert b.sandbox.ledger()["error_basket"] == 1


def annulation_refusee(b: Bench) -> None:
    id = b.acte()
    b.sandbox.advance(HOUR)
    assert (b.after(HOUR, b.cancel(id)), b.client.status(id)) == ("-1", "4")


def archive(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "13"
    assert b.history(id) == [1, 2, 3, 4, 19, 12, 15, 13]
    assert b.answer(id) == b"OK\n13\n"
    assert b"ARActe" in b.client.get(f"{AR}?id={id}")[1]


def archivage_lent(b: Bench) -> None:
    id = b.acte()
    seen = [b.after(minutes, id) for minutes in (30, HOUR, *[4 * HOUR] * 4)]
    assert seen == ["4", "19", "12", "15", "13", "13"]
    assert b.history(id) == [1, 2, 3, 4, 19, 12, 15, 13]


def fichiers(b: Bench) -> None:
    id = b.acte()
    assert b.after(9, id) == "4"
    assert b.client.get(f"{FILES}?transaction={id}")[1] == b"[]"
    b.sandbox.advance(HOUR)
    assert len(json.loads(b.client.get(f"{FILES}?transaction={id}")[1])) == 2


def deux_lettres(b: Bench) -> None:
    id = b.acte()
    b.sandbox.advance(5 * DAY)
    letters = json.loads(b.client.get(LETTERS)[1])
    assert [letter["type"] for letter in letters] == ["3", "3"]
    assert b.client.get(f"{DOCUMENT}?id={id}")[1].count(b"3-8-") == 2


def reponse_refusee(b: Bench) -> None:
    act = b.acte()
    b.sandbox.advance(2 * DAY)
    (letter,) = json.loads(b.client.get(LETTERS)[1])
    form = {"api": "1", "id": letter["id"], "type_envoie": "4", "type_acte": "99_DE"}
    b.client.post(REPLY, form, {"acte_pdf_file": PDF})
    b.sandbox.advance(HOUR)
    assert b.client.get(f"{DOCUMENT}?id={act}")[1].startswith(b"3--1-")


def changee(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "-1"
    assert b"ODT-VERIF-01" in b.answer(id)


def ar_ancienne(b: Bench) -> None:
    content, recu = recu_of(b)
    used = recu.findtext(f"{NS}ClassificationDateVersion")
    in_force = etree.fromstring(content).findtext(f"{NS}ClassificationDateVersionEnCours")
    assert (used, in_force) == ("2025-09-01", "2026-01-15")


def held(b: Bench) -> bytes:
    return b.client.get(CLASSIFICATION)[1]


def asked(b: Bench) -> bytes:
    assert b.client.get(REQUEST)[1].startswith(b"OK\n")
    b.sandbox.advance(HOUR)
    assert "moins d'un jour" in ko(b.client.get(REQUEST)[1])
    return held(b)


def de_la_nuit(b: Bench) -> None:
    before = held(b)
    assert asked(b) == before
    b.sandbox.advance(2 * DAY)
    assert b"<actes:DateClassification>2026-01-15<" in asked(b)


def espacee(b: Bench) -> None:
    before = held(b)
    first = asked(b)
    b.sandbox.advance(2 * DAY)
    second = asked(b)
    assert len({before, first, second}) == 3
    assert len({b"".join(one.split()) for one in (before, first, second)}) == 1


def absente(b: Bench) -> None:
    assert "dernière classification" in ko(held(b))


def deux_comptes(b: Bench) -> None:
    assert b.refused() == "Échec de l'authentification"
    assert b.client.post(IMPORT, {}, {"enveloppe": pes()})[1].startswith(b"KO\n\xc9chec")
    assert b.client.get("/admin/users/api-list-login.php")[1] == (
        b"saint-exemple\nfiction-sur-exemple\n"
    )


def sans_rgs(b: Bench) -> None:
    assert "certificat RGS" in b.refused()
    assert b.acte(en_attente="1")


def a_confirmer(b: Bench) -> None:
    id = b.acte()
    assert b.after(DAY, id) == "17"
    b.sandbox.confirm(int(id))
    assert b.after(HOUR, id) == "4"


def sans_droit(b: Bench) -> None:
    assert b.refused() == "Accès refusé"
    assert b.client.post(IMPORT, {}, {"enveloppe": pes()})[1] == b"KO\nAcc\xe8s refus\xe9\n"


def papier(b: Bench) -> None:
    assert "Mode « papier »" in b.refused()


def module(b: Bench) -> None:
    assert "initialisation du module" in b.refused()
    b.sandbox.advance(HOUR)
    assert b.acte()


def tailles(b: Bench) -> None:
    big = PDF.replace(b"trailer", b" " * 25_000 + b"trailer")
    huge = PDF.replace(b"trailer", b" " * 45_000 + b"trailer")
    answer = b.client.post(CREATE, ACTE, {"acte_pdf_file": big})
    assert "taille totale des fichiers" in ko(answer[1])
    assert b.client.post(CREATE, ACTE, {"acte_pdf_file": huge}) == (302, b"")
    assert b.acte()


def horloge(b: Bench) -> None:
    b.client.connection.request("GET", RETOURS)
    answer = b.client.connection.getresponse()
    root = etree.fromstring(answer.read())
    told = email.utils.parsedate_to_datetime(answer.headers["Date"])
    now = email.utils.parsedate_to_datetime(now_of_an_honest_server(b))
    assert 2 * DAY * 60 < (told - now).total_seconds() < 4 * DAY * 60
    day = b.sandbox.ledger()["day"]
    assert (root.findtext("dateDemande") or "")[:10] > day


def now_of_an_honest_server(b: Bench) -> str:
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{b.sandbox._standins['tdt']['control']}/control/faults") as answer:
        return str(answer.headers["Date"])


def boite(b: Bench) -> None:
    id = b.acte()
    assert b.after(HOUR, id) == "4"
    assert b.history(id) == [1, 2, 3, 4, 4]
    mails = [email.message_from_bytes(mail) for mail in b.sandbox.mails()]
    assert len(mails) == 4
    ids = [mail["Message-ID"] for mail in mails]
    assert ids.count(ids[-1]) == 2
    assert [page_decodes(mail) for mail in mails] == [False, True, True, True]
    assert b.sandbox.ledger()["error_basket"] == 0


def page_decodes(mail: email.message.Message) -> bool:
    """Tell whether the page of a mail is in the charset that it declares."""
    (page,) = [part for part in mail.walk() if part.get_content_type() == "text/html"]
    content, charset = page.get_payload(decode=True), page.get_content_charset()
    assert isinstance(content, bytes)
    assert charset is not None
    try:
        return "Préfecture" in content.decode(charset)
    except UnicodeDecodeError:
        assert charset == "utf-8"
        return False


def clignotant(b: Bench) -> None:
    id = b.flux()
    assert [b.pes_after(minutes, id) for minutes in (34, 10, 20)] == ["8", "3", "8"]


def helios_muet(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(49 * HOUR, id) == "3"
    assert b.sandbox.ledger()["alarms"] == [int(id)]
    assert b.client.get(f"{ACQUIT}?id={id}") == (302, b"")


def helios_tardif(b: Bench) -> None:
    id = b.flux()
    assert (b.pes_after(2 * DAY, id), b.pes_after(2 * DAY, id)) == ("3", "8")


def refus(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(HOUR, id) == "8"
    assert b.etats(id) == ["0", "0"]


def mixte(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(HOUR, id) == "8"
    assert b.etats(id) == ["1", "0"]


def v1(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(HOUR, id) == "8"
    assert etree.QName(b.acquit(id)).namespace == (
        "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"
    )


def sans_bloc(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(HOUR, id) == "4"
    assert b.etats(id) == []


def non_acquit(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(HOUR, id) == "6"
    assert etree.QName(b.acquit(id)).localname == "PES_NonAcquit"


def doublon(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(HOUR, id) == "8"
    assert b.etats(id) == ["1", "1"]
    assert b.pes_after(3 * HOUR, id) == "8"
    assert b.etats(id) == ["0", "0"]
    assert [node.get("V") for node in b.acquit(id).iter("NumAnoAck")] == [
        *("ERREUR_DOUBLON_PJ", "ERREUR_DOUBLON_BORDEREAU")
    ]
    assert b.history(id) == [1, 2, 3, 8, 8]


def inconnu(b: Bench) -> None:
    id = b.flux()
    assert b.pes_after(DAY, id) == "3"
    assert b.sandbox.ledger()["error_basket"] == 1


def desordre(b: Bench) -> None:
    first = b.flux(pes(nom_fic="PES_1"))
    second = b.flux(pes(nom_fic="PES_2", bordereau="32", id_unique="PJ2"))
    assert (b.pes_after(HOUR, first), b.pes_after(0, second)) == ("3", "8")
    assert b.pes_after(5 * HOUR, first) == "8"


PLAYED: dict[str, Callable[[Bench], None]] = {
    "nominal": nominal,
    "demo": demo,
    "annee-d-un-acte": annee,
    "ar-tardif": ar_tardif,
    "fenetre-fermee": fenetre,
    "quota-horaire": quota,
    "double-ar": double_ar,
    "anomalie": anomalie,
    "anomalie-puis-ar": anomalie_puis_ar,
    "ar-puis-anomalie": ar_puis_anomalie,
    "anomalie-enveloppe": enveloppe,
    "transaction-inconnue": transaction_inconnue,
    "ar-windows-1252": windows,
    "ar-sans-papier": sans_papier,
    "ar-papier-zero": papier_zero,
    "ar-papier-vide": papier_vide,
    "ar-matiere-5": matiere_5,
    "ar-attributs": attributs,
    "ar-autre-date": autre_date,
    "muet": muet,
    "refus-du-tdt": refus_du_tdt,
    "virus": virus,
    "annulation-dans-le-desordre": annulation,
    "annulation-refusee": annulation_refusee,
    "archive-directe": archive,
    "archivage-lent": archivage_lent,
    "fichiers-en-retard": fichiers,
    "deux-lettres": deux_lettres,
    "reponse-refusee": reponse_refusee,
    "classification-changee": changee,
    "ar-classification-ancienne": ar_ancienne,
    "classification-de-la-nuit": de_la_nuit,
    "classification-espacee": espacee,
    "classification-absente": absente,
    "deux-comptes": deux_comptes,
    "sans-rgs": sans_rgs,
    "a-confirmer": a_confirmer,
    "sans-droit": sans_droit,
    "papier": papier,
    "module-en-panne": module,
    "petites-tailles": tailles,
    "horloge-fausse": horloge,
    "boite-difficile": boite,
    "helios-clignotant": clignotant,
    "helios-muet": helios_muet,
    "helios-tardif": helios_tardif,
    "ack-refus": refus,
    "ack-mixte": mixte,
    "ack-v1": v1,
    "ack-sans-bloc": sans_bloc,
    "non-acquit": non_acquit,
    "ack-doublon": doublon,
    "ack-inconnu": inconnu,
    "ack-desordre": desordre,
}


def test_every_scenario_is_played_and_told() -> None:
    assert sorted(PLAYED) == sorted(SCENARIOS) == sorted(RESUMES)


@pytest.mark.parametrize("scenario", PLAYED)
def test_a_scenario(keys: Path, scenario: str) -> None:
    with bench(keys, scenario) as b:
        PLAYED[scenario](b)


def first_numbers(keys: Path, seed: int) -> tuple[int, str, str]:
    """Return the first number of the TdT, and those of the ministry and of the DGFiP in names."""
    with bench(keys, Scenario(name="graine", seed=seed)) as b:
        id, flux = b.acte(), b.flux()
        b.sandbox.advance(40)
        (mail,) = b.sandbox.ledger()["mails"]
        message = next(name for name in mail["names"] if "-1-2_" in name)
        b.client.connection.request("GET", f"{ACQUIT}?id={flux}")
        answer = b.client.connection.getresponse()
        answer.read()
        acquit = answer.headers["Content-Disposition"].partition("-ACK-")[2]
        return int(id), message.rpartition("_")[2], acquit


def test_the_first_numbers_are_those_of_the_seed(keys: Path) -> None:
    one, same, other = (first_numbers(keys, seed) for seed in (1, 1, 2))
    assert one == same
    assert all(mine != its for mine, its in zip(one, other, strict=True))


def test_the_import_of_envelopes_is_off_unless_a_scenario_says_so(keys: Path) -> None:
    with bench(keys, "nominal") as b:
        said = ko(submitted(b, "ABC-EACT--000000000--20260302-1.tar.gz"))
        assert said == "L'import d'enveloppes est désactivé : utilisez actes_transac_create.php"


def test_the_acts_of_one_archive_leave_together_whatever_the_quota(keys: Path) -> None:
    scenario = Scenario(name="quota-enveloppe", envelope_import=True, bytes_per_hour=1)
    with bench(keys, scenario) as b:
        lines = submitted(b, "ABC-EACT--000000000--20260302-1.tar.gz").decode().split()
        b.sandbox.advance(4)
        assert [b.client.status(id) for id in lines[2:]] == ["3", "3"]


def test_a_pes_retour_goes_to_the_siret_that_it_names_and_to_nobody_when_none_is_known(
    keys: Path,
) -> None:
    with bench(keys, "nominal") as b:
        retour = b'<PES_Retour><EnTetePES><IdColl V="%s"/></EnTetePES></PES_Retour>'
        b.sandbox.send_pes_retour("PES2R_1.xml", retour % b"99999999900019", siren=None)
        assert b.sandbox.ledger()["error_basket"] == 1
        b.flux()  # its header names the SIRET of the town
        b.sandbox.advance(HOUR)
        b.sandbox.send_pes_retour("PES2R_2.xml", retour % b"21990123800010", siren=None)
        b.sandbox.send_pes_retour("PES2R_3.xml", b"<x/>")
        names = [line["name"] for line in b.sandbox.ledger()["retours"]]
        assert names == ["PES2R_2.xml", "PES2R_3.xml"]


def test_a_declaration_beyond_the_fiftieth_character_and_an_empty_pes_are_refused(
    keys: Path,
) -> None:
    with bench(keys, "nominal") as b:
        declaration = f'<?xml version="1.0"{" " * 30}encoding="ISO-8859-1"?>'
        late = b.flux(pes(declaration=declaration))
        empty = b.flux(
            b'<?xml version="1.0" encoding="ISO-8859-1"?><PES_Aller><Enveloppe><Parametres>'
            b'<NomFic V="VIDE"/></Parametres></Enveloppe></PES_Aller>'
        )
        assert (b.pes_after(HOUR, late), b.pes_after(0, empty)) == ("-1", "-1")


def test_a_ko_of_one_line(keys: Path) -> None:
    with bench(keys, "nominal") as b:
        b.sandbox.fault("get_status", kind="ko")
        assert b.client.get(f"{STATUS}?transaction=1") == (200, b"KO")
