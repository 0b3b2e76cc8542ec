"""Spreadsheets of titres and mandats that are wrong: each fault names row, column and remedy."""

import io
import json

import openpyxl
import pytest

from tests.acceptance.bad_input import (
    MANDATS_HEAD,
    MANDATS_ROW,
    PDF,
    TITRES,
    Files,
    assert_given_back,
    assert_kept,
    changed,
    contents,
    csv,
    deposit,
    mandats,
    old_doc,
    seance,
)
from tests.acceptance.conftest import Mairie


def titres(old: str, new: str) -> Files:
    """Return the deposit of an export of titres of which one place is different."""
    return {"titres.csv": changed(TITRES, old, new)}


def xlsx(*rows: list[object]) -> bytes:
    """Return a workbook."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


AMOUNT = (
    "titres.csv, ligne 2, colonne « montant_ht »",
    "La case « montant_ht » contient « {} », qui ne se lit pas comme un montant sûr.",
    "Écrivez le montant avec une virgule et deux décimales",
)
DATE = (
    "titres.csv, ligne 2, colonne « date_bordereau »",
    "La case « date_bordereau » contient « {} », qui n'est pas une date possible.",
    "Écrivez la date sous la forme 31/12/2026.",
)
EMPTY = "Le fichier « {} » est vide (0 octet)."
CLOSED = (
    "Le tableau ne peut pas être ouvert",
    "enregistrez-le de nouveau en CSV, XLSX ou ODS, sans mot de passe",
)

WRONG: dict[str, tuple[Files, tuple[str, ...]]] = {
    "missing column": (
        titres("montant_ht", "montant_net"),
        (
            "titres.csv, ligne 1",
            "La colonne « montant_ht ou montant_ttc » manque (colonnes lues : exercice, num_bord",
            "Ajoutez cette colonne, ou corrigez son titre sur la première ligne.",
        ),
    ),
    "doubled column": (
        titres("detail;", "objet;"),
        (
            "titres.csv, ligne 1",
            "Deux colonnes disent la même chose : « objet ».",
            "Gardez-en une seule.",
        ),
    ),
    "columns of nothing known": (
        {"titres.csv": csv("nom;prenom;telephone", "DUPRE;CAMILLE;0000000000")},
        (
            "titres.csv",
            "Les colonnes du tableau ne sont ni celles d'une liste d'actes, ni celles de titres ou "
            "de mandats (colonnes lues : nom, prenom, telephone).",
        ),
    ),
    "amount in English": (
        titres("86,40", "1,234"),
        tuple(text.format("1,234") for text in AMOUNT),
    ),
    "amount with two marks": (
        titres("86,40", "1.234,50"),
        tuple(text.format("1.234,50") for text in AMOUNT),
    ),
    "amount in words": (titres("86,40", "gratuit"), tuple(t.format("gratuit") for t in AMOUNT)),
    "30 February": (
        titres("12/10/2026;417", "30/02/2026;417"),
        tuple(text.format("30/02/2026") for text in DATE),
    ),
    "thirteenth month": (
        titres("12/10/2026;417", "2026-13-01;417"),
        tuple(text.format("2026-13-01") for text in DATE),
    ),
    "key of a SIRET": (
        titres("90012345600015", "90012345600016"),
        (
            "titres.csv, ligne 4, colonne « siret »",
            "Le SIRET « 90012345600016 » est incorrect : il faut 14 chiffres dont la clé est juste",
        ),
    ),
    "key of an IBAN": (
        mandats(row=MANDATS_ROW.replace("FR7699999000020000065432129", "FR7699999000020000065432")),
        (
            "mandats.csv, ligne 2, colonne « iban »",
            "L'IBAN « FR7699999000020000065432 » est incorrect : sa clé ou sa longueur ne convient",
            "Recopiez-le depuis le relevé d'identité bancaire du tiers.",
        ),
    ),
    "two digits of an IBAN swapped": (
        mandats(row=MANDATS_ROW.replace("0065432129", "0065432192")),
        ("L'IBAN « FR7699999000020000065432192 » est incorrect",),
    ),
    "several faults at once": (
        {
            "titres.csv": changed(
                changed(changed(TITRES, "86,40", "1,234"), "12/10/2026;418", "31/11/2026;418"),
                "90012345600015",
                "90012345600016",
            )
        },
        ("À corriger (3)", "« 1,234 »", "ligne 3", "« 31/11/2026 »", "« 90012345600016 »"),
    ),
    "empty CSV": ({"titres.csv": b""}, (EMPTY.format("titres.csv"), "Exportez-le")),
    "empty workbook": (
        {"seance/actes.xlsx": b"", "seance/acte.pdf": PDF},
        (EMPTY.format("actes.xlsx"),),
    ),
    "titles only": (
        {"titres.csv": TITRES.splitlines(keepends=True)[0]},
        ("titres.csv", "Le tableau ne contient aucune ligne sous ses titres de colonnes."),
    ),
    "damaged workbook": ({"titres.xlsx": b"PK\x03\x04" + bytes(200)}, ("titres.xlsx", *CLOSED)),
    "locked workbook": ({"titres.xlsx": old_doc()}, ("titres.xlsx", *CLOSED)),
    "text renamed as workbook": ({"titres.ods": b"exercice;num_titre"}, ("titres.ods", *CLOSED)),
    "bytes of no text": ({"titres.csv": TITRES + b"\x00"}, ("titres.csv", *CLOSED)),
    "impossible date in a workbook": (
        {
            "titres.xlsx": xlsx(
                *(
                    line.split(";")
                    for line in changed(TITRES, "12/10/2026;417", "30/02/2026;417")
                    .decode("cp1252")
                    .splitlines()
                )
            )
        },
        ("titres.xlsx, ligne 2, colonne « date_bordereau »", "« 30/02/2026 »"),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_table_comes_back_with_a_sentence(strict_mairie: Mairie, case: str) -> None:
    files, sentences = WRONG[case]
    deposit(strict_mairie, files)
    assert_given_back(strict_mairie, strict_mairie.nightly(), files, *sentences)


def test_a_french_comma_is_understood(mairie: Mairie) -> None:
    """``86,40`` and ``1 240,00`` are amounts: the export leaves, with a point."""
    assert b";86,40;" in TITRES
    assert b";1 240,00;" in TITRES
    deposit(mairie, {"titres.csv": TITRES})
    assert mairie.nightly().code == 0
    (flow,) = mairie.flows()
    sent = mairie.kept(flow["sha256"])
    assert b'<MtHT V="86.40"/>' in sent
    assert b'<MtHT V="1240.00"/>' in sent
    assert mairie.landed() == 1


def test_a_bordereau_serves_once(mairie: Mairie) -> None:
    deposit(mairie, {"titres.csv": TITRES})
    mairie.play()
    again = {"encore.csv": changed(TITRES, "86,40", "96,40")}
    deposit(mairie, again)
    assert mairie.nightly().code == 1
    sheet = mairie.sheet("encore")
    assert "encore.csv Le bordereau n° 12 de l'exercice 2026 a déjà été envoyé" in sheet
    assert "N'envoyez pas une seconde fois : regardez d'abord la réponse du comptable" in sheet
    assert contents(mairie.folder / "a-corriger") == list(again.values())
    assert_kept(mairie, again)
    assert (len(mairie.flows()), mairie.landed()) == (1, 1)


def test_the_same_export_twice(mairie: Mairie) -> None:
    deposit(mairie, {"titres.csv": TITRES})
    mairie.play()
    deposit(mairie, {"titres.csv": TITRES})
    assert mairie.nightly().code == 1
    assert "a déjà été envoyé" in mairie.sheet("titres")
    assert contents(mairie.folder / "a-corriger") == [TITRES]
    assert (len(mairie.flows()), mairie.landed()) == (1, 1)


def test_a_wrong_sheet_does_not_take_the_files_of_another(mairie: Mairie) -> None:
    """A damaged spreadsheet that lies beside a good deposit comes back alone."""
    deposit(mairie, {**seance(PDF), "titres.xlsx": b"PK\x03\x04" + bytes(200)})
    assert mairie.nightly().code == 1
    assert len(contents(mairie.folder / "a-corriger")) == 1
    assert contents(mairie.folder / "transmis") == sorted(seance(PDF).values())
    assert mairie.landed() == 1


def test_deposit_names_row_and_column_in_json(
    strict_mairie: Mairie, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sheet = tmp_path_factory.mktemp("bureau") / "mandats.csv"
    sheet.write_bytes(csv(MANDATS_HEAD, MANDATS_ROW.replace(";240,00;", ";1,234;")))
    invoice = sheet.with_name("facture.pdf")
    invoice.write_bytes(PDF)
    answer = strict_mairie.demat("deposit", sheet, invoice, "--json")
    assert answer.code == 1
    (fault,) = answer.json["faults"]
    assert (fault["source"], fault["line"], fault["path"]) == ("mandats.csv", 2, "montant_ht")
    assert "« 1,234 »" in fault["message"]
    assert json.dumps(answer.json["transmissions"]) == "[]"
    assert contents(strict_mairie.folder / "a-corriger") == sorted(
        (sheet.read_bytes(), invoice.read_bytes())
    )
    assert strict_mairie.landed() == 0
