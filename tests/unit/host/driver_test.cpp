// SPDX-License-Identifier: Apache-2.0
#include "host/engine/driver.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <memory>

#include "host/engine/chip_model.h"
#include "host/mapping/mapper.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

// A chip behind a bus, as small as the driver can be tested with: registers and tables are words by
// address, and the chip model computes the results. Simulated time passes when STATUS is read or a
// result is asked for.
class FakeChip final : public ChipBus {
 public:
  FakeChip(const ChipConfig& config, const ChipProgram& program)
      : config_(config),
        program_(program),
        model_(config, program, DeviceCard{}, 1, {.skip = false, .maps = true}) {
    const auto u = [](int value) { return static_cast<uint32_t>(value); };
    words_[reg::kId] = reg::kIdValue;
    words_[reg::kVersion] = 0x00030304;
    words_[reg::kCapArray] = u(config.num_pe) | u(config.windows) << 8 | u(config.num_sl) << 16;
    words_[reg::kCapAdc] = u(config.num_adc) | u(config.adc_bits) << 8 |
                           u(config.read_latency) << 16 | u(config.read_clocks) << 24;
    words_[reg::kCapData] = 8u | u(config.psum_bits) << 8 | 4u << 16 | 8u << 24;
    words_[reg::kCapMemory] =
        u(config.bank_depth) | u(config.max_dim) << 16 | u(config.num_buffers) << 24;
    words_[reg::kCapTables] =
        u(config.num_layers) | u(config.num_records) << 8 | u(config.num_bias_rows) << 20;
    words_[reg::kCapResult] =
        u(config.num_logits) | u(config.lanes) << 8 | u(config.load_rows) << 16;
    words_[reg::kCapProgram] = u(config.num_entries) | 6u << 8;
  }

  uint32_t read(uint32_t address) override {
    log_.emplace_back('r', address);
    if (address == reg::kStatus) {
      step();
      return status();
    }
    if (address == reg::kBuffers) {
      return 3u | output_buffer_ << 2;
    }
    if (address >= reg::kFeatureMaps) {
      return halted_ ? feature_map(address) : 0xDEADBEEFu;
    }
    return words_[address];
  }

  void write(uint32_t address, uint32_t value) override {
    log_.emplace_back('w', address);
    if (address == reg::kControl) {
      control(value);
      return;
    }
    if (address == reg::kIrqStatus) {
      error_ = (value & reg::kIrqError) != 0 ? 0 : error_;
      return;
    }
    words_[address] = address == stuck_address ? value ^ 1u : value;
  }

  // Byte r of a beat is row r of its rows; what is beyond the image is not looked at.
  void send(std::span<const uint8_t> bytes) override {
    const MapShape& shape = program_.image;
    const auto rows = static_cast<size_t>(config_.load_rows);
    const size_t groups = (static_cast<size_t>(shape.height) + rows - 1) / rows;
    const auto width = static_cast<size_t>(shape.width);
    const auto height = static_cast<size_t>(shape.height);
    ASSERT_EQ(bytes.size(), static_cast<size_t>(shape.channels) * groups * width * rows);
    std::vector<uint8_t>& pixels = images_.emplace_back(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < bytes.size(); ++i) {
      const size_t beat = i / rows;
      const size_t y = beat / width % groups * rows + i % rows;
      if (y < height) {
        pixels[(beat / width / groups * height + y) * width + beat % width] = bytes[i];
      }
    }
    largest_queue = std::max(largest_queue, images_.size());
  }

  std::vector<uint32_t> receive() override {
    for (int i = 0; i < 100 && results_.empty(); ++i) {
      step();
    }
    if (results_.empty()) {
      throw Error("bus: no result in time");
    }
    std::vector<uint32_t> packet = results_.front();
    results_.pop_front();
    return packet;
  }

  uint32_t stuck_address = 0xFFFFFFFF;
  uint32_t error_at_image =
      0;  // IMAGE_SHORT or the like instead of the result of this image, counted from 1
  uint32_t error_code = 0;
  uint32_t program_error = 0;  // of every programming run
  bool hangs = false;          // a programming run never ends
  int program_runs = 0;
  int aborts = 0;
  bool dropping = false;    // the rest of an image is due
  bool stuck_busy = false;  // never comes back to idle
  size_t largest_queue = 0;

 private:
  uint32_t status() const {
    return (programming_ ? reg::kStatusProgramming | reg::kStatusBusy : 0) |
           (busy_ || stuck_busy ? reg::kStatusBusy : 0) | (dropping ? reg::kStatusDropping : 0) |
           (halted_ ? reg::kStatusHalted : 0) | reg::kStatusError.put(error_) |
           reg::kStatusErrorRow.put(error_ != 0 ? 2 : 0);
  }

  // A programming run of a chip whose cells all hold their target plus one, at once unless it
  // hangs.
  void run_programmer() {
    programming_ = hangs;
    for (int pe = 0; !hangs && pe < config_.num_pe; ++pe) {
      const uint32_t count = words_[reg::kProgramCount + 4 * static_cast<uint32_t>(pe)];
      for (uint32_t entry = 0; entry < count; ++entry) {
        const uint32_t row =
            reg::kProgramTable + 8 * (static_cast<uint32_t>(pe * config_.num_entries) + entry);
        const bool refused =
            reg::kEntryBitLine.get(words_[row]) >= static_cast<uint32_t>(config_.num_bl());
        words_[row] |= reg::kEntryStatus.put(refused ? 3 : 1);
        if (refused) {
          error_ = static_cast<uint32_t>(ChipError::kEntryInvalid);
          ++words_[reg::kProgramRefused];
        } else {
          const uint32_t target = reg::kEntryTarget.get(words_[row + 4]);
          words_[row + 4] = reg::kEntryCode.put(target + 1) | reg::kEntryPulses.put(entry);
          ++words_[reg::kProgramDone];
        }
      }
    }
    if (program_error != 0) {
      error_ = program_error;
    }
    ++program_runs;
  }

  void control(uint32_t value) {
    if ((value & reg::kControlProgram) != 0) {
      words_[reg::kProgramDone] = words_[reg::kProgramRefused] = 0;
      words_[reg::kProgramClocks] = 100;
      run_programmer();
    }
    if ((value & reg::kControlAbort) != 0) {
      programming_ = false;
      ++aborts;
    }
    if ((value & reg::kControlStreamReset) != 0) {
      dropping = false;
    }
    if ((value & reg::kControlStart) != 0) {
      busy_ = true;
      left_ = words_[reg::kImageCount];
      words_[reg::kImagesDone] = 0;
      layer_ = 0;
    }
    if ((value & reg::kControlResume) != 0) {
      halted_ = false;
    }
    if ((value & reg::kControlAbort) != 0) {
      busy_ = halted_ = false;
      images_.clear();
    }
  }

  // One network layer with HALT, one image without.
  void step() {
    if (!busy_ || halted_ || (layer_ == 0 && images_.empty())) {
      return;
    }
    if (layer_ == 0) {
      if (++started_ == error_at_image) {
        error_ = error_code;
        busy_ = false;
        return;
      }
      result_ = model_.run(0, images_.front());
      images_.pop_front();
    }
    const bool halting = (words_[reg::kMode] & reg::kModeHalt) != 0;
    if (halting && layer_ < program_.maps.size()) {
      output_buffer_ = static_cast<uint32_t>(++layer_ % 3);
      halted_ = true;
      return;
    }
    if (halting && layer_ == program_.maps.size()) {
      ++layer_;
      halted_ = true;
      return;
    }
    layer_ = 0;
    std::vector<uint32_t> packet = {static_cast<uint32_t>(result_.digit)};
    for (const int32_t logit : result_.logits) {
      packet.push_back(static_cast<uint32_t>(logit));
    }
    results_.push_back(packet);
    ++words_[reg::kImagesDone];
    busy_ = --left_ > 0;
  }

  // The word of the layer's map at an address: other bytes and other buffers hold a pattern.
  uint32_t feature_map(uint32_t address) const {
    const StoredMap& map = program_.maps[layer_ - 1];
    const std::vector<uint8_t>& pixels = result_.maps[layer_ - 1];
    uint32_t word = 0x5A5A5A5A;
    size_t next = 0;
    for (int c = 0; c < map.shape.channels; ++c) {
      for (int y = 0; y < map.shape.height; ++y) {
        for (int x = 0; x < map.shape.width; ++x) {
          const MapLocation place = locate(map, config_, c, y, x);
          if (feature_map_address(config_, static_cast<int>(output_buffer_), place) == address) {
            const BitField byte{place.bank % 4 * 8, 8};
            word = (word & ~byte.put(0xFF)) | byte.put(pixels[next]);
          }
          ++next;
        }
      }
    }
    return word;
  }

  const ChipConfig config_;
  const ChipProgram program_;
  ChipModel model_;
  std::map<uint32_t, uint32_t> words_;
  std::deque<std::vector<uint8_t>> images_;
  std::deque<std::vector<uint32_t>> results_;
  std::vector<std::pair<char, uint32_t>> log_;
  ImageResult result_;
  bool busy_ = false;
  bool halted_ = false;
  bool programming_ = false;
  uint32_t error_ = 0;
  uint32_t left_ = 0;
  uint32_t started_ = 0;
  uint32_t output_buffer_ = 0;
  size_t layer_ = 0;

 public:
  const std::vector<std::pair<char, uint32_t>>& log() const { return log_; }
  void set_word(uint32_t address, uint32_t value) { words_[address] = value; }
  uint32_t word(uint32_t address) { return words_[address]; }
};

class DriverTest : public ::testing::Test {
 protected:
  DriverTest()
      : config_(named_config("tiny")),
        network_(find("convolution_and_vector")),
        program_(map_network(network_, config_).program),
        chip_(config_, program_) {
    for (int i = 0; i < 5; ++i) {
      images_.push_back(suite_image(network_, 9, i));
    }
  }

  // A convolution and a hidden fully connected layer: both layouts of a feature map.
  static Network find(const std::string& name) {
    Network network;
    network.name = name;
    network.input = {1, 6, 5};  // maps of four rows: every byte of a word
    Layer convolution;
    convolution.type = LayerType::kConvolution;
    convolution.kernels = 2;
    convolution.kernel_rows = 3;
    convolution.kernel_columns = 3;
    convolution.weights.assign(18, 1);
    convolution.weights[4] = -3;
    convolution.weights[12] = 5;
    convolution.biases = {1, 2};
    convolution.shift = 3;
    Layer hidden;
    hidden.type = LayerType::kFullyConnected;
    hidden.kernels = 3;
    hidden.weights.assign(72, 1);
    hidden.weights[1] = -5;
    hidden.weights[20] = 7;
    hidden.biases = {10, 20, -30};
    hidden.shift = 4;
    Layer last;
    last.type = LayerType::kFullyConnected;
    last.kernels = 2;
    last.weights = {1, -2, 3, -4, 5, -6};
    last.biases = {0, 50};
    network.layers = {convolution, hidden, last};
    finish_network(network, name);
    return network;
  }

  std::vector<std::span<const uint8_t>> spans() const { return {images_.begin(), images_.end()}; }

  ChipConfig config_;
  Network network_;
  ChipProgram program_;
  FakeChip chip_;
  std::vector<std::vector<uint8_t>> images_;
};

TEST_F(DriverTest, ReadsTheCapabilities) {
  const Driver driver(chip_);
  EXPECT_EQ(differences(driver.read_config(), config_), "");
}

// Six rows in beats of four: the last ones are not full.
TEST_F(DriverTest, SendsBeatsOfAsManyRowsAsTheChipTakes) {
  const auto logits = [&](FakeChip& chip, const ChipConfig& config) {
    Driver driver(chip);
    driver.load(program_, config);
    std::vector<std::vector<int32_t>> all;
    for (const ChipResult& result : driver.run(spans())) {
      all.push_back(result.logits);
    }
    all.push_back(driver.run_halted(images_[0]).result.logits);
    return all;
  };
  const auto expected = logits(chip_, config_);
  for (const int load_rows : {2, 4, 8}) {
    ChipConfig config = config_;
    config.load_rows = load_rows;
    FakeChip chip(config, program_);
    EXPECT_EQ(logits(chip, config), expected) << load_rows;
  }
}

TEST_F(DriverTest, RefusesAnotherChip) {
  chip_.set_word(reg::kId, 0x12345678);
  expect_parts(error_of([&] { Driver driver(chip_); }), "ID", "0x12345678", "0x4d434e4e");
  chip_.set_word(reg::kId, reg::kIdValue);
  chip_.set_word(reg::kVersion, 0x00020100);
  expect_parts(error_of([&] { Driver driver(chip_); }), "VERSION", "2.1.0", "3.x.x");
}

TEST_F(DriverTest, RefusesAProgramForAnotherConfiguration) {
  Driver driver(chip_);
  ChipConfig other = config_;
  other.num_sl = 64;
  expect_parts(error_of([&] { driver.load(program_, other); }), "NumSl: 32 and 64");
}

TEST_F(DriverTest, WritesTablesAndReadsThemBack) {
  Driver driver(chip_);
  driver.load(program_, config_);
  for (const RegisterWrite& write : register_writes(program_, config_)) {
    EXPECT_EQ(chip_.word(write.address), write.value);
    EXPECT_NE(std::find(chip_.log().begin(), chip_.log().end(), std::pair('r', write.address)),
              chip_.log().end());
  }
  EXPECT_EQ(chip_.word(reg::kLayerTable), encode(program_.layers[0], config_)[0]);
  EXPECT_EQ(chip_.word(reg::kLogitCount), 2u);
  EXPECT_EQ(chip_.word(reg::kImageShape), 6u | 5u << 8 | 1u << 16);
}

TEST_F(DriverTest, NoticesAWordThatDoesNotStick) {
  chip_.stuck_address = reg::kRecordTable + 4;
  Driver driver(chip_);
  expect_parts(error_of([&] { driver.load(program_, config_); }), "0x40004", "read back");
}

TEST_F(DriverTest, RunsImagesInOrderWithOneQueued) {
  Driver driver(chip_);
  driver.load(program_, config_);
  const std::vector<ChipResult> results = driver.run(spans());
  ASSERT_EQ(results.size(), images_.size());
  ChipModel model(config_, program_, DeviceCard{}, 1);
  for (size_t i = 0; i < images_.size(); ++i) {
    const ImageResult& expected = model.run(0, images_[i]);
    EXPECT_EQ(results[i].digit, expected.digit);
    EXPECT_EQ(results[i].logits, expected.logits);
  }
  EXPECT_EQ(chip_.word(reg::kImageCount), 5u);
  EXPECT_EQ(chip_.largest_queue, 2u);
  EXPECT_EQ(chip_.word(reg::kMode), 0u);
  driver.set_skip(true);
  driver.run(spans());
  EXPECT_EQ(chip_.word(reg::kMode), reg::kModeSkip);
}

TEST_F(DriverTest, HaltedRunReadsEveryFeatureMap) {
  Driver driver(chip_);
  driver.load(program_, config_);
  for (const std::vector<uint8_t>& image : images_) {
    const ChipTrace trace = driver.run_halted(image);
    ChipModel model(config_, program_, DeviceCard{}, 1, {.skip = false, .maps = true});
    const ImageResult& expected = model.run(0, image);
    EXPECT_EQ(trace.maps, expected.maps);
    EXPECT_EQ(trace.result.logits, expected.logits);
  }
}

TEST_F(DriverTest, NamesTheErrorOfTheChip) {
  Driver driver(chip_);
  driver.load(program_, config_);
  chip_.error_at_image = 3;
  chip_.error_code = static_cast<uint32_t>(ChipError::kRecordInvalid);
  expect_parts(error_of([&] { driver.run(spans()); }), "error 9", "RECORD_INVALID", "layer row 2",
               "LAST_PASS");
  EXPECT_NO_THROW(driver.check_status());  // cleared
  driver.abort();
  EXPECT_EQ(driver.run(spans()).size(), images_.size());
}

TEST_F(DriverTest, ChecksBeforeItStarts) {
  Driver driver(chip_);
  expect_parts(error_of([&] { driver.run_halted(images_[0]); }), "found 30 pixels");
  driver.load(program_, config_);
  images_[3].pop_back();
  expect_parts(error_of([&] { driver.run(spans()); }), "image 3", "found 29 pixels", "allowed: 30");
  EXPECT_EQ(chip_.largest_queue, 0u);
}

TEST_F(DriverTest, GivesUpOnAChipThatDoesNothing) {
  Driver driver(chip_, {.skip = false, .status_polls = 10});
  driver.load(program_, config_);
  chip_.error_at_image = 1;  // stops without an error code
  expect_parts(error_of([&] { driver.run(spans()); }), "result of image 0", "no result in time",
               "STATUS 0x00000000: idle; layer row 0");
  expect_parts(error_of([&] {
                 chip_.stuck_busy = true;
                 driver.abort();
               }),
               "the end of ABORT", "10 reads", "STATUS 0x00000001: busy; layer row 0");
}

TEST_F(DriverTest, GivesUpOnARunThatDoesNotEnd) {
  Driver driver(chip_, {.skip = false, .status_polls = 10});
  driver.load(program_, config_);
  chip_.stuck_busy = true;
  expect_parts(error_of([&] { driver.run(spans()); }), "the end of the run", "10 reads",
               "STATUS 0x00000001: busy; layer row 0");
  expect_parts(error_of([&] { driver.run_halted(images_[0]); }), "the end of the run", "busy");
}

TEST_F(DriverTest, TellsTheChipThatTheSourceOfImagesWasStopped) {
  Driver driver(chip_, {.skip = false, .status_polls = 10});
  driver.load(program_, config_);
  chip_.dropping = true;
  chip_.error_at_image = 1;  // stops without an error code
  expect_parts(error_of([&] { driver.run(spans()); }), "no result in time",
               "STATUS 0x00000010: the rest of an image is dropped up to its TLAST; layer row 0");
  driver.abort();
  EXPECT_TRUE(chip_.dropping);  // the source goes on
  driver.abort(Driver::Source::kStopped);
  EXPECT_FALSE(chip_.dropping);
  EXPECT_EQ(driver.run(spans()).size(), images_.size());
}

TEST_F(DriverTest, ReadsTheCounters) {
  Driver driver(chip_);
  driver.load(program_, config_);
  for (uint32_t i = 0; i < 8; ++i) {
    chip_.set_word(reg::kPerfClocks + 4 * i, 100 + i);
  }
  chip_.set_word(reg::kPerfLayerClocks + 4, 77);
  const PerfCounters counters = driver.read_counters();
  EXPECT_EQ(counters.clocks, 100u);
  EXPECT_EQ(counters.conversions, 104u);
  EXPECT_EQ(counters.stall_beat, 107u);
  ASSERT_EQ(counters.layer_clocks.size(), program_.layers.size());
  EXPECT_EQ(counters.layer_clocks[1], 77u);
}

// As many entries for PE 1 as fit into two lists and one more: three runs of the programmer.
std::vector<ProgramEntry> many_entries(const ChipConfig& config) {
  std::vector<ProgramEntry> entries;
  for (int i = 0; i < 2 * config.num_entries + 1; ++i) {
    entries.push_back({.pe = 1, .source_line = i % config.num_sl, .bit_line = 3, .target = i});
    if (i < 3) {
      entries.push_back({.pe = 0, .source_line = i, .bit_line = 15, .target = 200, .tolerance = 9});
    }
  }
  return entries;
}

TEST_F(DriverTest, ProgramsListAfterListAndPutsResultsInOrder) {
  Driver driver(chip_);
  const std::vector<ProgramEntry> entries = many_entries(config_);
  const ProgramSettings settings = {
      .set = {1, 2, 3}, .reset = {4, 5, 63}, .max_pulses = 200, .pulse_clocks = 7, .range = 6};
  const ProgramRun run = driver.program(entries, settings);
  EXPECT_EQ(chip_.program_runs, 3);
  EXPECT_EQ(chip_.word(reg::kProgramSet), 0x00030201u);
  EXPECT_EQ(chip_.word(reg::kProgramReset), 0x003F0504u);
  EXPECT_EQ(chip_.word(reg::kProgramPulse), 0x000607C8u);
  EXPECT_EQ(run.counters.clocks, 300);
  EXPECT_EQ(run.counters.done, static_cast<int64_t>(entries.size()));
  ASSERT_EQ(run.results.size(), entries.size());
  int place = 0;  // in the list of PE 1
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(run.results[i].status, EntryStatus::kDone);
    EXPECT_EQ(run.results[i].code, entries[i].target + 1) << i;
    if (entries[i].pe == 1) {
      EXPECT_EQ(run.results[i].pulses, place++ % config_.num_entries) << i;
    }
  }
}

TEST_F(DriverTest, RefusedEntriesComeBackAsSuch) {
  Driver driver(chip_);
  std::vector<ProgramEntry> entries = many_entries(config_);
  entries[1].bit_line = 16;
  const ProgramRun run = driver.program(entries, {});
  EXPECT_EQ(run.results[1], (EntryResult{.status = EntryStatus::kRefused}));
  EXPECT_EQ(run.results[0].status, EntryStatus::kDone);
  EXPECT_EQ(run.counters.refused, 1);
  EXPECT_NO_THROW(driver.check_status()) << "the error is cleared";
}

TEST_F(DriverTest, AbortsProgrammingThatFails) {
  Driver driver(chip_);
  const std::vector<ProgramEntry> entries = many_entries(config_);
  chip_.program_error = static_cast<uint32_t>(ChipError::kSetupInvalid);
  expect_parts(error_of([&] { driver.program(entries, {}); }), "SETUP_INVALID", "programming");
  EXPECT_EQ(chip_.aborts, 1);
}

TEST_F(DriverTest, GivesUpOnAProgrammerThatDoesNotEnd) {
  Driver driver(chip_, {.skip = false, .status_polls = 20});
  chip_.hangs = true;
  const std::string error = error_of([&] { driver.program(many_entries(config_), {}); });
  expect_parts(error, "STATUS", "20 reads", "aborted");
  EXPECT_EQ(chip_.aborts, 1);
  EXPECT_EQ(chip_.read(reg::kStatus) & reg::kStatusBusy, 0u);
}

TEST_F(DriverTest, NoticesAProgrammingRegisterThatDoesNotStick) {
  Driver driver(chip_);
  for (const uint32_t address : {reg::kProgramSet, reg::kProgramPulse, reg::kProgramCount + 4}) {
    chip_.stuck_address = address;
    expect_parts(error_of([&] { driver.program(many_entries(config_), {}); }),
                 fmt::format("0x{:05x}", address), "read back");
  }
}

TEST(ErrorCodes, HaveNames) {
  EXPECT_EQ(error_name(0), "NONE");
  EXPECT_EQ(error_name(static_cast<uint32_t>(ChipError::kImageShort)), "IMAGE_SHORT");
  EXPECT_EQ(error_name(9), "RECORD_INVALID");
  EXPECT_EQ(error_name(10), "ENTRY_INVALID");
  EXPECT_EQ(error_name(11), "UNKNOWN");
}

}  // namespace
}  // namespace mcnn::testing
