// SPDX-License-Identifier: Apache-2.0
// The mcnn report command from outside: the page is written whole or not at all, needs nothing but
// itself, holds every section and figure, says the figures of the run that it is of, and a browser
// shows it without an error.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/system/command.h"

namespace mcnn::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostBytes = 5'000'000;

bool has_id(const std::string& page, const std::string& id) {
  return page.find(" id=\"" + id + "\"") != std::string::npos;
}

// <data id="v-key" value="...">, by key.
std::map<std::string, double> data_of(const std::string& page) {
  static const std::regex kDatum("<data id=\"v-([^\"]+)\" value=\"([^\"]+)\">");
  std::map<std::string, double> values;
  for (std::sregex_iterator at(page.begin(), page.end(), kDatum); at != std::sregex_iterator();
       ++at) {
    values[(*at)[1]] = std::stod((*at)[2]);
  }
  return values;
}

// A picture that a command left with this provenance.
std::string picture_of(const json& made) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"80\" height=\"40\">"
         "<metadata id=\"mcnn-provenance\">" +
         made.dump() + "</metadata><path d=\"M0 0L9 9\"/></svg>";
}

const std::vector<std::string> kSections = {"accuracy",    "run",        "layers", "arrays",
                                            "programming", "converters", "clocks", "timeline",
                                            "cost",        "sweeps",     "tuning", "rtl"};
const std::vector<std::string> kFigures = {
    "confusion",    "wrong-images",    "followed-input",  "map-C1",      "map-C3",
    "conductances", "error-histogram", "pulse-histogram", "clock-share", "timeline-image",
    "timeline-C1",  "timeline-C3",     "timeline-FC"};

class ReportCommand : public ::testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_ / name; }
  CommandResult report(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"report", "--runs", path("runs").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_mcnn(arguments);
  }
  // The page of a run with images that go wrong, cells that fail and cells that are stuck.
  std::string good_page(const std::string& name) const {
    const CommandResult result =
        report({"--count", "400", "--set", "stuck_high_rate=0.01", "--image", "3", "--out",
                path(name).string(), "--result", path("result.json").string()});
    EXPECT_EQ(result.status, 0) << result.err;
    return read_file(path(name));
  }

  const TemporaryFolder folder_{"mcnn_report"};
};

TEST_F(ReportCommand, IsWholeSmallAndNeedsNothingElse) {
  const std::string page = good_page("page.html");
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_LT(page.size(), kMostBytes);
  for (const char* const outside : {"http:", "https:", "//cdn", "@import", "<link rel=\"style"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  // Pictures, links and scripts are data or places in the page.
  static const std::regex kAddress("(src|href)=\"([^\"]{0,8})");
  for (std::sregex_iterator at(page.begin(), page.end(), kAddress); at != std::sregex_iterator();
       ++at) {
    const std::string address = (*at)[2];
    EXPECT_TRUE(address.starts_with("data:") || address.starts_with("#")) << address;
  }
  EXPECT_EQ(page.find("<script src"), std::string::npos);
  std::size_t last = 0;
  for (const std::string& id : kSections) {
    const std::size_t at = page.find("<section id=\"" + id + "\"");
    ASSERT_NE(at, std::string::npos) << id;
    EXPECT_GT(at, last) << id << " is not in its place";
    last = at;
  }
  for (const std::string& id : kFigures) EXPECT_TRUE(has_id(page, id)) << id;
  for (int pe = 0; pe < 8; ++pe) EXPECT_TRUE(has_id(page, "pe-" + std::to_string(pe))) << pe;
  // Nothing was run that the last sections show: they say what makes it.
  for (const char* const command : {"make sweep", "make tune", "make sim"}) {
    EXPECT_NE(page.find(command), std::string::npos) << command;
  }
  // No id twice.
  static const std::regex kId(" id=\"([^\"]+)\"");
  std::map<std::string, int> ids;
  for (std::sregex_iterator at(page.begin(), page.end(), kId); at != std::sregex_iterator(); ++at) {
    EXPECT_EQ(++ids[(*at)[1]], 1) << (*at)[1];
  }
}

// The page leads with what mcnn cost says of the same run.
TEST_F(ReportCommand, LeadsWithSixLinesAsMcnnCost) {
  const CommandResult cost = run_mcnn({"cost", "--count", "50"});
  ASSERT_EQ(cost.status, 0) << cost.err;
  const CommandResult result = report({"--count", "50", "--out", path("page.html").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string page = read_file(path("page.html"));
  const std::string lead = page.substr(page.find("id=\"key-figures\""),
                                       page.find("</dl>") - page.find("id=\"key-figures\""));
  // name, value with its unit, how it was come by, from what.
  static const std::regex kLine("^(\\w+) +(.+?)  (measured|estimated|missing) +(.+)$");
  std::istringstream lines(cost.out);
  std::size_t at = 0;
  for (const std::string name : {"accuracy", "latency", "throughput", "energy", "power", "area"}) {
    std::string line;
    std::getline(lines, line);
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(line, parts, kLine)) << line;
    EXPECT_EQ(parts[1], name);
    std::string value = parts[2];
    value.erase(0, value.find_first_not_of(' '));
    for (const auto& [plain, written] :
         {std::pair(" u", " µ"), std::pair("mm2", "mm²"), std::pair(">", "&gt;")}) {
      const std::size_t place = value.find(plain);
      if (place != std::string::npos) value.replace(place, std::strlen(plain), written);
    }
    const std::size_t found =
        lead.find(fmt::format("<dt>{} <span class=\"origin {}\">", name, parts[3].str()), at);
    ASSERT_NE(found, std::string::npos) << line;
    const std::size_t next = lead.find("</div>", found);
    EXPECT_NE(lead.substr(found, next - found).find(value), std::string::npos) << value << lead;
    at = next;
  }
  EXPECT_NE(lead.find("no figure for: a cell, driver of a bit line"), std::string::npos) << lead;
  // Three colours of a bar, whatever the cards know.
  const std::size_t bars = page.find("id=\"energy-bars\"");
  ASSERT_NE(bars, std::string::npos);
  const std::string legend = page.substr(bars, page.find("class=\"bars\"", bars) - bars);
  for (const char* const group : {"array and macro: ", "logic: ", "memories: "}) {
    EXPECT_NE(legend.find(group), std::string::npos) << group;
  }
  static const std::regex kDot("class=\"dot");
  EXPECT_EQ(std::distance(std::sregex_iterator(legend.begin(), legend.end(), kDot), {}), 3);
  for (const char* const id : {"energy-table", "time-table", "area-table", "programming-cost-table",
                               "gap-table", "wide-table"}) {
    EXPECT_TRUE(has_id(page, id)) << id;
  }
  // What has no figure is missing and never a zero; no key of a file is shown.
  const std::string section =
      page.substr(page.find("<section id=\"cost\""),
                  page.find("<section id=\"sweeps\"") - page.find("<section id=\"cost\""));
  EXPECT_NE(section.find("<small>missing</small>"), std::string::npos);
  EXPECT_NE(section.find("driver of a bit line"), std::string::npos);
  static const std::regex kRawKey("<t[dh][^>]*>[^<]*[a-z]_[a-zA-Z]");
  EXPECT_FALSE(std::regex_search(section, kRawKey));
}

TEST_F(ReportCommand, ShowsTheWorstImagesAndFoldsTheOthers) {
  const CommandResult result =
      report({"--count", "600", "--set", "read_noise=0.3", "--out", path("page.html").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string page = read_file(path("page.html"));
  const std::size_t folded = page.find("<details id=\"more-wrong-images\"");
  ASSERT_NE(folded, std::string::npos);
  static const std::regex kMargin("<li data-margin=\"([0-9]+)\"");
  long last = std::numeric_limits<long>::max();
  std::size_t open = 0;
  std::size_t all = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), kMargin); at != std::sregex_iterator();
       ++at) {
    const long margin = std::stol((*at)[1]);
    EXPECT_LE(margin, last) << "the worst first";
    last = margin;
    ++all;
    open += static_cast<std::size_t>(at->position()) < folded ? 1 : 0;
  }
  EXPECT_EQ(open, 24U);
  EXPECT_GT(all, 24U);
  const double wrong = data_of(page).at("images") - data_of(page).at("chip-right");
  EXPECT_EQ(static_cast<double>(all), std::min(wrong, 200.0));
}

TEST_F(ReportCommand, SaysTheFiguresOfItsRunAndOfMcnnModel) {
  const std::map<std::string, double> values = data_of(good_page("page.html"));
  const fs::path other = path("model.json");
  const CommandResult model = run_mcnn(
      {"model", "--count", "400", "--set", "stuck_high_rate=0.01", "--result", other.string()});
  ASSERT_EQ(model.status, 0) << model.err;
  for (const fs::path& file : {path("result.json"), other}) {
    SCOPED_TRACE(file.string());
    const json result = json::parse(read_file(file));
    EXPECT_EQ(values.at("accuracy"), result["accuracy"].get<double>());
    EXPECT_EQ(values.at("integer_accuracy"), result["integer_accuracy"].get<double>());
    EXPECT_EQ(values.at("images"), result["images"].get<double>());
    EXPECT_EQ(values.at("chip-right"), result["correct"].get<double>());
    EXPECT_EQ(values.at("clocks_per_image"), result["clocks_per_image"].get<double>());
    const json& programming = result["programming"];
    EXPECT_GT(programming["failed"].get<int>(), 0);
    for (const char* const key :
         {"cells", "failed", "pulses_per_cell", "sets", "resets", "reads"}) {
      EXPECT_EQ(values.at(key), programming[key].get<double>()) << key;
    }
    EXPECT_EQ(values.at("program-clocks"), programming["clocks"].get<double>());
    for (const json& layer : result["layers"]) {
      const auto name = layer["name"].get<std::string>();
      EXPECT_EQ(values.at("clocks-" + name), layer["clocks"].get<double>()) << name;
      EXPECT_EQ(values.at("clip_rate-" + name), layer["clip_rate"].get<double>()) << name;
      EXPECT_EQ(values.at("conversions-" + name), layer["conversions"].get<double>()) << name;
    }
  }
}

TEST_F(ReportCommand, TheSameCommandGivesTheSameBytes) {
  const fs::path file = path("page.html");
  std::string first;
  for (const char* const jobs : {"1", "2"}) {
    const CommandResult result = report({"--count", "60", "--jobs", jobs, "--out", file.string()});
    ASSERT_EQ(result.status, 0) << result.err;
    if (first.empty()) {
      first = read_file(file);
    } else {
      EXPECT_TRUE(first == read_file(file));
    }
  }
}

TEST_F(ReportCommand, OtherRunsAreReported) {
  // Without the closed loop, and the smaller chip with a network of its own.
  const CommandResult direct = report(
      {"--count", "20", "--program", "direct", "--no-skip", "--out", path("direct.html").string()});
  ASSERT_EQ(direct.status, 0) << direct.err;
  const std::string page = read_file(path("direct.html"));
  EXPECT_NE(page.find("without the closed loop"), std::string::npos);
  EXPECT_FALSE(has_id(page, "pulse-histogram"));
  EXPECT_TRUE(has_id(page, "error-histogram"));
  // All right: nothing went wrong to show.
  const CommandResult ideal =
      report({"--count", "5", "--device", "ideal", "--out", path("ideal.html").string()});
  ASSERT_EQ(ideal.status, 0) << ideal.err;
  EXPECT_NE(read_file(path("ideal.html")).find("equal in every pixel"), std::string::npos);
}

TEST_F(ReportCommand, ShowsWhatOtherCommandsLeft) {
  good_page("page.html");
  const json made = json::parse(read_file(path("result.json")))["provenance"];
  const std::string comment = "# provenance " + made.dump() + "\n";
  write_file(path("runs/sweep/noise.csv"),
             "# a sweep\n" + comment +
                 "run,read_noise,seed,images,correct,accuracy,clipped,command\n"
                 "0,0.1,1,50,49,0.98,0,\"mcnn model, so\"\n1,0.2,1,50,40,0.8,0,x\n");
  write_file(path("runs/sweep/noise.svg"), picture_of(made));
  write_file(path("runs/tune/curve.svg"), picture_of(made));
  write_file(path("runs/tune/curve.csv"), comment + "step,errors\n0,9\n1,4\n");
  const std::string page = good_page("page.html");
  for (const char* const id : {"sweep-table", "sweep-noise", "tune-curve", "tune-table-curve"}) {
    EXPECT_TRUE(has_id(page, id)) << id;
  }
  EXPECT_EQ(page.find("http:"), std::string::npos);
}

// Every file that a command leaves says what made it, and a report shows those of its own run.
TEST_F(ReportCommand, ShowsOnlyWhatBelongsToItsRun) {
  const auto run = [](const std::vector<std::string>& arguments) {
    const CommandResult result = run_mcnn(arguments);
    ASSERT_EQ(result.status, 0) << result.err;
  };
  for (const char* const folder : {"sim", "sweep", "tune"}) {
    fs::create_directories(path("runs") / folder);
  }
  run({"sim", "--count", "20", "--check", "2", "--result", path("runs/sim/result.json"), "--logits",
       path("runs/sim/logits.csv")});
  run({"sweep", "--vary", "read_noise=0,0.1", "--count", "20", "--out",
       path("runs/sweep/noise.csv")});
  run({"tune", "--count", "20", "--training-count", "200", "--validation", "50", "--epochs", "1",
       "--curve", path("runs/tune/curve.svg"), "--csv", path("runs/tune/curve.csv"), "--result",
       path("runs/tune/result.json")});
  EXPECT_EQ(json::parse(read_file(path("runs/tune/result.json")))["provenance"]["seed"], 1);

  const std::vector<std::string> shown = {"sweep-table", "tune-curve", "tune-table-curve",
                                          "rtl-verdict"};
  const std::vector<std::string> left_out = {"sweep-left-out", "tune-left-out", "sim-left-out"};
  const auto expect_page = [&](const std::vector<std::string>& more,
                               const std::vector<std::string>& there,
                               const std::vector<std::string>& not_there, const std::string& why) {
    std::vector<std::string> arguments = {"--count", "20", "--out", path("page.html").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult result = report(arguments);
    ASSERT_EQ(result.status, 0) << result.err;
    const std::string page = read_file(path("page.html"));
    for (const std::string& id : there) EXPECT_TRUE(has_id(page, id)) << id;
    for (const std::string& id : not_there) EXPECT_FALSE(has_id(page, id)) << id;
    EXPECT_NE(page.find(why), std::string::npos) << why;
  };
  expect_page({}, shown, left_out, "");
  expect_page({"--seed", "2"}, left_out, shown, "noise.csv</code>: seed 1, here 2<");
  expect_page({"--device", "ideal"}, left_out, shown,
              "curve.svg</code>: device typical, here ideal<");
  expect_page({"--mapping", "paper"}, left_out, shown, "mapping default, here paper<");
  expect_page({"--network", MCNN_DATA_DIR "/networks/yao2020-plain.json"}, left_out, shown,
              "network yao2020, here yao2020-plain<");
  // What the sweep varies is of no other run.
  expect_page({"--set", "read_noise=0.05"}, {"sweep-table", "sim-left-out"},
              {"sweep-left-out", "rtl-verdict"}, "device typical with read_noise");
  // A file of an older version does not say.
  write_file(path("runs/sim/result.json"), "{}");
  expect_page({}, {"sim-left-out", "sweep-table"}, {"rtl-verdict"}, "it does not say what made it");
}

TEST_F(ReportCommand, ComparesWithTheRunOnTheRtl) {
  fs::create_directories(path("runs/sim"));
  const CommandResult sim =
      run_mcnn({"sim", "--count", "20", "--check", "2", "--result", path("runs/sim/result.json"),
                "--logits", path("runs/sim/logits.csv")});
  ASSERT_EQ(sim.status, 0) << sim.err;
  const auto page_with = [&](const std::string& count) {
    const CommandResult result = report({"--count", count, "--out", path("page.html").string()});
    EXPECT_EQ(result.status, 0) << result.err;
    return read_file(path("page.html"));
  };
  EXPECT_NE(page_with("20").find("byte for byte those of this page"), std::string::npos);
  EXPECT_NE(page_with("19").find("other images than those of this page"), std::string::npos);
  std::string logits = read_file(path("runs/sim/logits.csv"));
  logits[logits.size() - 2] = logits[logits.size() - 2] == '1' ? '2' : '1';
  write_file(path("runs/sim/logits.csv"), logits);
  EXPECT_NE(page_with("20").find("are not those of this page"), std::string::npos);
}

TEST_F(ReportCommand, BadInputLeavesNothing) {
  const auto refused = [&](std::vector<std::string> more, const std::vector<std::string>& parts) {
    more.insert(more.end(), {"--count", "5"});
    const CommandResult result = report(more);
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_EQ(result.out, "");
    for (const std::string& part : parts) {
      EXPECT_NE(result.err.find(part), std::string::npos) << part << " not in " << result.err;
    }
    std::size_t pages = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      pages += entry.path().string().find(".html") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(pages, 0U);
  };
  refused({"--out", path("no/such/page.html").string()}, {"--out", "page.html", "No such file"});
  refused({"--out", folder_.path().string()}, {"--out", "is a folder"});
  refused({"--image", "5"}, {"--image", "found 5", "0..4"});
  refused({"--engine", "verilog"}, {"--engine", "'verilog'", "rtl and model"});
  refused({"--engine", "rtl", "--adc-bits", "7"}, {"--adc-bits", "--engine model"});
  ASSERT_EQ(report({"--count", "5", "--out", path("page").string(), "--result",
                    path("result.json").string()})
                .status,
            0);
  const json made = json::parse(read_file(path("result.json")))["provenance"];
  write_file(path("runs/sim/result.json"), R"({"provenance": {"command": 1}})");
  refused({"--out", path("page.html").string()}, {"result.json", "provenance", "damaged"});
  fs::remove_all(path("runs"));
  const std::string comment = "# provenance " + made.dump() + "\n";
  write_file(path("runs/sweep/a.csv"), comment + "run,accuracy\n0,high\n");
  refused({"--out", path("page.html").string()}, {"a.csv", "accuracy", "'high'"});
  write_file(path("runs/sweep/a.csv"), comment + "run,accuracy\n0\n");
  refused({"--out", path("page.html").string()}, {"a.csv", "1 cells", "2"});
}

// What the browser makes of the page: a script at its end looks at every figure and writes what it
// found into the page's own text.
TEST_F(ReportCommand, ABrowserShowsEveryFigureWithoutAnError) {
  if (std::system("command -v chromium > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "chromium is not installed (scripts/install_dependencies.sh report-test)";
  }
  good_page("page.html");
  write_file(path("runs/sweep/noise.svg"),
             picture_of(json::parse(read_file(path("result.json")))["provenance"]));
  std::string page = good_page("page.html");
  // Errors are collected from the first script on, the figures looked at when all is loaded.
  page.insert(page.find("<style>"),
              "<script>window.bad=[];addEventListener('error',(e)=>bad.push(String(e.message||"
              "e.target.outerHTML)),true);</script>");
  page.insert(page.rfind("</body>"), R"(<pre id="found"></pre><script>
addEventListener('load', () => {
  const size = (e) => e.getBoundingClientRect();
  for (const e of document.querySelectorAll('details')) e.open = true;
  for (const e of document.querySelectorAll('figure, section, .table, img, figure svg')) {
    if (size(e).width < 1 || size(e).height < 1) bad.push('empty: ' + e.outerHTML.slice(0, 80));
  }
  for (const e of document.images) {
    if (!e.complete || e.naturalWidth === 0) bad.push('picture: ' + e.outerHTML.slice(0, 80));
  }
  // What does not fit scrolls, and says so.
  let scrolling = 0;
  for (const e of document.querySelectorAll('.table, .timeline')) {
    const says = getComputedStyle(e, '::before').content.includes('scrolls');
    if (says !== e.scrollWidth > e.clientWidth + 1) bad.push('scrolls: ' + e.outerHTML.slice(0, 80));
    if (says) ++scrolling;
  }
  if (document.documentElement.scrollWidth > innerWidth) bad.push('wider than the window');
  let tips = 0;
  for (const e of document.querySelectorAll('[data-px]')) {
    const box = size(e);
    e.dispatchEvent(new PointerEvent('pointermove',
      {clientX: box.left + 1, clientY: box.top + 1, bubbles: true}));
    if (document.getElementById('tip').textContent) ++tips;
    e.dispatchEvent(new PointerEvent('pointerleave'));
  }
  const theme = [];
  for (const name of ['dark', 'light']) {
    const input = document.querySelector('input[value=' + name + ']');
    input.checked = true;
    input.dispatchEvent(new Event('change'));
    theme.push(getComputedStyle(document.body).backgroundColor);
  }
  document.getElementById('found').textContent = JSON.stringify({bad, tips, theme, scrolling,
    places: document.querySelectorAll('[data-px]').length,
    figures: [...document.querySelectorAll('figure')].map((e) => e.id)});
});</script>)");
  write_file(path("looked-at.html"), page);
  const std::string narrow = "400,844";
  for (const std::string& size : {std::string("1280,900"), narrow}) {
    SCOPED_TRACE(size);
    const fs::path profile = path("profile-" + size);
    const std::string command =
        "timeout 100 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        "--enable-logging=stderr --user-data-dir=" +
        profile.string() + " --window-size=" + size + " --dump-dom file://" +
        path("looked-at.html").string() + " > " + path("dom").string() + " 2> " +
        path("log").string();
    ASSERT_EQ(std::system(command.c_str()), 0) << read_file(path("log"));
    // What a page says on its console is logged with the word CONSOLE.
    EXPECT_EQ(read_file(path("log")).find("CONSOLE"), std::string::npos) << read_file(path("log"));
    const std::string dom = read_file(path("dom"));
    const std::string start = "<pre id=\"found\">";
    const std::size_t from = dom.find(start);
    ASSERT_NE(from, std::string::npos);
    const std::size_t end = dom.find("</pre>", from);
    const json found =
        json::parse(dom.substr(from + start.size(), end - from - start.size()), nullptr, false);
    ASSERT_TRUE(found.is_object());
    EXPECT_TRUE(found["bad"].empty()) << found["bad"].dump(1);
    EXPECT_GT(found["places"].get<int>(), 24);
    if (size == narrow) {
      EXPECT_GE(found["scrolling"].get<int>(), 3);
    }
    EXPECT_EQ(found["tips"], found["places"]);
    EXPECT_NE(found["theme"][0], found["theme"][1]);
    const auto figures = found["figures"].get<std::vector<std::string>>();
    for (const std::string& id : kFigures) {
      EXPECT_NE(std::find(figures.begin(), figures.end(), id), figures.end()) << id;
    }
  }
}

}  // namespace
}  // namespace mcnn::testing
