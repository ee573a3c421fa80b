"""The probe's entrance: its argument, and a section that can't even be loaded."""

from __future__ import annotations

import base64
import json
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe import __main__ as entrance
from aifctl.survey.probe_work import PROBE_TIMEOUT_S


def sections_of(line: bytes) -> dict[str, Any]:
    body = json.loads(zlib.decompress(base64.b64decode(json.loads(line)["deflate"])))
    found: dict[str, Any] = body["sections"]
    return found


def test_a_section_that_cannot_be_loaded_is_one_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "NAMES", ("port", "no_such_section"))
    said = sections_of(entrance.look(str(tmp_path), {}, "", time.monotonic()))
    assert (said["no_such_section"]["status"], said["no_such_section"]["code"]) == ("error", "failed")
    assert said["no_such_section"]["message"].startswith("ModuleNotFoundError")
    assert said["port"]["code"] == "no-sysfs"  # the other one had its look


@pytest.mark.parametrize("argument", ["[1]", "{", "7"])
def test_an_argument_that_is_no_object_ends_the_probe_at_once(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entrance.main([argument]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("the probe's argument is no JSON object")


def test_every_section_has_a_limit_of_its_own() -> None:
    loaded = [entrance.load(name) for name in ("gpu", "pci", "port")]
    assert [section.name for section in loaded] == ["gpu", "pci", "port"]
    assert all(section.limit_s > 0 for section in loaded)
    # Nobody asks nvidia-smi but who has got no answer at all from the bindings.
    assert max(max(one.limit_s, one.silence_s + one.slow_limit_s) for one in loaded) < PROBE_TIMEOUT_S
