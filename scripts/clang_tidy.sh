#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy on every own source that the build compiles. A source that was clean is not looked at again while nothing that it
# depends on has changed: its text and that of every header it includes (also those of the system), its compile command,
# .clang-tidy, the version of clang-tidy. Each clean source has that list, with a SHA-256 a file, in <build>/lint/tidy; without
# it (a fresh clone) everything is looked at. Generated headers must exist (target verilated_sources).
#
#   scripts/clang_tidy.sh [build folder] [file or folder...]     (all sources when none is named)
#
# Prints what clang-tidy found; the last line says how many sources were looked at. Exit status 1 if any has a finding.
set -euo pipefail
cd "$(dirname "$0")/.."
build="${1:-build}"
shift || true
stamps="$build/lint/tidy"
mkdir -p "$stamps"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Where the stamp of a source is.
stamp_of() { echo "$stamps/${1//\//+}"; }
export -f stamp_of
export stamps build work

# A line a source: its path from here, a tab, its compile command. CMake writes each of these on a line of its own.
scripts/sources.sh cpp > "$work/all"
for part in "$@"; do grep -E "^${part%/}(/|\$)" "$work/all" || echo "$0: no source in '$part'" >&2; done > "$work/own"
[[ $# -gt 0 ]] || mv "$work/all" "$work/own"
awk -v here="$PWD/" -v own="$work/own" '
  function text(line) {  # a JSON string without its quotes
    sub(/^ *"[a-z]+": "/, "", line); sub(/",?$/, "", line)
    gsub(/\\\\/, "\001", line); gsub(/\\"/, "\"", line); gsub(/\001/, "\\", line)
    return line
  }
  BEGIN { while ((getline line < own) > 0) mine[here line] = line }
  /^ *"command": / { command = text($0) }
  /^ *"file": / { file = text($0); if (file in mine) { print mine[file] "\t" command; delete mine[file] } }
' "$build/compile_commands.json" > "$work/commands"

# What every source depends on, apart from files.
setting="$(clang-tidy --version | grep -o "version.*") $(sha256sum < .clang-tidy | cut -c 1-64)"
export setting

# Files that the stamps name, as they are now: each once.
find "$stamps" -type f -exec sed -n 's/^[0-9a-f]\{64\}  //p' {} + | sort -u > "$work/named"
xargs -r -d '\n' sha256sum < "$work/named" > "$work/now" 2> /dev/null || true

# A source is clean when its stamp has this setting, this command, and every line of the rest is in `now`.
while IFS=$'\t' read -r source command; do
  printf '%s\t%s\t%s\n' "$source" "$(stamp_of "$source")" "$command"
done < "$work/commands" | awk -F '\t' -v now="$work/now" -v setting="$setting" '
  BEGIN { while ((getline line < now) > 0) present[line] = 1 }
  {
    clean = (getline line < $2) > 0 && line == setting && (getline line < $2) > 0 && line == $3
    files = 0
    while (clean && (getline line < $2) > 0) { clean = line in present; ++files }
    close($2)
    if (!clean || files == 0) print $1 "\t" $3
  }' > "$work/changed"

# tidy <source tab command>: looks at one source and leaves its stamp when it is clean.
tidy() {
  local source="${1%%$'\t'*}" command="${1#*$'\t'}" output
  local stamp list="$work/${source//\//+}"
  stamp="$(stamp_of "$source")"
  rm -f "$stamp"
  # The compiler lists the headers: the command without the compiler launcher and the object file.
  if ! (cd "$build" && eval "$(sed -E 's/^[^ ]*ccache //; s/ -o [^ ]+//' <<< "$command") -M -MF '$list.d'"); then
    echo "$source: the compiler does not list its headers" >&2
    return 1
  fi
  sed -e '1s/^[^:]*://' -e 's/\\$//' "$list.d" | tr -s ' ' '\n' | grep . | sort -u > "$list.files"
  { echo "$setting" && echo "$command" && xargs -d '\n' sha256sum < "$list.files"; } > "$list.stamp"
  if ! output="$(clang-tidy --quiet -p "$build" "$source" 2> "$list.err")"; then
    [[ -n "$output" ]] || output="$(cat "$list.err")"
    echo "$output"
    return 1
  fi
  mv "$list.stamp" "$stamp"
}
export -f tidy

status=0
xargs -r -d '\n' -P "$(nproc)" -I '{}' bash -c 'tidy "$1"' tidy '{}' < "$work/changed" || status=1
echo "$(wc -l < "$work/commands") files, $(wc -l < "$work/changed") of them looked at"
exit "$status"
