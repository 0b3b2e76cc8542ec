"""Titres with attachments, and what can be read in the files that were frozen."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import shake_256

from demat.engine.transmit import transmit_due
from demat.helios.read import read_pes
from demat.queue.views import TransmissionView
from demat.xmlio import Element, parse_untrusted, value
from tests.unit.engine.conftest import (
    SIRET,
    TITRES,
    Town,
    Verdict,
    accept_all,
    acquit,
    collect_all,
    titre,
)

PNG = b"\x89PNG\r\n\x1a\n"


def image(seed: int, size: int = 300) -> bytes:
    """Return a document that compression does not make smaller."""
    return PNG + shake_256(bytes([seed])).digest(size)


def row(numero: int, bordereau: int, *files: str, montant: str = "86,40") -> str:
    return f"{titre(numero, bordereau, montant=montant)};{'|'.join(files)}"


def table(*rows: str) -> bytes:
    return "\r\n".join((f"{TITRES};pj_fichier", *rows, "")).encode("cp1252")


def drop(town: Town, name: str, files: Mapping[str, bytes], *rows: str) -> None:
    """Hand in a folder: the table and its documents."""
    for file, content in files.items():
        town.write(f"{name}/{file}", content)
    town.write(f"{name}/titres.csv", table(*rows))
    town.intake()


def limited(town: Town, max_bytes: int) -> Town:
    settings = replace(town.office.settings, max_pes_bytes=max_bytes)
    return replace(town, office=replace(town.office, settings=settings))


def unique(numero: int, rank: int = 1) -> str:
    """Return the IdUnique that the reader gives to an attachment of a titre."""
    return f"{SIRET}R2026T{numero:06d}A{rank}"


def root(town: Town, number: int) -> Element:
    return parse_untrusted(town.store.documents.get(town.flow(number).sha256))


def cited(town: Town, number: int) -> dict[str, list[str]]:
    """Return what each titre of a file cites: number → IdUnique."""
    return {
        value(piece, "BlocPiece/IdPce") or "": [
            value(reference, "IdUnique") or "" for reference in piece.iter("PJRef")
        ]
        for piece in root(town, number).iter("Piece")
    }


def carried(town: Town, number: int) -> list[str]:
    facts = read_pes(town.store.documents.get(town.flow(number).sha256))
    return [one.id_unique for one in facts.pieces_jointes]


def numbers(town: Town, number: int) -> list[tuple[int, tuple[int, ...]]]:
    """Return the bordereaux of a file with their titres."""
    facts = read_pes(town.store.documents.get(town.flow(number).sha256))
    return [(one.numero, one.pieces) for one in facts.bordereaux]


def refcomptas(town: Town, number: int) -> dict[str, list[tuple[str, ...]]]:
    names = ("Domaine", "Exercice", "TypeObjet", "Identifiant", "ComplementIdentifiant")
    return {
        value(piece, "IdUnique") or "": [
            tuple(value(one, name) or "" for name in names) for one in piece.iterfind("RefCompta")
        ]
        for piece in root(town, number).iterfind("PES_PJ/PJ")
    }


def answer(town: Town, number: int, *verdicts: Verdict) -> None:
    """Let the comptable answer a file that was sent; without verdict, all is accepted."""
    flow = town.flow(number)
    town.answer(flow, acquit(flow, verdicts) if verdicts else accept_all(flow), name=f"r{number}")
    collect_all(town.authority, town.office)


def sent(town: Town) -> list[TransmissionView]:
    """Send what is due and return the flows."""
    transmit_due(town.office)
    return list(town.flows())
