"""A kernel's log by every tool: each form of line, dates without a year, what is cut, and what it costs."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.kernel_text import looks_like_kernel_log, parse_kernel_text
from aifctl.diagnosis.reading import SectionStatus
from aifctl.diagnosis.recognising import reading_of_text, recognise
from aifctl.diagnosis.unreadable import UnreadableError

XID = "NVRM: Xid (PCI:0000:91:00): 79, pid=1234, name=python, GPU has fallen off the bus."
AT = datetime(2024, 11, 15, 5, 39, 15, tzinfo=UTC).timestamp()
NOW = datetime(2024, 12, 1, tzinfo=UTC).timestamp()
ENTRY = {
    "MESSAGE": XID,
    "PRIORITY": "4",
    "_TRANSPORT": "kernel",
    "__REALTIME_TIMESTAMP": str(int(AT * 1e6)),
    "_SOURCE_MONOTONIC_TIMESTAMP": "12500000",
}

FORMS = {
    "kmsg": (f"4,17,12500000,-;{XID}\n SUBSYSTEM=pci\n DEVICE=+pci:0000:91:00.0", None, 12.5),
    "dmesg": (f"[   12.500000] {XID}", None, 12.5),
    "dmesg -r": (f"<4>[   12.500000] {XID}", None, 12.5),
    "dmesg -x": (f"kern  :warn  : [   12.500000] {XID}", None, 12.5),
    "dmesg -T": (f"[Fri Nov 15 05:39:15 2024] {XID}", AT, None),
    "dmesg iso": (f"2024-11-15T05:39:15,250000+00:00 {XID}", AT + 0.25, None),
    "dmesg iso -x": (f"kern  :warn  : 2024-11-15T06:39:15,250000+01:00 {XID}", AT + 0.25, None),
    "journalctl": (f"Nov 15 05:39:15 n1 kernel: {XID}", AT, None),
    "journalctl iso": (f"2024-11-15T05:39:15+0000 n1 kernel: {XID}", AT, None),
    "journalctl json": (json.dumps(ENTRY), AT, 12.5),
    "syslog": (f"Nov 15 05:39:15 n1 kernel: [   12.500000] {XID}", AT, 12.5),
    "rsyslog": (f"2024-11-15T05:39:15.250000+00:00 n1 kernel: [   12.500000] {XID}", AT + 0.25, 12.5),
    "dmesg -d": (f"[   12.500000 <    0.000012>] {XID}", None, 12.5),
    "dmesg -e": (f"[  +0.000012] {XID}", None, None),
    "dmesg -e, a new minute": (f"[Nov15 05:39] {XID}", None, None),
    "dmesg of a kernel that tells callers": (f"[   12.500000] [   T1234] {XID}", None, 12.5),
    "dmesg -T of a kernel that tells callers": (f"[Fri Nov 15 05:39:15 2024][T1234@C12] {XID}", AT, None),
    "dmesg -T in German": (f"[Fr Nov 15 05:39:15 2024] {XID}", None, None),
    "dmesg -T in French": (f"[ven. nov. 15 05:39:15 2024] {XID}", None, None),
    "dmesg -T in Chinese": (f"[五 11月 15 05:39:15 2024] {XID}", None, None),
    "dmesg --json": (json.dumps({"dmesg": [{"pri": 4, "time": 12.5, "msg": XID}]}, indent=3), None, 12.5),
    "dmesg -t": (f"mlx5_core 0000:18:00.0: firmware version: 28.41.1000\n{XID}", None, None),
    "journalctl in German": (f"Mär 15 05:39:15 n1 kernel: {XID}", None, None),
    "journalctl precise": (f"Nov 15 05:39:15.250000 n1 kernel: {XID}", AT, None),
    "journalctl full": (f"Fri 2024-11-15 05:39:15 UTC n1 kernel: {XID}", AT, None),
    "journalctl full, another zone": (f"Fri 2024-11-15 05:39:15 CET n1 kernel: {XID}", None, None),
    "journalctl monotonic": (f"[   12.500000] n1 kernel: {XID}", None, 12.5),
    "journalctl unix": (f"1731649155.250000 n1 kernel: {XID}", AT + 0.25, None),
    "journalctl json-pretty": (json.dumps(ENTRY, indent=8), AT, 12.5),
    "journalctl json in a list": (json.dumps([ENTRY]), AT, 12.5),
    "syslog with its priority": (f"<4>Nov 15 05:39:15 n1 kernel: [   12.500000] {XID}", AT, 12.5),
    "RFC 5424": (f"<4>1 2024-11-15T05:39:15.250000Z n1 kernel - - - {XID}", AT + 0.25, None),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_line_is_read(form: str) -> None:
    text, at_s, since_s = FORMS[form]
    section = parse_kernel_text(text + "\n", NOW)
    (event,) = section.events
    assert (event.kind, event.number, event.pci_address, event.text) == ("xid", 79, "0000:91:00.0", XID)
    assert (event.at_s, event.monotonic_s) == (at_s, since_s)
    assert section.complete


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_recognised_by_what_stands_in_it(form: str) -> None:
    data = (FORMS[form][0] + "\n").encode()
    coloured = f"\x1b[32m{FORMS[form][0]}\x1b[0m\n".replace("NVRM", "\x1b[33mNVRM\x1b[0m").encode()
    utf_16 = data.decode().encode("utf-16")
    for packed in (data, gzip.compress(data), data.replace(b"\n", b"\r\n"), coloured, utf_16):
        assert recognise(packed).kind == "kernel"
        reading = reading_of_text(packed)
        assert reading.kernel is not None
        assert [event.number for event in reading.kernel.events] == [79]


@pytest.mark.parametrize(
    ("now", "told", "year"),
    [
        ("2025-01-01", "Dec 31 23:59:59", 2024),
        ("2025-01-01", "Jan  1 00:00:00", 2025),
        ("2024-12-31", "Jan  1 00:30:00", 2025),  # a node whose zone is ahead of ours
        ("2024-06-01", "Jul 14 12:00:00", 2023),
        ("2025-03-01", "Feb 29 12:00:00", 2024),
        ("2023-03-01", "Feb 29 12:00:00", 2020),
    ],
)
def test_a_date_without_a_year_is_the_last_that_is_no_future(now: str, told: str, year: int) -> None:
    now_s = datetime.fromisoformat(f"{now}T12:00:00+00:00").timestamp()
    (event,) = parse_kernel_text(f"{told} n1 kernel: {XID}\n", now_s).events
    assert event.at_s is not None
    assert datetime.fromtimestamp(event.at_s, UTC).year == year


def test_without_a_now_such_a_date_is_none() -> None:
    (event,) = parse_kernel_text(f"Nov 15 05:39:15 n1 kernel: {XID}\n").events
    assert event.at_s is None


def test_what_others_say_in_a_syslog_is_not_the_kernels() -> None:
    text = f"Nov 15 05:39:15 n1 train[31]: {XID}\nNov 15 05:39:16 n1 sshd[7]: kernel: {XID}\n"
    assert parse_kernel_text(text).events == ()
    links = "Aug 17 06:18:01 n1 systemd-networkd[5398]: ib6: Lost carrier\n"
    assert [event.facts["interface"] for event in parse_kernel_text(links).events] == ["ib6"]


def test_what_others_have_put_into_a_log_is_read_as_whatever_it_is() -> None:
    others = (
        XID,
        f"[Fri Nov 15 05:39:15 2024] {XID}",
        f"Nov 15 05:39:15 n1 kernel: {XID}",
        f"[   12.5] n1 kernel: {XID}",
    )
    for line in others:
        text = _LINES + line + "\n" + _LINES
        assert [event.number for event in parse_kernel_text(text).events] == [79], line
    stack = _LINES + f" {XID}\n" + _LINES  # what goes on from the line above is nobody's new word
    assert parse_kernel_text(stack).events == ()


@pytest.mark.parametrize("line", [f"n1| {XID}", "[   12.500000] NVRM: Xid (PCI:0000:91", f"[   12.500000] n1| {XID}"])
def test_an_xid_that_can_not_be_understood_is_never_overlooked(line: str) -> None:
    section = parse_kernel_text(_LINES + line + "\n" + _LINES)
    assert (section.events, section.complete) == ((), False)


@pytest.mark.parametrize("form", ["dmesg --json", "journalctl json in a list"])
def test_json_over_many_lines_that_is_cut_is_not_complete(form: str) -> None:
    whole, reads = FORMS[form][0], 0
    for at in range(whole.rindex("]") + 1):
        try:
            assert not parse_kernel_text(whole[:at]).complete
        except UnreadableError:
            continue
        reads += 1
    assert reads
    assert parse_kernel_text(whole).complete
    pretty = FORMS["journalctl json-pretty"][0] + "\n"
    assert not parse_kernel_text(pretty * 2 + pretty[:50]).complete


def test_a_disk_that_says_its_own_name_is_no_nodes_name() -> None:
    text = "2024-11-15T05:39:15,491363+00:00 nvme nvme1: controller is down; will reset: CSTS=0xffffffff\n" * 3
    assert [event.kind for event in parse_kernel_text(text).events] == ["disk"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "hello\nworld\n",
        "[1, 2, 3]\n",
        '[{"a": 1}]\n',
        '{"dmesg": []}\n',
        "[" * 9 + "{" * 9,
        f"# Xids\n\nNVRM: Xid is what the driver says, such as\n\n{XID}\n\nand so on\nand so on\n",
        "PING 10.0.0.1 56(84) bytes of data.\n" * 30,
        "{}\n",
        "[" * 9,
    ],
)
def test_what_is_no_log_is_refused(text: str) -> None:
    assert not looks_like_kernel_log(text.split("\n"))
    with pytest.raises(UnreadableError):
        parse_kernel_text(text)


def test_a_text_whose_last_line_is_not_ended_is_not_complete() -> None:
    assert not parse_kernel_text(f"[   12.500000] {XID}").complete
    assert not parse_kernel_text(f"[   12.500000] {XID}\n[   13.0000").complete


_LINES = "".join(f"[{at:5d}.{at:06d}] usb 1-{at}: new device\n" for at in range(40))
_ALARM = _LINES + f"[  100.000000] {XID}\n"


@given(at=st.integers(min_value=0, max_value=len(_ALARM)))
@settings(max_examples=200, deadline=None)
def test_wherever_a_text_is_cut_the_alarm_is_there_or_the_text_is_not_complete(at: int) -> None:
    cut = _ALARM[:at]
    try:
        section = parse_kernel_text(cut)
    except UnreadableError:
        return
    if not any(event.number == 79 for event in section.events):
        assert not section.complete or cut in _LINES  # at a line's end nobody can tell


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda data: data.decode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_no_garbage_raises_anything_but_its_own_error(text: str) -> None:
    try:
        parse_kernel_text(text)
    except UnreadableError:
        return
    assert looks_like_kernel_log(text.split("\n"))


@given(
    form=st.sampled_from(sorted(FORMS)),
    at=st.integers(min_value=0, max_value=200),
    put=st.text(max_size=8),
    drop=st.integers(min_value=0, max_value=20),
)
@settings(max_examples=300, deadline=None)
def test_no_garbled_line_raises_anything_but_its_own_error(form: str, at: int, put: str, drop: int) -> None:
    line = FORMS[form][0]
    reading = reading_of_text(
        (f"{FORMS[form][0]}\n" * 4 + line[:at] + put + line[at + drop :] + "\n").encode("utf-8", "replace")
    )
    assert reading.ends or reading.kernel
    assert all(end.status in {SectionStatus.OK, SectionStatus.ERROR} for end in reading.ends.values())


@pytest.mark.parametrize(
    "text", [" " * 1_000_000, "[" + "\n" * 1_000_000, '{"dmesg":[' + " " * 1_000_000, "[{" * 200_000]
)
def test_what_begins_like_json_and_goes_on_without_end_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse_kernel_text(text)


def _boot(count: int, form: str) -> str:
    return "".join(
        form.format(at=at, text=f"pci 0000:{at % 256:02x}:00.0: BAR {at}: assigned [mem 0x{at:08x}]")
        for at in range(count)
    )


@pytest.mark.parametrize(
    "form",
    ["[{at:5d}.000000] {text}\n", "2024-11-15T05:39:15,491363+00:00 {text}\n", "Nov 15 05:39:15 n1 kernel: {text}\n"],
)
def test_a_boots_2400_lines_take_well_under_50_ms_and_ten_times_as_many_ten_times_that(form: str) -> None:
    small, large = _boot(2400, form), _boot(24_000, form)
    parse_kernel_text(small, NOW)
    took_s = min(_cost_of(small) for _ in range(5))
    assert took_s < 0.05
    assert min(_cost_of(large) for _ in range(2)) < 25 * took_s


def test_long_lines_and_storms_cost_no_more_than_their_length() -> None:
    long = f"[    1.000000] NVRM: Xid (PCI:0000:91:00): 79, {'pid=1, ' * 20_000}\n"
    nasty = "[    1.000000] EDAC " + "A" * 50_000 + " mlx5_core " + "error " * 10_000 + "\n"
    assert _cost_of(long + nasty) < 0.25


def _cost_of(text: str) -> float:
    begun_s = time.process_time()
    parse_kernel_text(text, NOW)
    return time.process_time() - begun_s
