// SPDX-License-Identifier: Apache-2.0
#include "host/network/network.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "host_test_util.h"
#include "tests/support/network_suite.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

using Json = nlohmann::ordered_json;

// A small network with every feature: 1x6x5, two kernels 3x2, pool, ten logits.
Json small() {
  Json json = Json::parse(R"({
    "format": "mcnn-network-1", "name": "small", "description": "for tests",
    "input": {"channels": 1, "height": 6, "width": 5},
    "layers": [
      {"type": "convolution", "name": "C1", "kernels": 2, "kernel": [3, 2],
       "stride": 1, "padding": 0,
       "weights": [[[[1, 2], [3, 4], [5, 6]]], [[[-1, -2], [-3, -4], [-5, -6]]]],
       "biases": [7, -8], "shift": 3, "activation": "relu",
       "pool": {"window": [3, 3], "stride": [3, 3], "rounding": "ceil"}},
      {"type": "fully_connected", "name": "FC", "outputs": 3,
       "weights": [[1, 2, 3, 4, 5, 6, 7, 0], [0, 0, 0, 0, 0, 0, 0, 0], [-7, 0, 0, 0, 0, 0, 0, 7]],
       "biases": [0, 1, 2], "shift": 0, "activation": "none"}]})");
  return json;
}

std::string error_with(const std::string& pointer, const Json& value) {
  Json json = small();
  json[Json::json_pointer(pointer)] = value;
  return error_of([&] { parse_network(json.dump(), "small.json"); });
}

std::string error_without(const std::string& parent, const std::string& field) {
  Json json = small();
  (parent.empty() ? json : json[Json::json_pointer(parent)]).erase(field);
  return error_of([&] { parse_network(json.dump(), "small.json"); });
}

TEST(NetworkParsing, ReadsEveryField) {
  const Network network = parse_network(small().dump(), "small.json");
  EXPECT_EQ(network.name, "small");
  EXPECT_EQ(network.description, "for tests");
  EXPECT_EQ(network.input, (MapShape{1, 6, 5}));
  ASSERT_EQ(network.layers.size(), 2u);
  const Layer& convolution = network.layers[0];
  EXPECT_EQ(convolution.type, LayerType::kConvolution);
  EXPECT_EQ(convolution.convolution, (MapShape{2, 4, 4}));
  EXPECT_EQ(convolution.output, (MapShape{2, 2, 2}));
  EXPECT_EQ(convolution.weight(0, 0, 2, 1), 6);
  EXPECT_EQ(convolution.weight(1, 0, 0, 0), -1);
  EXPECT_EQ(convolution.biases, (std::vector<int32_t>{7, -8}));
  EXPECT_EQ(convolution.shift, 3);
  ASSERT_TRUE(convolution.pool.has_value());
  EXPECT_EQ(*convolution.pool, (Pooling{3, 3, 3, 3, true}));
  EXPECT_FALSE(convolution.range.has_value());
  EXPECT_EQ(network.layers[1].input, (MapShape{2, 2, 2}));
  EXPECT_EQ(network.num_logits(), 3);
}

TEST(NetworkParsing, PoolingRounding) {
  Json json = small();
  json["layers"][0]["pool"]["rounding"] = "floor";
  json["layers"][1]["weights"] = {{1, 1}, {1, 1}, {1, 1}};
  EXPECT_EQ(parse_network(json.dump(), "x").layers[0].output, (MapShape{2, 1, 1}));
  // Stride larger than the window: a last window that would begin outside is dropped even with
  // "ceil".
  json["layers"][0]["pool"] = {{"window", {1, 1}}, {"stride", {4, 4}}, {"rounding", "ceil"}};
  EXPECT_EQ(parse_network(json.dump(), "x").layers[0].output, (MapShape{2, 1, 1}));
}

TEST(NetworkParsing, OptionalFieldsAndPairs) {
  Json json = small();
  json.erase("description");
  json["layers"][0]["range"] = 2;
  json["layers"][0]["padding"] = {1, 1};
  json["layers"][0]["stride"] = 2;
  json["layers"][0]["pool"] = {{"window", 2}, {"stride", 2}, {"rounding", "ceil"}};
  const Network network = parse_network(json.dump(), "x");
  EXPECT_EQ(network.layers[0].range, 2);
  EXPECT_EQ(network.layers[0].convolution, (MapShape{2, 3, 3}));
  EXPECT_EQ(network.layers[0].padding, (Padding{1, 1, 1, 1}));
}

TEST(NetworkParsing, NamesFilePathFoundAndAllowed) {
  expect_parts(error_with("/layers/0/weights/1/0/2/1", 8), "small.json",
               "layers[0].weights[1][0][2][1]", "found 8", "-7..7");
  expect_parts(error_with("/layers/0/weights/1/0/2/1", 1.5), "layers[0].weights[1][0][2][1]",
               "found 1.5");
  expect_parts(error_with("/layers/0/weights/0/0/0", Json::array({1})),
               "layers[0].weights[0][0][0]", "array of 1", "2 weights");
  expect_parts(error_with("/layers/0/weights", Json::array()), "layers[0].weights", "array of 0",
               "2 kernels");
  expect_parts(error_with("/layers/1/weights/2", Json::array({1, 2})), "layers[1].weights[2]",
               "array of 2", "8 weights");
  expect_parts(error_with("/layers/1/biases", Json::array({1, 2})), "layers[1].biases",
               "array of 2", "3 biases");
  expect_parts(error_with("/layers/1/biases/0", "x"), "layers[1].biases[0]", "\"x\"", "an integer");
  expect_parts(error_with("/layers/1/biases/0", 18446744073709551615u), "layers[1].biases[0]");
  expect_parts(error_with("/format", "mcnn-network-3"), "format", "mcnn-network-3",
               "mcnn-network-1");
  expect_parts(error_with("/name", 3), "name", "found 3", "a string");
  expect_parts(error_with("/input/height", 0), "input.height", "found 0", "1..");
  expect_parts(error_with("/input/depth", 1), "input.depth", "unknown field",
               "channels, height, width");
  expect_parts(error_with("/colour", 1), "colour", "unknown field");
  expect_parts(error_with("/layers", Json::array()), "layers", "array of 0");
  expect_parts(error_with("/layers", 5), "layers", "found 5");
  expect_parts(error_with("/layers/0/type", "pooling"), "layers[0].type", "pooling", "convolution");
  expect_parts(error_with("/layers/0/bias", 1), "layers[0].bias", "unknown field", "biases");
  expect_parts(error_with("/layers/1/pool", 1), "layers[1].pool", "unknown field");
  expect_parts(error_with("/layers/0/kernel", Json::array({3})), "layers[0].kernel", "array of 1");
  expect_parts(error_with("/layers/0/kernel/0", 9), "layers[0].kernel[0]", "found 9", "1..8");
  expect_parts(error_with("/layers/0/stride", 8), "layers[0].stride", "found 8", "1..7");
  expect_parts(error_with("/layers/0/padding", 2), "layers[0].padding", "found 2", "0..1");
  expect_parts(error_with("/layers/0/shift", 24), "layers[0].shift", "found 24", "0..23");
  expect_parts(error_with("/layers/0/shift", -1), "layers[0].shift", "found -1");
  expect_parts(error_with("/layers/0/activation", "none"), "layers[0].activation", "none", "relu");
  expect_parts(error_with("/layers/1/activation", "relu"), "layers[1].activation", "relu", "none");
  expect_parts(error_with("/layers/0/range", 4), "layers[0].range", "found 4", "0..3");
  expect_parts(error_with("/layers/0/pool/rounding", "up"), "layers[0].pool.rounding", "up",
               "floor");
  expect_parts(error_with("/layers/0/pool/window/0", 0), "layers[0].pool.window[0]", "found 0");
  expect_parts(error_with("/layers/0/pool/pad", 0), "layers[0].pool.pad", "unknown field");
  Json five = small();
  five["layers"][0]["pool"] = {{"window", {5, 5}}, {"stride", {1, 1}}, {"rounding", "floor"}};
  expect_parts(error_of([&] { parse_network(five.dump(), "x"); }), "layers[0].pool.window",
               "found 5x5", "at most the map, 4x4");
  expect_parts(error_with("/input/height", 2), "layers[0].kernel", "found 3x2", "2x5");
}

TEST(NetworkParsing, MissingFields) {
  for (const char* const field : {"format", "name", "input", "layers"}) {
    expect_parts(error_without("", field), field, "found nothing");
  }
  for (const char* const field : {"type", "name", "kernels", "kernel", "stride", "padding",
                                  "weights", "biases", "shift", "activation"}) {
    expect_parts(error_without("/layers/0", field), std::string("layers[0].") + field,
                 "found nothing");
  }
  for (const char* const field : {"window", "stride", "rounding"}) {
    expect_parts(error_without("/layers/0/pool", field), std::string("layers[0].pool.") + field,
                 "found nothing");
  }
  expect_parts(error_without("/layers/1", "outputs"), "layers[1].outputs", "found nothing");
}

TEST(NetworkParsing, OrderOfLayers) {
  Json json = small();
  json["layers"].erase(1);
  expect_parts(error_of([&] { parse_network(json.dump(), "x"); }), "layers[0].activation", "none");
  json["layers"][0]["activation"] = "none";
  expect_parts(error_of([&] { parse_network(json.dump(), "x"); }), "layers[0].type", "convolution",
               "fully_connected");
}

TEST(NetworkParsing, SumsMustFit) {
  expect_parts(error_with("/layers/1/biases/0", 1 << 30), "layers[1].biases[0]",
               "largest possible sum", "1073741824");
}

TEST(NetworkParsing, NotJson) {
  expect_parts(error_of([] { parse_network("{\"format\": ", "broken.json"); }), "broken.json",
               "not JSON", "byte");
  expect_parts(error_of([] { parse_network("{\"format\": 1e999}", "large.json"); }), "large.json",
               "no double holds", "1e999");
  expect_parts(error_of([] { parse_network("[1]", "list.json"); }), "list.json", "an object");
  expect_parts(error_of([] { load_network("/nowhere/network.json"); }), "/nowhere/network.json",
               "cannot be opened");
}

TEST(NetworkFile, RoundTrip) {
  for (const SuiteCase& suite : network_suite("yao2020")) {
    const Network again = parse_network(network_to_json(suite.network), suite.name);
    EXPECT_EQ(network_to_json(again), network_to_json(suite.network)) << suite.name;
    ASSERT_EQ(again.layers.size(), suite.network.layers.size());
    for (size_t i = 0; i < again.layers.size(); ++i) {
      EXPECT_EQ(again.layers[i].weights, suite.network.layers[i].weights) << suite.name;
      EXPECT_EQ(again.layers[i].biases, suite.network.layers[i].biases) << suite.name;
      EXPECT_EQ(again.layers[i].output, suite.network.layers[i].output) << suite.name;
      EXPECT_EQ(again.layers[i].pool, suite.network.layers[i].pool) << suite.name;
    }
  }
}

TEST(NetworkFile, SaveLeavesNoPartialFile) {
  const TemporaryFolder folder("mcnn_network");
  const std::string path = (folder / "network.json").string();
  const Network network = random_yao2020(3);
  save_network(network, path);
  EXPECT_EQ(network_to_json(load_network(path)), network_to_json(network));
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  expect_parts(error_of([&] { save_network(network, "/nowhere/network.json"); }),
               "/nowhere/network.json", "written");
}

}  // namespace
}  // namespace mcnn::testing
