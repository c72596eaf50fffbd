// SPDX-License-Identifier: Apache-2.0
// The RTL, watched on its own signals, does what timeline and event counts say, in the clocks that
// they say: on the networks of the suite with noise on, with and without MODE.SKIP.
#include "host/engine/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/engine/events.h"
#include "host/mapping/image_stream.h"
#include "host/mapping/registers.h"
#include "tb/event_monitor.h"
#include "tests/shared/rtl_bench.h"
#include "tests/support/network_suite.h"

namespace mcnn::testing {
namespace {

using Seen = tb::EventMonitor::Seen;

constexpr int kImages = 3;

class Watched : public ::testing::TestWithParam<NamedCase> {
 protected:
  const ChipConfig config_ = load_chip_config(std::string(MCNN_CONSTRAINTS_DIR) + "/" +
                                              GetParam().configuration + ".params");
  const DeviceCard card_ = load_device_card(std::string(MCNN_DATA_DIR) + "/devices/typical.toml");
  const Network& network_ = GetParam().suite_case.network;
  const std::uint64_t seed_ = GetParam().suite_case.seed;
  const MappedNetwork mapped_ = map_network(network_, config_, GetParam().suite_case.options);
  const ChipProgram& program_ = mapped_.program;
};

// A timeline clock by clock, as the monitor sees it. The macro sees a strobe in the first clock of
// a read, and nothing in the clocks between result words.
std::vector<Seen> clock_by_clock(const std::vector<TimelineEvent>& events) {
  std::vector<Seen> seen;
  for (const TimelineEvent& event : events) {
    if (event.activity == Activity::kDrive || event.activity == Activity::kResult) continue;
    for (std::int64_t i = 0; i < event.clocks; ++i) {
      if (event.activity == Activity::kRead && i > 0) break;
      std::int64_t clock = event.start + i;
      // The PEs wait in the chip one clock before the macros do.
      if (event.activity == Activity::kBeatStall) --clock;
      seen.push_back({event.activity, clock, event.layer_row, event.pe});
    }
  }
  std::sort(seen.begin(), seen.end());
  return seen;
}

// First and last clock of each result.
std::vector<std::pair<std::int64_t, std::int64_t>> results_of(
    const std::vector<TimelineEvent>& events) {
  std::vector<std::pair<std::int64_t, std::int64_t>> results;
  for (const TimelineEvent& event : events) {
    if (event.activity != Activity::kResult) continue;
    results.emplace_back(event.start, event.start + event.clocks - 1);
  }
  return results;
}

TEST_P(Watched, DoesWhatTheTimelineSaysInTheSameClocks) {
  for (const bool skip : {false, true}) {
    SCOPED_TRACE(skip ? "zero planes skipped" : "all planes");
    ChipModel model(config_, program_, card_, 7, {.skip = skip, .reads = true});
    tb::EventMonitor monitor(program_, config_);
    RtlBench bench(config_, program_, card_, 7, {.trace_path = {}, .monitor = &monitor}, skip);
    bench.driver().load(program_, config_);
    bench.chip().set_next_image(20);

    std::vector<ImageReads> reads;
    for (int i = 0; i < kImages; ++i) {
      const std::vector<std::uint8_t> pixels = suite_image(network_, seed_, i);
      reads.push_back(model.run(static_cast<std::uint32_t>(20 + i), pixels).reads);
      bench.chip().send(image_stream(pixels, program_.image, config_));
    }
    monitor.clear();
    monitor.note_clocks(true);
    bench.chip().write(reg::kMode, skip ? 2 : 0);
    bench.chip().write(reg::kImageCount, kImages);
    bench.chip().write(reg::kControl, 1);
    for (int i = 0; i < kImages; ++i) bench.chip().receive();
    bench.chip().idle(100);

    // The run's clocks are counted from the first beat; the run has begun before and waited.
    std::vector<Seen> found;
    std::vector<std::int64_t> words;
    std::int64_t origin = -1;
    for (Seen seen : monitor.seen()) {
      if (origin < 0 && seen.activity == Activity::kImageLoad) origin = seen.clock;
      if (origin < 0) continue;
      seen.clock -= origin;
      if (seen.activity == Activity::kResult) {
        words.push_back(seen.clock);
      } else {
        found.push_back(seen);
      }
    }
    // What waits behind the last image for the end of the run is not of an image.
    const std::vector<TimelineEvent> events = make_timeline(program_, config_, reads, skip);
    std::int64_t end = 0;
    for (const TimelineEvent& event : events) {
      if (event.activity == Activity::kLayer) end = event.start + event.clocks;
    }
    std::erase_if(found, [&](const Seen& seen) {
      return seen.activity == Activity::kResultStall && seen.clock >= end;
    });
    std::sort(found.begin(), found.end());
    const std::vector<Seen> expected = clock_by_clock(events);
    ASSERT_FALSE(expected.empty());
    const auto [at, wanted] = std::ranges::mismatch(found, expected);
    const auto show = [](const Seen& seen) {
      return std::string(activity_name(seen.activity)) + " in clock " + std::to_string(seen.clock) +
             ", layer row " + std::to_string(seen.layer_row) + ", PE " + std::to_string(seen.pe);
    };
    EXPECT_EQ(found.size(), expected.size());
    EXPECT_TRUE(found == expected)
        << "seen: " << (at == found.end() ? "no more" : show(*at))
        << "; expected: " << (wanted == expected.end() ? "no more" : show(*wanted));

    const auto results = results_of(events);
    ASSERT_EQ(results.size(), static_cast<std::size_t>(kImages));
    const auto words_of_result = static_cast<std::size_t>(program_.num_logits) + 1;
    ASSERT_EQ(words.size(), kImages * words_of_result);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(words[i * words_of_result], results[i].first) << "image " << i;
      EXPECT_EQ(words[(i + 1) * words_of_result - 1], results[i].second) << "image " << i;
    }

    // And the counters of the chip say the same.
    const PerfCounters counters = bench.driver().read_counters();
    std::map<Activity, std::int64_t> clocks;
    for (const TimelineEvent& event : events) {
      clocks[event.activity] += event.activity == Activity::kRead ? 1 : event.clocks;
    }
    std::int64_t layer_clocks = 0;
    for (const std::uint32_t row : counters.layer_clocks) layer_clocks += row;
    EXPECT_EQ(clocks[Activity::kLayer], layer_clocks);
    EXPECT_EQ(clocks[Activity::kRead], counters.reads);
    EXPECT_EQ(clocks[Activity::kBeatStall], counters.stall_beat);
  }
}

TEST_P(Watched, CountsTheEventsOfTheChipProgram) {
  for (const bool skip : {false, true}) {
    SCOPED_TRACE(skip ? "zero planes skipped" : "all planes");
    ChipModel model(config_, program_, card_, 7, {.skip = skip});
    tb::EventMonitor monitor(program_, config_);
    RtlBench bench(config_, program_, card_, 7, {.trace_path = {}, .monitor = &monitor}, skip);
    bench.driver().load(program_, config_);
    bench.chip().set_next_image(5);
    std::vector<std::vector<std::uint8_t>> pixels;
    std::vector<std::span<const std::uint8_t>> images;
    for (int i = 0; i < kImages; ++i) pixels.push_back(suite_image(network_, seed_, i));
    for (int i = 0; i < kImages; ++i) {
      images.emplace_back(pixels[static_cast<std::size_t>(i)]);
      model.run(static_cast<std::uint32_t>(5 + i), images.back());
    }
    monitor.clear();
    bench.driver().run(images);
    bench.chip().idle(100);
    EXPECT_EQ(differences(monitor.events(), chip_events(model, kImages)),
              std::vector<std::string>{});
    const int rows = static_cast<int>(program_.layers.size());
    EXPECT_EQ(macro_reads(bench.macros(), rows), macro_reads(model));
    for (int row = 0; row < rows; ++row) {
      for (int pe = 0; pe < config_.num_pe; ++pe) {
        EXPECT_EQ(bench.macros()[static_cast<std::size_t>(pe)].driven_conductance(row),
                  model.macro(pe).driven_conductance(row));
      }
    }
    // Layer by layer the chip reads a layer row again behind each halt, and nothing else.
    model.clear_counters();
    model.run(9, images[0]);
    monitor.clear();
    bench.chip().set_next_image(9);
    bench.driver().run_halted(images[0]);
    EXPECT_EQ(differences(monitor.events(), chip_events(model, 1, true)),
              std::vector<std::string>{});
  }
}

INSTANTIATE_TEST_SUITE_P(Suite, Watched, ::testing::ValuesIn(all_cases()),
                         [](const ::testing::TestParamInfo<NamedCase>& info) {
                           return info.param.name();
                         });

}  // namespace
}  // namespace mcnn::testing
