"""aifctl node drain, undrain (resume), reboot, reset-gpu, collect: what changes nodes, or asks them for more than a probe does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from aifctl.cli.call import call
from aifctl.cli.command import command
from aifctl.cli.fan import chosen, consent, fan, flags, seconds, told
from aifctl.cli.invocation import current
from aifctl.cli.options import BeingRoot, Everywhere, Guarding, Pacing, Reaching, Selecting
from aifctl.core.units import parse_duration_s
from aifctl.dispatch import asked

SkipBusy = Annotated[
    bool, typer.Option("--skip-busy", help="Leave out what is refused, in place of stopping before it starts")
]


def add_to(node: typer.Typer) -> None:
    """Add this file's commands to `aifctl node`."""
    _add_drain(node)
    for name in ("undrain", "resume"):
        _add_undrain(node, name)
    _add_reboot(node)
    _add_reset(node)
    _add_collect(node)


def _add_drain(node: typer.Typer) -> None:
    @command(
        node,
        "drain",
        examples=[
            "aifctl node drain r012n3 --reason 'GPU 4 smells, ticket 811'",
            "aifctl node drain @rack:r012 --reason 'PDU work' --wait 2h --yes",
        ],
    )
    def drain(
        selecting: Selecting,
        guarding: Guarding,
        everywhere: Everywhere,
        idle: Annotated[
            bool, typer.Option("--idle", help="Nothing runs on those that are draining: call them drained")
        ] = False,
        wait: Annotated[
            str | None, typer.Option(metavar="TIME", help="Wait so long until all are drained, else exit 124")
        ] = None,
    ) -> int:
        """Take nodes out of service; needs a --reason, and goes on with the last good inventory where it must."""
        from aifctl.health.draining import DrainAsked, drain as verb

        drained = DrainAsked(fan=_fan(selecting, guarding), idle=idle, wait_s=seconds("--wait", wait))
        return call(partial(verb, drained), everywhere, {"hostfile": selecting.hostfile})


def _add_undrain(node: typer.Typer, name: str) -> None:
    @command(
        node,
        name,
        examples=[
            f"aifctl node {name} r012n3",
            f"aifctl node {name} r012n3 --reason 'cable reseated, ticket 811'",
        ],
    )
    def undrain(
        selecting: Selecting,
        guarding: Guarding,
        everywhere: Everywhere,
        take_over: Annotated[
            bool, typer.Option("--take-over", help="Also what others have drained; needs --reason")
        ] = False,
        skip_busy: SkipBusy = False,
    ) -> int:
        """Take nodes back into service, where the check that drained them is clean on newer evidence.

        A --reason of yours overrules the evidence, and is audited.
        """
        from aifctl.health.undraining import UndrainAsked, undrain as verb

        undrained = UndrainAsked(fan=_fan(selecting, guarding, skip_busy=skip_busy), take_over=take_over)
        return call(partial(verb, undrained), everywhere, {"hostfile": selecting.hostfile})


def _add_reboot(node: typer.Typer) -> None:
    @command(
        node,
        "reboot",
        examples=[
            "aifctl node reboot r012n3 --reason 'Xid 79'",
            "aifctl node reboot @state:drained --wave 4 --skip-busy --yes",
        ],
    )
    def reboot(
        selecting: Selecting,
        reaching: Reaching,
        pacing: Pacing,
        guarding: Guarding,
        root: BeingRoot,
        everywhere: Everywhere,
        skip_busy: SkipBusy = False,
        back: Annotated[str, typer.Option(metavar="TIME", help="How long a node may be away")] = "30m",
    ) -> int:
        """Reboot drained nodes, wait until each is back under another boot id, and look at it again."""
        from aifctl.health.following_up import FollowUpAsked, reboot as verb

        who = _over_ssh(selecting, pacing, guarding, skip_busy=skip_busy)
        what = FollowUpAsked(fan=who, sudo=_user(root), back_s=told("--back", parse_duration_s, back))
        settings = flags(selecting, reaching, pacing, becoming=root)
        return call(partial(verb, what), everywhere, settings)


def _add_reset(node: typer.Typer) -> None:
    @command(
        node,
        "reset-gpu",
        examples=[
            "aifctl node reset-gpu r012n3 --reason 'row remap pending'",
            "aifctl node reset-gpu r012n3 --dry-run",
        ],
    )
    def reset_gpu(
        selecting: Selecting,
        reaching: Reaching,
        pacing: Pacing,
        guarding: Guarding,
        root: BeingRoot,
        everywhere: Everywhere,
        skip_busy: SkipBusy = False,
    ) -> int:
        """Reset all GPUs of drained nodes (nvidia-smi --gpu-reset), and look at them again."""
        from aifctl.health.following_up import FollowUpAsked, reset_gpu as verb

        who = _over_ssh(selecting, pacing, guarding, skip_busy=skip_busy)
        settings = flags(selecting, reaching, pacing, becoming=root)
        return call(partial(verb, FollowUpAsked(fan=who, sudo=_user(root))), everywhere, settings)


def _add_collect(node: typer.Typer) -> None:
    @command(
        node,
        "collect",
        examples=[
            "aifctl node collect r012n3 --outdir ticket-811",
            "aifctl node collect @rack:r012 --outdir /tmp/r012 --bug-report",
        ],
    )
    def collect(
        selecting: Selecting,
        reaching: Reaching,
        pacing: Pacing,
        root: BeingRoot,
        everywhere: Everywhere,
        outdir: Annotated[str | None, typer.Option(metavar="DIR", help="Gets a folder for each node")] = None,
        bug_report: Annotated[
            bool, typer.Option("--bug-report", help="Also what nvidia-bug-report.sh makes; takes minutes")
        ] = False,
    ) -> int:
        """Collect what a ticket asks for: dmesg, journal, nvidia-smi -q, ibstat, lspci; nothing is changed."""
        from aifctl.health.collecting import CollectAsked, collect as verb

        who = replace(_over_ssh(selecting, pacing, Guarding()), keep=asked.Keep(outdir=outdir))
        settings = flags(selecting, reaching, pacing, becoming=root)
        what = CollectAsked(fan=who, bug_report=bug_report, sudo=_user(root))
        return call(partial(verb, what), everywhere, settings)


def _over_ssh(selecting: Selecting, pacing: Pacing, guarding: Guarding, *, skip_busy: bool = False) -> asked.Fan:
    made = fan(selecting, pacing, guarding)
    return replace(made, chosen=replace(made.chosen, skip_busy=skip_busy))


def _user(root: BeingRoot) -> str | None:
    return None if root.no_sudo else "root"


def _fan(selecting: Selecting, guarding: Guarding, *, skip_busy: bool = False) -> asked.Fan:
    who = replace(chosen(selecting), skip_busy=skip_busy)
    return asked.Fan(chosen=who, consent=consent(guarding), argv=current().argv)
