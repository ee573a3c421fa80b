"""Real hosts: each its own systemd, OpenSSH server, root file system and address, in systemd-nspawn."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.namespace import Namespace, children

#: The password of `ops`, set by base_image.sh; sudo asks for it on hosts with `sudo_asks`.
OPS_PASSWORD = "only-in-the-lab"
_OPS_ID = 1000
#: RestartForceExitStatus of systemd-nspawn@.service.
_REBOOTS = 133

# Each with its own mounts and /proc; the overlay goes with them. /mnt is small so that a disk can be full.
_BOOT = """
set -e
mount -t proc proc /proc
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
shift 2
exec systemd-nspawn --quiet --register=no --keep-unit --console=pipe --boot --tmpfs=/mnt:size=256k,mode=1777 "$@"
"""

_SSHD = """\
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups {max_startups}
TrustedUserCAKeys /etc/ssh/user_ca.pub
{more}
"""


@dataclass(kw_only=True)
class Host:
    """One host. `number` gives it 10.77.0.(10 + number) on the bridge that control is on, or 10.78.0.… on the inner one.

    Attributes:
        folder: its overlay, its console's log.
        authorized: public keys that root and ops accept.
        user_ca: public key of the authority whose certificates it accepts.
        inner: reachable only through a host with `gateway`.
        gateway: on both bridges.
        sudo_asks: sudo wants the password of ops.
    """

    number: int
    folder: Path
    image: Path
    namespace: Namespace
    authorized: Sequence[str]
    user_ca: str
    inner: bool = False
    gateway: bool = False
    sudo_asks: bool = False
    max_startups: str = "100:30:200"
    sshd_more: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def address(self) -> str:
        return f"10.{78 if self.inner else 77}.0.{10 + self.number}"

    @property
    def host_key(self) -> str:
        """The public host key it has now, as "type base64"."""
        text = (self.folder / "upper/etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="ascii")
        return " ".join(text.split()[:2])

    def prepare(self) -> None:
        """Give it an empty disk and a new host key, as a fresh installation does."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "upper").chmod(0o755)
        self._write("etc/hostname", f"{self.name}\n")
        self._write("etc/hosts", f"127.0.0.1 localhost {self.name}\n")
        self._write("etc/ssh/user_ca.pub", self.user_ca + "\n")
        self._write("etc/sudoers.d/ops", f"ops ALL=(ALL) {'' if self.sudo_asks else 'NOPASSWD: '}ALL\n", mode=0o440)
        self._write("etc/systemd/system/ssh.service.d/lab.conf", "[Unit]\nStartLimitIntervalSec=0\n")  # restarts galore
        self._write_sshd()
        for home, owner in (("root", 0), ("home/ops", _OPS_ID)):
            self._write(f"{home}/.ssh/authorized_keys", "\n".join(self.authorized) + "\n", owner=owner, mode=0o600)
        self._network("host0", self.address)
        if self.gateway:
            self._network("inner", f"10.78.0.{10 + self.number}")
        key = self.folder / "upper/etc/ssh/ssh_host_ed25519_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", key], check=True)

    def boot(self) -> None:
        """Start it; `wait_answering` says when it is up."""
        options = [
            f"--machine={self.name}",
            f"--directory={self.folder / 'root'}",
            f"--network-bridge={'inner0' if self.inner else 'lab0'}",
            *([f"--network-veth-extra=in-{self.name}:inner"] if self.gateway else []),
        ]
        inside = self.namespace.enter(
            "unshare", "--mount", "sh", "-c", _BOOT, "boot", str(self.image), str(self.folder), *options, pid=True
        )
        groups = [group / self.name for group in self.namespace.groups]
        for group in groups:
            group.mkdir(exist_ok=True)
        joining = (
            'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1/cgroup.procs"; shift; n=$((n - 1)); done; exec "$@"'
        )
        with (self.folder / "console.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", joining, "join", str(len(groups)), *map(str, groups), *inside],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def join_inner(self) -> None:
        """Plug a gateway's second interface into the inner bridge; it exists once nspawn has made it."""
        self.namespace.run("ip", "link", "set", f"in-{self.name}", "master", "inner0", "up")

    def leader(self) -> int:
        """Return the process id of its systemd, seen from here."""
        assert self.process is not None
        (nspawn,) = children(self.process.pid)
        (systemd,) = children(nspawn)
        return systemd

    def sh(self, script: str, *, check: bool = True, timeout_s: float = 30) -> str:
        """Run a shell script inside as root, without SSH, to learn or change facts; returns stdout."""
        spaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd"]
        command = ["nsenter", f"--target={self.leader()}", *spaces, "--", "sh", "-c", script]
        # A session of its own: a script that signals its process group must not meet the tests.
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False, start_new_session=True
        )
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {script!r} gave {done.returncode}: {done.stderr}")
        return done.stdout

    def processes(self, marker: str) -> list[str]:
        """Return the command lines of its processes that hold `marker`."""
        lines = self.sh("for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p; echo; done 2>/dev/null; true")
        return [line.strip() for line in lines.splitlines() if marker in line]

    def restart_sshd(self, *, max_startups: str | None = None, more: str = "") -> None:
        """Restart its OpenSSH server with other settings; open sessions stay."""
        if max_startups is not None:
            self.max_startups = max_startups
        self.sshd_more = more
        text = _SSHD.format(max_startups=self.max_startups, more=self.sshd_more)
        self.sh(f"cat >/etc/ssh/sshd_config.d/lab.conf <<'END'\n{text}END\nsystemctl restart ssh")

    def power_off(self) -> None:
        """Cut its power: nothing on it gets to say goodbye."""
        if self.process is not None:
            for nspawn in children(self.process.pid):
                for process in (*children(nspawn), nspawn):  # systemd first: with it goes its whole PID namespace
                    os.kill(process, signal.SIGKILL)
            self.reap()
            self._wait_unplugged()

    def boot_again(self) -> None:
        """Wait until a host has gone down to boot again, and boot it from its disk.

        With --keep-unit nspawn does not do that itself: it ends with 133, and its unit starts it anew.
        """
        assert self.process is not None
        ended = self.process.wait(timeout=20)
        assert ended == _REBOOTS, f"{self.name} has ended with {ended}, which is no reboot"
        self.process = None
        self._wait_unplugged()
        self.boot()

    def reap(self) -> None:
        """Wait for the end of a host that has been ended."""
        if self.process is not None:
            self.process.wait(timeout=20)
            self.process = None

    def _wait_unplugged(self) -> None:
        port = f"vb-{self.name}"
        for _ in range(200):  # the kernel takes network interfaces down behind our back
            if self.namespace.run("ip", "link", "show", port, check=False).returncode:
                return
            time.sleep(0.02)

    def _write_sshd(self) -> None:
        text = _SSHD.format(max_startups=self.max_startups, more=self.sshd_more)
        self._write("etc/ssh/sshd_config.d/lab.conf", text)

    def _network(self, interface: str, address: str) -> None:
        text = f"[Match]\nName={interface}\n[Network]\nAddress={address}/24\nLinkLocalAddressing=no\n"
        self._write(f"etc/systemd/network/10-{interface}.network", text)

    def _write(self, path: str, text: str, *, owner: int = 0, mode: int = 0o644) -> None:
        file = self.folder / "upper" / path
        for folder in reversed(file.relative_to(self.folder / "upper").parents):
            self._folder(self.folder / "upper" / folder, path)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        if owner:
            for part in (file, file.parent, file.parent.parent):
                shutil.chown(part, owner, owner)

    @staticmethod
    def _folder(folder: Path, path: str) -> None:
        """Make a folder of the upper layer, which shows in place of the image's: so with modes that sshd accepts."""
        if not folder.exists():
            folder.mkdir()
            private = path.startswith("root/") or ".ssh" in folder.parts
            folder.chmod(0o700 if private else 0o755)
