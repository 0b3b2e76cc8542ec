"""The papers of an acknowledged act: bordereau d'acquittement and certificat (actes dossier §9.4).

Values in, PDF bytes out; the same values and the same clock give the same bytes. They only say what
was recorded: the accusé de réception of the préfecture stays the proof.
"""

from dataclasses import dataclass
from datetime import date, datetime

from demat.actes.contexte import french_date
from demat.actes.delais import Delais, Evenement, ModePublicite, Publicite, calculer_delais
from demat.actes.lifecycle import EtatActe
from demat.actes.model import Matiere, format_matiere
from demat.actes.natures import NatureActe
from demat.clock import Clock, paris_date
from demat.engine.paper import Paper, moment
from demat.engine.view_page import poids
from demat.faults import Fault, FaultError, Faults

__all__ = [
    "EtapePapier",
    "FichierPapier",
    "PapierActe",
    "Signataire",
    "bordereau_acquittement",
    "certificat_executoire",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class FichierPapier:
    """One file of the act, as it was sent."""

    type_pj: str
    """Code of its type, such as ``99_DE``; empty when the act is older than the types."""
    type_libelle: str
    """Label of that type in the classification in force; empty when it is not known."""
    nom: str
    """Original name, as the agent gave it."""
    nom_protocole: str
    """Name in the archive."""
    format: str
    """``pdf``, ``png``, ``jpg`` or ``xml``: what its bytes are."""
    taille: int
    """Size in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EtapePapier:
    """One step of the life of the transmission."""

    instant: datetime
    """When, aware; shown in Paris time."""
    etat: str
    """The state, in French words."""
    message: str = ""
    """What was said then: a reason, a reference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PapierActe:
    """What the papers say about one act."""

    collectivite: str
    """Name of the authority."""
    siren: str
    """Its SIREN."""
    agent: str
    """Who deposited the act: a person, or the account that stands for them."""
    operateur: str
    """The tiers de télétransmission that carried it."""
    nature: NatureActe
    """``@actes:CodeNatureActe``."""
    numero: str
    """``@actes:NumeroInterne``."""
    date_decision: date
    """``@actes:Date``."""
    objet: str
    """``Objet``."""
    matiere: Matiere
    """``CodeMatiere1`` to ``5``."""
    matiere_libelle: str
    """Label of the matière, from ``Classification.libelle``."""
    document_papier: bool
    """``DocumentPapier``: part of the file followed on paper."""
    id_acte: str
    """``@actes:IDActe``."""
    etat: EtatActe
    """Where the act stands towards the préfecture."""
    envoye: datetime
    """When the archive was handed over, aware."""
    recu: date | None = None
    """``DateReception`` of the accusé de réception; none before it."""
    publicite: Publicite | None = None
    """When and how it was made public; none: not known."""
    evenements: tuple[Evenement, ...] = ()
    """Letters of the préfecture and their answers, which move the dates."""
    fichiers: tuple[FichierPapier, ...] = ()
    """The act first, then its annexes, in order."""
    cycle: tuple[EtapePapier, ...] = ()
    """Life cycle, oldest first."""

    @property
    def delais(self) -> Delais:
        """The dates that follow from it, indicative."""
        return calculer_delais(
            nature=self.nature,
            reception=self.recu,
            publicite=self.publicite,
            evenements=self.evenements,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Signataire:
    """Who certifies that an act is exécutoire, under their responsibility (§1.4)."""

    qualite: str = "Maire"
    """Role: « Maire », « Présidente »…"""
    nom: str = ""
    """First and family name, printed under the place of the signature; empty: left to write."""
    ville: str = ""
    """Where it is signed; empty: left to write."""
    article: str = "Le"
    """``Le`` or ``La``: how the sentence names the role."""


_MODES = {
    ModePublicite.MISE_EN_LIGNE: "mis en ligne le {day}",
    ModePublicite.AFFICHAGE: "affiché le {day}",
    ModePublicite.NOTIFICATION: "notifié le {day}",
    ModePublicite.PAPIER: "publié sur papier le {day}",
}
_NOMS_MODES = {
    ModePublicite.MISE_EN_LIGNE: "mise en ligne",
    ModePublicite.AFFICHAGE: "affichage",
    ModePublicite.NOTIFICATION: "notification",
    ModePublicite.PAPIER: "publication sur papier",
}
_NATURES = {
    NatureActe.DELIBERATION: "Délibération",
    NatureActe.REGLEMENTAIRE: "Acte réglementaire",
    NatureActe.INDIVIDUEL: "Acte individuel",
    NatureActe.CONTRAT: "Contrat, convention ou avenant",
    NatureActe.BUDGETAIRE: "Document budgétaire ou financier",
    NatureActe.AUTRE: "Autre acte",
}


# -------------------------------------------------------------------------------- the bordereau


def bordereau_acquittement(acte: PapierActe, clock: Clock) -> bytes:
    """Return the bordereau d'acquittement of an act (§9.4), A4, whatever its state."""
    now = clock.now()
    paper = _paper("Bordereau d'acquittement", acte, now)
    paper.headline("Bordereau d'acquittement", _state(acte))
    paper.section("L'acte")
    paper.facts(_facts(acte))
    if acte.etat.acknowledged:
        paper.section("Dates à retenir")
        paper.facts(_dates(acte), names=112)
        paper.note(
            "Ces dates sont données à titre indicatif : le jour exact de la fin d'un délai dépend"
            " de règles de calcul (jour non compté, dimanche ou jour férié) que ce document ne"
            " tranche pas."
        )
    paper.section(f"Fichiers transmis ({len(acte.fichiers)})")
    paper.columns(
        ("Type", "Nom d'origine", "Nom transmis", "Format", "Taille"),
        (_file(one) for one in acte.fichiers),
        widths=(32, 50, 64, 16, 20),
    )
    paper.section("Suivi de la transmission")
    paper.columns(
        ("Date (heure de Paris)", "État", "Message"),
        ((moment(one.instant), one.etat, one.message) for one in acte.cycle),
        widths=(40, 46, 96),
    )
    return paper.finished()


def _state(acte: PapierActe) -> str:
    if acte.etat is EtatActe.ANNULE:
        return "La transmission de cet acte a été annulée."
    if acte.etat is EtatActe.EN_ANOMALIE:
        return "Cet acte a été refusé : il n'est pas transmis."
    if acte.recu is None:
        return "La préfecture n'a pas encore accusé réception de cet acte."
    received = f"La préfecture a reçu cet acte le {french_date(acte.recu)}."
    if acte.etat is EtatActe.ANNULATION_DEMANDEE:
        return f"{received} Son annulation est demandée."
    return received


def _facts(acte: PapierActe) -> list[tuple[str, str]]:
    matiere = f"{format_matiere(acte.matiere)} {acte.matiere_libelle}".strip()
    paper = "Oui : une partie du dossier suit sur papier" if acte.document_papier else "Non"
    return [
        ("Collectivité", f"{acte.collectivite} (SIREN {acte.siren})"),
        ("Déposé par", acte.agent),
        ("Transmis par", acte.operateur),
        ("Nature", _NATURES[acte.nature]),
        ("Numéro", acte.numero),
        ("Date de la décision", french_date(acte.date_decision)),
        ("Objet", acte.objet),
        ("Matière", matiere),
        ("Complément sur papier", paper),
        ("Identifiant de l'acte", acte.id_acte),
        ("Envoyé en préfecture le", moment(acte.envoye)),
        ("Reçu en préfecture le", french_date(acte.recu) if acte.recu else "Pas encore"),
        ("Publicité", _said(acte.publicite).capitalize() if acte.publicite else "Date inconnue"),
    ]


def _said(publicite: Publicite) -> str:
    return _MODES[publicite.mode].format(day=french_date(publicite.date))


def _dates(acte: PapierActe) -> list[tuple[str, str]]:
    """Return the dates of §1.5, in words; a date that nothing starts yet says why."""
    delais = acte.delais
    since = delais.executoire_depuis
    rows = [
        ("Exécutoire depuis le", french_date(since) if since else _awaited(acte)),
        (
            "Déféré : le préfet peut saisir le tribunal jusqu'au",
            _day_or(delais.defere_jusqu_au, "Pas encore de date"),
        ),
        (
            "Recours : une personne concernée peut saisir le tribunal jusqu'au",
            _day_or(delais.recours_jusqu_au, "Pas encore de date : elle dépend de la publicité"),
        ),
    ]
    if acte.nature is NatureActe.BUDGETAIRE:
        day = _day_or(delais.controle_budgetaire_jusqu_au, "Pas encore de date")
        rows.append(("Contrôle du budget par la préfecture jusqu'au", day))
    return rows


def _awaited(acte: PapierActe) -> str:
    if acte.publicite is None:
        return "Pas encore : la date de publicité n'est pas connue"
    if acte.recu is None:
        return "Pas encore : la préfecture n'a pas accusé réception"
    return "Pas encore : un acte de cette nature demande une autre publicité"


def _day_or(day: date | None, otherwise: str) -> str:
    return french_date(day) if day else otherwise


def _file(one: FichierPapier) -> tuple[str, ...]:
    kind = f"{one.type_pj} {one.type_libelle}".strip() or "-"
    return kind, one.nom, one.nom_protocole, one.format.upper(), poids(one.taille)


# ------------------------------------------------------------------------------- the certificat


def certificat_executoire(acte: PapierActe, signataire: Signataire, clock: Clock) -> bytes:
    """Return the certificat de caractère exécutoire of an act (§1.4), A4, to date and to sign.

    :raises FaultError: what prevents it, all at once: ``ACT-CERTIFICAT_AR`` (not acknowledged),
        ``…_PUBLICITE`` (date not known), ``…_MODE`` (not the publicity of this nature),
        ``…_FUTUR`` (exécutoire later than today), ``…_ANNULE`` (transmission cancelled).
    """
    now = clock.now()
    faults, since = _missing(acte, paris_date(now)), acte.delais.executoire_depuis
    if faults or acte.recu is None or acte.publicite is None or since is None:
        raise FaultError(faults)
    paper = _paper("Certificat de caractère exécutoire", acte, now)
    paper.headline("Certificat de caractère exécutoire")
    who = f"{signataire.article} {signataire.qualite[:1].lower()}{signataire.qualite[1:]}"
    paper.paragraph(
        f"{who} certifie sous sa responsabilité le caractère exécutoire de l'acte"
        f" n° {acte.numero} du {french_date(acte.date_decision)}, transmis à la préfecture le"
        f" {french_date(paris_date(acte.envoye))}, reçu en préfecture le {french_date(acte.recu)}"
        f" et {_said(acte.publicite)}."
    )
    paper.paragraph(f"Cet acte est exécutoire depuis le {french_date(since)}.")
    paper.facts(
        [
            ("Collectivité", f"{acte.collectivite} (SIREN {acte.siren})"),
            ("Nature", _NATURES[acte.nature]),
            ("Numéro", acte.numero),
            ("Date de la décision", french_date(acte.date_decision)),
            ("Objet", acte.objet),
            ("Identifiant de l'acte", acte.id_acte),
        ]
    )
    paper.signature(place=signataire.ville, who=who, name=signataire.nom)
    return paper.finished()


def _paper(title: str, acte: PapierActe, now: datetime) -> Paper:
    return Paper(
        title=f"{title} de l'acte n° {acte.numero}",
        owner=acte.collectivite,
        subject=f"Acte n° {acte.numero} – {acte.id_acte}",
        made=now,
    )


def _missing(acte: PapierActe, today: date) -> Faults:
    params = {"numero": acte.numero}
    if acte.etat in (EtatActe.ANNULE, EtatActe.ANNULATION_DEMANDEE):
        return Faults([Fault(code="ACT-CERTIFICAT_ANNULE", params=params)])
    faults = []
    if acte.recu is None or not acte.etat.acknowledged:
        faults.append(Fault(code="ACT-CERTIFICAT_AR", params=params))
    if acte.publicite is None:
        faults.append(Fault(code="ACT-CERTIFICAT_PUBLICITE", params=params))
    elif not acte.publicite.mode.suits(acte.nature):
        named = {"nature": _NATURES[acte.nature].lower(), "mode": _NOMS_MODES[acte.publicite.mode]}
        faults.append(Fault(code="ACT-CERTIFICAT_MODE", params={**params, **named}))
    since = acte.delais.executoire_depuis
    if since is not None and since > today:
        late = {**params, "date": french_date(since)}
        faults.append(Fault(code="ACT-CERTIFICAT_FUTUR", params=late))
    return Faults(faults)
