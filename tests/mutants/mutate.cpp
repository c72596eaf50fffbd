// SPDX-License-Identifier: Apache-2.0
// Mutations of sources, for scripts/mutants.sh.
//
//   mcnn_mutate pick SEED COUNT FILE...   so many at random, of all that the files have: a line
//   each,
//                                         "file, number, line, the line's text, what", with tabs
//   mcnn_mutate apply FILE NUMBER         the file with that mutation
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/mutants/mutation_points.h"
#include "tests/support/random.h"

namespace mcnn::mutants {
namespace {

std::string read(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) throw std::runtime_error(path + ": cannot be read, or is empty");
  return text.str();
}

std::string trimmed_line(const std::string& source, std::size_t at) {
  const std::size_t before = source.rfind('\n', at);
  const std::size_t begin =
      source.find_first_not_of(' ', before == std::string::npos ? 0 : before + 1);
  return source.substr(begin, source.find('\n', begin) - begin);
}

void pick(std::uint64_t seed, std::size_t count, const std::vector<std::string>& files) {
  std::vector<std::pair<std::size_t, std::size_t>> all;  // file, number
  std::vector<std::string> sources;
  std::vector<std::vector<Mutation>> found;
  for (const std::string& file : files) {
    sources.push_back(read(file));
    found.push_back(mutations(sources.back(), language_of(file)));
    for (std::size_t i = 0; i < found.back().size(); ++i) all.emplace_back(sources.size() - 1, i);
  }
  testing::Random random(seed);
  for (std::size_t i = 0; i < std::min(count, all.size()); ++i) {
    std::swap(all[i], all[i + random.next() % (all.size() - i)]);
    const auto [file, number] = all[i];
    const Mutation& mutation = found[file][number];
    std::cout << files[file] << '\t' << number << '\t' << line_of(sources[file], mutation) << '\t'
              << trimmed_line(sources[file], mutation.at) << '\t'
              << describe(sources[file], mutation) << '\n';
  }
  std::cerr << all.size() << " mutations in " << files.size() << " files\n";
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() >= 4 && arguments[0] == "pick") {
    pick(std::stoull(arguments[1]), std::stoull(arguments[2]),
         {arguments.begin() + 3, arguments.end()});
    return 0;
  }
  if (arguments.size() == 3 && arguments[0] == "apply") {
    const std::string source = read(arguments[1]);
    std::cout << mutated(
        source, mutations(source, language_of(arguments[1])).at(std::stoull(arguments[2])));
    return 0;
  }
  std::cerr << "usage: mcnn_mutate pick SEED COUNT FILE... | apply FILE NUMBER\n";
  return 2;
}

}  // namespace
}  // namespace mcnn::mutants

int main(int argc, char** argv) {
  try {
    return mcnn::mutants::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "mcnn_mutate: " << error.what() << '\n';
    return 2;
  }
}
