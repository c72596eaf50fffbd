// SPDX-License-Identifier: Apache-2.0
#include "cli/output/colour_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace mcnn::cli {
namespace {

// Between the points of a scale.
template <std::size_t N>
Rgb between(const std::array<Rgb, N>& scale, double at) {
  const double place = std::clamp(at, 0.0, 1.0) * static_cast<double>(N - 1);
  const auto low = std::min(static_cast<std::size_t>(place), N - 2);
  const double part = place - static_cast<double>(low);
  const auto mix = [part](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + ((b - a) * part)));
  };
  return {mix(scale[low].red, scale[low + 1].red), mix(scale[low].green, scale[low + 1].green),
          mix(scale[low].blue, scale[low + 1].blue)};
}

constexpr std::array<Rgb, 5> kConductance = {
    {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};
constexpr std::array<Rgb, 3> kError = {{{40, 112, 228}, {140, 140, 140}, {222, 48, 44}}};

}  // namespace

Rgb conductance_colour(double at) { return between(kConductance, at); }
// Small errors have their colour already: a scale with the square root of the error.
Rgb error_colour(double at) {
  const double error = std::clamp((2.0 * at) - 1.0, -1.0, 1.0);
  return between(kError, 0.5 + (0.5 * std::copysign(std::sqrt(std::abs(error)), error)));
}

double error_opacity(double at) {
  constexpr double kRight = 0.25;
  return kRight + ((1.0 - kRight) * std::sqrt(std::min(1.0, std::abs((2.0 * at) - 1.0))));
}

std::string hex(Rgb colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue);
}

std::string hex(Rgb colour, double opacity) {
  return fmt::format("{}{:02x}", hex(colour),
                     static_cast<int>(std::lround(255.0 * std::clamp(opacity, 0.0, 1.0))));
}

}  // namespace mcnn::cli
