// SPDX-License-Identifier: Apache-2.0
// mcnn_programmer: an engine with its list against a walk through the list written from
// rtl/README.md, "Programming". The walk says clock by clock what the engine asks for; the macro
// answers at the one clock at which it should be listened to, and with something else at all
// others.
#include <algorithm>
#include <functional>
#include <map>

#include "VProgrammerCorner.h"
#include "VProgrammerTiny.h"
#include "VProgrammerWide.h"
#include "VProgrammerYao2020.h"
#include "bench.h"

namespace mcnn::rtl_test {
namespace {

constexpr int kMaxAmplitude = 63;

// Bits of event_o.
constexpr int kRead = 1, kSet = 2, kReset = 4, kDone = 8, kFailed = 16, kRefused = 32, kWorks = 64;

struct Amplitudes {
  int start = 0, step = 0, limit = 0;
};
struct Settings {
  Amplitudes set = {}, reset = {};
  int max_pulses = 0, pulse_clocks = 1;
};
struct Entry {
  int bit_line = 0, line = 0;
  bool no_drive = false;
  int target = 0, tolerance = 0;
  std::uint32_t reserved = 0;  // bits of word 0 without a meaning, and the status before the run
};
struct Words {
  std::uint32_t word[2] = {0, 0};
  bool operator==(const Words&) const = default;
};
struct Pulse {
  bool set;
  int amplitude;
  bool operator==(const Pulse&) const = default;
};
// The code of the cell; `pulses` went to the entry before.
using Cell = std::function<int(const Entry& entry, const std::vector<Pulse>& pulses)>;

// What the engine should do in a clock.
struct Clock {
  int events = kWorks;
  int line = 0;          // with a read or pulse
  int bit_line = -1;     // with a read or pulse, -1: none
  int amplitude = 0;     // with a pulse
  bool may_stop = true;  // an abort is obeyed here
};

enum Status { kPending = 0, kIsDone = 1, kIsFailed = 2, kIsRefused = 3 };
struct Outcome {
  Status status = kPending;
  int code = 0;
  std::vector<Pulse> pulses;
  int end = 0;  // clock at the end of which the result is in the list
};
struct Walk {
  std::vector<Clock> clocks;                   // from the one behind the start
  std::map<int, std::pair<int, int>> answers;  // clock: line and code
  std::vector<Outcome> outcomes;
};

template <class C>
class Programmer : public testing::Test {
 protected:
  static constexpr int kMaxCode = (1 << C::kAdcBits) - 1;

  static Words Encode(const Entry& e) {
    return {{static_cast<std::uint32_t>(e.bit_line) | static_cast<std::uint32_t>(e.line) << 8 |
                 static_cast<std::uint32_t>(e.no_drive) << 20 | e.reserved,
             static_cast<std::uint32_t>(e.target) | static_cast<std::uint32_t>(e.tolerance) << 16}};
  }
  static Words After(const Entry& e, const Outcome& o) {
    Words words = Encode(e);
    if (o.status == kPending) return words;
    words.word[0] = (words.word[0] & 0x0FFF'FFFF) | static_cast<std::uint32_t>(o.status) << 28;
    if (o.status != kIsRefused) {
      words.word[1] =
          static_cast<std::uint32_t>(o.code) | static_cast<std::uint32_t>(o.pulses.size()) << 16;
    }
    return words;
  }

  // The specification, entry after entry.
  static Walk WalkThrough(const std::vector<Entry>& list, const Settings& settings,
                          const Cell& cell) {
    Walk walk;
    const auto clock = [&](int count, Clock what) {
      for (int i = 0; i < count; ++i) walk.clocks.push_back(what);
    };
    for (const Entry& e : list) {
      Outcome outcome;
      clock(3, {});  // fetch, load, check
      if (e.bit_line >= C::kNumBl || e.line >= C::kNumSl || e.target > kMaxCode) {
        outcome.status = kIsRefused;
        clock(1, {.events = kWorks | kRefused});
      } else {
        const int bit_line = e.no_drive ? -1 : e.bit_line;
        while (outcome.status == kPending) {
          outcome.code = cell(e, outcome.pulses);
          walk.answers[static_cast<int>(walk.clocks.size()) + 1 + C::kReadLatency] = {e.line,
                                                                                      outcome.code};
          clock(
              1,
              {.events = kWorks | kRead, .line = e.line, .bit_line = bit_line, .may_stop = false});
          clock(C::kReadClocks + C::kReadLatency - 1, {.may_stop = false});
          clock(2, {});  // the last clock of the wait, decide
          const bool good = std::abs(outcome.code - e.target) <= e.tolerance;
          if (good || e.no_drive ||
              static_cast<int>(outcome.pulses.size()) == settings.max_pulses) {
            outcome.status = good ? kIsDone : kIsFailed;
            clock(1, {.events = kWorks | (good ? kDone : kFailed)});
            break;
          }
          Pulse pulse{.set = outcome.code < e.target, .amplitude = 0};
          const Amplitudes& a = pulse.set ? settings.set : settings.reset;
          const bool first = outcome.pulses.empty() || outcome.pulses.back().set != pulse.set;
          pulse.amplitude =
              std::min(first ? a.start : outcome.pulses.back().amplitude + a.step, a.limit);
          outcome.pulses.push_back(pulse);
          clock(1, {.events = kWorks | (pulse.set ? kSet : kReset),
                    .line = e.line,
                    .bit_line = bit_line,
                    .amplitude = pulse.amplitude,
                    .may_stop = false});
          clock(settings.pulse_clocks - 1, {.may_stop = false});
          clock(1, {});
        }
      }
      outcome.end = static_cast<int>(walk.clocks.size());
      walk.outcomes.push_back(outcome);
    }
    return walk;
  }

  // Clocks of a whole run by the formula.
  static int Formula(const Walk& walk, const Settings& settings) {
    int clocks = 0;
    for (const Outcome& o : walk.outcomes) {
      const int pulses = static_cast<int>(o.pulses.size());
      clocks += o.status == kIsRefused ? 4
                                       : 4 + (pulses + 1) * (C::kReadClocks + C::kReadLatency + 2) +
                                             pulses * (settings.pulse_clocks + 1);
    }
    return clocks;
  }

  // A bench whose list holds `list`, and words of a list that no run should touch behind it.
  struct Engine {
    explicit Engine(std::uint64_t seed) : rng(seed), dut(seed) {
      dut->run_i = 0;
      dut->start_i = 0;
      dut->abort_i = 0;
      Host(false, false);
      dut->code_i = {};
      dut.Reset();
    }
    void Host(bool write, bool read) {
      dut->host_access_i = write || read;
      dut->host_we_i = 0;
      dut->host_re_i = read;
    }
    void Write(int entry, int word, std::uint32_t value) {
      Host(true, false);
      dut->host_we_i = static_cast<CData>(1 << word);
      dut->host_waddr_i = static_cast<CData>(entry);
      dut->host_wdata_i = value;
      dut.Edge();
      Host(false, false);
      dut->host_wdata_i = static_cast<IData>(rng.Bits(32));
    }
    Words Read(int entry) {
      Host(false, true);
      dut->host_raddr_i = static_cast<CData>(entry);
      dut.Edge();
      Host(false, false);
      dut.Eval();
      return {{static_cast<std::uint32_t>(dut->host_rdata_o),
               static_cast<std::uint32_t>(dut->host_rdata_o >> 32)}};
    }
    Rng rng;
    Bench<typename C::Model> dut;
  };

  // Works through the list on the RTL and compares every clock with the walk; `abort`: the clock
  // from which on the run is aborted, -1 never. Returns the walk, cut off by the abort.
  static Walk Run(Engine& engine, const std::vector<Entry>& list, const Settings& settings,
                  const Cell& cell, int abort = -1) {
    auto& dut = engine.dut;
    Rng& rng = engine.rng;
    Walk walk = WalkThrough(list, settings, cell);
    EXPECT_EQ(static_cast<int>(walk.clocks.size()), Formula(walk, settings));
    int last = static_cast<int>(walk.clocks.size());  // clocks 1..last are worked
    if (abort >= 0) {
      int stop = std::max(abort, 1);
      while (stop < last && !walk.clocks[stop - 1].may_stop) ++stop;
      last = std::min(last, stop);
      for (Outcome& o : walk.outcomes) {
        if (o.end > last) o = {};
      }
    }

    std::map<int, Words> expected;
    for (int i = 0; i < C::kNumEntries; ++i) {
      Words words{
          {static_cast<std::uint32_t>(rng.Bits(32)), static_cast<std::uint32_t>(rng.Bits(32))}};
      if (i < static_cast<int>(list.size())) words = Encode(list[i]);
      for (int w = 0; w < 2; ++w) engine.Write(i, w, words.word[w]);
      expected[i] = i < static_cast<int>(list.size()) ? After(list[i], walk.outcomes[i]) : words;
    }

    dut->count_i = static_cast<CData>(list.size());
    dut->set_first_i = static_cast<CData>(std::min(settings.set.start, settings.set.limit));
    dut->set_step_i = static_cast<CData>(settings.set.step);
    dut->set_limit_i = static_cast<CData>(settings.set.limit);
    dut->reset_first_i = static_cast<CData>(std::min(settings.reset.start, settings.reset.limit));
    dut->reset_step_i = static_cast<CData>(settings.reset.step);
    dut->reset_limit_i = static_cast<CData>(settings.reset.limit);
    dut->max_pulses_i = static_cast<CData>(settings.max_pulses);
    dut->pulse_clocks_i = static_cast<CData>(settings.pulse_clocks);
    dut->run_i = 1;
    int held = 0;  // clocks in which polarity and amplitude of a pulse must stay
    bool held_set = false;
    int held_amplitude = 0;
    for (int t = 0; t <= last + 5; ++t) {
      SCOPED_TRACE(testing::Message() << "clock " << t);
      dut->start_i = t == 0;
      dut->abort_i = abort >= 0 && t >= abort;
      Randomize(dut->code_i, C::kNumAdc * C::kAdcBits, rng);
      // The codes of the read of clock t-1-ReadLatency; clocks of the walk begin at 1.
      if (const auto answer = walk.answers.find(t - 1); answer != walk.answers.end()) {
        SetBits(dut->code_i, answer->second.first % C::kNumAdc * C::kAdcBits, C::kAdcBits,
                static_cast<std::uint64_t>(answer->second.second));
      }
      dut.Eval();
      Clock now{.events = 0};
      if (t >= 1 && t <= last) now = walk.clocks[t - 1];
      EXPECT_EQ(dut->event_o, now.events);
      EXPECT_EQ(dut->read_o != 0, (now.events & kRead) != 0);
      EXPECT_EQ(dut->pulse_o != 0, (now.events & (kSet | kReset)) != 0);
      for (int b = 0; b < C::kNumBl; ++b)
        EXPECT_EQ(GetBits(dut->bit_line_o, b, 1), b == now.bit_line ? 1U : 0U) << "bit line " << b;
      if ((now.events & (kRead | kSet | kReset)) != 0) {
        EXPECT_EQ(dut->line_o, now.line);
      }
      if ((now.events & (kSet | kReset)) != 0) {
        held = settings.pulse_clocks + 1;
        held_set = (now.events & kSet) != 0;
        held_amplitude = now.amplitude;
      }
      if (held > 0) {
        EXPECT_EQ(dut->set_o != 0, held_set);
        EXPECT_EQ(dut->amplitude_o, held_amplitude);
        --held;
      }
      if (testing::Test::HasFailure()) return walk;
      dut.Edge();
    }
    dut->run_i = 0;
    dut->abort_i = 0;
    for (const auto& [entry, words] : expected) {
      const Words found = engine.Read(entry);
      EXPECT_EQ(found.word[0], words.word[0]) << "entry " << entry;
      EXPECT_EQ(found.word[1], words.word[1]) << "entry " << entry;
    }
    return walk;
  }

  // A cell that answers these codes one after another, and the last one from then on.
  static Cell Codes(const std::vector<int>& codes) {
    return [codes](const Entry&, const std::vector<Pulse>& pulses) {
      return codes[std::min(pulses.size(), codes.size() - 1)];
    };
  }
};

using Configurations = testing::Types<On<Yao2020, VProgrammerYao2020>, On<Tiny, VProgrammerTiny>,
                                      On<Corner, VProgrammerCorner>, On<Wide, VProgrammerWide>>;
TYPED_TEST_SUITE(Programmer, Configurations);

// The amplitudes of hand-written cases.
TYPED_TEST(Programmer, AmplitudesStepToTheirLimitAndBeginAnewWithThePolarity) {
  using F = Programmer<TypeParam>;
  struct Case {
    const char* what;
    Amplitudes set, reset;
    std::vector<int> codes;  // target 20, tolerance 1
    std::vector<Pulse> pulses;
  };
  const Case cases[] = {
      {"steps up to the limit",
       {10, 7, 30},
       {},
       {0, 1, 2, 3, 4, 20},
       {{true, 10}, {true, 17}, {true, 24}, {true, 30}, {true, 30}}},
      {"RESET has its own",
       {},
       {5, 2, 8},
       {60, 50, 40, 30, 21},
       {{false, 5}, {false, 7}, {false, 8}, {false, 8}}},
      {"the limit is below the start",
       {40, 3, 12},
       {},
       {0, 1, 2, 19},
       {{true, 12}, {true, 12}, {true, 12}}},
      {"no step", {9, 0, 63}, {}, {0, 0, 0, 20}, {{true, 9}, {true, 9}, {true, 9}}},
      {"the largest codes do not wrap",
       {62, 63, 63},
       {63, 63, 63},
       {0, 0, 0, 63, 63, 20},
       {{true, 62}, {true, 63}, {true, 63}, {false, 63}, {false, 63}}},
      {"exactly the limit",
       {10, 10, 30},
       {},
       {0, 0, 0, 0, 20},
       {{true, 10}, {true, 20}, {true, 30}, {true, 30}}},
      {"one below the limit",
       {9, 10, 30},
       {},
       {0, 0, 0, 0, 20},
       {{true, 9}, {true, 19}, {true, 29}, {true, 30}}},
      {"back and forth",
       {10, 5, 60},
       {20, 6, 60},
       {0, 0, 40, 40, 0, 40, 40, 18, 19},
       {{true, 10},
        {true, 15},
        {false, 20},
        {false, 26},
        {true, 10},
        {false, 20},
        {false, 26},
        {true, 10}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    typename F::Engine engine(3);
    const Settings settings{.set = c.set, .reset = c.reset, .max_pulses = 255, .pulse_clocks = 2};
    // Twice: the second entry learns nothing from the first.
    const Entry entry{.bit_line = 3, .line = 5, .target = 20, .tolerance = 1};
    const Walk walk = F::Run(engine, {entry, entry}, settings, F::Codes(c.codes));
    ASSERT_EQ(walk.outcomes.size(), 2U);
    for (const Outcome& o : walk.outcomes) {
      EXPECT_EQ(o.status, kIsDone);
      EXPECT_EQ(o.pulses, c.pulses);
    }
    if (testing::Test::HasFailure()) return;
  }
}

// Exactly MAX_PULSES pulses and no more: none, one less than the cell needs, as many as it needs,
// and the largest number.
TYPED_TEST(Programmer, NoMorePulsesThanMaxPulses) {
  using F = Programmer<TypeParam>;
  for (const int needed : {0, 1, 2, 7, 255, 256}) {
    for (const int most : {0, needed - 1, needed, needed + 1}) {
      if (most < 0 || most > 255) continue;
      SCOPED_TRACE(testing::Message() << "needs " << needed << ", may have " << most);
      typename F::Engine engine(4);
      const Settings settings{.set = {1, 1, 63}, .max_pulses = most};
      std::vector<int> codes(static_cast<std::size_t>(needed), 2);
      codes.push_back(30);
      const Walk walk =
          F::Run(engine, {{.bit_line = 15, .line = 1, .target = 30}}, settings, F::Codes(codes));
      const Outcome& o = walk.outcomes[0];
      EXPECT_EQ(o.status, needed <= most ? kIsDone : kIsFailed);
      EXPECT_EQ(static_cast<int>(o.pulses.size()), std::min(needed, most));
      if (testing::Test::HasFailure()) return;
    }
  }
}

// Which codes are good: at both ends of the codes the bounds stay where they are, whatever the
// tolerance. NO_DRIVE reads once, with no bit line, and never pulses.
TYPED_TEST(Programmer, BoundsStayInsideTheCodes) {
  using F = Programmer<TypeParam>;
  const int top = F::kMaxCode;
  typename F::Engine engine(5);
  for (const bool no_drive : {false, true}) {
    for (const int target : {0, 1, 3, top / 2, top - 3, top - 1, top}) {
      for (const int tolerance : {0, 1, 3, 4, top - 1, top, top + 1, 2 * top + 1, 0xFF00, 0xFFFF}) {
        for (const int off : {-tolerance - 1, -tolerance, 0, tolerance, tolerance + 1}) {
          const int code = std::clamp(target + off, 0, top);
          SCOPED_TRACE(testing::Message() << "target " << target << ", tolerance " << tolerance
                                          << ", code " << code << ", no drive " << no_drive);
          const Walk walk = F::Run(engine,
                                   {{.bit_line = 0,
                                     .line = TypeParam::kNumSl - 1,
                                     .no_drive = no_drive,
                                     .target = target,
                                     .tolerance = tolerance}},
                                   {.max_pulses = 1}, F::Codes({code, target}));
          const bool good = code - target <= tolerance && target - code <= tolerance;
          EXPECT_EQ(walk.outcomes[0].status, good || !no_drive ? kIsDone : kIsFailed);
          EXPECT_EQ(walk.outcomes[0].pulses.size(), good || no_drive ? 0U : 1U);
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

// Each way in which an entry is not of this array, alone and at its border, with good ones between.
TYPED_TEST(Programmer, EntriesOutsideTheArrayAreRefused) {
  using C = TypeParam;
  using F = Programmer<C>;
  const Entry good{
      .bit_line = C::kNumBl - 1, .line = C::kNumSl - 1, .target = F::kMaxCode, .tolerance = 0};
  std::vector<Entry> bad;
  for (const int bit_line : {C::kNumBl, C::kNumBl + 1, 2 * C::kNumBl - 1, 255}) {
    bad.push_back(good);
    bad.back().bit_line = bit_line;
  }
  for (const int line : {C::kNumSl, C::kNumSl + 1, 2048, 4095}) {
    bad.push_back(good);
    bad.back().line = line;
  }
  for (const int target : {F::kMaxCode + 1, 2 * F::kMaxCode + 2, 0x8000, 0xFFFF}) {
    bad.push_back(good);
    bad.back().target = target;
    bad.back().no_drive = target == 0x8000;
  }
  typename F::Engine engine(6);
  for (const Entry& entry : bad) {
    SCOPED_TRACE(testing::Message() << "bit line " << entry.bit_line << ", line " << entry.line
                                    << ", target " << entry.target);
    const Walk walk = F::Run(engine, {entry, good, entry, entry, good}, {.max_pulses = 3},
                             F::Codes({F::kMaxCode}));
    for (const int i : {0, 2, 3}) EXPECT_EQ(walk.outcomes[i].status, kIsRefused);
    for (const int i : {1, 4}) EXPECT_EQ(walk.outcomes[i].status, kIsDone);
    if (testing::Test::HasFailure()) return;
  }
}

// Random lists on cells that move by what the pulses give them, many runs on one engine; lists of
// every length, empty ones too.
TYPED_TEST(Programmer, RandomListsMatchTheWalk) {
  using C = TypeParam;
  using F = Programmer<C>;
  const auto random_list = [](Rng& rng, int most) {
    std::vector<Entry> list;
    const int length = rng.Chance(20) ? most : rng.Below(most + 1);
    for (int i = 0; i < length; ++i) {
      Entry e{.bit_line = rng.Below(C::kNumBl),
              .line = rng.Below(C::kNumSl),
              .no_drive = rng.Chance(10),
              .target = rng.Below(F::kMaxCode + 1),
              .tolerance = rng.Below(4),
              .reserved = static_cast<std::uint32_t>(rng.Bits(32)) & 0x3FE0'0000};
      if (rng.Chance(4)) e.bit_line = rng.Below(256);
      if (rng.Chance(4)) e.line = rng.Below(4096);
      if (rng.Chance(4)) e.target = rng.Below(65536);
      if (rng.Chance(4)) e.tolerance = rng.Below(65536);
      list.push_back(e);
    }
    return list;
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    typename F::Engine engine(seed);
    for (int run = 0; run < 12; ++run) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", run " << run);
      Rng& rng = engine.rng;
      const auto amplitudes = [&] {
        return Amplitudes{rng.Below(kMaxAmplitude + 1), rng.Below(rng.Chance(80) ? 8 : 64),
                          rng.Chance(80) ? rng.Range(40, 63) : rng.Below(64)};
      };
      const Settings settings{.set = amplitudes(),
                              .reset = amplitudes(),
                              .max_pulses = rng.Chance(10) ? 255 : rng.Below(20),
                              .pulse_clocks = rng.Chance(10) ? 255 : rng.Range(1, 6)};
      const int begin = rng.Below(F::kMaxCode + 1), gain = rng.Range(1, 8);
      const Cell cell = [&](const Entry&, const std::vector<Pulse>& pulses) {
        int code = begin;
        for (const Pulse& p : pulses)
          code =
              std::clamp(code + (p.set ? 1 : -1) * (p.amplitude * gain / 16 + 1), 0, F::kMaxCode);
        return std::clamp(code + rng.Range(-1, 1), 0, F::kMaxCode);
      };
      F::Run(engine, random_list(rng, C::kNumEntries), settings, cell);
      if (testing::Test::HasFailure()) return;
    }
  }
}

// An abort in every clock of a run that goes through every state, then a whole run: what has begun
// ends, nothing begins after it, unfinished entries keep their words.
TYPED_TEST(Programmer, AbortInEveryClock) {
  using C = TypeParam;
  using F = Programmer<C>;
  const std::vector<Entry> list = {
      {.bit_line = 2, .line = 9, .target = 20},
      {.bit_line = C::kNumBl, .line = 9, .target = 20},
      {.bit_line = 4, .line = C::kNumSl - 1, .no_drive = true, .target = 20},
      {.bit_line = 5, .line = 0, .target = 19}};
  const Settings settings{
      .set = {3, 4, 9}, .reset = {5, 1, 30}, .max_pulses = 3, .pulse_clocks = 4};
  const Cell cell = F::Codes({0, 40, 20, 20});
  const int clocks = static_cast<int>(F::WalkThrough(list, settings, cell).clocks.size());
  typename F::Engine engine(7);
  for (int abort = 0; abort <= clocks + 1; ++abort) {
    SCOPED_TRACE(testing::Message() << "abort at clock " << abort);
    F::Run(engine, list, settings, cell, abort);
    if (testing::Test::HasFailure()) return;
    if (abort % 5 == 0) F::Run(engine, list, settings, cell);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace mcnn::rtl_test
