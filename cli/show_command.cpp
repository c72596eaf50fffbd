// SPDX-License-Identifier: Apache-2.0
#include "cli/show_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "behavioral_models/device_units.h"
#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/report/card_svg.h"
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

std::string shape_text(const MapShape& map) {
  return fmt::format("{}x{}x{}", map.channels, map.height, map.width);
}

std::string padding_text(const Padding& padding) {
  if (padding.top != padding.bottom || padding.left != padding.right) {
    return fmt::format("padding top {}, bottom {}, left {}, right {}", padding.top, padding.bottom,
                       padding.left, padding.right);
  }
  return fmt::format("padding {}x{}", padding.top, padding.left);
}

std::string pooling_text(const Pooling& pool) {
  std::string text = fmt::format("{}x{} stride {}x{}", pool.rows, pool.columns, pool.row_stride,
                                 pool.column_stride);
  if (pool.ceil) text += " ceil";
  if (pool.padding != Padding{}) text += ", " + padding_text(pool.padding);
  return text;
}

std::string convolution_text(const Layer& layer) {
  const bool square = layer.row_stride == layer.column_stride;
  return fmt::format("{} kernels {}x{}, stride {}{}, {}{}", layer.kernels, layer.kernel_rows,
                     layer.kernel_columns, layer.row_stride,
                     square ? "" : fmt::format("x{}", layer.column_stride),
                     padding_text(layer.padding),
                     layer.groups == 1 ? "" : fmt::format(", {} groups", layer.groups));
}

// What becomes of the sums of a layer.
std::string activation_text(const Layer& layer) {
  if (layer.activation == Activation::kSum) return "sums";
  std::string text = fmt::format("shift {}", layer.shift);
  if (layer.activation == Activation::kNone) {
    text += fmt::format(", zero point {}", layer.zero_point);
  }
  return text;
}

std::string describe_layer(const Network& network, std::size_t index) {
  const Layer& layer = network.layers[index];
  std::string inputs;
  const std::size_t count = layer.adds() ? 1 : layer.inputs.size();
  for (std::size_t i = 0; i < count; ++i) {
    inputs += fmt::format("{}{}", i == 0 ? "" : " + ", network.input_name(index, i));
    if (layer.type == LayerType::kAdd && layer.input_shifts[i] != 0) {
      inputs += fmt::format(" << {}", layer.input_shifts[i]);
    }
  }
  const auto line = [&](std::string_view type, const std::string& what) {
    return fmt::format("{:<10} {:<16} {} ({}) -> {}, {}", layer.name, type, inputs,
                       shape_text(layer.input), shape_text(layer.output), what);
  };
  switch (layer.type) {
    case LayerType::kMaxPool:
      return line("max pool", pooling_text(*layer.pool));
    case LayerType::kAveragePool:
      return line("average pool", pooling_text(*layer.pool) +
                                      (layer.pool->padding_counted ? ", padding counted" : "") +
                                      (layer.activation == Activation::kSum ? ", sums" : ""));
    case LayerType::kAdd:
      return line("add", activation_text(layer));
    case LayerType::kFullyConnected:
      return line("fully connected",
                  activation_text(layer) +
                      (layer.takes_sums() ? ", of sums of " + pooling_text(*layer.pool) : ""));
    case LayerType::kConvolution:
      break;
  }
  std::string text =
      line("convolution", fmt::format("{}, {}", convolution_text(layer), activation_text(layer)));
  if (layer.pool) text += fmt::format(", max pool {}", pooling_text(*layer.pool));
  if (layer.adds()) text += fmt::format(", added to {}", network.input_name(index, 1));
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

int show_info(const WorkloadOptions& options, const std::string& svg) {
  const ChipConfig config = load_configuration(options);
  const DeviceCard card = load_chosen_card(options);
  const Network network = load_chosen_network(options);
  const auto svg_file = output_file(svg, "--svg");
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
  if (network.zero_point != 0) {
    fmt::print("  {:<10} {}, zero point {}\n", "image", shape_text(network.input),
               network.zero_point);
  }
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    fmt::print("  {}\n", describe_layer(network, i));
  }
  if (svg_file) svg_file->commit(card_svg(card, options.seed));
  print_written({svg});
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
                         {"mcnn info --device yao2020 --svg card.svg",
                          "and its states, relaxation, noise and drift as a picture"},
                         {"mcnn info --config tiny --network data/networks/yao2020.json",
                          "another configuration"}});
  auto options = std::make_shared<WorkloadOptions>();
  auto svg = std::make_shared<std::string>();
  add_choice_options(command, *options);
  add_file_option(command, "--svg", *svg, "Draw the device card (SVG)");
  return {&command, [options, svg] { return show_info(*options, *svg); }};
}

}  // namespace mcnn::cli
