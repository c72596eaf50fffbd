// SPDX-License-Identifier: Apache-2.0
// The bits of a dozen runs: logits, cells and learning curves as files, clocks and counters as
// numbers, are what they have always been. A change that is meant to alter them says so by altering
// a row of the table; the failed test prints the hash that it found.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/system/command.h"

namespace mcnn::testing {
namespace {

using nlohmann::json;

struct DefaultRun {
  const char* name;
  const char* arguments;  // @data is the data folder
  const char* files;      // options that write a file to hash; "counts": counters of --result
  std::uint64_t hash;
};
void PrintTo(const DefaultRun& run, std::ostream* out) { *out << run.name; }

const std::array<DefaultRun, 15> kRuns{{
    {"RtlTypical", "sim --no-skip --count 40 --check 10", "--logits --save-cells counts",
     0x5B10'7106'DE68'B2D6U},
    {"RtlIdeal", "sim --no-skip --device ideal --count 40 --check 10",
     "--logits --save-cells counts", 0xF1FA'00D3'A76F'2CA0U},
    {"RtlDefault", "sim --count 40 --check 10 --seed 7", "--logits counts", 0x0A8C'D841'C3C7'4BBFU},
    {"RtlPaperMapping", "sim --no-skip --count 20 --check 5 --mapping paper", "--logits counts",
     0xED87'D7EF'5AB0'D510U},
    {"ModelTypical", "model --no-skip --count 400", "--logits --save-cells counts",
     0x370F'1260'9E04'CCD7U},
    {"ModelTypicalDirect", "model --count 400 --program direct", "--logits --save-cells counts",
     0x2DE0'6821'59EE'3AF5U},
    {"ModelYao2020", "model --device yao2020 --age 7200 --count 400", "--logits --save-cells",
     0xE29D'6253'6918'B3D7U},
    {"ModelNeurram", "model --device neurram-1day --count 400 --seed 3", "--logits counts",
     0x6DAE'030E'3E4E'600BU},
    {"ModelWritten",
     "model --device yao2020 --second-pass 60 --refresh-every 600 --age 3600 --count 100",
     "--logits --save-cells", 0x4A47'DE73'343C'5BFCU},
    {"ModelCalibrated",
     "model --set adc_offset_sigma_codes=4 --set adc_gain_sigma=0.05 --calibrate --count 200",
     "--logits --save-cells", 0xE2F5'D83F'8E14'1744U},
    {"ModelAroundFaults",
     "model --device yao2020 --set stuck_low_rate=0.01 --around-faults --count 200",
     "--logits --save-cells", 0x234B'D82C'478A'0238U},
    {"RtlEverything",
     "sim --no-skip --device yao2020 --count 10 --check 10 --set programming_sigma_uS=0.3 "
     "--set read_noise=0.02 --set read_noise_uS=0.02 --set wire_resistance_ohm=1 "
     "--set adc_sigma_codes=0.5 --set adc_gain_sigma=0.01 --set adc_offset_sigma_codes=0.5 "
     "--set adc_inl_codes=0.3 --set stuck_low_rate=0.002 --set stuck_high_rate=0.002 "
     "--set drift_exponent=0.01 --set drift_exponent_sigma=0.005 --set read_disturb_per_pulse=1e-9 "
     "--set read_disturb_pulses=1000 --age 60",
     "--logits --save-cells counts", 0x41D2'4DB6'F263'16B2U},
    {"Integer", "integer --count 2000", "--logits", 0xB16D'FA64'155C'A537U},
    {"TunedAsPublished",
     "tune --network @data/networks/yao2020-plain.json --device yao2020 --count 200 "
     "--training-count 1500 --validation 300 --epochs 2",
     "--csv --save-cells", 0x80BF'67E4'FBC3'F87DU},
    {"TunedBest",
     "tune --device yao2020 --flow best --count 200 --training-count 1000 --validation 200 "
     "--passes 1 --refit-epochs 4 --seed 3",
     "--csv --save-cells", 0xA288'A440'12F2'CE2DU},
}};

// A file without the lines that say what made it.
std::string without_comments(const std::string& text) {
  std::string kept;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind('#', 0) != 0) kept += line + '\n';
  }
  return kept;
}

// FNV-1a, 64 bits.
void add(std::uint64_t& hash, const std::string& bytes) {
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x0000'0100'0000'01B3U;
  }
}

// What the chip did and how long it took, without what depends on the machine.
std::string counts(const json& result) {
  std::string text;
  for (const char* name : {"clocks", "beats", "reads", "skipped", "conversions"}) {
    text += fmt::format("{} {}\n", name, result.at("counters").at(name).get<std::int64_t>());
  }
  for (const json& layer : result.at("layers")) {
    text += fmt::format("{} range {} clocks {:.3f} reads {} conversions {} clipped {} {}\n",
                        layer.at("name").get<std::string>(), layer.at("range").get<int>(),
                        layer.at("clocks").get<double>(), layer.at("reads").get<std::int64_t>(),
                        layer.at("conversions").get<std::int64_t>(),
                        layer.at("clipped_low").get<std::int64_t>(),
                        layer.at("clipped_high").get<std::int64_t>());
  }
  const json& programming = result.at("programming");
  for (const char* name : {"clocks", "reads", "sets", "resets"}) {
    if (programming.contains(name)) {
      text += fmt::format("programming {} {}\n", name, programming.at(name).get<std::int64_t>());
    }
  }
  return text;
}

class Bits : public ::testing::TestWithParam<DefaultRun> {
 protected:
  const TemporaryFolder folder_{"mcnn_bits"};
};

TEST_P(Bits, AreWhatTheyWere) {
  const DefaultRun& run = GetParam();
  std::vector<std::string> arguments;
  std::istringstream words(run.arguments);
  for (std::string word; words >> word;) {
    if (word.rfind("@data", 0) == 0) word = std::string(MCNN_DATA_DIR) + word.substr(5);
    arguments.push_back(word);
  }
  std::vector<std::string> outputs;
  std::istringstream options(run.files);
  for (std::string option; options >> option;) {
    outputs.push_back(option);
    arguments.push_back(option == "counts" ? "--result" : option);
    arguments.push_back((folder_ / option).string());
  }

  const CommandResult result = run_mcnn(arguments);
  ASSERT_EQ(result.status, 0) << result.err << result.out;
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
  for (const std::string& output : outputs) {
    const std::string bytes = read_file(folder_ / output);
    ASSERT_FALSE(bytes.empty()) << output;
    add(hash, output == "counts" ? counts(json::parse(bytes)) : without_comments(bytes));
  }
  EXPECT_EQ(hash, run.hash) << fmt::format("mcnn {}: found 0x{:016X}, expected 0x{:016X}",
                                           run.arguments, hash, run.hash);
}

INSTANTIATE_TEST_SUITE_P(Runs, Bits, ::testing::ValuesIn(kRuns),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace mcnn::testing
