#!/bin/bash
# What the tests need of the system. Idempotent: with everything there it takes a fraction of a second.
set -euo pipefail
packages=(
  openssh-server openssh-client procps iproute2 sudo busybox # a real sshd on loopback, namespaces, process lists
  systemd-container debootstrap                          # tests/lab: real hosts
  slurmctld slurmd slurm-client munge                    # selectors that a real scontrol reads
  postgresql                                             # tests/store: servers of the tests' own
  zsh fish bash-completion tmux                          # completions in their own shells; a real terminal
  prometheus                                             # promtool, which judges what we hand to a scraper
  chromium chromium-driver                               # the status page in a real browser
  golang-go golang-golang-x-crypto-dev pdsh              # make bench: the light fleet, a peer
)
if [[ $EUID -ne 0 ]]; then
  echo "make deps installs system packages: run it as root (sudo make deps)" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "make deps knows Debian and Ubuntu alone; install by hand: ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "installing ${missing[*]}"
  log=$(mktemp)
  policy=/usr/sbin/policy-rc.d # Debian's own way to say: install, but start no daemon on this machine
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy" "$log"' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "apt-get could not install all of: ${missing[*]}" >&2
    exit 1
  fi
fi
"$(dirname "$0")/lab/base_image.sh"
