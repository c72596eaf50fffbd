// SPDX-License-Identifier: Apache-2.0
// Device cards, energy cards and configurations of the chip. One that is read is written and read
// again.
#include <optional>
#include <string>

#include "behavioral_models/device_card.h"
#include "host/cost/energy_card.h"
#include "host/mapping/chip_config.h"
#include "tests/fuzz/targets.h"

namespace mcnn::fuzz {

void device_card(Bytes bytes) {
  static InputFile file;
  const std::string path = file.with(bytes);
  DeviceCard card;
  if (!takes(path, [&] { card = load_device_card(path); })) return;
  for (int bits = 4; bits <= 12; bits += 4) {
    const int range = card.verify_range(bits);
    require(range >= 0 && range <= 7, "converter range of verify reads");
  }
  const std::string toml = device_card_toml(card);
  file.with(bytes_of(toml));
  require(load_device_card(path) == card, "written and read again");
}

void energy_card(Bytes bytes) {
  takes("fuzz.toml", [&] { energy_card_from_toml(text_of(bytes), "energy card fuzz.toml"); });
}

void chip_params(Bytes bytes) {
  ChipConfig config;
  if (!takes("fuzz.params",
             [&] { config = chip_config_from_params(text_of(bytes), "fuzz.params"); })) {
    return;
  }
  require(chip_config_from_params(to_params(config), "fuzz.params") == config,
          "written and read again");
}

}  // namespace mcnn::fuzz
