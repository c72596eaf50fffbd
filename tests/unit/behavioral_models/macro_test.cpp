// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/macro.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/device_cards.h"
#include "tests/support/errors.h"

namespace mcnn {
namespace {

// mt19937's output is fixed by the standard, its distributions are not: only the raw words are
// used.
class Words {
 public:
  explicit Words(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t n) { return engine_() % n; }
  std::uint32_t word() { return engine_(); }

 private:
  std::mt19937 engine_;
};

DeviceCard ideal() {
  DeviceCard card;
  card.name = "ideal";
  return card;
}

DeviceCard noisy() {
  DeviceCard card =
      noisy_card({.programming_sigma_uS = 0.4, .read_noise = 0.02, .adc_sigma_codes = 0.4});
  card.read_noise_uS = 0.05;
  return card;
}

std::vector<std::uint8_t> random_levels(const MacroShape& shape, std::uint32_t seed) {
  Words words(seed);
  std::vector<std::uint8_t> levels(static_cast<std::size_t>(shape.bit_lines * shape.source_lines));
  for (auto& level : levels) level = static_cast<std::uint8_t>(words.below(8));
  return levels;
}

std::vector<std::uint16_t> read(Macro& macro, std::uint32_t pulses, int first, int count,
                                int range) {
  std::vector<std::uint16_t> codes(static_cast<std::size_t>(count));
  macro.read(pulses, first, count, range, codes);
  return codes;
}

int level_sum(const std::vector<std::uint8_t>& levels, const MacroShape& shape,
              std::uint32_t pulses, int line) {
  int sum = 0;
  for (int b = 0; b < shape.bit_lines; ++b) {
    if ((pulses >> b & 1U) != 0) {
      sum += levels[static_cast<std::size_t>(line * shape.bit_lines + b)];
    }
  }
  return sum;
}

// A mean and a standard deviation with the limits that independent Gaussian samples pass but for 1
// seed in 10^6.
struct Statistics {
  double n = 0;
  double sum = 0;
  double squares = 0;

  void add(double x) {
    n += 1;
    sum += x;
    squares += x * x;
  }
  double mean() const { return sum / n; }
  double sigma() const { return std::sqrt((squares / n) - (mean() * mean())); }
  void expect(double mean_value, double sigma_value) const {
    EXPECT_NEAR(mean(), mean_value, 4.9 * sigma_value / std::sqrt(n));
    EXPECT_NEAR(sigma(), sigma_value, 4.9 * sigma_value / std::sqrt(2 * n));
  }
};

// ---- ideal card

TEST(MacroIdeal, CodesAreExactlyTheClippedSumsOfLevels) {
  const std::uint32_t seed = 101;
  for (const MacroShape shape : {MacroShape{}, MacroShape{4, 8, 8, 4}, MacroShape{32, 77, 77, 12},
                                 MacroShape{1, 1, 1, 1}, MacroShape{9, 40, 33, 16}}) {
    Words words(seed);
    Macro macro(shape, ideal(), 1, 0);
    const auto levels = random_levels(shape, seed);
    macro.program(levels);
    ReadCounts expected;
    for (int range = 0; range <= Macro::kMaxRange; ++range) {
      for (int repetition = 0; repetition < 300; ++repetition) {
        const int count = 1 + static_cast<int>(words.below(static_cast<unsigned>(shape.adc_lanes)));
        const int first =
            static_cast<int>(words.below(static_cast<unsigned>(shape.source_lines - count + 1)));
        const std::uint32_t pulses = words.word() >> (32 - shape.bit_lines);
        const auto codes = read(macro, pulses, first, count, range);
        ++expected.reads;
        for (int k = 0; k < count; ++k) {
          const int sum = level_sum(levels, shape, pulses, first + k) << range;
          const int highest = (1 << shape.adc_bits) - 1;
          ASSERT_EQ(codes[static_cast<std::size_t>(k)], std::min(sum, highest))
              << "seed " << seed << ", range " << range << ", line " << first + k;
          ++expected.conversions;
          expected.clipped_high += sum > highest ? 1 : 0;
          expected.peak = std::max(expected.peak, static_cast<double>(sum));
        }
      }
    }
    EXPECT_EQ(macro.total(), expected);
    if (shape.bit_lines == 16) {
      EXPECT_GT(expected.clipped_high, 1000U) << "the test must reach the clip";
    }
  }
}

TEST(MacroIdeal, ANewArrayHoldsLevelZero) {
  Macro macro({}, noisy(), 1, 0);
  for (const float g : macro.conductances()) ASSERT_EQ(g, 2.0F);
}

// The offset of a window that does not begin at 0 adds g_min/Gs = 7/9 of a level for every driven
// cell.
TEST(Macro, ConductanceWindowAddsItsOffset) {
  const MacroShape shape;
  Macro macro(shape, window_card(), 1, 0);
  const auto levels = random_levels(shape, 5);
  macro.program(levels);
  for (int driven = 0; driven <= 16; ++driven) {
    const auto pulses = static_cast<std::uint32_t>((1ULL << driven) - 1);
    for (int range = 0; range < 2; ++range) {
      const auto codes = read(macro, pulses, 32, 32, range);
      for (int k = 0; k < 32; ++k) {
        // In ninths of a level there is no rounding: 9 levels + 7 offset, floor(x + 1/2).
        const int ninths = (9 * level_sum(levels, shape, pulses, 32 + k) + 7 * driven) << range;
        ASSERT_EQ(codes[static_cast<std::size_t>(k)], std::min(255, (2 * ninths + 9) / 18));
      }
    }
  }
}

// ---- each non-ideality alone

TEST(MacroProgramming, ErrorIsGaussianWithTheCardsSigma) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 0.144;
  card.programming_sigma_slope = 0.062;
  card.programming_sigma_curvature_per_uS = -0.003;
  std::array<Statistics, 8> errors;
  const MacroShape shape;
  const auto levels = random_levels(shape, 6);
  for (std::uint64_t seed = 1000; seed < 1100; ++seed) {
    Macro macro(shape, card, seed, 3);
    macro.program(levels);
    for (std::size_t cell = 0; cell < levels.size(); ++cell) {
      errors[levels[cell]].add(macro.conductances()[cell]);
    }
  }
  for (int level = 0; level < 8; ++level) {  // about 25,600 cells of each level
    SCOPED_TRACE(level);
    const double g = 2.0 + level * 18.0 / 7.0;
    errors[static_cast<std::size_t>(level)].expect(g, 0.144 + 0.062 * g - 0.003 * g * g);
  }
}

TEST(MacroProgramming, ConductanceIsNeverNegative) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 4.0;
  Statistics at_zero;
  const std::vector<std::uint8_t> levels(2048, 0);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Macro macro({}, card, seed, 0);
    macro.program(levels);
    for (const float g : macro.conductances()) {
      ASSERT_GE(g, 0.0F);
      at_zero.add(g == 0.0F ? 1.0 : 0.0);
    }
  }
  const double p = 0.5 * std::erfc(0.5 / std::sqrt(2.0));  // 2 uS are half a sigma
  at_zero.expect(p, std::sqrt(p * (1 - p)));
}

TEST(MacroProgramming, ErrorDependsOnSeedPeAndCellOnly) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 0.4;
  const auto levels = random_levels({}, 7);
  const auto programmed = [&](std::uint64_t seed, int pe, int times) {
    Macro macro({}, card, seed, pe);
    for (int i = 0; i < times; ++i) macro.program(levels);
    return std::vector<float>(macro.conductances().begin(), macro.conductances().end());
  };
  const auto base = programmed(1, 0, 1);
  EXPECT_EQ(programmed(1, 0, 3), base);
  EXPECT_NE(programmed(2, 0, 1), base);
  EXPECT_NE(programmed(1, 1, 1), base);
}

TEST(MacroProgramming, CodesAreTheSumsOfTheProgrammedConductances) {
  DeviceCard card = window_card();
  card.programming_sigma_uS = 0.7;
  Macro macro({}, card, 8, 2);
  macro.program(random_levels({}, 8));
  Words words(9);
  int compared = 0;
  for (int repetition = 0; repetition < 2000; ++repetition) {
    const std::uint32_t pulses = words.below(1U << 16);
    const auto codes = read(macro, pulses, 96, 32, 1);
    for (int k = 0; k < 32; ++k) {
      double sum = 0;
      for (int b = 0; b < 16; ++b) {
        if ((pulses >> b & 1U) != 0) {
          sum += static_cast<double>(
              macro.conductances()[static_cast<std::size_t>((96 + k) * 16 + b)]);
        }
      }
      const double x = std::min(2.0 * sum * 7.0 / 18.0, 255.0);
      if (std::abs(x - std::floor(x) - 0.5) < 1e-3)
        continue;  // single precision may round it either way
      ASSERT_EQ(codes[static_cast<std::size_t>(k)], std::floor(x + 0.5));
      ++compared;
    }
  }
  EXPECT_GT(compared, 60000);
}

// The sigma of a code's noise, measured with a range and a sum at which neither clips and at which
// rounding adds 1/12.
void expect_noise(const DeviceCard& card, int range, double sigma_expected, std::uint64_t seed) {
  SCOPED_TRACE(card.name + ", range " + std::to_string(range) + ", seed " + std::to_string(seed));
  Macro macro({}, card, seed, 1);
  std::vector<std::uint8_t> levels(2048);
  for (std::size_t cell = 0; cell < levels.size(); ++cell) {
    levels[cell] = static_cast<std::uint8_t>(cell % 2 == 0 ? 7 : 3);
  }
  macro.program(levels);
  Statistics codes;
  for (std::uint32_t image = 0; image < 200; ++image) {
    macro.begin_image(image);
    for (int reads = 0; reads < 32; ++reads) {
      for (const auto code : read(macro, 0b1111, 32, 32, range)) codes.add(code);
    }
  }
  const double step = card.level_step_uS();
  const double x = std::ldexp(20.0 + (4.0 * card.g_min_uS / step), range);
  // Rounding: 1/12 more variance; its deviation from that is below exp(-2 pi^2 sigma^2), nothing
  // for sigma > 1.
  codes.expect(x, std::sqrt((sigma_expected * sigma_expected) + (1.0 / 12.0)));
  EXPECT_EQ(macro.total().clipped_low + macro.total().clipped_high, 0U);
}

TEST(MacroNoise, ReadNoiseIsRelativeToTheConductance) {
  DeviceCard card = window_card();
  card.read_noise = 0.08;
  const double offset = 2.0 * 7.0 / 18.0;
  // Two cells of level 7 and two of level 3.
  const double sigma = 0.08 * std::sqrt(2 * std::pow(7 + offset, 2) + 2 * std::pow(3 + offset, 2));
  for (int range = 1; range <= 3; ++range) expect_noise(card, range, std::ldexp(sigma, range), 21);
}

TEST(MacroNoise, AbsoluteReadNoiseIsTheSameForEveryDrivenCell) {
  DeviceCard card = window_card();
  card.read_noise_uS = 1.9;
  for (int range = 0; range <= 2; ++range) {
    expect_noise(card, range, std::ldexp(std::sqrt(4.0) * 1.9 * 7.0 / 18.0, range), 22);
  }
}

TEST(MacroNoise, ConverterNoiseDoesNotScaleWithTheRange) {
  DeviceCard card = window_card();
  card.adc_sigma_codes = 1.7;
  for (int range = 0; range <= 3; ++range) expect_noise(card, range, 1.7, 23);
}

TEST(MacroNoise, VariancesAdd) {
  DeviceCard card = window_card();
  card.read_noise = 0.05;
  card.read_noise_uS = 0.6;
  card.adc_sigma_codes = 0.9;
  const double offset = 2.0 * 7.0 / 18.0;
  const double cells = 0.05 * 0.05 * (2 * std::pow(7 + offset, 2) + 2 * std::pow(3 + offset, 2)) +
                       4 * std::pow(0.6 * 7.0 / 18.0, 2);
  expect_noise(card, 2, std::sqrt(16 * cells + 0.81), 24);
}

// Small converter noise: the code leaves the exact value with the probability that the Gaussian
// crosses half a code.
TEST(MacroNoise, SmallNoiseFlipsCodesAsOftenAsTheGaussianCrossesHalfACode) {
  DeviceCard card = ideal();
  card.adc_sigma_codes = 0.25;
  Macro macro({}, card, 25, 0);
  macro.program(std::vector<std::uint8_t>(2048, 5));
  Statistics up;
  Statistics down;
  for (int reads = 0; reads < 20000; ++reads) {
    for (const auto code : read(macro, 0b111, 0, 32, 0)) {
      up.add(code == 16 ? 1 : 0);
      down.add(code == 14 ? 1 : 0);
    }
  }
  const double p = 0.5 * std::erfc(2.0 / std::sqrt(2.0));
  up.expect(p, std::sqrt(p * (1 - p)));
  down.expect(p, std::sqrt(p * (1 - p)));
}

TEST(MacroNoise, ClipsAreCountedOnBothSides) {
  DeviceCard card = ideal();
  card.adc_sigma_codes = 3.0;
  Macro macro({}, card, 26, 0);
  std::vector<std::uint8_t> levels(2048, 0);
  std::fill(levels.begin() + 1024, levels.end(), 7);
  macro.program(levels);
  std::uint64_t at_bottom = 0;
  std::uint64_t at_top = 0;
  Statistics low;
  for (int reads = 0; reads < 3000; ++reads) {
    const std::uint64_t before = macro.total().clipped_low;
    for (const auto code : read(macro, 0xFFFF, 3, 21, 0)) at_bottom += code == 0 ? 1 : 0;
    low.add(static_cast<double>(macro.total().clipped_low - before) / 21.0);
    for (const auto code : read(macro, 0xFFFF, 70, 21, 2)) at_top += code == 255 ? 1 : 0;
  }
  const ReadCounts counts = macro.total();
  EXPECT_EQ(counts.reads, 6000U);
  EXPECT_EQ(counts.conversions, 126000U);
  EXPECT_EQ(counts.clipped_high, 63000U);  // 448 +- 3
  EXPECT_EQ(at_top, 63000U);
  const double p = 0.5 * std::erfc(0.5 / 3.0 / std::sqrt(2.0));  // below -1/2
  low.expect(p, std::sqrt(p * (1 - p) / 21.0));
  EXPECT_GT(at_bottom, counts.clipped_low) << "codes 0 that were not clipped exist";
}

// ---- numbering of the events

// One conversion at a time or many: the k-th conversion of an image has the k-th Gaussian.
TEST(MacroEvents, NoiseDoesNotDependOnHowConversionsAreGrouped) {
  Macro grouped({}, noisy(), 31, 4);
  Macro single({}, noisy(), 31, 4);
  const auto levels = random_levels({}, 31);
  grouped.program(levels);
  single.program(levels);
  Words words(31);
  for (std::uint32_t image = 0; image < 3; ++image) {
    grouped.begin_image(image);
    single.begin_image(image);
    for (int reads = 0; reads < 400; ++reads) {
      const int count = 1 + static_cast<int>(words.below(32));
      const int first = static_cast<int>(words.below(static_cast<unsigned>(129 - count)));
      const std::uint32_t pulses = words.below(1U << 16);
      const auto codes = read(grouped, pulses, first, count, 1);
      for (int k = 0; k < count; ++k) {
        ASSERT_EQ(codes[static_cast<std::size_t>(k)], read(single, pulses, first + k, 1, 1)[0])
            << "image " << image << ", read " << reads << ", line " << first + k;
      }
    }
  }
}

TEST(MacroEvents, ImagesDoNotDependOnTheirOrderOrThread) {
  const auto levels = random_levels({}, 32);
  constexpr std::uint32_t kImages = 12;
  const auto run = [&](Macro& macro, std::uint32_t image) {
    macro.begin_image(image);
    std::vector<std::uint16_t> all;
    for (std::uint32_t i = 1; i < 100; ++i) {
      const auto codes = read(macro, i * 0x1234567U >> 12 & 0xFFFF, 0, 23, 1);
      all.insert(all.end(), codes.begin(), codes.end());
    }
    return all;
  };
  Macro forward({}, noisy(), 33, 0);
  forward.program(levels);
  std::vector<std::vector<std::uint16_t>> expected;
  for (std::uint32_t image = 0; image < kImages; ++image) expected.push_back(run(forward, image));
  EXPECT_NE(expected[0], expected[1]);

  std::vector<std::vector<std::uint16_t>> found(kImages);
  std::vector<std::jthread> threads;
  for (std::uint32_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      Macro macro({}, noisy(), 33, 0);
      macro.program(levels);
      for (std::uint32_t image = kImages; image-- > 0;) {
        if (image % 3 == thread) found[image] = run(macro, image);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(found, expected);
}

TEST(MacroEvents, ReadPlanesIsExactlyTheReadsOfItsPlanes) {
  for (const int bit_lines : {16, 40, 128}) {
    for (const DeviceCard& card : {ideal(), noisy()}) {
      SCOPED_TRACE(::testing::Message() << card.name << ", " << bit_lines << " bit lines");
      const MacroShape shape{.bit_lines = bit_lines};
      Macro batched(shape, card, 34, 5);
      Macro single(shape, card, 34, 5);
      const auto levels = random_levels(shape, 34);
      batched.program(levels);
      single.program(levels);
      const std::size_t pulse_words = batched.pulse_words();
      Words words(34);
      for (int repetition = 0; repetition < 1000; ++repetition) {
        if (repetition % 500 == 0) {
          batched.begin_image(static_cast<std::uint32_t>(repetition));
          single.begin_image(static_cast<std::uint32_t>(repetition));
        }
        const int count = 2 * (1 + static_cast<int>(words.below(16)));
        const int first = static_cast<int>(words.below(static_cast<unsigned>(129 - count)));
        const int range = static_cast<int>(words.below(4));
        std::vector<std::uint32_t> planes(words.below(17) * pulse_words);
        for (std::size_t word = 0; word < planes.size(); ++word) {
          const int lines = std::min(16, bit_lines - 32 * static_cast<int>(word % pulse_words));
          if (words.below(3) != 0) planes[word] = words.below(1U << lines);
        }
        std::vector<std::int32_t> expected(static_cast<std::size_t>(count / 2), 0);
        for (std::size_t plane = 0; plane < planes.size(); plane += pulse_words) {
          const auto pulses = std::span(planes).subspan(plane, pulse_words);
          for (auto& sum : expected) sum *= 2;
          if (std::ranges::all_of(pulses, [](std::uint32_t word) { return word == 0; })) continue;
          std::vector<std::uint16_t> codes(static_cast<std::size_t>(count));
          single.read(pulses, first, count, range, codes);
          for (std::size_t k = 0; k < expected.size(); ++k) {
            expected[k] += codes[2 * k] - codes[2 * k + 1];
          }
        }
        std::vector<std::int32_t> found(expected.size(), -1);
        batched.read_planes(planes, first, count, range, found);
        ASSERT_EQ(found, expected) << "repetition " << repetition;
        ASSERT_EQ(batched.total(), single.total());
      }
    }
  }
}

// An ideal code is the sum of the levels on the driven bit lines, wherever these are.
TEST(MacroRead, WideArraysSumEveryBitLine) {
  for (const Kernels& kernels : supported_kernels()) {
    const MacroShape shape{.bit_lines = 200, .source_lines = 32, .adc_lanes = 32, .adc_bits = 12};
    Macro macro(shape, ideal(), 1, 0, kernels);
    const auto levels = random_levels(shape, 3);
    macro.program(levels);
    Words words(3);
    for (int repetition = 0; repetition < 50; ++repetition) {
      std::vector<std::uint32_t> pulses(macro.pulse_words(), 0);
      std::vector<int> expected(32, 0);
      for (int bit = 0; bit < 200; ++bit) {
        if (words.below(2) == 0) continue;
        pulses[static_cast<std::size_t>(bit / 32)] |= 1U << bit % 32;
        for (int line = 0; line < 32; ++line) {
          expected[static_cast<std::size_t>(line)] +=
              levels[static_cast<std::size_t>(line * 200 + bit)];
        }
      }
      std::vector<std::uint16_t> codes(32);
      macro.read(pulses, 0, 32, 0, codes);
      ASSERT_TRUE(std::ranges::equal(codes, expected)) << kernels.name;
    }
    std::vector<std::uint16_t> codes(1);
    expect_error({"found 6 words", "allowed: 7"},
                 [&] { macro.read(std::vector<std::uint32_t>(6), 0, 1, 0, codes); });
  }
}

// A read without a pulse is a read: the converter sees its own noise.
TEST(MacroEvents, AReadWithoutPulsesIsCounted) {
  DeviceCard card = ideal();
  card.adc_sigma_codes = 2.0;
  Macro macro({}, card, 35, 0);
  const auto codes = read(macro, 0, 0, 32, 0);
  EXPECT_GT(*std::ranges::max_element(codes), 0);
  EXPECT_EQ(macro.total().reads, 1U);
  EXPECT_EQ(macro.total().conversions, 32U);
}

TEST(MacroEvents, EveryVariantOfTheKernelsGivesTheSameCodesAndCounts) {
  const auto variants = supported_kernels();
  for (const DeviceCard& card : {ideal(), noisy()}) {
    const MacroShape shape{16, 128, 48, 6};
    std::vector<Macro> macros;
    for (const Kernels& kernels : variants) {
      macros.emplace_back(shape, card, 36, 1, kernels);
      macros.back().program(random_levels(shape, 36));
    }
    Words words(36);
    for (int repetition = 0; repetition < 5000; ++repetition) {
      const int count = 1 + static_cast<int>(words.below(48));
      const int first = static_cast<int>(words.below(static_cast<unsigned>(129 - count)));
      const std::uint32_t pulses = words.below(1U << 16) & words.word();
      const int range = static_cast<int>(words.below(4));
      const auto expected = read(macros.back(), pulses, first, count, range);
      for (std::size_t v = 0; v + 1 < macros.size(); ++v) {
        ASSERT_EQ(read(macros[v], pulses, first, count, range), expected)
            << variants[v].name << ", repetition " << repetition;
        ASSERT_EQ(macros[v].total(), macros.back().total()) << variants[v].name;
      }
    }
    EXPECT_GT(macros.back().total().clipped_high, 0U);
  }
}

TEST(MacroEvents, CountsAreKeptPerLayer) {
  Macro macro({}, ideal(), 1, 0);
  read(macro, 1, 0, 16, 0);
  macro.set_layer(4);
  read(macro, 1, 0, 20, 0);
  read(macro, 1, 0, 20, 0);
  EXPECT_EQ(macro.counts(0), (ReadCounts{1, 16, 0, 0}));
  EXPECT_EQ(macro.counts(3), ReadCounts{});
  EXPECT_EQ(macro.counts(4), (ReadCounts{2, 40, 0, 0}));
  EXPECT_EQ(macro.counts(99), ReadCounts{});
  EXPECT_EQ(macro.total(), macro.counts(0) + macro.counts(4));
  macro.clear_counts();
  EXPECT_EQ(macro.total(), ReadCounts{});
  read(macro, 1, 0, 2, 0);
  EXPECT_EQ(macro.counts(4), (ReadCounts{1, 2, 0, 0}));
}

// ---- bad input

TEST(MacroErrors, ShapesCardsAndNumbers) {
  expect_error({"bit_lines", "257", "1 to 256"}, [] { Macro({257, 8, 8, 8}, ideal(), 1, 0); });
  expect_error({"source_lines", "0"}, [] { Macro({16, 0, 8, 8}, ideal(), 1, 0); });
  expect_error({"adc_lanes", "9", "1 to 8"}, [] { Macro({16, 8, 9, 8}, ideal(), 1, 0); });
  expect_error({"adc_bits", "17", "1 to 16"}, [] { Macro({16, 8, 8, 17}, ideal(), 1, 0); });
  expect_error({"PE", "-1"}, [] { Macro({}, ideal(), 1, -1); });
  expect_error({"bad", "read_noise", "-1"}, [] {
    DeviceCard card = ideal();
    card.name = "bad";
    card.read_noise = -1;
    Macro({}, card, 1, 0);
  });
}

TEST(MacroErrors, ProgramReadAndLayer) {
  Macro macro({}, noisy(), 1, 0);
  std::vector<std::uint8_t> levels(2048, 0);
  levels[77] = 8;
  expect_error({"level of cell 77", "8", "0 to 7"}, [&] { macro.program(levels); });
  levels.pop_back();
  expect_error({"2047", "2048"}, [&] { macro.program(levels); });
  for (const float g : macro.conductances()) ASSERT_EQ(g, 2.0F) << "nothing was programmed";

  std::array<std::uint16_t, 40> codes{};
  std::array<std::int32_t, 16> sums{};
  const std::array<std::uint32_t, 17> planes{};
  expect_error({"0 lines"}, [&] { macro.read(1, 0, 0, 0, codes); });
  expect_error({"33 lines"}, [&] { macro.read(1, 0, 33, 0, codes); });
  expect_error({"from line -1"}, [&] { macro.read(1, -1, 4, 0, codes); });
  expect_error({"from line 97"}, [&] { macro.read(1, 97, 32, 0, codes); });
  expect_error({"range", "-1"}, [&] { macro.read(1, 0, 4, -1, codes); });
  expect_error({"range", "8", "0 to 7"}, [&] { macro.read(1, 0, 4, 8, codes); });
  expect_error({"0x10000", "0 to 15"}, [&] { macro.read(1U << 16, 0, 4, 0, codes); });
  expect_error({"room", "31"}, [&] { macro.read(1, 0, 32, 0, std::span(codes).first(31)); });
  expect_error({"even", "3"},
               [&] { macro.read_planes(std::span(planes).first(1), 0, 3, 0, sums); });
  expect_error({"room", "15"}, [&] {
    macro.read_planes(std::span(planes).first(8), 0, 32, 0, std::span(sums).first(15));
  });
  expect_error({"planes", "17"}, [&] { macro.read_planes(planes, 0, 32, 0, sums); });
  expect_error({"layer", "-1"}, [&] { macro.set_layer(-1); });
  EXPECT_EQ(macro.total(), ReadCounts{}) << "what was refused was not done";
}

}  // namespace
}  // namespace mcnn
