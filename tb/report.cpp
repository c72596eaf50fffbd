// SPDX-License-Identifier: Apache-2.0
#include "tb/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "host/cycle_model.h"

namespace mcnn::tb {
namespace {

std::string_view engine_name(Engine engine) {
  switch (engine) {
    case Engine::kRtl:
      return "rtl";
    case Engine::kModel:
      return "model";
    case Engine::kInteger:
      return "integer";
  }
  return "";
}

std::string_view engine_title(Engine engine) {
  switch (engine) {
    case Engine::kRtl:
      return "chip (RTL)";
    case Engine::kModel:
      return "chip (chip model)";
    case Engine::kInteger:
      return "integer network";
  }
  return "";
}

// A network layer's share of the counters: the sum over its rows of the layer table.
struct LayerFigures {
  double clocks = 0.0;  // per image
  std::int64_t model_clocks = 0;
  ReadCounts counts;

  double clip_rate() const {
    return counts.conversions == 0 ? 0.0
                                   : static_cast<double>(counts.clipped_low + counts.clipped_high) /
                                         static_cast<double>(counts.conversions);
  }
};

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

double per_image(std::int64_t sum, const Workload& workload) {
  return static_cast<double>(sum) / static_cast<double>(workload.count);
}

double rate(std::uint32_t images, double seconds) {
  return seconds > 0.0 ? static_cast<double>(images) / seconds : 0.0;
}

// Yao et al. classified the MNIST test images with this shape of network; other networks have
// nothing to be compared with.
bool is_like_the_paper(const Network& network) {
  return network.input == MapShape{1, 28, 28} && network.num_logits() == 10;
}

}  // namespace

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
  fmt::format_to(out, "\n\naccuracy on images {}..{}\n", workload.first,
                 workload.first + workload.count - 1);
  const auto accuracy = [&](std::string_view what, double percent, std::string_view note) {
    fmt::format_to(out, "  {:<42} {:6.2f} %{}\n", what, percent, note);
  };
  accuracy("integer network (no device in it)", 100.0 * report.integer.accuracy(), "");
  if (is_chip) accuracy(engine_title(report.engine), 100.0 * run.accuracy(), "");
  if (is_like_the_paper(workload.network)) {
    accuracy("Yao et al. 2020, software", 97.99, "  compare with the integer network");
    accuracy("Yao et al. 2020, chip, weights transferred", 95.07,
             "  compare with the chip here: no training in situ");
    accuracy("Yao et al. 2020, chip, trained in situ", 96.19, "  after hybrid training");
  }

  if (is_chip) {
    const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);
    fmt::format_to(out, "\n{:<12} {:>8} {:>5} {:>10} {:>12} {:>12} {:>10}\n", "layer", "replicas",
                   "range", "clocks", "cycle model", "conversions", "clipped");
    for (const LayerMapping& layer : workload.mapped.layers) {
      const LayerFigures figures = layer_figures(report, layer, cycles);
      fmt::format_to(out, "{:<12} {:>8} {:>5} {:>10.1f} {:>12} {:>12.1f} {:>8.4f} %\n", layer.name,
                     layer.replicas, layer.range, figures.clocks, figures.model_clocks,
                     per_image(static_cast<std::int64_t>(figures.counts.conversions), workload),
                     100.0 * figures.clip_rate());
    }
    fmt::format_to(out, "{:<12} {:>8} {:>5} {:>10.1f} {:>12}\n", "image", "", "",
                   run.clocks_per_image, cycles.clocks);
    if (report.skip) {
      fmt::format_to(out, "(zero bit planes left out; the cycle model's column is without that)\n");
    }
    fmt::format_to(
        out, "\nper image: {:.1f} array reads, {:.1f} zero planes not read, {:.1f} conversions\n",
        per_image(run.counters.reads, workload), per_image(run.counters.skipped, workload),
        per_image(run.counters.conversions, workload));
  }
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
  nlohmann::ordered_json json;
  json["engine"] = engine_name(report.engine);
  json["config"] = workload.config.name;
  json["network"] = workload.network.name;
  json["network_file"] = workload.network_file;
  json["device"] = workload.card.name;
  json["mapping"] = mapping_name(workload.mapped.kind);
  json["seed"] = workload.options.seed;
  json["skip"] = report.skip;
  json["jobs"] = run.jobs;
  json["first"] = workload.first;
  json["images"] = workload.count;
  json["correct"] = run.correct;
  json["accuracy"] = run.accuracy();
  json["integer_accuracy"] = report.integer.accuracy();
  const ImageCycles cycles = image_cycles(workload.mapped.program, workload.config);
  json["clocks_per_image"] = run.clocks_per_image;
  json["clocks_per_image_model"] = cycles.clocks;
  json["images_per_second"] = rate(workload.count, run.seconds);
  json["images_per_second_per_core"] = rate(workload.count, run.cpu_seconds);
  json["seconds"] = run.seconds;
  json["checked_images"] = report.comparison.images;
  json["mismatches"] = report.mismatches();
  if (report.engine != Engine::kInteger) {
    json["counters"] = {{"clocks", run.counters.clocks},
                        {"beats", run.counters.beats},
                        {"reads", run.counters.reads},
                        {"skipped", run.counters.skipped},
                        {"conversions", run.counters.conversions},
                        {"stall_beat", run.counters.stall_beat}};
    if (report.engine == Engine::kRtl) {
      json["counters"]["stall_image"] = run.stall_image;
      json["counters"]["stall_result"] = run.stall_result;
    }
    for (const LayerMapping& layer : workload.mapped.layers) {
      const LayerFigures figures = layer_figures(report, layer, cycles);
      json["layers"].push_back({{"name", layer.name},
                                {"replicas", layer.replicas},
                                {"range", layer.range},
                                {"beats", layer.beats},
                                {"clocks", figures.clocks},
                                {"clocks_model", figures.model_clocks},
                                {"reads", figures.counts.reads},
                                {"conversions", figures.counts.conversions},
                                {"clipped_low", figures.counts.clipped_low},
                                {"clipped_high", figures.counts.clipped_high},
                                {"clip_rate", figures.clip_rate()}});
    }
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
    fmt::format_to(out, "{},{},{}", number, workload.label(number), image.digit);
    for (const std::int32_t logit : image.logits) fmt::format_to(out, ",{}", logit);
    text += '\n';
  }
  return text;
}

}  // namespace mcnn::tb
