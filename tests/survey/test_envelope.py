"""Whatever stands on stdout: an envelope, or one sentence that says why it is none; never anything else."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.reading import SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.onnode.probe.fitting import make_line
from aifctl.onnode.probe.reply import SCHEMA, answer
from aifctl.survey.envelope import (
    MOST_BODY_BYTES,
    MOST_LINE_BYTES,
    CutError,
    Envelope,
    GarbageError,
    OtherProbeError,
    SchemaError,
    TooLargeError,
    open_body,
    open_envelope,
)
from tests.fuzzing import examples

ABOUT = {
    "probe": "0123456789ab",
    "python": "3.6.15",
    "user": "ops",
    "hostname": "n1",
    "boot_id": "b00t",
    "wall_s": 12.5,
    "monotonic_s": 99.0,
    "took_s": 0.4,
    "cpu_s": 0.1,
    "probe_left": [7, 9],
}
GOOD = make_line(
    {
        "gpu": answer("ok", data={"source": "nvml", "gpus": [{"name": "é\x1b[2J\ud800"}]}),
        "port": answer("na", message="no HCA"),
        "units": answer("timeout", "still-stuck", "since long", 1.5),
    },
    ABOUT,
)


def line_of(body: Any, *, version: Any = 1, packed: bytes | None = None) -> bytes:
    raw = packed if packed is not None else zlib.compress(json.dumps(body).encode())
    return json.dumps({"aifctl_probe": version, "probe": "x", "deflate": base64.b64encode(raw).decode()}).encode()


def body_of(**changes: Any) -> dict[str, Any]:
    return {"schema": 1, **ABOUT, "sections": {"gpu": {"status": "ok", "data": {}}}, **changes}


def test_what_the_probe_packs_is_what_is_opened() -> None:
    envelope = open_envelope(GOOD, node="n1", probe="0123456789ab" + "0" * 52)
    assert (envelope.node, envelope.hostname, envelope.boot_id, envelope.user) == ("n1", "n1", "b00t", "ops")
    assert (envelope.node_clock_s, envelope.took_s, envelope.cpu_s, envelope.probe_left) == (12.5, 0.4, 0.1, (7, 9))
    assert envelope.sections["gpu"].data["gpus"] == [{"name": "é\x1b[2J\ud800"}]
    assert (envelope.sections["port"].status, envelope.sections["port"].message) == (SectionStatus.NA, "no HCA")
    units = envelope.sections["units"]
    assert (units.status, units.code, units.took_s) == (SectionStatus.TIMEOUT, "still-stuck", 1.5)
    assert open_body(GOOD)["monotonic_s"] == 99.0
    assert SCHEMA == 1


def test_banners_before_it_and_noise_behind_it_are_nobody_s_business() -> None:
    noisy = b"Welcome\n\xff\xfe{}\n" + GOOD + b"logout\n"
    assert open_envelope(noisy, node="n1") == open_envelope(GOOD, node="n1")
    assert open_envelope(b"no newline" + GOOD.strip(), node="n1") == open_envelope(GOOD, node="n1")


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", GarbageError, "it is empty"),
        (b"\n \n", GarbageError, "it is empty"),
        (b"\x1b[31mSegmentation fault\n", GarbageError, "Segmentation fault"),
        (b"\x1b[31mSegmentation fault\n", GarbageError, "x1b"),
        (b"x" * (MOST_LINE_BYTES + 1), TooLargeError, "at most"),
        (GOOD[: len(GOOD) // 2], CutError, "half a JSON"),
        (line_of({}, version=2), SchemaError, "has schema 2, and this aifctl reads 1"),
        (line_of({}, version=True), SchemaError, "reads 1"),
        (line_of({}, version=[]), SchemaError, "has schema none"),
        (line_of({"schema": 7}), SchemaError, "has schema 7, and this aifctl reads 1"),
        (line_of({}), SchemaError, "has schema none"),
        (line_of([]), GarbageError, "no JSON object"),
        (line_of(body_of(sections=[])), CutError, "no sections"),
        (b'{"aifctl_probe": 1}', CutError, "no body"),
        (b'{"aifctl_probe": 1, "deflate": "e\xc3\xa4"}', CutError, "no base64"),
        (b'{"aifctl_probe": 1, "deflate": "a===b"}', CutError, "no base64"),
        (line_of({}, packed=b"no zlib"), CutError, "can't be inflated"),
        (line_of({}, packed=zlib.compress(b"{}")[:-3]), CutError, "not whole"),
        (line_of({}, packed=zlib.compress(b"{}") + b"more"), CutError, "not whole"),
        (line_of({}, packed=zlib.compress(b'{"x": NaN}')), CutError, "half a JSON"),
        (line_of({}, packed=zlib.compress(b'{"x": "\xff"}')), CutError, "half a JSON"),
        (line_of({}, packed=zlib.compress(b'{"schema": 1' + b"0" * 9000 + b"}")), CutError, "half a JSON"),
        (line_of({}, packed=zlib.compress(b'{"x": ' + b"[" * 3_000_000)), TooLargeError, "nested deeper"),
        (b'{"aifctl_probe": ' + b"[" * 1_000_000, TooLargeError, "nested deeper"),
    ],
)
def test_what_is_no_envelope_is_one_sentence(data: bytes, error: type[UnreadableError], says: str) -> None:
    with pytest.raises(error) as caught:
        open_envelope(data, node="n1")
    sentence = str(caught.value)
    assert says in sentence
    assert "\x1b" not in sentence
    assert len(sentence) < 300


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(b"x" * (100 << 20), 9)
    assert len(bomb) < MOST_LINE_BYTES // 2
    with pytest.raises(TooLargeError, match="more than 8 MB"):
        open_envelope(line_of({}, packed=bomb), node="n1")
    just_fits = line_of({}, packed=zlib.compress(json.dumps(body_of(pad="x" * (MOST_BODY_BYTES - 2000))).encode(), 9))
    assert open_envelope(just_fits, node="n1").hostname == "n1"


def test_another_probe_s_reply_is_told_with_both_names() -> None:
    with pytest.raises(OtherProbeError, match=r"'0123456789ab'.*ffffffffffff"):
        open_envelope(GOOD, node="n1", probe="f" * 64)


@pytest.mark.parametrize(
    "entry",
    [None, 7, [], {}, {"status": "fine", "data": {}}, {"status": ["ok"], "data": {}}, {"status": "ok", "data": []}],
)
def test_an_entry_that_is_no_section_is_that_section_s_own_error(entry: object) -> None:
    sections = {"gpu": entry, "port": {"status": "na", "data": {}}}
    envelope = open_envelope(line_of(body_of(sections=sections)), node="n1")
    assert (envelope.sections["gpu"].status, envelope.sections["gpu"].code) == (SectionStatus.ERROR, "garbled")
    assert envelope.sections["port"].status is SectionStatus.NA


def test_header_fields_of_other_types_are_left_out() -> None:
    strange = body_of(hostname=["n1"], boot_id=None, wall_s="now", took_s=True, cpu_s=10**400, probe_left={"a": 1})
    envelope = open_envelope(line_of(strange), node="n1")
    assert (envelope.hostname, envelope.boot_id, envelope.node_clock_s, envelope.probe_left) == ("", "", None, ())
    assert (envelope.took_s, envelope.cpu_s) == (0.0, 0.0)
    hostile = open_envelope(line_of(body_of(hostname="n1\x1b[2J\n" + "x" * 9000, probe_left=[1, True, "2"])), node="n1")
    assert "\x1b" not in hostile.hostname
    assert "\n" not in hostile.hostname
    assert len(hostile.hostname) <= 500
    assert hostile.probe_left == (1,)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


def opens(data: bytes) -> Envelope | None:
    try:
        return open_envelope(data, node="n1")
    except UnreadableError:
        return None


@settings(max_examples=examples(200))
@given(data=st.binary(max_size=200), at=st.integers(0, len(GOOD)))
def test_garbage_anywhere_raises_nothing_else(data: bytes, at: int) -> None:
    opens(data)
    opens(b'{"aifctl_probe"' + data)
    opens(GOOD[:at] + data + GOOD[at:])


@settings(max_examples=examples(200))
@given(at=st.integers(0, len(GOOD) - 2))
def test_a_cut_reply_is_never_taken_for_a_whole_one(at: int) -> None:
    assert opens(GOOD[:at]) is None


@settings(max_examples=examples(200))
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_never_changes_what_is_read(at: int, byte: int) -> None:
    """Adler-32 guards the body; what stands around it is not data."""
    changed = opens(GOOD[:at] + bytes([byte]) + GOOD[at + 1 :])
    assert changed is None or changed == open_envelope(GOOD, node="n1")


@settings(max_examples=examples(200))
@given(body=st.dictionaries(st.sampled_from([*ABOUT, "schema", "sections"]), _JSON), sections=_JSON)
def test_any_json_is_an_envelope_or_a_sentence(body: dict[str, Any], sections: Any) -> None:
    opens(line_of(body))
    opens(line_of(body_of(**{**body, "schema": 1, "sections": {"gpu": sections}})))
