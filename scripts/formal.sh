#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves the properties of tests/formal with Yosys and abc, and shows that the proofs bite. For every line of
# tests/formal/proofs.txt
#   proof   the assertions hold, without bound (pdr) or up to the depth named there (bmc)
#   cover   everything that the properties say must be possible has a way to it
#   broken  every line of tests/formal/broken.txt, a change of the RTL, is refuted by the same properties
# A proof that fails leaves the way to the failure, as a VCD and in abc's words, in the folder that is named.
#
#   scripts/formal.sh [--proofs | --broken] [module...]       (both, all of them)
#
# A module has one proof or more: of other parameters, with its name first (image_loader4).
# MCNN_JOBS says how many at a time. The last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

parts="proofs broken"
case "${1:-}" in
  --proofs | --broken)
    parts="${1#--}"
    shift
    ;;
  -*)
    echo "$0: unknown option '$1'; usage: $0 [--proofs | --broken] [module...]" >&2
    exit 2
    ;;
esac
for tool in yosys yosys-abc; do
  command -v "$tool" > /dev/null || {
    echo "formal: skipped, $tool not found (Debian package yosys)"
    exit 0
  }
done

export limit="${MCNN_LIMIT:-100}"  # [s] of a proof
export properties=tests/formal
export out=build/formal
table() { grep -vE '^(#|$)' "$properties/$1"; }
mapfile -t known < <(table proofs.txt | awk '{ print $1 }')
chosen=()
for name in "$@"; do
  mapfile -t found < <(table proofs.txt | awk -v name="$name" '$1 == name || $2 ~ "/mcnn_" name "[.]sv$" { print $1 }')
  [[ ${#found[@]} -gt 0 ]] || {
    echo "$0: no module '$name' in $properties/proofs.txt; there are: ${known[*]}" >&2
    exit 2
  }
  chosen+=("${found[@]}")
done
[[ ${#chosen[@]} -gt 0 ]] || chosen=("${known[@]}")

# The RTL of a job, with the checker in the module that is proved: what `bind` does in simulation, which Yosys does not read.
# copy_rtl <folder> <module> <checker file> [sed expression]
copy_rtl() {
  local folder="$1" module="$2" checker="$3" change="${4:-}" file instance changed=0
  mkdir -p "$folder"
  instance="$(awk '/^bind /, 0 { printf "%s ", $0; if (/;/) exit }' "$checker" | sed -E 's/^bind +[a-z_]+ +//')"
  [[ -n "$instance" ]] || { echo "no bind in $checker"; return 1; }
  for file in $(scripts/rtl_files.sh); do
    if [[ -z "$change" ]]; then
      cp "$file" "$folder/"
    else
      sed -E "$change" "$file" > "$folder/${file##*/}" || return 1
      cmp -s "$file" "$folder/${file##*/}" || changed=$((changed + 1))
    fi
  done
  if [[ -n "$change" && $changed -ne 1 ]]; then
    echo "the change is one to $changed files: $change"
    return 1
  fi
  # A module without a reset has no clock of it.
  if grep -q rst_ni "$folder/$module.sv"; then instance+=" formal_reset u_formal_reset (.clk_i, .rst_ni);"; fi
  sed -i "s/^endmodule/$(sed 's/[&/]/\\&/g' <<< "$instance")\nendmodule/" "$folder/$module.sv"
}

# model <folder> <module> <checker file> <parameters> <own> [Yosys defines]: model.il with the assertions, model.aig for abc
model() {
  local folder="$1" module="$2" checker="$3" parameters="$4" own="$5" defines="${6:-}" chparam="" pair
  if [[ "$parameters" != - ]]; then
    for pair in ${parameters//,/ }; do chparam+=" -set ${pair%%=*} ${pair#*=}"; done
    chparam="chparam$chparam $module"
  fi
  # An assertion that a simplification has shown to hold leaves no output in the AIGER file: they are counted before.
  yosys -q -l "$folder/yosys.log" -p "
    read_verilog -sv -formal $defines -Irtl/include -I$properties \
      $(scripts/rtl_files.sh | sed "s|.*/|$folder/|" | tr '\n' ' ') $properties/formal_reset.sv $checker
    $chparam
    hierarchy -check -top $module
    rename -top $module
    proc
    flatten
    check -assert
    select -assert-none t:\$dlatch t:\$adlatch t:\$sr
    ${own:+delete t:\$assert c:u_properties.* %d}
    tee -q -o $folder/assertions select -count t:\$assert
    async2sync
    opt
    memory_nordff
    memory_map -formal
    formalff -clk2ff
    setundef -undriven -anyseq
    opt -fast
    delete -output
    write_rtlil $folder/model.il
    techmap
    simplemap
    dffunmap
    aigmap
    opt_clean
    tee -q -o $folder/outputs select -list t:\$assert
    write_aiger -I -B -zinit -no-startoffset -map $folder/model.aim $folder/model.aig" > "$folder/yosys.out" 2>&1
}

# row <passed 0|1> <module> <kind> <properties> <how> <seconds> <words>
row() {
  printf '%-16s %-7s %6s  %-12s %6s  %s\n' "$2" "$3" "$4" "$5" "$6" "$7" > "$job/row"
  echo "$1" > "$job/passed"
}

# prove <module> <file> <checker> <parameters> <method> <limit [s]> [change]: sets verdict to holds, fails or a word about what
# else there was
prove() {
  local module="$1" checker="$2" parameters="$3" method="$4" limit="$5" change="${6:-}" command
  local own=""
  [[ "$method" != *,own ]] || own=1
  method="${method%,own}"
  verdict=""
  copy_rtl "$job" "$module" "$checker" "$change" > "$job/copy.out" 2>&1 || { verdict="$(cat "$job/copy.out")"; return; }
  model "$job" "$module" "$checker" "$parameters" "$own" || {
    verdict="Yosys: $(grep -m 1 ERROR "$job/yosys.out" || echo "see $job/yosys.out")"
    return
  }
  case "$method" in
    pdr) command="pdr" ;;
    induction) command="bmc3 -F $([[ -n "$change" ]] && echo 40 || echo 10)" ;;
    bmc:*) command="bmc3 -F ${method#bmc:}" ;;
  esac
  timeout "$limit" yosys-abc -c "read_aiger $job/model.aig; fold; strash; $command; write_cex -a $job/trace.aiw" \
    > "$job/abc.out" 2>&1
  if grep -qE '^Output [0-9]+ .*asserted in frame' "$job/abc.out"; then
    verdict=fails
  elif ! grep -qE 'Property proved|No output asserted in' "$job/abc.out"; then
    verdict="no verdict in $limit s"
  elif [[ "$method" != induction || -n "$change" ]] || induction; then
    verdict=holds
  else
    verdict="no induction, see $job/induction.out"
  fi
}

# When the assertions hold in up to four clocks, whatever the state is, they hold in the next one.
induction() {
  timeout "$limit" yosys -p "read_rtlil $job/model.il; techmap; opt
    sat -tempinduct-inductonly -prove-asserts -set-assumes -maxsteps 4 -show-public" > "$job/induction.out" 2>&1
  grep -q 'Induction step proven: SUCCESS' "$job/induction.out"
}

# The assertion that fails: the outputs of the model are in their order.
failing() {
  local output
  output="$(sed -nE 's/^Output ([0-9]+) .*asserted in frame.*/\1/p;T;q' "$job/abc.out")"
  sed -n "$((output + 1))s/.*[./]//p" "$job/outputs"
}

# The way to a failure in words of the RTL.
trace() {
  yosys -p "read_rtlil $job/model.il; sim -clock clk_i -r $job/trace.aiw -map $job/model.aim -vcd $job/trace.vcd" \
    > "$job/sim.out" 2>&1
}

run_job() {
  local kind="$1" name="$2" change="${3:-}" what="${4:-}" number="${5:-0}"
  local file parameters method module started
  read -r _ file parameters method < <(grep -E "^$name " "$properties/proofs.txt")
  module="$(basename "$file" .sv)"
  local checker="$properties/${module#mcnn_}_properties.sv"
  job="$out/$name-$kind"
  [[ "$kind" != broken ]] || job+="-$number"
  rm -rf "$job"
  mkdir -p "$job"
  started="$(date +%s.%N)"
  seconds() { awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }
  local how="unbounded"
  [[ "$method" != bmc:* ]] || how="depth ${method#bmc:}"
  case "$kind" in
    proof)
      prove "$module" "$checker" "$parameters" "$method" "$limit"
      case "$verdict" in
        holds) row 1 "$name" proof "$(awk '{ print $1 }' "$job/assertions")" "$how" "$(seconds)" holds ;;
        fails)
          trace
          row 0 "$name" proof - "$how" "$(seconds)" "FAILS: $(failing), see $job/trace.vcd"
          ;;
        *) row 0 "$name" proof - "$how" "$(seconds)" "FAILED: $verdict" ;;
      esac
      ;;
    cover)
      copy_rtl "$job" "$module" "$checker" > "$job/copy.out" 2>&1
      local all found
      if model "$job" "$module" "$checker" "$parameters" 1 -DFORMAL_COVER; then
        all="$(awk '{ print $1 }' "$job/assertions")"
        found=0
        if [[ "$all" -gt 0 ]]; then
          timeout 300 yosys-abc -c "read_aiger $job/model.aig; fold; strash; bmc3 -a -F 200 -T 30" > "$job/abc.out" 2>&1
          found="$(sed -nE 's/.*Output +([0-9]+) .*asserted in frame.*/\1/p' "$job/abc.out" | sort -u | wc -l)"
        fi
        if [[ "$all" -eq "$found" ]]; then
          row 1 "$name" cover "$all" "" "$(seconds)" reached
        else
          row 0 "$name" cover "$all" "" "$(seconds)" "FAILED: only $found reached, see $job/abc.out"
        fi
      else
        row 0 "$name" cover - "" "$(seconds)" "FAILED: Yosys: $(grep -m 1 ERROR "$job/yosys.out")"
      fi
      ;;
    broken)
      prove "$module" "$checker" "$parameters" "$method" 120 "$change"
      case "$verdict" in
        fails) row 1 "$name" broken "" "" "$(seconds)" "$what: refuted by $(failing)" ;;
        holds) row 0 "$name" broken "" "" "$(seconds)" "SURVIVED: $what" ;;
        *) row 0 "$name" broken "" "" "$(seconds)" "FAILED: $what: $verdict" ;;
      esac
      ;;
  esac
  # What a passed job leaves is not needed.
  if [[ "$(cat "$job/passed")" == 1 ]]; then
    find "$job" -type f ! -name row ! -name passed ! -name yosys.log ! -name abc.out ! -name model.aig -delete
  fi
  cat "$job/row"
}

mkdir -p "$out"
jobs_file="$out/jobs"
: > "$jobs_file"
for name in "${chosen[@]}"; do
  if [[ "$parts" == *proofs* ]]; then printf '%s\0' proof "$name" "" "" 0 cover "$name" "" "" 0 >> "$jobs_file"; fi
  if [[ "$parts" == *broken* ]]; then
    number=0
    # name: what it breaks: sed expression
    while IFS= read -r line; do
      number=$((number + 1))
      rest="${line#*: }"
      printf '%s\0' broken "$name" "${rest#*: }" "${rest%%: *}" "$number" >> "$jobs_file"
    done < <(table broken.txt | grep -E "^$name: ")
  fi
done
if [[ "$parts" == *broken* ]]; then
  while IFS= read -r name; do
    [[ " ${known[*]} " == *" $name "* ]] || {
      echo "$0: $properties/broken.txt breaks '$name', of which $properties/proofs.txt has no proof" >&2
      exit 2
    }
  done < <(table broken.txt | sed 's/: .*//' | sort -u)
fi

export -f run_job row prove induction model copy_rtl failing trace
printf '%-16s %-7s %6s  %-12s %6s\n' module "" proper- "" sec-
printf '%-16s %-7s %6s  %-12s %6s\n' "" "" ties "" onds
rm -f "$out"/*/row "$out"/*/passed
xargs -0 -n 5 -P "${MCNN_JOBS:-$(nproc)}" bash -c 'run_job "$@"' formal < "$jobs_file"
passed="$(cat "$out"/*/passed 2> /dev/null | grep -c 1)"
jobs="$(($(tr -cd '\0' < "$jobs_file" | wc -c) / 5))"
echo "$passed passed, $((jobs - passed)) failed"
[[ "$passed" -eq "$jobs" ]]
