"""The messages of the protocol, theirs and ours read back, as values (dossier §3.5, §4, §8)."""

import datetime
from dataclasses import dataclass, field

from demat.actes.model import Matiere

__all__ = [
    "ACTES",
    "ARActe",
    "ARAnnulation",
    "ARReponse",
    "AccuseCourrier",
    "ActeRecu",
    "Annulation",
    "AnomalieActe",
    "AnomalieEnveloppe",
    "ClassificationSansChangement",
    "CourrierPrefecture",
    "DemandeClassification",
    "EnveloppeCL",
    "EnveloppePrefecture",
    "Inbound",
    "MessageActe",
    "ReponseCourrier",
    "RetourClassification",
]

ACTES = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
"""Namespace of the protocol, frozen while its schema changes (§3.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActeRecu:
    """The echo of an act in an answer (``ActeRecu``, type ``DonneesActe`` of §4.2)."""

    numero: str
    """``@actes:NumeroInterne``."""
    date: datetime.date
    """``@actes:Date``: date de décision."""
    nature: int
    """``@actes:CodeNatureActe``."""
    matiere: Matiere
    """``CodeMatiere1`` to ``5``; the levels may have holes (1, 2, 3, 5 was seen)."""
    objet: str
    """``Objet``."""
    document_name: str
    """``Document/NomFichier``: protocol name of the act."""
    annexes: tuple[str, ...]
    """``Annexes/Annexe/NomFichier``, in order."""
    document_papier: bool
    """``DocumentPapier`` is ``O``; absent, empty, ``N`` and ``0`` mean no paper."""
    classification_date: datetime.date | None
    """``ClassificationDateVersion``."""
    precedent: str
    """``PrecedentIdentifiantActe/@actes:IDActe``, or empty."""
    annexes_count: int | None = field(default=None, compare=False)
    """``Annexes/@actes:Nombre``, which nothing forces to be the length of the list; ``None`` when
    absent or unreadable. It says nothing of the act: no part of the value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageActe(ActeRecu):
    """A message 1-1 read back: what was, or is going to be, sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ARActe:
    """Accusé de réception of an act (1-2): the legal proof of transmission (§8.1)."""

    id_acte: str
    """``@actes:IDActe``."""
    date_reception: datetime.date
    """``@actes:DateReception``: starts the two months of the contrôle de légalité."""
    acte_recu: ActeRecu | None
    """``ActeRecu``: the act as understood; ``None`` when absent or unreadable."""
    classification_en_cours: datetime.date | None
    """``ClassificationDateVersionEnCours``: classification in force at the préfecture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnomalieActe:
    """Rejection of one act (1-3); it holds no IDActe (§8.2)."""

    date: datetime.date
    """``Date``: day of the anomaly."""
    nature: str
    """``Nature``: three digits in the norm, any text in test systems."""
    detail: str
    """``Detail``, in full; starts with a tag such as ``ODT-VERIF-01``; may be empty."""
    acte_recu: ActeRecu | None
    """``ActeRecu``: with the SIREN of the envelope, the key of the act (§8.4)."""
    document_name: str = ""
    """``ActeRecu/Document/NomFichier``, the other key, even when the rest cannot be read."""
    classification_en_cours: datetime.date | None
    """``ClassificationDateVersionEnCours``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnomalieEnveloppe:
    """Rejection of a whole archive: applies to each of its messages (§8.2)."""

    date: datetime.date
    """``Date``: day of the anomaly."""
    nature: str
    """``Nature``; 999 was seen outside the enumeration."""
    detail: str
    """``Detail``, in full; may quote the archive name."""
    siren: str
    """``EnveloppeRecue/Emetteur/IDCL/@insee:SIREN``, or empty."""
    formulaires: tuple[str, ...]
    """``EnveloppeRecue/FormulairesEnvoyes``: names of the messages rejected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ARAnnulation:
    """Receipt of a cancellation (6-2): the transmission of the act is cancelled."""

    id_acte: str
    """``@actes:IDActe``."""
    date_reception: datetime.date
    """``@actes:DateReception``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetourClassification:
    """A new classification (7-2); its content is read by ``demat.actes.classification``."""

    date: datetime.date
    """``DateClassification``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassificationSansChangement:
    """The classification held is the one in force (7-3)."""

    date: datetime.date
    """``DateClassification``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CourrierPrefecture:
    """A letter about an act (2-1, 3-1, 4-1) or the notice of a déféré (5-1), §4.3–4.4."""

    root: str
    """Local name of the root: ``CourrierSimple``, ``DemandePieceComplementaire``…"""
    id_acte: str
    """``@actes:IDActe``."""
    date: datetime.date
    """``@actes:DateCourrierPref``, or ``DateDepot`` of a déféré; the key of the exchange."""
    texte: str
    """``DescriptionPieces``, ``Motif`` or ``NatureIllegalite``; empty for a simple letter."""
    documents: tuple[str, ...]
    """Names of the files that come with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ARReponse:
    """Receipt of our reply to a letter (3-5, 4-5): a new limit of two months starts."""

    root: str
    """``ARPieceComplementaire`` or ``ARReponseRejetLettreObservations``."""
    id_acte: str
    """``InfosCourrierPref/@actes:IDActe``."""
    date_courrier: datetime.date
    """``InfosCourrierPref/@actes:DateCourrierPref``: date of the préfecture's letter."""
    date_reception: datetime.date
    """``@actes:DateReception``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReponseCourrier:
    """Our answer to a letter, read back (2-2, 3-3, 3-4, 4-3 or 4-4), §4.3."""

    root: str
    """Local name of the root: ``PieceComplementaire``, ``RejetLettreObservations``…"""
    id_acte: str
    """``@actes:IDActe``."""
    date_courrier: datetime.date
    """``@actes:DateCourrierPref``: date of the préfecture's letter."""
    documents: tuple[str, ...]
    """``Document/NomFichier``, under ``Documents`` for 3-4, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccuseCourrier:
    """Our receipt of a letter, read back (3-2 or 4-2), §4.3."""

    root: str
    """``ARDemandePieceComplementaire`` or ``ARLettreObservations``."""
    id_acte: str
    """``@actes:IDActe``."""
    date_courrier: datetime.date
    """``@actes:DateCourrierPref``: date of the préfecture's letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Annulation:
    """Our cancellation of a transmission, read back (6-1), §4.4."""

    id_acte: str
    """``@actes:IDActe``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandeClassification:
    """Our request for the classification, read back (7-1), §5.4."""

    date: datetime.date | None
    """``DateClassification``: date of the one held; ``None`` when absent or unreadable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnveloppeCL:
    """The envelope of an outbound archive (``EnveloppeCLMISILL``, §3.3)."""

    siren: str
    """``IDCL/@insee:SIREN``."""
    departement: str
    """``IDCL/@actes:Departement``."""
    arrondissement: str
    """``IDCL/@actes:Arrondissement``."""
    nature: str
    """``IDCL/@actes:Nature``."""
    adresses_retour: tuple[str, ...]
    """``AdressesRetour/Email``."""
    formulaires: tuple[str, ...]
    """``FormulairesEnvoyes``: names of the messages, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnveloppePrefecture:
    """The envelope of an inbound mail (``EnveloppeMISILLCL``, §3.5)."""

    siren: str
    """``Destinataire/@insee:SIREN``: the authority that the messages are for."""
    departement: str
    """Département of the préfecture, sous-préfecture or SGAR that sends."""
    formulaires: tuple[str, ...]
    """``FormulairesEnvoyes``: names of the messages, in order."""


Inbound = (
    ARActe
    | ARAnnulation
    | ARReponse
    | AccuseCourrier
    | Annulation
    | AnomalieActe
    | AnomalieEnveloppe
    | ClassificationSansChangement
    | CourrierPrefecture
    | DemandeClassification
    | EnveloppeCL
    | EnveloppePrefecture
    | MessageActe
    | ReponseCourrier
    | RetourClassification
)
"""Everything that ``demat.actes.inbound.parse_inbound`` returns."""
