// SPDX-License-Identifier: Apache-2.0
// Images and labels of every kind of file that is read: IDX, PNG, PGM, PPM and GIF, folders of
// pictures, CIFAR-10's binary files; which it is, the contents say, and for CIFAR-10, which has no
// header, a name that ends in .bin or .bin.gz.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/network/image_fit.h"
#include "host/network/image_set.h"
#include "host/network/network.h"

namespace mcnn {

struct LoadedImages {
  Dataset data;
  ImageChanges changes;    // what that took
  int other_files = 0;     // of a folder, which are no pictures
  std::string label_file;  // where the labels are from; empty without

  // What was left out and done, in words; empty when nothing was.
  std::string text(const MapShape& input) const;
};

// The file, or the pictures of a folder: names that end in .png, .pgm, .ppm or .gif, in the order
// of their bytes. Throws Error where there are none.
std::vector<std::string> image_files(const std::string& path);

// The images of a file or folder as they are, all of one size, with CIFAR-10's own labels. Throws
// Error.
LoadedImages read_images(const std::string& images);

// The images of a file or folder as a network takes them, their labels from `labels` (IDX, or text
// with a number for each image) or, without one, from CIFAR-10's own files; otherwise none. Throws
// Error.
LoadedImages load_images(const std::string& images, const std::string& labels,
                         const Network& network, const ImageFit& fit);

}  // namespace mcnn
