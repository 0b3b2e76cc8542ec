"""The archive that leaves (actes dossier §2.5, §3.3)."""

import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from demat.actes.envelope import EnveloppeActes, build_archive, build_envelope
from demat.actes.inbound import EnveloppeCL, parse_inbound, read_archive
from demat.actes.model import Acte, Emetteur
from demat.faults import FaultError
from tests.unit.actes.factories import ACTE, DOCX, EMETTEUR, PDF, PNG, acte, piece

DAY = date(2024, 3, 15)
PREFIX = "099-000000000-20240314-2024_012-DE-1-1"
WITH_ANNEXES = acte(annexes=(piece(PNG), piece(b"%PDF- autre", type_pj="70_DE")))


def pack(value: Acte = ACTE, emetteur: Emetteur = EMETTEUR, **changes: object) -> EnveloppeActes:
    options: dict[str, object] = {
        "day": DAY,
        "serial": 1,
        "trigramme": "XYZ",
        "application": "EACT",
        **changes,
    }
    return build_archive(value, emetteur, **options)  # type: ignore[arg-type]  # test's own


def test_names_and_members() -> None:
    packed = pack(WITH_ANNEXES, serial=12)
    assert packed.name == "XYZ-EACT--000000000--20240315-12.tar.gz"
    assert packed.envelope_name == "EACT--000000000--20240315-12.xml"
    assert packed.id_acte == "099-000000000-20240314-2024_012-DE"
    assert packed.members == (
        "EACT--000000000--20240315-12.xml",
        f"{PREFIX}_0.xml",
        f"99_DE-{PREFIX}_1.pdf",
        f"99_DE-{PREFIX}_2.png",
        f"70_DE-{PREFIX}_3.pdf",
    )


def test_the_archive_is_plain_ustar_without_owner() -> None:
    packed = pack(WITH_ANNEXES)
    raw = gzip.decompress(packed.content)
    assert raw[257:263] == b"ustar\x00"
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        members = archive.getmembers()
    assert tuple(member.name for member in members) == packed.members
    midnight = int(datetime(2024, 3, 15, tzinfo=UTC).timestamp())
    assert {(m.type, m.uid, m.gid, m.uname, m.gname, m.mode, m.mtime) for m in members} == {
        (tarfile.REGTYPE, 0, 0, "", "", 0o644, midnight)
    }


def test_same_act_same_bytes() -> None:
    assert pack() == pack(replace(ACTE))
    assert pack().content != pack(serial=2).content


def test_the_compressed_file_is_dated_like_its_members() -> None:
    # without a date of ours gzip writes the present second: two tries would differ
    midnight = int(datetime(2024, 3, 15, tzinfo=UTC).timestamp())
    assert pack().content[4:8] == midnight.to_bytes(4, "little")


def test_the_archive_is_compressed_as_gzip_does_by_default() -> None:
    # 2 would mean the slowest level, 4 the fastest (RFC 1952, XFL)
    assert pack().content[8] == 0


def test_the_archive_reads_back_with_its_files() -> None:
    packed = pack(WITH_ANNEXES)
    found = read_archive(packed.content)
    assert found.envelope_name == packed.envelope_name
    assert list(found.documents.values()) == [PDF, PNG, b"%PDF- autre"]
    id_acte, message = found.acte()
    assert str(id_acte) == packed.id_acte
    assert (message.document_name, *message.annexes) == packed.members[2:]


def test_each_xml_is_valid(assert_valid: Callable[[bytes], None]) -> None:
    found = read_archive(pack(WITH_ANNEXES).content)
    assert_valid(found.envelope)
    for message in found.messages.values():
        assert_valid(message)


@pytest.mark.parametrize(
    "referent",
    [
        {},
        {"referent_nom": "", "referent_telephone": "", "referent_email": ""},
        {"referent_email": ""},
        {"referent_nom": "", "referent_telephone": ""},
    ],
)
def test_the_envelope_omits_what_is_empty(
    referent: dict[str, str], assert_valid: Callable[[bytes], None]
) -> None:
    emetteur = replace(EMETTEUR, **referent)
    content = build_envelope(emetteur, ("a_0.xml",))
    assert_valid(content)
    assert (b"<actes:Referent>" in content) is bool(
        emetteur.referent_nom or emetteur.referent_email
    )
    assert content.count(b"<actes:Nom>") == bool(emetteur.referent_nom)
    assert content.count(b"<actes:Telephone>") == bool(emetteur.referent_telephone)
    addresses = len(emetteur.adresses_retour) + bool(emetteur.referent_email)
    assert content.count(b"<actes:Email>") == addresses


def test_the_envelope_reads_back_without_double_addresses() -> None:
    emetteur = replace(EMETTEUR, adresses_retour=("b@tdt-fictif.fr", "a@c.fr", "b@tdt-fictif.fr"))
    assert parse_inbound(build_envelope(emetteur, ("a_0.xml", "b_0.xml"))) == EnveloppeCL(
        siren="000000000",
        departement="099",
        arrondissement="1",
        nature="31",
        adresses_retour=("b@tdt-fictif.fr", "a@c.fr"),
        formulaires=("a_0.xml", "b_0.xml"),
    )


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"serial": 0}, "XYZ-EACT--000000000--20240315-0.tar.gz"),
        ({"serial": 10000}, "XYZ-EACT--000000000--20240315-10000.tar.gz"),
        ({"trigramme": "XY"}, "XY-EACT--000000000--20240315-1.tar.gz"),
        ({"application": "eact"}, "XYZ-eact--000000000--20240315-1.tar.gz"),
        ({"value": acte(document=piece(DOCX))}, f"99_DE-{PREFIX}_1.zip"),
    ],
)
def test_a_name_out_of_the_norm_is_our_mistake(options: dict[str, object], name: str) -> None:
    with pytest.raises(FaultError) as error:
        pack(**options)  # type: ignore[arg-type]  # options of the table
    (fault,) = error.value.faults
    assert (fault.code, fault.params) == ("ACT-051", {"name": name})
