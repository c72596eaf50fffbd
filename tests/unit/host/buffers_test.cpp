// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/buffers.h"

#include "host_test_util.h"
#include "tests/support/network_builder.h"

namespace mcnn::testing {
namespace {

struct Assigned {
  std::vector<int> inputs;
  std::vector<int> outputs;
};

Assigned assign(const Network& network, int num_buffers) {
  ChipConfig config;
  config.num_buffers = num_buffers;
  const MappingOptions options;
  Assigned assigned;
  for (const LayerBuffers& buffers : assign_buffers({network, config, options})) {
    assigned.inputs.push_back(buffers.input);
    assigned.outputs.push_back(buffers.output);
  }
  return assigned;
}

NetworkBuilder start() { return NetworkBuilder("buffers", {2, 6, 6}, 1); }

// A layer of a chain writes over what the one before it read.
TEST(Buffers, AChainTakesTwo) {
  const Assigned found =
      assign(start().convolution(2, 3, 3).convolution(2, 3, 3).hidden(8).logits(4), 3);
  EXPECT_EQ(found.inputs, (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(found.outputs, (std::vector<int>{1, 0, 1, 0}));
}

// The sum lies where the block's input lay; the block behind it uses the other one again.
TEST(Buffers, IdentityBlocksTakeTwo) {
  NetworkBuilder builder = start();
  for (int block = 0; block < 2; ++block) {
    const int input = builder.last();
    builder.convolution(3, 3, 3, 1, 1, 1).added_to(input, 3, 3);
  }
  const Assigned found = assign(builder.logits(4), 4);
  EXPECT_EQ(found.inputs, (std::vector<int>{0, 1, 0, 1, 0}));
  EXPECT_EQ(found.outputs, (std::vector<int>{1, 0, 1, 0, 1}));
}

TEST(Buffers, ProjectedBlocksTakeThree) {
  NetworkBuilder builder = start();
  builder.convolution(4, 1, 1).zero_point(128);
  const int projection = builder.last();
  builder.from(kImage).convolution(3, 3, 3, 1, 1, 1).added_to(projection, 3, 3);
  const Network network = builder.logits(4);
  const Assigned found = assign(network, 4);
  EXPECT_EQ(found.inputs, (std::vector<int>{0, 0, 2, 1}));
  EXPECT_EQ(found.outputs, (std::vector<int>{1, 2, 1, 0}));
  expect_parts(error_of([&] { assign(network, 3); }), "layer C2: feature-map buffers",
               "the image, C1 are still read, 2 buffers there");
}

TEST(Buffers, SumsThatTheChipCannotKeep) {
  NetworkBuilder own = start();
  own.added_to(kImage, 3, 3);
  const Network to_its_input = own.logits(4);
  expect_parts(error_of([&] { assign(to_its_input, 4); }), "layer C1: adds to the image",
               "which it reads");
  NetworkBuilder again = start();
  again.convolution(2, 3, 3, 1, 1, 1);
  const int first = again.last();
  again.added_to(kImage, 3, 3).from(first).added_to(kImage, 1, 1);
  again.added_to(again.last() - 2, 1, 1);
  expect_parts(error_of([&] { assign(again.logits(4), 4); }), "adds to the image",
               "reads again: the chip keeps the sum in its place");
}

}  // namespace
}  // namespace mcnn::testing
