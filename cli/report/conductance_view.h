// SPDX-License-Identifier: Apache-2.0
// What pictures of the arrays show: for each cell that the network uses what it should hold, what
// it held when programming ended and what it holds when the first image comes.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/run/programming.h"
#include "cli/run/workload.h"

namespace mcnn::cli {

struct CellView {
  bool is_used = false;  // on a source line that the network reads; nothing else is set without
  int level = 0;         // of the mapper
  double target_uS = 0.0;
  double written_uS = 0.0;  // when programming ended
  double aged_uS = 0.0;     // when the first image comes
  int pulses = 0;           // of the closed loop
  bool has_failed = false;  // the closed loop did not bring it to its target
  bool is_fixed = false;    // stuck or worn: pulses move it no more

  double error_uS() const { return written_uS - target_uS; }
  double aged_error_uS() const { return aged_uS - target_uS; }
};

struct ConductanceView {
  int source_lines = 0;
  int bit_lines = 0;
  std::vector<std::vector<CellView>> pes;  // [PE][source_line * bit_lines + bit_line]
  // Scales [uS]: conductances from low to high, which no cell leaves when programming ended;
  // errors from -reach to reach, twice the tolerance and at least 1 uS.
  double low = 0.0;
  double high = 0.0;
  double reach = 0.0;
};

template <class Visit>
void for_each_used(const ConductanceView& view, const Visit& visit) {
  for (const std::vector<CellView>& pe : view.pes) {
    for (const CellView& cell : pe) {
      if (cell.is_used) visit(cell);
    }
  }
}

// Errors of the cells of a level [uS].
struct LevelErrors {
  struct Spread {
    double mean = 0.0;
    double deviation = 0.0;  // standard deviation around the mean
  };
  int level = 0;
  double target_uS = 0.0;  // mean of the cells
  std::int64_t cells = 0;
  Spread written;  // when programming ended
  Spread aged;     // at the first image
};
// Of every level that a cell has, in order.
std::vector<LevelErrors> level_errors(const ConductanceView& view);

ConductanceView conductance_view(const Workload& workload, const ProgrammedChip& chip);

}  // namespace mcnn::cli
