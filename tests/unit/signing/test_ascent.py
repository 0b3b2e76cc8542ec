"""Which certificates lead up from a signatory's, however many came along."""

from cryptography.hazmat.primitives.asymmetric import rsa

from demat.signing.ascent import leading_up
from tests.unit.signing.hostile.cms_tricks import _authority


def test_few_are_kept_as_they_are() -> None:
    key = rsa.generate_private_key(65537, 2048)
    one = _authority("A", "B", key, key, 1)
    assert leading_up(one, [one] * 4) == (one,) * 4


def test_only_what_leads_up_is_kept_nearest_first() -> None:
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    own = _authority("Camille Dupré", "Fille", keys[0], keys[0], 1, ca=False)
    daughter = _authority("Fille", "Mère", keys[0], keys[1], 2)
    mother = _authority("Mère", "Mère", keys[1], keys[1], 3)
    twin = _authority("Fille", "Mère", keys[1], keys[1], 4)  # the name, not the key
    again = _authority("Mère", "Mère", keys[1], keys[1], 5)
    stranger = _authority("Autre", "Mère", keys[0], keys[1], 6)
    found = leading_up(own, [stranger, mother, twin, daughter, again, own])
    assert found == (daughter, mother)
    assert leading_up(stranger, [own] * 9) == ()


def test_the_number_is_bounded() -> None:
    key = rsa.generate_private_key(65537, 2048)
    own = _authority("A", "B", key, key, 1)
    parallel = [_authority("B", f"C{rank}", key, key, rank + 1) for rank in range(20)]
    assert leading_up(own, parallel) == tuple(parallel[:8])
