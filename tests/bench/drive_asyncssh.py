"""asyncssh as its documentation shows it, with strict host keys: FOLDER PORT WIDTH."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncssh


async def main(folder: Path, port: int, width: int) -> None:
    key, trusted = asyncssh.read_private_key(folder / "id"), asyncssh.read_public_key(folder / "host.pub")
    slots = asyncio.Semaphore(width)

    async def one(node: str) -> None:
        async with (
            slots,
            asyncssh.connect(
                node,
                port=port,
                username="root",
                client_keys=[key],
                known_hosts=([trusted], [], []),
                agent_path=None,
                config=None,
            ) as connection,
        ):
            done = await connection.run("hostname", check=True)
            sys.stdout.write(f"{node}: {done.stdout!s}")

    async with asyncio.TaskGroup() as group:
        for node in (folder / "hosts").read_text().split():
            group.create_task(one(node))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
