"""Tools of the node's: found without PATH, bounded in time and size."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aifctl.onnode.probe import tool
from aifctl.onnode.probe.trouble import Trouble
from tests.onnode.probes import LITTLE_S, PLENTY_S, children_of_this_process

SH = "/bin/sh"


def script(text: str, limit_s: float = PLENTY_S) -> tuple[int, str]:
    return tool.run([SH, "-c", text], limit_s)


def test_what_a_tool_says_comes_with_its_status() -> None:
    assert script("echo out; echo err >&2; exit 3") == (3, "out\nerr\n")
    assert script("kill -9 $$") == (-9, "")
    assert tool.run(["/no/such/tool"], PLENTY_S) == (127, "")
    assert children_of_this_process() == []


def test_a_tool_has_the_plainest_of_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    said = script("export -p")[1]
    assert "LC_ALL='C'" in said.replace('"', "'")
    assert "de_DE" not in said


def test_a_tool_that_does_not_come_back_is_ended() -> None:
    begun_s = time.monotonic()
    with pytest.raises(Trouble, match="sh did not come back within 0") as caught:
        script("exec sleep 60", LITTLE_S)
    assert caught.value.code == "tool-hung"
    with pytest.raises(Trouble):
        script("exec >&- 2>&-; exec sleep 60", LITTLE_S)  # silent, and still there
    assert time.monotonic() - begun_s < PLENTY_S / 2
    for pid in children_of_this_process():
        os.waitpid(pid, 0)


def test_what_has_no_end_is_cut() -> None:
    code, said = script("yes | head -c 1000000")
    assert (code, len(said)) == (0, 64 << 10)


def test_tools_are_found_below_the_root_where_tools_are(tmp_path: Path) -> None:
    assert tool.find(str(tmp_path), "systemctl") is None
    place = tmp_path / "usr/sbin/systemctl"
    place.parent.mkdir(parents=True)
    place.write_text("")
    assert tool.find(str(tmp_path), "systemctl") is None  # nothing that can be run
    place.chmod(0o755)
    assert tool.find(str(tmp_path), "systemctl") == str(place)
