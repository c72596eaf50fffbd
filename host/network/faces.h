// SPDX-License-Identifier: Apache-2.0
// Faces to learn: the pictures of a folder, or drawn ones, cropped and scaled to few pixels, and
// dealt out for training and test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/network/image_set.h"
#include "host/network/network.h"

namespace mcnn {

inline constexpr MapShape kFaceShape = {1, 20, 16};
inline constexpr int kFacePersons = 3;
inline constexpr int kFaceTraining = 3;   // images of a person
inline constexpr int kFacePictures = 11;  // of a person, 3 for training and 8 for the test

// A person and pictures of the face, in the order of their names.
struct Person {
  std::string name;
  std::vector<std::string> pictures;  // names
  std::vector<ImageSet> images;       // one each, as they are
};

// The pictures of a folder of one folder a person, or of a folder of files named PERSON.CONDITION
// or PERSON_CONDITION with or without an ending; what is no picture is left out. The first three
// persons, by name, with 11 pictures or more, the first 11 of each. Throws Error.
std::vector<Person> read_faces(const std::string& folder);
// Three persons under 11 conditions (expressions, glasses, light from three sides), drawn. Always
// the same.
std::vector<Person> drawn_faces();

// A face cut out and scaled to 20 x 16 pixels (scaled() in image_fit.h), grey. The box is 0.82 of
// the picture high and 4/5 of that wide, or as large as the picture allows, where it holds most
// change of brightness: the sum of |right - left| + |below - above| over blocks of 1/60 of its
// height, without the two outermost rows of them; of boxes that hold as much, the first.
ImageSet face_crop(const std::string& name, const ImageSet& picture);

struct FaceSets {
  Dataset training;  // the first 3 pictures of each person, person by person
  Dataset test;      // the others
  std::vector<std::string> persons;
};
FaceSets face_sets(const std::vector<Person>& persons);

// One layer: 320 pixels, an output a person, one cell a weight; weights at a middle level.
Network face_network();

// Images in which each pixel is, with this probability, a random one of 0..255 instead.
ImageSet with_random_pixels(const ImageSet& images, double fraction, uint64_t seed);

}  // namespace mcnn
