"""What findings about the node itself have in common."""

from __future__ import annotations

import pytest

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.host_findings import is_network, node_finding, shown_bytes
from aifctl.fleet.profile import Expectation


def test_an_expectation_brings_its_source_along() -> None:
    expected = Expectation(value=3, source="a document")
    one = node_finding("c", "x", "said", result=Result.WATCH, action=Action.FIX, observed=4, expected=expected)
    assert (one.subject, one.observed, one.expected, one.source) == ("node", 4, 3, "a document")
    other = node_finding(
        "c", "x", "said", result=Result.WATCH, action=Action.FIX, expectation=5, source="own", identity="S1"
    )
    assert (other.expected, other.source, other.identity) == (5, "own", "S1")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (65536, "64 KiB"),
        (8 << 30, "8 GiB"),
        (2164271104000, "1.968 TiB"),
    ],
)
def test_bytes_are_shown_in_units_that_people_read(count: int, text: str) -> None:
    assert shown_bytes(count) == text


@pytest.mark.parametrize(
    ("kind", "far"),
    [
        ("nfs4", True),
        ("fuse.sshfs", True),
        ("lustre", True),
        ("xfs", False),
        ("ext4", False),
        ("tmpfs", False),
        ("", False),
    ],
)
def test_file_systems_on_servers_are_told_apart(kind: str, far: bool) -> None:
    assert is_network(kind) is far
