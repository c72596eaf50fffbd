# SPDX-License-Identifier: Apache-2.0
# Adds up the counters of all Verilated models (cmake/verilated_coverage.sh) and prints what of the RTL ran. Called by
# scripts/coverage.sh:
#
#   awk -v root=<sources>/ -v judged=<file> -v points=<file of its own> -f rtl.awk <class>.points...
#
# A line, a branch or a bit is one of its module, in whatever instance and configuration: it ran when it ran in one of them.
function name(file) { return substr(file, length(root) + 1) }
function text(file, number,   line, i) {
  if (!(file in read)) {
    read[file] = 1
    while ((getline line < (root file)) > 0) source[file, ++i] = line
    close(root file)
  }
  line = source[file, number]
  gsub(/^ +| +$/, "", line)
  return line
}
function mark(table, all, key, count) {
  if (!(key in table)) all[substr(key, 1, index(key, SUBSEP) - 1)]++
  table[key] += count
}
function share(hit, all) { return all == 0 ? "       -" : sprintf("%7.2f%%", int(10000 * hit / all) / 100) }

BEGIN {
  FS = OFS = "\t"
  while ((getline line < judged) > 0) {
    if (line ~ /^#/ || line == "") continue
    split(line, part, "\t")
    reason[part[1], part[2], part[3]] = 1
  }
}
FNR == 1 {
  counts = FILENAME
  sub(/points$/, "counts", counts)
  delete count
  number = 0
  command = "od -An -v -tu4 -w4 '" counts "' 2> /dev/null"
  while ((command | getline value) > 0) count[number++] = value + 0
  close(command)
}
{
  hits = number ? count[$1] : 0
  file = name($2)
  # Verilator counts what always runs in a block of logic when the model begins, and not afterwards.
  if ($7 == "block" && number && text(file, $3) ~ /^always_comb/) hits = 1
  kind = substr($6, 1, index($6, "/") - 1)
  if (kind == "v_user") {
    module = file
    gsub(/.*\/|_(properties|cover)\.sv$/, "", module)
    point[module "\t" $7] += hits
    next
  }
  if (file !~ /^rtl\//) next
  files[file] = 1
  if (kind == "v_toggle") {
    mark(bit, bits, file SUBSEP $3 SUBSEP $7, hits)
    next
  }
  if (kind == "v_branch") mark(branch, branches, file SUBSEP $3 SUBSEP $4 SUBSEP $7, hits)
  ranges = split($8, range, ",")
  for (i = 1; i <= ranges; ++i) {
    split(range[i] "-" range[i], ends, "-")
    for (l = ends[1]; l <= ends[2]; ++l) mark(line_of, lines, file SUBSEP l, hits)
  }
}
END {
  # What did not run, but for what was judged.
  for (key in line_of) {
    split(key, part, SUBSEP)
    if (line_of[key] > 0) ++line_hits[part[1]]
    else if ((part[1], "line", text(part[1], part[2])) in reason) ++line_judged[part[1]]
    else missing[++misses] = sprintf("%s:%05d: line: %s", part[1], part[2], text(part[1], part[2]))
  }
  for (key in branch) {
    split(key, part, SUBSEP)
    if (branch[key] > 0) ++branch_hits[part[1]]
    else if ((part[1], part[4], text(part[1], part[2])) in reason) ++branch_judged[part[1]]
    else missing[++misses] = sprintf("%s:%05d: %s: %s", part[1], part[2], part[4], text(part[1], part[2]))
  }
  for (key in bit) {
    split(key, part, SUBSEP)
    signal = part[3]
    sub(/\[[0-9:]+\]$/, "", signal)
    if (bit[key] > 0) ++bit_hits[part[1]]
    else if ((part[1], "bit", part[3]) in reason || (part[1], "bit", signal) in reason) ++bit_judged[part[1]]
    else missing[++misses] = sprintf("%s:%05d: bit: %s", part[1], part[2], part[3])
  }
  sort = "sort"
  for (i = 1; i <= misses; ++i) print missing[i] | sort
  close(sort)
  printf "%-32s %21s %23s %24s\n", "", "lines", "branches", "bits that change"
  printf "%-32s %6s %6s %7s  %6s %6s %8s  %6s %6s %9s\n", "module", "ran", "of", "", "ran", "of", "", "both", "of", ""
  for (file in files) {
    what = file
    sub(/^rtl\//, "", what)
    row[what] = sprintf("%-32s %6d %6d %s %6d %6d  %s %6d %6d  %s", what,
      line_hits[file] + line_judged[file], lines[file], share(line_hits[file] + line_judged[file], lines[file]),
      branch_hits[file] + branch_judged[file], branches[file], share(branch_hits[file] + branch_judged[file], branches[file]),
      bit_hits[file] + bit_judged[file], bits[file], share(bit_hits[file] + bit_judged[file], bits[file]))
    a += line_hits[file] + line_judged[file]; b += lines[file]; j += line_judged[file]
    c += branch_hits[file] + branch_judged[file]; d += branches[file]; k += branch_judged[file]
    e += bit_hits[file] + bit_judged[file]; f += bits[file]; m += bit_judged[file]
  }
  for (what in row) print row[what] | sort
  close(sort)
  printf "%-32s %6d %6d %s %6d %6d  %s %6d %6d  %s\n", "RTL", a, b, share(a, b), c, d, share(c, d), e, f, share(e, f)
  printf "of them judged: %d lines, %d branches, %d bits\n", j, k, m
  for (label in point) printf "%s\t%d\n", label, point[label] > points
}
