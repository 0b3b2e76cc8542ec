from datetime import timedelta

from demat.sandbox.liens import Seen
from demat.sandbox.scenario import Answer, AnswerKind, RegleActe, Scenario
from tests.unit.sandbox.helpers import START, Platform


def test_an_unbroken_run_is_not_asked_for_again() -> None:
    seen = Seen()
    for id, last in ((1, 1), (3, 1), (4, 1), (2, 4), (6, 4)):
        seen.add(id)
        assert seen.last == last


def test_a_mail_for_later_written_first_is_not_lost() -> None:
    """Somebody looks at the ministry while the TdT has not yet sent what was posted before."""
    late = Answer(kind=AnswerKind.AR, minutes=120)
    platform = Platform(Scenario(regles_actes=(RegleActe(number="TARD", answers=(late,)),)))
    first = platform.posted_acte(number="TARD")
    platform.advance(3)  # sent
    with platform.state.ministere.present(START + timedelta(hours=3)):
        assert len(platform.state.ministere.box) == 1
    second = platform.posted_acte()
    platform.advance(60)
    assert (platform.acte_status(first), platform.acte_status(second)) == ("3", "4")
    platform.advance(120)
    assert platform.acte_status(first) == "4"
