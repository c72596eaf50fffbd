// SPDX-License-Identifier: Apache-2.0
#include "cli/convert_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "common/error.h"
#include "host/network/network.h"

namespace mcnn::cli {
namespace {

struct ConvertOptions {
  std::string network;
  std::string out;
};

int convert(const ConvertOptions& options) {
  if (options.network.empty()) throw Error("mcnn convert: --network FILE is missing");
  if (options.out.empty()) throw Error("mcnn convert: --out FILE is missing");
  const Network network = load_network(options.network);
  const std::string text = network_to_json(network);
  output_file(options.out, "--out")->commit(text);
  print_written({options.out});
  return 0;
}

}  // namespace

Command convert_command(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("convert", "Write a network file in the newest format (mcnn-network-2)");
  add_examples(command, {{"mcnn convert --network data/networks/tiny.json --out tiny2.json",
                          "from format 1; large layers are packed, a character a weight"},
                         {"mcnn convert --network net.json --out net.json", "in its place"}});
  auto options = std::make_shared<ConvertOptions>();
  begin_group(command, kChipGroup);
  command.add_option("--network", options->network, "Network file of any format")
      ->type_name("FILE");
  add_file_option(command, "--out", options->out, "File to write");
  return {&command, [options] { return convert(*options); }};
}

}  // namespace mcnn::cli
