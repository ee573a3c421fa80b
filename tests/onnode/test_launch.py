"""The launcher under real Pythons: it runs what it was sent, once, and nothing that somebody else may have written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import aifctl.onnode
from aifctl.ports.probe_package import ProbePackage
from aifctl.survey.package import bare, pack
from aifctl.survey.probe_work import probe_line
from tests.onnode.pythons import EVERY_PYTHON, OLDEST_PYTHON, PYTHONS

_LAUNCHER = bare((Path(aifctl.onnode.__path__[0]) / "launch.py").read_text())
_MAIN = b"""\
import json, os, sys
from . import part
from .parts.deep import DEEP
import other
def main(argv, probe):
    print(json.dumps({"argv": argv, "probe": probe, "parts": [part.PART, DEEP, other.OTHER]}))
    return 7
"""
_FILES = {
    "probe/__init__.py": b"",
    "probe/__main__.py": _MAIN,
    "probe/part.py": b"PART = 1\n",
    "probe/parts/__init__.py": b"",
    "probe/parts/deep.py": b"from .. import part\nDEEP = part.PART + 1\n",
    "other.py": b"OTHER = 3  # " + b"".join(hashlib.sha256(b"%d" % n).hexdigest().encode() for n in range(1500)),
}
#: What no shell on the way may touch.
_ARGUMENTS = {"cursor": 'it\'s; "$HOME" \\n é'}


@dataclass
class Node:
    """A home and a /dev/shm of its own, and the Python that this node has."""

    folder: Path
    python: str = OLDEST_PYTHON
    data: bytes = field(default_factory=lambda: pack(_FILES))
    before: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in (self.home, self.bin, self.folder / "shm"):
            part.mkdir(exist_ok=True)
        (self.bin / "python3").symlink_to(PYTHONS[self.python])
        for tool in ("sh", "mount", "unshare", "bash", "setpriv"):
            path = shutil.which(tool)
            if path:
                (self.bin / tool).symlink_to(path)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def cached(self) -> Path:
        return self.home / ".cache/aifctl" / f"probe-{self.sha256}"

    @property
    def in_memory(self) -> Path:
        return self.folder / f"shm/aifctl-{os.geteuid()}/probe-{self.sha256}"

    def run(self, feed: bytes | None = None, *, shell: str = "sh") -> subprocess.CompletedProcess[bytes]:
        """Run the command line as a login shell would; `feed` is what comes on stdin."""
        command = [shell, "-c", self.before + self.line()]
        return subprocess.run(command, input=feed or b"", capture_output=True, check=False, env=self.env())

    def line(self) -> str:
        launcher = _LAUNCHER.replace("/dev/shm/", f"{self.folder}/shm/")
        package = ProbePackage(data=self.data, sha256=self.sha256, launcher=launcher)
        return probe_line(package, _ARGUMENTS)

    def env(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": str(self.bin), **self.environ}

    def asks(self) -> bool:
        """Run it, giving what it asks for, and say whether it asked."""
        done = self.run(self.data)
        assert done.returncode == 7, done
        first, _, rest = done.stdout.rpartition(b"need " + self.sha256.encode() + b"\n")
        answer = json.loads(rest)
        assert answer["probe"] == self.sha256
        assert answer["parts"] == [1, 2, 3]
        assert [json.loads(word) for word in answer["argv"]] == [_ARGUMENTS]
        assert not done.stderr
        return done.stdout.startswith(b"need") and not first


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_the_probe_is_asked_for_once_and_kept(tmp_path: Path, python: str) -> None:
    node = Node(tmp_path, python)
    assert node.asks()
    assert node.cached.read_bytes() == node.data
    assert (node.cached.stat().st_mode & 0o777, node.cached.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in node.cached.parent.iterdir()] == [node.cached.name]
    assert not node.asks()


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "fish", "busybox"])
def test_login_shells_pass_it_on_as_it_is(node: Node, shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} here: make deps")
    program = node.bin / shell
    if not program.exists():
        program.symlink_to(path)
    if shell == "busybox":
        program = node.bin / "ash"
        program.symlink_to(path)
    done = node.run(node.data, shell=str(program))
    assert done.returncode == 7, done
    assert b"it's" in done.stdout.splitlines()[1]


def test_a_cache_folder_that_the_environment_names_is_used(node: Node) -> None:
    node.environ["XDG_CACHE_HOME"] = str(node.folder / "elsewhere")
    assert node.asks()
    assert (node.folder / "elsewhere/aifctl" / node.cached.name).exists()
    assert not node.cached.exists()
    node.environ["XDG_CACHE_HOME"] = "not/absolute"
    assert node.asks()
    assert node.cached.exists()


def test_a_kept_probe_that_was_changed_is_not_run_but_replaced(node: Node) -> None:
    assert node.asks()
    for changed in (node.data[:-1] + b"!", node.data + b"!", node.data[:-1], b""):
        node.cached.write_bytes(changed)
        assert node.asks()
        assert node.cached.read_bytes() == node.data
    assert not node.asks()


def test_a_kept_probe_that_others_may_write_is_not_run_but_replaced(node: Node) -> None:
    assert node.asks()
    for mode in (0o620, 0o602):
        node.cached.chmod(mode)
        assert node.asks()
        assert node.cached.stat().st_mode & 0o777 == 0o600
    assert not node.asks()


def test_a_link_in_place_of_a_kept_probe_is_not_followed(node: Node) -> None:
    assert node.asks()
    elsewhere = node.folder / "elsewhere"
    node.cached.rename(elsewhere)
    node.cached.symlink_to(elsewhere)
    assert node.asks()
    assert not node.cached.is_symlink()
    assert elsewhere.read_bytes() == node.data


def test_a_fifo_or_a_folder_in_its_place_holds_nobody_up(node: Node) -> None:
    node.cached.parent.mkdir(parents=True, mode=0o700)
    os.mkfifo(node.cached)
    assert node.asks()
    assert node.cached.is_file()
    node.cached.unlink()
    node.cached.mkdir()
    assert node.asks()
    assert node.in_memory.read_bytes() == node.data
    assert not node.asks()


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_is_not_used(node: Node, mode: int) -> None:
    node.cached.parent.mkdir(parents=True)
    node.cached.parent.chmod(mode)
    assert node.asks()
    assert list(node.cached.parent.iterdir()) == []
    assert node.in_memory.exists()


def test_a_folder_that_is_a_link_is_not_used(node: Node) -> None:
    (node.home / ".cache").mkdir()
    (node.folder / "elsewhere").mkdir(mode=0o700)
    node.cached.parent.symlink_to(node.folder / "elsewhere")
    assert node.asks()
    assert list((node.folder / "elsewhere").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away, which root alone may")
def test_what_belongs_to_somebody_else_is_not_used(node: Node) -> None:
    assert node.asks()
    os.chown(node.cached, 65534, 65534)
    assert node.asks()
    assert node.cached.stat().st_uid == 0
    os.chown(node.cached.parent, 65534, 65534)
    node.in_memory.parent.mkdir(mode=0o700)
    os.chown(node.in_memory.parent, 65534, 65534)
    assert node.asks()
    assert node.asks()
    assert not node.in_memory.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts, which root alone may")
@pytest.mark.parametrize(("options", "more"), [("size=16k", ""), ("ro", ""), ("size=16k", "shm"), ("ro", "shm")])
def test_a_full_or_read_only_disk_is_no_obstacle(node: Node, options: str, more: str) -> None:
    """In memory then; and where that takes nothing either, it is run and not kept."""
    mounts = [node.home, *([node.folder / "shm"] if more else [])]
    script = (
        "".join(f"mount -t tmpfs -o {options} tmpfs {place} && " for place in mounts) + 'sh -c "$0"; echo "left $?"'
    )
    # The mounts go with it; what it leaves in them is looked at from within.
    script += f'; for f in {node.home}/.cache/aifctl/* {node.folder}/shm/*/*; do echo "left $f"; done'
    command = ["unshare", "--mount", "sh", "-c", script, node.line()]
    done = subprocess.run(command, input=node.data, capture_output=True, check=False, env=node.env())
    said = done.stdout.decode().splitlines()
    assert said[0] == f"need {node.sha256}", done
    assert json.loads(said[1])["probe"] == node.sha256
    kept = [line.split("/")[-1] for line in said[2:] if "probe-" in line or "tmp-" in line]
    assert kept == ([] if more else [node.cached.name])
    assert said[2] == "left 7"


def test_a_limit_on_the_size_of_files_is_no_obstacle(node: Node) -> None:
    node.before = "ulimit -f 1; "
    assert node.asks()
    assert [path for path in node.folder.rglob("*") if path.name.startswith(("probe-", "tmp-"))] == []


def test_a_node_without_a_home_keeps_it_in_memory(node: Node) -> None:
    node.before = "unset HOME; "
    assert node.asks()
    assert node.in_memory.exists()
    assert not node.asks()


def test_an_older_probe_is_left_for_another_control_host_and_the_oldest_go(node: Node) -> None:
    assert node.asks()
    old = [node.cached.with_name(f"probe-{number:064}") for number in range(4)]
    for age, path in enumerate([*old, node.cached.with_name("tmp-1-abc")]):
        path.write_bytes(b"old")
        os.utime(path, (1e9 - age, 1e9 - age))
    node.cached.with_name("tmp-2-def").write_bytes(b"another node's, just being written")
    node.cached.with_name("notes.txt").write_text("somebody's")
    node.cached.unlink()
    assert node.asks()
    assert {path.name for path in node.cached.parent.iterdir()} == {
        node.cached.name,
        old[0].name,
        old[1].name,
        "notes.txt",
        "tmp-2-def",
    }


@pytest.mark.parametrize("arrives", [b"", b"half", b"x" * 10_000_000], ids=["nothing", "half", "another"])
def test_what_arrives_damaged_is_not_run_and_not_kept(node: Node, arrives: bytes) -> None:
    arrives = node.data[:-20] if arrives == b"half" else arrives
    done = node.run(arrives)
    assert done.returncode == 1
    assert done.stdout == f"need {node.sha256}\n".encode()
    assert b"arrived damaged" in done.stderr
    assert [path for path in node.folder.rglob("*") if path.name.startswith(("probe-", "tmp-"))] == []


def test_a_node_without_python_says_so(node: Node) -> None:
    (node.bin / "python3").unlink()
    done = node.run()
    if Path("/usr/libexec/platform-python").exists():
        assert done.returncode in {1, 7}
        return
    assert done.returncode == 127
    assert b"there is no python3 here" in done.stderr
    assert done.stdout == b""


def test_nothing_of_the_user_s_own_python_is_loaded(node: Node) -> None:
    (node.home / "json.py").write_text("raise SystemExit('the wrong json')")
    node.before = f"cd {node.home}; export PYTHONPATH={node.home} PYTHONSTARTUP={node.home}/json.py; "
    assert node.asks()


def test_the_text_that_travels_is_short_and_plain() -> None:
    assert len(_LAUNCHER) < 6000
    assert '"""' not in _LAUNCHER
    assert not [mark for mark in ("'", "\\\\", '\\"') if mark in _LAUNCHER]
    assert _LAUNCHER.isascii()
