"""The exported nodes and tree, read by a real slurmctld of this test's own."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.fleet.nodeset import expand, sort_names
from tests.roster.inventories import SHIPPED, roster

_NEEDED = ("munge", "munged", "slurmctld", "scontrol")
_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
TopologyPlugin=topology/tree
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
NodeName=DEFAULT CPUs=16 RealMemory=1000 State=UNKNOWN
Include {folder}/nodes.conf
PartitionName=train Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def _ready(command: list[str], environ: dict[str, str], daemon: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it answers; each try waits on the daemon itself, and the test's own time limit ends it."""
    while subprocess.run(command, env=environ, capture_output=True, check=False).returncode:
        assert daemon.poll() is None, log.read_text()


@pytest.fixture
def slurm(tmp_path: Path, name: str) -> Iterator[dict[str, str]]:
    """A slurmctld that knows one shipped fleet; yields the environment in which scontrol finds it."""
    missing = [tool for tool in _NEEDED if not shutil.which(tool)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed; make deps installs Slurm")
    folder = Path(os.path.realpath(tmp_path))
    for part in ("munge", "state", "spool"):
        (folder / part).mkdir(mode=0o755)
    key = folder / "munge" / "key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    for file, text in roster().export_text(roster().load(SHIPPED / name).fleet, format_name="slurm").files:
        (folder / file).write_text(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    conf = folder / "slurm.conf"
    conf.write_text(_CONF.format(host=socket.gethostname(), port=port, user=user, folder=folder))
    environ = {**os.environ, "SLURM_CONF": str(conf)}
    munge = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge/socket"]
    munge += [f"--{what}-file={folder}/munge/{what}" for what in ("pid", "log", "seed")]
    said = folder / "daemons.log"
    with said.open("wb") as log:
        daemons = [subprocess.Popen(munge, stdout=log, stderr=log)]
        try:
            _ready(["munge", "-n", "-S", f"{folder}/munge/socket"], environ, daemons[-1], said)
            daemons.append(
                subprocess.Popen(["slurmctld", "-D", "-i", "-f", str(conf)], env=environ, stdout=log, stderr=log)
            )
            _ready(["scontrol", "ping"], environ, daemons[-1], said)
            yield environ
        finally:
            for daemon in reversed(daemons):
                daemon.terminate()
                daemon.wait()


def _asked(environ: dict[str, str], *words: str) -> str:
    return subprocess.run(["scontrol", *words], env=environ, capture_output=True, text=True, check=True).stdout


@pytest.mark.slurm
@pytest.mark.parametrize("name", ["demo", "ai-factory-50k"])
def test_a_real_slurmctld_takes_the_exported_nodes_and_tree(slurm: dict[str, str], name: str) -> None:
    fleet = roster().load(SHIPPED / name).fleet
    switches = {
        match[1]: (int(match[2]), match[3])
        for match in re.finditer(
            r"SwitchName=(\S+) Level=(\d+) LinkSpeed=\S+ Nodes=(\S+)", _asked(slurm, "show", "topology")
        )
    }
    halls = fleet.scope("hall")
    tops = {} if len(halls) == 1 else dict.fromkeys(fleet.scope("site"), 2)
    expected = {**dict.fromkeys(fleet.scope("su"), 0), **dict.fromkeys(halls, 1), **tops}
    assert {switch: level for switch, (level, _) in switches.items()} == expected
    for su, members in fleet.scope("su").items():
        assert sort_names(expand(switches[su][1])) == list(members)
    addresses = dict(re.findall(r"NodeName=(\S+).*?NodeAddr=(\S+)", _asked(slurm, "show", "nodes"), flags=re.DOTALL))
    assert addresses == {node: fleet.endpoint(node).address for node in fleet.names}
