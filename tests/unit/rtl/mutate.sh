#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mutation of the RTL: breaks one line of a copy at a time and checks that the unit tests of the module notice. A mutation that
# survives, or whose line is no longer there, is an error.
#
#   tests/unit/rtl/mutate.sh [module...]        all modules by default; the repository is not touched
set -euo pipefail
root="$(cd "$(dirname "$0")/../../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# A project that has nothing but the unit tests, with a copy of the RTL.
for folder in cmake constraints tests; do ln -s "$root/$folder" "$work/$folder"; done
cp -r "$root/rtl" "$work/rtl"
mkdir "$work/chip"  # the whole chip is built for its registers only
cp -r "$root/rtl" "$work/chip/rtl"
cp -r "$root/rtl" "$work/original"
ln -s "$root/tests/mutants/rtl_alone.cmake" "$work/CMakeLists.txt"
build="$work/build"
program="$build/tests/unit/rtl/mcnn_rtl_unit_test"
compile() {
  cmake -S "$work" -B "$build" > "$work/log" 2>&1 &&
    cmake --build "$build" -j "$(nproc)" --target mcnn_rtl_unit_test > "$work/log" 2>&1
}
compile || { tail -n 40 "$work/log"; exit 1; }
timeout 300 "$program" > "$work/log" 2>&1 || { echo "the tests fail on the RTL as it is"; exit 1; }

survived=0
# mutation <file> <tests> <sed expression> <what it breaks>
mutation() {
  local file="$1" tests="$2" expression="$3" what="$4" module copy
  module="$(basename "$file" .sv)"
  copy="$work/rtl/$file"
  [[ "$tests" == Registers* ]] && copy="$work/chip/rtl/$file"
  if [[ -n "$only" && " $only " != *" $module "* ]]; then return; fi
  sed -E "$expression" "$work/original/$file" > "$copy"
  if cmp -s "$work/original/$file" "$copy"; then
    echo "$module: nothing to break: $expression"
    survived=$((survived + 1))
  elif ! compile; then
    echo "$module: does not build: $what"
    survived=$((survived + 1))
  elif timeout 300 "$program" --gtest_filter="$tests" > "$work/log" 2>&1; then
    echo "$module: SURVIVED: $what"
    survived=$((survived + 1))
  else
    local by
    by="$(sed -nE 's/^\[  FAILED  \] ([A-Za-z\/]*)\/?[0-9]*(\.[A-Za-z]*).*/\1\2/p' "$work/log" | sed 's|/\.|.|;q')"
    echo "$module: $what: ${by:-the program ends early}"
  fi
  cp "$work/original/$file" "$copy"
}

only="$*"
mutation memory/mcnn_ram.sv 'Ram.*' 's/mixed\(rdata_o, mem\[raddr_i\], re_i\)/mem[raddr_i]/' 'lanes that are not read change'
mutation memory/mcnn_ram.sv 'Ram.*' 's/wdata_i, we_i\)/wdata_i, {Lanes{we_i[0]}})/' 'all lanes written with the first'
mutation memory/mcnn_feature_maps.sv 'FeatureMaps*' 's/is_write( +)= write_buffer_i/is_write\1= out_buffer_i/' 'write role follows the output role at once'
mutation memory/mcnn_feature_maps.sv 'FeatureMaps*' 's/fetch_buffer_q <= in_buffer_i/fetch_buffer_q <= out_buffer_i/' 'fetch data from another buffer'
mutation memory/mcnn_feature_maps.sv 'FeatureMaps*' 's/load_data_i\[Row\*ActBits\+:ActBits\]/load_data_i[ActBits-1:0]/' 'every loaded row gets the pixel of the first'
mutation bus/mcnn_axi_lite.sv '*AxiLite*' 's/aw_full_q && w_full_q && !s_axil_bvalid_o/aw_full_q \&\& w_full_q/' 'a write while a response waits'
mutation bus/mcnn_axi_lite.sv '*AxiLite*' 's/!ar_full_q && !s_axil_rvalid_o/!ar_full_q/' 'a read while an answer waits'
mutation bus/mcnn_registers.sv 'Registers*' "s/mcnn_pkg::RegLogitCount: +logit_count_o <= wr_data_i\[7:0\]/mcnn_pkg::RegLogitCount: logit_count_o <= 8'(wr_data_i[6:0])/" 'one bit of LOGIT_COUNT not kept'
mutation bus/mcnn_registers.sv 'Registers*' 's/error_q == mcnn_pkg::ErrNone \|\| irq_clear\[1\]/1'"'"'b1/' 'the first error does not stay'
mutation bus/mcnn_registers.sv 'Registers*' 's/row < NumBiasRows/row <= NumBiasRows/' 'a bias row too many'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/&\(y_q\[BankBits-1:0\] \| RowMask\[BankBits-1:0\]\)/\&y_q[1:0]/' 'next word of a bank after four rows'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' "s/there\[r\] = [^;]*;/there[r] = 1'b1;/" 'rows beyond the image are written'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/\(height_i \+ RowMask\) & ~RowMask/height_i \& ~RowMask/' 'the last rows are not waited for when they are fewer'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/taken \? !s_axis_tlast_i : within_q/within_q/' 'flush with the first pixel'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/\|\| state_q == Rest\) && taken/) \&\& taken/' 'an image instead of the rest is not reported'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/end else if \(restart_i \|\|/end else if (flush_i || restart_i ||/' 'the rest is counted from the flush on'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/restart_i && state_q != Ready/restart_i \&\& state_q == Load/' 'the rest is waited for whatever the host says'
mutation bus/mcnn_image_loader.sv 'ImageLoader*' 's/state_q != Ready && !whole/state_q != Ready/' 'a restart forgets an image that is whole'
mutation bus/mcnn_result.sv 'Result*' 's/there_i\[l\+step\] && //' 'a logit behind the last one wins'
mutation bus/mcnn_result.sv 'Result*' 's/row_max_q > max_q/row_max_q >= max_q/' 'the last of equal logits wins'
mutation control/mcnn_tables.sv 'Tables*' "s/32'\(signed'\(row\[w\*PsumBits/32'((row[w*PsumBits/" 'bias not sign-extended'
mutation control/mcnn_sequencer.sv 'Sequencer*' 's/!\(row_i\[0\] && result_busy_i\)/1'"'"'b1/' 'logits while a result is being sent'
mutation control/mcnn_sequencer.sv 'Sequencer*' 's/outside\(out_width_o, MaxDim\)/outside(out_width_o, MaxDim + 1)/' 'a column too many allowed'
mutation control/mcnn_sequencer.sv 'Sequencer*' 's/if \(stop_run\) state_d = Idle;/if (stop_run \&\& state_q != Halted) state_d = Idle;/' 'halted runs cannot be aborted'
mutation control/mcnn_beat_control.sv 'BeatControl*' 's/px_q \+ 8.d1 < pooled_width_i/px_q < pooled_width_i/' 'a pooled column too many'
mutation control/mcnn_beat_control.sv 'BeatControl*' "s/top_plane = PlaneBits'\(1\);/top_plane = '0;/" 'one plane where two are the least'
mutation control/mcnn_beat_control.sv 'BeatControl*' "s/load_ready_o = !full_q/load_ready_o = 1'b1/" 'columns are taken while a step waits'
mutation control/mcnn_perf_counters.sv 'PerfCounters*' 's/active_i & \{NumPe\{beat_first_i\}\}/active_i/' 'planes of other clocks counted'
mutation control/mcnn_programmer.sv 'Programmer*' "s/pulses_q != '0 && below == set_o \? next_q/below == set_o ? next_q/" 'the first pulse of an entry steps on from the entry before'
mutation control/mcnn_programmer.sv 'Programmer*' "s/pulses_q != '0 && below == set_o \? next_q/pulses_q != '0 ? next_q/" 'a change of polarity does not begin anew'
mutation control/mcnn_programmer.sv 'Programmer*' "s/whole > \{1'b0, limit\} \? limit : whole/whole[AmplitudeBits-1:0] > limit ? limit : whole/" 'amplitudes wrap'
mutation control/mcnn_programmer.sv 'Programmer*' 's/good( +)= !below && code_q <= high_q/good\1= !below \&\& code_q < high_q/' 'the highest good code is not good'
mutation control/mcnn_programmer.sv 'Programmer*' "s/whole\[AdcBits\] \? '1 : whole/whole/" 'the upper bound wraps'
mutation control/mcnn_programmer.sv 'Programmer*' "s/a < b \? '0 : a - b/a - b/" 'the lower bound wraps'
mutation control/mcnn_programmer.sv 'Programmer*' 's/last_pulse = no_drive_q \|\| /last_pulse = /' 'a cell that is not driven is pulsed'
mutation control/mcnn_programmer.sv 'Programmer*' 's/32.\(row\[19:8\]\) >= NumSl/32'"'"'(row[19:8]) > NumSl/' 'a source line too many'
mutation control/mcnn_programmer.sv 'Programmer*' 's/\{status_q != StatusRefused, 1.b1\}/2'"'"'b11/' 'refused entries lose their target'
mutation control/mcnn_programmer.sv 'Programmer*' 's/32.\(wait_q\) == ReadClocks\)/32'"'"'(wait_q) == 1)/' 'the code is taken at the end of a long read'
mutation control/mcnn_programmer.sv 'Programmer*' 's/state_d = abort_i \? Idle : good/state_d = good/' 'a pulse begins after an abort'
mutation control/mcnn_programmer.sv 'Programmer*' 's/Pulse \? pulse_clocks_i :/Pulse ? pulse_clocks_i + 8'"'"'d1 :/' 'pulses a clock too long'
mutation control/mcnn_program_control.sv 'ProgramControl*' 's/abort_q <= going && \(abort_q/abort_q <= (abort_q/' 'an abort stays for the next run'
mutation control/mcnn_program_control.sv 'ProgramControl*' "s/ \|\| drain_q != '0;/;/" 'the run ends before its counters are final'
mutation control/mcnn_program_control.sv 'ProgramControl*' 's/set_start_i > set_limit_i \? set_limit_i : set_start_i/set_start_i/' 'first amplitudes beyond the limit'
mutation control/mcnn_program_control.sv 'ProgramControl*' 's/rd_word_q \? list_row_i/host_rd_word_i ? list_row_i/' 'the word of the next access'
mutation bus/mcnn_registers.sv 'Registers*' 's/> NumEntries\) program_valid/> NumEntries + 1) program_valid/' 'a list too long allowed'
mutation bus/mcnn_registers.sv 'Registers*' 's/program_request && !start_request && !busy/program_request \&\& !busy/' 'START and PROGRAM in one write begin both'
mutation bus/mcnn_registers.sv 'Registers*' 's/assign busy( +)= busy_i \|\| program_busy_i/assign busy\1= busy_i/' 'nothing is locked while programming'
mutation datapath/mcnn_pe.sv 'Pe/*' 's/macro_line_o  <= program_read_i \|\| program_pulse_i \?/macro_line_o  <= program_read_i ?/' 'pulses at the line of the last window'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/low\[b\] \? octet : octet_above/octet/' 'rows of the next octet taken from this one'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/y_next >= 9/y_next > 9/' 'a row group too many'
mutation datapath/mcnn_shift_add.sv 'ShiftAdd*' 's/acc << 1/acc/' 'no shift'
mutation datapath/mcnn_pe.sv 'Pe/*' 's/hold_start_q \+ QuadBits/QuadBits/' 'groups not rotated'
mutation datapath/mcnn_pe.sv 'Pe/*' 's/slide \? window/1'"'"'b1 ? window/' 'old window not cleared'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/single_q && x_q != 0/x_q != 0/' 'windows of several steps slide'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/ && record_next != record_q//' 'the same record read again'
mutation datapath/mcnn_reduce.sv 'Reduce*' 's/= first_q && add_q;/= first_q;/' 'second emission begins at 0'
mutation datapath/mcnn_reduce.sv 'Reduce*' 's/~\|segment_end_i\[p-1:From\]/~segment_end_i[p-1]/' 'only the nearest segment end looked at'
mutation datapath/mcnn_pe.sv 'Pe/*' 's/pairs_i \+ 6'"'"'d1/pairs_i/' 'the last of an odd number of pairs stands still'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/- split\}\) <= last/- split}) < last/' 'the last row of a column not read'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/row_in\[b\] && 8/8/' 'rows outside the map read'
mutation datapath/mcnn_window_fetch.sv 'WindowFetch*' 's/if \(b_active_q\[p\] && \(b_lane/if ((b_lane/' 'channels of PEs that take no part read'
mutation datapath/mcnn_bias.sv 'Bias*' 's/read_q && group_q == group_i \? row_i : //' 'a row met again at once is not there'
mutation datapath/mcnn_bias.sv 'Bias*' "s/if \(start_i\) +known_q <= '0;/if (1'b0) known_q <= '0;/" 'rows of the pass before'
mutation datapath/mcnn_activate.sv 'Activate*' 's/clamp\(biased_q >>> shift_i\)/clamp(biased_q >> shift_i)/' 'logical shift'
mutation datapath/mcnn_activate.sv 'Activate*' 's/PsumBits-2:ActBits/PsumBits-2:ActBits+1/' 'sums of 256 to 511 not clamped'
mutation datapath/mcnn_pool_write.sv 'PoolWrite*' 's/pe_row\[\(j\*NumPe\+p\)\*RowBits\+:RowBits\] < /pe_row[(j*NumPe+p)*RowBits+:RowBits] <= /' 'a row below the map'
mutation datapath/mcnn_pool_bank.sv 'PoolWrite*' 's/step_i && end_row_q <= row_next_i/step_i \&\& end_row_q < row_next_i/' 'a pooled row stays open a row group too long'
mutation datapath/mcnn_pool_bank.sv 'PoolWrite*' 's/written_q && written_addr_q == addr_q/1'"'"'b0/' 'read after write not seen'
mutation datapath/mcnn_pool_bank.sv 'PoolWrite*' 's/column_first_i && row_first\)/column_first_i)/' 'every row group overwrites'
if ((survived > 0)); then
  echo "$survived mutations were not noticed"
  exit 1
fi
