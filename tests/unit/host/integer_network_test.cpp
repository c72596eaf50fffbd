// SPDX-License-Identifier: Apache-2.0
// Every expected value here was computed by hand.
#include "host/network/integer_network.h"

#include <numeric>

#include "host_test_util.h"

namespace mcnn::testing {
namespace {

Layer convolution(int kernels, int rows, int columns, std::vector<int8_t> weights,
                  std::vector<int32_t> biases, int shift) {
  Layer layer;
  layer.type = LayerType::kConvolution;
  layer.kernels = kernels;
  layer.kernel_rows = rows;
  layer.kernel_columns = columns;
  layer.weights = std::move(weights);
  layer.biases = std::move(biases);
  layer.shift = shift;
  return layer;
}

Layer fully_connected(std::vector<int8_t> weights, std::vector<int32_t> biases, int shift = 0) {
  Layer layer;
  layer.type = LayerType::kFullyConnected;
  layer.kernels = static_cast<int>(biases.size());
  layer.weights = std::move(weights);
  layer.biases = std::move(biases);
  layer.shift = shift;
  return layer;
}

// Logits that are the sum of the map before: one output with all weights 1.
Network with_sum(MapShape input, Layer layer, int inputs) {
  Network network;
  network.name = "hand";
  network.input = input;
  network.layers = {std::move(layer),
                    fully_connected(std::vector<int8_t>(static_cast<size_t>(inputs), 1), {0})};
  finish_network(network, "hand");
  return network;
}

using Map = std::vector<uint8_t>;

TEST(IntegerNetwork, CorrelatesWithoutFlipping) {
  // 3x3 image, 2x2 kernel 1 2 / 3 4.
  const IntegerNetwork network(with_sum({1, 3, 3}, convolution(1, 2, 2, {1, 2, 3, 4}, {5}, 0), 4));
  const IntegerResult result = network.run(Map{1, 0, 2, 0, 3, 0, 4, 0, 5});
  // (0,0): 1*1 + 3*4 = 13; (0,1): 2*2 + 3*3 = 13; (1,0): 3*2 + 4*3 = 18; (1,1): 3*1 + 5*4 = 23;
  // bias 5.
  EXPECT_EQ(result.maps[0], (Map{18, 18, 23, 28}));
  EXPECT_EQ(result.logits, (std::vector<int32_t>{87}));
}

TEST(IntegerNetwork, StrideAndPadding) {
  Layer layer = convolution(1, 3, 3, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {0}, 0);
  layer.row_stride = 2;
  layer.column_stride = 2;
  layer.padding = {1, 1, 1, 1};
  const IntegerNetwork network(with_sum({1, 4, 3}, layer, 4));
  // 1 2 3 / 4 5 6 / 7 8 9 / 10 11 12, sums around (0,0), (0,2), (2,0), (2,2).
  const IntegerResult result = network.run(Map{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  EXPECT_EQ(result.maps[0], (Map{12, 16, 45, 51}));
}

TEST(IntegerNetwork, RoundsHalfUpAndClamps) {
  // One pixel through 1x1 kernels: values 2*p + bias shifted by 2.
  const IntegerNetwork network(
      with_sum({1, 1, 2}, convolution(3, 1, 1, {2, -2, 7}, {0, 0, 0}, 2), 6));
  const IntegerResult result = network.run(Map{3, 255});
  // 6/4 = 1.5 -> 2, 510/4 = 127.5 -> 128; -1.5 -> -1 -> 0; 21/4 = 5.25 -> 5, 1785/4 = 446 -> 255.
  EXPECT_EQ(result.maps[0], (Map{2, 128, 0, 0, 5, 255}));
}

TEST(IntegerNetwork, NegativeLogitsAreRoundedHalfUp) {
  Network network;
  network.name = "hand";
  network.input = {1, 1, 1};
  network.layers = {fully_connected({-3, -1, 1}, {0, 0, 0}, 1)};
  finish_network(network, "hand");
  // -3/2 = -1.5 -> -1; -1/2 -> 0; 1/2 -> 1.
  EXPECT_EQ(IntegerNetwork(network).run(Map{1}).logits, (std::vector<int32_t>{-1, 0, 1}));
}

TEST(IntegerNetwork, PoolingWindowsAndRounding) {
  Map image(25);
  std::iota(image.begin(), image.end(), uint8_t{0});  // row y, column x holds 5*y + x
  Layer layer = convolution(1, 1, 1, {1}, {0}, 0);
  layer.pool = Pooling{2, 3, 2, 3, true};
  EXPECT_EQ(IntegerNetwork(with_sum({1, 5, 5}, layer, 6)).run(image).maps[0],
            (Map{7, 9, 17, 19, 22, 24}));
  layer.pool = Pooling{2, 3, 2, 3, false};
  EXPECT_EQ(IntegerNetwork(with_sum({1, 5, 5}, layer, 2)).run(image).maps[0], (Map{7, 17}));
  layer.pool = Pooling{3, 3, 1, 2, false};  // overlapping
  EXPECT_EQ(IntegerNetwork(with_sum({1, 5, 5}, layer, 6)).run(image).maps[0],
            (Map{12, 14, 17, 19, 22, 24}));
}

TEST(IntegerNetwork, SumsChannelsAndFlattensChannelRowColumn) {
  Layer layer = convolution(2, 1, 1, {1, 2, 3, 0}, {0, 1}, 0);  // kernel 0: 1 2, kernel 1: 3 0
  Network network;
  network.name = "hand";
  network.input = {2, 1, 2};
  network.layers = {layer, fully_connected({1, 2, 3, 4}, {100})};
  finish_network(network, "hand");
  const IntegerResult result = IntegerNetwork(network).run(Map{1, 2, 10, 20});
  EXPECT_EQ(result.maps[0], (Map{21, 42, 4, 7}));
  EXPECT_EQ(result.logits, (std::vector<int32_t>{100 + 21 + 84 + 12 + 28}));
}

TEST(IntegerNetwork, LowestIndexOfEqualLogits) {
  EXPECT_EQ(arg_max(std::vector<int32_t>{-5, 3, 1, 3}), 1);
  EXPECT_EQ(arg_max(std::vector<int32_t>{-5}), 0);
}

TEST(IntegerNetwork, WrongNumberOfPixels) {
  const IntegerNetwork network(with_sum({1, 1, 2}, convolution(1, 1, 1, {2}, {0}, 2), 2));
  expect_parts(error_of([&] { network.run(Map{1, 2, 3}); }), "found 3 pixels", "allowed: 2");
}

}  // namespace
}  // namespace mcnn::testing
