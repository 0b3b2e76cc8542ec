"""The préfecture's classification: natures, types of documents, matières (dossier §5, §6).

It is data with a date (message 7-2). Only the national levels 1 and 2 ship with the program, as a
fallback: levels 3 to 5 belong to each préfecture.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from demat.actes.inbound import parse_inbound, parse_tolerant
from demat.actes.messages import RetourClassification
from demat.actes.model import MAX_LEVELS, Matiere
from demat.actes.national import MATIERES, TYPES
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError
from demat.xmlio import Element, local_name

__all__ = ["NATIONALE", "Classification", "NatureClassee", "TypePJ", "parse_classification"]

_CODE = re.compile(r"\d{1,4}", re.ASCII)
ANY_MATIERE = "99"
"""Prefix of the types that suit every matière of their nature (§6.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TypePJ:
    """One type of document (``TypePJNatureActe``)."""

    code: str
    """``CodeTypePJ``: five characters such as ``99_DE``."""
    libelle: str
    """``Libelle``, as the préfecture spells it."""

    def suits(self, matiere: Matiere) -> bool:
        """Whether the prefix of the code admits this matière (§6.1).

        The first character is the level 1 (``0``: any), the second the level 2 (``0``: any).
        Matières above 9 do not fit in one character: only ``70_`` and ``99_`` reach ``7.10``.
        """
        first, second = self.code[:1], self.code[1:2]
        if self.code[:2] == ANY_MATIERE or first == "0" or not self.code[:2].isdigit():
            return True  # letters (CO_DE was seen) name no matière
        levels = [str(level) for level in matiere[:2]]
        return levels[:1] == [first] and (second == "0" or levels[1:] == [second])


@dataclass(frozen=True, kw_only=True, slots=True)
class NatureClassee:
    """One nature in a classification (``NatureActe``)."""

    nature: NatureActe
    """``CodeNatureActe``."""
    libelle: str
    """``Libelle``."""
    abrege: str
    """``TypeAbrege``: two letters."""
    types: tuple[TypePJ, ...]
    """Types of documents allowed; empty in classifications older than 2017."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """A classification at a date (``RetourClassification``)."""

    date: datetime.date
    """``DateClassification``: quoted by each act sent with it."""
    natures: Mapping[NatureActe, NatureClassee]
    """Natures, by code."""
    matieres: Mapping[Matiere, str]
    """Label of each node of all levels, in numerical order."""

    def knows(self, matiere: Matiere) -> bool:
        """Whether the matière exists at this date."""
        return matiere in self.matieres

    def children(self, matiere: Matiere) -> tuple[Matiere, ...]:
        """Return the sub-matières, one level below; those of ``()`` are the level 1."""
        depth = len(matiere)
        return tuple(
            node for node in self.matieres if len(node) == depth + 1 and node[:depth] == matiere
        )

    def libelle(self, matiere: Matiere) -> str:
        """Return the labels of all its levels, joined: ``Finances locales / Divers``."""
        levels = (matiere[: depth + 1] for depth in range(len(matiere)))
        return " / ".join(self.matieres[level] for level in levels if level in self.matieres)

    def types_for(self, nature: NatureActe, matiere: Matiere) -> tuple[TypePJ, ...]:
        """Return the types offered for a nature and a matière (§6.1), in the préfecture's order.

        A classification that types nothing (before 2017) offers the default type of the nature.
        """
        types = self._types(nature)
        if not types:
            return (TypePJ(code=nature.type_pj_defaut, libelle=nature.libelle),)
        return tuple(kind for kind in types if kind.suits(matiere))

    def allows_type(self, nature: NatureActe, code: str) -> bool:
        """Whether a type of document exists for this nature; true when it types nothing."""
        types = self._types(nature)
        return not types or any(kind.code == code for kind in types)

    def _types(self, nature: NatureActe) -> tuple[TypePJ, ...]:
        found = self.natures.get(nature)
        return found.types if found else ()


def parse_classification(content: bytes) -> Classification:
    """Read a message 7-2, tolerating the noise of real ones (§5.4): order, blanks, doubles, ``¿``.

    :raises FaultError: ``ACT-CLASSIFICATION`` when it is another message, or holds no matière;
        those of :func:`demat.actes.inbound.parse_inbound`.
    """
    message = parse_inbound(content)
    if not isinstance(message, RetourClassification):
        raise _not_a_classification(type(message).__name__)
    root = parse_tolerant(content)
    matieres = dict(sorted(_matieres(_only(root, "Matieres"), ())))
    if not matieres:
        raise _not_a_classification(local_name(root))
    return Classification(
        date=message.date,
        natures=MappingProxyType(_natures(_only(root, "NaturesActes"))),
        matieres=MappingProxyType(matieres),
    )


def _not_a_classification(found: str) -> FaultError:
    return FaultError(Fault(code="ACT-CLASSIFICATION", params={"found": found}))


def _only(root: Element, name: str) -> list[Element]:
    return [
        node for part in root.iterchildren(f"{{*}}{name}") for node in part.iterchildren("{*}*")
    ]


def _attributes(node: Element) -> dict[str, str]:
    return {str(key).rpartition("}")[2]: str(text).strip() for key, text in node.items()}


def _label(text: str, code: str) -> str:
    # stray ¿ come from a lost character; a label of one blank was seen: the code is shown instead
    return " ".join(text.replace("¿", " ").split()) or code


def _matieres(nodes: Iterable[Element], parent: Matiere) -> Iterator[tuple[Matiere, str]]:
    for node in nodes:
        attributes = _attributes(node)
        code = attributes.get("CodeMatiere", "")
        if not _CODE.fullmatch(code):
            continue
        matiere = (*parent, int(code))
        yield matiere, _label(attributes.get("Libelle", ""), code)
        if len(matiere) < MAX_LEVELS:
            yield from _matieres(node.iterchildren("{*}*"), matiere)


def _natures(nodes: Iterable[Element]) -> dict[NatureActe, NatureClassee]:
    natures: dict[NatureActe, NatureClassee] = {}
    for node in nodes:
        attributes = _attributes(node)
        nature = _nature(attributes)
        if nature is None:
            continue
        known = natures[nature].types if nature in natures else ()
        natures[nature] = NatureClassee(
            nature=nature,
            libelle=_label(attributes.get("Libelle", ""), nature.libelle),
            abrege=attributes.get("TypeAbrege", nature.abrege),
            types=(*known, *_types(node, {kind.code for kind in known})),
        )
    return dict(sorted(natures.items()))


def _nature(attributes: Mapping[str, str]) -> NatureActe | None:
    # CodeNatureActe is optional in the XSD: the two letters serve then
    code, abrege = attributes.get("CodeNatureActe", ""), attributes.get("TypeAbrege", "")
    try:
        return NatureActe.from_code(code) if code else NatureActe.from_abrege(abrege)
    except FaultError:
        return None  # a nature added by the State later: acts of it cannot be made here anyway


def _types(node: Element, known: set[str]) -> Iterator[TypePJ]:
    for child in node.iterchildren("{*}TypePJNatureActe"):
        attributes = _attributes(child)
        code = attributes.get("CodeTypePJ", "")
        if code and code not in known:
            known.add(code)
            yield TypePJ(code=code, libelle=_label(attributes.get("Libelle", ""), code))


def _nationale() -> Classification:
    natures = {
        nature: NatureClassee(
            nature=nature,
            libelle=nature.libelle,
            abrege=nature.abrege,
            types=tuple(TypePJ(code=code, libelle=label) for code, label in TYPES[nature].items()),
        )
        for nature in NatureActe
    }
    return Classification(
        date=datetime.date(2001, 1, 1),
        natures=MappingProxyType(natures),
        matieres=MATIERES,
    )


NATIONALE = _nationale()
"""Fallback before the first 7-2: the national levels 1 and 2, dated like a first request (§5.3)."""
