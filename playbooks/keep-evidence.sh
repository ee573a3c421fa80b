#!/bin/sh
# Puts what a later look will ask for into one folder per node, before somebody reboots it:
#   aifctl script @run:latest:failed playbooks/keep-evidence.sh --sudo
#   aifctl pull @run:latest /var/tmp/aifctl-evidence ./evidence
# Changes nothing but that folder; what can't be had is named in `missing`.
set -u
folder=${1:-/var/tmp/aifctl-evidence}
mkdir -p "$folder" || exit 1
: >"$folder/missing"
keep() {
	name=$1
	shift
	if ! "$@" >"$folder/$name" 2>&1; then
		echo "$name: $*" >>"$folder/missing"
	fi
}
keep uptime uptime
keep dmesg dmesg
keep nvidia-smi nvidia-smi -q
keep ibstat ibstat
keep journal journalctl -k -b --no-pager -n 5000
echo "$(ls "$folder" | wc -l) files in $folder, $(wc -l <"$folder/missing") missing"
