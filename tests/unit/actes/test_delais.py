"""The dates of an act after its transmission (actes dossier §1.4, §1.5)."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.actes.delais import (
    Delais,
    Evenement,
    ModePublicite,
    Publicite,
    TypeEvenement,
    add_months,
    calculer_delais,
    repondre_avant,
)
from demat.actes.natures import NatureActe

RECEIVED = date(2024, 3, 15)
DEMANDE = TypeEvenement.DEMANDE_PIECES
PIECES = TypeEvenement.PIECES_RECUES
REFUS = TypeEvenement.REFUS_PIECES
LETTRE = TypeEvenement.LETTRE_OBSERVATIONS
REPONSE = TypeEvenement.REPONSE_OBSERVATIONS
SIMPLE = TypeEvenement.COURRIER_SIMPLE

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 12, 31))
NEAR = st.integers(0, 400).map(lambda days: RECEIVED + timedelta(days=days))
EVENTS = st.lists(
    st.builds(Evenement, kind=st.sampled_from(TypeEvenement), date=NEAR), max_size=8
).map(tuple)


def published(day: date, mode: ModePublicite = ModePublicite.MISE_EN_LIGNE) -> Publicite:
    return Publicite(date=day, mode=mode)


def delais(
    *events: Evenement,
    nature: NatureActe = NatureActe.DELIBERATION,
    reception: date | None = RECEIVED,
    publicite: Publicite | None = None,
) -> Delais:
    return calculer_delais(
        nature=nature, reception=reception, publicite=publicite, evenements=events
    )


def at(kind: TypeEvenement, month: int, day: int) -> Evenement:
    return Evenement(kind=kind, date=date(2024, month, day))


# ------------------------------------------------------------------------ exécutoire (§1.4)


@pytest.mark.parametrize(
    ("reception", "shown", "since"),
    [
        (date(2024, 3, 15), date(2024, 3, 18), date(2024, 3, 18)),  # published last
        (date(2024, 3, 15), date(2024, 3, 14), date(2024, 3, 15)),  # transmitted last
        (date(2024, 3, 15), date(2024, 3, 15), date(2024, 3, 15)),
        (date(2024, 3, 15), None, None),
        (None, date(2024, 3, 18), None),
        (None, None, None),
    ],
)
def test_both_conditions_are_needed_in_either_order(
    reception: date | None, shown: date | None, since: date | None
) -> None:
    publicite = published(shown) if shown else None
    assert delais(reception=reception, publicite=publicite).executoire_depuis == since


@pytest.mark.parametrize("nature", NatureActe)
@pytest.mark.parametrize("mode", ModePublicite)
def test_an_individual_decision_is_notified_and_a_general_one_is_published(
    nature: NatureActe, mode: ModePublicite
) -> None:
    notified = mode is ModePublicite.NOTIFICATION
    enough = {NatureActe.INDIVIDUEL: notified, NatureActe.REGLEMENTAIRE: not notified}.get(
        nature, True
    )
    found = delais(nature=nature, publicite=published(date(2024, 3, 18), mode))
    assert found.executoire_depuis == (date(2024, 3, 18) if enough else None)
    assert found.recours_jusqu_au == (date(2024, 5, 18) if enough else None)


# ------------------------------------------------------------------ the table of §1.5, row by row


def test_row_1_the_defere_ends_two_months_after_the_reception() -> None:
    assert delais().defere_jusqu_au == date(2024, 5, 15)
    assert delais(reception=None).defere_jusqu_au is None


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ((at(DEMANDE, 4, 10), at(PIECES, 5, 2)), date(2024, 7, 2)),  # pieces
        ((at(DEMANDE, 4, 10), at(REFUS, 4, 20)), date(2024, 6, 20)),  # explicit refusal
        ((at(DEMANDE, 4, 10),), date(2024, 8, 10)),  # implicit refusal on 10 June
        ((at(DEMANDE, 5, 15), at(PIECES, 6, 1)), date(2024, 8, 1)),  # asked on the last day
        ((at(DEMANDE, 5, 16), at(PIECES, 6, 1)), date(2024, 5, 15)),  # asked too late
        ((at(DEMANDE, 5, 16),), date(2024, 5, 15)),
        ((at(PIECES, 4, 10),), date(2024, 5, 15)),  # nobody asked
        ((at(PIECES, 4, 9), at(DEMANDE, 4, 10), at(REPONSE, 4, 20)), date(2024, 8, 10)),
        ((at(DEMANDE, 4, 10), at(PIECES, 4, 20), at(PIECES, 5, 2)), date(2024, 7, 2)),  # in parts
        ((at(DEMANDE, 4, 10), at(PIECES, 7, 1)), date(2024, 9, 1)),  # after the silence
        ((at(DEMANDE, 4, 10), at(PIECES, 8, 11)), date(2024, 8, 10)),  # after the end
    ],
)
def test_row_2_pieces_or_their_refusal_start_two_new_months(
    events: tuple[Evenement, ...], end: date
) -> None:
    assert delais(*events).defere_jusqu_au == end


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ((at(LETTRE, 4, 10), at(REPONSE, 4, 30)), date(2024, 6, 30)),  # reply
        ((at(LETTRE, 4, 10),), date(2024, 8, 10)),  # implicit refusal on 10 June
        ((at(LETTRE, 5, 16), at(REPONSE, 5, 20)), date(2024, 5, 15)),  # too late
        ((at(REPONSE, 4, 30),), date(2024, 5, 15)),
        ((at(LETTRE, 4, 10), at(PIECES, 4, 30)), date(2024, 8, 10)),  # pieces are no reply
        (  # a letter during the months that the first answer started
            (at(DEMANDE, 4, 10), at(PIECES, 5, 2), at(LETTRE, 6, 20), at(REPONSE, 7, 1)),
            date(2024, 9, 1),
        ),
        (  # and one after them
            (at(DEMANDE, 4, 10), at(PIECES, 5, 2), at(LETTRE, 7, 3), at(REPONSE, 7, 4)),
            date(2024, 7, 2),
        ),
        (  # a quick reply does not shorten the months of a letter that waits
            (at(DEMANDE, 5, 10), at(LETTRE, 5, 11), at(REPONSE, 5, 12)),
            date(2024, 9, 10),
        ),
    ],
)
def test_row_3_a_reply_to_the_recours_gracieux_or_its_rejection_start_two_new_months(
    events: tuple[Evenement, ...], end: date
) -> None:
    assert delais(*events).defere_jusqu_au == end


@given(st.lists(NEAR, max_size=5))
def test_row_4_a_vague_request_restarts_nothing(days: list[date]) -> None:
    events = [Evenement(kind=SIMPLE, date=day) for day in days]
    assert delais(*events) == delais()


@pytest.mark.parametrize(
    ("kind", "day"),
    [
        (LETTRE, date(2024, 6, 10)),
        (DEMANDE, date(2024, 6, 10)),
        (SIMPLE, None),
        (PIECES, None),
        (REFUS, None),
        (REPONSE, None),
    ],
)
def test_row_5_two_months_of_silence_reject_a_recours_gracieux(
    kind: TypeEvenement, day: date | None
) -> None:
    assert repondre_avant(at(kind, 4, 10)) == day


def test_row_6_third_parties_have_two_months_from_the_publicity() -> None:
    publicite = published(date(2024, 12, 31))
    assert delais(publicite=publicite).recours_jusqu_au == date(2025, 2, 28)
    assert delais(publicite=publicite, reception=None).recours_jusqu_au == date(2025, 2, 28)
    assert delais().recours_jusqu_au is None


@pytest.mark.parametrize("nature", NatureActe)
def test_row_7_the_controle_budgetaire_lasts_a_month_and_is_for_budgets(
    nature: NatureActe,
) -> None:
    end = date(2024, 4, 15) if nature is NatureActe.BUDGETAIRE else None
    assert delais(nature=nature).controle_budgetaire_jusqu_au == end
    assert delais(nature=nature, reception=None).controle_budgetaire_jusqu_au is None


# ------------------------------------------------------------------------------- properties


@given(DAYS, DAYS)
def test_executoire_is_the_later_day(reception: date, shown: date) -> None:
    since = delais(reception=reception, publicite=published(shown)).executoire_depuis
    assert since is not None
    assert since >= max(reception, shown)
    assert since in (reception, shown)


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_told_does_not_matter(events, random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert delais(*shuffled) == delais(*events)


@given(EVENTS, NEAR, st.sampled_from([DEMANDE, LETTRE, SIMPLE]))
def test_a_letter_never_shortens_the_defere(events, day, kind) -> None:
    before, after = delais(*events), delais(*events, Evenement(kind=kind, date=day))
    assert before.defere_jusqu_au is not None
    assert after.defere_jusqu_au is not None
    assert date(2024, 5, 15) <= before.defere_jusqu_au <= after.defere_jusqu_au


@given(EVENTS)
def test_what_comes_after_the_end_changes_nothing(events) -> None:
    found = delais(*events)
    assert found.defere_jusqu_au is not None
    known = [one for one in events if one.date <= found.defere_jusqu_au]
    assert delais(*known) == found


@given(DAYS, st.integers(0, 60))
def test_months_are_added_to_the_month_and_the_day_stays_or_is_the_last(
    day: date, months: int
) -> None:
    found = add_months(day, months)
    assert found.year * 12 + found.month == day.year * 12 + day.month + months
    assert found.day == min(day.day, monthrange(found.year, found.month)[1])


@given(DAYS, DAYS, st.integers(0, 60))
def test_adding_months_keeps_the_order(one: date, other: date, months: int) -> None:
    if one <= other:
        assert add_months(one, months) <= add_months(other, months)


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2024, 12, 31), 2, date(2025, 2, 28)),
        (date(2024, 10, 31), 1, date(2024, 11, 30)),
        (date(2024, 11, 15), 2, date(2025, 1, 15)),
        (date(2024, 10, 15), 2, date(2024, 12, 15)),
        (date(9999, 12, 1), 1, date(9999, 12, 31)),
    ],
)
def test_months_over_the_ends_of_months_and_years(day: date, months: int, found: date) -> None:
    assert add_months(day, months) == found
