"""The tables of the dossier, value by value: what each code of the norm demands (§3 to §5, §9).

The rows of ``test_rules`` and ``test_rules_more`` show each rule at its edge; here are the closed
lists that one row cannot show, and the proof that no rule of §9 is left without its two documents.
"""

import base64
import gzip
import re
from collections.abc import Iterable

import pytest

from demat.faults import Faults, Severity
from demat.helios.codes import LIMITES
from demat.helios.model import Domaine
from demat.helios.rule_levels import FIXED, LEVELS
from demat.helios.rules import Origine
from tests.acceptance import test_bad_pes
from tests.unit.helios import test_rules, test_rules_more
from tests.unit.helios.samples import PDF
from tests.unit.helios.test_rules import (
    LINE_END,
    MANDATS,
    PAQUET,
    RATTACHEMENT,
    TITRE,
    Edits,
    after,
    check,
    edited,
    second_line,
    swap,
    v,
)
from tests.unit.helios.test_rules_more import ORMC

DEPENSE, RECETTE = Domaine.DEPENSE, Domaine.RECETTE


def codes(document: str, *edits: tuple[str, str]) -> set[str]:
    return set(check(edited(document, edits)).codes)


# ------------------------------------------------------------------ nothing is forgotten

CASES = (*test_rules.CASES, *test_rules_more.CASES)
BY_ENGINE = {2: test_bad_pes.SCHEMA}
"""Judged by the schemas: what fails and what passes there goes through the watched folder."""


def rule_of(code: str) -> int:
    """Return the number of §9 that a code of ours belongs to."""
    found = re.match(r"PES-(\d{3})(_|$)", code)
    assert found is not None
    return int(found.group(1))


def without_both(cases: Iterable[test_rules.Case]) -> set[int]:
    """Return the rules of §9 that lack a document just failing, or one just passing."""
    found = tuple(cases)
    failing = {rule_of(case.code) for case in found if case.failing or case.context}
    passing = {
        rule_of(case.code) for case in found if case.passing or case.context_passing is not None
    }
    return set(range(1, 78)) - (failing & passing)


def test_every_rule_of_the_dossier_has_a_document_on_each_side():
    assert without_both(CASES) - set(BY_ENGINE) == set()
    assert all({"fails", "passes"} <= set(documents) for documents in BY_ENGINE.values())


@pytest.mark.parametrize("number", [1, 25, 54, 77])
def test_a_rule_that_loses_its_rows_is_seen(number):
    assert number in without_both(case for case in CASES if rule_of(case.code) != number)


# ------------------------------------------------------------------------------ levels

ONLY_WARNED = {
    24: "U",
    25: "U",
    35: "effect V: checked by the comptable",
    49: "U",
    51: "effect V",
    54: "effect V",
    55: "U, schemas silent",
    61: "Q",
    68: "effect V, delay U",
    76: "U",
}
"""Rules that stop nothing by default, and why (§9)."""
ONLY_OURS = {
    3: "D, but real files carry another version (F, §2.5)",
    19: "U, schemas silent",
    20: "U, schemas silent",
    21: "U, schemas silent",
}
"""Rules that stop a file of ours, and warn about that of another software."""


@pytest.mark.parametrize("origine", Origine)
def test_a_rule_stops_a_file_unless_the_dossier_doubts_it(origine):
    def level(code: str) -> Severity:
        return LEVELS[code].built if origine is Origine.BUILT else LEVELS[code].ready_made

    codes_of_rules = LEVELS.keys() - {"PES-020_ROLE", "PES-021_ROLE"}  # D for rôles (§3.2)
    stopping = {rule_of(code) for code in codes_of_rules if level(code) is Severity.BLOCKING}
    warned = set(ONLY_WARNED) | (set(ONLY_OURS) if origine is Origine.READY_MADE else set())
    assert set(range(1, 78)) - {2} - stopping == warned


ONE_OF_EACH = {case.code: case for case in reversed(CASES)}


@pytest.mark.parametrize("code", sorted(ONE_OF_EACH))
@pytest.mark.parametrize("wanted", Severity)
def test_a_mairie_decides_of_every_level_but_that_of_the_budget(code, wanted):
    case = ONE_OF_EACH[code]
    found = check(edited(case.document, case.failing), **case.context, levels={code: wanted})
    levels = {fault.severity for fault in found if fault.code == code}
    assert levels == {Severity.BLOCKING if code in FIXED else wanted}


# ------------------------------------------------------------------------- bordereaux


@pytest.mark.parametrize(
    ("document", "admitted"), [(MANDATS, {"01", "02", "03"}), (TITRE, {"01", "02", "03", "06"})]
)
@pytest.mark.parametrize("typ_bord", ["00", "01", "02", "03", "04", "05", "06", "07"])
def test_types_of_bordereau(document, admitted, typ_bord):
    refused = "PES-018" in codes(document, swap("TypBord", "01", typ_bord))
    assert refused is (typ_bord not in admitted)


EDITIONS = {
    # edition: not on a titre, not on a rôle, no DteAsp, one debtor and a PJRef, Chorus, patients
    "01": (False, True, True, True, False, False),
    "02": (False, True, True, True, True, False),
    "03": (True, False, True, False, True, False),
    "04": (False, True, False, False, False, False),
    "05": (False, True, True, True, False, True),
    "06": (True, False, True, True, False, False),
}
"""Rules 30 to 34 (§3.7)."""


@pytest.mark.parametrize("edition", EDITIONS)
def test_what_each_edition_of_the_avis_demands(edition):
    titre, role, alone, single, chorus, patients = EDITIONS[edition]
    asked = after("DteAsp", "2026-03-16", v("Edition", edition))
    other = ("</LigneDePiece>", "</LigneDePiece>" + second_line(TITRE, 2).replace("ARD", "BR"))
    no_pj = (("<PJRef>", "<Ref>"), ("</PJRef>", "</Ref>"))
    body = swap("CatTiers", "01", "50")
    rule_31 = {"PES-031"} if titre else set()
    rule_30 = {"PES-030_EDITION"} if alone else set()
    rule_33 = {"PES-033", "PES-033_INVOICE"} if chorus else set()
    ormc = {"PES-035"} if edition == "06" else set()
    watched = {f"PES-0{number}" for number in (31, 32, 33, 34, 35)} | {
        "PES-030_EDITION",
        "PES-032_PJ",
        "PES-033_INVOICE",
    }

    def found(*edits: tuple[str, str]) -> set[str]:
        return codes(TITRE, asked, *edits) & watched

    assert found() == rule_31 | rule_30 | rule_33 | ormc
    on_role = found(swap("TypPce", "01", "15"), swap("TypBord", "01", "06"))
    assert ("PES-031" in on_role) is role
    assert ("PES-032" in found(other)) is single
    assert ("PES-032_PJ" in found(*no_pj)) is single
    assert ("PES-034" in found(body)) is patients
    assert "PES-030_EDITION" not in found(("<DteAsp", "<Autre"))


def test_a_total_of_tva_may_be_zero_in_depense():
    """Rule 22: never 0 in recette, where it must be absent."""
    zero = (swap("MtBordTVA", "300.00", "0.00"), swap("MtTVA", "300.00", "0.00"))
    assert check(edited(MANDATS, zero)) == Faults()


# ----------------------------------------------------------------------- original pièce

DATED = '<RattachPiece><NatPceOrig V="{}"/><ExerRat V="{}"/><IdPceOrig V="8"/>{}</RattachPiece>'
ORIGINS = (
    # domain, triplet, mandatory, NatPceOrig admitted, years admitted
    (RECETTE, "02-02-06", True, {"01", "02"}, {"2026"}),
    (RECETTE, "01-02-09", True, {"01", "02"}, {"2025"}),
    (RECETTE, "02-02-10", True, {"01", "02"}, {"2025", "2026"}),
    (RECETTE, "01-14-01", True, {"01", "02"}, {"2025", "2026"}),
    (RECETTE, "01-05-01", True, {"03"}, {"2025", "2026"}),
    (RECETTE, "01-09-01", True, {"05"}, {"2025", "2026"}),
    (RECETTE, "01-01-01", False, {"01", "02", "03", "05"}, {"2025", "2026"}),
    (DEPENSE, "02-02-06", True, {"01", "02"}, {"2026"}),
    (DEPENSE, "01-02-09", True, {"01", "02"}, {"2025"}),
    (DEPENSE, "01-13-01", True, {"01", "02"}, {"2025", "2026"}),
    (DEPENSE, "02-02-10", True, {"01", "02"}, {"2025", "2026"}),
    (DEPENSE, "01-05-01", True, {"03"}, {"2025", "2026"}),
    (DEPENSE, "01-07-01", True, {"04"}, {"2025", "2026"}),
    (DEPENSE, "01-01-01", False, {"05"}, {"2025", "2026"}),
    (DEPENSE, "01-09-01", False, {"05"}, {"2025", "2026"}),
    (DEPENSE, "01-08-01", False, {"01", "02", "03", "04", "05"}, {"2025", "2026"}),
)
"""Rules 45 to 47 (§3.4, §4.3)."""


def titled(domaine: Domaine, triplet: str, block: str = "") -> tuple[str, Edits]:
    """Return a document, and the edits that make its first pièce of this kind, with this block."""
    typ_bord, typ_pce, nat_pce = triplet.split("-")
    if domaine is RECETTE:
        document, old, end = TITRE, ("01", "01", "01"), LINE_END
    else:
        document, old, end = MANDATS, ("01", "09", "02"), "</InfoLignePce>"
    names = zip(("TypBord", "TypPce", "NatPce"), old, (typ_bord, typ_pce, nat_pce), strict=True)
    return document, (*(swap(*name) for name in names), (end, end + block))


@pytest.mark.parametrize(("domaine", "triplet", "mandatory", "natures", "years"), ORIGINS)
def test_what_each_triplet_demands_of_the_original_piece(
    domaine, triplet, mandatory, natures, years
):
    document, bare = titled(domaine, triplet)
    assert ("PES-045" in codes(document, *bare)) is mandatory
    for nature in ("01", "02", "03", "04", "05", "06"):
        for year in ("2025", "2026"):
            found = codes(document, *titled(domaine, triplet, DATED.format(nature, year, ""))[1])
            assert ("PES-046" in found) is (nature not in natures), nature
            wrong_year = bool({"PES-047", "PES-047_SAME_YEAR"} & found)
            assert wrong_year is (year not in years), year


@pytest.mark.parametrize(
    ("domaine", "with_line"), [(RECETTE, {"01", "02"}), (DEPENSE, {"01", "02", "05"})]
)
@pytest.mark.parametrize("nature", ["01", "02", "03", "04", "05"])
def test_the_line_of_the_original_piece(domaine, with_line, nature):
    """Rule 48."""
    for line in ("", v("IdLigneOrig", "0"), v("IdLigneOrig", "1")):
        document, edits = titled(domaine, "01-01-02", RATTACHEMENT.format(nature, line))
        found = {code for code in codes(document, *edits) if code.startswith("PES-048")}
        given = line == v("IdLigneOrig", "1")
        expected = {"PES-048" if nature in with_line else "PES-048_UNEXPECTED"}
        assert found == (set() if given is (nature in with_line) else expected)


# ------------------------------------------------------------------------------ lines


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("01", "forbidden"),
        ("02", "forbidden"),
        ("03", "required"),
        ("04", "forbidden"),
        ("05", "required"),
        ("06", "free"),
        ("07", "forbidden"),
        ("08", "forbidden"),
        ("09", "forbidden"),
        ("10", "free"),
        ("11", "forbidden"),
    ],
)
def test_what_each_mode_of_payment_demands_of_the_account(mode, expected):
    """Rule 53 (§4.3)."""
    paid = swap("ModRegl", "03", mode)
    bare = (("<CpteBancaire>", "<Autre>"), ("</CpteBancaire>", "</Autre>"))
    with_account = codes(MANDATS, paid) & {"PES-053", "PES-053_UNEXPECTED"}
    without_account = codes(MANDATS, paid, *bare) & {"PES-053", "PES-053_UNEXPECTED"}
    assert with_account == ({"PES-053_UNEXPECTED"} if expected == "forbidden" else set())
    assert without_account == ({"PES-053"} if expected == "required" else set())


@pytest.mark.parametrize(
    ("nature", "link"), [("03", "IdActif"), ("04", "IdEmpruntOrdo"), ("05", "IdRegie")]
)
@pytest.mark.parametrize("domaine", [DEPENSE, RECETTE])
def test_the_references_that_a_nature_calls_for(domaine, nature, link):
    """Rule 51; an order of the norm is not needed here, the schemas look at it."""
    block = f'<LiensIdent><{link} V="X"/></LiensIdent>'
    bare: Edits = ()
    if domaine is DEPENSE:
        bare = (("<LiensIdent>", "<Autre>"), ("</LiensIdent>", "</Autre>"))
    document, kind = titled(domaine, f"01-01-{nature}")
    linked = titled(domaine, f"01-01-{nature}", block)[1]
    assert "PES-051" in codes(document, *bare, *kind)
    assert "PES-051" not in codes(document, *bare, *linked)


# ------------------------------------------------------------------------------ tiers

LONGEST = {
    # NatIdTiers: just too short, shortest, longest, just too long (§3.6)
    "01": ("9001234560001", "90012345600015", "90012345600015", "900123456000150"),
    "02": ("90012345", "900123456", "900123456", "9001234560"),
    "03": ("99000000", "990000002", "990000002", "9900000020"),
    "04": ("18705991234560", "187059912345606", "187059912345606", "1870599123456060"),
    "05": ("BE1", "BE12", "BE" + "1" * 16, "BE" + "1" * 17),
    "06": ("", "X", "X" * 18, "X" * 19),
    "07": ("12345678", "12345678A", "12345678A", "12345678AB"),
    "08": ("12345678", "123456789", "1234567890", "12345678901"),
    "10": ("FRW", "FRWF", "FRWF" + "1" * 14, "FRWF" + "1" * 15),
    "11": ("1234A", "12345", "12345" + "A" * 75, "12345" + "A" * 76),
    "12": ("1" * 12, "1" * 13, "1" * 13, "1" * 14),
}


@pytest.mark.parametrize("kind", LONGEST)
def test_the_length_of_each_kind_of_identifier(kind):
    """Rule 60; nothing at all is the other half of the rule."""
    short, shortest, longest, long = LONGEST[kind]

    def refused(identifier: str) -> bool:
        edits = (swap("IdTiers", "90012345600015", identifier), swap("NatIdTiers", "01", kind))
        return bool({"PES-060", "PES-060_PAIR"} & codes(MANDATS, *edits))

    assert [refused(one) for one in (short, shortest, longest, long)] == [True, False, False, True]


# ------------------------------------------------------------------------------ texts

TEXTS = {
    # element: longest value (§3, §4, §5), what the golden document holds
    "Sigle": (32, TITRE, "EDITEUR DEMO"),
    "Adresse": (38, TITRE, "moteur-pes 0.1"),
    "LibelleColBud": (38, TITRE, "COMMUNE DE BELLOMBRE"),
    "Obj": (100, MANDATS, "SITUATION 2 REHABILITATION RESERVOIR"),
    "ObjPce": (160, TITRE, "CANTINE SCOLAIRE FEVRIER 2026"),
    "ObjLignePce": (160, TITRE, "18 REPAS A 4,80 EUR"),
    "Facture": (20, MANDATS, "S2-2026-118"),
    "LibVir1": (70, MANDATS, "SITUATION 2 RESERVOIR"),
    "LibVir2": (70, MANDATS, "MARCHE 2025-07"),
    "RefTiers": (30, TITRE, "FAM00231"),
    "Civilite": (10, TITRE, "MME"),
    "Nom": (38, TITRE, "ARDOISIER"),
    "Prenom": (38, TITRE, "LUCILE"),
    "Adr2": (38, TITRE, "14 RUE DU LAVOIR"),
    "Ville": (38, TITRE, "BELLOMBRE"),
    "TitCpte": (32, MANDATS, "TRAVAUX DU VALLON SARL"),
    "IdMarche": (30, MANDATS, "2025-07"),
    "IdActif": (25, MANDATS, "RES-2025-01"),
    "Description": (250, TITRE, "Etat de facturation cantine titre 417"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_length_of_each_text(name):
    """Rule 70."""
    limit, document, golden = TEXTS[name]
    assert "PES-070" not in codes(document, swap(name, golden, "X" * limit))
    faults = check(edited(document, (swap(name, golden, "X" * (limit + 1)),)))
    (fault,) = [fault for fault in faults if fault.code == "PES-070"]
    assert (fault.params["element"], fault.params["limit"]) == (name, str(limit))


def test_the_texts_that_no_golden_document_holds_have_the_length_of_the_dossier():
    rest = {name: limit for name, limit in LIMITES.items() if name not in TEXTS}
    assert rest == {
        "NomFic": 100,
        "CodServ": 10,
        "Affect": 10,
        "Objet": 160,
        "ComplNom": 38,
        "Adr1": 38,
        "Adr3": 38,
        "LibBanc": 24,
        "IdConv": 25,
        "IdEmpruntOrdo": 24,
        "IdRegie": 10,
    }


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("", True),
        (" ", True),
        (".", True),
        ("nc", True),
        ("0", True),
        ("00000", True),
        ("  ", False),
        ("..", False),
        ("NC", False),
        ("0A", False),
    ],
)
def test_the_values_that_mean_nothing(name, value, refused):
    """Rule 71 (§0.5)."""
    _, document, golden = TEXTS[name]
    assert ("PES-071" in codes(document, swap(name, golden, value))) is refused


# ------------------------------------------------------------------- rôles and attachments


def test_a_role_leaves_unsigned_whatever_the_others_do():
    """Rule 13 and §3.8: a mairie that signs does not sign its rôles."""
    assert check(ORMC.encode("iso-8859-1"), signature=True) == Faults()


@pytest.mark.parametrize(
    ("name", "announced", "wrong"),
    [("MtBordHt", "86.40", "86.41"), ("MtBordHt", "86.40", "86.39")],
)
def test_the_total_of_a_role_is_stated_by_the_norm(name, announced, wrong):
    """Rules 20 and 21: plausible for other bordereaux (U), stated for a rôle (D, §3.2)."""
    given = {"origine": Origine.READY_MADE}
    assert not check(edited(ORMC, ()), **given).blocking
    assert check(edited(ORMC, (swap(name, announced, wrong),)), **given).blocking


CHORUS = (
    after("DteAsp", "2026-03-16", v("Edition", "03")),
    after("Cle2", "V", v("NumeroFacture", "F417")),
    ("<InfoTiers>", '<InfoTiers><IdTiers V="90012345600015"/><NatIdTiers V="01"/>'),
)
PJ_007 = (v("NomPJ", "ETAT_2026_000417.pdf"), v("NomPJ", "ETAT.pdf") + v("TypePJ", "007"))


def test_a_role_sent_by_chorus_pro_names_its_invoice():
    """§3.7, edition 03: a reference to an attachment of kind 007."""
    bare = (("<PJRef>", "<Ref>"), ("</PJRef>", "</Ref>"))
    assert not check(edited(ORMC, (*CHORUS, PJ_007))).blocking
    assert check(edited(ORMC, (*CHORUS, *bare))).blocking


def test_what_follows_the_first_part_of_a_gzip_is_seen():
    """Rules 12 and 74: a second member is expanded by whoever reads the attachment."""
    twice = gzip.compress(PDF, mtime=0) + gzip.compress(bytes(1000), mtime=0)
    content = edited(TITRE, ((PAQUET, base64.b64encode(twice).decode()),))
    found = set(check(content, max_pj_bytes=len(PDF) + 999).codes)
    assert found & {"PES-012_PJ", "PES-074_ENCODING"}
