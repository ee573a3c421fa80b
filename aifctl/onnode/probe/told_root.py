"""What a made-up root tells in place of what no file below it can: answers of system calls and of tools."""

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

#: On no real node; never looked for at "/".
NAME = ".aifctl-made-up.json"
_MOST_BYTES = 1 << 20


def told(root: str) -> "Optional[Dict[str, Any]]":
    """Return what a made-up root tells; None of a real one, "/" above all: what is asked then is the machine itself."""
    if os.path.realpath(root) == "/":
        return None
    try:
        with open(os.path.join(root, NAME), "rb") as file:
            said = json.loads(file.read(_MOST_BYTES).decode("utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
