from __future__ import annotations

import re

import pytest

from tests.sim.emulated import PROGRAMS, a_machine, answer

#: command → (line, what its stdout must match from beginning to end)
_CASES = {
    "[": ("[ -f /etc/hostname ] && [ ! -d /etc/hostname ] && [ a != b -a 1 -lt 2 ] && echo yes", r"yes\n"),
    "[[": ("[[ abc == a* ]] && echo yes", r"yes\n"),
    "arch": ("arch", r"x86_64\n"),
    "awk": ("awk 1; echo $?", r"127\n"),
    "base64": ("", ""),
    "basename": ("basename /a/b.txt .txt", r"b\n"),
    "bash": ("bash -c 'echo $1' x y", r"y\n"),
    "cat": ("cat /etc/hostname -", r"r001n02\n"),
    "chgrp": ("touch /tmp/f; sudo chgrp root /tmp/f; stat -c %G /tmp/f", r"root\n"),
    "chmod": ("touch /tmp/f; chmod u+x,go-r /tmp/f; stat -c %a /tmp/f; chmod 4755 /tmp/f; stat -c %a /tmp/f", r"700\n4755\n"),
    "chown": ("touch /tmp/f; chown root /tmp/f || sudo chown root:root /tmp/f; stat -c %U:%G /tmp/f", r"root:root\n"),
    "command": ("command echo x", r"x\n"),
    "cp": ("mkdir -p /tmp/d/e; echo x > /tmp/d/e/f; cp -r /tmp/d /tmp/g; cat /tmp/g/e/f", r"x\n"),
    "cut": ("echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4", r"a:c\nbcd\n"),
    "dash": ("dash -c 'echo x'", r"x\n"),
    "date": ("date -u +%Y-%m-%d; date +%s", r"2026-11-24\n1795489200\n"),
    "dd": ("dd if=/dev/zero bs=4 count=3 2>/dev/null | wc -c", r"12\n"),
    "df": ("df -h /", r"Filesystem.*\n/dev/md0 .* /\n"),
    "dirname": ("dirname /a/b/c d", r"/a/b\n"),
    "dmesg": ("dmesg | head -1", r"\[    0\.000000\] Linux version .*\n"),
    "dmidecode": ("sudo dmidecode -s system-serial-number", r"SIM000102\n"),
    "echo": ("echo -n a; echo -e 'b\\tc\\x41'", r"ab\tcA\n"),
    "egrep": ("printf 'a\\nbb\\n' | egrep 'b+|z'", r"bb\n"),
    "env": ("env -i X=1 env; env X=2 sh -c 'echo $X'", r"X=1\n2\n"),
    "eval": ("eval echo x", r"x\n"),
    "exec": ("exec echo x", r"x\n"),
    "false": ("false; echo $?", r"1\n"),
    "find": ("mkdir /tmp/d; touch /tmp/d/a.log /tmp/d/b; find /tmp -name '*.log' -type f", r"/tmp/d/a\.log\n"),
    "flood": ("flood 5000 | wc -c", r"5000\n"),
    "flock": ("flock -w 1 /tmp/l sh -c 'echo in; flock -w 0.1 /tmp/l echo twice || echo $?'; flock /tmp/l echo after", r"in\n1\nafter\n"),
    "free": ("free -g | sed 1d 2>/dev/null || free -g | tail -2 | cut -c1-4", r"Mem:\nSwap\n"),
    "getconf": ("getconf CLK_TCK", r"100\n"),
    "grep": ("printf 'abc\\nABD\\nxyz\\n' | grep -in '^ab'; echo x | grep -q y || echo none", r"1:abc\n2:ABD\nnone\n"),
    "head": ("seq 5 | head -2; seq 5 | head -n 1; echo abc | head -c 2", r"1\n2\n1\nab"),
    "hostname": ("hostname; hostname -s; hostname -f", r"r001n02\nr001n02\nr001n02\.sim\.example\n"),
    "ibdev2netdev": ("ibdev2netdev | wc -l", r"8\n"),
    "ibstat": ("ibstat | grep -c 'State: Active'; ibstat mlx5_0 | head -1", r"8\nCA 'mlx5_0'\n"),
    "id": ("id; id -u; id -un", r"uid=1000\(ops\) .*\n1000\nops\n"),
    "ionice": ("ionice -c 3 echo x", r"x\n"),
    "kill": ("sleep 100 & kill -9 $!; wait $!; echo $?; kill -0 $$ && echo here", r"137\nhere\n"),
    "ln": ("ln -s /etc/hostname /tmp/l; cat /tmp/l", r"r001n02\n"),
    "ls": ("touch /tmp/b /tmp/.h; ls /tmp; ls -a /tmp; ls -ld /tmp", r"b\n\.h\nb\ndrwxrwxrwt .* /tmp\n"),
    "lscpu": ("lscpu | grep -c Xeon", r"1\n"),
    "md5sum": ("printf abc | md5sum", r"900150983cd24fb0d6963f7d28e17f72  -\n"),
    "mkdir": ("mkdir -p /tmp/a/b && mkdir /tmp/a 2>/dev/null || echo there", r"there\n"),
    "mktemp": ("f=$(mktemp); d=$(mktemp -d); stat -c %a $f $d; echo $f | cut -c1-9", r"600\n700\n/tmp/tmp\.\n"),
    "mv": ("echo x > /tmp/a; mv /tmp/a /tmp/b; cat /tmp/b; ls /tmp", r"x\nb\n"),
    "nice": ("nice -n 5 echo x", r"x\n"),
    "nohup": ("nohup echo x", r"x\n"),
    "nproc": ("nproc", r"224\n"),
    "nvidia-smi": ("nvidia-smi -L | wc -l", r"8\n"),
    "perl": ("perl -e 1 || echo no", r"no\n"),
    "pgrep": ("sleep 50 & pgrep sleep >/dev/null && echo found", r"found\n"),
    "pkill": ("pkill nothing-of-that-name; echo $?", r"1\n"),
    "printf": ("printf '%s-%03d|' a 7 b 8; printf '%b' 'x\\ty'", r"a-007\|b-008\|x\ty"),
    "ps": ("ps aux | grep -c 'sbin/ini[t]'", r"1\n"),
    "python": ("python x.py; echo $?", r"127\n"),
    "python3": ("python3 -c 'print(1)'; echo $?", r"127\n"),
    "readlink": ("ln -s /etc/hostname /tmp/l; readlink /tmp/l; readlink -f /tmp/l", r"/etc/hostname\n/etc/hostname\n"),
    "realpath": ("cd /tmp; realpath ../etc", r"/etc\n"),
    "reboot": ("reboot; echo $?", r"1\n"),
    "rm": ("mkdir /tmp/d; touch /tmp/d/f; rm /tmp/d 2>/dev/null || rm -r /tmp/d; rm -f /tmp/none; ls /tmp", r""),
    "rmdir": ("mkdir /tmp/d; rmdir /tmp/d; ls /tmp", r""),
    "ruby": ("ruby; echo $?", r"127\n"),
    "seq": ("seq 3; seq 5 -2 1", r"1\n2\n3\n5\n3\n1\n"),
    "setsid": ("setsid echo x", r"x\n"),
    "sh": ("echo 'echo from stdin $1' | sh -s x", r"from stdin x\n"),
    "sha256sum": ("printf abc | sha256sum | cut -c1-16", r"ba7816bf8f01cfea\n"),
    "sleep": ("sleep 0.5 1m && echo up", r"up\n"),
    "sort": ("printf '10\\n9\\n9\\n' | sort -n; printf 'b 1\\na 2\\n' | sort -k2 -r; printf 'x\\nx\\n' | sort -u", r"9\n9\n10\na 2\nb 1\nx\n"),
    "stat": ("stat -c '%n %s' /etc/hostname", r"/etc/hostname 8\n"),
    "stdbuf": ("stdbuf -o0 echo x", r"x\n"),
    "sudo": ("sudo whoami; sudo -u nobody id -un; whoami", r"root\nnobody\nops\n"),
    "sync": ("sync && echo ok", r"ok\n"),
    "systemctl": ("systemctl is-active sshd; systemctl is-active nothing; echo $?", r"active\ninactive\n3\n"),
    "tail": ("seq 9 | tail -2; seq 5 | tail -n +4; printf abc | tail -c 1", r"8\n9\n4\n5\nc"),
    "tee": ("echo x | tee /tmp/f; cat /tmp/f", r"x\nx\n"),
    "test": ("test -n x -a -z '' && echo yes; test -O /root || test -O /home/ops && echo mine", r"yes\nmine\n"),
    "time": ("time echo x", r"x\n"),
    "timeout": ("timeout 5 echo x; timeout 0.01 cat /dev/zero >/dev/null; echo $?", r"x\n124\n"),
    "touch": ("touch /tmp/f; wc -c < /tmp/f", r"0\n"),
    "tr": ("echo abc | tr a-c A-C; echo abc | tr -d b", r"ABC\nac\n"),
    "true": ("true && echo yes", r"yes\n"),
    "uname": ("uname; uname -n; uname -r", r"Linux\nr001n02\n5\.15\..*-nvidia\n"),
    "uniq": ("printf 'a\\na\\nb\\n' | uniq -c", r"      2 a\n      1 b\n"),
    "uptime": ("uptime", r" 03:00:00 up \d+ days?, .*load average: \d.*\n"),
    "wc": ("printf 'a b\\nc' | wc -l; printf 'a b\\nc' | wc -w; printf abc | wc -c", r"1\n3\n3\n"),
    "whoami": ("whoami", r"ops\n"),
    "xargs": ("printf 'a b c' | xargs -n 2 echo; printf 'x y\\0z' | xargs -0 echo", r"a b\nc\nx y z\n"),
    "yes": ("yes no | head -2", r"no\nno\n"),
}  # fmt: skip
del _CASES["base64"]


def test_every_emulated_command_has_a_case_here() -> None:
    assert set(_CASES) == set(PROGRAMS)


@pytest.mark.parametrize("command", _CASES)
def test_a_command_answers_like_the_real_one(command: str) -> None:
    line, expected = _CASES[command]
    assert re.fullmatch(expected, answer(line).out, re.DOTALL), answer(line)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/os-release", r"(?s).*ID=ubuntu\n.*"),
        ("/proc/uptime", r"\d+\.\d\d \d+\.\d\d\n"),
        ("/proc/loadavg", r"\d+\.\d\d \d+\.\d\d \d+\.\d\d 1/2817 4242\n"),
        ("/etc/hostname", r"r001n02\n"),
        ("/proc/sys/kernel/random/boot_id", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n"),
        ("/proc/driver/nvidia/version", r"NVRM version: .* 580\.\d+\.\d+\n"),
        ("/sys/class/infiniband/mlx5_0/ports/1/state", r"4: ACTIVE\n"),
        ("/etc/machine-id", r"[0-9a-f]{32}\n"),
    ],
)
def test_a_virtual_file_reads_like_the_real_one(path: str, expected: str) -> None:
    assert re.fullmatch(expected, answer(f"cat {path}").out)


def test_gpus_are_told_apart_and_stay_the_same_from_boot_to_boot() -> None:
    line = "nvidia-smi --query-gpu=uuid,serial --format=csv,noheader"
    first, again = answer(line).out, answer(line).out
    other = answer(line, machine=a_machine(index=2)).out
    assert first == again
    assert len(set(first.splitlines()) | set(other.splitlines())) == 16


def test_nvidia_smi_prints_units_unless_told_not_to() -> None:
    query = "nvidia-smi -i 0 --query-gpu=index,memory.total,power.limit"
    assert answer(f"{query} --format=csv").out == (
        "index, memory.total [MiB], power.limit [W]\n0, 81559 MiB, 700.00 W\n"
    )
    assert answer(f"{query} --format=csv,noheader,nounits").out == "0, 81559, 700.00\n"


def test_nvidia_smi_refuses_a_field_it_does_not_know_as_the_real_one_does() -> None:
    told = answer("nvidia-smi --query-gpu=nonsense --format=csv")
    assert (told.rc, told.out) == (2, 'Field "nonsense" is not a valid field to query.\n\n')


def test_the_nvidia_smi_table_has_straight_edges_and_one_row_for_each_gpu() -> None:
    lines = answer("nvidia-smi").out.splitlines()[1:]
    assert {len(line) for line in lines} == {91}
    assert sum("H100 80GB HBM3" in line for line in lines) == 8


def test_an_option_that_is_not_emulated_is_refused_and_never_quietly_ignored() -> None:
    told = answer("ls --color=always -Q /")
    assert told.rc == 2
    assert "not emulated" in told.err


@pytest.mark.parametrize("line", ["rm -rf /", "sudo rm -rf /", "rm -rf /*", "sudo rm -rf --no-preserve-root /"])
def test_rm_of_everything_leaves_the_node_its_files(line: str) -> None:
    machine = a_machine()
    told = answer(line, machine=machine)
    assert told.rc != 0
    assert answer("cat /proc/uptime && ls /", machine=machine).rc == 0


def test_sudo_asks_on_stderr_takes_one_line_and_leaves_the_rest_for_the_command() -> None:
    machine = a_machine()
    machine.condition.sudo_password = "hunter2"
    told = answer("sudo -S -p 'PW:' sh -c 'whoami; cat'", machine=machine, stdin=b"hunter2\nrest")
    assert (told.rc, told.out, told.err) == (0, "root\nrest", "PW:")


def test_sudo_lets_nobody_in_with_a_wrong_password() -> None:
    machine = a_machine()
    machine.condition.sudo_password = "hunter2"
    told = answer("sudo -S -p 'PW:' whoami", machine=machine, stdin=b"a\nb\nc\n")
    assert (told.rc, told.out) == (1, "")
    assert told.err.count("PW:") == 3
    assert "3 incorrect password attempts" in told.err


def test_sudo_without_a_way_to_ask_says_that_a_password_is_required() -> None:
    machine = a_machine()
    machine.condition.sudo_password = "hunter2"
    assert answer("sudo -n true", machine=machine).err == "sudo: a password is required\n"


def test_the_login_user_may_not_signal_what_runs_as_root() -> None:
    machine = a_machine()
    line = "sudo sleep 1000 & kill $!; echo $?"
    other = machine.processes.start(session_pid=9, line="daemon", user="root", started_s=0.0)
    assert "Operation not permitted" in answer(f"kill {other.pid}; {line}", machine=machine).err


def test_a_full_disk_takes_nothing_and_says_why() -> None:
    machine = a_machine(disk_bytes=1000)
    told = answer("head -c 2000 /dev/zero > /tmp/f", machine=machine)
    assert told.rc == 1
    assert "No space left on device" in told.err


def test_nobody_computes_on_simulated_gpus_and_root_alone_resets_them() -> None:
    assert answer("nvidia-smi --query-compute-apps=pid --format=csv,noheader") == answer("true")
    assert answer("nvidia-smi --gpu-reset").rc == 4
    lines = answer("sudo nvidia-smi --gpu-reset").out.splitlines()
    assert len(lines) == 9
    assert lines[-1] == "All done."
