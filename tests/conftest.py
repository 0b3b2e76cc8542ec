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
    """Begin with the storms: they last minutes, and would else keep one worker alone at the end.

    Each of the workers gets a part of the list to begin with: one storm at the head of each part.
    """
    storms = [item for item in items if "/storm/" in item.path.as_posix()]
    others = [item for item in items if item not in storms]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for rank, item in enumerate(storms):
        others.insert(len(items) * rank // processes, item)
    items[:] = others


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
