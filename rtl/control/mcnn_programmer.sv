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

module mcnn_programmer #(
  parameter  int unsigned NumBl         = 16,   // bit lines of the array
  parameter  int unsigned NumSl         = 128,  // source lines of the array
  parameter  int unsigned NumAdc        = 32,   // ADC lanes; lane i serves the lines i modulo NumAdc
  parameter  int unsigned AdcBits       = 8,    // bits of a code
  parameter  int unsigned NumEntries    = 64,   // entries of the list
  parameter  int unsigned ReadLatency   = 1,    // clocks from strobe to codes
  parameter  int unsigned ReadClocks    = 1,    // clocks of a read
  localparam int unsigned BlBits        = $clog2(NumBl),
  localparam int unsigned SlBits        = $clog2(NumSl),
  localparam int unsigned LaneBits      = $clog2(NumAdc),
  localparam int unsigned EntryBits     = $clog2(NumEntries),
  localparam int unsigned CountBits     = mcnn_pkg::EntryCountBits,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits,
  localparam int unsigned Events        = mcnn_pkg::ProgramEvents
) (
  input logic clk_i,
  input logic rst_ni,

  // the run; its settings are constant while it goes on
  input logic                     run_i,    // a run goes on: nothing here moves at other times
  input logic                     start_i,  // its first clock: work through `count_i` entries
  input logic                     abort_i,  // since an earlier clock of the run: begin nothing new
  input logic [CountBits-1:0]     count_i,
  input logic [AmplitudeBits-1:0] set_first_i,    // amplitude of a first pulse: START, LIMIT at most
  input logic [AmplitudeBits-1:0] set_step_i,
  input logic [AmplitudeBits-1:0] set_limit_i,
  input logic [AmplitudeBits-1:0] reset_first_i,
  input logic [AmplitudeBits-1:0] reset_step_i,
  input logic [AmplitudeBits-1:0] reset_limit_i,
  input logic [7:0]               max_pulses_i,
  input logic [7:0]               pulse_clocks_i,  // at least 1

  // the host at the list, only while there is no run
  input  logic                 host_access_i,  // to the list of any PE
  input  logic [1:0]           host_we_i,      // {word 1, word 0} of this list
  input  logic                 host_re_i,
  input  logic [EntryBits-1:0] host_waddr_i,
  input  logic [EntryBits-1:0] host_raddr_i,
  input  logic [31:0]          host_wdata_i,
  output logic [63:0]          host_rdata_o,

  // to the macro: strobes, bit line and line through the PE's registers; polarity and amplitude as they are, they
  // keep their values from the clock of the pulse on until the next one
  output logic                      read_o,      // verify read
  output logic                      pulse_o,     // programming pulse
  output logic [NumBl-1:0]          bit_line_o,  // with either of them: the bit line, one-hot; 0 in all other clocks
  output logic [SlBits-1:0]         line_o,
  output logic                      set_o,       // 1 SET, 0 RESET
  output logic [AmplitudeBits-1:0]  amplitude_o,
  input  logic [NumAdc*AdcBits-1:0] code_i,

  // what happens in this clock, for the counters
  output logic [Events-1:0] event_o  // {works, refused, failed, done, RESET, SET, read}
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
  logic [1:0]           status_q;
  logic [7:0]           pulses_q;  // given to the entry
  logic [AdcBits-1:0]   code_q;    // of the last verify read

  // ---------------------------------------------------------------------------------------------------------- list
  logic [63:0]          row;
  logic                 list_re;
  logic [1:0]           list_we;
  logic [EntryBits-1:0] list_raddr, list_waddr;
  logic [63:0]          list_wdata;
  mcnn_ram #(.LaneBits(32), .Lanes(2), .Depth(NumEntries)) u_list (
    .clk_i, .re_i({2{list_re}}), .raddr_i(list_raddr), .rdata_o(row), .we_i(list_we), .waddr_i(list_waddr), .wdata_i(list_wdata)
  );
  assign host_rdata_o = row;
  always_comb begin
    list_re    = 1'b0;
    list_we    = '0;
    list_raddr = host_raddr_i;
    list_waddr = host_waddr_i;
    list_wdata = {2{host_wdata_i}};
    if (run_i) begin
      list_re    = state_q == Fetch;
      list_we    = state_q == WriteBack ? {status_q != StatusRefused, 1'b1} : 2'b00;
      list_raddr = EntryBits'(entry_q);
      list_waddr = EntryBits'(entry_q);
      list_wdata = {8'd0, pulses_q, 16'(code_q), 2'b00, status_q, row[27:0]};
    end else if (host_access_i) begin
      list_re = host_re_i;
      list_we = host_we_i;
    end
  end

  // --------------------------------------------------------------------------------------------------------- entry
  // Target and tolerance, and one clock later the lowest and the highest good code. Any tolerance beyond the codes is as good
  // as the largest code.
  logic [BlBits-1:0]  bit_line_q;
  logic [SlBits-1:0]  line_q;
  logic               no_drive_q, outside_q;
  logic [AdcBits-1:0] low_q, high_q;
  function automatic logic [AdcBits-1:0] difference(input logic [AdcBits-1:0] a, input logic [AdcBits-1:0] b);
    difference = a < b ? '0 : a - b;
  endfunction
  function automatic logic [AdcBits-1:0] sum(input logic [AdcBits-1:0] a, input logic [AdcBits-1:0] b);
    logic [AdcBits:0] whole;
    whole = {1'b0, a} + {1'b0, b};
    sum   = whole[AdcBits] ? '1 : whole[AdcBits-1:0];
  endfunction
  always_ff @(posedge clk_i) begin
    if (run_i) begin
      if (state_q == Load) begin
        bit_line_q <= row[0+:BlBits];
        line_q     <= row[8+:SlBits];
        no_drive_q <= row[20];
        outside_q  <= 32'(row[7:0]) >= NumBl || 32'(row[19:8]) >= NumSl || 32'(row[47:32]) >> AdcBits != 0;
      end
      if (state_q == Load || state_q == Check) begin
        low_q  <= state_q == Load ? row[32+:AdcBits] : difference(low_q, high_q);
        high_q <= state_q == Check ? sum(low_q, high_q) : 32'(row[63:48]) >> AdcBits != 0 ? '1 : row[48+:AdcBits];
      end
    end
  end

  // ---------------------------------------------------------------------------------------------------------- code
  logic [AdcBits-1:0] code;
  always_comb begin
    code = '0;
    if (run_i) begin
      for (int unsigned i = 0; i < NumAdc; i++)
        code = code | (code_i[i*AdcBits+:AdcBits] & {AdcBits{line_q[LaneBits-1:0] == LaneBits'(i)}});
    end
  end
  always_ff @(posedge clk_i) begin
    if (run_i) begin
      if (state_q == ReadWait && 32'(wait_q) == ReadClocks) code_q <= code;
    end
  end

  // -------------------------------------------------------------------------------------------------------- decide
  // The amplitude of one more pulse of the polarity of the last one is ready before its code is.
  logic                     below, good, last_pulse;
  logic [AmplitudeBits-1:0] next_q;
  function automatic logic [AmplitudeBits-1:0] stepped(
      input logic [AmplitudeBits-1:0] amplitude, input logic [AmplitudeBits-1:0] step,
      input logic [AmplitudeBits-1:0] limit);
    logic [AmplitudeBits:0] whole;
    whole   = {1'b0, amplitude} + {1'b0, step};
    stepped = whole > {1'b0, limit} ? limit : whole[AmplitudeBits-1:0];
  endfunction
  always_comb begin
    below      = 1'b0;
    good       = 1'b0;
    last_pulse = 1'b0;
    if (run_i) begin
      below      = code_q < low_q;
      good       = !below && code_q <= high_q;
      last_pulse = no_drive_q || pulses_q == max_pulses_i;
    end
  end
  always_ff @(posedge clk_i) begin
    if (run_i) begin
      if (state_q == Load || state_q == Pulse) pulses_q <= state_q == Load ? '0 : pulses_q + 8'd1;
      if (state_q == Check || state_q == Decide)
        status_q <= state_q == Check ? StatusRefused : good ? StatusDone : StatusFailed;
      if (state_q == Read)
        next_q <= stepped(amplitude_o, set_o ? set_step_i : reset_step_i, set_o ? set_limit_i : reset_limit_i);
      if (state_q == Decide) begin
        set_o       <= below;
        amplitude_o <= pulses_q != '0 && below == set_o ? next_q : below ? set_first_i : reset_first_i;
      end
    end
  end

  // --------------------------------------------------------------------------------------------------------- states
  always_comb begin
    state_d = state_q;
    if (run_i) begin
      unique case (state_q)
        Idle:      if (start_i && count_i != '0) state_d = Fetch;
        Fetch:     state_d = abort_i ? Idle : Load;
        Load:      state_d = abort_i ? Idle : Check;
        Check:     state_d = abort_i ? Idle : outside_q ? WriteBack : Read;
        Read:      state_d = ReadWait;
        ReadWait:  if (wait_q == 8'd1) state_d = abort_i ? Idle : Decide;
        Decide:    state_d = abort_i ? Idle : good || last_pulse ? WriteBack : Pulse;
        Pulse:     state_d = PulseWait;
        PulseWait: if (wait_q == 8'd1) state_d = abort_i ? Idle : Read;
        WriteBack: state_d = abort_i || entry_q + CountBits'(1) == count_i ? Idle : Fetch;
        default:   state_d = Idle;
      endcase
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)    state_q <= Idle;
    else if (run_i) state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    if (run_i) begin
      if (start_i || state_q == WriteBack) entry_q <= start_i ? '0 : entry_q + CountBits'(1);
      wait_q <= state_q == Read ? 8'(ReadClocks + ReadLatency) : state_q == Pulse ? pulse_clocks_i : wait_q - 8'd1;
    end
  end

  assign line_o = line_q;
  always_comb begin
    read_o     = 1'b0;
    pulse_o    = 1'b0;
    bit_line_o = '0;
    event_o    = '0;
    if (run_i) begin
      read_o  = state_q == Read;
      pulse_o = state_q == Pulse;
      if ((read_o || pulse_o) && !no_drive_q)
        for (int unsigned b = 0; b < NumBl; b++) bit_line_o[b] = bit_line_q == BlBits'(b);
      event_o = {state_q != Idle, state_q == WriteBack && status_q == StatusRefused,
                 state_q == WriteBack && status_q == StatusFailed, state_q == WriteBack && status_q == StatusDone,
                 pulse_o && !set_o, pulse_o && set_o, read_o};
    end
  end

  if (AdcBits > 16) $error("AdcBits must be at most 16: an entry has 16 bits for a code");
  if (NumSl > 4096) $error("NumSl must be at most 4096: an entry has 12 bits for a source line");
  if (ReadClocks + ReadLatency > 255) $error("ReadClocks + ReadLatency must be at most 255: a verify read has 8 bits to count");
  if (NumEntries < 2 || NumEntries > 128 || NumEntries != (1 << EntryBits))
    $error("NumEntries must be a power of two, 2 to 128");

endmodule
