"""The distribution: one wheel that carries the code and every file that the code reads."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build the wheel with the pinned builder, without network; return its members."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next(target.glob("demat-*.whl"))) as wheel:
        return wheel.namelist()


@pytest.mark.parametrize(
    "needed",
    [
        "demat/cli/main.py",
        "demat/schemas/resources/pes-5.17/pes_aller.xsd",
        "demat/schemas/resources/actes-2017/actes.xsd",
        "demat/schemas/resources/budget-5.17/budget11.xsd",
        "demat/queue/migrations/versions/r0001_first_tables.py",
        "demat/publish/templates/index.html.j2",
        "demat/sandbox/resources/classification.xml",
    ],
)
def test_the_wheel_carries_what_the_code_reads(names: list[str], needed: str) -> None:
    assert needed in names


def test_the_wheel_carries_nothing_else(names: list[str]) -> None:
    roots = {name.split("/", 1)[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"demat"}
