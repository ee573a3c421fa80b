"""parallel-ssh as its documentation shows it (it checks no host key): FOLDER PORT WIDTH. Runs in the peers' environment."""

from __future__ import annotations

import sys
from pathlib import Path


def main(folder: Path, port: int, width: int) -> None:
    from gevent import monkey  # noqa: PLC0415 (must come before everything that it patches)

    monkey.patch_all()
    from pssh.clients import ParallelSSHClient  # noqa: PLC0415  after the patching

    nodes = (folder / "hosts").read_text().split()
    client = ParallelSSHClient(
        nodes, user="root", port=port, pkey=str(folder / "id"), pool_size=width, allow_agent=False
    )
    for output in client.run_command("hostname"):
        for line in output.stdout:
            sys.stdout.write(f"{output.host}: {line}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
