"""Sections side by side: whatever one of them does, the others answer, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.reply import SECTION_MOST_BYTES
from aifctl.onnode.probe.stuck import Stuck
from aifctl.onnode.probe.trouble import NotHere, Trouble
from tests.onnode.probes import LITTLE_S, FakeProcesses, answers, children_of_this_process, section


def well(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"root": root, "asked": arguments}


def sleeps(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
    signal.pause()
    return {}


def raises(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("nothing of the kind \udcff")


def prints(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
    os.write(1, b'{"aifctl_probe": 1, "deflate": "made up"}\n')
    os.write(2, b"complaints")
    return {"stdin": os.read(0, 10).decode()}


def dies(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


BAD: dict[str, tuple[Callable[..., Any], str, str, str]] = {
    "raises": (raises, "error", "failed", "KeyError"),
    "leaves": (lambda *_: sys.exit(3), "error", "failed", "SystemExit"),
    "vanishes": (lambda *_: os._exit(0), "error", "failed", "ended without an answer"),
    "dies": (dies, "error", "killed", "signal 9"),
    "no JSON": (lambda *_: {"set": {1, 2}}, "error", "failed", "JSON"),
    "not a number": (lambda *_: {"x": float("nan")}, "error", "failed", "ValueError"),
    "no dict": (lambda *_: [1], "error", "failed", "list"),
    "too large": (lambda *_: {"x": "y" * SECTION_MOST_BYTES}, "error", "too-large", "bytes"),
    "memory": (lambda *_: {"x": bytearray(1 << 60)}, "error", "failed", "MemoryError"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_section_that_goes_wrong_takes_no_other_down(name: str) -> None:
    read, status, code, message = BAD[name]
    found = answers([section("bad", read), section("good", well)], arguments={"cursor": "7"})
    assert (found["bad"]["status"], found["bad"]["code"]) == (status, code)
    assert message in found["bad"]["message"]
    assert found["bad"]["data"] == {}
    assert (found["good"]["status"], found["good"]["data"]) == ("ok", {"root": "/", "asked": {"cursor": "7"}})


def test_a_section_without_end_is_cut_short() -> None:
    def read(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
        nested: list[Any] = []
        for _ in range(100_000):
            nested = [nested]
        return {"x": nested}

    found = answers([section("deep", read), section("good", well)])
    assert (found["deep"]["code"], found["good"]["status"]) == ("failed", "ok")


def test_what_a_section_prints_reaches_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    found = answers([section("prints", prints)])
    assert found["prints"]["data"] == {"stdin": ""}
    assert capfd.readouterr() == ("", "")


def test_nothing_of_the_kind_is_na_and_trouble_keeps_its_code() -> None:
    def nothing(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
        raise NotHere("no HCA")

    def trouble(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
        raise Trouble("denied", "may not read it")

    found = answers([section("port", nothing), section("kernel", trouble)])
    assert [(one["status"], one["code"], one["message"]) for one in found.values()] == [
        ("na", "", "no HCA"),
        ("error", "denied", "may not read it"),
    ]


def test_a_section_past_its_limit_is_ended_and_told_as_a_timeout() -> None:
    before = children_of_this_process()
    found = answers([section("slow", sleeps, LITTLE_S), section("good", well)])
    assert (found["slow"]["status"], found["slow"]["code"]) == ("timeout", "")
    assert "0.2 s" in found["slow"]["message"]
    assert found["good"]["status"] == "ok"
    assert children_of_this_process() == before


def test_what_a_section_has_started_ends_with_it(tmp_path: Path) -> None:
    def starts(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
        child = subprocess.Popen(["sleep", "300"])
        (tmp_path / "pid").write_text(str(child.pid))
        if arguments["hangs"]:
            signal.pause()
        return {}

    for hangs in (True, False):
        limit_s = LITTLE_S * 5 if hangs else 20.0
        found = answers([section("starts", starts, limit_s)], arguments={"hangs": hangs})
        assert found["starts"]["status"] == ("timeout" if hangs else "ok")
        assert Stuck("", "").processes.start_of(int((tmp_path / "pid").read_text())) == ""


def test_an_answer_counts_although_its_process_can_not_leave() -> None:
    """As a process does that the driver holds at its exit: the pipe stays open, and it must be killed."""

    def lingers(root: str, arguments: dict[str, Any]) -> dict[str, Any]:
        os._exit = lambda _: signal.pause()  # type: ignore[assignment,return-value]
        return {"x": 1}

    found = answers([section("lingers", lingers), section("good", well)])
    assert (found["lingers"]["status"], found["lingers"]["data"]) == ("ok", {"x": 1})


def test_silence_is_a_hung_driver_and_each_beat_begins_it_anew() -> None:
    def beats(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
        for _ in range(4):
            time.sleep(0.1)
            beat()
        return {"beats": 4}

    def silent(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
        beat()
        signal.pause()
        return {}

    found = answers([section("gpu", silent, silence_s=LITTLE_S), section("beats", beats, silence_s=5.0)])
    assert (found["gpu"]["status"], found["gpu"]["code"]) == ("timeout", "driver-hung")
    assert found["gpu"]["message"] == "the driver said nothing for 0.2 s"
    assert found["beats"]["data"] == {"beats": 4}


def test_a_slow_tool_has_a_limit_of_its_own() -> None:
    def falls_back(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
        beat("nvidia-smi")
        time.sleep(0.5 if arguments["ends"] else 60)
        return {"tool": True}

    limits = {"silence_s": LITTLE_S, "slow_limit_s": 20.0}
    found = answers([section("gpu", falls_back, 0.1, **limits)], arguments={"ends": True})
    assert found["gpu"]["data"] == {"tool": True}
    limits["slow_limit_s"] = 0.3
    found = answers([section("gpu", falls_back, 0.1, **limits)], arguments={"ends": False})
    assert (found["gpu"]["status"], found["gpu"]["code"]) == ("timeout", "driver-hung")
    assert found["gpu"]["message"] == "nvidia-smi did not answer in 0.3 s"


def test_a_driver_that_answers_for_ever_is_ended_at_the_section_s_limit() -> None:
    def forever(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
        while True:
            beat()
            time.sleep(0.02)

    found = answers([section("gpu", forever, 0.4, silence_s=0.3)])
    assert (found["gpu"]["status"], found["gpu"]["code"]) == ("timeout", "driver-hung")
    assert "0.4 s" in found["gpu"]["message"]


def test_an_answer_without_end_is_cut_off_and_its_teller_ended() -> None:
    def floods(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
        while True:
            beat("x" * 60000 + "1")

    def lies(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
        beat("999999999999")
        signal.pause()
        return {}

    found = answers([section("lies", lies, silence_s=20.0), section("good", well)])
    assert (found["lies"]["code"], found["good"]["status"]) == ("too-large", "ok")
    found = answers([section("floods", floods, LITTLE_S, silence_s=20.0), section("good", well)])
    assert (found["floods"]["status"], found["good"]["status"]) == ("timeout", "ok")


def test_a_process_that_kill_does_not_end_is_remembered_and_its_section_left_alone(tmp_path: Path) -> None:
    memory, processes = tmp_path / "shm", FakeProcesses(leaves=True)
    stuck = Stuck(str(memory), "boot-1", processes)
    found = answers([section("gpu", sleeps_beating, silence_s=LITTLE_S), section("units", sleeps, LITTLE_S)], stuck)
    assert found["gpu"]["code"] == "driver-hung"
    left = stuck.pids()
    assert len(left) == 2
    processes.leaves = False
    later = Stuck(str(memory), "boot-1", processes)
    found = answers(
        [
            section("gpu", sleeps_beating, silence_s=LITTLE_S),
            section("units", sleeps, LITTLE_S),
            section("good", well),
        ],
        later,
    )
    assert later.pids() == left
    assert children_of_this_process() == []
    assert (found["gpu"]["status"], found["gpu"]["code"]) == ("timeout", "driver-hung")
    assert (found["units"]["status"], found["units"]["code"]) == ("timeout", "still-stuck")
    assert f"process {processes.groups[0]} of an earlier probe has been stuck in it since 20" in found["gpu"]["message"]
    assert found["good"]["status"] == "ok"
    processes.immortal.clear()
    processes.groups.clear()
    healed = Stuck(str(memory), "boot-1", processes)
    assert (healed.pids(), list(memory.iterdir())) == ([], [])
    assert answers([section("units", well)], healed)["units"]["status"] == "ok"


def sleeps_beating(root: str, arguments: dict[str, Any], beat: Any) -> dict[str, Any]:
    signal.pause()
    return {}


def test_who_interrupts_the_probe_leaves_no_section_running(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from probe.frame import Section, run_sections\nfrom probe.stuck import Stuck\n"
        "def read(root, arguments):\n    os.write(writing, b'%d' % os.getpid()); signal.pause()\n"
        "reading, writing = os.pipe()\n"
        "def parent(*_):\n    raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGALRM, parent)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.5)\n"
        "try:\n    run_sections([Section('slow', read, 50.0)], '/', {}, Stuck('', ''))\n"
        "except KeyboardInterrupt:\n    print(os.read(reading, 20).decode())\n"
    )
    onnode = Path(__file__).parents[2] / "aifctl/onnode"
    done = subprocess.run([sys.executable, "-c", program, onnode], capture_output=True, text=True, check=True)
    assert Stuck("", "").processes.start_of(int(done.stdout)) == ""


def test_a_process_that_takes_its_time_to_leave_after_its_answer_is_no_alarm_yet(tmp_path: Path) -> None:
    processes = FakeProcesses(leaves=True)
    stuck = Stuck(str(tmp_path / "shm"), "boot-1", processes)
    assert answers([section("gpu", well)], stuck)["gpu"]["status"] == "ok"
    assert stuck.pids() == []
    later = Stuck(str(tmp_path / "shm"), "boot-1", processes)
    assert later.pids() == processes.groups
    assert answers([section("gpu", well)], later)["gpu"]["status"] == "timeout"
