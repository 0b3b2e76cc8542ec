"""What the rules of a PES may know of earlier sendings: numbering, yearly totals, amounts."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from demat.amounts import from_cents, total
from demat.engine.office import Authority, Office
from demat.helios.rules import Reduction, line_amounts, line_reductions
from demat.queue.views import TransmissionView

__all__ = ["Past"]

_ORDINAIRE, _REDUCTION = "01", "02"
_NUMBERED = frozenset({"idbord", "idpce"})
"""Kinds of keys that a file may ask for by the thousand."""
_FEW = 32
"""After so many of one scope, all are read at once: a small file of an authority that has sent
thousands asks for its own only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The memory of one authority, for the files of one deposit."""

    authority: Authority
    office: Office
    alone: bool
    """Whether the deposit makes one file only: the others would be missing from the memory."""
    before: Mapping[str, str] = field(default_factory=dict)
    """IdUnique of the attachments that leave first, with earlier files of the same deposit, and in
    which file."""
    _used: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lines: dict[str, Mapping[str, Mapping[str, Decimal]]] = field(default_factory=dict)
    _reductions: dict[str, tuple[Reduction, ...]] = field(default_factory=dict)

    def used(self, kind: str, key: str) -> str | None:
        """Tell where a key was already sent."""
        if kind == "idunique" and key in self.before:
            return self.before[key]
        scope = key.rpartition("/")[0]
        self._asked[kind, scope] += 1
        if kind not in _NUMBERED or self._asked[kind, scope] <= _FEW:
            return self.office.store.used(self.authority.siren, kind, key)
        return self._within(kind, scope).get(key)

    def _within(self, kind: str, scope: str) -> Mapping[str, str]:
        if (kind, scope) not in self._used:
            found = self.office.store.used_within(self.authority.siren, kind, scope)
            self._used[kind, scope] = found
        return self._used[kind, scope]

    def followed(self, scope: str) -> bool:
        """Tell whether the numbering of a scope left from here since its bordereau n° 1.

        A town that starts to use us in the middle of a year has a past that we cannot know.
        """
        return self.alone and self.used("idbord", f"{scope}/1") is not None

    def cumul(self, scope: str) -> Decimal | None:
        """Return the yearly total of a scope, in euros, when it is wholly known."""
        if not self.followed(scope):
            return None
        return from_cents(self.office.store.cumul_cents(self.authority.siren, scope))

    def montant_origine(self, key: str) -> Decimal | None:
        """Return what may still be taken from a line of an ordinary bordereau that left from here.

        Reductions of the same exercice that left from here are deducted; a titre that annuls a
        mandat of a closed year (NatPce 09) is not, so that the amount is then an upper bound.

        :param key: ``domaine/cod_bud/exercice/pièce/ligne``.
        :returns: euros; ``None`` when the line did not leave from here.
        """
        domaine, cod_bud, exercice, piece, ligne = key.split("/")
        idpce = f"{domaine}/{cod_bud}/{exercice}/{_ORDINAIRE}/{piece}"
        holder = self.office.store.holder(self.authority.siren, "idpce", idpce)
        if holder is None:
            return None
        amount = self.lines_sent(holder, idpce).get(ligne)
        return None if amount is None else amount - self._taken(key)

    def lines_sent(self, holder: TransmissionView, idpce: str) -> Mapping[str, Decimal]:
        """Return the amounts of the lines of a pièce that left, in euros, by number of line.

        :param holder: what carried it; its file is read once.
        """
        if holder.sha256 not in self._lines:
            found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
            content = self.office.store.documents.get(holder.sha256)
            for key, amount in line_amounts(content).items():
                piece, _, ligne = key.rpartition("/")
                found[piece][ligne] = amount
            self._lines[holder.sha256] = dict(found)
        return self._lines[holder.sha256].get(idpce, {})

    def _taken(self, key: str) -> Decimal:
        """Return what the reductions that Hélios has, or will have, took from a line, in euros."""
        scope = "/".join((*key.split("/")[:3], _REDUCTION))
        held = self._within("idpce", scope)
        if not held:
            return Decimal(0)
        return total(
            one.amount
            for one in self._reductions_of(scope)
            if one.origin == key and one.idpce in held
        )

    def _reductions_of(self, scope: str) -> tuple[Reduction, ...]:
        if scope not in self._reductions:
            store = self.office.store
            files = store.holders_within(self.authority.siren, "idpce", scope)
            self._reductions[scope] = tuple(
                one
                for digest in dict.fromkeys(file.sha256 for file in files)
                for one in line_reductions(store.documents.get(digest))
            )
        return self._reductions[scope]
