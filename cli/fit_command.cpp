// SPDX-License-Identifier: Apache-2.0
#include "cli/fit_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "behavioral_models/card_fit.h"
#include "behavioral_models/device_units.h"
#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/output/panels.h"
#include "common/error.h"
#include "common/number_table.h"

namespace mcnn::cli {
namespace {

struct FitOptions {
  std::string pulses;
  std::string retention;
  std::string reads;
  std::string name;
  std::optional<double> g_min_uS;
  std::optional<double> g_max_uS;
  std::string out;
  std::string svg;
};

NumberTable read_table(const std::string& file, std::string_view option) {
  return read_number_table(
      file, {.what = "a finite number", .where = fmt::format("{}: ", option), .skips_blank = true});
}

// Measured points beside the line of the card.
void add_series(Panel& panel, const std::string& name, const std::vector<FittedPoint>& points) {
  PanelSeries measured{.name = name, .joined = false};
  PanelSeries fitted{.name = "card"};
  for (const FittedPoint& point : points) {
    measured.points.emplace_back(point.x, point.measured);
    fitted.points.emplace_back(point.x, point.fitted);
  }
  panel.series.push_back(std::move(measured));
  panel.series.push_back(std::move(fitted));
}

// How far the points are from the card, where it is more than their own errors allow.
std::string misfit_of(std::string_view what, const std::vector<FittedPoint>& points) {
  double squares = 0.0;
  for (const FittedPoint& point : points) {
    const double off = (point.measured - point.fitted) / point.error;
    squares += off * off / static_cast<double>(points.size());
  }
  constexpr double kMost = 2.0;
  if (!(std::sqrt(squares) > kMost)) return {};
  return fmt::format(
      "{}: the points are {:.1f} standard errors from the card (rms): its equation has another "
      "form "
      "than the data, and the intervals say less than they seem to\n",
      what, std::sqrt(squares));
}

std::string table_of(const std::vector<Estimate>& estimates) {
  std::string text = fmt::format("  {:<46} {:>10}   {}\n", "field", "value", "95 % interval");
  for (const Estimate& e : estimates) {
    const std::string field = e.field.substr(0, e.field.find(' '));
    fmt::format_to(std::back_inserter(text), "  {:<46} {:>10.4g}   {:.4g} to {:.4g} {}\n", e.field,
                   e.value, e.low, e.high, device_field_unit(field));
  }
  return text;
}

// The card with the intervals as comments above.
std::string card_text(const DeviceCard& card, const std::vector<Estimate>& estimates,
                      const FitOptions& options) {
  std::string text = "# Fitted by mcnn fit; 95 % intervals. Fields: behavioral_models/README.md.\n";
  const auto add_file = [&](std::string_view what, const std::string& file) {
    if (!file.empty()) text += fmt::format("# {}: {}\n", what, file);
  };
  add_file("pulses", options.pulses);
  add_file("retention", options.retention);
  add_file("reads", options.reads);
  for (const Estimate& e : estimates) {
    text += fmt::format("#   {} {:.6g}, {:.6g} to {:.6g}\n", e.field, e.value, e.low, e.high);
  }
  return text + device_card_toml(card);
}

int fit(const FitOptions& options) {
  if (options.pulses.empty() && options.retention.empty() && options.reads.empty()) {
    throw Error("mcnn fit: --pulses, --retention or --reads FILE is missing");
  }
  if (options.out.empty()) throw Error("mcnn fit: --out FILE is missing");
  DeviceCard card;
  card.name =
      options.name.empty() ? std::filesystem::path(options.out).stem().string() : options.name;
  card.description = "Fitted to measured cells";
  std::vector<Estimate> estimates;
  std::vector<Panel> panels;
  std::string misfit;
  const auto take = [&](const std::vector<Estimate>& more) {
    estimates.insert(estimates.end(), more.begin(), more.end());
  };
  if (!options.pulses.empty()) {
    const PulseFit pulses =
        fit_pulses(read_table(options.pulses, "--pulses"), "--pulses: " + options.pulses, card);
    take(pulses.estimates);
    for (const bool set : {true, false}) {
      Panel& panel = panels.emplace_back();
      panel = {.title = set ? "SET pulses" : "RESET pulses",
               .x_title = "conductance before [uS]",
               .y_title = set ? "move up [uS]" : "move down [uS]"};
      add_series(panel, "pulses", set ? pulses.set : pulses.reset);
    }
  }
  if (!options.retention.empty()) {
    const RetentionFit retention = fit_retention(read_table(options.retention, "--retention"),
                                                 "--retention: " + options.retention, card);
    take(retention.estimates);
    Panel deviation{.title = "Relaxation: spread",
                    .x_title = "time since programming [s]",
                    .y_title = "standard deviation [uS]",
                    .log_x = true};
    Panel mean{.title = "Relaxation: mean",
               .x_title = "time since programming [s]",
               .y_title = "shift [uS]",
               .log_x = true};
    for (const RetentionFit::Group& group : retention.groups) {
      misfit += misfit_of(fmt::format("retention at {:g} uS", group.written_uS), group.deviation);
      add_series(deviation, fmt::format("{:g} uS", group.written_uS), group.deviation);
      add_series(mean, fmt::format("{:g} uS", group.written_uS), group.mean);
    }
    for (Panel* panel : {&deviation, &mean}) {
      for (PanelSeries& series : panel->series) {
        if (series.joined) series.name.clear();  // one legend a conductance
      }
      panels.push_back(std::move(*panel));
    }
    card.g_min_uS = retention.groups.front().written_uS;
    card.g_max_uS = retention.groups.back().written_uS;
    card.age_s = card.relaxation_reference_s;
  }
  if (!options.reads.empty()) {
    const ReadFit reads =
        fit_reads(read_table(options.reads, "--reads"), "--reads: " + options.reads, card);
    take(reads.estimates);
    Panel& panel = panels.emplace_back();
    panel = {
        .title = "Read noise", .x_title = "conductance [uS]", .y_title = "standard deviation [uS]"};
    misfit += misfit_of("reads", reads.points);
    add_series(panel, "cells", reads.points);
  }
  if (options.retention.empty() && !(options.g_min_uS && options.g_max_uS)) {
    throw Error(
        "mcnn fit: --g-min and --g-max are missing: without --retention nothing says what "
        "levels 0 and 7 conduct");
  }
  if (options.g_min_uS) card.g_min_uS = *options.g_min_uS;
  if (options.g_max_uS) card.g_max_uS = *options.g_max_uS;
  check_device_card(card, "mcnn fit: the fitted card");

  const auto out = output_file(options.out, "--out");
  const auto svg = output_file(options.svg, "--svg");
  if (svg)
    svg->commit(panels_svg(fmt::format("{}: measured cells and the card", card.name), panels));
  out->commit(card_text(card, estimates, options));
  fmt::print("card {}, levels 0 and 7 at {:g} and {:g} uS\n{}{}", card.name, card.g_min_uS,
             card.g_max_uS, table_of(estimates), misfit);
  print_written({options.out, options.svg});
  return 0;
}

}  // namespace

Command fit_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("fit", "Make a device card from measurements of cells");
  add_examples(command, {{"mcnn fit --retention r.csv --out card.toml --svg fit.svg",
                          "relaxation at several times; data against card as a picture"},
                         {"mcnn fit --pulses p.csv --retention r.csv --reads n.csv --out my.toml",
                          "a row a pulse, a cell and a read"}});
  auto options = std::make_shared<FitOptions>();
  begin_group(command, "Measurements");
  add_file_option(command, "--pulses", options->pulses, "Rows set,before_uS,after_uS (CSV)");
  add_file_option(command, "--retention", options->retention,
                  "Rows time_s,written_uS,measured_uS (CSV), or statistics: docs/device.md");
  add_file_option(command, "--reads", options->reads, "Rows cell,measured_uS (CSV), or statistics");
  begin_group(command, "Card");
  command.add_option("--name", options->name, "Its name (default: that of the file)");
  command.add_option("--g-min", options->g_min_uS,
                     "Conductance of level 0 [uS] (default: the lowest that --retention has)");
  command.add_option("--g-max", options->g_max_uS, "Of level 7 [uS] (default: the highest)");
  add_file_option(command, "--out", options->out, "Card to write (TOML)");
  add_file_option(command, "--svg", options->svg, "Draw the data and the card (SVG)");
  return {&command, [options] { return fit(*options); }};
}

}  // namespace mcnn::cli
