"""The options that several commands share, each written once; a group becomes one parameter of a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

_SHOWN = "Output and set-up"
_NODES = "Which nodes"
_PACE = "How"
_GUARD = "Guards"
_CRON = "Cron"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everywhere:
    """What every command takes."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT",
            help="table, wide, plain, md, json, jsonl, csv, tsv, nodeset, count; of health also nagios, prometheus, html",
            rich_help_panel=_SHOWN,
        ),
    ] = None
    inventory: Annotated[
        str | None, typer.Option(metavar="PATH", help="Inventory file or folder", rich_help_panel=_SHOWN)
    ] = None
    state_dir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where runs, locks and caches are kept", rich_help_panel=_SHOWN)
    ] = None
    state: Annotated[
        str | None,
        typer.Option(metavar="URL", help="What is remembered: sqlite:// or postgresql://", rich_help_panel=_SHOWN),
    ] = None
    color: Annotated[str, typer.Option(metavar="WHEN", help="auto, always or never", rich_help_panel=_SHOWN)] = "auto"
    progress: Annotated[
        str, typer.Option(metavar="HOW", help="auto, bar, log, json or off; on stderr", rich_help_panel=_SHOWN)
    ] = "auto"
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            metavar="",
            show_default=False,
            help="Say more on stderr",
            rich_help_panel=_SHOWN,
        ),
    ] = 0
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors", rich_help_panel=_SHOWN)
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selecting:
    """Which nodes, from the inventory or from a list of hosts."""

    selector: Annotated[
        str | None,
        typer.Argument(metavar="SELECTOR", help="Nodes: r[01-12]n[01-32], @rack:r12, @state:drained, a!b, - for stdin"),
    ] = None
    exclude: Annotated[str | None, typer.Option(metavar="SELECTOR", help="Leave these out", rich_help_panel=_NODES)] = (
        None
    )
    first: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N", rich_help_panel=_NODES)] = (
        None
    )
    sample: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N at random", rich_help_panel=_NODES)] = (
        None
    )
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="A term that is empty tonight is no error", rich_help_panel=_NODES)
    ] = False
    hostfile: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Hosts, one a line, in place of SELECTOR and inventory", rich_help_panel=_NODES
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """How to log in; the inventory and settings say it where these don't."""

    user: Annotated[str | None, typer.Option(metavar="NAME", help="Remote user", rich_help_panel=_PACE)] = None
    port: Annotated[int | None, typer.Option(min=1, max=65535, metavar="N", help="SSH port", rich_help_panel=_PACE)] = (
        None
    )
    identity: Annotated[
        list[str] | None,
        typer.Option("--identity", "-i", metavar="FILE", help="Private key; repeatable", rich_help_panel=_PACE),
    ] = None
    known_hosts: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="known_hosts file; repeatable", rich_help_panel=_PACE)
    ] = None
    jump: Annotated[
        list[str] | None,
        typer.Option(
            "--jump",
            "-J",
            metavar="HOST",
            help="Jump host, or a chain a,b; repeat for alternatives",
            rich_help_panel=_PACE,
        ),
    ] = None
    connect_timeout: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="To reach and log in to a node (10s)", rich_help_panel=_PACE),
    ] = None
    key_password: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="Password of encrypted keys: file:PATH, fd:N, cmd:COMMAND, ask", rich_help_panel=_PACE
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How many at once, for how long, and when to stop."""

    width: Annotated[
        int | None,
        typer.Option("--width", "-w", min=1, metavar="N", help="Most nodes at once (256)", rich_help_panel=_PACE),
    ] = None
    wave: Annotated[
        str | None,
        typer.Option(metavar="N|%|SCOPE", help="In waves of N, of 5%, or by rack, su or leaf", rich_help_panel=_PACE),
    ] = None
    timeout: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="For the command on each node, 0 for ever (300s)", rich_help_panel=_PACE),
    ] = None
    deadline: Annotated[str | None, typer.Option(metavar="TIME", help="For the whole run", rich_help_panel=_PACE)] = (
        None
    )
    stragglers: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE:TIME", help="After 99.5% have answered give the rest 30s: 99.5%:30s", rich_help_panel=_PACE
        ),
    ] = None
    retries: Annotated[
        int,
        typer.Option(
            min=0, max=10, metavar="N", help="Dial again, only while nothing has started", rich_help_panel=_PACE
        ),
    ] = 0
    max_failed: Annotated[
        str | None,
        typer.Option(metavar="N|%", help="Dispatch no more than keeps failures within this", rich_help_panel=_PACE),
    ] = None
    workers: Annotated[
        int, typer.Option(min=0, max=64, metavar="N", help="Processes, 0 to choose", rich_help_panel=_PACE)
    ] = 0
    include_state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE", help="Also nodes that are off, repair or retired; repeatable", rich_help_panel=_NODES
        ),
    ] = None
    min_coverage: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Exit 3 below this share that answered (100%; sweep: 98% could be judged)",
            rich_help_panel=_PACE,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What to keep of the nodes' output."""

    outdir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Every byte as NODE.out and NODE.err", rich_help_panel=_SHOWN)
    ] = None
    output_cap: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Kept per node and stream (1M)", rich_help_panel=_SHOWN)
    ] = None
    live: Annotated[
        bool, typer.Option("--live", help="Lines as they come, each with its node's name", rich_help_panel=_SHOWN)
    ] = False
    only_changes: Annotated[
        bool,
        typer.Option("--only-changes", help="Only what is not as in the last run of the same", rich_help_panel=_CRON),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarding:
    """Consent, and what is written down with it."""

    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print what would be done and its hash; do nothing", rich_help_panel=_GUARD),
    ] = False
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Answer the question; lifts no cap", rich_help_panel=_GUARD)
    ] = False
    confirm_hash: Annotated[
        str | None, typer.Option(metavar="H", help="The hash that --dry-run printed", rich_help_panel=_GUARD)
    ] = None
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the audit chain", rich_help_panel=_GUARD)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What cron needs."""

    lock: Annotated[
        str | None,
        typer.Option(metavar="NAME[:skip|wait=S]", help="One at a time; needs --deadline", rich_help_panel=_CRON),
    ] = None
    jitter: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Wait up to this long first, always the same on this host", rich_help_panel=_CRON
        ),
    ] = None
    textfile: Annotated[
        str | None,
        typer.Option(
            metavar="PATH.prom", help="Attempt, coverage and last success for Prometheus", rich_help_panel=_CRON
        ),
    ] = None
    heartbeat_url: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Called when covered: file:PATH, fd:N, cmd:COMMAND", rich_help_panel=_CRON),
    ] = None


_SudoPassword = Annotated[
    str | None, typer.Option(metavar="REF", help="file:PATH, fd:N, cmd:COMMAND or ask", rich_help_panel=_PACE)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeingRoot:
    """Root on the node."""

    no_sudo: Annotated[
        bool, typer.Option("--no-sudo", help="As the login user, who is root", rich_help_panel=_PACE)
    ] = False
    sudo_password: _SudoPassword = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Becoming:
    """Another user on the node."""

    sudo: Annotated[str | None, typer.Option(metavar="[=USER]", help="As root, or as USER", rich_help_panel=_PACE)] = (
        None
    )
    sudo_password: _SudoPassword = None
