# fish completion for aifctl, written by `aifctl completion fish`.
# Use it: aifctl completion fish > ~/.config/fish/completions/aifctl.fish

# What is there of a place (the commands typed so far): its commands, or how each argument's values are found
function __aifctl_commands
    switch "$argv[1]"
        case ''
            string join \n -- 'bench	What aifctl costs on this machine, measured against a simulated fleet of its own' 'completion	Print the completion script for a shell; the same files ship in completions/' 'demo	Show the real commands at work against a simulated fleet: it starts, is toured, and is gone at the end' 'doctor	Look at this control host: settings and where each came from, inventory, keys, limits, state directory' 'find	Say which node a serial, GUID, MAC, address or leaf port belongs to, and where it stands' 'inventory	The inventory: check it, look at it, carry it to and from other tools' 'nodes	Print the nodes of a selection, all of them where none is named' 'probe	Look at this machine as a sweep looks at a node: each section of the probe, its status, its data with -o json' 'pull	Copy a file or a folder from many nodes, each node\'s into a folder of its own' 'push	Copy a file or a folder to many nodes; what is already there is skipped by its hash' 'run	Run a command on many nodes at once' 'runs	What has been run: every run is journalled as it happens' 'schema	Print the JSON Schema of one kind of report, as -o json writes it' 'script	Run a local script on many nodes; it is sent, run by its own interpreter and removed' 'shell	Type commands for many nodes at a prompt; connections stay open between them' 'sim	A simulated fleet: real SSH servers on this machine\'s loopback that execute nothing' 'ssh	Open the system\'s ssh to one node, with the inventory\'s address, user, jump host and host keys' 'trust	Host keys and certificate authorities: what is trusted, and where each came from'
        case 'bench'
            string join \n -- 'fanout	Measure what `aifctl run` costs a node: CPU, memory, nodes per second'
        case 'inventory'
            string join \n -- 'check	Print every mistake at once, each with file and line; 6 where there is one, 0 where there is none' 'export	Write the inventory in another tool\'s format' 'formats	Print the formats that import and export know' 'import	Print another tool\'s inventory as ours; what could not be carried over is said on stderr' 'show	Print all that the inventory says of each node' 'template	Print a small commented inventory to start from'
        case 'runs'
            string join \n -- 'diff	Print the nodes whose outcome or output differs between two runs' 'list	Print the newest runs, newest first' 'prune	Remove the journals and kept output of old runs; what still goes on or is still continued stays' 'resume	Do the rest of a run that was cut short, each node once' 'retry	Do a run again on the nodes with the given outcomes' 'show	Print a run\'s results as it printed them, from the journal' 'stop	End a run from another terminal, as its own first Ctrl-C would'
        case 'sim'
            string join \n -- 'down	End a simulated fleet and remove its files' 'fault	Give nodes of a running simulated fleet faults, or cure them; without either, the kinds there are' 'status	Print the simulated fleets, what is wrong with which nodes, and how much they have been asked' 'up	Start a simulated fleet that stays until `aifctl sim down`; its inventory is written beside it'
        case 'trust'
            string join \n -- 'forget	Remove the nodes\' own entries from the known_hosts file that `trust scan` writes' 'scan	Collect host keys, show what would change, and on confirmation write them to known_hosts' 'show	Print the keys and authorities that would be accepted for each node, each with its source'
    end
end

function __aifctl_arguments
    switch "$argv[1]"
        case 'completion'
            string join \n -- list-bash-zsh-fish
        case 'find'
            string join \n -- nothing
        case 'inventory check'
            string join \n -- files
        case 'inventory export'
            string join \n -- ask-selector
        case 'inventory import'
            string join \n -- files
        case 'inventory show'
            string join \n -- ask-selector
        case 'nodes'
            string join \n -- ask-selector
        case 'pull'
            string join \n -- ask-selector files folders
        case 'push'
            string join \n -- ask-selector files files
        case 'run'
            string join \n -- ask-selector
        case 'runs diff'
            string join \n -- ask-run ask-run
        case 'runs resume'
            string join \n -- ask-run
        case 'runs retry'
            string join \n -- ask-run
        case 'runs show'
            string join \n -- ask-run ask-selector
        case 'runs stop'
            string join \n -- ask-run
        case 'schema'
            string join \n -- list-kinds
        case 'script'
            string join \n -- ask-selector files rest-files
        case 'shell'
            string join \n -- ask-selector
        case 'sim down'
            string join \n -- ask-fleet
        case 'sim fault'
            string join \n -- rest-list-faults
        case 'sim status'
            string join \n -- ask-fleet
        case 'ssh'
            string join \n -- ask-node
        case 'trust forget'
            string join \n -- ask-selector
        case 'trust scan'
            string join \n -- ask-selector
        case 'trust show'
            string join \n -- ask-selector
    end
end

function __aifctl_options
    switch "$argv[1]"
        case '' 'bench' 'bench fanout' 'completion' 'demo' 'doctor' 'find' 'inventory' 'inventory check' 'inventory export' 'inventory formats' 'inventory import' 'inventory show' 'inventory template' 'nodes' 'probe' 'pull' 'push' 'run' 'runs' 'runs diff' 'runs list' 'runs prune' 'runs resume' 'runs retry' 'runs show' 'runs stop' 'schema' 'script' 'shell' 'sim' 'sim down' 'sim fault' 'sim status' 'sim up' 'ssh' 'trust' 'trust forget' 'trust scan' 'trust show'
            string join \n -- '-h	Show what this command does and takes' '--help	Show what this command does and takes'
    end
    switch "$argv[1]"
        case ''
            string join \n -- '--version	Print the version'
    end
    switch "$argv[1]"
        case '' 'bench fanout' 'doctor' 'find' 'inventory check' 'inventory export' 'inventory formats' 'inventory import' 'inventory show' 'inventory template' 'nodes' 'probe' 'pull' 'push' 'run' 'runs diff' 'runs list' 'runs prune' 'runs resume' 'runs retry' 'runs show' 'runs stop' 'schema' 'script' 'shell' 'sim down' 'sim fault' 'sim status' 'sim up' 'ssh' 'trust forget' 'trust scan' 'trust show'
            string join \n -- '-o	table, wide, plain, md, json, jsonl, csv, tsv, nodeset or count' '--output	table, wide, plain, md, json, jsonl, csv, tsv, nodeset or count' '--inventory	Inventory file or folder' '--state-dir	Where runs, locks and caches are kept' '--color	auto, always or never' '--progress	auto, bar, log, json or off; on stderr' '-v	Say more on stderr' '--verbose	Say more on stderr' '-q	Say nothing on stderr but errors' '--quiet	Say nothing on stderr but errors'
    end
    switch "$argv[1]"
        case 'bench fanout'
            string join \n -- '--nodes	How many simulated nodes' '--rounds	Each figure is the median of N runs'
    end
    switch "$argv[1]"
        case 'doctor'
            string join \n -- '--audit	Verify the audit chain, record by record'
    end
    switch "$argv[1]"
        case 'inventory export' 'inventory import'
            string join \n -- '-f	ansible-ini, slurm, hosts, … (inventory formats)' '--format	ansible-ini, slurm, hosts, … (inventory formats)'
    end
    switch "$argv[1]"
        case 'inventory export'
            string join \n -- '--outdir	Where its files go; without it: stdout'
    end
    switch "$argv[1]"
        case 'inventory show' 'nodes' 'pull' 'push' 'run' 'script' 'shell' 'trust forget' 'trust scan' 'trust show'
            string join \n -- '--exclude	Leave these out' '--first	Only the first N' '--sample	Only N at random' '--allow-empty	A term that is empty tonight is no error' '--hostfile	Hosts, one a line, in place of SELECTOR and inventory'
    end
    switch "$argv[1]"
        case 'nodes'
            string join \n -- '--where	Only nodes whose field matches; repeatable'
    end
    switch "$argv[1]"
        case 'pull' 'push' 'run' 'runs resume' 'runs retry' 'script' 'shell' 'ssh' 'trust forget' 'trust scan' 'trust show'
            string join \n -- '--user	Remote user' '--port	SSH port' '-i	Private key; repeatable' '--identity	Private key; repeatable' '--known-hosts	known_hosts file; repeatable' '-J	Jump host, or a chain a,b; repeat for alternatives' '--jump	Jump host, or a chain a,b; repeat for alternatives' '--connect-timeout	To reach and log in to a node (10s)' '--key-password	Password of encrypted keys: file:PATH, fd:N, cmd:COMMAND, ask'
    end
    switch "$argv[1]"
        case 'pull' 'push' 'run' 'script' 'shell' 'trust forget' 'trust scan'
            string join \n -- '-w	Most nodes at once (256)' '--width	Most nodes at once (256)' '--wave	In waves of N, of 5%, or by rack, su or leaf' '--timeout	For the command on each node, 0 for ever (300s)' '--deadline	For the whole run' '--stragglers	After 99.5% have answered give the rest 30s: 99.5%:30s' '--retries	Dial again, only while nothing has started' '--max-failed	Dispatch no more than keeps failures within this' '--workers	Processes, 0 to choose' '--include-state	Also nodes that are off, repair or retired; repeatable' '--min-coverage	Exit 3 below this share of nodes that answered'
    end
    switch "$argv[1]"
        case 'pull' 'push' 'run' 'runs resume' 'runs retry' 'script' 'shell' 'trust forget' 'trust scan'
            string join \n -- '--dry-run	Print what would be done and its hash; do nothing' '-y	Answer the question; lifts no cap' '--yes	Answer the question; lifts no cap' '--confirm-hash	The hash that --dry-run printed' '--reason	Why, for the audit chain'
    end
    switch "$argv[1]"
        case 'pull' 'push' 'run' 'script'
            string join \n -- '--lock	One at a time; needs --deadline' '--jitter	Wait up to this long first, always the same on this host' '--textfile	Attempt, coverage and last success for Prometheus' '--heartbeat-url	Called when covered: file:PATH, fd:N, cmd:COMMAND'
    end
    switch "$argv[1]"
        case 'push'
            string join \n -- '--mode	Permissions of the files, such as 644' '--owner	Owner of what is written' '--delete	Remove below DEST what SRC lacks (guarded)'
    end
    switch "$argv[1]"
        case 'run' 'script'
            string join \n -- '--outdir	Every byte as NODE.out and NODE.err' '--output-cap	Kept per node and stream (1M)' '--live	Lines as they come, each with its node\'s name' '--only-changes	Only what is not as in the last run of the same' '--stdin	Stream this command\'s stdin to every node' '--remote-exit-code	On one node: exit with the remote command\'s code'
    end
    switch "$argv[1]"
        case 'run' 'script' 'shell'
            string join \n -- '--sudo	As root, or as USER' '--sudo-password	file:PATH, fd:N, cmd:COMMAND or ask'
    end
    switch "$argv[1]"
        case 'runs list'
            string join \n -- '--limit	The newest N'
    end
    switch "$argv[1]"
        case 'runs prune'
            string join \n -- '--keep	How many of the newest stay'
    end
    switch "$argv[1]"
        case 'runs resume'
            string join \n -- '--again	Also the nodes whose outcome is unknown'
    end
    switch "$argv[1]"
        case 'runs retry'
            string join \n -- '--outcome	Which outcomes; all that failed where not given'
    end
    switch "$argv[1]"
        case 'sim fault'
            string join \n -- '--cure	Faults to take away; repeatable' '--name	Which fleet, where there are several'
    end
    switch "$argv[1]"
        case 'sim up'
            string join \n -- '--nodes	How many nodes' '--fault	What is wrong with which nodes; repeatable' '--name	What it is called' '--port	Where all nodes listen; 0: a free one' '--seed	Serials, temperatures, dead@5% follow from it' '--workers	Processes that share the nodes; 0 chooses'
    end
    switch "$argv[1]"
    end
end

# How the values of PLACE:OPTION are found; fails for flags.
function __aifctl_values
    switch "$argv[1]"
        case '*:--where'
            echo ask-attribute
        case 'sim fault:--name'
            echo ask-fleet
        case '*:--outcome'
            echo ask-outcomes
        case '*:--exclude'
            echo ask-selector
        case '*:--hostfile' '*:--identity' '*:--inventory' '*:--known-hosts' '*:--textfile' '*:-i'
            echo files
        case '*:--outdir' '*:--state-dir'
            echo folders
        case '*:--color'
            echo list-colors
        case '*:--cure' '*:--fault'
            echo list-faults
        case '*:--format' '*:-f'
            echo list-formats
        case '*:--again'
            echo list-lost
        case '*:--output' '*:-o'
            echo list-outputs
        case '*:--progress'
            echo list-progress
        case '*:--heartbeat-url' '*:--key-password' '*:--sudo-password'
            echo list-references
        case '*:--include-state'
            echo list-states
        case '*:--wave'
            echo list-waves
        case '*:--confirm-hash' '*:--connect-timeout' '*:--deadline' '*:--first' '*:--jitter' '*:--jump' '*:--keep' '*:--limit' '*:--lock' '*:--max-failed' '*:--min-coverage' '*:--mode' 'sim up:--name' '*:--nodes' '*:--output-cap' '*:--owner' '*:--port' '*:--reason' '*:--retries' '*:--rounds' '*:--sample' '*:--seed' '*:--stragglers' '*:--sudo=' '*:--timeout' '*:--user' '*:--width' '*:--workers' '*:-J' '*:-w'
            echo nothing
        case '*'
            return 1
    end
end

function __aifctl_list
    switch "$argv[1]"
        case 'outputs'
            string join \n -- 'count	how many; of a run, how many ended ok' 'csv	for spreadsheets: texts quoted, formulas disarmed, control characters escaped' 'json	one envelope for programs, an item a line' 'jsonl	one object a line, as they arrive, each with a type: run, item, error, summary' 'md	Markdown for tickets and chats' 'nodeset	the names, folded, as scontrol and nodeset read them; of a run, those that ended ok' 'plain	names, one a line; a run as headed blocks, output at the margin, never cut' 'table	for people: equal results folded, outliers first; fitted to a terminal' 'tsv	for cut and awk: a line per item, newline and tab inside a value written \\n and \\t' 'wide	every column, one row per item, nothing folded or cut'
        case 'colors'
            string join \n -- 'auto	on a terminal' 'always' 'never'
        case 'progress'
            string join \n -- 'auto' 'bar' 'log' 'json' 'off'
        case 'bash-zsh-fish'
            string join \n -- 'bash' 'zsh' 'fish'
        case 'formats'
            string join \n -- 'ansible-dynamic	what an Ansible dynamic inventory prints for --list (JSON)' 'ansible-ini	Ansible\'s INI inventory: hosts, groups, variables' 'ansible-yaml	Ansible\'s YAML inventory: groups of hosts' 'clustershell	ClusterShell\'s groups.d (YAML): nodesets by group, one source each' 'hosts	/etc/hosts: addresses and names' 'netbox	NetBox\'s device CSV, for its import and from its export' 'slurm	Slurm\'s NodeName lines and topology.conf, topology/tree' 'slurm-block	Slurm\'s NodeName lines and topology.conf, topology/block' 'ssh-config	ssh_config: one Host block for each node'
        case 'references'
            string join \n -- 'file:	a file holds it' 'fd:	read there' 'cmd:	a command prints it' 'ask'
        case 'waves'
            string join \n -- 'rack' 'su' 'leaf'
        case 'states'
            string join \n -- 'new' 'provisioned' 'burning-in' 'ready' 'allocated' 'suspect' 'draining' 'drained' 'repair' 'retired' 'off'
        case 'lost'
            string join \n -- 'lost'
        case 'kinds'
            string join \n -- 'Doctor	One setting or one check of this control host.' 'FanoutBench	What `aifctl run` costs a node, one row for each way of running it.' 'HostKey	A host key or certificate authority that would be accepted for a node.' 'HostKeyChange	What a scan saw of a node\'s host keys, beside what is known.' 'InventoryEntry	All that the inventory says of one node.' 'InventoryFormat	One format of inventory import and export.' 'InventoryMistake	One mistake of an inventory; line 0 means the file as a whole.' 'Match	A node that a serial, GUID, MAC, address or leaf port belongs to.' 'Node	One node of a selection.' 'Plan	What would be done, with the hash that --confirm-hash takes.' 'Probe	One section of what the probe reads of this machine, raw.' 'ReportKind	A kind of report that -o json writes.' 'Run	What became of each node of a run.' 'RunChange	A node whose outcome, exit status or output differs between two runs.' 'Runs	Runs that are kept, newest first.' 'SimulatedFault	A fault that simulated nodes were given, or cured of.' 'SimulatedFleet	One simulated fleet: real SSH servers on this machine\'s loopback.' 'Text	A text and the name of the file it would go to.'
        case 'faults'
            string join \n -- 'auth-refused	lets no key in' 'dead	answers no packet; dialling it ends by timeout' 'dies-mid-command	resets the connection while a command runs' 'exit	every command runs and ends with that status' 'flood	prints that many bytes before the command\'s own output' 'full-disk	nothing can be written' 'half-open	accepts and never says a word' 'hang	commands start and never return; signals end them' 'no-sftp	offers no SFTP' 'non-utf8	prints invalid bytes and escape sequences before the output' 'refused	nobody listens; dialling it is refused' 'slow	every command takes that much longer' 'slow-banner	accepts at once, sends its banner late' 'stuck	commands never return and survive every signal' 'sudo-password	sudo asks for a password (\'simulated\')' 'throttle	closes connections before the banner: that share of them, or all above 10 at once' 'wrong-host-key	shows a host key that nobody knows'
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
