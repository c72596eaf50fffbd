// SPDX-License-Identifier: Apache-2.0
// Faces drawn from a few numbers a person and a condition: ovals with soft edges on a bright
// ground.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "host/network/faces.h"

namespace mcnn {
namespace {

constexpr int kHeight = 240;
constexpr int kWidth = 320;

// Lengths in units of half the height of the head, brightness 0..1.
struct Head {
  std::string_view name;
  double width;      // of the face, half
  double hair;       // brightness
  double hair_line;  // above the middle
  double hair_side;  // how far down it reaches beside the face
  double skin;
  double eye_gap;    // half the distance of the eyes
  double brow;       // thickness of the eyebrows
  double nose;       // length
  double mouth;      // half its width
  double moustache;  // thickness, 0: none
  double column;     // of the head in the picture, from its middle
};
constexpr std::array<Head, kFacePersons> kHeads{{
    {"drawn1", 0.68, 0.08, 0.52, 0.10, 0.62, 0.27, 0.050, 0.34, 0.24, 0.06, 0.30},
    {"drawn2", 0.60, 0.20, 0.36, 0.55, 0.74, 0.23, 0.028, 0.26, 0.19, 0.00, -0.15},
    {"drawn3", 0.76, 0.32, 0.70, -0.15, 0.54, 0.31, 0.070, 0.30, 0.30, 0.00, 0.05},
}};

struct Condition {
  std::string_view name;
  double light;  // brighter to the right (above 0) or left, 0..1
  double front;  // more light in all
  double eyes;   // how far they are open, left and right
  double wink;   // of it, the right one
  double smile;  // corners of the mouth up
  double open;   // of the mouth
  bool glasses;
  double row;  // of the head, further down
};
constexpr std::array<Condition, kFacePictures> kConditions{{
    {"centerlight", 0.0, 0.18, 1.0, 1.0, 0.0, 0.0, false, 0.00},
    {"glasses", 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, true, 0.02},
    {"happy", 0.0, 0.0, 0.8, 0.8, 0.10, 0.05, false, 0.00},
    {"leftlight", -0.45, 0.0, 1.0, 1.0, 0.0, 0.0, false, 0.01},
    {"noglasses", 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, false, -0.02},
    {"normal", 0.0, 0.03, 1.0, 1.0, 0.02, 0.0, false, 0.01},
    {"rightlight", 0.45, 0.0, 1.0, 1.0, 0.0, 0.0, false, 0.00},
    {"sad", 0.0, 0.0, 0.8, 0.8, -0.08, 0.0, false, 0.02},
    {"sleepy", 0.0, 0.0, 0.1, 0.1, 0.0, 0.0, false, 0.03},
    {"surprised", 0.0, 0.0, 1.6, 1.6, 0.0, 0.16, false, -0.04},
    {"wink", 0.0, 0.0, 1.0, 0.1, 0.05, 0.0, false, 0.00},
}};

// 1 inside an oval around (y, x), 0 outside, with a soft edge.
double oval(double y, double x, double height, double width) {
  constexpr double kSoft = 0.12;
  const double r = std::sqrt(y * y / (height * height) + x * x / (width * width));
  return std::clamp((1.0 + kSoft - r) / (2.0 * kSoft), 0.0, 1.0);
}

// Brightness at a place of the head: y down, x to the right.
double brightness(const Head& head, const Condition& now, double y, double x) {
  double value = 0.95;  // the ground
  const auto paint = [&](double cover, double colour) { value += cover * (colour - value); };
  paint(oval(y - 1.5, x, 0.55, 1.05), 0.3);             // shoulders
  paint(oval(y - 0.8, x, 0.5, 0.34), head.skin * 0.8);  // neck
  const double hair_rows = 1.02;
  if (y < head.hair_side) paint(oval(y, x, hair_rows, head.width + 0.16), head.hair);
  paint(oval(y - 0.06, x, 0.94, head.width) * std::clamp((y + head.hair_line) / 0.1, 0.0, 1.0),
        head.skin);
  for (const double side : {-1.0, 1.0}) {
    const double eye = x - side * head.eye_gap;
    const double open = side > 0.0 ? now.wink : now.eyes;
    paint(oval(y + 0.12, eye, 0.015 + 0.045 * open, 0.11), 0.12);
    paint(oval(y + 0.28 + 0.04 * (open - 1.0), eye, head.brow, 0.16), head.hair);
    if (now.glasses) {
      const double rim = oval(y + 0.12, eye, 0.19, 0.23) - oval(y + 0.12, eye, 0.14, 0.18);
      paint(std::max(0.0, rim), 0.1);
    }
  }
  paint(oval(y - head.nose + 0.05, x, 0.05, 0.12), head.skin * 0.7);
  paint(head.moustache > 0.0 ? oval(y - head.nose - 0.1, x, head.moustache, head.mouth) : 0.0,
        head.hair);
  const double bend = now.smile * (x * x) / (head.mouth * head.mouth);
  paint(oval(y - 0.58 + bend - now.smile * 0.5, x, 0.035 + now.open, head.mouth), 0.2);
  return value * (1.0 + now.front) * (1.0 + now.light * std::clamp(x, -1.0, 1.0)) *
         (1.0 - 0.25 * std::abs(now.light));
}

ImageSet draw(const Head& head, const Condition& now) {
  constexpr double kUnit = 92.0;  // pixels
  ImageSet picture{1, 1, kHeight, kWidth, {}};
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      const double y = (row - 0.47 * kHeight) / kUnit - now.row;
      const double x = (column - 0.5 * kWidth) / kUnit - head.column;
      const double value = std::clamp(brightness(head, now, y, x), 0.0, 1.0);
      picture.pixels.push_back(static_cast<uint8_t>(std::floor(255.0 * value + 0.5)));
    }
  }
  return picture;
}

}  // namespace

std::vector<Person> drawn_faces() {
  std::vector<Person> persons;
  for (const Head& head : kHeads) {
    Person& person = persons.emplace_back();
    person.name = head.name;
    for (const Condition& condition : kConditions) {
      person.pictures.emplace_back(condition.name);
      person.images.push_back(draw(head, condition));
    }
  }
  return persons;
}

}  // namespace mcnn
