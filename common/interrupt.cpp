// SPDX-License-Identifier: Apache-2.0
#include "common/interrupt.h"

#include <atomic>
#include <csignal>

namespace mcnn {
namespace {

// A signal handler reaches nothing but static storage.
std::atomic<bool>& flag_storage() {
  static std::atomic<bool> flag = false;
  static_assert(std::atomic<bool>::is_always_lock_free);
  return flag;
}

extern "C" void on_signal(int) { flag_storage().store(true, std::memory_order_relaxed); }

}  // namespace

void install_interrupt_handler() {
  flag_storage().store(false);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupt_requested() { return flag_storage().load(std::memory_order_relaxed); }

}  // namespace mcnn
