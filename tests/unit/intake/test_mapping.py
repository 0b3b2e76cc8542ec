"""Exports with other column titles, read through a correspondance."""

from decimal import Decimal

import pytest

from demat.faults import FaultError
from demat.intake.api import InputFile
from demat.intake.mapping import ExportMapping, load_mapping
from demat.intake.readers.exports import Exports
from tests.conftest import ROOT
from tests.unit.intake.factories import CONTEXT, told

EXPORTS = ROOT / "fixtures" / "exports"


def mapping(stem: str) -> ExportMapping:
    return load_mapping((EXPORTS / f"{stem}.toml").read_bytes(), f"{stem}.toml")


def export(name: str, old: str = "", new: str = "") -> InputFile:
    content = (EXPORTS / name).read_bytes()
    return InputFile(name=name, content=content.replace(old.encode("cp1252"), new.encode("cp1252")))


@pytest.mark.parametrize(
    ("name", "budget", "bordereau", "piece", "compte", "montant", "nom"),
    [
        ("compta.csv", "00", 14, 501, "752", "1240.00", "TRAVAUX DU VALLON"),
        ("cantine.csv", "00", 15, 601, "7067", "86.40", "ARDOISIER"),
        ("eau.xlsx", "02", 3, 31, "70111", "118.44", "TUILLIER"),
        ("paie.csv", "00", 33, 701, "6458", "312.50", "MUTUELLE FICTIVE"),
    ],
)
def test_each_layout_is_read(name, budget, bordereau, piece, compte, montant, nom):
    reader = Exports([mapping(stem) for stem in ("compta", "cantine", "eau", "paie")])
    assert reader.recognises([export(name)])
    reading = reader.read([export(name)], CONTEXT)
    assert told(reading.faults) == []
    (draft,) = reading.drafts
    (found,) = draft.bordereaux
    (ligne,) = found.pieces[0].lignes
    assert (draft.budget.cod_bud, found.numero, found.pieces[0].numero) == (
        budget,
        bordereau,
        piece,
    )
    assert (ligne.nature, ligne.mt_ht, ligne.tiers[0].nom) == (compte, Decimal(montant), nom)


@pytest.mark.parametrize(
    ("name", "old", "new", "faults"),
    [
        ("cantine.csv", "8640", "86,40", [("INT-CENTS", 2, "Dû (cts)")]),
        ("cantine.csv", "12/10/2026", "32/10/2026", [("INT-DATE", 2, "Facturé le")]),
        (
            "paie.csv",
            "MUT;",
            "AUTRE;",
            [("INT-CHOICE", 2, "Rubrique"), ("INT-NUMBER", 2, "Rubrique")],
        ),
        ("compta.csv", "Net", "Brut", [("INT-COLUMN_MISSING", 1, "")]),
        (
            "compta.csv",
            ";ID;",
            ";Rue;",
            [("INT-COLUMN_MISSING", 1, ""), ("INT-COLUMN_DOUBLE", 1, "")],
        ),
    ],
)
def test_a_fault_names_the_column_as_the_export_does(name, old, new, faults):
    reader = Exports([mapping(name.partition(".")[0])])
    reading = reader.read([export(name, old, new)], CONTEXT)
    assert told(reading.faults) == faults
    assert {fault.source for fault in reading.faults} == {name}


def test_two_correspondances_for_one_table_are_not_guessed_between():
    reader = Exports([mapping("eau"), mapping("eau")])
    assert reader.read([export("eau.xlsx")], CONTEXT).faults.codes == ("INT-MAPPING_SEVERAL",)


def test_without_correspondance_nothing_is_recognised():
    assert not Exports([]).recognises([export("eau.xlsx")])


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("nom = ", "nom = =", "CFG-MAPPING_TOML", ""),
        ('kind = "titres"', 'kind = "actes"', "CFG-MAPPING_VALUE", "kind"),
        ("[montants]", "[decoupe]", "CFG-MAPPING_KEY", "decoupe"),
        ("centimes", "cents", "CFG-MAPPING_KEY", "montants"),
        ("prenom =", "prenoms =", "CFG-MAPPING_KEY", "colonnes.prenoms"),
        ("exercice = 2026\n", "", "CFG-MAPPING_MISSING", "colonnes.exercice"),
        ("montant_ht =", "montant_tva =", "CFG-MAPPING_MISSING", None),
        ("compte =", "cp =", "CFG-MAPPING_DOUBLE", None),
        ('"Prénom resp."', '"Famille"', "CFG-MAPPING_DOUBLE", "colonnes.prenom"),
    ],
)
def test_a_wrong_correspondance_is_refused_before_any_row(old, new, code, key):
    text = (EXPORTS / "cantine.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(FaultError) as caught:
        load_mapping(text.replace(old, new, 1).encode(), "cantine.toml")
    faults = {fault.code: fault for fault in caught.value.faults}
    told(caught.value.faults)
    assert faults[code].source == "cantine.toml"
    assert key in (None, faults[code].path)
