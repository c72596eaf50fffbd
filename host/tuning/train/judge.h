// SPDX-License-Identifier: Apache-2.0
// Keeps the best network of a training run, by the images that are held out of it.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>

#include "host/network/image_set.h"
#include "host/network/network.h"
#include "host/tuning/train/evaluation.h"
#include "host/tuning/train/model.h"
#include "host/tuning/train/topology.h"

namespace mcnn::train {

// The accuracy with a Gaussian error of kJudgedError on every weight, over `draws` of them. Of
// chains of layers without padding independent of libtorch (accuracy_over_draws), of others with
// it.
ErrorAccuracy accuracy_with_errors(const Network& network, const Dataset& data, int draws,
                                   std::uint64_t first_seed, torch::Device device);

class Judge {
 public:
  // `with_errors`: networks are judged with errors on their weights. Where the topology says so
  // the last one is kept: a cycle of the learning rate ends best, and few images are held out.
  Judge(const Topology& topology, Dataset held_out, bool with_errors, torch::Device device);

  // Return what to say about the network. `offer` keeps it if it is the best.
  std::string real(const Model& model) const;
  std::string offer(const Model& model);

  const Network& network() const { return network_; }

  // For a checkpoint: the best network as text, empty when there is none.
  std::string best() const;
  double best_score() const { return score_; }
  void set_best(const std::string& text, double score);

 private:
  const Topology& topology_;
  Dataset held_out_;
  bool with_errors_;
  torch::Device device_;
  Network network_;
  double score_ = -1;
};

}  // namespace mcnn::train
