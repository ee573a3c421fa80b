"""Keys that are plainly good are known without asyncssh; whatever else is wrong with one is left to who can tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import check_keys
from aifctl.transport.ssh.plain_keys import all_plain

_LOADED = """
import sys
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import check_keys
check_keys(DialSettings(identities=(sys.argv[1],)), [Endpoint(name="n1", address="192.0.2.1")])
print("asyncssh" in sys.modules)
"""


def make_key(path: Path, *more: str, password: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-N", password, "-f", path, *(more or ("-t", "ed25519"))], check=True)
    return path


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_an_unencrypted_key_of_opensshs_own_format_is_plain(tmp_path: Path, kind: str) -> None:
    assert all_plain([str(make_key(tmp_path / "key", "-t", kind))])


def test_what_is_not_plainly_good_is_not_plain(tmp_path: Path) -> None:
    good = make_key(tmp_path / "good")
    locked = make_key(tmp_path / "locked", password="secret")
    pem = make_key(tmp_path / "pem", "-t", "rsa", "-m", "PEM")
    wide = make_key(tmp_path / "wide")
    wide.chmod(0o640)
    cut = make_key(tmp_path / "cut")
    cut.write_bytes(cut.read_bytes()[:80])
    signed = make_key(tmp_path / "signed")
    (tmp_path / "signed-cert.pub").write_text("ssh-ed25519-cert-v01@openssh.com AAAA\n")

    for other in (locked, pem, wide, cut, signed, tmp_path / "missing", tmp_path / "good.pub"):
        assert not all_plain([str(good), str(other)]), other


def test_nothing_to_log_in_with_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not all_plain([])
    (tmp_path / ".ssh").mkdir()
    make_key(tmp_path / ".ssh/id_ed25519")
    assert all_plain([])


def test_a_plain_key_is_checked_without_loading_asyncssh_and_any_other_with_it(tmp_path: Path) -> None:
    good, pem = make_key(tmp_path / "good"), make_key(tmp_path / "pem", "-t", "rsa", "-m", "PEM")
    said = [
        subprocess.run([sys.executable, "-c", _LOADED, key], capture_output=True, text=True, check=True).stdout.strip()
        for key in (good, pem)
    ]
    assert said == ["False", "True"]


def test_the_key_that_one_endpoint_names_is_looked_at_among_many_others(tmp_path: Path) -> None:
    good = str(make_key(tmp_path / "good"))
    many = [Endpoint(name=f"n{number}", address="192.0.2.1", identity=(good,)) for number in range(50)]
    odd = Endpoint(name="odd", address="192.0.2.1", identity=(str(tmp_path / "missing"),))
    check_keys(DialSettings(), many)

    with pytest.raises(SetupError, match="missing can't be read"):
        check_keys(DialSettings(), [*many, odd])
