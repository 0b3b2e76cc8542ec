"""What was refused is corrected and sent again; what was accepted never is."""

import shutil
from collections.abc import Callable

import pytest

from demat.connectors.api import RemoteProgress
from demat.engine import give_back
from demat.engine.resubmit import resubmit
from demat.engine.transmit import transmit_due
from demat.faults import FaultError
from demat.helios.read import read_pes
from demat.intake.api import InputFile
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import DepositView, TransmissionView
from demat.xmlio import parse_untrusted
from tests.unit.engine.conftest import (
    FIXTURES,
    REFUSED,
    Crash,
    Town,
    Verdict,
    accept_all,
    acquit,
    anomaly,
    ar,
    codes,
    collect_all,
    numeros,
    titre,
    titres,
)


def again(
    town: Town, number: int, *files: InputFile
) -> tuple[DepositView, tuple[TransmissionView, ...]]:
    result = resubmit(
        town.flow(number), replacements=files, authority=town.authority, office=town.office
    )
    return result.deposit, result.transmissions


def refuse_act(town: Town, flow: TransmissionView) -> None:
    transmit_due(town.office)
    flow = town.flow(flow.id)
    town.answer(flow, anomaly(flow), progress=RemoteProgress.ERROR)
    collect_all(town.authority, town.office)
    assert town.flow(flow.id).etat == "en_anomalie"


def one_of_two(town: Town) -> tuple[TransmissionView, TransmissionView]:
    """Send a séance: the first act is acknowledged, the second refused."""
    town.fixture("seance-2026-10-08")
    transmit_due(town.office)
    good, bad = town.flows()
    town.answer(good, ar(good))
    refuse_act(town, bad)
    return good, bad


# ------------------------------------------------------------------------------- acts


def test_a_refused_act_gets_a_new_number_and_the_others_are_not_sent_again(town: Town) -> None:
    good, bad = one_of_two(town)
    deposit, (new,) = again(town, bad.id)
    assert (new.facts["numero"], new.supersedes) == ("2026_042_R1", bad.id)
    assert new.key == bad.key.replace("2026_042", "2026_042_R1")
    assert town.flow(bad.id).superseded_by == new.id
    assert sorted(codes(deposit)) == ["INT-ALREADY_SENT", "INT-RENUMBERED"]
    assert deposit.replaces == good.deposit_id
    assert deposit.state is DepositState.PACKED
    # the returned copy is put away, what was handed in again lies in transmis
    assert town.tree(town.folders.a_corriger) == []
    assert town.tree(town.folders.en_cours) == []
    transmit_due(town.office)
    assert [s.key for s in town.connector.shipments] == [good.key, bad.key, new.key]


def test_the_second_time_the_number_is_r2(town: Town) -> None:
    _, bad = one_of_two(town)
    _, (first,) = again(town, bad.id)
    refuse_act(town, first)
    _, (second,) = again(town, first.id)
    assert numeros([first, second]) == ["2026_042_R1", "2026_042_R2"]
    assert (second.supersedes, town.flow(first.id).superseded_by) == (first.id, second.id)


def seance(town: Town, *numbers: str) -> None:
    """Drop a séance of acts with those numbers."""
    shutil.copytree(FIXTURES / "seance-2026-11-05", town.folders.a_deposer / "seance")
    (town.folders.a_deposer / "seance" / "actes.ods").unlink()
    rows = ["numero;date;nature;matiere;objet;fichier"]
    rows += [f"{n};05/11/2026;DE;8.3;Voirie {n};voirie.pdf" for n in numbers]
    town.write("seance/actes.csv", "\r\n".join(rows).encode())


def test_numbers_of_fifteen_characters_stay_apart(town: Town) -> None:
    town.folders.make()
    seance(town, "VOIRIE_2026_001", "VOIRIE_2026_002")
    town.intake()
    for flow in town.flows():
        refuse_act(town, flow)
    deposit, new = again(town, 1)
    assert deposit.state is DepositState.PACKED
    assert numeros(new) == ["VOIRIE_2026_R1", "VOIRIE_2026_R2"]
    assert [flow.supersedes for flow in new] == [1, 2]


def test_a_number_that_already_had_a_suffix_does_not_get_two(town: Town) -> None:
    town.folders.make()
    seance(town, "2026_050_R1")
    town.intake()
    refuse_act(town, town.flow(1))
    _, (new,) = again(town, 1)
    assert new.facts["numero"] == "2026_050_R2"


def test_an_act_refused_by_the_platform_too(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    _, (new,) = again(town, 1)
    assert (new.facts["numero"], new.supersedes) == ("2026_050_R1", 1)


def test_the_returned_folder_dropped_again_corrects_it(town: Town) -> None:
    _, bad = one_of_two(town)
    shutil.move(
        town.folders.a_corriger / "seance-2026-10-08", town.folders.a_deposer / "octobre corrigé"
    )
    town.intake()
    new = town.by_numero("2026_042_R1")
    assert (new.supersedes, len(town.flows())) == (bad.id, 3)


def test_a_second_refusal_of_the_same_deposit_can_be_corrected_too(town: Town) -> None:
    """The act answered last is refused when the first is corrected already."""
    town.fixture("seance-2026-10-08")
    transmit_due(town.office)
    first, second = town.flows()
    refuse_act(town, first)
    again(town, first.id)
    refuse_act(town, second)
    (laid,) = town.folders.a_corriger.iterdir()
    shutil.move(laid, town.folders.a_deposer / "encore")
    town.intake()
    assert town.tree(town.folders.a_corriger) == []
    assert numeros(town.flows()) == ["2026_041", "2026_042", "2026_041_R1", "2026_042_R1"]
    assert town.by_numero("2026_042_R1").supersedes == second.id


# -------------------------------------------------------------------------------- PES


def cumuls(town: Town, flow: TransmissionView) -> list[str]:
    root = parse_untrusted(town.store.documents.get(flow.sha256))
    return [node.get("V") or "" for node in root.iter("MtCumulAnnuel")]


def send(town: Town, name: str, content: bytes) -> TransmissionView:
    town.write(name, content)
    town.intake()
    transmit_due(town.office)
    return town.flows()[-1]


def test_only_the_refused_bordereau_of_two_goes_with_the_right_yearly_total(
    seal: Callable[..., Town],
) -> None:
    town = seal()
    first = send(town, "titres.csv", titres(titre(417, 12), titre(418, 13, montant="43,20")))
    assert cumuls(town, first) == ["86.40", "129.60"]
    refusal = Verdict(bordereau=13, accepted=False, error="ERREUR_AUTRE", libelle="1971")
    town.answer(first, acquit(first, [Verdict(bordereau=12), refusal]))
    collect_all(town.authority, town.office)
    town.write("titres.csv", titres(titre(417, 12), titre(418, 13, montant="40,00")))
    town.intake()
    new = town.flow(2)
    facts = read_pes(town.store.documents.get(new.sha256))
    assert [(item.numero, item.pieces) for item in facts.bordereaux] == [(13, (418,))]
    assert all(item.signed for item in facts.bordereaux)
    assert cumuls(town, new) == ["126.40"]  # 86.40 that Hélios took, and 40.00
    assert (new.supersedes, new.key != first.key) == (1, True)
    deposit = town.store.deposit(new.deposit_id)
    assert (codes(deposit), deposit.replaces) == (("INT-ALREADY_SENT",), first.deposit_id)
    transmit_due(town.office)
    town.answer(town.flow(2), accept_all(new), name="suite")
    collect_all(town.authority, town.office)
    third = send(town, "novembre.csv", titres(titre(419, 14, montant="10,00")))
    assert cumuls(town, third) == ["136.40"]


def test_an_attachment_that_was_accepted_is_named_and_not_sent_again(town: Town) -> None:
    town.fixture("mandats-2026-10")
    transmit_due(town.office)
    first = town.flow(1)
    attachments = first.facts["pieces_jointes"]
    assert len(attachments) == 2
    verdicts = [Verdict(domaine=4, id_unique=one) for one in attachments]
    verdicts.append(
        Verdict(domaine=5, bordereau=31, accepted=False, error="ERREUR_AUTRE", libelle="x")
    )
    town.answer(first, acquit(first, verdicts))
    collect_all(town.authority, town.office)
    deposit, (new,) = again(town, 1)
    assert deposit.state is DepositState.PACKED
    assert new.facts["pieces_jointes"] == []
    content = town.store.documents.get(new.sha256)
    assert all(one.encode() in content for one in attachments)


def test_two_refused_files_of_one_deposit_are_each_superseded(town: Town) -> None:
    send(town, "titres.csv", titres(titre(417, 12), titre(31, 3, budget="02")))
    for flow in town.flows():
        verdict = Verdict(bordereau=flow.facts["bordereaux"][0]["numero"], accepted=False)
        town.answer(flow, acquit(flow, [verdict]))
    collect_all(town.authority, town.office)
    deposit, new = again(town, 2)
    assert deposit.state is DepositState.PACKED
    assert [flow.supersedes for flow in new] == [1, 2]


def test_two_refused_files_whose_bordereaux_are_renumbered_are_each_superseded(
    town: Town,
) -> None:
    send(town, "titres.csv", titres(titre(417, 12), titre(31, 3, budget="02")))
    for flow in town.flows():
        verdict = Verdict(bordereau=flow.facts["bordereaux"][0]["numero"], accepted=False)
        town.answer(flow, acquit(flow, [verdict]))
    collect_all(town.authority, town.office)
    corrected = titres(titre(517, 112), titre(131, 103, budget="02"))
    _, new = again(town, 1, InputFile(name="titres.csv", data=corrected))
    assert [flow.supersedes for flow in new] == [1, 2]


def test_a_renumbered_bordereau_supersedes_what_its_deposit_had(town: Town) -> None:
    first = send(town, "titres.csv", titres(titre(417, 12)))
    verdict = Verdict(bordereau=12, accepted=False, error="ERREUR_DOUBLON_BORDEREAU", libelle="x")
    town.answer(first, acquit(first, [verdict]))
    collect_all(town.authority, town.office)
    deposit, new = again(town, 1)  # the same again: Hélios has it
    assert (deposit.state, new) == (DepositState.RETURNED, ())
    assert codes(deposit) == ("INT-ALREADY_SENT", "INT-NOTHING_TO_SEND")
    corrected = titres(titre(517, 112))
    _, (new_one,) = again(town, 1, InputFile(name="titres.csv", data=corrected))
    assert new_one.supersedes == 1


def test_a_ready_made_file_that_kept_its_nomfic_gets_a_new_one(town: Town) -> None:
    town.fixture("compta-D0032.xml")
    transmit_due(town.office)
    first = town.flow(1)
    assert first.key == "SAINTEX-20261022-D0032"
    verdict = Verdict(domaine=5, bordereau=32, accepted=False, error="ERREUR_AUTRE", libelle="x")
    town.answer(first, acquit(first, [verdict]))
    collect_all(town.authority, town.office)
    _, (new,) = again(town, 1)
    assert (new.key, new.supersedes) == ("PESALR2_21990123800010_261123_001", 1)
    sent, before = (read_pes(town.store.documents.get(f.sha256)) for f in (new, first))
    assert [b.numero for b in sent.bordereaux] == [b.numero for b in before.bordereaux]


def two_files(town: Town) -> DepositView:
    """Hand in two ready-made files together: bordereaux 32 and 33."""
    content = (FIXTURES / "compta-D0032.xml").read_bytes()
    other = content
    for before, after in ((b"D0032", b"D0033"), (b'IdBord V="32"', b'IdBord V="33"')):
        other = other.replace(before, after)
    other = other.replace(b'IdPce V="206"', b'IdPce V="207"').replace(b"D001", b"D002")
    town.write("compta/D0032.xml", content)
    town.write("compta/D0033.xml", other)
    town.intake()
    return town.store.deposits()[-1]


def test_a_ready_made_file_that_was_accepted_is_never_sent_under_another_name(town: Town) -> None:
    deposit = two_files(town)
    assert deposit.state is DepositState.PACKED
    transmit_due(town.office)
    good, bad = town.flows()
    town.answer(good, accept_all(good))
    verdict = Verdict(domaine=5, bordereau=33, accepted=False, error="ERREUR_AUTRE", libelle="x")
    town.answer(bad, acquit(bad, [verdict]))
    collect_all(town.authority, town.office)
    corrected, (new,) = again(town, bad.id)
    assert [item["numero"] for item in new.facts["bordereaux"]] == [33]
    assert (new.supersedes, corrected.state) == (bad.id, DepositState.PACKED)
    assert "INT-ALREADY_SENT" in codes(corrected)


@pytest.mark.parametrize("fixture", ["mandats-2026-10", "titres-cantine.csv", "compta-D0032.xml"])
def test_a_pes_that_the_platform_refused_can_be_sent_again(town: Town, fixture: str) -> None:
    town.fixture(fixture)
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    first = town.flow(1)
    _, (new,) = again(town, 1)
    assert (new.supersedes, new.facts["bordereaux"]) == (1, first.facts["bordereaux"])
    assert new.facts["pieces_jointes"] == first.facts["pieces_jointes"]
    assert new.key != first.key


def test_what_a_person_gave_up_can_be_sent_again(town: Town) -> None:
    town.fixture("titres-cantine.csv")
    town.store.abandon(1, "erreur", "Camille")
    _, (new,) = again(town, 1)
    assert (new.supersedes, new.delivery) == (1, DeliveryState.TODO)


# ---------------------------------------------------------------------------- refusals


def test_what_was_not_refused_is_not_sent_again(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    with pytest.raises(FaultError) as caught:
        again(town, 1)
    assert caught.value.faults.codes == ("INT-NOT_REFUSED",)


def test_what_was_sent_again_is_not_sent_again(town: Town) -> None:
    _, bad = one_of_two(town)
    again(town, bad.id)
    with pytest.raises(FaultError) as caught:
        again(town, bad.id)
    assert caught.value.faults.codes == ("INT-SUPERSEDED",)


def test_a_replacement_must_have_the_name_of_a_file(town: Town) -> None:
    _, bad = one_of_two(town)
    with pytest.raises(FaultError) as caught:
        again(town, bad.id, InputFile(name="autre.pdf", data=b"x"))
    (fault,) = caught.value.faults
    assert (fault.code, fault.params["name"]) == ("INT-REPLACEMENT", "autre.pdf")
    assert len(town.store.deposits()) == 1


def test_the_only_file_is_replaced_whatever_the_new_name(town: Town) -> None:
    town.fixture("titres-eau.csv")
    transmit_due(town.office)
    first = town.flow(1)
    town.answer(first, acquit(first, [Verdict(bordereau=3, accepted=False)]))
    collect_all(town.authority, town.office)
    corrected = InputFile(
        name="titres-eau-corrige.csv", data=(FIXTURES / "titres-eau-corrige.csv").read_bytes()
    )
    deposit, (new,) = again(town, 1, corrected)
    assert [file.name for file in deposit.files] == ["titres-eau.csv"]
    assert b"Fonction" not in town.store.documents.get(new.sha256)


def test_a_correction_that_is_still_wrong_comes_back_and_can_be_corrected(town: Town) -> None:
    first = send(town, "titres.csv", titres(titre(417, 12)))
    town.answer(first, acquit(first, [Verdict(bordereau=12, accepted=False)]))
    collect_all(town.authority, town.office)
    wrong = InputFile(name="titres.csv", data=titres(titre(417, 12, montant="douze")))
    second, made = again(town, 1, wrong)
    assert (second.state, made) == (DepositState.RETURNED, ())
    assert [path.name for path in town.folders.a_corriger.iterdir()] == ["titres"]
    third, (new,) = again(town, 1, InputFile(name="titres.csv", data=titres(titre(417, 12))))
    assert (second.replaces, third.replaces, new.supersedes) == (1, second.id, 1)
    assert town.tree(town.folders.a_corriger) == []


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        ("store", "receive", False),
        ("store", "receive", True),
        ("store", "pack", False),
        ("store", "pack", True),
        ("give_back", "put_away_corrected", True),
    ],
)
def test_a_crash_during_a_resubmission_is_finished_by_the_next_run(
    town: Town, die: Callable[..., None], owner: str, name: str, after: bool
) -> None:
    _, bad = one_of_two(town)
    die(town.store if owner == "store" else give_back, name, after=after)
    with pytest.raises(Crash):
        again(town, bad.id)
    town.night()
    new = town.by_numero("2026_042_R1")
    assert (new.supersedes, len(town.flows())) == (bad.id, 3)
    assert town.tree(town.folders.a_corriger) == []
    assert town.tree(town.folders.en_cours) == []
