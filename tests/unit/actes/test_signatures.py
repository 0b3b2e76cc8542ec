"""The detached signatures that a message of ACTES carries."""

import pytest

from demat.actes.signatures import signatures_of
from demat.faults import FaultError

MESSAGE = b"""<a:Acte xmlns:a="http://www.interieur.gouv.fr/ACTES#v1.1-20040216">
 <a:Document><a:NomFichier> acte.pdf </a:NomFichier><a:Signature>
 QUJD
 </a:Signature></a:Document>
 <a:Annexes><a:Annexe><a:NomFichier>plan.pdf</a:NomFichier></a:Annexe>
  <a:Annexe><a:NomFichier>xml.pdf</a:NomFichier><a:Signature><x>1</x></a:Signature></a:Annexe>
  <a:Annexe><a:NomFichier>acte.pdf</a:NomFichier><a:Signature>REVG</a:Signature></a:Annexe>
  <a:Annexe><a:Signature>sans nom</a:Signature></a:Annexe></a:Annexes>
</a:Acte>"""


def test_each_signature_goes_with_a_name() -> None:
    found = signatures_of(MESSAGE)
    assert list(found) == ["acte.pdf", "xml.pdf"]
    assert found["acte.pdf"] == b"QUJD"  # the first one counts
    assert b"<x>1</x>" in found["xml.pdf"]


def test_what_is_no_message() -> None:
    assert signatures_of(b"<a/>") == {}
    with pytest.raises(FaultError, match="XML-"):
        signatures_of(b"rien")
