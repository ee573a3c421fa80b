"""Each fault as the SSH transport sees it, and every kind of fault has a test here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import NodeError, UnknownNodeError, UsageError
from aifctl.core.outcome import Outcome
from aifctl.core.secret import Secret
from aifctl.ports.transport import Command, DialSettings, Ended, Link
from aifctl.sim.fault import parse_planting, read_kinds
from aifctl.sim.fleet import SimFleet
from aifctl.sim.layout import Layout
from aifctl.sim.spec import FleetSpec
from aifctl.sim.targets import resolve_targets
from aifctl.transport.ssh import open_transport

pytestmark = pytest.mark.ssh


@dataclass
class Tried:
    """What came of one command on one node."""

    outcome: Outcome | None = None
    message: str = ""
    ended: Ended | None = None
    out: bytes = b""
    err: bytes = b""


async def attempt(fleet: SimFleet, command: Command, *, connect_s: float = 5.0, index: int = 0) -> Tried:
    """Dial a node and run a command on it."""
    transport = open_transport(DialSettings(connect_timeout_s=connect_s))
    tried, out, err = Tried(), bytearray(), bytearray()
    try:
        link = await transport.dial(fleet.endpoints()[index])
        tried.ended = await link.execute(command, stdout=out.extend, stderr=err.extend)
        link.abort()
    except NodeError as problem:
        tried.outcome, tried.message = problem.outcome, problem.message
    finally:
        await transport.close()
    tried.out, tried.err = bytes(out), bytes(err)
    return tried


def sick(
    folder: Path, fault: str, body: Callable[[SimFleet], Coroutine[Any, Any, Tried]], *, nodes_count: int = 2
) -> Tried:
    """Run `body` against a fleet that has a fault."""

    async def main() -> Tried:
        faults = (fault,) if fault else ()
        async with SimFleet(FleetSpec(nodes_count=nodes_count, faults=faults), folder=folder) as fleet:
            return await body(fleet)

    return asyncio.run(main())


def run_on(folder: Path, fault: str, line: str = "hostname", *, connect_s: float = 5.0, **more: Any) -> Tried:
    command = Command(line=line, **{"timeout_s": 20.0, **more})
    return sick(folder, fault, lambda fleet: attempt(fleet, command, connect_s=connect_s))


def test_a_healthy_node_answers(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "")
    assert tried.ended is not None
    assert (tried.ended.rc, tried.out) == (0, b"r001n01\n")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("dead", Outcome.CONNECT_TIMEOUT),
        ("refused", Outcome.REFUSED),
        ("slow-banner:60", Outcome.CONNECT_TIMEOUT),
        ("half-open", Outcome.CONNECT_TIMEOUT),
        ("throttle:100%", Outcome.THROTTLED),
        ("wrong-host-key", Outcome.HOST_KEY),
        ("auth-refused", Outcome.AUTH),
    ],
)
def test_a_node_that_cannot_be_reached_ends_in_the_outcome_that_names_why(
    tmp_path: Path, fault: str, outcome: Outcome
) -> None:
    assert run_on(tmp_path, fault, connect_s=0.5).outcome is outcome


def test_a_slow_banner_that_comes_in_time_is_only_slow(tmp_path: Path) -> None:
    assert run_on(tmp_path, "slow-banner:0.05").out == b"r001n01\n"


def test_a_node_throttles_only_what_is_more_than_ten_at_once(tmp_path: Path) -> None:
    async def body(fleet: SimFleet) -> Tried:
        place = fleet.layout.place(0)
        streams = [await asyncio.open_connection(place.address, fleet.port) for _ in range(12)]
        banners = [await asyncio.wait_for(reader.readline(), 5) for reader, _ in streams]  # noqa: TID251  an expression, and nothing else is to be cancelled
        for _, writer in streams:
            writer.close()
        return Tried(out=b"".join(banners))

    assert sick(tmp_path, "throttle", body).out == b"SSH-2.0-OpenSSH_9.6p1\r\n" * 10


def test_a_hanging_command_is_ended_and_nothing_survives(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "hang", timeout_s=0.2, grace_s=0.4)
    assert tried.ended is not None
    assert (tried.ended.halted, tried.ended.survivors) == (Outcome.TIMEOUT, ())


def test_a_stuck_command_survives_every_signal_and_is_reported(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "stuck", timeout_s=0.2, grace_s=0.2)
    assert tried.ended is not None
    assert tried.ended.halted is Outcome.TIMEOUT
    assert tried.ended.survivors is not None
    assert len(tried.ended.survivors) == 1


def test_children_in_the_background_are_ended_with_their_command(tmp_path: Path) -> None:
    async def body(fleet: SimFleet) -> Tried:
        command = Command(line="sleep 1000 & sleep 2000 & sleep 3000", timeout_s=0.2, grace_s=0.4)
        tried = await attempt(fleet, command)
        tried.message = str(len(fleet.machine("r001n01").processes))
        return tried

    tried = sick(tmp_path, "", body)
    assert tried.ended is not None
    assert (tried.ended.halted, tried.ended.survivors, tried.message) == (Outcome.TIMEOUT, (), "0")


def test_what_ignores_term_is_killed(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "", "trap '' TERM; sleep 1000", timeout_s=0.2, grace_s=0.2)
    assert tried.ended is not None
    assert tried.ended.survivors == ()


def test_what_runs_as_root_is_ended_as_root(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "", "sudo -n sleep 1000", timeout_s=0.2, grace_s=0.4, end_as="root")
    assert tried.ended is not None
    assert (tried.ended.halted, tried.ended.survivors) == (Outcome.TIMEOUT, ())


def test_what_runs_as_root_outlives_a_login_user_who_ends_it(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "", "sudo -n sleep 1000", timeout_s=0.2, grace_s=0.2)
    assert tried.ended is not None
    assert tried.ended.survivors


def test_a_flood_arrives_to_the_last_byte(tmp_path: Path) -> None:
    assert len(run_on(tmp_path, "flood:3M").out) == (3 << 20) + len(b"r001n01\n")


def test_an_endless_writer_stops_when_its_reader_has_gone(tmp_path: Path) -> None:
    assert run_on(tmp_path, "", "yes | head -1").out == b"y\n"


def test_a_link_that_dies_mid_command_is_lost(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "dies-mid-command:0.05")
    assert tried.outcome is Outcome.LOST
    assert tried.out == b"begun\n"


def test_noise_comes_byte_exact_before_the_output(tmp_path: Path) -> None:
    out = run_on(tmp_path, "non-utf8").out
    assert out.startswith(b"\xff\xfe\x1b[2J")
    assert out.endswith(b"r001n01\n")


def test_a_slow_node_answers_all_the_same(tmp_path: Path) -> None:
    assert run_on(tmp_path, "slow:0.05").out == b"r001n01\n"


def test_a_slow_node_is_too_slow_for_a_short_timeout(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "slow:60", timeout_s=0.2, grace_s=0.4)
    assert tried.ended is not None
    assert tried.ended.halted is Outcome.TIMEOUT


def test_a_full_disk_takes_no_byte(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "full-disk", "echo x > /tmp/f || echo refused")
    assert tried.out == b"refused\n"
    assert b"No space left on device" in tried.err


def test_every_command_of_a_failing_node_ends_with_its_status(tmp_path: Path) -> None:
    tried = run_on(tmp_path, "exit:3")
    assert tried.ended is not None
    assert (tried.ended.rc, tried.out) == (3, b"r001n01\n")


def test_sudo_asks_for_the_password_that_the_fault_names(tmp_path: Path) -> None:
    line = "sudo -S -p aifctl-prompt: whoami"
    tried = run_on(tmp_path, "sudo-password", line, prompt=b"aifctl-prompt:", password=Secret(b"simulated"))
    assert tried.out == b"root\n"


def test_a_wrong_sudo_password_is_refused_as_a_login_is(tmp_path: Path) -> None:
    line = "sudo -S -p aifctl-prompt: whoami"
    tried = run_on(tmp_path, "sudo-password", line, prompt=b"aifctl-prompt:", password=Secret(b"wrong"))
    assert tried.outcome is Outcome.AUTH


def test_a_node_without_sftp_says_so(tmp_path: Path) -> None:
    async def body(fleet: SimFleet) -> Tried:
        transport = open_transport(DialSettings())
        try:
            link: Link = await transport.dial(fleet.endpoints()[0])
            await link.open_files()
        except NodeError as problem:
            return Tried(outcome=problem.outcome)
        finally:
            await transport.close()
        return Tried()

    assert sick(tmp_path, "no-sftp", body).outcome is Outcome.PROTOCOL


def test_a_rebooted_node_is_away_and_comes_back_with_another_boot_id(tmp_path: Path) -> None:
    async def body(fleet: SimFleet) -> Tried:
        machine = fleet.machine("r001n01")
        before = machine.boot_id
        lost = await attempt(fleet, Command(line="sudo reboot; sleep 1000"))
        away = await attempt(fleet, Command(line="true"), connect_s=0.2)
        while machine.boots_count == 1:  # noqa: ASYNC110  a node tells nobody that it is back; dialling it would do too
            await asyncio.sleep(0.02)
        back = await attempt(fleet, Command(line="cat /proc/sys/kernel/random/boot_id"))
        assert (lost.outcome, away.outcome) == (Outcome.LOST, Outcome.CONNECT_TIMEOUT)
        assert back.out.decode().strip() == machine.boot_id != before
        return back

    async def main() -> Tried:
        async with SimFleet(FleetSpec(nodes_count=2, boot_s=0.6), folder=tmp_path) as fleet:
            return await body(fleet)

    assert asyncio.run(main()).outcome is None


def test_faults_come_and_go_while_the_fleet_runs(tmp_path: Path) -> None:
    async def body(fleet: SimFleet) -> Tried:
        command = Command(line="hostname")
        assert fleet.plant("refused@r001n01") == ["r001n01"]
        assert (await attempt(fleet, command)).outcome is Outcome.REFUSED
        assert fleet.plant("dead@r001n01") == ["r001n01"]
        assert {name: [str(one) for one in faults] for name, faults in fleet.faults().items()} == {
            "r001n01": ["refused", "dead"]
        }
        assert fleet.cure(kind="refused") == ["r001n01", "r001n02"]
        assert (await attempt(fleet, command, connect_s=0.3)).outcome is Outcome.CONNECT_TIMEOUT
        fleet.cure("r001n01")
        return await attempt(fleet, command)

    assert sick(tmp_path, "", body).out == b"r001n01\n"


def test_a_cured_disk_takes_bytes_again(tmp_path: Path) -> None:
    async def body(fleet: SimFleet) -> Tried:
        write = Command(line="echo x > /tmp/f")
        assert (await attempt(fleet, write)).ended == Ended(rc=1)
        fleet.cure()
        return await attempt(fleet, write)

    assert sick(tmp_path, "full-disk", body).ended == Ended(rc=0)


def test_a_share_of_nodes_is_drawn_by_lot_and_the_same_each_time() -> None:
    layout = Layout(200)
    drawn = [resolve_targets("5%", layout, seed=3, kind="dead") for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 10
    assert drawn[0] != resolve_targets("5%", layout, seed=4, kind="dead")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("daed@r001n01", "did you mean 'dead'"),
        ("dead:5@r001n01", "takes nothing behind its name"),
        ("slow:soon", "not a duration"),
        ("throttle:150%", "not a share"),
        ("exit:256", "not an exit status"),
        ("flood:much", "not a size"),
        ("ib-down:8", "no rail of a simulated node; write 0 to 7"),
        ("gpu-lost:x", "no GPU of a simulated node"),
        ("nvlink-down", "needs its links"),
        ("nvlink-down:19", "write 1 to 18"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_planting(text)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("rack:r002", ["r002n01", "r002n02", "r002n03", "r002n04"]),
        ("@rack:r002", ["r002n01", "r002n02", "r002n03", "r002n04"]),
        ("su:su2", [f"r{rack:03}n{slot:02}" for rack in range(9, 17) for slot in range(1, 5)]),
        ("feed:B2", [f"r{rack:03}n{slot:02}" for rack in range(5, 9) for slot in range(1, 5)]),
        ("leaf:l2-r3", [f"r{rack:03}n{slot:02}" for rack in range(9, 17) for slot in range(1, 5)]),
        ("hall:h1", [f"r{rack:03}n{slot:02}" for rack in range(1, 17) for slot in range(1, 5)]),
    ],
)
def test_a_fault_goes_to_what_stands_or_hangs_together(where: str, names: list[str]) -> None:
    layout = Layout(64)
    assert [layout.place(at).name for at in resolve_targets(where, layout, seed=0, kind="dead")] == names


def test_a_cohort_is_the_same_nodes_whatever_ails_them() -> None:
    drawn = [resolve_targets("cohort:canary:10%", Layout(200), seed=3, kind=kind) for kind in ("dead", "slow")]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 20
    assert drawn[0] != resolve_targets("cohort:other:10%", Layout(200), seed=3, kind="dead")


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("rack:r099", "no rack 'r099'"),
        ("row:3", "no 'row' in common; there are rack, su"),
        ("cohort:5%", "no cohort; write cohort:NAME:5%"),
        ("cohort:a:b", "no cohort"),
        ("cohort:a:65", "the fleet has 64"),
    ],
)
def test_a_place_that_is_not_there_is_refused_in_one_sentence(where: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        resolve_targets(where, Layout(64), seed=0, kind="dead")


def test_a_rails_fault_on_a_leaf_is_of_that_leafs_rail() -> None:
    assert str(parse_planting("ib-down@leaf:l1-r5").fault) == "ib-down:5"
    assert parse_planting("ib-down@leaf:l1-r5").fault.value == (5,)
    assert str(parse_planting("ib-down:1@leaf:l1-r5").fault) == "ib-down:1"


def test_a_fault_for_a_node_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UnknownNodeError, match=r"nearest: .*r001n0"):
        resolve_targets("r001n09", Layout(8), seed=0, kind="dead")


def test_every_kind_of_fault_of_the_connection_or_the_shell_has_a_test_here() -> None:
    """Those of the probe have theirs in test_probe_faults.py and test_probing.py."""
    text = Path(__file__).read_text()
    kinds = read_kinds().items()
    tried_elsewhere = {name for name, kind in kinds if kind.patch or kind.says or kind.spoil or kind.strike}
    assert {kind for kind in read_kinds() if f'"{kind}' not in text} - tried_elsewhere == set()
