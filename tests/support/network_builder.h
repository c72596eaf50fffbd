// SPDX-License-Identifier: Apache-2.0
// Builds networks of random weights layer by layer, with shifts that keep most of a layer's outputs
// between 0 and 255. Same seed, same network, on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/network/network.h"
#include "tests/support/random.h"

namespace mcnn::testing {

// Gives the layer one cell a weight: the weights without their signs.
void take_one_cell(Layer& layer);

class NetworkBuilder {
 public:
  NetworkBuilder(std::string name, MapShape input, uint64_t seed);

  NetworkBuilder& convolution(int kernels, int rows, int columns, int stride = 1,
                              int padding_rows = 0, int padding_columns = 0);
  // Pools the layer before.
  NetworkBuilder& pool(int rows, int columns, int row_stride, int column_stride, bool ceil);
  NetworkBuilder& hidden(int outputs) { return fully_connected(outputs, false); }
  // The next layer has one cell a weight, so none below 0.
  NetworkBuilder& one_cell();

  // Of the layer before: padding of four sides, strides, groups (they divide its channels and
  // kernels), signed pixels in place of ReLU.
  NetworkBuilder& padding(const Padding& padding);
  NetworkBuilder& strides(int row_stride, int column_stride);
  NetworkBuilder& groups(int groups);
  NetworkBuilder& zero_point(int zero_point);
  NetworkBuilder& image_zero_point(int zero_point);

  // The next layer reads this map, in place of the last one.
  NetworkBuilder& from(int map);
  // A convolution that keeps the shape of its input and is added to `map`, which has that shape.
  NetworkBuilder& added_to(int map, int rows, int columns);
  // Sums of windows apart from each other, for the fully connected layer that comes next.
  NetworkBuilder& sums(int rows, int columns);

  int last() const { return last_; }                // layer, or kImage
  const MapShape& shape() const { return shape_; }  // of what the next layer reads
  int current_zero_point() const;                   // of that

  Network logits(int outputs);
  // Logits that are all negative: each bias outweighs what the brightest image can add, by far more
  // than noise.
  Network negative_logits(int outputs);

 private:
  Network finish();
  NetworkBuilder& fully_connected(int outputs, bool last);
  // `pixels`: that a weight sees.
  void fill(Layer& layer, int fan_in, int pixels, bool last);
  NetworkBuilder& add(Layer layer);
  void update();

  Random random_;
  Network network_;
  std::vector<MapShape> shapes_;  // of the layers
  bool one_cell_ = false;         // a weight of the next layer
  int last_ = kImage;
  MapShape shape_;
};

}  // namespace mcnn::testing
