"""One step of the benchmark in a process of its own: ``-m benchmarks.actes_steps STEP FOLDER OUT``.

``pack`` builds the message and the envelope of each act of ``FOLDER/pdf`` and writes its archive.
``check`` applies all the rules of an act first, as the engine does; each PDF is then opened.
"""

import sys
from datetime import date
from pathlib import Path

from demat.actes.envelope import build_archive
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.natures import NatureActe

__all__ = ["DAY", "acte_of", "check", "pack", "pack_all"]

DAY = date(2026, 3, 13)
_EMETTEUR = Emetteur(
    siren="000000000",
    departement="099",
    arrondissement="1",
    nature="31",
    adresses_retour=("retour@tdt-fictif.fr", "mairie@saint-exemple.fr"),
)


def acte_of(rank: int, content: bytes) -> Acte:
    """Return a délibération whose document is this PDF."""
    return Acte(
        numero=f"2026_{rank:04d}",
        date_decision=date(2026, 3, 12),
        nature=NatureActe.DELIBERATION,
        matiere=(7, 10),
        objet=f"Tarifs 2026 de la salle des fêtes, délibération n° {rank}",
        document=Piece(name=f"{rank}.pdf", content=content, type_pj="99_DE"),
        classification_date=date(2025, 9, 1),
    )


def pack(acte: Acte, serial: int) -> bytes:
    """Return the archive of an act."""
    return build_archive(
        acte, _EMETTEUR, day=DAY, serial=serial, trigramme="XYZ", application="EACT"
    ).content


def pack_all(folder: Path, out: Path) -> int:
    """Pack each PDF as an act."""
    for rank, path in enumerate(sorted((folder / "pdf").iterdir()), start=1):
        archive = pack(acte_of(rank, path.read_bytes()), rank)
        (out / f"{path.stem}.tar.gz").write_bytes(archive)
    return 0


def check(folder: Path, out: Path) -> int:
    """Check, then pack, each PDF as an act; return 1 when a rule stops one."""
    from demat.actes.classification import NATIONALE
    from demat.actes.rules import ContexteActe, check_acte

    contexte = ContexteActe(
        emetteur=_EMETTEUR, classification=NATIONALE, today=DAY, numero_used=lambda _: None
    )
    for rank, path in enumerate(sorted((folder / "pdf").iterdir()), start=1):
        acte = acte_of(rank, path.read_bytes())
        if set(check_acte(acte, contexte).blocking.codes) - _UNAVOIDABLE:
            return 1
        (out / f"{path.stem}.tar.gz").write_bytes(pack(acte, rank))
    return 0


_UNAVOIDABLE = {"ACT-001", "ACT-025"}
"""The fictional SIREN has no right key, and no préfecture has sent its classification."""


if __name__ == "__main__":
    step, folder, out = sys.argv[1:]
    sys.exit({"pack": pack_all, "check": check}[step](Path(folder), Path(out)))
