"""The table of the policies of the RGS: ours, and what an authority adds to it."""

from pathlib import Path

import pytest

from demat.faults import FaultError
from demat.signing.rgs import NiveauRgs, PolitiqueRgs, UsageRgs, read_policies, shipped
from demat.signing.trust import TrustStore
from tests.unit.signing.factory import sentence

ROW = """
[[politiques]]
oid = "1.2.250.1.999.1"
niveau = "**"
usages = ["signature", "authentification"]
emetteur = "AC fictive"
source = "Politique de certification, version 1.0, p. 4"
"""
READ = PolitiqueRgs(
    oid="1.2.250.1.999.1",
    niveau=NiveauRgs.DEUX,
    usages=frozenset({UsageRgs.SIGNATURE, UsageRgs.AUTHENTIFICATION}),
    emetteur="AC fictive",
    source="Politique de certification, version 1.0, p. 4",
)


def test_a_table_is_read() -> None:
    assert read_policies(ROW.encode(), "rgs.toml") == (READ,)
    assert read_policies(b"", "rgs.toml") == ()


def test_ours_can_be_read_and_names_its_sources() -> None:
    assert all(len(one.source) > len("Politique") for one in shipped())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROW.replace("[[politiques]]", "[politiques]"), "seules des lignes [[politiques]]"),
        (ROW.replace("politiques", "politique"), "['politique']"),
        (ROW.replace('niveau = "**"', 'niveau = "****"'), "ligne 1"),
        (ROW.replace('niveau = "**"', ""), "niveau, oid, source, usages sont attendus"),
        (ROW + "autre = 1\n", "sont attendus"),
        (ROW.replace('"1.2.250.1.999.1"', '"1.2.x"'), "ligne 1"),
        (ROW.replace('"1.2.250.1.999.1"', "12"), "sont des textes"),
        (ROW.replace('"AC fictive"', '""'), "sont des textes"),
        (ROW.replace('["signature", "authentification"]', '"signature"'), "est une liste"),
        (ROW.replace('["signature", "authentification"]', "[]"), "est une liste"),
        (ROW.replace('"authentification"', '"chiffrement"'), "chiffrement"),
        ("politiques = [1]", "ligne 1"),
        ("politiques = ", "Invalid value"),
    ],
)
def test_a_table_half_understood_is_not_used(text: str, words: str) -> None:
    with pytest.raises(FaultError) as caught:
        read_policies(text.encode(), "rgs.toml")
    (fault,) = caught.value.faults
    assert fault.code == "SIG-RGS_FILE"
    assert words in sentence(fault)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(FaultError):
        read_policies(b"\xff\xfe", "rgs.toml")


def test_the_trust_folder_adds_to_ours_and_replaces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = PolitiqueRgs(
        oid="1.2.250.1.999.9",
        niveau=NiveauRgs.UNE,
        usages=frozenset({UsageRgs.CACHET}),
        emetteur="Autre AC",
        source="essai",
    )
    ours = (other, *read_policies(ROW.replace("**", "*").encode(), "x"))
    monkeypatch.setattr("demat.signing.trust.shipped", lambda: ours)
    assert TrustStore.from_folder(tmp_path).policies == ours
    (tmp_path / "rgs.toml").write_text(ROW, "utf-8")
    assert TrustStore.from_folder(tmp_path).policies == (READ, other)
    (tmp_path / "rgs.toml").write_text("x", "utf-8")
    with pytest.raises(FaultError) as caught:
        TrustStore.from_folder(tmp_path)
    assert caught.value.faults.codes == ("SIG-RGS_FILE",)
