"""Writes the list of every fault code for readers: ``python -m demat.labels_fr.document``.

The page is ``docs/codes.md``; a test compares it with what is written here.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby

from demat.labels_fr.catalogue import LABELS
from demat.labels_fr.label import Label

__all__ = ["document", "main"]

FAMILIES: Mapping[str, str] = {
    "ACT": "Les actes et la préfecture",
    "PES": "Les titres, les mandats et le comptable public",
    "XSD": "Le format des fichiers PES et ACTES",
    "XML": "Les fichiers illisibles",
    "SIG": "Les signatures et les certificats",
    "INT": "Ce que vous déposez",
    "CON": "La liaison avec le tiers de télétransmission",
    "QUE": "La file d'envoi et le journal",
    "PRV": "Les preuves",
    "PUB": "La publication",
    "CFG": "La configuration",
    "SUP": "La surveillance de demat",
}
"""Prefix of code → title; in the order of the page."""

_HEAD = """\
# Liste des messages de demat

Cette page est écrite par le programme : ne la corrigez pas à la main. Pour la refaire :
`python -m demat.labels_fr.document > docs/codes.md`.

Chaque anomalie a un code, qui ne change jamais de sens. Vous ne le voyez pas sur la fiche
« A-LIRE » : votre technicien le lit avec l'option `--json`. Dans les phrases ci-dessous, « … »
remplace ce que demat a trouvé chez vous : un nom de fichier, un numéro, un montant.
"""
_PARAMETER = re.compile(r"\{[^{}]*\}")
_MARKDOWN = re.compile(r"([*<`\[])")


def document() -> str:
    """Return the page, in Markdown: per family, each code with its sentence and its remedy."""
    parts = [_HEAD]
    ordered = sorted(LABELS.items(), key=lambda item: (_rank(item[0]), item[0]))
    for prefix, members in groupby(ordered, key=lambda item: _prefix(item[0])):
        parts.append(_family(prefix, members))
    return "\n".join(parts)


def _prefix(code: str) -> str:
    return code.partition("-")[0]


def _rank(code: str) -> int:
    return list(FAMILIES).index(_prefix(code))


def _family(prefix: str, members: Iterable[tuple[str, Label]]) -> str:
    entries = "\n".join(_entry(code, label) for code, label in members)
    return f"## {FAMILIES[prefix]} ({prefix})\n\n{entries}"


def _entry(code: str, label: Label) -> str:
    lines = [f"### `{code}`", "", _shown(label.sentence), ""]
    if label.remedy:
        lines.append(f"- À faire : {_shown(label.remedy)}")
    lines += [f"- Une question ? Demandez à : {label.ask}.", ""]
    return "\n".join(lines)


def _shown(text: str) -> str:
    """Return a sentence whose values are not known, safe in Markdown."""
    return _MARKDOWN.sub(r"\\\1", _PARAMETER.sub("…", text))


def main() -> None:
    """Write the page on standard output, in UTF-8 whatever the locale."""
    sys.stdout.buffer.write(document().encode())


if __name__ == "__main__":
    main()
