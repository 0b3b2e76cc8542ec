"""What five authorities hand in, and what the law must make of each flow.

The last letter of a number or of a NomFic tells the sandbox how the State answers.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from demat.actes.lifecycle import EtatActe
from demat.helios.lifecycle import EtatPes
from demat.sandbox.scenario import (
    Answer,
    AnswerKind,
    Autorite,
    Compte,
    Delays,
    Deviation,
    RegleActe,
    RegleHelios,
    RetourHelios,
    Scenario,
)
from tests.acceptance.bad_input import HEAD, PDF, PES, csv
from tests.conftest import ROOT

SHARES = (9, 3, 3, 3, 2)
"""How the flows are shared: the first authority has far more than the others."""
DYING = 3
"""Rank of the authority whose certificate dies and is renewed."""
PER_SEANCE = 8
GOLDEN = ROOT / "tests" / "golden" / "pes"

_AR = Answer(kind=AnswerKind.AR)
_ANOMALY = Answer(kind=AnswerKind.ANOMALY, nature="002", detail="Acte illisible")
_ACTES: dict[str, tuple[RegleActe, EtatActe]] = {
    "N": (RegleActe(number="N$"), EtatActe.ACQUITTE),
    "D": (  # the same AR twice
        RegleActe(number="D$", answers=(_AR, replace(_AR, minutes=40))),
        EtatActe.ACQUITTE,
    ),
    "B": (  # out of order: refused, then accepted
        RegleActe(number="B$", answers=(_ANOMALY, replace(_AR, minutes=60))),
        EtatActe.ACQUITTE,
    ),
    "A": (  # accepted, then refused: the AR wins
        RegleActe(number="A$", answers=(_AR, replace(_ANOMALY, minutes=60))),
        EtatActe.ACQUITTE,
    ),
    "X": (RegleActe(number="X$", answers=(_ANOMALY,)), EtatActe.EN_ANOMALIE),
    "T": (RegleActe(number="T$", tdt_error="signature PAdES invalide"), EtatActe.EN_ANOMALIE),
    "L": (  # the window of the TdT is shut for hours
        RegleActe(number="L$", transmission_minutes=480, answers=(replace(_AR, minutes=600),)),
        EtatActe.ACQUITTE,
    ),
    "W": (
        RegleActe(number="W$", answers=(replace(_AR, deviation=Deviation.WINDOWS_1252),)),
        EtatActe.ACQUITTE,
    ),
    "M": (
        RegleActe(number="M$", answers=(replace(_AR, deviation=Deviation.CODE_MATIERE_5),)),
        EtatActe.ACQUITTE,
    ),
    "R": (
        RegleActe(number="R$", answers=(replace(_AR, deviation=Deviation.ATTRIBUTES),)),
        EtatActe.ACQUITTE,
    ),
    "Y": (  # the day before
        RegleActe(number="Y$", answers=(replace(_AR, deviation=Deviation.OTHER_DATE),)),
        EtatActe.ACQUITTE,
    ),
    "S": (RegleActe(number="S$", archive_minutes=0), EtatActe.ACQUITTE),  # first seen in status 13
}
_PES: dict[str, tuple[RegleHelios, EtatPes]] = {
    "N": (RegleHelios(nom_fic="N$"), EtatPes.ACQUITTE),
    "V": (RegleHelios(nom_fic="V$", retour=RetourHelios.VERSION_1), EtatPes.ACQUITTE),
    "H": (RegleHelios(nom_fic="H$", hidden=(5, 60)), EtatPes.ACQUITTE),  # 8, 3, 8
    "L": (RegleHelios(nom_fic="L$", minutes=900), EtatPes.ACQUITTE),
    "K": (RegleHelios(nom_fic="K$"), EtatPes.REFUSE),  # EtatAck 0
    "Z": (RegleHelios(nom_fic="Z$", retour=RetourHelios.NON_ACQUIT), EtatPes.REFUSE),
}
_OFTEN = "NNNNNNNN"


def _with_key(digits: str) -> str:
    """Return digits and their Luhn key, as in a SIREN or a SIRET."""
    total = 0
    for rank, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if rank % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """One authority."""

    rank: int
    folder: Path

    @property
    def siren(self) -> str:
        """Its SIREN, of no town in France."""
        return _with_key(f"0000000{self.rank}")

    @property
    def siret(self) -> str:
        """Its SIRET."""
        return _with_key(f"{self.siren}0001")

    @property
    def cod_col(self) -> str:
        """Its code at the comptable's."""
        return f"{45 + self.rank:03d}"

    @property
    def login(self) -> str:
        """Its account with the TdT."""
        return f"commune-{self.rank}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One flow that was handed in."""

    siren: str
    key: str
    """IDActe or NomFic."""
    etat: str
    """What the State makes of it in the end."""
    pdf: str = ""
    """Digest of the PDF of an act."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """One deposit: files to put in the watched folder."""

    town: Town
    name: str
    files: dict[str, bytes]
    flows: tuple[Expected, ...] = ()
    """Empty: it must come back to its agent."""


@dataclass(kw_only=True, slots=True)
class Load:
    """Everything that will be handed in."""

    towns: tuple[Town, ...]
    deposits: list[Handed] = field(default_factory=list)

    @property
    def flows(self) -> dict[tuple[str, str], Expected]:
        """Every flow, by authority and key."""
        return {(one.siren, one.key): one for each in self.deposits for one in each.flows}


def make_load(folder: Path, flows: int, random: Random) -> Load:
    """Prepare so many flows, in a random order."""
    towns = tuple(Town(rank=rank, folder=folder / f"mairie-{rank}") for rank in range(len(SHARES)))
    load = Load(towns=towns)
    for town, share in zip(towns, SHARES, strict=True):
        count = flows * share // sum(SHARES)
        actes = count * 3 // 10
        load.deposits += _seances(town, actes, random)
        load.deposits += _pes_files(town, count - actes, random)
        load.deposits.append(
            Handed(town=town, name="illisible.xml", files={"illisible.xml": PES[: len(PES) // 2]})
        )
    random.shuffle(load.deposits)
    return load


def _seances(town: Town, count: int, random: Random) -> Iterator[Handed]:
    for first in range(0, count, PER_SEANCE):
        numbers = [
            f"T{town.rank}_{rank:05d}{random.choice(_OFTEN + ''.join(_ACTES))}"
            for rank in range(first, min(first + PER_SEANCE, count))
        ]
        pdf = PDF + f"\n% {town.rank} {first}\n".encode()
        rows = (
            f"{one};08/10/2026;DE;3.2;Tarifs {one.replace('_', ' ')};acte.pdf" for one in numbers
        )
        name = f"seance-{first:05d}"
        yield Handed(
            town=town,
            name=name,
            files={f"{name}/actes.csv": csv(HEAD, *rows), f"{name}/acte.pdf": pdf},
            flows=tuple(
                Expected(
                    siren=town.siren,
                    key=f"099-{town.siren}-20261008-{number}-DE",
                    etat=_ACTES[number[-1]][1],
                    pdf=hashlib.sha256(pdf).hexdigest(),
                )
                for number in numbers
            ),
        )


def _pes_files(town: Town, count: int, random: Random) -> Iterator[Handed]:
    for rank in range(count):
        kind = random.choice(_OFTEN + "".join(_PES))
        nom_fic = f"TEMPETE-{town.rank}-{rank:05d}{kind}"
        content = PES
        for old, new in (
            ("SAINTEX-20261022-D0032", nom_fic),
            ("21990123800010", town.siret),
            ('CodCol V="045"', f'CodCol V="{town.cod_col}"'),
            ('IdBord V="32"', f'IdBord V="{1000 + rank}"'),
            ('IdPce V="206"', f'IdPce V="{20000 + rank}"'),
            ('CodBud V="00"', f'CodBud V="{"02" if kind == "K" else "00"}"'),
        ):
            assert old.encode() in content
            content = content.replace(old.encode(), new.encode())
        yield Handed(
            town=town,
            name=f"{nom_fic}.xml",
            files={f"{nom_fic}.xml": content},
            flows=(Expected(siren=town.siren, key=nom_fic, etat=_PES[kind][1]),),
        )


def reponse(town: Town, number: int, id_acte: str) -> Handed:
    """Return what an agent hands in to answer a letter that asks for pieces.

    :param number: of the letter, here.
    """
    pdf = PDF + f"\n% {town.rank} reponse {number}\n".encode()
    name = f"reponse-{number}"
    expected = Expected(
        siren=town.siren,
        key=f"{id_acte}-3-4-c{number}",
        etat=EtatActe.ACQUITTE,
        pdf=hashlib.sha256(pdf).hexdigest(),
    )
    return Handed(town=town, name=name, files={f"{name}/pieces.pdf": pdf}, flows=(expected,))


def retour(town: Town, rank: int) -> tuple[str, bytes]:
    """Return the name and the content of a PES_Retour for an authority."""
    content = (GOLDEN / "retour_depense.xml").read_bytes()
    name = f"PES2R_DEP_P_{town.cod_col}_02_099012_20260401_20260407_{20260408000000 + rank}"
    for old, new in (
        ("PES2R_DEP_P_118_02_099031_20260401_20260407_20260408103000", name),
        ("21990456200010", town.siret),
        ('CodColl V="118"', f'CodColl V="{town.cod_col}"'),
        ('IdPost V="099031"', 'IdPost V="099012"'),
        ('IdPce V="204"', f'IdPce V="{400 + rank}"'),
    ):
        assert old.encode() in content
        content = content.replace(old.encode(), new.encode())
    return f"{name}.xml", content


def scenario(towns: tuple[Town, ...], seed: int) -> Scenario:
    """Describe the five authorities to the sandbox, and how the State answers each number."""
    return Scenario(
        name="tempete",
        seed=seed,
        autorites=tuple(Autorite(siren=town.siren, nom=f"Commune {town.rank}") for town in towns),
        comptes=tuple(
            Compte(login=town.login, password=f"secret-{town.rank}", siren=town.siren)
            for town in towns
        ),
        delays=Delays(),
        regles_actes=tuple(rule for rule, _ in _ACTES.values()),
        regles_helios=tuple(rule for rule, _ in _PES.values()),
        budgets_sans_fonction=("02",),
    )
