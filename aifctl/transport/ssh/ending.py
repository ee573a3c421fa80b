"""Ending what a command has left running on a node, children and their children included.

The command line itself is never wrapped. To end it, a second session on the same connection feeds the script below to
`sh`: its parent (past any sudo) is the sshd that serves this connection, and all other children of that sshd are ours.
From them it collects whole sessions (field 6 of /proc/PID/stat), all descendants, and, where the login is a systemd
scope, those members of the scope that are no older than the command: what has daemonised. It sends TERM, waits, sends
KILL, looks again (what was forked meanwhile belongs to a collected session or parent), and prints what is still there.

It is POSIX sh (dash, bash, busybox), starts no process but `sleep`, and needs a Linux /proc; where there is none, or
where its parent is no sshd (ForceCommand), it says nothing, and the survivors are not known.
"""

from __future__ import annotations

import math
import re

_NAP_S = 0.2

_SCRIPT = r"""
set -f
cd /proc 2>/dev/null || exit 9
[ -r self/stat ] || exit 9
nap() { sleep 0.2 2>/dev/null || sleep 1; }
# A name may hold anything, newlines too, so the fields start behind the last parenthesis.
stat() {
  l= x=
  { while read -r x || [ "$x" ]; do l="$l $x"; x=; done <"$1/stat"; } 2>/dev/null
  case $l in *") "*) ;; *) return 1;; esac
  name=${l#*\(}; name=${name%\)*}
  set -- ${l##*\) }
  state=$1 parent=$2 session=$4 start=${20}
}
stat $$ || exit 9
mysession=$session first=$((start - (@AGE@ + 2) * 100))
chain=" $$ " p=$parent
while stat "$p" && [ "$name" = sudo ]; do chain="$chain$p "; p=$parent; done
if stat "$p"; then case $name in sshd*|dropbear*) ;; *) exit 9;; esac; fi
sshd=$p pids=" " sessions=" " scope=
while IFS=: read -r a b c; do
  case $c in */session-*.scope) scope=$c;; esac
done 2>/dev/null <self/cgroup
in_scope() {
  while IFS=: read -r a b c; do [ "$c" = "$scope" ] && return 0; done 2>/dev/null <"$1/cgroup"
  return 1
}
ours() {
  [ "$2" = "$sshd" ] && return 0
  case $sessions in *" $3 "*) return 0;; esac
  case $pids in *" $2:"*) return 0;; esac
  [ "$scope" ] && [ "$4" -ge "$first" ] && in_scope "$1"
}
scan() {
  all=
  set +f; set -- [0-9]*; set -f
  for p; do
    case $chain$pids in *" $p "*|*" $p:"*) continue;; esac
    stat "$p" || continue
    [ "$state" = Z ] || [ "$session" = "$mysession" ] && continue
    case $name in sshd*|sftp-server|dropbear*) continue;; esac
    all="$all $p,$parent,$session,$start"
  done
}
collect() {
  scan
  more=1
  while [ $more = 1 ]; do
    more=0 rest=
    for e in $all; do
      p=${e%%,*} r=${e#*,}; parent=${r%%,*} r=${r#*,}; session=${r%%,*} start=${r#*,}
      if ours "$p" "$parent" "$session" "$start"; then
        pids="$pids$p:$start " more=1
        [ "$session" -gt 1 ] && sessions="$sessions$session "
      else
        rest="$rest $e"
      fi
    done
    all=$rest
  done
}
left() {
  live=
  for e in $pids; do
    stat "${e%:*}" && [ "$start" = "${e#*:}" ] && [ "$state" != Z ] && live="$live ${e%:*}"
  done
  [ "$live" ]
}
signal() { left; for p in $live; do kill -"$1" "$p" 2>/dev/null; done; }
wait_for() { i=0; while left && [ $i -lt "$1" ]; do nap; i=$((i + 1)); done; }
collect
signal TERM; signal CONT
wait_for @STEPS@
for round in 1 2 3; do
  collect
  left || break
  signal KILL
  wait_for 4
done
left
echo "@NONCE@ end$live"
"""


def ending_script(*, nonce: str, age_s: float, grace_s: float) -> bytes:
    """Return the script for `sh`'s stdin; `age_s` is how long ago the command was started."""
    values = {"@NONCE@": nonce, "@AGE@": str(math.ceil(age_s)), "@STEPS@": str(math.ceil(grace_s / _NAP_S))}
    text = _SCRIPT
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text.encode()


def sudo_line(*, user: str, nonce: str, asks: bool) -> str:
    """Return the command that becomes `user` and then a shell reading its script from stdin.

    sudo takes the password from stdin as well, so the script may follow only when the inner shell has said that it is
    there: `nonce`-ready on stderr. `nonce`-password is sudo's prompt.
    """
    how = f"-S -p {nonce}-password" if asks else "-n"
    return f"exec sudo {how} -u {user} sh -c 'echo {nonce}-ready >&2; exec sh'"


def survivors_in(output: bytes, nonce: str) -> tuple[int, ...] | None:
    """Read the script's answer; None where it did not get that far."""
    match = re.search(rb"^" + nonce.encode() + rb" end((?: \d+)*)$", output, re.MULTILINE)
    return tuple(map(int, match[1].split())) if match else None
