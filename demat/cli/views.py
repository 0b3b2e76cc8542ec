"""``show --html --csv`` and ``flows --search``: a PES or a budget without XML, and finding one."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.authorities import choose
from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.flow_view import faults_json
from demat.cli.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demat.engine.search import Found, SearchResult
    from demat.engine.view_budget import BudgetVu, ShownBudget
    from demat.engine.view_pes import Shown
    from demat.signing.trust import TrustStore

__all__ = ["Targets", "kept_file", "search_flows", "show_as_page"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """Where the page and the table go, and which authorities of certification are believed."""

    html: Path | None = None
    csv: Path | None = None
    trusted: Path | None = None

    def __bool__(self) -> bool:
        return self.html is not None or self.csv is not None


def show_as_page(
    source: Path, targets: Targets, trust: "TrustStore", *, as_json: bool, name: str = ""
) -> int:
    """Write the page and the table of a PES or of a budget, say where they are and what is worth
    a look."""
    from demat.engine.view import show_document
    from demat.engine.view_budget import ShownBudget
    from demat.labels_fr.catalogue import explain
    from demat.signing.trust import TrustStore

    if targets.trusted:
        trust = TrustStore.from_folder(targets.trusted)
    shown = show_document(
        source, html=targets.html, csv=targets.csv, trust=trust, explain=explain, name=name
    )
    if isinstance(shown, ShownBudget):
        _present_budget(name or str(source), targets, shown, as_json=as_json)
    elif as_json:
        print_json(_json(name or str(source), targets, shown))
    else:
        _tell(targets, shown)
    return Exit.DONE


def _json(source: str, targets: Targets, shown: "Shown") -> dict[str, Any]:
    return {
        "file": source,
        "kind": shown.kind,
        "html": str(targets.html) if targets.html else None,
        "csv": str(targets.csv) if targets.csv else None,
        "bordereaux": shown.bordereaux,
        "pieces": shown.pieces,
        "pieces_jointes": [
            {"id_unique": one.id_unique, "nom": one.nom, "octets": one.size, "fichier": one.file}
            for one in shown.attachments
        ],
        "faults": faults_json(shown.faults),
    }


def _tell(targets: Targets, shown: "Shown") -> None:
    if shown.kind == "PES_ACQUIT":
        count = plural(shown.bordereaux, "élément")
    else:
        count = f"{shown.bordereaux} bordereau{'x' if shown.bordereaux > 1 else ''}"
    say(f"{shown.kind} : {count}, {plural(shown.pieces, 'pièce')}")
    _tell_targets(targets)
    written = [one for one in shown.attachments if one.file]
    if written and targets.html:
        folder = targets.html.parent / written[0].file.partition("/")[0]
        say(f"  documents extraits : {len(written)} sur {len(shown.attachments)}, dans {folder}")
    print_faults(shown.faults, indent="  ")


def _tell_targets(targets: Targets) -> None:
    if targets.html:
        say(f"  page    : {targets.html}")
    if targets.csv:
        say(f"  tableau : {targets.csv}")


def _present_budget(source: str, targets: Targets, shown: "ShownBudget", *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "file": source,
                "kind": shown.kind,
                "html": str(targets.html) if targets.html else None,
                "csv": str(targets.csv) if targets.csv else None,
                "scellement": shown.scellement.etat.value,
                "budgets": [_budget_json(budget) for budget in shown.budgets],
                "faults": faults_json(shown.faults),
            }
        )
        return
    for budget in shown.budgets:
        what = f"{budget.etape} {budget.entete.exercice or ''}".strip()
        say(f"{what[:1].upper()}{what[1:]} : {plural(budget.lignes, 'ligne')}")
        for section in budget.sections:
            say(f"  {section.nom} : {section.etat.words}")
    _tell_targets(targets)
    print_faults(shown.faults, indent="  ")


def _budget_json(budget: "BudgetVu") -> dict[str, Any]:
    entete = budget.entete
    return {
        "libelle": entete.libelle,
        "etape": budget.etape,
        "exercice": entete.exercice,
        "lignes": budget.lignes,
        "sections": [
            {
                "section": section.section.value,
                "depenses": f"{section.total_depenses.total:.2f}",
                "recettes": f"{section.total_recettes.total:.2f}",
                "solde": f"{section.solde:.2f}",
            }
            for section in budget.sections
        ],
        "sections_deduites": budget.deduites,
    }


@contextmanager
def kept_file(config: Path, number: int) -> "Iterator[tuple[Path, str, TrustStore]]":
    """Give the kept file of a transmission, its name, and the authorities that its town believes.

    :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``, ``QUE-DOCUMENT_…``.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.signing.trust import TrustStore

    with open_office(load_config(config)) as office:
        flow = office.store.transmission(number)
        trusts = [one.trust for one in office.authorities if one.siren == flow.collectivite]
        trust = trusts[0] if trusts else TrustStore()
        with office.store.documents.local(flow.sha256) as path:
            yield path, flow.file_name, trust


def search_flows(config: Path, text: str, siren: str, limit: int, *, as_json: bool) -> int:
    """Look for a text in what was sent and answered, and list where it is."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.search import search

    with open_office(load_config(config)) as office:
        who = choose(office, siren).siren if siren else None
        result = search(text, office, collectivite=who, limit=limit)
    if as_json:
        print_json(_search_json(text, result))
    else:
        _tell_found(text, result)
    return Exit.DONE


def _search_json(text: str, result: "SearchResult") -> dict[str, Any]:
    return {
        "search": text,
        "read": result.read,
        "more": result.more,
        "unreadable": [flow.id for flow in result.unreadable],
        "found": [
            {
                "id": one.transmission.id,
                "key": one.transmission.key,
                "flux": one.transmission.flux,
                "bordereau": one.bordereau,
                "piece": one.piece,
                "what": one.what,
                "text": one.text,
            }
            for one in result.found
        ],
    }


def _tell_found(text: str, result: "SearchResult") -> None:
    from demat.cli.display import paragraph

    if not result.found:
        plurals = "s" if result.read > 1 else ""
        looked = f"{plural(result.read, 'envoi')} regardé{plurals}"
        say(f"« {text} » ne se trouve nulle part ({looked}).")
    for line in _lines(result.found):
        say(paragraph(line, then="    "))
    if result.more:
        say("D'autres envois peuvent correspondre : précisez, ou demandez-en plus avec --limit.")
    for flow in result.unreadable:
        say(f"Envoi n° {flow.id} : le fichier gardé n'a pas pu être lu en entier.")


def _lines(found: "Sequence[Found]") -> list[str]:
    from demat.cli.words import state_fr

    lines: list[str] = []
    for one in found:
        place = [f"envoi n° {one.transmission.id}"]
        place += [f"bordereau {one.bordereau}"] if one.bordereau else []
        place += [one.piece] if one.piece else []
        state = state_fr(one.transmission)
        lines.append(f"{', '.join(place)} : {one.what} « {one.text} » ({state})")
    return list(dict.fromkeys(lines))
