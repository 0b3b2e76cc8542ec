"""The other judge: agrees on what is right, on what is wrong, and says why."""

from demat.signing.keys import KeyFileSigner
from demat.signing.second_opinion import SecondOpinion, second_opinion
from demat.signing.trust import TrustStore
from demat.signing.verify import verify
from tests.unit.signing.factory import document, forge, signed


def test_it_agrees_on_good_signatures(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer, 3)
    opinions = second_opinion(content, verify(content, trust=trust))
    assert opinions == tuple(
        SecondOpinion(element="Bordereau", element_id=f"B{rank}", valid=True, agrees=True)
        for rank in (1, 2, 3)
    )


def test_it_agrees_on_a_global_signature(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer, 2, ids=["P1"])
    opinions = second_opinion(content, verify(content, trust=trust))
    assert [(o.element, o.valid, o.agrees) for o in opinions] == [("PES_Aller", True, True)]


def test_it_agrees_on_a_changed_bordereau(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer, 2).replace(b"V='2'", b"V='3'")
    first, second = second_opinion(content, verify(content, trust=trust))
    assert (first.valid, first.agrees) == (True, True)
    assert (second.valid, second.agrees) == (False, True)
    assert second.detail.startswith("Digest mismatch for reference 0")


def test_it_would_say_that_it_disagrees(signer: KeyFileSigner, trust: TrustStore) -> None:
    content = signed(signer)
    reports = verify(content, trust=trust)
    changed = content.replace(b"V='1'", b"V='3'")
    assert [o.agrees for o in second_opinion(changed, reports)] == [False]


def test_it_leaves_out_what_could_not_be_read(signer: KeyFileSigner, trust: TrustStore) -> None:
    unsigned = document(2)
    assert second_opinion(unsigned, verify(unsigned, trust=trust)) == ()
    strange = forge(signed(signer), signer, lambda node: node[0][2].set("URI", ""))
    assert second_opinion(strange, verify(strange, trust=trust)) == ()
