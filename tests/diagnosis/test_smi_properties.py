"""Whatever is cut, left out or replaced in what nvidia-smi printed: no reading becomes healthier by it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.smi_csv import parse_smi_csv
from aifctl.diagnosis.smi_nvlink import parse_smi_list, parse_smi_nvlink
from aifctl.diagnosis.smi_says import parse_smi_failure
from aifctl.diagnosis.smi_text import parse_smi_text
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.smi_texts import csv, healthy, text, xml
from tests.fuzzing import examples

SICK = healthy(
    remapped_rows__remapped_row_pending="Yes",
    remapped_rows__remapped_row_failure="Yes",
    ecc_errors__aggregate__sram_threshold_exceeded="Yes",
    clocks_event_reasons__clocks_event_reason_hw_slowdown="Active",
    gpu_recovery_action="Drain and Reset",
    fabric__health__route_unhealthy="True",
    pci__pci_gpu_link_info__pcie_gen__current_link_gen="1",
)
XML, TEXT = xml(SICK, SICK), text(SICK, SICK)
CSV = csv(
    *(
        {"count": "2", "pci.bus_id": f"00000000:{bus}:00.0", "remapped_rows.pending": "Yes", "pstate": "P0"}
        for bus in ("1B", "1C")
    )
)
LINKS = "".join(
    f"GPU {index}: NVIDIA H100 80GB HBM3 (UUID: GPU-0{index})\n" + "\t Link 0: 26.562 GB/s\n\t Link 1: <inactive>\n"
    for index in range(2)
)
ALL: dict[str, tuple[Callable[[str], GpuSection], str]] = {
    "xml": (parse_smi_xml, XML),
    "text": (parse_smi_text, TEXT),
    "csv": (parse_smi_csv, CSV),
    "nvlink": (parse_smi_nvlink, LINKS),
}
WHOLE = {name: parse(made) for name, (parse, made) in ALL.items()}

ABSENT_WORDS = [
    "N/A",
    "[N/A]",
    "[Not Supported]",
    "[Requested functionality has been deprecated]",
    "[GPU requires reset]",
    "GPU is lost",
    "ERR!",
    "[Unknown Error]",
    "[Insufficient Permissions]",
    "",
]

#: A reason told about one thing is also told about the GPU; what was never told is lost with the GPU.
CONSEQUENCES = {"lost", "requires_reset"}


def different(before: GpuSection, after: GpuSection) -> dict[str, Any]:
    """Return field → new value of what has another value than before; a field that was never told may become lost."""
    assert len(before.gpus) == len(after.gpus)
    found = {}
    for old, new in zip(before.gpus, after.gpus, strict=True):
        for field in fields(Gpu):
            was, now = getattr(old, field.name), getattr(new, field.name)
            never_told = was is Absent.MISSING and now is Absent.LOST and new.lost
            if was != now and not never_told and field.name not in CONSEQUENCES:
                found[field.name] = now
    return found


@given(name=st.sampled_from(sorted(ALL)), share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=examples(300), deadline=None)
def test_a_cut_text_is_unreadable_or_says_no_other_thing(name: str, share: float) -> None:
    parse, whole = ALL[name]
    try:
        section = parse(whole[: int(share * len(whole))])
    except UnreadableError:
        return
    if len(section.gpus) < len(WHOLE[name].gpus):
        assert section.told_count is Absent.MISSING
    else:
        assert set(different(WHOLE[name], section).values()) <= {Absent.MISSING}


@given(st.sampled_from(sorted(ALL)), st.integers(0, 500))
@settings(max_examples=examples(400), deadline=None)
def test_a_line_that_is_missing_makes_nothing_but_its_own_field_absent(name: str, number: int) -> None:
    parse, whole = ALL[name]
    lines = whole.splitlines(keepends=True)
    del lines[number % len(lines)]
    try:
        section = parse("".join(lines))
    except UnreadableError:
        return
    if len(section.gpus) < len(WHOLE[name].gpus):
        assert section.told_count in {Absent.MISSING, 2}
        return
    changes = different(WHOLE[name], section)
    assert all(isinstance(value, Absent) or field == "nvlinks" for field, value in changes.items())
    links = changes.get("nvlinks", Absent.MISSING)
    assert isinstance(links, Absent) or Absent.MISSING in {link.active for link in links}


@given(st.sampled_from(sorted(SICK)), st.sampled_from(ABSENT_WORDS), st.sampled_from(["xml", "text"]))
@settings(max_examples=examples(500), deadline=None)
def test_a_reason_in_a_values_place_makes_one_field_absent_and_changes_no_other(
    path: str, word: str, name: str
) -> None:
    parse, _ = ALL[name]
    render = {"xml": xml, "text": text}[name]
    section = parse(render({**SICK, path: word}, SICK))
    changes = different(WHOLE[name], section)
    parts = {"fabric/health/": "fabric_health", "clocks_event_reasons/": "throttle_reasons"}  # told in several words
    allowed = {field for section_, field in parts.items() if path.startswith(section_)}
    assert len(changes) <= 1
    assert all(isinstance(value, Absent) or field in allowed for field, value in changes.items())
    assert section.gpus[0].lost == (word == "GPU is lost")
    assert section.gpus[0].requires_reset == (word == "[GPU requires reset]")


@given(st.sampled_from(sorted(ALL)), st.data())
@settings(max_examples=examples(300), deadline=None)
def test_garbage_in_a_text_raises_nothing_but_unreadable(name: str, data: st.DataObject) -> None:
    parse, whole = ALL[name]
    at = data.draw(st.integers(0, len(whole)))
    garbage = data.draw(
        st.text(max_size=40) | st.sampled_from(["\x1b]0;x\x07", "<gpu>", "]]>", "\n\n GPU 1: x", "&a;"])
    )
    spoilt = whole[:at] + garbage + whole[at + data.draw(st.integers(0, 40)) :]
    try:
        said = repr(parse(spoilt))
    except UnreadableError as problem:
        said = str(problem)
    assert printable_line(said) == said


@given(st.binary(max_size=400) | st.text(max_size=400))
@settings(max_examples=examples(200), deadline=None)
def test_anything_at_all_raises_nothing_but_unreadable(anything: bytes | str) -> None:
    for parse in (parse_smi_xml, parse_smi_text, parse_smi_csv, parse_smi_nvlink, parse_smi_list):
        try:
            found = parse(anything)
        except UnreadableError:
            continue
        assert found.gpus
    assert parse_smi_failure(anything) is None or parse_smi_failure(anything)


def steps_of(parse: Callable[[str], object], whole: str) -> int:
    """Return how many calls, of Python's functions and of C's, reading it takes: time that no other load changes."""
    count = 0

    def tally(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(tally)
    try:
        parse(whole)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("parse", "make"),
    [
        (parse_smi_xml, lambda times: xml(*[SICK] * times)),
        (parse_smi_text, lambda times: text(*[SICK] * times)),
        (parse_smi_nvlink, lambda times: LINKS.splitlines(keepends=True)[0] + "\t Link 0: 26.562 GB/s\n" * 400 * times),
        (parse_smi_xml, lambda times: "\n" * 1000 * times + XML),
        (parse_smi_xml, lambda times: XML.replace("</gpu>", "<a>1</a>" * 500 * times + "</gpu>", 1)),
    ],
    ids=["xml", "text", "nvlink", "before-xml", "words-in-xml"],
)
def test_twice_the_text_takes_no_more_than_twice_the_steps(
    parse: Callable[[str], object], make: Callable[[int], str]
) -> None:
    once, twice = (steps_of(parse, make(times)) for times in (8, 16))
    assert twice <= 2.1 * once
