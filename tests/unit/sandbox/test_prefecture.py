from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from demat.sandbox import outbound, prefecture
from demat.sandbox.records import Depot, Kind
from demat.sandbox.scenario import Answer, AnswerKind, Autorite, Deviation, Emetteur
from demat.schemas.validate import validate
from tests.unit.sandbox.helpers import depot, schema

GOLDEN = Path(__file__).parents[2] / "golden" / "actes"
DAY = date(2026, 3, 3)
IN_FORCE = date(2025, 9, 1)
NS = "{http://www.interieur.gouv.fr/ACTES#v1.1-20040216}"
ID = "099-000000000-20260227-2026_012-DE"
LETTER = f"{ID}-3-1_12.pdf"
DETAIL = "PREF-VERIF-02 : SIREN inconnu <à vérifier>"
ANOMALY = Answer(kind=AnswerKind.ANOMALY, nature="005", detail=DETAIL)
ANSWERED = (Kind.DEMANDE_PIECES, Kind.LETTRE_OBSERVATIONS)
NAME = f"{ID}-3-1_12.xml"

VALID: dict[str, Callable[[], bytes]] = {
    "1-1": lambda: prefecture.message_acte(depot()),
    "1-1 paper": lambda: prefecture.message_acte(depot(document_papier=True, matiere=(1, 1, 2))),
    "1-2": lambda: prefecture.ar_acte(depot(), DAY, IN_FORCE),
    "1-2 odd characters": lambda: prefecture.ar_acte(
        depot(subject="Œuvre & « reçu » à 5 € – suite"), DAY, IN_FORCE
    ),
    "1-2 paper 0": lambda: prefecture.ar_acte(
        depot(), DAY, IN_FORCE, Deviation.DOCUMENT_PAPIER_ZERO
    ),
    "1-3": lambda: prefecture.anomalie_acte(depot(), DAY, IN_FORCE, ANOMALY),
    "ANO": lambda: prefecture.anomalie_enveloppe(Autorite(), (f"{ID}-1-1_0.xml",), DAY, ANOMALY),
    "6-2": lambda: prefecture.ar_annulation(ID, DAY),
    "7-2": lambda: prefecture.retour_classification(DAY),
    "7-3": lambda: prefecture.classification_sans_changement(DAY),
    **{
        f"{kind.value}-5": (lambda kind=kind: prefecture.ar_reponse(kind, ID, IN_FORCE, DAY))
        for kind in ANSWERED
    },
    **{
        f"envelope {emetteur.value}": (
            lambda emetteur=emetteur: prefecture.enveloppe(Autorite(emetteur=emetteur), (NAME,))
        )
        for emetteur in Emetteur
    },
    "envelope out": lambda: outbound.enveloppe_cl(Autorite(), (NAME,)),
    "6-1": lambda: outbound.annulation(ID),
    "7-1": lambda: outbound.demande_classification(DAY),
    "7-1 empty": lambda: outbound.demande_classification(None),
    **{
        message.code: (lambda root=message.root: outbound.courrier(root, ID, DAY, ()))
        for message in outbound.AUTOMATIC_RECEIPTS.values()
    },
    **{
        message.code: (lambda root=message.root: outbound.courrier(root, ID, DAY, (LETTER,)))
        for message in (*outbound.REFUSALS.values(), *outbound.REPLIES.values())
    },
    **{
        f"{kind.value}-1": (lambda kind=kind: prefecture.letter(kind, ID, DAY, "Texte", LETTER))
        for kind in (
            Kind.COURRIER_SIMPLE,
            Kind.DEMANDE_PIECES,
            Kind.LETTRE_OBSERVATIONS,
            Kind.DEFERE,
        )
    },
}


@pytest.fixture(scope="module")
def actes(shared: Path) -> etree.XMLSchema:
    return schema(shared / "official" / "actes" / "actesv1_1.xsd")


@pytest.mark.parametrize("name", sorted(VALID))
def test_messages_are_valid_against_the_official_schema(actes: etree.XMLSchema, name: str) -> None:
    content = VALID[name]()
    assert content.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    actes.assertValid(etree.fromstring(content))


@pytest.mark.parametrize("name", sorted(VALID))
def test_messages_are_valid_against_our_schema(name: str) -> None:
    assert list(validate(VALID[name]())) == []


def test_every_root_of_the_norm_is_played() -> None:
    roots = {etree.QName(etree.fromstring(build())).localname for build in VALID.values()}
    assert roots == {path.stem for path in GOLDEN.glob("*.xml")}


@pytest.mark.parametrize(
    ("kind", "root"),
    [
        (Kind.DEMANDE_PIECES, "ARPieceComplementaire"),
        (Kind.LETTRE_OBSERVATIONS, "ARReponseRejetLettreObservations"),
    ],
)
def test_the_receipt_of_a_reply_names_the_letter_by_its_date(kind: Kind, root: str) -> None:
    found = etree.fromstring(prefecture.ar_reponse(kind, ID, IN_FORCE, DAY))
    assert (etree.QName(found).localname, dict(found.attrib)) == (
        root,
        {f"{NS}DateReception": "2026-03-03"},
    )
    assert dict(found[0].attrib) == {f"{NS}IDActe": ID, f"{NS}DateCourrierPref": "2025-09-01"}


@pytest.mark.parametrize(
    ("emetteur", "tag", "attributes", "written"),
    [
        (
            Emetteur.SOUS_PREFECTURE,
            "IDSousPref",
            {f"{NS}Departement": "02A", f"{NS}Arrondissement": "1"},
            "SPREF02A1",
        ),
        (Emetteur.PREFECTURE, "IDPref", {f"{NS}Departement": "02A"}, "PREF02A"),
        (Emetteur.SGAR, "IDSGAR", {f"{NS}Departement": "02A"}, "SGAR02A"),
    ],
)
def test_the_envelope_says_who_writes(
    emetteur: Emetteur, tag: str, attributes: dict[str, str], written: str
) -> None:
    autorite = Autorite(departement="02A", emetteur=emetteur)
    root = etree.fromstring(prefecture.enveloppe(autorite, (NAME,)))
    assert [etree.QName(child).localname for child in root] == [
        "Emetteur",
        "FormulairesEnvoyes",
        "Destinataire",
    ]
    sender = root[0][0]
    assert (etree.QName(sender).localname, dict(sender.attrib)) == (tag, attributes)
    assert dict(root[2].attrib) == {"{http://xml.insee.fr/schema}SIREN": "000000000"}
    assert prefecture.emetteur_name(autorite) == written


@pytest.mark.parametrize("deviation", [Deviation.WINDOWS_1252, Deviation.NO_DOCUMENT_PAPIER])
def test_deviations_are_not_valid_as_in_real_life(
    actes: etree.XMLSchema, deviation: Deviation
) -> None:
    content = prefecture.ar_acte(depot(), DAY, IN_FORCE, deviation)
    assert not actes.validate(etree.fromstring(content))


def test_the_ar_echoes_the_act() -> None:
    root = etree.fromstring(prefecture.ar_acte(depot(), DAY, IN_FORCE))
    assert dict(root.attrib) == {f"{NS}DateReception": "2026-03-03", f"{NS}IDActe": ID}
    recu = root.find(f"{NS}ActeRecu")
    assert recu is not None
    assert dict(recu.attrib) == {
        f"{NS}Date": "2026-02-27",
        f"{NS}NumeroInterne": "2026_012",
        f"{NS}CodeNatureActe": "1",
    }
    assert [node.text for node in recu.iter(f"{NS}NomFichier")] == [
        f"99_DE-{ID}-1-1_1.pdf",
        f"99_DE-{ID}-1-1_2.pdf",
    ]
    assert root.findtext(f"{NS}ClassificationDateVersionEnCours") == "2025-09-01"


def test_the_windows_deviation_has_the_blocks_seen_in_a_real_file() -> None:
    content = prefecture.ar_acte(depot(), DAY, IN_FORCE, Deviation.WINDOWS_1252)
    assert content.startswith(b'<?xml version="1.0" encoding="windows-1252"?>')
    root = etree.fromstring(content)
    names = [etree.QName(child).localname for child in root]
    assert names == ["Acte", "ActeRecu", "ActeRecu", "ClassificationDateVersionEnCours"]
    assert root.findtext(f"{NS}ActeRecu/{NS}Objet") == "Tarifs de la salle des fêtes"
    assert root.findtext(f"{NS}ClassificationDateVersionEnCours") == ""


@pytest.mark.parametrize(
    ("answer", "used", "kind", "nature"),
    [
        (Answer(), IN_FORCE, AnswerKind.AR, "999"),
        (Answer(), date(2024, 1, 1), AnswerKind.ANOMALY, "002"),
        (Answer(), date(2026, 1, 15), AnswerKind.ANOMALY, "002"),
        (Answer(kind=AnswerKind.AR), date(2024, 1, 1), AnswerKind.AR, "999"),
        (ANOMALY, IN_FORCE, AnswerKind.ANOMALY, "005"),
    ],
)
def test_an_outdated_classification_draws_anomaly_002(
    answer: Answer, used: date, kind: AnswerKind, nature: str
) -> None:
    decided = prefecture.decide(answer, depot(classification_date=used), IN_FORCE)
    assert (decided.kind, decided.nature) == (kind, nature)


def test_the_anomaly_002_names_both_dates() -> None:
    old: Depot = depot(classification_date=date(2024, 1, 1))
    assert prefecture.decide(Answer(), old, IN_FORCE).detail == (
        "ODT-VERIF-01 : la date de la classification utilisée (2024-01-01) "
        "n'est pas celle en vigueur (2025-09-01)"
    )


def test_the_classification_changes_by_its_date_only() -> None:
    content = prefecture.retour_classification(DAY)
    assert content.count(b"<actes:DateClassification>2026-03-03</actes:DateClassification>") == 1
    other = prefecture.retour_classification(date(2027, 1, 1))
    assert other == content.replace(b"2026-03-03", b"2027-01-01")


def test_the_lists_of_another_classification_are_played_at_the_date_asked() -> None:
    other = prefecture.retour_classification(DAY).replace(b"99_AU", b"98_AU")
    assert prefecture.retour_classification(IN_FORCE, other) == other.replace(
        DAY.isoformat().encode(), IN_FORCE.isoformat().encode()
    )


def test_types_belong_to_a_nature() -> None:
    classification = prefecture.retour_classification(DAY)
    assert prefecture.nature_types(classification, 6) == {"99_AU", "99_SE"}
    assert "99_AU" not in prefecture.nature_types(classification, 1)
    assert prefecture.nature_types(classification, 9) == frozenset()
