"""nvidia-smi, as driver 580 answers on eight H100s."""

from __future__ import annotations

from collections.abc import Callable

from aifctl.sim.node.machine import CUDA, DRIVER, Machine
from aifctl.sim.node.parts import GPU_MEMORY_MIB, GPU_NAME, GPU_POWER_LIMIT_W, VBIOS, Gpu, gpus
from aifctl.sim.shell.context import Call, CommandError, Program

#: What is read of a GPU: unit behind the name in the header, and the value.
_Field = tuple[str, Callable[[Machine, Gpu], str]]
_FIELDS: dict[str, _Field] = {
    "index": ("", lambda _, gpu: str(gpu.index)),
    "name": ("", lambda *_: GPU_NAME),
    "gpu_name": ("", lambda *_: GPU_NAME),
    "count": ("", lambda machine, _: str(len(gpus(machine)))),
    "uuid": ("", lambda _, gpu: gpu.uuid),
    "gpu_uuid": ("", lambda _, gpu: gpu.uuid),
    "serial": ("", lambda _, gpu: gpu.serial),
    "pci.bus_id": ("", lambda _, gpu: gpu.bus),
    "gpu_bus_id": ("", lambda _, gpu: gpu.bus),
    "driver_version": ("", lambda *_: DRIVER),
    "vbios_version": ("", lambda *_: VBIOS),
    "pstate": ("", lambda *_: "P0"),
    "persistence_mode": ("", lambda *_: "Enabled"),
    "compute_mode": ("", lambda *_: "Default"),
    "mig.mode.current": ("", lambda *_: "Disabled"),
    "fabric.state": ("", lambda *_: "Completed"),
    "fabric.status": ("", lambda *_: "Success"),
    "temperature.gpu": ("", lambda _, gpu: str(gpu.temperature_c)),
    "temperature.memory": ("", lambda _, gpu: str(gpu.memory_temperature_c)),
    "utilization.gpu": ("%", lambda *_: "0"),
    "utilization.memory": ("%", lambda *_: "0"),
    "memory.total": ("MiB", lambda *_: str(GPU_MEMORY_MIB)),
    "memory.used": ("MiB", lambda *_: "0"),
    "memory.free": ("MiB", lambda *_: str(GPU_MEMORY_MIB)),
    "power.draw": ("W", lambda _, gpu: f"{gpu.power_w:.2f}"),
    "power.limit": ("W", lambda *_: f"{GPU_POWER_LIMIT_W:.2f}"),
    "clocks.sm": ("MHz", lambda *_: "1980"),
    "clocks.current.sm": ("MHz", lambda *_: "1980"),
    "clocks.mem": ("MHz", lambda *_: "2619"),
    "clocks.max.sm": ("MHz", lambda *_: "1980"),
    "pcie.link.gen.current": ("", lambda *_: "5"),
    "pcie.link.width.current": ("", lambda *_: "16"),
    "ecc.mode.current": ("", lambda *_: "Enabled"),
    "ecc.errors.corrected.volatile.total": ("", lambda *_: "0"),
    "ecc.errors.uncorrected.volatile.total": ("", lambda *_: "0"),
    "ecc.errors.corrected.aggregate.total": ("", lambda *_: "0"),
    "ecc.errors.uncorrected.aggregate.total": ("", lambda *_: "0"),
}
_LINE = "+-----------------------------------------------------------------------------------------+"
_RULE = "+-----------------------------------------+------------------------+----------------------+"


async def _nvidia_smi(call: Call) -> int:
    options = dict(word.removeprefix("--").partition("=")[::2] for word in call.arguments if word.startswith("--"))
    chosen = _chosen(call)
    if "-L" in call.arguments or "list-gpus" in options:
        return await call.say("".join(f"GPU {gpu.index}: {GPU_NAME} (UUID: {gpu.uuid})\n" for gpu in chosen))
    if "version" in options:
        return await call.say(
            f"NVIDIA-SMI version  : {DRIVER}\nNVML version        : {DRIVER.rpartition('.')[0]}\nDRIVER version      : {DRIVER}\n"
            f"CUDA Version        : {CUDA}\n"
        )
    if "query-compute-apps" in options:
        return 0  # nobody computes here
    if "gpu-reset" in options or "-r" in call.arguments:
        return await _reset(call, chosen)
    query = options.get("query-gpu") or options.get("query")
    if query is not None and "format" in options:
        return await _query(call, chosen, query.split(","), options["format"].split(","))
    if set(options) - {"id"} or [word for word in call.arguments if word in {"-q", "-x", "-pm", "topo", "nvlink"}]:
        raise CommandError("this option is not emulated on a simulated node; try -L or --query-gpu=… --format=csv", 2)
    return await call.say(_table(call.machine, chosen))


async def _reset(call: Call, chosen: list[Gpu]) -> int:
    """Reset them: what stands in the kernel's log stays there, as on a real node."""
    if call.shell.uid:
        return await call.complain("Unable to reset this GPU: Insufficient Permissions", 4)
    await call.say("".join(f"GPU {gpu.bus} was successfully reset.\n" for gpu in chosen))
    return await call.say("All done.\n")


def _chosen(call: Call) -> list[Gpu]:
    every = gpus(call.machine)
    words = call.arguments
    wanted = words[words.index("-i") + 1] if "-i" in words[:-1] else ""
    wanted = wanted or next((word.partition("=")[2] for word in words if word.startswith("--id=")), "")
    if not wanted:
        return every
    names = wanted.split(",")
    found = [gpu for gpu in every if str(gpu.index) in names or gpu.uuid in names or gpu.bus in names]
    if len(found) != len(names):
        raise CommandError("No devices were found", 6)
    return found


async def _query(call: Call, chosen: list[Gpu], names: list[str], form: list[str]) -> int:
    names = [name.strip() for name in names]
    for name in names:
        if name not in _FIELDS:
            await call.say(f'Field "{name[:80]}" is not a valid field to query.\n\n')
            return 2
    units = "nounits" not in form
    if "noheader" not in form:
        heads = [f"{name} [{_FIELDS[name][0]}]" if _FIELDS[name][0] else name for name in names]
        await call.say(", ".join(heads) + "\n")
    for gpu in chosen:
        cells = [_cell(call.machine, gpu, name, units=units) for name in names]
        await call.say(", ".join(cells) + "\n")
    return 0


def _cell(machine: Machine, gpu: Gpu, name: str, *, units: bool) -> str:
    unit, read = _FIELDS[name]
    return f"{read(machine, gpu)} {unit}" if unit and units else read(machine, gpu)


def _table(machine: Machine, chosen: list[Gpu]) -> str:
    now = machine.surroundings.clock.now()
    versions = f"NVIDIA-SMI {DRIVER}             Driver Version: {DRIVER}     CUDA Version: {CUDA}"
    lines = [
        f"{now:%a %b %e %H:%M:%S %Y}       ",
        _LINE,
        f"| {versions:<88}|",
        _RULE,
        "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |",
        "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |",
        "|                                         |                        |               MIG M. |",
        "|=========================================+========================+======================|",
    ]
    for gpu in chosen:
        lines += [
            f"|{gpu.index:4d}  {GPU_NAME:<32}On |   {gpu.bus} Off |                    0 |",
            f"|{_use(gpu):<41}|       0MiB / {GPU_MEMORY_MIB:6d}MiB |      0%      Default |",
            "|                                         |                        |             Disabled |",
            _RULE,
        ]
    return "\n".join([*lines, ""])


def _use(gpu: Gpu) -> str:
    return f" N/A  {gpu.temperature_c:3d}C    P0  {gpu.power_w:13.0f}W / {GPU_POWER_LIMIT_W:4d}W"


COMMANDS: dict[str, Program] = {"nvidia-smi": _nvidia_smi}
