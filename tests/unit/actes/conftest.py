"""The official schema, as a judge of what we write."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree


@pytest.fixture(scope="session")
def assert_valid(shared: Path) -> Callable[[bytes], None]:
    """Return a function that fails when a document does not follow ``actesv1_1.xsd``."""
    schema = etree.XMLSchema(etree.parse(str(shared / "official" / "actes" / "actesv1_1.xsd")))

    def check(content: bytes) -> None:
        schema.assertValid(etree.fromstring(content))

    return check
