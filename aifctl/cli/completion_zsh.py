"""The completion script for zsh 5: _arguments for the options, compadd for what the inventory says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aifctl.cli.command_tree import Argument, Command, CommandTree, How, Option, Values

_SCRIPT = r"""#compdef aifctl
# zsh completion for aifctl, written by `aifctl completion zsh`.
# Use it: put it into a folder of $fpath under the name _aifctl, before compinit runs.

# What may follow a place (the commands typed so far), in: commands specs
_aifctl_place() {
    local -A o=(
@OPTIONS@
    )
    commands=() specs=()
    case $1 in
@PLACES@
    (*) return 1 ;;
    esac
}

_aifctl_list() {
    local -a words end
    case $1 in
@LISTS@
    esac
    if [[ $words[1] == *'\:'* ]]; then end=(-S ''); fi # what follows the colon is still missing
    _describe -V -t $1 ${1%s} words "${(@)end}"
}

# Offer what the inventory, the runs and the simulated fleets say; what goes on gets no space behind it.
_aifctl_ask() {
    local line text about
    local -a expl whole whole_shown open open_shown
    for line in "${(@f)$("$program" __complete $1 "${(Q)PREFIX}" "${(@)typed[2,-1]}" 2>/dev/null </dev/null)}"; do
        [[ -n $line ]] || continue
        text=${line%%$'\t'*} about=${${line#*$'\t'}%%$'\t'*}
        if [[ $line == *$'\t+' ]]; then
            open+=("$text") open_shown+=("$text${about:+  -- $about}")
        else
            whole+=("$text") whole_shown+=("$text${about:+  -- $about}")
        fi
    done
    _description -V $1 expl $1
    compadd "$expl[@]" -S '' -d open_shown -a open
    compadd "$expl[@]" -d whole_shown -a whole
    (( $#open + $#whole ))
}

_aifctl() {
    local program=${words[1]/#\~\//$HOME/} place= curcontext=$curcontext
    local -a typed=("${(@Q)words}") commands specs
    local -A opt_args
    if (( ${typed[(i)--]} < CURRENT )); then
        _files # behind it stands the nodes' command
        return
    fi
    _aifctl_place ''
    while (( $#commands && CURRENT > 2 )); do
        if [[ $words[2] == (@VALUED@) ]]; then
            (( CURRENT > 3 )) || break
            shift words
            (( CURRENT -= 1 ))
        elif [[ $words[2] != -* ]]; then
            place=${place:+$place }$words[2]
            _aifctl_place $place || return
        fi
        shift words
        (( CURRENT -= 1 ))
    done
    if (( ${typed[(I)--hostfile*]} && ${specs[(I)1:*_aifctl_ask selector]} && ${specs[(I)2:*]} )); then
        # A host file stands in place of the selector: 2:SRC becomes 1:SRC.
        specs=("${(@)specs:#1:*}")
        specs=("${(@)specs/#2:/1:}")
        specs=("${(@)specs/#3:/2:}")
    fi
    if (( $#commands )) && [[ CURRENT -eq 2 && $PREFIX != -* ]]; then
        _describe -t commands command commands
    else
        _arguments -s -S : $specs
    fi
}

if [[ $funcstack[1] == _aifctl ]]; then
    _aifctl "$@"
else
    compdef _aifctl aifctl
fi
"""


def zsh_script(tree: CommandTree) -> str:
    """Return the script."""
    shared = _shared_options(tree)
    parts = {
        "OPTIONS": (f"        {key} {spec}" for key, spec in sorted(shared.items())),
        "PLACES": (_place(command, shared) for command in tree.commands),
        "VALUED": ["|".join(each for option in tree.commands[0].options if option.values for each in option.spellings)],
        "LISTS": (f"    ({name}) words=({_pairs(words)}) ;;" for name, words in tree.lists.items()),
    }
    text = _SCRIPT
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def _shared_options(tree: CommandTree) -> dict[str, str]:
    """Return spelling → spec for those that mean one thing everywhere, so that they stand in the script once."""
    specs: dict[str, set[str]] = {}
    for command in tree.commands:
        for option in command.options:
            for spelling, spec in _specs(option):
                specs.setdefault(spelling, set()).add(spec)
    return {spelling: next(iter(found)) for spelling, found in specs.items() if len(found) == 1}


def _place(command: Command, shared: dict[str, str]) -> str:
    commands = f"commands=({_pairs(command.commands)}) " if command.commands else ""
    pairs = [pair for option in command.options for pair in _specs(option)]
    specs = [f"$o[{spelling}]" if spelling in shared else spec for spelling, spec in pairs]
    specs += [_argument(number, argument) for number, argument in enumerate(command.arguments, start=1)]
    return f"    ({_quoted(command.place)}) {commands}specs=({' '.join(specs)}) ;;"


def _specs(option: Option) -> Iterator[tuple[str, str]]:
    """Yield one spec of _arguments for each spelling."""
    others = " ".join(option.spellings)
    again = "*" if option.repeatable else f"({others})"
    if "--help" in option.spellings:
        again = "(- *)"
    for spelling in option.spellings:
        value, joint = "", ""
        if option.values:
            joint = "=" if spelling.startswith("--") else "+"
            value = f":{_escaped(option.metavar)}:{_action(option.values)}"
            if option.value_optional:
                joint, value = "=-", f":{value}"
        yield spelling, _quoted(f"{again}{spelling}{joint}[{_escaped(option.about)}]{value}")


def _argument(number: int, argument: Argument) -> str:
    place = "*" if argument.many else str(number)
    optional = ":" if argument.metavar.startswith("[") else ""
    return _quoted(f"{place}:{optional}{_escaped(argument.metavar)}:{_action(argument.values)}")


def _action(values: Values) -> str:
    """Return what finds the values; behind a space it is called as it stands, without compadd's options."""
    return {
        How.NOTHING: " ",
        How.FILES: "_files",
        How.FOLDERS: "_files -/",
        How.WORDS: f" _aifctl_list {values.name}",
        How.ASK: f" _aifctl_ask {values.name}",
    }[values.how]


def _pairs(words: Iterable[tuple[str, str]]) -> str:
    return " ".join(_quoted(word.replace(":", "\\:") + (f":{about}" if about else "")) for word, about in words)


def _escaped(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
