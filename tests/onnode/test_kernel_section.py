"""The kernel section of the probe: what travels, what a cursor leaves out, and what it says where it may not look."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe import kernel_sources as sources
from aifctl.onnode.probe.kernel_words import Kept, is_telling
from aifctl.onnode.probe.sections import kernel as section
from aifctl.onnode.probe.trouble import NotHere, Trouble
from aifctl.sim.hardware.kernel_log import KernelLog, write_kernel_log
from aifctl.sim.hardware.trees import write_files

BOOT = "0b1e5c4e-0000-4000-8000-000000000003"
GPUS = [f"0000:{0x1B + 0x10 * at:02x}:00.0" for at in range(8)]


HARDWARE = [
    b"NVRM: Xid (PCI:0000:3a:00): 79, pid=1, GPU has fallen off the bus.",
    b"nvidia-nvswitch3: SXid (PCI:0000:85:00.0): 20034, Fatal, Link 30 LTSSM Fault Up",
    b"pcieport 0000:15:01.0: AER: Uncorrectable (Fatal) error message received from 0000:17:02.0",
    b"nvidia 0000:1b:00.0: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Transaction Layer, (Requester ID)",
    b"mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: be00000000800400",
    b"{1}[Hardware Error]: event severity: fatal",
    b"EDAC MC1: 1 UE memory read error on CPU_SrcID#0_MC#1_Chan#0_DIMM#0",
]


def healthy() -> KernelLog:
    switches = ["0000:83:00.0", "0000:84:00.0", "0000:85:00.0", "0000:86:00.0"]
    return KernelLog.healthy(GPUS, switches, ["0000:18:00.0", "0000:3a:00.0"], "580.105.08")


def look(root: Path, log: KernelLog, cursor: str = "", boot: str = BOOT) -> dict[str, Any]:
    write_kernel_log(root, log)
    kernel = root / "proc/sys/kernel/random"
    if not kernel.exists():
        write_files(root, {"proc/sys/kernel/random/boot_id": boot, "proc/stat": "cpu 1 2\nbtime 1790000000"})
    data = section.read(str(root), {"cursor": cursor} if cursor else {})
    return json.loads(json.dumps(data))  # type: ignore[no-any-return]


def test_a_healthy_boot_sends_little_and_says_where_it_ended(tmp_path: Path) -> None:
    log = healthy()
    data = look(tmp_path, log)
    assert data["looked"] == len(log.lines) > 90
    assert len(data["lines"]) < 12
    assert (data["dropped"], data["lost"], data["complete"], data["first_us"]) == (0, 0, True, 0)
    assert data["cursor"] == f"kmsg:{BOOT}:{len(log.lines) - 1}"
    assert data["booted_s"] == 1790000000.0


def test_from_its_own_cursor_only_what_is_new_comes(tmp_path: Path) -> None:
    log = healthy()
    first = look(tmp_path, log)
    again = look(tmp_path, log, first["cursor"])
    assert (again["lines"], again["looked"], again["cursor"]) == ([], 0, first["cursor"])
    log.xid(79, GPUS[0])
    third = look(tmp_path, log, first["cursor"])
    ((at_us, level, text),) = third["lines"]
    assert (at_us, level) == (900_000_000, 4)
    assert text.startswith("NVRM: Xid (PCI:0000:1b:00): 79, pid=")


@pytest.mark.parametrize("cursor", ["kmsg:another-boot:99", "dmesg:x:1", "journal:a:b", "garbage", "kmsg::", "::::"])
def test_a_cursor_of_another_boot_or_source_is_none(tmp_path: Path, cursor: str) -> None:
    log = healthy()
    log.xid(79, GPUS[0])
    assert any("Xid" in text for _, _, text in look(tmp_path, log, cursor)["lines"])


def test_lines_that_were_overwritten_since_the_cursor_are_told(tmp_path: Path) -> None:
    log = healthy()
    first = look(tmp_path, log)
    log.xid(13, GPUS[0])
    log.xid(79, GPUS[0])
    write_kernel_log(tmp_path, log)
    kmsg = tmp_path / "dev/kmsg"
    kmsg.write_text(kmsg.read_text().splitlines(keepends=True)[-1])
    data = section.read(str(tmp_path), {"cursor": first["cursor"]})
    assert (data["lost"], len(data["lines"])) == (1, 1)
    assert data["first_us"] > 0


def test_a_storm_is_its_first_and_last_lines_and_drowns_no_other_xid(tmp_path: Path) -> None:
    log = healthy()
    for count in range(3000):
        log.xid(13, GPUS[count % 8], f"Graphics Exception: ESR 0x{count:06x}=0x11f000e")
        if count == 1500:
            log.xid(79, GPUS[3])
            log.memory_error()
    data = look(tmp_path, log)
    texts = [text for _, _, text in data["lines"]]
    assert sum("): 79," in text for text in texts) == 1
    assert sum(" UE " in text for text in texts) == 1
    assert len(texts) <= 320
    assert data["dropped"] == 3000 + 2 - sum("Xid" in text for text in texts) - 1
    assert "0x000000=" in next(text for text in texts if "): 13," in text)
    assert "0x000bb7=" in [text for text in texts if "): 13," in text][-1]
    assert data["lines"] == sorted(data["lines"], key=lambda line: line[0])
    assert len(zlib.compress(json.dumps(data).encode(), 6)) < 8_000


def test_what_others_write_to_the_log_is_not_the_kernels(tmp_path: Path) -> None:
    log = healthy()
    write_kernel_log(tmp_path, log)
    with (tmp_path / "dev/kmsg").open("a") as file:
        file.write("12,9999,900000000,-;NVRM: Xid (PCI:0000:1b:00): 79, pid=1, written by somebody\n")
    assert not any("Xid" in text for _, _, text in section.read(str(tmp_path), {})["lines"])


def test_fields_of_a_record_are_passed_over_and_garbage_is_told(tmp_path: Path) -> None:
    file = tmp_path / "dev/kmsg"
    file.parent.mkdir()
    file.write_bytes(
        b"4,7,12000000,-;NVRM: Xid (PCI:0000:1b:00): 79, pid=1\n SUBSYSTEM=pci\n DEVICE=+pci:0000:1b:00.0\n"
        b"no record\n4,x,1,-;Xid (\n\xff\xfe\n"
    )
    data = section.read(str(tmp_path), {})
    assert [text for _, _, text in data["lines"]] == ["NVRM: Xid (PCI:0000:1b:00): 79, pid=1"]
    assert data["complete"] is False
    assert data["cursor"] == ""  # nobody knows which boot that was


def test_a_made_up_root_without_a_log_has_none(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        section.read(str(tmp_path), {})


def as_nobody() -> str:
    """Look at this machine's log as a user without rights; return the code of what that comes to."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        code = "read"
        try:
            os.setgid(65534)
            os.setuid(65534)
            section.read("/", {})
        except Trouble as trouble:
            code = trouble.code
        finally:
            os.write(writing, code.encode())
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as said:
        return said.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_whoever_may_not_look_is_told_denied() -> None:
    restricted = Path("/proc/sys/kernel/dmesg_restrict")
    if not restricted.exists() or restricted.read_text().strip() == "0":
        pytest.skip("kernel.dmesg_restrict is 0: everybody may look")
    assert as_nobody() == "denied"


def test_the_log_of_this_machine_is_read_or_denied() -> None:
    try:
        data = section.read("/", {})
    except Trouble as trouble:
        code = trouble.code
    else:
        code = data["source"]
        again = section.read("/", {"cursor": data["cursor"]})
        assert again["looked"] < max(50, data["looked"])
    assert code in {"kmsg", "journal", "dmesg", "denied", "no-source"}


JOURNALCTL = """#!/bin/sh
case "$*" in
  *--cursor=*) sed -n '2,$p' "$(dirname "$0")/entries";;
  *) cat "$(dirname "$0")/entries";;
esac
exit $(cat "$(dirname "$0")/status")
"""


def entry(text: object, at_us: int, cursor: str) -> str:
    told = {"MESSAGE": text, "PRIORITY": "4", "_SOURCE_MONOTONIC_TIMESTAMP": str(at_us), "__CURSOR": cursor}
    return json.dumps(told) + "\n"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources, "_FOLDERS", (str(tmp_path),))
    (tmp_path / "status").write_text("0")
    tool = tmp_path / "journalctl"
    tool.write_text(JOURNALCTL)
    tool.chmod(0o755)
    return tmp_path


def test_the_journal_is_read_and_goes_on_behind_its_cursor(tools: Path) -> None:
    told = "NVRM: Xid (PCI:0000:1b:00): 48, pid=1"
    lines = [entry("boot", 1, "s=1"), entry(list(told.encode() + b"\xff"), 2_000_000, "s=2")]
    (tools / "entries").write_text("".join(lines))
    first = sources.from_journal(BOOT, "")
    assert [text for _, _, text in first.kept.result()[0]] == [told + "\ufffd"]
    assert (first.cursor, first.looked_count) == (f"journal:{BOOT}:s=2", 2)
    (tools / "entries").write_text("".join([*lines, entry("NVRM: Xid (PCI:0000:1b:00): 79, x", 3_000_000, "s=3")]))
    again = sources.from_journal(BOOT, first.cursor)
    assert [line[0] for line in again.kept.result()[0]] == [3_000_000]
    assert again.cursor == f"journal:{BOOT}:s=3"


@pytest.mark.parametrize(("entries", "status"), [("", "0"), ("", "1"), (entry("boot", 1, "s=1"), "1")])
def test_a_journal_that_shows_nothing_or_fails_is_denied(tools: Path, entries: str, status: str) -> None:
    (tools / "entries").write_text(entries)
    (tools / "status").write_text(status)
    with pytest.raises(Trouble) as caught:
        sources.from_journal(BOOT, "")
    assert caught.value.code == "denied"


RING = "4,700,5000000,-;NVRM: Xid (PCI:0000:2b:00): 13, pid=1\n4,701,6000000,-;usb 1-1: new device\n"
EARLIER = [
    entry("Linux version", 0, "s=1"),
    entry("NVRM: Xid (PCI:0000:1b:00): 79, pid=1", 3_000_000, "s=2"),
    entry("NVRM: Xid (PCI:0000:2b:00): 13, pid=1", 5_000_000, "s=3"),
    entry("NVRM: Xid (PCI:0000:3b:00): 48, pid=1", 7_000_000, "s=4"),
]


@pytest.fixture
def ring(tools: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ring buffer of this machine's own that has lost 700 records, beside a journal that has them."""
    path = tools / "kmsg"
    path.write_text(RING)
    monkeypatch.setattr(sources, "KMSG", str(path))
    (tools / "entries").write_text("".join(EARLIER))
    return path


def numbers(found: sources.Look) -> list[int]:
    return [at_us for at_us, _, _ in found.kept.result()[0]]


def test_what_the_ring_has_lost_of_this_boot_comes_from_the_journal_once_and_before_the_rest(ring: Path) -> None:
    found = sources.from_kmsg(str(ring), BOOT, "")
    assert numbers(found) == [3_000_000, 5_000_000]
    assert (found.source, found.first_us, found.complete, found.looked_count) == ("kmsg", 0, True, 4)
    assert found.cursor == f"kmsg:{BOOT}:701"
    assert numbers(sources.from_kmsg(str(ring), BOOT, f"kmsg:{BOOT}:700")) == []


def test_the_journal_is_not_asked_for_what_the_ring_still_has_nor_beside_a_made_up_one(
    ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.write_text(RING.replace(",70", ","))
    assert numbers(sources.from_kmsg(str(ring), BOOT, "")) == [5_000_000]
    ring.write_text(RING)
    monkeypatch.setattr(sources, "KMSG", "/dev/kmsg")
    assert numbers(sources.from_kmsg(str(ring), BOOT, "")) == [5_000_000]


@pytest.mark.parametrize("trouble", ["denied", "garbled", "none", "fails late"])
def test_a_journal_that_does_not_help_leaves_the_ring_as_it_is(ring: Path, trouble: str) -> None:
    if trouble == "denied":
        (ring.parent / "entries").write_text("")
    elif trouble == "garbled":
        (ring.parent / "entries").write_text("NVRM: Xid (\n")
    elif trouble == "none":
        (ring.parent / "journalctl").unlink()
    else:
        (ring.parent / "entries").write_text("".join(EARLIER[:2]))
        (ring.parent / "status").write_text("1")
    found = sources.from_kmsg(str(ring), BOOT, "")
    assert numbers(found)[-1] == 5_000_000
    assert (found.first_us, found.complete) == (5_000_000, True)


def test_a_journal_that_takes_too_long_is_left_and_its_hole_is_told(
    ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [entry("NVRM: Xid (PCI:0000:1b:00): 79, pid=1", 1, "s=0"), *[entry("said", at, "s=1") for at in range(600)]]
    (ring.parent / "entries").write_text("".join([*lines, EARLIER[1]]))
    monkeypatch.setattr(sources, "_EARLIER_PATIENCE_S", -1.0)
    found = sources.from_kmsg(str(ring), BOOT, "")
    assert numbers(found) == [1, 5_000_000]
    assert (found.first_us, found.complete) == (5_000_000, True)


def test_dmesg_goes_on_from_its_last_time(tools: Path) -> None:
    tool = tools / "dmesg"
    tool.write_text(
        "#!/bin/sh\necho '<6>[    0.000000] Linux version'\necho '<4>[  900.000001] NVRM: Xid (PCI:0000:1b:00): 79, x'\n"
    )
    tool.chmod(0o755)
    first = sources.from_dmesg(BOOT, "")
    assert [line[0] for line in first.kept.result()[0]] == [900_000_001]
    assert sources.from_dmesg(BOOT, first.cursor).kept.result() == ([], 0, True)
    tool.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(Trouble):
        sources.from_dmesg(BOOT, "")


def test_words_alone_do_not_tell() -> None:
    assert not is_telling(b"EDAC MC: Ver: 3.0.0")
    assert not is_telling(b"pcieport 0000:00:01.0: AER: enabled with IRQ 64")
    assert not is_telling(b"ERST: Error Record Serialization Table (ERST) support is initialized.")
    assert is_telling(b"EDAC MC1: 1 UE memory read error on CPU")


def test_more_kinds_than_room_keep_the_first_and_the_last() -> None:
    kept = Kept()
    for number in range(1000):
        kept.add(number, 4, b"NVRM: Xid (PCI:0000:1b:00): %d, x" % number)
    lines, dropped, whole = kept.result()
    assert (len(lines), dropped, whole) == (200, 800, False)
    assert (lines[0][0], lines[-1][0]) == (0, 999)


def test_each_part_of_the_hardware_keeps_its_own_lines_in_a_storm_of_another() -> None:
    kept = Kept()
    for number in range(5000):
        kept.add(number, 4, b"pcieport 0000:15:01.0: AER: Corrected error message received from 0000:17:02.0")
        kept.add(number, 4, b"task%d[%d]: segfault at 0 ip %08x" % (number, number, number))
        if number == 2500:
            for line in HARDWARE:
                kept.add(number, 2, line)
    lines, dropped, whole = kept.result()
    assert {text.encode() for _, _, text in lines} >= set(HARDWARE)
    assert (len(lines) + dropped, whole) == (10_000 + len(HARDWARE), False)


def test_lines_like_others_that_travel_leave_the_log_whole() -> None:
    kept = Kept()
    for number in range(5000):
        kept.add(
            number, 4, b"EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0 (channel:0 row:%d)" % number
        )
    lines, dropped, whole = kept.result()
    assert (len(lines) + dropped, whole) == (5000, True)
    assert 0 < len(lines) <= 80


def test_what_says_least_gives_way_first_and_a_kind_that_is_gone_is_told() -> None:
    kept = Kept()
    for number in range(100):
        kept.add(number, 4, os.urandom(6).hex().encode() + b": segfault at " + os.urandom(60).hex().encode())
    for line in HARDWARE:
        kept.add(1000, 2, line)
    lines, dropped, whole = kept.result(1500)
    assert [text.encode() for _, _, text in lines if text.encode() in HARDWARE] == HARDWARE
    assert len(HARDWARE) < len(lines) < 100
    assert (len(lines) + dropped, whole) == (100 + len(HARDWARE), False)
    assert kept.result(100_000) == kept.result()
    assert kept.result(0) == ([], 100 + len(HARDWARE), False)


def test_what_a_user_calls_a_process_is_not_taken_for_the_hardware() -> None:
    kept = Kept()
    for number in range(400):
        for name in (b"AER: x", b"NVRM: x", b"mce: [Hardwar", b"EDAC MC0: 1 CE"):
            kept.add(number, 4, b"%s[%d]: segfault at %d" % (name, number, number))
    for line in HARDWARE:
        kept.add(1000, 2, line)
    told = {text.encode() for _, _, text in kept.result()[0]}
    assert told >= set(HARDWARE)


def test_a_log_without_end_is_remembered_in_bounds() -> None:
    kept = Kept()
    for number in range(20_000):
        kept.add(number, 4, b"%05d: segfault at 0" % number)
    assert sum(map(len, kept._kinds.values())) <= 240
    lines, dropped, whole = kept.result()
    assert [line[0] for line in lines] == [*range(60), *range(19_940, 20_000)]
    assert (dropped, whole) == (19_880, False)
