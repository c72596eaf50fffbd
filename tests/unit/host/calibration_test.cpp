// SPDX-License-Identifier: Apache-2.0
// Calibration of the converters against what the card's errors really are.
#include "host/programming/calibration.h"

#include <cmath>

#include "behavioral_models/gaussian_stream.h"
#include "host/engine/chip_model.h"
#include "host/mapping/mapper.h"
#include "host/programming/program_model.h"
#include "host_test_util.h"
#include "suite_configs.h"
#include "tests/support/device_cards.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

constexpr uint64_t kSeed = 21;

DeviceCard converter_card() {
  DeviceCard card = noisy_card({.read_noise = 0.005, .adc_sigma_codes = 0.4}, "converter");
  card.adc_offset_sigma_codes = 2.0;
  card.adc_gain_sigma = 0.04;
  card.programming_range = 4;
  return card;
}

class CalibrationTest : public ::testing::Test {
 protected:
  CalibrationReport measure(const DeviceCard& card) {
    macros_ = make_macros(config_, card, kSeed);
    ProgramModel port(config_, macros_);
    return measure_lanes(port, config_, card, program_settings(card, config_));
  }
  static double offset(const DeviceCard& card, int pe, int lane) {
    return card.adc_offset_sigma_codes *
           static_cast<double>(gaussian_number(kSeed, static_cast<uint32_t>(pe),
                                               Purpose::kConverterOffset, 0,
                                               static_cast<uint32_t>(lane)));
  }
  static double gain(const DeviceCard& card, int pe, int lane) {
    return 1.0 + card.adc_gain_sigma *
                     static_cast<double>(gaussian_number(kSeed, static_cast<uint32_t>(pe),
                                                         Purpose::kConverterGain, 0,
                                                         static_cast<uint32_t>(lane)));
  }

  const ChipConfig config_ = named_config("yao2020");
  std::vector<Macro> macros_;
};

// 128 cells a lane with a deviation of about 1.2 codes each: 0.11 codes, five of them allowed for
// 256 lanes (false alarm below 2e-4).
TEST_F(CalibrationTest, FindsTheOffsetOfEveryLane) {
  const DeviceCard card = converter_card();
  const CalibrationReport report = measure(card);
  for (int pe = 0; pe < config_.num_pe; ++pe) {
    for (int lane = 0; lane < config_.num_adc; ++lane) {
      const double truth = offset(card, pe, lane);
      const double found = report.offset[static_cast<size_t>(pe)][static_cast<size_t>(lane)];
      EXPECT_NEAR(found, truth, 0.6) << "PE " << pe << " lane " << lane;
      const double zero = report.zero_input[static_cast<size_t>(pe)][static_cast<size_t>(lane)];
      EXPECT_NEAR(zero, std::max(0.0, truth), 1.0) << "PE " << pe << " lane " << lane;
    }
  }
  EXPECT_EQ(report.counters.refused, 0);
}

TEST_F(CalibrationTest, FindsTheGainOfEveryLaneRelativeToTheMean) {
  const DeviceCard card = converter_card();
  const CalibrationReport report = measure(card);
  double mean = 0.0;
  for (int pe = 0; pe < config_.num_pe; ++pe) {
    for (int lane = 0; lane < config_.num_adc; ++lane) {
      mean += gain(card, pe, lane) / (config_.num_pe * config_.num_adc);
    }
  }
  for (int pe = 0; pe < config_.num_pe; ++pe) {
    for (int lane = 0; lane < config_.num_adc; ++lane) {
      EXPECT_NEAR(report.gain[static_cast<size_t>(pe)][static_cast<size_t>(lane)],
                  gain(card, pe, lane) / mean, 0.025);
    }
  }
}

TEST_F(CalibrationTest, FindsNothingWhereThereIsNothing) {
  DeviceCard card = converter_card();
  card.adc_offset_sigma_codes = card.adc_gain_sigma = card.adc_sigma_codes = card.read_noise = 0.0;
  card.g_min_uS = 0.0;  // fresh cells do not conduct: no gain can be found
  const CalibrationReport report = measure(card);
  for (size_t pe = 0; pe < report.offset.size(); ++pe) {
    for (size_t lane = 0; lane < report.offset[pe].size(); ++lane) {
      EXPECT_EQ(report.offset[pe][lane], 0.0);
      EXPECT_EQ(report.gain[pe][lane], 1.0);
    }
  }
}

// Logits of chips with exact cells: what offsets do to them, and what is left of it.
TEST_F(CalibrationTest, CompensationTakesMostOfTheOffsetsOutOfTheLogits) {
  const Network network = random_yao2020(3);
  DeviceCard card = converter_card();
  card.adc_sigma_codes = card.read_noise = card.adc_gain_sigma = 0.0;
  MappingOptions mapping;
  mapping.limits = device_limits(card);
  const MappedNetwork mapped = map_network(network, config_, mapping);
  std::vector<std::vector<uint8_t>> images;
  for (int i = 0; i < 60; ++i) {
    images.push_back(suite_image(network, 8, i));
  }
  const std::vector<std::span<const uint8_t>> half(images.begin(), images.begin() + 30);

  // Cells exactly where they belong, so that only the converters are seen.
  const auto logits = [&](const DeviceCard& device, const ChipProgram& program,
                          const std::vector<std::vector<double>>& shift) {
    std::vector<Macro> macros = make_macros(config_, device, kSeed);
    for (size_t pe = 0; pe < macros.size(); ++pe) {
      MacroState state = macros[pe].save_state();
      for (size_t cell = 0; cell < state.cells.size(); ++cell) {
        state.cells[cell].base = program.cells[pe][cell] +
                                 device.g_min_uS / device.level_step_uS() +
                                 (shift.empty() ? 0.0 : shift[pe][cell / 16]);
      }
      macros[pe].restore(state);
    }
    ChipModel chip(config_, program, macros, {});
    std::vector<int32_t> all;
    for (size_t i = 30; i < 60; ++i) {  // images that the compensation has not seen
      const std::vector<int32_t>& some = chip.run(0, images[i]).logits;
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  };
  const auto distance = [](const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
    double sum = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
      sum += std::pow(static_cast<double>(a[i] - b[i]), 2.0);
    }
    return std::sqrt(sum / static_cast<double>(a.size()));
  };

  DeviceCard good = card;
  good.adc_offset_sigma_codes = 0.0;
  const std::vector<int32_t> expected = logits(good, mapped.program, {});
  const CalibrationReport report = measure(card);
  const Compensation compensation =
      compensate_offsets(mapped.program, config_, card, report.offset, half);
  ChipProgram folded = mapped.program;
  folded.biases = compensation.biases;
  const double before = distance(logits(card, mapped.program, {}), expected);
  const double after = distance(logits(card, folded, compensation.shift), expected);
  EXPECT_LT(after, before / 2.0) << before << " to " << after;
}

TEST_F(CalibrationTest, NeedsImages) {
  const MappedNetwork mapped = map_network(random_yao2020(3), config_);
  const LaneOffsets offsets(8, std::vector<double>(32, 0.0));
  expect_parts(
      error_of([&] { compensate_offsets(mapped.program, config_, DeviceCard{}, offsets, {}); }),
      "images");
}

TEST_F(CalibrationTest, NoOffsetsChangeNothing) {
  const Network network = random_yao2020(3);
  const MappedNetwork mapped = map_network(network, config_);
  const std::vector<uint8_t> image = suite_image(network, 8, 0);
  const std::vector<std::span<const uint8_t>> images = {image};
  const LaneOffsets offsets(8, std::vector<double>(32, 0.0));
  const Compensation none =
      compensate_offsets(mapped.program, config_, DeviceCard{}, offsets, images);
  EXPECT_EQ(none.biases, mapped.program.biases);
  for (const std::vector<double>& lines : none.shift) {
    for (const double shift : lines) {
      EXPECT_EQ(shift, 0.0);
    }
  }
}

// The sums against the pixels themselves, for the first layer, whose input is the image: of one
// output row in each array, and of two.
TEST(WindowUse, CountsPlanesAndPixelsOfEveryWindow) {
  for (const char* name : {"yao2020", "windows8"}) {
    SCOPED_TRACE(name);
    const ChipConfig config = suite_config(name);
    const Network network = random_yao2020(5);
    const MappedNetwork mapped = map_network(network, config);
    const ChipProgram& program = mapped.program;
    ChipModel chip(config, program, DeviceCard{}, 1, {.uses = true});
    const LayerRow& row = program.layers[0];
    std::vector<std::vector<uint8_t>> images;
    for (int i = 0; i < 2; ++i) {
      images.push_back(suite_image(network, 2, i));
      chip.run(0, images.back());
    }
    const std::span<const WindowUse> uses = chip.window_uses(0);
    ASSERT_EQ(uses.size(), static_cast<size_t>(mapped.layers[0].replicas / row.array_rows));
    const StepRecord& record = program.records[static_cast<size_t>(row.first_record)];
    int64_t positions = 0;
    for (const WindowUse& use : uses) {
      const int replica = row.replica[static_cast<size_t>(use.pe)];
      WindowUse expected = {.pe = use.pe, .first_line = use.first_line, .segment = use.segment};
      for (const std::vector<uint8_t>& image : images) {
        const auto pixel_at = [&](int y, int x) {
          return y < row.in_height ? image[static_cast<size_t>(y * row.in_width + x)] : 0;
        };
        for (int y = replica; y < row.out_height; y += row.group_rows) {
          for (int x = 0; x < row.out_width; ++x) {
            int planes = 0;
            int pixels = 0;
            for (int w = 0; w < row.array_rows; ++w) {
              for (int r = 0; r < record.window_rows; ++r) {
                for (int c = 0; c < record.window_columns; ++c) {
                  planes |= pixel_at(y + w + r, x + c);
                  pixels += pixel_at(y + w + r, x + c);
                }
              }
            }
            ++expected.positions;
            expected.planes += planes;
            expected.pixels += pixels;
            expected.planes_pixels += static_cast<double>(planes) * pixels;
            expected.pixels_pixels += static_cast<double>(pixels) * pixels;
          }
        }
      }
      EXPECT_EQ(use, expected) << "PE " << use.pe;
      positions += use.positions * row.array_rows;
    }
    EXPECT_EQ(positions, 2 * row.out_height * row.out_width) << "each output once an image";
  }
}

}  // namespace
}  // namespace mcnn::testing
