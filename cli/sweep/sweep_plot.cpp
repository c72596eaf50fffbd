// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/sweep_plot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "cli/sweep/setting_text.h"
#include "cli/sweep/sweep_report.h"
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

// How the values of the x axis lie.
enum class Scale : std::uint8_t {
  kLinear,
  kLogarithmic,
  kSideBySide,  // numbers whose distances no scale shows, as 0, 1, 1000000
  kCategories,  // names: side by side too, and no line leads from one to the next
};

struct XAxis {
  const Axis* axis = nullptr;  // null: every run is a point of its own,
  const Draw* draw = nullptr;  // at the value of this, or at its seed
  std::string key;
  Scale scale = Scale::kLinear;

  bool is_placed() const { return scale == Scale::kSideBySide || scale == Scale::kCategories; }
  // Where a value lies.
  double place(const std::string& value) const {
    if (!is_placed()) return *axis_number(value);
    return static_cast<double>(std::ranges::find(axis->values, value) - axis->values.begin());
  }
};

struct Plot {
  XAxis x;
  std::vector<const Axis*> curves;  // the keys that make the curves
};

Scale scale_of(const Axis& axis) {
  if (!axis.is_numeric()) return Scale::kCategories;
  double smallest = INFINITY;  // above 0
  double largest = 0.0;
  bool all_positive = true;
  for (const std::string& text : axis.values) {
    const double value = *axis_number(text);
    all_positive = all_positive && value > 0.0;
    if (value > 0.0) smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  constexpr double kWide = 50.0;
  if (largest / smallest < kWide) return Scale::kLinear;
  return all_positive ? Scale::kLogarithmic : Scale::kSideBySide;
}

Plot plot_of(const Sweep& sweep) {
  Plot plot;
  XAxis& x = plot.x;
  for (const bool numeric : {true, false}) {
    if (!numeric && !sweep.draws.empty()) break;
    for (const Axis& axis : sweep.axes) {
      if (x.axis == nullptr && axis.key != "seed" && (!numeric || axis.is_numeric())) {
        x.axis = &axis;
      }
    }
  }
  if (x.axis != nullptr) {
    x.key = x.axis->key;
    x.scale = scale_of(*x.axis);
  } else if (!sweep.draws.empty()) {
    x.draw = &sweep.draws.front();
    x.key = x.draw->key;
    if (x.draw->distribution == Distribution::kLog) x.scale = Scale::kLogarithmic;
  } else {
    x.key = "seed";
  }
  for (const Axis& axis : sweep.axes) {
    if (&axis != x.axis && axis.key != "seed") plot.curves.push_back(&axis);
  }
  return plot;
}

// Name and unit of a key.
std::pair<std::string, std::string> name_and_unit(std::string_view key) {
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
      unit = name;
      break;
    }
  }
  std::string name(key);
  std::ranges::replace(name, '_', ' ');
  return {std::move(name), std::move(unit)};
}

// A value for people: of a file the name alone.
std::string shown(const std::string& value) {
  return value.find('/') != std::string::npos && value.ends_with(".json")
             ? std::filesystem::path(value).stem().string()
             : value;
}

std::string curve_name(const Plot& plot, const Settings& settings) {
  std::vector<std::string> parts;
  for (const Axis* axis : plot.curves) {
    const auto [name, unit] = name_and_unit(axis->key);
    parts.push_back(fmt::format("{} {}{}{}", name, shown(*find_setting(settings, axis->key)),
                                unit.empty() ? "" : " ", unit));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
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

// A point, or several runs as one [%].
struct PlotPoint {
  double x = 0.0;
  double mean = 0.0;
  double deviation = 0.0;
  double least = 0.0;
  double greatest = 0.0;
};
struct Curve {
  std::string name;
  std::vector<PlotPoint> points;
};

std::vector<Curve> curves_of(const Plot& plot, const Sweep& sweep,
                             const std::map<std::uint64_t, RunResult>& rows,
                             const std::vector<SweepPoint>& points) {
  std::vector<Curve> curves;
  const auto add = [&](const Settings& settings, const PlotPoint& point) {
    std::string name = curve_name(plot, settings);
    auto found = std::ranges::find(curves, name, &Curve::name);
    if (found == curves.end()) found = curves.insert(found, {std::move(name), {}});
    found->points.push_back(point);
  };
  if (plot.x.axis == nullptr) {
    for (const auto& [run, result] : rows) {
      const Settings settings = sweep.settings(run);
      const double accuracy = 100.0 * result.accuracy();
      add(settings, {.x = *number(*find_setting(settings, plot.x.key)),
                     .mean = accuracy,
                     .least = accuracy,
                     .greatest = accuracy});
    }
  } else {
    for (const SweepPoint& point : points) {
      add(point.settings, {.x = plot.x.place(*find_setting(point.settings, plot.x.key)),
                           .mean = 100.0 * point.mean,
                           .deviation = 100.0 * point.deviation,
                           .least = 100.0 * point.worst,
                           .greatest = 100.0 * point.best});
    }
  }
  if (plot.x.scale == Scale::kCategories) {
    // Side by side within a category, so that none hides another.
    const auto count = static_cast<double>(curves.size());
    const double step = std::min(0.2, 0.7 / count);
    for (std::size_t i = 0; i < curves.size(); ++i) {
      for (PlotPoint& point : curves[i].points) {
        point.x += step * (static_cast<double>(i) - (0.5 * (count - 1.0)));
      }
    }
  }
  return curves;
}

// Images of a run, when all have as many.
std::string images_text(const std::map<std::uint64_t, RunResult>& rows) {
  const std::uint64_t images = rows.begin()->second.images;
  const bool same =
      std::ranges::all_of(rows, [&](const auto& row) { return row.second.images == images; });
  return same ? fmt::format("{} images a run", images) : "images differ from run to run";
}

// ------------------------------------------------------------------------------------------------
// parts of the script

// 1, 2 and 5 times powers of ten, or over more than two of them the powers alone.
std::string logarithmic_tics(double low, double high) {
  const bool wide = high / low > 200.0;
  std::vector<std::string> tics;
  for (auto power = static_cast<int>(std::floor(std::log10(low))); std::pow(10.0, power) <= high;
       ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      if (wide && digit != 1.0) continue;
      const double value = digit * std::pow(10.0, power);
      if (value >= low && value <= high) tics.push_back(fmt::format("\"{0:g}\" {0:.6g}", value));
    }
  }
  return fmt::format("{}", fmt::join(tics, ", "));
}

// The values of the axis as names where they lie.
std::string value_tics(const XAxis& x) {
  std::vector<std::string> tics;
  for (const std::string& value : x.axis->values) {
    tics.push_back(fmt::format("{} {:.15g}", plot_text(shown(value)), x.place(value)));
  }
  return fmt::format("{}", fmt::join(tics, ", "));
}

// Names that would run into each other stand aslant.
bool tics_are_long(const XAxis& x) {
  constexpr std::size_t kCharacters = 74;  // across the plot
  std::size_t longest = 0;
  for (const std::string& value : x.axis->values) longest = std::max(longest, shown(value).size());
  return (longest + 1) * x.axis->values.size() > kCharacters;
}

void put_x_axis(std::string& script, const XAxis& x) {
  const auto out = std::back_inserter(script);
  const bool logarithmic = x.scale == Scale::kLogarithmic;
  if (logarithmic) fmt::format_to(out, "set logscale x\n");
  if (x.is_placed()) {
    fmt::format_to(out, "set xtics{} ({})\nset xrange [-0.5:{}]\n",
                   tics_are_long(x) ? " rotate by 25 right" : "", value_tics(x),
                   static_cast<double>(x.axis->values.size()) - 0.5);
    return;
  }
  double low = 0.0;
  double high = 0.0;
  if (x.axis != nullptr) {
    const auto [least, greatest] = std::ranges::minmax(
        x.axis->values, {}, [](const auto& value) { return *axis_number(value); });
    low = *axis_number(least);
    high = *axis_number(greatest);
  } else if (x.draw != nullptr && x.draw->distribution != Distribution::kNormal) {
    low = x.draw->first;
    high = x.draw->second;
  }
  constexpr std::size_t kMostNames = 12;
  if (logarithmic && x.axis != nullptr && x.axis->values.size() <= kMostNames) {
    fmt::format_to(out, "set xtics ({})\n", value_tics(x));
  } else if (logarithmic) {
    fmt::format_to(out, "set xtics ({})\n", logarithmic_tics(low, high));
  }
  if (!(low < high)) return;
  const auto is_whole = [](const std::string& value) {
    return *axis_number(value) == std::floor(*axis_number(value));
  };
  if (!logarithmic && x.axis != nullptr && high - low <= static_cast<double>(kMostNames) &&
      std::ranges::all_of(x.axis->values, is_whole)) {
    fmt::format_to(out, "set xtics 1\n");  // there is no half a bit
  }
  constexpr double kMargin = 0.03;
  const double margin = logarithmic ? std::pow(high / low, kMargin) : kMargin * (high - low);
  fmt::format_to(out, "set xrange [{:.10g}:{:.10g}]\n", logarithmic ? low / margin : low - margin,
                 logarithmic ? high * margin : high + margin);
}

// Room for every bar, and no more above 100 % than a point needs.
void put_y_axis(std::string& script, const std::vector<Curve>& curves) {
  double low = 100.0;
  double high = 0.0;
  for (const Curve& curve : curves) {
    for (const PlotPoint& point : curve.points) {
      low = std::min({low, point.least, point.mean - point.deviation});
      high = std::max({high, point.greatest, point.mean + point.deviation});
    }
  }
  high = std::min(high, 100.0);
  low = std::max(std::min(low, high), 0.0);
  const double span = std::max(high - low, 0.1);
  fmt::format_to(std::back_inserter(script), "set yrange [{:.10g}:{:.10g}]\n",
                 std::max(low - (0.05 * span), 0.0),
                 std::min(high + (0.05 * span), 100.0 + (0.02 * span)));
}

void put_head(std::string& script, const Sweep& sweep, const Plot& plot, const std::string& note,
              const std::string& svg) {
  fmt::format_to(
      std::back_inserter(script),
      "set terminal svg size 820,540 noenhanced font 'sans-serif,14' background '#ffffff'\n"
      "set output {}\nset encoding utf8\n"
      "set title {} textcolor rgb '#111111'\n"
      "set xlabel {} offset 0,0.5 textcolor rgb '#111111'\n"
      "set ylabel {} textcolor rgb '#111111'\n"
      "set border linecolor rgb '#444444'\nset tics textcolor rgb '#222222'\n"
      "set grid linecolor rgb '#dddddd'\n"
      "set key {} textcolor rgb '#111111'\nset rmargin 6\n",
      plot_text(svg), plot_text((sweep.title.empty() ? sweep.name : sweep.title) + "\n" + note),
      plot_text(axis_label(plot.x.key)), plot_text("accuracy [%]"),
      plot.curves.empty() ? "off" : "bmargin center horizontal height 1");
}

// The layers of the plot, those that others cover first.
std::string layers(const Plot& plot, const std::vector<Curve>& curves, bool spread) {
  const bool categories = plot.x.scale == Scale::kCategories;
  std::vector<std::string> parts;
  for (std::size_t i = 0; spread && i < curves.size(); ++i) {
    parts.push_back(
        categories
            ? fmt::format("$curve{} using 1:4:(0):($5-$4) with vectors nohead lw 7 lc rgb '{}' "
                          "notitle",
                          i, kBandColours[i])
            : fmt::format("$curve{} using 1:4:5 with filledcurves fs transparent solid 0.5 "
                          "noborder lc rgb '{}' notitle",
                          i, kBandColours[i]));
  }
  for (std::size_t i = 0; spread && i < curves.size(); ++i) {
    parts.push_back(fmt::format(
        "$curve{} using 1:($2-$3):(0):(2*$3) with vectors nohead lw 1.5 lc rgb '{}' notitle", i,
        kColours[i]));
  }
  const bool lines = plot.x.axis != nullptr && !categories;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    parts.push_back(
        fmt::format("$curve{} using 1:2 with {} pt 7 ps {} lw 2 lc rgb '{}' {}", i,
                    lines ? "linespoints" : "points", categories ? 0.8 : 0.6, kColours[i],
                    curves[i].name.empty() ? "notitle" : "title " + plot_text(curves[i].name)));
  }
  return fmt::format("{}", fmt::join(parts, ", \\\n  "));
}

}  // namespace

std::string axis_label(std::string_view key) {
  const auto [name, unit] = name_and_unit(key);
  return unit.empty() ? name : fmt::format("{} [{}]", name, unit);
}

void check_plot(const Sweep& sweep, const std::string& where) {
  const Plot plot = plot_of(sweep);
  std::uint64_t curves = 1;
  for (const Axis* axis : plot.curves) curves *= axis->values.size();
  if (curves > kMaxCurves) {
    throw Error(
        fmt::format("{}: {} curves against {}, allowed are at most {}: vary less, or leave "
                    "the plot out",
                    where, curves, plot.x.key, kMaxCurves));
  }
}

std::string plot_script(const Sweep& sweep, const std::map<std::uint64_t, RunResult>& rows,
                        const std::string& svg) {
  const Plot plot = plot_of(sweep);
  const std::vector<SweepPoint> points = summarise(sweep, rows);
  const bool spread = plot.x.axis != nullptr &&
                      std::ranges::any_of(points, [](const auto& point) { return point.runs > 1; });
  const std::vector<Curve> curves = curves_of(plot, sweep, rows, points);
  std::string note = images_text(rows);
  if (spread) {
    note = fmt::format(
        "mean, standard deviation (bars), least to greatest (band) of {} runs a "
        "point; {}",
        points.front().runs, note);
  }
  std::string script;
  put_head(script, sweep, plot, note, svg);
  put_x_axis(script, plot.x);
  put_y_axis(script, curves);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    script += fmt::format("$curve{} << EOD\n", i);
    for (const PlotPoint& point : curves[i].points) {
      script += fmt::format("{:.15g} {:.10g} {:.10g} {:.10g} {:.10g}\n", point.x, point.mean,
                            point.deviation, point.least, point.greatest);
    }
    script += "EOD\n";
  }
  return script + fmt::format("plot {}\n", layers(plot, curves, spread));
}

}  // namespace mcnn::cli
