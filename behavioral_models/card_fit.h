// SPDX-License-Identifier: Apache-2.0
// Fields of a device card from measurements of cells: least squares, each with the interval that
// holds it with 95 % (normal approximation). The equations are those of README.md; what is fitted
// to what stands at each function. All tables have a line of names.
#pragma once

#include <string>
#include <vector>

#include "behavioral_models/device_card.h"
#include "common/number_table.h"

namespace mcnn {

// A field, its value and its interval.
struct Estimate {
  std::string field;  // with the conductance of its row where it is a table
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

// A point of the data as it was fitted, beside the card's figure for it.
struct FittedPoint {
  double x = 0.0;
  double measured = 0.0;
  double error = 0.0;  // standard error of the measured one
  double fitted = 0.0;
};

struct PulseFit {
  std::vector<Estimate> estimates;
  std::vector<FittedPoint> set;    // x: conductance before [uS], moves [uS]
  std::vector<FittedPoint> reset;  // moves down are positive
};
// Columns set (1: SET, 0: RESET), before_uS, after_uS, one row a pulse of amplitude code 0. Fits
//   SET    move = set_step (ceiling - G) / (ceiling - floor)
//   RESET  move = reset_step (G - floor) / (ceiling - floor)
// with a spread in proportion to the move (pulse_c2c), weighted by it in turn. Throws Error, which
// names the file: columns, fewer than ten pulses of a polarity, moves that do not get less towards
// the end that they go to.
PulseFit fit_pulses(const NumberTable& table, const std::string& where, DeviceCard& card);

struct RetentionFit {
  std::vector<Estimate> estimates;
  struct Group {
    double written_uS = 0.0;
    std::vector<FittedPoint> deviation;  // x: time [s]; standard deviations [uS]
    std::vector<FittedPoint> mean;       // mean shift [uS]
  };
  std::vector<Group> groups;
};
// Columns time_s, written_uS, measured_uS, one row a cell; or, of published statistics,
// time_s, written_uS, mean_uS, sd_uS, cells. For each conductance, in standard deviations s
// weighted by their errors s / sqrt(2 (n - 1)),
//   s(t) = sigma + growth log10(t / reference),   reference: the earliest time
// and the mean shift m log2(1 + t / reference), which is taken into the card where one of them is
// not 0 with 95 %. Throws Error: columns, times that are not above 0, groups of fewer than two
// cells.
RetentionFit fit_retention(const NumberTable& table, const std::string& where, DeviceCard& card);

struct ReadFit {
  std::vector<Estimate> estimates;
  std::vector<FittedPoint> points;  // x: conductance [uS]; standard deviations [uS]
};
// Columns cell, measured_uS, one row a read; or conductance_uS, sd_uS, reads. Fits
//   sd^2 = (read_noise G)^2 + read_noise_uS^2,   neither below 0
// weighted by the errors of the variances. Throws Error: columns, cells with fewer than two reads.
ReadFit fit_reads(const NumberTable& table, const std::string& where, DeviceCard& card);

}  // namespace mcnn
