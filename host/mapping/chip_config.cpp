// SPDX-License-Identifier: Apache-2.0
#include "host/mapping/chip_config.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "common/error.h"

namespace mcnn {
namespace {

struct Parameter {
  std::string_view name;
  int ChipConfig::*value;
  int low;
  int high;
};

// The limits are those of the RTL (rtl/README.md, "Parameters"), narrower where that table says so;
// but the chip model takes more PEs and longer tables.
constexpr std::array kParameters = {
    Parameter{"NumPe", &ChipConfig::num_pe, 1, 256},
    Parameter{"Windows", &ChipConfig::windows, 1, 16},
    Parameter{"Lanes", &ChipConfig::lanes, 2, 16},
    Parameter{"KernelMax", &ChipConfig::kernel_max, 4, 4},
    Parameter{"NumSl", &ChipConfig::num_sl, 8, 512},
    Parameter{"NumAdc", &ChipConfig::num_adc, 4, 64},
    Parameter{"AdcBits", &ChipConfig::adc_bits, 4, 12},
    Parameter{"ActBits", &ChipConfig::act_bits, 8, 8},
    Parameter{"PsumBits", &ChipConfig::psum_bits, 16, 32},
    Parameter{"RowBanks", &ChipConfig::row_banks, 8, 16},
    Parameter{"BankDepth", &ChipConfig::bank_depth, 2, 8192},
    Parameter{"NumBuffers", &ChipConfig::num_buffers, 3, 4},
    Parameter{"LoadRows", &ChipConfig::load_rows, 1, 8},
    Parameter{"MaxDim", &ChipConfig::max_dim, 4, 64},
    Parameter{"NumLayers", &ChipConfig::num_layers, 2, 256},
    Parameter{"NumRecords", &ChipConfig::num_records, 2, 16384},
    Parameter{"NumBiasRows", &ChipConfig::num_bias_rows, 2, 4096},
    Parameter{"NumLogits", &ChipConfig::num_logits, 4, 254},
    Parameter{"NumEntries", &ChipConfig::num_entries, 2, 128},
    Parameter{"ReadLatency", &ChipConfig::read_latency, 1, 63},
    Parameter{"ReadClocks", &ChipConfig::read_clocks, 1, 254},
};

constexpr int kMaxReadTime = 255;    // clocks that a verify read can count
constexpr int kMaxPixels = 1 << 17;  // of a feature-map buffer
constexpr int kMaxEntries = 4096;    // of all programming lists

std::string_view trim(std::string_view text) {
  const char* const blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// What the parameters must be to each other and beside their limits.
void check_rules(const ChipConfig& config, std::string_view name) {
  const auto require = [&](bool good, std::string_view parameter, int found,
                           std::string_view allowed) {
    if (!good) {
      throw Error(fmt::format("{}: {}: found {}, allowed: {}", name, parameter, found, allowed));
    }
  };
  const auto power_of_two = [&](std::string_view parameter, int value) {
    require(std::has_single_bit(static_cast<unsigned>(value)), parameter, value, "a power of two");
  };
  power_of_two("Windows", config.windows);
  power_of_two("Lanes", config.lanes);
  power_of_two("RowBanks", config.row_banks);
  power_of_two("LoadRows", config.load_rows);  // at most the fewest RowBanks
  power_of_two("NumAdc", config.num_adc);
  power_of_two("NumEntries", config.num_entries);
  power_of_two("BankDepth", config.bank_depth);
  require(config.num_sl % config.num_adc == 0, "NumSl", config.num_sl,
          fmt::format("a multiple of NumAdc, {}", config.num_adc));
  require(config.lanes <= config.max_kernels(), "Lanes", config.lanes,
          fmt::format("at most half of NumAdc, {}", config.max_kernels()));
  require(config.num_logits % config.lanes == 0 && config.num_logits >= 2 * config.lanes,
          "NumLogits", config.num_logits,
          fmt::format("a multiple of Lanes, {}, from twice that on", config.lanes));
  const int most_words = kMaxPixels / config.row_banks / config.lanes;
  require(config.bank_depth <= most_words, "BankDepth", config.bank_depth,
          fmt::format("at most {} with RowBanks and Lanes", most_words));
  const int pe_lists = static_cast<int>(std::bit_ceil(static_cast<unsigned>(config.num_pe)));
  require(config.num_entries * pe_lists <= kMaxEntries, "NumEntries", config.num_entries,
          fmt::format("at most {} with NumPe", kMaxEntries / pe_lists));
  const int window_bits = config.adc_bits + config.act_bits + 1;
  require(config.psum_bits >= window_bits, "PsumBits", config.psum_bits,
          fmt::format("at least AdcBits + ActBits + 1, {}", window_bits));
  require(config.read_clocks + config.read_latency <= kMaxReadTime, "ReadClocks",
          config.read_clocks, fmt::format("at most {} with ReadLatency", kMaxReadTime));
}

}  // namespace

ChipConfig chip_config_from_params(std::string_view text, std::string_view name) {
  ChipConfig config;
  config.name = name;
  std::set<std::string_view> seen;
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      throw Error(
          fmt::format("{}: line {}: found \"{}\", allowed: Name=Value", name, number, line));
    }
    const std::string_view key = trim(line.substr(0, equals));
    const std::string_view digits = trim(line.substr(equals + 1));
    const Parameter* parameter = nullptr;
    for (const Parameter& candidate : kParameters) {
      if (candidate.name == key) {
        parameter = &candidate;
      }
    }
    if (parameter == nullptr) {
      std::string names;
      for (const Parameter& candidate : kParameters) {
        names += names.empty() ? "" : ", ";
        names += candidate.name;
      }
      throw Error(fmt::format("{}: line {}: found parameter \"{}\", allowed: {}", name, number, key,
                              names));
    }
    if (!seen.insert(parameter->name).second) {
      throw Error(
          fmt::format("{}: line {}: found {} a second time, allowed: once", name, number, key));
    }
    int value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || stop != digits.data() + digits.size() || value < parameter->low ||
        value > parameter->high) {
      throw Error(fmt::format("{}: line {}: {}: found \"{}\", allowed: an integer {}..{}", name,
                              number, key, digits, parameter->low, parameter->high));
    }
    config.*(parameter->value) = value;
  }
  check_rules(config, name);
  return config;
}

ChipConfig load_chip_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(fmt::format(
        "{}: cannot be opened; a configuration (constraints/<name>.params) is needed", path));
  }
  std::ostringstream text;
  text << file.rdbuf();
  ChipConfig config = chip_config_from_params(text.str(), path);
  config.name = std::filesystem::path(path).stem().string();
  return config;
}

std::string to_params(const ChipConfig& config) {
  std::string text;
  for (const Parameter& parameter : kParameters) {
    text += fmt::format("{}={}\n", parameter.name, config.*(parameter.value));
  }
  return text;
}

std::string describe(const ChipConfig& config) {
  return fmt::format(
      "{} PEs of {} bit lines x {} source lines, {} ADC lanes of {} bits, partial sums of {} bits, "
      "feature maps of {} x "
      "{} banks x {} words{}, {} layer rows, {} records, {} bias rows, "
      "{} programming entries a PE",
      config.num_pe, config.num_bl(), config.num_sl, config.num_adc, config.adc_bits,
      config.psum_bits, config.lanes, config.row_banks, config.bank_depth,
      config.load_rows > 1 ? fmt::format(" loaded {} rows a clock", config.load_rows) : "",
      config.num_layers, config.num_records, config.num_bias_rows, config.num_entries);
}

std::string differences(const ChipConfig& a, const ChipConfig& b) {
  std::string text;
  for (const Parameter& parameter : kParameters) {
    if (a.*(parameter.value) != b.*(parameter.value)) {
      text += fmt::format("{}{}: {} and {}", text.empty() ? "" : "; ", parameter.name,
                          a.*(parameter.value), b.*(parameter.value));
    }
  }
  return text;
}

}  // namespace mcnn
