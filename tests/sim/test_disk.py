from __future__ import annotations

import errno
import gc
from collections.abc import Callable

import pytest

from aifctl.sim.node.contents import Pool
from aifctl.sim.node.disk import Device, Directory, Disk, Generated, Link


def a_disk(size_bytes: int = 10_000, pool: Pool | None = None) -> Disk:
    return Disk(pool=pool or Pool(1 << 20), size_bytes=size_bytes, now_s=lambda: 42.0)


def write(disk: Disk, path: str, data: bytes) -> None:
    file = disk.open_file(path, truncate=True)
    disk.write(file, data)
    getattr(file, "contents").settle()  # noqa: B009  a plain file, as was just made


def test_a_file_reads_back_what_was_written_in_pieces_and_with_gaps() -> None:
    disk = a_disk()
    file = disk.open_file("/f", truncate=True)
    disk.write(file, b"end", 6)
    disk.write(file, b"ab", 0)
    disk.write(file, b"!")
    assert disk.read(file, 0, 100) == b"ab\0\0\0\0end!"
    disk.truncate(file, 2)
    assert disk.read(disk.find("/f"), 0, 100) == b"ab"
    assert disk.used_bytes == 2


@pytest.mark.parametrize(
    ("act", "number"),
    [
        (lambda disk: disk.find("/nope"), errno.ENOENT),
        (lambda disk: disk.find("/f/x"), errno.ENOTDIR),
        (lambda disk: disk.open_file("/d", truncate=True), errno.EISDIR),
        (lambda disk: disk.make_dir("/d"), errno.EEXIST),
        (lambda disk: disk.remove("/d"), errno.EISDIR),
        (lambda disk: disk.remove_dir("/f"), errno.ENOTDIR),
        (lambda disk: disk.remove_dir("/"), errno.ENOTEMPTY),
        (lambda disk: disk.rename("/d", "/d/below"), errno.EINVAL),
        (lambda disk: disk.rename("/f", "/d"), errno.EISDIR),
        (lambda disk: disk.find("/loop"), errno.ELOOP),
        (lambda disk: disk.add("/" + "x" * 256, Directory(mode=0o755)), errno.ENAMETOOLONG),
        (lambda disk: disk.write(disk.find("/f"), b"x" * 20_000), errno.ENOSPC),
        (lambda disk: disk.write(disk.find("/full"), b"x"), errno.ENOSPC),
        (lambda disk: disk.read(disk.find("/d"), 0, 1), errno.EISDIR),
    ],
    ids=range(14),
)
def test_what_cannot_be_done_fails_as_a_kernel_would_say_it(act: Callable[[Disk], object], number: int) -> None:
    disk = a_disk()
    disk.make_dir("/d")
    write(disk, "/f", b"x")
    disk.add("/loop", Link(mode=0o777, target="loop"))
    disk.add("/full", Device(mode=0o666, name="full"))
    with pytest.raises(OSError) as caught:  # noqa: PT011  the number is compared
        act(disk)
    assert caught.value.errno == number


def test_a_full_disk_takes_nothing_but_gives_and_removes() -> None:
    disk = a_disk()
    write(disk, "/f", b"x")
    disk.full = True
    with pytest.raises(OSError, match="No space"):
        disk.open_file("/g", truncate=True)
    assert disk.read(disk.find("/f"), 0, 9) == b"x"
    disk.remove("/f")
    assert disk.lookup("/f") is None


def test_room_comes_back_with_what_is_removed_or_replaced() -> None:
    disk = a_disk(size_bytes=6000)
    for _ in range(3):
        write(disk, "/f", b"x" * 5000)
    write(disk, "/g", b"y" * 900)
    disk.rename("/g", "/f")
    assert disk.used_bytes == 900
    disk.remove_tree("/f")
    assert disk.used_bytes == 0


def test_equal_files_on_many_disks_are_held_once() -> None:
    pool = Pool(100_000)
    disks = [a_disk(size_bytes=90_000, pool=pool) for _ in range(50)]
    for disk in disks:
        write(disk, "/f", b"x" * 40_000)
    assert pool.held_bytes == 40_000
    del disk, disks
    gc.collect()
    assert pool.held_bytes == 0


def test_a_shared_file_that_changes_leaves_the_others_as_they_were() -> None:
    pool = Pool(1 << 20)
    one, two = a_disk(90_000, pool), a_disk(90_000, pool)
    for disk in (one, two):
        write(disk, "/f", b"x" * 5000)
    one.write(one.find("/f"), b"changed", 0)
    assert two.read(two.find("/f"), 0, 7) == b"xxxxxxx"
    assert one.read(one.find("/f"), 0, 8) == b"changedx"


def test_the_memory_of_all_disks_together_is_bounded() -> None:
    pool = Pool(10_000)
    write(a_disk(pool=pool), "/f", b"x" * 3000)
    disks = [a_disk(pool=pool) for _ in range(2)]
    write(disks[0], "/f", b"y" * 6000)
    with pytest.raises(OSError, match="No space"):
        write(disks[1], "/f", b"z" * 9000)


def test_links_are_followed_on_the_way_and_at_the_end_only_if_wanted() -> None:
    disk = a_disk()
    disk.make_dir("/real")
    write(disk, "/real/f", b"x")
    disk.add("/way", Link(mode=0o777, target="real"))
    disk.add("/end", Link(mode=0o777, target="way/f"))
    assert disk.read(disk.find("/way/f"), 0, 9) == b"x"
    assert disk.read(disk.find("/end"), 0, 9) == b"x"
    assert isinstance(disk.find("/end", follow=False), Link)
    assert disk.resolve("/end") == "/way/f"


def test_devices_and_generated_files_swallow_what_is_written() -> None:
    disk = a_disk()
    disk.add("/null", Device(mode=0o666, name="null"))
    disk.add("/made", Generated(mode=0o444, make=lambda: b"made"))
    for path in ("/null", "/made"):
        disk.write(disk.find(path), b"x" * 50_000)
    assert disk.read(disk.find("/null"), 0, 5) == b""
    assert disk.read(disk.find("/made"), 0, 5) == b"made"
    assert disk.used_bytes == 0
