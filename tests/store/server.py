"""A PostgreSQL server of the tests' own: in a temporary folder, on a Unix socket alone, gone with whoever started it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

_READY = "ready to accept connections"
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "log_min_messages=log",
    "log_checkpoints=off",
    "shared_buffers=16MB",
    "max_connections=40",
)


@dataclass
class Server:
    """A running server; `database()` makes an empty one and returns its URL."""

    sockets: Path
    process: subprocess.Popen[str]
    made: int = field(default=0)

    def database(self) -> str:
        self.made += 1
        name = f"t{self.made}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode("ascii"))
        return self.url(name)

    def guarded_database(self, owner: str, password: str) -> str:
        """Make an empty database of somebody who logs in with a password; its URL holds none."""
        name = self.database().partition("?")[0].rpartition("/")[2]
        rules = f"VALUES ('local all {owner} scram-sha-256'), ('local all all trust')"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in (
                f"CREATE ROLE {owner} LOGIN PASSWORD '{password}'",
                f"ALTER DATABASE {name} OWNER TO {owner}",
                f"COPY ({rules}) TO '{self.sockets / 'data/pg_hba.conf'}'",
                "SELECT pg_reload_conf()",
            ):
                connection.execute(statement.encode("ascii"))
        return self.url(name).replace("postgres@", f"{owner}@")

    def refuse(self, url: str, *, refused: bool) -> None:
        """Turn away who wants into a database, and throw out who is in it; or let them in again."""
        name = url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {not refused}".encode("ascii"))
            if refused:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={quote(str(self.sockets), safe='')}"


def binaries() -> Path | None:
    """Return where the newest PostgreSQL's programs are; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Start a server, and end it with everything it wrote."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        with _started(programs, folder) as process:
            yield Server(sockets=folder, process=process)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(programs: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    data, as_user = folder / "data", _as_user(folder)
    made = [*as_user, str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    made += ["-E", "UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(made, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    options = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = [*as_user, str(programs / "postgres"), "-D", str(data), "-k", str(folder), *options]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            _wait_until_ready(process.stderr)
            yield process
        finally:
            process.terminate()


def _as_user(folder: Path) -> list[str]:
    """Return what runs a command as somebody whom PostgreSQL accepts: it refuses root, and dies with us."""
    mortal = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() != 0:
        return mortal
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    # Folders above may be ours alone (a suite's own temporary folder): the server may pass through them, and no more.
    through = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return [*mortal, "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups", *through]


def _wait_until_ready(told: IO[str]) -> None:
    lines = []
    for line in told:
        lines.append(line)
        if _READY in line:
            threading.Thread(target=told.read, daemon=True).start()  # or its pipe fills, and it stops
            return
    raise AssertionError("".join(lines))
