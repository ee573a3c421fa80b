"""The clients that operators have: OpenSSH's ssh, sftp and scp, host keys strictly checked."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path

import pytest

from aifctl.sim.fleet import SimFleet
from aifctl.sim.spec import FleetSpec

pytestmark = [pytest.mark.ssh, pytest.mark.skipif(not shutil.which("sftp"), reason="no OpenSSH clients: make deps")]


async def started(*argv: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate(stdin)
    return process.returncode or 0, out, err


def options(fleet: SimFleet) -> list[str]:
    given = {
        "IdentityFile": fleet.files.identity, "UserKnownHostsFile": fleet.files.known_hosts, "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes", "IdentityAgent": "none", "BatchMode": "yes",
        "Port": fleet.port, "User": "ops",
    }  # fmt: skip
    return ["-F", "none", *(word for name, value in given.items() for word in ("-o", f"{name}={value}"))]


def with_fleet(
    folder: Path, program: str, *rest: str, faults: tuple[str, ...] = (), stdin: bytes = b""
) -> tuple[int, bytes, bytes]:
    """Run an OpenSSH client against node r001n02; ADDRESS in its words is the node's."""

    async def main() -> tuple[int, bytes, bytes]:
        async with SimFleet(FleetSpec(nodes_count=4, faults=faults), folder=folder / "fleet") as fleet:
            address = fleet.layout.place(1).address
            words = [word.replace("ADDRESS", address).replace("HOP", fleet.layout.place(0).address) for word in rest]
            return await started(program, *options(fleet), *words, stdin=stdin)

    return asyncio.run(main())


def test_ssh_runs_a_command_and_gives_its_status(tmp_path: Path) -> None:
    assert with_fleet(tmp_path, "ssh", "ADDRESS", "hostname; exit 5") == (5, b"r001n02\n", b"")


def test_ssh_hands_stdin_on_byte_by_byte(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    assert with_fleet(tmp_path, "ssh", "ADDRESS", "cat", stdin=data)[:2] == (0, data)


def test_ssh_refuses_a_node_whose_host_key_has_changed(tmp_path: Path) -> None:
    rc, out, err = with_fleet(tmp_path, "ssh", "ADDRESS", "hostname", faults=("wrong-host-key",))
    assert (rc, out) == (255, b"")
    assert b"HOST IDENTIFICATION HAS CHANGED" in err


def test_ssh_is_told_that_its_key_is_not_known(tmp_path: Path) -> None:
    rc, _, err = with_fleet(tmp_path, "ssh", "ADDRESS", "hostname", faults=("auth-refused",))
    assert rc == 255
    assert b"Permission denied (publickey)" in err


def test_ssh_opens_an_interactive_shell_with_prompt_and_echo(tmp_path: Path) -> None:
    rc, out, _ = with_fleet(tmp_path, "ssh", "-tt", "ADDRESS", stdin=b"hostname\nfalse\nexit\n")
    assert rc == 1
    assert b"ops@r001n02:/home/ops$ hostname\r\nr001n02\r\n" in out


def test_ssh_without_a_terminal_runs_the_lines_of_its_stdin(tmp_path: Path) -> None:
    assert with_fleet(tmp_path, "ssh", "ADDRESS", stdin=b"hostname\nexit 4\n")[:2] == (4, b"r001n02\n")


def test_a_node_is_a_jump_host_to_its_own_fleet(tmp_path: Path) -> None:
    async def main() -> tuple[int, bytes, bytes]:
        async with SimFleet(FleetSpec(nodes_count=4), folder=tmp_path) as fleet:
            hop = " ".join(["ssh", *options(fleet), "-W", "%h:%p", fleet.layout.place(0).address])
            words = ["-o", f"ProxyCommand={hop}", fleet.layout.place(2).address, "hostname"]
            return await started("ssh", *options(fleet), *words)

    assert asyncio.run(main())[:2] == (0, b"r001n03\n")


def test_a_node_forwards_to_nothing_else_on_this_machine(tmp_path: Path) -> None:
    async def main() -> tuple[int, bytes, bytes]:
        async with SimFleet(FleetSpec(nodes_count=4), folder=tmp_path) as fleet:
            return await started("ssh", *options(fleet), "-W", "127.0.0.1:22", fleet.layout.place(0).address)

    rc, out, err = asyncio.run(main())
    assert (rc, out) == (255, b"")
    assert b"reaches its own fleet only" in err


def test_sftp_carries_files_and_directories_both_ways(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(bytes(range(256)) * 2000)
    batch = tmp_path / "batch"
    batch.write_text(
        f"mkdir /tmp/d\nput {source} /tmp/d/f\nchmod 640 /tmp/d/f\nrename /tmp/d/f /tmp/d/g\nls -l /tmp/d\n"
        f"symlink g /tmp/d/l\nget /tmp/d/l {tmp_path / 'out'}\nrm /tmp/d/l\nrm /tmp/d/g\nrmdir /tmp/d\nls /tmp\npwd\n"
    )
    rc, out, err = with_fleet(tmp_path, "sftp", "-b", str(batch), "ADDRESS")
    assert (rc, err) == (0, b"")
    assert (tmp_path / "out").read_bytes() == source.read_bytes()
    assert b"-rw-r-----" in out
    assert b"/home/ops" in out


def test_sftp_says_when_the_disk_is_full(tmp_path: Path) -> None:
    source, batch = tmp_path / "in", tmp_path / "batch"
    source.write_bytes(b"x" * 1000)
    batch.write_text(f"put {source} /tmp/f\n")
    rc, _, err = with_fleet(tmp_path, "sftp", "-b", str(batch), "ADDRESS", faults=("full-disk",))
    assert rc != 0
    assert b"Failure" in err or b"No space" in err


def test_sftp_reads_no_file_of_this_machine(tmp_path: Path) -> None:
    batch = tmp_path / "batch"
    batch.write_text(f"get {tmp_path}/batch {tmp_path}/stolen\n")
    rc, _, err = with_fleet(tmp_path, "sftp", "-b", str(batch), "ADDRESS")
    assert rc != 0
    assert b"not found" in err
    assert not (tmp_path / "stolen").exists()


def test_scp_copies_over_sftp(tmp_path: Path) -> None:
    rc, _, err = with_fleet(tmp_path, "scp", "ADDRESS:/etc/hostname", str(tmp_path / "name"))
    assert (rc, err) == (0, b"")
    assert (tmp_path / "name").read_text() == "r001n02\n"


def test_keys_and_inventory_are_their_owners_alone(tmp_path: Path) -> None:
    async def main() -> list[tuple[str, str]]:
        async with SimFleet(FleetSpec(nodes_count=2), folder=tmp_path / "f") as fleet:
            paths = [fleet.files.folder, *fleet.files.folder.iterdir()]
            return [(path.name, stat.filemode(path.stat().st_mode)) for path in paths]

    modes = dict(asyncio.run(main()))
    assert modes.pop("f") == "drwx------"
    assert set(modes.values()) == {"-rw-------"}
    assert {"inventory.yaml", "known_hosts", "client_key"} <= set(modes)
