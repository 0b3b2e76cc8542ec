"""What the rules of a PES may know of earlier sendings: numbering, yearly totals, amounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from demat.amounts import from_cents
from demat.engine.office import Authority, Office
from demat.helios.rules import line_amounts

__all__ = ["Past"]

_ORDINAIRE = "01"


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
    _amounts: dict[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def used(self, kind: str, key: str) -> str | None:
        """Tell where a key was already sent."""
        if kind == "idunique" and key in self.before:
            return self.before[key]
        return self.office.store.used(self.authority.siren, kind, key)

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
        """Return the amount of a line of an ordinary bordereau that left from here.

        What other files already took from it is not deducted: it is an upper bound.

        :param key: ``domaine/cod_bud/exercice/pièce/ligne``.
        """
        domaine, cod_bud, exercice, piece, ligne = key.split("/")
        idpce = f"{domaine}/{cod_bud}/{exercice}/{_ORDINAIRE}/{piece}"
        holder = self.office.store.holder(self.authority.siren, "idpce", idpce)
        if holder is None:
            return None
        if holder.sha256 not in self._amounts:
            content = self.office.store.documents.get(holder.sha256)
            self._amounts[holder.sha256] = line_amounts(content)
        return self._amounts[holder.sha256].get(f"{idpce}/{ligne}")
