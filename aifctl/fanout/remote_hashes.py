"""SHA-256 of files on a node: by its own sha256sum, one command for all of them; where it has none, by reading them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.ports.transport import Command, Link, RemoteFiles

_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *](.*)")
_ESCAPED = re.compile(rb"\\(.)")
_UNESCAPE = {b"n": b"\n", b"r": b"\r"}
#: Digest, separators, and every byte of a path escaped.
_LINE_BYTES = 80


class _Bounded:
    """Keeps what is plausible as an answer and no more."""

    def __init__(self, most_bytes: int) -> None:
        self.data = bytearray()
        self._most = most_bytes

    def write(self, data: bytes) -> None:
        self.data += data[: self._most - len(self.data)]


async def remote_hashes(
    link: Link, files: RemoteFiles, paths: Sequence[str], *, timeout_s: float | None
) -> dict[str, str]:
    """Return path → SHA-256, hex, for files that exist; NodeError where the link dies or a file can't be read."""
    if not paths:
        return {}
    encoded = [shell_path(path) for path in paths]
    answer = _Bounded(sum(len(path) * 2 + _LINE_BYTES for path in encoded))
    command = Command(line="xargs -0 sha256sum --", stdin=b"\0".join(encoded) + b"\0", timeout_s=timeout_s)
    ended = await link.execute(command, stdout=answer.write, stderr=_ignore)
    if ended.halted is not None:
        raise NodeError(ended.halted, "ended while its files were compared")
    found = parse_sha256sum(bytes(answer.data)) if ended.rc == 0 else {}
    return {
        path: found[name] if name in found else await _read_back(files, path)
        for path, name in zip(paths, encoded, strict=True)
    }


def parse_sha256sum(data: bytes) -> dict[bytes, str]:
    """Turn sha256sum's lines into name → digest; lines that are something else are passed over."""
    found = {}
    for line in data.split(b"\n"):
        match = _LINE.fullmatch(line)
        if match:
            name = _ESCAPED.sub(lambda each: _UNESCAPE.get(each[1], each[1]), match[3]) if match[1] else match[3]
            found[name] = match[2].decode("ascii")
    return found


def shell_path(path: str) -> bytes:
    """Return a path as an argument that no command takes for an option."""
    return (path if path.startswith("/") else f"./{path}").encode("utf-8", "surrogateescape")


async def _read_back(files: RemoteFiles, path: str) -> str:
    digest = hashlib.sha256()
    reading: AsyncIterator[bytes] = files.read(path)
    async for chunk in reading:
        digest.update(chunk)
    return digest.hexdigest()


def _ignore(data: bytes) -> None:
    """What sha256sum complains about shows as a missing line."""


def refused(problem: NodeError) -> NodeError:
    """Return a node's own refusal as what it is: an answer (exit), not a node that could not be asked."""
    if problem.outcome is Outcome.PROTOCOL:
        return NodeError(Outcome.EXIT, problem.message)
    return problem
