// SPDX-License-Identifier: Apache-2.0
#include "tests/system/cli_fixture.h"

#include <algorithm>

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

}  // namespace

std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width) {
  std::string text = big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
  for (std::uint32_t i = 0; i < count * height * width; ++i)
    text += static_cast<char>(i * 37 & 0xFF);
  return text;
}

std::string idx_labels(std::uint32_t count, std::uint8_t label) {
  return big_endian(0x801) + big_endian(count) + std::string(count, static_cast<char>(label));
}

void Cli::expect_error(std::vector<std::string> arguments, const std::vector<std::string>& parts) {
  arguments.insert(arguments.end(), {"--logits", out("logits.csv").string(), "--result",
                                     out("result.json").string()});
  expect_plain_error(arguments, parts);
}

void Cli::expect_plain_error(const std::vector<std::string>& arguments,
                             const std::vector<std::string>& parts) {
  expect_refused(arguments, parts);
  EXPECT_TRUE(fs::is_empty(folder_ / "out")) << *fs::directory_iterator(folder_ / "out");
}

std::string Cli::changed_network(const std::function<void(json&)>& change) const {
  json network = json::parse(read_file(fs::path(MCNN_DATA_DIR) / "networks" / "yao2020.json"));
  change(network);
  const fs::path file = path("network.json");
  write_file(file, network.dump());
  return file.string();
}

std::string Cli::changed_card(const std::string& from, const std::string& to) const {
  std::string card = read_file(fs::path(MCNN_DATA_DIR) / "devices" / "typical.toml");
  const std::size_t at = card.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  card.replace(at, from.size(), to);
  const fs::path file = path("card.toml");
  write_file(file, card);
  return file.string();
}

std::vector<std::string> Cli::data(const std::string& images, const std::string& labels) const {
  write_file(path("images"), images);
  write_file(path("labels"), labels);
  return {"integer", "--images", path("images").string(), "--labels", path("labels").string()};
}

std::string CliRuns::logits(std::vector<std::string> arguments) {
  static int run = 0;
  const fs::path file = out("logits" + std::to_string(++run) + ".csv");
  arguments.insert(arguments.end(),
                   {"--logits", file.string(), "--result", out("result.json").string()});
  const CommandResult result = run_mcnn(arguments);
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "") << "quiet when not on a terminal";
  result_ = json::parse(read_file(out("result.json")));
  return read_file(file);
}

}  // namespace mcnn::testing
