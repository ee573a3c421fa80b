"""Commands about the node itself: names, time, load, users, kernel, services, power."""

from __future__ import annotations

from datetime import UTC, datetime

from aifctl.sim.node.machine import CPUS, DRIVER, KERNEL, MEMORY_KIB
from aifctl.sim.node.parts import chassis_serial
from aifctl.sim.node.template import load
from aifctl.sim.shell.context import Call, CommandError, Program
from aifctl.sim.shell.flags import parse_flags

_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60
_ACTIVE = frozenset({"sshd", "ssh", "nvidia-fabricmanager", "nvidia-persistenced", "nvidia-dcgm", "slurmd", "chrony"})


async def _hostname(call: Call) -> int:
    flags = parse_flags(call, "sfiIda")
    if {"i", "I"} & set(flags.given):
        return await call.say(f"{call.machine.place.address}\n")
    return await call.say(call.machine.name + (".sim.example" if "f" in flags else "") + "\n")


async def _uptime(call: Call) -> int:
    up_s, now = call.machine.uptime_s, call.machine.surroundings.clock.now()
    if call.arguments == ["-s"]:
        return await call.say(_since(call).strftime("%Y-%m-%d %H:%M:%S\n"))
    days, rest_s = divmod(int(up_s), _DAY_S)
    span = f"{rest_s // _HOUR_S:2d}:{rest_s % _HOUR_S // _MINUTE_S:02d}"
    average = ", ".join([f"{load(call.machine):.2f}"] * 3)
    up = f"{days} day{'s' * (days != 1)}, {span}" if days else span
    return await call.say(f" {now:%H:%M:%S} up {up},  1 user,  load average: {average}\n")


def _since(call: Call) -> datetime:
    return datetime.fromtimestamp(call.machine.now_s() - call.machine.uptime_s, tz=UTC)


async def _date(call: Call) -> int:
    now = call.machine.surroundings.clock.now()
    form = next((word[1:] for word in call.arguments if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    form = form.replace("%s", str(int(now.timestamp()))).replace("%N", f"{now.microsecond * 1000:09d}")
    return await call.say(now.strftime(form) + "\n")


async def _uname(call: Call) -> int:
    flags = parse_flags(call, "asnrvmpio")
    facts = {"s": "Linux", "n": call.machine.name, "r": KERNEL, "v": "#70-Ubuntu SMP", "m": "x86_64", "o": "GNU/Linux"}
    wanted = [value for key, value in facts.items() if key in flags or "a" in flags]
    return await call.say(" ".join(wanted or ["Linux"]) + "\n")


async def _id(call: Call) -> int:
    flags = parse_flags(call, "ugnG")
    shell = call.shell
    if {"u", "g", "G"} & set(flags.given):
        return await call.say(f"{shell.user if 'n' in flags else shell.uid}\n")
    user = f"{shell.uid}({shell.user})"
    return await call.say(f"uid={user} gid={user} groups={user}\n")


async def _whoami(call: Call) -> int:
    return await call.say(f"{call.shell.user}\n")


async def _nproc(call: Call) -> int:
    return await call.say(f"{CPUS}\n")


async def _free(call: Call) -> int:
    flags = parse_flags(call, "hmgkbw")
    divisor, unit = (1 << 20, "Gi") if {"g", "h"} & set(flags.given) else (1 << 10, "") if "m" in flags else (1, "")
    total, used = MEMORY_KIB // divisor, MEMORY_KIB // divisor // 16
    unit = unit if "h" in flags else ""
    head = "               total        used        free      shared  buff/cache   available"
    cells = "".join(f"{f'{value}{unit}':>12}" for value in (total, used, total - used, 0, 0, total - used))
    return await call.say(f"{head}\nMem:    {cells}\nSwap:   {f'0{unit}':>12}{f'0{unit}':>12}{f'0{unit}':>12}\n")


async def _dmesg(call: Call) -> int:
    flags = parse_flags(call, "THTxwkLn", "lf")
    boot = [
        f"Linux version {KERNEL} (buildd@simulated) #70-Ubuntu SMP",
        f"DMI: NVIDIA DGXH100/DGXH100, serial {chassis_serial(call.machine)}",
        f"nvidia: loading NVIDIA UNIX x86_64 Kernel Module  {DRIVER}",
        *(f"mlx5_core 0000:{bus}:00.0: firmware version: 28.39.2048" for bus in ("18", "40", "4f", "5e")),
    ]
    lines = [(float(second), text) for second, text in enumerate(boot)]
    lines += [(line.at_s, line.text) for line in call.machine.kernel_said]
    since = _since(call).timestamp()
    for second, text in lines:
        stamp = datetime.fromtimestamp(since + second, tz=UTC).strftime("%a %b %e %H:%M:%S %Y")
        await call.say(f"[{stamp if 'T' in flags else f'{second:12.6f}'}] {text}\n")
    return 0


async def _systemctl(call: Call) -> int:
    words = [word for word in call.arguments if not word.startswith("-")]
    verb, names = (words[0], words[1:]) if words else ("", [])
    if verb == "reboot":
        return await _reboot(call)
    if verb == "is-system-running":
        return await call.say("running\n")
    if verb not in {"is-active", "is-enabled", "status", "start", "stop", "restart"}:
        raise CommandError(f"Unknown command verb {verb[:40]!r} on a simulated node.")
    states = {name: name.removesuffix(".service") in _ACTIVE for name in names}
    if verb in {"start", "stop", "restart"}:
        unknown = [name for name, active in states.items() if not active]
        if unknown:
            return await call.complain(f"Failed to {verb} {unknown[0]}: Unit {unknown[0]} not found.", 5)
        return 0
    for active in states.values():
        await call.say(("active" if verb != "is-enabled" else "enabled") if active else "inactive")
        await call.say("\n")
    return 0 if all(states.values()) and states else 3


async def _reboot(call: Call) -> int:
    """Go away; whoever is connected sees the connection close, as from a real one."""
    if call.shell.uid:
        return await call.complain("Failed to set wall message, ignoring: Interactive authentication required.")
    call.machine.surroundings.reboot(call.machine)
    return 0


async def _getconf(call: Call) -> int:
    known = {"CLK_TCK": "100", "PAGESIZE": "4096", "ARG_MAX": "2097152", "_NPROCESSORS_ONLN": str(CPUS)}
    name = call.arguments[0] if call.arguments else ""
    if name not in known:
        raise CommandError(f"Unrecognized variable '{name[:40]}'", 2)
    return await call.say(known[name] + "\n")


async def _lscpu(call: Call) -> int:
    return await call.say(
        f"Architecture:            x86_64\nCPU(s):                  {CPUS}\n"
        "Model name:              Intel(R) Xeon(R) Platinum 8480C\nSocket(s):               2\n"
    )


async def _dmidecode(call: Call) -> int:
    if call.shell.uid:
        return await call.complain("/sys/firmware/dmi/tables/smbios_entry_point: Permission denied\nCan't read memory")
    known = {
        "system-serial-number": chassis_serial(call.machine), "system-product-name": "DGXH100",
        "system-manufacturer": "NVIDIA", "bios-version": "1.5.9",
    }  # fmt: skip
    wanted = call.arguments[1] if call.arguments[:1] == ["-s"] and len(call.arguments) > 1 else ""
    if wanted not in known:
        raise CommandError("only -s KEYWORD is emulated on a simulated node", 2)
    return await call.say(known[wanted] + "\n")


COMMANDS: dict[str, Program] = {
    "arch": lambda call: call.say("x86_64\n"),
    "date": _date,
    "dmesg": _dmesg,
    "dmidecode": _dmidecode,
    "free": _free,
    "getconf": _getconf,
    "hostname": _hostname,
    "id": _id,
    "lscpu": _lscpu,
    "nproc": _nproc,
    "reboot": _reboot,
    "systemctl": _systemctl,
    "uname": _uname,
    "uptime": _uptime,
    "whoami": _whoami,
}
