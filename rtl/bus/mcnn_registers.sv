// SPDX-License-Identifier: Apache-2.0
// Registers: decodes the host's requests, holds the set-up registers, gives access to the tables and feature maps, keeps the
// first error and the interrupt bits. REGISTERS.md is the map.
// Latency: a write acts in its clock; a read is answered 1 clock later, from a memory 2 clocks later.
module mcnn_registers #(
  parameter  int unsigned NumPe       = 8,
  parameter  int unsigned Windows     = 1,
  parameter  int unsigned Lanes       = 2,
  parameter  int unsigned NumSl       = 128,
  parameter  int unsigned NumAdc      = 32,
  parameter  int unsigned AdcBits     = 8,
  parameter  int unsigned ActBits     = 8,
  parameter  int unsigned PsumBits    = 24,
  parameter  int unsigned KernelMax   = 4,
  parameter  int unsigned RowBanks    = 8,
  parameter  int unsigned BankDepth   = 256,
  parameter  int unsigned NumBuffers  = 3,
  parameter  int unsigned LoadRows    = 1,
  parameter  int unsigned MaxDim      = 32,
  parameter  int unsigned NumLayers   = 16,
  parameter  int unsigned NumRecords  = 128,
  parameter  int unsigned NumBiasRows = 64,
  parameter  int unsigned NumLogits   = 64,
  parameter  int unsigned ReadLatency = 1,
  parameter  int unsigned ReadClocks  = 1,
  parameter  int unsigned NumEntries  = 64,
  localparam int unsigned AddressBits = mcnn_pkg::AddressBits,
  localparam int unsigned LayerWords  = 8 + (NumPe + 3) / 4 + (NumPe > 32 ? 1 : 0),
  localparam int unsigned RecordWords = 2 + (NumPe + 1) / 2,
  localparam int unsigned LayerBits   = $clog2(NumLayers),
  localparam int unsigned AddrBits    = $clog2(BankDepth),
  localparam int unsigned Groups      = RowBanks / 4,
  localparam int unsigned GroupBits   = (Groups > 1) ? $clog2(Groups) : 1,
  localparam int unsigned LaneBits    = $clog2(Lanes),
  localparam int unsigned EntryBits   = $clog2(NumEntries),
  localparam int unsigned CountBits   = mcnn_pkg::EntryCountBits,
  localparam int unsigned PeBits      = (NumPe > 1) ? $clog2(NumPe) : 1,
  localparam int unsigned AmplitudeBits = mcnn_pkg::AmplitudeBits
) (
  input logic clk_i,
  input logic rst_ni,

  // requests
  input  logic                   wr_valid_i,
  input  logic [AddressBits-1:0] wr_addr_i,
  input  logic [31:0]            wr_data_i,
  input  logic                   wr_whole_i,
  output logic                   wr_ok_o,
  input  logic                   rd_valid_i,
  input  logic [AddressBits-1:0] rd_addr_i,
  output logic                   rd_valid_o,
  output logic                   rd_ok_o,
  output logic [31:0]            rd_data_o,

  // run
  output logic        start_o,
  output logic        abort_o,
  output logic        resume_o,
  output logic        stream_reset_o,
  output logic        halt_mode_o,
  output logic        skip_mode_o,
  output logic [31:0] image_count_o,
  output logic [7:0]  layer_count_o,
  output logic [7:0]  image_height_o,
  output logic [7:0]  image_width_o,
  output logic [15:0] image_channels_o,
  output logic [15:0] image_pitch_o,
  output logic [7:0]  logit_count_o,
  input  logic        busy_i,
  input  logic        halted_i,
  input  logic        image_ready_i,
  input  logic        image_drop_i,
  input  logic [LayerBits-1:0] layer_i,
  input  logic [5:0]  buffers_i,

  // programming
  output logic                       program_o,        // a programming run begins
  input  logic                       program_busy_i,
  output logic [NumPe*CountBits-1:0] program_count_o,  // entries in each PE's list
  output logic [AmplitudeBits-1:0]   set_start_o,
  output logic [AmplitudeBits-1:0]   set_step_o,
  output logic [AmplitudeBits-1:0]   set_limit_o,
  output logic [AmplitudeBits-1:0]   reset_start_o,
  output logic [AmplitudeBits-1:0]   reset_step_o,
  output logic [AmplitudeBits-1:0]   reset_limit_o,
  output logic [7:0]                 max_pulses_o,
  output logic [7:0]                 pulse_clocks_o,
  output logic [2:0]                 program_range_o,

  // events
  input  logic program_done_i,
  input  logic entry_refused_i,
  input  logic done_event_i,
  input  logic halted_event_i,
  input  logic image_short_i,
  input  logic image_long_i,
  input  logic image_beyond_i,
  input  logic layer_invalid_i,
  input  logic record_invalid_i,
  output logic irq_o,

  // tables: 0 layer, 1 record, 2 bias, 3 programming entries
  output logic        table_we_o,
  output logic [1:0]  table_wr_o,
  output logic [11:0] table_wr_row_o,
  output logic [5:0]  table_wr_word_o,
  output logic        table_re_o,
  output logic [1:0]  table_rd_o,
  output logic [11:0] table_rd_row_o,
  output logic [5:0]  table_rd_word_o,
  input  logic [31:0] table_data_i,   // of tables 0 to 2
  input  logic [31:0] entry_data_i,   // of table 3

  // feature maps
  output logic                 map_re_o,
  output logic [1:0]           map_buffer_o,
  output logic [LaneBits-1:0]  map_lane_o,
  output logic [GroupBits-1:0] map_group_o,
  output logic [AddrBits-1:0]  map_addr_o,
  input  logic [31:0]          map_data_i,

  // counters
  input logic [31:0]             perf_clocks_i,
  input logic [31:0]             perf_beats_i,
  input logic [31:0]             perf_reads_i,
  input logic [31:0]             perf_skipped_i,
  input logic [31:0]             perf_conversions_i,
  input logic [31:0]             perf_stall_image_i,
  input logic [31:0]             perf_stall_result_i,
  input logic [31:0]             perf_stall_beat_i,
  input logic [31:0]             perf_results_i,
  output logic [LayerBits-1:0]   perf_layer_o,
  input logic [31:0]             perf_layer_clocks_i,
  input logic [31:0]             program_clocks_i,
  input logic [31:0]             program_reads_i,
  input logic [31:0]             program_sets_i,
  input logic [31:0]             program_resets_i,
  input logic [31:0]             program_entries_done_i,
  input logic [31:0]             program_entries_failed_i,
  input logic [31:0]             program_entries_refused_i
);

  // -------------------------------------------------------------------------------------------------------- decode
  // Regions: 0x00000 registers, 0x02000 layer rows, 0x20000 biases, 0x30000 programming entries, 0x40000 records, 0x80000 feature
  // maps.
  typedef enum logic [1:0] {
    RegionNone,
    RegionRegister,
    RegionTable,
    RegionMap
  } region_e;

  // A table is a page of 64 KiB, that of the records four; the layer rows share page 0 with the registers. Rows of layers have 128
  // bytes, of records 256, of biases 64, of entries 8.
  function automatic logic [1:0] table_of(input logic [18:16] page);
    table_of = page[18] ? 2'd1 : page[17:16];
  endfunction
  function automatic logic [11:0] row_of(input logic [18:3] addr);
    row_of = addr[18] ? 12'(addr[17:8]) : &addr[17:16] ? addr[14:3] : addr[17] ? 12'(addr[15:6]) : 12'(addr[12:7]);
  endfunction
  function automatic logic [5:0] word_of(input logic [18:16] page, input logic [7:2] word);
    word_of = page[18] ? word : &page[17:16] ? 6'(word[2]) : page[17] ? 6'(word[5:2]) : 6'(word[6:2]);
  endfunction
  function automatic logic table_there(input logic [AddressBits-1:2] addr);
    logic [31:0] row, word;
    row  = 32'(row_of(addr[18:3]));
    word = 32'(word_of(addr[18:16], addr[7:2]));
    unique case (addr[18:16])
      3'd0:    table_there = addr[15:13] == 3'd1 && row < NumLayers && word < LayerWords;
      3'd1:    table_there = 1'b0;
      3'd2:    table_there = row < NumBiasRows && word < Lanes;
      3'd3:    table_there = !addr[15] && row < NumPe * NumEntries;
      default: table_there = row < NumRecords && word < RecordWords;
    endcase
    if (addr[AddressBits-1]) table_there = 1'b0;
  endfunction

  // ---------------------------------------------------------------------------------------------------------- write
  logic        wr_register, wr_table, wr_locked, wr_known, wr_setup, wr_count, busy;
  logic [11:0] wr_reg;
  logic        wr_fire;
  assign wr_reg      = wr_addr_i[11:0];
  assign wr_register = wr_addr_i[AddressBits-1:12] == '0;
  assign wr_table    = table_there(wr_addr_i[AddressBits-1:2]) && wr_addr_i[1:0] == 2'b00;
  assign busy        = busy_i || program_busy_i;

  // PROGRAM_COUNT has a word for each PE.
  logic [9:0] wr_pe, rd_pe;
  assign wr_pe    = wr_reg[11:2] - 10'(mcnn_pkg::RegProgramCount >> 2);
  assign wr_count = wr_register && wr_reg >= mcnn_pkg::RegProgramCount && 32'(wr_pe) < NumPe && wr_reg[1:0] == 2'b00;

  always_comb begin
    wr_setup = 1'b0;
    wr_known = 1'b0;
    if (wr_register) begin
      unique case (wr_reg)
        mcnn_pkg::RegControl, mcnn_pkg::RegIrqStatus, mcnn_pkg::RegIrqEnable: wr_known = 1'b1;
        mcnn_pkg::RegMode, mcnn_pkg::RegImageCount, mcnn_pkg::RegLayerCount, mcnn_pkg::RegImageShape,
        mcnn_pkg::RegImagePitch, mcnn_pkg::RegLogitCount, mcnn_pkg::RegProgramSet, mcnn_pkg::RegProgramReset,
        mcnn_pkg::RegProgramPulse: begin
          wr_known = 1'b1;
          wr_setup = 1'b1;
        end
        default: begin
          wr_known = wr_count;
          wr_setup = wr_count;
        end
      endcase
    end
  end
  assign wr_locked = busy && (wr_setup || wr_table);
  assign wr_ok_o   = wr_whole_i && (wr_known || wr_table) && !wr_locked;
  assign wr_fire   = wr_valid_i && wr_ok_o;

  logic control_write, start_request, setup_valid;
  // CONTROL is never locked: what it does must not wait for what locks.
  assign control_write = wr_valid_i && wr_whole_i && wr_register && wr_reg == mcnn_pkg::RegControl;
  assign start_request  = control_write && wr_data_i[0];
  assign abort_o        = control_write && wr_data_i[1];
  assign resume_o       = control_write && wr_data_i[2];
  assign stream_reset_o = control_write && wr_data_i[4];
  assign start_o        = start_request && !busy && !abort_o && setup_valid;

  // START and PROGRAM in one write: START, and PROGRAM finds the chip busy.
  logic program_request, program_valid;
  assign program_request = control_write && wr_data_i[3];
  assign program_o       = program_request && !start_request && !busy && !abort_o && program_valid;
  always_comb begin
    program_valid = 1'b0;
    if (program_request) begin
      program_valid = program_count_o != '0 && pulse_clocks_o != '0;
      for (int unsigned p = 0; p < NumPe; p++)
        if (32'(program_count_o[p*CountBits+:CountBits]) > NumEntries) program_valid = 1'b0;
    end
  end

  assign setup_valid = image_count_o != 0 && layer_count_o != 0 && 32'(layer_count_o) <= NumLayers &&
                       logit_count_o != 0 && 32'(logit_count_o) <= NumLogits &&
                       image_height_o != 0 && 32'(image_height_o) <= MaxDim &&
                       image_width_o != 0 && 32'(image_width_o) <= MaxDim && image_channels_o != 0;

  logic [2:0] irq_enable_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      halt_mode_o      <= 1'b0;
      skip_mode_o      <= 1'b0;
      irq_enable_q     <= '0;
      image_count_o    <= '0;
      layer_count_o    <= '0;
      image_height_o   <= '0;
      image_width_o    <= '0;
      image_channels_o <= '0;
      image_pitch_o    <= '0;
      logit_count_o    <= '0;
    end else if (wr_fire && wr_register) begin
      unique case (wr_reg)
        mcnn_pkg::RegMode: begin
          halt_mode_o <= wr_data_i[0];
          skip_mode_o <= wr_data_i[1];
        end
        mcnn_pkg::RegIrqEnable:  irq_enable_q <= wr_data_i[2:0];
        mcnn_pkg::RegImageCount: image_count_o <= wr_data_i;
        mcnn_pkg::RegLayerCount: layer_count_o <= wr_data_i[7:0];
        mcnn_pkg::RegImageShape: begin
          image_height_o   <= wr_data_i[7:0];
          image_width_o    <= wr_data_i[15:8];
          image_channels_o <= wr_data_i[31:16];
        end
        mcnn_pkg::RegImagePitch: image_pitch_o <= wr_data_i[15:0];
        mcnn_pkg::RegLogitCount: logit_count_o <= wr_data_i[7:0];
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      set_start_o     <= '0;
      set_step_o      <= '0;
      set_limit_o     <= '0;
      reset_start_o   <= '0;
      reset_step_o    <= '0;
      reset_limit_o   <= '0;
      max_pulses_o    <= '0;
      pulse_clocks_o  <= '0;
      program_range_o <= '0;
      program_count_o <= '0;
    end else if (wr_fire && wr_register) begin
      unique case (wr_reg)
        mcnn_pkg::RegProgramSet: begin
          set_start_o <= wr_data_i[0+:AmplitudeBits];
          set_step_o  <= wr_data_i[8+:AmplitudeBits];
          set_limit_o <= wr_data_i[16+:AmplitudeBits];
        end
        mcnn_pkg::RegProgramReset: begin
          reset_start_o <= wr_data_i[0+:AmplitudeBits];
          reset_step_o  <= wr_data_i[8+:AmplitudeBits];
          reset_limit_o <= wr_data_i[16+:AmplitudeBits];
        end
        mcnn_pkg::RegProgramPulse: begin
          max_pulses_o    <= wr_data_i[7:0];
          pulse_clocks_o  <= wr_data_i[15:8];
          program_range_o <= wr_data_i[18:16];
        end
        default: ;
      endcase
      for (int unsigned p = 0; p < NumPe; p++)
        if (wr_count && wr_pe == 10'(p)) program_count_o[p*CountBits+:CountBits] <= wr_data_i[0+:CountBits];
    end
  end

  // ---------------------------------------------------------------------------------------- errors and interrupt
  logic       rd_refused, rd_locked;
  logic [3:0] error, error_q;
  logic [LayerBits-1:0] error_layer_q;
  logic [2:0] irq_status_q, irq_clear;
  assign irq_clear = (wr_fire && wr_register && wr_reg == mcnn_pkg::RegIrqStatus) ? wr_data_i[2:0] : '0;

  always_comb begin
    error = mcnn_pkg::ErrNone;
    if (rd_locked) error = mcnn_pkg::ErrReadWhileBusy;
    if (rd_refused) error = mcnn_pkg::ErrBadAddress;
    if (wr_valid_i && !wr_ok_o) error = wr_locked ? mcnn_pkg::ErrWriteWhileBusy : mcnn_pkg::ErrBadAddress;
    if (start_request && !abort_o) begin
      if (busy)              error = mcnn_pkg::ErrStartWhileBusy;
      else if (!setup_valid) error = mcnn_pkg::ErrSetupInvalid;
    end
    if (program_request && !abort_o) begin
      if (busy || start_request) error = mcnn_pkg::ErrStartWhileBusy;
      else if (!program_valid)   error = mcnn_pkg::ErrSetupInvalid;
    end
    if (entry_refused_i) error = mcnn_pkg::ErrEntryInvalid;
    if (image_short_i) error = mcnn_pkg::ErrImageShort;
    if (image_long_i) error = mcnn_pkg::ErrImageLong;
    if (image_beyond_i) error = mcnn_pkg::ErrSetupInvalid;
    if (record_invalid_i) error = mcnn_pkg::ErrRecordInvalid;
    if (layer_invalid_i) error = mcnn_pkg::ErrLayerInvalid;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q       <= mcnn_pkg::ErrNone;
      error_layer_q <= '0;
      irq_status_q  <= '0;
      irq_o         <= 1'b0;
    end else begin
      irq_status_q <= (irq_status_q & ~irq_clear) | {halted_event_i, error != mcnn_pkg::ErrNone, done_event_i || program_done_i};
      if (error_q == mcnn_pkg::ErrNone || irq_clear[1]) begin
        error_q       <= error;
        error_layer_q <= error == mcnn_pkg::ErrNone ? '0 : layer_i;
      end
      irq_o <= |(irq_status_q & irq_enable_q);
    end
  end

  // ----------------------------------------------------------------------------------------------------------- read
  logic [1:0]  rd_region;
  logic [11:0] rd_reg;
  logic        rd_known, at_rest, rd_memory_q, rd_map_q, rd_entry_q;
  logic [9:0]  rd_layer;
  logic        rd_array, rd_count;
  assign rd_reg  = rd_addr_i[11:0];
  assign at_rest = !busy || halted_i;

  // Feature-map word: {buffer, lane, group, word}.
  localparam int unsigned MapBits = AddressBits - 3;  // words in the upper half of the addresses
  logic [MapBits-1:0] map_word;
  logic [MapBits-1:0] map_block;  // {buffer, lane, group}
  assign map_word     = rd_addr_i[AddressBits-2:2];
  assign map_addr_o   = map_word[AddrBits-1:0];
  assign map_block    = map_word >> AddrBits;
  if (Groups > 1) begin : gen_group
    assign map_group_o = map_block[GroupBits-1:0];
    assign map_lane_o  = map_block[GroupBits+:LaneBits];
    assign map_buffer_o = map_block[GroupBits+LaneBits+:2];
  end else begin : gen_one_group
    assign map_group_o  = '0;
    assign map_lane_o   = map_block[0+:LaneBits];
    assign map_buffer_o = map_block[LaneBits+:2];
  end

  always_comb begin
    rd_region = RegionNone;
    if (rd_addr_i[AddressBits-1]) begin
      if (32'(map_block) < NumBuffers * Lanes * Groups) rd_region = RegionMap;
    end else if (rd_addr_i[AddressBits-2:12] == '0) begin
      rd_region = RegionRegister;
    end else if (table_there(rd_addr_i[AddressBits-1:2])) begin
      rd_region = RegionTable;
    end
    if (rd_addr_i[1:0] != 2'b00) rd_region = RegionNone;
  end

  assign rd_layer     = rd_reg[11:2] - 10'(mcnn_pkg::RegPerfLayerClocks >> 2);
  assign perf_layer_o = LayerBits'(rd_layer);
  assign rd_array     = rd_reg >= mcnn_pkg::RegPerfLayerClocks && 32'(rd_layer) < NumLayers;
  assign rd_pe        = rd_reg[11:2] - 10'(mcnn_pkg::RegProgramCount >> 2);
  assign rd_count     = rd_reg >= mcnn_pkg::RegProgramCount && 32'(rd_pe) < NumPe;
  logic [CountBits-1:0] counted;
  always_comb begin
    counted = '0;
    if (rd_valid_i && rd_count) begin
      for (int unsigned p = 0; p < NumPe; p++)
        if (rd_pe == 10'(p)) counted = counted | program_count_o[p*CountBits+:CountBits];
    end
  end

  // The value goes into a register; it is found only when it is asked for.
  logic        ok_q;
  logic [31:0] value_q;
  always_ff @(posedge clk_i) begin
    if (rd_valid_i) begin
      unique case (rd_reg)
        mcnn_pkg::RegId:             value_q <= mcnn_pkg::Id;
        mcnn_pkg::RegVersion:        value_q <= mcnn_pkg::Version;
        mcnn_pkg::RegCapArray:       value_q <= {16'(NumSl), 8'(Windows), 8'(NumPe)};
        mcnn_pkg::RegCapAdc:         value_q <= {8'(ReadClocks), 8'(ReadLatency), 8'(AdcBits), 8'(NumAdc)};
        mcnn_pkg::RegCapData:        value_q <= {8'(RowBanks), 8'(KernelMax), 8'(PsumBits), 8'(ActBits)};
        mcnn_pkg::RegCapMemory:      value_q <= {8'(NumBuffers), 8'(MaxDim), 16'(BankDepth)};
        mcnn_pkg::RegCapTables:      value_q <= {12'(NumBiasRows), 12'(NumRecords), 8'(NumLayers)};
        mcnn_pkg::RegCapResult:      value_q <= {8'd0, 8'(LoadRows), 8'(Lanes), 8'(NumLogits)};
        mcnn_pkg::RegCapProgram:     value_q <= {16'd0, 8'(AmplitudeBits), 8'(NumEntries)};
        mcnn_pkg::RegControl:        value_q <= '0;
        mcnn_pkg::RegMode:           value_q <= {30'd0, skip_mode_o, halt_mode_o};
        mcnn_pkg::RegStatus:
          value_q <= {8'(layer_i), 8'(error_layer_q), 4'd0, error_q,
                      3'd0, image_drop_i, program_busy_i, image_ready_i, halted_i, busy};
        mcnn_pkg::RegIrqStatus:      value_q <= 32'(irq_status_q);
        mcnn_pkg::RegIrqEnable:      value_q <= 32'(irq_enable_q);
        mcnn_pkg::RegImageCount:     value_q <= image_count_o;
        mcnn_pkg::RegLayerCount:     value_q <= 32'(layer_count_o);
        mcnn_pkg::RegImageShape:     value_q <= {image_channels_o, image_width_o, image_height_o};
        mcnn_pkg::RegImagePitch:     value_q <= 32'(image_pitch_o);
        mcnn_pkg::RegLogitCount:     value_q <= 32'(logit_count_o);
        mcnn_pkg::RegBuffers:        value_q <= 32'(buffers_i);
        mcnn_pkg::RegImagesDone:     value_q <= perf_results_i;
        mcnn_pkg::RegPerfClocks:     value_q <= perf_clocks_i;
        mcnn_pkg::RegPerfBeats:      value_q <= perf_beats_i;
        mcnn_pkg::RegPerfReads:      value_q <= perf_reads_i;
        mcnn_pkg::RegPerfSkipped:    value_q <= perf_skipped_i;
        mcnn_pkg::RegPerfConversions: value_q <= perf_conversions_i;
        mcnn_pkg::RegPerfStallImage: value_q <= perf_stall_image_i;
        mcnn_pkg::RegPerfStallResult: value_q <= perf_stall_result_i;
        mcnn_pkg::RegPerfStallBeat:  value_q <= perf_stall_beat_i;
        mcnn_pkg::RegProgramSet:
          value_q <= {8'd0, 8'(set_limit_o), 8'(set_step_o), 8'(set_start_o)};
        mcnn_pkg::RegProgramReset:
          value_q <= {8'd0, 8'(reset_limit_o), 8'(reset_step_o), 8'(reset_start_o)};
        mcnn_pkg::RegProgramPulse:   value_q <= {13'd0, program_range_o, pulse_clocks_o, max_pulses_o};
        mcnn_pkg::RegProgramClocks:  value_q <= program_clocks_i;
        mcnn_pkg::RegProgramReads:   value_q <= program_reads_i;
        mcnn_pkg::RegProgramSets:    value_q <= program_sets_i;
        mcnn_pkg::RegProgramResets:  value_q <= program_resets_i;
        mcnn_pkg::RegProgramDone:    value_q <= program_entries_done_i;
        mcnn_pkg::RegProgramFailed:  value_q <= program_entries_failed_i;
        mcnn_pkg::RegProgramRefused: value_q <= program_entries_refused_i;
        default:                     value_q <= rd_count ? 32'(counted) : perf_layer_clocks_i;
      endcase
    end
  end
  assign rd_known = rd_reg <= mcnn_pkg::RegCapProgram ||
                    (rd_reg >= mcnn_pkg::RegControl && rd_reg <= mcnn_pkg::RegStatus) ||
                    (rd_reg >= mcnn_pkg::RegIrqStatus && rd_reg <= mcnn_pkg::RegImagesDone) ||
                    (rd_reg >= mcnn_pkg::RegPerfClocks && rd_reg <= mcnn_pkg::RegPerfStallBeat) || rd_array ||
                    (rd_reg >= mcnn_pkg::RegProgramSet && rd_reg <= mcnn_pkg::RegProgramPulse) ||
                    (rd_reg >= mcnn_pkg::RegProgramClocks && rd_reg <= mcnn_pkg::RegProgramRefused) || rd_count;

  logic rd_memory;
  assign rd_memory  = rd_region == RegionTable || rd_region == RegionMap;
  assign rd_refused = rd_valid_i && (rd_region == RegionNone || (rd_region == RegionRegister && !rd_known));
  assign rd_locked  = rd_valid_i && rd_memory && !at_rest;
  assign table_re_o = rd_valid_i && rd_region == RegionTable && at_rest;
  assign map_re_o   = rd_valid_i && rd_region == RegionMap && at_rest;

  assign table_we_o      = wr_fire && wr_table;
  assign table_wr_o      = table_of(wr_addr_i[18:16]);
  assign table_wr_row_o  = row_of(wr_addr_i[18:3]);
  assign table_wr_word_o = word_of(wr_addr_i[18:16], wr_addr_i[7:2]);
  assign table_rd_o      = table_of(rd_addr_i[18:16]);
  assign table_rd_row_o  = row_of(rd_addr_i[18:3]);
  assign table_rd_word_o = word_of(rd_addr_i[18:16], rd_addr_i[7:2]);

  logic answer_q, memory_wait_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      answer_q      <= 1'b0;
      memory_wait_q <= 1'b0;
    end else begin
      answer_q      <= (rd_valid_i && !(table_re_o || map_re_o)) || memory_wait_q;
      memory_wait_q <= table_re_o || map_re_o;
    end
  end
  always_ff @(posedge clk_i) begin
    if (rd_valid_i) begin
      ok_q        <= !rd_refused && !rd_locked;
      rd_memory_q <= rd_memory;
      rd_map_q    <= rd_region == RegionMap;
      rd_entry_q  <= table_rd_o == 2'd3;
    end
  end
  assign rd_valid_o = answer_q;
  assign rd_ok_o    = ok_q;
  assign rd_data_o  = !rd_memory_q ? value_q : rd_map_q ? map_data_i : rd_entry_q ? entry_data_i : table_data_i;

  if (RowBanks != 4 * Groups) $error("RowBanks must be a multiple of 4");
  if ((1 << PeBits) * NumEntries > 4096) $error("NumPe*NumEntries is too large for the addresses behind 0x30000");
  if (NumEntries != (1 << EntryBits) || NumEntries > 128) $error("NumEntries must be a power of two, at most 128");
  if ((32'd1 << MapBits) < NumBuffers * Lanes * Groups * BankDepth)
    $error("BankDepth is too large: the feature maps do not fit the addresses behind 0x80000");

endmodule
