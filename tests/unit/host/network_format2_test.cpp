// SPDX-License-Identifier: Apache-2.0
// "mcnn-network-2": reading, errors, writing, and what the chip makes of it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/mapping/mapper.h"
#include "host/network/integer_network.h"
#include "host_test_util.h"
#include "tests/support/network_suite.h"
#include "tests/support/random.h"
#include "tests/support/random_graph.h"

namespace mcnn::testing {
namespace {

using Json = nlohmann::ordered_json;

// A residual block with a projection, means, sums and packed weights; 2x6x6, three logits.
Json graph() {
  return Json::parse(R"({
    "format": "mcnn-network-2", "name": "graph", "description": "for tests",
    "input": {"channels": 2, "height": 6, "width": 6, "zero_point": 7},
    "layers": [
      {"type": "convolution", "name": "C1", "inputs": ["image"], "kernels": 2, "kernel": [3, 1],
       "stride": [2, 1], "padding": [0, 1, 0, 0], "groups": 2,
       "weights": ["1c0", "07g"], "biases": [7, -8], "shift": 3, "activation": "relu"},
      {"type": "convolution", "name": "P2", "inputs": ["C1"], "kernels": 2, "kernel": 1,
       "weights": [[[[1]], [[-2]]], "a2"], "biases": [0, 1], "shift": 2, "activation": "none",
       "zero_point": 128},
      {"type": "convolution", "name": "C2", "inputs": ["C1"], "kernels": 2, "kernel": 3,
       "padding": 1, "weights": ["000010000000000000", "000000000000020000"],
       "biases": [3, 4], "activation": "sum", "range": 1},
      {"type": "add", "name": "A2", "inputs": ["C2", "P2"], "input_shifts": [0, 2], "shift": 3,
       "activation": "relu"},
      {"type": "max_pool", "name": "M3", "inputs": ["A2"], "window": 2, "padding": [0, 1, 1, 0],
       "rounding": "ceil"},
      {"type": "average_pool", "name": "G4", "inputs": ["M3"], "window": 2, "stride": 1,
       "padding": 1, "padding_counted": true},
      {"type": "average_pool", "name": "G5", "inputs": ["G4"], "window": "global",
       "activation": "sum"},
      {"type": "fully_connected", "name": "FC", "inputs": ["G5"], "outputs": 3,
       "weights": [[1, 2], [-7, 7], "0a"], "biases": [0, 1, 2], "shift": 4,
       "activation": "logits"}]})");
}

TEST(Format2, ReadsEveryField) {
  const Network network = parse_network(graph().dump(), "graph.json");
  EXPECT_EQ(network.zero_point, 7);
  ASSERT_EQ(network.layers.size(), 7u);
  const Layer& first = network.layers[0];
  EXPECT_EQ(first.inputs, (std::vector<int>{kImage}));
  EXPECT_EQ(first.row_stride, 2);
  EXPECT_EQ(first.column_stride, 1);
  EXPECT_EQ(first.padding, (Padding{0, 1, 0, 0}));
  EXPECT_EQ(first.groups, 2);
  EXPECT_EQ(first.input_zero_point, 7);
  EXPECT_EQ(first.output, (MapShape{2, 3, 6}));
  EXPECT_EQ(first.weights, (std::vector<int8_t>{1, -3, 0, 0, 7, -7}));
  EXPECT_EQ(first.weight(1, 1, 1, 0), 7);
  EXPECT_EQ(first.weight(1, 0, 1, 0), 0);  // of the other group
  const Layer& projection = network.layers[1];
  EXPECT_EQ(projection.inputs, (std::vector<int>{0}));
  EXPECT_EQ(projection.activation, Activation::kNone);
  EXPECT_EQ(projection.zero_point, 128);
  EXPECT_EQ(projection.weights, (std::vector<int8_t>{1, -2, -1, 2}));
  EXPECT_EQ(network.layers[2].activation, Activation::kSum);
  EXPECT_EQ(network.layers[2].range, 1);
  const Layer& sum = network.layers[3];
  EXPECT_EQ(sum.type, LayerType::kAdd);
  EXPECT_EQ(sum.inputs, (std::vector<int>{2, 1}));
  EXPECT_EQ(sum.input_shifts, (std::vector<int>{0, 2}));
  EXPECT_EQ(sum.shift, 3);
  EXPECT_EQ(*network.layers[4].pool, (Pooling{2, 2, 2, 2, true, {0, 1, 1, 0}, false}));
  EXPECT_EQ(network.layers[4].output, (MapShape{2, 2, 4}));
  EXPECT_EQ(*network.layers[5].pool, (Pooling{2, 2, 1, 1, false, {1, 1, 1, 1}, true}));
  const Layer& last = network.layers[6];
  EXPECT_EQ(last.inputs, (std::vector<int>{5}));
  EXPECT_TRUE(last.takes_sums());
  EXPECT_EQ(last.part_name, "G5");
  EXPECT_EQ(*last.pool, (Pooling{3, 5, 3, 5, false, {}, false}));
  EXPECT_EQ(last.input, (MapShape{2, 3, 5}));
  EXPECT_EQ(last.weighted, (MapShape{2, 1, 1}));
  EXPECT_EQ(last.weights, (std::vector<int8_t>{1, 2, -7, 7, 0, -1}));
  EXPECT_EQ(last.weight(1, 1, 2, 4), 7);
  EXPECT_EQ(last.activation, Activation::kLogits);
}

// A residual sum is part of its convolution where the chip can add rounded, shifted sums to pixels;
// it takes the place of the add, behind both inputs.
TEST(Format2, ResidualSumsBecomePartOfTheirConvolution) {
  Json json = graph();
  std::swap(json["layers"][1], json["layers"][2]);  // the sums before what they are added to
  json["layers"][3]["input_shifts"] = {0, 3};
  const Network network = parse_network(json.dump(), "graph.json");
  ASSERT_EQ(network.layers.size(), 6u);
  EXPECT_EQ(network.layers[1].name, "P2");
  const Layer& sum = network.layers[2];
  EXPECT_EQ(sum.name, "C2");
  EXPECT_EQ(sum.part_name, "A2");
  EXPECT_TRUE(sum.adds());
  EXPECT_EQ(sum.inputs, (std::vector<int>{0, 1}));
  EXPECT_EQ(sum.activation, Activation::kRelu);
  EXPECT_EQ(sum.shift, 3);
  EXPECT_EQ(sum.range, 1);
  EXPECT_EQ(network.layers[3].inputs, (std::vector<int>{2}));
  for (const Json& shifts : {Json{1, 3}, Json{0, 2}, Json{0, 4}}) {
    json["layers"][3]["input_shifts"] = shifts;
    EXPECT_EQ(parse_network(json.dump(), "graph.json").layers.size(), 7u) << shifts;
  }
}

struct Fault {
  const char* pointer;
  Json value;  // null: the field is taken away
  std::vector<std::string> parts;
};

// A weight of one cell: no sign, the same sums, and the file says so again.
TEST(Format2, OneCellWeights) {
  Json json = graph();
  json["layers"][0]["cells"] = 1;
  json["layers"][0]["weights"] = {"130", "071"};
  json["layers"][7]["cells"] = 2;
  const Network network = parse_network(json.dump(), "graph.json");
  EXPECT_EQ(network.layers[0].cells, 1);
  EXPECT_EQ(network.layers[0].least_weight(), 0);
  EXPECT_EQ(network.layers[1].cells, 2);
  const std::string text = network_to_json(network);
  EXPECT_EQ(parse_network(text, "written").layers[0].cells, 1);
  EXPECT_NE(text.find("\"cells\": 1"), std::string::npos);
  EXPECT_EQ(text.find("\"cells\": 2"), std::string::npos);
}

TEST(Format2, Errors) {
  const std::string strange = "\"image\" or the name of a layer before this one";
  const std::vector<Fault> faults = {
      {"/input/zero_point", 256, {"input.zero_point", "found 256", "0..255"}},
      {"/layers/0", 5, {"layers[0]", "found 5", "an object"}},
      {"/layers/0/type", "pooling", {"layers[0].type", "\"pooling\"", "\"add\""}},
      {"/layers/0/name", "", {"layers[0].name", "a name of its own"}},
      {"/layers/0/name", "image", {"layers[0].name", "\"image\"", "a name of its own"}},
      {"/layers/1/name", "C1", {"layers[1].name", "\"C1\"", "a name of its own"}},
      {"/layers/0/inputs", nullptr, {"layers[0].inputs", "found nothing"}},
      {"/layers/0/inputs", Json::array(), {"layers[0].inputs", "array of 0", "array of 1 name"}},
      {"/layers/0/inputs/0", "C1", {"layers[0].inputs[0]", "\"C1\"", strange}},
      {"/layers/1/inputs/0", "C2", {"layers[1].inputs[0]", "\"C2\"", strange}},
      {"/layers/1/inputs/0", 3, {"layers[1].inputs[0]", "found 3", "a name"}},
      {"/layers/0/kernel", 12, {"layers[0].kernel", "found 12", "1..11"}},
      {"/layers/0/kernel/0", 9, {"layers[0].weights[0]", "string of 9 weights (it has 3)"}},
      {"/layers/0/stride/1", 8, {"layers[0].stride[1]", "found 8", "1..7"}},
      {"/layers/0/padding/1", 3, {"layers[0].padding", "found 3", "0..2"}},
      {"/layers/0/padding", Json{0, 1, 0}, {"layers[0].padding", "array of 3", "top, bottom"}},
      {"/layers/0/groups", 3, {"layers[0].groups", "found 3", "2 channels and 2 kernels"}},
      {"/layers/0/weights/1", "07", {"layers[0].weights[1]", "string of 3 weights", "has 2"}},
      {"/layers/0/weights/1", "07h", {"layers[0].weights[1]", "'h'", "a..g"}},
      {"/layers/0/weights/1", "07\xc3\xa9", {"layers[0].weights[1]"}},
      {"/layers/7/weights/1/0", 8, {"layers[7].weights[1][0]", "found 8", "-7..7"}},
      {"/layers/7/weights/1", Json{1, 2, 3}, {"layers[7].weights[1]", "array of 3", "2 weights"}},
      {"/layers/0/cells", 3, {"layers[0].cells", "found 3", "1..2"}},
      {"/layers/0/cells", 1, {"layers[0].weights, kernel 0, input 1", "found -3", "0..7 in one"}},
      {"/layers/0/activation", "gelu", {"layers[0].activation", "\"gelu\"", "\"sum\""}},
      {"/layers/0/activation", "logits", {"layers[0].activation", "\"logits\"", "last layer"}},
      {"/layers/7/activation", "relu", {"layers[7].activation", "\"relu\"", "\"logits\""}},
      {"/layers/0/zero_point", 1, {"layers[0].zero_point", "found 1", "activation is not"}},
      {"/layers/1/zero_point", 256, {"layers[1].zero_point", "found 256", "0..255"}},
      {"/layers/0/shift", nullptr, {"layers[0].shift", "found nothing"}},
      {"/layers/2/shift", 2, {"layers[2].shift", "found 2", "0 of sums"}},
      {"/layers/2/activation", "relu", {"layers[2].shift", "found nothing"}},
      {"/layers/0/activation", "sum", {"layers[0].shift", "found 3", "0 of sums"}},
      {"/layers/3/inputs", Json{"C2"}, {"layers[3].inputs", "array of 1", "2 names"}},
      {"/layers/3/inputs/1", "image", {"layers[3].inputs[1]", "2x6x6", "2x3x6"}},
      {"/layers/3/input_shifts", Json{1}, {"layers[3].input_shifts", "array of 1", "2 shifts"}},
      {"/layers/3/input_shifts/1", 24, {"layers[3].input_shifts[1]", "found 24", "0..23"}},
      {"/layers/3/input_shifts/1", 23, {"layers[3].input_shifts", "largest possible sum"}},
      {"/layers/3/activation", "sum", {"layers[3].shift", "found 3"}},
      {"/layers/3/weights", 1, {"layers[3].weights", "unknown field", "input_shifts"}},
      {"/layers/4/window", 0, {"layers[4].window", "found 0", "1.."}},
      {"/layers/4/window", "all", {"layers[4].window", "\"all\"", "\"global\""}},
      {"/layers/4/window", "global", {"layers[4].padding", "unknown field", "window"}},
      {"/layers/4/padding/1", 2, {"layers[4].padding", "found 2", "0..1"}},
      {"/layers/4/rounding", "up", {"layers[4].rounding", "\"up\"", "\"ceil\""}},
      {"/layers/4/padding_counted", true, {"layers[4].padding_counted", "unknown field"}},
      {"/layers/5/padding_counted", 1, {"layers[5].padding_counted", "found 1", "true or false"}},
      {"/layers/5/window", 9, {"layers[5].window", "found 9x9", "at most the padded map, 4x6"}},
      {"/layers/5/activation", "relu", {"layers[5].activation", "\"relu\"", "\"sum\""}},
      {"/layers/5/activation", "sum", {"layers[6].inputs[0]", "sums of G4", "fully connected"}},
      {"/layers/7/inputs/0", "M3", {"layers[7].weights[0]", "array of 2", "16 weights"}},
      {"/layers/7/inputs/0", "C2", {"layers[7].inputs[0]", "sums of C2", "an add"}},
      {"/layers/7/type", "add", {"layers[7].inputs", "array of 1", "2 names"}},
      {"/layers/7/pool", 1, {"layers[7].pool", "unknown field"}},
      {"/layers/7/biases/0", 1 << 30, {"layers[7].biases[0]", "largest possible sum"}},
  };
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.pointer + (" " + fault.value.dump()));
    Json json = graph();
    const Json::json_pointer pointer(fault.pointer);
    if (fault.value.is_null()) {
      json[pointer.parent_pointer()].erase(pointer.back());
    } else {
      json[pointer] = fault.value;
    }
    const std::string error = error_of([&] { parse_network(json.dump(), "graph.json"); });
    expect_parts(error, "graph.json");
    for (const std::string& part : fault.parts) {
      expect_parts(error, part);
    }
  }
}

TEST(Format2, MapsThatFitNoMachine) {
  Json json = graph();
  json["input"] = {{"channels", 1024}, {"height", 1024}, {"width", 1024}};
  expect_parts(error_of([&] { parse_network(json.dump(), "x"); }), "x: input", "1024 x 1024 x 1024",
               "at most 16777216 pixels");
  json["input"] = {{"channels", 2}, {"height", 1024}, {"width", 1024}};
  Json& first = json["layers"][0];
  first["kernels"] = 40;
  first["weights"] = std::vector<std::string>(40, "000");
  first["biases"] = std::vector<int>(40, 0);
  expect_parts(error_of([&] { parse_network(json.dump(), "x"); }), "layers[0].kernels",
               "a map of 40 x 512 x 1024");
}

// Every value of the document.
void collect(const Json& json, const Json::json_pointer& here,
             std::vector<Json::json_pointer>& pointers) {
  pointers.push_back(here);
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      collect(value, here / key, pointers);
    }
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) {
      collect(json[i], here / i, pointers);
    }
  }
}

// A broken file gives an Error, and a file that is still good a network that runs.
TEST(Format2, MutatedFilesAreRefusedOrRun) {
  constexpr uint64_t kSeed = 20;
  Random random(kSeed);
  std::vector<Json::json_pointer> pointers;
  collect(graph(), Json::json_pointer(), pointers);
  const auto any = [&]() -> const Json::json_pointer& {
    return pointers[to_index(random.between(1, static_cast<int>(pointers.size()) - 1))];
  };
  int good = 0;
  for (int round = 0; round < 4000; ++round) {
    SCOPED_TRACE(fmt::format("seed {}, round {}", kSeed, round));
    Json json = graph();
    const std::vector<Json> values = {nullptr,
                                      true,
                                      0,
                                      1,
                                      2,
                                      3,
                                      -1,
                                      7,
                                      24,
                                      4096,
                                      1e9,
                                      1LL << 40,
                                      0.5,
                                      "",
                                      "C1",
                                      "global",
                                      "average_pool",
                                      "sum",
                                      Json::array(),
                                      Json::object(),
                                      Json{1, 2},
                                      graph()[any()],
                                      graph()[any()]};
    for (int changes = random.between(1, 2); changes > 0; --changes) {
      const Json::json_pointer& pointer = any();
      if (!json.contains(pointer)) {
        continue;
      }
      Json& parent = json[pointer.parent_pointer()];
      if (parent.is_object() && random.one_of(4)) {
        parent.erase(pointer.back());
      } else {
        json[pointer] = values[to_index(random.between(0, static_cast<int>(values.size()) - 1))];
      }
    }
    std::string text = json.dump();
    if (random.one_of(5)) {
      text[to_index(random.between(0, static_cast<int>(text.size()) - 1))] =
          static_cast<char>(random.between(0, 255));
    }
    try {
      const Network network = parse_network(text, "mutated.json");
      IntegerNetwork(network).run(suite_image(network, kSeed, round));
      ++good;
    } catch (const Error& error) {
      expect_parts(error.what(), "mutated.json: ");
    }
  }
  EXPECT_GT(good, 100);
}

TEST(Format2, ErrorsOfTheWholeGraph) {
  Json unread = graph();
  unread["layers"][3]["inputs"] = {"P2", "P2"};
  expect_parts(error_of([&] { parse_network(unread.dump(), "x"); }), "layers[2]", "C2",
               "whose output no layer takes");
  Json twice = graph();
  twice["layers"][3]["inputs"] = {"C2", "C2"};
  twice["layers"][5]["inputs"] = {"A2"};
  twice["layers"].erase(4);
  expect_parts(error_of([&] { parse_network(twice.dump(), "x"); }), "layers[1]", "P2",
               "whose output no layer takes");
  Json no_end = graph();
  no_end["layers"].erase(7);
  expect_parts(error_of([&] { parse_network(no_end.dump(), "x"); }), "layers[6].type",
               "a layer without weights", "fully_connected");
  Json behind = graph();
  behind["layers"][7]["activation"] = "relu";
  behind["layers"].push_back(behind["layers"][1]);
  behind["layers"][8]["name"] = "C9";
  behind["layers"][8]["inputs"] = {"FC"};
  expect_parts(error_of([&] { parse_network(behind.dump(), "x"); }), "layers[8].type",
               "a convolution behind the vector that FC gives");
  Json sum = behind["layers"][3];
  sum["name"] = "A9";
  sum["inputs"] = {"FC", "FC"};
  behind["layers"][8] = sum;
  behind["layers"].push_back(graph()["layers"][5]);
  behind["layers"][9]["name"] = "G9";
  behind["layers"][9]["inputs"] = {"A9"};
  expect_parts(error_of([&] { parse_network(behind.dump(), "x"); }), "layers[9].type",
               "a pooling behind the vector that A9 gives");
}

// The same network in memory: names, sizes, weights and what they give.
void expect_equal(const Network& a, const Network& b) {
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) {
    const Layer& one = a.layers[i];
    const Layer& other = b.layers[i];
    SCOPED_TRACE(one.name);
    EXPECT_EQ(one.type, other.type);
    EXPECT_EQ(one.name, other.name);
    if (one.adds() || one.takes_sums()) {
      EXPECT_EQ(one.part_name, other.part_name);
    }
    EXPECT_EQ(one.weighted, other.weighted);
    EXPECT_EQ(one.inputs, other.inputs);
    EXPECT_EQ(one.activation, other.activation);
    EXPECT_EQ(one.zero_point, other.zero_point);
    EXPECT_EQ(one.input_zero_point, other.input_zero_point);
    EXPECT_EQ(one.padding, other.padding);
    EXPECT_EQ(one.groups, other.groups);
    EXPECT_EQ(one.weights, other.weights);
    EXPECT_EQ(one.biases, other.biases);
    EXPECT_EQ(one.shift, other.shift);
    EXPECT_EQ(one.input_shifts, other.input_shifts);
    EXPECT_EQ(one.range, other.range);
    EXPECT_EQ(one.cells, other.cells);
    EXPECT_EQ(one.output, other.output);
    EXPECT_EQ(one.convolution, other.convolution);
    EXPECT_EQ(one.pool, other.pool);
  }
}

TEST(Format2, RandomGraphsRoundTrip) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    const Network network = random_graph(seed, 16);
    const std::string text = network_to_json(network);
    const Network again = parse_network(text, "again");
    EXPECT_EQ(network_to_json(again), text);
    expect_equal(network, again);
  }
}

TEST(Format2, FilesOfFormat1AreTheSameNetwork) {
  for (const char* const name : {"yao2020", "yao2020-plain", "tiny"}) {
    SCOPED_TRACE(name);
    const Network old = load_network(std::string(MCNN_DATA_DIR) + "/networks/" + name + ".json");
    const std::string text = network_to_json(old);
    EXPECT_NE(text.find("mcnn-network-2"), std::string::npos);
    EXPECT_NE(text.find("\"max_pool\""), std::string::npos);
    expect_equal(old, parse_network(text, "converted"));
  }
}

TEST(Format2, LargeLayersArePacked) {
  const Json json = Json::parse(network_to_json(random_yao2020(1)));
  EXPECT_TRUE(json["layers"][0]["weights"][0].is_array());   // 72 weights
  EXPECT_TRUE(json["layers"][2]["weights"][0].is_string());  // 864
}

TEST(Format2, NamesThatFilesCannotHave) {
  Network network = random_yao2020(1);
  network.layers[1].name = "C1";
  expect_parts(error_of([&] { network_to_json(network); }), "layers[1].name", "\"C1\"",
               "a name of its own");
  network.layers[1].name = "C1_pool";
  EXPECT_NE(network_to_json(network).find("\"C1_pool_\""), std::string::npos);
}

// What this chip cannot run is refused by name.
TEST(Format2, MapperRefusesWhatTheChipCannotRun) {
  const ChipConfig config = named_config("yao2020");
  const auto refusal = [&](const Network& network) {
    return error_of([&] { map_network(network, config); });
  };
  const auto changed = [&](const auto& change) {
    Network network = random_yao2020(1);
    change(network);
    finish_network(network, "changed");
    return refusal(network);
  };
  expect_parts(refusal(parse_network(graph().dump(), "graph")), "network graph does not fit",
               "layer C1", "stride 2x1");
  expect_parts(changed([](Network& n) {
                 n.layers[0].column_stride = 2;
                 n.layers[0].pool->column_stride = 2;
                 n.layers[0].pool->columns = 5;
                 n.layers[1].pool = Pooling{2, 2, 2, 2, true, {}, false};
                 n.layers[2].weights.resize(10 * 12 * 4 * 2);
               }),
               "layer C1", "stride 1x2");
  expect_parts(changed([](Network& n) {
                 n.zero_point = 3;
                 n.layers[0].padding = {0, 0, 0, 1};
               }),
               "layer C1", "padding", "zero point 3");
  expect_parts(changed([](Network& n) {
                 n.layers[0].pool->padding = {0, 0, 1, 0};
               }),
               "layer C1", "padding of a maximum");
  Json json = graph();
  json["layers"][0]["stride"] = 1;
  json["layers"][0]["padding"] = 0;
  json["input"]["zero_point"] = 0;
  const auto again = [&](const char* layer) {
    return "layer " + std::string(layer) + ": " + refusal(parse_network(json.dump(), "graph"));
  };
  expect_parts(again("C2"), "layer C2: sums that go on unrounded");
  json["layers"][3]["input_shifts"] = {0, 3};
  expect_parts(again("C2"), "layer C2: adds to P2: found NumBuffers=3, allowed: 4");
  ChipConfig four = config;
  four.num_buffers = 4;
  const auto in_four = [&] {
    return error_of([&] { map_network(parse_network(json.dump(), "graph"), four); });
  };
  expect_parts(in_four(), "layer M3: the largest pixels of C2");
  json["layers"][4] = {{"type", "average_pool"}, {"name", "M3"}, {"inputs", {"A2"}}, {"window", 2}};
  expect_parts(in_four(), "layer M3: means that are stored");
  json["layers"].erase(4);
  json["layers"].erase(4);
  json["layers"][4]["inputs"] = {"A2"};
  EXPECT_EQ(in_four(), "no error");
  json["layers"][4] = {{"type", "average_pool"},
                       {"name", "G5"},
                       {"inputs", {"A2"}},
                       {"window", 2},
                       {"stride", 1},
                       {"padding", 0},
                       {"activation", "sum"}};
  json["layers"][5]["weights"] = std::vector<std::string>(3, std::string(30, '1'));
  expect_parts(in_four(), "layer G5: sums of windows that overlap");
}

}  // namespace
}  // namespace mcnn::testing
