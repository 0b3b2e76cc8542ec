"""Reading what a PES_Aller holds."""

from decimal import Decimal

import pytest

from demat.faults import FaultError
from demat.helios.build import build_pes
from demat.helios.model import Domaine
from demat.helios.read import BordereauFacts, PjFacts, read_boolean, read_montant, read_pes
from demat.helios.read import read_whole as whole
from tests.unit.helios.samples import mandats_reservoir, titre_cantine


def test_a_built_file_reads_back():
    facts = read_pes(build_pes(mandats_reservoir()))
    assert (facts.nom_fic, facts.typ_fic, facts.version) == (
        "PESALR2_21990456200010_260320_001",
        "PESALR2",
        "2",
    )
    assert (facts.id_post, facts.id_coll, facts.cod_col, facts.cod_bud) == (
        "099031",
        "21990456200010",
        "118",
        "02",
    )
    assert facts.bordereaux == (
        BordereauFacts(
            id="BRD2026D0031",
            domaine=Domaine.DEPENSE,
            exercice=2026,
            numero=31,
            typ_bord="01",
            date_emission="2026-03-20",
            nbr_pce=1,
            mt_ht=Decimal("1500.00"),
            mt_tva=Decimal("300.00"),
            pieces=(204,),
            signed=False,
            line=27,
        ),
        BordereauFacts(
            id="BRD2026D0004A",
            domaine=Domaine.DEPENSE,
            exercice=2026,
            numero=4,
            typ_bord="02",
            date_emission="2026-03-20",
            nbr_pce=1,
            mt_ht=Decimal("60.00"),
            mt_tva=None,
            pieces=(9,),
            signed=False,
            line=107,
        ),
    )
    assert facts.pieces_jointes == (
        PjFacts(
            id_unique="21990456200010D2026M000204F1",
            name="FACT_S2_2026.pdf",
            type_pj="003",
            description="Facture situation 2",
            line=165,
        ),
    )


def test_recette_spells_its_elements_otherwise():
    facts = read_pes(build_pes(titre_cantine(dematerialise=True)))
    assert facts.domaines == (Domaine.RECETTE,)
    assert facts.bordereaux[0].mt_ht == Decimal("86.40")
    assert facts.bordereaux[0].pieces == (417,)
    assert facts.dematerialise


@pytest.mark.parametrize(
    ("name", "signed", "libelle"),
    [
        ("HELIOS_SIMU_ALR2_1496987735_826268894.xml", False, "COMMUNE"),
        ("HELIOS_SIMU_ALR2_LibelleColBud_avec_accent.xml", False, "Test é(-è_çà)="),
        ("PESALR2_49101169800000_171227_2045.xml", True, "COMMUNE"),
        ("SHA256_bordereau.xml", True, "COMMUNE"),
    ],
)
def test_real_files(shared, name, signed, libelle):
    facts = read_pes((shared / "real" / "helios" / name).read_bytes())
    assert (facts.id_post, facts.cod_col, facts.cod_bud) == ("034000", "123", "12")
    assert [bordereau.pieces for bordereau in facts.bordereaux] == [(832,)]
    assert [bordereau.signed for bordereau in facts.bordereaux] == [signed]
    assert facts.libelle == libelle
    assert not facts.signed_globally


def test_unreadable_values_are_absent_not_fatal():
    content = build_pes(titre_cantine()).replace(b'<IdBord V="12"/>', b'<IdBord V="douze"/>')
    content = content.replace(b'<MtBordHt V="86.40"/>', b'<MtBordHt V="86,40"/>')
    bordereau = read_pes(content).bordereaux[0]
    assert (bordereau.numero, bordereau.mt_ht) == (0, None)


def test_another_root_is_refused():
    with pytest.raises(FaultError) as caught:
        read_pes(b"<PES_ACQUIT/>")
    assert caught.value.faults.codes == ("XML-ROOT",)


@pytest.mark.parametrize(
    ("text", "expected"), [("1", True), ("true", True), ("0", False), ("", False), ("oui", False)]
)
def test_read_boolean(text, expected):
    assert read_boolean(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60", Decimal(60)), ("60.005", Decimal("60.005")), ("60,00", None), ("-1", None), ("", None)],
)
def test_read_montant(text, expected):
    assert read_montant(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("012", 12), ("0", 0), ("", None), ("1.0", None), ("²", None)]
)
def test_read_whole(text, expected):
    assert whole(text) == expected
