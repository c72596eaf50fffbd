// SPDX-License-Identifier: Apache-2.0
// Network files of both formats. One that is read is written and read again, runs in integers and
// is mapped, or refused by the mapper.
#include "host/network/network.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/index.h"
#include "host/mapping/mapper.h"
#include "host/network/integer_network.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {
namespace {

constexpr int64_t kMaxWork = 1 << 16;  // multiplications, of a network that is run

int64_t work_of(const Network& network) {
  int64_t work = network.input.size();
  for (const Layer& layer : network.layers) {
    work += int64_t{layer.input.size()} + int64_t{layer.convolution.size()};
    if (layer.has_weights()) work += int64_t{layer.convolution.size()} * layer.fan_in();
  }
  return work;
}

}  // namespace

void network(Bytes bytes) {
  Network network;
  if (!takes("fuzz.json", [&] { network = parse_network(text_of(bytes), "fuzz.json"); })) return;
  std::string text;
  try {
    text = network_to_json(network);
  } catch (const Error&) {
    return;  // layers without names have no text
  }
  require(network_to_json(parse_network(text, "again.json")) == text, "written and read again");
  if (work_of(network) > kMaxWork) return;
  std::vector<uint8_t> image(to_index(network.input.size()));
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(i * 37);
  const IntegerNetwork integer(network);
  require(integer.run(image).logits == integer.classify(image).logits, "runs alike");
  try {
    map_network(network, ChipConfig{});
  } catch (const Error&) {
    return;  // does not fit
  }
}

}  // namespace mcnn::fuzz
