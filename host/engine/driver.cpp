// SPDX-License-Identifier: Apache-2.0
#include "host/engine/driver.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.h"
#include "common/index.h"
#include "host/mapping/image_stream.h"
#include "host/mapping/registers.h"

namespace mcnn {
namespace {

int field(uint32_t word, BitField bits) { return static_cast<int>(bits.get(word)); }

// What a chip that is waited for says of itself.
std::string status_text(uint32_t status) {
  std::string text;
  const auto add = [&](uint32_t bit, std::string_view words) {
    if ((status & bit) != 0) {
      text += text.empty() ? "" : ", ";
      text += words;
    }
  };
  add(reg::kStatusBusy, "busy");
  add(reg::kStatusHalted, "halted");
  add(reg::kStatusProgramming, "programming");
  add(reg::kStatusImageWaits, "an image is loaded and waits");
  add(reg::kStatusDropping, "the rest of an image is dropped up to its TLAST");
  return fmt::format("STATUS 0x{:08x}: {}; layer row {}", status, text.empty() ? "idle" : text,
                     reg::kStatusRow.get(status));
}

}  // namespace

Driver::Driver(ChipBus& bus, Options options) : bus_(bus), options_(options) {
  const uint32_t id = bus_.read(reg::kId);
  if (id != reg::kIdValue) {
    throw Error(fmt::format("chip: ID: found 0x{:08x}, allowed: 0x{:08x}", id, reg::kIdValue));
  }
  const uint32_t version = bus_.read(reg::kVersion);
  if (reg::kVersionMajor.get(version) != reg::kNeededMajor) {
    throw Error(fmt::format("chip: VERSION: found {}.{}.{}, allowed: {}.x.x",
                            reg::kVersionMajor.get(version), reg::kVersionMinor.get(version),
                            reg::kVersionPatch.get(version), reg::kNeededMajor));
  }
}

ChipConfig Driver::read_config(const std::string& name) const {
  ChipConfig config;
  config.name = name;
  const uint32_t array = bus_.read(reg::kCapArray);
  config.num_pe = field(array, reg::kCapArrayNumPe);
  config.windows = field(array, reg::kCapArrayWindows);
  config.num_sl = field(array, reg::kCapArrayNumSl);
  const uint32_t adc = bus_.read(reg::kCapAdc);
  config.num_adc = field(adc, reg::kCapAdcNumAdc);
  config.adc_bits = field(adc, reg::kCapAdcAdcBits);
  config.read_latency = field(adc, reg::kCapAdcReadLatency);
  config.read_clocks = field(adc, reg::kCapAdcReadClocks);
  const uint32_t data = bus_.read(reg::kCapData);
  config.act_bits = field(data, reg::kCapDataActBits);
  config.psum_bits = field(data, reg::kCapDataPsumBits);
  config.kernel_max = field(data, reg::kCapDataKernelMax);
  config.row_banks = field(data, reg::kCapDataRowBanks);
  const uint32_t memory = bus_.read(reg::kCapMemory);
  config.bank_depth = field(memory, reg::kCapMemoryBankDepth);
  config.max_dim = field(memory, reg::kCapMemoryMaxDim);
  config.num_buffers = field(memory, reg::kCapMemoryNumBuffers);
  const uint32_t tables = bus_.read(reg::kCapTables);
  config.num_layers = field(tables, reg::kCapTablesNumLayers);
  config.num_records = field(tables, reg::kCapTablesNumRecords);
  config.num_bias_rows = field(tables, reg::kCapTablesNumBiasRows);
  const uint32_t result = bus_.read(reg::kCapResult);
  config.num_logits = field(result, reg::kCapResultNumLogits);
  config.lanes = field(result, reg::kCapResultLanes);
  config.load_rows = field(result, reg::kCapResultLoadRows);
  const uint32_t programmer = bus_.read(reg::kCapProgram);
  config.num_entries = field(programmer, reg::kCapProgramNumEntries);
  const uint32_t amplitude_bits = reg::kCapProgramAmplitudeBits.get(programmer);
  if (amplitude_bits != reg::kAmplitudeBits) {
    throw Error(fmt::format("chip: CAP_PROGRAM: found {} amplitude bits, allowed: {}",
                            amplitude_bits, reg::kAmplitudeBits));
  }
  return config;
}

void Driver::write_checked(uint32_t address, uint32_t value) {
  bus_.write(address, value);
  const uint32_t found = bus_.read(address);
  if (found != value) {
    throw Error(fmt::format(
        "chip: address 0x{:05x}: found 0x{:08x} when read back, allowed: 0x{:08x} as written",
        address, found, value));
  }
}

ProgramRun Driver::program(std::span<const ProgramEntry> entries, const ProgramSettings& settings) {
  if (capabilities_.name.empty()) {
    capabilities_ = read_config();
  }
  check_program(entries, settings, capabilities_);
  const auto amplitudes = [](const PulseAmplitudes& pulses) {
    return reg::kAmplitudeStart.put(static_cast<uint32_t>(pulses.start)) |
           reg::kAmplitudeStep.put(static_cast<uint32_t>(pulses.step)) |
           reg::kAmplitudeLimit.put(static_cast<uint32_t>(pulses.limit));
  };
  check_status();
  write_checked(reg::kProgramSet, amplitudes(settings.set));
  write_checked(reg::kProgramReset, amplitudes(settings.reset));
  write_checked(reg::kProgramPulse,
                reg::kProgramMaxPulses.put(static_cast<uint32_t>(settings.max_pulses)) |
                    reg::kProgramPulseClocks.put(static_cast<uint32_t>(settings.pulse_clocks)) |
                    reg::kProgramRange.put(static_cast<uint32_t>(settings.range)));
  ProgramRun run;
  run.results.resize(entries.size());
  for (const ProgramBatch& batch : program_batches(entries, capabilities_)) {
    run_programmer(batch, entries, run);
  }
  return run;
}

void Driver::run_programmer(const ProgramBatch& batch, std::span<const ProgramEntry> entries,
                            ProgramRun& run) {
  const auto row = [this](size_t pe, size_t place) {
    return reg::kProgramTable +
           reg::kProgramStride *
               static_cast<uint32_t>(pe * to_index(capabilities_.num_entries) + place);
  };
  const auto cell = [](const ProgramEntry& entry) {
    return reg::kEntryBitLine.put(static_cast<uint32_t>(entry.bit_line)) |
           reg::kEntrySourceLine.put(static_cast<uint32_t>(entry.source_line)) |
           (entry.no_drive ? reg::kEntryNoDrive : 0);
  };
  for (size_t pe = 0; pe < batch.size(); ++pe) {
    write_checked(reg::kProgramCount + 4 * static_cast<uint32_t>(pe),
                  static_cast<uint32_t>(batch[pe].size()));
    for (size_t place = 0; place < batch[pe].size(); ++place) {
      const ProgramEntry& entry = entries[batch[pe][place]];
      bus_.write(row(pe, place), cell(entry));
      bus_.write(row(pe, place) + 4,
                 reg::kEntryTarget.put(static_cast<uint32_t>(entry.target)) |
                     reg::kEntryTolerance.put(static_cast<uint32_t>(entry.tolerance)));
    }
  }

  bus_.write(reg::kIrqStatus, reg::kIrqDone | reg::kIrqError | reg::kIrqHalted);
  bus_.write(reg::kControl, reg::kControlProgram);
  uint32_t status = bus_.read(reg::kStatus);
  for (int poll = 0; (status & reg::kStatusProgramming) != 0; ++poll) {
    const uint32_t code = reg::kStatusError.get(status);
    if (code != 0 && code != static_cast<uint32_t>(ChipError::kEntryInvalid)) {
      break;
    }
    if (poll >= options_.status_polls) {
      abort();
      throw Error(
          fmt::format("chip: waited for the end of programming, {} reads of STATUS (status_polls), "
                      "and aborted it; {}",
                      options_.status_polls, status_text(status)));
    }
    status = bus_.read(reg::kStatus);
  }
  const uint32_t code = reg::kStatusError.get(status);
  if (code == static_cast<uint32_t>(ChipError::kEntryInvalid)) {
    bus_.write(reg::kIrqStatus, reg::kIrqError);  // the refused entries come back as such
  } else if (code != 0) {
    abort();
    throw Error(fmt::format("chip: error {} {} while programming: {}", code, error_name(code),
                            error_meaning(code)));
  }

  for (size_t pe = 0; pe < batch.size(); ++pe) {
    for (size_t place = 0; place < batch[pe].size(); ++place) {
      const size_t i = batch[pe][place];
      const uint32_t word = bus_.read(row(pe, place));
      if ((word & ~reg::kEntryStatus.put(~0u)) != cell(entries[i])) {
        throw Error(fmt::format(
            "chip: programming entry {} of PE {}: found 0x{:08x} behind the run, allowed: "
            "0x{:08x} and a status",
            place, pe, word, cell(entries[i])));
      }
      EntryResult& result = run.results[i];
      result.status = static_cast<EntryStatus>(reg::kEntryStatus.get(word));
      if (result.status == EntryStatus::kDone || result.status == EntryStatus::kFailed) {
        const uint32_t outcome = bus_.read(row(pe, place) + 4);
        result.code = static_cast<int>(reg::kEntryCode.get(outcome));
        result.pulses = static_cast<int>(reg::kEntryPulses.get(outcome));
      } else if (result.status == EntryStatus::kPending) {
        throw Error(fmt::format(
            "chip: programming entry {} of PE {}: found pending behind the run, allowed: done, "
            "failed or refused",
            place, pe));
      }
    }
  }
  ProgramCounters counters;
  counters.clocks = bus_.read(reg::kProgramClocks);
  counters.reads = bus_.read(reg::kProgramReads);
  counters.sets = bus_.read(reg::kProgramSets);
  counters.resets = bus_.read(reg::kProgramResets);
  counters.done = bus_.read(reg::kProgramDone);
  counters.failed = bus_.read(reg::kProgramFailed);
  counters.refused = bus_.read(reg::kProgramRefused);
  run.counters += counters;
}

void Driver::load(const ChipProgram& program, const ChipConfig& config) {
  const std::string different = differences(read_config(), config);
  if (!different.empty()) {
    throw Error(fmt::format(
        "chip: capabilities: found another chip than {} (chip and program: {}), allowed: the same",
        config.name, different));
  }
  validate(program, config);
  loaded_ = false;
  const std::vector<RegisterWrite> writes = register_writes(program, config);
  for (const RegisterWrite& write : writes) {
    bus_.write(write.address, write.value);
  }
  for (const RegisterWrite& write : writes) {
    const uint32_t found = bus_.read(write.address);
    if (found != write.value) {
      throw Error(fmt::format(
          "chip: address 0x{:05x}: found 0x{:08x} when read back, allowed: 0x{:08x} as written",
          write.address, found, write.value));
    }
  }
  config_ = config;
  program_ = program;
  loaded_ = true;
}

void Driver::check_image(std::span<const uint8_t> image, size_t index) const {
  const MapShape& shape = program_.image;
  if (image.size() != to_index(shape.size())) {
    throw Error(fmt::format("image {}: found {} pixels, allowed: {} ({}x{}x{})", index,
                            image.size(), shape.size(), shape.channels, shape.height, shape.width));
  }
}

void Driver::send(std::span<const uint8_t> image) {
  if (config_.load_rows == 1) {
    bus_.send(image);
  } else {
    bus_.send(image_stream(image, program_.image, config_));
  }
}

void Driver::start(uint32_t images, bool halt) {
  if (!loaded_) {
    throw Error("driver: found no chip program, allowed: load() before a run");
  }
  check_status();
  bus_.write(reg::kIrqStatus, reg::kIrqDone | reg::kIrqError | reg::kIrqHalted);
  bus_.write(reg::kMode, (halt ? reg::kModeHalt : 0) | (options_.skip ? reg::kModeSkip : 0));
  bus_.write(reg::kImageCount, images);
  bus_.write(reg::kControl, reg::kControlStart);
  check_status();
}

ChipResult Driver::to_result(std::span<const uint32_t> packet, size_t index) const {
  const size_t expected = 1 + to_index(program_.num_logits);
  if (packet.size() != expected) {
    throw Error(fmt::format("result of image {}: found {} words, allowed: {} (class and logits)",
                            index, packet.size(), expected));
  }
  if (packet[0] >= static_cast<uint32_t>(program_.num_logits)) {
    throw Error(fmt::format("result of image {}: class: found {}, allowed: 0..{}", index, packet[0],
                            program_.num_logits - 1));
  }
  ChipResult result;
  result.digit = static_cast<int>(packet[0]);
  for (const uint32_t word : packet.subspan(1)) {
    result.logits.push_back(static_cast<int32_t>(word));
  }
  return result;
}

ChipResult Driver::receive(size_t index) {
  std::vector<uint32_t> packet;
  try {
    packet = bus_.receive();
  } catch (const Error& error) {
    check_status();  // a chip that stopped with an error explains why nothing came
    throw Error(fmt::format("result of image {} of the run: {}; {}", index, error.what(),
                            status_text(bus_.read(reg::kStatus))));
  }
  return to_result(packet, index);
}

void Driver::run(std::span<const std::span<const uint8_t>> images,
                 const std::function<void(size_t, const ChipResult&)>& done) {
  if (images.empty()) {
    return;
  }
  if (images.size() > UINT32_MAX) {
    throw Error(fmt::format("driver: found {} images, allowed: at most {} in a run", images.size(),
                            UINT32_MAX));
  }
  for (size_t i = 0; i < images.size(); ++i) {
    check_image(images[i], i);
  }
  start(static_cast<uint32_t>(images.size()), false);
  constexpr size_t kAhead = 2;  // one that is computed, one that loads
  size_t sent = 0;
  for (; sent < std::min(kAhead, images.size()); ++sent) {
    send(images[sent]);
  }
  for (size_t i = 0; i < images.size(); ++i) {
    const ChipResult result = receive(i);
    if (sent < images.size()) {
      send(images[sent++]);
    }
    done(i, result);
  }
  wait_status(reg::kStatusBusy, 0, "the end of the run");
  check_status();
}

std::vector<ChipResult> Driver::run(std::span<const std::span<const uint8_t>> images) {
  std::vector<ChipResult> results;
  results.reserve(images.size());
  run(images, [&results](size_t, const ChipResult& result) { results.push_back(result); });
  return results;
}

uint32_t Driver::wait_status(uint32_t mask, uint32_t value, const char* what) {
  for (int poll = 0; poll < options_.status_polls; ++poll) {
    const uint32_t status = bus_.read(reg::kStatus);
    if ((status & mask) == value) {
      return status;
    }
    if (reg::kStatusError.get(status) != 0) {
      check_status();
    }
  }
  throw Error(fmt::format("chip: waited for {}, {} reads of STATUS (status_polls); {}", what,
                          options_.status_polls, status_text(bus_.read(reg::kStatus))));
}

ChipTrace Driver::run_halted(std::span<const uint8_t> image) {
  check_image(image, 0);
  start(1, true);
  send(image);
  ChipTrace trace;
  for (const StoredMap& map : program_.maps) {
    wait_status(reg::kStatusHalted, reg::kStatusHalted, "a halt behind a layer");
    const int buffer = static_cast<int>(reg::kBuffersOutput.get(bus_.read(reg::kBuffers)));
    // Four rows come with one word: a word that was just read is not read again.
    std::vector<uint8_t>& pixels = trace.maps.emplace_back(to_index(map.shape.size()));
    std::vector<std::pair<uint32_t, uint32_t>> words;  // address, value; sorted
    const auto word_at = [&](uint32_t address) {
      const auto at = std::lower_bound(words.begin(), words.end(), std::pair(address, 0u));
      if (at != words.end() && at->first == address) {
        return at->second;
      }
      return words.insert(at, {address, bus_.read(address)})->second;
    };
    size_t next = 0;
    for (int c = 0; c < map.shape.channels; ++c) {
      for (int y = 0; y < map.shape.height; ++y) {
        for (int x = 0; x < map.shape.width; ++x) {
          const MapLocation place = locate(map, config_, c, y, x);
          const uint32_t word = word_at(feature_map_address(config_, buffer, place));
          pixels[next++] = static_cast<uint8_t>(word >> (place.bank % 4 * 8));
        }
      }
    }
    bus_.write(reg::kIrqStatus, reg::kIrqHalted);
    bus_.write(reg::kControl, reg::kControlResume);
  }
  // The last layer has no map, but the chip halts behind it as well.
  wait_status(reg::kStatusHalted, reg::kStatusHalted, "the halt behind the last layer");
  bus_.write(reg::kControl, reg::kControlResume);
  trace.result = receive(0);
  wait_status(reg::kStatusBusy, 0, "the end of the run");
  check_status();
  return trace;
}

PerfCounters Driver::read_counters() const {
  PerfCounters counters;
  counters.clocks = bus_.read(reg::kPerfClocks);
  counters.beats = bus_.read(reg::kPerfBeats);
  counters.reads = bus_.read(reg::kPerfReads);
  counters.skipped = bus_.read(reg::kPerfSkipped);
  counters.conversions = bus_.read(reg::kPerfConversions);
  counters.stall_image = bus_.read(reg::kPerfStallImage);
  counters.stall_result = bus_.read(reg::kPerfStallResult);
  counters.stall_beat = bus_.read(reg::kPerfStallBeat);
  for (size_t row = 0; row < program_.layers.size(); ++row) {
    counters.layer_clocks.push_back(
        bus_.read(reg::kPerfLayerClocks + 4 * static_cast<uint32_t>(row)));
  }
  return counters;
}

void Driver::abort(Source source) {
  bus_.write(reg::kControl, reg::kControlAbort);
  for (int poll = 0;; ++poll) {
    const uint32_t status = bus_.read(reg::kStatus);
    if ((status & reg::kStatusBusy) == 0) {
      break;
    }
    if (poll >= options_.status_polls) {
      throw Error(
          fmt::format("chip: waited for the end of ABORT, {} reads of STATUS "
                      "(status_polls); {}",
                      options_.status_polls, status_text(status)));
    }
  }
  if (source == Source::kStopped) {  // a beat that was still offered has been dropped by now
    bus_.write(reg::kControl, reg::kControlStreamReset);
  }
  bus_.write(reg::kIrqStatus, reg::kIrqDone | reg::kIrqError | reg::kIrqHalted);
}

void Driver::check_status() {
  const uint32_t status = bus_.read(reg::kStatus);
  const uint32_t code = reg::kStatusError.get(status);
  if (code == 0) {
    return;
  }
  bus_.write(reg::kIrqStatus, reg::kIrqError);
  throw Error(fmt::format("chip: error {} {} at layer row {}: {}", code, error_name(code),
                          reg::kStatusErrorRow.get(status), error_meaning(code)));
}

}  // namespace mcnn
