"""Editions that a user installs: found by content, kept untouched, verified, chosen."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from demat.faults import FaultError
from demat.schemas.catalogue import ACTES, Catalogue
from demat.schemas.installed import (
    catalogue_of,
    choices,
    choose,
    editions,
    install,
    named,
)
from demat.schemas.validate import validate
from tests.unit.schemas.test_archives import make_folder, make_zip

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
DAY = date(2015, 7, 1)
PES = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0"
HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{0}" targetNamespace="{0}">'
DATED = (
    '<xs:element name="EnTetePES"><xs:complexType><xs:sequence><xs:element name="DteStr">'
    '<xs:complexType><xs:attribute name="V"/></xs:complexType></xs:element></xs:sequence>'
    "</xs:complexType></xs:element>"
)


def schema(namespace: str, body: str) -> bytes:
    return f"{HEAD.format(namespace)}{body}</xs:schema>".encode()


def aller(field: str = "Ancien", extra: str = "") -> bytes:
    """Return a small schema of PES_Aller that knows one field."""
    content = f'<xs:sequence>{DATED}<xs:element name="{field}" minOccurs="0"/></xs:sequence>'
    root = f'<xs:element name="PES_Aller"><xs:complexType>{content}</xs:complexType></xs:element>'
    return schema(f"{PES}/aller", extra + root)


def document(field: str, day: str = "2016-01-31") -> bytes:
    head = f'<EnTetePES><DteStr V="{day}"/></EnTetePES>'
    return f'<n:PES_Aller xmlns:n="{PES}/aller">{head}<{field}/></n:PES_Aller>'.encode()


INCLUDING = {
    "PES_V2/Rev0/PES_Aller.xsd": aller(extra='<xs:include schemaLocation="../Types.xsd"/>'),
    "PES_V2/Types.xsd": schema(f"{PES}/aller", '<xs:simpleType name="T"><xs:restriction '
                               'base="xs:string"/></xs:simpleType>'),
}  # fmt: skip


def put(folder: Path, edition: str, files: dict[str, bytes], day: date = DAY) -> Path:
    """Install a set of files; return the folder of installed editions."""
    source = make_zip(folder.parent / f"pes-{edition}.zip", files)
    install(source, folder, edition=edition, valid_from=day, now=NOW)
    return folder


def refused(
    folder: Path, files: dict[str, bytes], edition: str = "1"
) -> tuple[str, dict[str, str]]:
    with pytest.raises(FaultError) as caught:
        put(folder, edition, files)
    assert list(folder.glob("*")) == list(folder.glob(".*")) == []
    fault = next(iter(caught.value.faults))
    return fault.code, dict(fault.params)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "schemas"


def test_an_edition_is_kept_as_it_came(folder: Path) -> None:
    put(folder, "4.7.1", INCLUDING | {"lisez-moi.txt": b"bonjour"})
    (found,) = editions(folder)
    archive = folder.parent / "pes-4.7.1.zip"
    assert (found.edition, found.valid_from, found.installed_at) == ("4.7.1", DAY, NOW)
    assert found.origin == "pes-4.7.1.zip"
    assert found.origin_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert found.files == {n: hashlib.sha256(c).hexdigest() for n, c in INCLUDING.items()}
    kept = folder / "4.7.1" / "fichiers"
    assert {n: (kept / n).read_bytes() for n in INCLUDING} == INCLUDING
    (entry,) = found.entries
    assert (entry.namespace, entry.root_name, entry.flux) == (
        f"{PES}/aller",
        "PES_Aller",
        "PES_Aller",
    )
    assert (entry.path, entry.origin) == (kept / "PES_V2/Rev0/PES_Aller.xsd", "pes-4.7.1.zip")
    assert not found.faults
    assert {path.name for path in folder.iterdir()} == {"4.7.1"}


def test_a_folder_is_installed_too(folder: Path, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "officiel", INCLUDING)
    done = install(source, folder, edition="a", valid_from=DAY, now=NOW)
    assert (done.origin, done.origin_sha256) == ("officiel", "")


def test_every_kind_of_document_is_found_by_its_content(folder: Path) -> None:
    root = '<xs:element name="{}"/>'
    put(
        folder,
        "a",
        {
            "1.xsd": aller(),
            "2.xsd": schema(f"{PES}/retour", root.format("PES_ACQUIT")),
            "3.xsd": schema(f"{PES}/retour/v2", root.format("PES_ACQUIT")),
            "4.xsd": schema(f"{PES}/retour", root.format("PES_Retour")),
            "5.xsd": schema(f"{PES}/aller/ack", root.format("PES_ACQUIT_RETOUR")),
            "6.xsd": schema(ACTES, root.format("Acte")),
            "7.xsd": schema("urn:autre", root.format("PES_Aller")),
            "8.xsd": b"<autre/>",
        },
    )
    (found,) = editions(folder)
    assert [(entry.flux, entry.path.name) for entry in found.entries] == [
        ("ACTES", "6.xsd"),
        ("PES_Aller", "1.xsd"),
        ("PES_ACQUIT", "3.xsd"),
        ("PES_ACQUIT", "2.xsd"),
        ("PES_Retour", "4.xsd"),
        ("PES_ACQUIT_RETOUR", "5.xsd"),
    ]


def test_the_entry_of_actes_is_the_file_that_includes_the_others(folder: Path) -> None:
    part = schema(ACTES, '<xs:element name="Acte"/>')
    whole = schema(ACTES, '<xs:include schemaLocation="a.xsd"/><xs:element name="Autre"/>')
    put(folder, "a", {"a.xsd": part, "b.xsd": whole})
    (found,) = editions(folder)
    assert [entry.path.name for entry in found.entries] == ["b.xsd"]


@pytest.mark.parametrize(
    ("files", "code", "params"),
    [
        ({"a.xsd": schema("urn:x", '<xs:element name="PES_Aller"/>')}, "XSD-SET_NO_ROOT", {}),
        ({"a.xsd": aller()[:-3]}, "XML-SYNTAX", None),
        ({"a.xsd": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a/>"}, "XML-DTD", {}),
        (
            {"4/a.xsd": aller(), "5/a.xsd": aller()},
            "XSD-SET_TWICE",
            {"root": "PES_Aller", "files": "4/a.xsd, 5/a.xsd"},
        ),
        (
            {"a/PES.xsd": INCLUDING["PES_V2/Rev0/PES_Aller.xsd"]},
            "XSD-SET_MISSING",
            {"name": "a/PES.xsd", "location": "../Types.xsd"},
        ),
        (
            {"a.xsd": aller(extra='<xs:include schemaLocation="../../../etc/passwd"/>')},
            "XSD-SET_MISSING",
            {"name": "a.xsd", "location": "../../../etc/passwd"},
        ),
        (
            {"a.xsd": aller(extra='<xs:import namespace="u" schemaLocation="http://u/b.xsd"/>')},
            "XSD-SET_MISSING",
            {"name": "a.xsd", "location": "http://u/b.xsd"},
        ),
        ({"a.xsd": aller(extra='<xs:element name="x" type="rien"/>')}, "XSD-SET_COMPILE", None),
    ],
)
def test_what_cannot_serve_is_refused_and_nothing_is_kept(
    folder: Path, files: dict[str, bytes], code: str, params: dict[str, str] | None
) -> None:
    found = refused(folder, files)
    assert found[0] == code
    assert params is None or found[1] == params


@pytest.mark.parametrize("name", ["", "auto", "../a", ".a", "a b", "é", "x" * 41])
def test_an_edition_has_a_plain_name(folder: Path, tmp_path: Path, name: str) -> None:
    source = make_folder(tmp_path / "officiel", INCLUDING)
    with pytest.raises(FaultError, match="CFG-SCHEMA_NAME"):
        install(source, folder, edition=name, valid_from=DAY, now=NOW)
    assert not folder.exists()


def test_an_edition_is_never_replaced(folder: Path) -> None:
    put(folder, "1", {"a.xsd": aller()})
    with pytest.raises(FaultError, match="CFG-SCHEMA_EXISTS"):
        put(folder, "1", {"a.xsd": aller("Nouveau")})
    with pytest.raises(FaultError, match="CFG-SCHEMA_EXISTS"):
        put(folder, "pes-5.17", {"a.xsd": aller()})
    assert b"Ancien" in (folder / "1/fichiers/a.xsd").read_bytes()


def test_the_date_of_the_document_chooses(folder: Path) -> None:
    put(folder, "1", {"a.xsd": aller("Ancien")}, date(2015, 7, 1))
    put(folder, "2", {"a.xsd": aller("Recent")}, date(2022, 1, 1))
    catalogue = catalogue_of(folder)
    judged = [
        [
            validate(document(field, day), catalogue=catalogue).codes
            for field in ("Ancien", "Recent")
        ]
        for day in ("2016-01-31", "2021-12-31", "2022-01-01")
    ]
    no = ("XSD-UNEXPECTED_ELEMENT",)
    assert judged == [[(), no], [(), no], [no, ()]]
    found = catalogue.find(etree.QName(f"{PES}/aller", "PES_Aller"), date(2025, 1, 1))
    assert found is not None
    assert found.edition == "pes-5.17"
    assert Catalogue.default().find(etree.QName(f"{PES}/aller", "PES_Aller"), DAY) == found


def test_a_choice_wins_over_the_date_until_it_is_undone(folder: Path) -> None:
    put(folder, "1", {"a.xsd": aller("Ancien")}, date(2015, 7, 1))
    put(folder, "2", {"a.xsd": aller("Recent")}, date(2022, 1, 1))
    flow = document("Recent", "2016-01-31")
    assert validate(flow, catalogue=catalogue_of(folder)).codes == ("XSD-UNEXPECTED_ELEMENT",)
    assert choose(folder, "2") == {"PES_Aller": "2"} == choices(folder)
    assert not validate(flow, catalogue=catalogue_of(folder))
    assert choose(folder, "pes-5.17", "PES_Retour") == {"PES_Aller": "2", "PES_Retour": "pes-5.17"}
    assert choose(folder, "auto", "PES_Aller") == {"PES_Retour": "pes-5.17"}
    assert validate(flow, catalogue=catalogue_of(folder)).codes == ("XSD-UNEXPECTED_ELEMENT",)
    assert choose(folder, "auto") == {} == choices(folder)


def test_a_choice_for_one_flux_leaves_the_others(folder: Path) -> None:
    retour = schema(f"{PES}/retour", '<xs:element name="PES_Retour"/>')
    put(folder, "1", {"a.xsd": aller(), "b.xsd": retour}, date(2015, 7, 1))
    choose(folder, "1", "PES_Retour")
    catalogue = catalogue_of(folder)
    assert [entry.flux for entry in catalogue.chosen] == ["PES_Retour"]


@pytest.mark.parametrize(
    ("edition", "flux", "code", "params"),
    [
        (
            "9",
            "",
            "CFG-SCHEMA_UNKNOWN",
            {"edition": "9", "known": "actes-2017, pes-5.17, budget-5.17, 1"},
        ),
        (
            "1",
            "ACTES",
            "CFG-SCHEMA_FLUX",
            {"edition": "1", "flux": "ACTES", "known": "PES_Aller"},
        ),
    ],
)
def test_a_choice_that_cannot_be_made(
    folder: Path, edition: str, flux: str, code: str, params: dict[str, str]
) -> None:
    put(folder, "1", {"a.xsd": aller()})
    with pytest.raises(FaultError) as caught:
        choose(folder, edition, flux)
    (fault,) = caught.value.faults
    assert (fault.code, fault.params) == (code, params)
    assert choices(folder) == {}


@pytest.mark.parametrize("change", ["written", "removed", "link"])
def test_an_altered_edition_is_not_used(folder: Path, tmp_path: Path, change: str) -> None:
    put(folder, "1", INCLUDING)
    target = folder / "1/fichiers/PES_V2/Types.xsd"
    (tmp_path / "copie.xsd").write_bytes(target.read_bytes())
    if change == "written":
        target.write_bytes(target.read_bytes() + b"\n")
    else:
        target.unlink()
    if change == "link":
        target.symlink_to(tmp_path / "copie.xsd")
    (found,) = editions(folder)
    assert [(fault.code, dict(fault.params)) for fault in found.faults] == [
        ("CFG-SCHEMA_ALTERED", {"edition": "1", "name": "PES_V2/Types.xsd"})
    ]
    assert catalogue_of(folder) == Catalogue.default()
    for attempt in (lambda: choose(folder, "1"), lambda: named(folder, "1")):
        with pytest.raises(FaultError, match="CFG-SCHEMA_ALTERED"):
            attempt()


def test_a_chosen_edition_that_was_altered_or_removed_stops(folder: Path) -> None:
    put(folder, "1", {"a.xsd": aller()})
    choose(folder, "1")
    (folder / "1/fichiers/a.xsd").write_bytes(aller("Recent"))
    with pytest.raises(FaultError, match="CFG-SCHEMA_ALTERED"):
        catalogue_of(folder)
    (folder / "1").rename(folder / ".1")
    with pytest.raises(FaultError, match="CFG-SCHEMA_UNKNOWN"):
        catalogue_of(folder)


def test_a_damaged_manifest_is_told(folder: Path) -> None:
    put(folder, "1", {"a.xsd": aller()})
    manifest = folder / "1/manifeste.json"
    good = json.loads(manifest.read_text())
    entry = good["entries"][0]
    for bad in (
        "{",
        "[]",
        "{}",
        json.dumps(good | {"valid_from": "hier"}),
        json.dumps(good | {"files": []}),
        json.dumps(good | {"entries": [entry | {"path": "../../autre.xsd"}]}),
        json.dumps(good | {"files": good["files"] | {"../../autre.xsd": ""}}),
    ):
        manifest.write_text(bad)
        with pytest.raises(FaultError, match="CFG-SCHEMA_MANIFEST"):
            editions(folder)


@pytest.mark.parametrize("content", ["{", "[]", '{"PES_Aller": 1}'])
def test_a_damaged_choice_is_told(folder: Path, content: str) -> None:
    put(folder, "1", {"a.xsd": aller()})
    (folder / "choix.json").write_text(content)
    with pytest.raises(FaultError, match="CFG-SCHEMA_MANIFEST"):
        catalogue_of(folder)


def test_a_folder_that_does_not_exist_has_no_edition(folder: Path) -> None:
    assert editions(folder) == ()
    assert catalogue_of(folder) == Catalogue.default()
