// SPDX-License-Identifier: Apache-2.0
// Closed-loop programmer of one array: brings the cells of a list to their target codes, each by reading it, comparing and
// giving it a SET or a RESET pulse, again and again. Every array has an engine and a list of its own, so that the
// arrays are programmed in parallel and nothing is arbitrated.
//
//   Fetch -> Load -> Check -+-> Read -> ReadWait -> Decide -+-> WriteBack -> Fetch (next entry), Idle (list is through)
//                           |    ^                          |      ^  good: done; no pulse left or NO_DRIVE: failed
//                           |    +--- PulseWait <--- Pulse <+      |
//                           +--------------------------------------+  outside the array: refused
//
// Amplitude: the first pulse of an entry, and a pulse behind one of the other polarity, has START of its polarity; any other
// one STEP more than the pulse before; LIMIT at most.
//
// Clocks: 4 an entry (Fetch, Load, Check, WriteBack; also when it is refused), ReadClocks + ReadLatency + 2 a verify read,
// PULSE_CLOCKS + 1 a pulse. What is asked for in clock t is at the macro's ports in t+1 (mcnn_pe), and the codes of a
// read are taken in t+1+ReadLatency. An abort waits for the end of the read or pulse that has begun.
//
// An entry is two words of 32 bits:
//   word 0  [7:0] bit line, [19:8] source line, [20] NO_DRIVE, [29:28] status
//   word 1  [15:0] target code, [31:16] tolerance; after the run [15:0] last code, [31:16] pulses given
// The memory keeps the word that was read, so what is written back of word 0 needs no register.
`include "mcnn_assert.svh"

module mcnn_programmer #(
  parameter  int unsigned NumSl         = 128,  // source lines of the array
  parameter  int unsigned NumAdc        = 32,   // ADC lanes; lane i serves the lines i modulo NumAdc
  parameter  int unsigned AdcBits       = 8,    // bits of a code
  parameter  int unsigned NumEntries    = 64,   // entries of the list
  parameter  int unsigned ReadLatency   = 1,    // clocks from strobe to codes
  parameter  int unsigned ReadClocks    = 1,    // clocks of a read
  localparam int unsigned KernelMax     = 4,
  localparam int unsigned NumBl         = KernelMax * KernelMax,
  localparam int unsigned BlBits        = $clog2(NumBl),
  localparam int unsigned SlBits        = $clog2(NumSl),
  localparam int unsigned LaneBits      = $clog2(NumAdc),
  localparam int unsigned EntryBits     = $clog2(NumEntries),
  localparam int unsigned CountBits     = mcnn_pkg::EntryCountBits,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,
  input logic rst_ni,

  // the run; settings are constant while it goes on
  input  logic                     start_i,  // one clock: work through `count_i` entries
  input  logic                     abort_i,
  output logic                     busy_o,
  input  logic [CountBits-1:0]     count_i,
  input  logic [AmplitudeBits-1:0] set_first_i,    // amplitude of a first pulse: START, LIMIT at most
  input  logic [AmplitudeBits-1:0] set_step_i,
  input  logic [AmplitudeBits-1:0] set_limit_i,
  input  logic [AmplitudeBits-1:0] reset_first_i,
  input  logic [AmplitudeBits-1:0] reset_step_i,
  input  logic [AmplitudeBits-1:0] reset_limit_i,
  input  logic [7:0]               max_pulses_i,
  input  logic [7:0]               pulse_clocks_i,  // at least 1

  // the host at the list, only while the engine is idle
  input  logic [1:0]           host_we_i,  // {word 1, word 0}
  input  logic                 host_re_i,
  input  logic [EntryBits-1:0] host_waddr_i,
  input  logic [EntryBits-1:0] host_raddr_i,
  input  logic [31:0]          host_wdata_i,
  output logic [63:0]          host_rdata_o,

  // to the macro, through the PE's registers
  output logic                      read_o,      // verify read
  output logic                      pulse_o,     // programming pulse
  output logic [NumBl-1:0]          bit_line_o,  // with either of them: the bit line, one-hot; 0 in all other clocks
  output logic [SlBits-1:0]         line_o,
  output logic                      set_o,       // 1 SET, 0 RESET
  output logic [AmplitudeBits-1:0]  amplitude_o,
  input  logic [NumAdc*AdcBits-1:0] code_i,

  // an entry ends, one clock
  output logic done_o,
  output logic failed_o,
  output logic refused_o
);

  typedef enum logic [3:0] {
    Idle,
    Fetch,      // the entry is read from the list,
    Load,       // taken,
    Check,      // and turned into the bounds of good codes
    Read,       // verify read
    ReadWait,   // until it is over and its code is here
    Decide,
    Pulse,      // SET or RESET
    PulseWait,  // until it is over
    WriteBack   // the result goes into the list
  } state_e;

  localparam logic [1:0] StatusDone = 2'd1, StatusFailed = 2'd2, StatusRefused = 2'd3;

  state_e               state_q, state_d;
  logic [CountBits-1:0] entry_q;  // number of the entry
  logic [7:0]           wait_q;   // clocks that a read or pulse still takes, this one too
  logic                 abort_q;
  logic                 wait_last, entry_last, good, last_pulse;
  logic [1:0]           status_q;
  logic [7:0]           pulses_q;  // given to the entry
  logic [AdcBits-1:0]   code_q;    // of the last verify read

  // ---------------------------------------------------------------------------------------------------------- list
  logic [63:0] row;
  logic [1:0]  list_we;
  logic [63:0] list_wdata;
  mcnn_ram #(.LaneBits(32), .Lanes(2), .Depth(NumEntries)) u_list (
    .clk_i,
    .re_i   (state_q == Fetch || host_re_i),
    .raddr_i(state_q == Fetch ? EntryBits'(entry_q) : host_raddr_i),
    .rdata_o(row),
    .we_i   (list_we),
    .waddr_i(state_q == WriteBack ? EntryBits'(entry_q) : host_waddr_i),
    .wdata_i(list_wdata)
  );
  assign host_rdata_o = row;
  assign list_we      = state_q == WriteBack ? {status_q != StatusRefused, 1'b1} : host_we_i;
  assign list_wdata   = state_q == WriteBack ? {8'd0, pulses_q, 16'(code_q), 2'b00, status_q, row[27:0]}
                                             : {2{host_wdata_i}};

  // --------------------------------------------------------------------------------------------------------- entry
  // Target and tolerance, and one clock later the lowest and the highest good code. Any tolerance beyond the codes is as good
  // as the largest code.
  logic [BlBits-1:0]  bit_line_q;
  logic [SlBits-1:0]  line_q;
  logic               no_drive_q, outside_q;
  logic [AdcBits-1:0] low_q, high_q;
  logic [AdcBits:0]   lowest, highest;
  assign lowest  = {1'b0, low_q} - {1'b0, high_q};
  assign highest = {1'b0, low_q} + {1'b0, high_q};
  always_ff @(posedge clk_i) begin
    if (state_q == Load) begin
      bit_line_q <= row[0+:BlBits];
      line_q     <= row[8+:SlBits];
      no_drive_q <= row[20];
      outside_q  <= 32'(row[7:0]) >= NumBl || 32'(row[19:8]) >= NumSl || 32'(row[47:32]) >> AdcBits != 0;
      low_q      <= row[32+:AdcBits];
      high_q     <= 32'(row[63:48]) >> AdcBits != 0 ? '1 : row[48+:AdcBits];
    end
    if (state_q == Check) begin
      low_q  <= lowest[AdcBits] ? '0 : lowest[AdcBits-1:0];
      high_q <= highest[AdcBits] ? '1 : highest[AdcBits-1:0];
    end
  end

  // ---------------------------------------------------------------------------------------------------------- code
  always_ff @(posedge clk_i) begin
    if (state_q == ReadWait && 32'(wait_q) == ReadClocks) code_q <= code_of_lane(code_i, line_q[LaneBits-1:0]);
  end
  function automatic logic [AdcBits-1:0] code_of_lane(
      input logic [NumAdc*AdcBits-1:0] codes, input logic [LaneBits-1:0] lane);
    code_of_lane = '0;
    for (int unsigned i = 0; i < NumAdc; i++)
      code_of_lane = code_of_lane | (codes[i*AdcBits+:AdcBits] & {AdcBits{lane == LaneBits'(i)}});
  endfunction

  // -------------------------------------------------------------------------------------------------------- decide
  // The amplitude of one more pulse of the polarity of the last one is ready before its code is.
  logic                     below;
  logic [AmplitudeBits-1:0] next_q;
  logic [AmplitudeBits:0]   wanted;
  logic [AmplitudeBits-1:0] step, limit;
  assign below      = code_q < low_q;
  assign good       = !below && code_q <= high_q;
  assign last_pulse = no_drive_q || pulses_q == max_pulses_i;
  assign step       = set_o ? set_step_i : reset_step_i;
  assign limit      = set_o ? set_limit_i : reset_limit_i;
  assign wanted     = {1'b0, amplitude_o} + {1'b0, step};
  always_ff @(posedge clk_i) begin
    if (state_q == Read) next_q <= wanted > {1'b0, limit} ? limit : wanted[AmplitudeBits-1:0];
    if (state_q == Load) pulses_q <= '0;
    if (state_q == Check) status_q <= StatusRefused;
    if (state_q == Decide) begin
      status_q    <= good ? StatusDone : StatusFailed;
      set_o       <= below;
      amplitude_o <= pulses_q != '0 && below == set_o ? next_q : below ? set_first_i : reset_first_i;
    end
    if (state_q == Pulse) pulses_q <= pulses_q + 8'd1;
  end

  // --------------------------------------------------------------------------------------------------------- states
  assign wait_last  = wait_q == 8'd1;
  assign entry_last = entry_q + CountBits'(1) == count_i;
  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle:      if (start_i && count_i != '0) state_d = Fetch;
      Fetch:     state_d = abort_q ? Idle : Load;
      Load:      state_d = abort_q ? Idle : Check;
      Check:     state_d = abort_q ? Idle : outside_q ? WriteBack : Read;
      Read:      state_d = ReadWait;
      ReadWait:  if (wait_last) state_d = abort_q ? Idle : Decide;
      Decide:    state_d = abort_q ? Idle : good || last_pulse ? WriteBack : Pulse;
      Pulse:     state_d = PulseWait;
      PulseWait: if (wait_last) state_d = abort_q ? Idle : Read;
      WriteBack: state_d = abort_q || entry_last ? Idle : Fetch;
      default:   state_d = Idle;
    endcase
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      abort_q <= 1'b0;
    end else begin
      state_q <= state_d;
      abort_q <= state_d != Idle && (abort_q || abort_i);
    end
  end
  always_ff @(posedge clk_i) begin
    if (state_q == Idle && start_i) entry_q <= '0;
    if (state_q == WriteBack) entry_q <= entry_q + CountBits'(1);
    if (state_q == Read) wait_q <= 8'(ReadClocks + ReadLatency);
    if (state_q == Pulse) wait_q <= pulse_clocks_i;
    if (state_q == ReadWait || state_q == PulseWait) wait_q <= wait_q - 8'd1;
  end

  assign busy_o    = state_q != Idle;
  assign read_o    = state_q == Read;
  assign pulse_o   = state_q == Pulse;
  assign line_o    = line_q;
  assign done_o    = state_q == WriteBack && status_q == StatusDone;
  assign failed_o  = state_q == WriteBack && status_q == StatusFailed;
  assign refused_o = state_q == WriteBack && status_q == StatusRefused;
  always_comb begin
    bit_line_o = '0;
    if ((read_o || pulse_o) && !no_drive_q) begin
      for (int unsigned b = 0; b < NumBl; b++) bit_line_o[b] = bit_line_q == BlBits'(b);
    end
  end

  `MCNN_ASSERT(pulse_hits_a_cell, !pulse_o || (bit_line_o != '0 && (bit_line_o & (bit_line_o - NumBl'(1))) == '0),
               "a programming pulse must drive exactly one bit line")
  `MCNN_ASSERT(pulses_are_counted, !pulse_o || pulses_q != max_pulses_i, "an entry got more than MAX_PULSES pulses")
  `MCNN_ASSERT(amplitude_is_limited, !pulse_o || amplitude_o <= limit, "the amplitude of a pulse is beyond its LIMIT")
  `MCNN_ASSERT(host_keeps_off, !busy_o || (host_we_i == '0 && !host_re_i),
               "the host must not reach the list of an engine that works")

  if (AdcBits > 16) $error("an entry has 16 bits for a code");
  if (NumSl > 4096) $error("an entry has 12 bits for a source line");
  if (ReadClocks + ReadLatency > 255) $error("the clocks of a verify read do not fit its counter of 8 bits");
  if (NumEntries < 2 || NumEntries > 128 || NumEntries != (1 << EntryBits))
    $error("NumEntries must be a power of two, 2 to 128");

endmodule
