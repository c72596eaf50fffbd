// SPDX-License-Identifier: Apache-2.0
#include "behavioral_models/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstring>
#include <vector>

namespace mcnn {
namespace {

// Minimax polynomials (Remez) for Box-Muller; a is the angle in units of pi/4.
// -2 ln(1 + t) / t = sum kLog[i] t^i on [sqrt(1/2) - 1, sqrt(2) - 1], relative error 1.1e-6.
constexpr float kLog[7] = {-2.00000194963F,  1.00002225776F,  -0.666290180468F, 0.498194880232F,
                           -0.409926544079F, 0.373357131491F, -0.237922344384F};
// sin(pi/4 a) / a = sum kSin[i] a^2i on [-1, 1], relative error 1.5e-6.
constexpr float kSin[3] = {0.785396979714F, -0.080724755629F, 0.00243562279124F};
// cos(pi/4 a) = sum kCos[i] a^2i on [-1, 1], relative error 3.3e-8.
constexpr float kCos[4] = {0.999999967386F, -0.308424165589F, 0.015849684167F, -0.000318727839415F};

constexpr std::uint64_t kEven[8] = {0, 2, 4, 6, 8, 10, 12, 14};
constexpr std::int32_t kLaneNumbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Vector types and unaligned access, for kBytes and MCNN_TARGET of the namespace.
#define MCNN_VECTORS                                              \
  constexpr int kLanes = kBytes / 4;                              \
  constexpr std::uint32_t kAllLanes = (1U << kLanes) - 1;         \
  using F32 = float __attribute__((vector_size(kBytes)));         \
  using I32 = std::int32_t __attribute__((vector_size(kBytes)));  \
  using U32 = std::uint32_t __attribute__((vector_size(kBytes))); \
  using U64 = std::uint64_t __attribute__((vector_size(kBytes))); \
  MCNN_TARGET inline F32 load(const float* from) {                \
    F32 v;                                                        \
    std::memcpy(&v, from, sizeof v);                              \
    return v;                                                     \
  }                                                               \
  template <typename Vector, typename T>                          \
  MCNN_TARGET inline void store(T* to, Vector v) {                \
    std::memcpy(to, &v, sizeof v);                                \
  }

// Each namespace adds what has no operator: the product of the low halves of 64-bit lanes, the
// correctly rounded square root, limits, the larger of two, one bit a lane from a comparison, and
// how many such bits are set.
constexpr unsigned count_four_bits(std::uint32_t bits) {
  return static_cast<unsigned>(0x4332322132212110U >> (4 * bits)) & 0xFU;
}

namespace portable {
#define MCNN_TARGET
constexpr int kBytes = 16;
MCNN_VECTORS
inline U64 multiply_low(U64 a, U64 b) { return (a & 0xFFFFFFFFU) * b; }
inline F32 square_root(F32 v) {
  for (int i = 0; i < kLanes; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
}
inline F32 clamp(F32 v, F32 low, F32 high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}
inline F32 larger(F32 a, F32 b) { return a > b ? a : b; }
inline std::uint32_t less(F32 a, F32 b) {
  std::uint32_t bits = 0;
  for (int i = 0; i < kLanes; ++i) bits |= a[i] < b[i] ? 1U << i : 0U;
  return bits;
}
inline unsigned count_bits(std::uint32_t bits) { return count_four_bits(bits); }
#include "behavioral_models/kernels.inc"
#undef MCNN_TARGET
}  // namespace portable

#if defined(__x86_64__)
namespace sse2 {
#define MCNN_TARGET
constexpr int kBytes = 16;
MCNN_VECTORS
inline U64 multiply_low(U64 a, U64 b) {
  return reinterpret_cast<U64>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
}
inline F32 square_root(F32 v) { return _mm_sqrt_ps(v); }
inline F32 clamp(F32 v, F32 low, F32 high) { return _mm_min_ps(_mm_max_ps(v, low), high); }
inline F32 larger(F32 a, F32 b) { return _mm_max_ps(a, b); }
inline std::uint32_t less(F32 a, F32 b) {
  return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmplt_ps(a, b)));
}
inline unsigned count_bits(std::uint32_t bits) { return count_four_bits(bits); }
#include "behavioral_models/kernels.inc"
#undef MCNN_TARGET
}  // namespace sse2

namespace avx2 {
#define MCNN_TARGET __attribute__((target("avx2,popcnt")))
constexpr int kBytes = 32;
MCNN_VECTORS
MCNN_TARGET inline U64 multiply_low(U64 a, U64 b) {
  return reinterpret_cast<U64>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
MCNN_TARGET inline F32 square_root(F32 v) { return _mm256_sqrt_ps(v); }
MCNN_TARGET inline F32 clamp(F32 v, F32 low, F32 high) {
  return _mm256_min_ps(_mm256_max_ps(v, low), high);
}
MCNN_TARGET inline F32 larger(F32 a, F32 b) { return _mm256_max_ps(a, b); }
MCNN_TARGET inline std::uint32_t less(F32 a, F32 b) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ)));
}
MCNN_TARGET inline unsigned count_bits(std::uint32_t bits) {
  return static_cast<unsigned>(__builtin_popcount(bits));
}
#include "behavioral_models/kernels.inc"
#undef MCNN_TARGET
}  // namespace avx2

// The zero-masked forms with a full mask are the plain instructions; GCC 12 warns inside its own
// header about the others.
namespace avx512 {
#define MCNN_TARGET __attribute__((target("avx512f,popcnt")))
constexpr int kBytes = 64;
MCNN_VECTORS
MCNN_TARGET inline U64 multiply_low(U64 a, U64 b) {
  return reinterpret_cast<U64>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
MCNN_TARGET inline F32 square_root(F32 v) { return _mm512_maskz_sqrt_ps(0xFFFF, v); }
MCNN_TARGET inline F32 clamp(F32 v, F32 low, F32 high) {
  return _mm512_maskz_min_ps(0xFFFF, _mm512_maskz_max_ps(0xFFFF, v, low), high);
}
MCNN_TARGET inline F32 larger(F32 a, F32 b) { return _mm512_maskz_max_ps(0xFFFF, a, b); }
MCNN_TARGET inline std::uint32_t less(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
MCNN_TARGET inline unsigned count_bits(std::uint32_t bits) {
  return static_cast<unsigned>(__builtin_popcount(bits));
}
#include "behavioral_models/kernels.inc"
#undef MCNN_TARGET
}  // namespace avx512
#endif

std::vector<Kernels> find_kernels() {
  std::vector<Kernels> found;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    found.push_back({"avx512", avx512::gaussians, avx512::read});
  }
  if (__builtin_cpu_supports("avx2")) found.push_back({"avx2", avx2::gaussians, avx2::read});
  found.push_back({"sse2", sse2::gaussians, sse2::read});
#endif
  found.push_back({"portable", portable::gaussians, portable::read});
  return found;
}

// One block of Philox4x32-10, as the kernels do it.
void philox(const StreamKey& key, std::uint32_t block, std::uint32_t words[4]) {
  std::uint32_t c[4] = {block, key.counter[0], key.counter[1], key.counter[2]};
  std::uint32_t k0 = key.key[0];
  std::uint32_t k1 = key.key[1];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c[2];
    c[0] = static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0;
    c[1] = static_cast<std::uint32_t>(p1);
    c[2] = static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1;
    c[3] = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  std::memcpy(words, c, sizeof c);
}

// Number n of a stream is word or Gaussian j of block b.
struct Place {
  explicit Place(std::uint32_t n)
      : block(kGaussianBlocks * (n / kGaussianBatch) + n % kGaussianBlocks),
        word(n / kGaussianBlocks % 4) {}
  std::uint32_t block;
  std::uint32_t word;
};

}  // namespace

float one_gaussian(const StreamKey& key, std::uint32_t n) {
  const Place place(n);
  std::uint32_t words[4];
  philox(key, place.block, words);
  const std::uint32_t pair = place.word & 2U;
  float both[2 * portable::kLanes];
  portable::box_muller(portable::U32{} + words[pair], portable::U32{} + words[pair + 1], both,
                       both + portable::kLanes);
  return both[(place.word & 1U) * portable::kLanes];
}

std::uint32_t one_word(const StreamKey& key, std::uint32_t n) {
  const Place place(n);
  std::uint32_t words[4];
  philox(key, place.block, words);
  return words[place.word];
}

std::span<const Kernels> supported_kernels() {
  static const std::vector<Kernels> kernels = find_kernels();
  return kernels;
}

}  // namespace mcnn
