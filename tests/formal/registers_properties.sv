// SPDX-License-Identifier: Apache-2.0
// mcnn_registers: what REGISTERS.md says of access: what is read only stays as it is, set-up and tables are not written while busy, the
// first error stays until it is cleared, START and PROGRAM begin what is set up and nothing else; every read is answered in time.
`include "formal.svh"

module registers_properties #(
  parameter  int unsigned NumPe       = 2,
  parameter  int unsigned MaxDim      = 8,
  parameter  int unsigned NumLayers   = 4,
  parameter  int unsigned NumLogits   = 8,
  parameter  int unsigned NumEntries  = 4,
  localparam int unsigned AddressBits = mcnn_pkg::AddressBits,
  localparam int unsigned CountBits   = mcnn_pkg::EntryCountBits,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic                       clk_i,
  input logic                       rst_ni,
  input logic                       wr_valid_i,
  input logic [AddressBits-1:0]     wr_addr_i,
  input logic [31:0]                wr_data_i,
  input logic                       wr_whole_i,
  input logic                       wr_ok_o,
  input logic                       rd_valid_i,
  input logic [AddressBits-1:0]     rd_addr_i,
  input logic                       rd_valid_o,
  input logic                       rd_ok_o,
  input logic [31:0]                rd_data_o,
  input logic                       start_o,
  input logic                       abort_o,
  input logic                       resume_o,
  input logic                       stream_reset_o,
  input logic                       halt_mode_o,
  input logic                       skip_mode_o,
  input logic [31:0]                image_count_o,
  input logic [7:0]                 layer_count_o,
  input logic [7:0]                 image_height_o,
  input logic [7:0]                 image_width_o,
  input logic [15:0]                image_channels_o,
  input logic [15:0]                image_pitch_o,
  input logic [7:0]                 logit_count_o,
  input logic                       busy_i,
  input logic                       halted_i,
  input logic                       program_o,
  input logic                       program_busy_i,
  input logic [NumPe*CountBits-1:0] program_count_o,
  input logic [AmplitudeBits-1:0]   set_start_o,
  input logic [AmplitudeBits-1:0]   set_step_o,
  input logic [AmplitudeBits-1:0]   set_limit_o,
  input logic [AmplitudeBits-1:0]   reset_start_o,
  input logic [AmplitudeBits-1:0]   reset_step_o,
  input logic [AmplitudeBits-1:0]   reset_limit_o,
  input logic [7:0]                 max_pulses_o,
  input logic [7:0]                 pulse_clocks_o,
  input logic [2:0]                 program_range_o,
  input logic                       program_done_i,
  input logic                       entry_refused_i,
  input logic                       done_event_i,
  input logic                       halted_event_i,
  input logic                       image_short_i,
  input logic                       image_long_i,
  input logic                       image_beyond_i,
  input logic                       layer_invalid_i,
  input logic                       record_invalid_i,
  input logic                       irq_o,
  input logic                       table_we_o,
  input logic                       table_re_o,
  input logic                       map_re_o,
  // inside: the error code, and the interrupt bits
  input logic [3:0]                 error_q,
  input logic [2:0]                 irq_status_q,
  input logic [2:0]                 irq_enable_q
);

  logic busy;
  assign busy = busy_i || program_busy_i;

  // --------------------------------------------------------------------------------------------------------------- writes
  // The registers that may be written: at any time, or only at rest.
  logic        register, anytime, at_rest, table_address;
  logic [11:0] address;
  assign address  = wr_addr_i[11:0];
  assign register = wr_addr_i[AddressBits-1:12] == '0;
  assign anytime  = register && (address == 12'h040 || address == 12'h050 || address == 12'h054);
  assign at_rest  = register && (address == 12'h044 || address == 12'h058 || address == 12'h05C || address == 12'h060 ||
                                 address == 12'h064 || address == 12'h068 || address == 12'h200 || address == 12'h204 ||
                                 address == 12'h208 || (address >= 12'h240 && 32'(address) < 32'h240 + 4 * NumPe && address[1:0] == '0));
  assign table_address = !wr_addr_i[AddressBits-1] && wr_addr_i[AddressBits-2:12] != '0 && wr_addr_i[1:0] == '0;
  `MCNN_ASSERT(whole_words_only, !(wr_valid_i && wr_ok_o) || wr_whole_i, "a write with another WSTRB must be refused")
  `MCNN_ASSERT(registers_there_are, !(wr_valid_i && wr_ok_o && register) || anytime || at_rest,
               "a write to a register that is read only or does not exist must be refused")
  `MCNN_ASSERT(nothing_else, !(wr_valid_i && wr_ok_o) || register || table_address,
               "a write outside registers and tables must be refused")
  `MCNN_ASSERT(good_writes_are_taken, !(wr_valid_i && wr_whole_i && (anytime || (at_rest && !busy))) || wr_ok_o,
               "a good write must be taken")
  `MCNN_ASSERT(locked_while_busy, !(wr_valid_i && wr_ok_o && busy) || anytime, "set-up and tables must not be written while busy")
  `MCNN_ASSERT(table_writes, !table_we_o || (wr_valid_i && wr_ok_o && table_address), "a table must be written by a good write only")

  // Every register with what it holds, as it must be after a good write to its address: otherwise as it was.
  localparam int unsigned Setup = 2 + 32 + 8 + 32 + 16 + 8 + 18 + 18 + 19 + NumPe * CountBits;
  logic [Setup-1:0] setup, next, expected_q;
  logic             known_q;
  assign setup = {skip_mode_o, halt_mode_o, image_count_o, layer_count_o, {image_channels_o, image_width_o, image_height_o},
                  image_pitch_o, logit_count_o, {set_limit_o, set_step_o, set_start_o}, {reset_limit_o, reset_step_o, reset_start_o},
                  {program_range_o, pulse_clocks_o, max_pulses_o}, program_count_o};
  function automatic logic [17:0] amplitudes(input logic [31:0] data);
    amplitudes = {data[21:16], data[13:8], data[5:0]};
  endfunction
  logic [NumPe*CountBits-1:0] counts;
  logic                       good;
  assign good = wr_valid_i && wr_ok_o && register;
  always_comb begin
    counts = program_count_o;
    for (int unsigned p = 0; p < NumPe; p++)
      if (good && 32'(address) == 32'h240 + 4 * p) counts[p*CountBits+:CountBits] = wr_data_i[CountBits-1:0];
  end
  assign next = {good && address == 12'h044 ? wr_data_i[1:0] : {skip_mode_o, halt_mode_o},
                 good && address == 12'h058 ? wr_data_i : image_count_o,
                 good && address == 12'h05C ? wr_data_i[7:0] : layer_count_o,
                 good && address == 12'h060 ? wr_data_i : {image_channels_o, image_width_o, image_height_o},
                 good && address == 12'h064 ? wr_data_i[15:0] : image_pitch_o,
                 good && address == 12'h068 ? wr_data_i[7:0] : logit_count_o,
                 good && address == 12'h200 ? amplitudes(wr_data_i) : {set_limit_o, set_step_o, set_start_o},
                 good && address == 12'h204 ? amplitudes(wr_data_i) : {reset_limit_o, reset_step_o, reset_start_o},
                 good && address == 12'h208 ? wr_data_i[18:0] : {program_range_o, pulse_clocks_o, max_pulses_o}, counts};
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      known_q    <= 1'b0;
      expected_q <= '0;
    end else begin
      known_q    <= 1'b1;
      expected_q <= next;
    end
  end
  `MCNN_ASSERT(registers_hold_what_was_written, setup == expected_q, "a register must hold what was written to it, 0 after the reset")

  // --------------------------------------------------------------------------------------------------------------- control
  logic control, set_up, program_set_up;
  assign control = wr_valid_i && wr_whole_i && wr_addr_i == AddressBits'(12'h040);
  assign set_up  = image_count_o != '0 && layer_count_o != '0 && 32'(layer_count_o) <= NumLayers && logit_count_o != '0 &&
                   32'(logit_count_o) <= NumLogits && image_height_o != '0 && 32'(image_height_o) <= MaxDim &&
                   image_width_o != '0 && 32'(image_width_o) <= MaxDim && image_channels_o != '0;
  always_comb begin
    program_set_up = pulse_clocks_o != '0 && program_count_o != '0;
    for (int unsigned p = 0; p < NumPe; p++)
      if (32'(program_count_o[p*CountBits+:CountBits]) > NumEntries) program_set_up = 1'b0;
  end
  `MCNN_ASSERT(start_begins, start_o == (control && wr_data_i[0] && !wr_data_i[1] && !busy && set_up),
               "START must begin a run that is set up, at rest, without ABORT")
  `MCNN_ASSERT(program_begins, program_o == (control && wr_data_i[3] && !wr_data_i[0] && !wr_data_i[1] && !busy && program_set_up),
               "PROGRAM must begin a run that is set up, at rest, without START and ABORT")
  `MCNN_ASSERT(other_commands, {stream_reset_o, resume_o, abort_o} == ({3{control}} & {wr_data_i[4], wr_data_i[2:1]}),
               "ABORT, RESUME and STREAM_RESET must act at once and at any time")

  // ------------------------------------------------------------------------------------------------- errors and interrupts
  logic       clears, clears_error, refused_write, event_error;
  logic [3:0] past_error_q;
  logic       past_clears_error_q, past_refused_q, past_fatal_q, past_quiet_q;
  logic [2:0] past_status_q, past_enable_q;
  assign clears       = wr_valid_i && wr_whole_i && wr_addr_i == AddressBits'(12'h050);
  assign clears_error = clears && wr_data_i[1];
  assign event_error  = entry_refused_i || image_short_i || image_long_i || image_beyond_i || layer_invalid_i || record_invalid_i;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      past_error_q        <= '0;
      past_clears_error_q <= 1'b0;
      past_refused_q      <= 1'b0;
      past_fatal_q        <= 1'b0;
      past_quiet_q        <= 1'b0;
      past_status_q       <= '0;
      past_enable_q       <= '0;
    end else begin
      past_error_q        <= error_q;
      past_clears_error_q <= clears_error;
      past_refused_q      <= (wr_valid_i && !wr_ok_o) || event_error;
      past_fatal_q        <= layer_invalid_i;
      past_quiet_q        <= !wr_valid_i && !rd_valid_i && !event_error;
      past_status_q       <= irq_status_q;
      past_enable_q       <= irq_enable_q;
    end
  end
  `MCNN_ASSERT(first_error_stays, past_error_q == '0 || past_clears_error_q || error_q == past_error_q,
               "the first error must stay until it is cleared")
  `MCNN_ASSERT(refusals_are_errors, !past_refused_q || (error_q != '0 && irq_status_q[1]), "what is refused must be an error")
  `MCNN_ASSERT(fatal_before_others, !past_fatal_q || (past_error_q != '0 && !past_clears_error_q) || error_q == 4'd8,
               "an invalid layer must be the error of its clock")
  `MCNN_ASSERT(no_error_by_itself, !past_quiet_q || error_q == past_error_q || (past_clears_error_q && error_q == '0),
               "no error must come of nothing")
  `MCNN_ASSERT(error_codes, error_q <= 4'd10, "an error code must be one of the list")
  `MCNN_ASSERT(error_bit, error_q == '0 || irq_status_q[1], "an error must be an interrupt until both are cleared")
  `MCNN_ASSERT(interrupt, irq_o == ((past_status_q & past_enable_q) != '0), "the pin must be the OR of the enabled bits, a clock later")
  logic [2:0] past_set_q, past_cleared_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {past_set_q, past_cleared_q} <= '0;
    else {past_set_q, past_cleared_q} <= {halted_event_i, event_error, done_event_i || program_done_i, clears ? wr_data_i[2:0] : 3'd0};
  end
  `MCNN_ASSERT(events_are_kept, (past_set_q & ~irq_status_q) == '0, "an event must set its bit")
  `MCNN_ASSERT(bits_stay, (past_status_q & ~past_cleared_q & ~irq_status_q) == '0, "a bit must stay until it is cleared")
  `MCNN_ASSERT(bits_are_cleared, (past_cleared_q & ~past_set_q & irq_status_q & 3'b101) == '0, "a 1 must clear its bit")

  // ----------------------------------------------------------------------------------------------------------------- reads
  logic [1:0] answer_q;  // clocks since a request without an answer
  logic       past_read_q, memory_q, past_memory_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      answer_q      <= '0;
      past_read_q   <= 1'b0;
      past_memory_q <= 1'b0;
    end else begin
      answer_q      <= rd_valid_i ? 2'd1 : answer_q != '0 && !rd_valid_o ? answer_q + 2'd1 : '0;
      past_read_q   <= rd_valid_i;
      past_memory_q <= table_re_o || map_re_o;
    end
  end
  `MCNN_ASSUME(one_read_at_a_time, !rd_valid_i || answer_q == '0, "a read must wait for the answer of the one before it")
  `MCNN_ASSERT(answered_in_time, answer_q != 2'd3 && (!rd_valid_o || answer_q != '0), "a read must be answered once, within two clocks")
  `MCNN_ASSERT(register_at_once, !(past_read_q && !past_memory_q) || rd_valid_o, "a register must be read in one clock")
  `MCNN_ASSERT(memory_at_rest, !(table_re_o || map_re_o) || (rd_valid_i && (!busy || halted_i)),
               "tables and maps must be read at rest or halted only")
  `MCNN_ASSERT(one_memory, !(table_re_o && map_re_o), "a read must reach one memory")
  // A register that may be written, as it was: `probe` is any of them.
  logic [11:0] past_address_q;
  logic        past_plain_q;
  logic [31:0] past_count_q;
  always_ff @(posedge clk_i) begin
    past_address_q <= rd_addr_i[11:0];
    past_plain_q   <= rd_addr_i[AddressBits-1:12] == '0;
    past_count_q   <= image_count_o;
  end
  `MCNN_ASSERT(image_count_is_read, !(past_read_q && past_plain_q && past_address_q == 12'h058) || (rd_ok_o && rd_data_o == past_count_q),
               "a register must be read as it is")
  `MCNN_ASSERT(id_is_read, !(past_read_q && past_plain_q && past_address_q == 12'h000) || (rd_ok_o && rd_data_o == 32'h4D43_4E4E),
               "the identification must be read")
  `MCNN_ASSERT(nothing_is_read_where_nothing_is, !(past_read_q && past_plain_q && past_address_q == 12'h04C) || !rd_ok_o,
               "a read of an address that does not exist must be refused")

  `MCNN_COVER(started, start_o, "a start")
  `MCNN_COVER(programs, program_o, "a programming run")
  `MCNN_COVER(second_error, past_error_q == 4'd2 && past_fatal_q && error_q == 4'd2, "an error that is not recorded")

endmodule

`ifndef FORMAL
bind mcnn_registers registers_properties #(
  .NumPe(NumPe), .MaxDim(MaxDim), .NumLayers(NumLayers), .NumLogits(NumLogits), .NumEntries(NumEntries)
) u_properties (.*);
`endif
