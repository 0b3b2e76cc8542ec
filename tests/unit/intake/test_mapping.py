"""Exports with other column titles, read through a correspondance."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from demat.faults import FaultError
from demat.intake.api import InputFile, Reading
from demat.intake.mapping import ExportMapping, load_mapping
from demat.intake.readers.exports import Exports
from demat.intake.readers.workbooks import Line
from demat.labels_fr.catalogue import explain
from fixtures.make import write_xlsx_book
from tests.conftest import ROOT
from tests.unit.intake.factories import CONTEXT, told

EXPORTS = ROOT / "fixtures" / "exports"


def mapping(stem: str) -> ExportMapping:
    return load_mapping((EXPORTS / f"{stem}.toml").read_bytes(), f"{stem}.toml")


def export(name: str, old: str = "", new: str = "") -> InputFile:
    content = (EXPORTS / name).read_bytes()
    return InputFile(name=name, data=content.replace(old.encode("cp1252"), new.encode("cp1252")))


def lines(reading: Reading) -> list[tuple[object, ...]]:
    """Return budget, type and number of bordereau, pièce, line, account, euros and name of each."""
    assert told(reading.faults) == []
    return [
        (
            *(draft.budget.cod_bud, bordereau.typ_bord, bordereau.numero),
            *(piece.numero, ligne.numero, ligne.nature),
            *(str(ligne.mt_ht), str(ligne.mt_tva or ""), ligne.tiers[0].nom),
        )
        for draft in reading.drafts
        for bordereau in draft.bordereaux
        for piece in bordereau.pieces
        for ligne in piece.lignes
    ]


LAYOUTS = {
    "compta.csv": [
        ("00", "01", 14, 501, 1, "752", "1000.00", "200.00", "TRAVAUX DU VALLON"),
        ("00", "01", 14, 501, 2, "752", "350.00", "", "TRAVAUX DU VALLON"),
        ("00", "01", 14, 502, 1, "752", "350.00", "", "LES CORDES DU LAVOIR"),
        ("00", "01", 15, 503, 1, "7478", "12480.55", "", "CAF DE FICTION"),
        ("02", "01", 4, 32, 1, "7011", "480.00", "48.00", "TRAVAUX DU VALLON"),
    ],
    "cantine.csv": [
        ("00", "01", 25, 601, 1, "7067", "86.40", "", "ARDOISIER"),
        ("00", "01", 25, 602, 1, "7067", "43.20", "", "TUILLIER"),
        ("00", "01", 25, 602, 2, "7067", "48.00", "", "TUILLIER"),
        ("00", "01", 26, 603, 1, "7067", "12.05", "", "ARDOISIER"),
    ],
    "eau.xlsx": [
        ("02", "06", 3, 31, 1, "588", "118.44", "", "TUILLIER"),
        ("02", "06", 3, 32, 1, "588", "86.40", "", "ARDOISIER"),
        ("02", "06", 3, 33, 1, "588", "1250.10", "", "DES PRES"),
    ],
    "paie.ods": [
        ("00", "01", 33, 701, 1, "64111", "18400.00", "", "AGENTS DE LA COMMUNE"),
        ("00", "01", 33, 701, 2, "6458", "312.50", "", "MUTUELLE FICTIVE"),
        ("00", "01", 33, 701, 3, "6453", "6255.00", "", "CAISSE DE RETRAITE FICTIVE"),
    ],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_is_read(name):
    reader = Exports([mapping(stem) for stem in ("compta", "cantine", "eau", "paie")])
    assert reader.recognises([export(name)])
    assert lines(reader.read([export(name)], CONTEXT)) == LAYOUTS[name]


@pytest.mark.parametrize(
    ("name", "old", "new", "faults"),
    [
        ("cantine.csv", "8640", "86,40", [("INT-CENTS", 2, "Dû (cts)", "86,40")]),
        ("cantine.csv", "13/10/2026", "32/10/2026", [("INT-DATE", 5, "Facturé le", "32/10/2026")]),
        # the titles are on the fourth row, the first one with a title alone in it
        ("compta.csv", ";CAF;9002", ";SYNDIC;9002", [("INT-CHOICE", 9, "Cat", "SYNDIC")]),
        ("compta.csv", "Mt HT", "Brut", [("INT-COLUMN_MISSING", 4, "", None)]),
        ("compta.csv", "Total bordereau 15", "Bordereau 15", [("INT-NUMBER", 10, "Exo", None)]),
        (
            "compta.csv",
            ";ID;",
            ";Rue;",
            [("INT-COLUMN_MISSING", 4, "", None), ("INT-COLUMN_DOUBLE", 4, "", None)],
        ),
    ],
)
def test_a_fault_names_the_column_as_the_export_does(name, old, new, faults):
    reader = Exports([mapping(name.partition(".")[0])])
    reading = reader.read([export(name, old, new)], CONTEXT)
    found = [(*where, fault.params.get("value")) for where, fault in _with(reading)]
    for expected in faults:
        assert expected in [(*one[:3], one[3] if expected[3] else None) for one in found]
    assert {fault.source for fault in reading.faults} == {name}
    assert reading.drafts == ()


def _with(reading: Reading):
    return zip(told(reading.faults), reading.faults, strict=True)


def workbook(**sheets: Sequence[Sequence[object]]) -> InputFile:
    out = io.BytesIO()
    write_xlsx_book(out, sheets)
    return InputFile(name="classeur.xlsx", data=out.getvalue())


TITLES = ["Rôle", "Abonné", "m3", "Date rôle", "Article", "N° facture", "Trim.", "Prénom", "Civ."]
TITLES += ["Période", "TTC", "Rue", "CP", "Localité"]
BILL = [3, "TUILLIER", "42 m3", "19/10/2026", 31, "2026000031", 3, "OCTAVE", "M.", "EAU", 118.44]
BILL += ["3 IMPASSE DE LA FORGE", "99120", "SAINT-EXEMPLE-LES-FICTION"]


def test_a_fault_names_the_sheet_of_a_workbook_that_has_several():
    wrong = ["9912" if cell == "99120" else cell for cell in BILL]
    file = workbook(Tarifs=[["m3"], [2]], Factures=[["Régie"], TITLES, BILL, wrong])
    reading = Exports([mapping("eau")]).read([file], CONTEXT)
    (fault,) = reading.faults
    assert (fault.code, fault.line, fault.path) == ("INT-CP", 4, "Factures!CP")
    explained = explain(fault)
    assert explained.where == "classeur.xlsx, ligne 4, feuille « Factures », colonne « CP »"
    assert explained.sentence == (
        "Le code postal « 9912 » est incorrect : 5 chiffres sont attendus."
    )


def test_the_sheet_that_the_correspondance_names_is_read():
    other = [[cell if cell != 31 else 99 for cell in row] for row in (TITLES, BILL)]
    file = workbook(Brouillon=other, Factures=[TITLES, BILL])
    (line,) = lines(Exports([mapping("eau")]).read([file], CONTEXT))
    assert line[3] == 31
    assert not Exports([mapping("eau")]).recognises([workbook(Autre=[TITLES, BILL])])


def test_several_sheets_that_could_be_read_are_not_chosen_between():
    unnamed = replace(mapping("eau"), feuille="")
    assert unnamed.find(workbook(Tarifs=[["m3"], [2]], Autre=[TITLES, BILL]))
    file = workbook(Octobre=[TITLES, BILL], Novembre=[TITLES, BILL])
    (fault,) = Exports([unnamed]).read([file], CONTEXT).faults
    assert (fault.code, fault.params["names"]) == ("INT-SHEET_SEVERAL", "Octobre, Novembre")
    told([fault])


def test_only_the_rows_that_are_marked_are_left_out():
    total = ["TOTAL", "", *BILL[2:]]
    bordered = [*BILL[:1], "Total Energie", *BILL[2:]]
    file = workbook(Factures=[TITLES, BILL, total])
    assert len(lines(Exports([mapping("eau")]).read([file], CONTEXT))) == 1
    # « Total » marks the column Rôle alone, and the whole cell
    kept = workbook(Factures=[TITLES, [*bordered[:4], 32, *bordered[5:]]])
    assert [line[8] for line in lines(Exports([mapping("eau")]).read([kept], CONTEXT))] == [
        "Total Energie"
    ]
    longer = workbook(Factures=[TITLES, ["Total 3", *BILL[1:]]])
    assert told(Exports([mapping("eau")]).read([longer], CONTEXT).faults)[0][0] == "INT-NUMBER"


def test_the_columns_are_checked_before_any_row_is_read():
    mapped = mapping("compta")
    (table,) = mapped.find(export("compta.csv", "Mt HT", "Brut"))

    def never() -> Iterator[Line]:
        raise AssertionError("a row was read")
        yield

    with pytest.raises(FaultError) as caught:
        mapped.apply(replace(table, lines=never))
    assert caught.value.faults.codes == ("INT-COLUMN_MISSING",)


def test_two_correspondances_for_one_table_are_not_guessed_between():
    reader = Exports([mapping("eau"), mapping("eau")])
    assert reader.read([export("eau.xlsx")], CONTEXT).faults.codes == ("INT-MAPPING_SEVERAL",)


def test_without_correspondance_nothing_is_recognised():
    assert not Exports([]).recognises([export("eau.xlsx")])


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("nom = ", "nom = =", "CFG-MAPPING_TOML", ""),
        ('kind = "titres"', 'kind = "factures"', "CFG-MAPPING_VALUE", "kind"),
        ("[montants]", "[decoupe]", "CFG-MAPPING_KEY", "decoupe"),
        ("centimes", "cents", "CFG-MAPPING_KEY", "montants"),
        ("prenom =", "prenoms =", "CFG-MAPPING_KEY", "colonnes.prenoms"),
        ("exercice = 2026\n", "", "CFG-MAPPING_MISSING", "colonnes.exercice"),
        ("montant_ht =", "montant_tva =", "CFG-MAPPING_MISSING", None),
        ("compte =", "cp =", "CFG-MAPPING_DOUBLE", None),
        ('"Prénom resp."', '"Famille"', "CFG-MAPPING_DOUBLE", "colonnes.prenom"),
        ("kind =", "feuille = 2\nkind =", "CFG-MAPPING_VALUE", "feuille"),
        ('["Total"]', '"Total"', "CFG-MAPPING_VALUE", "ignorer.Famille"),
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


# ---------------------------------------------------------------------------- lists of acts

DOCUMENTS = {
    "assemblees.csv": ("DEL_061", "DEL_062", "DEL_062_plan", "DEL_062_devis", "DEC_009"),
    "registre.xlsx": ("AR_2026_031", "AI_2026_018", "CC_2026_004", "CC_2026_004_annexe"),
}


def acts(name: str, source: InputFile | None = None) -> Reading:
    reader = Exports([mapping(stem) for stem in ("assemblees", "registre", "compta")])
    documents = [InputFile(name=f"{stem}.pdf", data=stem.encode()) for stem in DOCUMENTS[name]]
    files = [source or export(name), *documents]
    assert reader.recognises(files)
    assert reader.lists_actes(files)
    return reader.read(files, CONTEXT)


def test_the_list_of_a_seance_is_read_without_its_drafts():
    reading = acts("assemblees.csv")
    assert (reading.kind, told(reading.faults)) == ("seance", [])
    assert [
        (one.acte.numero, one.acte.nature.abrege, one.acte.matiere, one.acte.objet)
        for one in reading.drafts
    ] == [
        ("2026_061", "DE", (7, 10), "Tarifs de la cantine ; rentrée"),
        ("2026_062", "DE", (7, 5), "Demande de subvention"),
        ("DEC_2026_009", "DE", (1, 4), "Contrat d'entretien"),
    ]
    first, second, _ = reading.drafts
    assert [piece.content for piece in (second.acte.document, *second.acte.annexes)] == [
        b"DEL_062",
        b"DEL_062_plan",
        b"DEL_062_devis",
    ]
    assert (first.acte.document_papier, second.acte.document_papier) == (False, True)
    assert first.extra == {
        "vote_effectif": "15",
        "vote_reel": "14",
        "vote_pour": "14",
        "vote_contre": "0",
        "vote_abstention": "0",
        "signataire": "Camille Dupré",
        "qualite": "Maire",
    }


def test_a_register_in_words_is_read():
    reading = acts("registre.xlsx")
    assert told(reading.faults) == []
    assert [
        (one.acte.numero, one.acte.nature.abrege, one.acte.matiere, str(one.acte.date_decision))
        for one in reading.drafts
    ] == [
        ("AR_2026_031", "AR", (6, 1), "2026-11-02"),
        ("AI_2026_018", "AI", (4, 1), "2026-11-09"),
        ("CC_2026_004", "CC", (7, 10), "2026-11-09"),
    ]
    assert reading.drafts[2].acte.precedent == "099-000000000-20261008-2026_041-DE"
    assert [piece.content for piece in reading.drafts[2].acte.annexes] == [b"CC_2026_004_annexe"]


def test_what_is_wrong_in_a_list_of_acts_is_told_with_its_own_titles():
    source = export("assemblees.csv", "DECIS", "MOTION")
    reading = acts("assemblees.csv", source)
    assert told(reading.faults) == [("INT-CHOICE", 7, "Type")]
    (fault,) = reading.faults
    assert fault.params["known"] == "conv, decis, delib"


def test_an_export_without_numbers_waits_when_the_authority_numbers_its_acts():
    series = iter(("2026_100", "2026_101"))
    context = replace(CONTEXT, propose_numero=lambda nature, day, taken: next(series))
    source = InputFile(
        name="assemblees.csv",
        data=(EXPORTS / "assemblees.csv").read_bytes().replace(b"2026_061", b""),
    )
    documents = [
        InputFile(name=f"{stem}.pdf", data=b"%PDF") for stem in DOCUMENTS["assemblees.csv"]
    ]
    reading = Exports([mapping("assemblees")]).read([source, *documents], context)
    assert told(reading.faults) == []
    assert [one.cells["numero"] for one in reading.proposals] == [
        *("2026_100", "2026_062", "DEC_2026_009"),
    ]
    assert reading.proposals[0].cells["fichier"] == r"C:\Seances\2026-11-05\DEL_061.pdf"
    assert reading.proposals[0].cells["signataire"] == "Camille Dupré"


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('matiere = "Nomencl."', "", "CFG-MAPPING_MISSING", "colonnes.matiere"),
        ('numero = "N° délib"', "", "CFG-MAPPING_MISSING", "colonnes.numero"),
        ('type = "Typo"', 'montant = "Typo"', "CFG-MAPPING_KEY", "colonnes.montant"),
        ('papier = "Multicanal"', "", "CFG-MAPPING_KEY", "valeurs.papier"),
        ('kind = "actes"', 'kind = "acte"', "CFG-MAPPING_VALUE", "kind"),
    ],
)
def test_a_list_of_acts_is_checked_like_the_others(old, new, code, key):
    text = (EXPORTS / "assemblees.toml").read_text("utf-8")
    assert old in text
    with pytest.raises(FaultError) as caught:
        load_mapping(text.replace(old, new).encode(), "assemblees.toml")
    assert [(fault.code, fault.params["key"]) for fault in caught.value.faults] == [(code, key)]
