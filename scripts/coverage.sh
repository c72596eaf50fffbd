#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What of the sources runs in the tests: builds all of them with counters (MCNN_COVERAGE), runs every test, and prints
#   RTL        lines, branches and bits that change, a module a row (Verilator)
#   C++        lines, a folder a row (gcov)
#   points     what runs are to have been through: those of tests/coverage/chip_cover.sv and the covers of tests/formal
# What did not run is in <build>/rtl.missing and <build>/cpp.missing, a line each. Lines of the RTL that cannot run, or need not, are in
# tests/coverage/judged.txt, each with its reason. Nothing is counted of the tests, of generated code and of wide arrays.
#
#   scripts/coverage.sh [--report] [build folder]      (build-coverage)
#
# --report: of what has run, no build and no test. A test that fails is told, and the exit status is 1. MCNN_JOBS says how many jobs build.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
report=""
[[ "${1:-}" == --report ]] && report=1 && shift
[[ "${1:-}" != -* && $# -le 1 ]] || { echo "$0: found '$*'; usage: $0 [--report] [build folder]" >&2 && exit 2; }
build="${1:-build-coverage}"

if [[ -z "$report" ]]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMCNN_COVERAGE=ON "-DMCNN_RTL=tiny;tiny4;yao2020" > "$build.log" 2>&1 &&
    cmake --build "$build" -j "${MCNN_JOBS:-$(nproc)}" >> "$build.log" 2>&1 || {
    tail -n 40 "$build.log" >&2
    exit 1
  }
  find "$build" \( -name '*.gcda' -o -name '*.counts' \) -delete
  # Tests of wide arrays and of many have none here.
  MCNN_TEST_SECONDS="${MCNN_TEST_SECONDS:-3600}" scripts/run_tests.sh "$build" '--gtest_filter=-*macro128*:*cifar*:*tiny64*:*Resnet8*' || failed=1
fi

# ---- RTL
mapfile -t points < <(find "$build" -name 'V*.points' | sort)
[[ ${#points[@]} -gt 0 ]] || { echo "$0: found no counters in $build; make coverage builds them" >&2 && exit 1; }
awk -v root="$PWD/" -v judged=tests/coverage/judged.txt -v points="$build/points" -f tests/coverage/rtl.awk "${points[@]}" > "$build/rtl.table"
grep -E '^rtl/[^ ]*:[0-9]+: ' "$build/rtl.table" > "$build/rtl.missing" || true
grep -vE '^rtl/[^ ]*:[0-9]+: ' "$build/rtl.table"

# ---- C++
lcov --quiet --capture --directory "$build" --base-directory "$PWD" --no-external --output-file "$build/all.info" 2> "$build/lcov.log" &&
  lcov --quiet --remove "$build/all.info" "$PWD/tests/*" "$PWD/$build/*" --output-file "$build/cpp.info" 2>> "$build/lcov.log" ||
  { tail -n 20 "$build/lcov.log" >&2 && exit 1; }
awk -F '[:,]' -v root="$PWD/" -v missing="$build/cpp.missing" '
  function share(hit, all) { return sprintf("%7.2f%%", int(10000 * hit / all) / 100) }
  $1 == "SF" {
    file = substr($2, length(root) + 1)
    folder = file
    sub(/\/[^\/]*$/, "", folder)
  }
  $1 == "DA" {
    ++lines[folder]
    ++all
    if ($3 > 0) { ++ran[folder]; ++hits } else print file ":" $2 > missing
  }
  END {
    printf "\n%-32s %6s %6s\n", "C++ lines", "ran", "of"
    for (folder in lines) printf "%-32s %6d %6d %s\n", folder, ran[folder], lines[folder], share(ran[folder], lines[folder]) | "sort"
    close("sort")
    printf "%-32s %6d %6d %s\n", "C++", hits, all, share(hits, all)
  }' "$build/cpp.info"

# ---- Points
printf '\n%-16s %-24s %10s  %s\n' "of" point hit "what"
for file in tests/coverage/chip_cover.sv tests/formal/*_properties.sv; do
  module="$(basename "$file" .sv)"
  # A point may be written in two lines.
  tr -s '\n ' ' ' < "$file" | grep -oE 'MCNN_COVER\([a-z_0-9]+,[^`]*"[^"]*"\)' |
    sed -E "s/MCNN_COVER\(([a-z_0-9]+),.*\"([^\"]*)\"\)/${module%_*}\t\1\t\2/" || true
done | awk -F '\t' '
  FNR == NR { sentence[$1, $2] = $3; next }
  { printf "%-16s %-24s %10s  %s\n", $1, $2, $3 > 0 ? $3 : "NOT HIT", sentence[$1, $2] }' - <(sort "$build/points")
awk -F '\t' '{ ++all; if ($3 > 0) ++hit } END { printf "%d of %d points hit\n", hit, all }' "$build/points"
exit "$failed"
