// SPDX-License-Identifier: Apache-2.0
// Section of the report page: one image on its way through the layers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/colour_scale.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "host/engine/chip_model.h"
#include "host/network/integer_network.h"

namespace mcnn::cli {
namespace {

// A feature map whose pixels lie in rows: a stack of channels, or a long vector folded into rows.
struct Plane {
  int columns = 0;
  int rows = 0;
  std::vector<std::uint8_t> chip;
  std::vector<std::uint8_t> integer;
};

std::vector<Plane> planes_of(const MapShape& shape, std::span<const std::uint8_t> chip,
                             std::span<const std::uint8_t> integer) {
  MapShape view = shape;
  if (shape.height == 1 && shape.width == 1) {
    const int columns = std::min(shape.channels, 16);
    view = {1, (shape.channels + columns - 1) / columns, columns};
  }
  std::vector<Plane> planes;
  const auto size = static_cast<std::size_t>(view.height * view.width);
  for (int channel = 0; channel < view.channels; ++channel) {
    const std::size_t from = static_cast<std::size_t>(channel) * size;
    const std::size_t count = std::min(size, chip.size() - from);
    Plane& plane = planes.emplace_back(Plane{view.width, view.height, {}, {}});
    plane.chip.assign(chip.begin() + static_cast<std::ptrdiff_t>(from),
                      chip.begin() + static_cast<std::ptrdiff_t>(from + count));
    plane.integer.assign(integer.begin() + static_cast<std::ptrdiff_t>(from),
                         integer.begin() + static_cast<std::ptrdiff_t>(from + count));
    plane.chip.resize(size);
    plane.integer.resize(size);
  }
  return planes;
}

std::string picture(const Plane& plane, const std::string& png, std::string_view label) {
  const auto packed = [](const std::vector<std::uint8_t>& pixels) {
    return html::base64(
        std::string_view(reinterpret_cast<const char*>(pixels.data()), pixels.size()));
  };
  return fmt::format(
      "<span class=\"px\" tabindex=\"0\" role=\"img\" aria-label=\"{}\" data-px=\"pixels\" "
      "data-columns=\"{}\" data-rows=\"{}\" data-a=\"{}\" data-b=\"{}\"><img src=\"{}\" "
      "alt=\"\"></span>",
      escaped(label), plane.columns, plane.rows, packed(plane.chip), packed(plane.integer),
      html::data_uri("image/png", png));
}

// Of one layer: for each channel the chip's map, the integer network's and the difference.
std::string layer_figure(const StoredMap& map, std::span<const std::uint8_t> chip,
                         std::span<const std::uint8_t> integer) {
  const std::vector<Plane> planes = planes_of(map.shape, chip, integer);
  int brightest = 1;
  int furthest = 0;
  std::int64_t different = 0;
  for (std::size_t i = 0; i < chip.size(); ++i) {
    brightest = std::max<int>({brightest, chip[i], integer[i]});
    const int difference = std::abs(chip[i] - integer[i]);
    furthest = std::max(furthest, difference);
    different += difference > 0 ? 1 : 0;
  }
  // Differences as an index of a palette: 0 (transparent) equal, then from the most negative on.
  std::vector<Rgb> palette = {Rgb{}};
  constexpr int kSteps = 100;
  for (int i = -kSteps; i <= kSteps; ++i) {
    // The smallest difference is seen as well.
    const double strength = 0.25 + (0.75 * std::abs(i) / kSteps);
    palette.push_back(error_colour(0.5 + (i < 0 ? -0.5 : 0.5) * strength));
  }
  std::string text =
      "<p class=\"order\">In each channel, from above: chip, integer network, difference.</p>"
      "<div class=\"maps flow\">\n";
  const auto out = std::back_inserter(text);
  for (std::size_t channel = 0; channel < planes.size(); ++channel) {
    const Plane& plane = planes[channel];
    const std::size_t size = plane.chip.size();
    std::vector<std::uint8_t> difference(size);
    int wrong = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const int d = plane.chip[i] - plane.integer[i];
      if (d == 0) continue;
      ++wrong;
      difference[i] = static_cast<std::uint8_t>(
          1 + kSteps + std::lround(static_cast<double>(kSteps) * d / furthest));
    }
    const auto bright = [&](std::vector<std::uint8_t> pixels) {
      for (std::uint8_t& pixel : pixels) {
        pixel = static_cast<std::uint8_t>(pixel * 255 / brightest);
      }
      return html::png_grey(plane.columns, plane.rows, pixels);
    };
    const std::string name =
        planes.size() > 1 ? fmt::format("channel {}", channel) : std::string("vector");
    fmt::format_to(out, "<div class=\"channel\">{}{}{}<span class=\"label\">{}{}</span></div>\n",
                   picture(plane, bright(plane.chip), fmt::format("{}, {}: chip", map.name, name)),
                   picture(plane, bright(plane.integer),
                           fmt::format("{}, {}: integer network", map.name, name)),
                   picture(plane, html::png_palette(plane.columns, plane.rows, difference, palette),
                           fmt::format("{}, {}: {} pixels differ", map.name, name, wrong)),
                   planes.size() > 1 ? fmt::format("{}", channel) : "",
                   wrong > 0 ? fmt::format(" <span class=\"differs\">≠ {}</span>", wrong) : "");
  }
  text += "</div>";
  const std::string verdict =
      different == 0
          ? std::string("equal in every pixel")
          : fmt::format(
                "{} of {} pixels differ, by {} at most; red: the chip is higher, blue: lower",
                grouped(different), grouped(static_cast<std::int64_t>(chip.size())), furthest);
  return html::figure(fmt::format("map-{}", escaped(map.name)), text,
                      fmt::format("Output of {}, {} after activation and pooling; white is {}. "
                                  "Chip and integer network: {}.",
                                  escaped(map.name), shape_text(map.shape), brightest, verdict));
}

}  // namespace

Section followed_section(const ReportPage& page) {
  const Workload& workload = page.report.workload;
  ChipModel model(workload.config, workload.mapped.program, page.report.chip->macros,
                  ChipModel::Options{.skip = page.skip, .maps = true});
  const std::span<const std::uint8_t> pixels = workload.image(page.followed);
  const ImageResult& chip = model.run(page.followed, pixels);
  const IntegerResult integer = IntegerNetwork(workload.network).run(pixels);
  const int label = workload.label(page.followed);
  const int channels = workload.data->images.channels;

  std::string text =
      html::figure("followed-input",
                   fmt::format("<img class=\"input\" src=\"{}\" alt=\"image {}\">",
                               image_png(workload, page.followed), page.followed),
                   fmt::format("Image {}, label {}: {}{} × {} pixels.", page.followed, label,
                               channels == 1 ? "" : fmt::format("{} channels of ", channels),
                               workload.data->images.height, workload.data->images.width));
  const std::vector<StoredMap>& maps = workload.mapped.program.maps;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    text += layer_figure(maps[i], chip.maps[i], integer.maps[i]);
  }
  Table table({{"class"}, {"chip"}, {"integer network"}, {"difference"}});
  for (std::size_t i = 0; i < chip.logits.size(); ++i) {
    const int index = static_cast<int>(i);
    const auto marked = [&](std::int32_t value, int chosen) {
      return index == chosen ? fmt::format("<b>{}</b>", value) : fmt::format("{}", value);
    };
    table.row({fmt::format("{}{}", i, index == label ? " <small>label</small>" : ""),
               marked(chip.logits[i], chip.digit), marked(integer.logits[i], integer.digit),
               fmt::format("{:+}", chip.logits[i] - integer.logits[i])});
  }
  text +=
      table.str("followed-logits",
                fmt::format("Logits of image {} <small>largest in bold</small>", page.followed));
  return {"layers", "One image through the layers", std::move(text)};
}

}  // namespace mcnn::cli
