// SPDX-License-Identifier: Apache-2.0
#include "cli/show_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/device_units.h"
#include "cli/help.h"
#include "host/engine/driver.h"
#include "tb/rtl_chip.h"

namespace mcnn::cli {
namespace {

int show_map(const WorkloadOptions& options) {
  const ChipConfig config = load_configuration(options);
  const Network network = load_chosen_network(options);
  const DeviceCard card = load_chosen_card(options);
  const MappedNetwork mapped = map_chosen(options, network, config, card);
  fmt::print("network {} on {} ({})\n\n{}\n{}\n{} clocks an image\n", network.name, config.name,
             describe(config), mapping_table(mapped, config), mapping_picture(mapped, config),
             mapped.clocks_per_image);
  return 0;
}

std::string describe_layer(const Layer& layer) {
  const auto shape = [](const MapShape& map) {
    return fmt::format("{}x{}x{}", map.channels, map.height, map.width);
  };
  if (layer.type == LayerType::kFullyConnected) {
    return fmt::format("{:<10} fully connected  {} -> {}, shift {}", layer.name, shape(layer.input),
                       layer.kernels, layer.shift);
  }
  std::string text = fmt::format(
      "{:<10} convolution      {} -> {}, {} kernels {}x{}, stride {}, padding {}x{}, shift {}",
      layer.name, shape(layer.input), shape(layer.output), layer.kernels, layer.kernel_rows,
      layer.kernel_columns, layer.stride, layer.padding_rows, layer.padding_columns, layer.shift);
  if (layer.pool) {
    text += fmt::format(", max pool {}x{} stride {}x{}{}", layer.pool->rows, layer.pool->columns,
                        layer.pool->row_stride, layer.pool->column_stride,
                        layer.pool->ceil ? " ceil" : "");
  }
  return text;
}

// The fields that differ from off, each with its unit.
std::string describe_fields(const DeviceCard& card) {
  std::string text;
  std::istringstream lines(device_card_toml(card));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find(" = ");
    const std::string name = line.substr(0, equals);
    if (name == "name") continue;
    const std::string_view unit = device_field_unit(name);
    text += fmt::format("  {:<36} {}{}{}\n", name, line.substr(equals + 3), unit.empty() ? "" : " ",
                        unit);
  }
  return text;
}

int show_info(const WorkloadOptions& options) {
  const ChipConfig config = load_configuration(options);
  const DeviceCard card = load_chosen_card(options);
  const Network network = load_chosen_network(options);
  fmt::print("mcnn {}, Verilator {}, configurations {}\n", MCNN_VERSION, MCNN_VERILATOR_VERSION,
             fmt::join(tb::RtlChip::configurations(), ", "));
  fmt::print("\nconfiguration {}: {}\n", config.name, describe(config));

  // What the chip itself says, read from its registers.
  std::vector<Macro> macros;
  macros.reserve(static_cast<std::size_t>(config.num_pe));
  for (int pe = 0; pe < config.num_pe; ++pe) {
    macros.emplace_back(MacroShape{config.num_bl(), config.num_sl, config.num_adc, config.adc_bits},
                        card, options.seed, pe);
  }
  const std::unique_ptr<tb::RtlChip> chip =
      tb::RtlChip::make(config.name, macros, tb::RtlOptions{});
  const Driver driver(*chip);
  const ChipConfig said = driver.read_config(config.name);
  const std::string difference = differences(config, said);
  const std::uint32_t version = chip->read(reg::kVersion);
  fmt::print("the RTL's registers: version {}.{}.{}, {}\n", version >> 16, version >> 8 & 0xFF,
             version & 0xFF,
             difference.empty() ? "capabilities as the configuration"
                                : "NOT as the configuration: " + difference);

  fmt::print("\ndevice {} ({}), the fields that are on:\n{}", card.name, card_path(options),
             describe_fields(card));

  fmt::print("\nnetwork {} ({})\n", network.name, network_path(options));
  if (!network.description.empty()) fmt::print("  {}\n", network.description);
  for (const Layer& layer : network.layers) fmt::print("  {}\n", describe_layer(layer));
  return difference.empty() ? 0 : kExitDiffers;
}

}  // namespace

Command map_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("map", "Show how a network lies in the arrays");
  add_examples(command, {{"mcnn map", "the default network on the default chip"},
                         {"mcnn map --mapping paper --replicas 3,3,1", "as published"}});
  auto options = std::make_shared<WorkloadOptions>();
  add_choice_options(command, *options);
  return {&command, [options] { return show_map(*options); }};
}

Command info_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("info", "Show configuration, device and network");
  command.alias("show");
  add_examples(command, {{"mcnn info --device yao2020", "every field of the card that is on"},
                         {"mcnn info --config tiny --network data/networks/yao2020.json",
                          "another configuration"}});
  auto options = std::make_shared<WorkloadOptions>();
  add_choice_options(command, *options);
  return {&command, [options] { return show_info(*options); }};
}

}  // namespace mcnn::cli
