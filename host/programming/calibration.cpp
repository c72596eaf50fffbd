// SPDX-License-Identifier: Apache-2.0
#include "host/programming/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/engine/chip_model.h"

namespace mcnn {
namespace {

constexpr int kOffsetRepeats = 8;   // reads of each cell at each range for offsets
constexpr int kGainRepeats = 2;     // and for gains
constexpr int kReferenceLevel = 5;  // of the cells that offsets are measured with
constexpr int kFinestRange = 7;
constexpr int kAnyCode = 0xFFFF;    // a tolerance that every code is within: a read, no more
constexpr double kLeastCode = 8.0;  // slope below which nothing can be said about the gain [codes]

using Means = std::vector<std::vector<double>>;  // [PE][lane]

class Lanes {
 public:
  Lanes(ProgramPort& port, const ChipConfig& config, CalibrationReport& report)
      : port_(port), config_(config), report_(report) {}

  // Mean code of each lane over the cells of its first source line.
  Means read(int range, int repeats, bool no_drive) {
    const int lines = config_.num_adc;
    const int bits = no_drive ? 1 : config_.num_bl();
    std::vector<ProgramEntry> entries;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      for (int pe = 0; pe < config_.num_pe; ++pe) {
        for (int line = 0; line < lines; ++line) {
          for (int bit = 0; bit < bits; ++bit) {
            entries.push_back({.pe = pe,
                               .source_line = line,
                               .bit_line = bit,
                               .target = 0,
                               .tolerance = kAnyCode,
                               .no_drive = no_drive});
          }
        }
      }
    }
    ProgramSettings settings;
    settings.range = range;
    const ProgramRun run = port_.program(entries, settings);
    report_.counters += run.counters;
    Means means(to_index(config_.num_pe), std::vector<double>(to_index(config_.num_adc), 0.0));
    for (size_t i = 0; i < entries.size(); ++i) {
      means[to_index(entries[i].pe)][to_index(entries[i].source_line)] += run.results[i].code;
    }
    const double reads = static_cast<double>(repeats) * bits;
    for (std::vector<double>& lanes : means) {
      for (double& mean : lanes) {
        mean /= reads;
      }
    }
    return means;
  }

  // The cells of the first line of each lane near a level. Cells that do not get there still tell
  // the offset.
  void write_reference(const DeviceCard& card, const ProgramSettings& settings) {
    const int level = kReferenceLevel;
    std::vector<ProgramEntry> entries;
    for (int pe = 0; pe < config_.num_pe; ++pe) {
      for (int line = 0; line < config_.num_adc; ++line) {
        for (int bit = 0; bit < config_.num_bl(); ++bit) {
          entries.push_back({.pe = pe,
                             .source_line = line,
                             .bit_line = bit,
                             .target = static_cast<int>(
                                 std::floor(level_code(level, card, settings.range) + 0.5)),
                             .tolerance = tolerance_codes(card, settings.range)});
        }
      }
    }
    report_.counters += port_.program(entries, settings).counters;
  }

 private:
  ProgramPort& port_;
  const ChipConfig& config_;
  CalibrationReport& report_;
};

// Slope of the line through P over X that leaves the least variance.
double regression(const WindowUse& use) {
  const auto n = static_cast<double>(use.positions);
  const double variance = n * use.pixels_pixels - use.pixels * use.pixels;
  return variance > 0.0 ? (n * use.planes_pixels - use.planes * use.pixels) / variance : 0.0;
}

}  // namespace

CalibrationReport measure_lanes(ProgramPort& port, const ChipConfig& config, const DeviceCard& card,
                                const ProgramSettings& settings) {
  CalibrationReport report;
  Lanes lanes(port, config, report);
  report.zero_input = lanes.read(settings.range, kOffsetRepeats, true);

  // Gains, before anything is written: the slope of the same cells on every lane.
  const Means fine = lanes.read(kFinestRange, kGainRepeats, false);
  const Means coarse = lanes.read(kFinestRange - 1, kGainRepeats, false);
  double mean_slope = 0.0;
  for (size_t pe = 0; pe < fine.size(); ++pe) {
    std::vector<double>& gains = report.gain.emplace_back();
    for (size_t lane = 0; lane < fine[pe].size(); ++lane) {
      gains.push_back(fine[pe][lane] - coarse[pe][lane]);
      mean_slope += gains.back() / (static_cast<double>(config.num_pe) * config.num_adc);
    }
  }
  for (std::vector<double>& gains : report.gain) {
    for (double& gain : gains) {
      gain = mean_slope >= kLeastCode ? gain / mean_slope : 1.0;
    }
  }

  lanes.write_reference(card, settings);
  const int high = std::max(1, settings.range - 2);
  const Means at_high = lanes.read(high, kOffsetRepeats, false);
  const Means at_low = lanes.read(high - 1, kOffsetRepeats, false);
  for (size_t pe = 0; pe < at_high.size(); ++pe) {
    std::vector<double>& offsets = report.offset.emplace_back();
    for (size_t lane = 0; lane < at_high[pe].size(); ++lane) {
      offsets.push_back(2.0 * at_low[pe][lane] - at_high[pe][lane]);
    }
  }
  return report;
}

Compensation compensate_offsets(const ChipProgram& program, const ChipConfig& config,
                                const DeviceCard& card, const LaneOffsets& offsets,
                                std::span<const std::span<const uint8_t>> images) {
  if (images.empty()) {
    throw Error("calibration: found no images, allowed: 1 or more");
  }
  // The ideal chip computes the integer network, so the planes are those of exact feature maps.
  ChipModel chip(config, program, DeviceCard{}, 0, {.uses = true});
  for (size_t i = 0; i < images.size(); ++i) {
    chip.run(static_cast<uint32_t>(i), images[i]);
  }
  Compensation result;
  result.biases = program.biases;
  result.shift.assign(to_index(config.num_pe), std::vector<double>(to_index(config.num_sl), 0.0));
  const double lowest = card.g_min_uS / card.level_step_uS();  // level 0
  const int64_t limit = int64_t{1} << (config.psum_bits - 1);
  for (size_t index = 0; index < program.layers.size(); ++index) {
    const LayerRow& row = program.layers[index];
    const std::span<const WindowUse> uses = chip.window_uses(static_cast<int>(index));
    // A segment has as many positions as any of its windows.
    std::vector<int64_t> positions(to_index(config.num_pe), 0);
    for (const WindowUse& use : uses) {
      positions[to_index(use.segment)] = use.positions;
    }
    double all_positions = 0.0;
    for (const int64_t count : positions) {
      all_positions += static_cast<double>(count);
    }
    for (int kernel = 0; kernel < row.kernels; ++kernel) {
      double sum = 0.0;
      // Each output row of an array has source lines of its own, and all of them one bias.
      for (size_t i = 0; i < uses.size() * to_index(row.array_rows); ++i) {
        const WindowUse& use = uses[i / to_index(row.array_rows)];
        const int array_row = static_cast<int>(i) % row.array_rows;
        const std::vector<double>& lanes = offsets.at(to_index(use.pe));
        const int line = use.first_line + 2 * (array_row * row.row_pairs() + kernel);
        const double difference = lanes.at(to_index(line % config.num_adc)) -
                                  lanes.at(to_index((line + 1) % config.num_adc));
        const double slope = -std::max(0.0, regression(use));
        // Half on each line; cells do not go below zero, so what one line cannot give up the other
        // gets.
        const double half = slope * difference / 2.0 / static_cast<double>(1 << row.range);
        const double raise = std::max(0.0, std::abs(half) - lowest);
        std::vector<double>& shifts = result.shift[to_index(use.pe)];
        shifts[to_index(line)] = half + raise;
        shifts[to_index(line + 1)] = -half + raise;
        sum += difference * (use.planes + slope * use.pixels) / row.array_rows;
      }
      const auto change = static_cast<int64_t>(std::floor(0.5 - sum / all_positions));
      int32_t& value = bias_in(result.biases, row, kernel);
      const int64_t folded = value + change;
      if (folded < -limit || folded >= limit) {
        throw Error(
            fmt::format("calibration: layer row {}, kernel {}: bias with the offsets: found {}, "
                        "allowed: {}..{}",
                        index, kernel, folded, -limit, limit - 1));
      }
      value = static_cast<int32_t>(folded);
    }
  }
  return result;
}

}  // namespace mcnn
