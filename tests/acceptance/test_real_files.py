"""Files of production systems, through the command line and the watched folder, end to end.

The judges are not ours: the official schemas under xmllint, and the signatures under xmlsec1.
"""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from demat.clock import SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.connectors.api import InboundDocument, RemoteProgress, RemoteStatus
from demat.connectors.memory import ScriptedConnector
from demat.engine.nightly import nightly
from demat.sandbox import scenario as play
from demat.sandbox.client import Sandbox
from demat.signing.algorithms import DS, XADES
from tests.acceptance.conftest import (
    Budget,
    Commune,
    Mairie,
    OpenMairie,
    Result,
    demat,
    demat_process,
)
from tests.conftest import needs_program

BUDGET = Budget(
    libelle="COMMUNE", id_post="034000", siret="12345678912345", cod_col="123", cod_bud="12"
)
HERAULT = Commune(
    nom="Collectivité de l'Hérault",
    siren="491011698",
    siret="49101169800017",
    departement="034",
    budgets=(BUDGET,),
)
SIMULATED = [
    "HELIOS_SIMU_ALR2_1496987735_826268894",
    "HELIOS_SIMU_ALR2_LibelleColBud_avec_accent",
]
NOM_FIC = "HELIOS_SIMU_ALR2_1496987735_826268894.xml"
FAULTY = "PESALR2_49101169800000_171227_2045"
ID_ACTE = "034-491011698-20171207-CL20171227_06-DE"
PDF = f"{ID_ACTE}-1-1_1.pdf"
OTHER_ACTE = "034-491011698-20171207-CL20171227_07-DE"
IN_FORCE = date(2017, 11, 13)


def _scenario(shared: Path) -> play.Scenario:
    """The other side of that authority: its comptable's budget, its préfecture's lists."""
    known = play.Budget(
        id_post=BUDGET.id_post, siret=BUDGET.siret, cod_col=BUDGET.cod_col, cod_bud=BUDGET.cod_bud
    )
    return play.Scenario(
        autorites=(
            play.Autorite(
                siren=HERAULT.siren, nom=HERAULT.nom, departement="034", budgets=(known,)
            ),
        ),
        comptes=(play.Compte(siren=HERAULT.siren),),
        tdt_classification=IN_FORCE,
        ministry_classification=IN_FORCE,
        classification=(shared / "real" / "actes" / "classification.xml").resolve(),
    )


@pytest.fixture
def herault(open_mairie: OpenMairie, shared: Path) -> Mairie:
    """The mairie whose files these are."""
    return open_mairie(HERAULT, _scenario(shared))


@pytest.fixture
def helios(shared: Path) -> Path:
    return shared / "real" / "helios"


@pytest.fixture
def actes(shared: Path) -> Path:
    return shared / "real" / "actes"


def _only_flow(mairie: Mairie) -> dict[str, Any]:
    """The one transmission there is, with everything known about it."""
    flows = mairie.flows()
    assert len(flows) == 1
    return mairie.show(flows[0]["id"])


def _xmllint(content: bytes, schema: Path) -> str:
    """Return what xmllint refuses; empty when the document is valid."""
    command = [needs_program("xmllint"), "--huge", "--nonet", "--noout", "--schema", schema, "-"]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    return "" if done.returncode == 0 else done.stderr.decode("utf-8", "replace")


# --------------------------------------------------------- a PES of an accounting software


@pytest.mark.parametrize("name", SIMULATED)
def test_a_real_pes_is_signed_sent_and_acknowledged(
    herault: Mairie, shared: Path, helios: Path, tmp_path: Path, name: str
) -> None:
    original = (helios / f"{name}.xml").read_bytes()
    herault.drop(helios / f"{name}.xml")
    sent = herault.demat_process("nightly", "--json")
    assert (sent.code, sent.json["sent"], sent.json["outcome"]) == (0, 1, "done")
    herault.advance(60)
    assert herault.nightly().code == 0

    deposit = herault.demat("show", "D1", "--json").json
    assert deposit["state"] == "packed"
    assert {fault["severity"] for fault in deposit["faults"]} == {"warning"}
    assert [fault["code"] for fault in deposit["faults"]] == [
        *("INT-PES_COMPLETED", "PES-003", "PES-003", "PES-008_KEY", "PES-020", "PES-061")
    ]
    flow = _only_flow(herault)
    assert (flow["key"], flow["delivery"], flow["etat"]) == (NOM_FIC, "deposited", "acquitte")
    assert [item["kind"] for item in flow["receipts"]] == ["PES_ACQUIT"]
    [landed] = herault.sandbox.ledger()["pes"]
    assert (landed["sha256"], landed["nom_fic"]) == (flow["sha256"], NOM_FIC)

    kept = herault.kept(flow["sha256"])
    assert _without_signature(kept) == original
    assert _xmlsec1(kept, herault.sandbox, tmp_path)
    for edition in ("5.17", "4.7.1"):
        schema = shared / "official" / "pes" / edition / "PES_V2" / "Rev0" / "PES_Aller.xsd"
        assert _xmllint(kept, schema) == ""
    _verified_by_us(kept, herault, tmp_path)

    [acquit] = (herault.folder / "accuses" / NOM_FIC).glob("*-PES_ACQUIT.xml")
    shown = demat("show", acquit, "--json").json
    assert (shown["kind"], shown["identifiers"]["nom_fic"]) == ("PES_ACQUIT", NOM_FIC)
    assert {element["state"] for element in shown["elements"]} == {"accepted"}
    transmis = herault.folder / "transmis" / name / f"{name}.xml"
    assert transmis.read_bytes() == original


def _without_signature(signed: bytes) -> bytes:
    """Take out of a signed file the only two things that we may have put in (dossier §7.3)."""
    bare = re.sub(rb"<ds:Signature .*</ds:Signature>", b"", signed, flags=re.DOTALL)
    assert bare != signed
    return bare.replace(b'<InfoDematerialisee V="1"/>', b'<InfoDematerialisee V="0"/>')


def _verified_by_us(signed: bytes, mairie: Mairie, folder: Path) -> None:
    path = folder / "signe.xml"
    path.write_bytes(signed)
    known = demat("verify", path, "--confiance", mairie.trust, "--second-avis", "--json")
    [report] = known.json["files"]
    [signature] = report["signatures"]
    assert (known.code, report["verdict"], report["faults"]) == (0, "accepted", [])
    assert (signature["element"], signature["id"]) == ("Bordereau", "BORD767613")
    assert (signature["verdict"], signature["chain"]) == ("accepted", "accepted")
    assert (signature["signer"], signature["role"]) == ("Camille Dupré", "Maire")
    path.write_bytes(signed.replace(b"TEST HOMOLOGATION", b"TEST HOMOLOGATIOM"))
    altered = demat("verify", path, "--confiance", mairie.trust, "--json")
    assert (altered.code, altered.json["files"][0]["verdict"]) == (1, "refused")


def _xmlsec1(content: bytes, sandbox: Sandbox, folder: Path) -> bool:
    """Let xmlsec1 judge the only signature of a document, chain included."""
    path = folder / "xmlsec1.xml"
    path.write_bytes(content)
    namespace = etree.QName(etree.fromstring(content)).namespace
    named = [f"{DS}:Signature", "Bordereau", f"{namespace}:PES_Aller"]
    named += [f"{xades}:SignedProperties" for xades in XADES.values()]
    ids = [word for name in named for word in ("--id-attr:Id", name)]
    pki = sandbox.pki
    trusted = ["--trusted-pem", pki.root, "--untrusted-pem", pki.intermediate]
    moment = ["--verification-gmt-time", SystemClock().now().strftime("%Y-%m-%d %H:%M:%S")]
    command = [needs_program("xmlsec1"), "--verify", "--enabled-key-data", "x509"]
    done = subprocess.run(
        [*command, *moment, *ids, *trusted, path], capture_output=True, check=False
    )
    return done.returncode == 0 and b"References (ok/all): 2/2" in done.stderr


def test_a_real_pes_of_an_unknown_budget_is_returned(mairie: Mairie, helios: Path) -> None:
    """So that the acceptance above means that the header is read: here nobody knows this budget."""
    mairie.drop(helios / f"{SIMULATED[0]}.xml")
    sent, _ = mairie.play()
    assert (sent.code, mairie.landed()) == (1, 0)
    [deposit] = mairie.returned()
    blocking = [fault for fault in deposit["faults"] if fault["severity"] == "blocking"]
    assert {fault["line"] for fault in blocking} <= {22, 23, 24, 25}
    assert "034000" in blocking[0]["message"]


# ------------------------------------------------------------ a PES with three true defects

_EXPORT = (
    "Corrigez cette information dans votre logiciel métier, puis exportez le fichier de nouveau."
)
DEFECTS = [
    {
        "code": "XSD-MISSING_ATTRIBUTE",
        "severity": "blocking",
        "source": f"{FAULTY}.xml",
        "line": 141,
        "path": "PES_Aller/PES_PJ/PJ/Contenu/Fichier",
        "message": "Pour le fichier joint (Fichier), il manque l'attribut MIMEType, qui est "
        f"obligatoire. {_EXPORT}",
        "ask": "l'éditeur de votre logiciel métier",
    },
    {
        "code": "XSD-MISSING_ELEMENT",
        "severity": "blocking",
        "source": f"{FAULTY}.xml",
        "line": 141,
        "path": "PES_Aller/PES_PJ/PJ",
        "message": "Dans la pièce jointe (PJ), il manque l'identifiant unique de la pièce jointe "
        f"(IdUnique). {_EXPORT}",
        "ask": "l'éditeur de votre logiciel métier",
    },
    {
        "code": "XSD-UNEXPECTED_ELEMENT",
        "severity": "blocking",
        "source": f"{FAULTY}.xml",
        "line": 142,
        "path": "PES_Aller/PJ",
        "message": "La pièce jointe (PJ) n'est pas à sa place : le format attend ici la signature "
        "électronique (Signature). Le logiciel qui a produit le fichier est en cause : signalez "
        "l'erreur à son éditeur.",
        "ask": "l'éditeur de votre logiciel métier",
    },
]


def test_a_faulty_real_pes_comes_back_whole_with_its_three_defects(
    herault: Mairie, helios: Path
) -> None:
    original = (helios / f"{FAULTY}.xml").read_bytes()
    herault.drop(helios / f"{FAULTY}.xml")
    sent, collected = herault.play()
    assert (sent.code, sent.json["outcome"], sent.json["sent"]) == (1, "done_with_errors", 0)
    assert (collected.code, herault.landed(), herault.flows()) == (0, 0, [])

    [deposit] = herault.returned()
    assert (deposit["name"], deposit["faults"]) == (f"{FAULTY}.xml", DEFECTS)
    place = herault.folder / "a-corriger" / FAULTY
    assert (place / f"{FAULTY}.xml").read_bytes() == original
    assert original in _documents(herault)
    sheet = herault.sheet(FAULTY)
    for defect in DEFECTS:
        sentence, _, remedy = str(defect["message"]).partition(". ")
        assert f"{sentence}." in sheet
        assert remedy in sheet
    assert [sheet.count(f"ligne {line}") for line in (141, 142)] == [2, 1]


def _documents(mairie: Mairie) -> Iterator[bytes]:
    folder = mairie.root / "donnees" / "documents"
    return (path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_validate_names_the_same_three_defects(helios: Path) -> None:
    path = helios / f"{FAULTY}.xml"
    done = demat_process("validate", path, "--json")
    assert done.code == 1
    assert done.json == {
        "files": [{"file": str(path), "verdict": "refused", "faults": DEFECTS}],
    }


@pytest.mark.parametrize("name", SIMULATED)
def test_validate_accepts_what_the_schema_accepts(helios: Path, name: str) -> None:
    path = helios / f"{name}.xml"
    done = demat("validate", path, "--json")
    assert done.code == 0
    assert done.json == {"files": [{"file": str(path), "verdict": "accepted", "faults": []}]}


# ----------------------------------------------------------------- a bordereau signed elsewhere


def test_verify_tells_a_good_signature_from_a_known_chain(helios: Path) -> None:
    done = demat("verify", helios / "SHA256_bordereau.xml", "--json")
    [report] = done.json["files"]
    [signature] = report["signatures"]
    assert (signature["digests_correct"], signature["value_correct"]) == (True, True)
    assert (signature["verdict"], signature["chain"]) == ("undecided", "undecided")
    assert (signature["element"], signature["id"]) == ("Bordereau", "BORD822933")
    assert "SIG-UNTRUSTED" in [reason["code"] for reason in signature["reasons"]]
    assert {reason["severity"] for reason in signature["reasons"]} == {"warning"}
    assert [(fault["code"], fault["line"], fault["path"]) for fault in report["faults"]] == [
        ("XSD-UNEXPECTED_ELEMENT", 141, "PES_Aller/PJ")
    ]
    assert report["faults"][0]["message"].startswith("La pièce jointe (PJ) n'est pas à sa place")
    assert (report["verdict"], done.code) == ("refused", 1)  # for its schema, not its signature


# ------------------------------------------------------------------- what the DGFiP answers


def test_an_acquit_is_read_completely(helios: Path) -> None:
    path = helios / "pes_acquit.xml"
    done = demat("show", path, "--json")
    unique = "200049104000252015DEPENSE000008745"
    attachments = [
        f"{unique}8",
        "20004904000252015DEPENSE0000087460",
        f"{unique.removesuffix('5')}61",
        f"{unique}9",
    ]
    accepted = {"state": "accepted", "errors": ""}
    assert done.code == 0
    assert done.json == {
        "file": str(path),
        "kind": "PES_ACQUIT",
        "identifiers": {
            "nom_fic": "HELIOS_SIMU_ALR2_1477486132_1155762524.xml",
            "id_post": "086016",
            "id_coll": "20004910400025",
            "cod_col": "400",
            "cod_bud": "01",
        },
        "elements": [
            {"element": "dépense 1847", "domaine": "5", **accepted},
            *(
                {"element": f"pièce jointe {name}", "domaine": "4", **accepted}
                for name in attachments
            ),
        ],
    }


def test_a_retour_tells_the_state_of_its_piece(helios: Path) -> None:
    path = helios / "HELIOS_SIMU_RETOUR_1565181244_184723364.xml"
    done = demat("show", path, "--json")
    assert done.code == 0
    assert done.json == {
        "file": str(path),
        "kind": "PES_Retour",
        "identifiers": {"nom_fic": path.name, "id_coll": "12345678900012"},
        "elements": [{"element": "depense 2009, pièce 832", "state": "en instance"}],
    }


# ------------------------------------------------------------------------------- a real act


def test_a_real_act_becomes_a_valid_envelope_and_is_acknowledged(
    herault: Mairie, shared: Path, actes: Path
) -> None:
    _install(herault, actes)
    _drop_act(herault, actes)
    sent, collected = herault.play()
    assert (sent.code, sent.json["sent"], collected.code) == (0, 1, 0)
    flow = _only_flow(herault)
    assert (flow["key"], flow["delivery"], flow["etat"]) == (ID_ACTE, "deposited", "acquitte")
    assert [item["kind"] for item in flow["receipts"]] == ["ARActe"]

    members = _unpacked(herault.kept(flow["sha256"]))
    document = f"32_DP-{ID_ACTE}-1-1_1.pdf"
    pdf = (actes / PDF).read_bytes()
    assert len(members) == 3
    assert members.pop(document) == pdf
    schema = shared / "official" / "actes" / "actesv1_1.xsd"
    assert {name: _xmllint(content, schema) for name, content in members.items()} == dict.fromkeys(
        members, ""
    )
    real = (actes / f"{ID_ACTE}-1-1_0.xml").read_bytes()
    assert _data(members[f"{ID_ACTE}-1-1_0.xml"]) == _data(real)

    [landed] = herault.sandbox.ledger()["actes"]
    assert landed["number"] == "CL20171227_06"
    accuses = herault.folder / "accuses" / ID_ACTE
    assert "Reçu en préfecture le" in (accuses / "A-LIRE.html").read_text("utf-8")


def _install(mairie: Mairie, actes: Path) -> Result:
    done = mairie.demat("classification", "--install", actes / "classification.xml", "--json")
    assert done.code == 0
    return done


def _drop_act(mairie: Mairie, actes: Path) -> None:
    names = (f"{ID_ACTE}-1-1_0.xml", PDF)
    mairie.drop(*(actes / name for name in names), into="deliberation")


def _unpacked(archive: bytes) -> dict[str, bytes]:
    """The members of a ``.tar.gz``, through Python's own reader."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        return {name: stream.read() for name, stream in found.items() if stream is not None}


def _data(message: bytes) -> list[tuple[object, dict[object, object], str]]:
    """The elements of a message, in order: what it says, whatever its layout."""
    return [
        (
            node.tag,
            {key: text for key, text in node.attrib.items() if "XMLSchema-instance" not in key},
            (node.text or "").strip(),
        )
        for node in etree.fromstring(message).iter(etree.Element)
    ]


def test_a_real_ar_is_shown(actes: Path) -> None:
    path = actes / f"{ID_ACTE}-1-2.xml"
    done = demat("show", path, "--json")
    assert done.code == 0
    assert done.json == {
        "file": str(path),
        "kind": "ARActe",
        "identifiers": {
            "id_acte": ID_ACTE,
            "date_reception": "2017-12-27",
            "numero": "CL20171227_06",
            "date": "2017-12-07",
            "nature": "1",
            "matiere": "3.2",
            "objet": "Fichier signé parapheur",
        },
        "elements": [{"element": ID_ACTE, "state": "accepted"}],
    }


def test_a_real_ar_is_bound_to_its_act_and_to_no_other(herault: Mairie, actes: Path) -> None:
    """The sandbox writes ARs of its own: this very file comes back through a scripted connector."""
    ar = (actes / f"{ID_ACTE}-1-2.xml").read_bytes()
    real = (actes / f"{ID_ACTE}-1-1_0.xml").read_bytes()
    other = real.replace(b"CL20171227_06", b"CL20171227_07")
    _drop_act(herault, actes)
    herault.write(f"autre/{OTHER_ACTE}-1-1_0.xml", other)
    herault.write(f"autre/{OTHER_ACTE}-1-1_1.pdf", (actes / PDF).read_bytes())
    _play_scripted(herault, (actes / "classification.xml").read_bytes(), ar)

    flows = {flow["key"]: herault.show(flow["id"]) for flow in herault.flows()}
    bound = flows.pop(ID_ACTE)
    assert (bound["etat"], bound["refused"]) == ("acquitte", False)
    assert [(item["kind"], item["date"]) for item in bound["receipts"]] == [
        ("ARActe", "2017-12-27")
    ]
    assert herault.kept(bound["receipts"][0]["sha256"]) == ar
    laid = herault.folder / "accuses" / ID_ACTE
    assert (laid / f"{ID_ACTE}-1-2.xml").read_bytes() == ar
    assert "27/12/2017" in (laid / "A-LIRE.html").read_text("utf-8")

    [stranger] = flows.values()
    assert stranger["key"] == OTHER_ACTE
    assert (stranger["etat"], stranger["receipts"]) == ("prepare", [])
    assert "answer_unbound" in [entry["action"] for entry in stranger["journal"]]


def _play_scripted(mairie: Mairie, classification: bytes, ar: bytes) -> None:
    """Make two nightly runs; in between, the same AR comes back for everything that was sent."""
    connector = ScriptedConnector()
    connector.held_classification = classification
    with open_office(load_config(mairie.config)) as opened:
        authority = replace(opened.authorities[0], connector=connector)
        office = replace(opened, authorities=(authority,))
        nightly(office)
        answered = RemoteStatus(
            progress=RemoteProgress.ANSWERED,
            code="4",
            message="",
            documents=(InboundDocument(name=f"{ID_ACTE}-1-2.xml", content=ar),),
        )
        for reference in connector.held:
            connector.answer(reference, [answered])
        nightly(office)


# ------------------------------------------------------------------- a real classification


def test_a_real_classification_is_installed_and_offers_its_types(
    herault: Mairie, actes: Path
) -> None:
    assert _install(herault, actes).json == {
        "siren": HERAULT.siren,
        "date": "2017-11-13",
        "matieres": 66,
        "types": [],
    }
    offered = {}
    for nature, matiere in (("DE", "3.2"), ("DE", "1.2"), ("CC", "3.2"), ("BF", "7.1")):
        done = herault.demat("classification", "--nature", nature, "--matiere", matiere, "--json")
        offered[nature, matiere] = [kind["code"] for kind in done.json["types"]]
    assert offered == {
        ("DE", "3.2"): ["99_DE", "32_DP"],
        ("DE", "1.2"): ["99_DE", "12_AD"],
        ("CC", "3.2"): ["99_CO", "32_DE", "32_DC", "32_DP", "32_CV"],
        ("BF", "7.1"): ["99_BU", "70_DE"],
    }
    done = herault.demat("show", actes / "classification.xml", "--json")
    assert (done.json["kind"], done.json["identifiers"]["date"]) == (
        "RetourClassification",
        "2017-11-13",
    )


@pytest.mark.parametrize(
    ("kind", "blocking", "faults"),
    [
        ("32_DP", False, {}),
        (
            "70_DE",
            True,
            {
                "ACT-040": f"Le type 70_DE, donné au document « {PDF} », ne convient pas à un acte "
                "de nature « Délibérations »."
            },
        ),
        (
            "31_CO",
            False,
            {
                "ACT-041": f"Le type 31_CO, donné au document « {PDF} », concerne la matière 3.1 "
                "et non la matière choisie, 3.2."
            },
        ),
    ],
)
def test_the_classification_decides_which_types_pass(
    herault: Mairie, actes: Path, kind: str, blocking: bool, faults: dict[str, str]
) -> None:
    _install(herault, actes)
    real = (actes / f"{ID_ACTE}-1-1_0.xml").read_bytes()
    herault.drop(actes / PDF, into="acte")
    herault.write("acte/acte.xml", real.replace(b"32_DP", kind.encode()))
    sent = herault.nightly()
    assert (sent.code, herault.landed()) == ((1, 0) if blocking else (0, 1))
    deposit = herault.demat("show", "D1", "--json").json
    assert deposit["state"] == ("returned" if blocking else "packed")
    about_types = ("ACT-040", "ACT-041")
    found = [fault for fault in deposit["faults"] if fault["code"] in about_types]
    assert [fault["code"] for fault in found] == list(faults)
    for fault in found:
        sentence = faults[fault["code"]]
        assert fault["message"].startswith(sentence)
        if blocking:
            assert sentence in herault.sheet("acte")


def test_the_copy_of_the_tdt_is_the_one_in_force(
    open_mairie: OpenMairie, shared: Path, actes: Path
) -> None:
    """S²LOW dates the message and checks the types with its own copy (connectors dossier §1.4)."""
    mairie = open_mairie(HERAULT, replace(_scenario(shared), classification=None))
    _install(mairie, actes)
    _drop_act(mairie, actes)
    mairie.nightly()
    types = mairie.demat("classification", "--nature", "DE", "--matiere", "3.2", "--json").json
    assert "32_DP" not in [kind["code"] for kind in types["types"]]
    [deposit] = mairie.returned()
    assert [f["code"] for f in deposit["faults"] if f["severity"] == "blocking"] == ["ACT-040"]
    assert mairie.landed() == 0
