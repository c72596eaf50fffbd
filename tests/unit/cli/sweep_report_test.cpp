// SPDX-License-Identifier: Apache-2.0
// Mean and spread of a sweep, and what the plot shows.
#include "cli/sweep/sweep_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "common/error.h"

namespace mcnn::cli {
namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Sweep grid(const std::vector<std::string>& axes) {
  Sweep sweep;
  sweep.name = "grid";
  for (const std::string& axis : axes) sweep.axes.push_back(parse_axis(axis, ""));
  return sweep;
}

// Run r has so many of 1,000 images right, and took 10000 (r + 1) pulses.
std::map<std::uint64_t, RunResult> rows(const std::vector<std::uint64_t>& correct) {
  std::map<std::uint64_t, RunResult> rows;
  for (const std::uint64_t count : correct) {
    const std::uint64_t run = rows.size();
    rows[run] = {.images = 1000, .correct = count, .pulses = 10000 * (run + 1)};
  }
  return rows;
}

TEST(SweepReport, MeanDeviationAndWorstOverTheSeeds) {
  // The seed in front: the runs of a point do not lie side by side.
  const Sweep sweep = grid({"seed=1:3", "read_noise=0,0.1"});
  const std::vector<SweepPoint> points = summarise(sweep, rows({990, 900, 980, 910, 970, 860}));
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].settings, (Settings{{"read_noise", "0"}}));
  EXPECT_EQ(points[0].runs, 3U);
  EXPECT_DOUBLE_EQ(points[0].mean, 0.98);
  EXPECT_NEAR(points[0].deviation, 0.01, 1e-12);
  EXPECT_DOUBLE_EQ(points[1].mean, 0.89);
  EXPECT_NEAR(points[1].deviation, std::sqrt((0.0001 + 0.0004 + 0.0009) / 2.0), 1e-12);
  EXPECT_DOUBLE_EQ(points[1].worst, 0.86);
  EXPECT_DOUBLE_EQ(points[1].best, 0.91);
  const std::string table = summary_table(sweep, points);
  EXPECT_EQ(table,
            "read_noise   runs      mean    s.d.     worst     pulses\n"
            "         0      3   98.00 %    1.00   97.00 %      30000\n"
            "       0.1      3   89.00 %    2.65   86.00 %      40000\n");
}

TEST(SweepReport, OneRunHasNoDeviation) {
  const Sweep sweep = grid({"read_noise=0,0.1"});
  const std::vector<SweepPoint> points = summarise(sweep, rows({990, 900}));
  EXPECT_EQ(points[0].deviation, 0.0);
  EXPECT_TRUE(holds(summary_table(sweep, points), "     -   "));
  EXPECT_FALSE(holds(plot_script(sweep, rows({990, 900}), "x.svg"), "with vectors"));
}

TEST(SweepReport, PlotsAgainstTheFirstNumberWithACurveForTheOthers) {
  const Sweep sweep = grid({"mapping=default,paper", "seed=1:2", "wire_resistance_ohm=0,5,10"});
  std::vector<std::uint64_t> correct(12, 950);
  correct[0] = 970;  // default, seed 1, 0 ohm
  const std::string script = plot_script(sweep, rows(correct), "out \"1\".svg");
  EXPECT_TRUE(holds(script, "set output \"out \\\"1\\\".svg\"")) << script;
  EXPECT_TRUE(holds(script, "set xlabel \"wire resistance [ohm]\" ")) << script;
  EXPECT_TRUE(holds(script, "title \"mapping default\"")) << script;
  EXPECT_TRUE(holds(script, "title \"mapping paper\"")) << script;
  EXPECT_TRUE(
      holds(script, "$curve0 << EOD\n0 96 1.414213562 95 97\n5 95 0 95 95\n10 95 0 95 95\n"))
      << script;
  EXPECT_TRUE(holds(script, "with vectors")) << script;
  EXPECT_TRUE(holds(script, "set xrange [-0.3:10.3]")) << script;
  EXPECT_FALSE(holds(script, "logscale")) << script;
}

TEST(SweepReport, ScalesThatFitTheValues) {
  const auto script = [](const std::string& axis) {
    const Sweep sweep = grid({axis});
    return plot_script(sweep, rows(std::vector<std::uint64_t>(sweep.runs(), 900)), "x.svg");
  };
  EXPECT_TRUE(holds(script("age_s=1,60,3600"), "set logscale x"));
  EXPECT_TRUE(holds(script("age_s=1,60,3600"), "set xtics (\"1\" 1, \"60\" 60, \"3600\" 3600)"));
  // 0 has no logarithm: the values stand side by side.
  EXPECT_TRUE(holds(script("age_s=0,1,3600"), "set xtics (\"0\" 0, \"1\" 1, \"3600\" 2)"));
  EXPECT_FALSE(holds(script("age_s=0,1,3600"), "logscale"));
  EXPECT_TRUE(holds(script("mapping=default,paper"), "(\"default\" 0, \"paper\" 1)"));
}

TEST(SweepReport, SamplesArePoints) {
  Sweep sweep;
  sweep.name = "random";
  sweep.draws = {parse_draw("read_noise=uniform(0,1)", "")};
  sweep.samples = 3;
  const std::string script = plot_script(sweep, rows({900, 950, 990}), "x.svg");
  EXPECT_TRUE(holds(script, *find_setting(sweep.settings(1), "read_noise") + " 95\n")) << script;
  EXPECT_TRUE(holds(script, "with points")) << script;
}

TEST(SweepReport, TooManyCurvesAreRefused) {
  check_plot(grid({"read_noise=0,1", "adc_bits=4:11", "seed=1:100"}), "here");
  try {
    check_plot(grid({"read_noise=0,1", "adc_bits=4:12"}), "here");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_TRUE(holds(error.what(), "here: 9 curves against read_noise")) << error.what();
  }
}

TEST(SweepReport, LabelsHaveUnits) {
  EXPECT_EQ(axis_label("wire_resistance_ohm"), "wire resistance [ohm]");
  EXPECT_EQ(axis_label("age_s"), "age [s]");
  EXPECT_EQ(axis_label("programming_sigma_uS"), "programming sigma [uS]");
  EXPECT_EQ(axis_label("programming_sigma_curvature_per_uS"), "programming sigma curvature [1/uS]");
  EXPECT_EQ(axis_label("adc_sigma_codes"), "adc sigma [codes]");
  EXPECT_EQ(axis_label("read_noise"), "read noise");
  EXPECT_EQ(axis_label("adc_bits"), "adc bits");
}

}  // namespace
}  // namespace mcnn::cli
