"""The data of the probe's gpu section, whichever way the node could be asked."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping

from aifctl.diagnosis.gpu import GpuSection
from aifctl.diagnosis.nvml import parse_nvml
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.unreadable import UnreadableError

#: A node of eight prints 212 KB; the probe stops reading at 8 MiB.
_MOST_BYTES = 16 << 20


def parse_gpu_data(data: object) -> GpuSection:
    """Return the GPUs as NVML told them, or as the text of `nvidia-smi -q -x` does.

    Args:
        data: {"source": "nvml", ...} or {"source": "nvidia-smi-xml", "xml": base64 of the deflated text, ...}.

    Raises:
        UnreadableError: it is neither.
    """
    if isinstance(data, Mapping) and "xml" in data:
        return parse_smi_xml(_inflated(data["xml"]))
    return parse_nvml(data)


def _inflated(text: object) -> bytes:
    if not isinstance(text, str):
        raise UnreadableError("the text of nvidia-smi is no text")
    try:
        inflating = zlib.decompressobj()
        found = inflating.decompress(base64.b64decode(text, validate=True), _MOST_BYTES)
    except (ValueError, zlib.error) as problem:
        raise UnreadableError(f"the text of nvidia-smi can't be inflated: {problem}") from problem
    if not inflating.eof:
        raise UnreadableError("the text of nvidia-smi is cut, or longer than any")
    return found
