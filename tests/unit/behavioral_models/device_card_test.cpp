// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/device_card.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/error.h"

namespace mcnn {
namespace {

const std::filesystem::path kDevices = MCNN_DEVICES_DIR;

class DeviceCardFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    file_ = std::filesystem::temp_directory_path() /
            (std::string("mcnn_card_") + test->name() + ".toml");
  }
  void TearDown() override { std::filesystem::remove(file_); }

  void write(const std::string& text) const { std::ofstream(file_) << text; }

  // The message of the Error that loading throws, which must name the file; empty if it throws
  // none.
  std::string message() const {
    try {
      load_device_card(file_);
    } catch (const Error& error) {
      std::string what = error.what();
      EXPECT_NE(what.find(file_.string()), std::string::npos) << what;
      return what;
    }
    return "";
  }

  void expect_error(const std::string& text, const std::vector<std::string>& parts) const {
    write(text);
    const std::string what = message();
    for (const std::string& part : parts) {
      EXPECT_NE(what.find(part), std::string::npos) << '"' << part << "\" not in: " << what;
    }
  }

  std::filesystem::path file_;
};

constexpr const char* kGood = "name = 'a'\ng_min_uS = 2\ng_max_uS = 20.0\n";

TEST_F(DeviceCardFile, ReadsEveryFieldAndLeavesTheRestOff) {
  write(kGood);
  DeviceCard expected;
  expected.name = "a";
  expected.g_min_uS = 2;
  expected.g_max_uS = 20;
  EXPECT_EQ(load_device_card(file_), expected);
  EXPECT_FALSE(expected.has_programming_error());
  EXPECT_FALSE(expected.has_read_noise());

  write(std::string(kGood) +
        "programming_sigma_uS = 0.5\nprogramming_sigma_slope = 0.06\n"
        "programming_sigma_curvature_per_uS = -0.003\nread_noise = 0.01\nread_noise_uS = 0.02\n"
        "adc_sigma_codes = 0.4\n");
  expected.programming_sigma_uS = 0.5;
  expected.programming_sigma_slope = 0.06;
  expected.programming_sigma_curvature_per_uS = -0.003;
  expected.read_noise = 0.01;
  expected.read_noise_uS = 0.02;
  expected.adc_sigma_codes = 0.4;
  EXPECT_EQ(load_device_card(file_), expected);
}

TEST_F(DeviceCardFile, RefusesAMissingFile) {
  EXPECT_NE(message().find("no such file"), std::string::npos);
}

TEST_F(DeviceCardFile, RefusesWhatIsNotToml) {
  expect_error("name = 'a'\nconductance: 3\n", {"not TOML", "line 2"});
}

TEST_F(DeviceCardFile, RefusesAnUnknownField) {
  expect_error(std::string(kGood) + "read_nose = 0.1\n",
               {"read_nose", "unknown", "read_noise", "g_min_uS"});
  expect_error(std::string(kGood) + "[wires]\nohm = 1\n", {"wires", "unknown"});
}

TEST_F(DeviceCardFile, RefusesMissingFields) {
  expect_error("g_min_uS = 2\ng_max_uS = 20\n", {"field name", "missing"});
  expect_error("name = 'a'\ng_max_uS = 20\n", {"field g_min_uS", "missing"});
  expect_error("name = 'a'\ng_min_uS = 2\n", {"field g_max_uS", "missing"});
}

TEST_F(DeviceCardFile, RefusesWrongTypes) {
  expect_error("name = 3\ng_min_uS = 2\ng_max_uS = 20\n", {"field name", "3", "a text"});
  expect_error("name = 'a'\ng_min_uS = '2'\ng_max_uS = 20\n", {"field g_min_uS", "a finite number"});
  expect_error("name = 'a'\ng_min_uS = 2\ng_max_uS = [20]\n", {"field g_max_uS", "a finite number"});
}

TEST_F(DeviceCardFile, RefusesValuesOutOfRange) {
  expect_error("name = 'a'\ng_min_uS = 2\ng_max_uS = 2\n", {"field g_max_uS", "found 2", "g_min"});
  expect_error("name = 'a'\ng_min_uS = -1\ng_max_uS = 2\n", {"field g_min_uS", "-1", "0 or more"});
  for (const char* field :
       {"programming_sigma_uS", "read_noise", "read_noise_uS", "adc_sigma_codes"}) {
    expect_error(std::string(kGood) + field + " = -0.5\n", {field, "-0.5", "0 or more"});
    expect_error(std::string(kGood) + field + " = nan\n", {field, "nan", "finite"});
  }
  expect_error(std::string(kGood) + "programming_sigma_uS = 0.1\nprogramming_sigma_slope = -0.01\n",
               {"programming_sigma", "level"});
}

TEST(DeviceCards, OfTheProject) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kDevices)) {
    if (entry.path().extension() != ".toml") continue;
    const DeviceCard card = load_device_card(entry.path());
    EXPECT_EQ(card.name, entry.path().stem()) << "a card has the name of its file";
    names.push_back(card.name);
  }
  EXPECT_GE(names.size(), 3U);

  const DeviceCard ideal = load_device_card(kDevices / "ideal.toml");
  EXPECT_EQ(ideal.g_min_uS, 0.0);
  EXPECT_FALSE(ideal.has_programming_error());
  EXPECT_FALSE(ideal.has_read_noise());

  // The published fit, in per cent of g_max.
  const DeviceCard typical = load_device_card(kDevices / "typical.toml");
  for (int level = 0; level < 8; ++level) {
    const double target = typical.g_min_uS + level * typical.level_step_uS();
    const double percent = 100.0 * target / typical.g_max_uS;
    EXPECT_NEAR(100.0 * typical.programming_sigma_at(target) / typical.g_max_uS,
                -6.0e-4 * percent * percent + 6.2e-2 * percent + 0.72, 1e-9);
  }

  const DeviceCard six = load_device_card(kDevices / "weight-error-6pct.toml");
  EXPECT_FALSE(six.has_read_noise());
  EXPECT_NEAR(six.programming_sigma_uS * std::sqrt(2.0) / (7.0 * six.level_step_uS()), 0.06, 1e-6);
}

}  // namespace
}  // namespace mcnn
