// SPDX-License-Identifier: Apache-2.0
// Faces: which pictures of a folder, where they are cropped, how they are dealt out; drawn ones.
#include "host/network/faces.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host_test_util.h"
#include "tests/support/pictures.h"
#include "tests/support/temporary_folder.h"

namespace mcnn::testing {
namespace {

std::string pgm(const ImageSet& image) {
  return fmt::format("P5 {} {} 255\n", image.width, image.height) +
         std::string(image.pixels.begin(), image.pixels.end());
}

// A textured square on an even ground.
ImageSet patch(int row, int column) {
  ImageSet picture{1, 1, 120, 160, std::vector<uint8_t>(size_t{120} * 160, 200)};
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 40; ++x) {
      picture.pixels[static_cast<size_t>((row + y) * 160 + column + x)] =
          (x / 4 + y / 4) % 2 == 0 ? 20 : 90;
    }
  }
  return picture;
}

TEST(Faces, TheCropFollowsTheTexture) {
  const ImageSet left = face_crop("left", patch(30, 10));
  const ImageSet right = face_crop("right", patch(30, 104));
  EXPECT_EQ(left.height, 20);
  EXPECT_EQ(left.width, 16);
  for (const ImageSet* const face : {&left, &right}) {
    int dark = 0;
    for (const uint8_t pixel : face->pixels) dark += pixel < 120 ? 1 : 0;
    // The whole patch: 60 x 40 of a box of 98 x 78 pixels.
    EXPECT_NEAR(dark, 320.0 * 60 * 40 / (98 * 78), 24);
  }
  expect_error({"small", "19 x 40", "20 x 16 or more"}, [] {
    face_crop("small", ImageSet{1, 1, 19, 40, std::vector<uint8_t>(size_t{19} * 40)});
  });
}

TEST(Faces, FoldersOfEitherKind) {
  const TemporaryFolder folder("mcnn_faces");
  for (const char* const person : {"anna", "bob", "carl", "dora"}) {
    const int pictures = person == std::string("bob") ? 10 : 12;
    for (int i = 0; i < pictures; ++i) {
      const std::string text = pgm(patch(20, 5 + i));
      write_file(folder / "flat" / fmt::format("{}.state{:02}", person, i), text);
      write_file(folder / "deep" / person / fmt::format("{:02}.pgm", i), text);
    }
  }
  write_file(folder / "flat" / "readme.txt", "no picture");
  write_file(folder / "deep" / "anna" / "readme.txt", "no picture");
  for (const char* const kind : {"flat", "deep"}) {
    const std::vector<Person> persons = read_faces((folder / kind).string());
    ASSERT_EQ(persons.size(), 3U);
    EXPECT_EQ(persons[0].name, "anna");
    EXPECT_EQ(persons[1].name, "carl");  // bob has too few
    EXPECT_EQ(persons[2].name, "dora");
    EXPECT_EQ(persons[2].images.size(), 11U);
    const FaceSets sets = face_sets(persons);
    EXPECT_EQ(sets.training.labels, (std::vector<uint8_t>{0, 0, 0, 1, 1, 1, 2, 2, 2}));
    EXPECT_EQ(sets.test.images.count, 24);
    const ImageSet fourth = face_crop("", persons[1].images[3]);
    EXPECT_TRUE(std::ranges::equal(sets.test.images.image(8), fourth.image(0)));
  }
#ifdef MCNN_GIF
  // As the Yale Face Database is distributed: GIF files whose names do not say so.
  for (int i = 0; i < 33; ++i) {
    const ImageSet face = patch(20, 5 + i % 11);
    write_file(folder / "gif" / fmt::format("subject{:02}.state{:02}", 1 + i / 11, i % 11),
               gif_bytes(face.width, face.height, face.pixels));
  }
  const std::vector<Person> of_gif = read_faces((folder / "gif").string());
  ASSERT_EQ(of_gif.size(), 3U);
  EXPECT_EQ(of_gif[2].name, "subject03");
  EXPECT_EQ(of_gif[2].images[4].pixels, patch(20, 9).pixels);
#endif
  write_file(folder / "few" / "anna.a", pgm(patch(0, 0)));
  expect_error({"few", "found 0 persons with 11 pictures or more", "anna 1", "allowed: 3"},
               [&] { read_faces((folder / "few").string()); });
  expect_error({"--faces", "nowhere", "a folder"}, [] { read_faces("nowhere"); });
}

// Three persons that differ, each under conditions that differ.
TEST(Faces, DrawnOnes) {
  const FaceSets sets = face_sets(drawn_faces());
  EXPECT_EQ(sets.training.images.count, 9);
  EXPECT_EQ(sets.test.images.count, 24);
  std::set<std::string> faces;
  for (const Dataset* const data : {&sets.training, &sets.test}) {
    for (int i = 0; i < data->images.count; ++i) {
      const auto face = data->images.image(i);
      faces.emplace(face.begin(), face.end());
    }
  }
  EXPECT_EQ(faces.size(), 33U);
}

TEST(Faces, RandomPixels) {
  ImageSet images{1, 1, 100, 100, std::vector<uint8_t>(10'000, 7)};
  EXPECT_EQ(with_random_pixels(images, 0.0, 3).pixels, images.pixels);
  int changed = 0;
  for (const uint8_t pixel : with_random_pixels(images, 0.1, 3).pixels) changed += pixel != 7;
  EXPECT_NEAR(changed, 1000, 100);
}

TEST(Faces, NetworkOfOneCellWeights) {
  const Network network = face_network();
  EXPECT_EQ(network.layers.front().cells, 1);
  EXPECT_EQ(network.layers.front().weights.size(), 960U);
}

}  // namespace
}  // namespace mcnn::testing
