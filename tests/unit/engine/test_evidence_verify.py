"""One changed byte anywhere is named; a forger is caught by what he cannot make again."""

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demat.clock import FixedClock
from demat.connectors.memory import ScriptedConnector
from demat.engine.evidence import make_evidence
from demat.engine.evidence_manifest import strict_json
from demat.engine.evidence_signatures import judge_frozen
from demat.engine.evidence_verify import EvidenceReport, verify_evidence
from demat.engine.evidence_zip import read_zip, write_zip
from demat.engine.proofs import signers_of
from demat.faults import Faults
from demat.labels_fr.catalogue import explain
from demat.queue.journal import seal as journal_seal
from demat.queue.store import Store
from demat.sandbox.pki import Pki
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.revocations import later_list, pki_with_keys
from tests.unit.engine.conftest import (
    START,
    Town,
    acquit,
    authority_of,
    declare,
    signataire_of,
    town_of,
)
from tests.unit.engine.conftest import Verdict as Ack
from tests.unit.engine.stamps_support import with_stamps
from tests.unit.engine.test_evidence import TITRES, acknowledged
from tests.unit.signing.pdfs import sign_pdf, text_pdf

YEARS = timedelta(days=3650)
Edit = Callable[[dict[str, bytes], dict[str, Any]], None]


def sealed(town: Town, pki: Pki) -> Town:
    """Give a town the signature of its maire."""
    authority = replace(town.authority, trust=TrustStore.from_folder(pki.trust_folder))
    return declare(replace(town, authority=authority), signataire_of(pki.maire, unattended=True))


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pki, dict[str, Any]]:
    return pki_with_keys(tmp_path_factory.mktemp("pki"), START)


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, keyed: tuple[Pki, dict[str, Any]]
) -> Iterator[Town]:
    """A town that signs and stamps, whose PES was accepted; shared by all these tests."""
    folder = tmp_path_factory.mktemp("mairie")
    clock = FixedClock(START)
    store = Store.open(f"sqlite:///{folder / 'demat.db'}", folder / "documents", clock)
    connector = ScriptedConnector()
    plain = town_of(store, clock, authority_of(folder / "mairie", connector), connector)
    yield acknowledged(with_stamps(sealed(plain, keyed[0]), keyed[0])[0])
    store.close()


@pytest.fixture(scope="module")
def content(town: Town) -> bytes:
    return make_evidence(1, town.authority, town.office).content


@pytest.fixture(scope="module")
def unsealed(town: Town) -> bytes:
    """The evidence of the same sending, nothing outside sealing its manifest."""
    office = replace(town.office, stamping=None)
    return make_evidence(1, town.authority, office).content


@pytest.fixture(scope="module")
def roots(keyed: tuple[Pki, dict[str, Any]]) -> TrustStore:
    return TrustStore(roots=TrustStore.from_folder(keyed[0].trust_folder).roots)


def judged(content: bytes | Path, trust: TrustStore) -> EvidenceReport:
    report = verify_evidence(content, trust=trust, at=START + YEARS)
    for fault in report.faults:
        assert not re.search(r"\{[a-z_]+\}", explain(fault).sentence)
    return report


def names(faults: Faults) -> set[str]:
    """The files that the sentences name."""
    told = {name for fault in faults for name in fault.params.get("nom", "").split(", ")}
    return told | ({"manifeste.sha256"} if "PRV-CHANGED_PAIR" in faults.codes else set())


def test_the_zip_as_it_was_written(content: bytes, roots: TrustStore, tmp_path: Path) -> None:
    assert judged(content, roots).verdict is Verdict.ACCEPTED
    (tmp_path / "preuve.zip").write_bytes(content)
    assert judged(tmp_path / "preuve.zip", roots) == judged(content, roots)
    assert judged(tmp_path / "absente.zip", roots).faults.codes == ("INT-PATH",)


# ------------------------------------------------------------------------- changes by accident


def test_one_byte_of_any_file_is_named(content: bytes, roots: TrustStore) -> None:
    """The zip is well made again around the changed file: only the digests can tell."""
    entries = dict(read_zip(content).entries)
    for name, body in entries.items():
        for place in {0, len(body) // 2, len(body) - 1}:
            broken = bytearray(body)
            broken[place] ^= 0x01
            report = judged(write_zip(entries | {name: bytes(broken)}), roots)
            assert report.verdict is Verdict.REFUSED
            assert name in names(report.faults.blocking), (name, place)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_bit_of_the_file(place: int, bit: int, content: bytes, roots: TrustStore) -> None:
    broken = bytearray(content)
    broken[place % len(content)] ^= 1 << bit
    report = judged(bytes(broken), roots)
    assert report.verdict is Verdict.REFUSED
    assert names(report.faults.blocking) - {""} or "PRV-ZIP_END" in report.faults.codes


def test_a_file_that_is_missing_or_added(content: bytes, roots: TrustStore) -> None:
    entries = dict(read_zip(content).entries)
    for name in entries:
        report = judged(write_zip({k: v for k, v in entries.items() if k != name}), roots)
        assert (report.verdict, name in names(report.faults.blocking)) == (Verdict.REFUSED, True)
    report = judged(write_zip(entries | {"depot/999-ajout.pdf": b"%PDF"}), roots)
    assert report.faults.codes == ("PRV-ADDED",)
    assert "depot/999-ajout.pdf" in names(report.faults)


def test_files_that_change_places(content: bytes, roots: TrustStore) -> None:
    entries = dict(read_zip(content).entries)
    first, second = [name for name in entries if name.startswith("listes-")][:2]
    swapped = entries | {first: entries[second], second: entries[first]}
    assert {first, second} <= names(judged(write_zip(swapped), roots).faults.blocking)


def test_another_order(content: bytes, roots: TrustStore) -> None:
    entries = dict(read_zip(content).entries)
    turned = dict(reversed(entries.items()))
    report = judged(write_zip(turned), roots)
    assert report.verdict is Verdict.ACCEPTED  # the same files, the same digests


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    assert verify_evidence(content, trust=TrustStore(), at=START).verdict is Verdict.REFUSED


# ------------------------------------------------------------------------- changes by a forger


def forged(content: bytes, edit: Edit, *, keep_stamp: bool = False) -> bytes:
    """Change a zip as somebody does who knows the format: every digest is made right again."""
    entries = dict(read_zip(content).entries)
    manifest = json.loads(entries["manifeste.json"])
    edit(entries, manifest)
    for item in manifest["entrees"]:
        body = entries.get(item["nom"], b"")
        item |= {"sha256": sha256(body).hexdigest(), "taille": len(body)}
    entries["manifeste.json"] = json.dumps(manifest).encode()
    lines = [f"{sha256(entries['manifeste.json']).hexdigest()}  manifeste.json\n"]
    token = entries.pop("horodatages/manifeste.tst", None)
    if keep_stamp and token is not None:
        entries["horodatages/manifeste.tst"] = token
        lines.append(f"{sha256(token).hexdigest()}  horodatages/manifeste.tst\n")
    entries["manifeste.sha256"] = "".join(lines).encode()
    return write_zip(entries)


def nothing(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    """Change nothing but what holds it together."""


def found(entries: dict[str, bytes], start: str) -> str:
    return next(name for name in sorted(entries) if name.startswith(start))


def other_document(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    name = found(entries, "documents/")
    entries[name] = entries[name].replace(b"18 repas", b"19 repas")


def other_document_and_manifest(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    other_document(entries, manifest)
    document = entries[found(entries, "documents/")]
    manifest["transmission"]["sha256"] = sha256(document).hexdigest()


def other_digest(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["transmission"]["sha256"] = "0" * 64


def other_owner(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["collectivite"]["nom"] = "Bellombre"


def other_receipt(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    key = manifest["transmission"]["cle"]
    entries[found(entries, "recus/")] = acquit(key, [Ack(accepted=False, bordereau=12)])


def no_receipt(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    name = found(entries, "recus/")
    del entries[name]
    manifest["entrees"] = [item for item in manifest["entrees"] if item["nom"] != name]


def journal(entries: dict[str, bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in entries["journal/journal.jsonl"].splitlines()]


def write_journal(entries: dict[str, bytes], lines: list[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    entries["journal/journal.jsonl"] = text.encode()


def other_entry(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    lines = journal(entries)
    lines[0]["entree"]["at"] = "2020-01-01T00:00:00.000000+00:00"
    write_journal(entries, lines)


def other_entry_sealed_again(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    anchors = json.loads(entries["journal/ancrages.json"])["ancrages"]
    under = max(int(number) for anchor in anchors for number in anchor["chemins"])
    lines = journal(entries)
    line = next(one for one in lines if one["entree"]["id"] == under)
    line["entree"]["at"] = "2020-01-01T00:00:00.000000+00:00"
    line["sceau"] = journal_seal(line["precedent"], line["entree"])
    write_journal(entries, lines)


def entry_sealed_again_under_nothing(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    """No path under a time-stamp is shown: only the next entry can tell."""
    entries["journal/ancrages.json"] = b'{"ancrages": []}'
    lines = journal(entries)
    numbers = [line["entree"]["id"] for line in lines]
    rank = next(at for at, number in enumerate(numbers) if number + 1 in numbers)
    lines[rank]["entree"]["at"] = "2020-01-01T00:00:00.000000+00:00"
    lines[rank]["sceau"] = journal_seal(lines[rank]["precedent"], lines[rank]["entree"])
    write_journal(entries, lines)


def entry_removed(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    lines = journal(entries)
    write_journal(entries, [*lines[:2], *lines[3:]])


def entries_turned(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    write_journal(entries, journal(entries)[::-1])


def no_journal(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    entries["journal/journal.jsonl"] = b""


def entry_of_others(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    lines = journal(entries)
    entry = lines[-1]["entree"] | {"id": lines[-1]["entree"]["id"] + 9, "transmission_id": 7}
    previous = "0" * 64
    sealed = journal_seal(previous, entry)
    write_journal(entries, [*lines, {"entree": entry, "precedent": previous, "sceau": sealed}])


def no_anchor(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    entries["journal/ancrages.json"] = b'{"ancrages": [{"racine": "x", "chemins": {"1": 5}}]}'


def stamp_of_another(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    entries[found(entries, "horodatages/01")] = entries[found(entries, "horodatages/02")]


def stamp_about_nothing(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    item = next(one for one in manifest["entrees"] if one["role"] == "horodatage")
    item["precisions"]["objet"] = "autre"


def no_certificate(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    entries[found(entries, "listes-")] = b"\x30\x03\x02\x01\x00"


def two_documents(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    entries["documents/autre.xml"] = b"<autre/>"
    item = {"nom": "documents/autre.xml", "role": "document", "precisions": {}}
    manifest["entrees"].append(item)


def out_of_place(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["entrees"][0]["role"] = "echange"


def other_version(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["version"] = 2


def other_key(entries: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["transmission"]["cle"] = "PESALR2_21990123800010_261123_999"


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (other_document, "PRV-DOCUMENT"),
        (other_document_and_manifest, "PRV-DOCUMENT"),
        (other_digest, "PRV-DOCUMENT"),
        (entry_sealed_again_under_nothing, "PRV-JOURNAL"),
        (other_receipt, "PRV-RECEIPT"),
        (no_receipt, "PRV-RECEIPT_MISSING"),
        (other_entry, "PRV-JOURNAL"),
        (other_entry_sealed_again, "PRV-ANCHOR"),
        (entry_removed, "PRV-ANCHOR"),
        (entries_turned, "PRV-JOURNAL"),
        (no_journal, "PRV-JOURNAL"),
        (entry_of_others, "PRV-JOURNAL"),
        (no_anchor, "PRV-ANCHOR"),
        (stamp_of_another, "PRV-STAMP"),
        (stamp_about_nothing, "PRV-STAMP_ABOUT"),
        (no_certificate, "PRV-CERTIFICATE"),
        (two_documents, "PRV-FORMAT"),
        (out_of_place, "PRV-FORMAT"),
        (other_version, "PRV-FORMAT"),
        (other_key, "PRV-RECEIPT_OTHER"),
    ],
)
def test_what_a_forger_cannot_do(unsealed: bytes, roots: TrustStore, edit: Edit, code: str) -> None:
    report = judged(forged(unsealed, edit), roots)
    assert report.verdict is Verdict.REFUSED
    assert code in report.faults.blocking.codes


def test_a_good_zip_that_is_not_sealed_is_never_accepted(content: bytes, roots: TrustStore) -> None:
    """Its manifest could have been written again: only what was shown then can tell."""
    report = judged(forged(content, nothing), roots)
    assert (report.verdict, report.faults.codes) == (Verdict.UNDECIDED, ("PRV-NOT_SEALED",))
    renamed = judged(forged(content, other_owner), roots)
    assert renamed.verdict is Verdict.UNDECIDED
    assert renamed.manifest_sha256 != judged(content, roots).manifest_sha256


def test_the_seal_does_not_go_with_another_manifest(content: bytes, roots: TrustStore) -> None:
    report = judged(forged(content, other_owner, keep_stamp=True), roots)
    assert report.verdict is Verdict.REFUSED
    (fault,) = report.faults
    assert (fault.code, fault.params) == (
        "PRV-STAMP",
        {"nom": "horodatages/manifeste.tst", "raison": "SIG-TSA_IMPRINT"},
    )


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{",
        b'{"format": "demat-preuve"}',
        b'{"format": "x", "version": 1}',
        b'{"version": 1, "version": 1, "format": "demat-preuve"}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_manifests_that_are_none(manifest: bytes, roots: TrustStore) -> None:
    line = f"{sha256(manifest).hexdigest()}  manifeste.json\n".encode()
    report = judged(write_zip({"manifeste.json": manifest, "manifeste.sha256": line}), roots)
    assert (report.verdict, report.faults.codes) == (Verdict.REFUSED, ("PRV-FORMAT",))


def test_a_name_that_comes_twice_is_no_plain_json() -> None:
    """Two programs could read two different values."""
    assert strict_json(b'{"a": 1, "b": 1}') == {"a": 1, "b": 1}
    with pytest.raises(ValueError, match="deux fois"):
        strict_json(b'{"a": {"b": 1, "b": 2}}')


# ------------------------------------------------------------------------- certificates, later


def revoking(keyed: tuple[Pki, dict[str, Any]], roots: TrustStore, days: int) -> TrustStore:
    """Trust the root, and a list of ten years later that revokes the maire."""
    pki, keys = keyed
    revoked_on = START + timedelta(days=days)
    late = later_list(
        pki,
        keys["ac-fille"],
        [pki.maire.certificate],
        revoked_on=revoked_on,
        on=START + YEARS,
    )
    return replace(roots, crls=(late,))


def test_revoked_after_the_signature(
    content: bytes, roots: TrustStore, keyed: tuple[Pki, dict[str, Any]]
) -> None:
    report = judged(content, revoking(keyed, roots, 30))
    assert (report.verdict, report.faults.codes) == (Verdict.ACCEPTED, ())


def test_revoked_before_the_signature(
    content: bytes, roots: TrustStore, keyed: tuple[Pki, dict[str, Any]]
) -> None:
    report = judged(content, revoking(keyed, roots, -1))
    assert report.verdict is Verdict.REFUSED
    assert "SIG-REVOKED" in report.faults.blocking.codes


def test_revoked_after_a_signature_that_nothing_dates(
    tmp_path: Path, roots: TrustStore, keyed: tuple[Pki, dict[str, Any]]
) -> None:
    """Whoever stole the key may claim any date: without a time-stamp nothing is concluded."""
    clock = FixedClock(START)
    store = Store.open(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "documents", clock)
    connector = ScriptedConnector()
    plain = town_of(store, clock, authority_of(tmp_path / "mairie", connector), connector)
    town = sealed(plain, keyed[0])
    town.fixture(TITRES)
    made = make_evidence(1, town.authority, town.office).content
    store.close()
    at = START + timedelta(days=60)
    good = verify_evidence(made, trust=roots, at=at)
    assert good.faults.codes == ("PRV-NOT_SEALED",)
    doubted = verify_evidence(made, trust=revoking(keyed, roots, 30), at=at)
    assert doubted.verdict is Verdict.UNDECIDED
    assert "PRV-SIGNED_WHEN" in doubted.faults.codes


def test_a_signature_younger_than_the_time_stamp_on_it(town: Town) -> None:
    document = town.store.documents.get(town.flow().sha256)
    trust = town.authority.trust
    for hours, verdict in ((-2, Verdict.UNDECIDED), (1, Verdict.ACCEPTED)):
        proven = START + timedelta(hours=hours)
        (one,) = judge_frozen("HELIOS", document, trust=trust, proven=proven, at=START + YEARS)
        assert one.verdict is verdict
        assert ("PRV-SIGNED_AFTER" in one.reasons.codes) == (verdict is Verdict.UNDECIDED)


def test_a_signed_pdf_of_an_act(town: Town, keyed: tuple[Pki, dict[str, Any]]) -> None:
    """The signatures of an act are in its PDF files, inside the archive."""
    signed = sign_pdf(text_pdf("Convention"), keyed[0].maire, START)
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, body in (("acte.pdf", signed), ("plan.pdf", text_pdf("Plan")), ("m.xml", b"x")):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, BytesIO(body))
    content = stream.getvalue()
    trust, later = town.authority.trust, START + YEARS
    for proven, verdict in ((START, Verdict.ACCEPTED), (None, Verdict.UNDECIDED)):
        (one,) = judge_frozen("ACTES", content, trust=trust, proven=proven, at=later)
        assert (one.where, one.signer, one.verdict) == ("acte.pdf", "Camille Dupré", verdict)
    altered = signed.replace(b"Convention", b"Invention.")
    assert len(signers_of("ACTES", content, town.authority, town.office)) == 1
    assert signers_of("ACTES", altered, town.authority, town.office) == ()
