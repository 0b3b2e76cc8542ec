"""Official editions of the PES, installed, give the verdicts of xmllint on the official files.

The editions are not part of the project: these tests are skipped without them.
"""

import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from demat.engine.examine import examine
from demat.helios.rules import ContextePes
from demat.schemas.catalogue import ROOTS
from demat.schemas.installed import catalogue_of, choose, editions, install, named
from demat.schemas.validate import validate
from tests.conftest import ROOT, needs_program

GOLDEN = ROOT / "tests" / "golden" / "pes"
DOCUMENTS = sorted(path.name for path in GOLDEN.glob("*.xml"))
VALID_FROM = {"4.7.1": date(2015, 7, 1), "5.11": date(2022, 1, 1)}
NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
ENTRIES = {
    (f"{base}/{path}", root): file
    for base in ("http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0",)
    for path, root, file in (
        ("aller", "PES_Aller", "Rev0/PES_Aller.xsd"),
        ("retour/v2", "PES_ACQUIT", "Rev0/PES_V2_Acquit_Autonome_V2.xsd"),
        ("retour", "PES_ACQUIT", "Rev0/PES_V2_Acquit_Autonome.xsd"),
        ("retour", "PES_Retour", "RETOUR/Rev0/PES_Retour.xsd"),
        ("aller/ack", "PES_ACQUIT_RETOUR", "RETOUR/Rev0/PES_V2_Acquit_Retour.xsd"),
    )
}
"""Namespace and root → entry point of the official sets, as their PROVENANCE tells it."""


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install one edition out of a folder, the other out of an archive."""
    place = tmp_path_factory.mktemp("schemas")
    official = shared / "official" / "pes"
    packed = shutil.make_archive(str(place.parent / "pes-5.11"), "zip", official / "5.11")
    for edition, source in (("4.7.1", official / "4.7.1"), ("5.11", Path(packed))):
        install(source, place, edition=edition, valid_from=VALID_FROM[edition], now=NOW)
    return place


PLACE = (
    b'<LieuNaissance><NeEnFrance V="1"/><MetropoleDomCom><CodeDeptDomCom V="2A"/>'
    b'<CodeCommune V="004"/><LibelleCommune V="SAINT-EXEMPLE"/></MetropoleDomCom></LieuNaissance>'
)


def xmllint(schema: Path, document: Path) -> bool:
    command = [needs_program("xmllint"), "--noout", "--nonet", "--schema", schema, document]
    code = subprocess.run(command, capture_output=True, check=False).returncode
    assert code in (0, 3)  # 3: not valid; anything else is a failure of the program
    return code == 0


def test_the_entry_points_are_those_of_the_official_sets(shared: Path, folder: Path) -> None:
    assert {kind for kind in ROOTS if kind[1]} == set(ENTRIES)
    for item in editions(folder):
        base = folder / item.edition / "fichiers" / "PES_V2"
        found = {
            (entry.namespace, entry.root_name): entry.path.relative_to(base).as_posix()
            for entry in item.entries
        }
        official = shared / "official" / "pes" / item.edition / "PES_V2"
        assert found == {kind: p for kind, p in ENTRIES.items() if (official / p).is_file()}


@pytest.mark.parametrize("edition", VALID_FROM)
def test_the_files_are_kept_byte_for_byte(shared: Path, folder: Path, edition: str) -> None:
    source = shared / "official" / "pes" / edition
    kept = folder / edition / "fichiers"
    files = sorted(path.relative_to(source) for path in source.rglob("*.xsd"))
    assert sorted(path.relative_to(kept) for path in kept.rglob("*") if path.is_file()) == files
    assert all((kept / path).read_bytes() == (source / path).read_bytes() for path in files)


@pytest.mark.parametrize("edition", VALID_FROM)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_installed_edition_judges_as_xmllint(
    shared: Path, folder: Path, name: str, edition: str
) -> None:
    root = etree.QName(etree.parse(GOLDEN / name).getroot())
    entry = ENTRIES[root.namespace or "", root.localname]
    schema = shared / "official" / "pes" / edition / "PES_V2" / entry
    if not schema.is_file():  # PES_ACQUIT_RETOUR came after 4.7.1
        assert (edition, name) == ("4.7.1", "acquit_retour.xml")
        return
    catalogue = catalogue_of(folder).with_choice(named(folder, edition))
    ours = not validate((GOLDEN / name).read_bytes(), catalogue=catalogue)
    assert ours == xmllint(schema, GOLDEN / name)


def test_both_verdicts_are_met(folder: Path) -> None:
    catalogue = catalogue_of(folder).with_choice(named(folder, "4.7.1"))
    judged = {n: not validate((GOLDEN / n).read_bytes(), catalogue=catalogue) for n in DOCUMENTS}
    assert [name for name, valid in judged.items() if valid] == [
        "acquit_ancien.xml",
        "acquit_retour.xml",
        "aller_depense.xml",
        "aller_recette.xml",
        "aller_signe.xml",
    ]


def new_field(content: bytes) -> bytes:
    """Add the place of birth of a tiers, which came after 4.7.1."""
    assert b"<Prenom " in content
    head, mark, tail = content.partition(b"<Prenom ")
    end = tail.index(b"/>") + 2
    return head + mark + tail[:end] + PLACE + tail[end:]


def test_a_field_that_came_later_is_refused_by_the_old_edition_only(
    shared: Path, folder: Path, tmp_path: Path
) -> None:
    plain = (GOLDEN / "aller_recette.xml").read_bytes()
    flow = new_field(plain)
    old = catalogue_of(folder).with_choice(named(folder, "4.7.1"))
    assert not validate(plain, catalogue=old)
    (fault,) = validate(flow, catalogue=old)
    assert (fault.code, fault.params["element"]) == ("XSD-UNEXPECTED_ELEMENT", "LieuNaissance")
    assert not validate(flow)
    assert not validate(flow, catalogue=catalogue_of(folder))
    (tmp_path / "flux.xml").write_bytes(flow)
    official = shared / "official" / "pes"
    schemas = [official / e / "PES_V2/Rev0/PES_Aller.xsd" for e in ("4.7.1", "5.11", "5.17")]
    assert [xmllint(path, tmp_path / "flux.xml") for path in schemas] == [False, True, True]


def test_what_leaves_is_judged_by_the_edition_that_was_chosen(
    shared: Path, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "donnees" / "schemas"
    shutil.copytree(folder, place)
    flow = new_field((GOLDEN / "aller_recette.xml").read_bytes())
    contexte = ContextePes(budgets=(), today=date(2026, 3, 12))
    for edition, expected in (("4.7.1", "XSD-UNEXPECTED_ELEMENT"), ("5.11", "")):
        choose(place, edition, "PES_Aller")
        found = examine(flow, contexte, catalogue_of(place)).faults
        schema = [code for code in found.codes if code.startswith("XSD-")]
        assert schema == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (b"2016-01-31", "4.7.1"),
        (b"2021-12-31", "4.7.1"),
        (b"2022-01-01", "5.11"),
        (b"2024-01-01", "pes-5.17"),
    ],
)
def test_the_date_of_the_flow_chooses_the_edition(folder: Path, day: bytes, expected: str) -> None:
    content = new_field((GOLDEN / "aller_recette.xml").read_bytes())
    content = content.replace(b'<DteStr V="2026-03-12"/>', b'<DteStr V="' + day + b'"/>', 1)
    catalogue = catalogue_of(folder)
    refused = bool(validate(content, catalogue=catalogue))
    assert refused is (expected == "4.7.1")
    root = etree.QName(etree.fromstring(content))
    entry = catalogue.find(root, date.fromisoformat(day.decode()))
    assert entry is not None
    assert entry.edition == expected


def test_an_altered_official_file_is_not_used(shared: Path, tmp_path: Path, folder: Path) -> None:
    place = tmp_path / "schemas"
    shutil.copytree(folder, place)
    choose(place, "4.7.1", "PES_Retour")
    target = place / "5.11/fichiers/PES_V2/Simple_Type.xsd"
    target.write_bytes(target.read_bytes() + b" ")
    used = {entry.edition for entry in catalogue_of(place).entries}
    assert used == {"actes-2017", "pes-5.17", "budget-5.17", "4.7.1"}
