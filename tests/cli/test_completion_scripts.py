"""The completion scripts: made from the command line as it is, current in completions/, and at work in real shells."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.cli.command_tree import OF_METAVAR, OF_ONE, Command, CommandTree, How, bare_metavar
from aifctl.cli.completion_scripts import SHELLS, read_tree, script
from aifctl.core.errors import UsageError
from aifctl.main import main
from tests.cli.shells import COMPLETIONS, PROMPT, Terminal, environ, needs, terminal

_LITERAL = re.compile(r"[a-z-]+(\|[a-z-]+)*")


@pytest.fixture(scope="module")
def tree() -> CommandTree:
    return read_tree()


def options(tree: CommandTree, place: str) -> dict[str, How | None]:
    found = next(command for command in tree.commands if command.place == place)
    return {each: option.values.how if option.values else None for option in found.options for each in option.spellings}


def arguments(tree: CommandTree, place: str) -> list[str]:
    found = next(command for command in tree.commands if command.place == place)
    return [argument.values.name or argument.values.how.value for argument in found.arguments]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shipped_script_is_what_the_command_line_makes_today(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    file = COMPLETIONS / SHELLS[shell][0]
    assert main(["completion", shell]) == 0
    assert file.read_text(encoding="utf-8") == capfd.readouterr().out, "`make completions` writes it anew"
    assert main(["completion", shell, "-o", "json"]) == 0
    (item,) = json.loads(capfd.readouterr().out)["items"]
    assert item == {"file": file.name, "text": file.read_text(encoding="utf-8")}


def test_nothing_else_lies_in_completions() -> None:
    assert sorted(path.name for path in COMPLETIONS.iterdir()) == sorted(file for file, _ in SHELLS.values())


@pytest.mark.parametrize("shell", ["tcsh", "", "Bash"])
def test_another_shell_is_an_error_that_names_the_three(shell: str) -> None:
    with pytest.raises(UsageError, match="bash, zsh and fish"):
        script(shell)


def test_the_tree_knows_what_takes_which_values(tree: CommandTree) -> None:
    run = options(tree, "run")
    assert run["--exclude"] is How.ASK
    assert run["--hostfile"] is run["-i"] is How.FILES
    assert run["--outdir"] is How.FOLDERS
    assert run["-o"] is How.WORDS
    assert run["--width"] is How.NOTHING
    assert run["--yes"] is run["--help"] is None
    assert arguments(tree, "push") == ["selector", "files", "files"]
    assert arguments(tree, "runs show") == ["run", "selector"]
    assert arguments(tree, "ssh") == ["node"]
    assert arguments(tree, "sim down") == ["fleet"]


def test_of_every_option_and_argument_somebody_has_said_what_completes_it(tree: CommandTree) -> None:
    def unknown(command: Command) -> Iterator[str]:
        for option in command.options:
            names = {key for each in option.spellings for key in (each, f"{command.place} {each}")}
            if option.values is not None and not names & OF_ONE.keys():
                yield option.metavar
        yield from (
            each.metavar for each in command.arguments if f"argument {bare_metavar(each.metavar)}" not in OF_ONE
        )

    used = {bare_metavar(metavar) for command in tree.commands for metavar in unknown(command)}
    known = {metavar for metavar in used if metavar in OF_METAVAR or _LITERAL.fullmatch(metavar)}
    assert used - known == set(), (
        "add it to OF_METAVAR in aifctl/cli/command_tree.py, with '' where nothing can be offered"
    )


@pytest.mark.parametrize(("option", "name"), [("--color", "colors"), ("--progress", "progress")])
def test_lists_that_the_script_holds_are_those_of_the_help(tree: CommandTree, option: str, name: str) -> None:
    run = next(command for command in tree.commands if command.place == "run")
    told = next(each.about for each in run.options if option in each.spellings).partition(";")[0]
    assert set(re.findall(r"[a-z]+", told)) - {"or"} == {word for word, _ in tree.lists[name]}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_finds_no_mistake_in_its_script(shell: str) -> None:
    needs(shell)
    file = COMPLETIONS / SHELLS[shell][0]
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module", params=["bash", "zsh"])
def typing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Give an interactive shell that completes in the demo fleet, in a folder that holds a file and a folder."""
    shell = request.param
    needs(shell)
    folder = tmp_path_factory.mktemp(shell)
    (folder / "hosts file.txt").touch()
    (folder / "logs").mkdir()
    env = environ(folder)
    command = {"bash": ["bash", "--noprofile", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
    ready = {
        "bash": f"PS1='\\n{PROMPT}'; . {COMPLETIONS}/aifctl.bash",
        "zsh": f"PS1=$'\\n{PROMPT}'; fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -d {folder}/dump",
    }[shell]
    with terminal(command, folder, env) as started:
        started.enter(ready)
        yield started


#: What is typed, TAB written as →, and what aifctl is then called with.
TYPED = [
    ("aifctl inv→ exp→ --form→ slurm-→", ["inventory", "export", "--format", "slurm-block"]),
    ("aifctl --he→", ["--help"]),
    ("aifctl trust sc→ --dry→", ["trust", "scan", "--dry-run"]),
    ("aifctl --vers→", ["--version"]),
    ("aifctl --state-d→ lo→x -o cs→ -v ssh r16n04→", ["--state-dir", "logs/x", "-o", "csv", "-v", "ssh", "r16n04"]),
    ("aifctl --output=jsonl→ --color nev→ runs sho→", ["--output=jsonl", "--color", "never", "runs", "show"]),
    ("aifctl run @ra→", ["run", "@rack:r"]),
    ("aifctl run @rack:r16→ -- uptime", ["run", "@rack:r16", "--", "uptime"]),
    ("aifctl run r01n01,@rack:r16→ -- x", ["run", "r01n01,@rack:r16", "--", "x"]),
    ("aifctl run r01n01\\!@rack:r16→ -- x", ["run", "r01n01!@rack:r16", "--", "x"]),
    ("aifctl run r01n01\\&r01n0→1", ["run", "r01n01&r01n01"]),
    ("aifctl run r01n01\\&r16n04→ -- x", ["run", "r01n01&r16n04", "--", "x"]),
    ("aifctl run \\(@all,@can→ -- x", ["run", "(@all,@canary", "--", "x"]),
    ("aifctl run 'a!@rack:r16→ -- x", ["run", "a!@rack:r16", "--", "x"]),
    ('aifctl run "@all not @state:rep→ -- x', ["run", "@all not @state:repair", "--", "x"]),
    ("aifctl run '(r[01-02]n01 or' -- x", ["run", "(r[01-02]n01 or", "--", "x"]),
    ("aifctl run 'r[01-02]n01,@can→ -- x", ["run", "r[01-02]n01,@canary", "--", "x"]),
    ("aifctl nodes @attr:sk→", ["nodes", "@attr:sku=h100-sxm5-8"]),
    ("aifctl nodes --where state=rep→", ["nodes", "--where", "state=repair"]),
    ("aifctl run --exclude=@state:ret→", ["run", "--exclude=@state:retired"]),
    ("aifctl run --exclude @state:ret→ @all", ["run", "--exclude", "@state:retired", "@all"]),
    ("aifctl run @all --output=jsonl→ -w 5", ["run", "@all", "--output=jsonl", "-w", "5"]),
    ("aifctl nodes -o cs→", ["nodes", "-o", "csv"]),
    ("aifctl nodes --key-pass→", ["nodes", "--key-pass"]),
    ("aifctl run @all --key-pass→ fi→x", ["run", "@all", "--key-password", "file:x"]),
    ("aifctl nodes --hostfile ho→", ["nodes", "--hostfile", "hosts file.txt"]),
    ("aifctl nodes --hostfile=ho→", ["nodes", "--hostfile=hosts file.txt"]),
    ("aifctl push --hostfile ho→ ho→ lo→x", ["push", "--hostfile", "hosts file.txt", "hosts file.txt", "logs/x"]),
    ("aifctl push @all ho→ /tmp/x", ["push", "@all", "hosts file.txt", "/tmp/x"]),
    ("aifctl run @all --outdir lo→x", ["run", "@all", "--outdir", "logs/x"]),
    ("aifctl run --sudo @can→ -- cat ho→", ["run", "--sudo", "@canary", "--", "cat", "hosts file.txt"]),
    ("aifctl run --hostfile x --allow-e→", ["run", "--hostfile", "x", "--allow-empty"]),
    ("aifctl ssh r16n04→", ["ssh", "r16n04"]),
    ("aifctl runs retry -1 --outco→ throttled,los→", ["runs", "retry", "-1", "--outcome", "throttled,lost"]),
    ("aifctl sim fault dea→", ["sim", "fault", "dead"]),
    ("aifctl nosuch @ra→", ["nosuch", "@ra"]),
    ("aifctl nodes --inventory=/nowhere r16n04→", ["nodes", "--inventory=/nowhere", "r16n04"]),
    ("aifctl nodes @can→ 2> lo→err", ["nodes", "@canary"]),
]


@pytest.mark.parametrize(("keys", "called_with"), TYPED)
def test_what_is_typed_in_bash_and_zsh_is_completed(typing: Terminal, keys: str, called_with: list[str]) -> None:
    assert typing.press(keys.replace("→", "\t")) == called_with


@pytest.mark.parametrize(
    ("breaks", "line", "reply"),
    [
        (" \"'@><=;|&(:", "aifctl run a,@rack:r16", ["r16"]),
        (" \"'@><=;|&(:", "aifctl run a,@can", ["@canary"]),
        (" \"'@><=;|&(:", "aifctl run --exclude=@can", ["@canary"]),
        (" \"'@><=;|&(:", "aifctl run --exclude='@can", ["@canary"]),
        (" \"'@><=;|&(:", "aifctl run a\\&r16n04", ["a\\&r16n04"]),
        (" \"'@><=;|&(", "aifctl run a,@rack:r16", ["@rack:r16"]),
        (" \"'><=;|&(", "aifctl run a,@rack:r16", ["a,@rack:r16"]),
        (" ", "aifctl run --exclude=@rack:r16", ["--exclude=@rack:r16"]),
    ],
)
def test_bash_puts_the_reply_where_its_own_word_begins(
    tmp_path: Path, breaks: str, line: str, reply: list[str]
) -> None:
    needs("bash")
    program = (
        f"set -u; . {COMPLETIONS}/aifctl.bash; COMP_WORDBREAKS=$BREAKS COMP_LINE=$LINE COMP_POINT=${{#LINE}}; _aifctl; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    env = environ(tmp_path) | {"BREAKS": breaks, "LINE": line}
    done = subprocess.run(["bash", "-c", program], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout.split("\n")[:-1], done.stderr) == (reply, "")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("aifctl inven", ["inventory"]),
        ("aifctl --vers", ["--version"]),
        ("aifctl --inventory /nowhere -o cs", ["csv"]),
        ("aifctl -o csv -v ssh r16n04", ["r16n04"]),
        ("aifctl trust ", ["forget", "scan", "show"]),
        ("aifctl run --allow", ["--allow-empty"]),
        ("aifctl run @rack:r1", [f"@rack:r1{number}" for number in range(7)]),
        ("aifctl run r01n01,@rack:r16", ["r01n01,@rack:r16"]),
        ("aifctl run 'a!@rack:r16", ["a!@rack:r16"]),
        ('aifctl run "@all not @can', ["@all not @canary"]),
        ("aifctl run --exclude=@state:ret", ["--exclude=@state:retired"]),
        ("aifctl run --exclude @state:ret", ["@state:retired"]),
        ("aifctl run -o js", ["json", "jsonl"]),
        ("aifctl nodes --hostfile ho", ["hosts file.txt"]),
        ("aifctl nodes --hostfile=ho", ["--hostfile=hosts file.txt"]),
        ("aifctl run @all --outdir ", ["bin/", "logs/"]),
        ("aifctl run --sudo @all -- cat ho", ["hosts file.txt"]),
        ("aifctl push @all ho", ["hosts file.txt"]),
        ("aifctl push --hostfile x ho", ["hosts file.txt"]),
        ("aifctl sim fault dead thr", ["throttle"]),
        ("aifctl runs retry -1 --outcome throttled,los", ["throttled,lost"]),
        ("FOO=bar aifctl ssh r16n04", ["r16n04"]),
        ("aifctl nodes --inventory=/nowhere r16", []),
        ("aifctl nosuch ", []),
        ("aifctl doctor ", []),
    ],
)
def test_what_is_typed_in_fish_is_completed(tmp_path: Path, line: str, offered: list[str]) -> None:
    needs("fish")
    (tmp_path / "hosts file.txt").touch()
    (tmp_path / "logs").mkdir()
    env = environ(tmp_path) | {"LINE": line}
    program = f'source {COMPLETIONS}/aifctl.fish; complete --do-complete "$LINE"'
    done = subprocess.run(
        ["fish", "--no-config", "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert [each.partition("\t")[0] for each in done.stdout.splitlines()] == offered


def test_fish_says_what_each_candidate_is(tmp_path: Path) -> None:
    needs("fish")
    program = f"source {COMPLETIONS}/aifctl.fish; complete --do-complete 'aifctl run @canary'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", program],
        cwd=tmp_path,
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "@canary\t2 nodes\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_an_aifctl_that_is_gone_is_not_complained_of(shell: str, tmp_path: Path) -> None:
    needs(shell)
    if shell == "fish":
        command = [
            "fish",
            "--no-config",
            "-c",
            f"source {COMPLETIONS}/aifctl.fish; complete --do-complete 'aifctl run @ra'",
        ]
        done = subprocess.run(
            command, env=environ(tmp_path) | {"PATH": "/usr/bin:/bin"}, capture_output=True, check=True
        )
        assert (done.stdout, done.stderr) == (b"", b"")
        return
    program = shutil.which(shell) or shell
    line = f"aifctl() {{ :; }}; {_CALL[shell]}"
    done = subprocess.run([program, "-c", line], env={"PATH": "/nowhere"}, capture_output=True, check=False)
    assert done.stderr == b""


_CALL = {
    "bash": f". {COMPLETIONS}/aifctl.bash; COMP_LINE='/nowhere/aifctl run @ra' COMP_POINT=99; _aifctl; exit ${{#COMPREPLY[@]}}",
    "zsh": f"words=(/nowhere/aifctl run @ra); typed=($words); program=/nowhere/aifctl; compdef() {{ :; }}; _description() {{ :; }}; "
    f"compadd() {{ :; }}; . {COMPLETIONS}/_aifctl; PREFIX=@ra _aifctl_ask selector; exit 0",
}
