"""``backup`` and ``restore``: a copy that holds together, and what it does not know of."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.setup import MANY, counter
from demat.cli.words import plural

if TYPE_CHECKING:
    from demat.config import Config
    from demat.engine.restored import Restored
    from demat.queue.backup import Backup

__all__ = ["backup", "finish_restoration", "restore"]

_KEPT_TOO = ("echanges", "schemas")
"""Folders of ``donnees`` that a backup keeps besides: what nobody could ask for again."""


def backup(config: Path, folder: Path, *, as_json: bool) -> int:
    """Back up a live installation; say what is not in it."""
    from demat import __version__
    from demat.clock import SystemClock
    from demat.compose import open_store
    from demat.config import load_config
    from demat.queue.backup import back_up

    loaded = load_config(config)
    _refuse_inside(folder, loaded)
    with open_store(loaded) as store:
        made = back_up(
            store,
            folder,
            SystemClock(),
            version=__version__,
            configuration=str(config.resolve()),
            files=_files(loaded.donnees),
            progress=counter("Documents sauvegardés"),
        )
    code = Exit.FAULTS if made.faults else Exit.DONE
    if as_json:
        from demat.labels_fr.catalogue import render_json

        faults = [render_json(fault) for fault in made.faults]
        said = {"sauvegarde": str(folder), "nouveaux": made.new, "faults": faults}
        print_json(said | _backup_json(made.backup))
        return code
    flows = made.backup.lignes["transmission"]
    say(
        f"Sauvegarde faite et relue : {plural(flows, 'envoi')}, "
        f"{plural(made.backup.documents, 'document')}, journal de "
        f"{plural(made.backup.entrees, 'entrée')} ; {plural(made.new, 'fichier')} de plus dans "
        f"« {folder} »."
    )
    say(
        f"Elle ne contient ni la configuration ({config}), ni les mots de passe, les clés et les "
        "autorités de confiance, ni les dossiers des agents : gardez-les à part, chiffrés."
    )
    if made.faults:
        say("Déjà perdu ou modifié avant cette sauvegarde :")
        print_faults(made.faults.summarised(MANY))
    return code


def _refuse_inside(folder: Path, config: "Config") -> None:
    """Refuse a backup that would lie in what it backs up."""
    from demat.faults import Fault, FaultError

    if folder.resolve().is_relative_to(config.donnees.resolve()):
        params = {"dossier": str(folder), "nom": str(config.donnees)}
        raise FaultError(Fault(code="QUE-BACKUP_PLACE", params=params))


def _files(data: Path) -> dict[str, Path]:
    from demat.intake.names import files_below

    return {
        path.relative_to(data).as_posix(): path
        for name in _KEPT_TOO
        if (data / name).is_dir()
        for path in files_below(data / name)
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    }


def _backup_json(made: "Backup") -> dict[str, Any]:
    return {
        **asdict(made),
        "orphelins": len(made.orphelins),
        "fichiers": len(made.fichiers),
    }


def finish_restoration(config: Path, since: str, *, as_json: bool) -> int:
    """Make a database that another tool has restored fit to be used.

    :param since: when it was backed up, ISO 8601; in Paris unless it says otherwise.
    :raises FaultError: ``INT-RESTORE_SINCE``.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.restored import after_restoration

    backup_at = _instant(since)
    with open_office(load_config(config)) as office:
        entries = len(office.store.journal())
        done = after_restoration(office, backup_at=backup_at, entries=entries, orphans=frozenset())
    return _tell_restored(backup_at, entries, done, as_json=as_json)


def _instant(text: str) -> datetime:
    from demat.clock import PARIS, SystemClock
    from demat.faults import Fault, FaultError

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise FaultError(Fault(code="INT-RESTORE_SINCE", params={"texte": text})) from error
    found = found if found.tzinfo else found.replace(tzinfo=PARIS)
    if found > SystemClock().now():
        raise FaultError(Fault(code="INT-RESTORE_SINCE", params={"texte": text}))
    return found.astimezone(UTC)


def restore(config: Path, folder: Path, *, replace: bool, as_json: bool) -> int:
    """Put a backup in the place of the database, once it is verified, and make it fit to be used.

    :param replace: whether the database may hold something.
    :raises FaultError: ``QUE-BACKUP_…``, ``QUE-RESTORE_…``.
    """
    from demat.clock import SystemClock
    from demat.compose import database_file, documents_of, open_office
    from demat.config import load_config
    from demat.engine.restored import after_restoration
    from demat.faults import Fault, FaultError
    from demat.queue.backup import named_in, read_backup, verify_backup
    from demat.queue.restore import bring_documents, bring_files, require_free, restored_database

    loaded, clock = load_config(config), SystemClock()
    target = database_file(loaded)
    if target is None:
        raise FaultError(Fault(code="INT-RESTORE_POSTGRESQL"))
    found = read_backup(folder)
    loaded.donnees.mkdir(parents=True, exist_ok=True)
    require_free(target, replace=replace)
    faults = verify_backup(folder, found, loaded.donnees, counter("Sauvegarde vérifiée"))
    if faults.blocking:
        return _tell_damaged(folder, faults.summarised(MANY), as_json=as_json)
    bring_documents(folder, named_in(folder, found, loaded.donnees), documents_of(loaded))
    bring_files(folder, found, loaded.donnees)
    with (
        restored_database(folder, found, target, clock.now(), replace=replace) as base,
        open_office(loaded, clock=clock, base=base) as office,
    ):
        done = after_restoration(
            office,
            backup_at=found.at,
            entries=found.entrees,
            orphans=frozenset(found.orphelins),
        )
    return _tell_restored(found.at, found.entrees, done, as_json=as_json)


def _tell_damaged(folder: Path, faults: Any, *, as_json: bool) -> int:
    from demat.labels_fr.catalogue import render_json

    if as_json:
        print_json({"error": [render_json(fault) for fault in faults]})
    else:
        say(f"La sauvegarde « {folder} » ne peut pas servir ; rien n'a été touché.")
        print_faults(faults)
    return Exit.FAULTS


def _restored_json(backup_at: datetime, entries: int, done: "Restored") -> Mapping[str, Any]:
    return {
        "sauvegarde_du": backup_at.isoformat(),
        "entrees": entries,
        "suspendus": done.suspended,
        "rendus": done.given_back,
        "reponses_retrouvees": done.answers,
        "inconnus": [str(path) for path in done.handed_in],
    }


def _tell_restored(backup_at: datetime, entries: int, done: "Restored", *, as_json: bool) -> Exit:
    from demat.cli.display import moment_fr, paragraph

    if as_json:
        print_json(_restored_json(backup_at, entries, done))
        return Exit.DONE
    moment = moment_fr(backup_at)
    lines = [
        f"Données restaurées telles qu'elles étaient le {moment}. Rien n'a été envoyé.",
        f"Envois qui attendaient : {done.suspended}. Chacun a pu partir depuis : demat demande "
        "d'abord à l'autre côté, et ne renvoie que ce qui n'y est pas.",
        f"Dépôts qui étaient en préparation : {done.given_back}, rendus dans « a-corriger ».",
        f"Réponses de l'État retrouvées parmi les documents conservés : {done.answers}.",
        f"Peuvent manquer, depuis le {moment} : les retours du comptable (PES_Retour) et les "
        "courriers de la préfecture déjà relevés, que le tiers de télétransmission ne redonne "
        "plus. Cherchez-les sur son site et déposez-les dans « a-deposer ». Les accusés de "
        "réception et les acquittements des envois connus sont redemandés.",
        "Un PES préparé depuis cette date n'est plus connu de demat : avant d'en renvoyer un, "
        "regardez sur le site du tiers de télétransmission s'il y est déjà.",
    ]
    for line in lines:
        say(paragraph(f"- {line}", then="  "))
    if done.handed_in:
        say(paragraph("- Déposés depuis, et peut-être envoyés :", then="  "))
        for path in done.handed_in[:MANY]:
            say(f"    {path}")
        if len(done.handed_in) > MANY:
            say(f"    … et {len(done.handed_in) - MANY} de plus")
    say("Vérifiez l'installation (demat doctor), puis relancez demat.")
    return Exit.DONE
