// SPDX-License-Identifier: Apache-2.0
// Mean and spread of a sweep.
#include "cli/sweep/sweep_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/unit/cli/sweep_rows.h"

namespace mcnn::cli {
namespace {

using testing::grid;
using testing::holds;
using testing::rows;

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
}

}  // namespace
}  // namespace mcnn::cli
