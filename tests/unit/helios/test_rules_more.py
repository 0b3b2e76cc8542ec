"""Rules on what surrounds a file: signature, past, nomenclature, rôles, debits, avis.

With ``test_rules``, every code has a document that just fails and one that just passes.
"""

import string
from decimal import Decimal
from pathlib import Path

import pytest

from demat.faults import FaultError, Faults, Severity
from demat.helios.build import encode_piece_jointe
from demat.helios.model import Domaine
from demat.helios.plan import (
    PlanBudget,
    plan_key,
    read_comptes,
    read_grille_tiers,
    read_grille_triplets,
)
from demat.helios.rule_levels import LEVELS
from demat.helios.rules import Origine, line_amounts
from demat.helios.rules_ormc import cle1, cle2
from demat.labels_fr.catalogue import LABELS as ALL_LABELS
from demat.labels_fr.helios import LABELS
from demat.schemas.validate import validate
from tests.unit.helios import test_rules
from tests.unit.helios.test_rules import (
    MANDATS,
    PAQUET,
    RATTACHEMENT,
    TITRE,
    Case,
    after,
    between,
    check,
    edited,
    second_line,
    swap,
    used,
    v,
    without,
)

GOLDEN_FILES = Path(__file__).resolve().parents[2] / "golden" / "pes"

# ------------------------------------------------------------------------ golden documents

SIGNATURE = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Object>'
    '<xad:QualifyingProperties xmlns:xad="http://uri.etsi.org/01903/v1.1.1#" Target="#S">'
    "<xad:SignedProperties><xad:SignedSignatureProperties>"
    "<xad:SigningTime>2026-03-12T09:09:14.187Z</xad:SigningTime>"
    "<xad:SigningCertificate><xad:Cert><xad:CertDigest/><xad:IssuerSerial>"
    "<ds:X509SerialNumber>12</ds:X509SerialNumber></xad:IssuerSerial></xad:Cert>"
    "</xad:SigningCertificate><xad:SignaturePolicyIdentifier><xad:SignaturePolicyId>"
    "<xad:SigPolicyId><xad:Identifier>urn:oid:1.2</xad:Identifier></xad:SigPolicyId>"
    "<xad:SigPolicyHash><xad:DigestValue>roF9</xad:DigestValue></xad:SigPolicyHash>"
    "</xad:SignaturePolicyId></xad:SignaturePolicyIdentifier>"
    "<xad:SignerRole><xad:ClaimedRoles><xad:ClaimedRole>Maire</xad:ClaimedRole>"
    "</xad:ClaimedRoles></xad:SignerRole></xad:SignedSignatureProperties>"
    "</xad:SignedProperties></xad:QualifyingProperties></ds:Object></ds:Signature>"
)
SIGNED = edited(
    TITRE,
    (
        swap("InfoDematerialisee", "0", "1"),
        ("</Bordereau>", SIGNATURE + "</Bordereau>"),
    ),
).decode("iso-8859-1")
SIGNED_WHOLE = edited(
    TITRE,
    (
        swap("InfoDematerialisee", "0", "1"),
        ("</n:PES_Aller>", SIGNATURE + "</n:PES_Aller>"),
    ),
).decode("iso-8859-1")
SEPA = (
    '<InfoPrelevementSEPA><NatPrel V="01"/><PerPrel V="07"/><DtePrel V="2026-04-28"/>'
    '<MtPrel V="86.40"/><SequencePres V="03"/><DateSignMandat V="2025-09-01"/>'
    '<RefUniMdt V="BELLOMBRE-PERI-000231"/></InfoPrelevementSEPA>'
)
COMPTE = (
    '<CpteBancaire><BIC V="DEMOFRPPXXX"/><IBAN V="FR7699999000020000065432129"/>'
    '<TitCpte V="ARDOISIER LUCILE"/></CpteBancaire>'
)
DEBITED = (
    ("</InfoLignePiece>", "</InfoLignePiece>" + SEPA),
    ("</Adresse>\n", "</Adresse>" + COMPTE + "\n"),
)
PRELEVE = edited(TITRE, DEBITED).decode("iso-8859-1")
ORMC = edited(
    TITRE,
    (
        *DEBITED,
        swap("TypFic", "PESALR2", "PESORMC"),
        swap("TypBord", "01", "06"),
        without("MtCumulAnnuel", "18250.40"),
        swap("TypPce", "01", "15"),
        after(
            "ObjPce",
            "CANTINE SCOLAIRE FEVRIER 2026",
            v("NumDette", "2026000417"),
            v("Per", "3"),
            v("Cle1", "9"),
            v("Cle2", "V"),
        ),
        swap("Nature", "7067", "588"),
    ),
).decode("iso-8859-1")
FACTURE = """<PES_Facture><IdVer V="2"/><Annee V="2026"/><TypeFact V="09"/><Date V="2026-03-12"/>
<Emetteur><InfoTiers><CatTiers V="23"/><NatJur V="09"/><TypTiers V="20"/><Nom V="BELLOMBRE"/>
</InfoTiers><Adresse><TypAdr V="1"/><Adr2 V="1 PLACE FICTIVE"/></Adresse>
<InfoSuppl><CodeTipi V="012345"/><AdrTipi V="https://paiement.exemple"/><RefBdf V="099A"/>
</InfoSuppl>
<Signataire><Personne><Nom V="LEFICTIF"/><Prenom V="ANNE"/></Personne><Role V="Maire"/></Signataire>
</Emetteur>
<Tiers><InfoTiers><TypTiers V="25"/><Nom V="CENTRE D'ENCAISSEMENT"/>
<ComplNom V="DES FINANCES PUBLIQUES"/></InfoTiers><Adresse><CP V="99900"/></Adresse></Tiers>
<Tiers><InfoTiers><TypTiers V="26"/><Nom V="TRESORERIE"/></InfoTiers>
<Adresse><Adr2 V="2 RUE DU TRESOR"/></Adresse></Tiers>
<FactureIndiv><DateEmission V="2026-03-12"/><NumeroFacture V="F417"/>
<Debiteur><Adresse><Adr2 V="14 RUE DEBITRICE"/></Adresse></Debiteur>
<LigneFacture><MtBase V="86.00"/><MtHT V="86.40"/><MtTVA V="0"/><MtTTC V="86.42"/></LigneFacture>
<TotalAPayer><MtTotalTTC V="150000.00"/></TotalAPayer>
<RefTitre><Exercice V="2026"/><NumBordereau V="12"/><NumTitre V="417"/><NumLigne V="1"/></RefTitre>
<TalonOptique2Lignes><Ligne1 V="ABC 123"/><Ligne2 V="DEF 456"/></TalonOptique2Lignes>
<ModeRecouvrement V="0"/></FactureIndiv></PES_Facture>"""
AVIS = TITRE.replace("</PES_RecetteAller>", "</PES_RecetteAller>" + FACTURE)
TRESORERIE = '<Tiers><InfoTiers><TypTiers V="26"/><Nom V="TRESORERIE"/></InfoTiers>' + (
    '\n<Adresse><Adr2 V="2 RUE DU TRESOR"/></Adresse></Tiers>'
)
MARCHE = (GOLDEN_FILES / "aller_marche.xml").read_text("iso-8859-1")
RECETTES = between(AVIS, "<PES_RecetteAller>", "</PES_RecetteAller>")
ATTACHED = between(AVIS, "<PES_PJ>", "</PES_PJ>")
INDIV = between(FACTURE, "<FactureIndiv>", "</FactureIndiv>")
PATIENT = (
    swap("TypeFact", "09", "10"),
    ("<LigneFacture>", "<LigneFacturePatient>"),
    ("</LigneFacture>", "</LigneFacturePatient>"),
)

GOLDEN = {
    "signed": SIGNED,
    "signed as a whole": SIGNED_WHOLE,
    "with a debit": PRELEVE,
    "role": ORMC,
    "with an avis": AVIS,
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_documents_break_no_rule(name):
    assert check(GOLDEN[name].encode("iso-8859-1")) == Faults()


# ------------------------------------------------------------------------------- cases


def plan(cod_col: str = "045", cod_bud: str = "00", **known: object) -> dict[str, object]:
    """Return the context in which one budget is known: that of the titre, if not said."""
    return {"plans": {plan_key(cod_col, cod_bud): PlanBudget(**known)}}


def plan_mandats(**known: object) -> dict[str, object]:
    return plan("118", "02", **known)


def followed(*known: tuple[str, str]) -> dict[str, object]:
    """Return the memory of a numbering followed since its start."""
    return {
        "followed": lambda scope: scope == "recette/00/2026/01",
        "used": lambda kind, key: "2026-01-05 ANCIEN" if (kind, key) in known else None,
    }


PREVIOUS = ("idbord", "recette/00/2026/01/11")
EDITION_06 = after("DteAsp", "2026-03-16", v("Edition", "06"))
PJREF = v("NomPJ", "ETAT_2026_000417.pdf")
TWO_LINES = "</LigneDePiece>", "</LigneDePiece>" + second_line(ORMC, 2)
NIR_TITRE = (
    "<InfoTiers>",
    '<InfoTiers><IdTiers V="187059912345606"/><NatIdTiers V="04"/>',
)
FOURNITURES = MANDATS[MANDATS.index("BRD2026D0004A") :]
LERAND = between(FOURNITURES, "<IdTiers", "</InfoTiers>")
NIR_MANDAT = (
    (
        LERAND,
        LERAND.replace("90067890500028", "187059912345606").replace(
            v("NatIdTiers", "01"), v("NatIdTiers", "04")
        ),
    ),
)
LIGNE_REDUITE = between(FOURNITURES, "<LigneDePiece>", "</LigneDePiece>")
REDUITE_TWICE = (LIGNE_REDUITE, LIGNE_REDUITE + second_line(FOURNITURES, 2))
ASSURE = ("</InfoLignePiece>", '</InfoLignePiece><InfoAssure><CodAssDeb V="2"/></InfoAssure>')
SANTE = {"nomenclature": "M22"}
GRILLE = {"grille_triplets": frozenset({(Domaine.RECETTE, "01", "01", "02")})}
GRILLE_TIERS = {"grille_tiers": frozenset({("01", "02")})}
MONTANT = "depense/02/2026/151/1"

CASES = (
    Case("PES-003", AVIS, (("<PES_Facture><IdVer V=\"2\"/>", "<PES_Facture><IdVer V=\"1\"/>"),)),
    Case("PES-003", MARCHE, (swap("IdVer", "2", "1"),), (swap("IdVer", "2", "02"),)),
    Case("PES-010_MISSING", TITRE, context=plan(**SANTE), context_passing=plan()),
    Case("PES-010_NOMENCLATURE", TITRE,
         (after("IdColl", "21990123800010", v("FinJur", "990000001")),),
         (after("IdColl", "21990123800010", v("FinJur", "990000001")),),
         context=plan(nomenclature="M57"), context_passing=plan(**SANTE)),
    Case("PES-020_ROLE", ORMC, (swap("MtBordHt", "86.40", "86.41"),), ()),
    Case("PES-021_ROLE", ORMC, (after("MtBordHt", "86.40", v("MtBordTVA", "0.01")),), ()),
    # a reference without its kind may be the invoice; a paper of another kind is not
    Case("PES-033_PJ", ORMC, (after("DteAsp", "2026-03-16", v("Edition", "03")),
                              ("<PJRef>", "<Ref>"), ("</PJRef>", "</Ref>")),
         (after("DteAsp", "2026-03-16", v("Edition", "03")),)),
    # s2low counts bordereaux, attachments and contracts, not what is billed beside them
    Case("PES-011", AVIS, ((RECETTES, ""), (ATTACHED, "")), ((RECETTES, ""),)),
    Case("PES-015_ROOT", SIGNED_WHOLE, ((' Id="PES20260312R001"', ""),),
         ((' Id="BRD2026R0012"', ""),)),
    Case("PES-015_ROOT", SIGNED_WHOLE, ((' Id="PES20260312R001"', ' Id="BRD2026R0012"'),)),
    Case("PES-016", SIGNED, (("14.187Z", "14.187+01:00"),), (("14.187Z", "14Z"),)),
    Case("PES-016", SIGNED_WHOLE, (("2026-03-12T09:09:14.187Z", ""),)),
    Case("PES-016_ROLE", SIGNED, (("Maire", " "),), (("Maire", "Adjoint"),)),
    Case("PES-016_ROLE", SIGNED, (("<xad:ClaimedRole>Maire</xad:ClaimedRole>", ""),),
         (("Maire", "M"),)),
    Case("PES-016_POLICY", SIGNED, (("roF9", ""),), (("roF9", "r"),)),
    Case("PES-016_POLICY", SIGNED, (("urn:oid:1.2<", "<"),), (("urn:oid:1.2<", "1<"),)),
    Case("PES-016_CERTIFICATE", SIGNED, (("X509SerialNumber>12<", "X509SerialNumber><"),),
         (("X509SerialNumber>12<", "X509SerialNumber>1<"),)),
    Case("PES-017_GAP", TITRE, context=followed(), context_passing=followed(PREVIOUS)),
    Case("PES-017_GAP", TITRE, (), (swap("IdBord", "12", "1"),), context=followed()),
    Case("PES-024", TITRE, context={"cumul": lambda scope: Decimal("18163.99")},
         context_passing={"cumul": lambda scope: {
             "recette/00/2026/01": Decimal("18164.00")}.get(scope)}),
    Case("PES-024", MANDATS, (swap("IdBord", "4", "32"), swap("TypBord", "02", "01")),
         (swap("IdBord", "4", "32"), swap("TypBord", "02", "01"),
          swap("MtCumulAnnuel", "210.00", "94180.55"))),
    Case("PES-026_GRID", TITRE, (), (swap("NatPce", "01", "02"),), context=GRILLE),
    Case("PES-030_ROLE", ORMC, (after("MtBordHt", "86.40", v("DteAsp", "2026-03-11")),),
         (after("MtBordHt", "86.40", v("DteAsp", "2026-03-12")),)),
    Case("PES-030_ROLE_ONLY", TITRE, (after("MtBordHt", "86.40", v("Objet", "CANTINE")),),
         (after("MtBordHt", "86.40", v("Objet", "CANTINE")), swap("TypBord", "01", "06"))),
    Case("PES-030_ROLE_ONLY", TITRE, (after("MtBordHt", "86.40", v("DteAsp", "2026-03-12")),)),
    Case("PES-035", ORMC, (EDITION_06,),
         (EDITION_06, (PJREF, PJREF + v("TypePJ", "010")))),
    Case("PES-037", TITRE, (after("ObjPce", "CANTINE SCOLAIRE FEVRIER 2026",
                                  v("DebFact", "2026-02-01")),),
         (after("ObjPce", "CANTINE SCOLAIRE FEVRIER 2026", v("DebFact", "2026-02-01")),),
         context=plan(nomenclature="M57"), context_passing=plan(**SANTE)),
    Case("PES-037_LINE", TITRE, (ASSURE,), (ASSURE,), context=plan(nomenclature="M57"),
         context_passing=plan(**SANTE)),
    Case("PES-037_LINE", TITRE, (NIR_TITRE,), (NIR_TITRE,), context=plan(nomenclature="M57"),
         context_passing=plan()),
    Case("PES-037_NIR", MANDATS, NIR_MANDAT, (*NIR_MANDAT, swap("NatPce", "06", "09")),
         context=plan_mandats(**SANTE)),
    Case("PES-037", TITRE, (after("ObjPce", "CANTINE SCOLAIRE FEVRIER 2026",
                                  v("FinFact", "2026-02-28")),),
         (after("ObjPce", "CANTINE SCOLAIRE FEVRIER 2026", v("FinFact", "2026-02-28")),),
         context=plan(nomenclature="M57"), context_passing=plan(nomenclature="M21")),
    Case("PES-038", ORMC, (without("NumDette", "2026000417"),),
         (swap("NumDette", "2026000417", "1"),)),
    Case("PES-038", ORMC, (without("Per", "3"),), (swap("Per", "3", "0"),)),
    Case("PES-038_CLE1", ORMC, (swap("Cle1", "9", "8"),)),
    Case("PES-038_CLE1", ORMC, (swap("NumDette", "2026000417", "2026000418"),),
         (swap("NumDette", "2026000417", "2026000418"),
          swap("Cle1", "9", cle1("045", "12", "26", "3", "2026000418")))),
    Case("PES-038_CLE1", ORMC, (without("Cle1", "9"),)),
    Case("PES-038_CLE2", ORMC, (swap("Cle2", "V", "W"),)),
    Case("PES-038_CLE2", ORMC, (swap("Per", "3", "4"),),
         (swap("Per", "3", "4"), swap("Cle2", "V", cle2("26", "4", "2026000417")))),
    Case("PES-038_DEBTOR", ORMC, ((TWO_LINES[0], TWO_LINES[1].replace("ARDOISIER", "AUTRE")),),
         (TWO_LINES,)),
    Case("PES-038_NATURE", ORMC, (swap("Nature", "588", "7067"),)),
    Case("PES-038_SEPA", ORMC, ((TWO_LINES[0], TWO_LINES[1].replace(SEPA, "")),), (TWO_LINES,)),
    Case("PES-038_SEPA", ORMC, ((TWO_LINES[0], TWO_LINES[1].replace("04-28", "04-29")),),
         ((TWO_LINES[0], TWO_LINES[1].replace('MtPrel V="86.40"', 'MtPrel V="1.00"')),)),
    Case("PES-039", TITRE, context=plan(comptes=frozenset({"7066"})),
         context_passing=plan(comptes=frozenset({"7067"}))),
    Case("PES-039", TITRE, context=plan(comptes=frozenset({"706"})), context_passing=plan()),
    Case("PES-039_DIGITS", MANDATS, (swap("Nature", "6063", "6063A"),)),
    Case("PES-039_DIGITS", MANDATS, (swap("Nature", "6063", "6" * 13),),
         (swap("Nature", "6063", "6" * 12),)),
    Case("PES-040", TITRE, context=plan(nomenclature="M4"),
         context_passing=plan(nomenclature="M57A")),
    Case("PES-040_MISSING", MANDATS, context=plan_mandats(vote_par_fonction=True),
         context_passing=plan_mandats(vote_par_fonction=False)),
    Case("PES-041", MANDATS, (swap("Operation", "2401", "24A1"),),
         (swap("Operation", "2401", "0024"),)),
    Case("PES-041_NOMENCLATURE", MANDATS, context=plan_mandats(nomenclature="M31"),
         context_passing=plan_mandats(nomenclature="M49")),
    Case("PES-041_NOMENCLATURE", TITRE, (after("Fonction", "281", v("Operation", "OP1")),),
         (after("Fonction", "281", v("Operation", "OP1")),), context=plan(nomenclature="M832"),
         context_passing=plan(nomenclature="M57")),
    Case("PES-049", MANDATS, context={"montant_origine": lambda key: Decimal("59.99")},
         context_passing={"montant_origine": {MONTANT: Decimal("60.00")}.get}),
    Case("PES-049", MANDATS, (REDUITE_TWICE,), (REDUITE_TWICE,),
         context={"montant_origine": {MONTANT: Decimal("119.99")}.get},
         context_passing={"montant_origine": {MONTANT: Decimal("120.00")}.get}),
    # 02 in dépense is a titre, 01 in recette too
    Case("PES-049", TITRE,
         (("</InfoLignePiece>", "</InfoLignePiece>" + RATTACHEMENT.format(
             "01", v("IdLigneOrig", "1"))),), (),
         context={"montant_origine": {"recette/00/2025/8/1": Decimal("1")}.get}),
    Case("PES-052", TITRE, context=plan(codes_produit=frozenset({"PERI"})),
         context_passing=plan(codes_produit=frozenset({"CANT"}))),
    Case("PES-052_FORM", TITRE, (swap("CodProdLoc", "CANT", "CANTI"),),
         (swap("CodProdLoc", "CANT", "0"),)),
    Case("PES-056_GRID", TITRE, (), (swap("NatJur", "01", "02"),), context=GRILLE_TIERS),
    Case("PES-059_UNKNOWN", TITRE, (swap("Civilite", "MME", "DR"),),
         (swap("Civilite", "MME", "DR"),), context={},
         context_passing={"civilites": frozenset({"DR"})}),
    Case("PES-067", PRELEVE, ((COMPTE, ""),),
         ((COMPTE, ""), ("InfoPrelevementSEPA", "InfoPrelevement"),
          ("/InfoPrelevementSEPA", "/InfoPrelevement"), swap("NatPrel", "01", "02"))),
    Case("PES-067_BLOCK", PRELEVE, (swap("NatPrel", "01", "02"),)),
    Case("PES-067_BLOCK", PRELEVE, (("InfoPrelevementSEPA", "InfoPrelevement"),
                                    ("/InfoPrelevementSEPA", "/InfoPrelevement")),
         (("InfoPrelevementSEPA", "InfoPrelevement"),
          ("/InfoPrelevementSEPA", "/InfoPrelevement"), swap("NatPrel", "01", "02"))),
    Case("PES-068", PRELEVE, (swap("MtPrel", "86.40", "86.41"),),
         (swap("MtPrel", "86.40", "0.01"),)),
    Case("PES-068", PRELEVE, (swap("MtPrel", "86.40", "0.00"),)),
    Case("PES-068", ORMC, (swap("MtPrel", "86.40", "86.39"),)),
    Case("PES-068", ORMC, (swap("MtPrel", "86.40", "86.41"),),
         (swap("MtPrel", "86.40", "86.41"), swap("MtHT", "86.40", "86.41"))),
    Case("PES-068_DATE", PRELEVE, (swap("DtePrel", "2026-04-28", "2026-03-12"),),
         (swap("DtePrel", "2026-04-28", "2026-03-13"),)),
    Case("PES-068_DATE", PRELEVE, context={"delai_prelevement": 48},
         context_passing={"delai_prelevement": 47}),
    Case("PES-069", PRELEVE, (after("RefUniMdt", "BELLOMBRE-PERI-000231",
                                    v("AncienICS", "12345")),),
         (after("RefUniMdt", "BELLOMBRE-PERI-000231", v("AncienICS", "123456")),)),
    Case("PES-069", PRELEVE, (after("RefUniMdt", "BELLOMBRE-PERI-000231",
                                    v("AncienICS", "FR12ABC1234567")),),
         (after("RefUniMdt", "BELLOMBRE-PERI-000231", v("AncienICS", "FR12ABC123456")),)),
    Case("PES-069", PRELEVE, (after("RefUniMdt", "BELLOMBRE-PERI-000231",
                                    v("AncienICS", "1234567")),),
         (after("RefUniMdt", "BELLOMBRE-PERI-000231", v("AncienICS", "1234567890123")),)),
    Case("PES-069", PRELEVE, (after("RefUniMdt", "BELLOMBRE-PERI-000231",
                                    v("AncienICS", "FR12ABC12345")),)),
    Case("PES-069_BANK", PRELEVE,
         (after("RefUniMdt", "BELLOMBRE-PERI-000231", v("AncienneBanque", "1"),
                v("AncienIBAN", "FR7699999000020000065432129")),),
         (after("RefUniMdt", "BELLOMBRE-PERI-000231", v("AncienneBanque", "1")),)),
    Case("PES-069_RUM", PRELEVE, (swap("RefUniMdt", "BELLOMBRE-PERI-000231", "A_1"),),
         (swap("RefUniMdt", "BELLOMBRE-PERI-000231", "A" * 35),)),
    Case("PES-069_RUM", PRELEVE, (swap("RefUniMdt", "BELLOMBRE-PERI-000231", "A" * 36),)),
    Case("PES-075", TITRE, (swap("TypePJ", "002", "012"),), (swap("TypePJ", "002", "007"),)),
    Case("PES-077", AVIS, (without("Adr2", "14 RUE DEBITRICE"),)),
    Case("PES-077", AVIS, (("<LigneFacture>", "<Autre>"), ("</LigneFacture>", "</Autre>"))),
    Case("PES-077", AVIS, PATIENT[:1], PATIENT),
    Case("PES-077", AVIS, (without("Ligne2", "DEF 456"),)),
    Case("PES-077", AVIS, (without("ModeRecouvrement", "0"),)),
    Case("PES-077", AVIS, (without("NumTitre", "417"),)),
    Case("PES-077_AMOUNT", AVIS, (swap("MtBase", "86.00", "0"),),
         (swap("MtBase", "86.00", "0.01"),)),
    Case("PES-077_DATE", AVIS, (swap("DateEmission", "2026-03-12", "2026-03-13"),),
         (swap("DateEmission", "2026-03-12", "2026-03-13"), swap("NumTitre", "417", "418"))),
    Case("PES-077_DOUBLE", AVIS, ((INDIV, INDIV + INDIV),),
         ((INDIV, INDIV + INDIV.replace("417", "418")),)),
    Case("PES-077_ISSUER", AVIS, (without("RefBdf", "099A"),), (swap("RefBdf", "099A", "0"),)),
    Case("PES-077_ISSUER", AVIS, (without("Role", "Maire"),), (swap("Role", "Maire", "M"),)),
    Case("PES-077_ISSUER", AVIS, (without("Prenom", "ANNE"),)),
    Case("PES-077_LINE", AVIS, (swap("NumLigne", "1", "2"),), (swap("NumLigne", "1", "01"),)),
    Case("PES-077_PARTY", AVIS, (swap("TypTiers", "25", "26"),)),
    Case("PES-077_PARTY", AVIS, ((TRESORERIE, TRESORERIE + TRESORERIE),),
         ((TRESORERIE, TRESORERIE + TRESORERIE.replace("26", "24")),)),
    Case("PES-077_PARTY_DATA", AVIS, (("<CP V=\"99900\"/>", v("Adr2", "RUE")),)),
    Case("PES-077_PARTY_DATA", AVIS, (without("Adr2", "2 RUE DU TRESOR"),)),
    Case("PES-077_PARTY_DATA", AVIS, (swap("ComplNom", "DES FINANCES PUBLIQUES", "AUTRE"),),
         (swap("ComplNom", "DES FINANCES PUBLIQUES", "des finances publiques"),)),
    Case("PES-077_PATIENT", AVIS, PATIENT, (*PATIENT, swap("ModeRecouvrement", "0", "true"))),
    Case("PES-077_TALON", AVIS, (swap("Ligne1", "ABC 123", "abc"),),
         (swap("Ligne1", "ABC 123", "A" * 60),)),
    Case("PES-077_TALON", AVIS, (swap("Ligne1", "ABC 123", "A" * 61),)),
    Case("PES-077_TIP", AVIS, (swap("MtTotalTTC", "150000.00", "150000.01"),),
         (swap("MtTotalTTC", "150000.00", "150000.01"), swap("ModeRecouvrement", "0", "1"))),
    Case("PES-077_TIPI", AVIS, (without("CodeTipi", "012345"),),
         (without("CodeTipi", "012345"), without("AdrTipi", "https://paiement.exemple"))),
    Case("PES-077_UNREADABLE", TITRE, (swap("TypePJ", "002", "006"),),
         (swap("TypePJ", "002", "006"), (PAQUET, encode_piece_jointe(FACTURE.encode())),
          ("application/pdf", "application/xml"))),
)  # fmt: skip
IDS = [f"{rank}-{case.code}" for rank, case in enumerate(CASES)]


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


# -------------------------------------------------------------------- nothing is missing

ELSEWHERE = {"PES-005_MISSING"}
"""Raised by ``ready_made.complete``, tested there."""
ALL_CASES = (*test_rules.CASES, *CASES)


def test_every_code_has_a_document_that_fails_and_one_that_passes():
    assert {case.code for case in ALL_CASES} == set(LEVELS) - ELSEWHERE


def test_every_rule_of_the_dossier_has_a_code():
    numbers = {int(code[4:7]) for code in LEVELS}
    assert numbers | {2} == set(range(1, 78))  # rule 2 is the schemas themselves


@pytest.mark.parametrize(
    ("edits", "codes"), [((), ()), ((without("NbrPce", "1"),), ("XSD-UNEXPECTED_ELEMENT",))]
)
def test_rule_2_is_the_schemas(edits, codes):
    assert validate(edited(TITRE, edits)).codes == codes
    assert all(ALL_LABELS[code].remedy for code in codes)


def test_what_is_only_plausible_warns():
    plausible = {code for code, level in LEVELS.items() if level.evidence.split()[0] == "U"}
    assert {"PES-024", "PES-049", "PES-076"} <= plausible
    assert all(LEVELS[code].ready_made is Severity.WARNING for code in plausible)


# ------------------------------------------------------------------------------ details


def test_the_keys_of_an_article_are_those_of_the_dossier():
    assert cle2("26", "3", "0002026000417") == cle2("26", "3", "2026000417") == "V"
    assert cle1("045", "12", "26", "3", "0002026000417") == "9"


@pytest.mark.parametrize(("digits", "key"), [("0", "1"), ("5", "1"), ("6", "1"), ("1", "9")])
def test_a_key_of_two_digits_is_one(digits, key):
    """11 − 0 and 11 − 1 do not fit on one digit: the note says 1."""
    assert cle1("0", "0", "0", "0", digits) == key


@pytest.mark.parametrize(
    ("nomenclature", "sante", "fonction", "depense", "recette"),
    [
        ("M14", False, True, True, True),
        ("M57", False, True, True, True),
        ("M57D", False, True, True, True),
        ("M52", False, True, True, True),
        ("M71", False, True, True, True),
        ("M61", False, False, True, True),
        ("M4", False, False, True, True),
        ("M49", False, False, True, True),
        ("M22", True, False, False, False),
        ("M21", True, False, False, False),
        ("M832", False, False, True, False),
        ("M31", False, False, False, False),
        ("", False, False, False, False),
    ],
)
def test_what_a_nomenclature_admits(nomenclature, sante, fonction, depense, recette):
    budget = PlanBudget(nomenclature=nomenclature)
    assert budget.sante is sante
    assert budget.fonction is fonction
    assert budget.operation(Domaine.DEPENSE) is depense
    assert budget.operation(Domaine.RECETTE) is recette


def test_an_unknown_budget_is_not_judged():
    context = plan("045", "01", nomenclature="M31", comptes=frozenset({"1"}))
    assert check(TITRE.encode("iso-8859-1"), **context) == Faults()


def test_a_role_is_not_looked_up_in_the_chart_of_accounts():
    context = plan(comptes=frozenset({"7067"}))
    assert check(ORMC.encode("iso-8859-1"), **context) == Faults()


def test_an_order_of_payment_needs_no_function():
    content = edited(MANDATS, (swap("TypBord", "01", "03"), swap("TypBord", "02", "03")))
    assert "PES-040_MISSING" not in check(content, **plan_mandats(vote_par_fonction=True)).codes


def test_an_attached_avis_is_read():
    facture = FACTURE.replace('<NumLigne V="1"/>', '<NumLigne V="2"/>')
    content = edited(
        TITRE,
        (
            swap("TypePJ", "002", "006"),
            (PAQUET, encode_piece_jointe(facture.encode())),
            ("application/pdf", "application/xml"),
        ),
    )
    (fault,) = check(content)
    assert fault.code == "PES-077_LINE"
    assert fault.line is None
    assert LABELS[fault.code].sentence.format(**fault.params) == (
        "L'avis des sommes à payer F417 (ETAT_2026_000417.pdf) doit désigner la ligne 1 du titre "
        "n° 417."
    )


def test_another_kind_of_invoice_is_left_alone():
    content = edited(AVIS, (swap("TypeFact", "09", "01"), without("Ligne2", "DEF 456")))
    assert check(content) == Faults()


def test_what_was_attached_as_something_else_than_an_invoice():
    content = edited(
        TITRE,
        (
            swap("TypePJ", "002", "006"),
            (PAQUET, encode_piece_jointe(b"<Autre/>")),
            ("application/pdf", "application/xml"),
        ),
    )
    assert check(content).codes == ("PES-077_UNREADABLE",)


def test_without_memory_there_is_neither_gap_nor_sum():
    assert check(TITRE.encode("iso-8859-1"), used=used("idbord", "recette/00/2026/01/9")) == (
        Faults()
    )


def test_the_first_bordereau_may_be_in_the_same_file():
    content = edited(MANDATS, (swap("TypBord", "02", "01"), swap("IdBord", "4", "1")))
    assert "PES-017_GAP" in check(content).codes
    earlier = {"used": used("idbord", "depense/02/2026/01/30")}
    assert "PES-017_GAP" not in check(content, **earlier).codes


@pytest.mark.parametrize(
    ("key", "ligne", "amount"),
    [
        ("depense/02/2026/01/204", 1, Decimal("1500.00")),
        ("depense/02/2026/02/9", 1, Decimal("60.00")),
        ("depense/02/2026/01/204", 2, None),
        ("depense/02/2026/01/9", 1, None),
    ],
)
def test_the_amount_of_a_line_that_was_sent(key, ligne, amount):
    assert line_amounts(MANDATS.encode("iso-8859-1")).get(f"{key}/{ligne}") == amount


@pytest.mark.parametrize("name", ["PESALR2_49101169800000_171227_2045", "SHA256_bordereau"])
def test_real_signatures_say_what_they_must(shared, name):
    content = (shared / "real" / "helios" / f"{name}.xml").read_bytes()
    codes = check(content, origine=Origine.READY_MADE).codes
    assert [code for code in codes if code.startswith("PES-016")] == []


# -------------------------------------------------------------------- tables that one adds


def test_the_grid_of_triplets():
    text = "\ufeffdomaine;typ_bord;typ_pce;nat_pce;libelle\nrecette;1;1;2;x\n\ndepense;02;02;06;\n"
    assert read_grille_triplets(text.encode()) == {
        (Domaine.RECETTE, "01", "01", "02"),
        (Domaine.DEPENSE, "02", "02", "06"),
    }


def test_the_grid_of_tiers_and_the_chart_of_accounts():
    assert read_grille_tiers(b"nat_jur;cat_tiers\n3;50\n") == {("50", "03")}
    text = "compte;libelle\r\n7067;Redevances périscolaires\r\n"
    assert read_comptes(text.encode("cp1252")) == read_comptes(text.encode()) == {"7067"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", [("CFG-GRID_COLUMN", 1)]),
        (b"cat_tiers\n01\n", [("CFG-GRID_COLUMN", 1)]),
        (b"cat_tiers;nat_jur\n", [("CFG-GRID_EMPTY", None)]),
        (b"cat_tiers;nat_jur\n01;01\n\nA;1\n50\n", [("CFG-GRID_ROW", 4), ("CFG-GRID_ROW", 5)]),
        (b"cat_tiers;nat_jur\nA;B\n", [("CFG-GRID_ROW", 2), ("CFG-GRID_ROW", 2)]),
    ],
)
def test_a_wrong_table_is_refused_with_its_lines(content, found):
    with pytest.raises(FaultError) as caught:
        read_grille_tiers(content)
    assert [(fault.code, fault.line) for fault in caught.value.faults] == found
    for fault in caught.value.faults:
        assert ALL_LABELS[fault.code].sentence.format(**fault.params)


def test_an_account_is_made_of_digits():
    with pytest.raises(FaultError) as caught:
        read_comptes(b"compte;libelle\n6063A;x\n")
    assert caught.value.faults.codes == ("CFG-GRID_ROW",)
