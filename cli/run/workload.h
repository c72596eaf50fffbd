// SPDX-License-Identifier: Apache-2.0
// What a command works on: chip configuration, network and its mapping, device card, images.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "behavioral_models/device_card.h"
#include "host/mapping/chip_config.h"
#include "host/mapping/mapper.h"
#include "host/network/image_files.h"
#include "host/network/network.h"

namespace mcnn::cli {

// The options of the command line that choose it.
struct WorkloadOptions {
  std::string config = "yao2020";  // name of constraints, or a file (chip model only)
  std::string network;             // name of data/networks, or file; empty: <config>, or yao2020
  std::string images;              // file or folder; empty: test images of data/ that fit
  std::string labels;              // file; empty with images: their own, or none are known
  std::string fit = "exact";       // of the images to the network's input: kFitKinds
  bool invert = false;             // images
  std::string device = "typical";  // name of a card in data/devices, or a file
  std::optional<int> adc_bits;     // chip model only: instead of the configuration's
  std::string mapping = "default";
  std::vector<std::string> replicas;  // per network layer: a number or "auto"
  std::string range = "auto";         // converter range: a number or "auto"
  std::vector<std::string> set;       // name=value: fields of the device card that are changed
  std::optional<double> age_s;        // short for age_s=...
  std::uint64_t seed = 1;
  std::int64_t first = 0;
  std::optional<std::int64_t> count;  // none: all from `first` on
};

// A folder with data: MCNN_DATA_DIR of the environment, otherwise the one of the source tree this
// was built from.
std::string data_folder();

// The steps, each throws Error. The device is checked first where it matters, so that no long work
// begins on bad input.
std::string configuration_path(const WorkloadOptions& options);
ChipConfig load_configuration(const WorkloadOptions& options);
Network load_chosen_network(const WorkloadOptions& options);
// The network that is chosen, otherwise the configuration's own, data/networks/<config>.json, and
// for one that has none the default network.
std::string network_path(const WorkloadOptions& options);
std::string card_path(const WorkloadOptions& options);
DeviceCard load_chosen_card(const WorkloadOptions& options);
MappedNetwork map_chosen(const WorkloadOptions& options, const Network& network,
                         const ChipConfig& config, const DeviceCard& card);

// The images of a file or folder as the options make them fit the network, with their labels. The
// images of data/mnist suit networks that take 28 x 28 pixels, and are halved for those that take
// 14 x 14. Throws Error.
LoadedImages load_fitted_images(const WorkloadOptions& options, const std::string& images,
                                const std::string& labels, const Network& network);

// What a command needs of a workload.
struct WorkloadNeeds {
  bool chip = true;    // the network on the chip; without it nothing is mapped and anything fits
  bool labels = true;  // of the images
};

struct Workload {
  WorkloadOptions options;
  ChipConfig config;
  Network network;
  std::string network_file;
  DeviceCard card;
  MappedNetwork mapped;  // empty when no chip is needed
  std::shared_ptr<const Dataset> data = std::make_shared<const Dataset>();
  std::string image_changes;  // what was done to make them fit, in words; empty: nothing
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  std::span<const std::uint8_t> image(std::uint32_t number) const {
    return data->images.image(static_cast<int>(number));
  }
  bool has_labels() const { return !data->labels.empty(); }
  int label(std::uint32_t number) const { return data->labels[number]; }  // with labels
  // Whether this is the class of an image; nobody knows without labels.
  std::optional<bool> is_right(std::uint32_t number, int digit) const {
    return has_labels() ? std::optional(digit == label(number)) : std::nullopt;
  }
};

Workload load_workload(const WorkloadOptions& options, WorkloadNeeds needs = {});
// Without images: data is empty and count 0.
Workload load_workload_without_images(const WorkloadOptions& options);

// The options that choose a workload as a command line has them, those at their default left out:
// with the command before it, what reproduces a run.
std::string command_line(const WorkloadOptions& options);
// An argument as a shell takes it.
std::string quoted(const std::string& argument);

// Where the images come from: --images, or which test images of data/.
std::string images_title(const Workload& workload);
// A line, with the end of the one before it, that says how the images were changed; empty when they
// were not.
std::string image_note(const Workload& workload);

// Loads workloads that have much in common: each file is read once and what was read is shared.
class WorkloadLoader {
 public:
  Workload load(const WorkloadOptions& options, WorkloadNeeds needs = {});  // throws Error
  Workload load_without_images(const WorkloadOptions& options);             // throws Error
  // The files that the workloads since the last call were made of.
  std::set<std::string> take_files() { return std::exchange(files_, {}); }

 private:
  Workload load_parts(const WorkloadOptions& options, bool chip);
  std::shared_ptr<const LoadedImages> load_images(const WorkloadOptions& options,
                                                  const std::string& images,
                                                  const std::string& labels,
                                                  const Network& network);

  std::set<std::string> files_;
  std::map<std::string, ChipConfig> configurations_;  // by file
  std::map<std::string, Network> networks_;           // by file
  std::map<std::string, DeviceCard> cards_;           // by file
  // By files, shape of the input, fit and inversion.
  using ImagesKey = std::tuple<std::string, std::string, int, int, int, std::string, bool>;
  std::map<ImagesKey, std::shared_ptr<const LoadedImages>> images_;
};

}  // namespace mcnn::cli
