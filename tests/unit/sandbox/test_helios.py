from dataclasses import replace
from pathlib import Path

import pytest

from demat.sandbox.helios import (
    ElementAck,
    Erreur,
    Helios,
    LigneFautive,
    PieceFautive,
    TdtError,
    check_as_tdt,
    read_pes,
)
from demat.sandbox.scenario import Autorite, Budget
from tests.unit.sandbox.helpers import SIGNATURE, pes

AUTORITE = Autorite()
PJ_OK = ElementAck(domaine=4, id_unique="PJ1")
BORDEREAU_OK = ElementAck(domaine=5, bordereau="31", exercice="2026")
FONCTION = '<Fonction V="020"/>'


def process(*files: bytes, sans_fonction: tuple[str, ...] = ()) -> tuple[ElementAck, ...]:
    """Return what the last file draws."""
    helios, elements = Helios(sans_fonction), ()
    for content in files:
        elements = helios.process(read_pes(content), AUTORITE)
    return elements


def test_a_good_pes_is_accepted_element_by_element() -> None:
    assert process(pes()) == (PJ_OK, BORDEREAU_OK)


@pytest.mark.parametrize(
    ("dematerialise", "signature", "libelle"),
    [
        ("1", "", "Bordereau 31 : signature absente"),
        ("0", SIGNATURE, "Bordereau 31 : signature presente, flux non dematerialise"),
    ],
)
def test_a_signature_against_info_dematerialisee_refuses_the_flux(
    dematerialise: str, signature: str, libelle: str
) -> None:
    wrong = pes(dematerialise=dematerialise, signature=signature)
    erreur = Erreur(code="ERREUR_SIGNATURE_BORDEREAU_INVALIDE", libelle=libelle)
    refused = ElementAck(domaine=3, bordereau="31", exercice="2026", erreurs=(erreur,))
    assert process(wrong) == (refused,)
    # nothing was integrated: the corrected file passes
    assert process(wrong, pes()) == (PJ_OK, BORDEREAU_OK)


def test_a_signed_dematerialised_bordereau_is_accepted() -> None:
    signed = pes(dematerialise="1", signature=SIGNATURE)
    assert process(signed) == (PJ_OK, BORDEREAU_OK)


def test_a_function_is_refused_line_by_line_in_a_budget_without_functions() -> None:
    content = pes(cod_bud="02", fonction=FONCTION)
    erreur = Erreur(code="ERREUR_AUTRE", libelle="1971 - Compte fonction present a tort")
    line = LigneFautive(number="1", erreurs=(erreur,))
    refused = replace(BORDEREAU_OK, pieces=(PieceFautive(number="204", lines=(line,)),))
    assert process(content, sans_fonction=("02",)) == (PJ_OK, refused)
    assert not refused.accepted
    assert process(content) == (PJ_OK, BORDEREAU_OK)
    assert process(pes(cod_bud="02"), sans_fonction=("02",)) == (PJ_OK, BORDEREAU_OK)


def test_a_refused_bordereau_may_come_back_corrected() -> None:
    wrong = pes(cod_bud="02", fonction=FONCTION)
    right = pes(cod_bud="02", id_unique="PJ2")
    elements = process(wrong, right, sans_fonction=("02",))
    assert elements == (ElementAck(domaine=4, id_unique="PJ2"), BORDEREAU_OK)


def test_what_is_integrated_is_refused_the_second_time() -> None:
    pj = Erreur(code="ERREUR_DOUBLON_PJ", libelle="1984 - La PJ PJ1 est deja integree")
    bordereau = Erreur(
        code="ERREUR_DOUBLON_BORDEREAU", libelle="Bordereau 31 deja integre sur 2026"
    )
    assert process(pes(), pes(nom_fic="AUTRE")) == (
        replace(PJ_OK, erreurs=(pj,)),
        replace(BORDEREAU_OK, erreurs=(bordereau,)),
    )


def test_the_same_number_in_another_budget_is_another_bordereau() -> None:
    elements = process(pes(), pes(cod_bud="01", id_unique="PJ2"))
    assert [element.accepted for element in elements] == [True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        pes(contenu=b""),
        pes().replace(b'MIMEType="application/pdf">', b'MIMEType="application/pdf">!!'),
        pes().replace(b'MIMEType="application/pdf">H4s', b'MIMEType="application/pdf">AAA'),
    ],
    ids=["empty", "not base64", "not gzip"],
)
def test_an_attachment_that_cannot_be_opened_is_refused(wrong: bytes) -> None:
    erreur = Erreur(code="ERREUR_PJ", libelle="Contenu de la PJ vide ou illisible")
    assert process(wrong) == (replace(PJ_OK, erreurs=(erreur,)), BORDEREAU_OK)


def test_a_budget_unknown_to_the_comptable_refuses_the_flux() -> None:
    known = Budget(id_post="099001", siret="21990123800010", cod_col="123", cod_bud="00")
    autorite = Autorite(budgets=(known,))
    assert Helios(()).process(read_pes(pes()), autorite) == (PJ_OK, BORDEREAU_OK)
    (element,) = Helios(()).process(read_pes(pes(cod_bud="07")), autorite)
    libelle = "Collectivite 123, budget 07 : inconnus au poste 099001"
    assert element == ElementAck(
        domaine=99, erreurs=(Erreur(code="ERREUR_CODE_COLLECTIVITE_BUDGET", libelle=libelle),)
    )


def without(tag: str) -> bytes:
    return pes().replace(f"<{tag} V=".encode(), f"<{tag}x V=".encode())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            pes(declaration='<?xml version="1.0" encoding="UTF-8"?>'),
            "Le fichier n'est pas encodé en ISO-8859-1",
        ),
        (
            pes(declaration=f'<?xml version="1.0"{" " * 40}encoding="ISO-8859-1"?>'),
            "Le fichier n'est pas encodé en ISO-8859-1",
        ),
        (pes()[:-20], "Le fichier n'est pas un fichier XML valide"),
        (
            pes().replace(b"PES_DepenseAller", b"Autre").replace(b"PES_PJ", b"Rien"),
            "Le fichier ne contient ni bordereau, ni PJ, ni marché",
        ),
        (without("NomFic"), "La balise NomFic n'est pas présente dans le fichier"),
        (without("CodCol"), "La balise CodCol n'est pas présente dans le fichier"),
        (without("IdPost"), "La balise IdPost n'est pas présente dans le fichier"),
        (without("CodBud"), "La balise CodBud n'est pas présente dans le fichier"),
        (pes().replace(b'CodCol V="123"', b'CodCol V="1234"'), "La balise CodCol est trop longue"),
    ],
)
def test_the_tdt_refuses_after_having_taken_the_file(content: bytes, said: str) -> None:
    with pytest.raises(TdtError) as caught:
        check_as_tdt(content, AUTORITE)
    assert str(caught.value) == said


def test_the_tdt_accepts_a_good_file_unless_it_knows_no_destination() -> None:
    assert check_as_tdt(pes(), AUTORITE).nom_fic == "PESALR2_21990123800010_260302_001"
    with pytest.raises(TdtError, match="code de destination"):
        check_as_tdt(pes(), Autorite(destination=""))


def test_a_real_file_is_read(shared: Path) -> None:
    content = (shared / "real/helios/HELIOS_SIMU_ALR2_1496987735_826268894.xml").read_bytes()
    found = check_as_tdt(content, AUTORITE)
    assert found.header["CodCol"]
    assert [(b.domaine, b.signed) for b in found.bordereaux] == [(5, False)]
    assert all(pj.readable for pj in found.pieces_jointes)
