// Plain C for any machine: vectors of four floats, which every 64-bit machine has.
#include <math.h>

#include "half.h"
#include "tables.h"

#define LANES 4
#define MATMUL_GROUPS 4
#define MATMUL_COLUMNS 4
#define SCORE_QUERIES 1
#define VALUE_QUERIES 1

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

static inline vf fused(vf a, vf b, vf c) { return a * b + c; }

static inline vf square_root(vf v) {
  return (vf){sqrtf(v[0]), sqrtf(v[1]), sqrtf(v[2]), sqrtf(v[3])};
}

/// Single to half precision, to nearest, ties to even; what is out of range becomes the largest
/// number there is, so that no infinity enters the cache.
static inline uint16_t half_of(float x) {
  union { float value; uint32_t bits; } from = {x};
  const uint16_t sign = (uint16_t)(from.bits >> 16 & 0x8000);
  const uint32_t rest = from.bits & 0x7fffffff;
  if (rest > 0x7f800000) return sign | 0x7e00;
  if (rest >= 0x477fe000) return sign | 0x7bff;  // the largest finite number
  if (rest < 0x38800000) {                       // subnormal: let the float adder round
    from.bits = rest;
    from.value += 0.5f;  // the unit in the last place of 0.5 is 2^-24
    return sign | (uint16_t)(from.bits - 0x3f000000);
  }
  const uint32_t rounded = rest + 0xfff + (rest >> 13 & 1);
  return sign | (uint16_t)((rounded - ((127u - 15u) << 23)) >> 13);
}

static inline void store_half(uint16_t *p, vf v) {
  for (int i = 0; i < LANES; i++) p[i] = half_of(v[i]);
}

static inline vf load_half(const uint16_t *p) {
  return (vf){ck_float_of(p[0]), ck_float_of(p[1]), ck_float_of(p[2]), ck_float_of(p[3])};
}

static inline float float_of(uint16_t half) { return ck_float_of(half); }

#include "float_kernels.h"

static void quantize(const float *x, ck_q8_block *out, long n) {
  for (long b = 0; b < n / CK_QUANT_BLOCK; b++, x += CK_QUANT_BLOCK, out++) {
    float top = 0;
    for (int i = 0; i < CK_QUANT_BLOCK; i++) top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
    const float factor = top > 0 ? 127.0f / top : 0;
    int32_t sum = 0, first = 0;
    for (int i = 0; i < CK_QUANT_BLOCK; i++) {
      const float shift = 12582912.0f;
      // A statement of its own, so that no compiler fuses it with the addition.
      const float exact = x[i] * factor;
      const float rounded = (exact + shift) - shift;
      // Numbers that are none (a broken model's) are outside every range.
      const int32_t value = rounded >= -127 && rounded <= 127 ? (int32_t)rounded : -128;
      out->values[i] = (int8_t)value;
      sum += value;
      if (i == CK_QUANT_BLOCK / 2 - 1) first = sum;
    }
    set_sums(out, top / 127.0f, (uint32_t)first, (uint32_t)sum);
  }
}

// MARK: Products with blocks of integers

typedef uint8_t vb __attribute__((vector_size(16)));

#define BLOCK_GROUPS 1
#define WIDE_COLUMNS 4
#define PAIR_COLUMNS 4

// Bytes are signed weights.
#define addend(BIAS, MIN) (256 - (BIAS))

#include "block_formats.h"

INLINE vb table_values(vb v, const ck_table table) {
  vb result;
  for (int i = 0; i < 16; i++) result[i] = (uint8_t)ck_tables[table][v[i]];
  return result;
}

typedef vi dots;

#define dots_from(X, HALF, FORM) ((vi){})

INLINE vi dot_bytes(vi sum, vb w, int32_t four) {
  typedef int8_t signed_bytes __attribute__((vector_size(16)));
  const signed_bytes weights = (signed_bytes)w;
  int8_t x[4];
  memcpy(x, &four, 4);
  for (int r = 0; r < LANES; r++) {
    for (int i = 0; i < 4; i++) sum[r] += weights[4 * r + i] * x[i];
  }
  return sum;
}

#define dot_step(SUM, W, FOUR, STEP, FORM) dot_bytes(SUM, W, FOUR)
#define dots_total(SUM, FORM) (SUM)

#include "block_matmul.h"

const ck_kernels ck_generic_kernels = CK_TABLE("generic", LANES, false);
