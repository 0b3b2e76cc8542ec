"""The sheet of a deposit that a person must confirm: each value, how sure it is, its source."""

from collections.abc import Sequence
from datetime import datetime

from demat.engine.office import Explanation
from demat.engine.sheets import escape, items, page
from demat.intake.api import Confidence, Proposal
from demat.intake.names import PROPOSALS

__all__ = ["COLUMN_WORDS", "CONFIDENCE_WORDS", "confirmation_sheet", "told"]

COLUMN_WORDS = {
    "numero": "Numéro",
    "date": "Date",
    "nature": "Nature",
    "matiere": "Matière",
    "objet": "Objet",
    "fichier": "Fichier",
    "annexes": "Annexes",
    "type": "Type du document",
    "types_annexes": "Types des annexes",
    "papier": "Complément sur papier",
    "acte_precedent": "Acte précédent",
}
"""Column of the list → what an agent calls it; the others are called as they are written."""
CONFIDENCE_WORDS = {
    Confidence.CERTAIN: "Lu tel quel : un coup d'œil suffit",
    Confidence.LIKELY: "Probable : à vérifier",
    Confidence.GUESS: "Incertain : à vérifier de près",
    Confidence.NONE: "Rien trouvé : à remplir",
}
_GIVEN = "Donné dans le dépôt"
_ALWAYS = ("numero", "date", "nature", "matiere", "objet", "fichier")


def told(one: Proposal) -> list[tuple[str, str, str, str]]:
    """Return, for each column, its name, the value, how sure it is, and the words it comes from."""
    columns = [*_ALWAYS, *(column for column in one.cells if column not in _ALWAYS)]
    return [
        (
            column,
            one.cells.get(column, ""),
            _sure(one, column),
            " — ".join(filter(None, (_quoted(one, column), one.notes.get(column, "")))),
        )
        for column in columns
    ]


def _sure(one: Proposal, column: str) -> str:
    found = one.confidences.get(column)
    return _GIVEN if found is None else CONFIDENCE_WORDS[found]


def _quoted(one: Proposal, column: str) -> str:
    words = one.reasons.get(column, "")
    return f"« {words} »" if words else ""


def confirmation_sheet(
    *,
    title: str,
    proposals: Sequence[Proposal],
    remarks: Sequence[Explanation],
    now: datetime,
) -> bytes:
    """Write the page, that any browser opens and a screen reader reads table by table.

    :param remarks: what should be checked besides.
    """
    steps = (
        f"Ouvrez « {PROPOSALS} », qui est dans ce dossier, dans votre tableur.",
        "Sur chaque ligne, vérifiez et corrigez les cases ; supprimez la ligne d'un acte que vous "
        "ne voulez pas envoyer, et retirez ses fichiers.",
        "Tapez « oui » dans la colonne « confirme » de chaque ligne, puis enregistrez au même "
        "format.",
        "Remettez le dossier dans « a-deposer ».",
    )
    count = "un acte" if len(proposals) == 1 else f"{len(proposals)} actes"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="bandeau">{escape(_BANNER.format(count=count))}</p>',
        f"<p>{escape(_INTRO)}</p><ol>",
        *(f"<li>{escape(step)}</li>" for step in steps),
        "</ol>",
        *(_section(one, rank) for rank, one in enumerate(proposals, start=1)),
    ]
    if remarks:
        body += [f"<h2>À vérifier ({len(remarks)})</h2>", items(remarks)]
    return page(title, body, now)


_BANNER = (
    "Rien n'a été envoyé : {count} à confirmer. Rien n'est perdu : vos fichiers sont dans ce "
    "dossier."
)
_INTRO = (
    "demat a rempli ce qu'il a pu d'après vos documents. Il peut se tromper : rien ne part sans "
    "votre accord. Pour le donner :"
)
_HEADS = ("Case", "Proposition", "Fiabilité", "D'après le document")


def _section(one: Proposal, rank: int) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in _HEADS)
    rows = "".join(_row(*line) for line in told(one))
    name = one.cells.get("fichier", "") or one.where
    return (
        f"<h2>{escape(f'Acte {rank} : {name}')}</h2>"
        f'<table class="propositions"><caption>{escape("Valeurs proposées, d’après " + one.where)}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(column: str, value: str, sure: str, words: str) -> str:
    shown = escape(value.replace("|", ", ")) if value else "<em>à remplir</em>"
    cells = f"<td>{shown}</td><td>{escape(sure)}</td><td>{escape(words)}</td>"
    return f'<tr><th scope="row">{escape(COLUMN_WORDS.get(column, column))}</th>{cells}</tr>'
