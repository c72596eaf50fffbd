// SPDX-License-Identifier: Apache-2.0
// mcnn fit from outside: measurements become a card that the other commands take, with a picture;
// bad input gives one line and no file. mcnn info draws a card.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/system/cli_fixture.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

const std::string kMeasured = MCNN_DATA_DIR "/devices/measured/";

class Fit : public Cli {
 protected:
  std::vector<std::string> fit(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"fit", "--out", out("card.toml").string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(Fit, PublishedFiguresBecomeACard) {
  const CommandResult fitted =
      run_mcnn(fit({"--retention", kMeasured + "neurram-relaxation.csv", "--reads",
                    kMeasured + "cmo-hfox-reads.csv", "--svg", out("fit.svg").string()}));
  ASSERT_EQ(fitted.status, 0) << fitted.err;
  EXPECT_NE(fitted.out.find("relaxation_sigma_uS at 12 uS"), std::string::npos) << fitted.out;
  EXPECT_NE(fitted.out.find("2.199 to 2.401"), std::string::npos) << fitted.out;
  EXPECT_NE(fitted.out.find("reads: the points are"), std::string::npos)
      << "a logarithm is no square root: " << fitted.out;
  EXPECT_EQ(fitted.out.find("retention at"), std::string::npos) << "two points are on a line";
  EXPECT_NE(read_file(out("fit.svg")).find("Relaxation: spread"), std::string::npos);
  const CommandResult model = run_mcnn(
      {"model", "--device", out("card.toml").string(), "--count", "20", "--program", "direct"});
  EXPECT_EQ(model.status, 0) << model.err;
}

TEST_F(Fit, BadInput) {
  const std::string reads = kMeasured + "cmo-hfox-reads.csv";
  expect_plain_error({"fit"}, {"--pulses", "missing"});
  expect_plain_error({"fit", "--reads", reads}, {"--out FILE is missing"});
  expect_plain_error(fit({"--reads", reads}), {"--g-min", "--g-max"});
  expect_plain_error(fit({"--reads", reads, "--g-min", "20", "--g-max", "2"}), {"g_max_uS", "2"});
  expect_plain_error(fit({"--retention", reads}), {"cmo-hfox-reads.csv", "columns", "time_s"});
  expect_plain_error(fit({"--pulses", path("none.csv").string()}), {"none.csv"});
  EXPECT_FALSE(fs::exists(out("card.toml")));
}

TEST_F(Fit, InfoDrawsACard) {
  const CommandResult info =
      run_mcnn({"info", "--device", "yao2020", "--svg", out("card.svg").string()});
  ASSERT_EQ(info.status, 0) << info.err;
  const std::string svg = read_file(out("card.svg"));
  for (const char* part : {"<svg", "Eight levels", "Spread that time makes", "Noise", "</svg>"}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace mcnn::testing
