"""What the kernel of one simulated node has said, as /dev/kmsg shows it, and what each fault makes it say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Levels of syslog: error, warning, information.
_ERROR, _WARNING, _INFORMATION = 3, 4, 6

#: What is said after the last line of the boot is said this long after it, each line a moment after the one before.
_SETTLED_S, _STEP_S = 900.0, 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; `at_s` since boot."""

    at_s: float
    level: int
    text: str


@dataclass(slots=True)
class KernelLog:
    """The lines of one boot, in order; what a fault adds comes last."""

    lines: list[Line] = field(default_factory=list)

    @classmethod
    def healthy(
        cls, gpus: Sequence[str], nvswitches: Sequence[str], hcas: Sequence[str], driver: str, hostname: str = "node"
    ) -> KernelLog:
        """Make a boot's lines: among them those that a careless search takes for errors.

        Args:
            gpus: PCI addresses: 0000:1b:00.0.
            nvswitches: theirs.
            hcas: theirs.
            driver: version of the GPU driver.
            hostname: the node's own name.
        """
        said = (*_firmware(hostname), *_ports(hcas), *_driver(gpus, nvswitches, driver), *_late())
        return cls([Line(at_s=at_s, level=_INFORMATION, text=text) for at_s, text in sorted(said)])

    def say(self, *texts: str, level: int = _ERROR, at_s: float | None = None) -> None:
        """Add lines after all that has been said, or at a time."""
        last_s = self.lines[-1].at_s if self.lines else 0.0
        begin_s = max(last_s + _STEP_S, _SETTLED_S) if at_s is None else at_s
        for count, text in enumerate(texts):
            self.lines.append(Line(at_s=begin_s + count * _STEP_S, level=level, text=text))

    # ── what goes wrong ──

    def xid(self, number: int, gpu: str, told: str = "", *, pid: int | None = None, name: str = "<unknown>") -> None:
        """The driver reports an Xid of the GPU at an address."""
        who = f"pid={pid}, name={name}" if pid is not None else "pid='<unknown>', name=<unknown>"
        text = told or _XIDS.get(number, "reported by a simulated driver")
        self.say(f"NVRM: Xid (PCI:{short(gpu)}): {number}, {who}, {text}", level=_WARNING)

    def ecc_chain(self, gpu: str, contained_count: int = 8) -> None:
        """An uncorrectable error in HBM: reported, its row marked for remapping, its process ended channel by channel."""
        self.xid(48, gpu)
        self.xid(63, gpu)
        self.xid(94, gpu)
        for channel in range(8, 8 + contained_count - 1):
            self.xid(94, gpu, f"Ch {channel:08x}", pid=40213, name="train")

    def sxid(self, number: int, switch: str, *, instance: int = 0, severity: str = "Fatal", link: int = 12) -> None:
        """An NVSwitch reports an SXid of one of its links."""
        place = f"nvidia-nvswitch{instance}: SXid (PCI:{switch}): {number}"
        self.say(f"{place}, {severity}, Link {link:02d} simulated fault of a link", level=_ERROR)

    def fallen_off(self, gpu: str) -> None:
        """A GPU has left the bus, and no Xid says so."""
        self.say(f"NVRM: GPU {gpu}: GPU has fallen off the bus.")

    def gpu_init_failed(self, gpu: str) -> None:
        """The driver can't start a GPU."""
        self.say(f"NVRM: GPU {gpu}: RmInitAdapter failed! (0x62:0x40:2477)")

    def api_mismatch(self, client: str, driver: str) -> None:
        """A process has tried with a library of another version than the driver's."""
        self.say(
            f"NVRM: API mismatch: the client 'simulated' (pid 4021) has the version {client}, but",
            f"NVRM: this kernel module has the version {driver}.  Please",
        )

    def mlx5(self, hca: str, told: str = "Health issue observed, FW_INTERNAL_ERR, severity(3) ERROR") -> None:
        """An adapter's own health monitor has found something."""
        self.say(f"mlx5_core {hca}: print_health_info:431:(pid 0): {told}")

    def oom(self, process: str = "train", pid: int = 40213) -> None:
        """The kernel has ended a process for want of memory."""
        self.say(f"Out of memory: Killed process {pid} ({process}) total-vm:904512kB, anon-rss:901120kB, UID:1000")

    def hung_task(self, process: str = "nvidia-smi", pid: int = 40300, module: str = "nvidia") -> None:
        """A process waits in the kernel and does not come back."""
        self.say(
            f"INFO: task {process}:{pid} blocked for more than 120 seconds.",
            "Call Trace:",
            " schedule+0x69/0x110",
            f" simulated_wait+0x1c/0x40 [{module}]",
        )

    def soft_lockup(self, cpu: int = 17, seconds: int = 26) -> None:
        """A CPU does not come out of the kernel."""
        self.say(f"watchdog: BUG: soft lockup - CPU#{cpu} stuck for {seconds}s! [kworker/17:1:812]")

    def oops(self) -> None:
        """The kernel has run into itself and goes on."""
        self.say("BUG: kernel NULL pointer dereference, address: 0000000000000010", "Oops: 0000 [#1] PREEMPT SMP NOPTI")

    def memory_error(self, *, corrected: bool = False, dimm: str = "CPU_SrcID#0_MC#1_Chan#0_DIMM#0") -> None:
        """The memory controller reports an error of the node's own memory."""
        kind = "CE memory read error" if corrected else "UE memory scrubbing error"
        self.say(f"EDAC MC1: 1 {kind} on {dimm} (channel:0 slot:0 page:0x7c2a1 offset:0x0 grain:32)")

    def machine_check(self, *, corrected: bool = False) -> None:
        """A CPU reports an error of its own."""
        status = "8c00004000010091" if corrected else "be00000000800400"
        self.say(
            f"mce: [Hardware Error]: CPU 12: Machine Check{'' if corrected else ' Exception: 5'} Bank 4: {status}",
        )

    def aer(self, device: str, severity: str = "Uncorrected (Fatal)") -> None:
        """A device reports an error of its PCIe link."""
        self.say(
            f"pcieport 0000:15:01.0: AER: {severity.split(' ', maxsplit=1)[0]} error message received from {device}",
            f"pci {device}: PCIe Bus Error: severity={severity}, type=Transaction Layer, (Requester ID)",
        )

    def disk_error(self, disk: str = "nvme2n1") -> None:
        """A disk does not give back what was written to it."""
        self.say(f"I/O error, dev {disk}, sector 1953525168 op 0x0:(READ) flags 0x80700 phys_seg 4 prio class 2")

    def read_only(self, device: str = "nvme2n1p1") -> None:
        """A file system has found itself damaged and lets nobody write any more."""
        self.say(
            f"EXT4-fs error (device {device}): ext4_find_entry:1436: inode #524290: comm train: reading directory lblock 0",
            f"EXT4-fs ({device}): Remounting filesystem read-only",
        )

    def nfs_silent(self, server: str = "storage1") -> None:
        """A file server does not answer."""
        self.say(f"nfs: server {server} not responding, still trying")

    def carrier_lost(self, *interfaces: str) -> None:
        """Links have gone down, one after the other."""
        self.say(*(f"mlx5_core 0000:1a:00.0 {one}: Link down" for one in interfaces), level=_INFORMATION)


def short(address: str) -> str:
    """Return an address as Xids tell it: without its function."""
    return address.rsplit(".", 1)[0]


def write_kernel_log(root: Path, log: KernelLog) -> None:
    """Write the log below a root, each record as /dev/kmsg has it: level, number, microseconds since boot, flag; text."""
    file = root / "dev/kmsg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(records(log)), encoding="utf-8")


def records(log: KernelLog) -> Iterable[str]:
    """Yield the log's records, numbered from 0."""
    for number, line in enumerate(log.lines):
        yield f"{line.level},{number},{round(line.at_s * 1e6)},-;{line.text}\n"


#: What a driver says beside the number, in words of our own; what decides is the number, but for 154.
_XIDS = {
    13: "Graphics SM Warp Exception on (GPC 4, TPC 2, SM 0): Out Of Range Address",
    31: "Ch 00000012, intr 00000000. MMU Fault: ENGINE GRAPHICS GPC1 GPCCLIENT_T1_3 faulted @ 0x7fca_10000000",
    43: "Ch 00000008",
    45: "Ch 00000010",
    48: "An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at physAddr 0x12bac1c3e0",
    63: "Row Remapper: New row (0x00000012bac1c3e0) marked for remapping, reset gpu to activate.",
    64: "Row Remapper: no row left to remap 0x00000012bac1c3e0",
    74: "NVLink: fatal error detected on link 5(0x10000, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0)",
    79: "GPU has fallen off the bus.",
    94: "Contained: SM (0x1). RST: No, D-RST: No",
    95: "Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No",
    119: "Timeout after 6s of waiting for RPC response from GPU0 GSP! Expected function 76 (GSP_RM_CONTROL)",
    154: "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)",
}


def _firmware(hostname: str) -> Iterable[tuple[float, str]]:
    yield 0.0, "Linux version 5.15.0-1068-nvidia (builder@simulated) #70-Ubuntu SMP"
    yield 0.004, "Command line: BOOT_IMAGE=/vmlinuz root=/dev/md0 ro pci=realloc=off mce=1 panic=30"
    yield 0.6, "mce: CPU0: Thermal monitoring enabled (TM1)"
    yield 1.1, "acpi PNP0A08:00: _OSC: platform does not support [AER LTR DPC]"
    yield 1.9, "ERST: Error Record Serialization Table (ERST) support is initialized."
    yield 2.0, "GHES: APEI firmware first mode is enabled by APEI bit."
    yield 2.2, "RAS: Correctable Errors collector initialized."
    yield 2.3, "EDAC MC: Ver: 3.0.0"
    for bus in range(24):
        yield 2.4 + bus / 1000, f"pcieport 0000:{bus * 8:02x}:01.0: AER: enabled with IRQ {64 + bus}"
        yield 2.5 + bus / 1000, f"pci 0000:{bus * 8:02x}:02.0: BAR 13: failed to assign [io  size 0x1000]"
    yield 3.0, f"systemd[1]: Hostname set to <{hostname}>."
    for controller in range(8):
        yield (
            3.2 + controller / 1000,
            f"EDAC MC{controller}: Giving out device to module i10nm_edac controller Intel_10nm",
        )
    yield 3.6, "nvme nvme0: Shutdown timeout set to 8 seconds"
    yield 3.7, "EXT4-fs (md0): mounted filesystem with ordered data mode. Opts: errors=remount-ro"


def _ports(hcas: Sequence[str]) -> Iterable[tuple[float, str]]:
    for count, hca in enumerate(hcas):
        at_s = 4.0 + count / 10
        yield at_s, f"mlx5_core {hca}: firmware version: 28.39.1002"
        yield at_s + 0.01, f"mlx5_core {hca}: 504.112 Gb/s available PCIe bandwidth (32.0 GT/s PCIe x16 link)"
        yield at_s + 0.02, f"mlx5_core {hca}: Port module event: module 0, Cable plugged"
        yield (
            at_s + 0.03,
            f"mlx5_core {hca}: mlx5_pcie_event:301:(pid 9): Detected insufficient power on the slot (27W).",
        )


def _driver(gpus: Sequence[str], nvswitches: Sequence[str], driver: str) -> Iterable[tuple[float, str]]:
    yield 6.0, "nvidia: module license 'NVIDIA' taints kernel."
    for count, switch in enumerate(nvswitches):
        yield 6.1 + count / 10, f"nvidia-nvswitch: Probing device {switch}, Vendor Id = 0x10de, Device Id = 0x22a3"
        yield 6.15 + count / 10, f"nvidia-nvswitch{count}: open (major=510)"
    yield 7.0, f"NVRM: loading NVIDIA UNIX x86_64 Kernel Module  {driver}  Mon Oct 27 18:00:00 UTC 2025"
    for count, gpu in enumerate(gpus):
        yield 7.1 + count / 100, f"[drm] Initialized nvidia-drm 0.0.0 for {gpu} on minor {count}"


def _late() -> Iterable[tuple[float, str]]:
    yield (
        41.0,
        "nvidia-peermem nv_get_p2p_free_callback:127 ERROR detected invalid context, skipping further processing",
    )
    yield 52.0, "perf: interrupt took too long (2510 > 2500), lowering kernel.perf_event_max_sample_rate to 79500"
