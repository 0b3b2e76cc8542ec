"""Sending each frozen file once: claims, outcomes, and what to do when nobody knows.

Connectors dossier §9: the intent is recorded before the effect, and what was perhaps received is
never sent again before somebody has asked.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from demat.faults import Fault, Faults
from demat.queue.claiming import Wanted, reckon, take_next, uncount
from demat.queue.codec import dump_faults
from demat.queue.journal import JournalEntry, append
from demat.queue.lines import (
    answered,
    declare,
    give_back,
    has_failed,
    known_lines,
    lines_of,
    silent,
    stops,
)
from demat.queue.model import AUTHORITY, TRANSMISSION
from demat.queue.moves import (
    NO_FAULTS,
    NOTHING,
    DeliveryMove,
    codes,
    locked_transmission,
    move_delivery,
    tell,
)
from demat.queue.pace import hour_of
from demat.queue.registers import Registers, ensure_authority
from demat.queue.rows import delivery_is, moved_view
from demat.queue.states import DeliveryState, TransitionRefused
from demat.queue.views import Claim, Heard, StopView, TransmissionView

__all__ = ["Sending"]

_DOING = frozenset({DeliveryState.DOING})
_SUSPENDED = frozenset({DeliveryState.SUSPENDED})
_UNSETTLED = frozenset(DeliveryState.unsettled())


class Sending(Registers):
    """Deliveries, from todo to their end."""

    def claim(
        self,
        worker: str,
        *,
        lease: timedelta,
        collectivites: Collection[str] | None = None,
        but_not: Collection[str] = (),
        transmission: int | None = None,
    ) -> Claim | None:
        """Take the next transmission to send, or return ``None`` when none may leave.

        The intent is committed before anything is sent. The authority served least recently comes
        first, then its oldest transmission that is due. Passed over: a paused authority, one that
        sent its share of the hour or is sending, a line that is full, shut or in a quiet window.

        :param lease: how long the worker may take before it is held for dead.
        :param collectivites: only those authorities; a long list costs more than the claim.
        :param but_not: none of those authorities.
        :param transmission: only that one.
        """
        if lease <= timedelta(0):
            raise ValueError("a lease lasts")
        now = self._clock.now()
        wanted = Wanted(
            worker=worker,
            token=secrets.token_hex(16),
            lease_until=now + lease,
            collectivites=collectivites,
            but_not=but_not,
            transmission=transmission,
        )
        with self._database.writing() as connection:
            taken = take_next(connection, wanted, self._pace, now)
            if taken is None:
                return None
            view = moved_view(connection, taken.row)
        return Claim(
            transmission=view,
            token=wanted.token,
            worker=worker,
            lease_until=wanted.lease_until,
            line=taken.line,
            doubted=taken.doubted,
            trying=taken.trying,
        )

    def declare_lines(self, lines: Mapping[str, str]) -> None:
        """Write down by which line each authority sends; those that are not named keep theirs.

        Only what is named is read: one authority costs the same among a thousand.

        :param lines: name of the line by SIREN.
        """
        wanted = set(lines.values())
        with self._database.reading() as connection:
            known, named = lines_of(connection, lines), known_lines(connection, wanted)
        moved = any(known.get(siren, line) != line for siren, line in lines.items())
        if moved or named != wanted:
            with self._database.writing() as connection:
                declare(connection, lines)

    def authorities_but(self, sirens: Collection[str]) -> frozenset[str]:
        """Return the authorities that have packed something, without those that are named."""
        with self._database.reading() as connection:
            found = connection.execute(select(AUTHORITY.c.collectivite)).scalars()
            return frozenset(found).difference(sirens)

    def line_answered(self, line: str) -> None:
        """Record that a line answered a question: it is open to all.

        Nothing is written when it was, as it usually is.
        """
        with self._database.reading() as connection:
            if not has_failed(connection, line):
                return
        with self._database.writing() as connection:
            answered(connection, line)

    def line_silent(self, line: str, fault: Fault | None) -> None:
        """Record that a line did not answer a question; several in a row shut it for a while."""
        if self._pace is not None:
            now = self._clock.now()
            with self._database.writing() as connection:
                silent(connection, line, fault, trying=False, pace=self._pace, now=now)

    def stops(self, lines: Collection[str] = ()) -> Mapping[str, StopView]:
        """Return the lines by which nothing leaves at this instant, by name.

        :param lines: looked at even if nothing has left by them yet.
        """
        if self._pace is None:
            return {}
        with self._database.reading() as connection:
            found = stops(connection, self._pace, self._clock.now(), lines)
        return {one.line: one for one in found}

    def spent(self) -> frozenset[str]:
        """Return the authorities that have sent their share of this hour."""
        if self._pace is None or self._pace.per_hour is None:
            return frozenset()
        statement = select(AUTHORITY.c.collectivite).where(
            AUTHORITY.c.hour == hour_of(self._clock.now()),
            AUTHORITY.c.hour_claims >= self._pace.per_hour,
        )
        with self._database.reading() as connection:
            return frozenset(connection.execute(statement).scalars())

    def deposited(self, claim: Claim, reference: str) -> TransmissionView:
        """Record that the other side took it, under that reference.

        :raises TransitionRefused: when the claim was lost or has expired.
        """
        return self._outcome(
            claim,
            DeliveryState.DEPOSITED,
            Heard.ANSWER,
            values={"reference": reference, "deposited_at": self._clock.now()},
            detail={"reference": reference},
        )

    def postpone(
        self,
        claim: Claim,
        *,
        fault: Fault,
        until: datetime,
        tried: bool = True,
        heard: Heard = Heard.NOTHING,
    ) -> TransmissionView:
        """Record that it was surely not received; it is due again at ``until``.

        :param tried: whether anything was tried; else neither the attempt nor the sending counts.
        :param heard: whether the line answered.
        :raises TransitionRefused: when the claim was lost or has expired.
        """
        return self._outcome(
            claim,
            DeliveryState.TODO,
            heard,
            faults=Faults([fault]),
            values={"next_attempt_at": until, "attempts": claim.attempt - (not tried)},
            detail={"prochain_essai": until.isoformat()},
            tried=tried,
        )

    def suspend(
        self, claim: Claim, *, fault: Fault, heard: Heard = Heard.NOTHING
    ) -> TransmissionView:
        """Record that it was perhaps received: it is not sent again before somebody has asked.

        :param heard: whether the line answered.
        :raises TransitionRefused: when the claim was lost or has expired.
        """
        return self._outcome(claim, DeliveryState.SUSPENDED, heard, faults=Faults([fault]))

    def landed(self, claim: Claim, *, fault: Fault) -> TransmissionView:
        """Record that the other side holds these very bytes, under a number that it does not tell.

        :raises TransitionRefused: when the claim was lost or has expired.
        """
        return self._outcome(claim, DeliveryState.LANDED, Heard.ANSWER, faults=Faults([fault]))

    def refuse(
        self,
        claim: Claim,
        *,
        faults: Faults,
        frees: Collection[str] = (),
        heard: Heard = Heard.ANSWER,
    ) -> TransmissionView:
        """Record that the other side said no, or that it surely would.

        :param frees: families of numbers that the corrected document may bear again.
        :param heard: ``NOTHING`` when it was not asked.
        :raises TransitionRefused: when the claim was lost or has expired.
        """
        return self._outcome(claim, DeliveryState.REFUSED, heard, faults=faults, frees=frees)

    def recover_expired(self) -> tuple[TransmissionView, ...]:
        """Suspend what dead workers were sending: nobody knows whether it was received."""
        now = self._clock.now()
        expired = delivery_is(DeliveryState.DOING) & (TRANSMISSION.c.lease_until <= now)
        with self._database.writing() as connection:
            rows = connection.execute(
                select(TRANSMISSION.c.id, TRANSMISSION.c.claimed_by)
                .where(expired)
                .order_by(TRANSMISSION.c.id)
                .with_for_update()
            ).all()
            moved = []
            for row in rows:
                fault = Fault(code="QUE-LEASE_EXPIRED", params={"numero": str(row.id)})
                move = DeliveryMove(
                    to=DeliveryState.SUSPENDED,
                    sources=_DOING,
                    action="lease_expired",
                    faults=Faults([fault]),
                    detail={"par": str(row.claimed_by)},
                )
                moved.append(move_delivery(connection, row.id, move, now))
            return tuple(moved_view(connection, row) for row in moved)

    def resolve_landed(
        self, transmission_id: int, reference: str | None, detail: Mapping[str, str] = NOTHING
    ) -> TransmissionView:
        """Record that an unsettled transmission had been received after all.

        :param reference: ``None`` when the State has answered about it, under no number that we
            know.
        :raises TransitionRefused: when it is neither suspended nor landed.
        """
        named = {} if reference is None else {"reference": reference}
        move = DeliveryMove(
            to=DeliveryState.DEPOSITED,
            sources=_UNSETTLED,
            action="resolved_landed",
            values={"reference": reference, "deposited_at": self._clock.now()},
            detail=dict(detail) | named,
        )
        return self._move(transmission_id, move)

    def resolve_not_landed(
        self,
        transmission_id: int,
        detail: Mapping[str, str] = NOTHING,
        *,
        attempt: int | None = None,
    ) -> TransmissionView:
        """Record that a suspended transmission had surely not been received: it is due again.

        :param attempt: the sending that was asked about, see :meth:`offer_again`.
        :raises TransitionRefused: when it is not suspended, or was sent once more meanwhile.
        """
        move = DeliveryMove(
            to=DeliveryState.TODO,
            sources=_SUSPENDED,
            action="resolved_not_landed",
            values={"unknown_since": None},
            detail=detail,
            attempt=attempt,
        )
        return self._move(transmission_id, move)

    def offer_again(
        self,
        transmission_id: int,
        detail: Mapping[str, str] = NOTHING,
        *,
        until: datetime | None = None,
        attempt: int | None = None,
    ) -> TransmissionView:
        """Make a suspended transmission due again in order to know: the other side refuses a second
        copy of it (connectors dossier §9.2, probe C; §9.3).

        :param until: not before this instant; ``None``: at once.
        :param attempt: the sending that was asked about: what is known of it says nothing of a
            later one, which another process may have made meanwhile; ``None``: the last one.
        :raises TransitionRefused: when it is not suspended, or was sent once more meanwhile.
        """
        move = DeliveryMove(
            to=DeliveryState.TODO,
            sources=_SUSPENDED,
            action="offered_again",
            values={"next_attempt_at": until},
            detail=detail,
            attempt=attempt,
        )
        return self._move(transmission_id, move)

    def resolve_unidentified(self, transmission_id: int, *, fault: Fault) -> TransmissionView:
        """Record that a suspended transmission had been received, under a number that nobody knows.

        :raises TransitionRefused: when it is not suspended.
        """
        move = DeliveryMove(
            to=DeliveryState.LANDED,
            sources=_SUSPENDED,
            action="landed",
            faults=Faults([fault]),
        )
        return self._move(transmission_id, move)

    def resolve_refused(
        self,
        transmission_id: int,
        *,
        faults: Faults,
        detail: Mapping[str, str] = NOTHING,
        frees: Collection[str] = (),
        attempt: int | None = None,
    ) -> TransmissionView:
        """Record that a suspended transmission had surely not been received, and cannot be.

        :param frees: families of numbers that the corrected document may bear again.
        :param attempt: the sending that was asked about, see :meth:`offer_again`.
        :raises TransitionRefused: when it is not suspended, or was sent once more meanwhile.
        """
        move = DeliveryMove(
            to=DeliveryState.REFUSED,
            sources=_SUSPENDED,
            action="resolved_refused",
            faults=faults,
            detail=detail,
            frees=frees,
            attempt=attempt,
        )
        return self._move(transmission_id, move)

    def doubt(self, transmission_id: int, faults: Faults) -> None:
        """Write down why an unsettled transmission cannot be settled; nothing moves, so that it
        has not waited less since its sending. What was written already is not written again.

        :raises TransitionRefused: when it is neither suspended nor landed.
        """
        now = self._clock.now()
        with self._database.writing() as connection:
            row = locked_transmission(connection, transmission_id)
            if DeliveryState(row.delivery) not in _UNSETTLED:
                raise TransitionRefused(
                    subject=f"doubt about transmission {transmission_id}",
                    current=row.delivery,
                    allowed=[state.value for state in _UNSETTLED],
                    to=row.delivery,
                )
            told = dump_faults(faults)
            if told == row.faults:
                return
            connection.execute(
                update(TRANSMISSION).where(TRANSMISSION.c.id == transmission_id).values(faults=told)
            )
            tell(connection, row, "doubted", now, detail=codes(faults))

    def abandon(self, transmission_id: int, reason: str, who: str) -> TransmissionView:
        """Give up sending, on a person's decision.

        :raises TransitionRefused: when it is being sent, or its sending has ended already.
        """
        to = DeliveryState.ABANDONED
        move = DeliveryMove(
            to=to,
            sources=to.predecessors,
            action=to.value,
            detail={"motif": reason, "par": who},
        )
        return self._move(transmission_id, move)

    def pause_collectivite(self, collectivite: str, until: datetime, fault: Fault) -> None:
        """Let the flows of an authority wait until an instant; a past instant ends the wait.

        Used when its certificate or account is refused: its flows stay to be sent, those of other
        authorities go on.
        """
        faults = Faults([fault])
        with self._database.writing() as connection:
            ensure_authority(connection, collectivite)
            connection.execute(
                update(AUTHORITY)
                .where(AUTHORITY.c.collectivite == collectivite)
                .values(paused_until=until, pause_fault=dump_faults(faults))
            )
            self._note_of(connection, collectivite, "paused", until, faults)

    def hold(self, collectivite: str, flux: str, until: datetime, fault: Fault) -> None:
        """Let the flows of one kind that wait to be sent wait until an instant.

        Used when the account of an authority may not send them, whatever they are.
        """
        due = or_(TRANSMISSION.c.next_attempt_at.is_(None), TRANSMISSION.c.next_attempt_at < until)
        with self._database.writing() as connection:
            held = connection.execute(
                update(TRANSMISSION)
                .where(
                    TRANSMISSION.c.collectivite == collectivite,
                    TRANSMISSION.c.flux == flux,
                    delivery_is(DeliveryState.TODO),
                    due,
                )
                .values(next_attempt_at=until)
            ).rowcount
            reckon(connection, collectivite)
            detail = {"flux": flux, "envois": str(held)}
            self._note_of(connection, collectivite, "held", until, Faults([fault]), detail)

    def _note_of(
        self,
        connection: Connection,
        collectivite: str,
        action: str,
        until: datetime,
        faults: Faults,
        detail: Mapping[str, str] = NOTHING,
    ) -> None:
        """Tell the journal that an authority waits until an instant, and why."""
        told = {**detail, "jusqu_a": until.isoformat()} | codes(faults)
        now = self._clock.now()
        entry = JournalEntry(at=now, collectivite=collectivite, action=action, detail=told)
        append(connection, entry)

    def _outcome(
        self,
        claim: Claim,
        to: DeliveryState,
        heard: Heard,
        *,
        faults: Faults = NO_FAULTS,
        values: Mapping[str, Any] = NOTHING,
        detail: Mapping[str, str] = NOTHING,
        frees: Collection[str] = (),
        tried: bool = True,
    ) -> TransmissionView:
        move = DeliveryMove(
            to=to,
            sources=_DOING,
            action="postponed" if to is DeliveryState.TODO else to.value,
            held_by=claim.token,
            faults=faults,
            values=values,
            detail=detail,
            frees=frees,
        )
        now = self._clock.now()
        with self._database.writing() as connection:
            shut_until = self._hear(connection, claim, heard, faults, now)
            if not tried:
                uncount(connection, claim.transmission.collectivite, now)
            moved = move_delivery(connection, claim.transmission.id, move, now)
            if shut_until is not None:
                told = {"ligne": claim.line, "jusqu_a": shut_until.isoformat()}
                tell(connection, moved, "line_shut", now, detail=told | codes(faults))
            return moved_view(connection, moved)

    def _hear(
        self, connection: Connection, claim: Claim, heard: Heard, faults: Faults, now: datetime
    ) -> datetime | None:
        """Tell the line what was heard of it; return until when that shuts it, if it does."""
        if self._pace is None:
            return None
        if heard is Heard.ANSWER:
            if claim.doubted:  # what left before a failure does not say that the line works now
                answered(connection, claim.line)
        elif heard is Heard.NOTHING:
            size = claim.transmission.size
            give_back(connection, claim.line, size, trying=claim.trying, now=now)
        else:
            fault = next(iter(faults), None)
            trying = claim.trying
            return silent(connection, claim.line, fault, trying=trying, pace=self._pace, now=now)
        return None

    def _move(self, transmission_id: int, move: DeliveryMove) -> TransmissionView:
        with self._database.writing() as connection:
            moved = move_delivery(connection, transmission_id, move, self._clock.now())
            return moved_view(connection, moved)
