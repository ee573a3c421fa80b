"""A node is talked to only when its host key is known for it: from known_hosts, the inventory, or an authority."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.outcome import Outcome
from aifctl.transport.ssh.adapter import SshTransport
from tests.sshd import Sshd, make_key, needs_sshd, public, running_sshd
from tests.transport.ssh.links import reach, refusal, with_transport

pytestmark = [needs_sshd, pytest.mark.ssh]


def fingerprint_of(key: Path) -> str:
    told = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True)
    return told.stdout.split()[1]


def known(tmp_path: Path, *lines: str) -> tuple[str, ...]:
    path = tmp_path / "known"
    path.write_text("".join(f"{line}\n" for line in lines))
    return (str(path),)


def test_a_known_key_is_accepted(sshd: Sshd) -> None:
    assert reach(sshd.settings(), sshd.endpoint) == "reached\n"


def test_a_hashed_entry_is_found(sshd: Sshd) -> None:
    settings = sshd.settings(known_hosts=(str(sshd.known_hosts(hashed=True)),))
    assert "|1|" in Path(settings.known_hosts[0]).read_text()
    assert reach(settings, sshd.endpoint) == "reached\n"


def test_an_entry_by_the_nodes_name_serves_as_well_as_one_by_its_address(sshd: Sshd, tmp_path: Path) -> None:
    files = known(tmp_path, f"node1 {public(sshd.host_keys[0])}")
    assert reach(sshd.settings(known_hosts=files), sshd.endpoint) == "reached\n"


def test_an_unknown_key_is_refused_with_its_fingerprint_and_the_way_to_accept_it(sshd: Sshd, tmp_path: Path) -> None:
    refused = refusal(sshd.settings(known_hosts=known(tmp_path)), sshd.endpoint)
    assert refused.outcome is Outcome.HOST_KEY
    assert fingerprint_of(sshd.host_keys[0]) in refused.message
    assert "aifctl trust scan node1" in refused.message


@pytest.mark.parametrize("hashed", [False, True])
def test_a_changed_key_is_refused_with_both_fingerprints(sshd: Sshd, tmp_path: Path, *, hashed: bool) -> None:
    other = make_key(tmp_path / "other")
    files = known(tmp_path, f"[{sshd.address}]:{sshd.port} {public(other)}")
    if hashed:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", files[0]], check=True, capture_output=True)
    refused = refusal(sshd.settings(known_hosts=files), sshd.endpoint)
    assert refused.outcome is Outcome.HOST_KEY
    assert "HAS CHANGED" in refused.message
    assert fingerprint_of(sshd.host_keys[0]) in refused.message
    assert fingerprint_of(other) in refused.message
    assert f"{files[0]}:1" in refused.message
    assert "aifctl trust scan node1" in refused.message


def test_a_revoked_key_is_refused_although_it_is_known(sshd: Sshd, tmp_path: Path) -> None:
    key = public(sshd.host_keys[0])
    files = known(tmp_path, f"[{sshd.address}]:{sshd.port} {key}", f"@revoked * {key}")
    refused = refusal(sshd.settings(known_hosts=files), sshd.endpoint)
    assert refused.outcome is Outcome.HOST_KEY
    assert "REVOKED" in refused.message


def test_the_inventorys_keys_stand_in_for_known_hosts(sshd: Sshd, tmp_path: Path) -> None:
    settings = sshd.settings(known_hosts=known(tmp_path))
    endpoint = replace(sshd.endpoint, host_keys=(public(sshd.host_keys[0]),))
    assert reach(settings, endpoint) == "reached\n"


@pytest.mark.parametrize("hashed", [False, True])
def test_the_inventorys_keys_are_authoritative_over_known_hosts(sshd: Sshd, tmp_path: Path, *, hashed: bool) -> None:
    endpoint = replace(sshd.endpoint, host_keys=(public(make_key(tmp_path / "other")),))
    refused = refusal(sshd.settings(known_hosts=(str(sshd.known_hosts(hashed=hashed)),)), endpoint)
    assert refused.outcome is Outcome.HOST_KEY
    assert "inventory" in refused.message


@pytest.mark.parametrize("hashed", [False, True])
def test_a_node_with_several_keys_is_asked_for_the_one_that_is_known(tmp_path: Path, *, hashed: bool) -> None:
    with running_sshd(tmp_path / "sshd", kinds=("ed25519", "rsa", "ecdsa")) as sshd:
        for key in sshd.host_keys:
            files = known(tmp_path, f"[{sshd.address}]:{sshd.port} {public(key)}", f"elsewhere {public(sshd.identity)}")
            if hashed:
                subprocess.run(["ssh-keygen", "-q", "-H", "-f", files[0]], check=True, capture_output=True)
            assert reach(sshd.settings(known_hosts=files), sshd.endpoint) == "reached\n"


def test_a_scan_shows_every_key_of_the_node_without_logging_in(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", kinds=("ed25519", "rsa", "ecdsa")) as sshd:
        (sshd.folder / "authorized_keys").write_text("")

        async def scan(transport: SshTransport) -> list[str]:
            return list(await transport.scan(sshd.endpoint))

        shown = with_transport(sshd.settings(known_hosts=known(tmp_path)), scan)
        assert sorted(shown) == sorted(public(key) for key in sshd.host_keys)


class Authority:
    """A certificate authority for host keys."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.key = make_key(folder / name)

    def sign(self, key: Path, *, names: str, validity: str = "-1d:+1d") -> Path:
        command = ["ssh-keygen", "-q", "-s", str(self.key), "-I", "x", "-h", "-n", names, "-V", validity, f"{key}.pub"]
        subprocess.run(command, check=True, capture_output=True)
        return key.with_name(f"{key.name}-cert.pub")


CERTIFICATES = {
    "good for its address": ("127.0.0.11", "-1d:+1d", True),
    "good for its name": ("other,node1", "-1d:+1d", True),
    "for another node": ("node2", "-1d:+1d", False),
    "expired": ("127.0.0.11", "-2d:-1d", False),
    "not valid yet": ("127.0.0.11", "+1d:+2d", False),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_a_host_certificate_counts_for_its_names_and_its_time(tmp_path: Path, case: str) -> None:
    names, validity, good = CERTIFICATES[case]
    with running_sshd(tmp_path / "sshd") as sshd:
        authority = Authority(tmp_path)
        certificate = authority.sign(sshd.host_keys[0], names=names, validity=validity)
        sshd.stop()
        sshd.start(f"HostCertificate {certificate}")
        settings = sshd.settings(known_hosts=known(tmp_path, f"@cert-authority * {public(authority.key)}"))
        if good:
            assert reach(settings, sshd.endpoint) == "reached\n"
        else:
            refused = refusal(settings, sshd.endpoint)
            assert refused.outcome is Outcome.HOST_KEY
            assert "certificate" in refused.message


@pytest.mark.parametrize("what", ["authority", "key"])
def test_a_certificate_of_a_revoked_authority_or_for_a_revoked_key_is_refused(tmp_path: Path, what: str) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        authority = Authority(tmp_path)
        certificate = authority.sign(sshd.host_keys[0], names="node1")
        sshd.stop()
        sshd.start(f"HostCertificate {certificate}")
        revoked = public(authority.key if what == "authority" else sshd.host_keys[0])
        files = known(tmp_path, f"@cert-authority * {public(authority.key)}", f"@revoked * {revoked}")
        assert "REVOKED" in refusal(sshd.settings(known_hosts=files), sshd.endpoint).message


def test_an_authority_for_other_nodes_is_none_for_this_one(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        authority = Authority(tmp_path)
        certificate = authority.sign(sshd.host_keys[0], names="node1")
        sshd.stop()
        sshd.start(f"HostCertificate {certificate}")
        files = known(tmp_path, f"@cert-authority gpu* {public(authority.key)}")
        assert refusal(sshd.settings(known_hosts=files), sshd.endpoint).outcome is Outcome.HOST_KEY


def test_a_certificate_of_a_strangers_authority_is_refused_where_another_is_trusted(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as sshd:
        trusted, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
        certificate = stranger.sign(sshd.host_keys[0], names="node1")
        sshd.stop()
        sshd.start(f"HostCertificate {certificate}")
        files = known(tmp_path, f"@cert-authority * {public(trusted.key)}")
        refused = refusal(sshd.settings(known_hosts=files), sshd.endpoint)
        assert refused.outcome is Outcome.HOST_KEY
        assert fingerprint_of(stranger.key) in refused.message
