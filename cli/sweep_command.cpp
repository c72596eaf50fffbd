// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/output/progress.h"
#include "cli/run/engines.h"
#include "cli/run/programming.h"
#include "cli/run/provenance.h"
#include "cli/run/workload.h"
#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"
#include "cli/sweep/sweep_plot.h"
#include "cli/sweep/sweep_report.h"
#include "common/error.h"
#include "common/fingerprint.h"
#include "common/interrupt.h"
#include "host/programming/cells_file.h"
#include "host/programming/closed_loop.h"
#include "host/programming/fault_map.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

// ------------------------------------------------------------------------------------------------
// gnuplot

// Runs gnuplot on a script; its exit status, or none if there is no such program.
std::optional<int> run_gnuplot(const std::string& script) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> input(std::tmpfile(), std::fclose);
  if (!input) throw Error("--plot: cannot make a temporary file");
  std::fputs(script.c_str(), input.get());
  std::rewind(input.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
  std::string name = "gnuplot";
  std::string defaults = "-d";  // no settings of the user's
  std::string standard_input = "-";
  char* argv[] = {name.data(), defaults.data(), standard_input.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::nullopt;
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  const int status = WIFEXITED(state) ? WEXITSTATUS(state) : 128;
  if (status == 127) return std::nullopt;
  return status;
}

void check_gnuplot() {
  if (!run_gnuplot("")) {
    throw Error("--plot: found no gnuplot; install the package gnuplot-nox, or leave --plot out");
  }
}

void write_plot(const Sweep& sweep, const SweepFile& rows, const Provenance& made,
                const std::string& path) {
  OutputFile file(path, "--plot");
  const std::string script = plot_script(sweep, rows.rows(), file.temporary_path().string());
  const std::optional<int> status = run_gnuplot(script);
  std::error_code ignored;
  if (!status || *status != 0 || fs::file_size(file.temporary_path(), ignored) == 0) {
    throw Error(fmt::format("--plot: gnuplot could not draw '{}'", path));
  }
  std::ostringstream svg;
  svg << std::ifstream(file.temporary_path(), std::ios::binary).rdbuf();
  file.commit(with_provenance(svg.str(), made));
}

struct SweepOptions {
  std::map<std::string, std::string> options;  // options of a run that were given, by key
  std::vector<std::string> set;
  std::vector<std::string> vary;
  std::vector<std::string> sample;
  std::int64_t runs = 0;  // 0: not given
  std::int64_t sample_seed = 1;
  std::string plan;
  std::vector<std::string> only;
  std::string out;
  std::string plot;
  std::int64_t jobs = 0;
  bool restart = false;
  bool list = false;
};

// ------------------------------------------------------------------------------------------------
// plans and their files

std::vector<Sweep> chosen_sweeps(const SweepOptions& options) {
  Settings given;
  for (const std::string& key : option_keys()) {
    const auto found = options.options.find(key);
    if (found == options.options.end()) continue;
    if (found->second.empty()) throw Error(fmt::format("--{}: found no value", key));
    given.push_back({key, found->second});
  }
  for (const std::string& text : options.set) {
    const Setting setting = parse_setting(text, "--set");
    if (find_setting(given, setting.key) != nullptr) {
      throw Error(fmt::format("--set: {} is set twice, allowed is once", setting.key));
    }
    given.push_back(setting);
  }
  if (!options.plan.empty()) {
    if (!options.vary.empty() || !options.sample.empty() || options.runs != 0) {
      throw Error("--plan: --vary, --sample and --runs belong into the plan");
    }
    std::vector<Sweep> sweeps = load_plan(options.plan, given);
    if (options.only.empty()) return sweeps;
    std::vector<Sweep> chosen;
    for (const std::string& name : options.only) {
      const auto found = std::ranges::find(sweeps, name, &Sweep::name);
      if (found == sweeps.end()) {
        std::vector<std::string> names;
        for (const Sweep& sweep : sweeps) names.push_back(sweep.name);
        throw Error(
            fmt::format("--only: found '{}', allowed are {}", name, fmt::join(names, ", ")));
      }
      chosen.push_back(*found);
    }
    return chosen;
  }
  if (!options.only.empty()) throw Error("--only: needs --plan");
  Sweep sweep;
  sweep.name = "sweep";
  sweep.fixed = given;
  for (const std::string& text : options.vary) sweep.axes.push_back(parse_axis(text, "--vary"));
  for (const std::string& text : options.sample)
    sweep.draws.push_back(parse_draw(text, "--sample"));
  if (options.runs < 0 || (options.runs == 0 && !sweep.draws.empty())) {
    throw Error(
        fmt::format("--runs: found {}, allowed is 1 or more, and --sample needs it", options.runs));
  }
  if (options.runs > 0) sweep.samples = static_cast<std::uint64_t>(options.runs);
  if (options.sample_seed < 0) {
    throw Error(fmt::format("--sample-seed: found {}, allowed is 0 or more", options.sample_seed));
  }
  sweep.sample_seed = static_cast<std::uint64_t>(options.sample_seed);
  check_sweep(sweep, "sweep");
  return {sweep};
}

// The command that gives the rows of a sweep again, but for the file that they are written to.
std::string reproduce(const SweepOptions& options, const Sweep& sweep) {
  std::string text = "mcnn sweep";
  const auto add = [&text](const std::string& option, const std::string& value) {
    text += fmt::format(" --{} {}", option, quoted(value));
  };
  if (!options.plan.empty()) {
    add("plan", options.plan);
    add("only", sweep.name);
  }
  for (const std::string& axis : options.vary) add("vary", axis);
  for (const std::string& draw : options.sample) add("sample", draw);
  if (options.runs != 0) add("runs", std::to_string(options.runs));
  const SweepOptions defaults;
  if (options.sample_seed != defaults.sample_seed) {
    add("sample-seed", std::to_string(options.sample_seed));
  }
  for (const auto& [key, value] : options.options) {
    std::string name = key;
    std::ranges::replace(name, '_', '-');
    add(name, value);
  }
  for (const std::string& setting : options.set) add("set", setting);
  return text;
}

// With a plan the paths are folders that hold a file for each sweep.
std::string path_for(const SweepOptions& options, const std::string& path, const Sweep& sweep,
                     std::string_view suffix) {
  if (options.plan.empty()) return path;
  return (fs::path(path) / (sweep.name + std::string(suffix))).string();
}

void make_folder(const std::string& path, std::string_view option) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw Error(fmt::format("{}: cannot make the folder '{}': {}", option, path, error.message()));
  }
}

struct CheckedSweep {
  std::vector<std::uint32_t> images;  // of each run
  Provenance made;
  SweepOrigin origin;
};

// Loads the workload of every run, so that a bad value is found before the first one starts, and
// adds up the files that they are made of: a sum does not depend on where the files are.
CheckedSweep check_runs(const Sweep& sweep, WorkloadLoader& loader, const std::string& command) {
  CheckedSweep checked;
  std::set<std::string> files;
  bool calibrates = false;
  for (std::uint64_t run = 0; run < sweep.runs(); ++run) {
    if (interrupt_requested()) throw Interrupted{};
    try {
      const RunOptions options = run_options(sweep.settings(run));
      options.programming.check();
      calibrates = calibrates || options.programming.calibrate;
      const Workload workload = loader.load(options.workload);
      const Provenance row = provenance(workload, options.programming, command);
      if (run == 0) checked.made = row;
      checked.made.add_row(row);
      if (options.tuned) {
        const Dataset training = load_training(options.tune, loader);
        tuning_settings(options.tune, workload, training.images.count);
      }
      const bool loop = options.programming.program == "loop" && !options.programming.calibrate;
      if (!options.programming.load_cells.empty()) {
        files.insert(options.programming.load_cells);
        const CellsFile cells = load_cells_file(options.programming.load_cells);
        const MappedNetwork mapped =
            cells.faults ? move_blocks(workload.mapped, workload.config, *cells.faults)
                         : workload.mapped;
        check_cells_file(cells, options.programming.load_cells, workload.config, workload.card,
                         workload.options.seed, mapped.program);
      } else if (loop) {
        cell_entries(
            workload.mapped.program, workload.config, workload.card,
            program_settings(workload.card, workload.config).range);  // refuses what does not fit
      }
      checked.images.push_back(workload.count);
    } catch (const Error& error) {
      throw Error(fmt::format("sweep {}, run {}: {}", sweep.name, run, error.what()));
    }
  }
  files.merge(loader.take_files());
  const std::string subset = data_folder() + "/mnist/train6k-images-idx3-ubyte.gz";
  if (calibrates && fs::exists(subset)) files.insert(subset);  // what the calibration counts on
  for (const std::string& file : files) checked.origin.inputs += file_fingerprint(file);
  checked.origin.program = file_fingerprint("/proc/self/exe");
  checked.origin.provenance = csv_comment(checked.made);
  return checked;
}

RunResult run_one(Workload workload, const Dataset& training, const RunOptions& options,
                  Progress& progress) {
  ProgrammedChip chip = program_chip(workload, options.programming, false, true);
  ProgramCounters work;
  if (chip.refresh) work += chip.refresh->programming;
  if (chip.loop) work += chip.loop->counters();
  if (chip.faults) work += chip.faults->counters;
  if (options.tuned) work += tune_on_model(workload, options.tune, training, chip, 1);
  const EngineRun run = run_model(workload, chip.macros, 1, false, &progress);
  ReadCounts counts;
  for (const ReadCounts& row : run.rows) counts += row;
  RunResult result;
  result.pulses = static_cast<std::uint64_t>(work.sets + work.resets);
  result.images = run.images.size();
  result.correct = run.correct;
  if (counts.conversions > 0) {
    result.clipped = static_cast<double>(counts.clipped_low + counts.clipped_high) /
                     static_cast<double>(counts.conversions);
  }
  return result;
}

// Runs what is missing in the file, one run a thread.
void run_missing(const Sweep& sweep, SweepFile& file, WorkloadLoader& loader,
                 const std::vector<std::uint32_t>& images, unsigned jobs,
                 const std::string& title) {
  std::vector<std::uint64_t> missing;
  std::uint64_t total = 0;
  for (std::uint64_t run = 0; run < sweep.runs(); ++run) {
    if (file.has(run)) continue;
    missing.push_back(run);
    total += images[run];
  }
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::exception_ptr failure;
  Progress progress(title, total);
  {
    std::vector<std::jthread> threads;
    for (unsigned job = 0; job < std::min<std::size_t>(jobs, missing.size()); ++job) {
      threads.emplace_back([&] {
        try {
          while (!stop) {
            const std::size_t index = next++;
            if (index >= missing.size()) break;
            const std::uint64_t run = missing[index];
            const RunOptions options = run_options(sweep.settings(run));
            std::unique_lock lock(mutex);
            Workload workload = loader.load(options.workload);
            Dataset training;
            if (options.tuned) training = load_training(options.tune, loader);
            lock.unlock();
            RunResult result;
            try {
              result = run_one(std::move(workload), training, options, progress);
            } catch (const Error& error) {
              throw Error(fmt::format("sweep {}, run {}: {}", sweep.name, run, error.what()));
            }
            file.add(run, result);
          }
        } catch (...) {
          stop = true;
          const std::scoped_lock lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
  file.finish();
}

void list_runs(const std::vector<Sweep>& sweeps) {
  for (const Sweep& sweep : sweeps) {
    for (std::uint64_t run = 0; run < sweep.runs(); ++run) {
      fmt::print("{}\n", run_command(sweep.settings(run)));
    }
  }
}

void add_sweep_options(CLI::App& command, SweepOptions& options) {
  begin_group(command, "What varies");
  command
      .add_option("--vary", options.vary,
                  "key=v1,v2,... or key=first:last[:step]: run every combination; may be repeated")
      ->type_name("KEY=VALUES")
      ->allow_extra_args(false);
  command
      .add_option(
          "--sample", options.sample,
          "key=uniform(low,high), log(low,high) or normal(mean,sigma[,low,high]): drawn for "
          "each of --runs samples; may be repeated")
      ->type_name("KEY=DRAW")
      ->allow_extra_args(false);
  command.add_option("--runs", options.runs, "Number of samples");
  command.add_option("--sample-seed", options.sample_seed, "Seed of the draws")
      ->capture_default_str();
  command.add_option("--plan", options.plan, "Sweeps of a file (TOML) instead")->type_name("FILE");
  command.add_option("--only", options.only, "Of the plan only these sweeps")
      ->type_name("NAME,NAME,...")
      ->delimiter(',');
  add_jobs_option(command, options.jobs);
  command.add_flag("--restart", options.restart, "Drop the rows that are there");
  command.add_flag("--list", options.list, "Print the command of every run and stop");
  add_file_option(command, "--out", options.out,
                  "Rows (CSV); what is there already is not run again. With --plan: a folder");
  add_file_option(command, "--plot", options.plot,
                  "Plot (SVG, needs gnuplot). With --plan: a folder");
  begin_group(command, "Of every run");
  command
      .add_option("--set", options.set,
                  "A field of the device card or an option of mcnn model or tune; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  for (const std::string& key : option_keys()) {
    std::string name = "--" + key;
    std::ranges::replace(name, '_', '-');
    command.add_option_function<std::string>(
        name, [&options, key](const std::string& value) { options.options[key] = value; },
        "As in mcnn model and mcnn tune");
  }
}

int run_sweeps(const SweepOptions& options) {
  const unsigned jobs = number_of_jobs(options.jobs);
  const std::vector<Sweep> sweeps = chosen_sweeps(options);
  if (options.list) {
    list_runs(sweeps);
    return 0;
  }
  if (options.out.empty()) {
    throw Error(fmt::format("--out: missing, needed is a {}",
                            options.plan.empty() ? "file (CSV)" : "folder"));
  }
  if (!options.plot.empty()) {
    for (const Sweep& sweep : sweeps) check_plot(sweep, fmt::format("--plot: {}", sweep.name));
    check_gnuplot();
  }
  install_interrupt_handler();

  WorkloadLoader loader;
  std::vector<CheckedSweep> checked;
  checked.reserve(sweeps.size());
  for (const Sweep& sweep : sweeps) {
    checked.push_back(check_runs(sweep, loader, reproduce(options, sweep)));
  }

  if (!options.plan.empty()) {
    make_folder(options.out, "--out");
    if (!options.plot.empty()) make_folder(options.plot, "--plot");
  }
  std::vector<std::unique_ptr<SweepFile>> files;
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    files.push_back(std::make_unique<SweepFile>(path_for(options, options.out, sweeps[i], ".csv"),
                                                sweeps[i], checked[i].origin, options.restart));
  }

  const auto start = std::chrono::steady_clock::now();
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    const Sweep& sweep = sweeps[i];
    SweepFile& file = *files[i];
    const std::uint64_t before = file.rows().size();
    const auto sweep_start = std::chrono::steady_clock::now();
    try {
      run_missing(sweep, file, loader, checked[i].images, jobs,
                  sweeps.size() == 1 ? sweep.name
                                     : fmt::format("{} ({}/{})", sweep.name, i + 1, sweeps.size()));
    } catch (const Interrupted&) {
      fmt::print(stderr, "mcnn: {} of {} runs are in {}; the same command goes on from there\n",
                 file.rows().size(), sweep.runs(), file.path().string());
      throw;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - sweep_start;
    done += sweep.runs() - before;
    fmt::print("{}: {} runs, {} of them now in {:.1f} s on {} thread{}\n\n{}\nwrote {}\n",
               sweep.title.empty() ? sweep.name : sweep.title, sweep.runs(), sweep.runs() - before,
               elapsed.count(), jobs, jobs == 1 ? "" : "s",
               summary_table(sweep, summarise(sweep, file.rows())), file.path().string());
    if (!options.plot.empty()) {
      const std::string svg = path_for(options, options.plot, sweep, ".svg");
      write_plot(sweep, file, checked[i].made, svg);
      fmt::print("wrote {}\n", svg);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
  if (sweeps.size() > 1) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    fmt::print("{} sweeps, {} runs now in {:.0f} s\n", sweeps.size(), done, elapsed.count());
  }
  return 0;
}

}  // namespace

Command sweep_command(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("sweep", "Accuracy over many settings, on the chip model");
  add_examples(command,
               {{"mcnn sweep --vary read_noise=0,0.05,0.1 --vary seed=1:10 --out noise.csv",
                 "thirty chips, a row a chip; killed, the same command goes on"},
                {"mcnn sweep --sample \"read_noise=log(0.003,0.1)\" --runs 200 --out chips.csv",
                 "chips drawn at random"},
                {"mcnn sweep --plan sweeps/default.toml --out build/sweep --plot build/sweep",
                 "the sweeps of a file, a folder of rows and plots"}});
  auto options = std::make_shared<SweepOptions>();
  add_sweep_options(command, *options);
  return {&command, [options] { return run_sweeps(*options); }};
}

}  // namespace mcnn::cli
