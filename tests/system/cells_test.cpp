// SPDX-License-Identifier: Apache-2.0
// scripts/cells.sh: what the flow knows of a cell library comes from its description or from the
// attributes of its cells, and what is missing is named. The library here is made up.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;

// A cell of one input and one output with a function.
std::string gate(const std::string& name, const std::string& function, double area) {
  return fmt::format(
      "  cell ({}) {{\n    area : {};\n    pin (A) {{ direction : input; capacitance : 0.001; }}\n"
      "    pin (Y) {{ direction : output; function : \"{}\"; }}\n  }}\n",
      name, area, function);
}
std::string constant(const std::string& name, int value) {
  return fmt::format(
      "  cell ({}) {{\n    area : 1;\n    pin (Z) {{ direction : output; function : \"{}\"; }}\n  "
      "}}\n",
      name, value);
}
const std::string kFlipFlop = R"(  cell ("FLOP") {
    area : 9;
    ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; }
    pin (D) { direction : input; }
    pin (C) { direction : input; clock : true; }
    pin (Q) { direction : output; function : "IQ"; }
    pin (QN) {
      direction : output; function : "IQN";
    }
  }
)";
const std::string kEnabled = R"~(  cell (EFLOP) {
    area : 12;
    ff (IQ, IQN) { next_state : "(D & E) | (IQ & !E)"; clocked_on : "C"; }
    pin (D) { direction : input; }
    pin (E) { direction : input; }
    pin (C) { direction : input; clock : true; }
    pin (Q) { direction : output; function : "IQ"; }
  }
)~";
// With a pin for tests when `test` has one; a closed gate takes 3 + 1 fJ a clock.
std::string clock_gate(const std::string& name, double area, const std::string& test) {
  return fmt::format(R"~(  cell ({}) {{
    area : {};
    clock_gating_integrated_cell : "latch_posedge{}";
    pin (CK) {{
      direction : input; clock_gate_clock_pin : true;
      internal_power () {{
        when : "E";
        rise_power (t) {{ values ("90, 90, 90"); }}
        fall_power (t) {{ values ("90, 90, 90"); }}
      }}
      internal_power () {{
        when : "!E & !G";
        rise_power (t) {{ values ("2, 3, 4"); }}
        fall_power (t) {{ values ("0, 1, 2"); }}
      }}
    }}
    pin (E) {{ direction : input; clock_gate_enable_pin : true; }}{}
    pin (G) {{ direction : output; clock_gate_out_pin : true; }}
  }}
)~",
                     name, area, test.empty() ? "" : "_precontrol",
                     test.empty() ? "" : "\n    pin (T) { direction : input; }");
}
std::string library(const std::string& cells) {
  return "/* made up { */\nlibrary (made_up) {\n  capacitive_load_unit (1, ff);\n"
         "  nom_voltage : 1.1;\n  default_wire_load : \"other\";\n" +
         cells + "}\n";
}

class Cells : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v yosys > /dev/null") != 0) GTEST_SKIP() << "no yosys";
    fs::create_directories(folder_ / "scripts");
    fs::create_directories(folder_ / "constraints" / "cells");
    fs::copy_file(MCNN_SCRIPTS_DIR "/cells.sh", folder_ / "scripts" / "cells.sh");
    fs::copy_file(MCNN_SCRIPTS_DIR "/../constraints/cells.tcl",
                  folder_ / "constraints" / "cells.tcl");
  }
  // Exit status; the texts are in said_.
  int run(const std::string& arguments, const std::string& before = "") {
    const std::string out = (folder_ / "out").string();
    const int status =
        std::system(fmt::format("env -u CELLS_DIR {} '{}' {} > '{}' 2>&1", before,
                                (folder_ / "scripts" / "cells.sh").string(), arguments, out)
                        .c_str());
    said_ = read_file(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void expect_said(std::string_view part) const {
    EXPECT_NE(said_.find(part), std::string::npos) << part << " is not in: " << said_;
  }
  std::string result(const std::string& library, const std::string& file) const {
    return read_file(folder_ / "build" / "cells" / library / file);
  }

  TemporaryFolder folder_{"cells"};
  std::string said_;
};

TEST_F(Cells, FindsTheGatesByTheirAttributes) {
  write_file(
      folder_ / "mine.lib",
      library(gate("BIG", "A", 5) + gate("SMALL", "A", 2) + gate("NOT", "!A", 1) + kFlipFlop +
              kEnabled + constant("ONE", 1) + constant("NIL", 0) + clock_gate("WITH_TEST", 6, "T") +
              clock_gate("LARGE", 8, "") + clock_gate("GATE", 7, "")));
  ASSERT_EQ(run("mine.lib"), 0) << said_;
  expect_said("has no description");
  const std::string found = result("mine", "cells.tcl");
  for (const std::string_view part :
       {"clock_gate {GATE:8 LARGE:16}", "tie_high {ONE Z}", "tie_low {NIL Z}", "driving_cell {BIG}",
        "voltage {1.1}", "enable_register {EFLOP C D E Q}",
        "gates {{GATE 8 CK E G {} 0.004} {LARGE 16 CK E G {} 0.004}}"}) {
    EXPECT_NE(found.find(part), std::string::npos) << part << " is not in: " << found;
  }
  // The library for mapping: no inverted outputs of flip-flops, the wires of the description.
  const std::string synth = result("mine", "synth.lib");
  EXPECT_EQ(synth.find("pin (QN)"), std::string::npos);
  EXPECT_EQ(synth.find("\"other\""), std::string::npos);
  EXPECT_NE(synth.find("default_wire_load : \"mcnn_estimate\""), std::string::npos);
  EXPECT_NE(result("mine", "clock_gate_models.v").find("if (!CK) open = E;"), std::string::npos);
}

TEST_F(Cells, PackedLibrariesAndDescriptions) {
  write_file(folder_ / "kit.lib", library(gate("BUF", "A", 2) + gate("SLOW_BUF", "A", 1) +
                                          kFlipFlop + clock_gate("GATE", 7, "")));
  ASSERT_EQ(std::system(("gzip '" + (folder_ / "kit.lib").string() + "'").c_str()), 0);
  write_file(folder_ / "constraints" / "cells" / "kit.cells",
             "# A kit.\nliberty = kit.lib\ndont_use = SLOW_* ABSENT*\ndriving_cell = BUF\n"
             "clock_gate = GATE:12\nnode_nm = 90\n");
  EXPECT_EQ(run("kit"), 2);
  expect_said("kit needs kit.lib: CELLS_DIR=folder");
  EXPECT_EQ(run("kit", "CELLS_DIR=/nowhere"), 2);
  expect_said("found neither /nowhere/kit.lib nor /nowhere/kit.lib.gz");
  ASSERT_EQ(run("kit", "CELLS_DIR='" + (folder_ / "").string() + "'"), 0) << said_;
  EXPECT_EQ(said_, "build/cells/kit\n");
  EXPECT_EQ(result("kit", "synth.lib").find("SLOW_BUF"), std::string::npos);
  EXPECT_NE(result("kit", "cells.lib").find("SLOW_BUF"), std::string::npos);
  EXPECT_NE(result("kit", "cells.tcl").find("gate_sizes {12}"), std::string::npos);
}

TEST_F(Cells, SaysWhatIsMissingOrWrong) {
  EXPECT_EQ(run("none"), 2);
  expect_said("CELLS: found 'none', allowed:");
  write_file(folder_ / "a.lib", library(gate("BUF", "A", 2)));
  EXPECT_EQ(run("a.lib"), 2);
  expect_said("no flip-flop");
  write_file(folder_ / "a.lib", library(kFlipFlop));
  EXPECT_EQ(run("a.lib"), 2);
  expect_said("no buffer");
  write_file(folder_ / "a.lib", "module (x) {}\n");
  EXPECT_EQ(run("a.lib"), 2);
  expect_said("no Liberty library");
  // No clock gate: only a netlist that wants one cannot be made.
  write_file(folder_ / "a.lib", library(gate("BUF", "A", 2) + kFlipFlop));
  ASSERT_EQ(run("a.lib"), 0) << said_;
  EXPECT_NE(result("a", "cells.tcl").find("gate_sizes {}"), std::string::npos);

  const fs::path description = folder_ / "constraints" / "cells" / "kit.cells";
  const std::string from_here = "CELLS_DIR='" + (folder_ / "").string() + "'";
  write_file(description, "liberty = a.lib\ngate = X\n");
  EXPECT_EQ(run("kit", from_here), 2);
  expect_said("kit.cells:2: found key 'gate', allowed:");
  write_file(description, "liberty = a.lib\nclock_gate = BUF:8\n");
  EXPECT_EQ(run("kit", from_here), 2);
  expect_said("kit.cells: clock_gate: found 'BUF', allowed: integrated clock gates");
  write_file(description, "liberty = a.lib\ndriving_cell = ABSENT\n");
  EXPECT_EQ(run("kit", from_here), 2);
  expect_said("kit.cells: driving_cell: found 'ABSENT'");
  EXPECT_FALSE(fs::exists(folder_ / "build" / "cells" / "kit"));
}

}  // namespace
}  // namespace mcnn::testing
