// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "common/error.h"

namespace mcnn::cli {
namespace {

constexpr std::size_t kMaxCurves = 8;
// Okabe and Ito's colours, which people with any colour vision tell apart, dark grey in the place
// of black.
constexpr std::array<std::string_view, kMaxCurves> kColours = {
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555", "#882255"};

// Seven tenths white: bands stay pale where a viewer does not know transparency.
constexpr std::array<std::string_view, kMaxCurves> kBandColours = {
    "#B3D5E8", "#F3CFB3", "#B3E2D5", "#F0D7E5", "#F8E2B3", "#CDE9F9", "#CCCCCC", "#DCB8C9"};

// Which varied key is the x axis, and which make the curves.
struct PlotAxes {
  const Axis* x = nullptr;  // null: every run is a point of its own,
  std::string scatter_key;  // with this key as x
  std::vector<const Axis*> curves;
};

PlotAxes plot_axes(const Sweep& sweep) {
  PlotAxes plot;
  for (const bool numeric : {true, false}) {
    if (!numeric && !sweep.draws.empty()) break;
    for (const Axis& axis : sweep.axes) {
      if (plot.x == nullptr && axis.key != "seed" && (!numeric || axis.is_numeric()))
        plot.x = &axis;
    }
  }
  if (plot.x == nullptr) {
    plot.scatter_key = sweep.draws.empty() ? "seed" : sweep.draws.front().key;
  }
  for (const Axis& axis : sweep.axes) {
    if (&axis != plot.x && axis.key != "seed") plot.curves.push_back(&axis);
  }
  return plot;
}

std::string curve_name(const PlotAxes& plot, const Settings& settings) {
  std::string name;
  for (const Axis* axis : plot.curves) {
    name += fmt::format("{}{} {}", name.empty() ? "" : ", ", axis->key,
                        *find_setting(settings, axis->key));
  }
  return name;
}

// A gnuplot text.
std::string plot_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// How the values of the x axis lie.
struct Scale {
  bool positions = false;  // side by side, with the values as names
  bool logarithmic = false;
};

Scale scale_of(const Axis& axis) {
  if (!axis.is_numeric()) return {.positions = true};
  double smallest = INFINITY;  // above 0
  double largest = 0.0;
  bool all_positive = true;
  for (const std::string& text : axis.values) {
    const double value = *axis_number(text);
    all_positive = all_positive && value > 0.0;
    if (value > 0.0) smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  const bool wide = largest / smallest >= 50.0;
  return {.positions = wide && !all_positive, .logarithmic = wide && all_positive};
}

// Images of a run, when all have as many.
std::string images_text(const std::map<std::uint64_t, RunResult>& rows) {
  const std::uint64_t images = rows.begin()->second.images;
  const bool same =
      std::ranges::all_of(rows, [&](const auto& row) { return row.second.images == images; });
  return same ? fmt::format("{} images a run", images) : "images differ from run to run";
}

}  // namespace

std::vector<SweepPoint> summarise(const Sweep& sweep,
                                  const std::map<std::uint64_t, RunResult>& rows) {
  std::vector<SweepPoint> points;
  std::vector<std::vector<double>> accuracies;
  std::map<std::string, std::size_t> known;
  for (const auto& [run, result] : rows) {
    const Settings all = sweep.settings(run);
    Settings settings;
    std::string name;
    for (const Axis& axis : sweep.axes) {
      if (axis.key == "seed") continue;
      settings.push_back({axis.key, *find_setting(all, axis.key)});
      name += settings.back().value + '\n';
    }
    const auto [found, is_new] = known.emplace(name, points.size());
    if (is_new) {
      points.push_back({.settings = std::move(settings)});
      accuracies.emplace_back();
    }
    accuracies[found->second].push_back(result.accuracy());
    points[found->second].pulses += static_cast<double>(result.pulses);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::vector<double>& values = accuracies[i];
    SweepPoint& point = points[i];
    const auto count = static_cast<double>(values.size());
    point.runs = values.size();
    point.pulses /= count;
    for (const double value : values) point.mean += value / count;
    double squares = 0.0;
    for (const double value : values) squares += (value - point.mean) * (value - point.mean);
    if (values.size() > 1) point.deviation = std::sqrt(squares / (count - 1.0));
    point.worst = *std::ranges::min_element(values);
    point.best = *std::ranges::max_element(values);
  }
  return points;
}

std::string summary_table(const Sweep& sweep, const std::vector<SweepPoint>& points) {
  std::vector<std::size_t> widths;
  std::string text;
  auto out = std::back_inserter(text);
  std::size_t column = 0;
  for (const Axis& axis : sweep.axes) {
    if (axis.key == "seed") continue;
    std::size_t width = axis.key.size();
    for (const std::string& value : axis.values) width = std::max(width, value.size());
    widths.push_back(width);
    fmt::format_to(out, "{:>{}}  ", axis.key, width);
  }
  fmt::format_to(out, "{:>5}  {:>8}  {:>6}  {:>8}  {:>9}\n", "runs", "mean", "s.d.", "worst",
                 "pulses");
  for (const SweepPoint& point : points) {
    column = 0;
    for (const Setting& setting : point.settings) {
      fmt::format_to(out, "{:>{}}  ", setting.value, widths[column++]);
    }
    fmt::format_to(out, "{:5}  {:6.2f} %  {:>6}  {:6.2f} %  {:9.0f}\n", point.runs,
                   100.0 * point.mean,
                   point.runs > 1 ? fmt::format("{:.2f}", 100.0 * point.deviation) : "-",
                   100.0 * point.worst, point.pulses);
  }
  return text;
}

std::string axis_label(std::string_view key) {
  // Longer endings first.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kUnits = {
      {{"_uS_per_decade", "uS a decade"},
       {"_per_uS", "1/uS"},
       {"_per_code", "1/code"},
       {"_decades", "decades"},
       {"_codes", "codes"},
       {"_ohm", "ohm"},
       {"_uS", "uS"},
       {"_s", "s"}}};
  std::string unit;
  for (const auto& [ending, name] : kUnits) {
    if (key.ends_with(ending)) {
      key.remove_suffix(ending.size());
      unit = fmt::format(" [{}]", name);
      break;
    }
  }
  std::string label(key);
  std::ranges::replace(label, '_', ' ');
  return label + unit;
}

void check_plot(const Sweep& sweep, const std::string& where) {
  const PlotAxes plot = plot_axes(sweep);
  std::uint64_t curves = 1;
  for (const Axis* axis : plot.curves) curves *= axis->values.size();
  if (curves > kMaxCurves) {
    throw Error(
        fmt::format("{}: {} curves against {}, allowed are at most {}: vary less, or leave "
                    "the plot out",
                    where, curves, plot.x != nullptr ? plot.x->key : plot.scatter_key, kMaxCurves));
  }
}

std::string plot_script(const Sweep& sweep, const std::map<std::uint64_t, RunResult>& rows,
                        const std::string& svg) {
  const PlotAxes plot = plot_axes(sweep);
  const Scale scale = plot.x != nullptr ? scale_of(*plot.x) : Scale{};

  // A block of data for each curve.
  std::vector<std::pair<std::string, std::string>> curves;  // name, lines
  const auto lines_of = [&](const Settings& settings) -> std::string& {
    std::string name = curve_name(plot, settings);
    const auto found = std::ranges::find(curves, name, &std::pair<std::string, std::string>::first);
    return found != curves.end() ? found->second : curves.emplace_back(std::move(name), "").second;
  };
  bool spread = false;  // more than one run a point
  // Where a value of the x axis lies.
  const auto place = [&](const std::string& value) {
    const auto position = std::ranges::find(plot.x->values, value) - plot.x->values.begin();
    return scale.positions ? fmt::format("{}", position)
                           : fmt::format("{:.15g}", *axis_number(value));
  };
  if (plot.x == nullptr) {
    for (const auto& [run, result] : rows) {
      const Settings settings = sweep.settings(run);
      lines_of(settings) += fmt::format("{} {:.10g}\n", *find_setting(settings, plot.scatter_key),
                                        100.0 * result.accuracy());
    }
  } else {
    for (const SweepPoint& point : summarise(sweep, rows)) {
      const std::string& value = *find_setting(point.settings, plot.x->key);
      spread = spread || point.runs > 1;
      lines_of(point.settings) +=
          fmt::format("{} {:.10g} {:.10g} {:.10g} {:.10g}\n", place(value), 100.0 * point.mean,
                      100.0 * point.deviation, 100.0 * point.worst, 100.0 * point.best);
    }
  }

  std::string text;
  auto out = std::back_inserter(text);
  std::string note = images_text(rows);
  if (spread) {
    note = fmt::format(
        "mean, standard deviation (bars), least to greatest (band) of {} runs a "
        "point; {}",
        summarise(sweep, rows).front().runs, note);
  }
  fmt::format_to(out,
                 "set terminal svg size 820,520 noenhanced font 'sans-serif,14' background "
                 "'#ffffff'\n"
                 "set output {}\nset encoding utf8\n"
                 "set title {} textcolor rgb '#111111'\n"
                 "set xlabel {} offset 0,0.4 textcolor rgb '#111111'\n"
                 "set ylabel {} textcolor rgb '#111111'\n"
                 "set border linecolor rgb '#444444'\nset tics textcolor rgb '#222222'\n"
                 "set grid linecolor rgb '#dddddd'\n"
                 "set key outside below center horizontal textcolor rgb '#111111'\nset rmargin 6\n",
                 plot_text(svg),
                 plot_text((sweep.title.empty() ? sweep.name : sweep.title) + "\n" + note),
                 plot_text(axis_label(plot.x != nullptr ? plot.x->key : plot.scatter_key)),
                 plot_text("accuracy [%]"));
  if (scale.logarithmic) fmt::format_to(out, "set logscale x\n");
  if (scale.positions || (scale.logarithmic && plot.x->values.size() <= 12)) {
    std::string tics;
    for (std::size_t i = 0; i < plot.x->values.size(); ++i) {
      const std::string& value = plot.x->values[i];
      tics += fmt::format("{}{} {}", tics.empty() ? "" : ", ", plot_text(value), place(value));
    }
    fmt::format_to(out, "set xtics ({})\n", tics);
  }
  if (scale.positions) {
    fmt::format_to(out, "set xrange [-0.4:{}]\n", static_cast<double>(plot.x->values.size()) - 0.6);
  } else if (plot.x != nullptr && plot.x->values.size() > 1) {
    const auto [least, greatest] = std::ranges::minmax(
        plot.x->values, {}, [](const auto& value) { return *axis_number(value); });
    const double low = *axis_number(least);
    const double high = *axis_number(greatest);
    const double margin = scale.logarithmic ? std::pow(high / low, 0.03) : 0.03 * (high - low);
    fmt::format_to(out, "set xrange [{:.10g}:{:.10g}]\n",
                   scale.logarithmic ? low / margin : low - margin,
                   scale.logarithmic ? high * margin : high + margin);
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    fmt::format_to(out, "$curve{} << EOD\n{}EOD\n", i, curves[i].second);
  }
  std::string parts;
  const auto add = [&](const std::string& part) {
    parts += (parts.empty() ? "" : ", \\\n  ") + part;
  };
  // Bands first: they must not cover a line.
  for (std::size_t i = 0; spread && i < curves.size(); ++i) {
    add(fmt::format(
        "$curve{} using 1:4:5 with filledcurves fs transparent solid 0.5 noborder lc rgb '{}' "
        "notitle",
        i, kBandColours[i]));
  }
  for (std::size_t i = 0; spread && i < curves.size(); ++i) {
    add(fmt::format(
        "$curve{} using 1:($2-$3):(0):(2*$3) with vectors nohead lw 1.5 lc rgb '{}' notitle", i,
        kColours[i]));
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    add(fmt::format("$curve{} using 1:2 with {} pt 7 ps 0.6 lw 2 lc rgb '{}' {}", i,
                    plot.x == nullptr ? "points" : "linespoints", kColours[i],
                    curves[i].first.empty() ? "notitle" : "title " + plot_text(curves[i].first)));
  }
  fmt::format_to(out, "plot {}\n", parts);
  return text;
}

}  // namespace mcnn::cli
