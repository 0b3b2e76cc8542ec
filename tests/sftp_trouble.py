"""Stands between sshd and its sftp-server, and fails at the message that a test has chosen.

Run by sshd as the ``sftp`` subsystem: ``sftp_trouble.py ORDERS MOST SERVER…``. ORDERS is a folder
of empty files ``<rank>-<message>-<how>``, obeyed in that order and removed once obeyed; MOST is the
size that the system allows for a file, 0 for any.
"""

import os
import resource
import struct
import subprocess
import sys
import threading
from pathlib import Path

MESSAGES = {
    3: "open",
    4: "close",
    6: "write",
    7: "lstat",
    11: "opendir",
    12: "readdir",
    13: "remove",
    17: "stat",
    18: "plainrename",
}
EXTENSIONS = {b"posix-rename@openssh.com": "rename", b"fsync@openssh.com": "fsync"}
EXTENDED, STATUS = 200, 101
CODES = {"refuse": 4, "full": 4, "deny": 3, "unsupported": 8}
lock = threading.Lock()
ends_at: set[bytes] = set()
"""Numbers of the requests whose answer is never given."""


def main(orders: Path, most: int, server: list[str]) -> None:
    if most:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    with subprocess.Popen(
        server,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        restore_signals=False,  # a file that is too long is an error, no death
    ) as process:
        threading.Thread(target=answers, args=(process,), daemon=True).start()
        while packet := read_packet(sys.stdin.buffer):
            request(packet, orders, process)
        process.stdin.close()
        process.wait()
    os._exit(0)


def read_packet(stream) -> bytes:
    head = stream.read(4)
    if len(head) < 4:
        return b""
    return head + stream.read(struct.unpack(">I", head)[0])


def name_of(packet: bytes) -> str:
    if packet[4] != EXTENDED:
        return MESSAGES.get(packet[4], "")
    size = struct.unpack(">I", packet[9:13])[0]
    return EXTENSIONS.get(packet[13 : 13 + size], "")


def request(packet: bytes, orders: Path, process) -> None:
    name = name_of(packet)
    how = next_order(name, orders) if name else ""
    number = packet[5:9]
    if how == "before":
        os._exit(0)
    if how == "hang":
        return
    if how == "after":
        ends_at.add(number)
    if how in CODES:
        if how == "full":  # half of it only
            return half(packet, number, process)
        return say(number, CODES[how])
    process.stdin.write(packet)
    process.stdin.flush()


def half(packet: bytes, number: bytes, process) -> None:
    """Write the beginning of what was to be written, and answer that it failed."""
    handle = 9 + 4 + struct.unpack(">I", packet[9:13])[0]
    size = struct.unpack(">I", packet[handle + 8 : handle + 12])[0]
    data = packet[handle + 12 : handle + 12 + size // 2]
    body = packet[4:5] + b"\xff\xff\xff\xf0" + packet[9 : handle + 8]
    body += struct.pack(">I", len(data)) + data
    process.stdin.write(struct.pack(">I", len(body)) + body)
    process.stdin.flush()
    say(number, CODES["full"])


def next_order(name: str, orders: Path) -> str:
    for path in sorted(orders.iterdir()):
        _, message, how = path.name.split("-")
        if message == name:
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            return how
    return ""


def say(number: bytes, code: int) -> None:
    body = bytes([STATUS]) + number + struct.pack(">I", code) + struct.pack(">I", 7) + b"Failure"
    write(struct.pack(">I", len(body) + 4) + body + struct.pack(">I", 0))


def write(packet: bytes) -> None:
    with lock:
        sys.stdout.buffer.write(packet)
        sys.stdout.buffer.flush()


def answers(process) -> None:
    while packet := read_packet(process.stdout):
        number = packet[5:9]
        if number in ends_at:
            os._exit(0)
        if number != b"\xff\xff\xff\xf0":
            write(packet)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
