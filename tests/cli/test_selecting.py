"""Which nodes: selectors from the command line, files, stdin, earlier runs, host files; and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh


@pytest.mark.parametrize(
    ("args", "folded"),
    [
        (("r001n[01-03]",), "r001n[01-03]"),
        (("r[001-003]n01 , r001n02",), "r001n[01-02],r[002-003]n[01]"),
        (("@rack:r002 ! r002n01",), "r002n[02-04]"),
        (("@rack:r002 not r002n01",), "r002n[02-04]"),
        (("@rack:r002 & r[001-006]n04",), "r002n04"),
        (("(r001n01,r001n02) ^ (r001n02,r001n03)",), "r001n[01,03]"),
        (("@attr:rack=r00* & @su:su1 & r*n01",), "r[001-006]n[01]"),
        (("@all", "--first", "2"), "r001n[01-02]"),
        (("@all", "--exclude", "r[001-005]n*", "--first", "2"), "r006n[01-02]"),
        (("--where", "rack=r00[56]", "--where", "node=*n01"), "r[005-006]n[01]"),
        ((), "r[001-006]n[01-04]"),
    ],
)
def test_selectors_mean_the_same_nodes_everywhere(aifctl: InProcess, args: tuple[str, ...], folded: str) -> None:
    said = aifctl("nodes", *args, "-o", "nodeset")
    assert (said.code, said.out) == (0, f"{folded}\n"), said


def test_a_sample_is_of_the_asked_size_and_stays_the_same(aifctl: InProcess) -> None:
    first, second = (aifctl("nodes", "@all", "--sample", "5", "-o", "plain").out for _ in range(2))
    assert first == second
    assert len(first.splitlines()) == 5


def test_counting_nobody_is_0_and_an_answer(aifctl: InProcess) -> None:
    for args in (("@state:drained",), ("@all", "--exclude", "@all"), ("@all", "--where", "sku=none")):
        said = aifctl("nodes", *args, "-o", "count")
        assert (said.code, said.out) == (0, "0\n"), said
    assert aifctl("nodes", "nosuch", "-o", "count").code == 2


def test_a_condition_on_what_no_node_has_is_a_slip_and_no_zero(aifctl: InProcess) -> None:
    said = aifctl("nodes", "--where", "stat=drained", "-o", "count")
    assert (said.code, said.out) == (2, "")
    assert "did you mean state" in said.err


def test_an_empty_dynamic_term_is_fine_where_that_is_said(prompt: Prompt, aifctl: InProcess) -> None:
    assert aifctl("nodes", "@state:drained", "-o", "nodeset").code == 2
    assert aifctl("nodes", "@state:drained", "--allow-empty").code == 0
    said = aifctl("run", "@state:drained", "--allow-empty", "-o", "json", "--", "true")
    assert (said.code, said.envelope()["items"]) == (0, [])
    assert prompt.journals() == []


def test_names_come_from_a_file_folded_or_one_a_line(aifctl: InProcess, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("r001n[01-02]\n\nr002n01  # the odd one\nr001n01\n")
    assert aifctl("nodes", f"@file:{tmp_path}/names", "-o", "nodeset").out == "r001n[01-02],r002n01\n"
    assert aifctl("nodes", f"@file:{tmp_path}/names ! r001n01", "-o", "count").out == "2\n"
    missing = aifctl("nodes", "@file:/nonexistent")
    assert (missing.code, "/nonexistent" in missing.err) == (2, True)
    (tmp_path / "names").write_text("r001n01\nr009n01\n")
    unknown = aifctl("nodes", f"@file:{tmp_path}/names")
    assert (unknown.code, "r009n01" in unknown.err) == (2, True)


@pytest.mark.parametrize("selector", ["-", "@stdin", "@stdin & r001n*"])
def test_names_come_from_stdin(prompt: Prompt, selector: str) -> None:
    said = prompt.aifctl("nodes", selector, "-o", "count", stdin="r001n01\nr001n[02-03]\n")
    assert (said.code, said.out) == (0, "3\n")


def test_stdin_is_left_alone_unless_it_is_asked_for(prompt: Prompt) -> None:
    """`while read` loops hand their own input to what they call."""
    script = 'while read node; do aifctl run "$node" -q -o plain -- hostname; done; echo "left: $(wc -l)"'
    said = prompt.shell(script, stdin="r001n01\nr001n02\nr001n03\n")
    assert said.out.splitlines()[-1] == "left: 0"
    for node in ("r001n01", "r001n02", "r001n03"):
        assert said.out.count(node) >= 1, said


def test_stdin_goes_whole_to_every_node_where_it_is_asked_for(prompt: Prompt) -> None:
    text = "".join(f"line {number}\n" for number in range(5000))
    said = prompt.aifctl("run", "r001n[01-03]", "--stdin", "-o", "json", "--", "wc -c", stdin=text)
    assert said.code == 0
    assert {item["stdout"].strip() for item in said.items().values()} == {str(len(text))}


def test_nodes_of_an_earlier_run_by_what_became_of_them(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.break_("refused@r001n01", "exit:3@r001n02")
    assert prompt.aifctl("run", "r001n[01-04]", "--", "true").code == 3
    found = {
        part: aifctl("nodes", f"@run:latest:{part}", "--allow-empty", "-o", "nodeset").out.strip()
        for part in ("failed", "unreachable", "exit", "ok", "lost")
    }
    assert found == {
        "failed": "r001n[01-02]",
        "unreachable": "r001n01",
        "exit": "r001n02",
        "ok": "r001n[03-04]",
        "lost": "",
    }
    prompt.cure()
    again = prompt.json("run", "@run:latest:failed", "--", "true")
    assert again.outcomes() == {"r001n01": "ok", "r001n02": "ok"}


def test_an_unknown_name_tells_the_nearest(aifctl: InProcess) -> None:
    said = aifctl("nodes", "r001n1,r02n03", "-o", "json")
    (error,) = said.envelope()["errors"]
    assert error["unknown"] == ["r001n1", "r02n03"]
    assert len(error["nearest"]) == 2
    assert said.code == 2


def test_a_long_selector_with_one_wrong_name_is_a_usage_error(aifctl: InProcess) -> None:
    said = aifctl("nodes", ",".join(["r001n01"] * 500) + ",nosuch")
    assert said.code == 2
    assert "nosuch" in said.err
    assert len(said.err) < 1000
    assert aifctl("nodes", "x" * 5000, "y" * 5000).code == 2


@pytest.mark.parametrize(
    ("files", "words"), [(("r001n0",), ("r001n0",)), (("r001n01", "r001n02"), ("r001n01", "r001n02"))]
)
def test_brackets_that_the_shell_has_expanded_are_explained(
    aifctl: InProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    for name in files:
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    said = aifctl("run", *words, "--", "true")
    assert said.code == 2
    assert "quotes" in said.err
    assert "'r001n[" in said.err


def test_a_host_file_stands_in_place_of_selector_and_inventory(prompt: Prompt, tmp_path: Path) -> None:
    files, hosts = prompt.fleet.files, tmp_path / "hosts"
    hosts.write_text("127.1.1.[1-2]\n")
    reach = (
        *("--hostfile", str(hosts), "--user", "ops", "--port", str(prompt.fleet.port)),
        *("--identity", str(files.identity), "--known-hosts", str(files.known_hosts), "--inventory", "/nonexistent"),
    )
    (tmp_path / "file").write_text("by host file\n")
    (tmp_path / "script.sh").write_text('#!/bin/sh\necho "$@"\n')

    assert prompt.json("run", *reach, "--", "hostname").outcomes() == {"127.1.1.1": "ok", "127.1.1.2": "ok"}
    assert prompt.aifctl("push", *reach, f"{tmp_path}/file", "/tmp/hosts").code == 0
    assert prompt.aifctl("pull", *reach, "/tmp/hosts", f"{tmp_path}/pulled").code == 0
    assert sorted(path.parent.name for path in tmp_path.glob("pulled/*/hosts")) == ["127.1.1.1", "127.1.1.2"]
    ran = prompt.json("script", *reach, f"{tmp_path}/script.sh", "one", "--", "--two")
    assert {item["stdout"] for item in ran.items().values()} == {"one --two\n"}
    first = prompt.json("push", *reach, "127.1.1.1", f"{tmp_path}/file", "/tmp/hosts")
    assert list(first.items()) == ["127.1.1.1"]


def test_skipped_nodes_are_listed_with_their_reason_and_lower_no_coverage(prompt: Prompt) -> None:
    prompt.add("overrides:\n  r001n01: {state: repair}\n  r001n02: {off: true}\n  r001n03: {state: drained}")
    text, said = prompt.both("run", "r001n[01-04]", "--", "true")
    assert text.code == 0
    assert "1 repair (r001n01)" in text.err
    assert "1 off (r001n02)" in text.err
    assert said.outcomes() == {"r001n01": "skipped", "r001n02": "skipped", "r001n03": "ok", "r001n04": "ok"}
    assert said.envelope()["coverage"] == {"asked": 2, "answered": 2, "skipped": 2, "share": 1.0}
    widened = prompt.json("run", "r001n[01-02]", "--include-state", "repair", "--include-state", "off", "--", "true")
    assert widened.outcomes() == {"r001n01": "ok", "r001n02": "ok"}


@pytest.mark.parametrize("text", ["r001n02", "SIM000102", "127.1.1.2", "l1-r0/2"])
def test_find_says_which_node_it_is(aifctl: InProcess, text: str) -> None:
    said = aifctl("find", text, "-o", "json")
    assert said.code == 0
    assert said.items()["r001n02"]["rack"] == "r001"


def test_finding_nothing_is_1_and_said(aifctl: InProcess) -> None:
    said = aifctl("find", "SIM999999")
    assert said.code == 1
    assert "SIM999999" in said.err
