// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/index.h"
#include "host/import/quantiser_work.h"

namespace mcnn::quantising {

namespace {

constexpr int kScales = 24;          // values of a weight level that are tried
constexpr double kLeastScale = 0.3;  // of that at which the largest weight is the largest level
constexpr int kMostAddShift = 20;    // of pixels that are added: they stay within the largest sum

// What a level is worth, where all weights are levels already, whole numbers -7..7 times one
// number; otherwise 0.
double level_of(const std::vector<Eigen::MatrixXd>& weights) {
  double largest = 0.0;
  for (const Eigen::MatrixXd& group : weights) {
    largest = std::max(largest, group.cwiseAbs().maxCoeff());
  }
  for (int levels = 1; levels <= network_rules::kMaxWeight; ++levels) {
    const double level = largest / levels;
    const auto good = [&](const Eigen::MatrixXd& group) {
      return (group / level).unaryExpr(&is_whole).all();
    };
    if (std::ranges::all_of(weights, good)) return level;
  }
  return 0.0;
}

}  // namespace

Eigen::MatrixXd Quantiser::weights_of(size_t index, int group) const {
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

std::optional<size_t> Quantiser::add_of(size_t index) const {
  for (const size_t reader : readers_[index]) {
    const Layer& add = network_.layers.layers[reader];
    if (add.type == LayerType::kAdd && add.inputs.front() == static_cast<int>(index)) return reader;
  }
  return std::nullopt;
}

double Quantiser::step_to_match(size_t index) const {
  if (const std::optional<size_t> add = add_of(index)) return input_of(*add, 1).step;
  return family_steps_[to_index(families_[index + 1])];
}

std::vector<double> Quantiser::scales_for(size_t index, double largest) const {
  const double widest = largest / network_rules::kMaxWeight;
  const double match = step_to_match(index);
  std::vector<double> scales;
  if (match <= 0.0) {
    for (int i = 0; i < kScales; ++i) {
      scales.push_back(widest * std::pow(kLeastScale, static_cast<double>(i) / (kScales - 1)));
    }
    return scales;
  }
  // Sums are never worth more than what they are added to: an add shifts them back, not up.
  const double most = add_of(index) ? 0.0 : std::numeric_limits<double>::infinity();
  double power = std::min(std::ceil(std::log2(widest / match)) + 1.0, most);
  do {
    scales.push_back(std::exp2(power) * match);
    power -= 1.0;
  } while (power >= -kMostAddShift && scales.back() > widest * kLeastScale);
  return scales;
}

std::optional<Quantiser::Choice> Quantiser::trained_levels(
    size_t index, const std::vector<Eigen::MatrixXd>& weights, double level) const {
  const Layer& layer = result_.network.layers[index];
  Choice choice;
  choice.trained = true;
  choice.scale = level;
  if (layer.gives_pixels()) {
    const double shift = std::log2(network_.parameters[index].upper / kMaxPixel / level);
    if (!is_whole(shift) || shift < -0.5 || shift > network_rules::kMaxShift + 0.5) {
      return std::nullopt;
    }
    choice.shift = static_cast<int>(std::round(shift));
  }
  const std::vector<float>& biases = network_.parameters[index].biases;
  Eigen::Index kernel = 0;
  for (const Eigen::MatrixXd& group : weights) {
    choice.groups.push_back({.levels = (group / level).array().round()});
    Eigen::VectorXd& all = choice.biases.emplace_back(group.rows());
    for (double& bias : all) bias = std::round(biases[to_index(kernel++)] / level);
  }
  return choice;
}

Quantiser::Choice Quantiser::choose(size_t index, const std::vector<LevelFit>& fits,
                                    const std::vector<TapMatrix>& inputs,
                                    const TapMatrix& targets) const {
  const Layer& layer = result_.network.layers[index];
  const bool rounded = layer.gives_pixels();
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
  const float upper = network_.parameters[index].upper;
  double top = std::clamp(targets.maxCoeff(), 0.0F, upper);
  for (const Sharer& sharer : sharers_[index]) {
    top = std::max<double>(top, std::ranges::max(sharer.values));
  }
  const double bottom = range.low < 0.0 ? -static_cast<double>(targets.minCoeff()) : 0.0;
  const double reach = std::max({top / range.high, range.low < 0.0 ? bottom / -range.low : 0.0});
  const double level = is_chips(layer.inputs.front()) ? level_of(weights) : 0.0;
  const double match = step_to_match(index);
  const double power = match > 0.0 ? std::log2(level / match) : 0.0;
  if (level > 0.0 && is_whole(power) &&
      (!add_of(index) || (power < 0.5 && power > -kMostAddShift - 0.5))) {
    std::optional<Choice> ready = trained_levels(index, weights, level);
    if (ready) return std::move(*ready);
  }
  Choice best;
  for (const double scale : scales_for(index, largest)) {
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
            range.low < 0.0 ? targets.data()[i] : std::clamp(targets.data()[i], 0.0F, upper);
        const double pixel = stored(given.data()[i], shift, range.low, range.high);
        squares += (pixel * step - wanted) * (pixel * step - wanted);
      }
      squares += error_of_sharers(index, step) * static_cast<double>(targets.size());
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
  if (add_of(index)) {
    layer.activation = Activation::kSum;
  } else if (layer.activation == Activation::kNone) {
    layer.zero_point = kSignedZero;
  }
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
  const Choice choice = choose(index, fits, sampled, targets);
  chips_[index] = choice.trained ? 1 : 0;

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

}  // namespace mcnn::quantising
