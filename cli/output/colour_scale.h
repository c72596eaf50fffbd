// SPDX-License-Identifier: Apache-2.0
// Colours that stand for values in pictures.
#pragma once

#include <cstdint>
#include <string>

namespace mcnn::cli {

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

// `at` 0..1: dark to light, even in brightness (viridis).
Rgb conductance_colour(double at);
// `at` 0..1: blue too low, grey right, red too high.
Rgb error_colour(double at);
// How opaque an error is over the ground of its picture, 0..1: what is right is faint on light and
// on dark ground, what is wrong stands out of both.
double error_opacity(double at);

std::string hex(Rgb colour);                  // "#2166d6"
std::string hex(Rgb colour, double opacity);  // "#2166d680"

}  // namespace mcnn::cli
