#!/bin/bash
# Resolve pyproject.toml into requirements.lock and tests/bench/peers.lock. The resolver lives in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pip-tools

resolve() { # resolve FILE: its comments stay, its pins are made anew
  local file=$1
  shift
  "$work/venv/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --upgrade --no-header \
    --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" -o "$work/pins" pyproject.toml
  { sed '/^[^#]/,$d' "$file"; cat "$work/pins"; } >"$work/file"
  cp "$work/file" "$file"
  rm "$work/pins"
  echo "$file: $(grep -c == "$file") packages"
}

resolve requirements.lock --extra test --build-deps-for editable
resolve tests/bench/peers.lock --extra peers
