// SPDX-License-Identifier: Apache-2.0
#include "tests/support/network_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "common/error.h"
#include "common/index.h"
#include "tests/support/network_builder.h"
#include "tests/support/random.h"

namespace mcnn::testing {
namespace {

class Suite {
 public:
  NetworkBuilder start(MapShape input) {
    seed_ = 1000 + cases_.size();
    return NetworkBuilder(fmt::format("suite_{}", seed_), input, seed_);
  }
  SuiteCase& add(std::string name, Network network, MappingKind kind = MappingKind::kDefault) {
    SuiteCase& added = cases_.emplace_back();
    added.name = std::move(name);
    added.seed = seed_;
    added.network = std::move(network);
    added.network.name = added.name;
    added.options.kind = kind;
    return added;
  }
  // Odd numbers of logits that are all negative: the last one has no partner in its pair, and the 0
  // that stands in its place must not win. 1 and 3 are less than a pass, the third is one more.
  void add_negative_logits(MapShape input, int kernels_of_a_pass) {
    for (const int outputs : {1, 3, kernels_of_a_pass + 1}) {
      add(fmt::format("logits_{}_negative", outputs), start(input).negative_logits(outputs))
          .negative = true;
    }
  }
  std::vector<SuiteCase> take() { return std::move(cases_); }

 private:
  uint64_t seed_ = 0;
  std::vector<SuiteCase> cases_;
};

std::vector<SuiteCase> tiny_suite() {
  Suite s;
  s.add("plain", s.start({1, 8, 8}).convolution(2, 3, 3).pool(2, 2, 2, 2, false).logits(4));
  s.add("no_pooling", s.start({1, 6, 6}).convolution(3, 3, 3).logits(3));
  s.add("stride_2_padding_1",
        s.start({1, 9, 11}).convolution(2, 3, 3, 2, 1, 1).pool(2, 2, 2, 2, true).logits(5));
  s.add("stride_3_padding_columns", s.start({1, 10, 13}).convolution(2, 2, 4, 3, 0, 2).logits(2));
  s.add("pool_overlap_3_by_1",
        s.start({1, 5, 6}).convolution(2, 2, 2).pool(3, 3, 1, 1, false).logits(4));
  s.add("pool_overlap_3_by_2_ceil",
        s.start({1, 9, 10}).convolution(2, 3, 3).pool(3, 3, 2, 2, true).logits(4));
  s.add("pool_overlap_3_by_2_floor",
        s.start({1, 10, 9}).convolution(2, 3, 3).pool(3, 3, 2, 2, false).logits(4));
  s.add("pool_gaps_2_by_3",
        s.start({1, 13, 12}).convolution(2, 2, 2).pool(2, 2, 3, 3, true).logits(4));
  s.add("pool_rows_unlike_columns",
        s.start({1, 10, 16}).convolution(2, 3, 3).pool(4, 5, 2, 5, true).logits(4));
  s.add("kernels_5_in_two_passes",
        s.start({1, 7, 7}).convolution(5, 3, 3).pool(2, 2, 2, 2, true).logits(2));
  s.add("kernels_3_odd",
        s.start({1, 16, 16}).convolution(3, 3, 3).pool(4, 4, 4, 4, true).logits(3));
  s.add("kernel_1x1", s.start({2, 4, 4}).convolution(2, 1, 1).logits(4));
  s.add("kernel_4x4", s.start({1, 7, 6}).convolution(2, 4, 4).logits(4));
  s.add("kernel_1x4", s.start({1, 3, 7}).convolution(2, 1, 4).logits(4));
  s.add("kernel_4x1",
        s.start({1, 7, 3}).convolution(2, 4, 1, 1, 3, 0).pool(3, 1, 3, 1, true).logits(4));
  s.add("kernel_5x3_in_two_windows",
        s.start({1, 8, 8}).convolution(2, 5, 3).pool(2, 2, 2, 2, true).logits(4));
  s.add("channels_3", s.start({3, 6, 7}).convolution(2, 2, 2).pool(2, 2, 2, 2, true).logits(3));
  s.add("two_convolutions", s.start({1, 10, 10})
                                .convolution(2, 3, 3)
                                .pool(2, 2, 2, 2, false)
                                .convolution(2, 2, 2)
                                .logits(4));
  s.add("fully_connected_only", s.start({1, 8, 7}).logits(4));
  s.add("fully_connected_hidden", s.start({1, 4, 4}).hidden(6).logits(3));
  s.add("fully_connected_10_logits", s.start({1, 4, 8}).logits(10));
  s.add("one_logit_one_pixel", s.start({1, 1, 1}).logits(1));
  {
    SuiteCase& c = s.add("one_replica_asked_for",
                         s.start({1, 8, 8}).convolution(2, 3, 3).pool(2, 2, 2, 2, false).logits(4));
    c.options.replicas = {1};
  }
  {
    SuiteCase& c = s.add("range_0_asked_for",
                         s.start({1, 8, 8}).convolution(2, 3, 3).pool(2, 2, 2, 2, false).logits(4));
    c.options.range = 0;
  }
  s.add_negative_logits({1, 4, 4}, 4);
  s.add("padding_uneven",
        s.start({1, 8, 7}).convolution(2, 3, 4, 2).padding({0, 2, 3, 1}).logits(4));
  s.add("strides_of_one_row", s.start({2, 1, 14}).convolution(2, 1, 2).strides(1, 3).logits(3));
  s.add("zero_points", s.start({1, 8, 8})
                           .image_zero_point(120)
                           .convolution(2, 3, 3)
                           .zero_point(128)
                           .pool(2, 2, 2, 2, true)
                           .logits(4));
  s.add("one_cell_a_weight", s.start({1, 8, 8})
                                 .one_cell()
                                 .convolution(2, 3, 3)
                                 .pool(2, 2, 2, 2, true)
                                 .one_cell()
                                 .logits(4));
  return s.take();
}

std::vector<SuiteCase> yao2020_suite() {
  Suite s;
  s.add("five_layers", random_yao2020(1)).seed = 1;
  s.add("five_layers_paper", random_yao2020(1), MappingKind::kPaper).seed = 1;
  s.add("five_layers_sliding", random_yao2020(1), MappingKind::kSliding).seed = 1;
  s.add("sliding_stride_2",
        s.start({3, 15, 17}).convolution(6, 3, 3, 2, 1, 1).pool(2, 2, 2, 2, true).logits(10),
        MappingKind::kSliding);
  s.add("sliding_stride_4_by_4", s.start({2, 30, 32}).convolution(4, 4, 4, 4).logits(7),
        MappingKind::kSliding);
  s.add("plain", s.start({1, 12, 12}).convolution(4, 3, 3).pool(2, 2, 2, 2, false).logits(10));
  s.add("no_pooling", s.start({1, 9, 10}).convolution(5, 3, 3).logits(10));
  s.add("stride_2_padding_1",
        s.start({1, 15, 17}).convolution(6, 3, 3, 2, 1, 1).pool(2, 2, 2, 2, true).logits(10));
  s.add("stride_3_padding_columns", s.start({1, 14, 23}).convolution(4, 2, 4, 3, 0, 3).logits(10));
  s.add("stride_7", s.start({1, 30, 32}).convolution(4, 4, 4, 7).logits(7));
  s.add("pool_overlap_3_by_1",
        s.start({1, 12, 13}).convolution(4, 3, 3).pool(3, 3, 1, 1, false).logits(10));
  s.add("pool_overlap_3_by_2_ceil",
        s.start({1, 16, 17}).convolution(8, 3, 3).pool(3, 3, 2, 2, true).logits(10));
  s.add("pool_overlap_3_by_2_floor",
        s.start({1, 17, 16}).convolution(8, 3, 3).pool(3, 3, 2, 2, false).logits(10));
  s.add("pool_gaps_2_by_3",
        s.start({1, 18, 19}).convolution(4, 3, 3).pool(2, 2, 3, 3, true).logits(10));
  s.add("pool_whole_map",
        s.start({1, 12, 12}).convolution(9, 3, 3).pool(10, 10, 10, 10, false).logits(10));
  s.add("pool_rows_unlike_columns",
        s.start({1, 14, 32}).convolution(4, 3, 3).pool(5, 4, 2, 4, true).logits(10));
  s.add("kernels_20_in_two_passes",
        s.start({1, 14, 14}).convolution(20, 3, 3).pool(3, 3, 3, 3, true).logits(10));
  s.add("kernels_33_in_three_passes",
        s.start({1, 8, 8}).convolution(33, 4, 4).pool(5, 5, 5, 5, true).logits(9));
  s.add("kernels_7_odd_channels", s.start({1, 16, 16})
                                      .convolution(7, 3, 3)
                                      .pool(2, 2, 2, 2, false)
                                      .convolution(5, 2, 2)
                                      .logits(3));
  s.add("kernel_1x1", s.start({5, 8, 8}).convolution(7, 1, 1).pool(2, 2, 2, 2, true).logits(10));
  s.add("kernel_4x4", s.start({1, 13, 12}).convolution(8, 4, 4).pool(2, 2, 2, 2, false).logits(10));
  s.add("kernel_1x4", s.start({2, 6, 11}).convolution(4, 1, 4).logits(10));
  s.add("kernel_4x1", s.start({2, 11, 5}).convolution(4, 4, 1, 1, 3, 0).logits(10));
  s.add("kernel_5x5_in_four_windows",
        s.start({1, 16, 16}).convolution(8, 5, 5).pool(3, 3, 3, 3, true).logits(10));
  s.add("kernel_7x8_in_four_windows",
        s.start({1, 14, 16}).convolution(6, 7, 8, 1, 3, 0).pool(4, 3, 4, 3, true).logits(10));
  s.add("channels_3",
        s.start({3, 16, 12}).convolution(6, 3, 3, 1, 1, 1).pool(4, 4, 4, 4, true).logits(10));
  s.add("three_convolutions", s.start({1, 20, 20})
                                  .convolution(6, 3, 3)
                                  .pool(2, 2, 2, 2, true)
                                  .convolution(8, 3, 3)
                                  .convolution(6, 3, 3, 1, 1, 1)
                                  .pool(2, 2, 2, 2, true)
                                  .logits(10));
  s.add("fully_connected_large_map", s.start({1, 24, 28}).logits(10));
  s.add("fully_connected_hidden_40", s.start({1, 8, 8}).hidden(40).logits(10));
  s.add("fully_connected_three_hidden",
        s.start({1, 4, 6}).hidden(19).hidden(33).hidden(9).logits(10));
  s.add("convolution_and_hidden",
        s.start({1, 14, 14}).convolution(6, 3, 3).pool(3, 3, 3, 3, true).hidden(24).logits(10));
  s.add("logits_40", s.start({1, 8, 8}).logits(40));
  s.add("row_only", s.start({1, 1, 32}).convolution(4, 1, 3).pool(1, 4, 1, 4, true).logits(10));
  {
    SuiteCase& c =
        s.add("replicas_asked_for",
              s.start({1, 16, 16}).convolution(4, 3, 3).pool(2, 2, 2, 2, false).logits(10));
    c.options.replicas = {5};
  }
  {
    SuiteCase& c =
        s.add("range_0_asked_for",
              s.start({1, 12, 12}).convolution(4, 3, 3).pool(2, 2, 2, 2, false).logits(10));
    c.options.range = 0;
  }
  s.add_negative_logits({1, 8, 8}, 16);
  s.add("padding_uneven", s.start({3, 13, 16})
                              .convolution(4, 3, 3, 2)
                              .padding({0, 1, 0, 1})
                              .convolution(6, 4, 5)
                              .padding({3, 1, 0, 4})
                              .logits(10));
  s.add("kernel_11x11", s.start({1, 28, 28}).convolution(4, 11, 11, 3).logits(10));
  s.add("kernel_10x4",
        s.start({1, 20, 8}).convolution(4, 10, 4, 3).padding({4, 5, 1, 1}).logits(10));
  s.add("strides_of_one_row",
        s.start({3, 1, 30}).convolution(5, 1, 4).strides(2, 3).padding({0, 0, 1, 2}).logits(10));
  s.add("strides_of_one_column",
        s.start({3, 30, 1}).convolution(5, 2, 1).strides(3, 1).padding({0, 1, 0, 0}).logits(10));
  s.add("zero_points", s.start({3, 12, 12})
                           .image_zero_point(120)
                           .convolution(8, 3, 3)
                           .zero_point(128)
                           .pool(3, 3, 2, 2, true)
                           .convolution(8, 2, 2)
                           .zero_point(100)
                           .hidden(24)
                           .zero_point(60)
                           .logits(10));
  s.add("one_cell_a_weight", s.start({1, 8, 8})
                                 .one_cell()
                                 .convolution(4, 3, 3)
                                 .pool(2, 2, 2, 2, true)
                                 .one_cell()
                                 .hidden(12)
                                 .one_cell()
                                 .logits(10));
  return s.take();
}

}  // namespace

Network random_yao2020(uint64_t seed) {
  Network network = NetworkBuilder("five_layers", {1, 28, 28}, seed)
                        .convolution(8, 3, 3)
                        .pool(3, 3, 3, 3, true)
                        .convolution(12, 3, 3)
                        .pool(2, 2, 2, 2, true)
                        .logits(10);
  network.layers[0].name = "C1";
  network.layers[1].name = "C3";
  network.layers[2].name = "FC";
  return network;
}

Network random_network(uint64_t seed, int max_dim) {
  Random random(seed);
  const MapShape input{random.between(1, 3), random.between(1, max_dim),
                       random.between(1, max_dim)};
  NetworkBuilder builder(fmt::format("random_{}", seed), input, seed);
  const int largest_kernel = random.between(0, 3) == 0 ? 8 : 4;
  for (int left = random.between(0, 3); left > 0; --left) {
    const MapShape shape = builder.shape();
    const int rows = random.between(1, std::min(largest_kernel, shape.height));
    const int columns = random.between(1, std::min(largest_kernel, shape.width));
    const bool padded = random.between(0, 1) == 1;
    builder.convolution(random.between(1, max_dim / 4), rows, columns, random.between(1, 3),
                        padded ? random.between(0, rows - 1) : 0,
                        padded ? random.between(0, columns - 1) : 0);
    if (random.between(0, 2) != 0) {
      const MapShape map = builder.shape();
      builder.pool(random.between(1, std::min(4, map.height)),
                   random.between(1, std::min(4, map.width)), random.between(1, 4),
                   random.between(1, 4), random.between(0, 1) == 1);
    }
  }
  for (int left = random.between(-2, 2); left > 0; --left) {
    builder.hidden(random.between(1, max_dim));
  }
  return builder.logits(random.between(1, 10));
}

Network random_chip_network(uint64_t seed, const ChipConfig& config) {
  Random random(seed);
  const int most = std::min(config.max_dim, 12);
  const bool one_row = random.one_of(6);
  NetworkBuilder builder(fmt::format("chip_{}", seed),
                         {random.between(1, 5), one_row ? 1 : random.between(2, most),
                          random.between(2, one_row ? config.max_dim : most)},
                         seed);
  if (random.one_of(4)) builder.image_zero_point(random.between(1, 255));
  const auto signed_sometimes = [&](int sides) {
    if (random.one_of(sides)) builder.zero_point(random.between(1, 255));
  };
  Random cells(seed + 0x1000);
  const auto one_cell_sometimes = [&] {
    if (cells.one_of(5)) builder.one_cell();
  };
  const auto convolution = [&] {
    const MapShape shape = builder.shape();
    const int largest = random.one_of(3) ? 11 : 4;
    const int rows = random.between(1, std::min(largest, shape.height));
    const int columns = random.between(1, std::min(largest, shape.width));
    const bool padded = builder.current_zero_point() == 0 && random.one_of(2);
    const bool grouped = random.one_of(4);
    one_cell_sometimes();
    builder.convolution(grouped ? shape.channels * random.between(1, 2) : random.between(1, 10),
                        rows, columns, random.between(1, 3));
    if (padded) {
      builder.padding({random.between(0, rows - 1), random.between(0, rows - 1),
                       random.between(0, columns - 1), random.between(0, columns - 1)});
    }
    if (grouped) builder.groups(shape.channels);
    if (builder.shape().height == 1) builder.strides(random.between(1, 3), random.between(1, 4));
    signed_sometimes(5);
  };
  // Two convolutions on a shortcut: the map before, or a projection of it.
  const auto block = [&] {
    const int before = builder.last();
    const MapShape shape = builder.shape();
    const bool projected = random.one_of(2) && builder.current_zero_point() == 0;
    const int stride = projected ? random.between(1, 2) : 1;
    int shortcut = before;
    if (projected) {
      builder.convolution(random.between(1, 8), 1, 1, stride).zero_point(128);
      shortcut = builder.last();
      builder.from(before);
    }
    const bool padded = builder.current_zero_point() == 0;
    const int side = padded && std::min(shape.height, shape.width) > 1 ? 3 : 1;
    builder.convolution(random.between(1, 8), side, side, stride, side / 2, side / 2);
    builder.added_to(shortcut, side, side);
    signed_sometimes(4);
  };
  for (int left = random.between(0, 3); left > 0; --left) {
    if (config.num_buffers > 3 && random.one_of(2)) {
      block();
      continue;
    }
    convolution();
    const MapShape map = builder.shape();
    if (random.one_of(3)) {
      builder.pool(random.between(1, std::min(4, map.height)),
                   random.between(1, std::min(4, map.width)), random.between(1, 4),
                   random.between(1, 4), random.one_of(2));
    }
  }
  if (random.one_of(3)) {
    const MapShape map = builder.shape();
    const bool global = random.one_of(2);
    builder.sums(global ? map.height : random.between(1, map.height),
                 global ? map.width : random.between(1, map.width));
  }
  if (random.one_of(4)) builder.hidden(random.between(1, 20));
  one_cell_sometimes();
  return builder.logits(random.between(1, 10));
}

std::vector<SuiteCase> network_suite(std::string_view configuration) {
  return configuration.starts_with("tiny") ? tiny_suite() : yao2020_suite();
}

std::optional<MappedNetwork> map_if_it_fits(const Network& network, const ChipConfig& config) {
  try {
    return map_network(network, config);
  } catch (const Error& error) {
    const std::string refusal = fmt::format("network {} does not fit: ", network.name);
    if (!std::string_view(error.what()).starts_with(refusal)) throw;
    return std::nullopt;
  }
}

std::vector<uint8_t> suite_image(const Network& network, uint64_t seed, int index) {
  const MapShape& shape = network.input;
  Random random(seed * 1'000'003u + static_cast<uint64_t>(index));
  std::vector<uint8_t> pixels;
  pixels.reserve(to_index(shape.size()));
  for (int c = 0; c < shape.channels; ++c) {
    const int row = random.between(0, shape.height - 1);
    const int column = random.between(0, shape.width - 1);
    const int size = 1 + std::max(shape.height, shape.width) / 3;
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) {
        const int value = random.between(0, 255);
        const bool inside = std::abs(y - row) + std::abs(x - column) <= size;
        pixels.push_back(static_cast<uint8_t>(index % 3 == 2 || inside ? value : 0));
      }
    }
  }
  return pixels;
}

void PrintTo(const NamedCase& named, std::ostream* out) {
  *out << named.configuration << " " << named.suite_case.name << " (seed " << named.suite_case.seed
       << ")";
}

std::vector<NamedCase> all_cases() {
  std::vector<NamedCase> cases;
  for (const std::string configuration : {"yao2020", "tiny", "tiny4", "macro128"}) {
    for (SuiteCase& suite_case : network_suite(configuration)) {
      cases.push_back({configuration, std::move(suite_case)});
    }
  }
  return cases;
}

}  // namespace mcnn::testing
