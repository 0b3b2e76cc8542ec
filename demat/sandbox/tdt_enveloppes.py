"""The script that takes ready-made archives, switched off on most platforms (dossier §1.4.5)."""

import re
import tarfile
from datetime import datetime

from demat.faults import FaultError
from demat.sandbox import pipeline, plis
from demat.sandbox.answers import Refusal, Request, Response, ok
from demat.sandbox.lecture import read_acte, read_envelope
from demat.sandbox.records import Depot, Kind, Pli, Step, StoredFile
from demat.sandbox.scenario import Compte
from demat.sandbox.world import World
from demat.xmlio import local_name, parse_untrusted

__all__ = ["submit"]

_NAME = re.compile(r"[A-Z0-9]{3,4}-EACT--[0-9]{9}--[0-9]{8}-[0-9]{1,9}\.tar\.gz", re.ASCII)
_MIMES = {".pdf": "application/pdf", ".xml": "text/xml", ".png": "image/png", ".jpg": "image/jpeg"}


def submit(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Take every act of an archive: one transaction for each, all in one envelope."""
    if not world.scenario.envelope_import:
        raise Refusal("L'import d'enveloppes est désactivé : utilisez actes_transac_create.php")
    upload = request.form.upload("enveloppe")
    if upload is None or not upload.content:
        raise Refusal("Aucune archive n'a été transmise")
    if not _NAME.fullmatch(upload.name):
        raise Refusal(f"L'archive {upload.name} n'a pas un nom valide")
    try:
        depots, pli = _read(world, upload.name, upload.content, compte)
    except (tarfile.TarError, OSError, LookupError, ValueError, FaultError) as error:
        raise Refusal("Erreur lors de l'import de l'archive") from error
    for depot in depots:
        if world.number_used(compte.siren, depot.number):
            raise Refusal(f"Un acte portant le même numéro interne existe déjà : {depot.number}")
    step = Step(status=1, message="Posté", at=now)
    opened = [world.open(Kind.ACTE, compte.siren, step, depot=one, pli=pli) for one in depots]
    for transaction in opened:
        pipeline.post_acte(world, transaction.id, now)
    return ok(str(len(opened)), *(str(transaction.id) for transaction in opened))


def _read(world: World, name: str, packed: bytes, compte: Compte) -> tuple[list[Depot], Pli]:
    files = {one: _stored(world, one, content) for one, content in plis.untar(packed).items()}
    envelope = next((one for one in files if one.startswith("EACT--")), "")
    siren, messages = read_envelope(files[envelope].content)
    if siren != compte.siren or not messages:
        raise ValueError("envelope of another authority, or empty")
    depots: list[Depot] = []
    for message in messages:
        root = parse_untrusted(files[message].content, root="Acte")
        depots.append(read_acte(root, message, world.scenario.autorite(siren), files.__getitem__))
    ordered = (envelope, *messages, *(one for one in files if one not in (envelope, *messages)))
    root_name = local_name(parse_untrusted(files[messages[0]].content))
    return depots, Pli(
        id=world.new_id(),
        name=name,
        root=root_name,
        files=tuple(files[one] for one in ordered),
    )


def _stored(world: World, name: str, content: bytes) -> StoredFile:
    extension = name[name.rfind(".") :].lower()
    return StoredFile(
        id=world.new_id(),
        name=name,
        posted_name=name,
        mime_type=_MIMES.get(extension, "application/octet-stream"),
        content=content,
    )
