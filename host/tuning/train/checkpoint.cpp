// SPDX-License-Identifier: Apache-2.0
#include "host/tuning/train/checkpoint.h"

#include <fmt/format.h>

#include <filesystem>

#include "common/error.h"

namespace mcnn::train {
namespace {

using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

void write(OutputArchive& archive, const std::string& name, const State& state) {
  OutputArchive part(archive.compilation_unit());
  for (const auto& [key, tensor] : state) {
    std::string flat = key;
    for (char& letter : flat) letter = letter == '.' ? '_' : letter;
    part.write(flat, tensor);
  }
  archive.write(name, part);
}

State read(InputArchive& archive, const std::string& name) {
  InputArchive part;
  State state;
  if (!archive.try_read(name, part)) return state;
  for (std::string key : part.keys()) {
    torch::Tensor tensor;
    part.read(key, tensor);
    key[key.find('_')] = '.';
    state[key] = tensor;
  }
  return state;
}

c10::IValue value(InputArchive& archive, const std::string& name) {
  c10::IValue result;
  archive.read(name, result);
  return result;
}

}  // namespace

void save_checkpoint(const std::string& path, const Checkpoint& checkpoint,
                     const torch::optim::Optimizer& optimiser) {
  OutputArchive archive;
  archive.write("phase", c10::IValue(checkpoint.phase));
  archive.write("epochs", c10::IValue(checkpoint.epochs));
  archive.write("settings", c10::IValue(checkpoint.settings));
  archive.write("best", c10::IValue(checkpoint.best));
  archive.write("best_score", c10::IValue(checkpoint.best_score));
  archive.write("seconds", c10::IValue(checkpoint.seconds));
  archive.write("generator", checkpoint.generator);
  write(archive, "model", checkpoint.model);
  write(archive, "averaged", checkpoint.averaged);
  OutputArchive part(archive.compilation_unit());
  optimiser.save(part);
  archive.write("optimiser", part);
  const std::string partial = path + ".tmp";
  archive.save_to(partial);
  std::filesystem::rename(partial, path);
}

std::optional<Checkpoint> load_checkpoint(const std::string& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    InputArchive archive;
    archive.load_from(path);
    Checkpoint checkpoint;
    checkpoint.phase = static_cast<int>(value(archive, "phase").toInt());
    checkpoint.epochs = static_cast<int>(value(archive, "epochs").toInt());
    checkpoint.settings = value(archive, "settings").toStringRef();
    checkpoint.best = value(archive, "best").toStringRef();
    checkpoint.best_score = value(archive, "best_score").toDouble();
    checkpoint.seconds = value(archive, "seconds").toDouble();
    archive.read("generator", checkpoint.generator);
    checkpoint.model = read(archive, "model");
    checkpoint.averaged = read(archive, "averaged");
    return checkpoint;
  } catch (const c10::Error& error) {
    throw Error(fmt::format("{}: found what is no checkpoint of this trainer ({})", path,
                            error.what_without_backtrace()));
  }
}

void load_optimiser(const std::string& path, torch::optim::Optimizer& optimiser) {
  InputArchive archive;
  archive.load_from(path);
  InputArchive part;
  archive.read("optimiser", part);
  optimiser.load(part);
}

}  // namespace mcnn::train
