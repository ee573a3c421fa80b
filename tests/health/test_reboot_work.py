"""Rebooting one node and waiting for it, in made-up time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.health.reboot_work import RebootWork, read_boot_id
from aifctl.ports.transport import Command, Ended
from aifctl.ports.work import NodeResult
from tests.fakes.booting import BootingLink, BootingNode, BootingTransport
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.run_parts import desks
from tests.fakes.virtual_time import run_virtually

NODE = Endpoint(name="n1", address="n1")


def rebooted(node: BootingNode, *, back_s: float = 1800.0, halted: bool = False) -> NodeResult:
    transport = BootingTransport(n1=node)
    work = RebootWork(command=Command(line="systemctl reboot"), open_transport=lambda: transport, back_s=back_s)

    async def main() -> NodeResult:
        made = desks()
        if halted:
            asyncio.get_running_loop().call_later(22.0, setattr, made, "halted", True)
        return await work.perform(NODE, await transport.dial(NODE), made(NODE))

    result = run_virtually(main())
    assert transport.closed_count == (0 if node.refuses else 1)
    return result


@pytest.mark.parametrize("node", [BootingNode(), BootingNode(goes=False), BootingNode(strict=True)])
def test_a_node_that_comes_back_under_another_boot_id_has_rebooted(node: BootingNode) -> None:
    result = rebooted(node)
    assert (result.outcome, result.message) == (Outcome.OK, "")
    assert result.detail == {"boot_id_before": "boot-1", "boot_id": "boot-2"}
    assert 300 <= result.duration_s <= 320


def test_a_node_that_never_comes_back_is_a_timeout_that_says_how_it_looked_last() -> None:
    result = rebooted(BootingNode(away_s=None), back_s=600.0)
    assert result.outcome is Outcome.TIMEOUT
    assert "not come back within 600 s" in result.message
    assert "connect-timeout: no answer within 10 s" in result.message


def test_a_node_that_goes_on_in_its_old_boot_has_not_rebooted() -> None:
    result = rebooted(BootingNode(obeys=False, goes=False), back_s=60.0)
    assert result.outcome is Outcome.TIMEOUT
    assert "has not booted: the boot id is the old one" in result.message


def test_a_node_that_will_not_reboot_says_why_and_is_not_waited_for() -> None:
    result = rebooted(BootingNode(refuses="sudo: a password is required\n"))
    assert (result.outcome, result.rc, result.message) == (Outcome.EXIT, 1, "sudo: a password is required")


def test_when_the_run_ends_the_node_is_waited_for_no_longer_and_its_outcome_is_unknown() -> None:
    result = rebooted(BootingNode(), halted=True)
    assert result.outcome is Outcome.LOST
    assert result.duration_s == 25.0
    assert "was told to reboot" in result.message


@pytest.mark.parametrize(
    "script", [Script(), Script(stdout=(b"x\n",), ended=Ended(rc=1)), Script(stdout=(b"\n",))], ids=str
)
def test_a_node_that_does_not_say_which_boot_it_is_in_is_not_rebooted(script: Script) -> None:
    transport: Any = FakeTransport({}, script)

    async def main() -> str:
        return await read_boot_id(await transport.dial(NODE))

    with pytest.raises(NodeError, match="which boot it is in"):
        run_virtually(main())


def test_what_is_sent_is_one_command_for_the_boot_id_and_one_to_reboot() -> None:
    node = BootingNode()
    rebooted(node)
    assert node.commands[:2] == ["cat /proc/sys/kernel/random/boot_id", "systemctl reboot"]
    assert isinstance(BootingLink(node).alive, bool)
