"""Hostfiles: one a line or folded, users and ports, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import InventoryError, UsageError
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.roster.hostfile import parse_hostfile
from tests.roster.inventories import roster


def _fleet(text: str) -> Fleet:
    fleet, notices = parse_hostfile(text, file="hosts")
    assert notices == []
    return fleet


@pytest.mark.parametrize(
    ("line", "endpoint"),
    [
        ("n1", Endpoint(name="n1", address="n1")),
        ("n1.example.com # the first", Endpoint(name="n1.example.com", address="n1.example.com")),
        ("10.0.0.1", Endpoint(name="10.0.0.1", address="10.0.0.1")),
        ("ops@n1", Endpoint(name="n1", address="n1", user="ops")),
        ("ops@n1:2222", Endpoint(name="n1", address="n1", user="ops", port=2222)),
        ("[2001:db8::1]:2222", Endpoint(name="2001:db8::1", address="2001:db8::1", port=2222)),
        ("root@[2001:db8::1]", Endpoint(name="2001:db8::1", address="2001:db8::1", user="root")),
        ("2001:db8::1", Endpoint(name="2001:db8::1", address="2001:db8::1")),
    ],
)
def test_a_line_is_a_node(line: str, endpoint: Endpoint) -> None:
    fleet = _fleet(f"{line}\n")
    assert [fleet.endpoint(name) for name in fleet.names] == [endpoint]


def test_lines_may_be_folded_and_hold_several_entries() -> None:
    fleet = _fleet("# racks\n\nr[1-2]n[01-02], login1  ops@x[1,3]:23\r\n")
    assert fleet.names == ("login1", "r1n01", "r1n02", "r2n01", "r2n02", "x1", "x3")
    assert fleet.endpoint("x3") == Endpoint(name="x3", address="x3", user="ops", port=23)


def test_the_arguments_hold_where_the_line_says_nothing() -> None:
    fleet, _ = parse_hostfile("n1\nroot@n2:24\n", file="hosts", user="ops", port=23, identity=("/k",))
    assert fleet.endpoint("n1") == Endpoint(name="n1", address="n1", user="ops", port=23, identity=("/k",))
    assert fleet.endpoint("n2") == Endpoint(name="n2", address="n2", user="root", port=24, identity=("/k",))


def test_what_stands_twice_is_said_and_the_first_counts() -> None:
    fleet, notices = parse_hostfile("n1:23\nn1:24\nn[1-8]\nn[1-8]\n", file="hosts")
    assert fleet.endpoint("n1").port == 23
    assert notices == ["hosts names n1, n2, n3, n4, n5 and 3 more more than once; the first entry of each counts"]


def test_every_bad_line_is_told_at_once() -> None:
    with pytest.raises(InventoryError) as caught:
        parse_hostfile("n1\nn[3-1]\nn1:99999\n-x\nn1:ssh\n;rm -rf /\n", file="hosts")
    assert [mistake.line for mistake in caught.value.mistakes] == [2, 3, 4, 5, 6]


def test_fifty_thousand_lines_make_a_fleet_without_a_single_node_object() -> None:
    fleet = _fleet("".join(f"node-{number}\n" for number in range(50_000)))
    assert len(fleet) == 50_000
    assert fleet.names[10] == "node-10"
    assert fleet._nodes == {}


def test_a_hostfile_is_loaded_through_the_port(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("n1\nn1\n")
    loaded = roster().load_hostfile(path, user="ops")
    assert loaded.fleet.origin == f"hostfile {path}"
    assert loaded.fleet.endpoint("n1").user == "ops"
    assert loaded.modified_at == path.stat().st_mtime
    assert len(loaded.notices) == 1


def test_a_hostfile_that_is_no_text_or_not_there_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, message in (("binary", "is not UTF-8 text"), ("gone", "can't be read: No such file")):
        with pytest.raises(UsageError, match=message):
            roster().load_hostfile(tmp_path / name)
