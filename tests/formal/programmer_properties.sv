// SPDX-License-Identifier: Apache-2.0
// mcnn_programmer: the rules of rtl/README.md, "Programming", for every list, every macro and an abort in any clock: what
// a macro relies on (never a read and a pulse, one cell, nothing over what has begun, MAX_PULSES, LIMIT), what is done with an
// entry, and that the engine comes to rest.
`include "formal.svh"

module programmer_properties #(
  parameter  int unsigned NumBl         = 16,
  parameter  int unsigned NumSl         = 8,
  parameter  int unsigned NumAdc        = 4,
  parameter  int unsigned AdcBits       = 2,
  parameter  int unsigned NumEntries    = 2,
  parameter  int unsigned ReadLatency   = 1,
  parameter  int unsigned ReadClocks    = 1,
  localparam int unsigned BlBits        = $clog2(NumBl),
  localparam int unsigned SlBits        = $clog2(NumSl),
  localparam int unsigned LaneBits      = $clog2(NumAdc),
  localparam int unsigned EntryBits     = $clog2(NumEntries),
  localparam int unsigned CountBits     = mcnn_pkg::EntryCountBits,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits,
  localparam int unsigned Events        = mcnn_pkg::ProgramEvents,
  localparam int unsigned ReadTime      = ReadClocks + ReadLatency  // clocks of a verify read behind its request
) (
  input logic                      clk_i,
  input logic                      rst_ni,
  input logic                      run_i,
  input logic                      start_i,
  input logic                      abort_i,
  input logic [CountBits-1:0]      count_i,
  input logic [AmplitudeBits-1:0]  set_first_i,
  input logic [AmplitudeBits-1:0]  set_step_i,
  input logic [AmplitudeBits-1:0]  set_limit_i,
  input logic [AmplitudeBits-1:0]  reset_first_i,
  input logic [AmplitudeBits-1:0]  reset_step_i,
  input logic [AmplitudeBits-1:0]  reset_limit_i,
  input logic [7:0]                max_pulses_i,
  input logic [7:0]                pulse_clocks_i,
  input logic                      host_access_i,
  input logic                      read_o,
  input logic                      pulse_o,
  input logic [NumBl-1:0]          bit_line_o,
  input logic [SlBits-1:0]         line_o,
  input logic                      set_o,
  input logic [AmplitudeBits-1:0]  amplitude_o,
  input logic [NumAdc*AdcBits-1:0] code_i,
  input logic [Events-1:0]         event_o,
  // inside: the list
  input logic                      list_re,
  input logic [1:0]                list_we,
  input logic [EntryBits-1:0]      list_raddr,
  input logic [EntryBits-1:0]      list_waddr,
  input logic [63:0]               list_wdata,
  input logic [63:0]               row,
  input logic [3:0]                state_q,
  input logic [CountBits-1:0]      entry_q,
  input logic [7:0]                wait_q,
  input logic [1:0]                status_q,
  input logic [7:0]                pulses_q,
  input logic [AdcBits-1:0]        code_q,
  input logic [BlBits-1:0]         bit_line_q,
  input logic [SlBits-1:0]         line_q,
  input logic                      no_drive_q,
  input logic                      outside_q,
  input logic [AdcBits-1:0]        low_q,
  input logic [AdcBits-1:0]        high_q,
  input logic [AmplitudeBits-1:0]  next_q
);

  logic works, refused, failed, done, strobe, ended;
  assign works   = event_o[6];
  assign refused = event_o[5];
  assign failed  = event_o[4];
  assign done    = event_o[3];
  assign strobe  = read_o || pulse_o;
  assign ended   = refused || failed || done;

  // ------------------------------------------------------------------------------------------------------ surroundings
  // A run begins with start_i, lasts as long as the engine works, and aborts for good; its settings are constant.
  localparam int unsigned SettingBits = CountBits + 6 * AmplitudeBits + 16;
  logic                   past_run_q, past_abort_q, past_works_q, past_start_q;
  logic [SettingBits-1:0] settings, past_settings_q;
  assign settings = {count_i, set_first_i, set_step_i, set_limit_i, reset_first_i, reset_step_i, reset_limit_i,
                     max_pulses_i, pulse_clocks_i};
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {past_run_q, past_abort_q, past_works_q, past_start_q} <= '0;
    else {past_run_q, past_abort_q, past_works_q, past_start_q} <= {run_i, abort_i, works, start_i};
  end
  always_ff @(posedge clk_i) past_settings_q <= settings;
  `MCNN_ASSUME(start_is_the_first_clock, start_i == (run_i && !past_run_q), "a run must begin with its start")
  `MCNN_ASSUME(run_lasts, run_i || !past_run_q || (!past_works_q && !past_start_q), "a run must last as long as the engine works")
  `MCNN_ASSUME(abort_stays, !abort_i || run_i, "an abort must be one of the run")
  `MCNN_ASSUME(abort_is_for_good, !past_abort_q || !run_i || abort_i, "an abort must last to the end of the run")
  `MCNN_ASSUME(settings_stay, !run_i || !past_run_q || settings == past_settings_q, "the settings must be constant in a run")
  `MCNN_ASSUME(settings_are_good, !run_i || (32'(count_i) <= NumEntries && pulse_clocks_i != '0 &&
               set_first_i <= set_limit_i && reset_first_i <= reset_limit_i), "the settings must have been checked")
  `MCNN_ASSUME(host_keeps_off, !run_i || !host_access_i, "the host must not reach the list in a run")
  `ifdef FORMAL
  `MCNN_ASSUME(short_times, !run_i || (pulse_clocks_i <= 8'd3 && max_pulses_i <= 8'd2), "short pulses, few of them")
  `endif

  // --------------------------------------------------------------------------------------------- the entry, as it is read
  logic               fetched_q;  // the entry is at the list's output
  logic [CountBits-1:0] over_q;  // entries that are over
  logic [63:0]        entry;
  logic [63:0]        kept_q;
  logic               outside, no_drive;
  logic [15:0]        target, tolerance;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fetched_q <= 1'b0;
    else         fetched_q <= run_i && list_re;
  end
  always_ff @(posedge clk_i) begin
    if (fetched_q) kept_q <= row;
    if (start_i) over_q <= '0;
    else if (ended) over_q <= over_q + CountBits'(1);
  end
  assign entry     = kept_q;
  assign no_drive  = entry[20];
  assign target    = entry[47:32];
  assign tolerance = entry[63:48];
  assign outside   = 32'(entry[7:0]) >= NumBl || 32'(entry[19:8]) >= NumSl || 32'(target) >= (1 << AdcBits);

  // ------------------------------------------------------------------------------------------------ what a macro relies on
  logic [8:0] quiet_q;  // clocks in which what has begun goes on: no strobe
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)             quiet_q <= '0;
    else if (read_o)         quiet_q <= 9'(ReadTime);
    else if (pulse_o)        quiet_q <= 9'(pulse_clocks_i);
    else if (quiet_q != '0) quiet_q <= quiet_q - 9'd1;
  end
  `MCNN_ASSERT(read_or_pulse, !(read_o && pulse_o), "a macro must not be read and pulsed at once")
  `MCNN_ASSERT(nothing_over_another, !strobe || quiet_q == '0, "a read or a pulse must not begin before the last one is over")
  `MCNN_ASSERT(only_in_a_run, !strobe || (works && run_i), "a macro must be reached in a run only")
  `MCNN_ASSERT(pulse_at_one_cell, !pulse_o || bit_line_o == NumBl'(1) << entry[BlBits-1:0], "a pulse must go to the bit line of its entry")
  `MCNN_ASSERT(read_at_one_cell, !read_o || bit_line_o == (no_drive ? '0 : NumBl'(1) << entry[BlBits-1:0]),
               "a verify read must drive the bit line of its entry, or none")
  `MCNN_ASSERT(no_bit_line_otherwise, strobe || bit_line_o == '0, "no bit line must be driven without a strobe")
  `MCNN_ASSERT(line_of_the_entry, !(strobe || quiet_q != '0) || line_o == entry[8+:SlBits], "the source line must be that of the entry")

  // --------------------------------------------------------------------------------------------------- reads and pulses
  logic [8:0]               given_q;  // of this entry
  logic                     read_q;    // the last strobe of the entry was a read,
  logic                     any_q;     // and there was one
  logic                     polarity_q;
  logic [AmplitudeBits-1:0] last_q;    // amplitude of its last pulse
  logic [AdcBits-1:0]       seen_q;    // code of its last read
  logic [SlBits-1:0]        line;
  logic [AdcBits-1:0]       code;
  assign line = entry[8+:SlBits];
  always_comb begin
    code = '0;
    for (int unsigned i = 0; i < NumAdc; i++) if (line[LaneBits-1:0] == LaneBits'(i)) code = code_i[i*AdcBits+:AdcBits];
  end
  always_ff @(posedge clk_i) begin
    if (fetched_q) begin
      given_q <= '0;
      any_q    <= 1'b0;
      read_q   <= 1'b0;
    end else begin
      given_q <= given_q + 9'(pulse_o);
      if (strobe) any_q <= 1'b1;
      if (strobe) read_q <= read_o;
    end
    // The request is at the macro one clock later, the codes ReadLatency behind that: the last of 1 + ReadLatency clocks.
    if (read_q && quiet_q == 9'(ReadTime - ReadLatency)) seen_q <= code;
    if (pulse_o) begin
      polarity_q <= set_o;
      last_q     <= amplitude_o;
    end
  end

  logic [AmplitudeBits-1:0] first, step, limit;
  logic [AmplitudeBits:0]   stepped;
  logic [16:0]              distance;
  logic                     below, good;
  assign below    = 16'(seen_q) < target;
  assign distance = below ? {1'b0, target} - 17'(seen_q) : 17'(seen_q) - {1'b0, target};
  assign good     = distance <= {1'b0, tolerance};
  assign first    = set_o ? set_first_i : reset_first_i;
  assign step     = set_o ? set_step_i : reset_step_i;
  assign limit    = set_o ? set_limit_i : reset_limit_i;
  assign stepped  = {1'b0, last_q} + {1'b0, step};
  `MCNN_ASSERT(pulse_behind_a_read, !pulse_o || (any_q && read_q), "a pulse must follow a verify read")
  `MCNN_ASSERT(pulse_only_where_needed, !pulse_o || (!good && !no_drive && !outside), "a good or refused cell must not be pulsed")
  `MCNN_ASSERT(pulses_at_most, !pulse_o || given_q < 9'(max_pulses_i), "an entry must not get more than MAX_PULSES")
  `MCNN_ASSERT(polarity, !pulse_o || set_o == below, "a code below the target must get a SET, one above it a RESET")
  `MCNN_ASSERT(amplitude_limited, !pulse_o || amplitude_o <= limit, "an amplitude must not be beyond LIMIT")
  `MCNN_ASSERT(amplitude, !pulse_o || amplitude_o == (given_q == '0 || polarity_q != set_o ? first :
               stepped > {1'b0, limit} ? limit : stepped[AmplitudeBits-1:0]),
               "an amplitude must be START, or a STEP more than the last one of its polarity, LIMIT at most")
  `MCNN_ASSERT(events_are_strobes, event_o[2:0] == {pulse_o && !set_o, pulse_o && set_o, read_o}, "what is asked for must be told")

  // ------------------------------------------------------------------------------------------------------------ results
  `MCNN_ASSERT(one_result, !(refused && failed) && !(refused && done) && !(failed && done), "an entry must end in one way")
  `MCNN_ASSERT(refused_outside, !ended || refused == outside, "an entry outside the array must be refused, no other")
  `MCNN_ASSERT(refused_untouched, !refused || !any_q, "a refused entry must not reach the macro")
  `MCNN_ASSERT(done_when_good, !done || (any_q && read_q && good), "an entry must be done when its last code is good")
  `MCNN_ASSERT(failed_when_not, !failed || (any_q && read_q && !good && (no_drive || given_q == 9'(max_pulses_i))),
               "an entry must fail when it is not good and may get no more pulses")
  `MCNN_ASSERT(written_where_worked, !run_i || list_we == {done || failed, ended}, "a result must be written where it was reached")
  `MCNN_ASSERT(written_in_its_place, !ended || (32'(list_waddr) == 32'(over_q) && over_q < count_i),
               "a result must go to its entry, one of the list")
  `MCNN_ASSERT(written_as_it_is, !ended || (list_wdata[29:28] == (done ? 2'd1 : failed ? 2'd2 : 2'd3) &&
               list_wdata[20:0] == entry[20:0]), "a result must have its status, and the cell as it was")
  `MCNN_ASSERT(written_code, !(done || failed) || list_wdata[63:32] == {8'd0, given_q[7:0], 16'(seen_q)},
               "a result must have the last code and the pulses that were given")
  `MCNN_ASSERT(read_in_order, !(run_i && list_re) || 32'(list_raddr) == 32'(over_q), "the entries must be taken in their order")

  // ---------------------------------------------------------------------------------------------------- start, end, abort
  logic [8:0] rest_q;  // clocks since the abort was seen
  logic [8:0] idle_q;  // clocks of work without strobe, result or what a strobe began
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rest_q <= '0;
      idle_q <= '0;
    end else begin
      rest_q <= abort_i && works ? rest_q + 9'd1 : '0;
      idle_q <= works && !strobe && !ended && quiet_q == '0 ? idle_q + 9'd1 : '0;
    end
  end
  `MCNN_ASSERT(starts, !past_start_q || works == (count_i != '0), "an engine with entries must work from the start on")
  `MCNN_ASSERT(no_work_without_start, !works || past_works_q || past_start_q, "an engine must not begin by itself")
  `MCNN_ASSERT(works_to_the_end, works || !past_works_q || past_abort_q || over_q == count_i, "a list must be worked to its end")
  `MCNN_ASSERT(nothing_new_after_abort, !strobe || !past_abort_q, "no read or pulse must begin after an abort")
  `MCNN_ASSERT(comes_to_rest, 32'(rest_q) <= (32'(pulse_clocks_i) > ReadTime ? 32'(pulse_clocks_i) : ReadTime) + 1,
               "an aborted engine must come to rest when what has begun is over")
  `MCNN_ASSERT(goes_on, idle_q <= 9'd4, "an engine must go on in bounded time")

  // ------------------------------------------------------------------------------------------------------------ inside
  // How the engine's registers stand to what is known here of the entry. With these the rest follows from one clock to the next.
  localparam logic [3:0] Idle = 4'd0, Fetch = 4'd1, Load = 4'd2, Check = 4'd3, Read = 4'd4, ReadWait = 4'd5, Decide = 4'd6,
                         Pulse = 4'd7, PulseWait = 4'd8, WriteBack = 4'd9;
  localparam logic [AdcBits-1:0] Most = {AdcBits{1'b1}};
  logic [AdcBits-1:0] target_code;
  logic               known, at_macro;
  logic [16:0]        upper;
  assign known       = state_q >= Check;
  assign at_macro    = state_q == ReadWait || state_q == PulseWait;
  assign target_code = target[AdcBits-1:0];
  assign upper       = {1'b0, 16'(target_code)} + {1'b0, tolerance};
  `MCNN_ASSERT(in_a_state, state_q <= WriteBack, "a state")
  `MCNN_ASSERT(works_in_a_run, (state_q == Idle || (run_i && (past_works_q || past_start_q))) &&
               (past_run_q || !(past_works_q || past_start_q || past_abort_q)), "a state of a run")
  `MCNN_ASSERT(takes_the_row, fetched_q ? state_q == Load || state_q == Idle : state_q != Load, "the row is there in Load")
  `MCNN_ASSERT(keeps_the_row, !known || (row == kept_q && bit_line_q == entry[BlBits-1:0] && line_q == entry[8+:SlBits] &&
               no_drive_q == no_drive && outside_q == outside), "the entry")
  `MCNN_ASSERT(counts_entries, state_q == Idle || (entry_q == over_q && over_q < count_i), "the number of the entry")
  `MCNN_ASSERT(target_taken, state_q != Check || (low_q == target_code && high_q == (tolerance > 16'(Most) ? Most : tolerance[AdcBits-1:0])),
               "target and tolerance")
  `MCNN_ASSERT(bounds_taken, state_q <= Check || (low_q == (tolerance > 16'(target_code) ? '0 : target_code - tolerance[AdcBits-1:0]) &&
               high_q == (upper > 17'(Most) ? Most : upper[AdcBits-1:0])), "the bounds of good codes")
  `MCNN_ASSERT(inside_the_array, state_q <= Check || state_q == WriteBack || !outside, "entries outside go no further")
  `MCNN_ASSERT(waits_alike, at_macro ? quiet_q == 9'(wait_q) && wait_q != '0 : quiet_q == '0, "what is begun")
  `MCNN_ASSERT(waits_at_most, !at_macro || 32'(wait_q) <= (state_q == ReadWait ? ReadTime : 32'(pulse_clocks_i)), "its length")
  `MCNN_ASSERT(pulses_alike, !known || given_q == 9'(pulses_q), "pulses given")
  `MCNN_ASSERT(pulses_bounded, !known || given_q <= 9'(max_pulses_i), "pulses given, at most")
  `MCNN_ASSERT(order_at_first, state_q != Check || (!any_q && !read_q && given_q == '0), "an entry begins")
  `MCNN_ASSERT(order_before_a_read, state_q != Read || (any_q == (given_q != '0) && !read_q), "what is before a read")
  `MCNN_ASSERT(order_behind_a_read, !(state_q == ReadWait || state_q == Decide || state_q == Pulse) || (any_q && read_q),
               "what is behind a read")
  `MCNN_ASSERT(order_behind_a_pulse, state_q != PulseWait || (any_q && !read_q && given_q != '0), "what is behind a pulse")
  `MCNN_ASSERT(order_at_the_end, state_q != WriteBack || (outside ? !any_q && status_q == 2'd3 :
               any_q && read_q && status_q == (good ? 2'd1 : 2'd2)), "what is behind an entry")
  `MCNN_ASSERT(fails_at_the_end, state_q != WriteBack || outside || good || no_drive || given_q == 9'(max_pulses_i), "why it failed")
  `MCNN_ASSERT(code_taken, !(state_q == Decide || state_q == Pulse || (state_q == WriteBack && !outside) ||
               (state_q == ReadWait && 32'(wait_q) < ReadClocks)) || code_q == seen_q, "the code")
  `MCNN_ASSERT(pulse_for_a_reason, state_q != Pulse || (!good && !no_drive && given_q < 9'(max_pulses_i) && set_o == below), "a pulse")
  `MCNN_ASSERT(last_pulse, given_q == '0 || !(state_q == Read || state_q == ReadWait || state_q == Decide || state_q == PulseWait) ||
               (polarity_q == set_o && last_q == amplitude_o && amplitude_o <= limit), "the last pulse")
  `MCNN_ASSERT(next_pulse, given_q == '0 || !(state_q == ReadWait || state_q == Decide) ||
               next_q == (stepped > {1'b0, limit} ? limit : stepped[AmplitudeBits-1:0]), "the next one of its polarity")
  `MCNN_ASSERT(last_polarity_limited, given_q == '0 || !known || last_q <= (polarity_q ? set_limit_i : reset_limit_i), "its limit")
  `MCNN_ASSERT(amplitude_ready, state_q != Pulse || amplitude_o == (given_q == '0 || polarity_q != set_o ? first :
               stepped > {1'b0, limit} ? limit : stepped[AmplitudeBits-1:0]), "its amplitude")
  `MCNN_ASSERT(abort_waits, !past_abort_q || state_q == Idle || at_macro || (state_q == Fetch && past_start_q), "an abort")
  `MCNN_ASSERT(rest_alike, at_macro ? 32'(rest_q) + 32'(wait_q) <= (state_q == ReadWait ? ReadTime : 32'(pulse_clocks_i)) + 1 :
               state_q == Idle || rest_q == '0, "clocks of an abort")
  `MCNN_ASSERT(idle_alike, idle_q <= (state_q == Idle ? (past_works_q ? 9'd4 : 9'd0) : state_q == Load ? 9'd1 :
               state_q == Check ? 9'd2 : state_q == Read || state_q == WriteBack ? 9'd3 : state_q == Pulse ? 9'd1 : 9'd0),
               "clocks without a step")

  `MCNN_COVER(done_after_pulses, done && given_q == 9'd2 && over_q == CountBits'(1), "the second entry done after two pulses")
  `MCNN_COVER(turned, pulse_o && given_q == 9'd1 && polarity_q && !set_o, "a RESET behind a SET")
  `MCNN_COVER(aborted_pulse, past_works_q && !works && past_abort_q && any_q && !read_q, "an abort while a pulse goes on")

endmodule

`ifndef FORMAL
bind mcnn_programmer programmer_properties #(
  .NumBl(NumBl), .NumSl(NumSl), .NumAdc(NumAdc), .AdcBits(AdcBits), .NumEntries(NumEntries), .ReadLatency(ReadLatency),
  .ReadClocks(ReadClocks)
) u_properties (.*);
`endif
