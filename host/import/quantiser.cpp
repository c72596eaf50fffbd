// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "common/index.h"
#include "common/parallel.h"
#include "host/import/chip_adds.h"
#include "host/import/quantiser_work.h"
#include "host/network/integer_pooling.h"

namespace mcnn::quantising {

Range range_of(const Layer& layer) {
  return {static_cast<double>(-layer.zero_point), kMaxPixel - layer.zero_point};
}

bool is_whole(double number) {
  return std::isfinite(number) && std::abs(number - std::round(number)) < 1e-4;
}

Quantiser::Quantiser(const FloatNetwork& network, const ImageSet& images, unsigned jobs)
    : network_(network), images_(images), jobs_(jobs), result_{network.layers, {}} {
  const Network& layers = network.layers;
  maps_.resize(layers.layers.size());
  chips_.assign(layers.layers.size(), 0);
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

void Quantiser::tie_steps() {
  const std::vector<Layer>& layers = network_.layers.layers;
  families_.resize(layers.size() + 1);
  std::iota(families_.begin(), families_.end(), 0);
  family_steps_.assign(families_.size(), 0.0);
  sharers_.resize(layers.size());
  const auto tie = [&](int a, int b) { std::ranges::replace(families_, family(a), family(b)); };
  const auto copies = [&](int index) {
    const std::vector<float>& weights = network_.parameters[to_index(index)].weights;
    return std::ranges::count(weights, 1.0F) == layers[to_index(index)].kernels &&
           std::ranges::count(weights, 0.0F) + layers[to_index(index)].kernels ==
               std::ssize(weights);
  };
  std::vector<int> given_by;  // of each layer: the layer whose step it has
  std::vector<int> adds;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    const int index = static_cast<int>(i);
    given_by.push_back(index);
    if (layer.has_weights()) continue;
    const int kept = layer.inputs.back();
    if (kept == kImage) continue;
    given_by[i] = given_by[to_index(kept)];
    tie(index, kept);
    if (layer.type != LayerType::kAdd) continue;
    sharers_[to_index(given_by[i])].push_back({i, {}});
    const int sums = layer.inputs.front();
    if (copies(sums)) tie(index, layers[to_index(sums)].inputs.front());
    adds.push_back(index);
  }
  if (adds.empty()) return;
  const size_t some = std::min(images(), kSharerImages);
  for (size_t i = 0; i < some; ++i) {
    const auto maps = evaluate_maps(network_, images_.image(static_cast<int>(i * images() / some)));
    for (std::vector<Sharer>& sharers : sharers_) {
      for (Sharer& sharer : sharers) {
        const std::vector<float>& map = maps[sharer.add];
        const size_t skip = std::max<size_t>(1, map.size() * some / to_index(kSamples));
        for (size_t p = i % skip; p < map.size(); p += skip) sharer.values.push_back(map[p]);
      }
    }
  }
}

double Quantiser::error_of_sharers(size_t index, double step) const {
  double all = 0.0;
  for (const Sharer& sharer : sharers_[index]) {
    const Layer& add = network_.layers.layers[sharer.add];
    const double low = add.activation == Activation::kNone ? -kSignedZero : 0.0;
    double squares = 0.0;
    for (const float value : sharer.values) {
      const double pixel = std::clamp(std::round(value / step), low, low + kMaxPixel);
      squares += (pixel * step - value) * (pixel * step - value);
    }
    all += squares / static_cast<double>(sharer.values.size());
  }
  return all;
}

QuantisedNetwork Quantiser::run() {
  tie_steps();
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

void Quantiser::begin_image() {
  const InputChannel& first = network_.input.front();
  double zero = 0.0;
  for (const InputChannel& channel : network_.input) zero -= channel.offset / channel.scale;
  zero /= static_cast<double>(network_.input.size());
  // The chip pads with pixels of 0, whatever they stand for.
  const bool padded = std::ranges::any_of(network_.layers.layers, [](const Layer& layer) {
    return layer.inputs.front() == kImage && layer.padding != Padding{};
  });
  if (padded && std::round(zero) != 0.0) {
    result_.other_border = true;
    zero = 0.0;
  }
  image_is_chips_ = std::ranges::all_of(network_.input, [&](const InputChannel& channel) {
    return is_whole(zero) && std::abs(channel.offset / channel.scale + zero) < 1e-4;
  });
  result_.network.zero_point = static_cast<int>(std::clamp(std::round(zero), 0.0, kMaxPixel));
  image_.step = std::abs(first.scale);
  family_steps_[to_index(family(kImage))] = image_.step;
  for (size_t i = 0; i < images(); ++i) {
    const auto pixels = images_.image(static_cast<int>(i));
    image_.exact.push_back(float_image(network_, pixels));
    std::vector<int32_t>& levels = image_.levels.emplace_back(pixels.begin(), pixels.end());
    for (int32_t& level : levels) level -= result_.network.zero_point;
  }
}

void Quantiser::store(size_t index, std::vector<std::vector<float>> exact,
                      std::vector<std::vector<int32_t>> sums, double unit, QuantisedLayer report) {
  const Layer& layer = result_.network.layers[index];
  Maps& maps = maps_[index];
  const Range range = range_of(layer);
  maps.step = layer.gives_pixels() ? std::ldexp(unit, layer.shift) : unit;
  struct Sums {
    double signal = 0.0;
    double noise = 0.0;
    int64_t clipped = 0;
  };
  std::vector<Sums> of_images(sums.size());
  for_each_index(sums.size(), jobs_, [&](size_t i) {
    activate(network_.layers.layers[index], network_.parameters[index], exact[i]);
    Sums& all = of_images[i];
    if (layer.gives_pixels()) {
      const int low = static_cast<int>(range.low);
      const int high = static_cast<int>(range.high);
      const int half = layer.shift > 0 ? 1 << (layer.shift - 1) : 0;
      for (int32_t& sum : sums[i]) {
        const int whole = (sum + half) >> layer.shift;
        all.clipped += whole > high || (low < 0 && whole < low) ? 1 : 0;
        sum = std::clamp(whole, low, high);
      }
    }
    const auto size = static_cast<Eigen::Index>(sums[i].size());
    const auto wanted = Eigen::Map<const Eigen::ArrayXf>(exact[i].data(), size).cast<double>();
    const auto given = Eigen::Map<const Eigen::ArrayXi>(sums[i].data(), size).cast<double>();
    all.signal = wanted.square().sum();
    all.noise = (wanted - given * maps.step).square().sum();
  });
  Sums all;
  for (const Sums& image : of_images) {
    all.signal += image.signal;
    all.noise += image.noise;
    all.clipped += image.clipped;
  }
  if (layer.gives_pixels()) family_steps_[to_index(family(static_cast<int>(index)))] = maps.step;
  report.step = maps.step;
  report.clipped_pixels =
      static_cast<double>(all.clipped) / static_cast<double>(sums.size() * sums.front().size());
  report.snr_db = 10.0 * std::log10(all.signal / std::max(all.noise, all.signal * 1e-30));
  maps.exact = std::move(exact);
  maps.levels = std::move(sums);
  result_.layers.push_back(std::move(report));
}

void Quantiser::quantise_add(size_t index) {
  Layer& layer = result_.network.layers[index];
  const Maps& sums = input_of(index, 0);
  const Maps& pixels = input_of(index, 1);
  // The sum has the step of the pixels, so what it is shifted back by they are shifted by.
  layer.shift = static_cast<int>(std::round(std::log2(pixels.step / sums.step)));
  layer.input_shifts = {0, layer.shift};
  if (layer.activation == Activation::kNone) layer.zero_point = kSignedZero;
  const double trained = network_.parameters[index].upper / kMaxPixel / pixels.step;
  chips_[index] = is_chips(layer.inputs[0]) && is_chips(layer.inputs[1]) &&
                          is_whole(std::log2(trained)) && std::round(trained) == 1.0
                      ? 1
                      : 0;
  std::vector<std::vector<float>> exact;
  std::vector<std::vector<int32_t>> all;
  for (size_t i = 0; i < images(); ++i) {
    exact.push_back(evaluate_layer(layer, {}, {sums.exact[i], pixels.exact[i]}));
    std::vector<int32_t>& sum = all.emplace_back(sums.levels[i]);
    for (size_t p = 0; p < sum.size(); ++p) sum[p] += pixels.levels[i][p] << layer.shift;
  }
  QuantisedLayer report;
  report.name = layer.name;
  store(index, std::move(exact), std::move(all), sums.step, std::move(report));
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
  chips_[index] = is_chips(layer.inputs.front()) ? 1 : 0;
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

}  // namespace mcnn::quantising

namespace mcnn {

QuantisedNetwork quantise(const FloatNetwork& network, const ImageSet& images, unsigned jobs) {
  const FloatNetwork chip = with_chip_adds(network);
  return quantising::Quantiser(chip, images, jobs).run();
}

}  // namespace mcnn
