"""Archives and their names."""

import io
import tarfile
from datetime import timedelta

from demat.sandbox import plis
from demat.sandbox.plis import Contents
from demat.sandbox.scenario import Autorite, Emetteur
from tests.unit.sandbox.helpers import START, Platform, depot

MESSAGE = b'<actes:Annulation xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216"/>'


def contents(**changes: object) -> Contents:
    autorite = Autorite(**changes)  # type: ignore[arg-type]  # named by each test
    return Contents(autorite=autorite, name="m.xml", message=MESSAGE)


def test_names_carry_a_serial_that_restarts_every_day_and_for_each_sender() -> None:
    platform = Platform()
    world, ministere = platform.world, platform.state.ministere
    tomorrow = START + timedelta(days=1)
    names = [
        plis.to_ministry(world, contents(), START).name,
        plis.to_ministry(world, contents(), START).name,
        plis.to_ministry(world, contents(siren="123456782"), START).name,
        plis.to_ministry(world, contents(), tomorrow).name,
        plis.packed_mail(world, plis.from_ministry(ministere, contents(), START)).name,
        plis.packed_mail(
            world, plis.from_ministry(ministere, contents(emetteur=Emetteur.PREFECTURE), START)
        ).name,
        plis.packed_mail(world, plis.from_ministry(ministere, contents(), START)).name,
    ]
    assert names == [
        "BAS-EACT--000000000--20260302-1.tar.gz",
        "BAS-EACT--000000000--20260302-2.tar.gz",
        "BAS-EACT--123456782--20260302-1.tar.gz",
        "BAS-EACT--000000000--20260303-1.tar.gz",
        "BAS-EACT--SPREF0991-000000000-20260302-1.tar.gz",
        "BAS-EACT--PREF099-000000000-20260302-1.tar.gz",
        "BAS-EACT--SPREF0991-000000000-20260302-2.tar.gz",
    ]


def test_the_day_of_an_archive_is_the_one_in_paris() -> None:
    late = START + timedelta(hours=14, minutes=30)  # 23:30 UTC, 00:30 the day after in Paris
    pli = plis.to_ministry(Platform().world, contents(), late)
    assert pli.envelope.name == "EACT--000000000--20260303-1.xml"


def test_an_archive_is_flat_plain_and_byte_stable() -> None:
    platform = Platform()
    files = plis.from_ministry(platform.state.ministere, contents(), START)
    pli = plis.packed_mail(platform.world, files)
    packed = plis.tar_gz(pli.files)
    assert plis.untar(packed) == {file.name: file.content for file in pli.files}
    assert (packed, packed[4:8]) == (plis.tar_gz(pli.files), bytes(4))  # no time in its header
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [pli.envelope.name, "m.xml"]
    assert {(m.isreg(), m.mtime, m.uid, m.uname, m.mode) for m in members} == {
        (True, 0, 0, "", 0o644)
    }
    assert pli.root == "Annulation"


def test_a_file_about_an_act_begins_with_its_identifier() -> None:
    assert plis.file_name(depot(), "3-1", 12, "pdf") == (
        "099-000000000-20260227-2026_012-DE-3-1_12.pdf"
    )
