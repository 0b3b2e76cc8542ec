"""The command line: thin functions; what they do is in the engine, what they say is in French.

Imports that cost are made inside the commands (architecture, decision 20).
"""

import functools
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from demat.cli import backup as saving
from demat.cli import confirm as confirming
from demat.cli import evidence as proving
from demat.cli import files, flows, prefecture, retours, runs, schemas, setup, views
from demat.cli import settle as settling
from demat.cli import sign as signing
from demat.cli.boundary import Exit, print_json
from demat.cli.options import (
    CONFIG,
    ConfigOption,
    EcouteOption,
    JsonOption,
    VerboseOption,
    guarded,
)
from demat.cli.usage import Command, Group, translate_help, usage_fr
from demat.faults import Fault, FaultError

__all__ = ["app", "invoke", "main"]

app = typer.Typer(
    name="demat",
    cls=Group,
    subcommand_metavar="COMMANDE …",
    help="Échanges légaux des collectivités avec l'État : PES v2, ACTES, données ouvertes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

command = functools.partial(app.command, cls=Command)
app.add_typer(schemas.app)


@command()
@guarded
def demo(
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="DOSSIER", help="Dossier de la démonstration (vide ou absent)."
        ),
    ] = None,
    as_json: JsonOption = False,
    keep: Annotated[bool, typer.Option("--keep", help="Garder le dossier à la fin.")] = False,
    verbose: VerboseOption = False,
) -> int:
    """Jouer toute la chaîne sur une commune fictive, contre un tiers de télétransmission local.

    Exemple : demat demo --keep
    """
    return runs.demo(directory, as_json=as_json, keep=keep)


@command()
@guarded
def init(
    directory: Annotated[Path, typer.Argument(metavar="DOSSIER", help="Dossier à créer.")],
    nom: Annotated[str, typer.Option(metavar="NOM", help="Nom de la collectivité.")],
    siren: Annotated[str, typer.Option(metavar="SIREN", help="SIREN, 9 chiffres.")],
    siret: Annotated[str, typer.Option(metavar="SIRET", help="SIRET, 14 chiffres.")],
    departement: Annotated[
        str, typer.Option(metavar="CODE", help="Département sur 3 caractères : 007, 02A, 974.")
    ],
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Créer un dossier de travail et un fichier de configuration à compléter.

    Exemple : demat init mairie --nom "Commune de Bellombre" --siren 219901238 --siret
    21990123800010 --departement 099
    """
    return setup.init(directory, nom, siren, siret, departement, as_json=as_json)


@command()
@guarded
def doctor(
    config: ConfigOption = CONFIG,
    rafraichir: Annotated[
        bool,
        typer.Option(
            "--rafraichir", help="Chercher d'abord des listes de révocation plus récentes."
        ),
    ] = False,
    complet: Annotated[
        bool, typer.Option("--complet", help="Relire aussi tous les documents conservés (long).")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Vérifier la configuration, les certificats, la connexion, le journal et les documents.

    Exemple : demat doctor --rafraichir
    """
    return setup.doctor(config, fetch=rafraichir, whole=complet, as_json=as_json)


@command()
@guarded
def backup(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DOSSIER", help="Dossier de la sauvegarde (autre disque)."),
    ],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Sauvegarder les données et les documents, sans arrêter demat, et relire la sauvegarde.

    Dans le même dossier, la fois suivante n'ajoute que ce qui est nouveau.

    Exemple : demat backup /sauvegardes/demat
    """
    return saving.backup(config, folder, as_json=as_json)


@command()
@guarded
def restore(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DOSSIER", help="Dossier d'une sauvegarde de demat.")
    ] = None,
    depuis: Annotated[
        str,
        typer.Option(
            "--depuis",
            metavar="INSTANT",
            help="Base déjà restaurée par un autre outil (pg_restore), dans son état de cet "
            "instant : 2026-11-30T02:30.",
        ),
    ] = "",
    remplacer: Annotated[
        bool,
        typer.Option("--remplacer", help="Prendre la place de données existantes, gardées à côté."),
    ] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Vérifier une sauvegarde, puis la remettre en service, demat étant arrêté ; rien n'est envoyé.

    Ce qui attendait n'est renvoyé que si l'autre côté ne l'a pas.

    Exemple : demat restore /sauvegardes/demat
    """
    if folder is not None and not depuis:
        return saving.restore(config, folder, replace=remplacer, as_json=as_json)
    if folder is None and depuis:
        return saving.finish_restoration(config, depuis, as_json=as_json)
    raise FaultError(Fault(code="INT-RESTORE_WHAT"))


@command(name="migrate-store")
@guarded
def migrate_store(
    vers: Annotated[
        str,
        typer.Option(
            "--vers",
            metavar="ADRESSE",
            help="Adresse de la nouvelle base, sans mot de passe ; ou un fichier de configuration "
            "(.toml) qui dit où vont la base et les documents.",
        ),
    ],
    mot_de_passe: Annotated[
        Path | None,
        typer.Option(
            "--mot-de-passe",
            metavar="FICHIER",
            help="Fichier (droits 600) qui contient le mot de passe de la nouvelle base.",
        ),
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Déplacer toutes les données vers une autre base (PostgreSQL, SQLite), et fermer l'ancienne.

    Exemple : demat migrate-store --vers postgresql+psycopg://demat@serveur/demat
    """
    from demat.cli.moving import migrate_store as move

    return move(config, vers, mot_de_passe, as_json=as_json)


@command()
@guarded
def health(
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Dire comment va l'installation : rien n'est envoyé, aucune clé n'est ouverte.

    Code de retour : 0 en ordre, 1 à surveiller, 4 en panne.

    Exemple : demat health --json
    """
    from demat.cli.health import health as tell_health

    return tell_health(config, as_json=as_json)


@command()
@guarded
def secret(
    entry: Annotated[
        str,
        typer.Argument(metavar="SERVICE/COMPTE", help="Nom du secret, comme après « trousseau: »."),
    ],
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Enregistrer un mot de passe ou un code PIN dans le trousseau de l'ordinateur.

    Exemple : demat secret demat/signature-maire
    """
    from demat.cli.secret import keep

    return keep(entry, as_json=as_json)


@command()
@guarded
def deposit(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FICHIER…", help="Fichiers ou dossier à déposer.")
    ],
    siren: Annotated[
        str, typer.Option("--siren", metavar="SIREN", help="Collectivité, s'il y en a plusieurs.")
    ] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Déposer des fichiers qui vont ensemble et les préparer aussitôt, sans rien envoyer.

    Exemple : demat deposit titres.csv facture-12.pdf
    """
    return flows.deposit(config, paths, siren, as_json=as_json)


@command()
@guarded
def watch(
    config: ConfigOption = CONFIG,
    once: Annotated[bool, typer.Option("--once", help="Un seul passage.")] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Surveiller les dossiers et préparer les dépôts, sans rien envoyer.

    Exemple : demat watch --once
    """
    return runs.watch(config, once=once, as_json=as_json, verbose=verbose)


@command()
@guarded
def nightly(
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Faire en un passage tout ce qui est dû : recevoir, signer, envoyer, relever, publier.

    Exemple : demat nightly --json
    """
    return runs.nightly(config, as_json=as_json, verbose=verbose)


@command()
@guarded
def serve(
    ecoute: EcouteOption = "",
    config: ConfigOption = CONFIG,
    verbose: VerboseOption = False,
) -> int:
    """Rester en marche : surveiller les dossiers, envoyer, relever, et faire le passage de nuit.

    Exemple : demat serve --config demat.toml
    """
    return runs.serve(config, listen=ecoute, verbose=verbose)


@command()
@guarded
def worker(
    taches: Annotated[
        int, typer.Option("--taches", metavar="N", min=1, max=64, help="Tâches menées de front.")
    ] = 4,
    ecoute: EcouteOption = "",
    config: ConfigOption = CONFIG,
    verbose: VerboseOption = False,
) -> int:
    """Travailler avec d'autres machines sur une même base PostgreSQL, pour un centre de gestion.

    Exemple : demat worker --taches 8 --config demat.toml
    """
    return runs.worker(config, concurrency=taches, listen=ecoute, verbose=verbose)


@command(name="flows")
@guarded
def flows_command(
    state: Annotated[
        str,
        typer.Option(
            "--state",
            metavar="ÉTAT",
            help="waiting, sent, acknowledged, refused, suspended, landed, abandoned, returned, "
            "awaiting_signature ou all.",
        ),
    ] = "all",
    search: Annotated[
        str,
        typer.Option(
            "--search",
            metavar="TEXTE",
            help="Chercher dans les envois et leurs réponses : « titre 417 », « 86,40 », un nom, "
            "un objet, une pièce jointe, un identifiant.",
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Résultats de recherche au plus.")
    ] = 20,
    siren: Annotated[
        str, typer.Option("--siren", metavar="SIREN", help="Une seule collectivité.")
    ] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Lister les envois et leur état, ou chercher dans ce qui a été envoyé.

    Exemple : demat flows --state refused    ou : demat flows --search "titre 417"
    """
    if search:
        return views.search_flows(config, search, siren, limit, as_json=as_json)
    return flows.list_flows(config, state, siren, as_json=as_json)


@command()
@guarded
def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="N°|FICHIER", help="Numéro d'envoi, « D » + n° de dépôt, ou fichier."
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PAGE", help="Écrire le PES ou le budget en une page."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="TABLEAU", help="Écrire le PES ou le budget en un tableau."),
    ] = None,
    confiance: Annotated[
        Path | None,
        typer.Option(metavar="DOSSIER", help="Dossier des autorités de certification reconnues."),
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Montrer un envoi (état, réponses, journal), un dépôt, ou dire ce qu'est un fichier.

    Avec --html ou --csv, un PES (envoyé, acquittement ou retour) ou un budget se lit sans XML.

    Exemple : demat show 12    ou : demat show acquit.xml --html acquit.html
    """
    targets = views.Targets(html=html, csv=csv, trusted=confiance)
    return flows.show(config, target, targets, as_json=as_json)


@command(name="retours")
@guarded
def retours_command(
    etat: Annotated[
        str,
        typer.Option(
            "--etat",
            metavar="ÉTAT",
            help="transmise, acquittee, instance, prise_en_charge, prise_en_charge_partielle, "
            "rejetee, rejetee_apres, soldee, annulee ou inconnu.",
        ),
    ] = "",
    budget: Annotated[
        str, typer.Option("--budget", metavar="CODE", help="Un seul budget, par son code.")
    ] = "",
    mois: Annotated[str, typer.Option("--mois", metavar="AAAA-MM", help="Un seul mois.")] = "",
    bilan: Annotated[
        bool, typer.Option("--bilan", help="Résumer chaque mois de chaque budget.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="TABLEAU", help="Écrire aussi un tableau."),
    ] = None,
    siren: Annotated[str, typer.Option("--siren", metavar="SIREN", help="Collectivité.")] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Montrer où en est chaque mandat et chaque titre chez le comptable, ou le bilan des mois.

    Exemple : demat retours --etat rejetee    ou : demat retours --bilan --mois 2026-03
    """
    wanted = retours.Wanted(
        siren=siren, budget=budget, etat=etat, mois=mois, csv=csv, as_json=as_json
    )
    if bilan:
        return retours.show_months(config, wanted)
    return retours.show_pieces(config, wanted)


@command()
@guarded
def sign(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="N°…", help="Dépôts à signer, comme D12 ; sans numéro : tous."),
    ] = None,
    signataire: Annotated[
        str, typer.Option("--signataire", metavar="NOM", help="Qui signe, ou refuse.")
    ] = "",
    refuser: Annotated[
        str, typer.Option("--refuser", metavar="N°", help="Rendre ce dépôt au lieu de le signer.")
    ] = "",
    motif: Annotated[
        str, typer.Option("--motif", metavar="TEXTE", help="Pourquoi, avec --refuser.")
    ] = "",
    config: ConfigOption = CONFIG,
    siren: Annotated[
        str, typer.Option("--siren", metavar="SIREN", help="Une seule collectivité.")
    ] = "",
    lire: Annotated[
        Path | None,
        typer.Option(
            "--lire", metavar="DOSSIER", help="Écrire d'abord ce qui attend, en pages à lire."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ne pas demander confirmation.")] = False,
    dernier_essai: Annotated[
        bool,
        typer.Option("--dernier-essai", help="Essayer encore un code PIN, au risque du blocage."),
    ] = False,
    horloge_verifiee: Annotated[
        bool,
        typer.Option("--horloge-verifiee", help="L'ordinateur est à l'heure, je l'ai vérifié."),
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Lire les bordereaux qui attendent une signature, les signer ou les refuser.

    Le code PIN ou le mot de passe n'est demandé qu'une fois, pour tous.

    Exemple : demat sign    ou : demat sign --refuser D12 --motif "Le titre 417 est en double"
    """
    request = signing.SignRequest(
        targets=targets or (),
        siren=siren,
        signataire=signataire,
        refuse=refuser,
        motif=motif,
        pages=lire,
        yes=yes,
        last_try=dernier_essai,
        clock_verified=horloge_verifiee,
        as_json=as_json,
    )
    return signing.sign(config, request)


@command()
@guarded
def confirm(
    target: Annotated[
        str, typer.Argument(metavar="N°", help="Numéro du dépôt qui attend, comme D12 ou 12.")
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="COLONNE=VALEUR",
            help="Corriger une case (répétable) ; « 2.colonne=valeur » pour le deuxième acte.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ne pas demander confirmation.")] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Confirmer, après les avoir montrées, les données que demat propose pour un dépôt.

    Exemple : demat confirm D12 --set numero=2026_041 --set matiere=7.10
    """
    return confirming.confirm(config, target, changes or [], yes=yes, as_json=as_json)


@command()
@guarded
def resubmit(
    number: Annotated[int, typer.Argument(metavar="N°", help="Numéro de l'envoi refusé.")],
    replacements: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FICHIER", help="Fichier corrigé (répétable)."),
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Renvoyer un envoi refusé, sous un numéro ou un nom que l'autre côté acceptera.

    Exemple : demat resubmit 12 --with titres-corriges.csv
    """
    return flows.resubmit(config, number, replacements or [], as_json=as_json)


@command()
@guarded
def settle(
    number: Annotated[int, typer.Argument(metavar="N°", help="Numéro de l'envoi.")],
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            metavar="NUMÉRO",
            help="Il est arrivé : son numéro de transaction, lu sur le site du tiers de "
            "télétransmission.",
        ),
    ] = "",
    not_landed: Annotated[
        bool, typer.Option("--not-landed", help="Il n'y est pas : le renvoyer à l'identique.")
    ] = False,
    abandon: Annotated[
        str, typer.Option("--abandon", metavar="MOTIF", help="Renoncer à cet envoi.")
    ] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Dire ce qu'est devenu un envoi que demat n'a pas su retrouver tout seul.

    Exemple : demat settle 12 --reference 4711    ou : demat settle 12 --not-landed
    """
    answer = settling.Answer(reference=reference, not_landed=not_landed, abandon=abandon)
    return settling.settle(config, number, answer, as_json=as_json)


@command(name="courriers")
@guarded
def courriers_command(
    a_repondre: Annotated[
        bool, typer.Option("--a-repondre", help="Seulement ceux qui attendent une réponse.")
    ] = False,
    siren: Annotated[
        str, typer.Option("--siren", metavar="SIREN", help="Une seule collectivité.")
    ] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Lister ce que la préfecture a écrit, ce qu'elle attend et jusqu'à quand.

    Exemple : demat courriers --a-repondre
    """
    return prefecture.list_courriers(config, siren, waiting=a_repondre, as_json=as_json)


@command()
@guarded
def reply(
    number: Annotated[int, typer.Argument(metavar="N°", help="Numéro du courrier.")],
    documents: Annotated[
        list[Path],
        typer.Option("--file", metavar="FICHIER", help="Votre réponse en PDF (répétable)."),
    ],
    refus: Annotated[
        bool, typer.Option("--refus", help="Refuser ce qui est demandé, au lieu d'y répondre.")
    ] = False,
    siren: Annotated[
        str, typer.Option("--siren", metavar="SIREN", help="Collectivité, s'il y en a plusieurs.")
    ] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Répondre à un courrier de la préfecture, ou refuser ce qu'elle demande.

    Exemple : demat reply 12 --file reponse.pdf    ou : demat reply 12 --refus --file refus.pdf
    """
    return prefecture.reply(config, number, documents, siren, refuse=refus, as_json=as_json)


@command()
@guarded
def cancel(
    number: Annotated[int, typer.Argument(metavar="N°", help="Numéro de l'envoi de l'acte.")],
    yes: Annotated[bool, typer.Option("--yes", help="Ne pas demander confirmation.")] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Annuler la transmission d'un acte qui a reçu son accusé ; l'acte lui-même demeure.

    Exemple : demat cancel 12
    """
    return prefecture.cancel(config, number, yes=yes, as_json=as_json)


@command()
@guarded
def publicite(
    number: Annotated[int, typer.Argument(metavar="N°", help="Numéro de l'envoi de l'acte.")],
    jour: Annotated[
        str, typer.Option("--date", metavar="JJ/MM/AAAA", help="Jour de la publicité.")
    ],
    mode: Annotated[
        str,
        typer.Option(metavar="MODE", help="mise_en_ligne, affichage, notification ou papier."),
    ] = "mise_en_ligne",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Noter quand et comment un acte a été rendu public ou notifié : il devient exécutoire.

    Exemple : demat publicite 12 --date 14/03/2026 --mode affichage
    """
    return prefecture.publicity(config, number, jour, mode, as_json=as_json)


@command()
@guarded
def certificat(
    number: Annotated[int, typer.Argument(metavar="N°", help="Numéro de l'envoi de l'acte.")],
    target: Annotated[
        Path | None, typer.Option("--vers", metavar="FICHIER", help="PDF à écrire.")
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Écrire le certificat de caractère exécutoire d'un acte, à faire signer par le maire.

    Exemple : demat certificat 12 --vers certificat.pdf
    """
    return prefecture.certificate(config, number, target, as_json=as_json)


@command()
@guarded
def classification(
    install: Annotated[
        Path | None,
        typer.Option(metavar="FICHIER", help="Message 7-2 (XML) de la préfecture, à installer."),
    ] = None,
    nature: Annotated[
        str, typer.Option(metavar="NATURE", help="Nature : DE, AR, AI, CC, BF ou AU.")
    ] = "",
    matiere: Annotated[str, typer.Option(metavar="CODE", help="Matière, par exemple 7.10.")] = "",
    siren: Annotated[str, typer.Option("--siren", metavar="SIREN", help="Collectivité.")] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Montrer la nomenclature de la préfecture, en installer une, lister les types de pièces.

    Exemple : demat classification --nature DE --matiere 3.2
    """
    return flows.classification(config, siren, install, nature, matiere, as_json=as_json)


@command()
@guarded
def publish(
    config: ConfigOption = CONFIG,
    siren: Annotated[
        str, typer.Option("--siren", metavar="SIREN", help="Une seule collectivité.")
    ] = "",
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Publier les délibérations qui peuvent l'être : table SCDL et page web, avec les PDF.

    Exemple : demat publish
    """
    return runs.publish(config, siren, as_json=as_json)


@command()
@guarded
def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="FICHIER…", help="Fichiers à contrôler.")],
    edition: Annotated[
        str,
        typer.Option(
            "--schemas", metavar="VERSION", help="Version des schémas (demat schemas list)."
        ),
    ] = "",
    folder: schemas.FolderOption = None,
    config: ConfigOption = CONFIG,
    second_avis: Annotated[
        bool, typer.Option("--second-avis", help="Faire aussi contrôler par un autre validateur.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Contrôler des fichiers contre leur schéma (PES, ACTES), avec la ligne et l'élément en cause.

    Exemple : demat validate flux.xml --schemas 5.11
    """
    return files.validate(
        paths, schemas.folder_of(config, folder), edition, second=second_avis, as_json=as_json
    )


@command()
@guarded
def evidence(
    target: Annotated[
        str, typer.Argument(metavar="N°", help="Numéro d'envoi, ou « D » + n° de dépôt.")
    ],
    sortie: Annotated[
        Path | None,
        typer.Option("--sortie", metavar="FICHIER", help="Zip à écrire, ou dossier."),
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Écrire la preuve d'un envoi : un zip qui se vérifie sans réseau, des années après.

    Exemple : demat evidence 12 --sortie preuve.zip
    """
    return proving.evidence(config, target, sortie, as_json=as_json)


@command()
@guarded
def verify(
    paths: Annotated[list[Path], typer.Argument(metavar="FICHIER…", help="Fichiers signés.")],
    confiance: Annotated[
        Path | None,
        typer.Option(metavar="DOSSIER", help="Dossier des autorités de certification reconnues."),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(metavar="FICHIER", help="Signature séparée (.p7s) du document."),
    ] = None,
    second_avis: Annotated[
        bool, typer.Option("--second-avis", help="Faire aussi vérifier par une autre bibliothèque.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Vérifier ce qui est signé (PES, PDF, .p7s, archive, budget scellé), ou une preuve en zip.

    Exemple : demat verify flux-signe.xml acte.pdf acte.pdf.p7s --confiance autorites
    """
    return files.verify(paths, confiance, signature, second=second_avis, as_json=as_json)


@command()
@guarded
def sandbox(
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DOSSIER", help="Dossier du bac à sable.")
    ] = Path("bac-a-sable"),
    scenario: Annotated[
        str,
        typer.Option(
            metavar="NOM", help="Nom du scénario, ou fichier JSON ; « liste » les énumère."
        ),
    ] = "nominal",
    graine: Annotated[
        int | None, typer.Option(metavar="N", help="Décide des identifiants ; 1 par défaut.")
    ] = None,
    neuf: Annotated[
        bool, typer.Option("--neuf", help="Oublier ce qui s'est passé dans ce dossier.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port HTTPS ; 0 : choisi.")] = 0,
    speed: Annotated[float, typer.Option(help="Accélération du temps.")] = 60.0,
    max_seconds: Annotated[float, typer.Option(help="Arrêt au bout de ce temps.")] = 3600.0,
    verbose: VerboseOption = False,
) -> int:
    """Lancer un tiers de télétransmission local (S²LOW, préfecture et DGFiP simulés).

    Relancé sur le même dossier, il retrouve tout ce qu'il avait reçu, aux mêmes adresses.
    Les scénarios : demat sandbox --scenario liste

    Exemple : demat sandbox --scenario nominal --speed 600
    """
    play = runs.Play(scenario=scenario, seed=graine, port=port, speed=speed, fresh=neuf)
    return runs.sandbox(directory, play, max_seconds)


def invoke(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; mistakes of use are told in French."""
    if not arguments or "--help" in arguments:
        translate_help()
    try:
        code = typer.main.get_command(app).main(
            list(arguments), prog_name="demat", standalone_mode=False
        )
    except Abort:  # the end of the input, where an answer was awaited
        return Exit.FAULTS
    except TyperException as error:
        if type(error).__name__ != "NoArgsIsHelpError":  # then the help has just been shown
            _tell_usage(usage_fr(error), as_json="--json" in arguments)
        return Exit.USAGE
    return int(code or 0)


def _tell_usage(words: str, *, as_json: bool) -> None:
    if as_json:
        sentence = words.replace("\n  →", "")
        print_json({"error": [{"code": "USAGE", "message": sentence}]})
    else:
        print(words, file=sys.stderr)  # noqa: T201 - this is the command line's own output


def main() -> None:
    """Run the command line; French sentences, whatever the locale of the machine."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.excepthook = _unexpected
    sys.exit(invoke(sys.argv[1:]))


def _unexpected(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say that demat has a defect; its trace is for who asked for it."""
    words = f"Erreur interne de demat ({kind.__name__}) : rien n'a été perdu, ce n'est pas vous."
    remedy = "Relancez la même commande avec --verbose et transmettez le texte à votre technicien."
    if "--json" in sys.argv:
        print_json({"error": [{"code": kind.__name__, "message": f"{words} {remedy}"}]})
    else:
        print(f"{words}\n  → {remedy}", file=sys.stderr)  # noqa: T201 - command line output
    if "--verbose" in sys.argv:
        traceback.print_exception(kind, error, trace)
