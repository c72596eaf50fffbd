#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much of the tests' bite there is: breaks sources in one place at a time, chosen at random (tests/mutants), and looks whether a
# test notices. The cheapest suite is tried first. Survivors are shown at the end; those of tests/mutants/equivalent.txt, which no test
# can notice, do not count.
#
#   scripts/mutants.sh [--seed N] [--count N] rtl|cpp [file...]
#
#   rtl   modules of rtl/: their unit tests, then the registers and runs of the whole chip with every checker
#   cpp   mapper, chip model, cycle model, integer network and macro: their unit tests, then whole networks on the chip model
#
# Results are kept in build/mutants/results, a line each, and a mutant that is there is not tried again while its file is the same.
# MCNN_JOBS says how many at a time. The last line is "N mutants, N killed, N equivalent, N survived, N did not build".
set -euo pipefail
cd "$(dirname "$0")/.."

seed=1
count=30
usage() {
  echo "$1; usage: $0 [--seed N] [--count N] rtl|cpp [file...]" >&2
  exit 2
}
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --seed) seed="${2:-}" ;;
    --count) count="${2:-}" ;;
    *) usage "$0: unknown option '$1'" ;;
  esac
  shift 2
done
for number in "$seed" "$count"; do
  [[ "$number" =~ ^[1-9][0-9]{0,8}$ ]] || usage "$0: found '$number', allowed is a number of 1 or more"
done
export kind="${1:-}"
case "$kind" in
  rtl) all=(rtl/bus/*.sv rtl/control/*.sv rtl/datapath/*.sv rtl/memory/*.sv) ;;
  cpp) all=(host/mapping/*.cpp host/engine/{chip_model,compiled_pass,driver,program_port}.cpp host/network/{integer_,}network.cpp
    host/network/integer_{convolution,pooling}.cpp host/network/network_rules.cpp behavioral_models/{gaussian_stream,kernels}.cpp
    behavioral_models/macro*.cpp behavioral_models/wire_*.cpp) ;;
  *) usage "$0: found '$kind', allowed are rtl and cpp" ;;
esac
shift
[[ $# -gt 0 ]] && all=("$@")
export root="$PWD"
export work="$root/build/mutants"
export results="$work/results"
mkdir -p "$work"
touch "$results"

g++ -std=c++20 -O1 -I. tests/mutants/mutate.cpp tests/mutants/mutation_points.cpp -lfmt -o "$work/mutate"
"$work/mutate" pick "$seed" "$count" "${all[@]}" > "$work/picked-$kind-$seed" 2> "$work/how-many"
echo "$(wc -l < "$work/picked-$kind-$seed") of $(cat "$work/how-many"), seed $seed"

# ---- Folders to work in, one a job.

# rtl_folder <folder>: the unit tests alone, on copies of the RTL.
rtl_folder() {
  local link
  mkdir -p "$1/chip"
  for link in cmake constraints tests; do ln -sfn "$root/$link" "$1/$link"; done
  ln -sf "$root/tests/mutants/rtl_alone.cmake" "$1/CMakeLists.txt"
  sync_copy rtl "$1"
  sync_copy rtl "$1/chip"
}
# cpp_folder <folder>: a copy of what git has.
cpp_folder() {
  local part
  mkdir -p "$1"
  for part in CMakeLists.txt cmake common behavioral_models host cli tb rtl constraints tests data; do sync_copy "$part" "$1"; done
}
# sync_copy <file or folder> <to>: files that differ are copied, so that only they are built again.
sync_copy() {
  local file
  git ls-files -- "$1" | while read -r file; do
    [[ -e "$file" ]] || continue
    cmp -s "$file" "$2/$file" || install -D -m 644 "$file" "$2/$file"
  done
}
compile() { # <folder> <target...>
  local folder="$1"
  shift
  if [[ ! -e "$folder/build/build.ninja" ]]; then
    cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release > "$folder/log" 2>&1 || return 1
  fi
  cmake --build "$folder/build" -j "${MCNN_BUILD_JOBS:-1}" --target "$@" > "$folder/log" 2>&1
}
# dies <folder> <program> [filter]: a test of the program fails, or the program ends early or not at all
dies() {
  local program
  program="$(find "$1/build/tests" -name "$2" -type f -perm -u+x)"
  killer=""
  # In a shell of its own, so that an abort is not told of.
  if (GTEST_FAIL_FAST=1 timeout -k 5 300 "$program" --gtest_brief=1 --gtest_filter="${3:-*}" > "$1/run" 2>&1 < /dev/null || exit 1) \
    2> /dev/null; then
    return 1
  fi
  killer="$(sed -nE 's/^\[  FAILED  \] ([^ (,]*).*/\1/p' "$1/run" | head -n 1)"
  [[ -n "$killer" ]] || killer="$2: $(grep -oE "Assertion failed[^:]*|%Error: [^:]*:[0-9]*" "$1/run" | head -n 1)"
}

# ---- The suites for a file, cheapest first. judge <folder> <file> <round>: sets verdict, empty when the second round is to say it: one
# that takes minutes a mutant, and comes when all have been through the first.

judge_rtl() {
  local folder="$1" file="$2" name
  name="$(basename "$file" .sv)"
  name="$(sed -E 's/(^|_)([a-z])/\U\2/g' <<< "${name#mcnn_}")"
  [[ "$name" == PoolBank ]] && name=PoolWrite
  verdict=""
  if [[ "$3" == 1 ]]; then
    [[ "$name" != Registers ]] || return 0
    cp "$folder/mutant" "$folder/$file"
    compile "$folder" mcnn_rtl_unit_test || { verdict="does not build" && return; }
    dies "$folder" mcnn_rtl_unit_test "*$name*" && verdict="$killer"
    return 0
  fi
  cp "$folder/mutant" "$folder/chip/$file"
  compile "$folder" mcnn_rtl_unit_test || { verdict="does not build" && return; }
  verdict=SURVIVED
  dies "$folder" mcnn_rtl_unit_test "Registers*" && verdict="$killer"
  return 0
}
judge_cpp() {
  local folder="$1" file="$2" suites
  case "$file" in
    behavioral_models/*) suites=(mcnn_models_test mcnn_host_test end_to_end_model_test programming_model_test) ;;
    *) suites=(mcnn_host_test end_to_end_model_test programming_model_test) ;;
  esac
  cp "$folder/mutant" "$folder/$file"
  verdict=SURVIVED
  for suite in "${suites[@]}"; do
    compile "$folder" "$suite" || { verdict="does not build" && return; }
    dies "$folder" "$suite" && verdict="$killer" && return
  done
}
restore() {
  cmp -s "$root/$2" "$1/$2" || cp "$root/$2" "$1/$2"
  if [[ "$kind" == rtl ]] && ! cmp -s "$root/$2" "$1/chip/$2"; then cp "$root/$2" "$1/chip/$2"; fi
}

# try <round> <line of picked>
try() {
  local file number line text what sum folder started="$SECONDS"
  IFS=$'\t' read -r file number line text what <<< "$2"
  sum="$(sha256sum < "$file" | cut -c 1-16)"
  grep -qF "$file"$'\t'"$sum"$'\t'"$number"$'\t' "$results" && return 0
  for ((job = 0; ; job = (job + 1) % jobs)); do
    folder="$work/$kind-$job"
    exec {lock}> "$folder.lock"
    flock -n "$lock" && break
    exec {lock}>&-
    sleep 0.2
  done
  "$work/mutate" apply "$file" "$number" > "$folder/mutant"
  "judge_$kind" "$folder" "$file" "$1"
  restore "$folder" "$file"
  if [[ -n "$verdict" ]]; then
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$file" "$sum" "$number" "$line" "$verdict" "$text" "$what" >> "$results"
    printf '%s:%s: %s: %s (%d s)\n' "$file" "$line" "$what" "$verdict" "$((SECONDS - started))"
  fi
  exec {lock}>&-
}
export -f compile dies judge_rtl judge_cpp restore try

jobs="${MCNN_JOBS:-$(nproc)}"
((jobs <= count)) || jobs="$count"
export jobs
for ((job = 0; job < jobs; ++job)); do
  folder="$work/$kind-$job"
  "${kind}_folder" "$folder"
  case "$kind" in
    rtl) targets=(mcnn_rtl_unit_test) ;;
    cpp) targets=(mcnn_models_test mcnn_host_test end_to_end_model_test programming_model_test) ;;
  esac
  MCNN_BUILD_JOBS="$jobs" compile "$folder" "${targets[@]}" || { tail -n 30 "$folder/log" >&2 && exit 1; }
done
for target in "${targets[@]}"; do
  ! dies "$work/$kind-0" "$target" || { echo "$target fails on the sources as they are: $killer" >&2 && exit 1; }
done
for round in 1 2; do
  tr '\n' '\0' < "$work/picked-$kind-$seed" | xargs -0 -n 1 -P "$jobs" bash -c 'try "$0" "$1"' "$round"
done

# ---- What survived, without what was judged.
awk -F '\t' -v judged=tests/mutants/equivalent.txt '
  BEGIN { while ((getline line < judged) > 0) { split(line, part, "\t"); if (line !~ /^#/) equal[part[1] "\t" part[2] "\t" part[3]] } }
  FNR == NR { picked[$1 "\t" $2 "\t" $4 "\t" $5]; next }
  !(($1 "\t" $3 "\t" $6 "\t" $7) in picked) || ($1, $3) in seen { next }
  { seen[$1, $3] }
  $5 == "does not build" { ++unbuilt; next }
  $5 != "SURVIVED" { ++killed; next }
  ($1 "\t" $6 "\t" $7) in equal { ++equivalent; next }
  { ++survived; print "SURVIVED " $1 ":" $4 ": " $7 "\n    " $6 }
  END {
    printf "%d mutants, %d killed, %d equivalent, %d survived, %d did not build\n", killed + equivalent + survived, killed, equivalent,
           survived, unbuilt
    exit survived > 0
  }' "$work/picked-$kind-$seed" <(tac "$results")
