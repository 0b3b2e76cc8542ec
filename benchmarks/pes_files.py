"""The two large PES files of the benchmark, written by our own writer from fictional data.

``python -m benchmarks.pes_files FOLDER`` writes both.
"""

import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from demat.helios.build import write_pes
from demat.helios.model import (
    Adresse,
    Bordereau,
    Budget,
    Compte,
    Domaine,
    EmetteurPes,
    Ligne,
    PesAller,
    PieceComptable,
    PieceJointe,
    PJRef,
    Tiers,
)

__all__ = ["BUDGET", "DAY", "write_attachments", "write_pieces"]

DAY = date(2026, 3, 12)
BUDGET = Budget(
    id_post="099012",
    siret="21990123800010",
    cod_col="045",
    cod_bud="00",
    libelle="COMMUNE DE BELLOMBRE",
)
_SIZES = (4_000, 40_000, 400_000, 4_000_000)


def write_pieces(
    path: Path, pieces: int = 20_000, lignes: int = 3, per_bordereau: int = 2_000
) -> None:
    """Write mandats of several lines, without attachment, in bordereaux of one size."""
    bordereaux = (
        _bordereau(rank + 1, start, min(per_bordereau, pieces - start), lignes)
        for rank, start in enumerate(range(0, pieces, per_bordereau))
    )
    _write(path, _with_cumul(bordereaux), ())


def write_attachments(path: Path, megabytes: int = 60) -> None:
    """Write as many mandats as it takes for that weight of attachments once compressed."""
    attachments = tuple(_attachments(megabytes * 1_000_000))
    refs = [PJRef(id_unique=one.id_unique, name=one.name) for one in attachments]
    bordereau = Bordereau(
        id="BRD2026D0001",
        domaine=Domaine.DEPENSE,
        exercice=2026,
        numero=1,
        date_emission=DAY,
        typ_bord="01",
        pieces=tuple(_piece(rank + 1, 1, (ref,)) for rank, ref in enumerate(refs)),
    )
    _write(path, _with_cumul([bordereau]), attachments)


def _with_cumul(bordereaux: Iterable[Bordereau]) -> Iterator[Bordereau]:
    """Add up the yearly total that a signed bordereau must carry."""
    cumul = Decimal(0)
    for bordereau in bordereaux:
        cumul += bordereau.mt_ht
        yield replace(bordereau, mt_cumul_annuel=cumul)


def _write(
    path: Path, bordereaux: Iterable[Bordereau], attachments: tuple[PieceJointe, ...]
) -> None:
    with path.open("wb") as out:
        write_pes(
            PesAller(
                nom_fic=f"PESALR2_21990123800010_260312_{len(attachments) % 1000:03d}",
                id="PES20260312",
                emetteur=EmetteurPes(sigle="DEMAT", adresse="demat, banc d'essai"),
                budget=BUDGET,
                date=DAY,
                dematerialise=False,
                bordereaux=bordereaux,
                pieces_jointes=attachments,
            ),
            out,
        )


def _bordereau(numero: int, start: int, count: int, lignes: int) -> Bordereau:
    return Bordereau(
        id=f"BRD2026D{numero:04d}",
        domaine=Domaine.DEPENSE,
        exercice=2026,
        numero=numero,
        date_emission=DAY,
        typ_bord="01",
        pieces=tuple(_piece(start + rank + 1, lignes, ()) for rank in range(count)),
    )


def _piece(numero: int, lignes: int, refs: tuple[PJRef, ...]) -> PieceComptable:
    return PieceComptable(
        numero=numero,
        typ_pce="01",
        nat_pce="01",
        objet=f"FOURNITURES DE BUREAU COMMANDE {numero}",
        pj=refs,
        lignes=tuple(_ligne(numero, rank + 1) for rank in range(lignes)),
    )


def _ligne(piece: int, numero: int) -> Ligne:
    return Ligne(
        numero=numero,
        nature="6063",
        fonction="020",
        facture=f"F2026-{piece}",
        lib_vir1=f"FACTURE F2026-{piece}",
        mode_reglement="03",
        mt_ht=Decimal(f"{100 + (piece + numero) % 900}.{piece % 100:02d}"),
        mt_tva=Decimal("20.00"),
        tiers=(
            Tiers(
                id_tiers="90012345600015",
                nat_id_tiers="01",
                ref_tiers=f"F{piece % 500:05d}",
                cat_tiers="50",
                nat_jur="03",
                nom=f"TRAVAUX DU VALLON {piece}",
                adresse=Adresse(adr2="3 ZONE ARTISANALE DES PRES", cp="99200", ville="CLAIRVALLON"),
                compte=Compte(
                    iban="FR9399999000010000A12345612",
                    bic="DEMOFRPP",
                    titulaire="TRAVAUX DU VALLON",
                ),
            ),
        ),
    )


def _attachments(total: int) -> Iterator[PieceJointe]:
    """Yield PDF-like files of 4 kB to 4 MB of noise, which no compression shortens."""
    noise = random.Random(20260312)  # noqa: S311 - noise, not a secret
    written = rank = 0
    while written < total:
        size = min(_SIZES[rank % len(_SIZES)], total - written)
        rank += 1
        written += size
        content = b"%PDF-1.7\n" + noise.randbytes(size)
        yield PieceJointe(
            id_unique=f"21990123800010D2026M{rank:06d}A1",
            name=f"FACTURE_{rank}.pdf",
            source=lambda content=content: BytesIO(content),  # type: ignore[misc]
            mime_type="application/pdf",
            type_pj="003",
            description=f"Facture {rank}",
        )


if __name__ == "__main__":
    write_pieces(Path(sys.argv[1]) / "pieces.xml")
    write_attachments(Path(sys.argv[1]) / "pieces-jointes.xml")
