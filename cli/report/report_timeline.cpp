// SPDX-License-Identifier: Apache-2.0
// Section of the report page: one image clock by clock.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/chart.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "host/engine/chip_model.h"
#include "host/engine/timeline.h"

namespace mcnn::cli {
namespace {

class Timeline {
 public:
  Timeline(const Workload& workload, std::vector<TimelineEvent> events)
      : workload_(workload), events_(std::move(events)) {
    for (const TimelineEvent& event : events_) {
      end_ = std::max(end_, event.start + event.clocks);
    }
    layer_of_row_.resize(workload.mapped.program.layers.size());
    for (std::size_t layer = 0; layer < workload.mapped.layers.size(); ++layer) {
      const LayerMapping& mapping = workload.mapped.layers[layer];
      for (int row = 0; row < mapping.rows; ++row) {
        layer_of_row_[static_cast<std::size_t>(mapping.first_row + row)] = layer;
      }
    }
  }

  std::int64_t end() const { return end_; }
  // First clock of a network layer, -1 if there is none.
  std::int64_t start_of(std::size_t layer) const {
    for (const TimelineEvent& event : events_) {
      if (event.activity == Activity::kLayer &&
          layer_of_row_[static_cast<std::size_t>(event.layer_row)] == layer) {
        return event.start;
      }
    }
    return -1;
  }

  // The clocks `first` to `last`, one track below the other.
  std::string picture(std::int64_t first, std::int64_t last, std::string_view label) const {
    const std::vector<std::string> names = track_names();
    const std::int64_t clocks = last - first;
    std::string text = fmt::format(
        "<div class=\"timeline\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><div "
        "class=\"grid\"><div class=\"names\"><span>{}</span></div>\n<div class=\"px\" "
        "data-px=\"clocks\" data-columns=\"{}\" data-rows=\"{}\" data-first=\"{}\" "
        "data-tracks=\"{}\"><svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" "
        "style=\"height:{}px\" role=\"img\" aria-label=\"{}\">\n",
        escaped(label), fmt::join(names, "</span><span>"), clocks, names.size(), first,
        escaped(nlohmann::json(names).dump()), clocks, names.size(), 16 * names.size(),
        escaped(label));
    const auto out = std::back_inserter(text);
    for (std::size_t track = 1; track < names.size(); ++track) {
      fmt::format_to(out, "<path class=\"t-rule\" d=\"M0 {}H{}\"/>", track, clocks);
    }
    for (const Track& track : tracks(first, last)) {
      for (const auto& [style, path] : track) {
        fmt::format_to(out, "<path class=\"{}\" d=\"{}\"/>\n", style, path);
      }
    }
    text += "</svg></div><div class=\"ticks\">";
    const auto step =
        static_cast<std::int64_t>(std::max(1.0, html::tick_step(static_cast<double>(clocks), 10)));
    for (std::int64_t tick = (first + step - 1) / step * step; tick <= last; tick += step) {
      fmt::format_to(out, "<span style=\"left:{:.2f}%\">{}</span>",
                     100.0 * static_cast<double>(tick - first) / static_cast<double>(clocks),
                     grouped(tick));
    }
    return text + "</div></div></div>";
  }

 private:
  using Track = std::vector<std::pair<std::string, std::string>>;  // class, path
  static constexpr std::size_t kFirstPe = 3;                       // its track

  // Where an event is drawn: its track, its class, and from where to where in the track.
  struct Place {
    std::size_t track = 0;
    std::string style;
    double top = 0.12;
    double height = 0.76;
  };

  std::vector<std::string> track_names() const {
    std::vector<std::string> names = {"image", "layer", "fetch"};
    for (int pe = 0; pe < workload_.config.num_pe; ++pe) names.push_back(fmt::format("PE {}", pe));
    names.insert(names.end(), {"stall", "reduce", "write-back", "result"});
    return names;
  }

  std::string style_of_layer(const TimelineEvent& event) const {
    return event.layer_row < 0
               ? std::string("t-load")
               : layer_class(layer_of_row_[static_cast<std::size_t>(event.layer_row)]);
  }

  std::optional<Place> place_of(const TimelineEvent& event) const {
    const std::size_t behind = kFirstPe + static_cast<std::size_t>(workload_.config.num_pe);
    switch (event.activity) {
      case Activity::kImageLoad:
        return Place{0, "t-load"};
      case Activity::kImageTake:
      case Activity::kImageStall:
        return std::nullopt;  // the load itself is shown
      case Activity::kLayer:
        return Place{1, style_of_layer(event)};
      case Activity::kFetch:
        return Place{2, "t-fetch"};
      case Activity::kDrive:
        return Place{kFirstPe + static_cast<std::size_t>(event.pe),
                     style_of_layer(event) + " light"};
      case Activity::kRead:
        return Place{kFirstPe + static_cast<std::size_t>(event.pe), style_of_layer(event), 0.24,
                     0.52};
      case Activity::kResultStall:
      case Activity::kBeatStall:
        return Place{behind, "t-stall"};
      case Activity::kReduce:
        return Place{behind + 1, "t-reduce"};
      case Activity::kWrite:
        return Place{behind + 2, "t-write"};
      case Activity::kResult:
        return Place{behind + 3, "t-load"};
    }
    return std::nullopt;
  }

  // All events of a track and a class as one path.
  std::vector<Track> tracks(std::int64_t first, std::int64_t last) const {
    std::vector<Track> tracks(track_names().size());
    for (const TimelineEvent& event : events_) {
      const std::int64_t from = std::max(event.start, first);
      const std::int64_t to = std::min(event.start + event.clocks, last);
      if (from >= to) continue;
      const std::optional<Place> place = place_of(event);
      if (!place) continue;
      Track& track = tracks[place->track];
      auto found = std::ranges::find(track, place->style, &Track::value_type::first);
      if (found == track.end()) found = track.insert(track.end(), {place->style, ""});
      // Neighbours have a gap between them where there is room for one.
      const double gap = last - first < 400 && event.activity != Activity::kLayer ? 0.12 : 0.0;
      const double clocks = static_cast<double>(to - from) - gap;
      fmt::format_to(std::back_inserter(found->second), "M{} {:.2f}h{:g}v{}h-{:g}z", from - first,
                     static_cast<double>(place->track) + place->top, clocks, place->height, clocks);
    }
    return tracks;
  }

  const Workload& workload_;
  std::vector<TimelineEvent> events_;
  std::vector<std::size_t> layer_of_row_;
  std::int64_t end_ = 1;
};

}  // namespace

Section timeline_section(const ReportPage& page) {
  const Workload& workload = page.report.workload;
  ChipModel model(workload.config, workload.mapped.program, page.report.chip->macros,
                  ChipModel::Options{.skip = page.skip, .reads = true});
  const std::vector<ImageReads> reads = {
      model.run(page.followed, workload.image(page.followed)).reads};
  const Timeline timeline(
      workload, make_timeline(workload.mapped.program, workload.config, reads, page.skip));
  std::string text = html::figure(
      "timeline-image",
      layer_legend(workload) + timeline.picture(0, timeline.end(), "Timeline of one image"),
      fmt::format(
          "Image {} in clocks, from its first pixel to its last logit: {} in all. While it is "
          "computed the "
          "next one loads, so images follow each other faster than that. A PE's track is light "
          "while its "
          "window is driven, full where a bit plane is read; planes without a pulse are not read.",
          page.followed, grouped(timeline.end())));
  constexpr std::int64_t kDetail = 120;  // clocks
  constexpr std::size_t kMostDetails = 4;
  for (std::size_t layer = 0; layer < std::min(workload.mapped.layers.size(), kMostDetails);
       ++layer) {
    const std::int64_t first = timeline.start_of(layer);
    if (first < 0) continue;
    const std::string name = escaped(workload.mapped.layers[layer].name);
    text += html::figure(
        fmt::format("timeline-{}", name),
        timeline.picture(first, std::min(first + kDetail, timeline.end()),
                         fmt::format("Timeline of the first clocks of {}", name)),
        fmt::format("The first {} clocks of {}.", std::min(kDetail, timeline.end() - first), name));
  }
  return {"timeline", "Timeline of one image", std::move(text)};
}

}  // namespace mcnn::cli
