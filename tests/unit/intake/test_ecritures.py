"""Exports of titres and mandats."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from demat.faults import Severity
from demat.helios.model import (
    Adresse,
    Bordereau,
    Compte,
    Dgp,
    Domaine,
    Ligne,
    PieceComptable,
    PieceJointe,
    PJRef,
    RattachPiece,
    Tiers,
)
from demat.intake.api import InputFile, PesDraft, Reading
from demat.intake.readers.ecritures import Mandats, Titres
from demat.labels_fr.catalogue import sentence
from tests.unit.intake.factories import (
    CONTEXT,
    EAU,
    MANDAT,
    PRINCIPAL,
    TITRE,
    pdf,
    table,
    told,
)

IBAN = "FR7699999000020000065432129"


def titres(*records: dict[str, object], documents=(), kind="csv", context=CONTEXT) -> Reading:
    files = [table(*records, name=f"titres.{kind}"), *documents]
    assert Titres().recognises(files)
    return Titres().read(files, context)


def mandats(*records: dict[str, object], documents=(), kind="csv", context=CONTEXT) -> Reading:
    files = [table(*records, name=f"mandats.{kind}"), *documents]
    assert Mandats().recognises(files)
    return Mandats().read(files, context)


def drafts(reading: Reading) -> tuple[PesDraft, ...]:
    assert told(reading.faults) == []
    return reading.drafts


def bordereau(reading: Reading) -> Bordereau:
    (draft,) = drafts(reading)
    (found,) = draft.bordereaux
    return found


def piece(reading: Reading) -> PieceComptable:
    (found,) = bordereau(reading).pieces
    return found


def ligne(reading: Reading) -> Ligne:
    (found,) = piece(reading).lignes
    return found


def tiers(reading: Reading) -> Tiers:
    (found,) = ligne(reading).tiers
    return found


def without(record: dict[str, str], *columns: str) -> dict[str, str]:
    return {key: value for key, value in record.items() if key not in columns}


# ------------------------------------------------------------------------- whole values


def test_a_whole_titre():
    record = {
        **TITRE,
        "detail": "18 repas à 4,80 €",
        "service": "ENF",
        "code_tiers": "FAM00231",
        "date_asap": "16/10/2026",
        "cumul_annuel": "18 250,40",
        "date_naissance": "01/02/1980",
        "pj_fichier": "facture.pdf",
        "pj_libelle": "Facture de cantine",
    }
    facture = pdf("facture.pdf")
    reading = titres(record, documents=[facture])
    unique = "21990123800010R2026T000417A1"
    assert reading == Reading(
        kind="titres",
        drafts=(
            PesDraft(
                budget=PRINCIPAL,
                domaine=Domaine.RECETTE,
                bordereaux=(
                    Bordereau(
                        id="BRD2026R0012",
                        domaine=Domaine.RECETTE,
                        exercice=2026,
                        numero=12,
                        date_emission=date(2026, 10, 12),
                        typ_bord="01",
                        mt_cumul_annuel=Decimal("18250.40"),
                        pieces=(
                            PieceComptable(
                                numero=417,
                                typ_pce="01",
                                nat_pce="01",
                                objet="CANTINE SCOLAIRE SEPTEMBRE",
                                service="ENF",
                                date_asap=date(2026, 10, 16),
                                pj=(PJRef(id_unique=unique, name="facture.pdf"),),
                                lignes=(
                                    Ligne(
                                        numero=1,
                                        objet="18 repas à 4,80 EUR",
                                        nature="7067",
                                        fonction="281",
                                        code_produit="CANT",
                                        mt_ht=Decimal("86.40"),
                                        tiers=(
                                            Tiers(
                                                ref_tiers="FAM00231",
                                                cat_tiers="01",
                                                nat_jur="01",
                                                civilite="mme",
                                                nom="ARDOISIER",
                                                prenom="LUCILE",
                                                date_naissance=date(1980, 2, 1),
                                                adresse=Adresse(
                                                    adr2="14 RUE DU LAVOIR",
                                                    cp="99120",
                                                    ville="SAINT-EXEMPLE-LES-FICTION",
                                                ),
                                            ),
                                        ),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
                pieces_jointes=(
                    PieceJointe(
                        id_unique=unique,
                        name="facture.pdf",
                        source=facture.open,
                        mime_type="application/pdf",
                        type_pj="002",
                        description="Facture de cantine",
                    ),
                ),
                where="titres.csv",
            ),
        ),
    )


def test_a_whole_mandat():
    record = {
        **MANDAT,
        "num_facture": "2026-0912",
        "libelle_virement": "FACTURE 0912",
        "date_reception": "02/10/2026",
        "date_limite": "01/11/2026",
        "montant_tva": "48",
        "marche": "2026M001",
        "pj_fichier": "facture.pdf",
    }
    (draft,) = drafts(mandats(record, documents=[pdf("facture.pdf")]))
    assert draft.bordereaux == (
        Bordereau(
            id="BRD2026D0031",
            domaine=Domaine.DEPENSE,
            exercice=2026,
            numero=31,
            date_emission=date(2026, 10, 20),
            typ_bord="01",
            pieces=(
                PieceComptable(
                    numero=204,
                    typ_pce="01",
                    nat_pce="01",
                    objet="FOURNITURES DE BUREAU",
                    pj=(PJRef(id_unique="21990123800010D2026M000204A1", name="facture.pdf"),),
                    dgp=Dgp(debut=date(2026, 10, 2), fin=date(2026, 11, 1), duree=30),
                    lignes=(
                        Ligne(
                            numero=1,
                            nature="6064",
                            mt_ht=Decimal("240.00"),
                            mt_tva=Decimal("48.00"),
                            mode_reglement="03",
                            facture="2026-0912",
                            lib_vir1="FACTURE 0912",
                            marche="2026M001",
                            tiers=(
                                Tiers(
                                    id_tiers="90067890500028",
                                    nat_id_tiers="01",
                                    cat_tiers="50",
                                    nat_jur="03",
                                    nom="FOURNITURES LERAND",
                                    adresse=Adresse(
                                        adr2="22 AVENUE DES FORGES", cp="99200", ville="CLAIRVALLON"
                                    ),
                                    compte=Compte(
                                        iban=IBAN, bic="DEMOFRPPXXX", titulaire="FOURNITURES LERAND"
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
    assert [joined.type_pj for joined in draft.pieces_jointes] == ["003"]
    assert draft.domaine is Domaine.DEPENSE


# ------------------------------------------------------------ pièces, bordereaux, budgets


def test_rows_of_one_titre_need_not_follow_each_other():
    reading = titres(
        TITRE,
        {**TITRE, "num_titre": "418"},
        {**TITRE, "montant_ht": "10", "compte": "7066"},
    )
    first, second = bordereau(reading).pieces
    assert [(one.numero, one.nature, one.mt_ht) for one in first.lignes] == [
        (1, "7067", Decimal("86.40")),
        (2, "7066", Decimal("10.00")),
    ]
    assert (first.numero, second.numero, len(second.lignes)) == (417, 418, 1)


def test_numbers_of_lines_may_be_given():
    reading = titres({**TITRE, "num_ligne": "3"}, {**TITRE, "num_ligne": ""})
    assert [one.numero for one in piece(reading).lignes] == [3, 2]


def test_each_budget_has_its_own_draft():
    reading = titres(TITRE, {**TITRE, "budget": "02"}, {**TITRE, "num_titre": "418"})
    first, second = drafts(reading)
    assert [(d.budget, [p.numero for p in d.bordereaux[0].pieces]) for d in (first, second)] == [
        (PRINCIPAL, [417, 418]),
        (EAU, [417]),
    ]


def test_budgets_with_the_same_code_are_not_mixed():
    ccas = replace(PRINCIPAL, cod_col="046", libelle="CCAS", siret="21990456200010")
    reading = titres(
        TITRE,
        {**TITRE, "budget": "ccas", "num_titre": "9"},
        context=replace(CONTEXT, budgets=(PRINCIPAL, ccas)),
    )
    assert [(d.budget.libelle, d.bordereaux[0].pieces[0].numero) for d in drafts(reading)] == [
        ("SAINT-EXEMPLE-LES-FICTION", 417),
        ("CCAS", 9),
    ]


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("00", PRINCIPAL),
        ("0", PRINCIPAL),
        ("02", EAU),
        ("2", EAU),
        ("Eau de Saint-Exemple", EAU),
    ],
)
def test_the_budget_by_its_code_or_its_name(written, budget):
    (draft,) = drafts(titres({**TITRE, "budget": written}))
    assert draft.budget == budget


@pytest.mark.parametrize("written", ["07", "—", "?", "eau"])
def test_an_unknown_budget(written):
    reading = titres({**TITRE, "budget": written})
    assert told(reading.faults) == [("INT-BUDGET_UNKNOWN", 2, "budget")]
    (fault,) = reading.faults
    assert sentence(fault) == f"Le budget « {written} » n'est pas connu."
    assert fault.params["known"] == "00 (SAINT-EXEMPLE-LES-FICTION), 02 (EAU DE SAINT-EXEMPLE)"


def test_a_budget_unsaid_is_the_only_one_or_a_fault():
    assert told(titres({**TITRE, "budget": ""}).faults) == [("INT-BUDGET_UNSAID", 2, "budget")]
    context = replace(CONTEXT, budgets=(EAU,))
    (draft,) = drafts(titres(without(TITRE, "budget"), context=context))
    assert draft.budget == EAU


def test_a_budget_whose_code_has_one_character():
    budget = replace(EAU, cod_bud="A")
    context = replace(CONTEXT, budgets=(PRINCIPAL, budget))
    (draft,) = drafts(titres({**TITRE, "budget": "a"}, context=context))
    assert draft.budget == budget


def test_the_same_number_in_two_types_of_bordereau():
    reading = titres(
        {**TITRE, "pj_fichier": "a.pdf"},
        {**TITRE, "type": "réduction", "titre_origine": "400", "pj_fichier": "b.pdf"},
        documents=[pdf("a.pdf", b"a"), pdf("b.pdf", b"b")],
    )
    (draft,) = drafts(reading)
    assert [(b.id, b.typ_bord, b.numero) for b in draft.bordereaux] == [
        ("BRD2026R0012", "01", 12),
        ("BRD2026R0012T02", "02", 12),
    ]
    assert {joined.id_unique: joined.open().read() for joined in draft.pieces_jointes} == {
        "21990123800010R2026T000417A1": b"a",
        "21990123800010R2026T000417T02A1": b"b",
    }


def test_a_piece_with_lines_of_two_types():
    reading = titres(TITRE, {**TITRE, "type": "investissement"})
    assert told(reading.faults) == [("INT-PIECE_MIXED", 3, "type")]
    assert reading.drafts == ()


def test_a_bordereau_with_two_dates():
    reading = titres(TITRE, {**TITRE, "num_titre": "418", "date_bordereau": "13/10/2026"})
    assert told(reading.faults) == [("INT-BORDEREAU_DATES", 3, "date_bordereau")]
    assert sentence(next(iter(reading.faults))) == (
        "Le bordereau n° 12 porte deux dates : 12/10/2026, puis 13/10/2026."
    )


# --------------------------------------------------------------------- types and origins


@pytest.mark.parametrize(
    ("written", "triplet"),
    [
        ("", ("01", "01", "01")),
        ("Titre", ("01", "01", "01")),
        ("Investissement", ("01", "01", "02")),
    ],
)
def test_types_of_titres(written, triplet):
    reading = titres({**TITRE, "type": written})
    found = piece(reading)
    assert (bordereau(reading).typ_bord, found.typ_pce, found.nat_pce) == triplet
    assert ligne(reading).rattachement is None


@pytest.mark.parametrize(
    ("written", "triplet"),
    [
        ("", ("01", "01", "01")),
        ("marché", ("01", "09", "01")),
        ("Marché investissement", ("01", "09", "02")),
        ("régie", ("01", "01", "05")),
        ("paie", ("01", "01", "11")),
    ],
)
def test_types_of_mandats(written, triplet):
    reading = mandats({**MANDAT, "type": written})
    found = piece(reading)
    assert (bordereau(reading).typ_bord, found.typ_pce, found.nat_pce) == triplet


def test_an_unknown_type():
    reading = titres({**TITRE, "type": "avoir"})
    assert told(reading.faults) == [("INT-CHOICE", 2, "type")]
    assert next(iter(reading.faults)).params["value"] == "avoir"


@pytest.mark.parametrize(
    ("columns", "origin"),
    [
        (
            {"type": "réduction", "titre_origine": "400"},
            RattachPiece(nature="01", exercice=2026, piece=400, ligne=1),
        ),
        (
            {
                **{"type": "annulation", "titre_origine": "400"},
                **{"exercice_origine": "2025", "ligne_origine": "4"},
            },
            RattachPiece(nature="01", exercice=2025, piece=400, ligne=4),
        ),
        (
            {"type": "régularisation", "titre_origine": "77", "ligne_origine": "1"},
            RattachPiece(nature="03", exercice=2026, piece=77, ligne=None),
        ),
        (
            {"type": "titre", "titre_origine": "77"},
            RattachPiece(nature="01", exercice=2026, piece=77, ligne=1),
        ),
    ],
)
def test_the_piece_that_a_titre_corrects(columns, origin):
    assert ligne(titres({**TITRE, **columns})).rattachement == origin


def test_the_mandat_that_a_mandat_reduces():
    record = {**MANDAT, "type": "réduction", "mandat_origine": "100"}
    assert ligne(mandats(record)).rattachement == RattachPiece(
        nature="01", exercice=2026, piece=100, ligne=1
    )


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("réduction", "titre_origine"),
        ("annulation", "titre_origine"),
        ("contre-passation", "titre_origine"),
        ("régularisation", "encaissement_origine"),
        ("annulation mandat", "mandat_origine"),
        ("majoration", "liste_majoration"),
    ],
)
def test_a_correction_names_what_it_corrects(written, column):
    reading = titres({**TITRE, "type": written})
    assert told(reading.faults) == [("INT-CELL_EMPTY", 2, column)]


# ------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("written", "amount"),
    [("86,40", "86.40"), ("1\u00a0240,00", "1240.00"), ("1 240", "1240.00"), ("0,5", "0.50")],
)
def test_amounts(written, amount):
    assert ligne(titres({**TITRE, "montant_ht": written})).mt_ht == Decimal(amount)


@pytest.mark.parametrize("written", [86.4, 86.39999999999999, "86.4", "86,40 €"])
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_amounts_of_a_spreadsheet_program(written, kind):
    found = ligne(titres({**TITRE, "montant_ht": written}, kind=kind))
    assert found.mt_ht == Decimal("86.40")


@pytest.mark.parametrize("written", ["1,234", "1.234,50", "12,345", "gratuit", 12.345])
def test_an_amount_that_could_be_two(written):
    reading = titres({**TITRE, "montant_ht": written}, kind="xlsx")
    assert told(reading.faults) == [("INT-AMOUNT", 2, "montant_ht")]
    assert f"contient « {written} »" in sentence(next(iter(reading.faults)))


@pytest.mark.parametrize(
    ("column", "written"), [("montant_ht", "-5"), ("montant_tva", "-1"), ("montant_ttc", "-5")]
)
def test_a_negative_amount_is_refused(column, written):
    reading = titres({**without(TITRE, "montant_ht"), "montant_ht": "", column: written})
    assert ("INT-NEGATIVE", 2, column) in told(reading.faults)


@pytest.mark.parametrize(
    ("columns", "ht", "tva"),
    [
        ({"montant_ttc": "86,40"}, "86.40", None),
        ({"montant_ttc": "120", "montant_tva": "20"}, "100.00", "20.00"),
        ({"montant_ttc": "120", "montant_tva": "20", "montant_ht": "100"}, "100.00", "20.00"),
        ({"montant_ht": "100", "montant_tva": "0"}, "100.00", None),
        ({"montant": "100"}, "100.00", None),
    ],
)
def test_with_and_without_tva(columns, ht, tva):
    found = ligne(titres({**without(TITRE, "montant_ht"), **columns}))
    assert (found.mt_ht, found.mt_tva) == (Decimal(ht), None if tva is None else Decimal(tva))


@pytest.mark.parametrize("tva", ["", "21"])
def test_amounts_that_do_not_agree(tva):
    reading = titres({**TITRE, "montant_ht": "100", "montant_tva": tva, "montant_ttc": "120"})
    assert told(reading.faults) == [("INT-TTC", 2, "montant_ttc")]
    assert sentence(next(iter(reading.faults))) == (
        "Les montants ne s'accordent pas : 100.00 hors taxes et "
        f"{tva + '.00' if tva else '0'} de TVA ne font pas 120.00 TTC."
    )


def test_a_row_without_amount():
    assert told(titres({**TITRE, "montant_ht": ""}).faults) == [("INT-CELL_EMPTY", 2, "montant_ht")]


# -------------------------------------------------------------------------------- codes


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_leading_zeros_of_codes_are_kept(kind):
    record = {**TITRE, "fonction": "020", "operation": "0012", "code_produit": "0001"}
    found = ligne(titres(record, kind=kind))
    assert (found.fonction, found.operation, found.code_produit) == ("020", "0012", "0001")


@pytest.mark.parametrize(("fonction", "warned"), [(20, True), (1, True), (281, False)])
def test_a_fonction_held_as_a_number_may_have_lost_its_zero(fonction, warned):
    reading = titres({**TITRE, "fonction": fonction}, kind="xlsx")
    assert told(reading.faults) == ([("INT-FONCTION_NUMBER", 2, "fonction")] if warned else [])
    assert all(fault.severity is Severity.WARNING for fault in reading.faults)
    assert len(reading.drafts) == 1


def test_a_postal_code_that_lost_its_zero():
    reading = titres({**TITRE, "cp": 1000}, kind="xlsx")
    assert told(reading.faults) == [("INT-CP", 2, "cp")]


def test_numbers_held_as_numbers():
    record = {**TITRE, "exercice": 2026, "num_bordereau": 12, "num_titre": 417, "compte": 7067}
    found = titres({**record, "date_bordereau": date(2026, 10, 12), "budget": 0}, kind="ods")
    assert bordereau(found) == bordereau(titres(TITRE))


# ------------------------------------------------------------------------ faults of cells


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("exercice", "", "INT-CELL_EMPTY"),
        ("exercice", "vingt", "INT-NUMBER"),
        ("num_bordereau", "", "INT-CELL_EMPTY"),
        ("num_titre", "T417", "INT-NUMBER"),
        ("date_bordereau", "30/02/2026", "INT-DATE"),
        ("date_bordereau", "", "INT-CELL_EMPTY"),
        ("objet", "", "INT-CELL_EMPTY"),
        ("objet", "x" * 161, "INT-TOO_LONG"),
        ("objet", "œ" * 81, "INT-TOO_LONG"),
        ("detail", "x" * 161, "INT-TOO_LONG"),
        ("compte", "", "INT-CELL_EMPTY"),
        ("compte", "7067A", "INT-NUMBER"),
        ("code_produit", "", "INT-CELL_EMPTY"),
        ("code_produit", "CANTINE", "INT-TOO_LONG"),
        ("service", "SERVICE ENFANCE", "INT-TOO_LONG"),
        ("operation", "12345678901", "INT-TOO_LONG"),
        ("nom", "", "INT-CELL_EMPTY"),
        ("nom", "x" * 39, "INT-TOO_LONG"),
        ("adresse2", "", "INT-CELL_EMPTY"),
        ("cp", "", "INT-CELL_EMPTY"),
        ("cp", "9912", "INT-CP"),
        ("cp", "9912A", "INT-CP"),
        ("ville", "", "INT-CELL_EMPTY"),
        ("pays", "Allemagne", "INT-COUNTRY"),
        ("siret", "21990123800011", "INT-SIRET"),
        ("siret", "219901237", "INT-SIRET"),
        ("siren", "219901239", "INT-SIREN"),
        ("iban", "FR7699999000020000065432128", "INT-IBAN"),
        ("type_tiers", "famille", "INT-CHOICE"),
        ("type_tiers", "", "INT-TIERS_TYPE"),
        ("civilite", "Maître", "INT-CHOICE"),
        ("code_tiers", "x" * 31, "INT-TOO_LONG"),
        ("date_naissance", "31/02/1980", "INT-DATE"),
        ("cumul_annuel", "1,234", "INT-AMOUNT"),
        ("taux_tva", "vingt", "INT-AMOUNT"),
        ("date_asap", "2026", "INT-DATE"),
        ("triplet", "01-09", "INT-TRIPLET"),
        ("triplet", "01-08-01", "INT-TRIPLET"),  # a kind of mandat
        ("edition", "papier", "INT-CHOICE"),
        ("num_dette", "F-2026", "INT-NUMBER"),
        ("periode", "10", "INT-TOO_LONG"),
        ("num_facture", "x" * 21, "INT-TOO_LONG"),
        ("date_majoration", "hier", "INT-DATE"),
        ("pj_id_unique", "A-1", "INT-ID_UNIQUE"),
        ("titre_origine", "quatre", "INT-NUMBER"),
        ("num_ligne", "un", "INT-NUMBER"),
    ],
)
def test_each_wrong_cell_is_named_with_its_row(column, value, code):
    record = {**TITRE, "adresse2": TITRE["adresse"]}
    record = {**without(record, "adresse"), "prenom": "" if column == "type_tiers" else "LUCILE"}
    reading = titres(record, {**record, "num_titre": "418", column: value})
    assert told(reading.faults.blocking)[-1] == (code, 3, column)
    assert {line for _, line, _ in told(reading.faults)} <= {2, 3}
    assert reading.drafts == ()


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("date_reception", "31/11/2026", "INT-DATE"),
        ("date_limite", "demain", "INT-DATE"),
        ("delai", "trente", "INT-NUMBER"),
        ("delai", "999999999", "INT-TOO_LONG"),
        ("date_echeance", "demain", "INT-DATE"),
        ("triplet", "06-15-01", "INT-TRIPLET"),  # a kind of titre
        ("mode_reglement", "troc", "INT-CHOICE"),
    ],
)
def test_each_wrong_cell_of_a_mandat_is_named_with_its_row(column, value, code):
    reading = mandats(MANDAT, {**MANDAT, "num_mandat": "205", column: value})
    assert told(reading.faults.blocking)[0] == (code, 3, column)
    assert {fault.params["value"] for fault in reading.faults} >= {value}


def test_a_wrong_bic_is_named():
    reading = mandats({**MANDAT, "bic": "DEMOFR"})
    assert told(reading.faults) == [("INT-BIC", 2, "bic")]
    assert sentence(next(iter(reading.faults))) == "Le BIC « DEMOFR » est incorrect."


def test_all_the_faults_of_a_row_are_told_at_once():
    reading = titres(
        {
            **without(TITRE, "type_tiers", "prenom"),
            **{"montant_ht": "1,234", "cp": "991", "iban": "FR00", "budget": "9"},
            **{"detail": "x" * 200, "pj_fichier": "absent.pdf"},
        }
    )
    assert {code for code, _, _ in told(reading.faults)} == {
        *("INT-AMOUNT", "INT-CP", "INT-IBAN", "INT-BUDGET_UNKNOWN", "INT-TIERS_TYPE"),
        *("INT-TOO_LONG", "INT-FILE_MISSING"),
    }


@pytest.mark.parametrize("column", ["num_facture", "libelle_virement", "objet", "titulaire"])
def test_limits_of_mandats(column):
    limit = {"num_facture": 20, "libelle_virement": 70, "objet": 100, "titulaire": 32}[column]
    assert told(mandats({**MANDAT, column: "x" * limit}).faults) == []
    reading = mandats({**MANDAT, column: "x" * (limit + 1)})
    assert told(reading.faults) == [("INT-TOO_LONG", 2, column)]
    (fault,) = reading.faults
    assert (fault.params["limit"], fault.params["size"]) == (str(limit), str(limit + 1))


def test_missing_columns():
    reading = titres(without(TITRE, "montant_ht", "code_produit"))
    assert [sentence(fault).partition(" (")[0] for fault in reading.faults] == [
        "La colonne « code_produit » manque",
        "La colonne « montant_ht ou montant_ttc » manque",
    ]


# --------------------------------------------------------------------------------- tiers


@pytest.mark.parametrize(
    ("columns", "category"),
    [
        ({"type_tiers": "particulier"}, ("01", "01")),
        ({"type_tiers": "Artisan"}, ("01", "02")),
        ({"type_tiers": "Société"}, ("50", "03")),
        ({"type_tiers": "association"}, ("50", "06")),
        ({"type_tiers": "État"}, ("20", "07")),
        ({"type_tiers": "CAF"}, ("60", "11")),
        ({"type_tiers": ""}, ("01", "01")),
        ({"type_tiers": "", "prenom": "", "siret": "90012345600015"}, ("50", "03")),
    ],
)
def test_types_of_tiers(columns, category):
    found = tiers(titres({**TITRE, **columns}))
    assert (found.cat_tiers, found.nat_jur) == category


def test_a_company_has_neither_civilite_nor_first_name():
    record = {**TITRE, "type_tiers": "entreprise", "date_naissance": "01/02/1980"}
    found = tiers(titres(record))
    assert (found.civilite, found.prenom, found.date_naissance) == ("", "", None)


@pytest.mark.parametrize(
    ("written", "code"), [("M.", "mr"), ("Monsieur", "mr"), ("Mlle", "mme"), ("", "")]
)
def test_civilites_have_the_code_of_the_comptable(written, code):
    assert tiers(titres({**TITRE, "civilite": written})).civilite == code


@pytest.mark.parametrize(
    ("columns", "identifier"),
    [
        ({"siret": "900 123 456 00015"}, ("90012345600015", "01")),
        ({"siret": "900123456"}, ("900123456", "02")),
        ({"siren": "900 123 456"}, ("900123456", "02")),
        ({"siret": 90012345600015}, ("90012345600015", "01")),
        ({}, ("", "")),
    ],
)
def test_identifiers_of_tiers(columns, identifier):
    found = tiers(titres({**TITRE, **columns}, kind="xlsx"))
    assert (found.id_tiers, found.nat_id_tiers) == identifier


@pytest.mark.parametrize(
    ("pays", "non_resident", "code"),
    [("", False, ""), ("France", False, ""), ("100", False, ""), ("109", True, "109")],
)
def test_residents_and_others(pays, non_resident, code):
    found = tiers(titres({**TITRE, "pays": pays, "cp": "99999"})).adresse
    assert (found.non_resident, found.code_pays) == (non_resident, code)


def test_the_holder_of_an_account():
    record = {**TITRE, "iban": IBAN.lower(), "bic": "demofrpp", "titulaire": "M. ET MME X"}
    assert tiers(titres(record)).compte == Compte(
        iban=IBAN, bic="DEMOFRPP", titulaire="M. ET MME X"
    )
    assert tiers(titres({**record, "titulaire": ""})).compte.titulaire == "ARDOISIER"


@pytest.mark.parametrize(
    ("written", "iban", "mode"),
    [
        ("", IBAN, "03"),
        ("", "", ""),
        ("virement", IBAN, "03"),
        ("Espèces", "", "01"),
        ("opération d'ordre", "", "08"),
        ("10", IBAN, "10"),
        ("3", IBAN, "03"),
    ],
)
def test_ways_of_paying(written, iban, mode):
    record = {**MANDAT, "iban": iban, "bic": "", "mode_reglement": written}
    assert ligne(mandats(record)).mode_reglement == mode


@pytest.mark.parametrize(
    ("columns", "limit"),
    [
        ({"date_limite": "17/10/2026", "delai": "15"}, (date(2026, 10, 17), 15)),
        ({"delai": "15"}, (date(2026, 10, 17), 15)),
        ({}, (date(2026, 11, 1), 30)),
    ],
)
def test_the_time_limit_for_paying(columns, limit):
    found = piece(mandats({**MANDAT, "date_reception": "02/10/2026", **columns})).dgp
    assert found == Dgp(debut=date(2026, 10, 2), fin=limit[0], duree=limit[1])


def test_a_time_limit_without_its_first_day():
    reading = mandats({**MANDAT, "date_limite": "17/10/2026"})
    assert told(reading.faults) == [("INT-CELL_EMPTY", 2, "date_reception")]
    assert piece(mandats(MANDAT)).dgp is None


# --------------------------------------------------------------------------- attachments


def joined(reading: Reading) -> list[tuple[str, str, bytes]]:
    (draft,) = drafts(reading)
    return [(one.id_unique, one.name, one.open().read()) for one in draft.pieces_jointes]


def test_a_missing_and_a_forgotten_document():
    reading = titres({**TITRE, "pj_fichier": "absent.pdf"}, documents=[pdf("oublie.pdf")])
    assert told(reading.faults) == [
        ("INT-FILE_MISSING", 2, "pj_fichier"),
        ("INT-FILE_ORPHAN", None, ""),
    ]
    assert reading.drafts == ()


def test_a_document_of_a_faulty_row_is_no_orphan():
    reading = titres({**TITRE, "budget": "9", "pj_fichier": "a.pdf"}, documents=[pdf("a.pdf")])
    assert told(reading.faults) == [("INT-BUDGET_UNKNOWN", 2, "budget")]


@pytest.mark.parametrize("cited", ["FACTURE ÉTÉ.pdf", "facture ete.PDF", "C:\\x\\Facture été.pdf"])
def test_a_document_is_found_whatever_its_case_and_accents(cited):
    reading = titres({**TITRE, "pj_fichier": cited}, documents=[pdf("Facture e\u0301te\u0301.pdf")])
    assert joined(reading) == [
        ("21990123800010R2026T000417A1", "Facture été.pdf", pdf("a").content)
    ]


def test_a_document_cited_by_several_lines_of_a_piece_is_sent_once():
    record = {**TITRE, "pj_fichier": "a.pdf, b.pdf"}
    reading = titres(
        record, {**record, "pj_fichier": "A.pdf"}, documents=[pdf("a.pdf"), pdf("b.pdf")]
    )
    assert [name for _, name, _ in joined(reading)] == ["a.pdf", "b.pdf"]
    assert [ref.id_unique[-2:] for ref in piece(reading).pj] == ["A1", "A2"]


def test_a_document_of_two_pieces_is_sent_for_each():
    reading = titres(
        {**TITRE, "pj_fichier": "a.pdf"},
        {**TITRE, "num_titre": "418", "pj_fichier": "a.pdf"},
        documents=[pdf("a.pdf")],
    )
    assert [unique for unique, _, _ in joined(reading)] == [
        "21990123800010R2026T000417A1",
        "21990123800010R2026T000418A1",
    ]


def test_two_documents_whose_sent_names_are_equal_are_both_sent():
    reading = titres(
        {**TITRE, "pj_fichier": "œuf.pdf|oeuf.pdf"},
        documents=[pdf("œuf.pdf", b"1"), pdf("oeuf.pdf", b"2")],
    )
    assert [(name, content) for _, name, content in joined(reading)] == [
        ("oeuf.pdf", b"1"),
        ("oeuf.pdf", b"2"),
    ]


@pytest.mark.parametrize(
    ("deposited", "sent"),
    [
        ("x" * 120 + ".pdf", "x" * 95 + ".pdf"),
        ("x" * 95 + ".pdf", "x" * 95 + ".pdf"),
        ("facture n°12 – été.pdf", "facture n°12 - été.pdf"),
        ("sans-extension", "sans-extension"),
    ],
)
def test_names_as_helios_admits_them(deposited, sent):
    reading = titres({**TITRE, "pj_fichier": deposited}, documents=[pdf(deposited)])
    assert [name for _, name, _ in joined(reading)] == [sent]


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("a.bin", b"%PDF-1.7", "application/pdf"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.csv", b"a;b", "text/csv"),
    ],
)
def test_the_kind_of_a_document_comes_from_its_bytes(name, content, mime):
    other = {"csv": "a.csv"}.get(name.rpartition(".")[2], name)
    (draft,) = drafts(
        titres({**TITRE, "pj_fichier": other}, documents=[InputFile(name=name, data=content)])
    )
    assert draft.pieces_jointes[0].mime_type == mime


def test_a_document_of_an_unknown_kind_leaves_with_a_warning():
    unknown = InputFile(name="a.inconnu", data=b"?")
    reading = titres({**TITRE, "pj_fichier": "a.inconnu"}, documents=[unknown])
    (fault,) = reading.faults
    assert (fault.code, fault.severity) == ("INT-FILE_KIND", Severity.WARNING)
    assert "« a.inconnu »" in sentence(fault)
    assert reading.drafts[0].pieces_jointes[0].mime_type == "application/octet-stream"


@pytest.mark.parametrize(("written", "kind"), [("", "002"), ("006", "006"), (6, "006")])
def test_types_of_documents(written, kind):
    record = {**TITRE, "pj_fichier": "a.pdf", "pj_type": written}
    (draft,) = drafts(titres(record, documents=[pdf("a.pdf")], kind="xlsx"))
    assert draft.pieces_jointes[0].type_pj == kind


@pytest.mark.parametrize("reader", [Titres(), Mandats()])
def test_another_deposit_is_not_read(reader):
    assert not reader.recognises([pdf("a.pdf")])
    with pytest.raises(ValueError, match="not recognised"):
        reader.read([pdf("a.pdf")], CONTEXT)
