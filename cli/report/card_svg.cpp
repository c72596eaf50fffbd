// SPDX-License-Identifier: Apache-2.0
#include "cli/report/card_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "behavioral_models/macro.h"
#include "cli/output/panels.h"

namespace mcnn::cli {
namespace {

constexpr int kBins = 120;
constexpr double kFirst_s = 1e-6;
constexpr double kLast_s = 3.2e8;  // ten years
constexpr int kStepsADecade = 2;

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
};
Moments moments(std::span<const float> of) {
  Moments all;
  const auto n = static_cast<double>(of.size());
  for (const float x : of) all.mean += static_cast<double>(x) / n;
  double square = 0.0;
  for (const float x : of) {
    const double d = static_cast<double>(x) - all.mean;
    square += d * d / n;
  }
  all.deviation = std::sqrt(square);
  return all;
}

// An array whose cells all have this level.
Macro array_of(const DeviceCard& card, std::uint64_t seed, int level) {
  Macro macro({}, card, seed, level);
  macro.program(
      std::vector<std::uint8_t>(macro.conductances().size(), static_cast<std::uint8_t>(level)));
  return macro;
}

Panel states(const DeviceCard& card, std::uint64_t seed) {
  std::vector<Macro> levels;
  double low = card.g_min_uS;
  double high = card.g_max_uS;
  for (int level = 0; level < Macro::kLevels; ++level) {
    levels.push_back(array_of(card, seed, level));
    if (card.age_s > 0.0 || card.read_disturb_pulses > 0.0) {
      levels.back().elapse(card.age_s, card.read_disturb_pulses);
    }
    for (const float g : levels.back().conductances()) {
      low = std::min(low, static_cast<double>(g));
      high = std::max(high, static_cast<double>(g));
    }
  }
  const double bin = std::max((high - low) / kBins, 1e-9);
  Panel panel{.title = fmt::format("Eight levels, {:g} s after programming", card.age_s),
              .x_title = "conductance [uS]",
              .y_title = "cells [% of their level]"};
  for (const Macro& macro : levels) {
    std::vector<double> counts(kBins + 2, 0.0);
    for (const float g : macro.conductances()) {
      const auto at = static_cast<std::size_t>((static_cast<double>(g) - low) / bin);
      counts[std::min<std::size_t>(at, kBins)] +=
          100.0 / static_cast<double>(macro.conductances().size());
    }
    PanelSeries series;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double left = low + (static_cast<double>(i) * bin);
      series.points.emplace_back(left, counts[i]);
      series.points.emplace_back(left + bin, counts[i]);
    }
    panel.series.push_back(std::move(series));
  }
  return panel;
}

// Spread and mean of three levels against time.
std::array<Panel, 2> over_time(const DeviceCard& card, std::uint64_t seed) {
  std::array<Panel, 2> panels = {Panel{.title = "Spread that time makes",
                                       .x_title = "time since programming [s]",
                                       .y_title = "standard deviation [uS]",
                                       .log_x = true},
                                 Panel{.title = "Mean, and where two thirds of the cells are",
                                       .x_title = "time since programming [s]",
                                       .y_title = "conductance [uS]",
                                       .log_x = true}};
  for (const int level : {0, 3, 7}) {
    Macro macro = array_of(card, seed, level);
    const std::vector<float> first(macro.conductances().begin(), macro.conductances().end());
    PanelSeries spread{.name = fmt::format("level {}", level)};
    PanelSeries mean{.name = spread.name};
    PanelSeries band;
    double age = 0.0;
    const int steps = static_cast<int>(std::lround(std::log10(kLast_s / kFirst_s) * kStepsADecade));
    for (int step = 0; step <= steps; ++step) {
      const double t = kFirst_s * std::pow(10.0, static_cast<double>(step) / kStepsADecade);
      macro.elapse(t - age, 0.0);
      age = t;
      const std::span<const float> held = macro.conductances();
      std::vector<float> moved(held.begin(), held.end());
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] -= first[i];
      spread.points.emplace_back(t, moments(moved).deviation);
      const Moments now = moments(held);
      mean.points.emplace_back(t, now.mean);
      band.points.emplace_back(t, now.mean + now.deviation);
      band.lower.emplace_back(t, now.mean - now.deviation);
    }
    panels[0].series.push_back(std::move(spread));
    panels[1].series.push_back(std::move(mean));
    panels[1].series.push_back(std::move(band));
  }
  return panels;
}

Panel noise(const DeviceCard& card) {
  Panel panel{.title = "Noise of a read of one cell",
              .x_title = "conductance [uS]",
              .y_title = "standard deviation [uS]"};
  PanelSeries read{.name = "read to read"};
  PanelSeries slow{.name = "slow, in a day"};
  for (int i = 0; i <= 40; ++i) {
    const double g = card.g_max_uS * i / 40.0;
    const double relative = card.read_noise * g;
    read.points.emplace_back(
        g, std::sqrt((relative * relative) + (card.read_noise_uS * card.read_noise_uS)));
    const double telegraph =
        std::sqrt(0.5 * card.rtn_fraction) * card.rtn_amplitude;  // of two independent states
    const double flicker =
        card.flicker_noise * std::sqrt(std::log10(1.0 + (86400.0 / card.flicker_onset_s)));
    slow.points.emplace_back(g, g * std::sqrt((telegraph * telegraph) + (flicker * flicker)));
  }
  panel.series = {std::move(read), std::move(slow)};
  return panel;
}

}  // namespace

std::string card_svg(const DeviceCard& card, std::uint64_t seed) {
  std::array<Panel, 2> time = over_time(card, seed);
  return panels_svg(
      card.description.empty() ? card.name : fmt::format("{}: {}", card.name, card.description),
      {states(card, seed), std::move(time[0]), noise(card), std::move(time[1])});
}

}  // namespace mcnn::cli
