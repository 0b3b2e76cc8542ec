"""Writing the avis des sommes à payer (ASAP) of a titre: a PES_Facture of TypeFact 09 (§6.1, §3.7).

What the notes of the 5.17 schemas ask to leave out of an ASAP is left out (DetailTVA, RefTiers,
CodeProduit…). No published schema declares PES_Facture as a root: the attachment is a PES_Aller
that holds nothing else, so that the official set can judge it. The payment slip follows a template
that the comptable gives: its layout is known in part only (§10.1), and nothing is made up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from demat.amounts import cents, total
from demat.faults import Fault
from demat.helios.build import build_pes
from demat.helios.model import (
    Adresse,
    Bordereau,
    Budget,
    EmetteurPes,
    Ligne,
    PesAller,
    PieceComptable,
    Tiers,
)
from demat.helios.text import is_transmissible
from demat.xmlio import Element, serialise

__all__ = ["TIP_MAX", "Avis", "Organisme", "ReglagesAsap", "check_modele"]

TIP_MAX = Decimal(150_000)
"""Largest amount that a TIP may collect, in euros (§6.1)."""
_ASAP = "09"
_TYP_BORD = "01"
_EMETTEUR, _CENTRE, _TRESORERIE = "20", "25", "26"
_ETAT = ("20", "07")
_SIRET = "01"
_FIELD = re.compile(r"\{([a-z]+)(?::([1-9][0-9]?))?\}")
_FIELDS = (
    *("exercice", "an", "bordereau", "titre", "produit", "centimes"),
    *("poste", "collectivite", "budget", "emetteur"),
)
_FIXED = re.compile(r"[0-9A-Z ]*")
_LINE = re.compile(r"[0-9A-Z ]{1,60}")
_UNPRINTED = "Voir les modalités de règlement"
"""``ConditionsGen``: the schemas demand it, and it is not printed on an ASAP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisme:
    """Whom the debtor may reach, and where: the issuer or the trésorerie."""

    nom: str
    """Name, at most 38 characters."""
    adresse: Adresse
    """Postal address, in France."""
    telephone: str = ""
    """At most 20 characters."""
    horaires: str = ""
    """Opening hours, at most 38 characters."""
    courriel: str = ""
    """E-mail address, at most 50 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReglagesAsap:
    """What the avis of one budget need besides the titre; the comptable gives most of it."""

    emetteur: Organisme
    """``Emetteur``: the authority."""
    tiers_emetteur: tuple[str, str] = ("23", "09")
    """``CatTiers`` and ``NatJur`` of the authority: 23+09 for a commune."""
    signataire: tuple[str, str, str]
    """``Nom``, ``Prenom`` and ``Role`` of the person who signs the avis."""
    ref_bdf: str
    """``RefBdf`` of an avis with a slip: the issuer number of the budget."""
    ics: str = ""
    """``RefBdf`` of an avis with a TIP: the SEPA creditor identifier; empty without TIP."""
    tip: bool = False
    """Whether the avis carry a TIP, up to :data:`TIP_MAX`; else, and above, a slip."""
    code_tipi: str = ""
    """``CodeTipi``: client number of the authority at PayFiP; with ``adresse_tipi`` or not."""
    adresse_tipi: str = ""
    """``AdrTipi``: address of the page where one pays."""
    centre: Adresse
    """Address of the collecting centre: ``Adr1`` and ``Adr2`` are forbidden, a TSA is ``Adr3``."""
    tresorerie: Organisme
    """The office of the comptable."""
    talon: tuple[str, str]
    """Templates of the two lines of the slip; see :func:`check_modele`."""
    modalites_reglement: str
    """``ModalitesReglement``: how to have the next sums debited, 250 characters."""
    modalites_contestation: str = ""
    """``ModalitesContestation``: which court, and where, 420 characters."""


def check_modele(modele: str) -> str:
    """Return the template of a line of the slip when it can be followed.

    It holds capitals, digits and blanks, written as they are, and fields: ``{titre:8}`` is the
    number of the titre on 8 characters, filled with zeros on the left.

    :raises ValueError: for another character or an unknown field, with the French words to show.
    """
    for name, _ in _FIELD.findall(modele):
        if name not in _FIELDS:
            raise ValueError(f"champ {name} inconnu, choisir parmi {', '.join(_FIELDS)}")
    if not _FIXED.fullmatch(_FIELD.sub("", modele)):
        raise ValueError("capitales sans accent, chiffres, espaces et champs seulement")
    return modele


@dataclass(frozen=True, kw_only=True, slots=True)
class Avis:
    """The avis of one titre."""

    budget: Budget
    bordereau: Bordereau
    """Where the titre stands; its date is that of the avis."""
    piece: PieceComptable
    """The titre."""
    reglages: ReglagesAsap
    logiciel: EmetteurPes
    """Who makes the file."""

    @property
    def numero(self) -> str:
        """``NumeroFacture``: that of the titre for Chorus Pro, else ``exercice-titre``."""
        return self.piece.numero_facture or f"{self.bordereau.exercice}-{self.piece.numero}"

    @property
    def suffixe(self) -> str:
        """What tells apart the titres of each type of bordereau, which are numbered apart."""
        typ_bord = self.bordereau.typ_bord
        return "" if typ_bord == _TYP_BORD else f"T{typ_bord}"

    @property
    def nom(self) -> str:
        """Name of the file, without its extension."""
        return f"ASAP_{self.bordereau.exercice}_{self.piece.numero:06d}{self.suffixe}"

    @property
    def id_unique(self) -> str:
        """``IdUnique``: the budget is in it, since several budgets may share a SIRET (§5.1)."""
        budget, exercice = self.budget, self.bordereau.exercice
        titre = f"{self.piece.numero:06d}{self.suffixe}"
        return f"{budget.siret}R{exercice}B{budget.cod_bud}T{titre}ASAP"

    @property
    def ttc(self) -> Decimal:
        """What the debtor owes, in euros."""
        return total(_ttc(ligne) for ligne in self.piece.lignes)

    @property
    def tip(self) -> bool:
        """Whether the avis carries a TIP rather than a slip."""
        return self.reglages.tip and self.ttc <= TIP_MAX

    @property
    def ref_bdf(self) -> str:
        """``RefBdf``, which depends on the way to pay."""
        return self.reglages.ics if self.tip else self.reglages.ref_bdf

    @property
    def objet(self) -> str:
        """``Objet`` of the titre, else that of its first line."""
        return self.piece.objet or self.piece.lignes[0].objet

    def faults(self) -> Iterator[Fault]:
        """Yield what prevents the avis from being written; blocking.

        ``PES-032`` (several debtors), ``PES-077`` (something is missing), ``INT-ASAP_TALON``.
        """
        titre, bordereau = str(self.piece.numero), str(self.bordereau.numero)
        if len({_who(tiers) for ligne in self.piece.lignes for tiers in ligne.tiers}) != 1:
            params = {"bordereau": bordereau, "piece": titre, "edition": self.piece.edition}
            yield Fault(code="PES-032", params=params)
            return
        for missing in self._missing():
            where = f"titre n° {titre}, bordereau n° {bordereau}"
            params = {"facture": self.numero, "ou": where, "missing": missing}
            yield Fault(code="PES-077", params=params)
        for rank, (line, fits) in enumerate(self._talon(), start=1):
            if not fits:
                params = {"titre": titre, "bordereau": bordereau}
                params |= {"ligne": str(rank), "value": line}
                yield Fault(code="INT-ASAP_TALON", params=params)

    def _missing(self) -> Iterator[str]:
        adresse = self.debiteur.adresse
        if adresse is None or not adresse.adr2:
            yield "rue du débiteur (Adr2)"
        if not self.objet:
            yield "objet du titre"
        for ligne in self.piece.lignes:
            if ligne.mt_tva and ligne.tx_tva is None:
                yield f"taux de TVA de la ligne {ligne.numero}"

    @property
    def debiteur(self) -> Tiers:
        """The only debtor of a titre without fault."""
        return next(tiers for ligne in self.piece.lignes for tiers in ligne.tiers)

    def _talon(self) -> Iterator[tuple[str, bool]]:
        """Yield the two lines of the slip, and whether all their fields fit."""
        values = {
            "exercice": str(self.bordereau.exercice),
            "an": str(self.bordereau.exercice)[-2:],
            "bordereau": str(self.bordereau.numero),
            "titre": str(self.piece.numero),
            "produit": self.piece.lignes[0].code_produit,
            "centimes": str(cents(self.ttc)),
            "poste": self.budget.id_post,
            "collectivite": self.budget.cod_col,
            "budget": self.budget.cod_bud,
            "emetteur": self.reglages.ref_bdf,
        }
        for modele in self.reglages.talon:
            fields = [(values[name], int(width or 0)) for name, width in _FIELD.findall(modele)]
            line = _FIELD.sub(lambda found: values[found[1]].zfill(int(found[2] or 0)), modele)
            fits = all(not width or len(value) <= width for value, width in fields)
            yield line, fits and bool(_LINE.fullmatch(line))

    def write(self) -> bytes:
        """Return the attachment, in ISO-8859-1; only for an avis without :meth:`faults`.

        :raises ValueError: when a text holds a character that Hélios cannot receive.
        """
        return build_pes(
            PesAller(
                nom_fic=self.nom,
                id="",
                emetteur=self.logiciel,
                budget=self.budget,
                date=self.bordereau.date_emission,
                dematerialise=False,
                bordereaux=(),
                autres=(self._facture(),),
            )
        )

    def _facture(self) -> bytes:
        node = etree.Element("PES_Facture")
        day = self.bordereau.date_emission.isoformat()
        _put(node, IdVer="2", Annee=str(self.bordereau.exercice), TypeFact=_ASAP, Date=day)
        self._emetteur(etree.SubElement(node, "Emetteur"))
        self._parties(node)
        self._indiv(etree.SubElement(node, "FactureIndiv"), day)
        etree.SubElement(node, "Nomenclatures")
        etree.indent(node, space=" ", level=1)
        return serialise(node)

    def _emetteur(self, node: Element) -> None:
        reglages, issuer = self.reglages, self.reglages.emetteur
        categorie, juridique = reglages.tiers_emetteur
        info = {"IdTiers": self.budget.siret, "CatTiers": categorie, "NatJur": juridique}
        _sub(node, "InfoTiers", **info, TypTiers=_EMETTEUR, Nom=issuer.nom)
        _adresse(node, issuer.adresse)
        _sub(
            node,
            "InfoSuppl",
            NumTel=issuer.telephone,
            HorairesOuv=issuer.horaires,
            CodeTipi=reglages.code_tipi,
            AdresseMelEmetteur=issuer.courriel,
            AdrTipi=reglages.adresse_tipi,
            RefBdf=self.ref_bdf,
        )
        nom, prenom, role = reglages.signataire
        signataire = etree.SubElement(node, "Signataire")
        _sub(signataire, "Personne", Nom=nom, Prenom=prenom)
        _put(signataire, Role=role)

    def _parties(self, node: Element) -> None:
        """Write the collecting centre and the trésorerie, one of each (§6.1)."""
        state = dict(zip(("CatTiers", "NatJur"), _ETAT, strict=True))
        centre = etree.SubElement(node, "Tiers")
        names = {"Nom": "CENTRE D'ENCAISSEMENT", "ComplNom": "DES FINANCES PUBLIQUES"}
        _sub(centre, "InfoTiers", **state, TypTiers=_CENTRE, **names)
        _adresse(centre, self.reglages.centre)
        office = self.reglages.tresorerie
        tresorerie = etree.SubElement(node, "Tiers")
        _sub(tresorerie, "InfoTiers", **state, TypTiers=_TRESORERIE, Nom=office.nom)
        contact = {"NumTel2": office.telephone, "HorairesOuv2": office.horaires}
        if any((*contact.values(), office.courriel)):
            _sub(tresorerie, "InfoSupplTiers", **contact, AdresseMelCFP=office.courriel)
        _adresse(tresorerie, office.adresse)

    def _indiv(self, node: Element, day: str) -> None:
        _put(node, DateEmission=day, NumeroFacture=self.numero)
        self._debiteur(etree.SubElement(node, "Debiteur"))
        _put(node, Objet=self.objet)
        for ordre, ligne in enumerate(self.piece.lignes, start=1):
            _ligne(etree.SubElement(node, "LigneFacture"), ligne, ordre, self.objet, day)
        ht, tva = (
            total(ligne.mt_ht for ligne in self.piece.lignes),
            total(ligne.mt_tva or Decimal(0) for ligne in self.piece.lignes),
        )
        totals = {"MtTotalHT": f"{ht:.2f}", "MtTotalTVA": f"{tva:.2f}"}
        _sub(node, "TotalAPayer", **totals, MtTotalTTC=f"{self.ttc:.2f}")
        _sub(
            node,
            "RefTitre",
            Exercice=str(self.bordereau.exercice),
            NumBordereau=str(self.bordereau.numero),
            NumTitre=str(self.piece.numero),
            NumLigne="1",
        )
        first, second = (line for line, _ in self._talon())
        _sub(node, "TalonOptique2Lignes", Ligne1=first, Ligne2=second)
        _put(
            node,
            ModalitesReglement=self.reglages.modalites_reglement,
            ModalitesContestation=self.reglages.modalites_contestation,
            ModeRecouvrement="0" if self.tip else "1",
            ConditionsGen=_UNPRINTED,
        )

    def _debiteur(self, node: Element) -> None:
        tiers = self.debiteur
        _sub(
            node,
            "InfoTiers",
            IdTiers=tiers.id_tiers if tiers.nat_id_tiers == _SIRET else "",
            CatTiers=tiers.cat_tiers,
            NatJur=tiers.nat_jur,
            TypTiers=tiers.typ_tiers,
            Civilite=tiers.civilite,
            Nom=tiers.nom,
            ComplNom=tiers.compl_nom,
            Prenom=tiers.prenom,
        )
        if tiers.adresse is not None:
            _adresse(node, tiers.adresse)
        if self.tip and tiers.compte is not None and tiers.compte.iban:
            compte = tiers.compte  # printed on the TIP
            _sub(node, "CpteBancaire", BIC=compte.bic, IBAN=compte.iban, TitCpte=compte.titulaire)


def _who(tiers: Tiers) -> tuple[str, str, str]:
    """Return what tells one debtor from another, as the rules do."""
    return (tiers.id_tiers, tiers.ref_tiers, tiers.nom)


def _ttc(ligne: Ligne) -> Decimal:
    return ligne.mt_ht + (ligne.mt_tva or Decimal(0))


def _ligne(node: Element, ligne: Ligne, ordre: int, objet: str, day: str) -> None:
    """Write one line; the titre says no day of service: that of its emission stands for it."""
    _put(
        node,
        Date=day,
        Libelle=ligne.objet or objet,
        MtBase=f"{ligne.mt_ht:.2f}",
        MtHT=f"{ligne.mt_ht:.2f}",
        TauxTVA=f"{ligne.tx_tva or Decimal(0):.2f}",
        MtTVA=f"{ligne.mt_tva or Decimal(0):.2f}",
        MtTTC=f"{_ttc(ligne):.2f}",
        Ordre=str(ordre),
    )


def _adresse(node: Element, adresse: Adresse) -> None:
    _sub(
        node,
        "Adresse",
        TypAdr="1",
        Adr1=adresse.adr1,
        Adr2=adresse.adr2,
        Adr3=adresse.adr3,
        CP=adresse.cp,
        Ville=adresse.ville,
        CodRes="1" if adresse.non_resident else "0",
        CodPays=adresse.code_pays,
    )


def _sub(parent: Element, name: str, **values: str) -> None:
    _put(etree.SubElement(parent, name), **values)


def _put(node: Element, **values: str) -> None:
    """Add one element per value, in order; an empty one is omitted."""
    for name, text in values.items():
        if not is_transmissible(text):
            raise ValueError(f"{name} holds a character that Hélios cannot receive: {text!r}")
        if text:
            etree.SubElement(node, name, V=text)
