// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/index.h"
#include "common/parallel.h"
#include "host/import/quantiser_work.h"

namespace mcnn::quantising {

namespace {

constexpr int kScales = 24;          // values of a weight level that are tried
constexpr double kLeastScale = 0.3;  // of that at which the largest weight is the largest level
constexpr double kNoError = std::numeric_limits<double>::max();
constexpr size_t kTried = 6;              // of them, with the pixels that they give
constexpr double kMaxFloat = 1 << 24;     // up to which a float holds all whole numbers
constexpr Eigen::Index kFitSamples = 32;  // positions on which levels are fitted, for each weight
constexpr Eigen::Index kBlock = 1024;     // positions whose products are summed as floats
constexpr int kMostAddShift = 20;  // of pixels that are added: they stay within the largest sum

using RowArray = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Squared error of the pixels floor(value * factor + half), clamped, of that step.
template <typename Values>
double storing_error(const Values& values, float factor, float half, const Range& range,
                     double step, const RowArray& wanted) {
  const auto low = static_cast<float>(range.low);
  const auto high = static_cast<float>(range.high);
  double sum = 0.0;
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    const auto pixels = (values.row(row) * factor + half).floor().max(low).min(high);
    sum += (pixels * static_cast<float>(step) - wanted.row(row)).square().sum();
  }
  return sum;
}

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
  const std::vector<double> scales = scales_for(index, largest);
  std::vector<Choice> tried(scales.size());
  for_each_index(scales.size(), jobs_, [&](size_t i) {
    Choice& choice = tried[i];
    choice.scale = scales[i];
    choice.error = 0.0;
    for (size_t group = 0; group < fits.size(); ++group) {
      choice.groups.push_back(fits[group].fit(weights[group], choice.scale));
      choice.error += choice.groups.back().error;
      Eigen::VectorXd biases = fits[group].biases(choice.groups.back().levels, choice.scale);
      biases = (biases / choice.scale).array().round();
      choice.biases.push_back(std::move(biases));
    }
  });
  if (!rounded) return best_of(index, tried);
  // What pixels lose, for every shift whose step is within reach.
  const RowArray wanted =
      range.low < 0.0 ? RowArray(targets.array()) : RowArray(targets.array().max(0.0F).min(upper));
  const auto for_shifts = [&](double scale, const auto& visit) {
    for (int shift = 0; shift <= network_rules::kMaxShift; ++shift) {
      const double step = std::ldexp(scale, shift);
      if (step < reach / 6.0 && shift < network_rules::kMaxShift) continue;
      visit(shift, step, error_of_sharers(index, step) * static_cast<double>(targets.size()));
      if (step > reach * 2.5) break;
    }
  };
  // First as if rounding had nothing to do with what the levels lose on all that was fitted.
  const double share = static_cast<double>(targets.cols()) / fits.front().count();
  for_each_index(tried.size(), jobs_, [&](size_t i) {
    double least = kNoError;
    for_shifts(tried[i].scale, [&](int, double step, double shared) {
      const auto inverse = static_cast<float>(1.0 / step);
      least = std::min(least,
                       shared + storing_error(targets.array(), inverse, 0.5F, range, step, wanted));
    });
    const double error = tried[i].error * share + least;
    tried[i].error = error < kNoError ? error : kNoError;
  });
  std::ranges::stable_sort(tried, {}, &Choice::error);
  tried.resize(std::min(tried.size(), kTried));
  const Eigen::Index kernels = targets.rows() / layer.groups;
  for_each_index(tried.size(), jobs_, [&](size_t i) {
    Choice& choice = tried[i];
    TapMatrix given(targets.rows(), targets.cols());
    for (int group = 0; group < layer.groups; ++group) {
      auto rows = given.middleRows(group * kernels, kernels);
      rows.noalias() =
          choice.groups[to_index(group)].levels.cast<float>() * inputs[to_index(group)];
      rows.colwise() += choice.biases[to_index(group)].cast<float>();
    }
    choice.error = kNoError;
    for_shifts(choice.scale, [&](int shift, double step, double shared) {
      const auto inverse = static_cast<float>(std::ldexp(1.0, -shift));
      const double error = shared + storing_error(given.array(), inverse, shift > 0 ? 0.5F : 0.0F,
                                                  range, step, wanted);
      if (error < choice.error) {
        choice.error = error;
        choice.shift = shift;
      }
    });
  });
  return best_of(index, tried);
}

Quantiser::Choice Quantiser::best_of(size_t index, std::vector<Choice>& choices) const {
  Choice* best = nullptr;
  for (Choice& choice : choices) {
    const bool number = choice.error < kNoError;
    if (number && (best == nullptr || choice.error < best->error)) best = &choice;
  }
  if (best == nullptr) fail(index, "found numbers too large for floating point");
  return std::move(*best);
}

std::vector<int32_t> Quantiser::sums_of(const Layer& layer, const Choice& choice,
                                        std::span<const int32_t> levels) {
  const int kernels = layer.kernels / layer.groups;
  const int positions = layer.convolution.height * layer.convolution.width;
  std::vector<int32_t> sums(to_index(layer.kernels * positions));
  Eigen::Map<Eigen::Matrix<int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> all(
      sums.data(), layer.kernels, positions);
  TapMatrix taps;
  for (int group = 0; group < layer.groups; ++group) {
    unfold(layer, group, levels, taps);
    const Eigen::MatrixXd& weights = choice.groups[to_index(group)].levels;
    const Eigen::VectorXd& biases = choice.biases[to_index(group)];
    auto rows = all.middleRows(group * kernels, kernels);
    // Whole numbers, which a float holds up to 2^24.
    const double largest =
        weights.cwiseAbs().rowwise().sum().maxCoeff() * taps.cwiseAbs().maxCoeff();
    if (largest <= kMaxFloat) {
      rows = (weights.cast<float>() * taps).cast<int32_t>();
    } else {
      rows = (weights * taps.cast<double>()).cast<int32_t>();
    }
    rows.colwise() += biases.cast<int32_t>();
  }
  return sums;
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
  // Positions of each image, others in each.
  const Eigen::Index wanted = std::max(kSamples, kFitSamples * layer.fan_in());
  const Eigen::Index every = std::max<Eigen::Index>(1, positions * count / wanted);
  std::vector<std::vector<int>> chosen(images());
  Eigen::Index samples = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index p = i % every; p < positions; p += every) {
      chosen[to_index(i)].push_back(static_cast<int>(p));
      ++samples;
    }
  }

  std::vector<TapMatrix> sampled(to_index(layer.groups), TapMatrix(layer.fan_in(), samples));
  TapMatrix targets(layer.kernels, samples);
  std::vector<std::vector<float>> exact(images());
  for_each_index(images(), jobs_,
                 [&](size_t i) { exact[i] = evaluate_layer(layer, parameters, {input.exact[i]}); });
  Eigen::Index column = 0;
  for (size_t i = 0; i < images(); ++i) {
    const Eigen::Map<const TapMatrix> all(exact[i].data(), layer.kernels, positions);
    for (int group = 0; group < layer.groups; ++group) {
      unfold_some(layer, group, input.levels[i], chosen[i], sampled[to_index(group)], column);
    }
    for (const int position : chosen[i]) targets.col(column++) = all.col(position);
  }
  std::vector<LevelFit> fits(to_index(layer.groups), LevelFit(layer.fan_in(), kernels));
  for (int group = 0; group < layer.groups; ++group) {
    LevelFit& fit = fits[to_index(group)];
    for (Eigen::Index first = 0; first < samples; first += kBlock) {
      const Eigen::Index columns = std::min(kBlock, samples - first);
      fit.add(sampled[to_index(group)].middleCols(first, columns),
              targets.block(group * kernels, first, kernels, columns));
    }
    fit.centre();
  }
  if (const Eigen::Index skip = samples / kSamples; skip > 1) {
    const auto some = Eigen::seq(0, samples - 1, skip);
    for (TapMatrix& inputs : sampled) inputs = TapMatrix(inputs(Eigen::all, some));
    targets = TapMatrix(targets(Eigen::all, some));
  }
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

  std::vector<std::vector<int32_t>> given(images());
  for_each_index(images(), jobs_,
                 [&](size_t i) { given[i] = sums_of(layer, choice, input.levels[i]); });
  store(index, std::move(exact), std::move(given), choice.scale, std::move(report));
}

}  // namespace mcnn::quantising
