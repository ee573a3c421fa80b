from __future__ import annotations

import pytest

from tests.sim.emulated import a_machine, answer


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("echo a; echo b", "a\nb\n"),
        ("echo a && echo b || echo c", "a\nb\n"),
        ("false && echo b || echo c", "c\n"),
        ("! false && echo turned", "turned\n"),
        ("echo 'single $HOME' \"double $HOME\" bare\\ word", "single $HOME double /home/ops bare word\n"),
        ('x=5; echo $x ${x} "${x}y" ${#x} ${nil:-none} ${x:+set}', "5 5 5y 1 none set\n"),
        ("p=/a/b/c.tar.gz; echo ${p##*/} ${p%.*} ${p%%.*} ${p#/a}", "c.tar.gz /a/b/c.tar /a/b/c /b/c.tar.gz\n"),
        ("echo $((2 + 3 * 4)) $(( (2+3)*4 )) $((7/2)) $((-7%3)) $((1<2)) $((x=1))", ""),
        ("echo $(hostname) `hostname`", "r001n02 r001n02\n"),
        ("echo \"$(printf 'a\\nb\\n\\n')\"", "a\nb\n"),
        ("x='a  b'; set -- $x \"$x\"; echo $# \"$1\" \"$3\"", "3 a a  b\n"),
        ("set -- 'a b' c; for i in \"$@\"; do echo \"<$i>\"; done", "<a b>\n<c>\n"),
        ("for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", "1\n3\n"),
        ("i=0; while true; do i=$((i+1)); [ $i -gt 2 ] && break; echo $i; done", "1\n2\n"),
        ("until true; do echo never; done; echo end", "end\n"),
        ("if [ 1 -eq 2 ]; then echo a; elif true; then echo b; else echo c; fi", "b\n"),
        ("case abc in x) echo x;; a*|b) echo glob;; *) echo any;; esac", "glob\n"),
        ('f() { echo "$1-$#"; return 3; }; f a b; echo $?', "a-2\n3\n"),
        ("(x=1; exit 4); echo $? ${x:-unset}", "4 unset\n"),
        ("{ echo a; echo b; } | wc -l", "2\n"),
        ("cat <<E\nhome $HOME\nE", "home /home/ops\n"),
        ("cat <<'E'\nhome $HOME\nE\necho after", "home $HOME\nafter\n"),
        ("cat <<-E\n\tindented\n\tE", "indented\n"),
        ("cat << A; cat << B\n1\nA\n2\nB", "1\n2\n"),
        ("echo out; echo err >&2", "out\n"),
        ("(echo out; echo err >&2) 2>&1 | sort", "err\nout\n"),
        ("echo a > /tmp/f; echo b >> /tmp/f; cat < /tmp/f", "a\nb\n"),
        ("echo hidden > /dev/null 2>&1; echo shown", "shown\n"),
        ("printf 'a b\\nc d\\n' | while read x y; do echo \"$y $x\"; done", "b a\nd c\n"),
        ("sleep 1 & wait; echo $!", ""),
        ("(exit 3) & wait $!; echo $?", "3\n"),
        ("set -e; false; echo never", ""),
        ("set -e; false || true; if false; then :; fi; echo alive", "alive\n"),
        ("set -o pipefail; false | true; echo $?", "1\n"),
        ("trap 'echo bye' EXIT; echo hi", "hi\nbye\n"),
        ("sh -c 'echo \"$0 $1\"' name arg", "name arg\n"),
        ("export V=1; W=2; sh -c 'echo ${V:-no} ${W:-no}'", "1 no\n"),
        ("V=3 sh -c 'echo $V'; echo ${V:-gone}", "3\ngone\n"),
        ("echo /etc/host*", "/etc/hostname /etc/hosts\n"),
        ("echo '/etc/host*' /nothing/here*", "/etc/host* /nothing/here*\n"),
        ("echo ~ ~/x '~'", "/home/ops /home/ops/x ~\n"),
        ("# a comment\necho x # and another", "x\n"),
        ("echo a\\\n  b", "a b\n"),
        ("echo a;;", ""),
        ("cd /etc; pwd; cd - >/dev/null; pwd", "/etc\n/home/ops\n"),
        ("exec sh -c 'echo replaced; exit 5'; echo never", "replaced\n"),
        ("eval 'x=1; echo $x'", "1\n"),
        ("umask 077; echo x > /tmp/secret; stat -c %a /tmp/secret", "600\n"),
        ("command -v sleep; command -v nothing || echo none", "/usr/bin/sleep\nnone\n"),
        ('unset HOME; echo "${HOME-unset}"', "unset\n"),
        ("echo ${x:=given} $x", "given given\n"),
        ("set -- a b c; shift; echo $1 $#", "b 2\n"),
    ],
)  # fmt: skip
def test_a_line_prints_what_a_posix_shell_would_print(line: str, printed: str) -> None:
    if printed:
        assert answer(line).out == printed
    else:
        assert "never" not in answer(line).out


@pytest.mark.parametrize(
    ("line", "rc"),
    [
        ("true", 0), ("false", 1), ("exit 7", 7), ("exit 300", 44), ("(exit 9)", 9), ("sh -c 'exit 3'", 3),
        ("true | false", 1), ("false | true", 0), ("nosuchcommand", 127), ("/no/such/file", 127), ("/etc/hostname", 126),
        ("set -e; false; true", 1), ("cat /nope", 1), ("cd /nope", 1), ("echo x > /no/dir/file", 1), ("", 0),
        ("exit $((2+3))", 5), ("return 4", 4), ("timeout 1 true", 0), ("${x:?needed}", 127), ("echo $((1/0))", 1),
    ],
)  # fmt: skip
def test_a_line_ends_with_the_status_a_shell_would_give(line: str, rc: int) -> None:
    assert answer(line).rc == rc


@pytest.mark.parametrize(
    "line",
    ["echo 'open", 'echo "open', "if true; then echo x", "for in do", "(echo", "echo )", "case x in", "&& x", "| x", "a | | b",
     "echo ${x", "echo $((1", "while true", "f() {", "echo x >", "then", "done", "echo `x", "} x"],
)  # fmt: skip
def test_what_is_no_script_is_said_to_be_none_with_status_2(line: str) -> None:
    told = answer(line)
    assert told.rc in {2, 127}
    assert told.err.startswith("bash: line 1:")
    assert told.out == ""


def test_an_unknown_command_is_not_found_like_in_bash() -> None:
    assert answer("frobnicate --now").err == "bash: line 1: frobnicate: command not found\n"


def test_a_script_on_disk_is_run_by_its_first_line() -> None:
    lines = "printf '#!/bin/sh\\necho \"ran $1\"\\nexit 6\\n' > /tmp/s; chmod +x /tmp/s; /tmp/s arg; echo $?"
    assert answer(lines).out == "ran arg\n6\n"


def test_a_script_for_an_interpreter_that_is_not_emulated_says_so_and_fails() -> None:
    told = answer("printf '#!/usr/bin/env python3\\nprint(1)\\n' > /tmp/s; chmod +x /tmp/s; /tmp/s")
    assert told.rc == 127
    assert "python3 is not emulated" in told.err
    assert told.out == ""


def test_a_function_that_reads_all_its_input_leaves_none_for_the_next_command() -> None:
    assert answer("head -c 4 | cat; cat", stdin=b"abcdefgh").out[:4] == "abcd"


def test_a_variable_set_in_a_pipeline_is_gone_behind_it() -> None:
    assert answer("x=before; echo after | read x; echo $x").out == "before\n"


def test_what_one_session_leaves_on_the_disk_the_next_one_finds() -> None:
    machine = a_machine()
    answer("echo kept > /tmp/f", machine=machine)
    assert answer("cat /tmp/f", machine=machine).out == "kept\n"


def test_bytes_that_are_no_text_pass_through_unharmed() -> None:
    assert answer("cat", stdin=bytes(range(256))).out.encode("utf-8", "surrogateescape") == bytes(range(256))


def test_a_trap_runs_when_the_signal_comes_and_the_script_ends_as_it_says() -> None:
    told = answer("trap 'echo cleaned; exit 143' TERM; kill -TERM $$; sleep 100; echo never")
    assert (told.rc, told.out) == (143, "cleaned\n")


def test_an_ignored_signal_ends_nothing() -> None:
    assert answer("trap '' TERM; kill -TERM $$; echo alive").out == "alive\n"
