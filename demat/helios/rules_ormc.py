"""Rule 38: articles of a rôle, with their two control keys (helios dossier §3.8, §9)."""

from collections.abc import Iterator

from demat.faults import Fault
from demat.helios.model import Domaine
from demat.helios.rule_base import LigneNode, PieceNode, values_of, who
from demat.helios.scalars import read_whole

__all__ = ["check_article", "cle1", "cle2"]

_ORMC_TITRE = "15"
_NATURE = "588"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXY"
_WEIGHTS = (2, 3, 4, 5, 6, 7)
_DETTE = 13
_SEPA = "InfoPrelevementSEPA"
_OWN = "MtPrel"


def cle2(annee: str, periode: str, num_dette: str) -> str:
    """Return ``Cle2``, a letter.

    :param annee: exercice on two digits.
    :param periode: ``Per``, one digit.
    :param num_dette: ``NumDette``, digits; filled with zeros to 13.
    """
    return _LETTERS[int(f"{annee}{periode}00{num_dette.zfill(_DETTE)}") % len(_LETTERS)]


def cle1(cod_col: str, nature: str, annee: str, periode: str, num_dette: str) -> str:
    """Return ``Cle1``, a digit.

    :param nature: the « code nature » of the note, which is not known for sure (§13.6): published
        software writes the number of the rôle there.
    """
    digits = f"{cod_col}{nature}{annee}{periode}{num_dette.zfill(_DETTE)}"
    weighted = sum(
        int(digit) * _WEIGHTS[rank % len(_WEIGHTS)] for rank, digit in enumerate(reversed(digits))
    )
    key = 11 - weighted % 11
    return str(key if key <= 9 else 1)


def check_article(piece: PieceNode, cod_col: str) -> Iterator[Fault]:
    """Apply the rule to one titre, when it is the article of a rôle."""
    if piece.domaine is not Domaine.RECETTE or piece.get("TypPce") != _ORMC_TITRE:
        return
    missing = [name for name in ("NumDette", "Per") if not piece.get(name)]
    if missing:
        yield piece.fault("PES-038", missing=", ".join(missing))
    else:
        yield from _keys(piece, cod_col)
    lignes = piece.lignes
    yield from _natures(lignes)
    debtors = {who(tiers) for ligne in lignes for tiers in ligne.tiers}
    if len(debtors) != 1:
        yield piece.fault("PES-038_DEBTOR", count=str(len(debtors)))
    if len({_sepa(ligne) for ligne in lignes}) > 1:
        yield piece.fault("PES-038_SEPA")


def _keys(piece: PieceNode, cod_col: str) -> Iterator[Fault]:
    exercice, collectivite = read_whole(piece.bordereau.get("Exer")), read_whole(cod_col)
    role, periode = read_whole(piece.bordereau.get("IdBord")), read_whole(piece.get("Per"))
    dette = read_whole(piece.get("NumDette"))
    if None in (exercice, collectivite, role, periode, dette):
        return  # the schemas and other rules say so
    annee, digits = f"{exercice}"[-2:], (str(periode), str(dette))
    for code, name, expected in (
        ("PES-038_CLE1", "Cle1", cle1(f"{collectivite:03d}", str(role), annee, *digits)),
        ("PES-038_CLE2", "Cle2", cle2(annee, *digits)),
    ):
        if piece.get(name) != expected:
            yield piece.fault(code, value=piece.get(name), expected=expected)


def _natures(lignes: list[LigneNode]) -> Iterator[Fault]:
    for ligne in lignes:
        if ligne.get("Nature") != _NATURE:
            yield ligne.fault("PES-038_NATURE", value=ligne.get("Nature"))


def _sepa(ligne: LigneNode) -> tuple[tuple[str, str], ...]:
    """Return what every line of the titre must repeat: everything but the amount."""
    block = ligne.blocs.get(_SEPA)
    found = {} if block is None else values_of(block)
    return tuple((name, value) for name, value in found.items() if name != _OWN)
