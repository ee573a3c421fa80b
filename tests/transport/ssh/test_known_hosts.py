"""known_hosts: what ssh accepts is accepted, and thousands of hashed entries cost one HMAC per node."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.transport.ssh import known_hosts
from aifctl.transport.ssh.known_hosts import (
    Entry,
    KnownHosts,
    fingerprint,
    inventory_entries,
    lookup_names,
    parse_known_hosts,
    parse_line,
)
from aifctl.transport.ssh.trust import HostKeyRefused, NodeTrust


def key(number: int, kind: str = "ssh-ed25519") -> str:
    name, body = kind.encode(), number.to_bytes(32, "big")
    blob = len(name).to_bytes(4, "big") + name + len(body).to_bytes(4, "big") + body
    return f"{kind} {base64.b64encode(blob).decode()}"


def blob(number: int, kind: str = "ssh-ed25519") -> bytes:
    return base64.b64decode(key(number, kind).split()[1])


def hashed(name: str, number: int) -> str:
    salt = number.to_bytes(20, "big")
    digest = hmac.digest(salt, name.encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def index(*lines: str) -> KnownHosts:
    return KnownHosts(parse_known_hosts("\n".join(lines), "known"))


def sources(entries: list[Entry]) -> list[str]:
    return [entry.source for entry in entries]


@pytest.mark.parametrize(
    ("hosts", "name", "matches"),
    [
        ("n1", "n1", True),
        ("N1", "n1", True),
        ("n1,n2", "n2", True),
        ("n1", "n10", False),
        ("n?", "n1", True),
        ("n*", "n1.example.org", True),
        ("*,!n1", "n1", False),
        ("*,!n1", "n2", True),
        ("!n1,*", "n1", False),
        ("[n1]:2222", "[n1]:2222", True),
        ("[n*]:2222", "[n1]:2222", True),
        ("[n1]:2222", "n1", False),
        ("*", "[127.0.0.1]:2200", True),
        ("10.0.[0-9].1", "10.0.5.1", False),
        (hashed("n1", 7), "n1", True),
        (hashed("n1", 7), "n2", False),
        ("|1|broken", "n1", False),
        ("|1|!!|!!", "n1", False),
    ],
)
def test_names_match_as_ssh_matches_them(hosts: str, name: str, *, matches: bool) -> None:
    assert bool(index(f"{hosts} {key(1)}").all_about((name,))) is matches


def test_away_from_port_22_the_bracketed_name_comes_before_the_bare_one() -> None:
    assert lookup_names(["N1", "10.0.0.1"], 2222) == ("[n1]:2222", "[10.0.0.1]:2222", "n1", "10.0.0.1")
    assert lookup_names(["n1", "n1"], 22) == ("n1",)


@pytest.mark.parametrize(
    "line",
    ["", "# comment", "n1", "n1 ssh-ed25519", "n1 ssh-ed25519 !!!", f"n1 ssh-rsa {key(1).split()[1]}", "@odd n1 x y"],
)
def test_lines_that_ssh_would_not_understand_are_left_out(line: str) -> None:
    assert parse_line(line, file="known", number=1) is None


def test_an_entry_remembers_where_it_stands_and_its_comment() -> None:
    entry = parse_line(f"@revoked n1 {key(1)} scanned by ops on Monday", file="known", number=3)
    assert entry is not None
    assert (entry.marker, entry.source, entry.comment) == ("revoked", "known:3", "scanned by ops on Monday")


def test_files_are_read_in_order_and_a_missing_one_holds_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(f"n1 {key(1)}\n")
    second.write_text(f"n1 {key(2)}\n")
    read = KnownHosts.read([str(first), str(tmp_path / "missing"), str(second)])
    assert sources(read.all_about(("n1",))) == [f"{first}:1", f"{second}:1"]


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_holds_nothing(device: str) -> None:
    assert KnownHosts.read([device]).all_about(("n1",)) == []


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints() -> None:
    assert fingerprint(b"") == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


def trust(known: KnownHosts, name: str) -> NodeTrust:
    return NodeTrust(known, label=name, names=(name,), principals=(name,))


def test_thousands_of_hashed_entries_cost_one_hmac_per_node(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 2000
    known = index(*(f"{hashed(f'n{number}', number)} {key(number)}" for number in range(count)))
    calls = 0
    matches = known_hosts._hash_matches

    def counted(hosts: str, name: str) -> bool:
        nonlocal calls
        calls += 1
        return matches(hosts, name)

    monkeypatch.setattr(known_hosts, "_hash_matches", counted)
    for number in range(count):
        assert known.holding(blob(number), (f"n{number}",))
        trust(known, f"n{number}")
    assert calls == count


def test_a_key_of_one_hashed_node_is_not_taken_for_another() -> None:
    known = index(f"{hashed('n1', 1)} {key(1)}", f"{hashed('n2', 2)} {key(2)}")
    with pytest.raises(HostKeyRefused, match="HAS CHANGED"):
        trust(known, "n2").verify(blob(1))


def test_algorithms_known_for_the_node_are_asked_for_first() -> None:
    known = index(f"n1 {key(1, 'ssh-rsa')}", f"n2 {key(2)}")
    assert trust(known, "n1").algorithms[:2] == (b"rsa-sha2-512", b"rsa-sha2-256")
    assert trust(known, "n2").algorithms[0] == b"ssh-ed25519"
    assert set(trust(known, "n1").algorithms) == set(trust(known, "n3").algorithms)


def test_certificates_are_asked_for_only_where_an_authority_is_known() -> None:
    known = index(f"@cert-authority gpu* {key(1)}")
    assert any(b"-cert-" in algorithm for algorithm in trust(known, "gpu1").algorithms)
    assert not any(b"-cert-" in algorithm for algorithm in trust(known, "n1").algorithms)


def test_an_authoritys_own_key_is_no_host_key() -> None:
    with pytest.raises(HostKeyRefused):
        trust(index(f"@cert-authority * {key(1)}"), "n1").verify(blob(1))


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 !!", f"ssh-rsa {key(1).split()[1]}"])
def test_an_inventory_key_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(SetupError, match="is not a public host key"):
        inventory_entries([line])


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    file, cache = tmp_path / "known", known_hosts.KnownHostsCache()
    file.write_text(f"n1 {key(1)}\n")
    first = cache.get((str(file),), now_s=0.0)
    assert cache.get((str(file),), now_s=2.0) is first
    file.write_text(f"n1 {key(1)}\nn2 {key(2)}\n")
    assert cache.get((str(file),), now_s=2.5) is first
    assert len(cache.get((str(file),), now_s=4.0).entries) == 2
