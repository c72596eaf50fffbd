// SPDX-License-Identifier: Apache-2.0
// Sections of the report page: what ran, how many images were right, which were not, and one image
// on its way through the layers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/chart.h"
#include "cli/output/colour_scale.h"
#include "cli/output/html.h"
#include "cli/report/report_sections.h"
#include "host/engine/chip_model.h"
#include "host/network/integer_network.h"
#include "tb/rtl_chip.h"

namespace mcnn::cli {
namespace {

using html::datum;
using html::escaped;
using html::grouped;
using html::Table;

constexpr std::size_t kMostWrong = 200;  // images shown

// The unit of a field of the device card or a parameter, from the end of its name.
std::string_view unit_of(std::string_view name) {
  struct Ending {
    std::string_view ending;
    std::string_view unit;
  };
  // The longer endings first.
  static constexpr std::array<Ending, 10> kEndings = {{{"_curvature_per_uS", "1/µS"},
                                                       {"_uS_per_decade", "µS/decade"},
                                                       {"_per_pulse", "1/pulse"},
                                                       {"_per_code", "1/code"},
                                                       {"_decades", "decades"},
                                                       {"_pulses", "pulses"},
                                                       {"_codes", "codes"},
                                                       {"_ohm", "Ω"},
                                                       {"_uS", "µS"},
                                                       {"_s", "s"}}};
  for (const Ending& ending : kEndings) {
    if (name.ends_with(ending.ending)) return ending.unit;
  }
  return "";
}

std::string commands(const ReportPage& page) {
  const Report& report = page.report;
  std::string text = html::paragraph("This page, again:");
  text += fmt::format("<pre id=\"command-report\">{}</pre>\n", escaped(page.command));
  text += html::paragraph("Its figures as a table and as JSON (the same run):");
  text += fmt::format("<pre id=\"command-run\">{} --result result.json</pre>\n",
                      escaped(report.provenance.command));
  if (report.engine == Engine::kModel && !report.workload.options.adc_bits) {
    text += html::paragraph(
        "The chip model executes the chip's tables on the macro models and gives the RTL's results "
        "bit for bit. The same run on the RTL itself, its first 100 images checked:");
    text += fmt::format(
        "<pre id=\"command-rtl\">mcnn sim {}</pre>\n",
        escaped(report.provenance.command.substr(std::string_view("mcnn model ").size())));
  }
  return text;
}

std::string card_table(const Workload& workload) {
  Table table({{"field", Table::Align::kText},
               {"value", Table::Align::kNumber},
               {"unit", Table::Align::kText}});
  std::istringstream lines(device_card_toml(workload.card));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    std::string value = line.substr(equals + 3);
    if (value.size() > 1 && (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    table.row({"<code>" + escaped(name) + "</code>", escaped(value), std::string(unit_of(name))});
  }
  return table.str("device-card",
                   fmt::format("Device card {} <small>every field that is not off</small>",
                               escaped(workload.card.name)));
}

std::string config_table(const Workload& workload) {
  Table table({{"parameter", Table::Align::kText}, {"value", Table::Align::kNumber}});
  std::istringstream lines(to_params(workload.config));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || line.front() == '#') continue;
    table.row(
        {"<code>" + escaped(line.substr(0, equals)) + "</code>", escaped(line.substr(equals + 1))});
  }
  return table.str("configuration", fmt::format("Configuration {}", escaped(workload.config.name)));
}

std::string shape_text(const MapShape& shape) {
  return fmt::format("{} × {} × {}", shape.channels, shape.height, shape.width);
}

std::string network_table(const Workload& workload) {
  Table table({{"layer", Table::Align::kText},
               {"kind", Table::Align::kText},
               {"input", Table::Align::kText},
               {"output", Table::Align::kText},
               {"weights"},
               {"replicas"},
               {"PEs a replica"},
               {"passes"},
               {"range"}});
  std::int64_t weights = 0;
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    const Layer& layer = workload.network.layers[i];
    const LayerMapping& mapping = workload.mapped.layers[i];
    std::string kind = "fully connected";
    if (layer.type == LayerType::kConvolution) {
      kind =
          fmt::format("{} kernels {} × {}", layer.kernels, layer.kernel_rows, layer.kernel_columns);
      if (layer.pool) {
        kind += fmt::format(", max pool {} × {}", layer.pool->rows, layer.pool->columns);
      }
    }
    weights += static_cast<std::int64_t>(layer.weights.size());
    table.row({escaped(layer.name), kind, shape_text(layer.input), shape_text(layer.output),
               grouped(static_cast<std::int64_t>(layer.weights.size())),
               fmt::format("{}", mapping.replicas), fmt::format("{}", mapping.segment_pes),
               fmt::format("{}", mapping.rows), fmt::format("{}", mapping.range)});
  }
  table.last_row({"sum", "", "", "", grouped(weights), "", "", "", ""});
  return table.str("network",
                   fmt::format("Network {}, {} mapping <small>shapes: channels × rows × columns; "
                               "one weight level is worth 2<sup>range</sup> codes</small>",
                               escaped(workload.network.name), mapping_name(workload.mapped.kind)));
}

// The 95 % interval of a share after Wilson, in per cent.
std::pair<double, double> interval(std::uint64_t part, std::size_t whole) {
  constexpr double kZ = 1.959964;
  const auto n = static_cast<double>(whole);
  const double p = static_cast<double>(part) / n;
  const double centre = p + (kZ * kZ / (2.0 * n));
  const double half = kZ * std::sqrt((p * (1.0 - p) / n) + (kZ * kZ / (4.0 * n * n)));
  const double scale = 100.0 / (1.0 + (kZ * kZ / n));
  return {scale * (centre - half), scale * (centre + half)};
}

std::string accuracy_table(const ReportPage& page) {
  const Report& report = page.report;
  Table table({{"", Table::Align::kText},
               {"accuracy [%]"},
               {"error [%]"},
               {"right"},
               {"95 % interval [%]"},
               {"note", Table::Align::kText}});
  const auto add = [&](std::string_view what, std::string_view key, const EngineRun& run,
                       std::string_view note) {
    const auto [low, high] = interval(run.correct, run.images.size());
    table.row({std::string(what),
               datum(fmt::format("table-{}", key), run.accuracy(),
                     fmt::format("{:.2f}", 100.0 * run.accuracy())),
               fmt::format("{:.2f}", 100.0 * (1.0 - run.accuracy())),
               datum(fmt::format("{}-right", key), static_cast<std::int64_t>(run.correct),
                     grouped(static_cast<std::int64_t>(run.correct))),
               fmt::format("{:.2f} to {:.2f}", low, high), std::string(note)});
  };
  add("integer network", "integer", report.integer, "no device in it");
  add(engine_title(report.engine), "chip", report.run, "this run");
  for (const PublishedAccuracy& published : published_accuracies(report.workload.network)) {
    table.row({escaped(published.what), fmt::format("{:.2f}", published.percent),
               fmt::format("{:.2f}", 100.0 - published.percent), "", "", escaped(published.note)});
  }
  return table.str("accuracy-table",
                   fmt::format("Accuracy over {} images{}", grouped(report.workload.count),
                               published_accuracies(report.workload.network).empty()
                                   ? ""
                                   : ", with the published figures"));
}

std::string confusion_matrix(const Report& report) {
  const auto classes = static_cast<std::size_t>(report.workload.network.num_logits());
  std::vector<std::vector<std::int64_t>> counts(classes, std::vector<std::int64_t>(classes));
  for (std::uint32_t i = 0; i < report.workload.count; ++i) {
    const auto label = static_cast<std::size_t>(report.workload.label(report.workload.first + i));
    ++counts[label][static_cast<std::size_t>(report.run.images[i].digit)];
  }
  std::int64_t most_wrong = 1;
  for (std::size_t label = 0; label < classes; ++label) {
    for (std::size_t found = 0; found < classes; ++found) {
      if (label != found) most_wrong = std::max(most_wrong, counts[label][found]);
    }
  }
  std::string text =
      "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">"
      "<table class=\"confusion\"><thead><tr><th scope=\"col\">label \\ chip</th>";
  const auto out = std::back_inserter(text);
  for (std::size_t found = 0; found < classes; ++found) {
    fmt::format_to(out, "<th scope=\"col\">{}</th>", found);
  }
  text += "<th scope=\"col\">images</th><th scope=\"col\">right [%]</th></tr></thead>\n<tbody>\n";
  for (std::size_t label = 0; label < classes; ++label) {
    std::int64_t images = 0;
    fmt::format_to(out, "<tr><th scope=\"row\">{}</th>", label);
    for (std::size_t found = 0; found < classes; ++found) {
      const std::int64_t count = counts[label][found];
      images += count;
      if (label == found) {
        fmt::format_to(out, "<td class=\"hit\" style=\"--a:.2\">{}</td>", grouped(count));
      } else if (count == 0) {
        text += "<td class=\"zero\">0</td>";
      } else {
        fmt::format_to(out,
                       "<td style=\"--a:{:.2f}\" title=\"{} of label {} taken for {}\">{}</td>",
                       0.12 + (0.5 * static_cast<double>(count) / static_cast<double>(most_wrong)),
                       count, label, found, grouped(count));
      }
    }
    const double right =
        percent_of(static_cast<double>(counts[label][label]), static_cast<double>(images));
    fmt::format_to(out, "<td>{}</td><td>{}</td></tr>\n", grouped(images),
                   images == 0 ? std::string("–") : fmt::format("{:.2f}", right));
  }
  return text + "</tbody></table></div>";
}

std::string image_png(const Workload& workload, std::uint32_t number) {
  const IdxImages& set = workload.data->images;
  return html::data_uri("image/png", html::png_grey(set.width, set.height, workload.image(number)));
}

std::string logits_text(const std::vector<std::int32_t>& logits) {
  std::string text;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    text += fmt::format("{}{}: {}", i == 0 ? "logits " : ", ", i, logits[i]);
  }
  return text;
}

std::vector<double> numbers(const std::vector<std::int32_t>& values) {
  return {values.begin(), values.end()};
}

std::string wrong_images(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  std::vector<std::uint32_t> wrong;
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    if (report.run.images[i].digit != workload.label(workload.first + i)) wrong.push_back(i);
  }
  if (wrong.empty()) return html::paragraph("The chip classified every image right.");
  std::string text = "<ul class=\"wrong\">\n";
  const auto out = std::back_inserter(text);
  const std::size_t shown = std::min(wrong.size(), kMostWrong);
  for (std::size_t k = 0; k < shown; ++k) {
    const std::uint32_t i = wrong[k];
    const std::uint32_t number = workload.first + i;
    const ImageOutcome& image = report.run.images[i];
    const int label = workload.label(number);
    fmt::format_to(
        out,
        "<li><div class=\"row\"><img src=\"{}\" alt=\"image {}\">{}</div>"
        "<b>{}</b>: <span class=\"from\">{}</span> taken for <span class=\"to\">{}</span>{}</li>\n",
        image_png(workload, number), number,
        html::spark_bars(numbers(image.logits), label, image.digit,
                         fmt::format("image {}, label {}, chip {}; {}", number, label, image.digit,
                                     logits_text(image.logits))),
        number, label, image.digit,
        report.integer.images[i].digit == label
            ? ""
            : fmt::format(" <small>({})</small>", report.integer.images[i].digit));
  }
  text += "</ul>";
  std::string caption = fmt::format(
      "The {} of {} images that the chip classified wrong{}, with their logits as bars from zero: "
      "<span class=\"dot right\"></span>the label's, <span class=\"dot chosen\"></span>the "
      "largest. "
      "In brackets what the integer network says where it is wrong as well.",
      grouped(static_cast<std::int64_t>(wrong.size())), grouped(workload.count),
      shown < wrong.size() ? fmt::format(" (the first {} of them)", shown) : "");
  return html::figure("wrong-images", text, caption);
}

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

Section run_section(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  std::string text = commands(page);
  const std::string images =
      workload.options.images.empty() ? "MNIST test set" : escaped(workload.options.images);
  std::string engine(engine_title(report.engine));
  text += html::pairs(
      "what-ran", "What ran",
      {{"engine", engine + (report.engine == Engine::kModel
                                ? ", bit for bit equal to the RTL"
                                : fmt::format(", {} images checked against the chip model",
                                              report.comparison.images))},
       {"images",
        fmt::format("{} to {} of {}", workload.first, workload.first + workload.count - 1, images)},
       {"network",
        fmt::format("{} <small>({})</small>", escaped(workload.network.name),
                    workload.options.network.empty() ? "the one of the configuration"
                                                     : escaped(workload.options.network))},
       {"configuration", escaped(workload.config.name)},
       {"device card", escaped(workload.options.device)},
       {"cells", report.chip->way == ProgramWay::kLoop     ? "programmed by the closed loop"
                 : report.chip->way == ProgramWay::kDirect ? "brought to their levels directly"
                                                           : "loaded from a file"},
       {"leading zero planes left out (MODE.SKIP)", page.skip ? "yes" : "no"},
       {"seed", fmt::format("{}", workload.options.seed)},
       {"versions", fmt::format("mcnn {}, Verilator {}", MCNN_VERSION, MCNN_VERILATOR_VERSION)}});
  text += "<div class=\"columns\">\n" + card_table(workload) + config_table(workload) + "</div>\n";
  text += network_table(workload);
  return {"run", "What ran, and how to repeat it", std::move(text)};
}

Section accuracy_section(const ReportPage& page) {
  const Report& report = page.report;
  const Workload& workload = report.workload;
  std::array<std::int64_t, 4> cases{};  // [integer right][chip right]
  for (std::uint32_t i = 0; i < workload.count; ++i) {
    const int label = workload.label(workload.first + i);
    const bool integer = report.integer.images[i].digit == label;
    const bool chip = report.run.images[i].digit == label;
    ++cases[(integer ? 2U : 0U) + (chip ? 1U : 0U)];
  }
  std::string text = accuracy_table(page);
  text += html::paragraph(fmt::format(
      "{} images are right on both and {} wrong on both; the devices cost {} that the integer "
      "network has right and give {} that it has wrong.",
      grouped(cases[3]), grouped(cases[0]), grouped(cases[2]), grouped(cases[1])));
  text += html::figure("confusion", confusion_matrix(report),
                       "Confusion matrix of the chip: rows are labels, columns what the chip said. "
                       "Tint: how many images, of the errors against the most frequent one.");
  text += wrong_images(page);
  return {"accuracy", "Accuracy", std::move(text)};
}

Section followed_section(const ReportPage& page) {
  const Workload& workload = page.report.workload;
  ChipModel model(workload.config, workload.mapped.program, page.report.chip->macros,
                  ChipModel::Options{.skip = page.skip, .maps = true});
  const std::span<const std::uint8_t> pixels = workload.image(page.followed);
  const ImageResult& chip = model.run(page.followed, pixels);
  const IntegerResult integer = IntegerNetwork(workload.network).run(pixels);
  const int label = workload.label(page.followed);

  std::string text =
      html::figure("followed-input",
                   fmt::format("<img class=\"input\" src=\"{}\" alt=\"image {}\">",
                               image_png(workload, page.followed), page.followed),
                   fmt::format("Image {}, label {}: {} × {} pixels.", page.followed, label,
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
