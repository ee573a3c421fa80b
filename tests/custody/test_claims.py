"""Owner files: a node is one run's at a time, whoever asks, from whichever control host."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.custody.claims import Claim, Release, found_held, refuse_held
from aifctl.ports.transport import Ended
from aifctl.ports.work import NodeResult
from tests.command import wait_until
from tests.sim.emulated import Answer, a_machine, answer

PAT = Claim(owner="pat reboot 1f", run="R1", host="ctl1")
EVE = Claim(owner="eve (as root) collect '$(rm)'", run="R2", host="ctl2")
SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh", "busybox") if shutil.which(shell)]


class Node:
    """A real shell, with folders of this test's own in place of a node's."""

    def __init__(self, folder: Path, shell: str = "sh") -> None:
        self.run, self.shm = folder / "run", folder / "shm"
        self.go = self.run / "aifctl-go"
        self.run.mkdir()
        self.shm.mkdir()
        self._words = [shell, *(["sh"] if shell == "busybox" else []), "-c"]

    def start(self, line: str) -> subprocess.Popen[str]:
        """Start a line as a login shell would run it."""
        here = line.replace("/run/aifctl", f"{self.run}/aifctl").replace("/dev/shm", str(self.shm))
        pipe = subprocess.PIPE
        return subprocess.Popen([*self._words, here], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def __call__(self, line: str) -> Answer:
        process = self.start(line)
        out, err = process.communicate(timeout=30)
        return Answer(process.returncode, out, err)

    @property
    def owner(self) -> dict[str, str]:
        """Return what the owner file says; nothing where there is none."""
        path = self.run / "aifctl/owner"
        lines = path.read_text().splitlines() if path.exists() else []
        return {key: value for key, _, value in (line.partition(" ") for line in lines)}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def said(rc: int, err: str) -> str:
    """Return why a command was not begun."""
    with pytest.raises(NodeError) as refused:
        refuse_held(Ended(rc=rc), err.strip())
    assert refused.value.outcome is Outcome.SKIPPED
    return refused.value.message


@pytest.mark.parametrize("shell", SHELLS)
def test_the_node_is_held_while_the_command_runs_and_free_afterwards(tmp_path: Path, shell: str) -> None:
    node = Node(tmp_path, shell)
    ran = node(EVE.holding("cat /run/aifctl/owner; echo trouble >&2; exit 3"))
    assert (ran.rc, ran.err) == (3, "trouble\n")
    assert f"owner {EVE.owner}\nrun R2\nhost ctl2\nsince 1" in ran.out
    assert node.owner == {}


def test_another_run_is_told_by_whom_and_until_when_and_its_command_is_not_begun(node: Node) -> None:
    os.mkfifo(node.go)
    first = node.start(PAT.holding("read wait </run/aifctl-go; echo done"))
    wait_until(lambda: node.owner, "the owner file")
    refused = node(EVE.holding("echo begun"))
    assert (refused.rc, refused.out) == (75, "")
    told = said(refused.rc, refused.err)
    assert "held by pat reboot 1f, run R1 of ctl1, since 20" in told
    assert "Z by the node's own clock" in told
    node.go.write_text("go\n")
    assert first.communicate(timeout=30) == ("done\n", "")


def test_its_own_run_takes_it_again_and_keeps_it_between_parts(node: Node) -> None:
    assert node(PAT.holding("false", release=Release.PART)).rc == 1
    since = node.owner["since"]
    assert node(EVE.holding("true")).rc == 75
    assert node(PAT.holding("echo last")).out == "last\n"
    assert (since.isdigit(), node.owner, node(EVE.holding("echo mine")).out) == (True, {}, "mine\n")


def test_what_goes_away_with_the_command_stays_held_for_as_long_as_it_is_waited_for(node: Node) -> None:
    assert node(PAT.holding("exit 1", release=Release.AWAY, for_s=1800)).rc == 1
    assert node.owner == {}
    assert node(PAT.holding("true", release=Release.AWAY, for_s=1800)).rc == 0
    assert int(node.owner["until"]) - int(node.owner["since"]) == 1800


@pytest.mark.parametrize("until", ["1000", "garbage", ""])
def test_a_claim_that_has_run_out_or_says_no_time_is_taken_over(node: Node, until: str) -> None:
    node(EVE.holding("true", release=Release.PART))
    path = node.run / "aifctl/owner"
    path.write_text(path.read_text().rpartition("until")[0] + f"until {until}\n")
    assert node(PAT.holding("cat /run/aifctl/owner", release=Release.PART)).out.startswith("owner pat")
    assert node.owner["owner"] == "pat reboot 1f"


def test_it_is_renewed_while_the_command_runs_and_nothing_of_it_runs_on(node: Node) -> None:
    os.mkfifo(node.go)
    running = node.start(PAT.holding("read wait </run/aifctl-go").replace("sleep 30", "sleep 0.05"))
    wait_until(lambda: node.owner, "the owner file")
    path = node.run / "aifctl/owner"
    path.write_text(path.read_text().rpartition("until")[0] + "until 1000\n")
    wait_until(lambda: node.owner.get("until", "1000") != "1000", "the renewal")
    node.go.write_text("go\n")
    assert running.communicate(timeout=30) == ("", "")  # would not end while anything held its output open
    assert (running.returncode, node.owner) == (0, {})


def test_a_command_that_is_told_to_end_lets_go_of_the_node(node: Node) -> None:
    running = node.start(PAT.holding("sleep 0.2; exit 0", release=Release.PART))
    wait_until(lambda: node.owner, "the owner file")
    running.terminate()
    running.communicate(timeout=30)
    assert node.owner == {}


def test_of_many_that_ask_at_once_one_gets_it(node: Node) -> None:
    claims = [Claim(owner=f"pat reboot {number}", run="R", host="ctl") for number in range(8)]
    line = "echo got; sleep 0.5"
    asked = [node.start(claim.holding(line, release=Release.PART)) for claim in claims]
    answers = [process.communicate(timeout=30)[0] for process in asked]
    assert sorted(answers) == [""] * 7 + ["got\n"]


def test_where_no_owner_file_can_be_written_nothing_is_begun(node: Node) -> None:
    for folder in (node.run, node.shm):
        folder.rmdir()
    refused = node(PAT.holding("echo begun"))
    assert (refused.rc, refused.out) == (73, "")
    assert "no owner file can be written" in refused.err


def test_a_link_that_somebody_has_laid_in_the_open_folder_is_not_followed(node: Node, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (node.run / "aifctl").write_text("no folder")
    for uid in (0, 1000):
        (node.shm / f"aifctl-{uid}").symlink_to(target)
    assert node(PAT.holding("echo begun")).rc == 73
    assert list(target.iterdir()) == []


def test_the_program_is_one_line_that_a_csh_would_hand_on_too() -> None:
    line = PAT.holding("true")
    assert "\n" not in line
    assert all(after in " =" for before, _, after in zip(line, line[1:], line[1:], strict=False) if before == "!")


@pytest.mark.parametrize("user", ["root", "ops"])
def test_simulated_nodes_hold_it_the_same_way(user: str) -> None:
    machine = a_machine()

    def on_node(line: str) -> Answer:
        return answer(line, machine=machine, user=user)

    assert on_node(PAT.holding("echo hi", release=Release.PART)).out == "hi\n"
    refused = on_node(EVE.holding("echo begun"))
    assert "held by pat reboot 1f, run R1 of ctl1" in said(refused.rc, refused.err)
    machine.booted()
    assert on_node(EVE.holding("echo mine", release=Release.PART)).out == "mine\n"


def test_an_exit_code_alone_or_another_last_line_is_no_refusal() -> None:
    refuse_held(Ended(rc=75), "processes use its GPUs: 4711")
    refuse_held(Ended(rc=1), "aifctl-held 1 2 R1 ctl1 pat")
    refuse_held(Ended(rc=75), "aifctl-held soon 2 R1 ctl1 pat")
    hostile = said(75, "aifctl-held 1 999999999999999 R1 ctl1 \x1b[31mpat")
    assert "\x1b" not in hostile


def test_whom_the_node_itself_refused_is_told_from_whom_nobody_dialled() -> None:
    results = [
        NodeResult(node="r1n1", outcome=Outcome.SKIPPED),
        NodeResult(node="r1n2", outcome=Outcome.SKIPPED, attempts=0),
        NodeResult(node="r1n3", outcome=Outcome.OK),
    ]
    assert found_held(results) == ("r1n1",)
