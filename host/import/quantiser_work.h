// SPDX-License-Identifier: Apache-2.0
// The work of quantise(), layer after layer: quantiser_weights.cpp has layers with weights,
// quantiser.cpp the rest.
#pragma once

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/index.h"
#include "host/import/level_search.h"
#include "host/import/quantiser.h"
#include "host/network/network_rules.h"

namespace mcnn::quantising {

inline constexpr Eigen::Index kSamples = 8192;  // positions on which shifts are chosen
inline constexpr size_t kSharerImages = 64;     // images that say what adds give
inline constexpr double kMaxPixel = network_rules::kMaxPixel;
inline constexpr int kSignedZero = 128;  // zero point of pixels with a sign

template <typename T>
std::span<const T> span_of(const std::vector<T>& values) {
  return values;
}

// Float and integer values of what a layer gives, of every image.
struct Maps {
  std::vector<std::vector<float>> exact;
  std::vector<std::vector<int32_t>> levels;  // pixels without zero point, or sums
  double step = 0.0;                         // what one of them is worth
};

// Of the pixels of a layer, without the zero point.
struct Range {
  double low = 0.0;
  double high = kMaxPixel;
};

Range range_of(const Layer& layer);

bool is_whole(double number);

class Quantiser {
 public:
  Quantiser(const FloatNetwork& network, const ImageSet& images, unsigned jobs);
  QuantisedNetwork run();

 private:
  // What a layer may be worth: any scale, or one that is a power of two times another.
  struct Choice {
    double scale = 0.0;  // of a level, in units of the output
    int shift = 0;
    double error = std::numeric_limits<double>::max();
    bool trained = false;  // levels and step are those of the file
    std::vector<LevelFit::Levels> groups;
    std::vector<Eigen::VectorXd> biases;  // in units of a sum
  };

  // A map that the file's own network has exactly, up to the rounding of pixels.
  bool is_chips(int from) const {
    return from == kImage ? image_is_chips_ : chips_[to_index(from)] != 0;
  }
  size_t images() const { return to_index(images_.count); }
  [[noreturn]] void fail(size_t index, const std::string& what) const {
    throw Error(fmt::format("node '{}': {}", network_.layers.layers[index].name, what));
  }

  // The image: a pixel is worth a different number in each channel; a first layer has that in its
  // weights.
  void begin_image();
  const Maps& input_of(size_t index, size_t input = 0) const {
    const int from = network_.layers.layers[index].inputs[input];
    return from == kImage ? image_ : maps_[to_index(from)];
  }

  // Trained weights of a group, in units of the image's pixels where it reads those.
  Eigen::MatrixXd weights_of(size_t index, int group) const;
  // Steps of maps that meet in an add are tied: the stored map and the sum, which takes its place,
  // share one; the sums that are added to it, and what a layer in between copies, have one that is
  // a power of two times it.
  void tie_steps();
  int& family(int map) { return families_[to_index(map - kImage)]; }
  // The add that the layer gives its sums to.
  std::optional<size_t> add_of(size_t index) const;
  // What the layer's step is tied to by a power of two; 0: nothing.
  double step_to_match(size_t index) const;
  // Mean squared errors of what shares the step of a layer's output, stored with that step.
  double error_of_sharers(size_t index, double step) const;
  void quantise_weights(size_t index);
  // The layer as it was trained on the chip's levels, where the limit of its activation says that
  // its pixels are those of the chip too: level and step a power of two apart.
  std::optional<Choice> trained_levels(size_t index, const std::vector<Eigen::MatrixXd>& weights,
                                       double level) const;
  // Values of a level that are tried.
  std::vector<double> scales_for(size_t index, double largest) const;
  void quantise_add(size_t index);
  void pool(size_t index);
  // The scale of a level and the shift with the least squared error of what the layer gives.
  Choice choose(size_t index, const std::vector<LevelFit>& fits,
                const std::vector<TapMatrix>& inputs, const TapMatrix& targets) const;
  Choice best_of(size_t index, std::vector<Choice>& choices) const;
  // What the layer gives for a map.
  static std::vector<int32_t> sums_of(const Layer& layer, const Choice& choice,
                                      std::span<const int32_t> levels);
  void store(size_t index, std::vector<std::vector<float>> exact,
             std::vector<std::vector<int32_t>> sums, double unit, QuantisedLayer report);

  const FloatNetwork& network_;
  const ImageSet& images_;
  unsigned jobs_;
  QuantisedNetwork result_;
  Maps image_;
  bool image_is_chips_ = false;
  std::vector<uint8_t> chips_;  // per layer
  std::vector<Maps> maps_;
  std::vector<size_t> last_reader_;
  std::vector<std::vector<size_t>> readers_;
  // An add whose sum has the step of a layer's output, with some of its values.
  struct Sharer {
    size_t add = 0;
    std::vector<float> values;
  };
  std::vector<std::vector<Sharer>> sharers_;  // of each layer
  // Of the image and each layer: maps with one number have steps that are powers of two apart.
  std::vector<int> families_;
  std::vector<double> family_steps_;  // of each number; 0: not known yet
};

}  // namespace mcnn::quantising
