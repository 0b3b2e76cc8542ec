"""A PES_Facture as a person looks at it: the bills or avis that it holds, leniently (§6.1)."""

from dataclasses import dataclass
from decimal import Decimal

from demat.faults import FaultError
from demat.helios.read import read_boolean, read_montant
from demat.xmlio import Element, local_name, parse_untrusted, value

__all__ = ["LigneAvis", "VueAvis", "avis_of", "read_avis"]

_FACTURE = "PES_Facture"
_TRESORERIE = "26"


@dataclass(frozen=True, kw_only=True, slots=True)
class LigneAvis:
    """One line of a bill; an amount that cannot be read is ``None``."""

    libelle: str
    """``Libelle`` or, for a stay in hospital, ``LibellePresta``."""
    mt_ht: Decimal | None
    """``MtHT``, in euros."""
    mt_tva: Decimal | None
    """``MtTVA``, in euros."""
    mt_ttc: Decimal | None
    """``MtTTC`` or ``MtRestantDu``, in euros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VueAvis:
    """One bill: what its debtor reads, and how it is paid."""

    numero: str
    """``NumeroFacture``."""
    titre: str
    """``RefTitre/NumTitre``."""
    bordereau: str
    """``RefTitre/NumBordereau``."""
    exercice: str
    """``RefTitre/Exercice``."""
    date: str
    """``DateEmission``, as written."""
    debiteur: str
    """``Civilite``, ``Prenom``, ``Nom`` and ``ComplNom``."""
    adresse: tuple[str, ...]
    """Lines of the debtor's address."""
    objet: str
    """``Objet``."""
    lignes: tuple[LigneAvis, ...]
    """Its lines, in document order."""
    total: Decimal | None
    """``MtTotalTTC``, in euros."""
    tip: bool | None
    """``ModeRecouvrement``: with a TIP, with a slip; ``None`` when it is not said."""
    talon: tuple[str, ...]
    """The lines of the slip."""
    code_tipi: str
    """``CodeTipi``: client code of the authority for the payment online."""
    adresse_tipi: str
    """``AdrTipi``: where one pays online."""
    emetteur: str
    """Name of the issuer."""
    signataire: str
    """Who signs, and as what."""
    tresorerie: str
    """Name of the office of the comptable."""


def read_avis(content: bytes) -> tuple[VueAvis, ...]:
    """Return the bills of a PES_Facture, whether it is the root or inside; empty when it is not."""
    try:
        root = parse_untrusted(content)
    except FaultError:
        return ()
    block = root if local_name(root) == _FACTURE else root.find(f".//{{*}}{_FACTURE}")
    return () if block is None else avis_of(block)


def avis_of(block: Element) -> tuple[VueAvis, ...]:
    """Return the bills of an element ``PES_Facture``."""
    return tuple(_avis(block, one) for one in block.iterfind("FactureIndiv"))


def _avis(block: Element, node: Element) -> VueAvis:
    mode = value(node, "ModeRecouvrement")
    signataire = _joined(block, "Emetteur/Signataire/Personne/", "Prenom", "Nom")
    role = value(block, "Emetteur/Signataire/Role") or ""
    offices = [
        value(one, "InfoTiers/Nom") or ""
        for one in block.iterfind("Tiers")
        if value(one, "InfoTiers/TypTiers") == _TRESORERIE
    ]
    talon = (value(node, f"TalonOptique2Lignes/Ligne{rank}") or "" for rank in (1, 2))
    return VueAvis(
        numero=value(node, "NumeroFacture") or "",
        titre=value(node, "RefTitre/NumTitre") or "",
        bordereau=value(node, "RefTitre/NumBordereau") or "",
        exercice=value(node, "RefTitre/Exercice") or "",
        date=value(node, "DateEmission") or "",
        debiteur=_joined(node, "Debiteur/InfoTiers/", "Civilite", "Prenom", "Nom", "ComplNom"),
        adresse=_adresse(node),
        objet=value(node, "Objet") or "",
        lignes=tuple(map(_ligne, node.iterfind("LigneFacture")))
        + tuple(map(_ligne_patient, node.iterfind("LigneFacturePatient"))),
        total=_amount(node, "TotalAPayer/MtTotalTTC"),
        tip=None if mode is None else not read_boolean(mode),
        talon=tuple(line for line in talon if line),
        code_tipi=value(block, "Emetteur/InfoSuppl/CodeTipi") or "",
        adresse_tipi=value(block, "Emetteur/InfoSuppl/AdrTipi") or "",
        emetteur=value(block, "Emetteur/InfoTiers/Nom") or "",
        signataire=", ".join(part for part in (signataire, role) if part),
        tresorerie=", ".join(offices),
    )


def _joined(node: Element, prefix: str, *names: str) -> str:
    return " ".join(text for name in names if (text := value(node, prefix + name)))


def _adresse(node: Element) -> tuple[str, ...]:
    streets = [value(node, f"Debiteur/Adresse/{name}") or "" for name in ("Adr1", "Adr2", "Adr3")]
    return tuple(
        line for line in (*streets, _joined(node, "Debiteur/Adresse/", "CP", "Ville")) if line
    )


def _amount(node: Element, path: str) -> Decimal | None:
    return read_montant(value(node, path) or "")


def _ligne(node: Element) -> LigneAvis:
    return LigneAvis(
        libelle=value(node, "Libelle") or "",
        mt_ht=_amount(node, "MtHT"),
        mt_tva=_amount(node, "MtTVA"),
        mt_ttc=_amount(node, "MtTTC"),
    )


def _ligne_patient(node: Element) -> LigneAvis:
    return LigneAvis(
        libelle=value(node, "LibellePresta") or "",
        mt_ht=None,
        mt_tva=None,
        mt_ttc=_amount(node, "MtRestantDu"),
    )
