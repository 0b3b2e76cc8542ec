"""The debtor of a titre or the creditor of a mandat, out of the cells of a row (§3.6, §4.4)."""

from demat.helios.codes import PERSONNE_PHYSIQUE
from demat.helios.model import Adresse, Compte, Domaine, Tiers
from demat.identifiers import is_bic, is_iban, is_siren, is_siret, squeeze
from demat.intake.api import ReadContext
from demat.intake.readers.layouts import CIVILITES, DEBITEURS, TIERS, Layout
from demat.intake.readers.tables import Row
from demat.intake.readers.texts import NAME, limited

__all__ = ["PAYEE", "read_tiers"]

PAYEE = "beneficiaire_"
"""Begins the columns of whoever is paid instead of the supplier (cession, affacturage)."""


def read_tiers(row: Row, layout: Layout, context: ReadContext, prefix: str = "") -> Tiers | None:
    """Read the person of a row; ``None`` when too much is missing, which is then a fault.

    :param prefix: what begins the names of the columns.
    """
    nom = limited(row, f"{prefix}nom", NAME, required=True)
    identifier, nature_id = _siret(row, prefix)
    kind = f"{prefix}type_tiers"
    code = row.choice(kind, TIERS, default=_guess(row, identifier, prefix))
    if not code and not row.text(kind):
        row.fault("INT-TIERS_TYPE", kind, known=", ".join(sorted(TIERS)))
    categorie, _, juridique = code.partition("+")
    person = categorie == PERSONNE_PHYSIQUE
    recette = layout.domaine is Domaine.RECETTE
    civilite = row.choice(f"{prefix}civilite", CIVILITES)
    prenom = limited(row, f"{prefix}prenom", NAME)
    tiers = Tiers(
        id_tiers=identifier,
        nat_id_tiers=nature_id,
        ref_tiers=limited(row, f"{prefix}code_tiers", 30),
        cat_tiers=categorie,
        nat_jur=juridique,
        typ_tiers=row.choice("type_debiteur", DEBITEURS, default="01") if recette else "01",
        civilite=context.civilites.get(civilite, "") if person else "",
        nom=nom,
        compl_nom=limited(row, f"{prefix}nom2", NAME),
        prenom=prenom if person else "",
        date_naissance=row.day("date_naissance") if person and recette else None,
        adresse=_adresse(row, prefix),
        compte=_compte(row, nom, prefix),
    )
    return tiers if code else None


def _guess(row: Row, siret: str, prefix: str) -> str:
    """A SIRET without type is a company, a first name is a person; anything else is asked."""
    if row.text(f"{prefix}prenom"):
        return TIERS["particulier"]
    return TIERS["entreprise"] if siret else ""


def _siret(row: Row, prefix: str) -> tuple[str, str]:
    """Return IdTiers and NatIdTiers from the columns ``siret`` or ``siren``, by their length."""
    for column, code in ((f"{prefix}siret", "INT-SIRET"), (f"{prefix}siren", "INT-SIREN")):
        value = squeeze(row.text(column))
        if is_siret(value):
            return value, "01"
        if is_siren(value):
            return value, "02"
        if value:
            row.fault(code, column, value=value)
    return "", ""


def _adresse(row: Row, prefix: str) -> Adresse:
    country, postal = f"{prefix}pays", f"{prefix}cp"
    pays = row.text(country).upper()
    abroad = pays not in ("", "FRANCE", "FR", "100")
    cp = row.text(postal, required=True)
    if cp and not (len(cp) == 5 and cp.isascii() and cp.isdigit()):
        row.fault("INT-CP", postal, value=cp)
    if abroad and not (pays.isascii() and pays.isdigit()):
        row.fault("INT-COUNTRY", country, value=pays)
    return Adresse(
        adr1=limited(row, f"{prefix}adresse1", NAME),
        adr2=limited(row, f"{prefix}adresse2", NAME, required=True),
        adr3=limited(row, f"{prefix}adresse3", NAME),
        cp=cp,
        ville=limited(row, f"{prefix}ville", NAME, required=True),
        non_resident=abroad,
        code_pays=pays if abroad else "",
    )


def _compte(row: Row, nom: str, prefix: str) -> Compte | None:
    written, bank = f"{prefix}iban", f"{prefix}bic"
    iban = squeeze(row.text(written)).upper()
    if not iban:
        return None
    bic = squeeze(row.text(bank)).upper()
    if not is_iban(iban):
        row.fault("INT-IBAN", written, value=row.text(written))
    if bic and not is_bic(bic):
        row.fault("INT-BIC", bank, value=row.text(bank))
    holder = limited(row, f"{prefix}titulaire", 32) or nom[:32].strip()
    return Compte(iban=iban, bic=bic, titulaire=holder)
