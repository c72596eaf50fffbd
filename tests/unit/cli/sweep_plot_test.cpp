// SPDX-License-Identifier: Apache-2.0
// What the plot of a sweep shows.
#include "cli/sweep/sweep_plot.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/errors.h"
#include "tests/unit/cli/sweep_rows.h"

namespace mcnn::cli {
namespace {

using testing::grid;
using testing::holds;
using testing::rows;

TEST(SweepPlot, IsAgainstTheFirstNumberWithACurveForTheOthers) {
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

TEST(SweepPlot, ScalesThatFitTheValues) {
  const auto script = [](const std::string& axis) {
    const Sweep sweep = grid({axis});
    return plot_script(sweep, rows(std::vector<std::uint64_t>(sweep.runs(), 900)), "x.svg");
  };
  EXPECT_TRUE(holds(script("age_s=1,60,3600"), "set logscale x"));
  EXPECT_TRUE(holds(script("age_s=1,60,3600"), "set xtics (\"1\" 1, \"60\" 60, \"3600\" 3600)"));
  // 0 has no logarithm: the values stand side by side.
  EXPECT_TRUE(holds(script("age_s=0,1,3600"), "set xtics (\"0\" 0, \"1\" 1, \"3600\" 2)"));
  EXPECT_FALSE(holds(script("age_s=0,1,3600"), "logscale"));
  // Half a bit does not exist.
  EXPECT_TRUE(holds(script("adc_bits=4:10"), "set xtics 1\n"));
  EXPECT_FALSE(holds(script("read_noise=0,0.5,1"), "set xtics"));
}

TEST(SweepPlot, NumbersAreJoinedByLinesAndNamesAreNot) {
  const auto script = [](const std::string& axis) {
    const Sweep sweep = grid({axis, "mapping=default,paper", "seed=1,2"});
    return plot_script(sweep, rows(std::vector<std::uint64_t>(sweep.runs(), 900)), "x.svg");
  };
  EXPECT_TRUE(holds(script("read_noise=0,0.1"), "with linespoints"));
  EXPECT_TRUE(holds(script("age_s=0,1,3600"), "with linespoints"));
  const std::string names = script("device=ideal,typical,yao2020");
  EXPECT_FALSE(holds(names, "lines")) << names;
  EXPECT_FALSE(holds(names, "filledcurves")) << names;
  EXPECT_TRUE(holds(names, "with points")) << names;
  EXPECT_TRUE(holds(names, "(\"ideal\" 0, \"typical\" 1, \"yao2020\" 2)")) << names;
  // One curve left of the names, the other right of them.
  EXPECT_TRUE(holds(names, "$curve0 << EOD\n-0.1 90 ")) << names;
  EXPECT_TRUE(holds(names, "$curve1 << EOD\n0.1 90 ")) << names;
}

TEST(SweepPlot, LongNamesStandAslant) {
  const auto script = [](const std::string& axis) {
    return plot_script(grid({axis}), rows({900, 900, 900, 900, 900, 900}), "x.svg");
  };
  EXPECT_FALSE(holds(script("device=a,b,c,d,e,f"), "rotate"));
  EXPECT_TRUE(holds(script("device=a,b,c,d,e,weight-error-6pct"), "set xtics rotate by 25"));
}

TEST(SweepPlot, TheLegendNamesValuesWithUnitsAndFilesWithoutFolders) {
  const Sweep sweep =
      grid({"read_noise=0,0.1", "wire_resistance_ohm=0,5", "network=data/networks/yao2020.json"});
  const std::string script = plot_script(sweep, rows({900, 900, 900, 900}), "x.svg");
  EXPECT_TRUE(holds(script, "title \"wire resistance 5 ohm, network yao2020\"")) << script;
  // Clear of the label of the axis above it.
  EXPECT_TRUE(holds(script, "set key bmargin center horizontal height 1 ")) << script;
  EXPECT_TRUE(
      holds(plot_script(grid({"read_noise=0,1"}), rows({900, 900}), "x.svg"), "set key off"));
}

TEST(SweepPlot, TheAxisEndsAtAHundredPercent) {
  const Sweep sweep = grid({"read_noise=0,0.1", "seed=1,2"});
  const std::string script = plot_script(sweep, rows({1000, 990, 910, 900}), "x.svg");
  // 99.5 +- 0.7, and 90.5 +- 0.7: from 89.79 to 100, a little more for the points.
  EXPECT_TRUE(holds(script, "set yrange [89.282")) << script;
  EXPECT_TRUE(holds(script, ":100.204")) << script;
}

TEST(SweepPlot, SamplesArePoints) {
  Sweep sweep;
  sweep.name = "random";
  sweep.draws = {parse_draw("read_noise=uniform(0,1)", "")};
  sweep.samples = 3;
  const std::string script = plot_script(sweep, rows({900, 950, 990}), "x.svg");
  EXPECT_TRUE(holds(script, *find_setting(sweep.settings(1), "read_noise") + " 95 ")) << script;
  EXPECT_TRUE(holds(script, "with points")) << script;
  EXPECT_FALSE(holds(script, "with vectors")) << script;
  EXPECT_FALSE(holds(script, "logscale")) << script;
  EXPECT_TRUE(holds(script, "set xrange [-0.03:1.03]")) << script;
}

TEST(SweepPlot, WhatIsDrawnByItsLogarithmIsShownByIt) {
  Sweep sweep;
  sweep.name = "random";
  sweep.draws = {parse_draw("read_noise=log(0.003,0.1)", "")};
  sweep.samples = 3;
  const std::string script = plot_script(sweep, rows({900, 950, 990}), "x.svg");
  EXPECT_TRUE(holds(script, "set logscale x\n")) << script;
  EXPECT_TRUE(holds(script,
                    "set xtics (\"0.005\" 0.005, \"0.01\" 0.01, \"0.02\" 0.02, "
                    "\"0.05\" 0.05, \"0.1\" 0.1)"))
      << script;
}

TEST(SweepPlot, TooManyCurvesAreRefused) {
  check_plot(grid({"read_noise=0,1", "adc_bits=4:11", "seed=1:100"}), "here");
  expect_parts(error_of([] {
                 check_plot(grid({"read_noise=0,1", "adc_bits=4:12"}), "here");
               }),
               "here: 9 curves against read_noise");
}

TEST(SweepPlot, LabelsHaveUnits) {
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
