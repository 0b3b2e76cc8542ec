"""Reading the answers of the State, with the liberties that they take (actes dossier §8, §11)."""

from datetime import date
from pathlib import Path

import pytest

from demat.actes.inbound import (
    ActeRecu,
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    ARReponse,
    ClassificationSansChangement,
    CourrierPrefecture,
    EnveloppePrefecture,
    Inbound,
    MessageActe,
    RetourClassification,
    advice,
    parse_inbound,
)
from demat.faults import FaultError
from tests.unit.actes.factories import sentence

ACTES = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
NS = f'xmlns:actes="{ACTES}" xmlns:insee="http://xml.insee.fr/schema"'
ID = "099-000000000-20240314-2024_012-DE"

DONNEES = (
    'actes:Date="2024-03-14" actes:NumeroInterne="2024_012" actes:CodeNatureActe="1">'
    '<actes:CodeMatiere1 actes:CodeMatiere="7"/><actes:CodeMatiere2 actes:CodeMatiere="10"/>'
    "<actes:Objet>Tarifs 2024 de la salle des fêtes</actes:Objet>"
    "<actes:ClassificationDateVersion>2023-09-01</actes:ClassificationDateVersion><actes:Document>"
    f"<actes:NomFichier>99_DE-{ID}-1-1_1.pdf</actes:NomFichier></actes:Document>"
    '<actes:Annexes actes:Nombre="0"/>'
)
RECU = f"<actes:ActeRecu {DONNEES}<actes:DocumentPapier>N</actes:DocumentPapier></actes:ActeRecu>"
EN_COURS = "<actes:ClassificationDateVersionEnCours>{}</actes:ClassificationDateVersionEnCours>"
VALUES: dict[str, object] = {
    "numero": "2024_012",
    "date": date(2024, 3, 14),
    "nature": 1,
    "matiere": (7, 10),
    "objet": "Tarifs 2024 de la salle des fêtes",
    "document_name": f"99_DE-{ID}-1-1_1.pdf",
    "annexes": (),
    "document_papier": False,
    "classification_date": date(2023, 9, 1),
    "precedent": "",
}
ACTE_RECU = ActeRecu(**VALUES)  # type: ignore[arg-type]  # the table above


def document(name: str, attributes: str = "", inside: str = "") -> str:
    return f"<actes:{name} {NS} {attributes}>{inside}</actes:{name}>"


def ar(inside: str, received: str = "2024-03-15") -> str:
    return document("ARActe", f'actes:IDActe="{ID}" actes:DateReception="{received}"', inside)


def anomalie(nature: str, detail: str, inside: str = RECU) -> str:
    head = f"<actes:Date>2024-03-15</actes:Date><actes:Nature>{nature}</actes:Nature>"
    return document("AnomalieActe", "", head + detail + inside + EN_COURS.format("2023-09-01"))


def expected_ar(**changes: object) -> ARActe:
    values: dict[str, object] = {
        "id_acte": ID,
        "date_reception": date(2024, 3, 15),
        "acte_recu": ACTE_RECU,
        "classification_en_cours": date(2023, 9, 1),
        **changes,
    }
    return ARActe(**values)  # type: ignore[arg-type]  # names are the test's


def expected_anomalie(**changes: object) -> AnomalieActe:
    values: dict[str, object] = {
        "date": date(2024, 3, 15),
        "nature": "002",
        "detail": "",
        "acte_recu": ACTE_RECU,
        "document_name": f"99_DE-{ID}-1-1_1.pdf",
        "classification_en_cours": date(2023, 9, 1),
        **changes,
    }
    return AnomalieActe(**values)  # type: ignore[arg-type]  # names are the test's


LETTER = f'actes:IDActe="{ID}" actes:DateCourrierPref="2024-04-08"'
FILE = "<actes:Document><actes:NomFichier>lettre.pdf</actes:NomFichier></actes:Document>"


def courrier(root: str, texte: str = "") -> CourrierPrefecture:
    return CourrierPrefecture(
        root=root, id_acte=ID, date=date(2024, 4, 8), texte=texte, documents=("lettre.pdf",)
    )


ANO = document(
    "AnomalieEnveloppe",
    "",
    "<actes:Date>2024-03-15</actes:Date><actes:Nature>999</actes:Nature><actes:Detail>"
    "XYZ-EACT--000000000--20240315-1.tar.gz -&gt; PREF-VERIF-02 : texte</actes:Detail>"
    '<actes:EnveloppeRecue><actes:Emetteur><actes:IDCL insee:SIREN="000000000"/></actes:Emetteur>'
    "<actes:FormulairesEnvoyes><actes:Formulaire><actes:NomFichier>a_0.xml</actes:NomFichier>"
    "</actes:Formulaire></actes:FormulairesEnvoyes></actes:EnveloppeRecue>",
)
DETAIL = "<actes:Detail>ODT-VERIF-01 : texte libre</actes:Detail>"
INFOS = f"<actes:InfosCourrierPref {LETTER}/>"

MESSAGES: dict[str, tuple[str, Inbound]] = {
    "AR": (ar(RECU + EN_COURS.format("2023-09-01")), expected_ar()),
    "AR without DocumentPapier": (
        ar(f"<actes:ActeRecu {DONNEES}</actes:ActeRecu>" + EN_COURS.format("2023-09-01")),
        expected_ar(),
    ),
    "AR with two echoes": (
        ar(RECU + RECU.replace("2024_012", "other") + EN_COURS.format("2023-09-01")),
        expected_ar(),
    ),
    "AR with an empty classification date": (
        ar(RECU + EN_COURS.format("")),
        expected_ar(classification_en_cours=None),
    ),
    "AR with dates that carry a zone": (
        ar(RECU + EN_COURS.format("2023-09-01Z"), received="2024-03-15+01:00"),
        expected_ar(),
    ),
    "AR without echo": (ar(""), expected_ar(acte_recu=None, classification_en_cours=None)),
    "AR with an unreadable echo": (
        ar(RECU.replace('CodeNatureActe="1"', 'CodeNatureActe="DE"')),
        expected_ar(acte_recu=None, classification_en_cours=None),
    ),
    "AR without prefix": (
        f'<ARActe xmlns="{ACTES}" IDActe="{ID}" DateReception="2024-03-15"/>',
        expected_ar(acte_recu=None, classification_en_cours=None),
    ),
    "AR with another prefix": (
        ar(RECU + EN_COURS.format("2023-09-01"))
        .replace("actes:", "ns1:")
        .replace("xmlns:actes", "xmlns:ns1"),
        expected_ar(),
    ),
    "anomaly": (
        anomalie("002", DETAIL),
        expected_anomalie(detail="ODT-VERIF-01 : texte libre"),
    ),
    "anomaly without detail": (anomalie("002", ""), expected_anomalie()),
    "anomaly of a test system": (
        anomalie("deux", "<actes:Detail/>", inside=""),
        expected_anomalie(nature="deux", acte_recu=None, document_name=""),
    ),
    "anomaly whose echo lost the fields of the act": (
        anomalie("002", "", inside=RECU.replace('="2024_012"', '=""').replace('="1"', '=""')),
        expected_anomalie(acte_recu=None),
    ),
    "anomaly on the envelope": (
        ANO,
        AnomalieEnveloppe(
            date=date(2024, 3, 15),
            nature="999",
            detail="XYZ-EACT--000000000--20240315-1.tar.gz -> PREF-VERIF-02 : texte",
            siren="000000000",
            formulaires=("a_0.xml",),
        ),
    ),
    "anomaly on an envelope not quoted": (
        document("AnomalieEnveloppe", "", "<actes:Date>2024-03-15</actes:Date>"),
        AnomalieEnveloppe(date=date(2024, 3, 15), nature="", detail="", siren="", formulaires=()),
    ),
    "cancellation": (
        document("ARAnnulation", f'actes:DateReception="2024-03-18" actes:IDActe="{ID}"'),
        ARAnnulation(id_acte=ID, date_reception=date(2024, 3, 18)),
    ),
    "classification": (
        document(
            "RetourClassification",
            "",
            "<actes:DateClassification>2023-09-01</actes:DateClassification>",
        ),
        RetourClassification(date=date(2023, 9, 1)),
    ),
    "no newer classification": (
        document(
            "ReponseClassificationSansChangement",
            "",
            "<actes:DateClassification>2023-09-01</actes:DateClassification>",
        ),
        ClassificationSansChangement(date=date(2023, 9, 1)),
    ),
    "2-1": (document("CourrierSimple", LETTER, FILE), courrier("CourrierSimple")),
    "3-1": (
        document(
            "DemandePieceComplementaire",
            LETTER,
            "<actes:DescriptionPieces>Grille</actes:DescriptionPieces>" + FILE,
        ),
        courrier("DemandePieceComplementaire", "Grille"),
    ),
    "4-1": (
        document("LettreObservations", LETTER, "<actes:Motif>Base légale</actes:Motif>" + FILE),
        courrier("LettreObservations", "Base légale"),
    ),
    "5-1": (
        document(
            "DefereTA",
            f'actes:IDActe="{ID}"',
            "<actes:DateDepot>2024-04-08</actes:DateDepot>"
            "<actes:NatureIllegalite>Incompétence</actes:NatureIllegalite><actes:PiecesJointes>"
            "<actes:PieceJointe><actes:NomFichier>lettre.pdf</actes:NomFichier>"
            "</actes:PieceJointe></actes:PiecesJointes>",
        ),
        courrier("DefereTA", "Incompétence"),
    ),
    "3-5": (
        document("ARPieceComplementaire", 'actes:DateReception="2024-04-19"', INFOS),
        ARReponse(
            root="ARPieceComplementaire",
            id_acte=ID,
            date_courrier=date(2024, 4, 8),
            date_reception=date(2024, 4, 19),
        ),
    ),
    "4-5": (
        document("ARReponseRejetLettreObservations", 'actes:DateReception="2024-04-19"', INFOS),
        ARReponse(
            root="ARReponseRejetLettreObservations",
            id_acte=ID,
            date_courrier=date(2024, 4, 8),
            date_reception=date(2024, 4, 19),
        ),
    ),
    "inbound envelope": (
        document(
            "EnveloppeMISILLCL",
            "",
            '<actes:Emetteur><actes:IDSousPref actes:Departement="099" actes:Arrondissement="1"/>'
            "</actes:Emetteur><actes:FormulairesEnvoyes><actes:Formulaire>"
            "<actes:NomFichier>a.xml</actes:NomFichier></actes:Formulaire>"
            '</actes:FormulairesEnvoyes><actes:Destinataire insee:SIREN="000000000"/>',
        ),
        EnveloppePrefecture(siren="000000000", departement="099", formulaires=("a.xml",)),
    ),
}


@pytest.mark.parametrize("name", list(MESSAGES))
def test_parse_inbound(name: str) -> None:
    content, expected = MESSAGES[name]
    assert parse_inbound(content.encode()) == expected


def acte(inside: str = "", **replaced: str) -> bytes:
    text = f"<actes:Acte {NS} {DONNEES}{inside}</actes:Acte>"
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize(
    ("papier", "paper"),
    [
        ("", False),
        ("<actes:DocumentPapier/>", False),
        ("<actes:DocumentPapier>0</actes:DocumentPapier>", False),
        ("<actes:DocumentPapier>N</actes:DocumentPapier>", False),
        ("<actes:DocumentPapier> O </actes:DocumentPapier>", True),
    ],
)
def test_document_papier(papier: str, paper: bool) -> None:
    message = parse_inbound(acte(papier))
    assert isinstance(message, MessageActe)
    assert message.document_papier is paper


def test_levels_may_have_holes() -> None:
    content = acte().replace(
        b"<actes:Objet>",
        b'<actes:CodeMatiere3 actes:CodeMatiere="4"/><actes:CodeMatiere5 actes:CodeMatiere="2"/>'
        b"<actes:Objet>",
    )
    message = parse_inbound(content)
    assert isinstance(message, MessageActe)
    assert message.matiere == (7, 10, 4, 2)


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("ISO-8859-1", "iso-8859-1"),
        ("ISO-8859-1", "utf-8"),
        ("windows-1252", "cp1252"),
        ("windows-1252", "utf-8"),
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("ISO-8859-1", "utf-8-sig"),
    ],
)
def test_encodings(declared: str, real: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + anomalie(
        "002", "<actes:Detail>rejeté « ça »</actes:Detail>"
    )
    message = parse_inbound(text.encode(real))
    assert message == expected_anomalie(detail="rejeté « ça »")


def test_character_references_without_declaration() -> None:
    message = parse_inbound(anomalie("002", "<actes:Detail>&#339;uvre</actes:Detail>").encode())
    assert message == expected_anomalie(detail="œuvre")


@pytest.mark.parametrize("name", ["Bonjour", "ActeRecu", "acte"])
def test_a_root_that_is_no_message(name: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_inbound(document(name).encode())
    (fault,) = error.value.faults
    assert (fault.code, fault.params, fault.line) == ("ACT-INBOUND_ROOT", {"root": name}, 1)


@pytest.mark.parametrize(
    ("content", "element", "value"),
    [
        (document("ARActe", 'actes:DateReception="2024-03-15"'), "IDActe", ""),
        (document("ARActe", f'actes:IDActe="{ID}"'), "DateReception", ""),
        (ar("", received="15/03/2024"), "DateReception", "15/03/2024"),
        (document("AnomalieActe"), "Date", ""),
        (document("ARPieceComplementaire"), "InfosCourrierPref", ""),
        (document("EnveloppeMISILLCL"), "Destinataire", ""),
        (document("EnveloppeCLMISILL"), "IDCL", ""),
        (document("Acte", DONNEES.split(">")[0].replace('"1"', '"DE"')), "CodeNatureActe", "DE"),
        (
            document("Acte", DONNEES.split(">")[0].replace('"1"', f'"{"1" * 5000}"')),
            "CodeNatureActe",
            "1" * 5000,
        ),
    ],
)
def test_what_gives_no_meaning_is_refused(content: str, element: str, value: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_inbound(content.encode())
    (fault,) = error.value.faults
    root = content.split(":")[1].split(" ")[0]
    assert (fault.code, fault.params) == (
        "ACT-INBOUND_CONTENT",
        {"root": root, "element": element, "value": value},
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "XML-EMPTY"),
        (b"OK\n1234", "XML-SYNTAX"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML-DTD"),
    ],
)
def test_what_is_no_xml(content: bytes, code: str) -> None:
    with pytest.raises(FaultError, match=code):
        parse_inbound(content)


def test_the_real_messages(shared: Path) -> None:
    folder = shared / "real" / "actes"
    stem = "034-491011698-20171207-CL20171227_06-DE"
    sent = parse_inbound((folder / f"{stem}-1-1_0.xml").read_bytes())
    received = parse_inbound((folder / f"{stem}-1-2.xml").read_bytes())
    assert isinstance(sent, MessageActe)
    assert isinstance(received, ARActe)
    assert (received.id_acte, received.date_reception) == (stem, date(2017, 12, 27))
    assert received.classification_en_cours == date(2017, 11, 13)
    assert received.acte_recu == ActeRecu(
        **{name: getattr(sent, name) for name in ActeRecu.__dataclass_fields__}
    )
    assert sent.objet == "Fichier signé parapheur"


def envelope_anomaly(detail: str) -> AnomalieEnveloppe:
    return AnomalieEnveloppe(
        date=date(2024, 3, 15), nature="999", detail=detail, siren="", formulaires=()
    )


@pytest.mark.parametrize(
    ("detail", "code", "words"),
    [
        ("ODT-VERIF-01 : la date", "ACT-ODT_VERIF_01", "il repartira sous un nouveau numéro"),
        ("ODT-VERIF-17 : inconnue", "ACT-ODT_VERIF_17", "vous n'avez rien à corriger"),
        ("a.tar.gz -> PREF-VERIF-02 : x", "ACT-PREF_VERIF_02", "si votre convention est active"),
        ("ODT-VERIF-99 : autre", "ACT-ANOMALIE", "ODT-VERIF-99 : autre"),
        ("texte libre", "ACT-ANOMALIE", "(motif n° 999)"),
        ("", "ACT-ANOMALIE", "« – »"),
    ],
)
@pytest.mark.parametrize("envelope", [True, False])
def test_advice_shows_the_detail_and_what_to_do(
    detail: str, code: str, words: str, envelope: bool
) -> None:
    anomaly = expected_anomalie(detail=detail, nature="999")
    fault = advice(envelope_anomaly(detail) if envelope else anomaly)
    assert fault.code == code
    assert fault.params == {"date": "15/03/2024", "nature": "999", "detail": detail or "–"}
    assert words in sentence(fault)
    assert detail in sentence(fault)
