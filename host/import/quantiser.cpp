// SPDX-License-Identifier: Apache-2.0
#include "host/import/quantiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "host/import/level_search.h"
#include "host/network/integer_pooling.h"
#include "host/network/network_rules.h"

namespace mcnn {
namespace {

constexpr int kScales = 24;              // values of a weight level that are tried
constexpr double kLeastScale = 0.3;      // of that at which the largest weight is the largest level
constexpr Eigen::Index kSamples = 8192;  // positions on which shifts are chosen
constexpr double kMaxPixel = network_rules::kMaxPixel;
constexpr int kSignedZero = 128;  // zero point of pixels with a sign

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

// What the activation makes of sums, (sum + half) >> shift clamped, without the zero point.
double stored(double sum, int shift, double low, double high) {
  return std::clamp(std::floor(std::ldexp(sum, -shift) + (shift > 0 ? 0.5 : 0.0)), low, high);
}

struct Range {
  double low = 0.0;
  double high = kMaxPixel;
};

Range range_of(const Layer& layer) {
  return {static_cast<double>(-layer.zero_point), kMaxPixel - layer.zero_point};
}

class Quantiser {
 public:
  Quantiser(const FloatNetwork& network, const ImageSet& images)
      : network_(network), images_(images), result_{network.layers, {}} {
    const Network& layers = network.layers;
    maps_.resize(layers.layers.size());
    last_reader_.assign(layers.layers.size(), 0);
    readers_.assign(layers.layers.size(), {});
    for (size_t i = 0; i < layers.layers.size(); ++i) {
      for (const int input : layers.layers[i].inputs) {
        if (input == kImage) continue;
        last_reader_[to_index(input)] = i;
        readers_[to_index(input)].push_back(i);
      }
    }
  }

  QuantisedNetwork run() {
    begin_image();
    for (size_t index = 0; index < maps_.size(); ++index) {
      const Layer& layer = result_.network.layers[index];
      if (layer.has_weights()) {
        quantise_weights(index);
      } else if (layer.type == LayerType::kAdd) {
        quantise_add(index);
      } else {
        pool(index);
      }
      for (size_t before = 0; before <= index; ++before) {
        if (last_reader_[before] == index) maps_[before] = {};
      }
    }
    for (Layer& layer : result_.network.layers) layer.part_name.clear();
    finish_network(result_.network, network_.layers.name);
    return std::move(result_);
  }

 private:
  // What a layer may be worth: any scale, or one that is a power of two times another.
  struct Choice {
    double scale = 0.0;  // of a level, in units of the output
    int shift = 0;
    double error = std::numeric_limits<double>::max();
    std::vector<LevelFit::Levels> groups;
    std::vector<Eigen::VectorXd> biases;  // in units of a sum
  };

  size_t images() const { return to_index(images_.count); }
  [[noreturn]] void fail(size_t index, const std::string& what) const {
    throw Error(fmt::format("node '{}': {}", network_.layers.layers[index].name, what));
  }

  // The image: a pixel is worth a different number in each channel; a first layer has that in its
  // weights.
  void begin_image() {
    const InputChannel& first = network_.input.front();
    double zero = 0.0;
    for (const InputChannel& channel : network_.input) zero -= channel.offset / channel.scale;
    zero /= static_cast<double>(network_.input.size());
    result_.network.zero_point = static_cast<int>(std::clamp(std::round(zero), 0.0, kMaxPixel));
    image_.step = std::abs(first.scale);
    for (size_t i = 0; i < images(); ++i) {
      const auto pixels = images_.image(static_cast<int>(i));
      image_.exact.push_back(float_image(network_, pixels));
      std::vector<int32_t>& levels = image_.levels.emplace_back(pixels.begin(), pixels.end());
      for (int32_t& level : levels) level -= result_.network.zero_point;
    }
  }

  const Maps& input_of(size_t index, size_t input = 0) const {
    const int from = network_.layers.layers[index].inputs[input];
    return from == kImage ? image_ : maps_[to_index(from)];
  }

  // Trained weights of a group, in units of the image's pixels where it reads those.
  Eigen::MatrixXd weights_of(size_t index, int group) const {
    const Layer& layer = network_.layers.layers[index];
    const int kernels = layer.kernels / layer.groups;
    const int fan_in = layer.fan_in();
    Eigen::MatrixXd weights(kernels, fan_in);
    const std::vector<float>& from = network_.parameters[index].weights;
    const int channels = layer.input.channels / layer.groups;
    for (int k = 0; k < kernels; ++k) {
      for (int i = 0; i < fan_in; ++i) {
        double weight = from[to_index((group * kernels + k) * fan_in + i)];
        if (layer.inputs.front() == kImage) {
          const int channel = group * channels + i / (fan_in / channels);
          weight *= network_.input[to_index(channel)].scale / image_.step;
        }
        weights(k, i) = weight * input_of(index).step;
      }
    }
    return weights;
  }

  // An add that this layer's sums can go to unrounded: the other map is stored already.
  std::optional<size_t> add_behind(size_t index, bool& sums) const {
    const Layer& layer = network_.layers.layers[index];
    for (const size_t reader : readers_[index]) {
      const Layer& add = network_.layers.layers[reader];
      if (add.type != LayerType::kAdd) continue;
      const int other = add.inputs[add.inputs[0] == static_cast<int>(index) ? 1 : 0];
      if (other >= static_cast<int>(index)) continue;
      sums = readers_[index].size() == 1 && layer.activation == Activation::kNone &&
             other != kImage && result_.network.layers[to_index(other)].gives_pixels();
      return static_cast<size_t>(add.inputs[0] == static_cast<int>(index) ? 1 : 0);
    }
    return std::nullopt;
  }

  double step_to_match(size_t index, bool& sums) const {
    const std::optional<size_t> input = add_behind(index, sums);
    if (!input) return 0.0;
    for (const size_t reader : readers_[index]) {
      if (network_.layers.layers[reader].type == LayerType::kAdd) {
        return input_of(reader, *input).step;
      }
    }
    return 0.0;
  }

  void quantise_weights(size_t index);
  void quantise_add(size_t index);
  void pool(size_t index);
  Choice choose(size_t index, const std::vector<LevelFit>& fits,
                const std::vector<TapMatrix>& inputs, const TapMatrix& targets, double match,
                bool sums) const;
  void store(size_t index, std::vector<std::vector<float>> exact,
             std::vector<std::vector<int32_t>> sums, double unit, QuantisedLayer report);

  const FloatNetwork& network_;
  const ImageSet& images_;
  QuantisedNetwork result_;
  Maps image_;
  std::vector<Maps> maps_;
  std::vector<size_t> last_reader_;
  std::vector<std::vector<size_t>> readers_;
};

// The scale of a level and the shift with the least squared error of what the layer gives.
Quantiser::Choice Quantiser::choose(size_t index, const std::vector<LevelFit>& fits,
                                    const std::vector<TapMatrix>& inputs, const TapMatrix& targets,
                                    double match, bool sums) const {
  const Layer& layer = result_.network.layers[index];
  const bool rounded = layer.gives_pixels() && !sums;
  const Range range = range_of(layer);
  std::vector<Eigen::MatrixXd> weights;
  double largest = 0.0;
  for (int group = 0; group < layer.groups; ++group) {
    weights.push_back(weights_of(index, group));
    largest = std::max(largest, weights.back().cwiseAbs().maxCoeff());
  }
  if (!(largest > 0.0)) fail(index, "found weights that are all 0");
  if (!std::isfinite(largest) || !targets.allFinite()) {
    fail(index, "found numbers too large for floating point");
  }
  const double widest = largest / network_rules::kMaxWeight;
  std::vector<double> scales;
  if (match > 0.0) {
    for (double scale = std::exp2(std::ceil(std::log2(widest / match)) + 1.0) * match;
         scale > widest * kLeastScale / 2.0; scale /= 2.0) {
      scales.push_back(scale);
    }
  } else {
    for (int i = 0; i < kScales; ++i) {
      scales.push_back(widest * std::pow(kLeastScale, static_cast<double>(i) / (kScales - 1)));
    }
  }
  const double top = std::max(static_cast<double>(targets.maxCoeff()), 0.0);
  const double bottom = range.low < 0.0 ? -static_cast<double>(targets.minCoeff()) : 0.0;
  const double reach = std::max({top / range.high, range.low < 0.0 ? bottom / -range.low : 0.0});
  Choice best;
  for (const double scale : scales) {
    Choice choice;
    choice.scale = scale;
    TapMatrix given(targets.rows(), targets.cols());
    double error = 0.0;
    const Eigen::Index kernels = targets.rows() / layer.groups;
    for (int group = 0; group < layer.groups; ++group) {
      choice.groups.push_back(fits[to_index(group)].fit(weights[to_index(group)], scale));
      const Eigen::MatrixXd& levels = choice.groups.back().levels;
      error += choice.groups.back().error;
      Eigen::VectorXd biases = fits[to_index(group)].biases(levels, scale) / scale;
      biases = biases.array().round();
      if (rounded) {
        auto rows = given.middleRows(group * kernels, kernels);
        rows.noalias() = levels.cast<float>() * inputs[to_index(group)];
        rows.colwise() += biases.cast<float>();
      }
      choice.biases.push_back(std::move(biases));
    }
    if (!rounded) {
      choice.error = error;
      if (choice.error < best.error) best = std::move(choice);
      continue;
    }
    for (int shift = 0; shift <= network_rules::kMaxShift; ++shift) {
      const double step = std::ldexp(scale, shift);
      if (step < reach / 6.0 && shift < network_rules::kMaxShift) continue;
      if (step > reach * 2.5 && choice.error < std::numeric_limits<double>::max()) break;
      double squares = 0.0;
      for (Eigen::Index i = 0; i < targets.size(); ++i) {
        const double wanted =
            range.low < 0.0 ? targets.data()[i] : std::max(targets.data()[i], 0.0F);
        const double pixel = stored(given.data()[i], shift, range.low, range.high);
        squares += (pixel * step - wanted) * (pixel * step - wanted);
      }
      if (squares < choice.error) {
        choice.error = squares;
        choice.shift = shift;
      }
    }
    if (choice.error < best.error) best = std::move(choice);
  }
  if (best.groups.empty()) fail(index, "found numbers too large for floating point");
  return best;
}

void Quantiser::quantise_weights(size_t index) {
  Layer& layer = result_.network.layers[index];
  bool sums = false;
  const double match = step_to_match(index, sums);
  if (layer.activation == Activation::kNone && !sums) layer.zero_point = kSignedZero;
  if (sums) layer.activation = Activation::kSum;
  const FloatParameters& parameters = network_.parameters[index];
  const Maps& input = input_of(index);
  const int kernels = layer.kernels / layer.groups;
  const Eigen::Index positions = Eigen::Index{layer.convolution.height} * layer.convolution.width;
  const auto count = static_cast<Eigen::Index>(images());
  const Eigen::Index step = std::max<Eigen::Index>(1, positions * count / kSamples);
  const Eigen::Index samples = (positions * count + step - 1) / step;

  std::vector<LevelFit> fits(to_index(layer.groups), LevelFit(layer.fan_in(), kernels));
  std::vector<TapMatrix> sampled(to_index(layer.groups), TapMatrix(layer.fan_in(), samples));
  TapMatrix targets(layer.kernels, samples);
  std::vector<std::vector<float>> exact;
  TapMatrix taps;
  for (size_t i = 0; i < images(); ++i) {
    exact.push_back(evaluate_layer(layer, parameters, {input.exact[i]}));
    const Eigen::Map<const TapMatrix> all(exact.back().data(), layer.kernels, positions);
    const Eigen::Index first = static_cast<Eigen::Index>(i) * positions;
    for (int group = 0; group < layer.groups; ++group) {
      unfold(layer, group, span_of(input.levels[i]), 0, taps);
      fits[to_index(group)].add(taps, all.middleRows(group * kernels, kernels));
      for (Eigen::Index s = (first + step - 1) / step; s * step < first + positions; ++s) {
        sampled[to_index(group)].col(s) = taps.col(s * step - first);
        if (group == 0) targets.col(s) = all.col(s * step - first);
      }
    }
  }
  for (LevelFit& fit : fits) fit.centre();
  const Choice choice = choose(index, fits, sampled, targets, match, sums);

  QuantisedLayer report;
  report.name = layer.name;
  report.level = choice.scale / input.step;
  layer.weights.clear();
  layer.biases.clear();
  for (size_t group = 0; group < fits.size(); ++group) {
    const LevelFit::Levels& levels = choice.groups[group];
    report.clipped_weights += levels.clipped;
    for (Eigen::Index k = 0; k < levels.levels.rows(); ++k) {
      for (Eigen::Index i = 0; i < levels.levels.cols(); ++i) {
        layer.weights.push_back(static_cast<int8_t>(levels.levels(k, i)));
      }
      const double bias = choice.biases[group][k];
      if (std::abs(bias) > static_cast<double>(network_rules::kMaxSum)) {
        fail(index, fmt::format("found a bias of {} weight levels, allowed are {}", bias,
                                network_rules::kMaxSum));
      }
      layer.biases.push_back(static_cast<int32_t>(bias));
    }
  }
  report.clipped_weights /= static_cast<double>(layer.weights.size());
  layer.shift = choice.shift;

  std::vector<std::vector<int32_t>> given;
  for (size_t i = 0; i < images(); ++i) {
    std::vector<int32_t>& all = given.emplace_back();
    for (int group = 0; group < layer.groups; ++group) {
      unfold(layer, group, span_of(input.levels[i]), 0, taps);
      // Sums are whole numbers that a double holds.
      Eigen::MatrixXd result = choice.groups[to_index(group)].levels * taps.cast<double>();
      result.colwise() += choice.biases[to_index(group)];
      for (Eigen::Index k = 0; k < kernels; ++k) {
        for (Eigen::Index p = 0; p < positions; ++p) {
          all.push_back(static_cast<int32_t>(result(k, p)));
        }
      }
    }
  }
  store(index, std::move(exact), std::move(given), choice.scale, std::move(report));
}

void Quantiser::store(size_t index, std::vector<std::vector<float>> exact,
                      std::vector<std::vector<int32_t>> sums, double unit, QuantisedLayer report) {
  const Layer& layer = result_.network.layers[index];
  Maps& maps = maps_[index];
  const Range range = range_of(layer);
  double signal = 0.0;
  double noise = 0.0;
  double clipped = 0.0;
  double all = 0.0;
  maps.step = layer.gives_pixels() ? std::ldexp(unit, layer.shift) : unit;
  for (size_t i = 0; i < sums.size(); ++i) {
    activate(network_.layers.layers[index], exact[i]);
    for (size_t p = 0; p < sums[i].size(); ++p) {
      if (layer.gives_pixels()) {
        const double sum = sums[i][p];
        const double whole = stored(sum, layer.shift, -1e18, 1e18);
        const double pixel = stored(sum, layer.shift, range.low, range.high);
        clipped += whole > range.high || (range.low < 0.0 && whole < range.low) ? 1.0 : 0.0;
        sums[i][p] = static_cast<int32_t>(pixel);
      }
      const double wanted = exact[i][p];
      const double error = wanted - sums[i][p] * maps.step;
      signal += wanted * wanted;
      noise += error * error;
      all += 1.0;
    }
  }
  report.step = maps.step;
  report.clipped_pixels = clipped / all;
  report.snr_db = 10.0 * std::log10(signal / std::max(noise, signal * 1e-30));
  maps.exact = std::move(exact);
  maps.levels = std::move(sums);
  result_.layers.push_back(std::move(report));
}

void Quantiser::quantise_add(size_t index) {
  Layer& layer = result_.network.layers[index];
  const Maps& a = input_of(index, 0);
  const Maps& b = input_of(index, 1);
  const double unit = std::min(a.step, b.step);
  layer.input_shifts.clear();
  for (const Maps* maps : {&a, &b}) {
    const double shift = std::log2(maps->step / unit);
    if (std::abs(shift - std::round(shift)) > 1e-6 || shift > network_rules::kMaxShift) {
      fail(index, fmt::format("a step of its inputs is worth {:.4g} and {:.4g}, allowed is a power "
                              "of two between them; put a Conv into one of the branches",
                              a.step, b.step));
    }
    layer.input_shifts.push_back(static_cast<int>(std::round(shift)));
  }
  if (layer.activation == Activation::kNone) layer.zero_point = kSignedZero;
  const Range range = range_of(layer);
  std::vector<std::vector<float>> exact;
  std::vector<std::vector<int32_t>> sums;
  for (size_t i = 0; i < images(); ++i) {
    exact.push_back(evaluate_layer(layer, {}, {a.exact[i], b.exact[i]}));
    std::vector<int32_t>& all = sums.emplace_back();
    for (size_t p = 0; p < a.levels[i].size(); ++p) {
      all.push_back((a.levels[i][p] << layer.input_shifts[0]) +
                    (b.levels[i][p] << layer.input_shifts[1]));
    }
  }
  double best = std::numeric_limits<double>::max();
  const size_t skip = std::max<size_t>(1, images() * sums.front().size() / (8 * kSamples));
  for (int shift = 0; shift <= network_rules::kMaxShift; ++shift) {
    double squares = 0.0;
    const double step = std::ldexp(unit, shift);
    for (size_t i = 0; i < images(); ++i) {
      for (size_t p = i % skip; p < sums[i].size(); p += skip) {
        const double wanted = range.low < 0.0 ? exact[i][p] : std::max(exact[i][p], 0.0F);
        const double error = stored(sums[i][p], shift, range.low, range.high) * step - wanted;
        squares += error * error;
      }
    }
    if (squares < best) {
      best = squares;
      layer.shift = shift;
    }
  }
  QuantisedLayer report;
  report.name = layer.name;
  store(index, std::move(exact), std::move(sums), unit, std::move(report));
}

void Quantiser::pool(size_t index) {
  Layer& layer = result_.network.layers[index];
  if (layer.inputs.front() == kImage) {
    fail(index, "pools the image itself, allowed behind a layer with weights");
  }
  const Layer& before = result_.network.layers[to_index(layer.inputs.front())];
  layer.input_zero_point = before.zero_point;
  layer.zero_point = before.zero_point;
  const Maps& input = input_of(index);
  Maps& maps = maps_[index];
  const auto needs_sums = [&](size_t reader) {
    return result_.network.layers[reader].type == LayerType::kFullyConnected;
  };
  const Pooling& pool = *layer.pool;
  const bool mean = layer.type == LayerType::kAveragePool;
  // Sums of windows of one size need no division; the weights behind them take it.
  const bool sums = mean && pool.padding == Padding{} && !pool.ceil &&
                    std::ranges::all_of(readers_[index], needs_sums);
  if (sums) {
    layer.activation = Activation::kSum;
    layer.zero_point = 0;
  }
  maps.step = sums ? input.step / (pool.rows * pool.columns) : input.step;
  std::vector<uint8_t> pixels;
  std::vector<uint8_t> pooled;
  for (size_t i = 0; i < images(); ++i) {
    maps.exact.push_back(evaluate_layer(layer, {}, {input.exact[i]}));
    pixels.clear();
    for (const int32_t level : input.levels[i]) {
      pixels.push_back(static_cast<uint8_t>(level + before.zero_point));
    }
    std::vector<int32_t>& levels = maps.levels.emplace_back();
    if (sums) {
      sum_pool(pool, layer.input, layer.output, before.zero_point, pixels, levels);
      continue;
    }
    if (mean) {
      mean_pool(pool, layer.input, layer.output, before.zero_point, pixels, pooled);
    } else {
      max_pool(pool, layer.input, layer.output, pixels, pooled);
    }
    for (const uint8_t pixel : pooled) levels.push_back(int32_t{pixel} - before.zero_point);
  }
}

}  // namespace

QuantisedNetwork quantise(const FloatNetwork& network, const ImageSet& images) {
  return Quantiser(network, images).run();
}

}  // namespace mcnn
