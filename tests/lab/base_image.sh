#!/bin/bash
# The root file system that all lab hosts share read-only (each writes into an overlay of its own). Built once per
# recipe, which is this file: a changed recipe has another hash, so it never meets an old image. Prints its path.
#   base_image.sh          build it where it is missing (root; about a minute)
#   base_image.sh --path   only print where it is, or would be
set -euo pipefail
cache=${AIFCTL_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aifctl-lab}
image=$cache/$(sha256sum <"${BASH_SOURCE[0]}" | cut -c1-16)
packages=systemd,systemd-sysv,dbus,openssh-server,openssh-client,python3,sudo,iproute2,procps

if [[ ${1:-} == --path || -d $image ]]; then
  echo "$image"
  exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # two builders at once: the second finds the first one's image
if [[ -d $image ]]; then
  echo "$image"
  exit 0
fi
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# The mirror and the proxy that this machine's apt uses, whichever they are.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v release="$codename" '$1 == release && $2 == "main" { print $3; exit }')
if [[ -z $mirror ]]; then
  echo "apt on this machine names no mirror for $codename main; the lab's base image needs one" >&2
  exit 1
fi
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[[ -z ${http_proxy:-} ]] || export http_proxy
echo "building the lab's base image in $image (once; about a minute)" >&2
if ! debootstrap --variant=minbase --include="$packages" "$codename" "$work/root" "$mirror" >"$work/log" 2>&1 </dev/null; then
  tail -n 20 "$work/log" >&2
  echo "debootstrap failed; its last lines stand above" >&2
  exit 1
fi

root=$work/root
rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* # every host gets keys of its own
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
chroot "$root" useradd --create-home --shell /bin/bash ops
echo 'ops:only-in-the-lab' | chroot "$root" chpasswd # for sudo with a password; sshd takes keys alone
chroot "$root" systemctl --quiet enable systemd-networkd.service
# Nothing here needs them, and each costs a lab host part of its second of boot time.
chroot "$root" systemctl --quiet mask systemd-networkd-wait-online.service getty.target apt-daily.timer \
  apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-resolved.service
mv "$root" "$image" # complete, or not there
echo "$image"
