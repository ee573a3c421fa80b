"""Loading the SSH transport starts no other program."""

from __future__ import annotations

import subprocess
import sys

_LOAD = """
import subprocess, sys
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in {"subprocess.Popen", "os.posix_spawn", "os.fork"} else None)
import ctypes.util
search = ctypes.util.find_library
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import open_transport
open_transport(DialSettings())
assert "asyncssh" in sys.modules
assert ctypes.util.find_library is search
print(started)
"""


def test_no_compiler_no_linker_no_ldconfig_is_run_while_asyncssh_is_loaded() -> None:
    said = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
