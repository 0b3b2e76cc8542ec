"""Two independent validators, libxml2 and xmlschema, say valid or invalid together (decision 1)."""

from pathlib import Path

import pytest

from demat.engine import judge
from demat.engine.judge import judge_schema
from demat.schemas.second_opinion import second_opinion
from demat.schemas.validate import validate
from demat.signing.verdict import Verdict
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden"
DOCUMENTS = sorted(
    path.relative_to(GOLDEN).as_posix()
    for kind in ("pes", "actes")
    for path in (GOLDEN / kind).glob("*.xml")
)
WRONG = [
    ("pes/aller_recette.xml", b"<IdPost ", b"<IdPoste "),
    ("pes/aller_recette.xml", b'<LibelleColBud V="', b'<LibelleColBud V="' + b"A" * 38),
    ("pes/aller_recette.xml", b"</EnTetePES>", b"<Inconnu/></EnTetePES>"),
    ("pes/aller_recette.xml", b'<Version V="2"/>', b""),
    ("pes/aller_depense.xml", b'<DteStr V="', b'<DteStr V="x'),
    ("pes/aller_signe.xml", b"<ds:SignatureValue", b"<ds:Valeur/><ds:SignatureValue"),
    ("pes/acquit_v2.xml", b'<CodBud V="02"/>', b'<CodBud V="02"/><CodBud V="02"/>'),
    ("pes/retour_depense.xml", b'<CodColl V="118"', b'<CodColl V="118" Inconnu="1"'),
    ("actes/Acte.xml", b'CodeNatureActe="1"', b'CodeNatureActe="DE"'),
    ("actes/Acte.xml", b'actes:Date="2024-03-14"', b'actes:Date="14/03/2024"'),
    ("actes/EnveloppeCLMISILL.xml", b'insee:SIREN="000000000"', b'insee:SIREN="0"'),
]
"""Document, and the passage that one edit makes wrong."""


def spoiled(document: str, old: bytes, new: bytes) -> bytes:
    content = (GOLDEN / document).read_bytes()
    assert old in content
    return content.replace(old, new, 1)


def test_there_are_documents_of_both_kinds() -> None:
    assert {document.split("/")[0] for document in DOCUMENTS} == {"pes", "actes"}
    assert len(DOCUMENTS) == 37


@pytest.mark.parametrize("document", DOCUMENTS)
def test_both_accept_every_golden_document(document: str) -> None:
    content = (GOLDEN / document).read_bytes()
    assert not validate(content)
    assert second_opinion(content) is True
    report = judge_schema(document, content, second=True)
    assert (report.verdict, len(report.faults)) == (Verdict.ACCEPTED, 0)


@pytest.mark.parametrize(("document", "old", "new"), WRONG)
def test_both_refuse_a_wrong_document(document: str, old: bytes, new: bytes) -> None:
    content = spoiled(document, old, new)
    assert validate(content)
    assert second_opinion(content) is False
    report = judge_schema(document, content, second=True)
    assert report.verdict is Verdict.REFUSED
    assert "XSD-SECOND_OPINION" not in report.faults.codes


def test_neither_judges_an_unknown_document() -> None:
    assert second_opinion(b"<autre/>") is None
    report = judge_schema("autre.xml", b"<autre/>", second=True)
    assert (report.verdict, report.faults.codes) == (Verdict.UNDECIDED, ("XSD-UNKNOWN_ROOT",))


def test_a_disagreement_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (GOLDEN / "pes/aller_recette.xml").read_bytes()
    monkeypatch.setattr(judge, "second_validator", lambda _content, *, catalogue: False)
    report = judge_schema("flux.xml", content, second=True)
    assert (report.verdict, report.faults.codes) == (Verdict.REFUSED, ("XSD-SECOND_OPINION",))
    assert judge_schema("flux.xml", content).verdict is Verdict.ACCEPTED


def test_the_second_opinion_is_asked_about_the_same_edition(shared: Path, tmp_path: Path) -> None:
    from datetime import UTC, date, datetime

    from demat.schemas.installed import catalogue_of, install, named

    source = shared / "official" / "pes" / "4.7.1"
    now = datetime(2026, 3, 12, tzinfo=UTC)
    install(source, tmp_path, edition="4.7.1", valid_from=date(2015, 7, 1), now=now)
    catalogue = catalogue_of(tmp_path).with_choice(named(tmp_path, "4.7.1"))
    content = (GOLDEN / "pes/aller_ormc.xml").read_bytes()
    assert second_opinion(content) is True
    assert second_opinion(content, catalogue=catalogue) is False
    good = (GOLDEN / "pes/aller_recette.xml").read_bytes()
    assert second_opinion(good, catalogue=catalogue) is True
