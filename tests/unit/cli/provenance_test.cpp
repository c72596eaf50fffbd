// SPDX-License-Identifier: Apache-2.0
// What made a result file: written into JSON, CSV and SVG, read back, and compared with a run.
#include "cli/run/provenance.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::cli {
namespace {

using ::mcnn::testing::read_file;
using ::mcnn::testing::TemporaryFolder;
using ::mcnn::testing::write_file;

Provenance made(const std::function<void(WorkloadOptions&)>& change = {}) {
  WorkloadOptions options;
  if (change) change(options);
  return provenance(load_workload_without_images(options), ProgrammingOptions{}, "mcnn sim");
}

void expect_same(const Provenance& a, const Provenance& b) {
  EXPECT_EQ(to_json(a).dump(1), to_json(b).dump(1));
}

TEST(Provenance, IsReadBackFromEveryKindOfFile) {
  Provenance out = made([](WorkloadOptions& options) {
    options.set = {"read_noise=0.02"};
    options.age_s = 60.0;
    options.seed = 7;
  });
  // Marks that a comment, an element or a text would end at.
  out.command = "mcnn sim --network 'a<b>&--\"\n.json'";
  out.varied = {"read_noise"};

  const nlohmann::ordered_json json = {{"accuracy", 1.0}, {"provenance", to_json(out)}};
  expect_same(find_provenance(json.dump(2), "r.json").value(), out);

  const std::string csv = csv_comment(out);
  EXPECT_EQ(csv.find('\n'), csv.size() - 1);
  expect_same(find_provenance(csv + "a,b\n1,2\n", "r.csv").value(), out);
  expect_same(find_provenance("# a sweep\n" + csv + "a,b\n", "r.csv").value(), out);

  const std::string svg =
      with_provenance("<?xml version=\"1.0\"?>\n<svg width=\"1\"><g/></svg>\n", out);
  EXPECT_TRUE(svg.starts_with("<?xml version=\"1.0\"?>\n<svg width=\"1\">\n<metadata"));
  EXPECT_TRUE(svg.ends_with("</metadata><g/></svg>\n"));
  EXPECT_EQ(svg.find("a<b"), std::string::npos);
  expect_same(find_provenance(svg, "r.svg").value(), out);
}

TEST(Provenance, FilesOfOlderVersionsHaveNoneAndDamagedOnesAreRefused) {
  EXPECT_FALSE(find_provenance("{\"accuracy\": 1}", "r.json"));
  EXPECT_FALSE(find_provenance("step,errors\n0,9\n", "r.csv"));
  EXPECT_FALSE(find_provenance("<svg></svg>", "r.svg"));
  EXPECT_FALSE(find_provenance("", "empty"));
  for (const std::string damaged : {"# provenance {\"command\": 3}\na,b\n", "# provenance {\n",
                                    "{\"provenance\": {\"command\": \"mcnn sim\"}}"}) {
    const std::string what = error_of([&] { find_provenance(damaged, "some.csv"); });
    EXPECT_TRUE(what.starts_with("some.csv: provenance")) << what;
  }
}

TEST(Provenance, ARunBelongsToItself) {
  EXPECT_EQ(differences(made(), made()), std::vector<std::string>{});
  // How many images, and where a copy of the network lies, make no other run.
  const TemporaryFolder folder("mcnn_provenance");
  write_file(folder / "copy.json", read_file(made().network_file));
  const Provenance copy = made([&](WorkloadOptions& options) {
    options.count = 10;
    options.network = (folder / "copy.json").string();
    options.set = {"read_noise=" + made().device_fields.at("read_noise")};
  });
  EXPECT_EQ(differences(copy, made()), std::vector<std::string>{});
}

TEST(Provenance, SaysWhatIsOfAnotherRun) {
  const auto expect = [](const std::function<void(WorkloadOptions&)>& change,
                         const std::string& said) {
    const std::vector<std::string> found = differences(made(change), made());
    ASSERT_EQ(found.size(), 1U) << said;
    EXPECT_EQ(found.front(), said);
  };
  expect([](WorkloadOptions& o) { o.seed = 2; }, "seed 2, here 1");
  expect([](WorkloadOptions& o) { o.device = "ideal"; }, "device ideal, here typical");
  const std::string noise = made().device_fields.at("read_noise");
  expect([](WorkloadOptions& o) { o.set = {"read_noise=0.25"}; },
         "device typical with read_noise 0.25, here " + noise);
  expect([](WorkloadOptions& o) { o.set = {"stuck_low_rate=0.25"}; },
         "device typical with stuck_low_rate 0.25, here off");
  expect([](WorkloadOptions& o) { o.adc_bits = 6; },
         "configuration yao2020 with AdcBits 6, here 8");
  expect([](WorkloadOptions& o) { o.mapping = "paper"; }, "mapping paper, here default");
  expect([](WorkloadOptions& o) { o.network = data_folder() + "/networks/yao2020-plain.json"; },
         "network yao2020-plain, here yao2020");
  const Provenance skip = provenance(load_workload_without_images({}), {}, true, "mcnn sim");
  EXPECT_EQ(differences(skip, made()), std::vector<std::string>{});  // it says nothing of it
  EXPECT_EQ(differences(skip, provenance(load_workload_without_images({}), {}, false, "mcnn sim")),
            std::vector<std::string>{"skip true, here false"});
}

TEST(Provenance, WhatASweepVariesIsPartOfItsResult) {
  const auto row = [](const std::string& noise, std::uint64_t seed) {
    return made([&](WorkloadOptions& options) {
      options.set = {"read_noise=" + noise};
      options.seed = seed;
      options.adc_bits = 6;
      options.mapping = seed == 9 ? "default" : "paper";
      if (seed == 10) options.network = data_folder() + "/networks/yao2020-plain.json";
    });
  };
  Provenance sweep = row("0.25", 9);
  EXPECT_EQ(differences(sweep, made()).size(), 3U);
  sweep.add_row(row("0.3", 9));
  sweep.add_row(row("0.25", 10));
  EXPECT_EQ(sweep.varied, (std::set<std::string>{"read_noise", "seed", "mapping", "network"}));
  EXPECT_EQ(differences(sweep, made()),
            std::vector<std::string>{"configuration yao2020 with AdcBits 6, here 8"});
}

}  // namespace
}  // namespace mcnn::cli
