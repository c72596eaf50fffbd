// SPDX-License-Identifier: Apache-2.0
#include "host/engine/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/index.h"
#include "common/named.h"
#include "host/mapping/cycle_model.h"
#include "host/mapping/image_stream.h"

namespace mcnn {
namespace {

constexpr auto kActivities =
    std::to_array<Named<Activity>>({{Activity::kImageLoad, "image load"},
                                    {Activity::kImageTake, "take image"},
                                    {Activity::kImageStall, "wait for image"},
                                    {Activity::kResultStall, "wait for result"},
                                    {Activity::kResult, "result"},
                                    {Activity::kLayer, "layer"},
                                    {Activity::kFetch, "fetch"},
                                    {Activity::kDrive, "read"},
                                    {Activity::kRead, "plane"},
                                    {Activity::kBeatStall, "stall"},
                                    {Activity::kReduce, "reduce"},
                                    {Activity::kWrite, "write-back"}});

// Clocks of the pipeline, as in the RTL.
constexpr int kFetchLatency = 4;   // from the first clock of a layer row to its first column
constexpr int kStrobeLatency = 1;  // from a plane's tick to the strobe at the macro port
constexpr int kWalkLatency = 2;    // from the beat that reduces to the sums, without ReadLatency
constexpr int kLogitLatency = 5;   // from the sums to a logit's write
constexpr int kWriteLatency = 6;   // from the sums to a pooled pixel's write
constexpr int kResultLatency = 4;  // from the last clock of the last row to the class word
constexpr int kFirstLogit = 2;     // from the class word to the first logit

// PEs that take part in each step of a pass.
std::vector<PeSet> active_pes(const ChipProgram& program, const ChipConfig& config, int layer_row) {
  std::vector<PeSet> steps(1);
  for (size_t i = to_index(program.layers.at(to_index(layer_row)).first_record);; ++i) {
    const StepRecord& record = program.records.at(i);
    for (int pe = 0; pe < config.num_pe; ++pe) {
      if (record.active[to_index(pe)] != 0) steps.back().set(to_index(pe));
    }
    if (record.last_pass != 0) return steps;
    if (record.last_step != 0) steps.emplace_back();
  }
}

bool has_pooled_column(const LayerRow& row, int x) {
  for (int px = 0; px < row.pooled_width; ++px) {
    const int left = px * row.pool_column_stride;
    if (left <= x && x < left + row.pool_columns) return true;
  }
  return false;
}

// Some pooled row keeps output row `array_row` of an array, in the row group that begins at y0.
bool has_pooled_row(const LayerRow& row, const ChipConfig& config, int y0, int array_row) {
  for (int pe = 0; pe < config.num_pe; ++pe) {
    const int y = y0 + row.replica[to_index(pe)] + array_row;
    if (!row.segment_end[to_index(pe)] || y >= row.out_height) continue;
    for (int py = 0; py < row.pooled_height; ++py) {
      const int top = py * row.pool_row_stride;
      if (top <= y && y < top + row.pool_rows) return true;
    }
  }
  return false;
}

class Maker {
 public:
  Maker(const ChipProgram& program, const ChipConfig& config, bool skip)
      : program_(program), config_(config), skip_(skip) {
    for (size_t row = 0; row < program.layers.size(); ++row) {
      timings_.push_back(pass_timing(program, config, static_cast<int>(row)));
      active_.push_back(active_pes(program, config, static_cast<int>(row)));
    }
  }

  std::vector<TimelineEvent> make(std::span<const ImageReads> images) {
    const int64_t beats = image_beats(program_.image, config_);
    int64_t load = 0;        // clock of an image's first beat
    int64_t free = 0;        // first clock in which an image can be taken
    int64_t result_end = 0;  // first clock in which no result is being sent
    for (size_t i = 0; i < images.size(); ++i) {
      const int image = static_cast<int>(i);
      check(images[i], image);
      add({.activity = Activity::kImageLoad, .start = load, .clocks = beats, .image = image});
      const int64_t ready = load + beats;
      const int64_t take = std::max(free, ready);
      if (ready > free) {
        add({.activity = Activity::kImageStall,
             .start = free,
             .clocks = ready - free,
             .image = image});
      }
      add({.activity = Activity::kImageTake, .start = take, .clocks = 1, .image = image});
      load = take + 1;
      int64_t clock = take + 1;
      for (size_t row = 0; row < program_.layers.size(); ++row) {
        if (program_.layers[row].final != 0 && result_end > clock) {
          add({.activity = Activity::kResultStall,
               .start = clock,
               .clocks = result_end - clock,
               .image = image,
               .layer_row = static_cast<int>(row)});
          clock = result_end;
        }
        clock += pass(image, static_cast<int>(row), clock, images[i][row]);
      }
      const int64_t class_word = clock - 1 + kResultLatency;
      const int64_t last = class_word + kFirstLogit + (program_.num_logits - 1) +
                           (program_.num_logits - 1) / config_.lanes;
      add({.activity = Activity::kResult,
           .start = class_word,
           .clocks = last + 1 - class_word,
           .image = image});
      result_end = last + 1;
      free = clock;
    }
    return std::move(events_);
  }

 private:
  void add(const TimelineEvent& event) { events_.push_back(event); }

  void check(const ImageReads& reads, int image) const {
    if (reads.size() != program_.layers.size()) {
      throw Error(fmt::format("timeline: image {}: found reads of {} layer rows, allowed: {}",
                              image, reads.size(), program_.layers.size()));
    }
    for (size_t row = 0; row < reads.size(); ++row) {
      const int64_t expected = timings_[row].beats() * config_.num_pe;
      if (static_cast<int64_t>(reads[row].size()) != expected) {
        throw Error(fmt::format("timeline: image {}, layer row {}: found {} reads, allowed: {}",
                                image, row, reads[row].size(), expected));
      }
    }
  }

  // Events of a layer row that begins in clock `start`; returns its clocks.
  int64_t pass(int image, int row, int64_t start, std::span<const uint8_t> reads) {
    const LayerRow& layer = program_.layers[to_index(row)];
    const PassTiming& timing = timings_[to_index(row)];
    const std::vector<PeSet>& active = active_[to_index(row)];
    const size_t steps = timing.fetch.size();
    const int64_t beats = timing.beats();
    const auto pes = to_index(config_.num_pe);
    const int64_t walk = kWalkLatency + config_.read_latency;
    const size_t layer_event = events_.size();
    add({.activity = Activity::kLayer, .start = start, .image = image, .layer_row = row});

    TimelineEvent at{.image = image, .layer_row = row};
    const auto place = [&](int64_t beat) {
      const int64_t position = beat / static_cast<int64_t>(steps);
      at.row = static_cast<int>(position / timing.columns) * layer.group_rows;
      at.column = static_cast<int>(position % timing.columns);
      at.step = static_cast<int>(beat % static_cast<int64_t>(steps));
      at.pe = -1;
      at.plane = -1;
    };
    const auto event = [&](Activity activity, int64_t clock, int64_t clocks) {
      at.activity = activity;
      at.start = clock;
      at.clocks = clocks;
      add(at);
    };

    place(0);
    event(Activity::kFetch, start + kFetchLatency, timing.fetch.front());
    int64_t clock = start + kFetchLatency + timing.fetch.front();  // in which the beat begins
    int reduce_before = 0;
    for (int64_t beat = 0; beat < beats; ++beat) {
      const auto step = static_cast<size_t>(beat) % steps;
      const bool last_step = step + 1 == steps;
      const std::span<const uint8_t> planes = reads.subspan(static_cast<size_t>(beat) * pes, pes);
      int driven = config_.act_bits;
      if (skip_) {
        unsigned used = 0;
        for (const uint8_t plane : planes) used |= plane;
        driven = std::max<int>(kMinSkipPlanes, std::bit_width(used));
      }
      const int64_t drive = int64_t{driven} * config_.read_clocks;
      const int64_t next_column = (beat + 1) / static_cast<int64_t>(steps) % timing.columns;
      const int fetch =
          beat + 1 == beats ? 0 : timing.fetch_clocks(next_column, last_step ? 0 : step + 1);
      const int64_t clocks = std::max<int64_t>({fetch, drive, reduce_before});
      if (fetch > 0) {
        place(beat + 1);
        event(Activity::kFetch, clock, fetch);
      }
      place(beat);
      for (size_t pe = 0; pe < pes; ++pe) {
        if (!active[step][pe]) continue;
        at.pe = static_cast<int>(pe);
        event(Activity::kDrive, clock + kStrobeLatency, drive);
        for (int plane = driven - 1; plane >= 0; --plane) {
          if ((planes[pe] >> plane & 1u) == 0) continue;
          at.plane = plane;
          event(Activity::kRead,
                clock + kStrobeLatency + int64_t{driven - 1 - plane} * config_.read_clocks,
                config_.read_clocks);
          at.plane = -1;
        }
      }
      at.pe = -1;
      if (clocks > drive)
        event(Activity::kBeatStall, clock + kStrobeLatency + drive, clocks - drive);
      // The sums of this beat are reduced in the next one.
      clock += clocks;
      reduce_before = last_step ? timing.reduce_last[to_index(at.column)] : timing.reduce;
      event(Activity::kReduce, clock + walk, reduce_before);
      if (last_step && (layer.final != 0 || layer.vector != 0)) {
        event(Activity::kWrite, clock + walk + (layer.final != 0 ? kLogitLatency : kWriteLatency),
              reduce_before);
      } else if (last_step && has_pooled_column(layer, at.column)) {
        for (const auto& [first, count] : written_clocks(layer, at.row, reduce_before)) {
          event(Activity::kWrite, clock + walk + kWriteLatency + first, count);
        }
      }
    }
    const int64_t clocks = clock + reduce_before - start + (timing.overhead - kFetchLatency);
    events_[layer_event].clocks = clocks;
    return clocks;
  }

  // Runs of clocks of a reduce walk in which something is written: those of the output rows of the
  // arrays that a pooled row keeps.
  std::vector<std::pair<int, int>> written_clocks(const LayerRow& row, int y0, int walk) const {
    const int row_clocks = config_.words_of_kernels(row.kernels);
    std::vector<std::pair<int, int>> runs;
    for (int first = 0, w = 0; first < walk; first += row_clocks, w = (w + 1) % row.array_rows) {
      if (!has_pooled_row(row, config_, y0, w)) continue;
      if (!runs.empty() && runs.back().first + runs.back().second == first) {
        runs.back().second += row_clocks;
      } else {
        runs.emplace_back(first, row_clocks);
      }
    }
    return runs;
  }

  const ChipProgram& program_;
  const ChipConfig& config_;
  bool skip_;
  std::vector<PassTiming> timings_;
  std::vector<std::vector<PeSet>> active_;
  std::vector<TimelineEvent> events_;
};

// Tracks from the host's side to the macros and back. The first PE's comes after kFetchTrack.
enum Track : int { kImagesTrack = 1, kLayersTrack, kLoadTrack, kFetchTrack, kFirstPeTrack };

int track(const TimelineEvent& event, const ChipConfig& config) {
  const int behind_pes = kFirstPeTrack + config.num_pe;
  switch (event.activity) {
    case Activity::kImageLoad:
      return kLoadTrack;
    case Activity::kImageTake:
    case Activity::kImageStall:
    case Activity::kResultStall:
      return kImagesTrack;
    case Activity::kLayer:
      return kLayersTrack;
    case Activity::kFetch:
      return kFetchTrack;
    case Activity::kDrive:
    case Activity::kRead:
      return kFirstPeTrack + event.pe;
    case Activity::kBeatStall:
      return behind_pes;
    case Activity::kReduce:
      return behind_pes + 1;
    case Activity::kWrite:
      return behind_pes + 2;
    case Activity::kResult:
      return behind_pes + 3;
  }
  return 0;
}

// One name a kind of work, so that a viewer's totals by name are those of a layer's reads, fetches
// and so on; where, in which step and which plane are arguments.
std::string slice_name(const TimelineEvent& event, const TimelineNames& names) {
  if (event.layer_row < 0) return std::string(activity_name(event.activity));
  const std::string& layer = names.layers.at(to_index(event.layer_row));
  if (event.activity == Activity::kLayer) return layer;
  return fmt::format("{} {}", layer, activity_name(event.activity));
}

// A string as JSON has it, with its quotes.
std::string json_string(std::string_view text) { return nlohmann::json(text).dump(); }

}  // namespace

std::string_view activity_name(Activity activity) { return name_of(kActivities, activity); }

std::vector<TimelineEvent> make_timeline(const ChipProgram& program, const ChipConfig& config,
                                         std::span<const ImageReads> images, bool skip) {
  return Maker(program, config, skip).make(images);
}

std::string chrome_trace(std::span<const TimelineEvent> events, const ChipConfig& config,
                         const TimelineNames& names, double clock_ns) {
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  const auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "{{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{{\"name\":{}}}}}",
                 json_string(names.title));
  const auto name_track = [&](int tid, std::string_view name) {
    fmt::format_to(out,
                   ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":{},\"args\":"
                   "{{\"name\":{}}}}},\n{{\"name\":\"thread_sort_index\",\"ph\":\"M\",\"pid\":1,"
                   "\"tid\":{},\"args\":{{\"sort_index\":{}}}}}",
                   tid, json_string(name), tid, tid);
  };
  name_track(kImagesTrack, "images");
  name_track(kLayersTrack, "layers");
  name_track(kLoadTrack, "image load");
  name_track(kFetchTrack, "fetch");
  for (int pe = 0; pe < config.num_pe; ++pe) {
    name_track(kFirstPeTrack + pe, fmt::format("PE {}", pe));
  }
  const int behind_pes = kFirstPeTrack + config.num_pe;
  name_track(behind_pes, "stalls");
  name_track(behind_pes + 1, "reduce");
  name_track(behind_pes + 2, "write-back");
  name_track(behind_pes + 3, "result");

  for (const TimelineEvent& event : events) {
    // A trace counts in microseconds.
    fmt::format_to(out,
                   ",\n{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},"
                   "\"ts\":{:.6f},\"dur\":{:.6f},\"args\":{{\"image\":{},\"clock\":{},"
                   "\"clocks\":{}",
                   json_string(slice_name(event, names)), activity_name(event.activity),
                   track(event, config), static_cast<double>(event.start) * clock_ns * 1e-3,
                   static_cast<double>(event.clocks) * clock_ns * 1e-3,
                   json_string(names.images.at(to_index(event.image))), event.start, event.clocks);
    for (const auto& [name, value] : {std::pair{"pe", event.pe},
                                      {"row", event.row},
                                      {"column", event.column},
                                      {"step", event.step},
                                      {"plane", event.plane}}) {
      if (value >= 0) fmt::format_to(out, ",\"{}\":{}", name, value);
    }
    text += "}}";
  }
  return text + "\n]}\n";
}

}  // namespace mcnn
