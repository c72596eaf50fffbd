// SPDX-License-Identifier: Apache-2.0
#include "cli/run/workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>
#include <utility>

#include "common/error.h"
#include "common/nearest.h"

namespace mcnn::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultNetwork = "yao2020.json";

// Names of the files of a folder without `suffix`, sorted.
std::vector<std::string> names_in(const fs::path& folder, std::string_view suffix) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == suffix) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<int> number_or_auto(std::string_view text, std::string_view option, int low,
                                  int high) {
  if (text == "auto") return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    throw Error(
        fmt::format("{}: found '{}', allowed are 'auto' and {}..{}", option, text, low, high));
  }
  return value;
}

ChipConfig with_options(ChipConfig config, const WorkloadOptions& options) {
  if (!options.adc_bits) return config;
  std::string name = std::move(config.name);
  config.adc_bits = *options.adc_bits;
  config = chip_config_from_params(to_params(config), "--adc-bits");  // checks the value
  config.name = std::move(name);
  return config;
}

DeviceCard with_options(DeviceCard card, const WorkloadOptions& options) {
  for (const std::string& text : options.set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      throw Error(fmt::format(
          "--set: found '{}', allowed is name=value, a field of the device card", text));
    }
    set_device_field(card, text.substr(0, equals), text.substr(equals + 1), "--set " + text);
  }
  if (options.age_s) {
    set_device_field(card, "age_s", fmt::format("{}", *options.age_s),
                     fmt::format("--age {}", *options.age_s));
  }
  if (!options.set.empty() || options.age_s) {
    check_device_card(card, fmt::format("device card {} with --set", card.name));
  }
  return card;
}

// The network that a configuration brings along; not all do.
fs::path own_network(const WorkloadOptions& options) {
  const std::string name = fs::path(configuration_path(options)).stem().string();
  return fs::path(data_folder()) / "networks" / (name + ".json");
}

MappingOptions mapping_options(const WorkloadOptions& options, const Network& network,
                               const ChipConfig& config, const DeviceCard& card) {
  MappingOptions mapping;
  mapping.kind = mapping_kind(options.mapping);
  if (options.replicas.size() > network.layers.size()) {
    throw Error(fmt::format("--replicas: {} numbers for the {} layers of network '{}'",
                            options.replicas.size(), network.layers.size(), network.name));
  }
  for (const std::string& text : options.replicas) {
    mapping.replicas.push_back(number_or_auto(text, "--replicas", 1, config.num_pe));
  }
  mapping.range = number_or_auto(options.range, "--range", 0, 3);
  mapping.limits = device_limits(card);
  return mapping;
}

// Whether these are images of data/mnist for a network that takes half their rows and columns.
bool is_halved_mnist(const WorkloadOptions& options, const std::string& images,
                     const MapShape& input) {
  std::error_code error;
  return options.fit == "exact" && input == MapShape{1, 14, 14} &&
         fs::equivalent(fs::path(images).parent_path(), fs::path(data_folder()) / "mnist", error) &&
         !error;
}

// Test images of data/.
struct OwnImages {
  std::string_view title;
  std::string_view images;
  std::string_view labels;  // empty: in the same file
};
constexpr OwnImages kMnist = {"MNIST test set", "mnist/t10k-images-idx3-ubyte.gz",
                              "mnist/t10k-labels-idx1-ubyte.gz"};
constexpr OwnImages kCifar10 = {"CIFAR-10, the first 800 test images", "cifar10/test800.bin.gz",
                                ""};

const OwnImages& own_images(const Network& network) {
  return network.input == MapShape{3, 32, 32} ? kCifar10 : kMnist;
}

std::string own_file(std::string_view file) {
  return file.empty() ? std::string() : (fs::path(data_folder()) / file).string();
}

std::string changes_text(const WorkloadOptions& options, const std::string& images,
                         const LoadedImages& loaded, const MapShape& input) {
  if (is_halved_mnist(options, images, input)) {
    return fmt::format("MNIST, each 2 x 2 pixels averaged to one, {} x {}{}", input.height,
                       input.width, options.invert ? ", inverted (255 - pixel)" : "");
  }
  return loaded.text(input);
}

// What `load` gives for this key, from the first time on.
template <class Key, class Value, class Load>
const Value& once(std::map<Key, Value>& known, const Key& key, const Load& load) {
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, load()).first->second;
}

}  // namespace

std::string data_folder() {
  // Read before any thread is started.
  const char* folder = std::getenv("MCNN_DATA_DIR");  // NOLINT(concurrency-mt-unsafe)
  return folder != nullptr && *folder != '\0' ? folder : MCNN_DATA_DIR;
}

// A name of constraints/*.params, or the file of a configuration that need not be built. Only files
// have a '/' or this ending, so a name is never taken for one.
std::string configuration_path(const WorkloadOptions& options) {
  constexpr std::string_view kEnding = ".params";
  const fs::path folder = MCNN_CONSTRAINTS_DIR;
  const bool is_file =
      options.config.find('/') != std::string::npos || options.config.ends_with(kEnding);
  const fs::path file =
      is_file ? fs::path(options.config) : folder / fmt::format("{}{}", options.config, kEnding);
  if (options.config.empty() || !fs::is_regular_file(file)) {
    throw Error(fmt::format(
        "--config: found '{}', allowed is a configuration of {} ({}), or for the chip model a "
        "file with the ending {}{}",
        options.config, folder.string(), fmt::join(names_in(folder, kEnding), ", "), kEnding,
        did_you_mean(options.config, names_in(folder, kEnding))));
  }
  return file.string();
}

ChipConfig load_configuration(const WorkloadOptions& options) {
  return with_options(load_chip_config(configuration_path(options)), options);
}

// A name of data/networks, or a file.
std::string network_path(const WorkloadOptions& options) {
  const fs::path folder = fs::path(data_folder()) / "networks";
  const fs::path named = folder / (options.network + ".json");
  if (!options.network.empty()) {
    if (options.network.find('/') != std::string::npos || fs::is_regular_file(options.network)) {
      return options.network;
    }
    if (fs::exists(named)) return named.string();
    const std::vector<std::string> names = names_in(folder, ".json");
    throw Error(fmt::format("--network: '{}' is neither a network of {} ({}) nor a file{}",
                            options.network, folder.string(), fmt::join(names, ", "),
                            did_you_mean(options.network, names)));
  }
  const fs::path own = own_network(options);
  return (fs::exists(own) ? own : own.parent_path() / kDefaultNetwork).string();
}

Network load_chosen_network(const WorkloadOptions& options) {
  return load_network(network_path(options));
}

std::string card_path(const WorkloadOptions& options) {
  const fs::path folder = fs::path(data_folder()) / "devices";
  const fs::path named = folder / (options.device + ".toml");
  const bool is_name = options.device.find('/') == std::string::npos && fs::exists(named);
  const fs::path file = is_name ? named : fs::path(options.device);
  if (options.device.empty() || !fs::is_regular_file(file)) {
    const std::vector<std::string> names = names_in(folder, ".toml");
    throw Error(fmt::format("--device: '{}' is neither a device card of {} ({}) nor a file{}",
                            options.device, folder.string(), fmt::join(names, ", "),
                            did_you_mean(options.device, names)));
  }
  return file.string();
}

DeviceCard load_chosen_card(const WorkloadOptions& options) {
  return with_options(load_device_card(card_path(options)), options);
}

MappedNetwork map_chosen(const WorkloadOptions& options, const Network& network,
                         const ChipConfig& config, const DeviceCard& card) {
  const MappingOptions mapping = mapping_options(options, network, config, card);
  try {
    return map_network(network, config, mapping);
  } catch (const Error& error) {
    if (!options.network.empty() || fs::exists(own_network(options))) throw;
    throw Error(
        fmt::format("{}; it is the default network, for the configuration '{}' has none of its own "
                    "({} does not exist): --network FILE chooses another",
                    error.what(), config.name, own_network(options).string()));
  }
}

LoadedImages load_fitted_images(const WorkloadOptions& options, const std::string& images,
                                const std::string& labels, const Network& network) {
  ImageFit fit{fit_kind(options.fit), options.invert};
  if (is_halved_mnist(options, images, network.input)) fit.kind = FitKind::kScale;
  return mcnn::load_images(images, labels, network, fit);
}

Workload load_workload(const WorkloadOptions& options, WorkloadNeeds needs) {
  return WorkloadLoader().load(options, needs);
}

Workload load_workload_without_images(const WorkloadOptions& options) {
  return WorkloadLoader().load_without_images(options);
}

Workload WorkloadLoader::load_without_images(const WorkloadOptions& options) {
  return load_parts(options, true);
}

// Every option is checked, also those of a chip that is not needed.
Workload WorkloadLoader::load_parts(const WorkloadOptions& options, bool chip) {
  Workload workload;
  workload.options = options;
  const std::string configuration = configuration_path(options);
  workload.config = with_options(
      once(configurations_, configuration, [&] { return load_chip_config(configuration); }),
      options);
  workload.network_file = network_path(options);
  workload.network =
      once(networks_, workload.network_file, [&] { return load_network(workload.network_file); });
  const std::string card = card_path(options);
  workload.card = with_options(once(cards_, card, [&] { return load_device_card(card); }), options);
  files_.insert({configuration, workload.network_file, card});
  if (!workload.card.measured_states.empty()) files_.insert(workload.card.measured_states);
  if (chip) {
    workload.mapped = map_chosen(options, workload.network, workload.config, workload.card);
  } else {
    mapping_options(options, workload.network, workload.config, workload.card);
  }
  return workload;
}

std::shared_ptr<const LoadedImages> WorkloadLoader::load_images(const WorkloadOptions& options,
                                                                const std::string& images,
                                                                const std::string& labels,
                                                                const Network& network) {
  for (std::string& file : image_files(images)) files_.insert(std::move(file));
  if (!labels.empty()) files_.insert(labels);
  const MapShape& input = network.input;
  const ImagesKey key{images,      labels,      input.channels, input.height,
                      input.width, options.fit, options.invert};
  return once(images_, key, [&] {
    return std::make_shared<const LoadedImages>(
        load_fitted_images(options, images, labels, network));
  });
}

Workload WorkloadLoader::load(const WorkloadOptions& options, WorkloadNeeds needs) {
  if (options.images.empty() && !options.labels.empty()) {
    throw Error("--labels: needs --images FILE: the test images of data/ have their own labels");
  }
  fit_kind(options.fit);  // checked also where no image is loaded
  Workload workload = load_parts(options, needs.chip);
  const OwnImages& own = own_images(workload.network);
  const std::string images = options.images.empty() ? own_file(own.images) : options.images;
  const std::string labels = options.images.empty() ? own_file(own.labels) : options.labels;
  const std::shared_ptr<const LoadedImages> loaded =
      load_images(options, images, labels, workload.network);
  workload.data = std::shared_ptr<const Dataset>(loaded, &loaded->data);
  workload.image_changes = changes_text(options, images, *loaded, workload.network.input);
  if (needs.labels && !workload.has_labels()) {
    throw Error("--images: needs --labels FILE here: this command compares classes with labels");
  }
  const ImageSet& set = workload.data->images;
  const int logits = workload.network.num_logits();
  for (std::size_t i = 0; i < workload.data->labels.size(); ++i) {
    const int label = workload.data->labels[i];
    if (label >= logits) {
      throw Error(fmt::format("{}: label {} of image {}, but network '{}' has {} classes",
                              loaded->label_file, label, i, workload.network.name, logits));
    }
  }
  if (options.first < 0 || options.first >= set.count) {
    throw Error(fmt::format("--first: found {}, allowed is 0..{} ({} has {} images)", options.first,
                            set.count - 1, images, set.count));
  }
  const std::int64_t left = set.count - options.first;
  const std::int64_t count = options.count.value_or(left);
  if (count < 1 || count > left) {
    throw Error(
        fmt::format("--count: found {}, allowed is 1..{} ({} has {} images, the first one is {})",
                    count, left, images, set.count, options.first));
  }
  workload.first = static_cast<std::uint32_t>(options.first);
  workload.count = static_cast<std::uint32_t>(count);
  return workload;
}

std::string images_title(const Workload& workload) {
  return workload.options.images.empty() ? std::string(own_images(workload.network).title)
                                         : workload.options.images;
}

std::string image_note(const Workload& workload) {
  if (workload.image_changes.empty()) return {};
  return fmt::format("\nimages: {}", workload.image_changes);
}

std::string quoted(const std::string& argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string command_line(const WorkloadOptions& options) {
  const WorkloadOptions defaults;
  std::string text = fmt::format("--config {} --device {} --seed {}", quoted(options.config),
                                 quoted(options.device), options.seed);
  const auto add = [&](std::string_view option, const std::string& value,
                       const std::string& standard) {
    if (value != standard) text += fmt::format(" {} {}", option, quoted(value));
  };
  for (const std::string& change : options.set) text += fmt::format(" --set {}", quoted(change));
  if (options.age_s) text += fmt::format(" --age {}", *options.age_s);
  add("--network", options.network, defaults.network);
  add("--images", options.images, defaults.images);
  add("--labels", options.labels, defaults.labels);
  add("--fit", options.fit, defaults.fit);
  if (options.invert) text += " --invert";
  add("--mapping", options.mapping, defaults.mapping);
  if (!options.replicas.empty()) {
    text += fmt::format(" --replicas {}", fmt::join(options.replicas, ","));
  }
  add("--range", options.range, defaults.range);
  if (options.adc_bits) text += fmt::format(" --adc-bits {}", *options.adc_bits);
  if (options.first != defaults.first) text += fmt::format(" --first {}", options.first);
  if (options.count) text += fmt::format(" --count {}", *options.count);
  return text;
}

}  // namespace mcnn::cli
