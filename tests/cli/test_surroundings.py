"""Whatever the terminal, the locale, the reader of stdout, the settings, the state directory: no surprise, no traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh

HOSTILE = "printf '\\033[2J\\033]0;owned\\007\\xff\\xfeé\\n'"


def test_a_reader_that_leaves_is_no_error(prompt: Prompt) -> None:
    for command in (
        "aifctl run @all -- 'seq 2000'",
        "aifctl run @all -o jsonl -- 'seq 2000'",
        "aifctl nodes",
        "aifctl --help",
        "aifctl schema",
        "aifctl inventory template",
    ):
        said = prompt.shell(f"( {command}; echo $? >code ) | head -1 >/dev/null; cat code", cwd=prompt.home)
        assert (said.out, "Traceback" in said.err, "Broken" in said.err) == ("0\n", False, False), said


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_change_neither_the_exit_code_nor_what_is_done(prompt: Prompt, closing: str) -> None:
    said = prompt.shell(f"aifctl run r001n01 {closing} -- 'exit 3'; echo $? >&3")
    assert said.out.splitlines()[-1] == "1", said
    assert "Traceback" not in said.out + said.err
    assert '"outcome":"exit"' in prompt.journals()[-1].read_text()


@pytest.mark.parametrize("command", ["run r001n01 --stdin <&- -- cat", "nodes - <&-", "shell r001n01 <&-"])
def test_a_closed_stdin_that_is_to_be_read_is_a_usage_error(prompt: Prompt, command: str) -> None:
    said = prompt.shell(f"aifctl {command}")
    assert said.code == 2, said
    assert "stdin" in said.err
    assert list(prompt.state.glob("runs/*")) == []


def test_an_empty_stdin_is_an_empty_input(prompt: Prompt) -> None:
    said = prompt.shell("aifctl run r001n01 --stdin -o json </dev/null -- wc -c")
    assert said.items()["r001n01"]["stdout"].strip() == "0", said


def test_a_full_disk_under_stdout_is_said_with_exit_6(prompt: Prompt) -> None:
    said = prompt.shell("aifctl run r001n01 -- hostname >/dev/full")
    assert said.code == 6, said
    assert "No space left" in said.err
    assert prompt.shell("aifctl nodes >/dev/full").code == 6


@pytest.mark.parametrize("name", ["LANG", "LC_ALL"])
def test_under_the_c_locale_everything_is_ascii(prompt: Prompt, name: str) -> None:
    prompt.break_("refused@r001n02")
    said = prompt.aifctl("run", "r001n[01-02]", "--", "echo é", env={name: "C"})
    assert said.code == 3
    assert said.out.isascii()
    assert said.err.isascii()
    assert "\\xe9" in said.out


def test_under_the_c_locale_help_is_ascii_too(prompt: Prompt) -> None:
    plain, usual = (prompt.aifctl("run", "--help", env={"LANG": lang}) for lang in ("C", "C.UTF-8"))
    assert plain.out.isascii()
    assert "--width" in plain.out
    assert not usual.out.isascii()


@pytest.mark.parametrize("columns", ["40", "1"])
def test_a_narrow_terminal_is_no_obstacle(prompt: Prompt, columns: str) -> None:
    for args in (("run", "@rack:r001", "--", "hostname"), ("nodes", "@rack:r001"), ("runs", "list")):
        said = prompt.on_screen(*args, env={"COLUMNS": columns, "TERM": "xterm"})
        assert said.code == 0
        assert "Traceback" not in said.out


def test_on_a_narrow_terminal_rows_are_cut_to_fit_and_in_a_pipe_they_are_whole(prompt: Prompt) -> None:
    shown = prompt.on_screen("nodes", "@rack:r001", env={"COLUMNS": "20", "TERM": "dumb"})
    assert max(map(len, shown.out.splitlines())) <= 20, shown
    piped = prompt.aifctl("nodes", "@rack:r001", env={"COLUMNS": "20"})
    assert "h100-sxm5" in piped.out


@pytest.mark.parametrize(
    ("env", "args", "coloured"),
    [
        ({"TERM": "xterm"}, (), True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, (), False),
        ({"TERM": "dumb"}, (), False),
        ({"TERM": "xterm"}, ("--color", "never"), False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, ("--color", "always"), True),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    prompt: Prompt, env: dict[str, str], args: tuple[str, ...], coloured: bool
) -> None:
    said = prompt.on_screen("run", "r001n01", "--progress", "off", *args, "--", "false", env=env)
    assert said.code == 1
    assert ("\x1b[" in said.out) is coloured, said


def test_what_nodes_print_never_reaches_a_terminal_raw(prompt: Prompt) -> None:
    said = prompt.on_screen("run", "r001n01", "--color", "never", "--progress", "off", "--", HOSTILE)
    live = prompt.on_screen("run", "r001n01", "--color", "never", "--progress", "off", "--live", "--", HOSTILE)
    for one in (said, live):
        assert "\x1b" not in one.out
        assert "\x07" not in one.out
        assert "\\x1b[2J" in one.out


def test_bytes_are_exact_in_outdir(prompt: Prompt, tmp_path: Path) -> None:
    said = prompt.aifctl("run", "r001n01", "--outdir", f"{tmp_path}/out", "--", HOSTILE)
    assert said.code == 0
    assert (tmp_path / "out/r001n01.out").read_bytes() == b"\x1b[2J\x1b]0;owned\x07\xff\xfe" + "é\n".encode()
    assert (tmp_path / "out/r001n01.out").stat().st_mode & 0o777 == 0o600


def test_flag_over_environment_over_file_over_built_in(
    prompt: Prompt, aifctl: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = prompt.home / ".config/aifctl"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text('width = 3\nconnect_timeout = "7s"\ntimeout = "70s"\n')
    monkeypatch.setenv("AIFCTL_CONNECT_TIMEOUT", "8s")
    items = aifctl("doctor", "-o", "json", "--state-dir", str(prompt.state)).envelope()["items"]
    settings = {item["what"]: (item["found"], item["source"]) for item in items if item["part"] == "setting"}
    assert settings["state_dir"] == (str(prompt.state), "--state-dir")
    assert settings["connect_timeout"] == ("8s", "AIFCTL_CONNECT_TIMEOUT")
    assert settings["timeout"] == ("70s", str(config / "settings.toml"))
    assert settings["dial_width"] == ("128", "built-in")


@pytest.mark.parametrize(
    ("text", "complaint"), [("widht = 3", "width"), ("width = ", "TOML"), ("width = true", "width")]
)
def test_a_broken_settings_file_is_6_and_named(prompt: Prompt, aifctl: InProcess, text: str, complaint: str) -> None:
    config = prompt.home / ".config/aifctl"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text(text)
    said = aifctl("nodes", "-o", "json")
    assert said.code == 6
    message = said.envelope()["errors"][0]["message"]
    assert str(config / "settings.toml") in message
    assert complaint in message
    doctor = aifctl("doctor", "-o", "json")
    assert doctor.code == 6
    rows = {item["what"]: item["status"] for item in doctor.envelope()["items"]}
    assert (rows["settings file"], rows["inventory"]) == ("fail", "ok")


def test_a_current_folder_that_is_gone_is_said_with_exit_6(prompt: Prompt) -> None:
    said = prompt.shell('mkdir "$HOME/gone"; cd "$HOME/gone"; rmdir "$HOME/gone"; aifctl nodes -o json')
    assert said.code == 6, said
    assert "the current folder is gone" in said.envelope()["errors"][0]["message"]


def test_a_flag_stands_above_what_the_inventory_says_of_a_node(prompt: Prompt) -> None:
    assert prompt.json("run", "r001n01", "--port", "9", "--", "true").outcomes() == {"r001n01": "refused"}
    assert (
        prompt.json("run", "r001n01", "--user", "somebody", "--", "id -un").items()["r001n01"]["stdout"] == "somebody\n"
    )
    wrong = prompt.json("run", "r001n01", "--known-hosts", "/dev/null", "--", "true")
    assert wrong.outcomes() == {"r001n01": "host-key"}
    assert wrong.code == 4


def test_options_of_every_command_may_stand_before_its_name(prompt: Prompt, aifctl: InProcess) -> None:
    said = aifctl("-o", "count", "--inventory", str(prompt.inventory), "nodes")
    assert (said.code, said.out) == (0, "24\n")


def test_a_state_directory_that_cannot_be_is_6_for_run_and_no_matter_for_what_looks(
    prompt: Prompt, aifctl: InProcess
) -> None:
    (prompt.home / "file").touch()
    nowhere = ("--state-dir", f"{prompt.home}/file/state")
    before = prompt.commands_count()
    said = aifctl("run", "r001n01", *nowhere, "-o", "json", "--", "true")
    assert said.code == 6
    assert "--state-dir" in said.envelope()["errors"][0]["message"]
    assert prompt.commands_count() == before
    for args in (("nodes",), ("find", "r001n01"), ("inventory", "show", "r001n01"), ("inventory", "check")):
        assert aifctl(*args, *nowhere).code == 0, args
    assert aifctl("runs", "list", *nowhere).code in {0, 6}


def test_too_few_descriptors_are_6_with_how_many_it_takes_and_nothing_is_begun(prompt: Prompt) -> None:
    before = prompt.commands_count()
    said = prompt.shell("ulimit -n 40; aifctl run @all -- true")
    assert said.code == 6, said
    assert "ulimit -n" in said.err
    assert prompt.commands_count() == before
    assert list(prompt.state.glob("runs/*")) == []


def test_the_state_directory_is_for_its_owner_alone(prompt: Prompt) -> None:
    assert prompt.aifctl("run", "r001n01", "--", "true", env={}).code == 0
    modes = {path: path.stat().st_mode & 0o777 for path in (prompt.state, *prompt.state.rglob("*"))}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} <= {"0o600", "0o400"}


def test_a_bug_of_ours_is_70_with_the_traceback_in_a_file_and_one_envelope(prompt: Prompt) -> None:
    script = (
        "import sys, aifctl.ops.nodes as nodes\n"
        "def fail(*_): raise ZeroDivisionError('deep inside')\n"
        "nodes._matcher = fail\n"
        "from aifctl.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [*prompt.around("python3"), "-c", script, "nodes", "--where", "rack=r001", "-o", "json"],
        env=prompt.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert '"exit":70' in done.stdout
    assert done.stdout.count('"schema"') == 1
    assert "Traceback" not in done.stderr
    (kept,) = (prompt.state / "bugs").iterdir()
    assert str(kept) in done.stderr
    assert "deep inside" in kept.read_text()


def test_help_leads_with_examples_and_needs_no_inventory(aifctl: InProcess) -> None:
    for args in ((), ("run",), ("push",), ("runs", "retry"), ("inventory", "import"), ("trust", "scan")):
        said = aifctl(*args, "--help")
        assert said.code == 0, said
        if args:
            assert said.out.count("$ aifctl") >= 2, said
