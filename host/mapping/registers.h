// SPDX-License-Identifier: Apache-2.0
// Register addresses, bit fields and error codes of the chip. Their source is rtl/REGISTERS.md;
// tests/unit/rtl/register_map_test.cpp holds this file to it, number by number.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace mcnn {

// Bits [low+width-1:low] of a 32-bit word.
struct BitField {
  int low;
  int width;

  constexpr uint32_t mask() const { return width == 32 ? ~0u : (1u << width) - 1u; }
  constexpr uint32_t get(uint32_t word) const { return (word >> low) & mask(); }
  constexpr uint32_t put(uint32_t value) const { return (value & mask()) << low; }
};

namespace reg {

// Byte addresses.
inline constexpr uint32_t kId = 0x0000;
inline constexpr uint32_t kVersion = 0x0004;
inline constexpr uint32_t kCapArray = 0x0008;
inline constexpr uint32_t kCapAdc = 0x000C;
inline constexpr uint32_t kCapData = 0x0010;
inline constexpr uint32_t kCapMemory = 0x0014;
inline constexpr uint32_t kCapTables = 0x0018;
inline constexpr uint32_t kCapResult = 0x001C;
inline constexpr uint32_t kCapProgram = 0x0020;
inline constexpr uint32_t kControl = 0x0040;
inline constexpr uint32_t kMode = 0x0044;
inline constexpr uint32_t kStatus = 0x0048;
inline constexpr uint32_t kIrqStatus = 0x0050;
inline constexpr uint32_t kIrqEnable = 0x0054;
inline constexpr uint32_t kImageCount = 0x0058;
inline constexpr uint32_t kLayerCount = 0x005C;
inline constexpr uint32_t kImageShape = 0x0060;
inline constexpr uint32_t kImagePitch = 0x0064;
inline constexpr uint32_t kLogitCount = 0x0068;
inline constexpr uint32_t kBuffers = 0x006C;
inline constexpr uint32_t kImagesDone = 0x0070;
inline constexpr uint32_t kPerfClocks = 0x0080;
inline constexpr uint32_t kPerfBeats = 0x0084;
inline constexpr uint32_t kPerfReads = 0x0088;
inline constexpr uint32_t kPerfSkipped = 0x008C;
inline constexpr uint32_t kPerfConversions = 0x0090;
inline constexpr uint32_t kPerfStallImage = 0x0094;
inline constexpr uint32_t kPerfStallResult = 0x0098;
inline constexpr uint32_t kPerfStallBeat = 0x009C;
inline constexpr uint32_t kPerfLayerClocks = 0x00C0;  // NumLayers words
inline constexpr uint32_t kProgramSet = 0x0200;
inline constexpr uint32_t kProgramReset = 0x0204;
inline constexpr uint32_t kProgramPulse = 0x0208;
inline constexpr uint32_t kProgramClocks = 0x0210;
inline constexpr uint32_t kProgramReads = 0x0214;
inline constexpr uint32_t kProgramSets = 0x0218;
inline constexpr uint32_t kProgramResets = 0x021C;
inline constexpr uint32_t kProgramDone = 0x0220;
inline constexpr uint32_t kProgramFailed = 0x0224;
inline constexpr uint32_t kProgramRefused = 0x0228;
inline constexpr uint32_t kProgramCount = 0x0240;  // NumPe words

inline constexpr uint32_t kLayerTable = 0x02000;
inline constexpr uint32_t kLayerStride = 128;
inline constexpr uint32_t kRecordTable = 0x40000;
inline constexpr uint32_t kRecordStride = 256;
inline constexpr uint32_t kBiasTable = 0x20000;
inline constexpr uint32_t kBiasStride = 64;
inline constexpr uint32_t kProgramTable = 0x30000;
inline constexpr uint32_t kProgramStride = 8;
inline constexpr uint32_t kFeatureMaps = 0x80000;

// Values.
inline constexpr uint32_t kIdValue = 0x4D434E4E;  // "MCNN"
inline constexpr uint32_t kNeededMajor = 3;       // major version that the host needs
inline constexpr int kAmplitudeBits = 6;          // of a programming pulse

// VERSION and the capabilities.
inline constexpr BitField kVersionMajor{16, 16};
inline constexpr BitField kVersionMinor{8, 8};
inline constexpr BitField kVersionPatch{0, 8};
inline constexpr BitField kCapArrayNumPe{0, 8};
inline constexpr BitField kCapArrayWindows{8, 8};
inline constexpr BitField kCapArrayNumSl{16, 16};
inline constexpr BitField kCapAdcNumAdc{0, 8};
inline constexpr BitField kCapAdcAdcBits{8, 8};
inline constexpr BitField kCapAdcReadLatency{16, 8};
inline constexpr BitField kCapAdcReadClocks{24, 8};
inline constexpr BitField kCapDataActBits{0, 8};
inline constexpr BitField kCapDataPsumBits{8, 8};
inline constexpr BitField kCapDataKernelMax{16, 8};
inline constexpr BitField kCapDataRowBanks{24, 8};
inline constexpr BitField kCapMemoryBankDepth{0, 16};
inline constexpr BitField kCapMemoryMaxDim{16, 8};
inline constexpr BitField kCapMemoryNumBuffers{24, 8};
inline constexpr BitField kCapTablesNumLayers{0, 8};
inline constexpr BitField kCapTablesNumRecords{8, 12};
inline constexpr BitField kCapTablesNumBiasRows{20, 12};
inline constexpr BitField kCapResultNumLogits{0, 8};
inline constexpr BitField kCapResultLanes{8, 8};
inline constexpr BitField kCapResultLoadRows{16, 8};
inline constexpr BitField kCapProgramNumEntries{0, 8};
inline constexpr BitField kCapProgramAmplitudeBits{8, 8};

// CONTROL, MODE, STATUS, IRQ_STATUS, IMAGE_SHAPE, BUFFERS.
inline constexpr uint32_t kControlStart = 1u << 0;
inline constexpr uint32_t kControlAbort = 1u << 1;
inline constexpr uint32_t kControlResume = 1u << 2;
inline constexpr uint32_t kControlProgram = 1u << 3;
inline constexpr uint32_t kControlStreamReset = 1u << 4;
inline constexpr uint32_t kModeHalt = 1u << 0;
inline constexpr uint32_t kModeSkip = 1u << 1;
inline constexpr uint32_t kStatusBusy = 1u << 0;
inline constexpr uint32_t kStatusHalted = 1u << 1;
inline constexpr uint32_t kStatusImageWaits = 1u << 2;
inline constexpr uint32_t kStatusProgramming = 1u << 3;
inline constexpr uint32_t kStatusDropping = 1u << 4;
inline constexpr BitField kStatusError{8, 8};
inline constexpr BitField kStatusErrorRow{16, 8};
inline constexpr BitField kStatusRow{24, 8};
inline constexpr uint32_t kIrqDone = 1u << 0;
inline constexpr uint32_t kIrqError = 1u << 1;
inline constexpr uint32_t kIrqHalted = 1u << 2;
inline constexpr BitField kImageShapeHeight{0, 8};
inline constexpr BitField kImageShapeWidth{8, 8};
inline constexpr BitField kImageShapeChannels{16, 16};
inline constexpr BitField kBuffersInput{0, 2};
inline constexpr BitField kBuffersOutput{2, 2};
inline constexpr BitField kBuffersLoad{4, 2};

// PROGRAM_SET and PROGRAM_RESET, PROGRAM_PULSE, PROGRAM_COUNT, words of a programming entry.
inline constexpr BitField kAmplitudeStart{0, kAmplitudeBits};
inline constexpr BitField kAmplitudeStep{8, kAmplitudeBits};
inline constexpr BitField kAmplitudeLimit{16, kAmplitudeBits};
inline constexpr BitField kProgramMaxPulses{0, 8};
inline constexpr BitField kProgramPulseClocks{8, 8};
inline constexpr BitField kProgramRange{16, 3};
inline constexpr BitField kProgramCountEntries{0, 8};
inline constexpr BitField kEntryBitLine{0, 8};
inline constexpr BitField kEntrySourceLine{8, 12};
inline constexpr uint32_t kEntryNoDrive = 1u << 20;
inline constexpr BitField kEntryStatus{28, 2};
inline constexpr BitField kEntryTarget{0, 16};  // before the run
inline constexpr BitField kEntryTolerance{16, 16};
inline constexpr BitField kEntryCode{0, 16};  // after it
inline constexpr BitField kEntryPulses{16, 16};

// A register by name, for dumps and traces.
struct Named {
  uint32_t address;
  std::string_view name;
};
// Every register, by address; the arrays PERF_LAYER_CLOCKS and PROGRAM_COUNT once, with their first
// address.
std::span<const Named> all();

}  // namespace reg

enum class ChipError : uint8_t {
  kNone = 0,
  kStartWhileBusy = 1,
  kWriteWhileBusy = 2,
  kBadAddress = 3,
  kReadWhileBusy = 4,
  kImageShort = 5,
  kImageLong = 6,
  kSetupInvalid = 7,
  kLayerInvalid = 8,
  kRecordInvalid = 9,
  kEntryInvalid = 10,
};

std::string_view error_name(
    uint32_t code);  // "IMAGE_SHORT"; "UNKNOWN" for a code that does not exist
std::string_view error_meaning(uint32_t code);  // "TLAST before the last beat; ..."

}  // namespace mcnn
