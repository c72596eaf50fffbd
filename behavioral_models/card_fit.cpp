// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/card_fit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "common/error.h"

namespace mcnn {
namespace {

constexpr double kQuantile = 1.959964;  // 95 % of a Gaussian lie within so many standard deviations
constexpr std::size_t kFewestPulses = 10;
constexpr int kRounds = 20;  // of weights that follow the fit

// y = intercept + slope x, weighted; with the covariance of both.
struct Line {
  double intercept = 0.0;
  double slope = 0.0;
  double intercept_variance = 0.0;
  double slope_variance = 0.0;
  double covariance = 0.0;

  double at(double x) const { return intercept + (slope * x); }
};
struct Point {
  double x = 0.0;
  double y = 0.0;
  double weight = 1.0;  // 1 / variance
};

Line fit_line(std::span<const Point> points) {
  double w = 0.0;
  double wx = 0.0;
  double wy = 0.0;
  for (const Point& p : points) {
    w += p.weight;
    wx += p.weight * p.x;
    wy += p.weight * p.y;
  }
  const double x_mean = wx / w;
  double wxx = 0.0;
  double wxy = 0.0;
  for (const Point& p : points) {
    wxx += p.weight * (p.x - x_mean) * (p.x - x_mean);
    wxy += p.weight * (p.x - x_mean) * p.y;
  }
  Line line;
  line.slope = wxx > 0.0 ? wxy / wxx : 0.0;
  line.intercept = (wy / w) - (line.slope * x_mean);
  line.slope_variance = wxx > 0.0 ? 1.0 / wxx : 0.0;
  line.intercept_variance = (1.0 / w) + (x_mean * x_mean * line.slope_variance);
  line.covariance = -x_mean * line.slope_variance;
  return line;
}

Estimate estimate(std::string field, double value, double variance) {
  const double half = kQuantile * std::sqrt(std::max(0.0, variance));
  return {std::move(field), value, value - half, value + half};
}

// Which of the tables it is, by its columns.
std::size_t which(const NumberTable& table, const std::string& where,
                  const std::vector<std::vector<std::string>>& allowed) {
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (table.names == allowed[i]) return i;
  }
  std::vector<std::string> texts;
  for (const std::vector<std::string>& names : allowed) {
    texts.push_back(fmt::format("{}", fmt::join(names, ",")));
  }
  throw Error(fmt::format(
      "{}: columns: found {}, allowed: {}", where,
      table.names.empty() ? "no line of names" : fmt::format("{}", fmt::join(table.names, ",")),
      fmt::join(texts, " or ")));
}

// Mean and standard deviation (n - 1) of a group.
struct Group {
  double mean = 0.0;
  double deviation = 0.0;
  double count = 0.0;

  double deviation_error() const { return deviation / std::sqrt(2.0 * (count - 1.0)); }
};
Group group_of(const std::vector<double>& values) {
  Group group{.count = static_cast<double>(values.size())};
  for (const double v : values) group.mean += v / group.count;
  double squares = 0.0;
  for (const double v : values) squares += (v - group.mean) * (v - group.mean);
  if (values.size() > 1) group.deviation = std::sqrt(squares / (group.count - 1.0));
  return group;
}

void check_group(const Group& group, const std::string& where, const std::string& of) {
  if (group.count >= 2.0 && group.deviation > 0.0) return;
  throw Error(
      fmt::format("{}: {}: found {} values of standard deviation {}, allowed: 2 or more "
                  "that differ",
                  where, of, group.count, group.deviation));
}

// Moves against the conductance before: a line whose spread is in proportion to it.
struct Moves {
  Line line;
  double spread = 0.0;  // relative
  std::vector<FittedPoint> points;
};
Moves fit_moves(std::vector<Point> points, const std::string& where, const char* polarity) {
  if (points.size() < kFewestPulses) {
    throw Error(fmt::format("{}: {} pulses: found {}, allowed: {} or more", where, polarity,
                            points.size(), kFewestPulses));
  }
  Moves moves;
  double largest = 0.0;
  for (const Point& p : points) largest = std::max(largest, std::abs(p.y));
  for (int round = 0; round < kRounds; ++round) {
    moves.line = fit_line(points);
    double squares = 0.0;
    for (Point& p : points) {
      // A fit near 0 must not weigh for all others.
      const double expected = std::max(std::abs(moves.line.at(p.x)), 0.02 * largest);
      squares += (p.y - moves.line.at(p.x)) * (p.y - moves.line.at(p.x)) / (expected * expected);
      p.weight = 1.0 / (expected * expected);
    }
    moves.spread = std::sqrt(squares / static_cast<double>(points.size() - 2));
  }
  const double scale = moves.spread * moves.spread;
  moves.line.intercept_variance *= scale;
  moves.line.slope_variance *= scale;
  moves.line.covariance *= scale;
  for (const Point& p : points) {
    const double fitted = moves.line.at(p.x);
    moves.points.push_back({p.x, p.y, moves.spread * std::abs(fitted), fitted});
  }
  std::ranges::sort(moves.points, {}, &FittedPoint::x);
  return moves;
}

// Where the line is 0, and the variance of that place.
std::pair<double, double> root(const Line& line) {
  const double at = -line.intercept / line.slope;
  const double variance =
      (line.intercept_variance + (at * at * line.slope_variance) + (2.0 * at * line.covariance)) /
      (line.slope * line.slope);
  return {at, variance};
}

}  // namespace

PulseFit fit_pulses(const NumberTable& table, const std::string& where, DeviceCard& card) {
  which(table, where, {{"set", "before_uS", "after_uS"}});
  std::vector<Point> up;
  std::vector<Point> down;
  for (int row = 0; row < table.rows; ++row) {
    const double set = table.at(row, 0);
    if (set != 0.0 && set != 1.0) {
      throw Error(fmt::format("{}: row {}: set: found {}, allowed: 1 (SET) and 0 (RESET)", where,
                              row + 1, set));
    }
    const double before = table.at(row, 1);
    const double move = (table.at(row, 2) - before) * (set == 1.0 ? 1.0 : -1.0);
    (set == 1.0 ? up : down).push_back({before, move, 1.0});
  }
  const Moves set = fit_moves(std::move(up), where, "SET");
  const Moves reset = fit_moves(std::move(down), where, "RESET");
  const auto [ceiling, ceiling_variance] = root(set.line);
  const auto [floor, floor_variance] = root(reset.line);
  if (!(set.line.slope < 0.0) || !(reset.line.slope > 0.0) || !(ceiling > floor)) {
    throw Error(fmt::format(
        "{}: found SET moves that reach 0 at {:.3g} uS (slope {:.3g}) and RESET moves at {:.3g} uS "
        "(slope {:.3g}), allowed: moves that get less towards a ceiling above a floor",
        where, ceiling, set.line.slope, floor, reset.line.slope));
  }
  // set_step = move at the floor, reset_step = move at the ceiling.
  const auto step = [](const Line& line, double at, double variance_of_at) {
    const double variance = line.intercept_variance + (at * at * line.slope_variance) +
                            (2.0 * at * line.covariance) +
                            (line.slope * line.slope * variance_of_at);
    return std::pair(line.at(at), variance);
  };
  const auto [set_step, set_variance] = step(set.line, floor, floor_variance);
  const auto [reset_step, reset_variance] = step(reset.line, ceiling, ceiling_variance);
  const auto n = static_cast<double>(set.points.size() + reset.points.size());
  const double spread =
      std::sqrt(((set.spread * set.spread) + (reset.spread * reset.spread)) / 2.0);
  card.set_step_uS = set_step;
  card.reset_step_uS = reset_step;
  card.pulse_floor_uS = std::max(0.0, floor);
  card.pulse_ceiling_uS = ceiling;
  card.pulse_c2c = spread;
  return {.estimates = {estimate("set_step_uS", set_step, set_variance),
                        estimate("reset_step_uS", reset_step, reset_variance),
                        estimate("pulse_floor_uS", floor, floor_variance),
                        estimate("pulse_ceiling_uS", ceiling, ceiling_variance),
                        estimate("pulse_c2c", spread, spread * spread / (2.0 * n))},
          .set = set.points,
          .reset = reset.points};
}

RetentionFit fit_retention(const NumberTable& table, const std::string& where, DeviceCard& card) {
  const bool statistics = which(table, where,
                                {{"time_s", "written_uS", "measured_uS"},
                                 {"time_s", "written_uS", "mean_uS", "sd_uS", "cells"}}) == 1;
  std::map<double, std::map<double, std::vector<double>>> raw;  // written, time
  std::map<double, std::map<double, Group>> groups;
  double reference = 0.0;
  for (int row = 0; row < table.rows; ++row) {
    const double time = table.at(row, 0);
    const double written = table.at(row, 1);
    if (!(time > 0.0)) {
      throw Error(
          fmt::format("{}: row {}: time_s: found {}, allowed: above 0", where, row + 1, time));
    }
    reference = reference == 0.0 ? time : std::min(reference, time);
    if (statistics) {
      groups[written][time] = {.mean = table.at(row, 2) - written,
                               .deviation = table.at(row, 3),
                               .count = table.at(row, 4)};
    } else {
      raw[written][time].push_back(table.at(row, 2) - written);
    }
  }
  for (const auto& [written, times] : raw) {
    for (const auto& [time, values] : times) groups[written][time] = group_of(values);
  }

  RetentionFit fit;
  card.relaxation_reference_s = reference;
  card.relaxation_conductance_uS.clear();
  card.relaxation_sigma_uS.clear();
  card.relaxation_growth_uS_per_decade.clear();
  card.relaxation_mean_uS.clear();
  std::vector<double> means;
  bool grows = false;
  bool moves = false;
  for (const auto& [conductance, times] : groups) {
    const double written = conductance;
    RetentionFit::Group& of = fit.groups.emplace_back();
    of.written_uS = written;
    std::vector<Point> points;
    double weights = 0.0;
    double weighted = 0.0;
    for (const auto& [time, group] : times) {
      check_group(group, where, fmt::format("{} uS after {} s", written, time));
      const double error = group.deviation_error();
      points.push_back({std::log10(time / reference), group.deviation, 1.0 / (error * error)});
      const double shape = std::log2(1.0 + (time / reference));
      const double weight = group.count / (group.deviation * group.deviation);
      weights += weight * shape * shape;
      weighted += weight * shape * group.mean;
    }
    const Line line = fit_line(points);
    const double mean = weighted / weights;
    grows = grows || times.size() > 1;
    moves = moves || mean * mean > kQuantile * kQuantile / weights;
    card.relaxation_conductance_uS.push_back(written);
    card.relaxation_sigma_uS.push_back(std::max(0.0, line.intercept));
    card.relaxation_growth_uS_per_decade.push_back(line.slope);
    means.push_back(mean);
    const auto name = [&](const char* field) {
      return fmt::format("{} at {:g} uS", field, written);
    };
    fit.estimates.push_back(
        estimate(name("relaxation_sigma_uS"), line.intercept, line.intercept_variance));
    if (times.size() > 1) {
      fit.estimates.push_back(
          estimate(name("relaxation_growth_uS_per_decade"), line.slope, line.slope_variance));
    }
    fit.estimates.push_back(estimate(name("relaxation_mean_uS"), mean, 1.0 / weights));
    for (const auto& [time, group] : times) {
      of.deviation.push_back(
          {time, group.deviation, group.deviation_error(), line.at(std::log10(time / reference))});
      of.mean.push_back({time, group.mean, group.deviation / std::sqrt(group.count),
                         mean * std::log2(1.0 + (time / reference))});
    }
  }
  if (!grows) card.relaxation_growth_uS_per_decade.clear();
  if (moves) card.relaxation_mean_uS = means;
  return fit;
}

ReadFit fit_reads(const NumberTable& table, const std::string& where, DeviceCard& card) {
  const bool statistics =
      which(table, where, {{"cell", "measured_uS"}, {"conductance_uS", "sd_uS", "reads"}}) == 1;
  std::map<double, std::vector<double>> raw;
  std::vector<Group> groups;
  for (int row = 0; row < table.rows; ++row) {
    if (statistics) {
      groups.push_back(
          {.mean = table.at(row, 0), .deviation = table.at(row, 1), .count = table.at(row, 2)});
      check_group(groups.back(), where, fmt::format("row {}", row + 1));
    } else {
      raw[table.at(row, 0)].push_back(table.at(row, 1));
    }
  }
  for (const auto& [cell, values] : raw) {
    groups.push_back(group_of(values));
    check_group(groups.back(), where, fmt::format("cell {:g}", cell));
  }

  // The variances of the groups, against the square of the conductance; their errors follow the
  // fit.
  std::vector<Point> points;
  for (const Group& group : groups) {
    points.push_back({group.mean * group.mean, group.deviation * group.deviation, 1.0});
  }
  Line line;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double variance =
          round == 0 ? points[i].y : std::max(line.at(points[i].x), 1e-3 * points[i].y);
      points[i].weight = (groups[i].count - 1.0) / (2.0 * variance * variance);
    }
    line = fit_line(points);
    if (line.slope < 0.0 || line.intercept < 0.0) {
      // One of the two is not there: the other alone.
      const bool flat = line.slope < 0.0;
      double weights = 0.0;
      double weighted = 0.0;
      for (const Point& p : points) {
        const double shape = flat ? 1.0 : p.x;
        weights += p.weight * shape * shape;
        weighted += p.weight * shape * p.y;
      }
      line = flat ? Line{.intercept = weighted / weights, .intercept_variance = 1.0 / weights}
                  : Line{.slope = weighted / weights, .slope_variance = 1.0 / weights};
    }
  }
  const auto of_square = [](const char* field, double square, double variance) {
    const double value = std::sqrt(square);
    return estimate(field, value, value > 0.0 ? variance / (4.0 * square) : 0.0);
  };
  card.read_noise = std::sqrt(line.slope);
  card.read_noise_uS = std::sqrt(line.intercept);
  ReadFit fit;
  fit.estimates = {of_square("read_noise", line.slope, line.slope_variance),
                   of_square("read_noise_uS", line.intercept, line.intercept_variance)};
  for (const Group& group : groups) {
    fit.points.push_back({group.mean, group.deviation, group.deviation_error(),
                          std::sqrt(line.at(group.mean * group.mean))});
  }
  std::ranges::sort(fit.points, {}, &FittedPoint::x);
  return fit;
}

}  // namespace mcnn
