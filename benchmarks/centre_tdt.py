"""A lean S²LOW for the benchmark of a centre: PES only, in memory, over mutual TLS.

    python -m benchmarks.centre_tdt FOLDER --latency 0.1 --acquit 20

It answers what the connector asks about PES (connectors dossier §1.9) after ``--latency`` seconds,
acknowledges each one ``--acquit`` seconds after it landed, and refuses the same bytes twice. The
sandbox is far more faithful; it would be what is measured. The ready line tells its address, and
``GET /ledger`` how many landed, and how many times each.
"""

import argparse
import asyncio
import hashlib
import json
import re
import ssl
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from demat.clock import SystemClock
from demat.sandbox.https import server_context
from demat.sandbox.pki import make_pki

__all__ = ["main"]

_FIELDS = ("NomFic", "IdPost", "IdColl", "CodCol", "CodBud", "IdBord", "Exer")
_ACQUIT = (
    '<?xml version="1.0" encoding="ISO-8859-1"?>'
    '<n:PES_ACQUIT xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2">'
    '<Enveloppe><Parametres><Version V="2"/><TypFic V="PESALR2"/><NomFic V="{NomFic}"/>'
    '</Parametres><Emetteur><Sigle V="X"/><Adresse V="X"/></Emetteur><Recepteur><Sigle V="HELIOS"/>'
    '</Recepteur></Enveloppe><EnTetePES><DteStr V="{day}"/><IdPost V="{IdPost}"/>'
    '<IdColl V="{IdColl}"/><CodCol V="{CodCol}"/><CodBud V="{CodBud}"/></EnTetePES>'
    '<ACQUIT><EnTeteAcquit><IdVer V="2"/></EnTeteAcquit><ElementACQUIT><DomaineAck V="5"/>'
    '<EtatAck V="1"/><NumBord V="{IdBord}"/><ExerciceBord V="{Exer}"/></ElementACQUIT></ACQUIT>'
    "</n:PES_ACQUIT>"
)
_FIXED = {
    "api-list-login.php": b"centre\n",
    "test-connexion.php": b"OK\n",
    "helios_get_list.php": b"<liste><idColl/><resultat/><message/><dateDemande/></liste>",
    "list_document_prefecture.php": b"[]",
}
"""Scripts that always answer the same."""


class Tdt:
    """What landed."""

    def __init__(self, latency: float, acquit: float) -> None:
        self._latency = latency
        self._acquit = acquit
        self._landed: dict[str, tuple[float, dict[str, str]]] = {}
        self._digests: dict[str, str] = {}
        self._posts: Counter[str] = Counter()

    async def answer(self, method: str, target: str, body: bytes) -> tuple[str, bytes]:
        """Return the type and the body of an answer."""
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        script = parts.path.rsplit("/", 1)[-1]
        if script == "ledger":
            return "application/json", json.dumps(self._ledger()).encode()
        await asyncio.sleep(self._latency)
        if script in _FIXED:
            return "text/plain", _FIXED[script]
        if script == "helios_importer_fichier.php":
            return "text/xml", self._take(body)
        if script == "helios_transac_get_status.php":
            return "text/xml", self._status(asked["transaction"])
        if script == "helios_download_acquit.php":
            facts = self._landed[asked["id"]][1]
            day = SystemClock().now().date().isoformat()
            return "text/xml", _ACQUIT.format(day=day, **facts).encode("iso-8859-1")
        return "text/plain", f"KO\n{script}".encode()

    def _take(self, body: bytes) -> bytes:
        start = body.index(b"<?xml")
        content = body[start : body.rindex(b"\r\n--")]
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        facts = dict(re.findall(r'<(\w+) V="([^"]*)"', content.decode("iso-8859-1")))
        self._posts[facts["NomFic"]] += 1
        if digest in self._digests:
            refused = "<id/><resultat>KO</resultat><message>doublon détecté</message>"
            return f"<import>{refused}</import>".encode()
        number = str(len(self._landed) + 1)
        self._digests[digest] = number
        self._landed[number] = (time.monotonic(), {name: facts[name] for name in _FIELDS})
        return f"<import><id>{number}</id><resultat>OK</resultat><message/></import>".encode()

    def _status(self, number: str) -> bytes:
        done = time.monotonic() - self._landed[number][0] >= self._acquit
        status = 8 if done else 3
        return (
            f"<transaction ><id>{number}</id><resultat>OK</resultat><message/>"
            f"<status>{status}</status></transaction>"
        ).encode()

    def _ledger(self) -> dict[str, int]:
        twice = sum(count > 1 for count in self._posts.values())
        return {"landed": len(self._landed), "posted_twice": twice}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tdt: Tdt) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ", 2)
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            kind, content = await tdt.answer(method, target, body)
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(content)}\r\n\r\n".encode()
            )
            writer.write(content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client left
    finally:
        writer.close()


async def _run(options: argparse.Namespace, context: ssl.SSLContext) -> None:
    tdt = Tdt(options.latency, options.acquit)
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, tdt),
        "127.0.0.1",
        0,
        ssl=context,
        backlog=1024,
    )
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"https://127.0.0.1:{port}"}), flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)  # until whoever started it leaves


def main() -> int:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the test keys are made")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds before each answer")
    parser.add_argument("--acquit", type=float, default=20.0, help="seconds before each acquit")
    options = parser.parse_args()
    pki = make_pki(options.folder, now=SystemClock().now())
    asyncio.run(_run(options, server_context(pki, pki.server)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
