"""The scenarios that have a name: the behaviours of the connectors dossier (§8), one by one."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from demat.sandbox.scenario import (
    AckHelios,
    Answer,
    AnswerKind,
    Autorite,
    Compte,
    Delays,
    Deviation,
    LettrePrevue,
    RegleActe,
    RegleHelios,
    RetourHelios,
    Scenario,
    ScenarioError,
    Since,
    TypeLettre,
)

__all__ = ["RESUMES", "SCENARIOS", "load_scenario"]


def load_scenario(source: str) -> Scenario:
    """Return a named scenario, or the one that a JSON file describes.

    :raises ScenarioError: for a name that is neither, or a file that cannot be read.
    """
    if source in SCENARIOS:
        return SCENARIOS[source]
    path = Path(source)
    if not path.is_file():
        names = ", ".join(sorted(SCENARIOS))
        raise ScenarioError(f"no scenario {source!r}: known ones are {names}; or give a JSON file")
    return Scenario.from_json(path.read_bytes())


_DAY = 24 * 60
_ANOMALY = Answer(kind=AnswerKind.ANOMALY, nature="002", detail="ODT-VERIF-02 : acte illisible")
_AR = Answer(kind=AnswerKind.AR)


def _always(answers: tuple[Answer, ...]) -> tuple[RegleActe, ...]:
    return (RegleActe(number="", answers=answers),)


_DEMO_RULES = (
    RegleActe(number="_TARD$", answers=(replace(_AR, minutes=6 * _DAY),)),
    RegleActe(number="_DOUBLE$", answers=(_AR, replace(_AR, minutes=60))),
    RegleActe(number="_ANO$", answers=(_ANOMALY,)),
    RegleActe(number="_ANOAR$", answers=(_ANOMALY, replace(_AR, minutes=60))),
    RegleActe(number="_ARANO$", answers=(_AR, replace(_ANOMALY, minutes=60))),
    RegleActe(
        number="_ENV$",
        answers=(
            Answer(
                kind=AnswerKind.ENVELOPE_ANOMALY,
                nature="005",
                detail="PREF-VERIF-02 : SIREN non enregistré",
            ),
        ),
    ),
    RegleActe(number="_WIN$", answers=(replace(_AR, deviation=Deviation.WINDOWS_1252),)),
    RegleActe(number="_MUET$", answers=()),
    RegleActe(number="_TDT$", tdt_error="signature PAdES invalide"),
)

_ANNEE_RULES = (
    RegleActe(
        number="_ANNEE$",
        answers=(_AR,),
        letters=(
            LettrePrevue(
                type=TypeLettre.DEMANDE_PIECES,
                days=20,
                text="Grille tarifaire complète et convocation du conseil",
                dated_before=2,
            ),
            LettrePrevue(
                type=TypeLettre.LETTRE_OBSERVATIONS,
                days=14,
                since=Since.REPLY,
                text="Absence de base légale pour le tarif réduit",
                dated_before=1,
            ),
        ),
    ),
    RegleActe(number="_REFUS$", answers=(_ANOMALY,)),
)

_AUTRE = Autorite(siren="123456782", nom="Commune de Fiction-sur-Exemple")
_ENVELOPPE = Answer(
    kind=AnswerKind.ENVELOPE_ANOMALY, nature="005", detail="PREF-VERIF-02 : SIREN non enregistré"
)

_INCONNUE = replace(_ENVELOPPE, nature="999", detail="ODT-VERIF-17 : transaction inconnue")


def _deviant(deviation: Deviation) -> tuple[RegleActe, ...]:
    return _always((replace(_AR, deviation=deviation),))


def _helios(retour: RetourHelios, *suite: AckHelios) -> tuple[RegleHelios, ...]:
    return (RegleHelios(nom_fic="", retour=retour, suite=suite),)


_PLAYED = (
    ("nominal", "Tout est accepté, en quelques minutes.", Scenario()),
    (
        "demo",
        "Le numéro de l'acte décide : _ANO, _ANOAR, _ARANO, _DOUBLE, _ENV, _MUET, _TARD, _TDT, "
        "_WIN ; budget 02 sans fonction.",
        Scenario(regles_actes=_DEMO_RULES, budgets_sans_fonction=("02",)),
    ),
    (
        "annee-d-un-acte",
        "Un acte en _ANNEE reçoit, après son AR, une demande de pièces puis une lettre "
        "d'observations.",
        Scenario(regles_actes=_ANNEE_RULES),
    ),
    (
        "ar-tardif",
        "L'AR vient au bout de six jours, après huit heures d'attente au TdT.",
        Scenario(
            regles_actes=(
                RegleActe(
                    number="",
                    transmission_minutes=8 * 60,
                    answers=(replace(_AR, minutes=6 * _DAY),),
                ),
            )
        ),
    ),
    (
        "fenetre-fermee",
        "La fenêtre de transmission du TdT est fermée douze heures : statut 2.",
        Scenario(regles_actes=(RegleActe(number="", transmission_minutes=12 * 60),)),
    ),
    (
        "quota-horaire",
        "L'opérateur du TdT ne transmet que 20 ko par heure : au-delà, les actes attendent l'heure "
        "suivante au statut 2.",
        Scenario(bytes_per_hour=20_000),
    ),
    (
        "double-ar",
        "L'AR de l'acte arrive deux fois.",
        Scenario(regles_actes=_always((_AR, replace(_AR, minutes=60)))),
    ),
    (
        "anomalie",
        "La préfecture refuse l'acte ; message et texte sont collés dans le statut -1.",
        Scenario(regles_actes=_always((_ANOMALY,))),
    ),
    (
        "anomalie-puis-ar",
        "Une anomalie, puis l'AR une heure après : le statut finit à 4.",
        Scenario(regles_actes=_always((_ANOMALY, replace(_AR, minutes=60)))),
    ),
    (
        "ar-puis-anomalie",
        "L'AR, puis une anomalie une heure après : le statut reste à 4.",
        Scenario(regles_actes=_always((_AR, replace(_ANOMALY, minutes=60)))),
    ),
    (
        "anomalie-enveloppe",
        "Le ministère refuse l'archive entière, avec tous ses actes (import d'enveloppes permis).",
        Scenario(regles_actes=_always((_ENVELOPPE,)), envelope_import=True),
    ),
    (
        "transaction-inconnue",
        "Le ministère ne reconnaît pas le message : anomalie de nature 999, hors de la norme.",
        Scenario(regles_actes=_always((_INCONNUE,))),
    ),
    (
        "ar-windows-1252",
        "AR en windows-1252, blocs en double, date de classification vide.",
        Scenario(regles_actes=_deviant(Deviation.WINDOWS_1252)),
    ),
    (
        "ar-sans-papier",
        "AR sans élément DocumentPapier.",
        Scenario(regles_actes=_deviant(Deviation.NO_DOCUMENT_PAPIER)),
    ),
    (
        "ar-papier-zero",
        "AR dont DocumentPapier vaut 0.",
        Scenario(regles_actes=_deviant(Deviation.DOCUMENT_PAPIER_ZERO)),
    ),
    (
        "ar-papier-vide",
        "AR dont DocumentPapier est vide.",
        Scenario(regles_actes=_deviant(Deviation.DOCUMENT_PAPIER_EMPTY)),
    ),
    (
        "ar-matiere-5",
        "AR dont la matière a un CodeMatiere5 sans CodeMatiere4.",
        Scenario(regles_actes=_deviant(Deviation.CODE_MATIERE_5)),
    ),
    (
        "ar-attributs",
        "AR dont les attributs sont dans un autre ordre.",
        Scenario(regles_actes=_deviant(Deviation.ATTRIBUTES)),
    ),
    (
        "ar-autre-date",
        "AR qui reprend l'acte avec la date de la veille : ni celle de l'identifiant, ni celle du "
        "nom de fichier.",
        Scenario(regles_actes=_deviant(Deviation.OTHER_DATE)),
    ),
    (
        "muet",
        "La préfecture ne répond jamais ; le TdT clôt l'acte au bout de trente jours.",
        Scenario(regles_actes=(RegleActe(number="", answers=(), closing_minutes=30 * _DAY),)),
    ),
    (
        "refus-du-tdt",
        "L'analyse du TdT refuse l'acte : il ne part pas.",
        Scenario(regles_actes=(RegleActe(number="", tdt_error="signature PAdES invalide"),)),
    ),
    (
        "virus",
        "L'antivirus du TdT trouve un virus dans l'acte : il ne part pas.",
        Scenario(regles_actes=(RegleActe(number="", virus="Exemple.Fictif-1"),)),
    ),
    (
        "annulation-dans-le-desordre",
        "Trois jours après le premier, un second AR de l'acte arrive : après celui de "
        "l'annulation, si elle a été demandée.",
        Scenario(regles_actes=_always((_AR, replace(_AR, minutes=3 * _DAY)))),
    ),
    (
        "annulation-refusee",
        "Le ministère refuse l'archive de l'annulation.",
        Scenario(regles_actes=(RegleActe(number="", cancellation=(_ENVELOPPE,)),)),
    ),
    (
        "archive-directe",
        "Aussitôt l'AR reçu, le TdT verse l'acte au SAE : le statut passe à 13 sans s'arrêter à 4.",
        Scenario(regles_actes=(RegleActe(number="", archive_minutes=0),)),
    ),
    (
        "archivage-lent",
        "Une heure après l'AR, le TdT verse l'acte au SAE : quatre heures à chacun des statuts 19, "
        "12 et 15, puis 13.",
        Scenario(
            regles_actes=(RegleActe(number="", archive_minutes=60),),
            delays=Delays(archive=4 * 60),
        ),
    ),
    (
        "fichiers-en-retard",
        "Statut 4, mais la liste des fichiers reste vide dix minutes.",
        Scenario(regles_actes=(RegleActe(number="", files_minutes=10),)),
    ),
    (
        "deux-lettres",
        "Deux demandes de pièces au sujet du même acte, à deux jours d'intervalle.",
        Scenario(
            regles_actes=(
                RegleActe(
                    number="",
                    letters=(
                        LettrePrevue(type=TypeLettre.DEMANDE_PIECES, days=1, text="Plan"),
                        LettrePrevue(type=TypeLettre.DEMANDE_PIECES, days=3, text="Devis"),
                    ),
                ),
            )
        ),
    ),
    (
        "reponse-refusee",
        "La préfecture demande des pièces et refuse l'archive qui les apporte : statut -1 dans "
        "les lignes à tirets.",
        Scenario(
            regles_actes=(
                RegleActe(
                    number="",
                    letters=(LettrePrevue(type=TypeLettre.DEMANDE_PIECES, days=1, text="Plan"),),
                    replies=(_ENVELOPPE,),
                ),
            )
        ),
    ),
    (
        "classification-changee",
        "La classification en vigueur n'est plus celle du TdT : anomalie 002.",
        Scenario(ministry_classification=date(2026, 1, 15)),
    ),
    (
        "ar-classification-ancienne",
        "La classification en vigueur n'est plus celle du TdT, et l'AR vient quand même : il dit "
        "les deux dates.",
        Scenario(ministry_classification=date(2026, 1, 15), regles_actes=_always((_AR,))),
    ),
    (
        "classification-de-la-nuit",
        "Une nouvelle classification entre en vigueur au bout de douze heures.",
        Scenario(new_classification=(12 * 60, date(2026, 1, 15))),
    ),
    (
        "classification-espacee",
        "À chaque demande vient une classification qui ne diffère que par des espaces.",
        Scenario(classification_blanks=True),
    ),
    (
        "classification-absente",
        "Le TdT n'a aucune classification.",
        Scenario(tdt_classification=None),
    ),
    (
        "deux-comptes",
        "Deux communes pour un certificat : identifiant et mot de passe sont nécessaires.",
        Scenario(
            autorites=(Autorite(), _AUTRE),
            comptes=(Compte(), Compte(login="fiction-sur-exemple", siren=_AUTRE.siren)),
        ),
    ),
    (
        "sans-rgs",
        "Le certificat n'est pas RGS : la télétransmission est refusée.",
        Scenario(rgs=False),
    ),
    (
        "a-confirmer",
        "Le compte n'a pas le droit de télétransmettre : un agent doit confirmer (statut 17).",
        Scenario(comptes=(Compte(teletransmettre=False),)),
    ),
    (
        "sans-droit",
        "Le compte n'a aucun module : « Accès refusé ».",
        Scenario(comptes=(Compte(modules=()),)),
    ),
    (
        "papier",
        "La collectivité est en mode papier : tout envoi est refusé.",
        Scenario(autorites=(Autorite(papier=True),)),
    ),
    (
        "module-en-panne",
        "Pendant une heure, aucun module du TdT ne s'initialise.",
        Scenario(module_minutes=60),
    ),
    (
        "petites-tailles",
        "Au-delà de 20 ko l'acte est refusé ; au-delà de 40 ko le formulaire entier est perdu "
        "(redirection sans KO).",
        Scenario(max_files_bytes=20_000, max_post_bytes=40_000),
    ),
    (
        "horloge-fausse",
        "L'horloge du TdT avance de trois jours : dates dans le futur.",
        Scenario(skew_minutes=3 * _DAY),
    ),
    (
        "boite-difficile",
        "La boîte du TdT reçoit aussi des courriels parasites, et chaque réponse deux fois.",
        Scenario(difficult_box=True),
    ),
    (
        "helios-clignotant",
        "L'acquit du PES devient introuvable vingt minutes : statuts 8, 3, 8.",
        Scenario(regles_helios=(RegleHelios(nom_fic="", hidden=(10, 20)),)),
    ),
    (
        "helios-muet",
        "La DGFiP ne répond jamais ; le TdT alerte au bout de 48 heures.",
        Scenario(regles_helios=_helios(RetourHelios.SILENCE)),
    ),
    (
        "helios-tardif",
        "L'acquit du PES vient au bout de trois jours.",
        Scenario(regles_helios=(RegleHelios(nom_fic="", minutes=3 * _DAY),)),
    ),
    (
        "ack-refus",
        "Acquit dont tous les éléments sont refusés.",
        Scenario(regles_helios=_helios(RetourHelios.ALL_REFUSED)),
    ),
    (
        "ack-mixte",
        "Acquit mixte : pièces jointes acceptées, bordereaux refusés.",
        Scenario(regles_helios=_helios(RetourHelios.MIXED)),
    ),
    (
        "ack-v1",
        "Acquit dans l'ancienne forme (V1).",
        Scenario(regles_helios=_helios(RetourHelios.VERSION_1)),
    ),
    (
        "ack-sans-bloc",
        "Acquit sans bloc ACQUIT : statut 4.",
        Scenario(regles_helios=_helios(RetourHelios.NO_BLOCK)),
    ),
    (
        "non-acquit",
        "La DGFiP refuse le fichier entier : statut 6.",
        Scenario(regles_helios=_helios(RetourHelios.NON_ACQUIT)),
    ),
    (
        "ack-doublon",
        "Deux heures après l'acquit, un second dit que tout est en double (ERREUR_DOUBLON).",
        Scenario(regles_helios=_helios(RetourHelios.AUTO, AckHelios(minutes=150))),
    ),
    (
        "ack-inconnu",
        "L'acquit porte un NomFic que personne n'a envoyé.",
        Scenario(regles_helios=_helios(RetourHelios.UNKNOWN_NOM_FIC)),
    ),
    (
        "ack-desordre",
        "Les acquits viennent dans le désordre : celui d'un PES dont le NomFic finit par 1 vient "
        "cinq heures après les autres.",
        Scenario(regles_helios=(RegleHelios(nom_fic="1(\\.xml)?$", minutes=5 * 60),)),
    ),
)

SCENARIOS = {name: replace(scenario, name=name) for name, _, scenario in _PLAYED}
RESUMES = {name: resume for name, resume, _ in _PLAYED}
"""What each scenario shows, in one sentence for whoever chooses."""
