"""Every Python of this machine that a node may have: 3.6 and newer, from PATH and from pyenv."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

_PYENV = Path(os.environ.get("PYENV_ROOT") or Path(pwd.getpwuid(os.geteuid()).pw_dir, ".pyenv"))
_OLDEST, _NEWEST = 6, 15


def _find() -> dict[str, str]:
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    candidates = [shutil.which(f"python3.{minor}") for minor in range(_OLDEST, _NEWEST)]
    candidates += sorted(map(str, _PYENV.glob("versions/3.*/bin/python3")))
    for path in filter(None, candidates):
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        match = re.match(r"Python (3\.(\d+))\.", said)
        if match and int(match[2]) >= _OLDEST:
            found.setdefault(match[1], path)
    return dict(sorted(found.items(), key=lambda one: int(one[0].partition(".")[2])))


#: Version → interpreter; the oldest first.
PYTHONS = _find()
EVERY_PYTHON = list(PYTHONS)
OLDEST_PYTHON = EVERY_PYTHON[0]
