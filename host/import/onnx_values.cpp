// SPDX-License-Identifier: Apache-2.0
#include "host/import/onnx_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "common/index.h"

namespace mcnn {
namespace {

int64_t product(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

OnnxTensor gathered(const OnnxTensor& data, const OnnxTensor& indices, const OnnxFail& fail) {
  if (data.dims.size() != 1 || indices.dims.size() > 1) fail("picks from a list of numbers only");
  OnnxTensor result{indices.dims, {}};
  const auto size = static_cast<double>(data.values.size());
  for (const double index : indices.values) {
    if (index < -size || index >= size) {
      fail(fmt::format("found index {}, its list has {}", index, size));
    }
    result.values.push_back(data.values[static_cast<size_t>(index < 0 ? index + size : index)]);
  }
  return result;
}

OnnxTensor joined(const std::vector<const OnnxTensor*>& inputs, const OnnxFail& fail) {
  OnnxTensor result{{0}, {}};
  for (const OnnxTensor* input : inputs) {
    if (input->dims.size() != 1) fail("joins lists of numbers only");
    result.values.insert(result.values.end(), input->values.begin(), input->values.end());
  }
  result.dims = {static_cast<int64_t>(result.values.size())};
  return result;
}

OnnxTensor sliced(const std::vector<const OnnxTensor*>& inputs, const OnnxFail& fail) {
  if (inputs.size() < 3 || inputs.size() > 4 || inputs[0]->dims.size() != 1 ||
      inputs[1]->values.size() != 1 || inputs[2]->values.size() != 1) {
    fail("cuts from a list of numbers only, with step 1");
  }
  const auto size = static_cast<double>(inputs[0]->values.size());
  const auto place = [&](double at) {
    return static_cast<ptrdiff_t>(std::clamp(at < 0 ? at + size : at, 0.0, size));
  };
  const ptrdiff_t first = place(inputs[1]->values[0]);
  const ptrdiff_t last = std::max(place(inputs[2]->values[0]), first);
  const auto begin = inputs[0]->values.begin();
  return {{last - first}, {begin + first, begin + last}};
}

// A single number with every element of the other, or both of one shape.
bool combined(const OnnxNode& node, const OnnxTensor& a, const OnnxTensor& b, OnnxTensor& result,
              const OnnxFail& fail) {
  const auto apply = [&](double x, double y) {
    if (node.op == "Add") return x + y;
    if (node.op == "Sub") return x - y;
    return node.op == "Mul" ? x * y : x / y;
  };
  const bool single_a = a.values.size() == 1;
  const bool single_b = b.values.size() == 1;
  if (a.dims != b.dims && !single_a && !single_b) fail("constants of different shapes");
  const OnnxTensor& shape = single_a && !single_b ? b : a;
  result.dims = shape.dims;
  for (size_t i = 0; i < shape.values.size(); ++i) {
    result.values.push_back(apply(a.values[single_a ? 0 : i], b.values[single_b ? 0 : i]));
  }
  return true;
}

}  // namespace

int64_t whole(double number) {
  constexpr double kMost = 1e15;
  return static_cast<int64_t>(std::clamp(number, -kMost, kMost));
}

int OnnxValue::size_of(Dimension dimension) const {
  switch (dimension) {
    case Dimension::kChannel:
      return map.channels;
    case Dimension::kRow:
      return map.height;
    case Dimension::kColumn:
      break;
  }
  return map.width;
}

int64_t OnnxValue::size_of(const Axis& axis) const {
  int64_t size = 1;
  for (const Dimension dimension : axis) size *= size_of(dimension);
  return size;
}

std::vector<int64_t> OnnxValue::dims() const {
  std::vector<int64_t> sizes;
  for (const Axis& axis : axes) sizes.push_back(size_of(axis));
  return sizes;
}

void OnnxValue::set_axes(size_t rank) {
  axes.assign(rank, {});
  const auto place = [&](size_t axis, Dimension dimension) {
    if (axis < rank && size_of(dimension) > 1) axes[axis] = {dimension};
  };
  place(1, Dimension::kChannel);
  if (rank == 3) {
    place(2, Dimension::kColumn);
  } else {
    place(2, Dimension::kRow);
    place(3, Dimension::kColumn);
  }
}

std::vector<int64_t> reshaped(const std::vector<int64_t>& dims, const OnnxTensor& shape,
                              const OnnxFail& fail) {
  std::vector<int64_t> target;
  size_t open = shape.values.size();
  int64_t known = 1;
  for (size_t i = 0; i < shape.values.size(); ++i) {
    int64_t dim = whole(shape.values[i]);
    if (dim == 0 && i < dims.size()) dim = dims[i];
    if (dim == -1 && open == shape.values.size()) {
      open = i;
    } else if (dim < 1 || known > (int64_t{1} << 40) / dim) {
      fail(fmt::format("found the shape {}", fmt::join(shape.values, " x ")));
    } else {
      known *= dim;
    }
    target.push_back(dim);
  }
  const int64_t all = product(dims);
  if (open < target.size() && all % known == 0) target[open] = all / known;
  if (product(target) != all) {
    fail(fmt::format("found the shape {} for {}", fmt::join(shape.values, " x "),
                     fmt::join(dims, " x ")));
  }
  return target;
}

std::vector<Axis> regrouped(const OnnxValue& value, const std::vector<int64_t>& dims) {
  Axis flat;
  for (const Axis& axis : value.axes) flat.insert(flat.end(), axis.begin(), axis.end());
  std::vector<Axis> axes;
  size_t next = 0;
  for (const int64_t dim : dims) {
    Axis axis;
    int64_t size = 1;
    while (size < dim && next < flat.size()) {
      size *= value.size_of(flat[next]);
      axis.push_back(flat[next++]);
    }
    if (size != dim) return {};
    axes.push_back(std::move(axis));
  }
  return next == flat.size() ? axes : std::vector<Axis>{};
}

std::vector<size_t> axes_of(const std::vector<int64_t>& axes, size_t rank, const OnnxFail& fail) {
  std::vector<size_t> result;
  const auto size = static_cast<int64_t>(rank);
  for (const int64_t axis : axes) {
    if (axis < -size || axis >= size) {
      fail(fmt::format("found axis {}, allowed are {}..{}", axis, -size, size - 1));
    }
    result.push_back(static_cast<size_t>(axis < 0 ? axis + size : axis));
  }
  return result;
}

std::vector<size_t> order_of(const std::vector<int64_t>& order, size_t rank, const OnnxFail& fail) {
  std::vector<size_t> axes = axes_of(order, rank, fail);
  std::vector<size_t> sorted = axes;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < rank; ++i) {
    if (sorted.size() != rank || sorted[i] != i) {
      fail(fmt::format("perm: found {}, allowed is each of {} axes once", fmt::join(order, ", "),
                       rank));
    }
  }
  return axes;
}

OnnxTensor transposed(const OnnxTensor& tensor, const std::vector<size_t>& axes) {
  const size_t rank = axes.size();
  std::vector<int64_t> steps(rank, 1);
  for (size_t i = rank; i-- > 1;) steps[i - 1] = steps[i] * tensor.dims[i];
  OnnxTensor result;
  for (const size_t axis : axes) result.dims.push_back(tensor.dims[axis]);
  std::vector<int64_t> position(rank, 0);
  for (size_t count = tensor.values.size(); count > 0; --count) {
    int64_t from = 0;
    for (size_t i = 0; i < rank; ++i) from += position[i] * steps[axes[i]];
    result.values.push_back(tensor.values[static_cast<size_t>(from)]);
    for (size_t i = rank; i-- > 0;) {
      if (++position[i] < result.dims[i]) break;
      position[i] = 0;
    }
  }
  return result;
}

bool fold_constants(const OnnxNode& node, const std::vector<const OnnxTensor*>& inputs,
                    OnnxTensor& result, const OnnxFail& fail) {
  const std::string& op = node.op;
  if (inputs.empty()) return false;
  if (op == "Identity" || op == "Cast") {
    result = *inputs[0];
    return true;
  }
  if (op == "Gather" && inputs.size() == 2) {
    result = gathered(*inputs[0], *inputs[1], fail);
    return true;
  }
  if (op == "Concat") {
    result = joined(inputs, fail);
    return true;
  }
  if (op == "Slice") {
    result = sliced(inputs, fail);
    return true;
  }
  const bool arithmetic = op == "Add" || op == "Sub" || op == "Mul" || op == "Div";
  return arithmetic && inputs.size() == 2 && combined(node, *inputs[0], *inputs[1], result, fail);
}

}  // namespace mcnn
