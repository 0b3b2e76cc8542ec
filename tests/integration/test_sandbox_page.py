"""``docs/sandbox.md`` followed to the letter: an act goes from a deposit to its AR."""

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.integration.test_sandbox_command import running

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
ACTE = ROOT / "fixtures" / "saint-exemple" / "arrete-individuel"


def block(language: str, rank: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[rank]


def demat(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "demat", *words, "--verbose"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def complete(config: Path, changes: str) -> None:
    """Give the keys of each table the values of the page; a key that is not there is added."""
    text = config.read_text("utf-8")
    where = "[[collectivites]]"
    for line in changes.splitlines():
        if line.startswith("["):
            where = line
        elif line:
            start = text.index(f"{where}\n") + len(where) + 1
            end = text.find("\n[", start)
            key = line.partition(" =")[0]
            table, found = re.subn(rf"(?m)^{key} = .*$", lambda _: line, text[start:end])  # noqa: B023  (used at once)
            text = text[:start] + (table if found else f"{line}\n{table}") + text[end:]
    config.write_text(text, "utf-8")


def post(address: str, value: object) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    order = urllib.request.Request(address, json.dumps(value).encode())  # noqa: S310  (loopback)
    with opener.open(order) as answer:
        assert answer.status == 200


def test_the_page_leads_from_nothing_to_an_acknowledged_act(tmp_path: Path) -> None:
    with running("--dir", str(tmp_path / "bac"), "--speed", "0") as ready:
        init = block("sh", 1).replace("\\\n", " ").replace("demat ", "", 1)
        demat(tmp_path, *shlex.split(init))
        config = tmp_path / "essai" / "demat.toml"
        given = block("toml").replace("URL", ready["url"]).replace("PKI", ready["pki"])
        complete(config, given)
        for name in ("client", "maire"):
            secret = tmp_path / "essai" / "secrets" / f"{name}.passe"
            secret.write_text(f"phrase-{name}\n")
            secret.chmod(0o600)
            assert f"`phrase-{name}`" in PAGE
        chosen = ("--config", str(config))
        demat(tmp_path, "doctor", *chosen)
        demat(tmp_path, "deposit", *map(str, sorted(ACTE.iterdir())), *chosen)
        demat(tmp_path, "nightly", *chosen)
        assert "acquitté" not in demat(tmp_path, "flows", *chosen)
        post(f"{ready['control']}/control/advance", {"minutes": 60})
        demat(tmp_path, "nightly", *chosen)
        assert "acquitté" in demat(tmp_path, "flows", *chosen)
