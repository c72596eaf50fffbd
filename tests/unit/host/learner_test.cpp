// SPDX-License-Identifier: Apache-2.0
// Learning in the cells: that it learns, what a pulse and a write are, that conductances and test
// images stay unseen, bad input.
#include "host/tuning/learner.h"

#include <algorithm>
#include <memory>
#include <set>

#include "host/tuning/checkpoint.h"
#include "host_test_util.h"
#include "model_tuning_chip.h"
#include "tests/support/random.h"

namespace mcnn::testing {
namespace {

constexpr int kSide = 8;
constexpr int kClasses = 3;

// A bright bar a class, moved by noise of its own: a problem that one layer solves.
Dataset bars(int count, uint64_t seed) {
  Random random(seed);
  Dataset data;
  data.images = {count, 1, kSide, kSide, {}};
  for (int n = 0; n < count; ++n) {
    const int label = n % kClasses;
    for (int i = 0; i < kSide * kSide; ++i) {
      const bool bright = i / kSide / 3 == label;
      data.images.pixels.push_back(
          static_cast<uint8_t>((bright ? 120 : 40) + random.between(0, 80)));
    }
    data.labels.push_back(static_cast<uint8_t>(label));
  }
  return data;
}

struct Lesson {
  explicit Lesson(int cells) : config(named_config("yao2020")) {
    card.name = "pulsed";
    card.g_min_uS = 2.0;
    card.g_max_uS = 20.0;
    card.set_step_uS = 0.8;
    card.reset_step_uS = 0.8;
    card.read_noise = 0.01;
    card.programming_tolerance_uS = 0.4;
    network.name = "bars";
    network.input = {1, kSide, kSide};
    Layer& layer = network.layers.emplace_back();
    layer.type = LayerType::kFullyConnected;
    layer.name = "FC";
    layer.activation = Activation::kLogits;
    layer.kernels = kClasses;
    layer.cells = cells;
    layer.weights.assign(size_t{kClasses} * kSide * kSide, 0);
    layer.biases.assign(kClasses, 0);
    finish_network(network, network.name);
    set_random_weights(network.layers.back(), 3);
    MappingOptions mapping;
    mapping.limits = device_limits(card);
    mapped = map_network(network, config, mapping);
    settings.threshold = 0.4;
    settings.gain = 1.0;
    settings.rate = 0.1;
    settings.max_epochs = 60;
  }

  std::unique_ptr<ModelChip> chip(bool sealed = true) const {
    std::vector<Macro> macros = make_macros(config, card, 1);
    program_direct(macros, mapped.program);
    auto chip = std::make_unique<ModelChip>(config, mapped.program, std::move(macros));
    if (sealed) chip->seal();
    return chip;
  }
  Learner learner(TuningChip& on, const Dataset* test_images) const {
    return {on, network, mapped, config, card, training, test_images, settings};
  }

  ChipConfig config;
  DeviceCard card;
  Network network;
  MappedNetwork mapped;
  LearningSettings settings;
  Dataset training = bars(9, 5);
  Dataset test = bars(30, 6);
};

// From random cells to all training images right, with either rule, function, batch and number of
// cells, on a chip whose conductances nobody can read; the images of the test follow.
TEST(Learner, LearnsInSealedCells) {
  for (const int cells : {1, 2}) {
    for (const LearningRule rule : {LearningRule::kPulse, LearningRule::kVerify}) {
      for (const OutputFunction function : {OutputFunction::kTanh, OutputFunction::kSoftmax}) {
        for (const int batch : {0, 1, 4}) {
          SCOPED_TRACE(::testing::Message() << cells << " cells, rule " << rule_name(rule) << ", "
                                            << function_name(function) << ", batch " << batch);
          Lesson lesson(cells);
          lesson.settings.rule = rule;
          lesson.settings.function = function;
          lesson.settings.batch = batch;
          const auto chip = lesson.chip();
          Learner learner = lesson.learner(*chip, &lesson.test);
          while (learner.step()) {
          }
          const std::vector<LearningPoint>& points = learner.state().points;
          EXPECT_GT(points.front().errors, 0);
          EXPECT_EQ(points.back().errors, 0);
          EXPECT_LE(points.back().test_errors, 10);
          EXPECT_LT(points.back().epoch, lesson.settings.max_epochs);
        }
      }
    }
  }
}

// An iteration of the rule pulse gives each cell whose update counts one pulse, and no other cell
// any; the sign of the update is the direction. A second pass of the same kind stays off the cells
// of the second line of one-cell weights.
TEST(Learner, OnePulseACell) {
  Lesson lesson(1);
  lesson.settings.rule = LearningRule::kPulse;
  lesson.settings.threshold = 0.0;
  lesson.settings.max_epochs = 1;
  std::vector<Macro> macros = make_macros(lesson.config, lesson.card, 1);
  program_direct(macros, lesson.mapped.program);
  const std::vector<MacroState> before = [&] {
    std::vector<MacroState> states;
    for (const Macro& macro : macros) states.push_back(macro.save_state());
    return states;
  }();
  ModelChip chip(lesson.config, lesson.mapped.program, std::move(macros));
  Learner learner(chip, lesson.network, lesson.mapped, lesson.config, lesson.card, lesson.training,
                  nullptr, lesson.settings);
  while (learner.step()) {
  }
  const LearningWork work = learner.work();
  EXPECT_EQ(work.cells, kClasses * kSide * kSide);
  EXPECT_EQ(work.written.sets + work.written.resets, work.cells);
  EXPECT_EQ(work.written.reads, 2 * work.cells);
  EXPECT_GT(work.written.sets, 0);
  EXPECT_GT(work.written.resets, 0);
  std::set<CellAddress> learnt;
  for (const LearntCell& cell : learner.layer().cells) learnt.insert(cell.cell);
  EXPECT_EQ(learnt.size(), size_t{kClasses} * kSide * kSide);
  const std::vector<MacroState> after = chip.states();
  for (int pe = 0; pe < lesson.config.num_pe; ++pe) {
    const auto& states = after[static_cast<size_t>(pe)].cells;
    for (size_t cell = 0; cell < states.size(); ++cell) {
      const int line = static_cast<int>(cell) / lesson.config.num_bl();
      const int bit = static_cast<int>(cell) % lesson.config.num_bl();
      const uint32_t pulses =
          states[cell].pulses - before[static_cast<size_t>(pe)].cells[cell].pulses;
      EXPECT_EQ(pulses, learnt.contains({pe, line, bit}) ? 1U : 0U);
    }
  }
}

// Killed and continued behind every epoch, each time by way of the file's text.
TEST(Learner, ResumeGivesTheSameBits) {
  for (const LearningRule rule : {LearningRule::kPulse, LearningRule::kVerify}) {
    for (const int batch : {0, 4}) {
      SCOPED_TRACE(::testing::Message() << rule_name(rule) << ", batch " << batch);
      Lesson lesson(2);
      lesson.settings.rule = rule;
      lesson.settings.batch = batch;
      const auto straight_chip = lesson.chip(false);
      Learner straight = lesson.learner(*straight_chip, &lesson.test);
      while (straight.step()) {
      }
      const size_t points = straight.state().points.size();
      ASSERT_GT(points, 2U);
      std::string text;
      for (size_t epoch = 1; epoch <= points; ++epoch) {
        const auto chip = lesson.chip(false);
        Learner learner = lesson.learner(*chip, &lesson.test);
        if (!text.empty()) {
          LearningCheckpoint saved = parse_learning_checkpoint(text, "file");
          EXPECT_EQ(saved.run, "a run");
          ASSERT_EQ(saved.pictures.size(), 1U);
          EXPECT_EQ(saved.pictures[0].epoch, static_cast<int>(epoch) - 1);
          EXPECT_EQ(saved.pictures[0].conductances_uS, (std::vector<double>{0.1, 1.0 / 3.0}));
          chip->restore(saved.macros);
          learner.restore(std::move(saved.state));
        }
        EXPECT_EQ(learner.step(), epoch < points);
        text = to_text(LearningCheckpoint{"a run",
                                          learner.state(),
                                          {{static_cast<int>(epoch), {0.1, 1.0 / 3.0}}},
                                          chip->states()});
        if (epoch == points) {
          EXPECT_EQ(learner.state(), straight.state());
          EXPECT_EQ(chip->states(), straight_chip->states());
        }
      }
    }
  }
}

TEST(Learner, BadCheckpointsAreRefused) {
  const auto parse = [](const std::string& text) { parse_learning_checkpoint(text, "a.json"); };
  expect_error({"a.json", "not a checkpoint of learning"}, [&] { parse("{"); });
  expect_error({"a.json", "format", "\"x\"", "mcnn-learning-1"},
               [&] { parse("{\"format\": \"x\"}"); });
  Lesson lesson(1);
  const auto chip = lesson.chip();
  Learner learner = lesson.learner(*chip, nullptr);
  LearningState state;
  state.held = {1.0};
  expect_error({"found 1 cells", "none or 192"}, [&] { learner.restore(state); });
  state.held.clear();
  state.done = true;
  expect_error({"done", "no point"}, [&] { learner.restore(state); });
}

TEST(Learner, TestImagesDecideNothing) {
  for (const LearningRule rule : {LearningRule::kPulse, LearningRule::kVerify}) {
    Lesson lesson(1);
    lesson.settings.rule = rule;
    const auto chip_without = lesson.chip();
    Learner without = lesson.learner(*chip_without, nullptr);
    while (without.step()) {
    }
    Lesson other(1);
    other.settings = lesson.settings;
    std::ranges::fill(other.test.labels, uint8_t{0});
    const auto chip_with = other.chip();
    Learner with = other.learner(*chip_with, &other.test);
    while (with.step()) {
    }
    LearningState state = with.state();
    for (LearningPoint& point : state.points) {
      EXPECT_GE(point.test_errors, 0);
      point.test_errors = -1;
    }
    EXPECT_EQ(state, without.state());
  }
}

TEST(Learner, BadSettings) {
  Lesson lesson(1);
  const auto chip = lesson.chip();
  const auto refused = [&](const std::vector<std::string>& parts, const auto& change) {
    Lesson bad(1);
    change(bad.settings);
    expect_error(parts, [&] { bad.learner(*chip, nullptr); });
  };
  refused({"--batch", "found 10", "0..9"}, [](LearningSettings& s) { s.batch = 10; });
  refused({"--epochs", "found -1"}, [](LearningSettings& s) { s.max_epochs = -1; });
  refused({"--gain", "above 0"}, [](LearningSettings& s) { s.gain = 0.0; });
  refused({"--rate", "above 0"}, [](LearningSettings& s) { s.rate = -1.0; });
  refused({"--threshold", "below 1"}, [](LearningSettings& s) { s.threshold = 1.0; });
  refused({"--amplitude", "found 64", "0..63"}, [](LearningSettings& s) { s.amplitude = 64; });
  refused({"--wait", "not below 0"}, [](LearningSettings& s) { s.wait_s = -0.5; });
  expect_error({"--rule", "'both'", "pulse and verify"}, [] { learning_rule("both"); });
  expect_error({"--function", "'relu'", "tanh and softmax"}, [] { output_function("relu"); });
}

}  // namespace
}  // namespace mcnn::testing
