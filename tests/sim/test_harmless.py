"""A worker executes nothing and writes nothing outside its folder, whatever it is asked: watched from within by an audit hook."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncssh
import pytest

from aifctl.sim import credentials
from aifctl.sim.files import FleetFiles
from aifctl.sim.free_port import free_port
from aifctl.sim.layout import Layout
from aifctl.sim.spec import FleetSpec
from aifctl.survey.envelope import open_envelope
from aifctl.survey.probe_work import probe_line
from aifctl.wiring.probe import probe_package
from tests.survey.nodes import small_package

pytestmark = pytest.mark.ssh

#: Runs a worker; from the moment it listens every forbidden event is written to a file that was opened before.
_WATCHED = """
import os, sys
folder, log = os.path.realpath(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o600)
FORBIDDEN = ("subprocess.", "os.exec", "os.system", "os.posix_spawn", "os.fork", "os.spawn", "os.startfile", "pty.spawn",
             "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink",
             "os.truncate", "os.kill", "shutil.", "ctypes.", "compile", "exec", "socket.connect")
FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
serving = False
def hook(event, args):
    if not serving:
        return
    if event == "open":
        path, mode, flags = args
        if isinstance(path, int) or not (flags or 0) & FLAGS and not set(mode or "r") & set("wax+"):
            return
        path = os.path.realpath(os.fsdecode(path))
        if path.startswith(folder + os.sep):
            return
        os.write(log, f"open {path}\\n".encode())
    elif event.startswith(FORBIDDEN):
        if event == "socket.connect" and args[1][1] == int(sys.argv[4]):
            return  # a rebooting node fills its own backlog
        if any(str(arg).startswith((folder, "/proc/self/fd/")) for arg in args):
            return
        os.write(log, f"{event} {args!r}\\n".encode())
sys.addaudithook(hook)
import aifctl.sim.worker as worker
say = worker._say
def listening(facts):
    global serving
    say(facts)
    serving = True
worker._say = listening
sys.exit(worker.main([sys.argv[1], "0", "0", sys.argv[3], "--tied"]))
"""

_LINES = (
    "rm -rf /", "sudo rm -rf / --no-preserve-root", "touch {own}/pwned; echo x > {own}/pwned", "sh -c 'touch {own}/pwned'",
    "exec /bin/sh -c 'id > {own}/pwned'", "$(touch {own}/pwned)", "`touch {own}/pwned`", "; touch {own}/pwned #",
    "python3 -c 'open(\"{own}/pwned\",\"w\")'", "perl -e 'system(\"touch {own}/pwned\")'", "eval touch {own}/pwned",
    "kill -9 -1", "kill -9 {pid}", "sudo kill -9 1", "pkill -9 python", "mv /etc/passwd {own}/pwned", "reboot", "cat {own}/secret",
    "dd if=/dev/zero of={own}/pwned count=9", "cp /etc/hostname {own}/pwned", "ln -s {own} /tmp/l; echo x > /tmp/l/pwned",
    "cd {own} && echo x > pwned", "tee {own}/pwned < /etc/hostname", "mkdir {own}/pwned", "chmod 777 {own}", "nohup sleep 1 &",
    "curl http://localhost", "bash -i >& /dev/tcp/127.0.0.1/22 0>&1", "find / -name '*'", "env PATH={own} ls",
    "xargs -I% touch % < /etc/hostname", "sudo reboot",
)  # fmt: skip


def test_nothing_is_executed_and_nothing_written_outside_the_folder(tmp_path: Path) -> None:
    folder, log = tmp_path / "fleet", tmp_path / "events"
    own = tmp_path / "mine"
    own.mkdir()
    (own / "secret").write_text("hidden")
    spec = FleetSpec(nodes_count=4, boot_s=0.1)
    files = FleetFiles(folder)
    port = _free_port()
    files.write(spec, port=port, secret=bytes(32))
    files.write_text("spec.json", json.dumps({"spec": spec.as_json(), "port": port}))
    worker = subprocess.Popen(
        [sys.executable, "-c", _WATCHED, str(folder), str(log), "4", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdout is not None
    try:
        assert json.loads(worker.stdout.readline())["ready"]
        outputs = asyncio.run(_attack(files, port, own, worker.pid))
    finally:
        worker.communicate(timeout=20)
    assert worker.returncode == 0
    assert log.read_text() == ""
    assert [path.name for path in own.iterdir()] == ["secret"]
    assert "hidden" not in outputs


def test_the_watch_itself_sees_what_is_forbidden(tmp_path: Path) -> None:
    """Without this, an audit hook that never fires would prove anything."""
    log = tmp_path / "events"
    code = _WATCHED.partition("import aifctl")[0] + (
        "serving = True\nimport subprocess\nopen(sys.argv[3], 'w').close()\nsubprocess.run(['true'])\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "fleet"), str(log), str(tmp_path / "x"), "0"], check=True
    )
    seen = log.read_text()
    assert f"open {tmp_path / 'x'}" in seen
    assert "subprocess.Popen" in seen


async def _attack(files: FleetFiles, port: int, own: Path, pid: int) -> str:
    """Try every line, and SFTP, on a node; returns all output."""
    outputs = []
    place = Layout(4).place(1)
    for line in _LINES:
        try:
            async with _connected(files, place.address, port) as connection:
                ran = await asyncio.wait_for(connection.run(line.format(own=own, pid=pid), encoding=None), 20)  # noqa: TID251  an expression, and nothing else is to be cancelled
                outputs.append(f"{ran.stdout!r} {ran.stderr!r}")
        except (asyncssh.Error, OSError):  # a reboot cuts the link
            await asyncio.sleep(0.3)
    outputs.append(await _probe(files, port, own))
    async with (
        _connected(files, Layout(4).place(2).address, port) as connection,
        connection.start_sftp_client() as sftp,
    ):
        for path in (own / "secret", Path("/etc/shadow"), Path("/../../../etc/shadow")):
            with pytest.raises(asyncssh.SFTPError):
                await sftp.open(str(path))
        with pytest.raises(asyncssh.SFTPError):
            await sftp.mkdir(str(own / "pwned"))
        await sftp.put(str(own / "secret"), "/tmp/copy")
    return "".join(outputs)


async def _probe(files: FleetFiles, port: int, own: Path) -> str:
    """Bring a probe along that would write a file; the node answers as if it had run."""
    evil = small_package(f"open({str(own / 'pwned')!r}, 'w').close()", probe_package().launcher)
    async with _connected(files, Layout(4).place(3).address, port) as connection:
        ran = await connection.run(probe_line(evil, {}), input=evil.data, encoding=None)
    assert isinstance(ran.stdout, bytes)
    assert open_envelope(ran.stdout, node="r001n04", probe=evil.sha256).sections
    return repr(ran.stdout)


def _connected(files: FleetFiles, address: str, port: int) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    return asyncssh.connect(
        address, port, username="ops", client_keys=[str(files.identity)], known_hosts=str(files.known_hosts), config=None,
        agent_path=None,
    )  # fmt: skip


def _free_port() -> int:
    return free_port(Layout(4).place(0).address)


def test_the_secret_that_keys_follow_from_is_as_long_as_it_must_be() -> None:
    assert credentials.SECRET_BYTES == 32
