#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that can be said about the sources without running them.
#   RTL: Verilator -Wall on every configuration of constraints/ (waivers in rtl/lint.vlt, each with its reason), and
#        Yosys on every configuration: check -assert, no latch, no multiplier, divider or modulo, no way from an input to an
#        output within a clock
#   C++: clang-format and clang-tidy (scripts/clang_tidy.sh: what was clean and has not changed is not looked at again)
# All of it runs even when something fails; the exit status is 1 then.
#
#   scripts/lint.sh [--rtl | --cpp] [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
parts="rtl cpp"
case "${1:-}" in
  --rtl | --cpp)
    parts="${1#--}"
    shift
    ;;
  -*)
    echo "$0: unknown option '$1'; usage: $0 [--rtl | --cpp] [build folder]" >&2
    exit 2
    ;;
esac
build="${1:-build}"
jobs="$(nproc)"
logs="$build/lint"
mkdir -p "$logs"
failures=0

say() { printf '%-44s %s\n' "$1" "$2"; }
fail() {
  say "$1" FAILED
  sed 's/^/    /' "$2" | tail -n 60
  failures=$((failures + 1))
}
# try <what> <log> <command...>
try() {
  local what="$1" log="$2"
  shift 2
  if "$@" > "$log" 2>&1; then say "$what" ok; else fail "$what" "$log"; fi
}

lint_configuration() {
  local name="$1" key value parameters=() chparam=""
  local rtl
  mapfile -t rtl < <(scripts/rtl_files.sh)
  while IFS='=' read -r key value; do
    parameters+=("-G$key=$value")
    chparam+=" -set $key $value"
  done < <(grep -E '^[A-Za-z]+=[0-9]+$' "constraints/$name.params")

  try "verilator -Wall, $name" "$logs/verilator-$name.log" \
    verilator --lint-only -Wall --assert --no-timing --top-module mcnn_chip "${parameters[@]}" rtl/lint.vlt -F rtl/mcnn.f

  # Latches and multipliers are looked for before any of them could be turned into gates.
  try "yosys check, no latch, no multiplier, $name" "$logs/yosys-$name.out" \
    yosys -q -l "$logs/yosys-$name.log" -p "
      read_verilog -sv -Irtl/include ${rtl[*]}
      chparam$chparam mcnn_chip
      hierarchy -check -top mcnn_chip
      proc
      check -assert
      select -assert-none t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$sr t:\$mul t:\$macc t:\$div t:\$mod t:\$divfloor t:\$modfloor t:\$pow
      flatten
      opt_clean
      check -assert
      select -assert-none o:* %cie* i:* %i"
  return "$failures"
}

lint_rtl() {
  local file names=() name
  for file in constraints/*.params; do names+=("$(basename "$file" .params)"); done
  # As many configurations at a time as there are processors; told in their order.
  printf '%s\n' "${names[@]}" | xargs -P "$jobs" -I '{}' \
    bash -c 'lint_configuration "$1" > "$logs/$1.out"; echo $? > "$logs/$1.failures"' lint '{}'
  for name in "${names[@]}"; do
    cat "$logs/$name.out"
    failures=$((failures + $(cat "$logs/$name.failures")))
  done
}

lint_cpp() {
  scripts/sources.sh > "$logs/sources"
  try clang-format "$logs/clang-format.log" xargs -a "$logs/sources" clang-format --dry-run -Werror
  # Generated headers must exist for clang-tidy.
  local log="$logs/clang-tidy.log"
  cmake --build "$build" -j "$jobs" --target verilated_sources > "$log" 2>&1 || fail "verilated sources" "$log"
  if scripts/clang_tidy.sh "$build" > "$log" 2> "$log.err"; then
    say "clang-tidy, $(tail -n 1 "$log")" ok
  else
    grep -E 'error:|warning:' "$log" | sort -u > "$log.short"
    [[ -s "$log.short" ]] || cat "$log.err" "$log" > "$log.short"
    fail clang-tidy "$log.short"
  fi
}

export -f say fail try lint_configuration
export logs failures
for part in $parts; do "lint_$part"; done
if [[ $failures -gt 0 ]]; then
  echo "lint: $failures failed"
  exit 1
fi
echo "lint: clean"
