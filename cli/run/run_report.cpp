// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/named.h"
#include "host/mapping/cycle_model.h"

namespace mcnn::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kEngineNames = std::to_array<Named<Engine>>(
    {{Engine::kRtl, "rtl"}, {Engine::kModel, "model"}, {Engine::kInteger, "integer"}});

std::string_view engine_name(Engine engine) { return name_of(kEngineNames, engine); }

constexpr auto kEngineTitles =
    std::to_array<Named<Engine>>({{Engine::kRtl, "chip (RTL)"},
                                  {Engine::kModel, "chip (chip model)"},
                                  {Engine::kInteger, "integer network"}});

std::string range_text(int range) { return range < 0 ? "none" : fmt::format("{}", range); }

// How the chip was programmed.
std::string programming_block(const Report& report) {
  const ProgrammedChip& chip = *report.chip;
  const DeviceCard& card = report.workload.card;
  std::string text;
  const auto out = std::back_inserter(text);
  if (!chip.loop) {
    fmt::format_to(
        out, "programming: {}\n",
        chip.way == ProgramWay::kDirect ? "direct, without the closed loop" : "loaded from a file");
  } else {
    const CellStatistics cells = cell_statistics(report.workload, chip);
    const ProgramCounters counters = chip.loop->counters();
    fmt::format_to(
        out, "programming: closed loop{}, {} cells, {:.3f} % inside the tolerance, {} failed\n",
        chip.loop->passes.size() > 1 ? " with a second pass" : "", cells.cells,
        percent(cells.done, cells.cells), chip.loop->failed.size());
    fmt::format_to(out, "  within +-{:g} uS {:.3f} % when it ended", cells.limit_uS,
                   percent(cells.written_within, cells.cells));
    if (card.age_s > 0.0 || card.read_disturb_pulses > 0.0) {
      fmt::format_to(out, ", {:.3f} % {:g} s and {:g} reads later",
                     percent(cells.aged_within, cells.cells), card.age_s, card.read_disturb_pulses);
    }
    fmt::format_to(out, "\n  {:.2f} pulses a cell ({} at most), {} reads, {} clocks, {:.2f} s\n",
                   cells.mean_pulses(), cells.most_pulses, counters.reads, counters.clocks,
                   chip.seconds);
  }
  if (chip.refresh) {
    const RefreshReport& refresh = *chip.refresh;
    fmt::format_to(out,
                   "  refreshed {} times in {:g} s: {} cells rewritten, {} pulses, {} reads, {} "
                   "clocks\n",
                   refresh.rounds, card.age_s, refresh.cells.cells,
                   refresh.programming.sets + refresh.programming.resets, refresh.programming.reads,
                   refresh.programming.clocks);
  }
  text += fault_text(chip, "  ");
  if (!chip.calibration_note.empty()) {
    fmt::format_to(out, "  converter offsets taken out of cells and biases: {}\n",
                   chip.calibration_note);
  }
  text += check_text(chip, "  ");
  return text;
}

Json fault_json(const FaultReport& faults) {
  return {{"faults", faults.after.faults},
          {"cells", faults.after.cells},
          {"used_faults", faults.after.used_faults},
          {"used_cells", faults.after.used_cells},
          {"pairs", faults.after.pairs},
          {"unreachable_before", faults.before.unreachable},
          {"unreachable", faults.after.unreachable},
          {"squared_error_before", faults.before.squared_error},
          {"squared_error", faults.after.squared_error},
          {"search_pulses", faults.counters.sets + faults.counters.resets},
          {"search_reads", faults.counters.reads},
          {"search_clocks", faults.counters.clocks}};
}

// Below it the largest code before it was rounded has to stay with converters of so many bits.
double largest_unclipped(int adc_bits) { return std::ldexp(1.0, adc_bits) - 0.5; }

// What would keep a layer's largest code from being clipped; empty where it was not.
std::string clipping_line(const LayerMapping& layer, const LayerFigures& figures,
                          const ChipConfig& config) {
  const int range = unclipped_range(figures, layer.range, config);
  if (range >= layer.range) return {};
  const std::string what = fmt::format("{} clips its peak code of {:.1f} at range {}: ", layer.name,
                                       figures.counts.peak, layer.range);
  if (range >= 0) return what + fmt::format("range {} would not (--range {})\n", range, range);
  const double at_coarsest = std::ldexp(figures.counts.peak, -layer.range);
  int bits = config.adc_bits;
  while (at_coarsest >= largest_unclipped(bits)) ++bits;
  return what + fmt::format("so would every range of {} bits, {} bits at range 0 would not\n",
                            config.adc_bits, bits);
}

Json programming_json(const Workload& workload, const ProgrammedChip& chip) {
  Json json = {{"way", way_name(chip.way)}, {"calibrated", !chip.calibration_note.empty()}};
  if (chip.faults) json["faults"] = fault_json(*chip.faults);
  json["seconds"] = chip.seconds;
  if (chip.loop) {
    const CellStatistics cells = cell_statistics(workload, chip);
    const ProgramCounters counters = chip.loop->counters();
    json.update({{"cells", cells.cells},
                 {"done", cells.done},
                 {"failed", chip.loop->failed.size()},
                 {"passes", chip.loop->passes.size()},
                 {"within_1uS_written", cells.written_within},
                 {"within_1uS_aged", cells.aged_within},
                 {"pulses_per_cell", cells.mean_pulses()},
                 {"sets", counters.sets},
                 {"resets", counters.resets},
                 {"reads", counters.reads},
                 {"clocks", counters.clocks}});
  }
  return json;
}

Json refresh_json(const RefreshReport& refresh) {
  return {{"rounds", refresh.rounds},           {"cells", refresh.cells.cells},
          {"sets", refresh.programming.sets},   {"resets", refresh.programming.resets},
          {"reads", refresh.programming.reads}, {"clocks", refresh.programming.clocks}};
}

Json counters_json(const Report& report) {
  const EngineRun& run = report.run;
  Json json = {{"clocks", run.counters.clocks},
               {"beats", run.counters.beats},
               {"reads", run.counters.reads},
               {"skipped", run.counters.skipped},
               {"conversions", run.counters.conversions},
               {"stall_beat", run.counters.stall_beat}};
  if (report.engine == Engine::kRtl) {
    json["stall_image"] = run.stall_image;
    json["stall_result"] = run.stall_result;
  }
  return json;
}

Json layers_json(const Report& report) {
  const Workload& workload = report.workload;
  const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);
  Json json;
  for (const LayerMapping& layer : workload.mapped.layers) {
    const LayerFigures figures = layer_figures(report, layer, cycles);
    json.push_back({{"name", layer.name},
                    {"replicas", layer.replicas},
                    {"range", layer.range},
                    {"beats", layer.beats},
                    {"clocks", figures.clocks},
                    {"clocks_model", figures.model_clocks},
                    {"reads", figures.counts.reads},
                    {"conversions", figures.counts.conversions},
                    {"clipped_low", figures.counts.clipped_low},
                    {"clipped_high", figures.counts.clipped_high},
                    {"clip_rate", figures.clip_rate()},
                    {"peak_code", figures.counts.peak},
                    {"unclipped_range", unclipped_range(figures, layer.range, workload.config)}});
  }
  return json;
}

double per_image(std::int64_t sum, const Workload& workload) {
  return static_cast<double>(sum) / static_cast<double>(workload.count);
}

double rate(std::uint32_t images, double seconds) {
  return seconds > 0.0 ? static_cast<double>(images) / seconds : 0.0;
}

// How many of the images were right.
std::string accuracy_block(const Report& report) {
  const Workload& workload = report.workload;
  std::string text = fmt::format("\n\naccuracy on images {}..{}\n", workload.first,
                                 workload.first + workload.count - 1);
  const auto accuracy = [&](std::string_view what, double percent, std::string_view note) {
    text += fmt::format("  {:<42} {:6.2f} %{}\n", what, percent, note);
  };
  accuracy("integer network (no device in it)", 100.0 * report.integer.accuracy(), "");
  if (report.engine != Engine::kInteger) {
    accuracy(engine_title(report.engine), 100.0 * report.run.accuracy(), "");
  }
  for (const PublishedAccuracy& published : published_accuracies(workload.network)) {
    accuracy(published.what, published.percent, fmt::format("  {}", published.note));
  }
  return text;
}

// The classes of images without labels, as many to a line as the number before it says.
std::string class_block(const Report& report) {
  constexpr std::uint32_t kLine = 20;
  constexpr std::uint32_t kMost = 10 * kLine;
  const Workload& workload = report.workload;
  const std::uint32_t shown = std::min(workload.count, kMost);
  std::string text = fmt::format("\n\nclasses of images {}..{}, which have no labels\n",
                                 workload.first, workload.first + workload.count - 1);
  for (std::uint32_t i = 0; i < shown; ++i) {
    if (i % kLine == 0) text += fmt::format("  {:>5}: ", workload.first + i);
    text += fmt::format(" {}", report.run.images[i].digit);
    if (i % kLine == kLine - 1 || i + 1 == shown) text += '\n';
  }
  if (shown < workload.count) {
    text += fmt::format("  {} more, with --logits FILE all of them\n", workload.count - shown);
  }
  if (report.engine != Engine::kInteger) {
    std::uint32_t same = 0;
    for (std::uint32_t i = 0; i < workload.count; ++i) {
      if (report.run.images[i].digit == report.integer.images[i].digit) ++same;
    }
    text += fmt::format("  as the integer network: {} of {}\n", same, workload.count);
  }
  return text;
}

// Converter ranges, clocks, conversions and clipping, layer by layer.
std::string layer_block(const Report& report) {
  const Workload& workload = report.workload;
  const EngineRun& run = report.run;
  std::string text;
  const auto out = std::back_inserter(text);
  const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);
  fmt::format_to(out, "\n{:<12} {:>8} {:>5} {:>10} {:>12} {:>12} {:>10} {:>10} {:>8}\n", "layer",
                 "replicas", "range", "clocks", "cycle model", "conversions", "clipped",
                 "peak code", "no clip");
  for (const LayerMapping& layer : workload.mapped.layers) {
    const LayerFigures figures = layer_figures(report, layer, cycles);
    fmt::format_to(out,
                   "{:<12} {:>8} {:>5} {:>10.1f} {:>12} {:>12.1f} {:>8.4f} % {:>10.1f} {:>8}\n",
                   layer.name, layer.replicas, layer.range, figures.clocks, figures.model_clocks,
                   per_image(static_cast<std::int64_t>(figures.counts.conversions), workload),
                   100.0 * figures.clip_rate(), figures.counts.peak,
                   range_text(unclipped_range(figures, layer.range, workload.config)));
  }
  fmt::format_to(out, "{:<12} {:>8} {:>5} {:>10.1f} {:>12}\n", "image", "", "",
                 run.clocks_per_image, cycles.clocks);
  fmt::format_to(out, "(no clip: the finest range at which the peak code would not be clipped)\n");
  for (const LayerMapping& layer : workload.mapped.layers) {
    text += clipping_line(layer, layer_figures(report, layer, cycles), workload.config);
  }
  if (report.skip) {
    fmt::format_to(out, "(zero bit planes left out; the cycle model's column is without that)\n");
  }
  fmt::format_to(
      out, "\nper image: {:.1f} array reads, {:.1f} zero planes not read, {:.1f} conversions\n",
      per_image(run.counters.reads, workload), per_image(run.counters.skipped, workload),
      per_image(run.counters.conversions, workload));
  return text;
}

}  // namespace

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string_view engine_title(Engine engine) { return name_of(kEngineTitles, engine); }

int unclipped_range(const LayerFigures& figures, int range, const ChipConfig& config) {
  constexpr int kFinest = 3;
  const double largest = largest_unclipped(config.adc_bits);
  for (int candidate = kFinest; candidate >= 0; --candidate) {
    const double peak =
        figures.counts.peak * static_cast<double>(1 << candidate) / static_cast<double>(1 << range);
    if (peak < largest) return candidate;
  }
  return -1;
}

LayerFigures layer_figures(const Report& report, const LayerMapping& layer,
                           const ImageCycles& cycles) {
  LayerFigures figures;
  for (int i = layer.first_row; i < layer.first_row + layer.rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    figures.clocks += static_cast<double>(report.run.counters.layer_clocks[row]) /
                      static_cast<double>(report.workload.count);
    figures.model_clocks += cycles.passes[row].clocks;
    figures.counts += report.run.rows[row];
  }
  return figures;
}

std::span<const PublishedAccuracy> published_accuracies(const Network& network) {
  // Yao et al. classified the MNIST test images with this shape of network; other networks have
  // nothing to be compared with.
  static constexpr std::array<PublishedAccuracy, 3> kYao2020 = {
      {{"Yao et al. 2020, software", 97.99, "compare with the integer network"},
       {"Yao et al. 2020, chip, weights transferred", 95.07,
        "compare with the chip here: no training in situ"},
       {"Yao et al. 2020, chip, trained in situ", 96.19, "after hybrid training"}}};
  const bool is_like_the_paper = network.input == MapShape{1, 28, 28} && network.num_logits() == 10;
  return is_like_the_paper ? std::span<const PublishedAccuracy>(kYao2020)
                           : std::span<const PublishedAccuracy>();
}

std::string report_table(const Report& report) {
  const Workload& workload = report.workload;
  const EngineRun& run = report.run;
  const bool is_chip = report.engine != Engine::kInteger;
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "network {} on {}", workload.network.name, engine_title(report.engine));
  if (is_chip) {
    fmt::format_to(out, ", configuration {}, device {}, {} mapping, seed {}", workload.config.name,
                   workload.card.name, mapping_name(workload.mapped.kind), workload.options.seed);
  }
  text += image_note(workload);
  text += workload.has_labels() ? accuracy_block(report) : class_block(report);
  if (is_chip) text += layer_block(report);
  if (report.chip != nullptr) text += programming_block(report);
  fmt::format_to(out, "speed: {:.0f} images/s on {} thread{}, {:.0f} images/s per core\n",
                 rate(workload.count, run.seconds), run.jobs, run.jobs == 1 ? "" : "s",
                 rate(workload.count, run.cpu_seconds));

  if (report.comparison.images > 0) {
    fmt::format_to(out, "check: {} images against the {}, every feature map{} and logit: {}\n",
                   report.comparison.images,
                   report.engine == Engine::kRtl ? "chip model" : "integer network",
                   report.engine == Engine::kRtl ? ", counter" : "",
                   report.comparison.mismatches == 0
                       ? "equal"
                       : fmt::format("{} differences", report.comparison.mismatches));
    for (const std::string& message : report.comparison.messages) {
      fmt::format_to(out, "  {}\n", message);
    }
  }
  for (const std::string& message : report.run.timing_mismatches) {
    fmt::format_to(out, "not as the cycle model: {}\n", message);
  }
  return text;
}

std::string result_json(const Report& report) {
  const Workload& workload = report.workload;
  const EngineRun& run = report.run;
  const bool is_chip = report.engine != Engine::kInteger;
  Json json;
  json["engine"] = engine_name(report.engine);
  json["config"] = workload.config.name;
  json["network"] = workload.network.name;
  json["network_file"] = workload.network_file;
  json["device"] = workload.card.name;
  json["device_set"] = workload.options.set;
  json["age_s"] = workload.card.age_s;
  if (is_chip) json["mapping"] = mapping_name(workload.mapped.kind);
  json["seed"] = workload.options.seed;
  json["skip"] = report.skip;
  json["command"] = report.provenance.command;
  json["provenance"] = to_json(report.provenance);
  json["jobs"] = run.jobs;
  json["first"] = workload.first;
  json["images"] = workload.count;
  json["correct"] = run.correct;
  json["accuracy"] = run.accuracy();
  json["integer_accuracy"] = report.integer.accuracy();
  if (!workload.has_labels()) {
    for (const char* key : {"correct", "accuracy", "integer_accuracy"}) json[key] = nullptr;
  }
  if (is_chip) {
    json["clocks_per_image"] = run.clocks_per_image;
    json["clocks_per_image_model"] = workload.mapped.clocks_per_image;
  }
  json["images_per_second"] = rate(workload.count, run.seconds);
  json["images_per_second_per_core"] = rate(workload.count, run.cpu_seconds);
  json["seconds"] = run.seconds;
  json["checked_images"] = report.comparison.images;
  json["mismatches"] = report.mismatches();
  if (report.chip != nullptr) {
    json["programming"] = programming_json(workload, *report.chip);
    if (report.chip->refresh) json["refresh"] = refresh_json(*report.chip->refresh);
  }
  if (is_chip) {
    json["counters"] = counters_json(report);
    json["layers"] = layers_json(report);
  }
  return json.dump(2) + "\n";
}

std::string logits_csv(const Workload& workload, const EngineRun& run) {
  std::string text = "image,label,class";
  const auto out = std::back_inserter(text);
  for (int i = 0; i < workload.network.num_logits(); ++i) fmt::format_to(out, ",logit{}", i);
  text += '\n';
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    const ImageOutcome& image = run.images[i];
    const std::uint32_t number = workload.first + i;
    const std::string label =
        workload.has_labels() ? fmt::format("{}", workload.label(number)) : "";
    fmt::format_to(out, "{},{},{}", number, label, image.digit);
    for (const std::int32_t logit : image.logits) fmt::format_to(out, ",{}", logit);
    text += '\n';
  }
  return text;
}

}  // namespace mcnn::cli
