// SPDX-License-Identifier: Apache-2.0
// What the readers of both formats of a network file share.
#pragma once

#include "host/network/json_node.h"
#include "host/network/network.h"
#include "host/network/network_rules.h"

namespace mcnn::network_json {

inline constexpr std::string_view kFormat1 = "mcnn-network-1";
inline constexpr std::string_view kFormat2 = "mcnn-network-2";

// Levels -7..7 as one character each, in packed weights: 0, 1..7, and a..g for -1..-7.
inline constexpr std::string_view kLevels = "gfedcba01234567";

// Reads the weights and biases of a connected layer: `kernel_inputs` is [kernel][input]
void read_weights(const JsonNode& node, Layer& layer, bool packed_allowed);
void read_biases(const JsonNode& node, Layer& layer);

// The layers of a file of format 1 or 2, in network.layers, finished. `top` is the document.
void read_layers_1(const JsonNode& top, network_rules::Unfinished& unfinished);
void read_layers_2(const JsonNode& top, network_rules::Unfinished& unfinished);

}  // namespace mcnn::network_json
