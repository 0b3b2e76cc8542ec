"""Every row of two tables of the actes dossier has its proof: the messages (§4.1), the traps (§11).

A row is proven here, by a small check, or by tests elsewhere, named ``path::function``: that they
are still there is then checked.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from lxml import etree

from demat.actes.build import (
    build_accuse_courrier,
    build_annulation,
    build_demande_classification,
    build_message_acte,
    build_reponse,
)
from demat.actes.courriers import Reponse, SensReponse, TypeCourrier
from demat.actes.documents import detect_type
from demat.actes.echo import compare_echo
from demat.actes.envelope import build_archive, build_archive_annulation
from demat.actes.inbound import (
    AnomalieActe,
    ARActe,
    Inbound,
    MessageActe,
    parse_inbound,
    read_archive,
)
from demat.actes.lifecycle import EtatActe, next_etat
from demat.actes.lot import message_key, read_lot
from demat.actes.mail import read_mail
from demat.actes.model import format_matiere, parse_matiere
from demat.actes.names import IdActe, parse_file_name
from demat.actes.rules import check_acte
from demat.actes.text import safe_file_name
from demat.clock import paris_date
from demat.faults import FaultError
from demat.schemas.validate import validate
from tests.unit.actes.factories import ACTE, CONTEXTE, EMETTEUR, PDF, PNG, acte, piece
from tests.unit.actes.mails import (
    AR_NAME,
    ENVELOPE_NAME,
    ID,
    LETTER_FILE,
    LETTER_NAME,
    TABLE,
    add_logo,
    envelope,
    golden,
    mail,
)

ROOT = Path(__file__).parents[3]
LETTER = date(2024, 4, 8)
# --------------------------------------------------------------------------- messages (§4.1)


def answer(courrier: str, sens: str) -> bytes:
    return build_reponse(
        Reponse(
            courrier=TypeCourrier(courrier),
            sens=SensReponse(sens),
            id_acte=IdActe.parse(ID),
            date_courrier=LETTER,
            pieces=(piece(PDF),),
        )
    )


def receipt(courrier: str) -> bytes:
    return build_accuse_courrier(TypeCourrier(courrier), IdActe.parse(ID), LETTER)


@dataclass(frozen=True, slots=True)
class Message:
    """A row of §4.1."""

    code: str
    root: str
    built: Callable[[], bytes] | None = None
    """Writes it, when it is one of ours."""
    etat: EtatActe = EtatActe.TRANSMIS
    """What it makes of an act that was *transmis*."""


MESSAGES = (
    Message("1-1", "Acte", lambda: build_message_acte(ACTE, EMETTEUR)),
    Message("1-2", "ARActe", etat=EtatActe.ACQUITTE),
    Message("1-3", "AnomalieActe", etat=EtatActe.EN_ANOMALIE),
    Message("–", "AnomalieEnveloppe", etat=EtatActe.EN_ANOMALIE),
    Message("2-1", "CourrierSimple"),
    Message("2-2", "ReponseCourrierSimple", lambda: answer("2", "reponse")),
    Message("3-1", "DemandePieceComplementaire"),
    Message("3-2", "ARDemandePieceComplementaire", lambda: receipt("3")),
    Message("3-3", "RefusPieceComplementaire", lambda: answer("3", "refus")),
    Message("3-4", "PieceComplementaire", lambda: answer("3", "reponse")),
    Message("3-5", "ARPieceComplementaire"),
    Message("4-1", "LettreObservations"),
    Message("4-2", "ARLettreObservations", lambda: receipt("4")),
    Message("4-3", "RejetLettreObservations", lambda: answer("4", "refus")),
    Message("4-4", "ReponseLettreObservations", lambda: answer("4", "reponse")),
    Message("4-5", "ARReponseRejetLettreObservations"),
    Message("5-1", "DefereTA"),
    Message("6-1", "Annulation", lambda: build_annulation(IdActe.parse(ID))),
    Message("6-2", "ARAnnulation", etat=EtatActe.ANNULE),
    Message("7-1", "DemandeClassification", lambda: build_demande_classification(None)),
    Message("7-2", "RetourClassification"),
    Message("7-3", "ReponseClassificationSansChangement"),
)


def test_these_are_the_messages_of_the_dossier(shared: Path) -> None:
    text = (shared / "domain" / "actes.md").read_text(encoding="utf-8")
    table = text.partition("### 4.1")[2].partition("### 4.2")[0]
    rows = re.findall(r"^\| ([\d–-]+) \| (→|←) \| `(\w+)` \|", table, re.MULTILINE)
    ours = [(m.code, "→" if m.built else "←", m.root) for m in MESSAGES]
    assert rows == ours


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.root)
def test_each_message_is_read_alone_and_by_mail(message: Message) -> None:
    content = golden(message.root)
    assert list(validate(content)) == []
    name = f"{ID}-{message.code}_9.xml" if message.code != "–" else "ANO_message.xml"
    found = parse_inbound(content)
    assert message_key(found, name=name).root == message.root
    lot = read_lot("lot.eml", mail((name, content), (ENVELOPE_NAME, envelope(name))).as_bytes())
    assert lot.messages == {name: content}
    assert next_etat(EtatActe.TRANSMIS, found) is message.etat


@pytest.mark.parametrize("message", [m for m in MESSAGES if m.built], ids=lambda m: m.root)
def test_each_message_of_ours_is_written_valid_and_reads_back(message: Message) -> None:
    assert message.built is not None
    content = message.built()
    assert list(validate(content)) == []
    assert message_key(parse_inbound(content)).root == message.root
    sample = type(parse_inbound(golden(message.root)))
    assert isinstance(parse_inbound(content), sample)


# ------------------------------------------------------------------------------ traps (§11)

AR = golden("ARActe")


def read(content: bytes) -> Inbound:
    return parse_inbound(content)


def read_ar(content: bytes) -> ARActe:
    found = read(content)
    assert isinstance(found, ARActe)
    return found


def read_anomalie(content: bytes) -> AnomalieActe:
    found = read(content)
    assert isinstance(found, AnomalieActe)
    return found


def archive_of(**changes: object) -> bytes:
    return build_archive(
        acte(**changes),
        EMETTEUR,
        day=date(2024, 12, 30),
        serial=1,
        trigramme="XYZ",
        application="EACT",
    ).content


def calendar_year() -> None:
    assert read_archive(archive_of()).envelope_name == "EACT--000000000--20241230-1.xml"


def legal_day() -> None:
    assert paris_date(datetime(2024, 3, 14, 23, 30, tzinfo=UTC)) == date(2024, 3, 15)
    message = mail((AR_NAME, AR))
    message.replace_header("Date", "Mon, 18 Mar 2024 01:00:00 +0100")
    (content,) = read_mail(message.as_bytes()).messages.values()
    assert read_ar(content).date_reception == date(2024, 3, 15)


def dates_with_a_zone() -> None:
    content = AR.replace(b'Reception="2024-03-15"', b'Reception="2024-03-15+01:00"')
    assert read_ar(content).date_reception == date(2024, 3, 15)


def utf8_declared_latin1() -> None:
    content = AR.decode("iso-8859-1").encode("utf-8")
    assert b"ISO-8859-1" in content
    assert read_ar(content) == read_ar(AR)


def declared_or_not() -> None:
    text = AR.decode("iso-8859-1").replace("fêtes", "fêtes – œuvre")
    windows = read_ar(text.replace("ISO-8859-1", "windows-1252").encode("cp1252"))
    body = text.partition("?>")[2].encode("ascii", "xmlcharrefreplace")
    assert windows == read_ar(body)
    assert windows.acte_recu is not None
    assert windows.acte_recu.objet.endswith("fêtes – œuvre")
    lost = replace(windows.acte_recu, objet=windows.acte_recu.objet.replace("œ", "¿"))
    sent = MessageActe(**{n: getattr(lost, n) for n in MessageActe.__dataclass_fields__})
    assert list(compare_echo(sent, lost)) == []


def hyphen_in_a_number() -> None:
    name = "99_AR-099-000000000-20220214-AR-2022-02-AR-1-1_1.pdf"
    found = parse_file_name(name)
    assert found is not None
    assert (found.numero, found.nature) == ("AR-2022-02", "AR")


def names_of_agents() -> None:
    name = "Délibération n° 12 & « annexe ».PDF"
    assert safe_file_name(name) == "Deliberation_n_12_annexe.pdf"
    document = piece(PDF, name=name)
    found = read_archive(archive_of(document=document, annexes=(piece(PNG, name="A.JPEG"),)))
    assert list(found.documents) == [f"99_DE-{ID}-1-1_1.pdf", f"99_DE-{ID}-1-1_2.png"]
    message = mail((LETTER_NAME, golden("DemandePieceComplementaire")), (LETTER_FILE.upper(), PDF))
    assert read_mail(message.as_bytes()).documents == {LETTER_FILE: PDF}


def number_used_once_for_ever() -> None:
    contexte = replace(CONTEXTE, numero_used=lambda _: "acte de 2019, annulé")
    assert "ACT-012" in check_acte(ACTE, contexte).blocking.codes


def anomaly_without_id() -> None:
    key = message_key(read(golden("AnomalieActe")), name="", siren="000000000")
    assert (key.id_acte, key.siren, key.numero, key.date, key.nature) == (
        "",
        "000000000",
        "2024_012",
        date(2024, 3, 14),
        1,
    )


def lenient_answers() -> None:
    content = golden("AnomalieActe")
    bare = re.sub(rb"<actes:Detail>.*?</actes:Detail>", b"", content, flags=re.DOTALL)
    assert read_anomalie(bare).detail == ""
    for nature in (b"999", b"2", b"refus"):
        found = read_anomalie(content.replace(b">002<", b">" + nature + b"<"))
        assert found.nature == nature.decode()
    without = AR.replace(b"<actes:DocumentPapier>N</actes:DocumentPapier>", b"")
    assert without != AR
    assert read_ar(without) == read_ar(AR)


def several_echoes() -> None:
    echo = re.search(rb"<actes:ActeRecu.*</actes:ActeRecu>", AR, re.DOTALL)
    assert echo is not None
    twice = AR.replace(echo[0], echo[0] + echo[0].replace(b"2024_012", b"AUTRE"))
    assert read_ar(twice) == read_ar(AR)
    holes = AR.replace(
        b"<actes:Objet>", b'<actes:CodeMatiere5 actes:CodeMatiere="3"/><actes:Objet>', 1
    )
    recu = read_ar(holes).acte_recu
    assert recu is not None
    assert recu.matiere == (7, 10, 3)


def tuples_of_levels() -> None:
    assert parse_matiere("7.10") == (7, 10) != parse_matiere("7.1")
    assert format_matiere((7, 10)) == "7.10"
    assert sorted([(7, 10), (7, 2), (7, 1)]) == [(7, 1), (7, 2), (7, 10)]


def envelope_not_first() -> None:
    name = "099-000000000----1-3_1.xml"
    message = mail((name, golden("AnomalieActe")), (ENVELOPE_NAME, envelope(name)))
    assert read_lot("a.eml", message.as_bytes()).key_of(name).siren == "000000000"


def mails_without_xml() -> None:
    assert read_lot("a.eml", mail(text="", html=TABLE).as_bytes()).reminder == ID
    assert read_lot("a.eml", b"Subject: rien\r\n\r\n").reminder == ""


def every_part() -> None:
    inside = mail((LETTER_NAME, golden("DemandePieceComplementaire")), text="", html=TABLE)
    inside.add_attachment(
        PDF, maintype="application", subtype="pdf", filename=("utf-8", "fr", LETTER_FILE)
    )
    add_logo(inside)
    outer = EmailMessage()
    outer["Subject"] = "TR"
    outer.set_content("voir")
    outer.add_attachment(inside)
    found = read_mail(outer.as_bytes())
    assert found.documents == {LETTER_FILE: PDF}
    assert list(found.others) == ["logo.jpg"]


def answers_out_of_order() -> None:
    ar, anomaly, cancelled = (
        read(golden(root)) for root in ("ARActe", "AnomalieActe", "ARAnnulation")
    )
    assert next_etat(EtatActe.EN_ANOMALIE, ar) is EtatActe.ACQUITTE  # closed after 30 days
    assert next_etat(EtatActe.ACQUITTE, anomaly) is EtatActe.ACQUITTE
    assert next_etat(next_etat(EtatActe.TRANSMIS, cancelled), ar) is EtatActe.ANNULE


def date_of_the_letter() -> None:
    for content in (answer("3", "refus"), answer("4", "reponse"), receipt("3")):
        assert b'DateCourrierPref="2024-04-08"' in content
    keys = {
        message_key(read(golden("LettreObservations").replace(b"2024-05-02", day)))
        for day in (b"2024-05-02", b"2024-05-03")
    }
    assert len(keys) == 2


def ordered_annexes() -> None:
    annexes = tuple(piece(PDF + b"%d" % rank, type_pj=f"{rank}0_DE") for rank in range(9))
    found = read_archive(archive_of(annexes=annexes))
    assert list(found.documents.values())[1:] == [one.content for one in annexes]
    assert [name[:5] for name in found.documents][1:] == [one.type_pj for one in annexes]


def qualified_attributes() -> None:
    for message in MESSAGES:
        if message.built is not None:
            root = etree.fromstring(message.built())
            assert all(str(key).startswith("{") for node in root.iter("*") for key in node.attrib)


def types_by_content() -> None:
    assert detect_type(b"bonjour") == "unknown"
    faults = check_acte(acte(document=piece(b"bonjour", name="acte.pdf")), CONTEXTE)
    assert "ACT-028" in faults.blocking.codes


def types_of_another_nature() -> None:
    faults = check_acte(acte(document=piece(PDF, type_pj="99_AI")), CONTEXTE)
    assert "ACT-040" in faults.blocking.codes


def one_profile_per_siren() -> None:
    ccas = replace(EMETTEUR, siren="219901238")
    with pytest.raises(FaultError, match="ACT-051"):
        build_archive_annulation(
            IdActe.parse(ID),
            ccas,
            day=date(2024, 3, 15),
            serial=1,
            trigramme="XYZ",
            application="EACT",
        )


def addresses_of_the_protocol() -> None:
    for address in ("mairie@exemple.corsica", "mairie+actes@exemple.fr"):
        contexte = replace(CONTEXTE, emetteur=replace(EMETTEUR, adresses_retour=(address,)))
        assert "ACT-005" in check_acte(ACTE, contexte).blocking.codes
    packed = build_archive(
        ACTE,
        replace(EMETTEUR, referent_email=""),
        day=date(2024, 3, 15),
        serial=1,
        trigramme="XYZ",
        application="EACT",
    )
    assert list(validate(read_archive(packed.content).envelope)) == []


UNIT = "tests/unit/"
HERE = f"{UNIT}actes/"
ENGINE = f"{UNIT}engine/"
TRAPS: dict[int, tuple[Callable[[], None] | str, ...]] = {
    1: (calendar_year, f"{HERE}test_names.py::test_names_carry_the_calendar_year"),
    2: (legal_day, f"{HERE}test_mail.py::test_the_date_of_the_mail_is_informative"),
    3: (dates_with_a_zone,),
    4: (utf8_declared_latin1, f"{HERE}test_inbound.py::test_encodings"),
    5: (
        declared_or_not,
        f"{HERE}test_echo.py::test_what_transport_does_to_an_objet_is_no_difference",
    ),
    6: (hyphen_in_a_number, f"{HERE}test_names.py::test_hyphens_inside_the_number_of_others"),
    7: (names_of_agents,),
    8: (
        number_used_once_for_ever,
        f"{ENGINE}test_prepare_actes.py::test_a_number_already_sent_is_refused",
    ),
    9: (
        anomaly_without_id,
        f"{HERE}test_lot.py::test_an_anomaly_with_empty_act_fields_everywhere",
    ),
    10: (lenient_answers,),
    11: (several_echoes,),
    12: (
        tuples_of_levels,
        f"{UNIT}intake/test_seance.py::test_a_matiere_held_as_a_number_may_have_lost_its_zero",
        f"{UNIT}publish/test_decision.py::test_deeper_levels_follow_the_level_2_and_7_10_is_not_7_1",
    ),
    13: (envelope_not_first,),
    14: (mails_without_xml, f"{HERE}test_mail.py::test_a_reminder_of_the_paper_complement"),
    15: (every_part, f"{HERE}test_mail.py::test_encoded_names"),
    17: (answers_out_of_order, f"{ENGINE}test_collect.py::test_an_ar_after_an_anomaly_wins"),
    18: (date_of_the_letter,),
    20: (
        f"{ENGINE}test_transmit.py::test_unreachable_waits_longer_each_time_and_sends_the_same_bytes",
        f"{ENGINE}test_transmit.py::test_what_was_perhaps_received_is_not_sent_again",
        f"{ENGINE}test_transmit.py::test_a_crash_while_sending_an_act_makes_no_double",
    ),
    16: (
        f"{ENGINE}test_inbox.py::test_a_letter_is_marked_only_once_it_is_kept",
        f"{ENGINE}test_inbox.py::test_a_letter_that_cannot_be_kept_stays_unread",
    ),
    19: (
        f"{ENGINE}test_inbox.py::test_the_receipt_of_a_letter_leaves_by_itself_once",
        f"{ENGINE}test_inbox.py::test_no_receipt_where_the_other_side_sends_it",
    ),
    21: (
        f"{UNIT}queue/test_registers.py::test_two_processes_never_get_the_same_serial",
        "tests/integration/test_actes_serials.py::test_serials_restart_every_day_and_no_name_ever_serves_twice",
    ),
    22: (ordered_annexes,),
    23: (f"{HERE}test_envelope.py::test_the_archive_is_plain_ustar_without_owner",),
    24: (qualified_attributes,),
    25: (
        "tests/integration/test_tampon_signed.py::test_the_stamped_copy_of_a_signed_file_is_not_signed_any_more_and_it_is_said",
    ),
    26: (
        f"{UNIT}signing/test_pades.py::test_expired_today_but_not_when_it_signed",
        f"{UNIT}signing/test_pades.py::test_expired_when_it_signed",
    ),
    27: (types_by_content, f"{HERE}test_documents.py::test_detect_type"),
    28: (types_of_another_nature,),
    29: (
        f"{UNIT}publish/test_decision.py::test_every_matiere_for_every_nature",
        f"{ENGINE}test_publish.py::test_an_individual_act_is_in_no_byte_of_the_site",
    ),
    30: (
        f"{ENGINE}test_publish.py::test_the_page_tells_the_author_the_receipt_and_the_day_in_paris",
    ),
    31: (
        f"{UNIT}connectors/test_s2low_tls.py::test_one_fingerprint_among_several_suffices",
        f"{UNIT}connectors/test_http.py::test_server_of_an_unknown_authority",
        f"{ENGINE}test_transmit.py::test_after_the_last_attempt_it_still_waits",
    ),
    32: (f"{ENGINE}test_inbox.py::test_a_message_of_a_test_system_never_touches_production",),
    33: (one_profile_per_siren,),
    34: (addresses_of_the_protocol,),
    35: (
        f"{UNIT}schemas/test_catalogue.py::test_the_day_chooses_the_edition",
        f"{UNIT}schemas/test_installed.py::test_the_date_of_the_document_chooses",
    ),
}  # fmt: skip
"""Trap → its proofs."""


def test_every_trap_has_its_proof() -> None:
    assert TRAPS.keys() == set(range(1, 36))
    assert all(TRAPS.values())


def test_these_are_the_traps_of_the_dossier(shared: Path) -> None:
    text = (shared / "domain" / "actes.md").read_text(encoding="utf-8")
    table = text.partition("## 11. Known traps")[2].partition("## 12.")[0]
    assert [int(rank) for rank in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(
        range(1, 36)
    )


@pytest.mark.parametrize(
    "check", [check for checks in TRAPS.values() for check in checks if callable(check)]
)
def test_each_trap_of_the_protocol(check: Callable[[], None]) -> None:
    check()


def defined(path: Path) -> set[str]:
    """Return the names of the functions that a file defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    "name", [name for checks in TRAPS.values() for name in checks if isinstance(name, str)]
)
def test_each_trap_met_elsewhere_has_its_test(name: str) -> None:
    path, _, function = name.partition("::")
    assert function.startswith("test_")
    assert function in defined(ROOT / path)
