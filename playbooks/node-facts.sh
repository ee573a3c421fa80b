#!/bin/sh
# What should be the same on every node of a kind: equal nodes fold into one entry, so an odd one stands out.
#   aifctl script @all playbooks/node-facts.sh
# Read-only. A line whose tool is missing says so, so that a missing driver never looks like a healthy one.
say() { printf '%-8s %s\n' "$1" "$2"; }
have() { command -v "$1" >/dev/null 2>&1; }

say kernel "$(uname -r)"
if have nvidia-smi; then
	say gpus "$(nvidia-smi -L | wc -l)"
	say gpu "$(nvidia-smi --query-gpu=name,memory.total --format=csv,noheader | sort -u)"
	say driver "$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | sort -u)"
else
	say gpus "no nvidia-smi here"
fi
if have ibstat; then
	say ports "$(ibstat | grep -c 'State: Active') active, $(ibstat | grep -c 'State: Down') down"
else
	say ports "no ibstat here"
fi
