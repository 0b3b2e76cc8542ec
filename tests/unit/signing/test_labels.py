"""Every code of the package has its French sentence, and no sentence is left without a code."""

import re
import string
from pathlib import Path

import pytest

import demat.signing
from demat.labels_fr.signing import LABELS

CODES = {
    code
    for path in Path(demat.signing.__path__[0]).glob("*.py")
    for code in re.findall(r'"(SIG-[A-Z0-9_]+)"', path.read_text("utf-8"))
}


def test_codes_and_sentences_go_together() -> None:
    assert set(LABELS) == CODES


@pytest.mark.parametrize("code", sorted(LABELS))
def test_sentences_are_sentences(code: str) -> None:
    label = LABELS[code]
    for text in (label.sentence, label.remedy):
        assert text.endswith((".", ")."))
        assert "  " not in text
        assert text[0].isupper() or text[0] == "«"
    fields = {name for _, name, _, _ in string.Formatter().parse(label.sentence) if name}
    assert fields <= {
        "name", "holder", "date", "bits", "minimum", "id", "element", "encoding", "policy",
        "algorithm", "count", "uri", "time", "reason", "folder", "token", "path", "found", "wanted",
        "days", "address", "authority", "limit", "siren",
    }  # fmt: skip
