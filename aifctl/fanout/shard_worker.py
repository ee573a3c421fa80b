"""Entry of a worker process: `python -P -m aifctl.fanout.shard_worker FD`.

Nothing but this line lives in `__main__`: what is defined there would exist twice once a message names its module.
"""

from __future__ import annotations

from aifctl.fanout.shard_loop import main

if __name__ == "__main__":
    main()
