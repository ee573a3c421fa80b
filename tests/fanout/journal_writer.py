"""A process that writes a journal as fast as it can until it is killed: `python -m tests.fanout.journal_writer FOLDER`.

It tells the name of each node whose start is durable, one write() of one line each, before it would send a command.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aifctl.core.state_dir import StateDir
from tests.fanout.journal_fakes import begin, names, ok

TOLD = 1


async def main(folder: Path) -> None:
    nodes = names(20_000)
    with begin(StateDir(path=folder), nodes) as journal:
        os.write(TOLD, b"open\n")
        for index in range(0, len(nodes), 16):
            batch = nodes[index : index + 16]
            for node in batch:
                journal.start(node)
            await journal.durable()
            os.write(TOLD, "".join(f"{node}\n" for node in batch).encode())
            for node in batch[::-1]:
                journal.end(ok(node, node.encode() * (index % 700)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
