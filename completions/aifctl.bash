# bash completion for aifctl, written by `aifctl completion bash`.
# Use it: . completions/aifctl.bash, or copy it to /etc/bash_completion.d/aifctl

# What may follow a place (the commands typed so far), in: commands options arguments rest
_aifctl_place() {
    commands= options= arguments=() rest=nothing
    case $1 in
    '') commands='bench checks completion demo doctor events find freeze incident inventory leases node nodes probe pull push reconcile run runs schema script shell sim ssh status store sweep trust unfreeze' options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose --version' ;;
    bench) commands=fanout options='-h --help' ;;
    'bench fanout') options='--color -h --help --inventory --nodes -o --output --progress -q --quiet --rounds --state --state-dir -v --verbose' ;;
    checks) commands='explain list mute unmute' options='-h --help' ;;
    'checks explain') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-check) ;;
    'checks list') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'checks mute') options='--color -h --help --inventory --nodes -o --output --progress -q --quiet --reason --state --state-dir --until -v --verbose' arguments=(ask-check) ;;
    'checks unmute') options='--color -h --help --inventory --nodes -o --output --progress -q --quiet --reason --state --state-dir -v --verbose' arguments=(ask-check) ;;
    completion) options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(list-bash-zsh-fish) ;;
    demo) options='-h --help' ;;
    doctor) options='--audit --color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    events) options='--color -h --help --inventory --limit -o --output --progress -q --quiet --since --state --state-dir -v --verbose' arguments=(ask-selector) ;;
    find) options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(nothing) ;;
    freeze) options='--allow-empty --color --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --reason --sample --state --state-dir -v --verbose' arguments=(ask-selector) ;;
    incident) commands='ack close list show silence' options='-h --help' ;;
    'incident ack') options='--color -h --help --inventory -o --output --progress -q --quiet --reason --state --state-dir -v --verbose' rest=ask-incident ;;
    'incident close') options='--color -h --help --inventory -o --output --progress -q --quiet --reason --state --state-dir -v --verbose' rest=ask-incident ;;
    'incident list') options='--check --closed --color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'incident show') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-incident) ;;
    'incident silence') options='--color --for -h --help --inventory -o --output --progress -q --quiet --reason --state --state-dir -v --verbose' rest=ask-incident ;;
    inventory) commands='check export formats import show template' options='-h --help' ;;
    'inventory check') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(files) ;;
    'inventory export') options='--color -f --format -h --help --inventory -o --outdir --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-selector) ;;
    'inventory formats') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'inventory import') options='--color -f --format -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(files) ;;
    'inventory show') options='--allow-empty --color --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --sample --state --state-dir -v --verbose' arguments=(ask-selector) ;;
    'inventory template') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    leases) commands='break list' options='-h --help' ;;
    'leases break') options='--allow-empty --color --confirm-hash --dry-run --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --reason --sample --scope --state --state-dir -v --verbose -y --yes' arguments=(ask-selector) ;;
    'leases list') options='--allow-empty --color --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --sample --state --state-dir -v --verbose' arguments=(ask-selector) ;;
    node) commands='collect drain history note reboot reset-gpu resume show states undrain why' options='-h --help' ;;
    'node collect') options='--allow-empty --bug-report --color --connect-timeout --deadline --exclude --first -h --help --hostfile -i --identity --include-state --inventory -J --jump --key-password --known-hosts --max-failed --min-coverage --no-sudo -o --outdir --output --port --progress -q --quiet --retries --sample --state --state-dir --stragglers --sudo-password --timeout --user -v --verbose -w --wave --width --workers' arguments=(ask-selector) ;;
    'node drain') options='--allow-empty --color --confirm-hash --dry-run --exclude --first -h --help --hostfile --idle --inventory -o --output --progress -q --quiet --reason --sample --state --state-dir -v --verbose --wait -y --yes' arguments=(ask-selector) ;;
    'node history') options='--color -h --help --inventory -o --output --progress -q --quiet --since --state --state-dir -v --verbose' arguments=(ask-node) ;;
    'node note') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-selector nothing) ;;
    'node reboot') options='--allow-empty --back --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --help --hostfile -i --identity --include-state --inventory -J --jump --key-password --known-hosts --max-failed --min-coverage --no-sudo -o --output --port --progress -q --quiet --reason --retries --sample --skip-busy --state --state-dir --stragglers --sudo-password --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector) ;;
    'node reset-gpu') options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --help --hostfile -i --identity --include-state --inventory -J --jump --key-password --known-hosts --max-failed --min-coverage --no-sudo -o --output --port --progress -q --quiet --reason --retries --sample --skip-busy --state --state-dir --stragglers --sudo-password --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector) ;;
    'node resume') options='--allow-empty --color --confirm-hash --dry-run --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --reason --sample --skip-busy --state --state-dir --take-over -v --verbose -y --yes' arguments=(ask-selector) ;;
    'node show') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-node) ;;
    'node states') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'node undrain') options='--allow-empty --color --confirm-hash --dry-run --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --reason --sample --skip-busy --state --state-dir --take-over -v --verbose -y --yes' arguments=(ask-selector) ;;
    'node why') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-node) ;;
    nodes) options='--allow-empty --color --exclude --first -h --help --hostfile --inventory -o --output --progress -q --quiet --sample --state --state-dir -v --verbose --where' arguments=(ask-selector) ;;
    probe) options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    pull) options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --heartbeat-url --help --hostfile -i --identity --include-state --inventory -J --jitter --jump --key-password --known-hosts --lock --max-failed --min-coverage -o --output --port --progress -q --quiet --reason --retries --sample --state --state-dir --stragglers --textfile --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector files folders) ;;
    push) options='--allow-empty --color --confirm-hash --connect-timeout --deadline --delete --dry-run --exclude --first -h --heartbeat-url --help --hostfile -i --identity --include-state --inventory -J --jitter --jump --key-password --known-hosts --lock --max-failed --min-coverage --mode -o --output --owner --port --progress -q --quiet --reason --retries --sample --state --state-dir --stragglers --textfile --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector files files) ;;
    reconcile) options='--color --deadline -h --heartbeat-url --help --inventory --jitter --lock -o --only-changes --output --progress -q --quiet --state --state-dir --textfile -v --verbose' ;;
    run) options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --heartbeat-url --help --hostfile -i --identity --include-state --inventory -J --jitter --jump --key-password --known-hosts --live --lock --max-failed --min-coverage -o --only-changes --outdir --output --output-cap --port --progress -q --quiet --reason --remote-exit-code --retries --sample --state --state-dir --stdin --stragglers --sudo --sudo-password --textfile --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector) ;;
    runs) commands='diff list prune resume retry show stop' options='-h --help' ;;
    'runs diff') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-run ask-run) ;;
    'runs list') options='--color -h --help --inventory --limit -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'runs prune') options='--color -h --help --inventory --keep -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'runs resume') options='--again --color --confirm-hash --connect-timeout --dry-run -h --help -i --identity --inventory -J --jump --key-password --known-hosts -o --output --port --progress -q --quiet --reason --state --state-dir --user -v --verbose -y --yes' arguments=(ask-run) ;;
    'runs retry') options='--color --confirm-hash --connect-timeout --dry-run -h --help -i --identity --inventory -J --jump --key-password --known-hosts -o --outcome --output --port --progress -q --quiet --reason --state --state-dir --user -v --verbose -y --yes' arguments=(ask-run) ;;
    'runs show') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-run ask-selector) ;;
    'runs stop') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-run) ;;
    schema) options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(list-kinds) ;;
    script) options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --heartbeat-url --help --hostfile -i --identity --include-state --inventory -J --jitter --jump --key-password --known-hosts --live --lock --max-failed --min-coverage -o --only-changes --outdir --output --output-cap --port --progress -q --quiet --reason --remote-exit-code --retries --sample --state --state-dir --stdin --stragglers --sudo --sudo-password --textfile --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector files) rest=files ;;
    shell) options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --help --hostfile -i --identity --include-state --inventory -J --jump --key-password --known-hosts --max-failed --min-coverage -o --output --port --progress -q --quiet --reason --retries --sample --state --state-dir --stragglers --sudo --sudo-password --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector) ;;
    sim) commands='down fault status up' options='-h --help' ;;
    'sim down') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-fleet) ;;
    'sim fault') options='--color --cure -h --help --inventory --name -o --output --progress -q --quiet --state --state-dir -v --verbose' rest=list-faults ;;
    'sim status') options='--color -h --help --inventory -o --output --progress -q --quiet --state --state-dir -v --verbose' arguments=(ask-fleet) ;;
    'sim up') options='--color --fault -h --help --inventory --name --nodes -o --output --port --progress -q --quiet --seed --state --state-dir -v --verbose --workers' ;;
    ssh) options='--color --connect-timeout -h --help -i --identity --inventory -J --jump --key-password --known-hosts -o --output --port --progress -q --quiet --state --state-dir --user -v --verbose' arguments=(ask-node) ;;
    status) options='--allow-empty --by --color --exclude --fail-on --first -h --help --hostfile --inventory --map -o --output --progress -q --quiet --sample --stale-after --state --state-dir -v --verbose --watch' arguments=(ask-selector) ;;
    store) commands='prune rebuild' options='-h --help' ;;
    'store prune') options='--color --dry-run -h --help --inventory --keep -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    'store rebuild') options='--color -h --help --inventory --log -o --output --progress -q --quiet --state --state-dir -v --verbose' ;;
    sweep) options='--act --allow-empty --color --connect-timeout --deadline --exclude --fail-on --first -h --heartbeat-url --help --hostfile -i --identity --include-state --inventory -J --jitter --jump --key-password --known-hosts --lock --max-failed --min-coverage -o --only-changes --output --port --profile --progress -q --quiet --resume --retries --sample --state --state-dir --stragglers --sudo --sudo-password --textfile --timeout --user -v --verbose -w --wave --width --workers' arguments=(ask-selector) ;;
    trust) commands='forget scan show' options='-h --help' ;;
    'trust forget') options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --help --hostfile -i --identity --include-state --inventory -J --jump --key-password --known-hosts --max-failed --min-coverage -o --output --port --progress -q --quiet --reason --retries --sample --state --state-dir --stragglers --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector) ;;
    'trust scan') options='--allow-empty --color --confirm-hash --connect-timeout --deadline --dry-run --exclude --first -h --help --hostfile -i --identity --include-state --inventory -J --jump --key-password --known-hosts --max-failed --min-coverage -o --output --port --progress -q --quiet --reason --retries --sample --state --state-dir --stragglers --timeout --user -v --verbose -w --wave --width --workers -y --yes' arguments=(ask-selector) ;;
    'trust show') options='--allow-empty --color --connect-timeout --exclude --first -h --help --hostfile -i --identity --inventory -J --jump --key-password --known-hosts -o --output --port --progress -q --quiet --sample --state --state-dir --user -v --verbose' arguments=(ask-selector) ;;
    unfreeze) options='--all --allow-empty --color --dry-run --exclude --first -h --help --hostfile --id --inventory -o --output --progress -q --quiet --reason --sample --state --state-dir -v --verbose' arguments=(ask-selector) ;;
    *) return 1 ;;
    esac
}

# How the values of an option are found, in: how. Fails for flags.
_aifctl_option() {
    case $1:$2 in
    *:--where) how=ask-attribute ;;
    'sim fault:--name') how=ask-fleet ;;
    *:--jump|*:-J) how=ask-jump ;;
    *:--lock) how=ask-lock ;;
    *:--outcome) how=ask-outcomes ;;
    *:--resume) how=ask-run ;;
    *:--exclude|'checks mute:--nodes'|'checks unmute:--nodes') how=ask-selector ;;
    *:--hostfile|*:--identity|*:--inventory|*:--known-hosts|*:--textfile|*:-i) how=files ;;
    *:--log|*:--outdir|*:--state-dir) how=folders ;;
    *:--color) how=list-colors ;;
    sweep:--fail-on) how=list-fault-degraded-unknown-watch-new ;;
    *:--cure|*:--fault) how=list-faults ;;
    *:--format|*:-f) how=list-formats ;;
    *:--again) how=list-lost ;;
    *:--output|*:-o) how=list-outputs ;;
    *:--progress) how=list-progress ;;
    *:--by) how=list-rack-su-hall-sku-state-feed-result-check-node ;;
    *:--heartbeat-url|*:--key-password|*:--sudo-password) how=list-references ;;
    *:--include-state) how=list-states ;;
    status:--fail-on) how=list-watch-degraded-fault-unknown-unreachable-stale-unseen-new ;;
    *:--wave) how=list-waves ;;
    *:--back|*:--check|*:--closed|*:--confirm-hash|*:--connect-timeout|*:--deadline|*:--first|*:--for|*:--id|*:--jitter|*:--keep|*:--limit|*:--max-failed|*:--min-coverage|*:--mode|'sim up:--name'|'bench fanout:--nodes'|'sim up:--nodes'|*:--output-cap|*:--owner|*:--port|*:--profile|*:--reason|*:--retries|*:--rounds|*:--sample|*:--scope|*:--seed|*:--since|*:--stale-after|*:--state|*:--stragglers|*:--sudo=|*:--timeout|*:--until|*:--user|*:--wait|*:--watch=|*:--width|*:--workers|*:-w) how=nothing ;;
    *) return 1 ;;
    esac
}

_aifctl_list() {
    case $1 in
    outputs) echo count csv html json jsonl md nagios nodeset plain prometheus table tsv wide ;;
    colors) echo auto always never ;;
    progress) echo auto bar log json off ;;
    bash-zsh-fish) echo bash zsh fish ;;
    formats) echo ansible-dynamic ansible-ini ansible-yaml clustershell hosts netbox slurm slurm-block ssh-config ;;
    references) echo file: fd: cmd: ask ;;
    waves) echo rack su leaf ;;
    states) echo new provisioned burning-in ready allocated suspect draining drained repair retired off ;;
    lost) echo lost ;;
    kinds) echo Bundle Check Checks Chore Doctor Event FanoutBench FollowUp Freeze HostKey HostKeyChange Incident IncidentStory InventoryEntry InventoryFormat InventoryMistake Lease LegalMove Match Mute Node NodeEvent NodeMove NodeShown NodeStatus NodeWhy Note Plan Probe ReportKind Run RunChange Runs SimulatedFault SimulatedFleet Status StoreDamage StorePruned Sweep Text ;;
    faults) echo acs-on auth-refused clock-1970 clock-skew clock-source clock-unsynced dead dies-mid-command dimm-lost disk-dead disk-error disk-full disk-worn driver-hung driver-skew ecc-chain ecc-dram ecc-off ecc-sram exit fabric-in-progress fabric-not-started flood fm-dead fm-skew full-disk governor gpu-fell-off gpu-init-failed gpu-lost gpu-off-bus-told gpu-recovery gpu-wrong-socket half-open hang hca-firmware-skew hca-lost hot hung-task hw-thermal ib-disabled ib-down ib-errors ib-ethernet ib-flap ib-no-sm ib-polling ib-slow inforom-corrupt inodes-full kernel-oops library-mismatch machine-check memory-ce memory-ue mig-on mlx5-health module-missing mount-gone mount-hung no-driver no-sftp non-utf8 nvlink-down oom pcie-aer pcie-downtrain persistence-off power-brake power-limit probe-cut probe-flood probe-garbage probe-schema read-only reboot refused remap-failure remap-pending service-dead slow slow-banner soft-lockup stuck stuck-process sudo-password swap-on sxid throttle vbios-skew wrong-host-key wrong-name wrong-serial xid ;;
    rack-su-hall-sku-state-feed-result-check-node) echo rack su hall sku state feed result check node ;;
    watch-degraded-fault-unknown-unreachable-stale-unseen-new) echo watch degraded fault unknown unreachable stale unseen new ;;
    fault-degraded-unknown-watch-new) echo fault degraded unknown watch new ;;
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
