"""Sweeps of nodes that say what no healthy node's probe says: each is one sentence, and the sweep goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh

RACK = "r001n[01-04]"
SICK = "r001n02"


def swept(aifctl: InProcess, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    said = aifctl("sweep", RACK, "-o", "json", *words)
    assert "Traceback" not in said.err
    assert "\x1b" not in said.out
    return said.code, said.items()


def findings(item: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["check"], one["code"]): one["result"] for one in item["findings"]}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param("probe-garbage", r"the answer is no probe's: it begins '\x1b[2J", id="garbage"),
        pytest.param("probe-cut", "half a JSON", id="half a JSON"),
        pytest.param("probe-schema", "schema 99, and this aifctl reads 1", id="another schema"),
        pytest.param("probe-flood", "more than 2 MB, which no probe does", id="100 MB"),
    ],
)
def test_who_answers_in_no_probes_language_is_unknown_in_one_sentence_and_never_clean(
    prompt: Prompt, aifctl: InProcess, fault: str, says: str
) -> None:
    assert swept(aifctl)[0] == 0
    prompt.break_(f"{fault}@{SICK}")
    code, items = swept(aifctl)
    assert code == 3
    sick = items.pop(SICK)
    assert sick["result"] == "unknown"
    assert says in sick["message"]
    assert "\n" not in sick["message"]
    assert {item["result"] for item in items.values()} == {"ok"}
    status = aifctl("status", RACK, "-o", "json").envelope()
    assert (status["summary"]["conditions"]["ok"], status["summary"]["conditions"]["unknown"]) == (3, 1)
    why = aifctl("node", "why", SICK)
    assert says in why.out
    prompt.cure()
    assert {item["result"] for item in swept(aifctl)[1].values()} == {"ok"}


def test_of_a_node_that_nobody_understands_what_was_wrong_before_still_stands(
    prompt: Prompt, aifctl: InProcess
) -> None:
    prompt.break_(f"gpu-lost@{SICK}")
    assert swept(aifctl)[0] == 1
    prompt.break_(f"probe-garbage@{SICK}")
    swept(aifctl)
    assert "gpu-lost" in aifctl("node", "why", SICK).out
    incidents = aifctl("incident", "list", "-o", "json").envelope()["items"]
    assert [SICK] in [item["names"] for item in incidents if item["check"] in {"gpu-lost", "pci-lost"}]


@pytest.mark.parametrize(
    ("fault", "found", "says"),
    [
        pytest.param("wrong-serial", {("node-identity", "serial"): "fault"}, "wrong node", id="another's serial"),
        pytest.param("wrong-name", {("node-identity", "hostname"): "watch"}, "calls itself", id="another's name"),
        pytest.param(
            "clock-1970",
            {("clock-sync", "unset"): "fault", ("clock-sync", "unsynced"): "watch"},
            "the node's clock says 1970-01-01",
            id="a clock in 1970",
        ),
        pytest.param("clock-skew", {("clock-sync", "offset"): "degraded"}, "5.0 s ahead of its time", id="5 s ahead"),
        pytest.param("clock-skew:90ms", {("clock-sync", "offset"): "watch"}, "90.0 ms ahead of its time", id="90 ms"),
    ],
)
def test_another_node_or_a_wrong_clock_is_named_by_its_check(
    prompt: Prompt, aifctl: InProcess, fault: str, found: dict[tuple[str, str], str], says: str
) -> None:
    prompt.break_(f"{fault}@{SICK}")
    code, items = swept(aifctl, "--fail-on", "watch")
    sick = items.pop(SICK)
    assert (code, sick["outcome"], findings(sick)) == (1, "ok", found)
    assert says in sick["message"]
    assert {item["result"] for item in items.values()} == {"ok"}
    why = aifctl("node", "why", SICK).out
    assert says in why
    assert "e+" not in why, "numbers are written as people write them"


def test_links_that_are_down_right_after_a_boot_are_watched_until_they_had_time_to_train(
    prompt: Prompt, aifctl: InProcess
) -> None:
    assert swept(aifctl)[0] == 0
    prompt.break_(f"reboot@{SICK}", f"nvlink-down:3@{SICK}")
    code, items = swept(aifctl)
    assert (code, items[SICK]["result"], items[SICK]["check"]) == (0, "watch", "nvlink-state")
    assert "booted 0 min ago: not judged yet" in items[SICK]["message"]
    prompt.cure()
    assert swept(aifctl)[1][SICK]["result"] == "ok"
    assert aifctl("incident", "list", "-o", "json").envelope()["items"] == []
