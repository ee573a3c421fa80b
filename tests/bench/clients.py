"""The clients that are measured: how each is called, what it needs, and how its replies read."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.bench import replies
from tests.bench.fleet import PORT, Fleet

_HERE = Path(__file__).parent
_PEERS = Path(sys.prefix) / "peers/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One way to run one command on many nodes.

    Attributes:
        needs: the program, an absolute path or a name on PATH; what the row says when it is missing.
        durations_s: reads how long each node took, sorted, where the client tells.
        at_most: nodes that it is asked for; a client of 17 ms a node need not spend a minute to prove it.
    """

    name: str
    needs: str
    command: Callable[[Fleet], Sequence[str]]
    replies: Callable[[bytes], frozenset[str]]
    environ: Callable[[Fleet], Mapping[str, str]] = field(default=lambda _fleet: {})
    durations_s: Callable[[bytes], list[float]] | None = None
    at_most: int | None = None

    def missing(self) -> str | None:
        """Say what keeps it from being measured here; None when nothing does."""
        return None if shutil.which(self.needs) else f"{Path(self.needs).name} is not installed"


def aifctl(*more: str, output: str = "plain", name: str = "aifctl run", reply_bytes: int = 0) -> Client:
    """Return aifctl as an operator calls it, with further options; `reply_bytes`: what each node is to print."""
    return Client(
        name=name,
        needs=sys.executable,
        command=lambda fleet: [
            *aifctl_command(),
            "run",
            *hostfile_options(fleet),
            *more,
            f"--output={output}",
            "--progress=off",
            "--",
            "hostname",
        ],
        replies=partial(replies.of_json, reply_bytes=reply_bytes) if output == "json" else replies.of_plain,
        durations_s=replies.durations_s if output == "json" else None,
    )


def aifctl_command() -> list[str]:
    """Return the program, as `pip install` puts it on PATH."""
    return [str(Path(sys.executable).with_name("aifctl"))]


def hostfile_options(fleet: Fleet) -> list[str]:
    """Return the options that reach a light fleet without an inventory."""
    return [
        f"--hostfile={fleet.hostfile}",
        "--user=root",
        f"--port={PORT}",
        f"--identity={fleet.key}",
        f"--known-hosts={fleet.known_hosts}",
    ]


def environment(folder: Path) -> dict[str, str]:
    """Return an environment that holds nothing of this user's."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    path = os.pathsep.join([str(_PEERS), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "AIFCTL_STATE_DIR": str(folder / "state")}


def peers() -> list[Client]:
    """Return the other clients, cheapest first."""
    return [
        _driver("parallel-ssh", _PEERS / "python", "drive_parallel_ssh.py"),
        _driver("asyncssh, naive", Path(sys.executable), "drive_asyncssh.py"),
        _openssh_loop(),
        _pdsh(),
        _clush(),
        _ansible_raw(),
    ]


def _openssh_loop() -> Client:
    return Client(
        name="ssh in a loop, 64 at once",
        needs="ssh",
        command=lambda fleet: [
            *("xargs", "-a", str(fleet.hostfile), *shlex.split("-P 64 -n 1 sh -c")),
            f'echo "$0: $(exec ssh {_openssh(fleet)} -n root@$0 hostname)"',
        ],
        replies=replies.of_prefixed,
        at_most=300,
    )


def _pdsh() -> Client:
    return Client(
        name="pdsh",
        needs="pdsh",
        command=lambda fleet: [*shlex.split("pdsh -S -R ssh -f 64 -l root -w"), f"^{fleet.hostfile}", "hostname"],
        environ=lambda fleet: {"PDSH_SSH_ARGS_APPEND": _openssh(fleet)},
        replies=replies.of_prefixed,
        at_most=300,
    )


def _clush() -> Client:
    program = str(Path(sys.prefix) / "bin/clush")  # ClusterShell is the tests' partner, in their environment
    return Client(
        name="clush",
        needs=program,
        command=lambda fleet: [
            *(program, *shlex.split("-S -f 64 -l root -o"), _openssh(fleet)),
            *("--hostfile", str(fleet.hostfile), "hostname"),
        ],
        replies=replies.of_prefixed,
        at_most=300,
    )


def _ansible_raw() -> Client:
    program = str(_PEERS / "ansible")
    return Client(
        name="ansible -m raw",
        needs=program,
        command=lambda fleet: [program, "-i", str(_ansible_inventory(fleet)), *shlex.split("all -m raw -a hostname")],
        environ=lambda fleet: {"ANSIBLE_SSH_ARGS": _openssh(fleet), "ANSIBLE_FORKS": "64"},
        replies=replies.of_ansible,
        at_most=300,
    )


def _driver(name: str, python: Path, script: str) -> Client:
    """Return a library under a minimal program of ours, which prints NODE: REPLY."""
    return Client(
        name=name,
        needs=str(python),
        command=lambda fleet: [str(python), str(_HERE / script), str(fleet.folder), str(PORT), "256"],
        replies=replies.of_prefixed,
    )


def _openssh(fleet: Fleet) -> str:
    """Return ssh's options; the key exchange is the cheap one, the default of today's costs it five times as much."""
    options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={fleet.known_hosts}", "LogLevel=ERROR"]
    options += ["IdentitiesOnly=yes", "KexAlgorithms=curve25519-sha256"]
    return f"-p {PORT} -i {fleet.key} " + " ".join(f"-o {option}" for option in options)


def _ansible_inventory(fleet: Fleet) -> Path:
    inventory = fleet.folder / "ansible.ini"
    variables = f"ansible_port={PORT} ansible_user=root ansible_ssh_private_key_file={fleet.key}"
    inventory.write_text("".join(f"{node} {variables}\n" for node in fleet.nodes))
    return inventory
