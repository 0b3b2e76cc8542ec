"""Ready-made PES files."""

import pytest

from demat.intake.api import InputFile, PesFileDraft, Reading
from demat.intake.readers.pes_file import PesFile
from tests.unit.intake.factories import CONTEXT, pdf

PES = InputFile(name="compta.xml", data=b"<PES_Aller/>")
OTHER = InputFile(name="sous/paie.XML", data=b"not even xml")
ACTE = InputFile(name="acte.xml", data=b'<Acte NumeroInterne="1"/>')


@pytest.mark.parametrize(
    ("files", "recognised"),
    [
        ([PES], True),
        ([PES, OTHER], True),
        ([], False),
        ([PES, pdf("a.pdf")], False),
        ([ACTE], False),
        ([PES, ACTE], False),
    ],
)
def test_only_xml_files_none_of_which_is_an_act(files, recognised):
    assert PesFile().recognises(files) is recognised


def test_each_file_is_one_flow_untouched():
    assert PesFile().read([PES, OTHER], CONTEXT) == Reading(
        kind="pes", drafts=(PesFileDraft(file=PES), PesFileDraft(file=OTHER))
    )
