"""Our own keys: files, OpenSSH certificates beside them, and the agent; whatever is wrong with them is said at start."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import asyncssh
from asyncssh import KeyEncryptionError, KeyImportError
from asyncssh.agent import SSHAgentClient
from asyncssh.public_key import SSHCertificate, SSHKey, SSHKeyPair

from aifctl.core.errors import SetupError
from aifctl.core.secret import Secret
from aifctl.transport.ssh.auth import Offer
from aifctl.transport.ssh.plain_keys import DEFAULT_IDENTITIES

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES = 1 << 20  # a 16384-bit RSA key has 13 KB; a device never ends
_CERTIFICATE = b"-cert-v01@openssh.com"
_PASSWORD_WANTED = "Passphrase must be specified"  # noqa: S105 - asyncssh's sentence, not a password


class Keyring:
    """Keys by file, read once each; and one connection to the agent, whatever the number of nodes."""

    def __init__(self, *, agent: str | None, password: Secret | None) -> None:
        self._agent_path, self._password = agent, password
        self._agent: SSHAgentClient | None = None
        self._files: dict[str, tuple[Offer, ...]] = {}
        self._agent_offers: asyncio.Task[tuple[Offer, ...]] | None = None

    def check(self, identities: Sequence[str]) -> None:
        """Read key files; SetupError names the first that can't be used and what to do about it.

        With no file named, the usual ones are looked for, and there must be one of them or an agent.
        """
        found = [self._from_file(identity) for identity in self._named(identities)]
        if any(found) or self._agent_is_there():
            return
        raise SetupError(
            "there is no SSH key to log in with: name one with --identity, put one at ~/.ssh/id_ed25519, or start "
            "ssh-agent and ssh-add a key"
        )

    async def offers(self, identities: Sequence[str], *, only_these: bool) -> tuple[Offer, ...]:
        """Return what to offer: the files' keys in order, then the agent's others unless `only_these`."""
        named = self._named(identities)
        found = [offer for identity in named for offer in self._from_file(identity)]
        publics = {blob for identity in named for blob in _public_blobs(identity)}
        held = {offer.pair.key_public_data for offer in found}
        for offer in await self._from_agent():
            blob = offer.pair.key_public_data
            if blob not in held and (not (only_these and identities) or blob in publics):
                found.append(offer)
        return tuple(found)

    async def close(self) -> None:
        """Let go of the agent."""
        if self._agent_offers:
            self._agent_offers.cancel()
        if self._agent:
            self._agent.close()
            await self._agent.wait_closed()
            self._agent = None
        self._agent_offers = None

    def _named(self, identities: Sequence[str]) -> tuple[str, ...]:
        if identities:
            return tuple(identities)
        return tuple(path for path in DEFAULT_IDENTITIES if Path(path).expanduser().is_file())

    def _agent_is_there(self) -> bool:
        return bool(self._agent_path) and Path(self._agent_path or "").is_socket()

    def _from_file(self, identity: str) -> tuple[Offer, ...]:
        if identity not in self._files:
            self._files[identity] = self._read(identity)
        return self._files[identity]

    def _read(self, identity: str) -> tuple[Offer, ...]:
        path = Path(identity).expanduser()
        try:
            with path.open("rb") as file:
                data, facts = file.read(_MOST_BYTES + 1), os.fstat(file.fileno())
        except OSError as problem:
            raise SetupError(f"the SSH key {identity} can't be read: {problem.strerror}; check --identity") from problem
        if len(data) > _MOST_BYTES:
            raise SetupError(f"{identity} is no SSH key; name a private key with --identity")
        if b"PRIVATE KEY" not in data:
            return self._public_alone(identity)
        if facts.st_uid == os.geteuid() and facts.st_mode & _OTHERS:
            raise SetupError(
                f"the SSH key {identity} may be read by others (mode {stat.S_IMODE(facts.st_mode):04o}); "
                f"close it with: chmod 600 {identity}"
            )
        key = self._private(identity, data)
        return () if key is None else _offers(identity, key, _certificate(path))

    def _public_alone(self, identity: str) -> tuple[Offer, ...]:
        if not _public_blob(Path(identity).expanduser()):
            raise SetupError(f"{identity} is no SSH key; name a private key with --identity")
        if not self._agent_is_there():
            raise SetupError(f"{identity} is a public key, and there is no agent that holds its private one")
        return ()

    def _private(self, identity: str, data: bytes) -> SSHKey | None:
        password = self._password.reveal() if self._password else None
        try:
            return asyncssh.import_private_key(data, password)
        except (KeyImportError, KeyEncryptionError) as problem:
            if _PASSWORD_WANTED in str(problem):
                if self._agent_is_there() and _public_blobs(identity):
                    return None  # the agent holds it opened
                raise SetupError(
                    f"the SSH key {identity} is encrypted; give its password with --key-password file:PATH, or ssh-add it"
                ) from problem
            if isinstance(problem, KeyEncryptionError):
                raise SetupError(f"the password given does not open the SSH key {identity}") from problem
            raise SetupError(f"the SSH key {identity} can't be read: {problem}") from problem

    async def _from_agent(self) -> tuple[Offer, ...]:
        if not self._agent_path:
            return ()
        if self._agent_offers is None:
            self._agent_offers = asyncio.create_task(self._ask_agent(self._agent_path))
        # Many nodes wait for one answer; a node that gives up must not end it for the others.
        return await asyncio.shield(self._agent_offers)

    async def _ask_agent(self, path: str) -> tuple[Offer, ...]:
        self._agent = SSHAgentClient(path)
        try:
            pairs = await self._agent.get_keys()
        except (ValueError, OSError):
            # No agent behind the socket: the files' keys may do; `check` has said so where there are none.
            return ()
        return tuple(_agent_offer(pair) for pair in pairs)


def _agent_offer(pair: SSHKeyPair) -> Offer:
    comment = (pair.get_comment_bytes() or b"")[:80].decode("utf-8", "replace")
    return Offer(pair=pair, label=f"agent key {comment}", remote=True, rsa=pair.key_algorithm.startswith(b"ssh-rsa"))


def _offers(identity: str, key: SSHKey, certificate: SSHCertificate | None) -> tuple[Offer, ...]:
    rsa = key.algorithm == b"ssh-rsa"
    certificates = [certificate] if certificate else []
    offers: list[Offer] = []
    for pair in asyncssh.load_keypairs([key], certlist=certificates):
        if pair.algorithm.endswith(_CERTIFICATE):
            label = f"{identity} with its certificate"
            if rsa:
                offers.append(Offer(pair=pair, label=label, rsa=True, newer_name=True))
            offers.append(Offer(pair=pair, label=label, rsa=rsa))
        else:
            offers.append(Offer(pair=pair, label=identity, rsa=rsa))
    return tuple(offers)


def _certificate(path: Path) -> SSHCertificate | None:
    beside = path.with_name(f"{path.name}-cert.pub")
    try:
        return asyncssh.read_certificate(str(beside)) if beside.is_file() else None
    except (KeyImportError, OSError) as problem:
        raise SetupError(f"the SSH certificate {beside} can't be read: {problem}") from problem


def _public_blobs(identity: str) -> tuple[bytes, ...]:
    """Return the public half that a file holds or that lies beside it, to know it among the agent's keys."""
    path = Path(identity).expanduser()
    blobs = map(_public_blob, (path.with_name(f"{path.name}.pub"), path))
    return tuple(blob for blob in blobs if blob)[:1]


def _public_blob(path: Path) -> bytes:
    try:
        return asyncssh.read_public_key(str(path)).public_data
    except (KeyImportError, OSError):
        return b""
