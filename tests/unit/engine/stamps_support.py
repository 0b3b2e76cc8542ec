"""A time-stamping authority without a network, for the tests of the engine."""

from dataclasses import dataclass, field, replace

from demat.clock import Clock
from demat.connectors.tsa import TsaUnusable
from demat.engine.office import StampingMeans
from demat.faults import Fault
from demat.queue.journal import GENESIS, seal, sealed_values
from demat.queue.store import Store
from demat.sandbox.pki import Pki
from demat.sandbox.tsa import Tsa
from demat.signing.timestamp import make_request, read_response
from demat.signing.trust import TrustStore
from tests.unit.engine.conftest import Town


@dataclass(kw_only=True)
class LocalTsa:
    """The sandbox's authority, asked by a call."""

    tsa: Tsa
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def stamp(self, sha256: str) -> bytes:
        self.asked.append(sha256)
        if self.away:
            params = {"url": "http://tsa.exemple", "reason": "délai dépassé"}
            raise TsaUnusable(Fault(code="CON-TSA_AWAY", params=params))
        answer = self.tsa.answer(make_request(sha256, nonce=5))
        return read_response(answer, sha256=sha256, nonce=5)


def make_journal_again(store: Store) -> None:
    """Change an entry of the journal and seal all of them anew, as a forger would."""
    with store._database.writing() as connection:
        previous = GENESIS
        for entry in store.journal():
            changed = replace(entry, before="autre") if entry.id == 2 else entry
            sealed = seal(previous, sealed_values(changed))
            connection.exec_driver_sql(
                "UPDATE journal SET before = ?, previous_hash = ?, hash = ? WHERE id = ?",
                (changed.before, previous, sealed, entry.id),
            )
            previous = sealed
        connection.exec_driver_sql("UPDATE journal_head SET hash = ?", (previous,))


def with_stamps(town: Town, pki: Pki, clock: Clock | None = None) -> tuple[Town, LocalTsa]:
    """Give a town a time-stamping authority of the test infrastructure."""
    tsa = LocalTsa(tsa=Tsa(pki.time_stamps, clock or town.clock))
    means = StampingMeans(authority=tsa, trust=TrustStore.from_folder(pki.trust_folder))
    return replace(town, office=replace(town.office, stamping=means)), tsa
