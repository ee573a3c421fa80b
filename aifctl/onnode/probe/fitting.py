"""Making the reply fit: what a storm in the kernel's log says first, then whole sections, the largest first."""

import json
import zlib

from .kernel_words import Kept
from .reply import Answer, answer, line_of

#: The control host inflates 8 MB and reads 2 MB of stdout; both leave room for what stands around this.
BODY_MOST_BYTES = 4 << 20
LINE_MOST_BYTES = 1500000
#: What a node says at most, whatever is written to its kernel's log: noise does not deflate. A healthy one says 7 KB.
LINE_WANTED_BYTES = 20000
#: Of three bytes, base64 makes four.
_BASE64 = 4.0 / 3.0
#: A section that is deflated by itself is not as long as it is among others.
_SPARE_BYTES = 128

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict


def make_line(answers: "Dict[str, Answer]", about: "Dict[str, Any]") -> bytes:
    """Return the reply; lines of the kernel's log give way first, then the largest sections (too-large), until all fits."""
    kept = dict(answers)
    while True:
        size = sum(len(one.text) for one in kept.values())
        line = line_of(kept, about) if size <= BODY_MOST_BYTES else b""
        over = len(line) - LINE_WANTED_BYTES
        shorter = _shortened(kept["kernel"].text, over) if over > 0 and "kernel" in kept else ""
        if shorter:
            kept["kernel"] = Answer(shorter)
        elif line and len(line) <= LINE_MOST_BYTES:
            return line
        else:
            largest = max(kept, key=lambda name: len(kept[name].text))
            kept[largest] = answer("error", "too-large", "dropped: with it, all sections have %d bytes of JSON" % size)


def _shortened(text: str, over_bytes: int) -> str:
    """Return the kernel's section with so many bytes of lines less, "" where it has none."""
    entry = json.loads(text)
    data = entry["data"]
    if not data.get("lines"):
        return ""
    kept = Kept()
    for at_us, level, said in data["lines"]:
        kept.add(at_us, level, said.encode("utf-8", "replace"))
    now_bytes = len(zlib.compress(json.dumps(data["lines"]).encode("ascii"), 6))
    lines, dropped_count, whole = kept.result(max(0, int(now_bytes - over_bytes / _BASE64) - _SPARE_BYTES))
    data.update(lines=lines, dropped=data["dropped"] + dropped_count, complete=data["complete"] and whole)
    return json.dumps(entry, separators=(",", ":"))
