// The float kernels, written once over the vector width and compiled for each instruction set.
//
// A file that includes this has defined:
//   LANES               floats in a vector
//   vf, vi              vectors of LANES floats / int32
//   load_half(p)        LANES half-precision numbers as floats
//   fused(a, b, c)      a * b + c, elementwise on vf
//   square_root(v)      elementwise on vf
//   store_half(p, v)    LANES floats as half-precision numbers, those out of range the largest
//   float_of(h)         one half-precision number as float
//   MATMUL_GROUPS, MATMUL_COLUMNS   the largest tile of the matrix product
//   SCORE_QUERIES       queries that meet the keys of a block together, at most 8
//   VALUE_QUERIES       queries that meet its values together, at most 4
#pragma once

#include <math.h>
#include <string.h>

#include "CKernels.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vf load(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void store(float *p, vf v) { memcpy(p, &v, sizeof v); }

INLINE vf splat(float x) { return x - (vf){}; }

/// The first `count` floats, the rest zero.
INLINE vf load_first(const float *p, long count) {
  float part[LANES] = {0};
  for (long i = 0; i < count; i++) part[i] = p[i];
  return load(part);
}

INLINE void store_first(float *p, vf v, long count) {
  float part[LANES];
  store(part, v);
  for (long i = 0; i < count; i++) p[i] = part[i];
}

/// A whole vector, or the first `count` floats where there are fewer.
INLINE vf load_upto(const float *p, long count) {
  return count >= LANES ? load(p) : load_first(p, count);
}

INLINE void store_upto(float *p, vf v, long count) {
  if (count >= LANES) store(p, v);
  else store_first(p, v, count);
}

/// Runs a statement for each vector of `n` floats, which begins at `i` and has `count` of them.
/// Twice in the code, so that whole vectors are loaded and stored without a question.
#define EACH_VECTOR(i, count, n, ...)                                                            \
  do {                                                                                           \
    long i = 0;                                                                                  \
    for (const long count = LANES; i + LANES <= (n); i += LANES) { __VA_ARGS__; }                \
    for (const long count = (n) - i; i < (n); i = (n)) { __VA_ARGS__; }                          \
  } while (0)

INLINE vf choose(vi mask, vf yes, vf no) { return (vf)(((vi)yes & mask) | ((vi)no & ~mask)); }

INLINE vf larger(vf a, vf b) { return choose(a > b, a, b); }

/// The lanes' sum, halves folded upon each other.
INLINE float sum_of(vf v) {
  float part[LANES];
  store(part, v);
  UNROLL for (int width = LANES / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) part[i] += part[i + width];
  }
  return part[0];
}

INLINE float largest_of(vf v) {
  float part[LANES];
  store(part, v);
  UNROLL for (int width = LANES / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) part[i] = part[i] > part[i + width] ? part[i] : part[i + width];
  }
  return part[0];
}

/// e^x to about one unit in the last place, for x between -87 and 88, or no number.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, whose remainder
/// is below 2^-27 there; 2^n by the exponent bits.
INLINE vf exponential_within(vf x) {
  const vf shift = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  vf shifted = fused(x, splat(1.44269504088896341f), shift);
  vf n = shifted - shift;
  vf r = fused(n, splat(-0.693145751953125f), x);
  r = fused(n, splat(-1.42860682030941723e-6f), r);
  vf p = splat(1.0f / 5040);
  p = fused(p, r, splat(1.0f / 720));
  p = fused(p, r, splat(1.0f / 120));
  p = fused(p, r, splat(1.0f / 24));
  p = fused(p, r, splat(1.0f / 6));
  p = fused(p, r, splat(0.5f));
  p = fused(p, r, splat(1.0f));
  p = fused(p, r, splat(1.0f));
  vi exponent = ((vi)shifted - (vi)shift + 127) << 23;
  return p * (vf)exponent;
}

/// e^x to about one unit in the last place; 0 below -87 and infinite above 88.
INLINE vf exponential(vf x) {
  const vf low = splat(-87.0f), high = splat(88.0f);
  const vf value = exponential_within(choose(x < low, low, choose(x > high, high, x)));
  return choose(x < low, splat(0), choose(x > high, splat(INFINITY), value));
}

// MARK: Matrix products

/// Columns whose activations stay in the second-level cache while all rows pass by.
#define COLUMN_BLOCK 64

INLINE void put(float *to, vf value, long count, bool accumulate) {
  if (count > 0) store_upto(to, accumulate ? load_upto(to, count) + value : value, count);
}

#define FORMAT(NAME) NAME##_f32
#define FORMAT_ELEMENT float
#define FORMAT_LOAD load
#include "float_matmul.h"

#define FORMAT(NAME) NAME##_f16
#define FORMAT_ELEMENT uint16_t
#define FORMAT_LOAD load_half
#include "float_matmul.h"

/// bfloat16: the upper half of a float.
INLINE vf load_brain(const uint16_t *p) {
  typedef uint16_t lanes_of_halves __attribute__((vector_size(LANES * 2)));
  lanes_of_halves v;
  memcpy(&v, p, sizeof v);
  return (vf)(__builtin_convertvector(v, vi) << 16);
}

#define FORMAT(NAME) NAME##_bf16
#define FORMAT_ELEMENT uint16_t
#define FORMAT_LOAD load_brain
#include "float_matmul.h"

// MARK: Elementwise

/// What is known of a block's values beside themselves.
INLINE void set_sums(ck_q8_block *block, float scale, uint32_t first, uint32_t all) {
  block->scale = scale;
  block->sum = scale * (float)(int32_t)all;
  block->offset = (int32_t)(-128u * all);
  block->first_offset = (int32_t)(-128u * first);
}

static void decode_f16(const uint16_t *x, float *out, long n) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(out + i, load_half(x + i));
  for (; i < n; i++) out[i] = float_of(x[i]);
}

/// Logarithm of the sum of e^x; minus infinity unless the largest x is finite, NaN if any x is.
///
/// Sums stay in single precision for 64 terms of a lane only: what is lost is below 1e-7.
static double log_sum_exp(const float *x, long n) {
  vf most = splat(-INFINITY);
  vi broken = {};
  for (long i = 0; i < n; i += LANES) {
    vf v = splat(-INFINITY);
    if (i + LANES <= n) v = load(x + i);
    else memcpy(&v, x + i, (size_t)(n - i) * sizeof(float));
    broken |= v != v;
    most = larger(v, most);
  }
  for (int i = 0; i < LANES; i++) {
    if (broken[i]) return NAN;
  }
  const float top = largest_of(most);
  if (top == INFINITY || top == -INFINITY) return -INFINITY;
  double sum = 0;
  for (long start = 0; start < n; start += 64 * LANES) {
    const long end = start + 64 * LANES < n ? start + 64 * LANES : n;
    vf part = splat(0);
    long i = start;
    for (; i + LANES <= end; i += LANES) part += exponential(load(x + i) - splat(top));
    if (i < end) {
      vf v = splat(-INFINITY);
      memcpy(&v, x + i, (size_t)(end - i) * sizeof(float));
      part += exponential(v - splat(top));
    }
    sum += (double)sum_of(part);
  }
  return (double)top + log(sum);
}

static void rms_norm(const float *x, const float *weight, float *out, long n, float epsilon) {
  vf squares = splat(0);
  EACH_VECTOR(i, count, n, const vf v = load_upto(x + i, count); squares = fused(v, v, squares));
  const vf factor = splat(1.0f / sqrtf(sum_of(squares) / (float)n + epsilon));
  EACH_VECTOR(
      i, count, n,
      store_upto(out + i, load_upto(x + i, count) * factor * load_upto(weight + i, count), count));
}

INLINE vf gated(vf gate, vf up) { return gate / (splat(1) + exponential(-gate)) * up; }

static void swiglu(const float *gate, const float *up, float *out, long n) {
  EACH_VECTOR(
      i, count, n,
      store_upto(out + i, gated(load_upto(gate + i, count), load_upto(up + i, count)), count));
}

/// tanh x: its Taylor polynomial of degree 11 near zero, where the quotient would cancel.
INLINE vf hyperbolic_tangent(vf x) {
  const vf square = x * x;
  vf p = splat(-1382.0f / 155925);
  p = fused(p, square, splat(62.0f / 2835));
  p = fused(p, square, splat(-17.0f / 315));
  p = fused(p, square, splat(2.0f / 15));
  p = fused(p, square, splat(-1.0f / 3));
  p = fused(p * square, x, x);
  const vf far = splat(1) - splat(2) / (splat(1) + exponential(x + x));
  return choose(square < splat(0.09f), p, far);
}

INLINE vf capped(vf x, vf cap) { return cap * hyperbolic_tangent(x / cap); }

static void soft_cap(float *x, long n, float cap) {
  EACH_VECTOR(
      i, count, n, store_upto(x + i, capped(load_upto(x + i, count), splat(cap)), count));
}

/// gelu(x) = x / 2 * (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2 / pi) * (x + 0.044715 x^3).
INLINE vf gelu_gated(vf gate, vf up) {
  const vf cubic = fused(gate * gate * splat(0.044715f), gate, gate);
  return gate / (splat(1) + exponential(cubic * splat(-1.5957691216057308f))) * up;
}

static void geglu(const float *gate, const float *up, float *out, long n) {
  EACH_VECTOR(
      i, count, n,
      store_upto(out + i, gelu_gated(load_upto(gate + i, count), load_upto(up + i, count)), count));
}

INLINE vf clamped_gated(vf gate, vf up) {
  const vf limit = splat(7);
  const vf g = -larger(-gate, -limit);
  const vf u = larger(-larger(-up, -limit), -limit);
  return g / (splat(1) + exponential(g * splat(-1.702f))) * (u + splat(1));
}

static void clamped_swiglu(const float *gate, const float *up, float *out, long n) {
  EACH_VECTOR(
      i, count, n,
      store_upto(out + i, clamped_gated(load_upto(gate + i, count), load_upto(up + i, count)), count));
}

static void add_scaled(const float *x, float *out, long n, float scale) {
  EACH_VECTOR(
      i, count, n,
      const vf sum = fused(load_upto(x + i, count), splat(scale), load_upto(out + i, count));
      store_upto(out + i, sum, count));
}

static void rotate_pairs(float *x, const float *table, long pairs) {
  for (long i = 0; i < pairs; i++) {
    float a = x[2 * i], b = x[2 * i + 1], c = table[2 * i], s = table[2 * i + 1];
    x[2 * i] = a * c - b * s;
    x[2 * i + 1] = a * s + b * c;
  }
}

static void rotate_halves(float *x, const float *table, long pairs) {
  float *low = x, *high = x + pairs;
  const float *cosines = table, *sines = table + pairs;
  EACH_VECTOR(
      i, count, pairs,
      const vf a = load_upto(low + i, count), b = load_upto(high + i, count);
      const vf c = load_upto(cosines + i, count), s = load_upto(sines + i, count);
      store_upto(low + i, fused(a, c, -(b * s)), count);
      store_upto(high + i, fused(a, s, b * c), count));
}

// MARK: Keys and values

INLINE long padded(long head_size) {
  return (head_size + CK_HEAD_PADDING - 1) / CK_HEAD_PADDING * CK_HEAD_PADDING;
}

INLINE vi lane_numbers(void) {
  vi numbers;
  UNROLL for (int i = 0; i < LANES; i++) numbers[i] = i;
  return numbers;
}

#define SCORE_VECTORS (CK_KV_BLOCK / LANES)

#define CACHE(NAME) NAME##_f32
#define CACHE_ELEMENT float
#define CACHE_LOAD load
#define CACHE_STORE store
#define CACHE_SCALED 0
#include "attention.h"

#define CACHE(NAME) NAME##_f16
#define CACHE_ELEMENT uint16_t
#define CACHE_LOAD load_half
#define CACHE_STORE store_half
#define CACHE_SCALED 0
#include "attention.h"

INLINE vf load_signed(const int8_t *p) {
  typedef int8_t lanes_of_bytes __attribute__((vector_size(LANES)));
  lanes_of_bytes v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, vf);
}

/// Rounds up to 32 numbers to 8 bits; the rest of `out` becomes 0. What is no number becomes one,
/// so that a block holds nothing that would spoil positions nobody looks at.
///
/// Returns the scale, in half precision; values are rounded to multiples of what it really is.
INLINE uint16_t round_to_bytes(const float *x, long count, int8_t out[CK_QUANT_BLOCK]) {
  vf part[CK_QUANT_BLOCK / LANES];
  vf top = splat(0);
  UNROLL for (int v = 0; v < CK_QUANT_BLOCK / LANES; v++) {
    const long rest = count - v * LANES;
    part[v] = load_upto(x + v * LANES, rest > 0 ? rest : 0);
    top = larger(part[v], top);
    top = larger(-part[v], top);
  }
  uint16_t halves[LANES];
  store_half(halves, splat(largest_of(top) / 127.0f));
  const float scale = float_of(halves[0]);
  const vf factor = splat(scale > 0 ? 1.0f / scale : 0), shift = splat(12582912.0f);
  float whole[CK_QUANT_BLOCK];
  UNROLL for (int v = 0; v < CK_QUANT_BLOCK / LANES; v++) {
    const vf kept = -larger(-larger(part[v] * factor, splat(-127)), splat(-127));
    store(whole + v * LANES, (kept + shift) - shift);
  }
  for (int i = 0; i < CK_QUANT_BLOCK; i++) out[i] = (int8_t)whole[i];
  return halves[0];
}

static void store_kv_q8_0(const float *key, const float *value, const ck_kv_slot *slot) {
  const long size = slot->head_size, width = padded(size), place = slot->slot;
  const long blocks = (size + CK_QUANT_BLOCK - 1) / CK_QUANT_BLOCK;
  int8_t *keys = (int8_t *)(slot->block + slot->key_offset);
  int8_t *values = (int8_t *)(slot->block + slot->value_offset);
  uint16_t *key_scales = (uint16_t *)(keys + size * CK_KV_BLOCK) + place;
  uint16_t *value_scales = (uint16_t *)(values + width * CK_KV_BLOCK) + place * blocks;
  for (long b = 0; b < blocks; b++) {
    const long first = b * CK_QUANT_BLOCK, rest = size - first;
    const long count = rest < CK_QUANT_BLOCK ? rest : CK_QUANT_BLOCK;
    int8_t bytes[CK_QUANT_BLOCK];
    key_scales[b * CK_KV_BLOCK] = round_to_bytes(key + first, count, bytes);
    for (long i = 0; i < count; i++) keys[(first + i) * CK_KV_BLOCK + place] = bytes[i];
    value_scales[b] = round_to_bytes(value + first, count, bytes);
    memcpy(values + place * width + first, bytes, (size_t)count);
  }
}

#define CACHE(NAME) NAME##_q8_0
#define CACHE_ELEMENT int8_t
#define CACHE_LOAD load_signed
#define CACHE_SCALED 1
#include "attention.h"

#include "recurrence.h"
#include "training_kernels.h"
#include "training_product.h"
#include "training_attention.h"
