"""What the TdT does with the files that the DGFiP leaves for it (connectors dossier §2.3, §1.9).

Names that hold ``ACK`` are PES_ACQUIT, names that begin with ``PES2R`` are PES_Retour. An acquit is
attached by NomFic, CodCol and IdColl; a PES_Retour goes to the authority whose SIRET it names.
"""

from dataclasses import replace
from datetime import timedelta

from demat.faults import FaultError
from demat.sandbox.journal import Entry
from demat.sandbox.records import PesRetour
from demat.sandbox.world import World
from demat.xmlio import Element, local_name, parse_untrusted, value

__all__ = ["pick_up"]


def pick_up(world: World, file: Entry) -> None:
    """Take one file; one that can be attached to nothing goes to the error basket."""
    taken = _retour if file.head["name"].startswith("PES2R") else _acquit
    if not taken(world, file):
        world.error_basket.append(file.body)


def _parsed(content: bytes) -> Element | None:
    try:
        return parse_untrusted(content)
    except FaultError:
        return None


def _acquit(world: World, file: Entry) -> bool:
    root = _parsed(file.body) if "ACK" in file.head["name"] else None
    if root is None:
        return False
    nom_fic = value(root, "Enveloppe/Parametres/NomFic") or ""
    id = world.pes_by_name.get((nom_fic, value(root, "EnTetePES/CodCol") or ""))
    if id is None or world.pes[id].status in (-1, 1):
        return False
    status = 6
    if local_name(root) == "PES_ACQUIT":
        status = 4 if root.find("ACQUIT") is None else 8
    regle = world.scenario.regle_helios(nom_fic)
    delay, length = (timedelta(minutes=minutes) for minutes in regle.hidden)
    world.pes[id] = replace(
        world.pes[id],
        acquit=file.body,
        acquit_name=file.head["name"],
        hidden=(file.at + delay, file.at + delay + length) if length else None,
    )
    world.move_pes(id, status, "Retour de la DGFiP reçu", file.at)
    return True


def _retour(world: World, file: Entry) -> bool:
    siren = file.head["siren"]
    if not siren:
        root = _parsed(file.body)
        siret = "" if root is None else value(root, "EnTetePES/IdColl") or ""
        siren = world.siren_of(siret)
    if not siren:
        return False
    retour = PesRetour(
        id=world.new_id(),
        siren=siren,
        name=file.head["name"],
        content=file.body,
        at=file.at,
        file=int(file.head["id"]),
    )
    world.retours[retour.id] = retour
    return True
