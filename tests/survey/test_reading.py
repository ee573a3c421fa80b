"""From an envelope to a reading: each section by itself, and what could not be read is never a clean reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.reading import SectionName, SectionStatus
from aifctl.survey import reading
from aifctl.survey.envelope import Envelope, RawSection
from aifctl.survey.reading import read_envelope
from tests.fuzzing import examples

PORT = {"devices": {"mlx5_0": {"ports": {"1": {"state": "4: ACTIVE", "phys": "5: LinkUp", "layer": "InfiniBand"}}}}}
READ = tuple(name for name in reading._PARSERS)


def ok(data: Any) -> RawSection:
    return RawSection(status=SectionStatus.OK, took_s=0.5, data=data)


def envelope(**sections: RawSection) -> Envelope:
    return Envelope(
        node="n1", probe="abc", hostname="other", boot_id="b00t", node_clock_s=-5.0, probe_left=(7,), sections=sections
    )


def test_what_is_beside_the_sections_is_taken_as_it_is() -> None:
    read = read_envelope(envelope(), node="n1", at_s=1e9)
    assert (read.node, read.at_s, read.node_clock_s, read.boot_id, read.probe) == ("n1", 1e9, -5.0, "b00t", "abc")


def test_a_section_that_was_read_is_there() -> None:
    read = read_envelope(envelope(port=ok(PORT)), node="n1", at_s=1.0)
    assert read.port is not None
    assert [(port.device, port.state) for port in read.port.ports] == [("mlx5_0", "active")]
    assert (read.end(SectionName.PORT).status, read.end(SectionName.PORT).took_s) == (SectionStatus.OK, 0.5)


@pytest.mark.parametrize("status", [SectionStatus.NA, SectionStatus.ERROR, SectionStatus.TIMEOUT])
def test_what_the_node_could_not_read_is_none_with_its_reason(status: SectionStatus) -> None:
    raw = RawSection(status=status, code="driver-hung", message="silence", took_s=10.0, data=PORT)
    read = read_envelope(envelope(port=raw), node="n1", at_s=1.0)
    assert read.port is None
    end = read.end(SectionName.PORT)
    assert (end.status, end.code, end.message, end.took_s) == (status, "driver-hung", "silence", 10.0)


def test_a_section_that_nobody_mentions_is_an_error_not_a_clean_one() -> None:
    read = read_envelope(envelope(port=ok(PORT)), node="n1", at_s=1.0)
    assert read.gpu is None
    assert (read.end(SectionName.GPU).status, read.end(SectionName.GPU).code) == (SectionStatus.ERROR, "garbled")


def test_data_of_another_shape_are_garbled_and_take_no_other_section_down() -> None:
    read = read_envelope(envelope(gpu=ok({"gpus": "eight\x1b[2J"}), port=ok(PORT)), node="n1", at_s=1.0)
    end = read.end(SectionName.GPU)
    assert (end.status, end.code, read.gpu) == (SectionStatus.ERROR, "garbled", None)
    assert end.message
    assert "\x1b" not in end.message
    assert read.port is not None


def test_a_bug_in_one_parser_is_that_section_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: Any) -> Any:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(reading, "_PARSERS", {**reading._PARSERS, SectionName.GPU: broken})
    read = read_envelope(envelope(gpu=ok({}), port=ok(PORT)), node="n1", at_s=1.0)
    end = read.end(SectionName.GPU)
    assert (end.status, end.code, end.message) == (
        SectionStatus.ERROR,
        "garbled",
        "reading it failed: ZeroDivisionError: by\\nzero",
    )
    assert read.port is not None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["devices", "gpus", "ports", "source", "1", "xml"]) | st.text(max_size=5), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=examples(80))
@given(sections=st.dictionaries(st.sampled_from([name.value for name in READ]), st.dictionaries(st.text(), _JSON)))
def test_whatever_the_data_are_no_parser_fails(sections: dict[str, Any]) -> None:
    read = read_envelope(envelope(**{name: ok(data) for name, data in sections.items()}), node="n1", at_s=1.0)
    assert [end.message for end in read.ends.values() if "reading it failed" in end.message] == []
    for name in READ:
        assert (getattr(read, name.value) is None) == (read.end(name).status is not SectionStatus.OK)


def test_what_the_kernel_said_is_told_by_our_clock_where_the_nodes_is_wrong() -> None:
    line = [900_000_000, 4, "NVRM: Xid (PCI:0000:1b:00): 79, pid=1"]
    data = {"source": "kmsg", "cursor": "", "looked": 1, "dropped": 0, "lost": 0, "first_us": 0, "complete": True,
            "booted_s": -1000.0, "lines": [line]}  # fmt: skip
    read = read_envelope(envelope(kernel=ok(data)), node="n1", at_s=1e9)
    assert read.kernel is not None
    assert [(event.number, event.at_s) for event in read.kernel.events] == [(79, 1e9 - 95.0)]
    assert (
        read_envelope(envelope(kernel=ok(data)), node="n1", at_s=-3.0).kernel
        == read_envelope(envelope(kernel=ok(data)), node="n1", at_s=-5.0).kernel
    )
