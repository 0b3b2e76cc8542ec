"""The table of decisions, for the 57 matières and every nature, and the screen of the objet."""

import pytest

from demat.actes.model import format_matiere
from demat.actes.national import MATIERES
from demat.actes.natures import NatureActe
from demat.faults import Severity
from demat.labels_fr.catalogue import explain
from demat.publish.decision import Decision, assess, decide, level_2, screen_objet

LETTERS = {
    "P": Decision.PUBLISH,
    "O": Decision.OCCULT,
    "H": Decision.HUMAN,
    "N": Decision.NEVER,
}

# dossier §1.5: one letter for each nature 1 to 6
EXPECTED = {
    **dict.fromkeys(("1.1", "1.2", "1.3", "1.4", "1.6", "1.7"), "PPNOPH"),
    "1.5": "OONOOH",
    "2.1": "PPNPPH",
    "2.2": "OPNOOH",
    "2.3": "OPNOOH",
    **dict.fromkeys(("3.1", "3.2", "3.3"), "OPNOOH"),
    **dict.fromkeys(("3.4", "3.5", "3.6"), "PPNOPH"),
    **dict.fromkeys(("4.1", "4.2", "4.3", "4.4"), "OPNNOH"),
    "4.5": "PPNHPH",
    **dict.fromkeys(("5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7"), "PPNPPH"),
    "5.8": "OONHOH",
    **dict.fromkeys(("6.1", "6.2", "6.3", "6.4"), "PPNHPH"),
    "6.5": "HHNHHH",
    **dict.fromkeys(("7.1", "7.2", "7.3", "7.6", "7.8", "7.9"), "PPNPPH"),
    **dict.fromkeys(("7.4", "7.5"), "PPNOPH"),
    **dict.fromkeys(("7.7", "7.10"), "OPNHOH"),
    **dict.fromkeys(("8.1", "8.3", "8.4", "8.5", "8.6", "8.7", "8.8", "8.9"), "PPNOPH"),
    "8.2": "OPNNOH",
    **dict.fromkeys(("9.1", "9.2", "9.3", "9.4"), "PPNPPH"),
}
LEVEL_2 = [format_matiere(code) for code in MATIERES if len(code) == 2]


def test_the_expected_table_is_about_the_57_matieres():
    assert sorted(EXPECTED) == sorted(LEVEL_2)
    assert len(EXPECTED) == 57


@pytest.mark.parametrize("matiere", LEVEL_2)
def test_every_matiere_for_every_nature(matiere: str):
    found = [decide(nature, matiere) for nature in NatureActe]
    assert found == [LETTERS[letter] for letter in EXPECTED[matiere]]


@pytest.mark.parametrize("matiere", [*LEVEL_2, "4.1.3", "99.1", "", "n'importe quoi"])
def test_an_individual_act_is_never_published(matiere: str):
    assert decide(3, matiere) is Decision.NEVER


@pytest.mark.parametrize("nature", [None, 0, 7, -1, 71, 10**9])
@pytest.mark.parametrize("matiere", LEVEL_2)
def test_an_unknown_nature_is_not_published(nature: int | None, matiere: str):
    assert decide(nature, matiere) is Decision.HUMAN


@pytest.mark.parametrize(
    "matiere", ["", " ", "7", "7.0", "7.11", "10.1", "0.99", "7,1", "sept", "7.1.x", "9.5", "-7.1"]
)
@pytest.mark.parametrize("nature", [1, 2, 4, 5, 6])
def test_an_unknown_matiere_is_not_published(nature: int, matiere: str):
    assert decide(nature, matiere) is Decision.HUMAN


def test_deeper_levels_follow_the_level_2_and_7_10_is_not_7_1():
    assert decide(1, "7.1.2") is Decision.PUBLISH
    assert decide(1, "7.10") is Decision.OCCULT
    assert decide(1, "7.10.3") is Decision.OCCULT
    assert level_2("7.10.3") == (7, 10)
    assert level_2("7") is None


@pytest.mark.parametrize(
    ("objet", "signs"),
    [
        ("Acquisition du terrain de M. Dupont", ("CIVILITE",)),
        ("Acquisition du terrain de M.Dupont", ("CIVILITE",)),
        ("Acquisition du terrain de M DUPONT", ("CIVILITE",)),
        ("Acquisition du terrain de M.\u00a0Dupont", ("CIVILITE",)),
        ("Acquisition du terrain de M\u200b.\u200b Du\u200bpont", ("CIVILITE",)),
        ("Convention avec MM. Dupont et Durand", ("CIVILITE",)),
        ("Convention avec Mme Durand", ("CIVILITE",)),
        ("CONVENTION AVEC MME DURAND", ("CIVILITE",)),
        ("convention avec mme durand", ("CIVILITE",)),
        ("Convention avec Mmes Durand", ("CIVILITE",)),
        ("Convention avec Mlle Élodie Durand", ("CIVILITE",)),
        ("Convention avec Mme A. Durand", ("CIVILITE",)),
        ("Convention avec M. A. Durand", ("CIVILITE",)),
        ("Convention avec Monsieur Le Goff", ("CIVILITE",)),
        ("Convention avec M. Le Goff", ("CIVILITE",)),
        ("Convention avec M. d'Estaing", ("CIVILITE",)),
        ("Convention avec M. de La Rue", ("CIVILITE",)),
        ("Convention avec Madame de la Rue", ("CIVILITE",)),
        ("Bail des consorts Dupont", ("CIVILITE",)),
        ("Secours à la famille Dupont", ("CIVILITE",)),
        ("Concession des époux DUPONT", ("CIVILITE",)),
        ("Aide à une personne née le 3 mai 1950", ("NAISSANCE",)),
        ("Contact : camille.dupre@exemple.fr", ("COURRIEL",)),
        ("Renseignements au 01 23 45 67 89", ("TELEPHONE",)),
        ("Renseignements au 0123456789", ("TELEPHONE",)),
        ("Renseignements au +33 6 12 34 56 78", ("TELEPHONE",)),
        ("Renseignements au 0033 (0)6 12 34 56 78", ("TELEPHONE",)),
        ("Dossier 1 85 05 99 123 456", ("NIR",)),
        ("Dossier 285052A12345678", ("NIR",)),
        ("Remise à Mme Durand, 06.12.34.56.78, 2850599123456", ("CIVILITE", "TELEPHONE", "NIR")),
    ],
)
def test_the_screen_sees_persons(objet: str, signs: tuple[str, ...]):
    assert screen_objet(objet) == signs


@pytest.mark.parametrize(
    "objet",
    [
        "",
        "Vote du budget primitif 2026 de la commune",
        "Délégation de signature à M. le Maire",
        "DÉLÉGATION DE SIGNATURE À M. LE MAIRE",
        "Délégation à Monsieur le Maire et à Madame l'Adjointe",
        "Remerciements à Mesdames et Messieurs les élus",
        "Courrier à Madame la Présidente du département",
        "Courrier à M. le sous-préfet",
        "Passage à la nomenclature M57 et M 14",
        "Élargissement de la voie à 12 m. de large",
        "Emprunt de 1,2 M d'euros",
        "Subvention à l'association des familles (SIRET 21990123800010)",
        "Marché 2026-014 : lots 1, 2 et 3",
        "Convention avec le SDIS 099, exercices 2026 2027 2028",
    ],
)
def test_the_screen_lets_harmless_words_through(objet: str):
    assert screen_objet(objet) == ()


def judged(nature: int | None, matiere: str, objet: str) -> tuple[Decision, list[str]]:
    assessment = assess(numero="2026_031", nature=nature, matiere=matiere, objet=objet)
    for fault in assessment.reasons:
        assert fault.severity is Severity.WARNING
        assert "2026_031" in explain(fault).sentence
        assert "Dupont" not in explain(fault).sentence
        assert "…" not in explain(fault).sentence
    return assessment.decision, list(assessment.reasons.codes)


@pytest.mark.parametrize(
    ("nature", "matiere", "objet", "expected"),
    [
        (1, "7.1", "Budget", (Decision.PUBLISH, [])),
        (1, "7.1", "Prime à M. Dupont", (Decision.OCCULT, ["PUB-OBJET_CIVILITE"])),
        (3, "7.1", "Prime à M. Dupont", (Decision.NEVER, ["PUB-INDIVIDUEL"])),
        (4, "8.2", "Contrat", (Decision.NEVER, ["PUB-NEVER"])),
        (1, "7.10", "Admission en non-valeur", (Decision.OCCULT, ["PUB-OCCULT"])),
        (None, "7.1", "Budget", (Decision.HUMAN, ["PUB-HUMAN"])),
        (1, "", "Budget", (Decision.HUMAN, ["PUB-HUMAN"])),
        (
            1,
            "7.5",
            "M. Dupont, a@b.fr, né à Paris, 0612345678, 1850599123456",
            (
                Decision.OCCULT,
                [
                    "PUB-OBJET_CIVILITE",
                    "PUB-OBJET_NAISSANCE",
                    "PUB-OBJET_COURRIEL",
                    "PUB-OBJET_TELEPHONE",
                    "PUB-OBJET_NIR",
                ],
            ),
        ),
    ],
)
def test_reasons_name_the_act_and_never_repeat_the_objet(
    nature: int | None, matiere: str, objet: str, expected: tuple[Decision, list[str]]
):
    assert judged(nature, matiere, objet) == expected
