// SPDX-License-Identifier: Apache-2.0
#include "common/error.h"
#include "host/network/picture.h"

namespace mcnn {

Picture parse_gif(const std::string& path, std::span<const uint8_t> /*bytes*/) {
  throw Error(path +
              ": this build reads no GIF files: install the package libgif-dev, remove the build "
              "folder and build again; or give PNG or PGM");
}

}  // namespace mcnn
