"""One lab for all of this folder's tests; each gets an operator's home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.hosts import Host
from tests.lab.lab import Control, Lab
from tests.lab.namespace import Namespace, open_namespace

_HERE = Path(__file__).parent
_IMAGE = (
    os.environ.get("AIFCTL_LAB_IMAGE")
    or subprocess.run([_HERE / "base_image.sh", "--path"], capture_output=True, text=True, check=True).stdout.strip()
)  # asked for now, while HOME is still this user's


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Boot the hosts, once a session; whatever happens to this process, they end with it."""
    for missing in _missing():
        pytest.skip(f"lab tests {missing}")
    folder = tmp_path_factory.mktemp("lab")
    namespace = open_namespace(str(os.getpid()))
    lab = _lab(folder, namespace)
    try:
        lab.boot_all()
        yield lab
    finally:
        namespace.close()
        for host in lab.hosts:
            host.reap()
        shutil.rmtree(folder)


@pytest.fixture
def control(lab: Lab, tmp_path: Path) -> Control:
    """Give a test its own home, state directory and known_hosts; the key is the lab's."""
    control = Control(home=tmp_path / "operator", namespace=lab.namespace, hosts=lab.hosts)
    control.prepare()
    for name in ("id_ed25519", "id_ed25519.pub"):
        shutil.copy(lab.folder / "operator" / name, control.home / ".ssh" / name)
    return control


def _missing() -> Iterator[str]:
    if os.geteuid():
        yield "need root: namespaces with real hosts in them"
    if shutil.which("systemd-nspawn") is None or not Path(_IMAGE).is_dir():
        yield "need systemd-nspawn and the base image: make deps"


def _lab(folder: Path, namespace: Namespace) -> Lab:
    (folder / "operator").mkdir(mode=0o700)
    operator = _key(folder / "operator/id_ed25519")
    agent = _key(folder / "operator/agent_key")
    authority = _key(folder / "operator/user_ca")
    hosts = [
        Host(
            number=number,
            folder=folder / f"node{number}",
            image=Path(_IMAGE),
            namespace=namespace,
            authorized=[operator, agent],
            user_ca=authority,
            gateway=number in {1, 2},
            sudo_asks=number == 3,
            inner=number == 5,
        )
        for number in range(1, 6)
    ]
    names = folder / "hosts"
    names.write_text("127.0.0.1 localhost\n" + "".join(f"{h.address} {h.name}\n" for h in hosts if not h.inner))
    namespace.run("mount", "--bind", str(names), "/etc/hosts")
    control = Control(home=folder / "operator-home", namespace=namespace, hosts=hosts)
    return Lab(folder=folder, namespace=namespace, hosts=hosts, control=control, ca_key=folder / "operator/user_ca")


def _key(path: Path) -> str:
    """Make a key pair and return the public key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path], check=True)
    return path.with_name(f"{path.name}.pub").read_text(encoding="ascii").strip()
