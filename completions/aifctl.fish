# fish completion for aifctl, written by `aifctl completion fish`.
# Use it: aifctl completion fish > ~/.config/fish/completions/aifctl.fish

# What is there of a place (the commands typed so far): its commands, or how each argument's values are found
function __aifctl_commands
    switch "$argv[1]"
        case ''
            string join \n -- 'bench	What aifctl costs on this machine, measured against a simulated fleet of its own' 'checks	What a sweep looks for, by which numbers, and where those come from' 'completion	Print the completion script for a shell; the same files ship in completions/' 'demo	Show the real commands at work against a simulated fleet: it starts, is toured, and is gone at the end' 'doctor	Look at this control host: settings and where each came from, inventory, keys, limits, state directory' 'events	Print one time line of runs, sweeps, findings, incidents, moves and people; the newest last' 'find	Say which node a serial, GUID, MAC, address or leaf port belongs to, and where it stands' 'freeze	Have every changing verb refuse these nodes, or all of them; what runs already goes on' 'incident	What is wrong with the fleet: one incident however many nodes say so' 'inventory	The inventory: check it, look at it, carry it to and from other tools' 'leases	Leases: who holds which nodes for themselves, and until when' 'node	One node or some: what is known of them, and what is done to them' 'nodes	Print the nodes of a selection, all of them where none is named' 'probe	Look at this machine as a sweep looks at a node: each section of the probe, its status, its data with -o json' 'pull	Copy a file or a folder from many nodes, each node\'s into a folder of its own' 'push	Copy a file or a folder to many nodes; what is already there is skipped by its hash' 'reconcile	Do what needs doing while nobody is at a terminal: every five minutes from cron, on any control host' 'run	Run a command on many nodes at once' 'runs	What has been run: every run is journalled as it happens' 'schema	Print the JSON Schema of one kind of report, as -o json writes it' 'script	Run a local script on many nodes; it is sent, run by its own interpreter and removed' 'shell	Type commands for many nodes at a prompt; connections stay open between them' 'sim	A simulated fleet: real SSH servers on this machine\'s loopback that execute nothing' 'ssh	Open the system\'s ssh to one node, with the inventory\'s address, user, jump host and host keys' 'status	Show how the fleet stands: what is wrong, since when, how far it reaches; from the last sweeps, asking no node' 'store	What is remembered of the fleet: a database, and the log that it can be made of' 'sweep	Look at nodes once, all of them where none is named: probe, judge, remember, fold into incidents, say what is wrong' 'trust	Host keys and certificate authorities: what is trusted, and where each came from' 'unfreeze	Lift a freeze: the only one there is, those of some nodes, or by number'
        case 'bench'
            string join \n -- 'fanout	Measure what `aifctl run` costs a node: CPU, memory, nodes per second'
        case 'checks'
            string join \n -- 'explain	Print what a check sees and what it can\'t, its numbers with their sources, and what it may ask for' 'list	Print all checks, what of them stands now, and which are muted' 'mute	Let a check read unknown, not ok, for a while: nothing is done on its word, and it makes no incident' 'unmute	End a check\'s mutes before their time'
        case 'incident'
            string join \n -- 'ack	Take incidents on, so that others see by whom' 'close	Close incidents; a sweep opens anew what is still so' 'list	Print the incidents that are open, worst first' 'show	Print one incident and all that has happened to it' 'silence	Tell nobody of incidents for a while; what they make a sweep do goes on'
        case 'inventory'
            string join \n -- 'check	Print every mistake at once, each with file and line; 6 where there is one, 0 where there is none' 'export	Write the inventory in another tool\'s format' 'formats	Print the formats that import and export know' 'import	Print another tool\'s inventory as ours; what could not be carried over is said on stderr' 'show	Print all that the inventory says of each node' 'template	Print a small commented inventory to start from'
        case 'leases'
            string join \n -- 'break	Take leases from whoever holds them; what held them may still be at work' 'list	Print all leases, or those of some nodes'
        case 'node'
            string join \n -- 'collect	Collect what a ticket asks for: dmesg, journal, nvidia-smi -q, ibstat, lspci; nothing is changed' 'drain	Take nodes out of service; needs a --reason, and goes on with the last good inventory where it must' 'history	Print what has happened to a node: moves, findings, other facts, sweeps, notes; the newest last' 'note	Write something about nodes for whoever looks next, or print what was written' 'reboot	Reboot drained nodes, wait until each is back under another boot id, and look at it again' 'reset-gpu	Reset all GPUs of drained nodes (nvidia-smi --gpu-reset), and look at them again' 'resume	Take nodes back into service, where the check that drained them is clean on newer evidence' 'show	Print all that is known of a node: result, state, findings, place, hardware, notes' 'states	Print every legal move from one lifecycle state to another, and on what ground it is made' 'undrain	Take nodes back into service, where the check that drained them is clean on newer evidence' 'why	Print each finding against a node with its evidence, its threshold\'s source, its peers, its incident'
        case 'runs'
            string join \n -- 'diff	Print the nodes whose outcome or output differs between two runs' 'list	Print the newest runs, newest first' 'prune	Remove the journals and kept output of old runs; what still goes on or is still continued stays' 'resume	Do the rest of a run that was cut short, each node once' 'retry	Do a run again on the nodes with the given outcomes' 'show	Print a run\'s results as it printed them, from the journal' 'stop	End a run from another terminal, as its own first Ctrl-C would'
        case 'sim'
            string join \n -- 'down	End a simulated fleet and remove its files' 'fault	Give nodes of a running simulated fleet faults, or cure them; without either, the kinds there are' 'status	Print the simulated fleets, what is wrong with which nodes, and how much they have been asked' 'up	Start a simulated fleet that stays until `aifctl sim down`; its inventory is written beside it'
        case 'store'
            string join \n -- 'prune	Remove readings, replaced facts and sweeps that are older, from the database and from the log' 'rebuild	Make the database anew from its log; the old file is set aside, and what of the log can\'t be read is told'
        case 'trust'
            string join \n -- 'forget	Remove the nodes\' own entries from the known_hosts file that `trust scan` writes' 'scan	Collect host keys, show what would change, and on confirmation write them to known_hosts' 'show	Print the keys and authorities that would be accepted for each node, each with its source'
    end
end

function __aifctl_arguments
    switch "$argv[1]"
        case 'checks explain'
            string join \n -- ask-check
        case 'checks mute'
            string join \n -- ask-check
        case 'checks unmute'
            string join \n -- ask-check
        case 'completion'
            string join \n -- list-bash-zsh-fish
        case 'events'
            string join \n -- ask-selector
        case 'find'
            string join \n -- nothing
        case 'freeze'
            string join \n -- ask-selector
        case 'incident ack'
            string join \n -- rest-ask-incident
        case 'incident close'
            string join \n -- rest-ask-incident
        case 'incident show'
            string join \n -- ask-incident
        case 'incident silence'
            string join \n -- rest-ask-incident
        case 'inventory check'
            string join \n -- files
        case 'inventory export'
            string join \n -- ask-selector
        case 'inventory import'
            string join \n -- files
        case 'inventory show'
            string join \n -- ask-selector
        case 'leases break'
            string join \n -- ask-selector
        case 'leases list'
            string join \n -- ask-selector
        case 'node collect'
            string join \n -- ask-selector
        case 'node drain'
            string join \n -- ask-selector
        case 'node history'
            string join \n -- ask-node
        case 'node note'
            string join \n -- ask-selector nothing
        case 'node reboot'
            string join \n -- ask-selector
        case 'node reset-gpu'
            string join \n -- ask-selector
        case 'node resume'
            string join \n -- ask-selector
        case 'node show'
            string join \n -- ask-node
        case 'node undrain'
            string join \n -- ask-selector
        case 'node why'
            string join \n -- ask-node
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
        case 'status'
            string join \n -- ask-selector
        case 'sweep'
            string join \n -- ask-selector
        case 'trust forget'
            string join \n -- ask-selector
        case 'trust scan'
            string join \n -- ask-selector
        case 'trust show'
            string join \n -- ask-selector
        case 'unfreeze'
            string join \n -- ask-selector
    end
end

function __aifctl_options
    switch "$argv[1]"
        case '' 'bench' 'bench fanout' 'checks' 'checks explain' 'checks list' 'checks mute' 'checks unmute' 'completion' 'demo' 'doctor' 'events' 'find' 'freeze' 'incident' 'incident ack' 'incident close' 'incident list' 'incident show' 'incident silence' 'inventory' 'inventory check' 'inventory export' 'inventory formats' 'inventory import' 'inventory show' 'inventory template' 'leases' 'leases break' 'leases list' 'node' 'node collect' 'node drain' 'node history' 'node note' 'node reboot' 'node reset-gpu' 'node resume' 'node show' 'node states' 'node undrain' 'node why' 'nodes' 'probe' 'pull' 'push' 'reconcile' 'run' 'runs' 'runs diff' 'runs list' 'runs prune' 'runs resume' 'runs retry' 'runs show' 'runs stop' 'schema' 'script' 'shell' 'sim' 'sim down' 'sim fault' 'sim status' 'sim up' 'ssh' 'status' 'store' 'store prune' 'store rebuild' 'sweep' 'trust' 'trust forget' 'trust scan' 'trust show' 'unfreeze'
            string join \n -- '-h	Show what this command does and takes' '--help	Show what this command does and takes'
    end
    switch "$argv[1]"
        case ''
            string join \n -- '--version	Print the version'
    end
    switch "$argv[1]"
        case '' 'bench fanout' 'checks explain' 'checks list' 'checks mute' 'checks unmute' 'completion' 'doctor' 'events' 'find' 'freeze' 'incident ack' 'incident close' 'incident list' 'incident show' 'incident silence' 'inventory check' 'inventory export' 'inventory formats' 'inventory import' 'inventory show' 'inventory template' 'leases break' 'leases list' 'node collect' 'node drain' 'node history' 'node note' 'node reboot' 'node reset-gpu' 'node resume' 'node show' 'node states' 'node undrain' 'node why' 'nodes' 'probe' 'pull' 'push' 'reconcile' 'run' 'runs diff' 'runs list' 'runs prune' 'runs resume' 'runs retry' 'runs show' 'runs stop' 'schema' 'script' 'shell' 'sim down' 'sim fault' 'sim status' 'sim up' 'ssh' 'status' 'store prune' 'store rebuild' 'sweep' 'trust forget' 'trust scan' 'trust show' 'unfreeze'
            string join \n -- '-o	table, wide, plain, md, json, jsonl, csv, tsv, nodeset, count; of health also nagios, prometheus, html' '--output	table, wide, plain, md, json, jsonl, csv, tsv, nodeset, count; of health also nagios, prometheus, html' '--inventory	Inventory file or folder' '--state-dir	Where runs, locks and caches are kept' '--state	What is remembered: sqlite:// or postgresql://' '--color	auto, always or never' '--progress	auto, bar, log, json or off; on stderr' '-v	Say more on stderr' '--verbose	Say more on stderr' '-q	Say nothing on stderr but errors' '--quiet	Say nothing on stderr but errors'
    end
    switch "$argv[1]"
        case 'bench fanout'
            string join \n -- '--nodes	How many simulated nodes' '--rounds	Each figure is the median of N runs'
    end
    switch "$argv[1]"
        case 'checks mute'
            string join \n -- '--until	4h, 2026-12-24 or 2026-12-24T18:00Z' '--nodes	Only on these nodes; on all without it'
    end
    switch "$argv[1]"
        case 'checks mute' 'checks unmute' 'freeze' 'incident ack' 'incident close' 'incident silence' 'unfreeze'
            string join \n -- '--reason	Why, for whoever reads it later'
    end
    switch "$argv[1]"
        case 'checks unmute'
            string join \n -- '--nodes	Only the mute for these nodes, as it was written'
    end
    switch "$argv[1]"
        case 'doctor'
            string join \n -- '--audit	Verify the audit chain, record by record'
    end
    switch "$argv[1]"
        case 'events'
            string join \n -- '--since	1h, 2026-11-30 or 2026-11-30T18:00Z'
    end
    switch "$argv[1]"
        case 'events' 'runs list'
            string join \n -- '--limit	The newest N'
    end
    switch "$argv[1]"
        case 'freeze' 'inventory show' 'leases break' 'leases list' 'node collect' 'node drain' 'node reboot' 'node reset-gpu' 'node resume' 'node undrain' 'nodes' 'pull' 'push' 'run' 'script' 'shell' 'status' 'sweep' 'trust forget' 'trust scan' 'trust show' 'unfreeze'
            string join \n -- '--exclude	Leave these out' '--first	Only the first N' '--sample	Only N at random' '--allow-empty	A term that is empty tonight is no error' '--hostfile	Hosts, one a line, in place of SELECTOR and inventory'
    end
    switch "$argv[1]"
        case 'incident list'
            string join \n -- '--closed	Also those closed within this time: 24h, 7d' '--check	Only of this check'
    end
    switch "$argv[1]"
        case 'incident silence'
            string join \n -- '--for	How long; 0 ends a silence'
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
        case 'leases break' 'node drain' 'node reboot' 'node reset-gpu' 'node resume' 'node undrain' 'pull' 'push' 'run' 'runs resume' 'runs retry' 'script' 'shell' 'trust forget' 'trust scan'
            string join \n -- '--dry-run	Print what would be done and its hash; do nothing' '-y	Answer the question; lifts no cap' '--yes	Answer the question; lifts no cap' '--confirm-hash	The hash that --dry-run printed' '--reason	Why, for the audit chain'
    end
    switch "$argv[1]"
        case 'leases break'
            string join \n -- '--scope	What is leased and is no node; repeatable'
    end
    switch "$argv[1]"
        case 'node collect' 'node reboot' 'node reset-gpu' 'pull' 'push' 'run' 'runs resume' 'runs retry' 'script' 'shell' 'ssh' 'sweep' 'trust forget' 'trust scan' 'trust show'
            string join \n -- '--user	Remote user' '--port	SSH port' '-i	Private key; repeatable' '--identity	Private key; repeatable' '--known-hosts	known_hosts file; repeatable' '-J	Jump host, or a chain a,b; repeat for alternatives' '--jump	Jump host, or a chain a,b; repeat for alternatives' '--connect-timeout	To reach and log in to a node (10s)' '--key-password	Password of encrypted keys: file:PATH, fd:N, cmd:COMMAND, ask'
    end
    switch "$argv[1]"
        case 'node collect' 'node reboot' 'node reset-gpu' 'pull' 'push' 'run' 'script' 'shell' 'sweep' 'trust forget' 'trust scan'
            string join \n -- '-w	Most nodes at once (256)' '--width	Most nodes at once (256)' '--wave	In waves of N, of 5%, or by rack, su or leaf' '--timeout	For the command on each node, 0 for ever (300s)' '--deadline	For the whole run' '--stragglers	After 99.5% have answered give the rest 30s: 99.5%:30s' '--retries	Dial again, only while nothing has started' '--max-failed	Dispatch no more than keeps failures within this' '--workers	Processes, 0 to choose' '--include-state	Also nodes that are off, repair or retired; repeatable' '--min-coverage	Exit 3 below this share that answered (100%; sweep: 98% could be judged)'
    end
    switch "$argv[1]"
        case 'node collect' 'node reboot' 'node reset-gpu'
            string join \n -- '--no-sudo	As the login user, who is root'
    end
    switch "$argv[1]"
        case 'node collect' 'node reboot' 'node reset-gpu' 'run' 'script' 'shell' 'sweep'
            string join \n -- '--sudo-password	file:PATH, fd:N, cmd:COMMAND or ask'
    end
    switch "$argv[1]"
        case 'node collect'
            string join \n -- '--outdir	Gets a folder for each node' '--bug-report	Also what nvidia-bug-report.sh makes; takes minutes'
    end
    switch "$argv[1]"
        case 'node drain'
            string join \n -- '--idle	Nothing runs on those that are draining: call them drained' '--wait	Wait so long until all are drained, else exit 124'
    end
    switch "$argv[1]"
        case 'node history'
            string join \n -- '--since	30d, 2026-11-01 or 2026-11-01T18:00Z'
    end
    switch "$argv[1]"
        case 'node reboot' 'node reset-gpu' 'node resume' 'node undrain'
            string join \n -- '--skip-busy	Leave out what is refused, in place of stopping before it starts'
    end
    switch "$argv[1]"
        case 'node reboot'
            string join \n -- '--back	How long a node may be away'
    end
    switch "$argv[1]"
        case 'node resume' 'node undrain'
            string join \n -- '--take-over	Also what others have drained; needs --reason'
    end
    switch "$argv[1]"
        case 'nodes'
            string join \n -- '--where	Only nodes whose field matches; repeatable'
    end
    switch "$argv[1]"
        case 'pull' 'push' 'reconcile' 'run' 'script' 'sweep'
            string join \n -- '--lock	One at a time; needs --deadline' '--jitter	Wait up to this long first, always the same on this host' '--textfile	Attempt, coverage and last success for Prometheus' '--heartbeat-url	Called when covered: file:PATH, fd:N, cmd:COMMAND'
    end
    switch "$argv[1]"
        case 'push'
            string join \n -- '--mode	Permissions of the files, such as 644' '--owner	Owner of what is written' '--delete	Remove below DEST what SRC lacks (guarded)'
    end
    switch "$argv[1]"
        case 'reconcile'
            string join \n -- '--deadline	For --lock: a holder older than this hangs' '--only-changes	Only what was done, or could not be'
    end
    switch "$argv[1]"
        case 'run' 'script'
            string join \n -- '--outdir	Every byte as NODE.out and NODE.err' '--output-cap	Kept per node and stream (1M)' '--live	Lines as they come, each with its node\'s name' '--only-changes	Only what is not as in the last run of the same' '--stdin	Stream this command\'s stdin to every node' '--remote-exit-code	On one node: exit with the remote command\'s code'
    end
    switch "$argv[1]"
        case 'run' 'script' 'shell' 'sweep'
            string join \n -- '--sudo	As root, or as USER'
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
        case 'status'
            string join \n -- '--by	What a line is; without it what the inventory knows' '--map	One letter a node, rack by rack' '--watch	Draw it again every 2 s, or every S, until Ctrl-C' '--fail-on	Exit 1 for nodes as bad or worse, or for anything new in the last sweep' '--stale-after	What was seen longer ago than this is not called ok'
    end
    switch "$argv[1]"
        case 'store prune'
            string join \n -- '--keep	How long readings stay, a day at the least' '--dry-run	Print what would go; remove nothing'
    end
    switch "$argv[1]"
        case 'store rebuild'
            string join \n -- '--log	Also another control host\'s log; repeatable'
    end
    switch "$argv[1]"
        case 'sweep'
            string join \n -- '--act	Drain by the inventory\'s policy, within its budgets' '--fail-on	From what on to exit 1; new: for anything new' '--profile	Judge all nodes by this profile, whatever their SKU' '--resume	Go on with one that was cut short, in place of SELECTOR; or latest' '--only-changes	Only what is other than in the sweep before'
    end
    switch "$argv[1]"
        case 'unfreeze'
            string join \n -- '--id	The freeze of this number; repeatable' '--all	All that stand' '--dry-run	Print those that stand; lift none'
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
        case '*:--jump' '*:-J'
            echo ask-jump
        case '*:--lock'
            echo ask-lock
        case '*:--outcome'
            echo ask-outcomes
        case '*:--resume'
            echo ask-run
        case '*:--exclude' 'checks mute:--nodes' 'checks unmute:--nodes'
            echo ask-selector
        case '*:--hostfile' '*:--identity' '*:--inventory' '*:--known-hosts' '*:--textfile' '*:-i'
            echo files
        case '*:--log' '*:--outdir' '*:--state-dir'
            echo folders
        case '*:--color'
            echo list-colors
        case 'sweep:--fail-on'
            echo list-fault-degraded-unknown-watch-new
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
        case '*:--by'
            echo list-rack-su-hall-sku-state-feed-result-check-node
        case '*:--heartbeat-url' '*:--key-password' '*:--sudo-password'
            echo list-references
        case '*:--include-state'
            echo list-states
        case 'status:--fail-on'
            echo list-watch-degraded-fault-unknown-unreachable-stale-unseen-new
        case '*:--wave'
            echo list-waves
        case '*:--back' '*:--check' '*:--closed' '*:--confirm-hash' '*:--connect-timeout' '*:--deadline' '*:--first' '*:--for' '*:--id' '*:--jitter' '*:--keep' '*:--limit' '*:--max-failed' '*:--min-coverage' '*:--mode' 'sim up:--name' 'bench fanout:--nodes' 'sim up:--nodes' '*:--output-cap' '*:--owner' '*:--port' '*:--profile' '*:--reason' '*:--retries' '*:--rounds' '*:--sample' '*:--scope' '*:--seed' '*:--since' '*:--stale-after' '*:--state' '*:--stragglers' '*:--sudo=' '*:--timeout' '*:--until' '*:--user' '*:--wait' '*:--watch=' '*:--width' '*:--workers' '*:-w'
            echo nothing
        case '*'
            return 1
    end
end

function __aifctl_list
    switch "$argv[1]"
        case 'outputs'
            string join \n -- 'count	how many; of a run, how many ended ok' 'csv	for spreadsheets: texts quoted, formulas disarmed, control characters escaped' 'html	one page for a browser, with the map, filters and details; needs no network' 'json	one envelope for programs, an item a line' 'jsonl	one object a line, as they arrive, each with a type: run, item, error, summary' 'md	Markdown for tickets and chats' 'nagios	for monitoring: one line with performance data, exit 0 to 3 and nothing else' 'nodeset	the names, folded, as scontrol and nodeset read them; of a run, those that ended ok' 'plain	names, one a line; a run as headed blocks, output at the margin, never cut' 'prometheus	for scrapers: gauges of the fleet, in Prometheus\' text format' 'table	for people: equal results folded, outliers first; fitted to a terminal' 'tsv	for cut and awk: a line per item, newline and tab inside a value written \\n and \\t' 'wide	every column, one row per item, nothing folded or cut'
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
            string join \n -- 'Bundle	What was collected from a node.' 'Check	One check: what it looks for, by which numbers, and what it asks to be done.' 'Checks	Checks that a sweep judges nodes by.' 'Chore	Something that reconcile sees to.' 'Doctor	One setting or one check of this control host.' 'Event	One line of the fleet\'s time line.' 'FanoutBench	What `aifctl run` costs a node, one row for each way of running it.' 'FollowUp	What became of a node that was rebooted, or the GPUs of which were reset.' 'Freeze	Nodes that changing verbs refuse.' 'HostKey	A host key or certificate authority that would be accepted for a node.' 'HostKeyChange	What a scan saw of a node\'s host keys, beside what is known.' 'Incident	One thing that is wrong, however many nodes say so.' 'IncidentStory	An incident with all that has happened to it.' 'InventoryEntry	All that the inventory says of one node.' 'InventoryFormat	One format of inventory import and export.' 'InventoryMistake	One mistake of an inventory; line 0 means the file as a whole.' 'Lease	Who holds a node, or something else there is one of, for themselves.' 'LegalMove	A move that a node may make from one lifecycle state to another.' 'Match	A node that a serial, GUID, MAC, address or leaf port belongs to.' 'Mute	A check that reads unknown on some nodes for a while.' 'Node	One node of a selection.' 'NodeEvent	One thing that has happened to a node.' 'NodeMove	What became of a node that was to be moved from one state to another.' 'NodeShown	All that is known of one node.' 'NodeStatus	What one node counts as, and what stands about it.' 'NodeWhy	A finding that stands against a node, and all that there is to say for it.' 'Note	What a person wrote about a node.' 'Plan	What would be done, with the hash that --confirm-hash takes.' 'Probe	One section of what the probe reads of this machine, raw.' 'ReportKind	A kind of report that -o json writes.' 'Run	What became of each node of a run.' 'RunChange	A node whose outcome, exit status or output differs between two runs.' 'Runs	Runs that are kept, newest first.' 'SimulatedFault	A fault that simulated nodes were given, or cured of.' 'SimulatedFleet	One simulated fleet: real SSH servers on this machine\'s loopback.' 'Status	Nodes that share a rack, a unit, a state, …, by what they count as; each node is in one count.' 'StoreDamage	A stretch of the store\'s log that could not be read, and is missing from what was made of it.' 'StorePruned	What of a kind was too old to be kept.' 'Sweep	What a sweep found on one node; incidents, coverage and what is new stand in the summary.' 'Text	A text and the name of the file it would go to.'
        case 'faults'
            string join \n -- 'acs-on	access control is on at the bridge above the GPU' 'auth-refused	lets no key in' 'clock-1970	the clock stands in 1970' 'clock-skew	the clock is ahead by so much (5s)' 'clock-source	the kernel counts time by the HPET' 'clock-unsynced	the clock has no time source' 'dead	answers no packet; dialling it ends by timeout' 'dies-mid-command	resets the connection while a command runs' 'dimm-lost	a DIMM is missing' 'disk-dead	an NVMe disk\'s controller is dead' 'disk-error	the kernel tells that a disk can\'t be read' 'disk-full	a file system is 97 % full (/, or the one that is named)' 'disk-worn	an NVMe disk has no spare blocks left, and says that it is well' 'driver-hung	the GPU driver does not come back from a question' 'driver-skew	the GPU driver is of another version than the fleet\'s' 'ecc-chain	the kernel tells of an uncorrectable HBM error: Xid 48, 63, 8 x 94' 'ecc-dram	an uncorrectable HBM error; the row is remapped at the next reset' 'ecc-off	ECC is off' 'ecc-sram	uncorrectable SRAM errors, above NVIDIA\'s threshold to replace the GPU' 'exit	every command runs and ends with that status' 'fabric-in-progress	the GPUs\' fabric state stays at in progress' 'fabric-not-started	the fabric manager has never set up the NVSwitches: all links are down' 'flood	prints that many bytes before the command\'s own output' 'fm-dead	the fabric manager\'s service has failed; the GPUs tell nothing of it' 'fm-skew	the fabric manager is not of the driver\'s version' 'full-disk	nothing can be written' 'governor	the processors\' governor is powersave' 'gpu-fell-off	the GPU is gone from the bus; seven are left' 'gpu-init-failed	the kernel tells that the driver could not start the GPU' 'gpu-lost	the GPU answers neither NVML nor the bus (rev ff)' 'gpu-off-bus-told	the kernel tells, without an Xid, that the GPU has fallen off the bus' 'gpu-recovery	the driver recommends a reset of the GPU' 'gpu-wrong-socket	the GPU is at the other processor\'s NUMA node' 'half-open	accepts and never says a word' 'hang	commands start and never return; signals end them' 'hca-firmware-skew	the firmware of that rail\'s adapter is another than its siblings\'' 'hca-lost	the adapter of that rail is gone' 'hot	no margin is left below the temperature that it may have' 'hung-task	the kernel tells of a process that hangs in the GPU driver' 'hw-thermal	so hot that the hardware slows it down' 'ib-disabled	the port of that rail was turned off here (Disabled)' 'ib-down	the link of that rail went down (Polling); a whole leaf: ib-down@leaf:l1-r3' 'ib-errors	the port of that rail counts symbol errors' 'ib-ethernet	the port of that rail speaks Ethernet, at full rate' 'ib-flap	the link of that rail went down and came back, three times a look' 'ib-no-sm	the port of that rail is active and knows no subnet manager' 'ib-polling	the link of that rail has not been up since boot (Polling)' 'ib-slow	the link of that rail has trained to 200 Gbit/s' 'inforom-corrupt	the InfoROM is corrupt' 'inodes-full	a file system has no inodes left (/, or the one that is named)' 'kernel-oops	the kernel has had an oops' 'library-mismatch	NVIDIA\'s libraries and the loaded driver are of two versions' 'machine-check	the kernel tells of a CPU\'s machine check' 'memory-ce	the memory corrects thousands of errors between two looks' 'memory-ue	the memory has had an uncorrectable error' 'mig-on	MIG mode is on' 'mlx5-health	the kernel tells that the adapter\'s health is compromised' 'module-missing	nvidia_peermem is not loaded' 'mount-gone	a file system is not mounted (/raid)' 'mount-hung	a network file system\'s server does not answer (/home)' 'no-driver	no GPU driver is loaded' 'no-sftp	offers no SFTP' 'non-utf8	prints invalid bytes and escape sequences before the output' 'nvlink-down	so many NVLinks of one GPU are down' 'oom	the kernel has ended a process for want of memory' 'pcie-aer	the kernel has counted a fatal PCIe error of the GPU' 'pcie-downtrain	the GPU\'s PCIe link has trained to generation 3' 'persistence-off	persistence mode is off' 'power-brake	the GPU is held back by the hardware\'s power brake; all: by a power supply' 'power-limit	the power limit is 500 W' 'probe-cut	the probe\'s answer ends in its middle' 'probe-flood	the probe says that many bytes before its answer' 'probe-garbage	the probe\'s answer is no probe\'s' 'probe-schema	the probe\'s answer has a version that nobody reads' 'read-only	a file system takes no more writes (/, or the one that is named)' 'reboot	the node has booted again: a new boot id; nothing to cure' 'refused	nobody listens; dialling it is refused' 'remap-failure	remapping a row of HBM has failed: the GPU is to be replaced' 'remap-pending	a row of HBM waits to be remapped' 'service-dead	a service has failed: nvidia-persistenced' 'slow	every command takes that much longer' 'slow-banner	accepts at once, sends its banner late' 'soft-lockup	the kernel tells of a CPU that is stuck' 'stuck	commands never return and survive every signal' 'stuck-process	a process has been waiting in the GPU driver for an hour' 'sudo-password	sudo asks for a password (\'simulated\')' 'swap-on	swap is on' 'sxid	the kernel tells of an NVSwitch\'s fatal SXid' 'throttle	closes connections before the banner: that share of them, or all above 10 at once' 'vbios-skew	the VBIOS is not that of the other GPUs' 'wrong-host-key	shows a host key that nobody knows' 'wrong-name	the node calls itself by another name' 'wrong-serial	the chassis is not the one that the inventory has there' 'xid	the driver reports that Xid, of one GPU or of the one behind a second colon'
        case 'rack-su-hall-sku-state-feed-result-check-node'
            string join \n -- 'rack' 'su' 'hall' 'sku' 'state' 'feed' 'result' 'check' 'node'
        case 'watch-degraded-fault-unknown-unreachable-stale-unseen-new'
            string join \n -- 'watch' 'degraded' 'fault' 'unknown' 'unreachable' 'stale' 'unseen' 'new'
        case 'fault-degraded-unknown-watch-new'
            string join \n -- 'fault' 'degraded' 'unknown' 'watch' 'new'
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
