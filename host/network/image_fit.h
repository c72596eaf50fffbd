// SPDX-License-Identifier: Apache-2.0
// Images made to fit the input of a network. What is done is asked for, and reported: nothing is
// resampled, cut or turned to grey in silence.
#pragma once

#include <array>
#include <set>
#include <string>
#include <utility>

#include "common/named.h"
#include "host/network/image_set.h"
#include "host/network/network.h"

namespace mcnn {

enum class FitKind {
  kExact,  // images have the rows and columns of the input
  kScale,  // the whole image is resampled to them
  kCrop,   // its centre is cut out
};
inline constexpr std::array<Named<FitKind>, 3> kFitKinds = {
    {{FitKind::kExact, "exact"}, {FitKind::kScale, "scale"}, {FitKind::kCrop, "crop"}}};
FitKind fit_kind(std::string_view name);  // throws Error

struct ImageFit {
  FitKind kind = FitKind::kExact;
  bool invert = false;  // pixels are 255 minus those of the file

  auto operator<=>(const ImageFit&) const = default;
};

// What was done to images.
struct ImageChanges {
  std::set<std::pair<int, int>> scaled;   // rows and columns of those that were resampled
  std::set<std::pair<int, int>> cropped;  // of those whose centre was cut out
  bool to_colour = false;
  bool to_grey = false;
  bool from_16_bits = false;
  bool inverted = false;

  // In words, with the size of the input; empty when nothing was done.
  std::string text(const MapShape& input) const;
};

// Images of these rows and columns, each pixel the mean of what it covers of the image, weighted by
// area, rounded half up.
ImageSet scaled(const ImageSet& images, int height, int width);

// The images of a file as the network takes them: a grey image is all three channels of a colour
// network, a colour image becomes grey by 0.299 R + 0.587 G + 0.114 B. Throws Error, with the fit
// that would do, where they are of another size or number of channels.
ImageSet fitted(const std::string& file, ImageSet images, const Network& network,
                const ImageFit& fit, ImageChanges& changes);

}  // namespace mcnn
