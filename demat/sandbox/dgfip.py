"""The gateway of the DGFiP, Hélios behind it: files laid in ``/entree``, taken in ``/sortie``.

Names, site commands and returns of connectors dossier §2.3.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from demat.clock import Clock, paris_date
from demat.sandbox import helios_returns
from demat.sandbox.helios import Helios, PesLu, TdtError, read_pes
from demat.sandbox.journal import Journal
from demat.sandbox.scenario import AckHelios, Autorite, RetourHelios, Scenario
from demat.sandbox.seeds import derived
from demat.sandbox.standin import StandIn
from demat.sandbox.virtual import PushedClock

__all__ = ["APPLICATION", "Depose", "Dgfip", "DropError"]

APPLICATION = "GHELPES2"
"""P_APPLI of a PES."""
_COMMANDS = ("P_DEST", "P_APPLI", "P_MSG")


class DropError(Exception):
    """The file is not taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Depose:
    """One file of ``/sortie``."""

    id: int
    name: str
    at: datetime
    content: bytes
    siren: str
    """Box of an authority; empty when the file alone tells who it is for."""


class Dgfip(StandIn):
    """State of the gateway and of Hélios."""

    def __init__(
        self,
        scenario: Scenario,
        machine: Clock,
        *,
        clock: PushedClock | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Start with empty folders."""
        super().__init__(scenario, machine, clock=clock, journal=journal)
        self.helios = Helios(scenario.budgets_sans_fonction)
        self.entree: dict[str, str] = {}
        """SHA-256 of every file taken, by name: the same one again changes nothing."""
        self.commands: dict[str, Mapping[str, str]] = {}
        """Site commands given with each."""
        self.sortie: dict[int, Depose] = {}
        """Files that wait to be picked up, by identifier."""
        self._laid = 0
        self._next_rank = 1000 + derived(scenario.seed, "dgfip")

    def drop(self, name: str, commands: Mapping[str, str], content: bytes, at: datetime) -> None:
        """Take a PES, and plan the returns about it.

        :param commands: P_DEST, P_APPLI, P_MSG.
        :raises DropError: a command is wrong.
        """
        servers = {autorite.destination for autorite in self.scenario.autorites}
        if commands.get("P_APPLI") != APPLICATION or commands.get("P_DEST") not in servers:
            raise DropError("P_DEST ou P_APPLI inconnu")
        digest = hashlib.sha256(content).hexdigest()
        if self.entree.get(name) == digest:
            return
        try:
            pes = read_pes(content)
        except TdtError as error:
            raise DropError(str(error)) from error
        self.entree[name] = digest
        self.commands[name] = {command: commands.get(command, "") for command in _COMMANDS}
        regle = self.scenario.regle_helios(pes.nom_fic)
        first = AckHelios(retour=regle.retour, minutes=regle.minutes)
        for ack in (first, *regle.suite):
            if ack.retour is not RetourHelios.SILENCE:
                usual = self.scenario.delays.helios_answer
                minutes = usual if ack.minutes is None else ack.minutes
                work = partial(self._answer, pes, ack.retour)
                self.agenda.add(at + timedelta(minutes=minutes), work)

    def ledger(self) -> dict[str, object]:
        """Describe what landed, and what waits to be picked up."""
        with self.still():
            return {
                "entree": dict(self.entree),
                "commands": {name: dict(given) for name, given in self.commands.items()},
                "sortie": [file.name for file in self.sortie.values()],
            }

    def lay(self, name: str, content: bytes, at: datetime, siren: str = "") -> Depose:
        """Put a file in ``/sortie``, and return it."""
        self._laid += 1
        file = Depose(id=self._laid, name=name, at=at, content=content, siren=siren)
        self.sortie[file.id] = file
        return file

    def waiting(self, until: datetime) -> list[Depose]:
        """Return the files of ``/sortie`` at an instant, oldest first."""
        return [file for file in self.sortie.values() if file.at <= until]

    def _answer(self, pes: PesLu, retour: RetourHelios, at: datetime) -> None:
        self._next_rank += 1
        name = helios_returns.acquit_name(pes.header["IdPost"], at, self._next_rank)
        self.lay(name, self._return(pes, retour, at), at)

    def _return(self, pes: PesLu, retour: RetourHelios, at: datetime) -> bytes:
        day = paris_date(at)
        if retour is RetourHelios.NO_BLOCK:
            return helios_returns.acquit_without_block(pes, day)
        if retour is RetourHelios.NON_ACQUIT:
            return helios_returns.non_acquit(pes, day)
        autorite = self._autorite(pes)
        if retour is RetourHelios.ALL_REFUSED:
            return helios_returns.acquit_v2(pes, self.helios.refuse(pes), day)
        if retour is RetourHelios.MIXED:
            return helios_returns.acquit_v2(pes, self.helios.refuse(pes, but_pieces=True), day)
        elements = self.helios.process(pes, autorite)
        if retour is RetourHelios.UNKNOWN_NOM_FIC:
            return helios_returns.acquit_v2(pes.renamed("INCONNU_" + pes.nom_fic), elements, day)
        if retour is RetourHelios.VERSION_1:
            return helios_returns.acquit_v1(pes, elements, day)
        return helios_returns.acquit_v2(pes, elements, day)

    def _autorite(self, pes: PesLu) -> Autorite:
        """Return the authority that has the budget, one whose budgets are not checked otherwise."""
        autorites = self.scenario.autorites
        for autorite in autorites:
            sirets = {budget.siret for budget in autorite.budgets}
            if pes.header["IdColl"] in sirets or pes.header["IdColl"][:9] == autorite.siren:
                return autorite
        unchecked = (autorite for autorite in autorites if not autorite.budgets)
        return next(unchecked, autorites[0])
