// SPDX-License-Identifier: Apache-2.0
// Plans, the enumeration of runs, and the draws of a Monte-Carlo set.
#include "cli/sweep/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "cli/sweep/setting_text.h"
#include "cli/sweep/sweep_plan.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

template <class Call>
void expect_error(const Call& call, const std::vector<std::string>& parts) {
  expect_parts(error_of(call), parts);
}

std::vector<std::string> values(const std::string& text) {
  return parse_axis(text, "--vary").values;
}

TEST(SweepAxis, ListsAndRanges) {
  using Values = std::vector<std::string>;
  EXPECT_EQ(values("read_noise=0,0.01,0.02"), (Values{"0", "0.01", "0.02"}));
  EXPECT_EQ(values("seed=1:4"), (Values{"1", "2", "3", "4"}));
  EXPECT_EQ(values("seed=10:20:5,99"), (Values{"10", "15", "20", "99"}));
  EXPECT_EQ(values("wire_resistance_ohm=0:10:2.5"), (Values{"0", "2.5", "5", "7.5", "10"}));
  EXPECT_EQ(values("read_noise=0:0.3:0.1"), (Values{"0", "0.1", "0.2", "0.3"}))
      << "the last value is there in spite of rounding, and written with few digits";
  EXPECT_EQ(values("read_noise=0.3:0.1:-0.1"), (Values{"0.3", "0.2", "0.1"}));
  EXPECT_EQ(values("adc_bits=8:6:-1"), (Values{"8", "7", "6"}));
  EXPECT_EQ(values("read_noise=1e-2,0.50,007"), (Values{"0.01", "0.5", "7"}));
  EXPECT_EQ(values("seed=18446744073709551615"), (Values{"18446744073709551615"}));
  EXPECT_EQ(values("mapping=default,paper"), (Values{"default", "paper"}));
  EXPECT_EQ(values("range=auto,1,2"), (Values{"auto", "1", "2"}));
  EXPECT_EQ(values("relaxation_sigma_uS=[1,2],[2,4]"), (Values{"[1,2]", "[2,4]"}));
  EXPECT_TRUE(parse_axis("read_noise=0,0.1", "").is_numeric());
  EXPECT_FALSE(parse_axis("range=auto,1", "").is_numeric());
  EXPECT_TRUE(parse_axis("relaxation_sigma_uS=[1,1],[2.5,2.5]", "").is_numeric());
  EXPECT_FALSE(parse_axis("relaxation_sigma_uS=[1,1],[2,2.5]", "").is_numeric());
  EXPECT_EQ(axis_number("[2.5,2.5]"), 2.5);
}

TEST(SweepAxis, BadOnesAreRefused) {
  expect_error([] { values("read_nose=1"); }, {"--vary", "read_nose", "adc_bits", "read_noise"});
  expect_error([] { values("read_noise"); }, {"--vary", "'read_noise'", "key=value"});
  expect_error([] { values("=1"); }, {"key=value"});
  expect_error([] { values("read_noise=1,,2"); }, {"read_noise", "empty"});
  expect_error([] { values("read_noise="); }, {"read_noise", "empty"});
  expect_error([] { values("read_noise=0.1,1e-1"); }, {"read_noise", "0.1", "twice"});
  expect_error([] { values("seed=1:3,2"); }, {"seed", "2", "twice"});
  expect_error([] { values("seed=3:1"); }, {"seed", "3:1"});
  expect_error([] { values("seed=1:3:0"); }, {"seed", "1:3:0"});
  expect_error([] { values("seed=1:3000000"); }, {"1:3000000", "1000000"});
}

Sweep grid() {
  Sweep sweep;
  sweep.name = "grid";
  sweep.fixed = {{"device", "ideal"}, {"count", "50"}};
  sweep.axes = {parse_axis("read_noise=0,0.1", ""), parse_axis("adc_bits=6,7,8", ""),
                parse_axis("seed=1:4", "")};
  return sweep;
}

TEST(SweepRuns, EveryCombinationOnceTheLastKeyFastest) {
  const Sweep sweep = grid();
  check_sweep(sweep, "grid");
  ASSERT_EQ(sweep.runs(), 24U);
  std::set<std::string> seen;
  for (std::uint64_t run = 0; run < sweep.runs(); ++run) {
    const Settings settings = sweep.settings(run);
    EXPECT_EQ(*find_setting(settings, "device"), "ideal");
    EXPECT_EQ(*find_setting(settings, "seed"), std::to_string((run % 4) + 1));
    EXPECT_EQ(*find_setting(settings, "adc_bits"), std::to_string((run / 4 % 3) + 6));
    EXPECT_EQ(*find_setting(settings, "read_noise"), run < 12 ? "0" : "0.1");
    seen.insert(run_command(settings));
  }
  EXPECT_EQ(seen.size(), 24U);
}

TEST(SweepRuns, SettingsBecomeOptionsAndACommand) {
  const Settings settings = {
      {"device", "my card.toml"}, {"replicas", "6/3/1"}, {"read_noise", "0.1"},
      {"adc_bits", "6"},          {"seed", "9"},         {"range", "1"},
      {"mapping", "paper"},       {"count", "20"},       {"first", "5"},
      {"g_max_uS", "30"}};
  const WorkloadOptions options = run_options(settings).workload;
  EXPECT_EQ(options.device, "my card.toml");
  EXPECT_EQ(options.replicas, (std::vector<std::string>{"6", "3", "1"}));
  EXPECT_EQ(options.set, (std::vector<std::string>{"read_noise=0.1", "g_max_uS=30"}));
  EXPECT_EQ(options.adc_bits, 6);
  EXPECT_EQ(options.seed, 9U);
  EXPECT_EQ(options.range, "1");
  EXPECT_EQ(options.mapping, "paper");
  EXPECT_EQ(options.first, 5);
  EXPECT_EQ(options.count, 20);
  EXPECT_EQ(run_command(settings),
            "mcnn model --config yao2020 --first 5 --count 20 --mapping paper --replicas 6,3,1 "
            "--range 1 --adc-bits 6 --device 'my card.toml' --seed 9 --set read_noise=0.1 --set "
            "g_max_uS=30");
  EXPECT_TRUE(run_options({{"around_faults", "true"}}).programming.around_faults);
  EXPECT_FALSE(run_options({{"around_faults", "none"}}).programming.around_faults);
  EXPECT_EQ(run_command({{"around_faults", "true"}, {"calibrate", "none"}}),
            "mcnn model --config yao2020 --around-faults --device typical --seed 1");
  EXPECT_EQ(run_command({}), "mcnn model --config yao2020 --device typical --seed 1");
  EXPECT_EQ(run_command({{"device", "it's"}}),
            "mcnn model --config yao2020 --device 'it'\\''s' --seed 1");
  expect_error([] { run_options({{"seed", "-1"}}); }, {"--seed", "'-1'"});
  expect_error([] { run_options({{"adc_bits", "6.5"}}); }, {"--adc-bits", "'6.5'"});
  expect_error(
      [] {
        run_options({{"around_faults", "yes"}});
      },
      {"--around-faults", "'yes'", "true and none"});
}

TEST(SweepRuns, SeveralKeysTakeOneValue) {
  Sweep sweep;
  sweep.axes = {parse_axis("stuck_low_rate+stuck_high_rate=0,0.01", "")};
  check_sweep(sweep, "here");
  ASSERT_EQ(sweep.runs(), 2U);
  EXPECT_EQ(run_options(sweep.settings(1)).workload.set,
            (std::vector<std::string>{"stuck_low_rate=0.01", "stuck_high_rate=0.01"}));
  EXPECT_EQ(run_command(sweep.settings(1)),
            "mcnn model --config yao2020 --device typical --seed 1 --set stuck_low_rate=0.01 --set "
            "stuck_high_rate=0.01");
  sweep.fixed = {{"stuck_high_rate", "0"}};
  expect_error([&] { check_sweep(sweep, "here"); }, {"here", "stuck_high_rate", "twice"});
  expect_error([] { parse_axis("stuck_low_rate+stuck_rate=0", "--vary"); },
               {"--vary", "stuck_rate", "unknown"});
}

TEST(SweepRuns, TunedRuns) {
  const Settings settings = {{"flow", "best"},         {"without", "hidden/last"},
                             {"pass_threshold", "1"},  {"load_cells", "a/{seed}.cells"},
                             {"refresh_every", "60"},  {"seed", "7"},
                             {"training_count", "100"}};
  const RunOptions options = run_options(settings);
  EXPECT_TRUE(options.tuned);
  EXPECT_EQ(options.tune.flow, "best");
  EXPECT_EQ(options.tune.without, (std::vector<std::string>{"hidden", "last"}));
  EXPECT_EQ(options.tune.settings.pass_threshold_uS, 1.0);
  EXPECT_EQ(options.tune.workload.seed, 7U);
  EXPECT_EQ(options.tune.programming.load_cells, "a/7.cells");
  EXPECT_EQ(options.programming.refresh.every_s, 60.0);
  EXPECT_EQ(run_command(settings),
            "mcnn tune --config yao2020 --load-cells a/7.cells --refresh-every 60 --flow best "
            "--without hidden,last --pass-threshold 1 --training-count 100 --device typical --seed "
            "7");
  // Beside other flows none is a chip that is not tuned.
  Settings none = settings;
  put_setting(none, {"flow", "none"});
  EXPECT_FALSE(run_options(none).tuned);
  EXPECT_EQ(
      run_command(none),
      "mcnn model --config yao2020 --load-cells a/7.cells --refresh-every 60 --device typical "
      "--seed 7");
  expect_error([] { run_options({{"without", "hidden"}}); }, {"without", "flow"});
}

// A threshold of refreshes is not used by the runs that have none; without refresh_every it is an
// error, as on the command line.
TEST(SweepRuns, RefreshedRuns) {
  Settings settings = {{"refresh_threshold", "1.5"}, {"refresh_every", "60"}};
  EXPECT_EQ(run_options(settings).programming.refresh.threshold_uS, 1.5);
  EXPECT_EQ(run_command(settings),
            "mcnn model --config yao2020 --refresh-every 60 --refresh-threshold 1.5 --device "
            "typical --seed 1");
  put_setting(settings, {"refresh_every", "none"});
  run_options(settings).programming.check();
  EXPECT_EQ(run_command(settings), "mcnn model --config yao2020 --device typical --seed 1");
  expect_error(
      [] {
        run_options({{"refresh_threshold", "1.5"}}).programming.check();
      },
      {"--refresh-threshold", "--refresh-every"});
}

TEST(SweepRuns, BadSweepsAreRefused) {
  Sweep twice = grid();
  twice.fixed.push_back({"seed", "3"});
  expect_error([&] { check_sweep(twice, "here"); }, {"here", "seed", "twice"});
  Sweep drawn = grid();
  drawn.draws = {parse_draw("read_noise=uniform(0,1)", "")};
  expect_error([&] { check_sweep(drawn, "here"); }, {"read_noise", "twice"});
  expect_error([] { check_sweep(Sweep{}, "here"); }, {"here", "nothing"});
  Sweep samples = grid();
  samples.samples = 3;
  expect_error([&] { check_sweep(samples, "here"); }, {"here", "3", "sample"});
  Sweep large = grid();
  large.axes.back() = parse_axis("seed=1:200000", "");
  expect_error([&] { check_sweep(large, "here"); }, {"here", "1000000"});
}

Sweep monte_carlo(std::uint64_t samples) {
  Sweep sweep;
  sweep.axes = {parse_axis("mapping=default,paper", "")};
  sweep.draws = {parse_draw("read_noise=log(0.001,0.1)", ""),
                 parse_draw("adc_sigma_codes=normal(1, 0.5, 0, 3)", "")};
  sweep.samples = samples;
  sweep.sample_seed = 7;
  return sweep;
}

TEST(SweepDraws, ARunIsTheSameWhateverElseIsRun) {
  const Sweep few = monte_carlo(5);
  const Sweep many = monte_carlo(500);
  ASSERT_EQ(few.runs(), 10U);
  for (std::uint64_t run = few.runs(); run-- > 0;) EXPECT_EQ(few.settings(run), many.settings(run));
  // The combinations of a sample have the same devices and seed.
  Settings a = few.settings(4);
  Settings b = few.settings(5);
  EXPECT_EQ(*find_setting(a, "mapping"), "default");
  EXPECT_EQ(*find_setting(b, "mapping"), "paper");
  put_setting(a, {"mapping", "paper"});
  EXPECT_EQ(a, b);
  EXPECT_EQ(*find_setting(a, "seed"), "3") << "the first seed, 1, plus the sample, 2";
  // A draw does not depend on the other draws.
  Sweep other = monte_carlo(5);
  std::swap(other.draws[0], other.draws[1]);
  EXPECT_EQ(*find_setting(other.settings(8), "read_noise"),
            *find_setting(few.settings(8), "read_noise"));
  // Another seed, other draws.
  other.sample_seed = 8;
  EXPECT_NE(*find_setting(other.settings(8), "read_noise"),
            *find_setting(few.settings(8), "read_noise"));
}

// Computed by a second implementation (Philox4x32-10 in Python); they must not change with
// compiler, library or machine.
TEST(SweepDraws, KnownValues) {
  const auto drawn = [](const std::string& text, std::uint64_t sample) {
    return draw_value(parse_draw(text, ""), 1, sample);
  };
  EXPECT_EQ(drawn("read_noise=uniform(0,1)", 0), "0.994738");
  EXPECT_EQ(drawn("read_noise=log(0.001,0.1)", 0), "0.0976059");
  EXPECT_EQ(drawn("read_noise=normal(0,1)", 0), "0.49249");
  EXPECT_EQ(drawn("read_noise=normal(0,1)", 1ULL << 33), "-1.30806");
}

// Kolmogorov-Smirnov distance of `count` draws from a distribution function. 1.95 / sqrt(n) is
// exceeded with a probability of 0.1 %; the draws are fixed, so the test cannot fail by chance.
template <class Function>
void expect_distribution(const std::string& text, const Function& distribution) {
  constexpr int kCount = 4000;
  const Draw draw = parse_draw(text, "");
  std::vector<double> drawn;
  for (std::uint64_t i = 0; i < kCount; ++i) drawn.push_back(*number(draw_value(draw, 3, i)));
  std::sort(drawn.begin(), drawn.end());
  double distance = 0.0;
  for (int i = 0; i < kCount; ++i) {
    const double expected = distribution(drawn[static_cast<std::size_t>(i)]);
    distance = std::max({distance, std::abs(expected - (static_cast<double>(i) / kCount)),
                         std::abs(expected - (static_cast<double>(i + 1) / kCount))});
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(kCount)) << text;
}

double normal(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

TEST(SweepDraws, FollowTheirDistributions) {
  expect_distribution("read_noise=uniform(2,5)", [](double x) { return (x - 2.0) / 3.0; });
  expect_distribution("read_noise=log(0.01,10)",
                      [](double x) { return std::log(x / 0.01) / std::log(1000.0); });
  expect_distribution("read_noise=normal(3,0.5)", [](double x) { return normal((x - 3.0) / 0.5); });
  expect_distribution("read_noise=normal(0,1,-1,2)", [](double x) {
    return (normal(x) - normal(-1.0)) / (normal(2.0) - normal(-1.0));
  });
}

TEST(SweepDraws, BadOnesAreRefused) {
  const auto draw = [](const std::string& text) { parse_draw(text, "--sample"); };
  for (const std::string text :
       {"0.1", "uniform", "uniform(1)", "uniform(2,1)", "uniform(1,2", "log(0,1)", "log(-1,1)",
        "normal(1,0)", "normal(1,-2)", "normal(1,2,3)", "normal(1,2,4,3)", "normal(0,1,7,8)",
        "poisson(1,2)", "uniform(1,2,3)"}) {
    expect_error([&] { draw("read_noise=" + text); }, {"--sample", "read_noise", text});
  }
  expect_error([&] { draw("read_noise=uniform(a,2)"); }, {"read_noise", "'a'"});
  expect_error([&] { draw("noise=uniform(1,2)"); }, {"noise"});
}

class SweepPlan : public ::testing::Test {
 protected:
  std::vector<Sweep> plan(const std::string& text, const Settings& overrides = {}) const {
    const fs::path file = folder_ / "plan.toml";
    testing::write_file(file, text);
    return load_plan(file, overrides);
  }

  const testing::TemporaryFolder folder_{"mcnn_plan"};
};

TEST_F(SweepPlan, SaysTheSameAsTheCommandLine) {
  const std::vector<Sweep> sweeps = plan(R"toml(
[[sweep]]
name = "grid"
title = "A title"
set = ["device=ideal", "count=50"]
vary = ["read_noise=0,0.1", "adc_bits=6,7,8", "seed=1:4"]
[[sweep]]
name = "random"
vary = ["mapping=default,paper"]
sample = ["read_noise=log(0.001,0.1)", "adc_sigma_codes=normal(1,0.5,0,3)"]
runs = 5
sample_seed = 7
)toml");
  ASSERT_EQ(sweeps.size(), 2U);
  EXPECT_EQ(sweeps[0].title, "A title");
  EXPECT_EQ(canonical_text(sweeps[0]), canonical_text(grid()));
  EXPECT_EQ(canonical_text(sweeps[1]), canonical_text(monte_carlo(5)));
}

TEST_F(SweepPlan, OptionsOfTheCommandLineGoOverIt) {
  const std::string text =
      "[[sweep]]\nname = \"a\"\nset = [\"count=50\", \"device=ideal\"]\nvary = [\"seed=1:2\"]\n";
  const Sweep sweep = plan(text, {{"count", "7"}, {"mapping", "paper"}}).front();
  EXPECT_EQ(sweep.fixed, (Settings{{"count", "7"}, {"device", "ideal"}, {"mapping", "paper"}}));
  expect_error([&] { plan(text, {{"seed", "7"}}); }, {"sweep a", "seed", "twice"});
}

TEST_F(SweepPlan, BadOnesAreRefused) {
  const auto refused = [this](const std::string& text, const std::vector<std::string>& parts) {
    expect_error([&] { plan(text); }, parts);
  };
  expect_error([] { load_plan("/nonexistent/plan.toml", {}); }, {"/nonexistent/plan.toml"});
  refused("", {"plan.toml", "[[sweep]]"});
  refused("[[sweep]\n", {"plan.toml", "line 1"});
  refused("name = 3\n", {"field name", "unknown", "sweep"});
  refused("sweep = 3\n", {"field sweep", "3", "[[sweep]]"});
  refused("[[sweep]]\nvary = [\"seed=1:2\"]\n", {"number 1", "name"});
  refused("[[sweep]]\nname = \"a/b\"\nvary = [\"seed=1:2\"]\n", {"name", "a/b"});
  refused("[[sweep]]\nname = \"a\"\n", {"sweep a", "nothing"});
  refused("[[sweep]]\nname = \"a\"\nvary = \"seed=1:2\"\n", {"sweep a", "vary", "list"});
  refused("[[sweep]]\nname = \"a\"\nvary = [3]\n", {"sweep a", "vary", "3"});
  refused("[[sweep]]\nname = \"a\"\nvary = [\"sed=1:2\"]\n",
          {"sweep a", "vary", "'sed'", "did you mean 'seed'?"});
  refused("[[sweep]]\nname = \"a\"\nvarry = [\"seed=1:2\"]\n",
          {"sweep a", "varry", "unknown", "did you mean 'vary'?"});
  refused("[[sweep]]\nname = \"a\"\nset = [\"count=1\", \"count=2\"]\nvary = [\"seed=1:2\"]\n",
          {"sweep a", "set", "count", "twice"});
  refused("[[sweep]]\nname = \"a\"\nruns = -1\nsample = [\"read_noise=uniform(0,1)\"]\n",
          {"sweep a", "runs", "-1"});
  refused("[[sweep]]\nname = \"a\"\nruns = 0\nsample = [\"read_noise=uniform(0,1)\"]\n",
          {"sweep a", "runs", "0"});
  const std::string good = "[[sweep]]\nname = \"a\"\nvary = [\"seed=1:2\"]\n";
  refused(good + good, {"sweep a", "name", "twice"});
}

}  // namespace
}  // namespace mcnn::cli
