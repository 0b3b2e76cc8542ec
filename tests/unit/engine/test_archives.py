"""An archive of ours is judged as a stranger's before it leaves (actes dossier §10, rule 52)."""

from dataclasses import replace
from datetime import date

import pytest

from demat.actes.envelope import EnveloppeActes, MessageSortant, build_archive, pack_messages
from demat.engine.archives import validate_archive
from demat.schemas.catalogue import Catalogue
from tests.unit.actes.factories import EMETTEUR, acte

ARGUMENTS = {"day": date(2024, 3, 15), "serial": 1, "trigramme": "XYZ", "application": "EACT"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.default()


@pytest.fixture
def archive() -> EnveloppeActes:
    return build_archive(acte(), EMETTEUR, **ARGUMENTS)  # type: ignore[arg-type]  # a dict here


def rebuilt(archive: EnveloppeActes, old: bytes, new: bytes) -> EnveloppeActes:
    """Return the archive with one text of its message changed."""
    from demat.actes.inbound import read_archive

    read = read_archive(archive.content)
    ((name, content),) = read.messages.items()
    assert old in content
    message = MessageSortant(name, content.replace(old, new), tuple(read.documents.items()))
    return pack_messages([message], EMETTEUR, **ARGUMENTS)  # type: ignore[arg-type]  # a dict here


def test_what_we_build_is_what_the_norm_asks(archive: EnveloppeActes, catalogue: Catalogue) -> None:
    assert validate_archive(archive, catalogue).codes == ()


def test_a_message_that_the_schema_refuses_stays_here(
    archive: EnveloppeActes, catalogue: Catalogue
) -> None:
    wrong = rebuilt(archive, b"<actes:DocumentPapier>N</actes:DocumentPapier>", b"")
    faults = validate_archive(wrong, catalogue)
    assert faults.codes[0] == "ACT-052"
    assert any(code.startswith("XSD-") for code in faults.codes)


def test_a_count_of_annexes_that_is_not_the_list_stays_here(
    archive: EnveloppeActes, catalogue: Catalogue
) -> None:
    wrong = rebuilt(archive, b'actes:Nombre="0"', b'actes:Nombre="2"')
    assert validate_archive(wrong, catalogue).codes == ("ACT-052",)


def test_a_list_that_is_not_the_archive_stays_here(
    archive: EnveloppeActes, catalogue: Catalogue
) -> None:
    wrong = rebuilt(archive, b"-1-1_1.pdf", b"-1-1_9.pdf")
    assert validate_archive(wrong, catalogue).codes == ("ACT-052",)


def test_what_is_no_archive_stays_here(archive: EnveloppeActes, catalogue: Catalogue) -> None:
    assert validate_archive(replace(archive, content=b"x"), catalogue).codes == ("ACT-052",)
