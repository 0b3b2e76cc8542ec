"""The first numbers of a stand-in, which its seed decides."""

import hashlib

__all__ = ["derived"]


def derived(seed: int, what: str) -> int:
    """Return a number below 7000 that only the seed and the purpose decide."""
    return int(hashlib.sha256(f"{seed}:{what}".encode()).hexdigest()[:6], 16) % 7000
