// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/registers.h"

#include <array>

namespace mcnn {
namespace reg {

std::span<const Named> all() {
  static constexpr std::array kRegisters = {
      Named{kId, "ID"},
      Named{kVersion, "VERSION"},
      Named{kCapArray, "CAP_ARRAY"},
      Named{kCapAdc, "CAP_ADC"},
      Named{kCapData, "CAP_DATA"},
      Named{kCapMemory, "CAP_MEMORY"},
      Named{kCapTables, "CAP_TABLES"},
      Named{kCapResult, "CAP_RESULT"},
      Named{kCapProgram, "CAP_PROGRAM"},
      Named{kControl, "CONTROL"},
      Named{kMode, "MODE"},
      Named{kStatus, "STATUS"},
      Named{kIrqStatus, "IRQ_STATUS"},
      Named{kIrqEnable, "IRQ_ENABLE"},
      Named{kImageCount, "IMAGE_COUNT"},
      Named{kLayerCount, "LAYER_COUNT"},
      Named{kImageShape, "IMAGE_SHAPE"},
      Named{kImagePitch, "IMAGE_PITCH"},
      Named{kLogitCount, "LOGIT_COUNT"},
      Named{kBuffers, "BUFFERS"},
      Named{kImagesDone, "IMAGES_DONE"},
      Named{kPerfClocks, "PERF_CLOCKS"},
      Named{kPerfBeats, "PERF_BEATS"},
      Named{kPerfReads, "PERF_READS"},
      Named{kPerfSkipped, "PERF_SKIPPED"},
      Named{kPerfConversions, "PERF_CONVERSIONS"},
      Named{kPerfStallImage, "PERF_STALL_IMAGE"},
      Named{kPerfStallResult, "PERF_STALL_RESULT"},
      Named{kPerfStallBeat, "PERF_STALL_BEAT"},
      Named{kPerfLayerClocks, "PERF_LAYER_CLOCKS"},
      Named{kProgramSet, "PROGRAM_SET"},
      Named{kProgramReset, "PROGRAM_RESET"},
      Named{kProgramPulse, "PROGRAM_PULSE"},
      Named{kProgramClocks, "PROGRAM_CLOCKS"},
      Named{kProgramReads, "PROGRAM_READS"},
      Named{kProgramSets, "PROGRAM_SETS"},
      Named{kProgramResets, "PROGRAM_RESETS"},
      Named{kProgramDone, "PROGRAM_DONE"},
      Named{kProgramFailed, "PROGRAM_FAILED"},
      Named{kProgramRefused, "PROGRAM_REFUSED"},
      Named{kProgramCount, "PROGRAM_COUNT"},
  };
  return kRegisters;
}

}  // namespace reg

namespace {

struct ErrorText {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array kErrors = {
    ErrorText{"NONE", "no error"},
    ErrorText{"START_WHILE_BUSY", "START while a run is going on"},
    ErrorText{"WRITE_WHILE_BUSY", "a table or a set-up register written while busy"},
    ErrorText{"BAD_ADDRESS",
              "no such register, a write to a read-only one, or a partial write strobe"},
    ErrorText{"READ_WHILE_BUSY", "a table or a feature-map buffer read while busy and not halted"},
    ErrorText{"IMAGE_SHORT", "TLAST before the last beat; the image was dropped"},
    ErrorText{"IMAGE_LONG",
              "no TLAST on the last beat, or none at the end of the rest of a dropped image; "
              "everything up to TLAST was dropped"},
    ErrorText{"SETUP_INVALID",
              "image count, layer count, logit count or image shape outside what the chip has; or "
              "programming entries of a PE outside its list, none at all, or pulses of 0 clocks"},
    ErrorText{"LAYER_INVALID", "a layer row asks for what the chip does not have"},
    ErrorText{
        "RECORD_INVALID",
        "a step record asks for what the chip does not have, or the table ends before LAST_PASS"},
    ErrorText{"ENTRY_INVALID",
              "a programming entry outside the array, or a target above the largest code; it was "
              "refused"},
};

}  // namespace

std::string_view error_name(uint32_t code) {
  return code < kErrors.size() ? kErrors[code].name : "UNKNOWN";
}

std::string_view error_meaning(uint32_t code) {
  return code < kErrors.size() ? kErrors[code].meaning
                               : "an error code that this host does not know";
}

}  // namespace mcnn
