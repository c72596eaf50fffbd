// SPDX-License-Identifier: Apache-2.0
// Top of the simulation: the chip, a macro model at each of its PEs, and the chip's buses as ports for the bus models in C++.
// The chip's trigger outputs tell the models which image and layer the reads that follow belong to.
module mcnn_tb #(
  parameter int unsigned Monitor     = 0,    // 1: hand the chip's events to C++, clock by clock; codes by lane
  parameter int unsigned NumPe       = 8,    // as mcnn_chip
  parameter int unsigned Windows     = 1,
  parameter int unsigned Lanes       = 2,
  parameter int unsigned NumSl       = 128,
  parameter int unsigned NumAdc      = 32,
  parameter int unsigned AdcBits     = 8,
  parameter int unsigned PsumBits    = 24,
  parameter int unsigned RowBanks    = 8,
  parameter int unsigned BankDepth   = 256,
  parameter int unsigned NumBuffers  = 3,
  parameter int unsigned LoadRows    = 1,
  parameter int unsigned MaxDim      = 32,
  parameter int unsigned NumLayers   = 16,
  parameter int unsigned NumRecords  = 128,
  parameter int unsigned NumBiasRows = 64,
  parameter int unsigned NumLogits   = 64,
  parameter int unsigned ReadLatency = 1,
  parameter int unsigned ReadClocks  = 1,
  parameter int unsigned NumEntries  = 64
) (
  input logic clk_i,
  input logic rst_ni,

  // AXI4-Lite
  input  logic [19:0] s_axil_awaddr_i,
  input  logic        s_axil_awvalid_i,
  output logic        s_axil_awready_o,
  input  logic [31:0] s_axil_wdata_i,
  input  logic [3:0]  s_axil_wstrb_i,
  input  logic        s_axil_wvalid_i,
  output logic        s_axil_wready_o,
  output logic [1:0]  s_axil_bresp_o,
  output logic        s_axil_bvalid_o,
  input  logic        s_axil_bready_i,
  input  logic [19:0] s_axil_araddr_i,
  input  logic        s_axil_arvalid_i,
  output logic        s_axil_arready_o,
  output logic [31:0] s_axil_rdata_o,
  output logic [1:0]  s_axil_rresp_o,
  output logic        s_axil_rvalid_o,
  input  logic        s_axil_rready_i,

  // images in
  input  logic [8*LoadRows-1:0] s_axis_tdata_i,
  input  logic                  s_axis_tvalid_i,
  output logic                  s_axis_tready_o,
  input  logic                  s_axis_tlast_i,

  // results out
  output logic [31:0] m_axis_tdata_o,
  output logic        m_axis_tvalid_o,
  input  logic        m_axis_tready_i,
  output logic        m_axis_tlast_o,

  output logic irq_o
);

  import "DPI-C" context function chandle c_dpi_chip_open();
  import "DPI-C" function void c_dpi_chip_begin_image(input chandle chip);
  import "DPI-C" function void c_dpi_chip_begin_program(input chandle chip);
  import "DPI-C" function void c_dpi_chip_set_layer(input chandle chip, input int unsigned layer);

  localparam int unsigned NumBl     = 16 * Windows;
  localparam int unsigned LineBits  = $clog2(NumSl);
  localparam int unsigned CountBits = $clog2(NumAdc + 1);
  localparam int unsigned CodeBits  = NumAdc * AdcBits;
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits;

  logic [NumPe-1:0]             macro_read;
  logic [NumPe*NumBl-1:0]       macro_pulse;
  logic [NumPe*LineBits-1:0]    macro_line;
  logic [NumPe*CountBits-1:0]   macro_count;
  logic [NumPe*3-1:0]           macro_range;
  logic [NumPe*CodeBits-1:0]    macro_code;
  logic [NumPe-1:0]             macro_program, macro_set;
  logic [NumPe*AmplitudeBits-1:0] macro_amplitude;
  logic                         frame_start, program_start;
  logic [$clog2(NumLayers)-1:0] layer;

  mcnn_chip #(
    .NumPe      (NumPe),
    .Windows    (Windows),
    .Lanes      (Lanes),
    .NumSl      (NumSl),
    .NumAdc     (NumAdc),
    .AdcBits    (AdcBits),
    .PsumBits   (PsumBits),
    .RowBanks   (RowBanks),
    .BankDepth  (BankDepth),
    .NumBuffers (NumBuffers),
    .LoadRows   (LoadRows),
    .MaxDim     (MaxDim),
    .NumLayers  (NumLayers),
    .NumRecords (NumRecords),
    .NumBiasRows(NumBiasRows),
    .NumLogits  (NumLogits),
    .ReadLatency(ReadLatency),
    .ReadClocks (ReadClocks),
    .NumEntries (NumEntries)
  ) u_chip (
    .clk_i, .rst_ni,
    .s_axil_awaddr_i, .s_axil_awvalid_i, .s_axil_awready_o,
    .s_axil_wdata_i, .s_axil_wstrb_i, .s_axil_wvalid_i, .s_axil_wready_o,
    .s_axil_bresp_o, .s_axil_bvalid_o, .s_axil_bready_i,
    .s_axil_araddr_i, .s_axil_arvalid_i, .s_axil_arready_o,
    .s_axil_rdata_o, .s_axil_rresp_o, .s_axil_rvalid_o, .s_axil_rready_i,
    .s_axis_tdata_i, .s_axis_tvalid_i, .s_axis_tready_o, .s_axis_tlast_i,
    .m_axis_tdata_o, .m_axis_tvalid_o, .m_axis_tready_i, .m_axis_tlast_o,
    .irq_o,
    .frame_start_o   (frame_start),
    .layer_o         (layer),
    .program_start_o (program_start),
    .macro_read_o    (macro_read),
    .macro_program_o (macro_program),
    .macro_pulse_o   (macro_pulse),
    .macro_line_o    (macro_line),
    .macro_count_o   (macro_count),
    .macro_range_o   (macro_range),
    .macro_set_o     (macro_set),
    .macro_amplitude_o(macro_amplitude),
    .macro_code_i    (macro_code)
  );

  for (genvar p = 0; p < NumPe; p++) begin : gen_pe
    mcnn_macro_dpi #(
      .Pe         (p),
      .LaneCodes  (Monitor),
      .NumBl      (NumBl),
      .NumSl      (NumSl),
      .NumAdc     (NumAdc),
      .AdcBits    (AdcBits),
      .ReadLatency(ReadLatency)
    ) u_macro (
      .clk_i      (clk_i),
      .read_i     (macro_read[p]),
      .program_i  (macro_program[p]),
      .pulse_i    (macro_pulse[p*NumBl+:NumBl]),
      .line_i     (macro_line[p*LineBits+:LineBits]),
      .count_i    (macro_count[p*CountBits+:CountBits]),
      .range_i    (macro_range[p*3+:3]),
      .set_i      (macro_set[p]),
      .amplitude_i(macro_amplitude[p*AmplitudeBits+:AmplitudeBits]),
      .code_o     (macro_code[p*CodeBits+:CodeBits])
    );
  end

  chandle chip;
  initial chip = c_dpi_chip_open();

  logic [$clog2(NumLayers)-1:0] layer_q;
  always @(posedge clk_i) begin
    layer_q <= layer;
    if (frame_start) c_dpi_chip_begin_image(chip);
    if (program_start) c_dpi_chip_begin_program(chip);
    if (frame_start || layer != layer_q) c_dpi_chip_set_layer(chip, 32'(layer));
  end

  // Signals inside the chip, for counting and for the times of a timeline. Bits of `events` as in tb/event_monitor.cpp.
  if (Monitor == 1) begin : gen_monitor
    import "DPI-C" function void c_dpi_chip_clock(
      input chandle chip, input int unsigned layer, input int unsigned events, input longint unsigned columns,
      input longint unsigned active, input longint unsigned strobes, input longint unsigned segments,
      input int unsigned pool_reads, input bit [Lanes*RowBanks-1:0] map_reads, input bit [Lanes*RowBanks-1:0] pool_writes,
      input bit [Lanes*RowBanks-1:0] image_write
    );

    logic [18:0]               events;
    bit   [Lanes*RowBanks-1:0] map_read, pool_write, image_write;  // [lane][bank]
    assign events = {
      s_axis_tvalid_i && s_axis_tready_o,                    // 18 a beat of an image is taken
      m_axis_tvalid_o && m_axis_tready_i,                    // 17 a result word leaves
      u_chip.u_result.u_logits.re_i,                         // 16 a row of logits is read
      u_chip.u_result.u_logits.we_i[0],                      // 15 a row of logits is written
      u_chip.u_bias.get_i,                                   // 14 partial sums are given out
      u_chip.walk_valid && u_chip.walk_add,                  // 13 pair sums are added
      u_chip.walk_valid,                                     // 12 the reduce walk goes on
      u_chip.code_tick,                                      // 11 the codes of a plane are here
      u_chip.tick,                                           // 10 a plane is driven
      u_chip.beat,                                           // 9 a beat begins with the next clock
      u_chip.stall_beat,                                     // 8 the PEs wait
      u_chip.column_valid,                                   // 7 a column enters the windows
      u_chip.bias_re,                                        // 6 a bias row is read
      u_chip.record_re,                                      // 5 a step record is read
      u_chip.row_re && !u_chip.stall_image,                  // 4 a layer row is read
      u_chip.stall_result,                                   // 3 a result holds the run up
      u_chip.stall_image,                                    // 2 the run waits for an image
      u_chip.count_layer_clock,                              // 1 a clock of a layer row
      u_chip.image_take                                      // 0 an image is taken
    };
    always_comb begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        for (int unsigned b = 0; b < RowBanks; b++) begin
          map_read[l*RowBanks+b]    = u_chip.fetch_re[b*Lanes+l];
          pool_write[l*RowBanks+b]  = u_chip.pool_we[b*Lanes+l];
          image_write[l*RowBanks+b] = u_chip.load_we[b%LoadRows] && 32'(u_chip.load_bank) == b - b % LoadRows &&
                                      32'(u_chip.load_lane) == l;
        end
      end
    end
    logic [NumPe-1:0] columns;
    assign columns = u_chip.column_valid ? u_chip.column_active : '0;
    always @(posedge clk_i)
      c_dpi_chip_clock(chip, 32'(layer), 32'(events), 64'(columns), 64'(u_chip.pe_active), 64'(macro_read),
                       64'(u_chip.segment_end), 32'(u_chip.pool_re), map_read, pool_write, image_write);
  end

endmodule
