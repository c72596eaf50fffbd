#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that can be said about the sources without running them:
#   Verilator -Wall on every configuration of constraints/ (waivers in rtl/lint.vlt, each with its reason)
#   Yosys on every configuration: check -assert, no latch, no multiplier, divider or modulo
#   clang-format, clang-tidy on the C++ of the project
# All of it runs even when something fails; the exit status is 1 then.
#
#   scripts/lint.sh [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
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

mapfile -t rtl < <(grep -vE '^\s*(//|#|$|[+-])' rtl/mcnn.f)
mapfile -t flags < <(grep -E '^\s*\+' rtl/mcnn.f)

for file in constraints/*.params; do
  name="$(basename "$file" .params)"
  parameters=()
  chparam=""
  while IFS='=' read -r key value; do
    parameters+=("-G$key=$value")
    chparam+=" -set $key $value"
  done < <(grep -E '^[A-Za-z]+=[0-9]+$' "$file")

  log="$logs/verilator-$name.log"
  waivers=()
  [[ -f rtl/lint.vlt ]] && waivers=(rtl/lint.vlt)
  if verilator --lint-only -Wall --assert --no-timing -Irtl/include "${flags[@]}" --top-module mcnn_chip \
    "${parameters[@]}" "${waivers[@]}" "${rtl[@]}" > "$log" 2>&1; then
    say "verilator -Wall, $name" ok
  else
    fail "verilator -Wall, $name" "$log"
  fi

  # Latches and multipliers are looked for before any of them could be turned into gates.
  log="$logs/yosys-$name.log"
  if yosys -q -l "$log" -p "
      read_verilog -sv -Irtl/include ${rtl[*]}
      chparam$chparam mcnn_chip
      hierarchy -check -top mcnn_chip
      proc
      check -assert
      select -assert-none t:\$dlatch t:\$adlatch t:\$dlatchsr t:\$sr t:\$mul t:\$macc t:\$div t:\$mod t:\$divfloor t:\$modfloor t:\$pow
      flatten
      opt_clean
      check -assert" > "$log.out" 2>&1; then
    say "yosys check, no latch, no multiplier, $name" ok
  else
    fail "yosys check, no latch, no multiplier, $name" "$log.out"
  fi
done

log="$logs/clang-format.log"
if scripts/sources.sh | xargs clang-format --dry-run -Werror > "$log" 2>&1; then
  say "clang-format" ok
else
  fail "clang-format" "$log"
fi

# clang-tidy looks at every own source that the build compiles; generated headers must exist for that.
log="$logs/clang-tidy.log"
cmake --build "$build" -j "$jobs" --target verilated_sources > "$log" 2>&1 || fail "verilated sources" "$log"
mapfile -t sources < <(scripts/sources.sh cpp | while read -r source; do
  grep -qF "\"$PWD/$source\"" "$build/compile_commands.json" && echo "$source"
done)
if printf '%s\n' "${sources[@]}" |
  xargs -P "$jobs" -n 1 clang-tidy --quiet -p "$build" > "$log" 2> "$log.err"; then
  say "clang-tidy, ${#sources[@]} files" ok
else
  grep -E 'error:|warning:' "$log" | sort -u > "$log.short"
  [[ -s "$log.short" ]] || cp "$log.err" "$log.short"
  fail "clang-tidy" "$log.short"
fi

if [[ $failures -gt 0 ]]; then
  echo "lint: $failures failed"
  exit 1
fi
echo "lint: clean"
