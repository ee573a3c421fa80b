"""The completion script for fish 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aifctl.cli.command_tree import Command, CommandTree, Option
from aifctl.cli.completion_bash import how_text, options_by_values

_SCRIPT = r"""# fish completion for aifctl, written by `aifctl completion fish`.
# Use it: aifctl completion fish > ~/.config/fish/completions/aifctl.fish

# What is there of a place (the commands typed so far): its commands, or how each argument's values are found
function __aifctl_commands
    switch "$argv[1]"
@COMMANDS@
    end
end

function __aifctl_arguments
    switch "$argv[1]"
@ARGUMENTS@
    end
end

function __aifctl_options
    switch "$argv[1]"
@OPTIONS@
    end
end

# How the values of PLACE:OPTION are found; fails for flags.
function __aifctl_values
    switch "$argv[1]"
@VALUES@
        case '*'
            return 1
    end
end

function __aifctl_list
    switch "$argv[1]"
@LISTS@
    end
end

# Offer what the inventory, the runs and the simulated fleets say; LINE is all that was typed before WORD.
function __aifctl_ask --argument-names kind word
    set --local line $argv[3..]
    set --local program (string replace --regex '^~/' "$HOME/" -- $line[1])
    command --query $program || return
    command $program __complete $kind "$word" $line[2..] 2>/dev/null </dev/null | string replace --regex '\t\+$' ''
end

# Offer values of one kind that continue WORD; BEFORE stands in front of each.
function __aifctl_offer --argument-names how word before
    set --local found
    switch $how
        case files
            set found (__fish_complete_path "$word" '')
        case folders
            set found (__fish_complete_directories "$word" '')
        case 'list-*'
            set found (__aifctl_list (string sub --start 6 $how))
        case 'ask-*'
            set found (__aifctl_ask (string sub --start 5 $how) "$word" $argv[4..])
    end
    string join \n -- $before$found
end

function __aifctl_complete
    set --local line (commandline --current-process --tokenize --cut-at-cursor)
    while string match --quiet --regex '^[A-Za-z_][A-Za-z0-9_]*=' -- "$line[1]"
        set --erase line[1] # a variable for this one command
    end
    set --local word (commandline --current-token --cut-at-cursor | string replace --regex '^["\']' '' | string replace --all --regex '\\\\(.)' '$1')
    set --local place ''
    set --local waiting ''
    set --local arguments
    for each in $line[2..]
        if test -n "$waiting"
            set waiting ''
        else if test "$each" = --
            __aifctl_offer files "$word" '' # behind it stands the nodes' command
            return
        else if string match --quiet --regex '^-[^0-9]' -- "$each"
            set waiting (__aifctl_values "$place:$each")
        else if test -n "$(__aifctl_commands "$place")"
            set place (string trim "$place $each")
        else
            set --append arguments $each
        end
    end
    if test -n "$waiting"
        __aifctl_offer $waiting "$word" '' $line
    else if string match --quiet -- '--*=*' "$word"
        set --local parts (string split --max 1 = -- $word)
        set --local how (__aifctl_values "$place:$parts[1]" || __aifctl_values "$place:$parts[1]=")
        __aifctl_offer "$how" "$parts[2]" "$parts[1]=" $line
    else if string match --quiet -- '-*' "$word"
        __aifctl_options "$place"
    else if test -n "$(__aifctl_commands "$place")"
        __aifctl_commands "$place"
    else
        set --local hows (__aifctl_arguments "$place")
        set --local at (math (count $arguments) + 1)
        if string match --quiet -- '--hostfile*' $line; and test (count $hows) -gt 1 -a "$hows[1]" = ask-selector
            set at (math $at + 1) # a host file stands in place of the selector
        end
        if test $at -gt (count $hows); and string match --quiet -- 'rest-*' "$hows[-1]"
            set at -1
        end
        __aifctl_offer (string replace rest- '' -- "$hows[$at]") "$word" '' $line
    end
end

complete --command aifctl --no-files --keep-order --arguments '(__aifctl_complete)'
"""

_INDENT = " " * 8


def fish_script(tree: CommandTree) -> str:
    """Return the script."""
    parts = {
        "COMMANDS": (line for command in tree.commands if command.commands for line in _commands(command)),
        "ARGUMENTS": (line for command in tree.commands if command.arguments for line in _arguments(command)),
        "OPTIONS": _options(tree),
        "VALUES": _values(tree),
        "LISTS": (line for name, words in tree.lists.items() for line in _case([name], _told(words))),
    }
    text = _SCRIPT
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def _commands(command: Command) -> Iterator[str]:
    return _case([command.place], _told(command.commands))


def _arguments(command: Command) -> Iterator[str]:
    hows = [f"{'rest-' * each.many}{how_text(each.values)}" for each in command.arguments]
    return _case([command.place], f"string join \\n -- {' '.join(hows)}")


def _options(tree: CommandTree) -> Iterator[str]:
    """Yield branches that print options; those that several places share stand in one, so none ends the others."""
    places: dict[Option, list[str]] = {}
    for command in tree.commands:
        for option in command.options:
            places.setdefault(option, []).append(command.place)
    groups: dict[tuple[str, ...], list[Option]] = {}
    for option, its_places in places.items():
        groups.setdefault(tuple(its_places), []).append(option)
    for where, options in groups.items():
        told = [(each, option.about) for option in options for each in option.spellings]
        yield from _case(where, _told(told))
        yield "    end"
        yield '    switch "$argv[1]"'


def _values(tree: CommandTree) -> Iterator[str]:
    for how, patterns in options_by_values(tree):
        yield from _case(patterns, f"echo {how}")


def _case(patterns: Iterable[str], body: str) -> Iterator[str]:
    yield f"{_INDENT}case {' '.join(map(_quoted, patterns))}"
    yield f"{_INDENT}    {body}"


def _told(words: Iterable[tuple[str, str]]) -> str:
    lines = (f"{word}\t{about}" if about else word for word, about in words)
    return f"string join \\n -- {' '.join(map(_quoted, lines))}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
