"""The services that are asked for, and those that have failed, as systemd tells them."""

import os

from ..told_root import told
from ..tool import find, run
from ..trouble import NotHere, Trouble

LIMIT_S = 10.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

_MOST_UNITS, _LONGEST = 64, 256
_TOOL_LIMIT_S = 4.0


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return {"source": "systemctl", "show": text, "failed": text}; `services` of the arguments are shown.

    Raises:
        NotHere: no systemd runs here.
        Trouble: it does not answer.
    """
    made_up = told(root)
    if made_up is not None and "systemctl" in made_up:
        return dict(made_up["systemctl"], source="systemctl")
    tool = find(root, "systemctl")
    if tool is None or os.path.realpath(root) != "/" or not os.path.isdir("/run/systemd/system"):
        raise NotHere("systemd does not run here")
    asked = arguments.get("services")
    units = [unit for unit in asked if _is_name(unit)][:_MOST_UNITS] if isinstance(asked, list) else []
    show = ""
    if units:
        show = _said([tool, "show", "--no-pager", "--property=Id,LoadState,ActiveState,SubState,Names", "--", *units])
    failed = _said([tool, "list-units", "--failed", "--all", "--plain", "--no-legend", "--no-pager", "--full"])
    return {"source": "systemctl", "show": show, "failed": failed}


def _is_name(unit: "Any") -> bool:
    return isinstance(unit, str) and 0 < len(unit) <= _LONGEST and not unit.startswith("-")


def _said(command: "List[str]") -> str:
    code, text = run(command, _TOOL_LIMIT_S)
    if code:
        raise Trouble("systemctl", "systemctl ended with %d: %s" % (code, text.strip()[:200]))
    return text
