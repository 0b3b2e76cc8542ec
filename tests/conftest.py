"""Fixtures shared by all tests: the official and real files, and the system programs."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the long comparisons."""
    parser.addoption(
        "--deep", action="store_true", help="compare 50,000 mutants with the official schemas"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the storm: it lasts minutes, and would else keep one worker alone at the end."""
    items.sort(key=lambda item: "/storm/" not in item.path.as_posix())


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of official schemas and real files that lies beside the checkout."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared (official schemas, real files) is not here")
    return folder


def needs_program(name: str) -> str:
    """Return the path of a system program, or skip (fail under CI) when it is not installed."""
    path = shutil.which(name)
    if path is None:
        message = f"the program {name} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI everything is installed: a skipped test there is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("CI") == "true" and skipped and exitstatus == 0:
        session.exitstatus = 1
