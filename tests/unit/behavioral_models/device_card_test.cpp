// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/device_card.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "tests/support/device_cards.h"
#include "tests/support/errors.h"

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
    expect_parts(what, parts);
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
        "adc_sigma_codes = 0.4\ndescription = 'A cell.'\n");
  expected.programming_sigma_uS = 0.5;
  expected.programming_sigma_slope = 0.06;
  expected.programming_sigma_curvature_per_uS = -0.003;
  expected.read_noise = 0.01;
  expected.read_noise_uS = 0.02;
  expected.adc_sigma_codes = 0.4;
  expected.description = "A cell.";
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
               {"read_nose", "unknown", "g_min_uS", "did you mean 'read_noise'?"});
  expect_error(std::string(kGood) + "[wires]\nohm = 1\n", {"wires", "unknown"});
}

TEST_F(DeviceCardFile, RefusesMissingFields) {
  expect_error("g_min_uS = 2\ng_max_uS = 20\n", {"field name", "missing"});
  expect_error("name = 'a'\ng_max_uS = 20\n", {"field g_min_uS", "missing"});
  expect_error("name = 'a'\ng_min_uS = 2\n", {"field g_max_uS", "missing"});
}

TEST_F(DeviceCardFile, RefusesWrongTypes) {
  expect_error("name = 3\ng_min_uS = 2\ng_max_uS = 20\n", {"field name", "3", "a text"});
  expect_error("name = 'a'\ng_min_uS = '2'\ng_max_uS = 20\n",
               {"field g_min_uS", "a finite number"});
  expect_error("name = 'a'\ng_min_uS = 2\ng_max_uS = [20]\n",
               {"field g_max_uS", "a finite number"});
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

// ---- fields one by one

TEST_F(DeviceCardFile, RefusesEveryNewFieldOutOfItsRange) {
  const auto refused = [&](const std::string& line, const std::vector<std::string>& parts) {
    expect_error(std::string(kGood) + line + "\n", parts);
  };
  for (const char* field :
       {"set_step_uS", "set_slope_per_code", "reset_step_uS", "reset_slope_per_code",
        "pulse_floor_uS", "pulse_ceiling_uS", "pulse_c2c", "pulse_d2d", "drift_exponent_sigma",
        "endurance_pulses", "endurance_sigma_decades", "endurance_used_pulses",
        "wire_resistance_ohm", "adc_gain_sigma", "adc_offset_sigma_codes", "adc_inl_codes", "age_s",
        "read_disturb_pulses", "programming_tolerance_uS"}) {
    refused(std::string(field) + " = -0.5", {field, "-0.5", "0 or more"});
    refused(std::string(field) + " = inf", {field, "inf", "finite"});
    refused(std::string(field) + " = [1]", {field, "[ 1 ]", "number"});
  }
  for (const char* field : {"relaxation_reference_s", "drift_onset_s"}) {
    refused(std::string(field) + " = 0", {field, "0", "above 0"});
  }
  for (const char* field : {"read_disturb_per_pulse", "stuck_high_rate", "stuck_low_rate"}) {
    refused(std::string(field) + " = 1.5", {field, "1.5", "from 0 to 1"});
  }
  for (const char* field :
       {"programming_set_start", "programming_set_step", "programming_set_limit",
        "programming_reset_start", "programming_reset_step", "programming_reset_limit"}) {
    refused(std::string(field) + " = 64", {field, "64", "whole number from 0 to 63"});
    refused(std::string(field) + " = 1.5", {field, "1.5", "whole number"});
  }
  refused("programming_max_pulses = 256", {"programming_max_pulses", "256", "0 to 255"});
  refused("programming_range = 8", {"programming_range", "8", "-1 to 7"});
  refused("pulse_floor_uS = 3\npulse_ceiling_uS = 3", {"pulse_ceiling_uS", "found 3", "floor"});
  refused("stuck_high_rate = 0.6\nstuck_low_rate = 0.6", {"stuck_high_rate", "0.6", "at most 1"});
  refused("relaxation_conductance_uS = 3", {"relaxation_conductance_uS", "3", "a list"});
  refused("relaxation_conductance_uS = [1, 'a']", {"relaxation_conductance_uS", "a list"});
  refused("relaxation_conductance_uS = [1, 1]\nrelaxation_sigma_uS = [1, 1]",
          {"relaxation_conductance_uS", "found 1 after 1", "ascending"});
  refused("relaxation_conductance_uS = [1, 2]\nrelaxation_sigma_uS = [1]",
          {"relaxation_sigma_uS", "found 1 numbers", "(2)"});
  refused("relaxation_sigma_uS = [1]", {"relaxation_sigma_uS", "found 1 numbers", "(0)"});
  refused("relaxation_conductance_uS = [1]\nrelaxation_sigma_uS = [-1]",
          {"relaxation_sigma_uS", "-1", "0 or more"});
  refused(
      "relaxation_conductance_uS = [1]\nrelaxation_sigma_uS = [1]\n"
      "relaxation_growth_uS_per_decade = [1, 2]",
      {"relaxation_growth_uS_per_decade", "found 2 numbers", "(1)"});
}

// A card with a value for every field but the table of states.
DeviceCard full_card() {
  DeviceCard card;
  card.name = "a \"quoted\" name";
  int n = 1;
  for (const std::string& name : device_field_names()) {
    if (name == "name" || name == "measured_states" || name == "g_max_uS") continue;
    const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    // Parts of something are below 1.
    const bool is_part = has("_rate") || has("fraction") || has("amplitude") || has("full_scale");
    std::string value = fmt::format("{}", is_part              ? 0.1 + (0.001 * n)
                                          : has("per_pulse")   ? 1e-7 / 3
                                          : has("temperature") ? 300.0 + (n / 3.0)
                                                               : n / 3.0);
    if (name.starts_with("programming_") && name.find("sigma") == std::string::npos &&
        name != "programming_tolerance_uS") {
      value = name == "programming_range" ? "3" : std::to_string(2 + (n % 5));
    }
    if ((name.starts_with("relaxation") || name.starts_with("activation")) &&
        !name.ends_with("_s") && !is_part && !has("floor")) {
      value = fmt::format("[{}, {}]", n / 3.0, n);
    }
    set_device_field(card, name, value, "test");
    ++n;
  }
  card.g_max_uS = card.g_min_uS + 20.0;
  return card;
}

// Every field, set from text and written as a card, comes back to the last bit.
TEST_F(DeviceCardFile, WrittenCardsAreReadBack) {
  const DeviceCard card = full_card();
  check_device_card(card, "test");
  const std::string toml = device_card_toml(card);
  for (const std::string& name : device_field_names()) {
    if (name == "measured_states") continue;
    EXPECT_NE(toml.find(name + " = "), std::string::npos) << name << " was not set to a new value";
  }
  write(toml);
  EXPECT_EQ(load_device_card(file_), card);

  DeviceCard off;
  off.name = "off";
  EXPECT_EQ(device_card_toml(off), "name = 'off'\ng_min_uS = 0\ng_max_uS = 7\n");
  write(device_card_toml(off));
  EXPECT_EQ(load_device_card(file_), off);
  for (const auto& entry : std::filesystem::directory_iterator(kDevices)) {
    if (entry.path().extension() != ".toml") continue;
    const DeviceCard project = load_device_card(entry.path());
    write(device_card_toml(project));
    EXPECT_EQ(load_device_card(file_), project) << entry.path();
  }
}

// Level 7 and the tolerance above it stay below the largest code, and one range finer they do not.
TEST(VerifyRange, FollowsTheConverterUnlessItIsSet) {
  DeviceCard card = window_card();
  card.programming_tolerance_uS = 0.33;
  const double highest = (card.g_max_uS + card.programming_tolerance_uS) / card.level_step_uS();
  for (int bits = 4; bits <= 12; ++bits) {
    SCOPED_TRACE(bits);
    const int range = card.verify_range(bits);
    const double largest_code = std::ldexp(1.0, bits) - 1.0;
    EXPECT_LT(std::ldexp(highest, range), largest_code);
    if (range < 7) {
      EXPECT_GE(std::ldexp(highest, range + 1), largest_code);
    }
  }
  EXPECT_EQ(card.verify_range(4), 0);
  EXPECT_EQ(card.verify_range(6), 2) << "at range 3 the tolerance reaches code 63";
  EXPECT_EQ(card.verify_range(8), 5);
  EXPECT_EQ(card.verify_range(12), 7) << "the finest one there is";

  card.g_min_uS = 19.0;  // level 7 is code 140 at range 0
  EXPECT_EQ(card.verify_range(7), 0);
  card.programming_range = 3;
  for (int bits = 4; bits <= 12; ++bits) EXPECT_EQ(card.verify_range(bits), 3);
  set_device_field(card, "programming_range", "-1", "--set");
  EXPECT_EQ(card.verify_range(8), 0);
}

TEST(DeviceFields, AreSetFromText) {
  DeviceCard card;
  set_device_field(card, "read_noise", "0.25", "--set");
  EXPECT_EQ(card.read_noise, 0.25);
  set_device_field(card, "age_s", "86400", "--set");
  EXPECT_EQ(card.age_s, 86400.0);
  set_device_field(card, "programming_range", "4", "--set");
  EXPECT_EQ(card.programming_range, 4);
  set_device_field(card, "relaxation_sigma_uS", "[1, 2.5]", "--set");
  EXPECT_EQ(card.relaxation_sigma_uS, (std::vector<double>{1.0, 2.5}));
  set_device_field(card, "name", "my card", "--set");
  EXPECT_EQ(card.name, "my card");

  const auto refused = [&](const char* name, const char* value,
                           const std::vector<std::string>& parts) {
    const DeviceCard before = card;
    SCOPED_TRACE(::testing::Message() << name << " = " << value);
    const std::string what = error_of([&] { set_device_field(card, name, value, "--set"); });
    EXPECT_TRUE(what.starts_with("--set: field ")) << what;
    expect_parts(what, parts);
    EXPECT_EQ(card, before);
  };
  refused("read_nose", "1", {"read_nose", "unknown", "did you mean 'read_noise'?"});
  refused("read_noise", "a", {"read_noise", "\"a\"", "number"});
  refused("read_noise", "", {"read_noise", "\"\"", "number"});
  refused("read_noise", "-1", {"read_noise", "-1", "0 or more"});
  refused("read_noise", "1\nage_s = 2", {"read_noise", "number"});
  refused("read_noise", "1 # a", {"read_noise", "number"});
  refused("read_noise", "[1]", {"read_noise", "[ 1 ]"});
  refused("programming_range", "2.5", {"programming_range", "2.5", "-1 to 7"});
  refused("relaxation_sigma_uS", "1", {"relaxation_sigma_uS", "list"});
  refused("name", "", {"name", "a text"});
  refused("measured_states", "/nowhere/states.csv",
          {"measured_states", "/nowhere/states.csv", "No such file"});
}

// ---- measured states

class MeasuredStates : public DeviceCardFile {
 protected:
  void SetUp() override {
    DeviceCardFile::SetUp();
    csv_ = file_.stem().string() + ".csv";
    write(std::string(kGood) + "measured_states = \"" + csv_ + "\"\n");
  }
  void TearDown() override {
    std::filesystem::remove(file_.parent_path() / csv_);
    DeviceCardFile::TearDown();
  }
  void write_csv(const std::string& text) const {
    std::ofstream(file_.parent_path() / csv_) << text;
  }

  std::string csv_;
};

TEST_F(MeasuredStates, AreReadRelativeToTheCardWithOrWithoutAHeader) {
  const std::vector<MeasuredState> expected = {{2.0, 2.25}, {2.0, 1.5}, {20.0, 19.0}};
  for (const char* text :
       {"2,2.25\n20,19\n2,1.5\n", "target_uS,measured_uS\n 2 , 2.25\r\n\n20,1.9e1\n2,1.5",
        "\xEF\xBB\xBFtarget_uS,measured_uS\r\n2,2.25\r\n20,19\r\n2,1.5\r\n"}) {
    write_csv(text);
    const DeviceCard card = load_device_card(file_);
    EXPECT_EQ(card.measured, expected);
    EXPECT_EQ(card.measured_near(3.0), (std::pair<std::size_t, std::size_t>{0, 2}));
    EXPECT_EQ(card.measured_near(11.0), (std::pair<std::size_t, std::size_t>{0, 2}));
    EXPECT_EQ(card.measured_near(11.5), (std::pair<std::size_t, std::size_t>{2, 3}));
    const std::filesystem::path copy = file_.parent_path() / "mcnn_card_copy.toml";
    std::ofstream(copy) << device_card_toml(card);
    EXPECT_EQ(load_device_card(copy).measured, expected);
    std::filesystem::remove(copy);
  }
}

TEST_F(MeasuredStates, AreRefusedWithFileAndLine) {
  const auto refused = [&](const std::string& text, const std::vector<std::string>& parts) {
    write_csv(text);
    const std::string what = message();
    EXPECT_NE(what.find(csv_), std::string::npos) << what;
    expect_parts(what, parts);
  };
  EXPECT_NE(message().find("No such file"), std::string::npos) << message();
  refused("target,measured\n", {"no line of numbers", "two numbers of 0 or more"});
  refused("2,2\n3\n", {"field measured_states", "line 2", "1 column,", "allowed: 2"});
  refused("2,2\n\n3,a\n", {"line 3", "column 2", "'a'", "uS"});
  refused("2,2,2\n", {"line 1", "3 columns", "allowed: 2"});
  refused("2;2\n3;2,5\n", {"line 1", "semicolons", "commas"});
  refused("2,-1\n", {"line 1", "column 2", "'-1'", "0 or more"});
  refused("2,nan\n", {"line 1", "nan"});
  refused("2,\n", {"line 1"});
  refused("a,b\nc,d\n", {"line 2", "'c'"});
}

TEST(DeviceCards, OfTheProject) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kDevices)) {
    if (entry.path().extension() != ".toml") continue;
    const DeviceCard card = load_device_card(entry.path());
    EXPECT_EQ(card.name, entry.path().stem()) << "a card has the name of its file";
    names.push_back(card.name);
  }
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"ideal", "neurram-1day", "neurram-1s", "typical",
                                             "weight-error-6pct", "xpesim", "yao2020",
                                             "yao2020-process"}));

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

  const DeviceCard xpesim = load_device_card(kDevices / "xpesim.toml");
  EXPECT_FALSE(xpesim.has_read_noise());
  EXPECT_EQ(xpesim.programming_sigma_at(11.0), typical.programming_sigma_at(11.0));

  // The same cell with another form of the relaxation.
  const DeviceCard frozen = load_device_card(kDevices / "yao2020.toml");
  DeviceCard process = load_device_card(kDevices / "yao2020-process.toml");
  EXPECT_EQ(process.relaxation_frozen_fraction, 0.0);
  EXPECT_EQ(process.relaxation_floor_uS, process.pulse_floor_uS);
  process.name = frozen.name;
  process.description = frozen.description;
  process.relaxation_frozen_fraction = frozen.relaxation_frozen_fraction;
  process.relaxation_floor_uS = frozen.relaxation_floor_uS;
  process.relaxation_growth_uS_per_decade = frozen.relaxation_growth_uS_per_decade;
  EXPECT_EQ(process, frozen);

  // The published tables of both times.
  const DeviceCard second = load_device_card(kDevices / "neurram-1s.toml");
  const DeviceCard day = load_device_card(kDevices / "neurram-1day.toml");
  const std::array<double, 5> g = {0.0, 4.0, 12.0, 20.0, 40.0};
  const std::array<double, 5> after_second = {0.35, 1.56, 2.30, 2.02, 1.10};
  const std::array<double, 5> after_day = {0.70, 2.45, 3.90, 3.91, 2.65};
  for (std::size_t i = 0; i < g.size(); ++i) {
    EXPECT_NEAR(second.relaxation_sigma_at(g[i], second.age_s), after_second[i], 1e-9);
    EXPECT_NEAR(day.relaxation_sigma_at(g[i], day.age_s), after_day[i], 1e-5);
  }

  const DeviceCard six = load_device_card(kDevices / "weight-error-6pct.toml");
  EXPECT_FALSE(six.has_read_noise());
  EXPECT_NEAR(six.programming_sigma_uS * std::sqrt(2.0) / (7.0 * six.level_step_uS()), 0.06, 1e-6);
}

}  // namespace
}  // namespace mcnn
