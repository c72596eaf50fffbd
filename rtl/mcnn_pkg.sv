// SPDX-License-Identifier: Apache-2.0
// Numbers that the host and several modules of the chip share: identification, register addresses, error codes.
// The source of register addresses, error codes, Id and Version is REGISTERS.md; tests/unit/rtl/register_map_test.cpp holds this
// file to it, number by number.
package mcnn_pkg;

  localparam logic [31:0] Id      = 32'h4D43_4E4E;  // "MCNN"
  localparam logic [31:0] Version = 32'h0003_0000;  // major 16 bits, minor 8, patch 8

  localparam int unsigned AddressBits = 20;  // AXI4-Lite byte address
  localparam int unsigned AmplitudeBits = 6;  // amplitude code of a programming pulse
  localparam int unsigned EntryCountBits = 8;  // entries in a programming list
  localparam int unsigned ProgramEvents = 7;  // what a programming engine tells the counters

  // Error codes, STATUS[15:8].
  localparam logic [3:0] ErrNone           = 4'd0;
  localparam logic [3:0] ErrStartWhileBusy = 4'd1;
  localparam logic [3:0] ErrWriteWhileBusy = 4'd2;
  localparam logic [3:0] ErrBadAddress     = 4'd3;
  localparam logic [3:0] ErrReadWhileBusy  = 4'd4;
  localparam logic [3:0] ErrImageShort     = 4'd5;
  localparam logic [3:0] ErrImageLong      = 4'd6;
  localparam logic [3:0] ErrSetupInvalid   = 4'd7;
  localparam logic [3:0] ErrLayerInvalid   = 4'd8;
  localparam logic [3:0] ErrRecordInvalid  = 4'd9;
  localparam logic [3:0] ErrEntryInvalid   = 4'd10;

  // Register addresses (bytes).
  localparam logic [11:0] RegId              = 12'h000;
  localparam logic [11:0] RegVersion         = 12'h004;
  localparam logic [11:0] RegCapArray        = 12'h008;
  localparam logic [11:0] RegCapAdc          = 12'h00C;
  localparam logic [11:0] RegCapData         = 12'h010;
  localparam logic [11:0] RegCapMemory       = 12'h014;
  localparam logic [11:0] RegCapTables       = 12'h018;
  localparam logic [11:0] RegCapResult       = 12'h01C;
  localparam logic [11:0] RegCapProgram      = 12'h020;
  localparam logic [11:0] RegControl         = 12'h040;
  localparam logic [11:0] RegMode            = 12'h044;
  localparam logic [11:0] RegStatus          = 12'h048;
  localparam logic [11:0] RegIrqStatus       = 12'h050;
  localparam logic [11:0] RegIrqEnable       = 12'h054;
  localparam logic [11:0] RegImageCount      = 12'h058;
  localparam logic [11:0] RegLayerCount      = 12'h05C;
  localparam logic [11:0] RegImageShape      = 12'h060;
  localparam logic [11:0] RegImagePitch      = 12'h064;
  localparam logic [11:0] RegLogitCount      = 12'h068;
  localparam logic [11:0] RegBuffers         = 12'h06C;
  localparam logic [11:0] RegImagesDone      = 12'h070;
  localparam logic [11:0] RegPerfClocks      = 12'h080;
  localparam logic [11:0] RegPerfBeats       = 12'h084;
  localparam logic [11:0] RegPerfReads       = 12'h088;
  localparam logic [11:0] RegPerfSkipped     = 12'h08C;
  localparam logic [11:0] RegPerfConversions = 12'h090;
  localparam logic [11:0] RegPerfStallImage  = 12'h094;
  localparam logic [11:0] RegPerfStallResult = 12'h098;
  localparam logic [11:0] RegPerfStallBeat   = 12'h09C;
  localparam logic [11:0] RegPerfLayerClocks = 12'h0C0;  // array of NumLayers words
  localparam logic [11:0] RegProgramSet      = 12'h200;
  localparam logic [11:0] RegProgramReset    = 12'h204;
  localparam logic [11:0] RegProgramPulse    = 12'h208;
  localparam logic [11:0] RegProgramClocks   = 12'h210;
  localparam logic [11:0] RegProgramReads    = 12'h214;
  localparam logic [11:0] RegProgramSets     = 12'h218;
  localparam logic [11:0] RegProgramResets   = 12'h21C;
  localparam logic [11:0] RegProgramDone     = 12'h220;
  localparam logic [11:0] RegProgramFailed   = 12'h224;
  localparam logic [11:0] RegProgramRefused  = 12'h228;
  localparam logic [11:0] RegProgramCount    = 12'h240;  // array of NumPe words

endpackage
