// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a flag that long work looks at, so that it ends with everything cleaned up.
#pragma once

namespace mcnn {

// From now on the first SIGINT or SIGTERM sets the flag; a second one ends the process at once.
void install_interrupt_handler();
bool interrupt_requested();

// Thrown by long work that saw the flag. The command exits with status 130.
struct Interrupted {};

}  // namespace mcnn
