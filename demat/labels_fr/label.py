"""The shape of a label: what is wrong, what to do, whom to ask."""

from dataclasses import dataclass

__all__ = ["COMPTABLE", "EDITEUR", "MAIRIE", "PREFECTURE", "TDT", "TECHNICIEN", "Label"]

MAIRIE = "vous-même, à la mairie"
EDITEUR = "l'éditeur de votre logiciel métier"
TDT = "votre tiers de télétransmission"
COMPTABLE = "votre comptable public (service de gestion comptable)"
PREFECTURE = "la préfecture ou la sous-préfecture (bureau du contrôle de légalité)"
TECHNICIEN = "votre technicien ou votre centre de services informatiques"


@dataclass(frozen=True, slots=True)
class Label:
    """What the agent reads about one fault code."""

    sentence: str
    """What is wrong and which one, with ``{params}`` of the fault."""
    remedy: str = ""
    """What to do, in one sentence."""
    ask: str = MAIRIE
    """Who can answer a question about it."""
