"""Each rule, with a document that just passes and one that just fails.

Every row starts from a golden document that no rule blames and makes a small edit of its bytes.
"""

import base64
import gzip
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from demat.faults import Faults, Severity
from demat.helios.build import build_pes, encode_piece_jointe
from demat.helios.model import Domaine
from demat.helios.read import read_pes
from demat.helios.ready_made import complete
from demat.helios.rule_levels import FIXED, LEVELS
from demat.helios.rules import ContextePes, Origine, check_pes, register_keys
from demat.helios.rules_tiers import is_rib
from demat.labels_fr.helios import LABELS
from tests.unit.helios.samples import (
    BELLOMBRE,
    CLAIRVALLON,
    PDF,
    Budget,
    mandats_reservoir,
    titre_cantine,
)

TITRE = build_pes(titre_cantine()).decode("iso-8859-1")
MANDATS = build_pes(mandats_reservoir()).decode("iso-8859-1")
SIGNATURE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'
TODAY = date(2026, 4, 1)
PAQUET = encode_piece_jointe(PDF)

Edits = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Case:
    """One row: the edits that break a rule, and those that stay just inside it."""

    code: str
    document: str
    failing: Edits = ()
    passing: Edits = ()
    context: Mapping[str, object] = field(default_factory=dict)
    context_passing: Mapping[str, object] | None = None


def edited(document: str, edits: Edits) -> bytes:
    for old, new in edits:
        assert old in document, f"the golden document no longer holds {old!r}"
        document = document.replace(old, new, 1)
    return document.encode("iso-8859-1")


def used(kind: str, key: str) -> Callable[[str, str], str | None]:
    """Return the memory of one earlier sending."""
    return lambda asked, value: "2026-01-05 ANCIEN" if (asked, value) == (kind, key) else None


def check(content: bytes, **context: object):
    given = {"budgets": (BELLOMBRE, CLAIRVALLON), "today": TODAY, **context}
    return check_pes(content, ContextePes(**given))


def between(document: str, start: str, end: str) -> str:
    """Return a passage of a document, its bounds included."""
    return document[document.index(start) : document.index(end) + len(end)]


def second_line(xml: str, numero: int) -> str:
    """Return the first line of a document, again, under another number."""
    line = between(xml, "<LigneDePiece>", "</LigneDePiece>")
    return line.replace('<IdLigne V="1"/>', f'<IdLigne V="{numero}"/>')


def v(name: str, value: str) -> str:
    return f'<{name} V="{value}"/>'


def swap(name: str, old: str, new: str) -> tuple[str, str]:
    return v(name, old), v(name, new)


def after(name: str, value: str, *added: str) -> tuple[str, str]:
    return v(name, value), v(name, value) + "".join(added)


def without(name: str, value: str) -> tuple[str, str]:
    return v(name, value), ""


def known(**changes: str) -> dict[str, object]:
    """Return the context where one budget is configured: that of the titre, but for these codes."""
    return {"budgets": (replace(BELLOMBRE, **changes),)}


RATTACHEMENT = (
    '<RattachPiece><NatPceOrig V="{}"/><ExerRat V="2025"/><IdPceOrig V="8"/>{}</RattachPiece>'
)
IBAN = "FR9399999000010000A12345612"
MAJO = '<DteMajo V="2026-03-01"/><TxMajo V="10"/>'
LINE_END = "</InfoLignePiece>"
REFCOMPTA = (
    '<RefCompta><Domaine V="{}"/><Exercice V="2026"/><TypeObjet V="01"/>'
    '<Identifiant V="204"/></RefCompta>'
)

CASES = (
    Case("PES-001", TITRE, (swap("ObjLignePce", "18 REPAS A 4,80 EUR", "4,80 &#8364;"),),
         (swap("ObjLignePce", "18 REPAS A 4,80 EUR", "&#233;t\xe9"),)),
    Case("PES-001_ENCODING", TITRE, (('encoding="ISO-8859-1"', 'encoding="UTF-8"'),),
         (('encoding="ISO-8859-1"', 'encoding="iso-8859-1"'),)),
    Case("PES-001", TITRE, (swap("ObjLignePce", "18 REPAS A 4,80 EUR", "&#256;"),),
         (swap("ObjLignePce", "18 REPAS A 4,80 EUR", "&#255;"),)),
    # the receivers look at the first fifty characters only
    Case("PES-001_ENCODING", TITRE, ((" encoding", " " * 12 + "encoding"),),
         ((" encoding", " " * 11 + "encoding"),)),
    Case("PES-001_MOJIBAKE", TITRE, (("BELLOMBRE", "BELLOMBR\xc3\xa9"),),
         (("BELLOMBRE", "BELLOMBR\xe9"),)),
    Case("PES-001_WINDOWS", TITRE, (("BELLOMBRE", "BELLOMBR\x92"),),
         (("BELLOMBRE", "BELLOMBR\xa0"),)),
    Case("PES-003", TITRE, (swap("Version", "2", "1"),), (swap("Version", "2", "02"),)),
    Case("PES-003", TITRE, (swap("IdVer", "1", "2"),), (swap("IdVer", "1", "01"),)),
    Case("PES-003", TITRE, (swap("IdVer", "2", "3"),), (swap("IdVer", "2", "02"),)),
    Case("PES-003", MANDATS, (swap("IdVer", "2", "1"),), (swap("IdVer", "2", "02"),)),
    Case("PES-004", TITRE, (swap("TypFic", "PESALR2", "PESORMC"),),
         (swap("TypFic", "PESALR2", "PESALR1"),)),
    Case("PES-004", TITRE, (swap("TypBord", "01", "06"),),
         (swap("TypBord", "01", "06"), swap("TypFic", "PESALR2", "PESORMC"))),
    Case("PES-005", TITRE, context={"used": used("nomfic", titre_cantine().nom_fic)},
         context_passing={"used": used("nomfic", "AUTRE")}),
    Case("PES-005_LENGTH", TITRE, (swap("NomFic", titre_cantine().nom_fic, "N" * 101),),
         (swap("NomFic", titre_cantine().nom_fic, "N" * 100),)),
    Case("PES-005_LENGTH", TITRE, (swap("NomFic", titre_cantine().nom_fic, ""),),
         (swap("NomFic", titre_cantine().nom_fic, "N"),)),
    Case("PES-006", TITRE, (without("Sigle", "EDITEUR DEMO"),),
         (swap("Sigle", "EDITEUR DEMO", "X"),)),
    Case("PES-006", TITRE, (swap("Adresse", "moteur-pes 0.1", " "),),
         (swap("Adresse", "moteur-pes 0.1", "1"),)),
    Case("PES-007", TITRE, (swap("IdPost", "099012", "099013"),),
         (swap("IdPost", "099012", "099013"),), context={},
         context_passing=known(id_post="099013")),
    # configured too, but no codique: 6 or 7 digits, or 02A, 02B and 3 or 4 digits
    Case("PES-007", TITRE, (swap("IdPost", "099012", "09901"),), (),
         context=known(id_post="09901"), context_passing=known()),
    Case("PES-007", TITRE, (swap("IdPost", "099012", "09901234"),),
         (swap("IdPost", "099012", "0990123"),), context=known(id_post="09901234"),
         context_passing=known(id_post="0990123")),
    Case("PES-007", TITRE, (swap("IdPost", "099012", "02C123"),),
         (swap("IdPost", "099012", "02A123"),), context=known(id_post="02C123"),
         context_passing=known(id_post="02A123")),
    Case("PES-008", TITRE, (swap("IdColl", "21990123800010", "21990456200010"),),
         (swap("IdColl", "21990123800010", "21990456200010"),), context={},
         context_passing=known(siret="21990456200010")),
    Case("PES-008", TITRE, (swap("IdColl", "21990123800010", ""),)),
    Case("PES-008_KEY", TITRE, (swap("IdColl", "21990123800010", "12345678912345"),),
         context={"budgets": (Budget(id_post="099012", siret="12345678912345", cod_col="045",
                                     cod_bud="00", libelle="X"),)}, context_passing={}),
    Case("PES-009", TITRE, (swap("CodCol", "045", "046"),), (swap("CodCol", "045", "046"),),
         context={}, context_passing=known(cod_col="046")),
    Case("PES-009", TITRE, (swap("CodBud", "00", "01"),), (swap("CodBud", "00", "01"),),
         context={}, context_passing=known(cod_bud="01")),
    Case("PES-010", TITRE, (after("IdColl", "21990123800010", v("FinJur", "990000001")),),
         (after("IdColl", "21990123800010", v("FinJur", "990000001")),), context={},
         context_passing=known(fin_jur="990000001")),
    Case("PES-010_MISSING", TITRE, context_passing={}, context={
        "budgets": (Budget(id_post="099012", siret="21990123800010", cod_col="045", cod_bud="00",
                           libelle="X", fin_jur="990000001"),)}),
    Case("PES-011", TITRE, ((between(TITRE, "<PES_RecetteAller>", "</PES_PJ>"), ""),),
         ((between(TITRE, "<PES_RecetteAller>", "</PES_RecetteAller>"), ""),)),
    Case("PES-011_DOMAINS", MANDATS, (("</PES_DepenseAller>", "</PES_DepenseAller>" + between(
        TITRE, "<PES_RecetteAller>", "</PES_RecetteAller>")),),
         (("</PES_DepenseAller>", "</PES_DepenseAller><PES_RecetteAller><EnTeteRecette>"
           '<IdVer V="2"/></EnTeteRecette></PES_RecetteAller>'),)),
    Case("PES-012", TITRE, context={"max_bytes": len(TITRE) - 1},
         context_passing={"max_bytes": len(TITRE)}),
    Case("PES-012_PJ", TITRE, context={"max_pj_bytes": len(PDF) - 1},
         context_passing={"max_pj_bytes": len(PDF)}),
    Case("PES-013", TITRE, (swap("InfoDematerialisee", "0", "1"),),
         (swap("InfoDematerialisee", "0", "1"),), context={}, context_passing={"signature": True}),
    Case("PES-013", TITRE, (swap("InfoDematerialisee", "0", "true"),),
         (without("InfoDematerialisee", "0"),)),
    Case("PES-013_SIGNED", TITRE, (), (swap("InfoDematerialisee", "0", "true"),),
         context={"signature": True}),
    Case("PES-013_SIGNED", TITRE, (("</Bordereau>", SIGNATURE + "</Bordereau>"),),
         (("</Bordereau>", SIGNATURE + "</Bordereau>"), swap("InfoDematerialisee", "0", "1"))),
    Case("PES-014", MANDATS, (("</Bordereau>", SIGNATURE + "</Bordereau>"),),
         (("</Bordereau>\n  <B", SIGNATURE + "</Bordereau>\n  <B"),
          ("</Bordereau>\n </", SIGNATURE + "</Bordereau>\n </"))),
    Case("PES-014", TITRE, (("</Bordereau>", SIGNATURE + SIGNATURE + "</Bordereau>"),),
         (("</Bordereau>", SIGNATURE + "</Bordereau>"),)),
    Case("PES-014_MIXED", TITRE, (("</n:PES_Aller>", SIGNATURE + SIGNATURE + "</n:PES_Aller>"),),
         (("</n:PES_Aller>", SIGNATURE + "</n:PES_Aller>"),)),
    Case("PES-014_MIXED", TITRE, (("</Bordereau>", SIGNATURE + "</Bordereau>"),
                                  ("</n:PES_Aller>", SIGNATURE + "</n:PES_Aller>")),
         (("</n:PES_Aller>", SIGNATURE + "</n:PES_Aller>"),)),
    Case("PES-015", TITRE, ((' Id="BRD2026R0012"', ' Id="2026R0012"'),),
         ((' Id="BRD2026R0012"', ' Id="_2026R0012"'),), context={"signature": True}),
    Case("PES-015", TITRE, ((' Id="BRD2026R0012"', ""),), context={"signature": True}),
    Case("PES-015_DOUBLE", MANDATS, (("BRD2026D0004A", "BRD2026D0031"),),
         (("BRD2026D0004A", "BRD2026D0031A"),), context={"signature": True}),
    Case("PES-017", MANDATS, context={"used": used("idbord", "depense/02/2026/01/31")},
         context_passing={"used": used("idbord", "depense/02/2026/02/31")}),
    Case("PES-017_DOUBLE", MANDATS, (swap("IdBord", "4", "031"), swap("TypBord", "02", "01")),
         (swap("IdBord", "4", "31"),)),
    Case("PES-018", MANDATS, (swap("TypBord", "01", "04"),), (swap("TypBord", "01", "03"),)),
    Case("PES-018", MANDATS, (swap("TypBord", "01", "06"),)),
    Case("PES-018", TITRE, (swap("TypBord", "01", "04"),), (swap("TypBord", "01", "03"),)),
    Case("PES-018", TITRE, (swap("TypBord", "01", "05"),), (swap("TypBord", "01", "06"),)),
    Case("PES-019", TITRE, (swap("NbrPce", "1", "2"),), (swap("NbrPce", "1", "01"),)),
    Case("PES-019", TITRE, (swap("NbrPce", "1", "0"),)),
    Case("PES-020", TITRE, (swap("MtBordHt", "86.40", "86.41"),),
         (swap("MtBordHt", "86.40", "86.4"),)),
    Case("PES-020", MANDATS, (swap("MtBordHT", "1500.00", "1499.99"),),
         (swap("MtBordHT", "1500.00", "1499.99"), swap("MtHT", "1500.00", "1499.99"))),
    Case("PES-021", MANDATS, (swap("MtBordTVA", "300.00", "299.99"),),
         (swap("MtBordTVA", "300.00", "300"),)),
    Case("PES-021", MANDATS, (swap("MtBordTVA", "300.00", "300.01"),)),
    # zero is admitted in dépense, without any TVA on the lines
    Case("PES-022", MANDATS, (without("MtTVA", "300.00"), swap("MtBordTVA", "300.00", "0.01")),
         (without("MtTVA", "300.00"), swap("MtBordTVA", "300.00", "0.00"))),
    Case("PES-022_MISSING", MANDATS, (without("MtBordTVA", "300.00"),),
         (without("MtBordTVA", "300.00"), without("MtTVA", "300.00"))),
    Case("PES-022_MISSING", MANDATS, (swap("MtBordTVA", "300.00", "0"),),
         (swap("MtBordTVA", "300.00", "0"), swap("MtTVA", "300.00", "0"))),
    Case("PES-022_ZERO", TITRE, (after("MtBordHt", "86.40", v("MtBordTVA", "0.00")),),
         (after("MtBordHt", "86.40", v("MtBordTVA", "0.01")),)),
    Case("PES-023", TITRE, (swap("InfoDematerialisee", "0", "1"),
                            without("MtCumulAnnuel", "18250.40")),
         (swap("InfoDematerialisee", "0", "1"),)),
    Case("PES-023", TITRE, (swap("InfoDematerialisee", "0", "1"),
                            swap("MtCumulAnnuel", "18250.40", "0.00")),
         (swap("InfoDematerialisee", "0", "1"), swap("MtCumulAnnuel", "18250.40", "0.01"))),
    Case("PES-023", TITRE, (swap("InfoDematerialisee", "0", "1"),
                            without("MtCumulAnnuel", "18250.40")),
         (swap("InfoDematerialisee", "0", "1"), without("MtCumulAnnuel", "18250.40"),
          swap("TypBord", "01", "06"))),
    Case("PES-025", TITRE, (swap("DteBordEm", "2026-03-12", "2025-12-31"),),
         (swap("DteBordEm", "2026-03-12", "2026-01-01"),)),
    Case("PES-025", TITRE, (swap("Exer", "2026", "2024"),),
         (swap("Exer", "2026", "2025"), swap("DteBordEm", "2026-03-12", "2026-01-31"))),
    Case("PES-025", TITRE, (swap("Exer", "2026", "2025"),
                            swap("DteBordEm", "2026-03-12", "2026-02-01"))),
    Case("PES-025_FUTURE", TITRE, (swap("DteBordEm", "2026-03-12", "2026-04-02"),),
         (swap("DteBordEm", "2026-03-12", "2026-04-01"),)),
    Case("PES-026", TITRE, (swap("NatPce", "01", "18"),), (swap("NatPce", "01", "02"),)),
    Case("PES-026", TITRE, (swap("NatPce", "01", "18"),), (swap("NatPce", "01", "18"),),
         context_passing={"triplets": frozenset({(Domaine.RECETTE, "01", "01", "18")})}),
    Case("PES-027", TITRE, (swap("TypPce", "01", "15"),),
         (swap("TypPce", "01", "15"), swap("TypBord", "01", "06"))),
    Case("PES-027", TITRE, (swap("TypBord", "01", "06"),),
         (swap("TypBord", "01", "06"), swap("TypPce", "01", "15"))),
    Case("PES-028", MANDATS, context={"used": used("idpce", "depense/02/2026/01/204")},
         context_passing={"used": used("idpce", "depense/02/2026/02/204")}),
    Case("PES-028_DOUBLE", MANDATS, (swap("IdPce", "9", "204"), swap("TypBord", "02", "01")),
         (swap("IdPce", "9", "204"),)),
    Case("PES-028_MISSING", TITRE, (swap("IdPce", "417", "0"),), (swap("IdPce", "417", "1"),)),
    Case("PES-029", TITRE, (swap("IdLigne", "1", "0"),), (swap("IdLigne", "1", "2"),)),
    Case("PES-029", TITRE, (("</LigneDePiece>", "</LigneDePiece>" + second_line(TITRE, 1)),),
         (("</LigneDePiece>", "</LigneDePiece>" + second_line(TITRE, 2)),)),
    Case("PES-030", TITRE, (swap("DteAsp", "2026-03-16", "2026-03-11"),),
         (swap("DteAsp", "2026-03-16", "2026-03-12"),)),
    Case("PES-030_EDITION", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "01")),),
         (after("DteAsp", "2026-03-16", v("Edition", "04")),)),
    Case("PES-031", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "06")),),
         (after("DteAsp", "2026-03-16", v("Edition", "04")),)),
    Case("PES-031", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "01")),
                            swap("TypPce", "01", "15"))),
    Case("PES-032", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "01")),
                            ("</LigneDePiece>", "</LigneDePiece>" + second_line(TITRE, 2).replace(
                                "ARDOISIER", "AUTRE"))),
         (after("DteAsp", "2026-03-16", v("Edition", "01")),
          ("</LigneDePiece>", "</LigneDePiece>" + second_line(TITRE, 2)))),
    Case("PES-032_PJ", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "01")),
                               ("<PJRef>", "<Ref>"), ("</PJRef>", "</Ref>")),
         (after("DteAsp", "2026-03-16", v("Edition", "01")),)),
    Case("PES-033", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "02")),),
         (after("DteAsp", "2026-03-16", v("Edition", "02")),
          ("<InfoTiers>", '<InfoTiers><IdTiers V="90012345600015"/><NatIdTiers V="01"/>'))),
    Case("PES-033", TITRE, (
        after("DteAsp", "2026-03-16", v("Edition", "03")),
        ("<InfoTiers>", '<InfoTiers><IdTiers V="90012345600016"/><NatIdTiers V="01"/>')),
        (after("DteAsp", "2026-03-16", v("Edition", "03")),
         ("<InfoTiers>", '<InfoTiers><IdTiers V="90012345600015"/><NatIdTiers V="01"/>'))),
    Case("PES-033", TITRE, (
        after("DteAsp", "2026-03-16", v("Edition", "02")),
        ("<InfoTiers>", '<InfoTiers><IdTiers V="90012345600015"/><NatIdTiers V="06"/>'))),
    Case("PES-033_INVOICE", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "02")),),
         (after("DteAsp", "2026-03-16", v("Edition", "02"), v("NumeroFacture", "F1")),)),
    Case("PES-034", TITRE, (after("DteAsp", "2026-03-16", v("Edition", "05")),
                            swap("CatTiers", "01", "50")),
         (after("DteAsp", "2026-03-16", v("Edition", "05")),)),
    Case("PES-036", TITRE, (after("NatPce", "01", v("IdRol", "7")),),
         (after("NatPce", "01", v("IdRol", "7")), swap("TypPce", "01", "06"))),
    Case("PES-041", MANDATS, (swap("Operation", "2401", "24A1"),),
         (swap("Operation", "2401", "0024"),)),
    Case("PES-042", TITRE, (swap("MtHT", "86.40", "0.00"),), (swap("MtHT", "86.40", "0.01"),)),
    Case("PES-042", TITRE, (swap("MtHT", "86.40", "86,40"),)),
    Case("PES-042_ZERO", MANDATS, (swap("MtHT", "60.00", "0"),), (swap("MtHT", "60.00", "0.01"),)),
    Case("PES-043", TITRE, (after("Fonction", "281", v("TxTva", "20")),
                            after("MtHT", "86.40", v("MtTVA", "17.30"))),
         (after("Fonction", "281", v("TxTva", "20")),
          after("MtHT", "86.40", v("MtTVA", "17.29")))),
    Case("PES-043", TITRE, (after("Fonction", "281", v("TxTva", "20")),
                            after("MtHT", "86.40", v("MtTVA", "17.26"))),
         (after("Fonction", "281", v("TxTva", "20")),
          after("MtHT", "86.40", v("MtTVA", "17.27")))),
    Case("PES-043_RATE", TITRE, (after("MtHT", "86.40", v("MtTVA", "17.28")),),
         (after("Fonction", "281", v("TxTva", "20")), after("MtHT", "86.40", v("MtTVA", "17.28")))),
    Case("PES-043_ZERO", TITRE, (after("MtHT", "86.40", v("MtTVA", "0")),),
         (after("MtHT", "86.40", v("MtTVA", "0.01")),)),
    Case("PES-044", TITRE, (swap("Majo", "0", "1"),),
         ((v("Majo", "0"), v("Majo", "1") + MAJO),)),
    Case("PES-044", TITRE, ((v("Majo", "0"), v("Majo", "1") + v("DteMajo", "2026-03-01")),),
         ((v("Majo", "0"), v("Majo", "1") + MAJO),)),
    Case("PES-044", TITRE, ((v("Majo", "0"), v("Majo", "1") + v("TxMajo", "10")),)),
    Case("PES-044_UNEXPECTED", TITRE, (after("Majo", "0", MAJO),),
         ((v("Majo", "0"), v("Majo", "true") + MAJO),)),
    Case("PES-044_ORIGIN", TITRE, ((v("Majo", "0"), v("Majo", "1") + MAJO),),
         ((v("Majo", "0"), v("Majo", "1") + MAJO), swap("TypPce", "01", "09"),
          (LINE_END, LINE_END + RATTACHEMENT.format("05", "")))),
    Case("PES-045", MANDATS, (("<RattachPiece>", "<Autre>"), ("</RattachPiece>", "</Autre>"))),
    Case("PES-045", MANDATS, (swap("IdPceOrig", "151", "0"),), (swap("IdPceOrig", "151", "1"),)),
    Case("PES-045", TITRE, (swap("TypPce", "01", "05"),),
         (swap("TypPce", "01", "05"), (LINE_END, LINE_END + RATTACHEMENT.format("03", "")))),
    Case("PES-046", MANDATS, (swap("NatPceOrig", "01", "03"),),
         (swap("NatPceOrig", "01", "02"),)),
    # 04 exists in dépense only
    Case("PES-046", TITRE, ((LINE_END, LINE_END + RATTACHEMENT.format("04", "")),),
         ((LINE_END, LINE_END + RATTACHEMENT.format("05", "")),)),
    Case("PES-046", TITRE, (swap("TypPce", "01", "05"),
                            (LINE_END, LINE_END + RATTACHEMENT.format("05", ""))),
         (swap("TypPce", "01", "05"), (LINE_END, LINE_END + RATTACHEMENT.format("03", "")))),
    Case("PES-046", MANDATS, (swap("NatPce", "02", "01"), ("</InfoLignePce>", "</InfoLignePce>"
         + RATTACHEMENT.format("01", v("IdLigneOrig", "1")))),
         (swap("NatPce", "02", "01"), ("</InfoLignePce>", "</InfoLignePce>"
          + RATTACHEMENT.format("05", v("IdLigneOrig", "1"))))),
    Case("PES-045", MANDATS, (swap("ExerRat", "2026", ""),)),
    Case("PES-047", MANDATS, (swap("ExerRat", "2026", "2025"),),
         (swap("ExerRat", "2026", "2025"), swap("Exer", "2026", "2025"),
          swap("Exer", "2026", "2025"))),
    Case("PES-047", MANDATS, (swap("ExerRat", "2026", "2027"),)),
    Case("PES-047_SAME_YEAR", MANDATS, (swap("TypBord", "02", "01"), swap("NatPce", "06", "09")),
         (swap("TypBord", "02", "01"), swap("NatPce", "06", "09"),
          swap("ExerRat", "2026", "2025"))),
    Case("PES-048", MANDATS, (swap("IdLigneOrig", "1", "0"),), (swap("IdLigneOrig", "1", "2"),)),
    Case("PES-048_UNEXPECTED", TITRE, (
        (LINE_END, LINE_END + RATTACHEMENT.format("03", v("IdLigneOrig", "1"))),),
        ((LINE_END, LINE_END + RATTACHEMENT.format("03", v("IdLigneOrig", "0"))),)),
    Case("PES-050", TITRE, (swap("TypPce", "01", "10"),),
         (swap("TypPce", "01", "10"), (LINE_END, LINE_END + "<LiensIdent>" + v("IdConv", "C1")
                                       + "</LiensIdent>"))),
    Case("PES-050", TITRE, (swap("TypPce", "01", "10"), swap("NatPce", "01", "02")),
         (swap("TypPce", "01", "10"), swap("NatPce", "01", "03"))),
    Case("PES-050", MANDATS, (swap("TypPce", "09", "06"), swap("NatPce", "02", "01")),
         (swap("TypPce", "09", "06"),)),
    Case("PES-051", MANDATS, (without("IdMarche", "2025-07"),),
         (swap("IdMarche", "2025-07", "2"),)),
    Case("PES-051", MANDATS, (swap("NatPce", "02", "03"), without("IdActif", "RES-2025-01")),
         (swap("NatPce", "02", "03"),)),
    Case("PES-051", MANDATS, (swap("NatPce", "02", "04"),),
         (swap("NatPce", "02", "04"), after("IdMarche", "2025-07", v("IdEmpruntOrdo", "E1")))),
    Case("PES-051", TITRE, (swap("NatPce", "01", "05"),),
         (swap("NatPce", "01", "05"), (LINE_END, LINE_END + "<LiensIdent>" + v("IdRegie", "R1")
                                       + "</LiensIdent>"))),
    Case("PES-053", MANDATS, (("<CpteBancaire>", "<Autre>"), ("</CpteBancaire>", "</Autre>")),
         (("<CpteBancaire>", "<Autre>"), ("</CpteBancaire>", "</Autre>"),
          swap("ModRegl", "03", "10"))),
    Case("PES-053_UNEXPECTED", MANDATS, (swap("ModRegl", "03", "02"),),
         (swap("ModRegl", "03", "06"),)),
    Case("PES-054", MANDATS, (without("DureeDgp", "30"),), (swap("DureeDgp", "30", "1"),)),
    Case("PES-054", MANDATS, (without("Dgp", "0"),), (swap("Dgp", "0", "1"),)),
    Case("PES-054", MANDATS, (without("DteDebDgp", "2026-03-02"),)),
    Case("PES-054", MANDATS, (without("DteFinDgp", "2026-04-01"),)),
    Case("PES-054_DATES", MANDATS, (swap("DteFinDgp", "2026-04-01", "2026-03-01"),),
         (swap("DteFinDgp", "2026-04-01", "2026-03-02"),)),
    Case("PES-055", MANDATS, (("<Tiers>", "<Autre>"), ("</Tiers>", "</Autre>"))),
    Case("PES-055_MAIN", TITRE, (swap("TypTiers", "01", "04"),)),
    Case("PES-055_MAIN", TITRE, (("</Tiers>", "</Tiers>" + between(TITRE, "<Tiers>", "</Tiers>")),),
         (("</Tiers>", "</Tiers>" + between(TITRE, "<Tiers>", "</Tiers>").replace(
             v("TypTiers", "01"), v("TypTiers", "03"))),)),
    Case("PES-056", MANDATS, (swap("NatJur", "03", "01"),), (swap("NatJur", "03", "06"),)),
    Case("PES-056", MANDATS, (swap("NatJur", "03", "04"),), (swap("NatJur", "03", "04"),),
         context={}, context_passing={"paires_tiers": frozenset({("50", "04")})}),
    Case("PES-057", TITRE, (without("Civilite", "MME"),), (swap("Civilite", "MME", "M"),)),
    Case("PES-057", TITRE, (without("Prenom", "LUCILE"),), (swap("Prenom", "LUCILE", "L"),)),
    Case("PES-058", MANDATS, (("<Nom V", '<Civilite V="M"/><Nom V'),)),
    Case("PES-058", MANDATS, (("<Nom V", '<Prenom V="ANNE"/><Nom V'),),
         (("<Nom V", '<Prenom V="ANNE"/><Nom V'), swap("CatTiers", "50", "01"))),
    Case("PES-058", TITRE, (swap("CatTiers", "01", "50"), without("DteNaissance", "1987-05-09"),
                            after("Prenom", "LUCILE", "<LieuNaissance/>")),
         (after("Prenom", "LUCILE", "<LieuNaissance/>"),)),
    Case("PES-058", TITRE, (swap("CatTiers", "01", "50"),),
         (swap("CatTiers", "01", "50"), without("DteNaissance", "1987-05-09"))),
    Case("PES-059", TITRE, (swap("Civilite", "MME", "Mademoiselle"),),
         (swap("Civilite", "MME", "mme"),)),
    Case("PES-059_UNKNOWN", TITRE, (swap("Civilite", "MME", "DR"),),
         (swap("Civilite", "MME", "MR"),)),
    Case("PES-060", MANDATS, (swap("IdTiers", "90012345600015", "90012345600016"),)),
    Case("PES-060", MANDATS, (swap("NatIdTiers", "01", "02"),),
         (swap("NatIdTiers", "01", "02"), swap("IdTiers", "90012345600015", "900123456"))),
    Case("PES-060", MANDATS, (swap("NatIdTiers", "01", "03"),),
         (swap("NatIdTiers", "01", "09"),)),
    Case("PES-060_PAIR", MANDATS, (without("NatIdTiers", "01"),)),
    Case("PES-060_PAIR", MANDATS, (without("IdTiers", "90012345600015"),),
         (without("IdTiers", "90012345600015"), without("NatIdTiers", "01"))),
    Case("PES-061", MANDATS, (swap("CatTiers", "50", "23"), swap("NatIdTiers", "01", "06")),
         (swap("CatTiers", "50", "23"),)),
    Case("PES-061_NAME", TITRE, (swap("Nom", "ARDOISIER", "Ardoisier"),),
         (swap("Nom", "ARDOISIER", "D'ARDOISIER-BLÉ"),)),
    Case("PES-061_NAME", TITRE, (swap("Nom", "ARDOISIER", "MME ARDOISIER"),)),
    Case("PES-061_NAME", TITRE, (swap("Nom", "ARDOISIER", "DIVERS"),)),
    Case("PES-061_NAME", TITRE, (swap("Nom", "ARDOISIER", "ARDOISIER NEE BLE"),)),
    # CatTiers 20 to 74: public or social
    Case("PES-061", MANDATS, (swap("CatTiers", "50", "20"), swap("NatIdTiers", "01", "06")),
         (swap("CatTiers", "50", "01"), swap("NatIdTiers", "01", "06"))),
    Case("PES-061", MANDATS, (swap("CatTiers", "50", "74"), swap("NatIdTiers", "01", "06")),
         (swap("CatTiers", "50", "74"), swap("NatIdTiers", "01", "02"))),
    Case("PES-062", TITRE, (without("Adr2", "14 RUE DU LAVOIR"),),
         (swap("Adr2", "14 RUE DU LAVOIR", "X"),)),
    Case("PES-062", TITRE, (swap("Ville", "BELLOMBRE", " "),), (swap("Ville", "BELLOMBRE", "Y"),)),
    Case("PES-062_CP", TITRE, (swap("CP", "99120", "9912"),), (swap("CP", "99120", "00120"),)),
    Case("PES-062_CP", TITRE, (swap("CP", "99120", "991200"),)),
    Case("PES-062_CP", TITRE, (swap("CP", "99120", "2A120"),)),
    Case("PES-062_ABROAD", TITRE, (swap("CodRes", "0", "1"),
                                   after("CodRes", "1", v("CodPays", "131"))),
         (swap("CodRes", "0", "1"), after("CodRes", "1", v("CodPays", "131")),
          swap("CP", "99120", "99999"))),
    Case("PES-063", TITRE, (swap("CodRes", "0", "1"),),
         (swap("CodRes", "0", "1"), after("CodRes", "1", v("CodPays", "131")))),
    Case("PES-063_RESIDENT", TITRE, (after("CodRes", "0", v("CodPays", "131")),),
         (after("CodRes", "0", v("CodPays", "100")),)),
    Case("PES-064", MANDATS, (swap("IBAN", IBAN, "FR9399999000010000A12345613"),),
         (swap("IBAN", IBAN, "FR7699999000020000065432129"),)),
    # the key is right, the length is not that of the country
    Case("PES-064", MANDATS, (swap("IBAN", IBAN, "BE2353900754703"),),
         (swap("IBAN", IBAN, "BE68539007547034"),)),
    Case("PES-064", MANDATS, (swap("IBAN", IBAN, IBAN.replace("A", "a")),)),
    Case("PES-064", MANDATS, (swap("IBAN", IBAN, "FR93 9999 9000 0100 00A1 2345 612"),)),
    # The international key is right, the French key inside it is wrong
    Case("PES-064_RIB", MANDATS, (swap("IBAN", IBAN, "FR6699999000010000A12345613"),)),
    Case("PES-064_RIB", MANDATS, (
        (v("BIC", "DEMOFRPP"), v("CodeEtab", "99999") + v("CodeGuic", "00001")),
        (v("IBAN", IBAN), v("IdCpte", "0000A123456") + v("CleRib", "13"))),
        ((v("BIC", "DEMOFRPP"), v("CodeEtab", "99999") + v("CodeGuic", "00001")),
         (v("IBAN", IBAN), v("IdCpte", "0000A123456") + v("CleRib", "12")))),
    Case("PES-065", MANDATS, (swap("BIC", "DEMOFRPP", "DEMOFRP"),),
         (swap("BIC", "DEMOFRPP", "DEMOFRPPXXX"),)),
    Case("PES-065_MISSING", MANDATS, (without("BIC", "DEMOFRPP"),
                                      swap("IBAN", IBAN, "BE68539007547034")),
         (without("BIC", "DEMOFRPP"),)),
    Case("PES-065_COUNTRY", MANDATS, (swap("BIC", "DEMOFRPP", "DEMOBEPP"),),
         (swap("BIC", "DEMOFRPP", "DEMOBEPP"), swap("IBAN", IBAN, "BE68539007547034"))),
    Case("PES-066", MANDATS, (without("TitCpte", "TRAVAUX DU VALLON SARL"),),
         (swap("TitCpte", "TRAVAUX DU VALLON SARL", "T"),)),
    Case("PES-070", TITRE, (swap("ObjPce", "CANTINE SCOLAIRE FEVRIER 2026", "X" * 161),),
         (swap("ObjPce", "CANTINE SCOLAIRE FEVRIER 2026", "X" * 160),)),
    Case("PES-070", MANDATS, (swap("Obj", "SITUATION 2 REHABILITATION RESERVOIR", "X" * 101),),
         (swap("Obj", "SITUATION 2 REHABILITATION RESERVOIR", "X" * 100),)),
    Case("PES-070", TITRE, (swap("LibelleColBud", "COMMUNE DE BELLOMBRE", "X" * 39),),
         (swap("LibelleColBud", "COMMUNE DE BELLOMBRE", "X" * 38),)),
    Case("PES-071", TITRE, (swap("RefTiers", "FAM00231", "00000"),),
         (swap("RefTiers", "FAM00231", "000001"),)),
    Case("PES-071", TITRE, (swap("ObjLignePce", "18 REPAS A 4,80 EUR", "nc"),),
         (swap("ObjLignePce", "18 REPAS A 4,80 EUR", "NC"),)),
    Case("PES-071", TITRE, (swap("ObjLignePce", "18 REPAS A 4,80 EUR", ""),)),
    Case("PES-071", TITRE, (swap("LibelleColBud", "COMMUNE DE BELLOMBRE", "."),)),
    Case("PES-072", TITRE, (swap("IdUnique", "21990123800010R2026T000417A1", "AUTRE"),),
         (swap("IdUnique", "21990123800010R2026T000417A1", "AUTRE"),), context={},
         context_passing={"used": used("idunique", "AUTRE")}),
    Case("PES-072_PAPER", TITRE, (swap("Support", "01", "02"),),
         (swap("Support", "01", "02"), swap("IdUnique", "21990123800010R2026T000417A1", "AUTRE"))),
    Case("PES-072_PAPER", TITRE, (swap("Support", "01", "03"),)),
    Case("PES-073", TITRE, context={"used": used("idunique", "21990123800010R2026T000417A1")},
         context_passing={}),
    Case("PES-073_DOUBLE", TITRE, (("</PJ>", "</PJ>" + between(TITRE, "<PJ>", "</PJ>")),),
         (("</PJ>", "</PJ>" + between(TITRE, "<PJ>", "</PJ>").replace("417A1", "417A2")),)),
    Case("PES-073_FORM", TITRE, (("21990123800010R2026T000417A1", "A"),
                                 ("21990123800010R2026T000417A1", "A" * 51)),
         (("21990123800010R2026T000417A1", "A"), ("21990123800010R2026T000417A1", "A" * 50))),
    Case("PES-073_FORM", TITRE, (("000417A1", "000417-A1"), ("000417A1", "000417-A1")),
         (("000417A1", "000417A2"), ("000417A1", "000417A2"))),
    Case("PES-074", TITRE, ((PAQUET, " "),)),
    Case("PES-074", TITRE, ((PAQUET, encode_piece_jointe(b"")),),
         ((PAQUET, encode_piece_jointe(b"%PDF-")),)),
    Case("PES-074_NAME", TITRE, (
        swap("NomPJ", "ETAT_2026_000417.pdf", "REF"),
        swap("NomPJ", "ETAT_2026_000417.pdf", "ETAT")),
        (swap("NomPJ", "ETAT_2026_000417.pdf", "REF"),)),
    Case("PES-074_NAME", TITRE, (("ETAT_2026_000417.pdf", "REF"), ("ETAT_2026_000417.pdf", "E.p")),
         (("ETAT_2026_000417.pdf", "REF"), ("ETAT_2026_000417.pdf", "E.ps"))),
    Case("PES-074_NAME", TITRE, (("ETAT_2026_000417.pdf", "REF"),
                                 ("ETAT_2026_000417.pdf", "E.html5")),
         (("ETAT_2026_000417.pdf", "REF"), ("ETAT_2026_000417.pdf", "E.html"))),
    # a hundred characters, extension included
    Case("PES-074_NAME", TITRE, (("ETAT_2026_000417.pdf", "REF"),
                                 ("ETAT_2026_000417.pdf", "E" * 97 + ".pdf")),
         (("ETAT_2026_000417.pdf", "REF"), ("ETAT_2026_000417.pdf", "E" * 96 + ".pdf"))),
    Case("PES-074_ENCODING", TITRE, ((PAQUET, PAQUET[:-8]),),
         ((PAQUET, "\n" + PAQUET[:20] + "\r\n " + PAQUET[20:]),)),
    Case("PES-074_ENCODING", TITRE, ((PAQUET, base64.b64encode(PDF).decode()),)),
    Case("PES-074_TYPE", TITRE, ((PAQUET, encode_piece_jointe(b"PK\x03\x04")),),
         ((PAQUET, base64.b64encode(gzip.compress(b"\n\n%PDF-1.7")).decode()),)),
    Case("PES-075", TITRE, (("</PJ>", REFCOMPTA.format("02").replace(v("Identifiant", "204"), "")
                             + "</PJ>"),), (("</PJ>", REFCOMPTA.format("02") + "</PJ>"),)),
    Case("PES-075_DOMAIN", TITRE, (("</PJ>", REFCOMPTA.format("01") + "</PJ>"),),
         (("</PJ>", REFCOMPTA.format("02") + "</PJ>"),)),
    # 03 and 05 are in the list of the norm, and refused in an aller
    Case("PES-075_DOMAIN", TITRE, (without("TypePJ", "002"),
                                   ("</PJ>", REFCOMPTA.format("03") + "</PJ>")),
         (without("TypePJ", "002"), ("</PJ>", REFCOMPTA.format("02") + "</PJ>"))),
    Case("PES-076", TITRE, (("<PJRef>", "<Ref>"), ("</PJRef>", "</Ref>")),
         (("<PJRef>", "<Ref>"), ("</PJRef>", "</Ref>"),
          ("</PJ>", REFCOMPTA.format("02") + "</PJ>"))),
)  # fmt: skip
IDS = [f"{rank}-{case.code}" for rank, case in enumerate(CASES)]


@pytest.mark.parametrize("document", [TITRE, MANDATS])
def test_the_golden_documents_break_no_rule(document):
    assert check(document.encode("iso-8859-1")) == Faults()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_rule_sees_the_document_that_just_fails(case):
    faults = [
        fault
        for fault in check(edited(case.document, case.failing), **case.context)
        if fault.code == case.code
    ]
    assert faults
    assert faults[0].severity is LEVELS[case.code].built
    fields = string.Formatter().parse(LABELS[case.code].sentence)
    assert {name for _, name, _, _ in fields if name} <= set(faults[0].params)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_rule_lets_pass_the_document_that_just_passes(case):
    context = case.context if case.context_passing is None else case.context_passing
    assert case.code not in check(edited(case.document, case.passing), **context).codes


def test_every_code_has_a_label_with_a_remedy():
    assert all(LABELS[code].remedy for code in LEVELS)


def test_a_fault_names_the_pieces_and_the_line_of_the_file():
    content = edited(MANDATS, (swap("IBAN", IBAN, "FR9399999000010000A12345613"),))
    (fault,) = check(content)
    assert fault.code == "PES-064"
    assert fault.params == {
        "bordereau": "31",
        "piece": "204",
        "ligne": "1",
        "tiers": "TRAVAUX DU VALLON",
        "value": "FR9399999000010000A12345613",
    }
    assert fault.path == "bordereau 31 / piece 204 / ligne 1"
    assert content.decode("iso-8859-1").splitlines()[fault.line - 1].strip() == "<Tiers>"
    assert LABELS["PES-064"].sentence.format(**fault.params) == (
        "L'IBAN « FR9399999000010000A12345613 » de « TRAVAUX DU VALLON » est faux : capitales, "
        "longueur ou clé (bordereau n° 31, pièce n° 204, ligne 1)."
    )


REAL_BUDGET = Budget(
    id_post="034000", siret="12345678912345", cod_col="123", cod_bud="12", libelle="COMMUNE"
)


@pytest.mark.parametrize("name", ["1496987735_826268894", "LibelleColBud_avec_accent"])
def test_a_real_file_leaves_with_warnings_only(shared, name):
    path = shared / "real" / "helios" / f"HELIOS_SIMU_ALR2_{name}.xml"
    content = complete(path.read_bytes(), dematerialise=True).content
    faults = check(
        content, budgets=(REAL_BUDGET,), signature=True, origine=Origine.READY_MADE, today=TODAY
    )
    assert faults.codes == ("PES-003", "PES-003", "PES-008_KEY", "PES-020", "PES-061")
    assert not faults.blocking


def test_the_same_defects_in_a_file_of_ours_stop_it(shared):
    path = shared / "real" / "helios" / "HELIOS_SIMU_ALR2_1496987735_826268894.xml"
    faults = check(path.read_bytes(), budgets=(REAL_BUDGET,))
    assert faults.blocking.codes == ("PES-003", "PES-003", "PES-020")


@pytest.mark.parametrize(
    "code", ["PES-003", "PES-019", "PES-020", "PES-021", "PES-064_RIB", "PES-001_MOJIBAKE"]
)
def test_what_only_accuses_ourselves_is_a_warning_elsewhere(code):
    assert (LEVELS[code].built, LEVELS[code].ready_made) == (Severity.BLOCKING, Severity.WARNING)


def test_the_configuration_overrides_a_level():
    content = edited(TITRE, (swap("NbrPce", "1", "2"),))
    assert check(content).blocking.codes == ("PES-019",)
    assert not check(content, levels={"PES-019": Severity.WARNING}).blocking


@pytest.mark.parametrize("code", sorted(FIXED))
def test_no_configuration_lets_a_file_of_another_budget_leave(code):
    case = next(case for case in CASES if case.code == code)
    faults = check(
        edited(case.document, case.failing),
        origine=Origine.READY_MADE,
        levels={code: Severity.WARNING},
    )
    assert code in faults.blocking.codes


def test_a_file_without_any_budget_configured_is_refused():
    assert "PES-007" in check(TITRE.encode(), budgets=()).blocking.codes


def test_the_keys_that_a_file_uses_up():
    content = MANDATS.encode("iso-8859-1")
    keys = register_keys(read_pes(content))
    assert keys == (
        ("nomfic", "PESALR2_21990456200010_260320_001"),
        ("idbord", "depense/02/2026/01/31"),
        ("idpce", "depense/02/2026/01/204"),
        ("idbord", "depense/02/2026/02/4"),
        ("idpce", "depense/02/2026/02/9"),
        ("idunique", "21990456200010D2026M000204F1"),
    )
    again = check(content, used=lambda kind, key: "2026-01-05" if (kind, key) in keys else None)
    assert sorted(again.codes) == [
        "PES-005", "PES-017", "PES-017", "PES-028", "PES-028", "PES-073",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30001008 66C785000000067".replace(" ", ""), True),
        ("30001008 66C785000000068".replace(" ", ""), False),
        ("99999000020000065432129", True),
        ("9999900002000006543212", False),
        ("", False),
    ],
)
def test_the_key_of_a_rib(text, expected):
    assert is_rib(text) is expected


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("01", "90012345600015", "9001234560001"),
        ("02", "900123456", "900123457"),
        ("03", "990000002", "990000003"),
        ("03", "2A0000001", "2C0000001"),
        ("04", "187059912345606", "187059912345607"),
        ("05", "BE0123456749", "B"),
        ("06", "X", "X" * 19),
        ("07", "12345678A", "1234567"),
        ("08", "1234567890", "12345678"),
        ("10", "FRWF123", "WF123"),
        ("11", "12345ABC", "1234ABC"),
        ("12", "1234567890123", "123456789012"),
    ],
)
def test_the_identifier_of_a_tiers_fits_its_kind(kind, right, wrong):
    def codes(identifier: str) -> tuple[str, ...]:
        edits = (
            swap("IdTiers", "90012345600015", identifier),
            swap("NatIdTiers", "01", kind),
        )
        return check(edited(MANDATS, edits)).codes

    assert "PES-060" not in codes(right)
    assert "PES-060" in codes(wrong)


@given(
    st.sampled_from([TITRE, MANDATS]),
    st.lists(
        st.tuples(
            st.integers(0, 400),
            st.none() | st.sampled_from(["", "0", "x", "-1", "99999", "1e9", "\xe9 ", "9" * 30]),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_no_document_makes_the_rules_fall(document, damages):
    root = etree.fromstring(document.encode("iso-8859-1"))
    for rank, value in damages:
        nodes = list(root.iterdescendants())
        node = nodes[rank % len(nodes)]
        if value is None and node.getparent() is not None and len(nodes) > 1:
            node.getparent().remove(node)
        elif value is not None:
            node.set("V", value)
    content = etree.tostring(root, encoding="ISO-8859-1")
    assert set(check(content).codes) <= set(LEVELS)
    complete(content, dematerialise=True)
