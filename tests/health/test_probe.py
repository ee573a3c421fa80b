"""aifctl probe: every section a row, what could not be read said, and no answer told as what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aifctl.core.errors import BackendError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.health.probe import probe, run_locally
from aifctl.onnode.probe.fitting import make_line
from aifctl.onnode.probe.reply import Answer, answer
from aifctl.ports.probe_package import ProbePackage
from aifctl.wiring.probe import probe_package
from tests.fakes.toolbox import FakeToolbox, toolbox
from tests.ops.run_fakes import ListSink

GOOD = {"gpu": answer("ok", took_s=0.25, data={"count": 8}), "port": answer("na", message="no HCA")}
_EMPTY_ZIP = b"PK\x05\x06" + b"\0" * 18


def reply(answers: dict[str, Answer], tools: FakeToolbox, *, left: tuple[int, ...] = ()) -> bytes:
    about = {"probe": tools.probe.sha256[:12], "hostname": "here", "cpu_s": 0.1, "probe_left": list(left)}
    return make_line(answers, about)


def probed(tools: FakeToolbox, said: bytes) -> tuple[Report, ListSink]:
    sink = ListSink()
    return probe(tools.box, sink, run=lambda _: said), sink


def test_each_section_is_a_row_with_its_data(tmp_path: Path) -> None:
    tools = toolbox(tmp_path)
    report, sink = probed(tools, reply(GOOD, tools))
    assert report.exit is ExitCode.OK
    assert (sink.heads[0].kind.name, sink.heads[0].facts["hostname"]) == ("Probe", "here")
    gpu, port = sink.items
    assert (gpu["section"], gpu["status"], gpu["took_s"], gpu["data"]) == ("gpu", "ok", 0.25, {"count": 8})
    assert gpu["bytes_count"] == len('{"count":8}')
    assert (port["status"], port["message"], port["code"], port["bytes_count"]) == ("na", "no HCA", None, 0)


def test_what_could_not_be_read_is_no_success(tmp_path: Path) -> None:
    tools = toolbox(tmp_path)
    bad = {**GOOD, "disks": answer("error", "denied", "may not"), "units": answer("timeout")}
    report, sink = probed(tools, reply(bad, tools, left=(77,)))
    assert report.exit is ExitCode.FINDINGS
    assert report.notes[0] == "could not be read: disks, units"
    assert "77" in report.notes[1]
    assert report.summary == {"sections_count": 4, "unread_count": 2}
    assert len(sink.items) == 4


@pytest.mark.parametrize("said", [b"", b"Segmentation fault\n", b'{"aifctl_probe": 2}'])
def test_no_answer_is_an_error_and_no_empty_table(tmp_path: Path, said: bytes) -> None:
    sink = ListSink()
    with pytest.raises(BackendError, match="no answer that can be read"):
        probe(toolbox(tmp_path).box, sink, run=lambda _: said)
    assert sink.heads == []


def test_this_machine_is_really_looked_at(tmp_path: Path) -> None:
    tools, sink = toolbox(tmp_path, probe=probe_package()), ListSink()
    report = probe(tools.box, sink)
    assert report.exit in {ExitCode.OK, ExitCode.FINDINGS}
    expected = ["clock", "disks", "gpu", "host", "kernel", "mounts", "pci", "port", "units"]
    assert [item["section"] for item in sink.items] == expected
    assert sink.heads[0].facts["python"] == ".".join(map(str, sys.version_info[:3]))


def test_a_probe_that_does_not_run_says_why() -> None:
    with pytest.raises(BackendError, match=r"exit code 1: .*can't find '__main__'"):
        run_locally(ProbePackage(data=_EMPTY_ZIP, sha256="0" * 64, launcher=""))
