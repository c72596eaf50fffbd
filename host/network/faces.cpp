// SPDX-License-Identifier: Apache-2.0
#include "host/network/faces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "common/error.h"
#include "common/index.h"
#include "host/network/byte_file.h"
#include "host/network/image_fit.h"
#include "host/network/picture.h"

namespace mcnn {
namespace {

namespace fs = std::filesystem;

constexpr int kBlocks = 60;  // of the height of a picture

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    entries.push_back(at->path());
  }
  if (error) throw Error(fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool holds_picture(const fs::path& file) {
  return fs::is_regular_file(file) && is_picture(read_bytes(file.string()));
}

// Picture files by person.
std::map<std::string, std::vector<fs::path>> persons_in(const std::string& folder) {
  std::map<std::string, std::vector<fs::path>> persons;
  for (const fs::path& entry : entries_of(folder)) {
    const std::string name = entry.filename().string();
    if (fs::is_directory(entry)) {
      for (const fs::path& file : entries_of(entry)) {
        if (holds_picture(file)) persons[name].push_back(file);
      }
    } else if (holds_picture(entry)) {
      persons[name.substr(0, name.find_first_of("._"))].push_back(entry);
    }
  }
  return persons;
}

// Mean brightness of blocks of side x side pixels, [row][column].
std::vector<std::vector<int>> blocks_of(const ImageSet& picture, int side) {
  const size_t plane = to_index(picture.height) * to_index(picture.width);
  std::vector<std::vector<int>> blocks(to_index(picture.height / side));
  for (size_t row = 0; row < blocks.size(); ++row) {
    for (int column = 0; column < picture.width / side; ++column) {
      int sum = 0;
      for (int channel = 0; channel < picture.channels; ++channel) {
        for (int y = 0; y < side; ++y) {
          for (int x = 0; x < side; ++x) {
            sum += picture.pixels[to_index(channel) * plane +
                                  (row * to_index(side) + to_index(y)) * to_index(picture.width) +
                                  to_index(column * side + x)];
          }
        }
      }
      blocks[row].push_back(sum / (side * side * picture.channels));
    }
  }
  return blocks;
}

struct Box {
  int row = 0;
  int column = 0;
  int rows = 0;
  int columns = 0;
};

// In blocks. `sums[y][x]`: of the changes above row y and left of column x.
Box busiest_box(const std::vector<std::vector<int>>& blocks) {
  const int rows = static_cast<int>(blocks.size());
  const int columns = static_cast<int>(blocks.front().size());
  const auto at = [&](int y, int x) { return blocks[to_index(y)][to_index(x)]; };
  std::vector<std::vector<int64_t>> sums(to_index(rows + 1),
                                         std::vector<int64_t>(to_index(columns + 1), 0));
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const bool inside = y >= 2 && y < rows - 2 && x >= 1 && x < columns - 1;
      const int change =
          inside ? std::abs(at(y, x + 1) - at(y, x - 1)) + std::abs(at(y + 1, x) - at(y - 1, x))
                 : 0;
      sums[to_index(y + 1)][to_index(x + 1)] = change + sums[to_index(y)][to_index(x + 1)] +
                                               sums[to_index(y + 1)][to_index(x)] -
                                               sums[to_index(y)][to_index(x)];
    }
  }
  Box box;
  box.rows = std::min(rows * 82 / 100, columns * 5 / 4);
  box.columns = box.rows * 4 / 5;
  int64_t most = -1;
  for (int y = 0; y + box.rows <= rows; ++y) {
    for (int x = 0; x + box.columns <= columns; ++x) {
      const auto sum = [&](int row, int column) { return sums[to_index(row)][to_index(column)]; };
      const int64_t held = sum(y + box.rows, x + box.columns) - sum(y, x + box.columns) -
                           sum(y + box.rows, x) + sum(y, x);
      if (held > most) {
        most = held;
        box.row = y;
        box.column = x;
      }
    }
  }
  return box;
}

ImageSet cut_out(const ImageSet& picture, int row, int column, int rows, int columns) {
  ImageSet part{1, picture.channels, rows, columns, {}};
  for (int channel = 0; channel < picture.channels; ++channel) {
    for (int y = row; y < row + rows; ++y) {
      const auto from =
          picture.pixels.begin() + ((channel * picture.height + y) * picture.width + column);
      part.pixels.insert(part.pixels.end(), from, from + columns);
    }
  }
  return part;
}

}  // namespace

std::vector<Person> read_faces(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(fmt::format("--faces: found '{}', allowed: a folder of pictures", folder));
  }
  std::vector<Person> persons;
  std::vector<std::string> found;
  for (const auto& [name, files] : persons_in(folder)) {
    found.push_back(fmt::format("{} {}", name, files.size()));
    if (files.size() < kFacePictures || persons.size() == kFacePersons) continue;
    Person& person = persons.emplace_back();
    person.name = name;
    for (int i = 0; i < kFacePictures; ++i) {
      const std::string file = files[to_index(i)].string();
      person.pictures.push_back(files[to_index(i)].filename().string());
      person.images.push_back(read_picture(file).image);
    }
  }
  if (persons.size() < kFacePersons) {
    throw Error(
        fmt::format("{}: found {} persons with {} pictures or more{}{}, allowed: {} or more",
                    folder, persons.size(), kFacePictures, found.empty() ? "" : ": pictures of ",
                    fmt::join(found, ", "), kFacePersons));
  }
  return persons;
}

ImageSet face_crop(const std::string& name, const ImageSet& picture) {
  if (picture.height < kFaceShape.height || picture.width < kFaceShape.width) {
    throw Error(fmt::format("{}: found a picture of {} x {} pixels, allowed: {} x {} or more", name,
                            picture.height, picture.width, kFaceShape.height, kFaceShape.width));
  }
  const int side = std::max(1, picture.height / kBlocks);
  const Box box = busiest_box(blocks_of(picture, side));
  ImageChanges changes;
  return fitted(
      name,
      cut_out(picture, box.row * side, box.column * side, box.rows * side, box.columns * side),
      face_network(), {FitKind::kScale, false}, changes);
}

FaceSets face_sets(const std::vector<Person>& persons) {
  FaceSets sets;
  for (Dataset* const data : {&sets.training, &sets.test}) {
    data->images = {0, kFaceShape.channels, kFaceShape.height, kFaceShape.width, {}};
  }
  for (const Person& person : persons) {
    for (size_t i = 0; i < person.images.size(); ++i) {
      const ImageSet face = face_crop(person.pictures[i], person.images[i]);
      Dataset& data = i < kFaceTraining ? sets.training : sets.test;
      data.images.pixels.insert(data.images.pixels.end(), face.pixels.begin(), face.pixels.end());
      ++data.images.count;
      data.labels.push_back(static_cast<uint8_t>(sets.persons.size()));
    }
    sets.persons.push_back(person.name);
  }
  return sets;
}

Network face_network() {
  Network network;
  network.name = "faces";
  network.description = "one layer: 320 pixels of a face, an output a person, one cell a weight";
  network.input = kFaceShape;
  Layer& layer = network.layers.emplace_back();
  layer.type = LayerType::kFullyConnected;
  layer.name = "FC";
  layer.activation = Activation::kLogits;
  layer.kernels = kFacePersons;
  layer.cells = 1;
  layer.weights.assign(to_index(kFacePersons * kFaceShape.size()), int8_t{4});
  layer.biases.assign(kFacePersons, 0);
  finish_network(network, network.name);
  return network;
}

ImageSet with_random_pixels(const ImageSet& images, double fraction, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto limit = static_cast<uint64_t>(fraction * 0x1p53);
  ImageSet noisy = images;
  for (uint8_t& pixel : noisy.pixels) {
    const uint64_t word = random();
    const auto other = static_cast<uint8_t>(random() >> 56);
    if (word >> 11 < limit) pixel = other;
  }
  return noisy;
}

}  // namespace mcnn
