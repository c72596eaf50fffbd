// SPDX-License-Identifier: Apache-2.0
#include "tb/event_monitor.h"

#include <bit>

namespace mcnn::tb {
namespace {

// Bits of ChipClock::events, as tb/mcnn_tb.sv puts them.
enum Bit : unsigned {
  kImageTake,
  kLayerClock,
  kStallImage,
  kStallResult,
  kRowRead,
  kRecordRead,
  kBiasRead,
  kColumn,
  kStallBeat,
  kBeat,
  kTick,
  kCodeTick,
  kWalk,
  kAdd,
  kGiveOut,
  kLogitWrite,
  kLogitRead,
  kResultWord,
  kImageBeat,
};

void count_bits(std::uint64_t bits, std::int64_t* counts) {
  for (; bits != 0; bits &= bits - 1) ++counts[static_cast<std::size_t>(std::countr_zero(bits))];
}
void count_bits(std::uint64_t bits, std::vector<std::int64_t>& counts) {
  count_bits(bits, counts.data());
}
// The same of as many words as there are counts; whether any bit is set.
bool count_words(const std::uint32_t* words, std::vector<std::int64_t>& counts) {
  std::uint32_t any = 0;
  for (std::size_t first = 0; first < counts.size(); first += 32, ++words) {
    any |= *words;
    count_bits(*words, &counts[first]);
  }
  return any != 0;
}

}  // namespace

EventMonitor::EventMonitor(const ChipProgram& program, const ChipConfig& config)
    : program_(program), config_(config), events_(no_events(program, config)) {}

void EventMonitor::clear() {
  events_ = no_events(program_, config_);
  clock_ = 0;
  seen_.clear();
}

void EventMonitor::clock(const ChipClock& now) {
  const auto is = [&](Bit bit) { return (now.events >> bit & 1U) != 0; };
  const auto row_at = [&](std::uint32_t layer) -> RowEvents* {
    return layer < events_.rows.size() ? &events_.rows[layer] : nullptr;
  };
  const int layer = static_cast<int>(now.layer);
  if (is(kImageTake)) {
    ++events_.images;
    note(Activity::kImageTake, -1);
  }
  events_.row_reads += is(kRowRead) ? 1 : 0;
  events_.result_words += is(kResultWord) ? 1 : 0;
  events_.result_reads += is(kLogitRead) ? 1 : 0;
  count_words(now.image_write, events_.image_writes);
  if (is(kImageBeat)) note(Activity::kImageLoad, -1);
  if (is(kStallImage)) note(Activity::kImageStall, -1);
  if (is(kStallResult)) note(Activity::kResultStall, layer);
  if (is(kResultWord)) note(Activity::kResult, -1);

  if (RowEvents* row = row_at(now.layer)) {
    if (is(kLayerClock)) {
      ++row->clocks;
      note(Activity::kLayer, layer);
    }
    row->beats += is(kBeat) ? 1 : 0;
    row->record_reads += is(kRecordRead) ? 1 : 0;
    row->bias_reads += is(kBiasRead) ? 1 : 0;
    count_words(now.map_reads, row->map_reads);
    if (is(kTick)) ++row->planes;
    if (is(kColumn)) {
      ++row->columns;
      count_bits(now.columns, row->window_columns);
      note(Activity::kFetch, layer);
    }
    if (is(kTick)) count_bits(now.active, row->active_planes);
    if (is(kStallBeat)) note(Activity::kBeatStall, layer);
    if (is(kAdd)) ++row->reduce_groups;
    if (is(kWalk)) note(Activity::kReduce, layer);
    if (is(kGiveOut)) {
      ++row->psum_groups;
      row->activations += std::int64_t{config_.lanes} * std::popcount(now.segments);
    }
    if (now.strobes != 0 && is(kLayerClock)) {
      count_bits(now.strobes, row->reads);
      for (std::uint64_t pes = now.strobes; pes != 0; pes &= pes - 1) {
        note(Activity::kRead, layer, std::countr_zero(pes));
      }
    }
  }
  // The last writes of a layer row come one and two clocks behind its end.
  if (RowEvents* row = row_at(layers_before_[0])) {
    count_bits(now.pool_reads, row->pool_reads);
    if (is(kLogitWrite)) {
      ++row->logit_writes;
      note(Activity::kWrite, static_cast<int>(layers_before_[0]));
    }
  }
  if (RowEvents* row = row_at(layers_before_[1])) {
    if (count_words(now.pool_writes, row->pool_writes)) {
      note(Activity::kWrite, static_cast<int>(layers_before_[1]));
    }
  }
  layers_before_[1] = layers_before_[0];
  layers_before_[0] = now.layer;
  ++clock_;
}

}  // namespace mcnn::tb
