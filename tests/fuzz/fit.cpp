// SPDX-License-Identifier: Apache-2.0
// Measurements of cells (CSV), from which mcnn fit makes fields of a device card.
#include <algorithm>
#include <cmath>
#include <string>

#include "behavioral_models/card_fit.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {
namespace {

// A fit is an Error, or its figures are numbers inside of their intervals, and the card that they
// are in is refused by name or comes back from its file.
template <typename Fit>
void fits(Bytes bytes, const Fit& fit) {
  static InputFile measured;
  static InputFile written;
  const std::string path = measured.with(bytes);
  DeviceCard card;
  card.name = "fitted";
  const auto read = [&] {
    const auto fitted =
        fit(read_number_table(path, {.what = "a finite number", .skips_blank = true}), path, card);
    require(std::ranges::all_of(fitted.estimates,
                                [](const Estimate& e) {
                                  return std::isfinite(e.value) && e.low <= e.value &&
                                         e.value <= e.high;
                                }),
            "figures inside of their intervals");
    check_device_card(card, path);
  };
  if (!takes(path, read)) return;
  require(load_device_card(written.with(bytes_of(device_card_toml(card)))) == card,
          "written and read again");
}

}  // namespace

void fit(Bytes bytes) {
  fits(bytes, fit_pulses);
  fits(bytes, fit_retention);
  fits(bytes, fit_reads);
}

}  // namespace mcnn::fuzz
