#!/bin/bash
# make test and make soak: the stages, in namespaces of their own, working in one temporary folder.
#   suite.sh test|soak [PYTEST ARGUMENTS...]
# Inside, the machine's files are read-only but for /tmp, there is no network but an empty loopback, and all processes
# end with the first one: whatever a test forgets, the machine is as it was.
set -uo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD

main() {
  local rc
  work=$(mktemp -d "${TMPDIR:-/tmp}/aifctl-$1.XXXXXX") || exit 1
  trap 'rm -rf --one-file-system "$work"' EXIT # `work` outlives this function
  mkdir "$work/home" "$work/tmp"
  export AIFCTL_LAB_IMAGE
  AIFCTL_LAB_IMAGE=$(tests/lab/base_image.sh --path) # before HOME changes
  enclosed "$work" "$@"
  rc=$?
  summary "$work"
  return $rc
}

enclosed() { # the strongest enclosure that this user may have
  local own=(unshare --net --mount --pid --fork --kill-child --mount-proc)
  local as_user=(unshare --user --map-root-user "${own[@]:1}")
  if [[ $EUID -eq 0 ]] && "${own[@]}" true 2>/dev/null; then
    "${own[@]}" tests/suite.sh --enclosed "$@"
  elif [[ $EUID -ne 0 ]] && "${as_user[@]}" true 2>/dev/null; then
    "${as_user[@]}" tests/suite.sh --enclosed-as "$(id -u)" "$(id -g)" "$@"
  else
    echo "this user may make no namespaces here: the tests share this machine's loopback and process list" >&2
    stages "$@"
  fi
}

enclose() { # enclose WORK HOME: make the enclosure habitable
  local work=$1 home=$2 file
  ip link set lo up
  ip address add 192.0.2.1/32 dev lo # glibc's AI_ADDRCONFIG, which slurmctld asks for, takes 127.0.0.1 for no address at all
  mount --bind /tmp /tmp
  mount --bind "$work" "$work"
  mount -t tmpfs -o mode=755,size=64m tmpfs /run && mkdir -p /run/sshd /run/systemd
  # The tests log in to sshds of their own as this user, whose shell would run these, and print what they please.
  for file in .bashrc .profile .bash_profile .zshenv .config/fish/config.fish .ssh/rc .ssh/environment; do
    [[ ! -f $home/$file ]] || mount --bind /dev/null "$home/$file"
  done
  mount -o remount,bind,ro /
  mount --bind "$checkout" "$checkout" && mount -o remount,bind,ro "$checkout"
  # Made-up nodes are some hundred thousand small files: on a disk removing them takes longer than the tests.
  if (($(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo) >= 8)); then
    mount -t tmpfs -o mode=700,size=50% tmpfs "$work/tmp"
  fi
}

stages() {
  local work=$1 what=$2 rc=0
  shift 2
  export HOME=$work/home TMPDIR=$work/tmp HYPOTHESIS_STORAGE_DIRECTORY=$work/hypothesis AIFCTL_SKIPS=$work/skips
  export PYTHONDONTWRITEBYTECODE=1
  unset SSH_AUTH_SOCK XDG_CACHE_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR
  # The house tests are make check's, which make test has run before.
  local pytest=(.venv/bin/pytest -p no:cacheprovider --quiet -rfE --durations=12 --durations-min=20 --ignore=tests/house)
  case $what in
    test)
      "${pytest[@]}" -n 2 --dist loadfile -m "not (lab or soak or scale or bench)" "$@" || rc=$?
      "${pytest[@]}" -m "lab and not (soak or scale or bench)" "$@" || rc=$?
      ;;
    soak)
      "${pytest[@]}" -m "(soak or scale) and not bench" "$@" || rc=$?
      AIFCTL_FUZZ=25 "${pytest[@]}" -n 2 --timeout 900 -m "hypothesis and not (lab or soak or scale or bench)" "$@" || rc=$?
      ;;
    *) echo "suite.sh test|soak" >&2 && rc=2 ;;
  esac
  return $rc
}

summary() {
  local work=$1
  [[ -s $work/skips ]] || { echo "nothing was skipped"; return; }
  echo "skipped, and why:"
  sort "$work/skips" | uniq -c | sort -rn | sed 's/^ */  /'
}

case ${1:-} in
  --enclosed) shift && enclose "$1" ~ && stages "$@" ;;
  --enclosed-as) # root of a user namespace prepares it, then the stages run as the user that they are
    uid=$2 gid=$3
    shift 3
    enclose "$1" ~ && exec unshare --user --map-user="$uid" --map-group="$gid" tests/suite.sh --stages "$@"
    ;;
  --stages) shift && stages "$@" ;;
  test | soak) main "$@" ;;
  *) echo "suite.sh test|soak [PYTEST ARGUMENTS...]" >&2 && exit 2 ;;
esac
