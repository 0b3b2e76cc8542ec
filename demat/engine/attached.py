"""The attachments of a built PES: identical content once, what the comptable has not again.

Helios dossier §5.2, rules 72 and 73, trap 9. Decisions:

* Two attachments are the same when bytes, TypePJ and collectivité (poste, CodCol, SIRET) are: the
  TypePJ decides what Hélios does with it. The first IdUnique stays, the others point to it.
* An attachment of an earlier file is pointed to by its content only once the acquit of that file
  took it: until then the whole file may still be refused, and the pointer would lead nowhere. It
  leaves again under its own IdUnique, which Hélios accepts.
* An IdUnique that was used for other bytes is never given to these: ``R2``, ``R3``… is added, so
  that a corrected document is not mistaken for the one that was accepted.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from demat.engine.office import Authority, Office
from demat.engine.parts import Part
from demat.helios.lifecycle import EtatPes
from demat.helios.model import Bordereau, Budget, PieceComptable, PieceJointe, PJRef

__all__ = ["Attached", "attach", "cited_by", "content_scope", "with_digests"]

_CHUNK = 1 << 20
_TAKEN = frozenset({EtatPes.ACQUITTE, EtatPes.ACQUITTE_PARTIEL})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """Bordereaux whose references are settled, and what must travel for them."""

    bordereaux: tuple[Bordereau, ...]
    """Those to send."""
    taken: tuple[Bordereau, ...]
    """Those that the comptable has already, or will have."""
    carried: tuple[PieceJointe, ...]
    """Attachments to send, each once."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """IdUnique → SHA-256 of the original file, for what is carried."""


def attach(
    attachments: Iterable[PieceJointe],
    bordereaux: Sequence[Bordereau],
    taken: Sequence[Bordereau],
    budget: Budget,
    authority: Authority,
    office: Office,
) -> Attached:
    """Settle under which IdUnique each attachment is cited, and which ones are sent.

    Those of ``taken`` are sent only when they are missing: their own IdUnique is free, since it was
    refused. The document of a pièce that was accepted is never replaced here.
    """
    wanted = _Settling(budget=budget, authority=authority, office=office)
    new, old = set(_cited(bordereaux)), set(_cited(taken))
    for attachment in attachments:
        if attachment.id_unique in new:
            wanted.settle(attachment, replaceable=True)
        elif attachment.id_unique in old:
            wanted.settle(attachment, replaceable=False)
    return Attached(
        bordereaux=tuple(_pointing(bordereau, wanted.names) for bordereau in bordereaux),
        taken=tuple(_pointing(bordereau, wanted.names) for bordereau in taken),
        carried=tuple(wanted.carried),
        digests=wanted.digests,
    )


@dataclass(kw_only=True, slots=True)
class _Settling:
    budget: Budget
    authority: Authority
    office: Office
    names: dict[str, str] = field(default_factory=dict)
    """IdUnique in the draft → IdUnique that is cited."""
    carried: list[PieceJointe] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    """Scope of a content → IdUnique under which this sending cites it."""
    _held: dict[str, str] = field(default_factory=dict)
    """The same for what is not sent again; its file may still be refused."""

    def settle(self, attachment: PieceJointe, *, replaceable: bool) -> None:
        own, digest = attachment.id_unique, _digest(attachment)
        scope = content_scope(self.budget, attachment.type_pj, digest)
        if not replaceable and (used := self._used(own)) is not None:
            if used == scope:
                self._held.setdefault(scope, own)
            return
        known = self._seen.get(scope) or self._accepted(scope)
        if known is None and not replaceable:
            known = self._held.get(scope)
        name = known or self._free(own, scope)
        self.names[own] = name
        if replaceable or known is None:
            self._seen.setdefault(scope, name)
        if known is None and self._used(name) is None:
            self.carried.append(replace(attachment, id_unique=name))
            self.digests[name] = digest

    def _accepted(self, scope: str) -> str | None:
        """Return the IdUnique under which the comptable has this content."""
        store, siren = self.office.store, self.authority.siren
        for name in store.keys_in(siren, "idunique", scope):
            holder = store.holder(siren, "idunique", name)
            if holder is not None and holder.etat in _TAKEN:
                return name
        return None

    def _free(self, name: str, scope: str) -> str:
        """Return the IdUnique, or the first one after it that no other content uses."""
        tried, rank = name, 2
        while self._used(tried) not in (None, "", scope):
            tried, rank = f"{name}R{rank}", rank + 1
        return tried

    def _used(self, name: str) -> str | None:
        """Return the scope under which an IdUnique is in use; empty when it was not told."""
        used = self.office.store.used_key(self.authority.siren, "idunique", name)
        return None if used is None else used.scope


def content_scope(budget: Budget, type_pj: str, digest: str) -> str:
    """Return the scope in which the store finds an attachment again by its content."""
    return f"pj/{budget.id_post}/{budget.cod_col}/{budget.siret}/{type_pj}/{digest}"


def _digest(attachment: PieceJointe) -> str:
    sha256 = hashlib.sha256()
    with attachment.open() as source:
        while chunk := source.read(_CHUNK):
            sha256.update(chunk)
    return sha256.hexdigest()


def cited_by(piece: PieceComptable) -> Iterator[tuple[str, int | None]]:
    """Return what a pièce cites: IdUnique, and the line that does when it is not the pièce."""
    yield from ((reference.id_unique, None) for reference in piece.pj)
    for ligne in piece.lignes:
        yield from ((reference.id_unique, ligne.numero) for reference in ligne.pj)


def _cited(bordereaux: Iterable[Bordereau]) -> Iterator[str]:
    for bordereau in bordereaux:
        for piece in bordereau.pieces:
            yield from (name for name, _ in cited_by(piece))


def _pointing(bordereau: Bordereau, names: Mapping[str, str]) -> Bordereau:
    pieces = tuple(
        replace(
            piece,
            pj=_references(piece.pj, names),
            lignes=tuple(
                replace(ligne, pj=_references(ligne.pj, names)) if ligne.pj else ligne
                for ligne in piece.lignes
            ),
        )
        for piece in bordereau.pieces
    )
    return replace(bordereau, pieces=pieces)


def _references(references: Iterable[PJRef], names: Mapping[str, str]) -> tuple[PJRef, ...]:
    """Point to the names that were settled; one pièce cites one content once."""
    settled: dict[str, PJRef] = {}
    for reference in references:
        name = names.get(reference.id_unique, reference.id_unique)
        settled.setdefault(name, replace(reference, id_unique=name))
    return tuple(settled.values())


def with_digests(
    part: Part, attachments: Iterable[PieceJointe], digests: Mapping[str, str], budget: Budget
) -> Part:
    """Write down the SHA-256 of each attachment: no signature covers them (trap 13)."""
    scopes = {
        one.id_unique: content_scope(budget, one.type_pj, digests[one.id_unique])
        for one in attachments
    }
    used = tuple(
        replace(key, scope=scopes[key.key]) if key.kind == "idunique" else key
        for key in part.used_keys
    )
    told = {name: digests[name] for name in scopes}
    return replace(part, used_keys=used, facts={**part.facts, "pieces_jointes_sha256": told})
