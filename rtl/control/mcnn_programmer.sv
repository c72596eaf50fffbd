// SPDX-License-Identifier: Apache-2.0
// Closed-loop programmer of one array: brings the cells of a list to their target codes, each by reading it, comparing and
// giving it a SET or a RESET pulse, again and again. Every array has an engine and a list of its own, so that the
// arrays are programmed in parallel and nothing is arbitrated.
//
//   list (RAM) --> entry --> verify read --> inside target +- tolerance ------------> done   --+--> result, in the entry's place
//                               ^  |  +----> out of pulses, or a cell that is not driven -> failed --+
//                               |  +----> below: SET, above: RESET --+
//                               +------------------------------------+
//
// Amplitude: START of its polarity for the first pulse of an entry and for a pulse behind one of the other polarity, else STEP
// more than the pulse before; LIMIT at most.
//
// Clocks: 4 an entry (fetch, load, check, write back; also where it is refused), ReadClocks + ReadLatency + 2 a verify read,
// PULSE_CLOCKS + 1 a pulse. A read or pulse that is asked for in clock t is at the macro's ports in t+1 (mcnn_pe).
//
// An entry is two words:
//   word 0  [7:0] bit line, [19:8] source line, [20] no bit line is driven (and no pulse given), [29:28] status
//   word 1  [15:0] target code, [31:16] tolerance; behind the run [15:0] last code, [31:16] pulses given
`include "mcnn_assert.svh"

module mcnn_programmer #(
  parameter  int unsigned NumSl       = 128,  // source lines of the array
  parameter  int unsigned NumAdc      = 32,   // ADC lanes; lane i serves the lines i modulo NumAdc
  parameter  int unsigned AdcBits     = 8,    // bits of a code
  parameter  int unsigned NumEntries  = 64,   // entries of the list
  parameter  int unsigned ReadLatency = 1,    // clocks from strobe to codes
  parameter  int unsigned ReadClocks  = 1,    // clocks of a read
  localparam int unsigned KernelMax   = 4,
  localparam int unsigned NumBl       = KernelMax * KernelMax,
  localparam int unsigned SlBits      = $clog2(NumSl),
  localparam int unsigned LaneBits    = $clog2(NumAdc),
  localparam int unsigned EntryBits   = $clog2(NumEntries),
  localparam int unsigned CountBits   = mcnn_pkg::EntryCountBits,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,
  input logic rst_ni,

  input  logic                     start_i,  // works through `count_i` entries from here on
  input  logic                     abort_i,
  output logic                     busy_o,
  input  logic [CountBits-1:0]     count_i,
  input  logic [AmplitudeBits-1:0] set_start_i,
  input  logic [AmplitudeBits-1:0] set_step_i,
  input  logic [AmplitudeBits-1:0] set_limit_i,
  input  logic [AmplitudeBits-1:0] reset_start_i,
  input  logic [AmplitudeBits-1:0] reset_step_i,
  input  logic [AmplitudeBits-1:0] reset_limit_i,
  input  logic [7:0]               max_pulses_i,
  input  logic [7:0]               pulse_clocks_i,  // clocks of a pulse, at least 1

  // the host at the list, only while nothing is programmed
  input  logic [1:0]           host_we_i,  // word 1, word 0
  input  logic                 host_re_i,
  input  logic [EntryBits-1:0] host_waddr_i,
  input  logic [EntryBits-1:0] host_raddr_i,
  input  logic [31:0]          host_wdata_i,
  output logic [63:0]          host_rdata_o,

  // to the macro, through the PE's registers
  output logic                     read_o,
  output logic                     pulse_o,
  output logic [NumBl-1:0]         bit_line_o,  // one hot, or none
  output logic [SlBits-1:0]        line_o,
  output logic                     set_o,
  output logic [AmplitudeBits-1:0] amplitude_o,
  input  logic [NumAdc*AdcBits-1:0] code_i,

  // an entry ends
  output logic done_o,
  output logic failed_o,
  output logic refused_o
);

  typedef enum logic [3:0] {
    Idle,
    Fetch,      // the entry is read from the list
    Load,       // and taken
    Check,      // is it inside the array?
    Read,       // verify read
    ReadWait,   // until its code is here
    Decide,     // compare
    Pulse,      // SET or RESET
    PulseWait,  // until it is over
    WriteBack   // the result goes into the list
  } state_e;

  localparam logic [1:0] StatusDone = 2'd1, StatusFailed = 2'd2, StatusRefused = 2'd3;
  localparam int unsigned WaitClocks = ReadClocks + ReadLatency;
  localparam logic [15:0] MaxCode = 16'((32'd1 << AdcBits) - 1);

  state_e               state_q, state_d;
  logic [CountBits-1:0] entry_q;  // number of the entry
  logic [7:0]           wait_q;
  logic                 abort_q;
  logic                 wait_last, entry_last;
  assign busy_o     = state_q != Idle;
  assign wait_last  = wait_q == 8'd1;
  assign entry_last = entry_q + CountBits'(1) == count_i;

  // ---------------------------------------------------------------------------------------------------------- list
  logic [63:0] row;
  logic [1:0]  list_we;
  logic [63:0] list_wdata;
  logic [27:0] word0_q;  // without the status
  logic [1:0]  status_q;
  logic [AdcBits-1:0] code_q;
  logic [7:0]  pulses_q;
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
  always_comb begin
    list_we    = host_we_i;
    list_wdata = {2{host_wdata_i}};
    if (state_q == WriteBack) begin
      list_we    = {status_q != StatusRefused, 1'b1};
      list_wdata = {8'd0, pulses_q, 16'(code_q), 2'b00, status_q, word0_q};
    end
  end

  // --------------------------------------------------------------------------------------------------------- entry
  // The bounds of good codes, and whether the entry is one of this array.
  logic [AdcBits-1:0] low_q, high_q;
  logic               inside_q;
  logic [15:0]        target, tolerance;
  logic [16:0]        highest;
  assign target    = row[47:32];
  assign tolerance = row[63:48];
  assign highest   = 17'(target) + 17'(tolerance);
  always_ff @(posedge clk_i) begin
    if (state_q == Load) begin
      word0_q  <= row[27:0];
      low_q    <= target < tolerance ? '0 : AdcBits'(target - tolerance);
      high_q   <= highest > 17'(MaxCode) ? AdcBits'(MaxCode) : AdcBits'(highest);
      inside_q <= 32'(row[7:0]) < NumBl && 32'(row[19:8]) < NumSl && target <= MaxCode;
    end
  end
  logic no_drive;
  assign no_drive = word0_q[20];
  assign line_o   = word0_q[8+:SlBits];

  // ---------------------------------------------------------------------------------------------------------- code
  logic [NumAdc-1:0]  lane;
  logic [AdcBits-1:0] code;
  always_comb begin
    for (int unsigned i = 0; i < NumAdc; i++) lane[i] = word0_q[8+:LaneBits] == LaneBits'(i);
    code = '0;
    for (int unsigned i = 0; i < NumAdc; i++) code = code | (code_i[i*AdcBits+:AdcBits] & {AdcBits{lane[i]}});
  end
  always_ff @(posedge clk_i) if (state_q == ReadWait) code_q <= code;

  // -------------------------------------------------------------------------------------------------------- decide
  logic below, above, good, out_of_pulses, set_next, same;
  assign below         = code_q < low_q;
  assign above         = code_q > high_q;
  assign good          = !below && !above;
  assign out_of_pulses = no_drive || pulses_q == max_pulses_i;
  assign set_next      = below;
  assign same          = pulses_q != '0 && set_next == set_o;

  logic [AmplitudeBits-1:0] start, step, limit;
  logic [AmplitudeBits:0]   wanted;
  assign start  = set_next ? set_start_i : reset_start_i;
  assign step   = set_next ? set_step_i : reset_step_i;
  assign limit  = set_next ? set_limit_i : reset_limit_i;
  assign wanted = same ? {1'b0, amplitude_o} + {1'b0, step} : {1'b0, start};
  always_ff @(posedge clk_i) begin
    if (state_q == Load) pulses_q <= '0;
    else if (state_q == Pulse) pulses_q <= pulses_q + 8'd1;
    if (state_q == Decide) begin
      set_o       <= set_next;
      amplitude_o <= wanted > {1'b0, limit} ? limit : AmplitudeBits'(wanted);
      status_q    <= good ? StatusDone : StatusFailed;
    end
    if (state_q == Check && !inside_q) status_q <= StatusRefused;
  end

  // --------------------------------------------------------------------------------------------------------- states
  // What has begun at the macro comes to its end before an abort is obeyed.
  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle:      if (start_i && count_i != '0) state_d = Fetch;
      Fetch:     state_d = abort_q ? Idle : Load;
      Load:      state_d = abort_q ? Idle : Check;
      Check:     state_d = abort_q ? Idle : inside_q ? Read : WriteBack;
      Read:      state_d = ReadWait;
      ReadWait:  if (wait_last) state_d = abort_q ? Idle : Decide;
      Decide:    state_d = abort_q ? Idle : good || out_of_pulses ? WriteBack : Pulse;
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
    else if (state_q == WriteBack)  entry_q <= entry_q + CountBits'(1);
    if (state_q == Read)       wait_q <= 8'(WaitClocks);
    else if (state_q == Pulse) wait_q <= pulse_clocks_i;
    else if (busy_o)           wait_q <= wait_q - 8'd1;
  end

  assign read_o    = state_q == Read;
  assign pulse_o   = state_q == Pulse;
  assign done_o    = state_q == WriteBack && status_q == StatusDone;
  assign failed_o  = state_q == WriteBack && status_q == StatusFailed;
  assign refused_o = state_q == WriteBack && status_q == StatusRefused;
  always_comb begin
    for (int unsigned b = 0; b < NumBl; b++) bit_line_o[b] = !no_drive && word0_q[7:0] == 8'(b);
  end

  `MCNN_ASSERT(pulse_has_a_cell, !pulse_o || bit_line_o != '0, "a programming pulse needs a bit line")
  `MCNN_ASSERT(host_keeps_off, !busy_o || (host_we_i == '0 && !host_re_i), "the host must not reach the list of a running engine")

  if (AdcBits > 16 || WaitClocks > 255) $error("an entry has 16 bits for a code, the wait counter 8 bits");
  if (NumEntries < 2 || NumEntries != (1 << EntryBits) || NumEntries > 128)
    $error("NumEntries must be a power of two, 2 to 128");
  if (NumSl > 4096) $error("an entry has 12 bits for a source line");

endmodule
