// SPDX-License-Identifier: Apache-2.0
// IDX files, the format of the MNIST data, plain or gzip: labels (magic 0x00000801), images of one
// channel (0x00000803: count, rows, columns) and of several (0x00000804: count, channels, rows,
// columns; the channels of an image one after the other, row by row).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/network/image_set.h"

namespace mcnn {

// All throw Error: cannot be read, not IDX, images where labels are expected and the reverse,
// truncated, trailing bytes.
ImageSet read_idx_images(const std::string& path);
std::vector<uint8_t> read_idx_labels(const std::string& path);
// Reads both and checks that there is one label per image.
Dataset read_dataset(const std::string& images_path, const std::string& labels_path);

// The same of bytes that were read already; `path` is for messages.
bool is_idx_images(std::span<const uint8_t> bytes);
ImageSet parse_idx_images(const std::string& path, std::span<const uint8_t> bytes);
std::vector<uint8_t> parse_idx_labels(const std::string& path, std::span<const uint8_t> bytes);
// The bytes of such a file.
std::string idx_text(const ImageSet& images);
std::string idx_text(std::span<const uint8_t> labels);

// Throws Error unless there is one label per image.
void check_labels(const Dataset& dataset, const std::string& images_path,
                  const std::string& labels_path);

}  // namespace mcnn
