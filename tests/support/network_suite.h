// SPDX-License-Identifier: Apache-2.0
// The suite of random networks that the chip model and the RTL both run: every kind of layer
// geometry the chip has, on each configuration. Same name, same network, on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "host/mapping/mapper.h"
#include "host/network/network.h"

namespace mcnn::testing {

struct SuiteCase {
  std::string name;   // unique within a configuration, letters, digits and underscores
  uint64_t seed = 0;  // of the weights; print it when a test fails
  Network network;
  MappingOptions options;
  bool negative = false;  // every logit of every image is below 0
};

// The cases that fit a configuration: one of the tiny ones or another.
std::vector<SuiteCase> network_suite(std::string_view configuration);

// A case with its configuration, and those of all configurations: what parametrised tests run on.
struct NamedCase {
  std::string configuration;
  SuiteCase suite_case;

  std::string name() const { return configuration + "_" + suite_case.name; }
};
void PrintTo(const NamedCase& named, std::ostream* out);
std::vector<NamedCase> all_cases();

// A network of the published five-layer shape with random weights.
Network random_yao2020(uint64_t seed);

// A network of random geometry: up to three convolution layers with any kernel, stride, padding and
// pooling, and up to three fully connected ones. Small enough that many, but not all, fit a
// configuration with maps of up to max_dim.
Network random_network(uint64_t seed, int max_dim);

// A graph of what the chip runs: residual blocks where it has four buffers, groups, sums of windows
// in front of fully connected layers, uneven padding, kernels up to 11x11, one row, zero points.
// Most, but not all, fit.
Network random_chip_network(uint64_t seed, const ChipConfig& config);

// The network on the chip, or none where the mapper says that it does not fit.
std::optional<MappedNetwork> map_if_it_fits(const Network& network, const ChipConfig& config);

// A random image of the network's input shape: a blob of bright pixels on a black ground, as in
// handwritten digits, or (every third index) noise over all values.
std::vector<uint8_t> suite_image(const Network& network, uint64_t seed, int index);

}  // namespace mcnn::testing
