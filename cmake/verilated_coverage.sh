#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run by the build for a model that was translated with --coverage-*: its counters become those of tests/coverage/verilated_counts.h, whose
# sums go to <class>.counts, and what each of them counts becomes a table, <class>.points, instead of C++ that takes minutes to
# compile: number, file, line, column, place, kind, what, lines.
#
#   verilated_coverage.sh <folder> <class>
set -euo pipefail
cd "$1"
class="$2"
text='"([^"]*)"'
sed -n -E "s/.*__vlCoverInsert\(&\(vlSymsp->__Vcoverage\[([0-9]+)\]\), first, $text, ([0-9]+), ([0-9]+), $text, $text, $text, $text\);/\1\t\2\t\3\t\4\t\5\t\6\t\7\t\8/p" \
  "$class"*Slow.cpp > "$class.points"
sed -i -E '
  /__vlCoverInsert\(&/d
  /^void .*__vlCoverInsert\(/,/^}/d
  s/vlSymsp->__Vcoverage\[([0-9]+)\]\.fetch_add\(1, std::memory_order_relaxed\)/++vlSymsp->__Vcoverage[\1]/' "$class"*.cpp
sed -i -E "
  s|std::atomic<uint32_t> __Vcoverage\[([0-9]+)\];|static constexpr const char* kCoverageFile = \"$PWD/$class.counts\";\n    mcnn::coverage::Counts<\1, ${class}__Syms> __Vcoverage;|
  s|#include \"verilated.h\"|&\n#include \"verilated_counts.h\"|" "${class}__Syms.h"
sed -i -E "s|^( *)${class}___024root___eval_settle\(.*;|&\n\1vlSymsp->__Vcoverage.Begin();|" "$class.cpp"
