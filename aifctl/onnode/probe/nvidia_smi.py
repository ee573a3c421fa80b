"""What `nvidia-smi -q -x` prints, where the bindings find no library to load."""

import base64
import contextlib
import os
import select
import subprocess
import time
import zlib

from .trouble import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

_PLACES = ("usr/bin/nvidia-smi", "bin/nvidia-smi", "usr/local/bin/nvidia-smi", "usr/local/nvidia/bin/nvidia-smi",
           "opt/bin/nvidia-smi", "run/current-system/sw/bin/nvidia-smi")  # fmt: skip

#: nvidia-smi gives 27 KB a GPU, 0.8 KB deflated.
_MOST_BYTES = 8 << 20

#: By exit status (man nvidia-smi, RETURN VALUE). 18 is NVML's own number, which newer ones exit with.
_CODES = {4: "denied", 9: "no-driver", 12: "library-missing", 18: "library-mismatch"}


def find(root: str) -> "Optional[str]":
    """Return where nvidia-smi is, or None."""
    places = [os.path.join(root, place) for place in _PLACES]
    return next((place for place in places if os.access(place, os.X_OK)), None)


def read_xml(path: str, limit_s: float) -> "Dict[str, Any]":
    """Return {"source": "nvidia-smi-xml", "xml": the text, deflated, in base64, "rc": exit status}.

    Raises:
        Trouble: it did not come back in time (driver-hung), or printed no XML.
    """
    output, status = _run([path, "-q", "-x"], limit_s)
    if b"<nvidia_smi_log" not in output:
        raise _trouble(output, status)
    return {"source": "nvidia-smi-xml", "xml": base64.b64encode(zlib.compress(output, 9)).decode(), "rc": status}


def _run(command: "List[str]", limit_s: float) -> "Tuple[bytes, int]":
    until_s = time.monotonic() + limit_s
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output = _read(process.stdout, until_s)
        return output, process.wait(max(until_s - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired as error:
        message = "nvidia-smi did not come back within {:.0f} s".format(limit_s)
        raise Trouble("driver-hung", message) from error
    finally:
        process.kill()  # nothing where it has ended
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that hangs in the driver can't be waited for
            process.wait(1.0)


def _read(stream: "Any", until_s: float) -> bytes:
    parts, length = [], 0
    with stream:
        while length < _MOST_BYTES:
            ready, _, _ = select.select([stream], [], [], max(until_s - time.monotonic(), 0.0))
            if not ready:
                raise subprocess.TimeoutExpired("nvidia-smi", 0.0)
            part = os.read(stream.fileno(), 65536)
            if not part:
                break
            parts.append(part)
            length += len(part)
    return b"".join(parts)


def _trouble(output: bytes, status: int) -> Trouble:
    said = output.decode("utf-8", "replace").strip().splitlines()
    code = _CODES.get(status, "failed")
    if b"version mismatch" in output:
        code = "library-mismatch"
    message = "nvidia-smi ended with {}: {}".format(status, said[0][:200] if said else "it printed nothing")
    return Trouble(code, message)
