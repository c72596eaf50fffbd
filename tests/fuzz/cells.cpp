// SPDX-License-Identifier: Apache-2.0
// Files of programmed cells and of a run of tuning. One that is read is written and read again; a
// macro takes the cells or refuses them.
#include <algorithm>

#include "host/programming/cells_file.h"
#include "host/tuning/checkpoint.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {

void cells_file(Bytes bytes) {
  CellsFile file;
  if (!takes("fuzz.json", [&] { file = parse_cells_file(text_of(bytes), "fuzz.json"); })) return;
  const CellsFile again = parse_cells_file(to_text(file), "fuzz.json");
  require(again.states == file.states && again.card == file.card && again.faults == file.faults &&
              again.seed == file.seed,
          "written and read again");
  if (file.states.empty() || file.states[0].cells.size() > 4096) return;
  DeviceCard card;
  card.name = "fuzz";
  card.g_max_uS = 7.0;
  try {
    Macro macro(file.shape, card, file.seed, 0);
    macro.restore(file.states[0]);
    require(macro.save_state() == file.states[0], "the macro has the cells that it was given");
  } catch (const Error&) {
    return;  // a shape or cells that no macro has
  }
}

void checkpoint(Bytes bytes) {
  Checkpoint read;
  if (!takes("fuzz.json", [&] { read = parse_checkpoint(text_of(bytes), "fuzz.json"); })) return;
  const Checkpoint again = parse_checkpoint(to_text(read), "fuzz.json");
  require(again.state == read.state && again.macros == read.macros && again.run == read.run,
          "written and read again");
}

void learning_checkpoint(Bytes bytes) {
  LearningCheckpoint read;
  const auto parse = [&] { read = parse_learning_checkpoint(text_of(bytes), "fuzz.json"); };
  if (!takes("fuzz.json", parse)) return;
  const std::string text = to_text(read);
  const LearningCheckpoint again = parse_learning_checkpoint(text, "fuzz.json");
  require(again.state == read.state && again.macros == read.macros && again.run == read.run &&
              to_text(again) == text,
          "written and read again");
}

}  // namespace mcnn::fuzz
