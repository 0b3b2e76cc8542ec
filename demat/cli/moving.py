"""``migrate-store``: another database, such as the PostgreSQL of a centre."""

from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.boundary import Exit, print_json, say
from demat.cli.setup import counter
from demat.cli.words import plural

if TYPE_CHECKING:
    from demat.config import Config

__all__ = ["migrate_store"]


def migrate_store(config: Path, towards: str, password: Path | None, *, as_json: bool) -> int:
    """Move everything to another database, and close the one that is left.

    :param towards: its address, or a configuration file that names it, and where the documents go.
    :param password: file that holds its password.
    """
    from demat.compose import move_store
    from demat.config import load_config, with_base

    loaded = load_config(config)
    if towards.endswith(".toml"):
        wanted = load_config(Path(towards))
    else:
        wanted = with_base(loaded, towards, password.resolve() if password else None)
    moved = move_store(loaded, wanted, progress=counter("Documents copiés"))
    if as_json:
        print_json({"vers": moved.vers, "lignes": dict(moved.rows), "documents": moved.documents})
        return Exit.DONE
    say(
        f"Tout est maintenant dans « {moved.vers} » : {plural(moved.rows['deposit'], 'dépôt')}, "
        f"{plural(moved.rows['transmission'], 'envoi')}, journal de "
        f"{plural(moved.rows['journal'], 'entrée')}. Chaque table a été relue et comparée, et le "
        "journal vérifié."
    )
    if moved.documents:
        say(f"{plural(moved.documents, 'document')} de plus dans leur nouveau dossier.")
    say("L'ancienne base est fermée : rien ne peut plus en partir. Gardez-la comme archive.")
    for line in _next_steps(config, towards, wanted):
        say(line)
    return Exit.DONE


def _next_steps(config: Path, towards: str, wanted: "Config") -> list[str]:
    if towards.endswith(".toml"):
        return [f"Désormais, donnez « --config {towards} » à chaque commande."]
    lines = [f"Dans « {config} », écrivez maintenant, avant de relancer le service :"]
    lines.append(f'base = "{wanted.base}"')
    if wanted.base_mot_de_passe is not None:
        lines.append(f'base_mot_de_passe = "{wanted.base_mot_de_passe}"')
    return lines
