"""The completion script for bash 4 and later; 3.2 manages with spaces behind what goes on."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from aifctl.cli.command_tree import Command, CommandTree, How, Values

_SCRIPT = r"""# bash completion for aifctl, written by `aifctl completion bash`.
# Use it: . completions/aifctl.bash, or copy it to /etc/bash_completion.d/aifctl

# What may follow a place (the commands typed so far), in: commands options arguments rest
_aifctl_place() {
    commands= options= arguments=() rest=nothing
    case $1 in
@PLACES@
    *) return 1 ;;
    esac
}

# How the values of an option are found, in: how. Fails for flags.
_aifctl_option() {
    case $1:$2 in
@OPTIONS@
    *) return 1 ;;
    esac
}

_aifctl_list() {
    case $1 in
@LISTS@
    esac
}

# Split a line as the shell would: typed (unquoted; the last is the one at the cursor), raw (that one as it stands
# there), quote (the one it is open in), after (the last of < and > before it).
_aifctl_split() {
    local line=$1 at=0 char word= begun=
    typed=() raw= quote= after=
    while ((at < ${#line})); do
        char=${line:at:1}
        raw+=$char
        ((at += 1))
        if [[ $quote == "'" && $char != "'" ]]; then
            word+=$char
        elif [[ $char == "\\" && $quote != "'" ]]; then
            char=${line:at:1}
            if [[ $quote && $char != [\"\\\$\`] ]]; then word+="\\"; fi
            raw+=$char word+=$char begun=1
            ((at += 1))
        elif [[ $quote ]]; then
            if [[ $char == "$quote" ]]; then quote=; else word+=$char; fi
        elif [[ $char == [\'\"] ]]; then
            quote=$char begun=1
        elif [[ $char == [[:space:]\<\>] ]]; then
            if [[ $begun && ! $after ]]; then typed+=("$word"); fi
            if [[ $begun ]]; then after=; fi
            if [[ $char == [\<\>] ]]; then after=$char; fi
            word= raw= begun=
        else
            word+=$char begun=1
        fi
    done
    typed+=("$word")
}

# Offer words that continue $word: what is typed stays as it is, what comes on is quoted as the place needs it.
_aifctl_reply() {
    local each rest_of head=$raw
    for each in "$@"; do
        [[ $each == "$word"* ]] || continue
        rest_of=${each:${#word}}
        if [[ ! $quote && $rest_of ]]; then
            printf -v rest_of %q "$rest_of"
        elif [[ $quote == '"' ]]; then
            rest_of=${rest_of//\\/\\\\} rest_of=${rest_of//\"/\\\"} rest_of=${rest_of//\$/\\\$} rest_of=${rest_of//\`/\\\`}
        else
            rest_of=${rest_of//\'/\'\\\'\'}
        fi
        COMPREPLY+=("$raw$rest_of")
    done
    # Readline puts the reply where its own word begins: behind the open quote, or behind the last character that breaks
    # words; an @ that does stays with what follows it.
    if [[ $quote ]]; then
        head=${head%"${head##*"$quote"}"}
    else
        while [[ $head && ($COMP_WORDBREAKS != *"${head: -1}"* || ${head: -2:1} == "\\") ]]; do head=${head%?}; done
        if [[ ${head: -1} == @ ]]; then head=${head%?}; fi
    fi
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[=:] ]]; then compopt -o nospace 2>/dev/null; fi
}

# Offer what the inventory, the runs and the simulated fleets say.
_aifctl_ask() {
    local program=${typed[0]} line more= found=()
    if [[ $program == "~/"* ]]; then program=$HOME/${program:2}; fi
    while IFS= read -r line; do
        found+=("${line%%$'\t'*}")
        if [[ $line == *$'\t+' ]]; then more=1; fi
    done < <("$program" __complete "$1" "$word" "${typed[@]:1}" 2>/dev/null </dev/null)
    compopt -o nosort 2>/dev/null
    _aifctl_reply "${found[@]}"
    if [[ $more && ${#found[@]} == 1 ]]; then compopt -o nospace 2>/dev/null; fi
}

_aifctl_offer() {
    case $1 in
    files) compopt -o default 2>/dev/null ;;
    folders) compopt -o dirnames 2>/dev/null ;;
    list-*) _aifctl_reply $(_aifctl_list "${1#list-}") ;;
    ask-*) _aifctl_ask "${1#ask-}" ;;
    esac
}

_aifctl() {
    local IFS=$' \t\n' typed raw quote after commands options arguments rest place= how= waiting= hostfile= count=0 each word
    COMPREPLY=()
    _aifctl_split "${COMP_LINE:0:COMP_POINT}"
    word=${typed[${#typed[@]} - 1]}
    if [[ $after ]]; then
        _aifctl_offer files
        return
    fi
    _aifctl_place ""
    for each in "${typed[@]:1:${#typed[@]}-2}"; do
        if [[ $waiting ]]; then
            waiting=
        elif [[ $each == -- ]]; then
            _aifctl_offer files # behind it stands the nodes' command
            return
        elif [[ $each == -?* && $each != -[0-9]* ]]; then
            if [[ $each == --hostfile* ]]; then hostfile=1; fi
            if _aifctl_option "$place" "$each"; then waiting=$how; fi
        elif [[ $commands ]]; then
            place=${place:+$place }$each
            _aifctl_place "$place" || return
        else
            ((count += 1))
        fi
    done
    if [[ $waiting ]]; then
        _aifctl_offer "$waiting"
    elif [[ $word == --*=* ]]; then
        if _aifctl_option "$place" "${word%%=*}" || _aifctl_option "$place" "${word%%=*}="; then
            word=${word#*=}
            _aifctl_offer "$how"
        fi
    elif [[ $word == -* ]]; then
        _aifctl_reply $options
    elif [[ $commands ]]; then
        _aifctl_reply $commands
    else
        # A host file stands in place of the selector.
        if [[ $hostfile && ${arguments[0]-} == ask-selector && ${#arguments[@]} -gt 1 ]]; then ((count += 1)); fi
        _aifctl_offer "${arguments[count]:-$rest}"
    fi
}

complete -F _aifctl aifctl
"""


def bash_script(tree: CommandTree) -> str:
    """Return the script."""
    lists = [f"    {name}) echo {' '.join(word for word, _ in words)} ;;" for name, words in tree.lists.items()]
    parts = {"PLACES": map(_place, tree.commands), "OPTIONS": option_cases(tree), "LISTS": lists}
    text = _SCRIPT
    for name, lines in parts.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text


def how_text(values: Values) -> str:
    """Return how the scripts of bash and fish say where values come from."""
    prefix = {How.WORDS: "list-", How.ASK: "ask-"}.get(values.how, "")
    return f"{prefix}{values.name}" if prefix else values.how.value


def options_by_values(tree: CommandTree) -> Iterator[tuple[str, list[str]]]:
    """Yield (how its values are found, patterns PLACE:OPTION); an option whose value is joined by = ends in it."""
    everywhere: dict[str, set[str | None]] = {}
    found: dict[str, dict[str, list[str]]] = {}
    for command in tree.commands:
        for option in command.options:
            how = None
            if option.values:
                how = how_text(option.values)
            for spelling in option.spellings:
                name = f"{spelling}=" if option.value_optional else spelling
                everywhere.setdefault(name, set()).add(how)
                if how is not None:
                    found.setdefault(how, {}).setdefault(name, []).append(command.place)
    for how, names in sorted(found.items()):
        yield how, [pattern for name in sorted(names) for pattern in _patterns(name, names[name], everywhere[name])]


def option_cases(tree: CommandTree) -> Iterator[str]:
    """Yield one branch for each way to find values."""
    for how, patterns in options_by_values(tree):
        yield f"    {'|'.join(map(_pattern, patterns))}) how={how} ;;"


def _patterns(name: str, places: Iterable[str], hows: set[str | None]) -> list[str]:
    return [f"*:{name}"] if len(hows) == 1 else [f"{place}:{name}" for place in places]


def _pattern(pattern: str) -> str:
    return pattern if pattern.startswith("*") else shlex.quote(pattern)


def _place(command: Command) -> str:
    said = [f"commands={shlex.quote(' '.join(name for name, _ in command.commands))}"] if command.commands else []
    spellings = (each for option in command.options for each in option.spellings)
    said.append(f"options={shlex.quote(' '.join(sorted(spellings, key=lambda each: each.lstrip('-').lower())))}")
    one_each = [how_text(each.values) for each in command.arguments if not each.many]
    if one_each:
        said.append(f"arguments=({' '.join(one_each)})")
    said += [f"rest={how_text(each.values)}" for each in command.arguments if each.many]
    return f"    {shlex.quote(command.place)}) {' '.join(said)} ;;"
