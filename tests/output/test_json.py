from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aifctl.core.outcome import Outcome
from aifctl.core.report import RUN, Column, Head, Item, Kind
from aifctl.output.json_text import dumps, item_chunks, plain_value
from aifctl.ports.work import Output
from tests.output.conftest import Render
from tests.output.reports import result, stream

_LARGE = 3 * (1 << 14)  # one piece, as files are read


def parsed(item: Item, kind: Kind = RUN) -> dict[str, Any]:
    text = "".join(item_chunks(kind, item))
    assert text.isascii()
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return found


def exact(item: dict[str, Any], key: str) -> bytes:
    """Read a stream as the contract says."""
    text = item[key]
    return base64.b64decode(text) if item["encoding"] == "base64" else text.encode()


@given(out=st.binary(), err=st.binary())
def test_any_bytes_of_both_streams_come_back_by_the_one_encoding(out: bytes, err: bytes) -> None:
    item = parsed(result("n1", out=out, err=err))

    assert (exact(item, "stdout"), exact(item, "stderr")) == (out, err)


@pytest.mark.parametrize(
    "data",
    [
        b"a" * (_LARGE - 1) + "é".encode() + b"b" * _LARGE,
        b"\xff" * (2 * _LARGE + 1),
        b"ok" * _LARGE + b"\xc3",
        b"",
        "\U0001f980".encode() * _LARGE,
    ],
    ids=["a character across two pieces", "base64 in pieces", "cut inside a character", "empty", "beyond the BMP"],
)
def test_a_stream_in_a_file_comes_back_whole(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(data)
    kept = Output(inline=None, path=str(tmp_path / "kept"), bytes_count=len(data))

    assert exact(parsed({"node": "n1", "stdout": kept}), "stdout") == data


def test_a_stream_in_a_file_is_never_held_whole(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x" * (20 * _LARGE))
    kept = Output(inline=None, path=str(tmp_path / "kept"), bytes_count=20 * _LARGE)

    longest = max(len(chunk) for chunk in item_chunks(RUN, {"node": "n1", "stdout": kept}))

    assert longest <= _LARGE


def test_facts_beside_a_stream_are_those_of_stdout_and_stderr_has_its_own() -> None:
    item = parsed(result("n1", out=b"four", err=b"\xff"))

    assert (item["encoding"], item["bytes_count"], item["stderr_bytes_count"]) == ("base64", 4, 1)
    assert item["sha256"] == stream(b"four").sha256
    assert item["stderr_sha256"] == stream(b"\xff").sha256


def test_absent_keys_are_null_and_keys_of_ones_own_are_kept() -> None:
    item = parsed({"node": "n1", "files": ["a"]})

    assert (item["rc"], item["stdout"], item["encoding"], item["files"]) == (None, None, None, ["a"])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_is_null(number: float) -> None:
    assert dumps({"deep": [number], "started_at": number}) == '{"deep":[null],"started_at":null}'


def test_lone_surrogates_become_visible_escapes() -> None:
    assert json.loads(dumps("name\udcff")) == r"name\udcff"


def test_times_are_iso_8601_in_utc_and_no_time_is_null() -> None:
    moment = datetime(2026, 11, 24, 0, 40, 47, 500_000, tzinfo=UTC)

    assert plain_value({"started_at": moment.timestamp(), "at": moment, "ended_at": 0.0, "seen_at": 0}) == {
        "started_at": "2026-11-24T00:40:47.500Z",
        "at": "2026-11-24T00:40:47.500Z",
        "ended_at": None,
        "seen_at": None,
    }


def test_enums_paths_sets_and_tuples_have_a_place() -> None:
    code = IntEnum("code", {"ONE": 1})

    assert plain_value([Outcome.OK, Path("/a"), {"b", "a"}, (1, code(1))]) == ["ok", "/a", ["a", "b"], [1, 1]]


def test_what_has_no_place_in_a_report_is_a_bug_and_not_a_guess() -> None:
    with pytest.raises(TypeError, match="object has no place"):
        dumps({"what": object()})


def test_an_envelope_of_nothing_is_still_an_envelope(render: Render) -> None:
    kind = Kind(name="None", columns=(Column(key="node", title="node"),))

    envelope = json.loads(render("json", Head(kind=kind), []))

    assert list(envelope) == [
        *("schema", "generated_at", "facts", "items", "errors", "notes", "coverage", "summary", "complete", "exit")
    ]
    assert (envelope["items"], envelope["exit"], envelope["complete"]) == ([], 0, True)


def test_every_line_of_jsonl_is_an_object_with_a_type(render: Render) -> None:
    text = render("jsonl", Head(kind=RUN), [result("n2", out=b"\n\n"), result("n1", out=b"\xff")])

    assert [json.loads(line)["type"] for line in text.splitlines()] == ["run", "item", "item", "summary"]
