"""The avis des sommes à payer that demat writes: whole, valid for both schema sets and rule 77.

Everything in it is fictional, the codes of the comptable included.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from demat.faults import Faults
from demat.helios.asap import Avis, Organisme, ReglagesAsap, check_modele
from demat.helios.model import (
    Adresse,
    Bordereau,
    Compte,
    Domaine,
    Ligne,
    PieceComptable,
    Tiers,
)
from demat.helios.rules_facture import check_attached
from demat.labels_fr.catalogue import explain
from demat.schemas.validate import validate
from demat.xmlio import parse_untrusted
from tests.conftest import ROOT
from tests.unit.helios.samples import BELLOMBRE, EMETTEUR

GOLDEN = ROOT / "tests" / "golden" / "pes"
DAY = date(2026, 3, 12)
REGLAGES = ReglagesAsap(
    emetteur=Organisme(
        nom="COMMUNE DE BELLOMBRE",
        adresse=Adresse(adr1="MAIRIE", adr2="1 PLACE DU PUITS", cp="99120", ville="BELLOMBRE"),
        telephone="0199000000",
        horaires="LUNDI 9H-12H",
        courriel="mairie@bellombre.exemple",
    ),
    signataire=("TEMOIN", "CLAIRE", "Maire"),
    ref_bdf="099045",
    ics="FR99ZZZ999999",
    code_tipi="099045",
    adresse_tipi="https://paiement.exemple/payer",
    centre=Adresse(adr2="", adr3="TSA 99999", cp="99999", ville="FICTION CEDEX 9"),
    tresorerie=Organisme(
        nom="SGC DE BELLOMBRE",
        adresse=Adresse(adr2="2 RUE DU TRESOR", cp="99120", ville="BELLOMBRE"),
    ),
    talon=("{emetteur:9} {poste:6}{collectivite}{budget}", "{an}{titre:8} {centimes:8}"),
    modalites_reglement="Démarche non prévue par la collectivité",
    modalites_contestation="Tribunal administratif de Fiction, dans les deux mois",
)
LUCILE = Tiers(
    ref_tiers="FAM00231",
    cat_tiers="01",
    nat_jur="01",
    civilite="MME",
    nom="ARDOISIER",
    prenom="LUCILE",
    adresse=Adresse(adr2="14 RUE DU LAVOIR", cp="99120", ville="BELLOMBRE"),
    compte=Compte(
        iban="FR7699999000020000065432129", bic="DEMOFRPPXXX", titulaire="ARDOISIER LUCILE"
    ),
)
SOCIETE = Tiers(
    id_tiers="90012345600015",
    nat_id_tiers="01",
    ref_tiers="CLI7",
    cat_tiers="50",
    nat_jur="03",
    nom="TRAVAUX DU VALLON",
    compl_nom="AGENCE DES PRES",
    adresse=Adresse(adr1="BATIMENT 2", adr2="3 ZONE ARTISANALE", cp="99200", ville="CLAIRVALLON"),
)
ABROAD = replace(
    LUCILE,
    adresse=Adresse(
        adr2="9 HAUPTSTRASSE",
        cp="99999",
        ville="79000 MUSTERSTADT",
        non_resident=True,
        code_pays="109",
    ),
)


def ligne(montant: str, *, tiers: Tiers = LUCILE, **changes: object) -> Ligne:
    values: dict[str, object] = {"numero": 1, "objet": "18 REPAS A 4,80 EUR"}
    values |= {"code_produit": "CANT", "nature": "7067", "mt_ht": Decimal(montant)}
    return Ligne(**{**values, "tiers": (tiers,), **changes})


def titre(*lignes: Ligne, **changes: object) -> PieceComptable:
    values: dict[str, object] = {"numero": 417, "typ_pce": "01", "nat_pce": "01", "edition": "01"}
    values |= {"objet": "CANTINE SCOLAIRE FÉVRIER 2026", "lignes": lignes or (ligne("86.40"),)}
    return PieceComptable(**{**values, **changes})


def avis_of(
    piece: PieceComptable, reglages: ReglagesAsap = REGLAGES, *, typ_bord: str = "01"
) -> Avis:
    bordereau = Bordereau(
        id="BRD2026R0012",
        domaine=Domaine.RECETTE,
        exercice=2026,
        numero=12,
        date_emission=DAY,
        typ_bord=typ_bord,
        pieces=(piece,),
    )
    return Avis(
        budget=BELLOMBRE, bordereau=bordereau, piece=piece, reglages=reglages, logiciel=EMETTEUR
    )


TVA = {"mt_tva": Decimal("16.67"), "tx_tva": Decimal("20")}
CONTACT = replace(
    REGLAGES,
    tresorerie=replace(
        REGLAGES.tresorerie,
        telephone="0199000001",
        horaires="MARDI 9H-12H",
        courriel="sgc@bellombre.exemple",
    ),
)
CASES: dict[str, Avis] = {
    "a person": avis_of(titre()),
    "a company through Chorus Pro": avis_of(
        titre(ligne("100.00", tiers=SOCIETE), edition="02", numero_facture="F-2026/417")
    ),
    "with TVA": avis_of(titre(ligne("83.33", tiers=SOCIETE, **TVA))),
    "several lines": avis_of(
        titre(ligne("83.33", **TVA), ligne("5.00", numero=2, objet="GOUTER"), ligne("0.01"))
    ),
    "abroad": avis_of(titre(ligne("86.40", tiers=ABROAD))),
    "with a TIP": avis_of(titre(), replace(REGLAGES, tip=True)),
    "the most that a TIP takes": avis_of(titre(ligne("150000")), replace(REGLAGES, tip=True)),
    "above a TIP": avis_of(titre(ligne("150000.01")), replace(REGLAGES, tip=True)),
    "no online payment": avis_of(titre(), replace(REGLAGES, code_tipi="", adresse_tipi="")),
    "a trésorerie that can be reached": avis_of(titre(), CONTACT),
    "a line without text": avis_of(titre(ligne("1.00"), ligne("2.00", objet=""))),
    "another type of bordereau": avis_of(titre(), typ_bord="03"),
}


def node_of(avis: Avis) -> etree._Element:
    (node,) = parse_untrusted(avis.write()).findall("PES_Facture")
    return node


def told(node: etree._Element, path: str) -> list[tuple[str, str]]:
    """Return every value below an element, in document order."""
    found = node.find(path)
    assert found is not None, path
    return [(str(one.tag), one.get("V", "")) for one in found.iter() if one.get("V") is not None]


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_valid_and_breaks_no_rule(name: str) -> None:
    avis = CASES[name]
    content = avis.write()
    assert Faults(avis.faults()) == Faults()
    assert validate(content) == Faults()
    emissions = {(2026, 12, 417): DAY.isoformat()}
    assert Faults(check_attached(content, name, emissions)) == Faults()


@pytest.fixture(scope="module")
def official(shared: Path) -> Callable[[str], etree.XMLSchema]:
    def compiled(edition: str) -> etree.XMLSchema:
        path = shared / "official" / "pes" / edition / "PES_V2" / "Rev0" / "PES_Aller.xsd"
        return etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))

    return compiled


def without_mail(avis: Avis) -> Avis:
    reglages = avis.reglages
    return replace(
        avis,
        reglages=replace(
            reglages,
            emetteur=replace(reglages.emetteur, courriel=""),
            tresorerie=replace(reglages.tresorerie, courriel=""),
        ),
    )


@pytest.mark.parametrize(
    ("edition", "known"), [("5.17", lambda avis: avis), ("5.11", without_mail)]
)
def test_the_official_sets_accept_it_too(
    official: Callable[[str], etree.XMLSchema], edition: str, known: Callable[[Avis], Avis]
) -> None:
    """The e-mail addresses came with 5.17."""
    schema = official(edition)
    refused = {}
    for name, avis in CASES.items():
        if not schema.validate(parse_untrusted(known(avis).write())):
            refused[name] = str(schema.error_log)
    assert refused == {}


def test_a_whole_avis() -> None:
    assert CASES["a person"].write() == (GOLDEN / "aller_avis.xml").read_bytes()


def test_the_company_is_named_with_its_siret_and_its_own_invoice_number() -> None:
    node = node_of(CASES["a company through Chorus Pro"])
    assert told(node, "FactureIndiv/NumeroFacture") == [("NumeroFacture", "F-2026/417")]
    assert told(node, "FactureIndiv/Debiteur") == [
        ("IdTiers", "90012345600015"),
        ("CatTiers", "50"),
        ("NatJur", "03"),
        ("TypTiers", "01"),
        ("Nom", "TRAVAUX DU VALLON"),
        ("ComplNom", "AGENCE DES PRES"),
        ("TypAdr", "1"),
        ("Adr1", "BATIMENT 2"),
        ("Adr2", "3 ZONE ARTISANALE"),
        ("CP", "99200"),
        ("Ville", "CLAIRVALLON"),
        ("CodRes", "0"),
    ]


def test_an_identifier_that_is_no_siret_is_not_printed() -> None:
    nir = replace(LUCILE, id_tiers="190019912312345", nat_id_tiers="04")
    assert b"190019912312345" not in avis_of(titre(ligne("86.40", tiers=nir))).write()


def test_a_debtor_abroad_keeps_the_country() -> None:
    assert told(node_of(CASES["abroad"]), "FactureIndiv/Debiteur/Adresse") == [
        ("TypAdr", "1"),
        ("Adr2", "9 HAUPTSTRASSE"),
        ("CP", "99999"),
        ("Ville", "79000 MUSTERSTADT"),
        ("CodRes", "1"),
        ("CodPays", "109"),
    ]


def test_each_line_has_its_tva_and_the_total_adds_up() -> None:
    node = node_of(CASES["several lines"])
    lines = [[one.get("V") for one in line] for line in node.iterfind("FactureIndiv/LigneFacture")]
    day = "2026-03-12"
    assert lines == [
        [day, "18 REPAS A 4,80 EUR", "83.33", "83.33", "20.00", "16.67", "100.00", "1"],
        [day, "GOUTER", "5.00", "5.00", "0.00", "0.00", "5.00", "2"],
        [day, "18 REPAS A 4,80 EUR", "0.01", "0.01", "0.00", "0.00", "0.01", "3"],
    ]
    assert told(node, "FactureIndiv/TotalAPayer") == [
        ("MtTotalHT", "88.34"),
        ("MtTotalTVA", "16.67"),
        ("MtTotalTTC", "105.01"),
    ]


@pytest.mark.parametrize(
    ("name", "mode", "ref_bdf", "accounts"),
    [
        ("a person", "1", "099045", 0),
        ("with a TIP", "0", "FR99ZZZ999999", 1),
        ("the most that a TIP takes", "0", "FR99ZZZ999999", 1),
        ("above a TIP", "1", "099045", 0),
    ],
)
def test_a_tip_up_to_its_ceiling_a_slip_above(
    name: str, mode: str, ref_bdf: str, accounts: int
) -> None:
    node = node_of(CASES[name])
    assert told(node, "FactureIndiv/ModeRecouvrement") == [("ModeRecouvrement", mode)]
    assert told(node, "Emetteur/InfoSuppl/RefBdf") == [("RefBdf", ref_bdf)]
    assert len(node.findall("FactureIndiv/Debiteur/CpteBancaire")) == accounts


def test_online_payment_is_told_whole_or_not_at_all() -> None:
    found = told(node_of(CASES["a person"]), "Emetteur/InfoSuppl")
    assert ("CodeTipi", "099045") in found
    assert ("AdrTipi", "https://paiement.exemple/payer") in found
    without = dict(told(node_of(CASES["no online payment"]), "Emetteur/InfoSuppl"))
    assert without.keys() & {"CodeTipi", "AdrTipi"} == set()


def test_names_differ_by_budget_type_and_number() -> None:
    person, other = CASES["a person"], CASES["another type of bordereau"]
    second = replace(person, budget=replace(BELLOMBRE, cod_bud="02"))
    assert [one.id_unique for one in (person, other, second)] == [
        "21990123800010R2026B00T000417ASAP",
        "21990123800010R2026B00T000417T03ASAP",
        "21990123800010R2026B02T000417ASAP",
    ]
    assert [one.nom for one in (person, other)] == ["ASAP_2026_000417", "ASAP_2026_000417T03"]


def test_the_debtor_is_told_how_to_reach_the_comptable() -> None:
    tiers = node_of(CASES["a trésorerie that can be reached"]).findall("Tiers")
    assert [one.find("InfoSupplTiers") is None for one in tiers] == [True, False]
    assert told(tiers[1], "InfoSupplTiers") == [
        ("NumTel2", "0199000001"),
        ("HorairesOuv2", "MARDI 9H-12H"),
        ("AdresseMelCFP", "sgc@bellombre.exemple"),
    ]


def test_a_line_without_text_has_that_of_the_titre() -> None:
    lines = node_of(CASES["a line without text"]).findall("FactureIndiv/LigneFacture/Libelle")
    assert [one.get("V") for one in lines] == [
        "18 REPAS A 4,80 EUR",
        "CANTINE SCOLAIRE FÉVRIER 2026",
    ]


def test_without_object_the_line_speaks() -> None:
    node = node_of(avis_of(titre(objet="")))
    assert told(node, "FactureIndiv/Objet") == [("Objet", "18 REPAS A 4,80 EUR")]


def test_a_text_that_helios_cannot_receive_is_never_written() -> None:
    with pytest.raises(ValueError, match="Objet"):
        avis_of(titre(objet="CANTINE €")).write()


WHERE = "2026-417 (titre n° 417, bordereau n° 12)"
TALON = (
    "Le modèle du talon ne convient pas au titre n° 417 (bordereau n° 12) : sa ligne {} serait "
    "« {} »."
)


@pytest.mark.parametrize(
    ("piece", "talon", "sentences"),
    [
        (
            titre(ligne("1.00"), ligne("2.00", tiers=replace(LUCILE, ref_tiers="FAM00232"))),
            REGLAGES.talon,
            [
                "L'avis édité par la DGFiP (mode 01) exige un seul débiteur (bordereau n° 12, "
                "pièce n° 417)."
            ],
        ),
        (
            titre(ligne("1.00", tiers=replace(LUCILE, adresse=None), objet=""), objet=""),
            REGLAGES.talon,
            [
                f"Il manque à l'avis des sommes à payer {WHERE} : rue du débiteur (Adr2).",
                f"Il manque à l'avis des sommes à payer {WHERE} : objet du titre.",
            ],
        ),
        (
            titre(ligne("1.00", mt_tva=Decimal("0.20"), numero=2)),
            REGLAGES.talon,
            [f"Il manque à l'avis des sommes à payer {WHERE} : taux de TVA de la ligne 2."],
        ),
        (
            titre(),
            ("{titre:2} ABC", "{centimes:3}"),
            [TALON.format(1, "417 ABC"), TALON.format(2, "8640")],
        ),
        (titre(), ("{titre:61}", "ABC"), [TALON.format(1, "417".zfill(61))]),
    ],
)
def test_what_prevents_an_avis_is_told(
    piece: PieceComptable, talon: tuple[str, str], sentences: list[str]
) -> None:
    faults = Faults(avis_of(piece, replace(REGLAGES, talon=talon)).faults())
    assert [explain(fault).sentence for fault in faults] == sentences
    assert faults.blocking == faults


def test_every_field_of_the_slip() -> None:
    talon = (
        "{exercice} {an} {bordereau} {titre} {produit} {centimes}",
        "{poste} {collectivite} {budget:3} {emetteur}",
    )
    node = node_of(avis_of(titre(), replace(REGLAGES, talon=talon)))
    assert told(node, "FactureIndiv/TalonOptique2Lignes") == [
        ("Ligne1", "2026 26 12 417 CANT 8640"),
        ("Ligne2", "099012 045 000 099045"),
    ]


@pytest.mark.parametrize(
    ("modele", "reason"),
    [
        ("{cle}", "champ cle inconnu, choisir parmi exercice, an, bordereau"),
        ("abc", "capitales sans accent"),
        ("{titre", "capitales sans accent"),
        ("{titre:0}", "capitales sans accent"),
    ],
)
def test_a_template_that_cannot_be_followed(modele: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_modele(modele)
