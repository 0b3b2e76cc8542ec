"""Each rule of the actes dossier (§10): what just passes, what just fails, and its wording."""

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pikepdf
import pytest

from demat.actes.classification import NATIONALE, Classification, NatureClassee
from demat.actes.contexte import SignatureTrouvee
from demat.actes.model import Acte, Piece
from demat.actes.natures import NATURES_COLLECTIVITE, NatureActe
from demat.actes.rules import ContexteActe, check_acte, check_names, check_size
from tests.unit.actes.factories import (
    ACTE,
    BUDGET,
    CLASSIFICATION,
    CONTEXTE,
    DOCX,
    EMETTEUR,
    JPG,
    PDF,
    PNG,
    TODAY,
    VERSION,
    acte,
    pdf_bytes,
    piece,
    sentence,
    summary,
)
from tests.unit.actes.pdfs import BLANK, SIGNED_BY_WORDS, UNSIGNED, image_pdf, signed_pdf

A, B = "A", "B"
INDIVIDUEL = {
    "nature": NatureActe.INDIVIDUEL,
    "matiere": (4, 1),
    "document": piece(PDF, type_pj="99_AI"),
}
BUDGETAIRE = {
    "nature": NatureActe.BUDGETAIRE,
    "matiere": (7, 1),
    "document": piece(BUDGET, name="bp.xml", type_pj="99_BU"),
    "annexes": (piece(PDF, type_pj="70_DE"),),
}


def found(changes: Mapping[str, object], **contexte: object) -> list[tuple[str, str]]:
    changed = replace(CONTEXTE, **contexte)  # type: ignore[arg-type]  # names are the test's
    return summary(check_acte(acte(**changes), changed))


def test_a_good_act_has_no_fault() -> None:
    assert found({}) == []


@pytest.mark.parametrize(
    ("field", "value", "codes"),
    [
        ("siren", "000000000", []),
        ("siren", "200000008", []),
        ("siren", "", ["ACT-001"]),
        ("siren", "200000007", ["ACT-001"]),
        ("siren", "000 000 000", ["ACT-001"]),
        ("siren", "00000000", ["ACT-001"]),
        ("departement", "095", []),
        ("departement", "02A", []),
        ("departement", "974", []),
        ("departement", "99", ["ACT-002"]),
        ("departement", "000", ["ACT-002"]),
        ("departement", "02C", ["ACT-002"]),
        ("arrondissement", "0", []),
        ("arrondissement", "9", []),
        ("arrondissement", "10", ["ACT-003"]),
        ("arrondissement", "", ["ACT-003"]),
        ("arrondissement", "٣", ["ACT-003"]),
        ("nature", "55", []),
        ("nature", "3", ["ACT-004"]),
        ("nature", "56", ["ACT-004"]),
        ("adresses_retour", ("a@b.bzh",), []),
        ("adresses_retour", ("a@b.alsace",), []),
        ("adresses_retour", ("a@b.corsica",), ["ACT-005"]),
        ("adresses_retour", ("a@b.fr", "a+b@c.fr", "é@c.fr"), ["ACT-005", "ACT-005"]),
        ("adresses_retour", (" a@b.fr",), ["ACT-005"]),
        ("adresses_retour", (), ["ACT-005_NONE"]),
        ("referent_email", "", []),
        ("referent_email", "mairie", ["ACT-006"]),
    ],
)
def test_rules_1_to_6_on_the_authority(field: str, value: object, codes: list[str]) -> None:
    emetteur = replace(EMETTEUR, **{field: value})  # type: ignore[arg-type]  # field of the table
    assert found({}, emetteur=emetteur) == [(code, B) for code in codes]


def test_every_kind_of_authority_is_admitted() -> None:
    for nature in NATURES_COLLECTIVITE:
        assert found({}, emetteur=replace(EMETTEUR, nature=nature)) == []


@pytest.mark.parametrize(
    ("numero", "codes"),
    [
        ("A1", []),
        ("2024_1234567890", []),
        ("", ["ACT-008"]),
        ("  ", ["ACT-008"]),
        ("2024_12345678901", ["ACT-009"]),
        ("2024-012", ["ACT-010"]),
        ("2024_01a", ["ACT-010"]),
        ("2024 012", ["ACT-010"]),
        ("É1", ["ACT-010"]),
        ("_2024", ["ACT-011"]),
        ("2024_", ["ACT-011"]),
        ("7", ["ACT-011"]),
        ("-2024-deliberation-", ["ACT-009", "ACT-010"]),
    ],
)
def test_rules_8_to_11_on_the_number(numero: str, codes: list[str]) -> None:
    assert found({"numero": numero}) == [(code, B) for code in codes]


def test_rule_10_says_which_characters_and_proposes() -> None:
    (fault,) = check_acte(acte(numero="2024-012/b"), CONTEXTE)
    assert sentence(fault) == (
        "Le numéro « 2024-012/b » contient des caractères interdits (- / b). Seuls sont admis les"
        " lettres majuscules sans accent, les chiffres et le tiret bas « _ »."
        " Corrigez-le. Proposition : « 2024_012_B »."
    )


def test_rule_12_says_which_act_bears_the_number() -> None:
    used = {"2024_012": "2023-01-05 Objet"}
    assert found({"numero": "2024_013"}, numero_used=used.get) == []
    (fault,) = check_acte(ACTE, replace(CONTEXTE, numero_used=used.get))
    assert fault.blocking
    assert fault.params == {"numero": "2024_012", "earlier": "2023-01-05 Objet"}


def test_rule_13_warns_of_an_identical_act() -> None:
    assert found({}, identical_sent=lambda _: None) == []
    assert found({}, identical_sent=lambda value: value.objet) == [("ACT-013", A)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"date_decision": TODAY}, []),
        ({"date_decision": date(2024, 3, 16)}, [("ACT-015", B)]),
        ({"date_decision": date(1982, 3, 2), "numero": "A1"}, [("ACT-016", A)]),
        ({"date_decision": date(1981, 12, 31), "numero": "A1"}, [("ACT-014", B)]),
        ({"date_decision": date(24, 3, 14)}, [("ACT-014", B)]),
        ({"date_decision": date(2023, 3, 15), "numero": "A1"}, []),
        ({"date_decision": date(2023, 3, 14), "numero": "A1"}, [("ACT-016", A)]),
        ({"date_decision": date(2023, 12, 31), "numero": "2024_012"}, [("ACT-016", A)]),
        ({"date_decision": date(2023, 12, 31), "numero": "CL20240110_06"}, [("ACT-016", A)]),
        ({"date_decision": date(2023, 12, 31), "numero": "2024012"}, []),
        ({**INDIVIDUEL, "date_decision": date(2024, 2, 29)}, []),
        ({**INDIVIDUEL, "date_decision": date(2024, 2, 28)}, [("ACT-017", A)]),
        ({"date_decision": date(2024, 2, 28)}, []),
    ],
)
def test_rules_14_to_17_on_the_date(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert found(changes) == expected


def test_rule_16_on_29_february() -> None:
    changes = {"date_decision": date(2024, 2, 29), "numero": "A1"}
    assert found(changes, today=date(2025, 2, 28), classification_checked=None) == []
    assert found(changes, today=date(2025, 3, 1), classification_checked=None) == [("ACT-016", A)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"objet": " \n\u00a0"}, [("ACT-018", B)]),
        ({"objet": "a" * 499}, []),
        ({"objet": "a" * 500}, [("ACT-019", B)]),
        ({"objet": "a" * 250 + "\r\n" + "b" * 248}, [("ACT-020_TYPOGRAPHY", A)]),
        ({"objet": "œ" * 250}, [("ACT-019", B), ("ACT-020_TYPOGRAPHY", A)]),
        ({"objet": "Vœux – l’école"}, [("ACT-020_TYPOGRAPHY", A)]),
        ({"objet": "Jumelage avec Łódź"}, [("ACT-020", A)]),
        ({"objet": "Mise en œuvre : 12 €"}, [("ACT-020_TYPOGRAPHY", A)]),
        ({"objet": "Sur deux\nlignes"}, [("ACT-020_TYPOGRAPHY", A)]),
        ({**INDIVIDUEL, "objet": "Nomination de Mme Martin"}, [("ACT-021", A)]),
        ({**INDIVIDUEL, "objet": "Mise en congé de longue maladie"}, [("ACT-021", A)]),
        ({**INDIVIDUEL, "objet": "Sanction disciplinaire"}, [("ACT-021", A)]),
        ({**INDIVIDUEL, "objet": "Délégation de M. le maire"}, []),
        ({**INDIVIDUEL, "objet": "Avancement d'échelon"}, []),
        ({"objet": "Remerciements à Mme Martin"}, []),
    ],
)
def test_rules_18_to_21_on_the_objet(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert found(changes) == expected


def test_rule_20_shows_what_will_be_sent() -> None:
    (fault,) = check_acte(acte(objet="Jumelage avec Łódź"), CONTEXTE)
    assert fault.params == {"characters": "Ł ź", "objet": "Jumelage avec ?ódz"}


@pytest.mark.parametrize(
    ("matiere", "expected"),
    [
        ((7, 10), []),
        ((8, 1, 3), []),
        ((), [("ACT-022", B)]),
        ((7,), [("ACT-022", B)]),
        ((1, 1, 1, 1, 1, 1), [("ACT-022", B)]),
        ((7, 11), [("ACT-023", B)]),
        ((0, 1), [("ACT-023", B)]),
        ((8, 1), [("ACT-024", A)]),
    ],
)
def test_rules_22_to_24_on_the_matiere(
    matiere: tuple[int, ...], expected: list[tuple[str, str]]
) -> None:
    assert found({"matiere": matiere}) == expected


def test_rule_24_gives_the_choices() -> None:
    (fault,) = check_acte(acte(matiere=(8, 1)), CONTEXTE)
    assert fault.params == {"matiere": "8.1 Enseignement", "choices": "8.1.3 cantine"}


def test_rule_25_without_the_classification_of_the_prefecture() -> None:
    unknown = {"matiere": (7, 10, 2), "classification_date": NATIONALE.date}
    assert found(unknown, classification=NATIONALE) == [("ACT-025", B)]


def test_the_national_levels_serve_before_the_first_classification() -> None:
    wrong = {"matiere": (7, 99), "classification_date": NATIONALE.date}
    assert found(wrong, classification=NATIONALE) == [("ACT-023", B), ("ACT-025", B)]


@pytest.mark.parametrize(
    ("checked", "expected"),
    [(None, []), (date(2024, 2, 14), []), (date(2024, 2, 13), [("ACT-026", A)])],
)
def test_rule_26_on_the_age_of_the_classification(
    checked: date | None, expected: list[tuple[str, str]]
) -> None:
    assert found({}, classification_checked=checked) == expected


def test_rule_26_on_the_version_quoted() -> None:
    assert found({"classification_date": date(2023, 8, 31)}) == [("ACT-026_VERSION", A)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"document": Piece(name="", content=b"")}, [("ACT-027", B)]),
        ({"document": piece(b"")}, [("ACT-034", B)]),
        ({"document": piece(DOCX, name="acte.pdf")}, [("ACT-028", B)]),
        ({"document": piece(JPG)}, [("ACT-028", B)]),
        ({"document": piece(b"un texte")}, [("ACT-028", B)]),
        ({"document": piece(BUDGET)}, [("ACT-029", B)]),
        (BUDGETAIRE, []),
        ({**BUDGETAIRE, "matiere": (7, 10)}, [("ACT-030", B)]),
        ({**BUDGETAIRE, "annexes": ()}, [("ACT-031", B)]),
        ({**BUDGETAIRE, "annexes": (piece(PNG, type_pj="70_DE"),)}, [("ACT-032", B)]),
        ({**BUDGETAIRE, "document": piece(PDF, type_pj="99_BU"), "annexes": ()}, []),
        ({"annexes": (piece(PNG), piece(JPG), piece(BUDGET))}, []),
        ({"annexes": (piece(DOCX), piece(b"texte"))}, [("ACT-033", B), ("ACT-033", B)]),
        ({"annexes": (piece(b""),)}, [("ACT-034", B)]),
        ({"annexes": (piece(b""), piece(b""))}, [("ACT-034", B), ("ACT-034", B)]),
        ({"document": piece(PDF[:-10])}, [("ACT-035", B)]),
        ({"annexes": (piece(pdf_bytes(pages=0)),)}, [("ACT-035_NO_PAGE", B)]),
        ({"document": piece(pdf_bytes("autre", pages=2))}, []),
        ({"annexes": (piece(PDF, name="double.pdf"),)}, [("ACT-038", B)]),
        ({"document": piece(PDF, type_pj="")}, [("ACT-039", B)]),
        ({"document": piece(PDF, type_pj="99_AR")}, [("ACT-040", B)]),
        ({"document": piece(PDF, type_pj="99-DE")}, [("ACT-040", B)]),
        ({"document": piece(PDF, type_pj="X")}, [("ACT-040", B)]),
        ({"document": piece(PDF, type_pj="70_DE")}, []),
        ({"document": piece(PDF, type_pj="21_DE")}, [("ACT-041", A)]),
        ({"document_papier": True}, [("ACT-044", A)]),
        ({"precedent": "099-000000000-20240314-2024_011-DE"}, []),
        ({"precedent": "099-000000000-20240314-AR-2024-011-DE"}, [("ACT-059", B)]),
        ({"precedent": "2024_011"}, [("ACT-059", B)]),
    ],
)
def test_rules_27_to_44_and_59(changes: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert found(changes) == expected


def test_faults_on_a_file_name_it() -> None:
    annexes = (piece(DOCX, name="plan.docx"), piece(PDF, name="copie.pdf"))
    faults = check_acte(acte(annexes=annexes), CONTEXTE)
    assert [(fault.code, fault.source) for fault in faults] == [
        ("ACT-033", "plan.docx"),
        ("ACT-038", "copie.pdf"),
    ]
    plan, copie = faults
    assert sentence(plan).startswith(
        "L'annexe « plan.docx » est dans un format que la préfecture n'accepte pas"
        " (DOCX, ODT, ZIP)."
    )
    assert copie.params == {"name": "copie.pdf", "other": "délibération 12.pdf"}


def test_rule_35_on_passwords() -> None:
    locked = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user="secret"))
    restricted = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user=""))
    assert found({"document": piece(locked)}) == [("ACT-035_PASSWORD", B)]
    assert found({"document": piece(restricted)}) == []


def test_a_program_in_a_pdf_is_a_warning() -> None:
    pdf = pikepdf.open(io.BytesIO(PDF))
    pdf.Root["/OpenAction"] = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="1")
    stream = io.BytesIO()
    pdf.save(stream)
    assert found({"document": piece(stream.getvalue())}) == [("ACT-PDF_ACTIVE", A)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"annexes": (piece(PDF + b"%", name="plan.jpg"),)}, (".jpg", "PDF")),
        ({"annexes": (piece(PNG, name="plan.PDF"),)}, (".PDF", "PNG")),
        ({"annexes": (piece(JPG, name="plan.jpeg"),)}, None),
        ({"annexes": (piece(PNG, name="plan n.12"),)}, None),
        ({"annexes": (piece(PNG, name="plan"),)}, None),
        ({"document": piece(PDF, name="acte.docx")}, (".docx", "PDF")),
        ({"document": piece(PDF, name="acte.PDF")}, None),
    ],
)
def test_a_name_that_announces_another_format(
    changes: dict[str, object], expected: tuple[str, str] | None
) -> None:
    faults = check_acte(acte(**changes), CONTEXTE)
    assert summary(faults) == ([("ACT-EXTENSION", A)] if expected else [])
    assert [(one.params["extension"], one.params["found"]) for one in faults] == (
        [expected] if expected else []
    )


@pytest.mark.parametrize("place", ["document", "annexe"])
def test_what_is_inside_a_pdf_is_told_of_every_file(place: str) -> None:
    pdf = pikepdf.open(io.BytesIO(pdf_bytes("formulaire")))
    pdf.attachments["a.xlsx"] = pikepdf.AttachedFileSpec(pdf, b"content", filename="a.xlsx")
    pdf.Root["/AcroForm"] = pikepdf.Dictionary(XFA=pikepdf.Array())
    stream = io.BytesIO()
    pdf.save(stream)
    filled = piece(stream.getvalue(), name="formulaire.pdf")
    changes = {"document": filled} if place == "document" else {"annexes": (filled,)}
    faults = check_acte(acte(**changes), CONTEXTE)
    assert summary(faults) == [("ACT-PDF_XFA", A), ("ACT-PDF_EMBEDDED", A)]
    assert [one.source for one in faults] == ["formulaire.pdf"] * 2


GOOD = SignatureTrouvee(refused=False, reason="")
REFUSED = SignatureTrouvee(refused=True, reason="Le document a été modifié.")
DOUBTFUL = SignatureTrouvee(refused=False, reason="La signature est illisible.")
UNKNOWN = SignatureTrouvee(refused=False, reason="Autorité inconnue.", issuer_only=True)
MARCHE = {"nature": NatureActe.CONTRAT, "matiere": (1, 1)}
MARCHE_BIS = {"nature": NatureActe.CONTRAT, "matiere": (1, 2)}


@pytest.mark.parametrize(
    ("changes", "signatures", "expected"),
    [
        ({}, (), []),
        ({}, (GOOD,), []),
        ({}, (GOOD, REFUSED), [("ACT-036", B)]),
        ({}, (REFUSED, REFUSED), [("ACT-036", B)] * 2),
        ({}, (DOUBTFUL,), [("ACT-036_UNDECIDED", A)]),
        ({}, (UNKNOWN,), [("ACT-036_UNDECIDED", A)]),
        (MARCHE, (UNKNOWN,), []),
        (MARCHE, (DOUBTFUL,), [("ACT-036_UNDECIDED", A)]),
        (MARCHE, (REFUSED,), [("ACT-036", B)]),
        (MARCHE_BIS, (UNKNOWN,), [("ACT-036_UNDECIDED", A)]),
    ],
)
@pytest.mark.parametrize("place", ["document", "annexe"])
def test_rule_36_on_every_signed_file(
    place: str,
    changes: dict[str, object],
    signatures: tuple[SignatureTrouvee, ...],
    expected: list[tuple[str, str]],
) -> None:
    type_pj = "99_DC" if changes else "99_DE"
    signed, plain = piece(signed_pdf(), type_pj=type_pj), piece(PDF, type_pj=type_pj)
    files: dict[str, object] = {"document": signed}
    if place == "annexe":
        files = {"document": plain, "annexes": (signed,)}
    given = {**changes, **files}
    told = found(given, signatures=lambda _: signatures)
    assert [one for one in told if one[0].startswith("ACT-036")] == expected
    assert not [one for one in told if one[1] == B and not one[0].startswith("ACT-036")]
    assert found(given) == [one for one in told if not one[0].startswith("ACT-036")]


def test_a_file_without_signature_is_not_asked_about() -> None:
    def never(content: bytes) -> tuple[SignatureTrouvee, ...]:
        raise AssertionError

    assert found({"annexes": (piece(PNG),)}, signatures=never) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"document": piece(UNSIGNED)}, [("ACT-037", A)]),
        ({"document": piece(BLANK)}, [("ACT-037_BLANK", A)]),
        ({"document": piece(SIGNED_BY_WORDS)}, []),
        ({"document": piece(signed_pdf())}, []),
        ({"document": piece(image_pdf())}, []),
        ({"document": piece(image_pdf("Le conseil fixe les tarifs."))}, []),
        ({"annexes": (piece(UNSIGNED), piece(BLANK))}, []),
        ({**INDIVIDUEL, "document": piece(UNSIGNED, type_pj="99_AI")}, [("ACT-037", A)]),
    ],
)
def test_rule_37_on_acts_that_nobody_seems_to_have_signed(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert found(changes) == expected


@pytest.mark.parametrize(
    ("code", "shown"), [("21_DE", "2.1"), ("23_IA", "2.3"), ("31_DE", "3.1"), ("42_DE", "4.2")]
)
def test_rule_41_says_which_matiere(code: str, shown: str) -> None:
    (fault,) = check_acte(acte(document=piece(PDF, type_pj=code)), CONTEXTE)
    assert (fault.params["of_type"], fault.params["matiere"]) == (shown, "7.10")


def test_rule_41_on_a_type_of_a_whole_level_1() -> None:
    changed = acte(matiere=(2, 1), document=piece(PDF, type_pj="70_DE"))
    (fault,) = check_acte(changed, CONTEXTE)
    assert (fault.code, fault.params["of_type"]) == ("ACT-041", "7")


def test_a_classification_that_types_nothing_refuses_no_type() -> None:
    natures = {
        nature: NatureClassee(nature=nature, libelle="", abrege=nature.abrege, types=())
        for nature in NatureActe
    }
    old = Classification(date=VERSION, natures=natures, matieres=CLASSIFICATION.matieres)
    assert found({"document": piece(PDF, type_pj="99_XX")}, classification=old) == []


def test_rules_42_and_43_on_the_sum_of_the_files() -> None:
    size = len(PDF) + len(PNG)
    annexes = {"annexes": (piece(PNG),)}
    assert found(annexes, max_bytes=size * 2) == []
    assert found(annexes, max_bytes=size) == [("ACT-043", A)]
    assert found(annexes, max_bytes=size - 1) == [("ACT-042", B)]


@pytest.mark.parametrize(
    ("size", "codes"),
    [
        (0, ()),
        (120 << 20, ()),
        ((120 << 20) + 1, ("ACT-043",)),
        (150 << 20, ("ACT-043",)),
        ((150 << 20) + 1, ("ACT-042",)),
    ],
)
def test_check_size_of_a_finished_archive(size: int, codes: tuple[str, ...]) -> None:
    assert check_size(size, 150 << 20).codes == codes


def test_sizes_are_shown_in_mega_octets() -> None:
    (fault,) = check_size(161_000_000, 150 << 20)
    assert fault.params == {"size": "153,5", "maximum": "150"}


ID = "099-000000000-20240314-2024_012-DE"


@pytest.mark.parametrize(
    ("id_acte", "names", "wrong"),
    [
        (ID, (f"{ID}-1-1_0.xml", f"99_DE-{ID}-1-1_1.pdf"), []),
        (ID.replace("_", "-"), (f"{ID}-1-1_0.xml",), [ID.replace("_", "-")]),
        (ID, (f"{ID}-1-1_0.xml",) * 2, [f"{ID}-1-1_0.xml"]),
        (ID, (f"99_DE-{ID}-1-1_1.zip",), [f"99_DE-{ID}-1-1_1.zip"]),
        (ID, ("acte.pdf",), ["acte.pdf"]),
        (
            ID,
            (ID.replace("2024_012", "A" * 250) + "-1-1_0.xml",),
            [ID.replace("2024_012", "A" * 250) + "-1-1_0.xml"],
        ),
    ],
)
def test_rule_51_on_generated_names(id_acte: str, names: tuple[str, ...], wrong: list[str]) -> None:
    faults = check_names(id_acte, names)
    assert summary(faults) == [("ACT-051", B)] * len(wrong)
    assert [fault.params["name"] for fault in faults] == wrong


@pytest.mark.parametrize(
    ("objet", "category"),
    [
        ("Arrêté réglementant la circulation rue du Four", "circulation ou stationnement"),
        ("Interdiction de stationnement place de l'Église", "circulation ou stationnement"),
        ("Circulation alternée pendant les travaux", "circulation ou stationnement"),
        ("Tarifs du stationnement 2024", "tarifs de voirie ou de stationnement"),
        ("Redevance d'occupation de voirie", "tarifs de voirie ou de stationnement"),
        ("Débit de boissons temporaire, fête du club", "débit de boissons temporaire"),
        ("Ouverture d'un débit temporaire de boissons", "débit de boissons temporaire"),
        ("Déclassement d'une voie communale", "classement, déclassement ou alignement de voies"),
        (
            "Plan d'alignement de la rue du Lavoir",
            "classement, déclassement ou alignement de voies",
        ),
        ("Fixation des ratios promus-promouvables", "ratios de promotion"),
        ("Affiliation au centre de gestion", "affiliation à un centre de gestion"),
        ("Recrutement d'agents saisonniers", "recrutement saisonnier ou temporaire"),
        (
            "Emploi pour accroissement temporaire d'activité",
            "recrutement saisonnier ou temporaire",
        ),
        ("Marché de travaux inférieur au seuil", "marché au-dessous du seuil de transmission"),
    ],
)
def test_rule_53_on_acts_not_to_be_transmitted(objet: str, category: str) -> None:
    faults = check_acte(acte(objet=objet), CONTEXTE)
    assert summary(faults) == [("ACT-053", A)]
    assert [fault.params for fault in faults] == [{"category": category}]


@pytest.mark.parametrize(
    "objet",
    [
        "Tarifs 2024 de la salle des fêtes",
        "Budget primitif 2024",
        "Création d'un emploi permanent",
        "Classement des archives",
        "Convention avec le centre de gestion",
        "Marché de travaux de l'école",
        "Fermeture d'un débit de boissons",
    ],
)
def test_rule_53_leaves_the_others_alone(objet: str) -> None:
    assert found({"objet": objet}) == []


def test_all_the_findings_at_once() -> None:
    bad = acte(numero="", objet="", matiere=(), document=piece(DOCX, type_pj=""))
    emetteur = replace(EMETTEUR, siren="1")
    assert [code for code, _ in summary_of(bad, replace(CONTEXTE, emetteur=emetteur))] == [
        "ACT-001",
        "ACT-008",
        "ACT-018",
        "ACT-022",
        "ACT-028",
        "ACT-039",
    ]


def summary_of(value: Acte, contexte: ContexteActe) -> list[tuple[str, str]]:
    return summary(check_acte(value, contexte))
