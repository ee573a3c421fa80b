"""What the probe says: one line of JSON around a deflated body, never larger than the control host reads."""

import binascii
import json
import os
import sys
import time
import zlib

SCHEMA = 1
#: One section's data as JSON. A healthy node's largest has 60 KB; 8 GPUs of `nvidia-smi -q -x` have 212 KB.
SECTION_MOST_BYTES = 1 << 20
_MESSAGE_MOST = 500

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List


class Answer:
    """What became of one section. `text` is the section as JSON; the frame never parses it again."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def answer(
    status: str, code: str = "", message: str = "", took_s: float = 0.0, data: "Dict[str, Any] | None" = None
) -> Answer:
    """Make one; TypeError or ValueError where `data` is no JSON, RecursionError where it has no end."""
    entry = {
        "status": status,
        "code": code,
        "message": message[:_MESSAGE_MOST],
        "took_s": round(took_s, 4),
        "data": {} if data is None else data,
    }
    text = json.dumps(entry, allow_nan=False, separators=(",", ":"))
    if len(text) > SECTION_MOST_BYTES:
        return answer("error", "too-large", "its data are %d bytes of JSON" % len(text), took_s)
    return Answer(text)


def describe(root: str, probe: str, begun_s: float, left: "List[int]") -> "Dict[str, Any]":
    """Return what stands beside the sections: who answers, when, and what it cost (`begun_s`: monotonic)."""
    import resource  # noqa: PLC0415 - here alone; whoever only packs a body has no use for it

    cpu_s = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        cpu_s += used.ru_utime + used.ru_stime
    return {
        "probe": probe[:12],
        "python": "%d.%d.%d" % sys.version_info[:3],
        "user": os.environ.get("USER") or os.environ.get("LOGNAME") or str(os.geteuid()),
        "hostname": first_line(root, "proc/sys/kernel/hostname"),
        "boot_id": first_line(root, "proc/sys/kernel/random/boot_id"),
        "wall_s": time.time(),  # noqa: TID251 - the node's own clock is what is told
        "monotonic_s": round(time.monotonic(), 3),
        "took_s": round(time.monotonic() - begun_s, 3),
        "cpu_s": round(cpu_s, 3),
        "probe_left": left,
    }


def line_of(answers: "Dict[str, Answer]", about: "Dict[str, Any]") -> bytes:
    """Return the reply, however long that is."""
    sections = ",".join('"%s":%s' % (name, answers[name].text) for name in sorted(answers))
    head = json.dumps(dict(about, schema=SCHEMA), separators=(",", ":"))
    body = '%s,"sections":{%s}}' % (head[:-1], sections)
    deflated = binascii.b2a_base64(zlib.compress(body.encode("ascii"), 6), newline=False)
    probe = json.dumps(about.get("probe", "")).encode("ascii")
    return b'{"aifctl_probe": %d, "probe": %s, "deflate": "%s"}\n' % (SCHEMA, probe, deflated)


def first_line(root: str, path: str) -> str:
    """Return a file's first line, "" where there is none."""
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.readline(256).decode("utf-8", "replace").strip()
    except OSError:
        return ""
