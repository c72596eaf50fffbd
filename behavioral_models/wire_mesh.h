// SPDX-License-Identifier: Apache-2.0
// The mesh of a crossbar's lines and cells, solved: the part of wire_network.h that needs a sparse
// direct solver.
#pragma once

#include "behavioral_models/wire_network.h"

namespace mcnn {

// Conductances times the resistance of a segment, so dimensionless: a row for each input line, a
// column for each selected output line; `lead` is the number of segments between the driver of an
// input line and the first selected output line. In these units a segment has conductance 1.
struct Mesh {
  WireMatrix cells;
  int lead = 1;
};

// Transfer matrix of a mesh: current of an output line per volt at an input line, divided by the
// conductance of a segment. By reciprocity it is also the current of the input line per volt at the
// end of the output line, so the side with fewer lines is driven.
WireMatrix mesh_transfer(Mesh mesh, const WireProgress& progress);

// Currents of the output lines, divided by the conductance of a segment, for input voltages.
WireMatrix mesh_currents(Mesh mesh, const WireMatrix& inputs, const WireProgress& progress);

}  // namespace mcnn
