"""Owner files: the witness on a node that a run holds it, for control hosts that share no store. Pure: text in, text out.

What is done on a node is wrapped into a program for its shell that first writes who holds it until when (by the node's own
clock), renews that every 30 s while the command runs, and takes it away at its end. Nothing is sent for it alone, and a
program that outlives its connection holds on for as long as it runs. The file lies where a boot removes it: in /run/aifctl,
which is root's, and for any other login in /dev/shm/aifctl-UID. Whoever finds another's that has not run out leaves the
node alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aifctl.core.errors import NodeError
from aifctl.core.moments import said_at
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable_line
from aifctl.ports.transport import Ended
from aifctl.ports.work import NodeResult

LEASE_S = 120.0
RENEW_EVERY_S = 30.0

_BUSY_RC = 75
_CANNOT_CREATE_RC = 73
_HELD = "aifctl-held"
_REFUSAL = re.compile(rf"{_HELD} (?P<since>\d{{1,15}}) (?P<until>\d{{1,15}}) (?P<run>\S+) (?P<host>\S+) (?P<owner>.+)")

# Neither program may hold a newline, nor a `!` before anything but a blank or `=`: the login shell may be a csh.

#: take|renew|drop FOLDER SECONDS OWNER RUN HOST, one at a time under a lock: reads who holds the node, and writes it.
_STEP = (
    "n=$(date +%s); f=$2/owner; "
    'look() { o= u=0 s=0 r= h=; if [ -f "$1" ]; then while read -r k v; do case $k in owner) o=$v;; run) r=$v;; host) h=$v;; '
    'since) s=$v;; until) u=$v;; esac; done <"$1"; fi; }; '
    'for g in /run/aifctl/owner "$f"; do look "$g"; '
    'if [ "$1" = take ] && [ "$o" ] && [ "$o" != "$4" ] && [ "$u" -gt "$n" ] 2>/dev/null; then '
    f'echo "{_HELD} $s $u $r $h $o" >&2; exit {_BUSY_RC}; fi; done; '
    'if [ "$o" = "$4" ]; then mine=1; else mine= s=$n; fi; '
    'if [ "$1" = drop ]; then [ "$mine" ] && rm -f "$f"; exit 0; fi; '
    'if [ "$1" = renew ] && [ -z "$mine" ]; then exit 1; fi; '
    't=$((n + $3)); if [ "$1" = renew ] && [ "$u" -gt "$t" ]; then t=$u; fi; umask 022; '
    'printf \'owner %s\\nrun %s\\nhost %s\\nsince %s\\nuntil %s\\n\' "$4" "$5" "$6" "$s" "$t" '
    '>"$f.new" && mv -f "$f.new" "$f"'
)
#: RELEASE SECONDS OWNER RUN HOST STEP LINE: takes the node, runs the line, and says what it said.
_HOLD = (
    "a=$1 x=$2 o=$3 n=$4 h=$5 p=$6 l=$7; "
    'for d in /run/aifctl "/dev/shm/aifctl-$(id -u)"; do mkdir -m 755 "$d" 2>/dev/null; '
    '[ -L "$d" ] || { [ -O "$d" ] && [ -w "$d" ] && break; }; d=; done; '
    'step() { (umask 077; flock -w 10 "$d/lock" sh -c "$p" step "$1" "$d" "$2" "$o" "$n" "$h"); }; '
    'c=1; if [ "$d" ]; then step take "$x"; c=$?; fi; '
    f"case $c in 0) ;; {_BUSY_RC}) exit $c;; "
    f'*) echo "no owner file can be written in /run/aifctl or /dev/shm" >&2; exit {_CANNOT_CREATE_RC};; esac; '
    "( trap 'kill -9 $! 2>/dev/null; exit' TERM; "
    f"while sleep {RENEW_EVERY_S:g} & wait $! ; kill -0 $$ && step renew {LEASE_S:g}; do :; done ) "
    "</dev/null >/dev/null 2>&1 & r=$! ; "
    "t=; trap 't=1' TERM HUP INT; "
    'sh -c "$l"; c=$?; kill $r 2>/dev/null; '
    "case $a:$c:$t in part:*: | away:0:*) ;; *) step drop 0;; esac; exit $c"
)


class Release(StrEnum):
    """When a node is let go."""

    END = "end"  # when the command ends
    PART = "part"  # later: more commands of the same owner follow
    AWAY = "away"  # by the boot that the command brings about; where it fails, at its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who holds nodes: `owner` as the lease in the store names them, and which run of which control host that is."""

    owner: str
    run: str
    host: str

    def holding(self, line: str, *, release: Release = Release.END, for_s: float = LEASE_S) -> str:
        """Return a command line that runs `line` (for a POSIX shell) while it holds the node.

        Held by another it exits with 75, and `refuse_held` reads of its last words by whom. `for_s` is how long the claim
        lasts at first; it is renewed while the command runs.
        """
        words = (release.value, f"{for_s:.0f}", self.owner, self.run, self.host, _STEP, line)
        return f"exec sh -c {shlex.join((_HOLD, 'aifctl-hold', *words))}"


def refuse_held(ended: Ended, last_line: str) -> None:
    """Raise NodeError skipped where a command was not begun because another run holds the node: by whom, since when."""
    match = _REFUSAL.fullmatch(last_line) if ended.rc == _BUSY_RC else None
    if match:
        by = f"{printable_line(match['owner'])}, run {printable_line(match['run'])} of {printable_line(match['host'])}"
        when = f"since {said_at(float(match['since']))}, until {said_at(float(match['until']))} by the node's own clock"
        raise NodeError(Outcome.SKIPPED, f"held by {by}, {when}, as its owner file says; try again then")


def found_held(results: Iterable[NodeResult]) -> tuple[str, ...]:
    """Return the nodes that were dialled and left alone because another run held them."""
    return tuple(one.node for one in results if one.outcome is Outcome.SKIPPED and one.attempts)
