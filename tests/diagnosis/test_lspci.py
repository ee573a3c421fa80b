from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.lspci import parse_lspci
from aifctl.diagnosis.pci import PciDevice
from aifctl.diagnosis.pci_tree import bridges_above, by_address, device_subject, is_gpu, kind_of
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.fabric_texts import GEN5, device, node_lspci
from tests.fuzzing import examples

GPU = "0000:19:00.0"


def gpu_of(text: str) -> PciDevice:
    return by_address(parse_lspci(text))[GPU]


def test_a_gpu_is_what_its_block_says() -> None:
    section = parse_lspci(node_lspci())
    assert (section.source, section.complete, len(section.devices)) == ("lspci", True, 6)
    untold = Absent.NOT_AVAILABLE
    assert by_address(section)[GPU] == PciDevice(
        address=GPU, device_id="10de:2330", pci_class="030200", driver="nvidia", upstream="0000:17:01.0", numa_node=0,
        link_speed_gt_s=32.0, link_speed_max_gt_s=32.0, link_width=16, link_width_max=16, acs_source_validation=untold,
        revision_ff=False, aer_fatal_count=untold, aer_nonfatal_count=untold, aer_correctable_count=untold,
    )  # fmt: skip


def test_the_tree_follows_from_the_bridges_buses() -> None:
    devices = by_address(parse_lspci(node_lspci()))
    assert [one.address for one in bridges_above(devices[GPU], devices)] == [
        "0000:17:01.0", "0000:16:00.0", "0000:15:01.0",
    ]  # fmt: skip
    assert devices["0000:15:01.0"].upstream == ""


def test_buses_of_another_domain_are_other_buses() -> None:
    bridge = device("0001:00:01.0 PCI bridge: Intel Corporation Device 352a (rev 04)", secondary="19", link=GEN5)
    gpu = device("19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)", link=GEN5)
    assert gpu_of(bridge + gpu).upstream == ""


@pytest.mark.parametrize(
    ("status", "speed", "width"),
    [
        ("Speed 32GT/s (ok), Width x16 (ok)", 32.0, 16),
        ("Speed 16GT/s (downgraded), Width x8 (downgraded)", 16.0, 8),
        ("Speed 8GT/s, Width x16, TrErr- Train- SlotClk+ DLActive- BWMgmt- ABWMgmt-", 8.0, 16),
        ("Speed 2.5GT/s (downgraded), Width x16", 2.5, 16),
        ("Speed 64GT/s (ok), Width x16 (ok)", 64.0, 16),
        ("Speed unknown, Width x0", Absent.NOT_AVAILABLE, Absent.NOT_AVAILABLE),
        ("Speed unknown (ok), Width x0 (ok)", Absent.NOT_AVAILABLE, Absent.NOT_AVAILABLE),
        ("nothing of the kind", Absent.MISSING, Absent.MISSING),
    ],
)
def test_links_of_all_versions(status: str, speed: object, width: object) -> None:
    gpu = gpu_of(node_lspci(gpu_link=(GEN5[0], status)))
    assert (gpu.link_speed_gt_s, gpu.link_width) == (speed, width)
    assert (gpu.link_speed_max_gt_s, gpu.link_width_max) == (32.0, 16)


@pytest.mark.parametrize(
    ("head", "device_id", "pci_class"),
    [
        ("3D controller: NVIDIA Corporation Device 2330 (rev a1)", "10de:2330", "030200"),
        ("3D controller: NVIDIA Corporation GH100 [H100 SXM5 80GB] (rev a1)", "10de:", "030200"),
        ("3D controller [0302]: NVIDIA Corporation GH100 [H100 SXM5 80GB] [10de:2330] (rev a1)", "10de:2330", "030200"),
        ("0302: 10de:2330 (rev a1)", "10de:2330", "030200"),
        ("Class [0302]: NVIDIA Corporation Device [10de:2330]", "10de:2330", "030200"),
        ("VGA compatible controller: NVIDIA Corporation Device 2684 (rev a1) (prog-if 00 [VGA controller])", "10de:2684", "030000"),
        ("Bridge: NVIDIA Corporation Device 22a3 (rev a1)", "10de:22a3", "068000"),
        ("Bridge [0680]: NVIDIA Corporation Device [10de:1af1] (rev a1)", "10de:1af1", "068000"),
        ("Infiniband controller [0207]: Mellanox Technologies MT28908 Family [ConnectX-6 Virtual Function] [15b3:101c]", "15b3:101c", "020700"),
        ("Non-Volatile memory controller: Micron Technology Inc Device 51c3 (rev 01) (prog-if 02 [NVM Express])", Absent.NOT_AVAILABLE, "010802"),
        ("System peripheral: Intel Corporation Device 09a2 (rev 20)", Absent.NOT_AVAILABLE, Absent.NOT_AVAILABLE),
    ],
)  # fmt: skip
def test_names_and_numbers(head: str, device_id: object, pci_class: object) -> None:
    for address in ("19:00.0", GPU):
        found = gpu_of(f"{address} {head}\n")
        assert (found.device_id, found.pci_class) == (device_id, pci_class)


def test_kinds_of_devices() -> None:
    section = parse_lspci(node_lspci() + device("83:00.0 Bridge: NVIDIA Corporation Device 22a3 (rev a1)", link=GEN5))
    assert [kind_of(one) for one in section.devices] == ["bridge"] * 4 + ["GPU", "HCA", "NVSwitch"]
    assert [device_subject(one) for one in section.devices][-3:] == [
        f"gpu:{GPU}",
        "pci:0000:1a:00.0",
        "pci:0000:83:00.0",
    ]


def test_a_plain_listing_tells_nothing_of_links() -> None:
    gpu = gpu_of("19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)\n")
    for value in (
        gpu.link_speed_gt_s,
        gpu.link_width,
        gpu.upstream,
        gpu.driver,
        gpu.acs_source_validation,
        gpu.numa_node,
    ):
        assert value is Absent.NOT_AVAILABLE
    assert gpu.revision_ff is False


@pytest.mark.parametrize(
    "text",
    [
        "19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev ff)\n",
        node_lspci(gpu_head="19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev ff) (prog-if ff)"),
        device(
            "19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)",
            more=["!!! Unknown header type 7f"],
            numa=None,
        ),
    ],
)
def test_a_device_that_answers_nobody_is_known(text: str) -> None:
    gpu = gpu_of(text)
    assert gpu.revision_ff is True
    assert is_gpu(gpu)


def test_who_is_not_root_is_refused_the_capabilities() -> None:
    gpu = gpu_of(
        device("19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)", more=["Capabilities: <access denied>"])
    )
    for value in (gpu.link_speed_gt_s, gpu.link_width, gpu.link_speed_max_gt_s, gpu.acs_source_validation):
        assert value is Absent.DENIED


@pytest.mark.parametrize(("acs", "on"), [("SrcValid+ TransBlk-", True), ("SrcValid- TransBlk+", False)])
def test_acs_is_on_where_sources_are_validated(acs: str, on: bool) -> None:
    devices = by_address(parse_lspci(node_lspci(acs=acs)))
    assert devices["0000:17:01.0"].acs_source_validation is on
    assert devices["0000:16:00.0"].acs_source_validation is Absent.NOT_AVAILABLE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("-[0000:00]-+-00.0  Intel Corporation Device 09a2\n", "tree"),
        (" \\-[0000:00]-+-00.0\n", "no lspci"),
        ("-+-[0000:ff]-+-00.0\n", "tree"),
        ('00:00.0 "Host bridge" "Intel" "0998"\n', "no lspci"),
        ("Slot:\t00:00.0\nClass:\tHost bridge\n", "no lspci"),
        ("\x1b[2J\n", "no lspci"),
        (node_lspci() * 2, "stands in it twice"),
        ("".join(f"{at:04x}:00:00.0 Bridge: x\n" for at in range(9000)), "no node has so many"),
        ("x" * (17 << 20), "no lspci prints more"),
    ],
)
def test_what_is_no_listing_is_refused_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why) as caught:
        parse_lspci(text)
    assert "\x1b" not in str(caught.value)


def test_warnings_between_devices_are_passed_over_and_other_lines_are_not() -> None:
    text = node_lspci()
    noisy = "lspci: Unable to load libkmod resources: error -2\n" + text + "pcilib: sysfs_read_vpd: read failed\n\n"
    assert parse_lspci(noisy) == parse_lspci(text)
    assert not parse_lspci(text + "19:00.0 3D contr\n\n").complete


def test_a_plain_listing_without_its_last_lines_end_is_whole_where_ids_say_so() -> None:
    with_ids = "19:00.0 3D controller [0302]: NVIDIA Corporation Device [10de:2330] (rev a1)"
    assert parse_lspci(with_ids).complete
    for cut in ("19:00.0 3D controller: NVIDIA Corporation Device 2330", with_ids[:-1], with_ids[:-14]):
        assert not parse_lspci(cut).complete
    cut_before_revision = gpu_of(with_ids.removesuffix(" (rev a1)"))
    assert cut_before_revision.revision_ff is False  # a device of revision 0 is listed so


_SICK = node_lspci(gpu_link=(GEN5[0], "Speed 16GT/s (downgraded), Width x8 (downgraded)"), acs="SrcValid+ TransBlk-")


@settings(max_examples=examples(400), deadline=None)
@given(at=st.integers(0, len(_SICK)).filter(lambda at: at != _SICK.index("\n") + 1))
def test_a_text_that_is_cut_is_never_taken_for_whole(at: int) -> None:
    """But behind its first line, where it is a plain listing of one device."""
    whole = by_address(parse_lspci(_SICK))
    try:
        section = parse_lspci(_SICK[:at])
    except UnreadableError:
        return
    assert not section.complete or all(whole[one.address] == one for one in section.devices)
    for one in section.devices:
        # What is told of a device is what the whole says, or that it is missing.
        for name in ("link_speed_gt_s", "link_width", "acs_source_validation"):
            told = getattr(one, name)
            assert told == getattr(whole[one.address], name) or told is Absent.MISSING or not section.complete


@settings(max_examples=examples(200), deadline=None)
@given(text=st.text(max_size=300), at=st.integers(0, len(_SICK)))
def test_garbage_anywhere_raises_nothing_but_that_it_is_unreadable(text: str, at: int) -> None:
    for told in (text, _SICK[:at] + text + _SICK[at:], _SICK[:at] + text):
        try:
            section = parse_lspci(told)
        except UnreadableError:
            continue
        assert section.devices
