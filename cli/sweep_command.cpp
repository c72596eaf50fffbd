// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/help.h"
#include "cli/output/output_file.h"
#include "cli/run/provenance.h"
#include "cli/run/workload.h"
#include "cli/sweep/gnuplot.h"
#include "cli/sweep/shard.h"
#include "cli/sweep/submit.h"
#include "cli/sweep/sweep.h"
#include "cli/sweep/sweep_file.h"
#include "cli/sweep/sweep_plan.h"
#include "cli/sweep/sweep_plot.h"
#include "cli/sweep/sweep_report.h"
#include "cli/sweep/sweep_runs.h"
#include "common/error.h"
#include "common/interrupt.h"
#include "common/text_file.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kNotWhole = 1;  // status of --status when shards are missing

void write_plot(const Sweep& sweep, const SweepFile& rows, const Provenance& made,
                const std::string& path) {
  OutputFile file(path, "--plot");
  const std::string script = plot_script(sweep, rows.rows(), file.temporary_path().string());
  const std::optional<int> status = run_gnuplot(script);
  std::error_code ignored;
  if (!status || *status != 0 || fs::file_size(file.temporary_path(), ignored) == 0) {
    throw Error(fmt::format("--plot: gnuplot could not draw '{}'", path));
  }
  file.commit(with_provenance(read_text(file.temporary_path()), made));
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
  std::string shard;
  std::string submit;
  std::int64_t shards = 0;  // 0: not given
  bool status = false;
  std::vector<std::string> merge;  // "merge" and the files of the shards
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

// The words behind `mcnn` that give rows again, but for the file that they are written to; `only`:
// these sweeps of the plan.
std::vector<std::string> sweep_words(const SweepOptions& options,
                                     const std::vector<std::string>& only) {
  std::vector<std::string> words = {"sweep"};
  const auto add = [&words](const std::string& option, const std::string& value) {
    words.insert(words.end(), {"--" + option, value});
  };
  if (!options.plan.empty()) {
    add("plan", options.plan);
    if (!only.empty()) add("only", fmt::format("{}", fmt::join(only, ",")));
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
  return words;
}

std::string reproduce(const SweepOptions& options, const Sweep& sweep) {
  std::string text = "mcnn";
  for (const std::string& word : sweep_words(options, {sweep.name})) {
    text += ' ';
    text += quoted(word);
  }
  return text;
}

// mcnn sweep merge FILE... --out FILE.
int merge(const SweepOptions& options) {
  if (options.merge.front() != "merge") {
    throw Error(
        fmt::format("found '{}', allowed are options and merge FILE...", options.merge.front()));
  }
  if (options.out.empty()) throw Error("--out: missing, needed is a file (CSV)");
  OutputFile file(options.out, "--out");
  const std::vector<fs::path> shards(options.merge.begin() + 1, options.merge.end());
  file.commit(merge_shards(shards));
  fmt::print("{} shard{} merged\nwrote {}\n", shards.size(), shards.size() == 1 ? "" : "s",
             options.out);
  return 0;
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

void check_shards(const SweepOptions& options) {
  const bool asked = !options.submit.empty() || options.status;
  if (asked != (options.shards != 0)) {
    throw Error(fmt::format(
        "--shards: found {}, {}", options.shards,
        asked ? "--submit and --status need it" : "it belongs to --submit and --status"));
  }
  if (asked && (options.shards < 2 || options.shards > static_cast<std::int64_t>(kMaxShards))) {
    throw Error(fmt::format("--shards: found {}, allowed is 2..{}", options.shards, kMaxShards));
  }
  if (!options.submit.empty()) check_cluster(options.submit, "--submit");
  if (!options.submit.empty() && options.status) {
    throw Error("--status: found with --submit, allowed is one of them");
  }
  if (asked && !options.shard.empty()) {
    throw Error("--shard: found with --shards, allowed is one of them");
  }
  if (asked && options.out.empty()) throw Error("--out: missing, --shards needs it");
}

// Writes the job file and hands it to the cluster.
int submit_sweeps(const SweepOptions& options, const std::vector<Sweep>& sweeps) {
  const auto shards = static_cast<std::uint64_t>(options.shards);
  if (options.restart) {
    for (const Sweep& sweep : sweeps) {
      for (std::uint64_t i = 0; i < shards; ++i) {
        remove_shard(shard_path(path_for(options, options.out, sweep, ".csv"), {i, shards}));
      }
    }
  }
  fs::path job = options.plan.empty() ? fs::path(options.out) : fs::path(options.out) / "sweep";
  job.replace_extension(".job");
  std::vector<std::string> words = sweep_words(options, options.only);
  words.insert(words.end(), {"--jobs", std::to_string(std::max<std::int64_t>(options.jobs, 1)),
                             "--out", options.out});
  OutputFile(job, "--out").commit(job_text(words, shards));
  fmt::print("wrote {}\n", job.string());
  submit(options.submit, job, shards, "--submit");
  return 0;
}

// Prints how far the shards are. When all are whole: puts them together and returns true.
bool merge_when_whole(const SweepOptions& options, const std::vector<Sweep>& sweeps) {
  const auto shards = static_cast<std::uint64_t>(options.shards);
  bool whole = true;
  for (const Sweep& sweep : sweeps) {
    const fs::path path = path_for(options, options.out, sweep, ".csv");
    std::vector<fs::path> files;
    std::string table;
    std::uint64_t done = 0;
    std::uint64_t done_shards = 0;
    for (std::uint64_t i = 0; i < shards; ++i) {
      files.push_back(shard_path(path, {i, shards}));
      const ShardProgress shard =
          shard_progress(files.back(), {i, shards}, sweep.runs(), sweep_head(sweep));
      done += shard.done;
      if (shard.whole) {
        ++done_shards;
        continue;
      }
      table += fmt::format("  shard {:>5}  {:>8} of {}", i, shard.done, shard.runs);
      if (shard.attempts > 1) table += fmt::format(", attempt {}", shard.attempts);
      table += shard.idle_s ? fmt::format(", last row {:.0f} s ago\n", *shard.idle_s)
                            : std::string(", not begun\n");
    }
    fmt::print("{}: {} of {} runs, {} of {} shards done\n{}", sweep.name, done, sweep.runs(),
               done_shards, shards, table);
    if (done_shards < shards) {
      whole = false;
      continue;
    }
    OutputFile file(path, "--out");
    file.commit(merge_shards(files));
    fmt::print("{} shards merged\n\n", shards);
  }
  return whole;
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
  command
      .add_option("--shard", options.shard,
                  "Only runs I, I+N, I+2N, ... into a file of their own, rows.I-of-N.csv")
      ->type_name("I/N");
  command
      .add_option("--submit", options.submit,
                  "Write the job file of --shards shards and hand it to a cluster: slurm, lsf, "
                  "grid_engine (scripts/cluster), or local")
      ->type_name("CLUSTER");
  command.add_option("--shards", options.shards, "Number of shards of --submit and --status");
  command.add_flag("--status", options.status,
                   "How far the --shards shards are; when all are done, put them together");
  command
      .add_option("merge", options.merge,
                  "merge FILE...: put the files of all shards together into --out")
      ->type_name("FILE");
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
  if (!options.merge.empty()) return merge(options);
  const Shard shard = options.shard.empty() ? Shard{} : parse_shard(options.shard, "--shard");
  check_shards(options);
  if ((shard.is_part() || !options.submit.empty()) && !options.plot.empty()) {
    throw Error(
        "--plot: found with --shard or --submit, allowed is a plot of all rows: merge them first");
  }
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
  if (options.status && !merge_when_whole(options, sweeps)) return kNotWhole;
  install_interrupt_handler();

  WorkloadLoader loader;
  std::vector<CheckedSweep> checked;
  checked.reserve(sweeps.size());
  for (const Sweep& sweep : sweeps) {
    checked.push_back(check_runs(sweep, loader, reproduce(options, sweep)));
    checked.back().origin.shard = shard;
  }

  if (!options.plan.empty()) {
    make_folder(options.out, "--out");
    if (!options.plot.empty()) make_folder(options.plot, "--plot");
  }
  if (!options.submit.empty()) return submit_sweeps(options, sweeps);
  std::vector<std::unique_ptr<SweepFile>> files;
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    const fs::path path = path_for(options, options.out, sweeps[i], ".csv");
    files.push_back(std::make_unique<SweepFile>(shard_path(path, shard), sweeps[i],
                                                checked[i].origin, options.restart));
  }

  const auto start = std::chrono::steady_clock::now();
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    const Sweep& sweep = sweeps[i];
    SweepFile& file = *files[i];
    const std::uint64_t before = file.rows().size();
    const auto sweep_start = std::chrono::steady_clock::now();
    try {
      run_missing(sweep, file, loader, checked[i].images_a_run, jobs,
                  sweeps.size() == 1 ? sweep.name
                                     : fmt::format("{} ({}/{})", sweep.name, i + 1, sweeps.size()));
    } catch (const Interrupted&) {
      fmt::print(stderr, "mcnn: {} of {} runs are in {}; the same command goes on from there\n",
                 file.rows().size(), file.runs(), file.path().string());
      throw;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - sweep_start;
    done += file.runs() - before;
    fmt::print("{}: {} runs, {} of them now in {:.1f} s on {} thread{}\n\n{}\nwrote {}\n",
               sweep.title.empty() ? sweep.name : sweep.title, file.runs(), file.runs() - before,
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
                 "the sweeps of a file, a folder of rows and plots"},
                {"mcnn sweep --vary seed=1:100 --shard 3/8 --out build/chips.csv",
                 "an eighth of a sweep, for one of eight machines"},
                {"mcnn sweep merge build/chips.*-of-8.csv --out build/chips.csv",
                 "and all of it from their files"},
                {"mcnn sweep --vary seed=1:100 --out build/chips.csv --shards 8 --submit slurm",
                 "the same as an array job; --status instead of --submit shows how far it is"}});
  auto options = std::make_shared<SweepOptions>();
  add_sweep_options(command, *options);
  return {&command, [options] { return run_sweeps(*options); }};
}

}  // namespace mcnn::cli
