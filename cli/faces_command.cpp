// SPDX-License-Identifier: Apache-2.0
#include "cli/faces_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/output/progress.h"
#include "cli/report/learning_svg.h"
#include "cli/run/cpu_training.h"
#include "cli/run/engines.h"
#include "cli/run/learning_run.h"
#include "cli/run/provenance.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "common/si.h"
#include "host/network/faces.h"
#include "host/network/idx.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

struct FacesOptions {
  std::string faces;  // folder; empty: drawn
  std::string out = "build/faces";
  std::string device = "yao2020";
  int chips = 10;
  double cpu_W = 10.0;  // of a core, where the processor does not count
};

// One of the two published ways.
struct Way {
  std::string_view rule;
  std::string_view title;
  double gain = 1.0;
  double rate = 1.0;
  double threshold = 0.0;
};
constexpr std::array<Way, 2> kWays{{
    {"verify", "write-verify", 2.0, 0.3, 0.0},
    {"pulse", "without verify", 1.0, 1.0, 0.4},
}};
constexpr int kMostEpochs = 100;

constexpr std::array<double, 4> kNoise{0.0, 0.05, 0.1, 0.2};  // of the pixels of the test images

std::string reproduce(const FacesOptions& options) {
  std::string text = fmt::format("mcnn faces --device {} --chips {} --out {}",
                                 quoted(options.device), options.chips, quoted(options.out));
  return options.faces.empty() ? text : text + " --faces " + quoted(options.faces);
}

// What the chips of a way did.
struct Sum {
  std::vector<int> iterations;
  std::vector<double> test;   // right [%]
  std::vector<double> noisy;  // [noise] mean [%]
  int converged = 0;
  double pulses = 0.0;             // of a chip
  double iteration_pJ = 0.0;       // cells, mean over the chips
  double iteration_chip_pJ = 0.0;  // whole chip
};

std::string file_in(const FacesOptions& options, std::string_view name) {
  return (fs::path(options.out) / name).string();
}

void write_file(const FacesOptions& options, std::string_view name, std::string_view text) {
  OutputFile(file_in(options, name), "--out").commit(text);
}

void write_set(const FacesOptions& options, const std::string& name, const Dataset& data) {
  write_file(options, name + "-images.idx", idx_text(data.images));
  write_file(options, name + "-labels.idx", idx_text(data.labels));
}

LearnOptions learn_options(const FacesOptions& options, const Way& way, int chip) {
  LearnOptions learning;
  learning.workload.network = file_in(options, "network.json");
  learning.workload.images = file_in(options, "test-images.idx");
  learning.workload.labels = file_in(options, "test-labels.idx");
  learning.workload.device = options.device;
  learning.workload.seed = static_cast<std::uint64_t>(chip);
  learning.training.images = file_in(options, "training-images.idx");
  learning.training.labels = file_in(options, "training-labels.idx");
  learning.rule = way.rule;
  learning.settings.max_epochs = kMostEpochs;
  learning.settings.gain = way.gain;
  learning.settings.rate = way.rate;
  learning.settings.threshold = way.threshold;
  return learning;
}

// Images of a set that the chip has right [%].
double right_percent(Workload workload, const LearnRun& run, const Dataset& data) {
  std::vector<Macro> macros = make_macros(workload.config, workload.card, workload.options.seed);
  for (std::size_t pe = 0; pe < macros.size(); ++pe) macros[pe].restore(run.cells[pe]);
  workload.data = std::make_shared<const Dataset>(data);
  workload.first = 0;
  workload.count = static_cast<std::uint32_t>(data.images.count);
  Progress none("", 0);
  return 100.0 * run_model(workload, macros, 1, false, &none).accuracy();
}

Sum learn_way(const FacesOptions& options, const Way& way, const FaceSets& sets,
              Progress& progress) {
  Sum sum;
  sum.noisy.assign(kNoise.size(), 0.0);
  WorkloadLoader loader;
  for (int chip = 1; chip <= options.chips; ++chip) {
    if (interrupt_requested()) throw Interrupted{};
    LearnOptions learning = learn_options(options, way, chip);
    Workload workload = loader.load(learning.workload);
    const EnergyCard card = load_energy_cards(learning.card, workload.config);
    const LearningSettings settings =
        learning_settings(learning, workload, sets.training.images.count);
    const Provenance made = provenance(workload, learning.programming, reproduce(options));
    begin_learning(workload, learning);
    if (chip == 1) learning.picture = fmt::format("cells-{}.svg", way.rule);
    ProgrammedChip programmed = program_chip(workload, learning.programming, false, true);
    CheckpointFile none("", "");
    const LearnRun run = learn(workload, learning, settings, std::move(programmed), sets.training,
                               &sets.test, 1, none, true);
    const double chips = options.chips;
    const TuningCost cost = learning_cost(run.work, workload, card);
    const double iterations = std::max<double>(1.0, static_cast<double>(run.last().iterations));
    sum.iterations.push_back(static_cast<int>(run.last().iterations));
    sum.test.push_back(100.0 * (run.test_images - run.last().test_errors) / run.test_images);
    sum.converged += run.last().errors == 0 ? 1 : 0;
    sum.pulses += static_cast<double>(run.work.written.sets + run.work.written.resets) / chips;
    sum.iteration_pJ += cells_pJ(cost) / iterations / chips;
    sum.iteration_chip_pJ += cost.pJ() / iterations / chips;
    for (std::size_t n = 0; n < kNoise.size(); ++n) {
      const Dataset noisy = {
          with_random_pixels(sets.test.images, kNoise[n], static_cast<std::uint64_t>(chip)),
          sets.test.labels};
      sum.noisy[n] += right_percent(workload, run, noisy) / chips;
    }
    if (chip == 1) {
      const std::string title = fmt::format("faces, device {}, {}", options.device, way.title);
      write_file(options, fmt::format("curve-{}.svg", way.rule),
                 with_provenance(learning_svg(run, title), made));
      write_file(options, learning.picture,
                 with_provenance(learnt_cells_svg(run, workload, title), made));
    }
    progress.set_done(progress.done() + 1);
  }
  return sum;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value / static_cast<double>(values.size());
  return sum;
}

int least(const std::vector<int>& values) { return *std::ranges::min_element(values); }
int most(const std::vector<int>& values) { return *std::ranges::max_element(values); }

std::string energy(double pJ) { return si(pJ * 1e-12, "J"); }

struct FacesReport {
  const FacesOptions& options;
  const FaceSets& sets;
  std::array<Sum, kWays.size()> sums;
  CpuTraining cpu;

  double cpu_W() const { return cpu.package_W.value_or(options.cpu_W); }
  double cpu_iteration_pJ() const { return cpu_W() * cpu.iteration_s * 1e12; }
};

std::string faces_table(const FacesReport& report) {
  const FacesOptions& options = report.options;
  const FaceSets& sets = report.sets;
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out, "faces: {}{}; {} training and {} test images of {} x {} pixels\n",
      options.faces.empty() ? "drawn by this command: " : fmt::format("{}: ", options.faces),
      fmt::join(sets.persons, ", "), sets.training.images.count, sets.test.images.count,
      kFaceShape.height, kFaceShape.width);
  fmt::format_to(out, "{} chips each, device {}, one cell a weight, from random levels\n\n",
                 options.chips, options.device);
  fmt::format_to(out, "{:<36} {:>13} {:>16} {:>11}  {}\n", "", kWays[0].title, kWays[1].title,
                 "processor", "published");
  const auto line = [&](std::string_view what, const auto& of_chip, const std::string& of_cpu,
                        std::string_view published) {
    fmt::format_to(out, "{:<36} {:>13} {:>16} {:>11}  {}\n", what, of_chip(report.sums[0]),
                   of_chip(report.sums[1]), of_cpu, published);
  };
  line(
      "chips with all training images right",
      [&](const Sum& s) { return fmt::format("{} of {}", s.converged, options.chips); }, "",
      "all nine right (P)");
  line(
      "iterations, least to most",
      [](const Sum& s) { return fmt::format("{} to {}", least(s.iterations), most(s.iterations)); },
      fmt::format("{}", report.cpu.iterations), "");
  line(
      "test images right", [](const Sum& s) { return fmt::format("{:.1f} %", mean(s.test)); },
      fmt::format("{:.1f} %", 100.0 * (sets.test.images.count - report.cpu.test_errors) /
                                  sets.test.images.count),
      "close to a processor's (P)");
  line(
      "  the worst chip",
      [](const Sum& s) { return fmt::format("{:.1f} %", *std::ranges::min_element(s.test)); }, "",
      "");
  for (std::size_t n = 1; n < kNoise.size(); ++n) {
    line(
        fmt::format("  {:g} % of their pixels random", 100.0 * kNoise[n]),
        [n](const Sum& s) { return fmt::format("{:.1f} %", s.noisy[n]); }, "", "");
  }
  line(
      "pulses a chip", [](const Sum& s) { return fmt::format("{:.0f}", s.pulses); }, "", "");
  line(
      "energy an iteration: cells", [](const Sum& s) { return energy(s.iteration_pJ); },
      energy(report.cpu_iteration_pJ()), "");
  line(
      "  the whole chip", [](const Sum& s) { return energy(s.iteration_chip_pJ); }, "", "");
  line(
      "  processor / cells",
      [&](const Sum& s) {
        return fmt::format("{:.0f}", report.cpu_iteration_pJ() / s.iteration_pJ);
      },
      "", "1000, a Xeon Phi (P)");
  fmt::format_to(out, "\nprocessor: this machine, one thread, floating point, {} an iteration, ",
                 si(report.cpu.iteration_s, "s"));
  text +=
      report.cpu.package_W
          ? fmt::format("{:.1f} W counted by it (RAPL, the whole package)\n", *report.cpu.package_W)
          : fmt::format("{:g} W a core assumed (--cpu-power): it does not tell its energy\n",
                        options.cpu_W);
  text +=
      "(P): read in the primary text, Nature Communications 8, 15199 (2017). Everything of the "
      "chip is simulated.\n";
  return text;
}

std::string faces_json(const FacesReport& report) {
  nlohmann::ordered_json file;
  file["faces"] = report.options.faces.empty() ? "drawn" : report.options.faces;
  file["device"] = report.options.device;
  file["chips"] = report.options.chips;
  for (std::size_t i = 0; i < kWays.size(); ++i) {
    const Sum& sum = report.sums[i];
    file[std::string(kWays[i].rule)] = {{"converged", sum.converged},
                                        {"iterations", sum.iterations},
                                        {"test_percent", sum.test},
                                        {"noise", kNoise},
                                        {"noisy_percent", sum.noisy},
                                        {"pulses", sum.pulses},
                                        {"iteration_cells_pJ", sum.iteration_pJ},
                                        {"iteration_chip_pJ", sum.iteration_chip_pJ}};
  }
  file["processor"] = {{"iterations", report.cpu.iterations},
                       {"test_errors", report.cpu.test_errors},
                       {"iteration_s", report.cpu.iteration_s},
                       {"W", report.cpu_W()},
                       {"W_counted", report.cpu.package_W.has_value()}};
  return file.dump(2) + "\n";
}

int run_faces(const FacesOptions& options) {
  if (options.chips < 1 || options.chips > 1000) {
    throw Error(fmt::format("--chips: found {}, allowed is 1..1000", options.chips));
  }
  if (!(options.cpu_W > 0.0)) {
    throw Error(fmt::format("--cpu-power: found {}, allowed is a number above 0", options.cpu_W));
  }
  const FaceSets sets =
      face_sets(options.faces.empty() ? drawn_faces() : read_faces(options.faces));
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) throw Error(fmt::format("--out: {}: {}", options.out, error.message()));
  write_set(options, "training", sets.training);
  write_set(options, "test", sets.test);
  write_file(options, "network.json", network_to_json(face_network()));
  install_interrupt_handler();
  FacesReport report{options, sets, {}, train_on_cpu(sets.training, sets.test, kFacePersons, 1)};
  {
    Progress progress("learning", kWays.size() * static_cast<std::uint64_t>(options.chips),
                      "chips");
    for (std::size_t i = 0; i < kWays.size(); ++i) {
      report.sums[i] = learn_way(options, kWays[i], sets, progress);
    }
  }
  write_file(options, "result.json", faces_json(report));
  fmt::print("{}", faces_table(report));
  fmt::print("wrote {}: images, network, cells and curves of the first chip, result.json\n",
             options.out);
  return 0;
}

}  // namespace

Command faces_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "faces", "Learn faces in the cells: ten chips each way, beside this processor");
  add_examples(command, {{"mcnn faces", "faces that it draws"},
                         {"mcnn faces --faces yale --out build/yale",
                          "files subject01.happy, ..., or a folder for each person"}});
  auto options = std::make_shared<FacesOptions>();
  begin_group(command, kImagesGroup);
  command
      .add_option("--faces", options->faces,
                  "Folder of pictures, a folder a person or files PERSON.CONDITION; the first "
                  "three persons with 11 or more (default: drawn)")
      ->type_name("DIR");
  begin_group(command, kRunGroup);
  command.add_option("--chips", options->chips, "Chips of each way, seeds 1, 2, ...")
      ->capture_default_str();
  command.add_option("--device", options->device, "Device card")->capture_default_str();
  command
      .add_option("--cpu-power", options->cpu_W,
                  "Of a core, where the processor does not tell its energy [W]")
      ->capture_default_str();
  begin_group(command, kFilesGroup);
  command.add_option("--out", options->out, "Folder for images, network, pictures, result")
      ->type_name("DIR")
      ->capture_default_str();
  return {&command, [options] { return run_faces(*options); }};
}

}  // namespace mcnn::cli
