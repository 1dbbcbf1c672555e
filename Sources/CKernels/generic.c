// Plain C for any machine: vectors of four floats, which every 64-bit machine has.
#include "tables.h"

#define LANES 4
#define MATMUL_GROUPS 4
#define MATMUL_COLUMNS 4
#define SCORE_QUERIES 1
#define VALUE_QUERIES 1

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

static inline vf fused(vf a, vf b, vf c) { return a * b + c; }

/// IEEE 754 half to single precision by shifting the fields; subnormals by one subtraction.
static inline float float_of(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  const uint32_t rest = half & 0x7fff;
  union { uint32_t bits; float value; } result;
  if (rest >= 0x7c00) {
    result.bits = 0x7f800000u | (rest & 0x3ff) << 13;
  } else if (rest >= 0x400) {
    result.bits = (rest << 13) + ((127u - 15u) << 23);
  } else {
    result.value = (float)rest * 5.9604644775390625e-8f;  // 2^-24
  }
  result.bits |= sign;
  return result.value;
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
  return (vf){float_of(p[0]), float_of(p[1]), float_of(p[2]), float_of(p[3])};
}

#include "float_kernels.h"

static void quantize(const float *x, ck_q8_block *out, long n) {
  for (long b = 0; b < n / CK_QUANT_BLOCK; b++, x += CK_QUANT_BLOCK, out++) {
    float top = 0;
    for (int i = 0; i < CK_QUANT_BLOCK; i++) top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
    const float factor = top > 0 ? 127.0f / top : 0;
    out->scale = top / 127.0f;
    int32_t sum = 0;
    for (int i = 0; i < CK_QUANT_BLOCK; i++) {
      const float shift = 12582912.0f;
      const float rounded = (x[i] * factor + shift) - shift;
      // Numbers that are none (a broken model's) are outside every range.
      const int32_t value = rounded >= -127 && rounded <= 127 ? (int32_t)rounded : -128;
      out->values[i] = (int8_t)value;
      sum += value;
    }
    out->offset = -128 * sum;
  }
}

static void matmul_q8_0(
    const void *weights, const void *x, float *y, long group0, long group1, long rows, long n,
    long batch, long ldy, bool accumulate) {
  const long blocks = n / CK_QUANT_BLOCK;
  const long group_bytes = (blocks * LANES * (CK_QUANT_BLOCK + 2) + 63) / 64 * 64;
  for (long g = group0; g < group1; g++) {
    const int8_t *values = (const int8_t *)weights + g * group_bytes;
    const uint16_t *scales = (const uint16_t *)(values + n * LANES);
    for (long c = 0; c < batch; c++) {
      const ck_q8_block *block = (const ck_q8_block *)x + c * blocks;
      vf total = splat(0);
      for (long b = 0; b < blocks; b++) {
        vi sum = {};
        for (long k = 0; k < CK_QUANT_BLOCK; k++) {
          const int8_t *four = values + ((b * 8 + k / 4) * LANES) * 4 + k % 4;
          sum += (vi){four[0], four[4], four[8], four[12]} * block[b].values[k];
        }
        const vf scale = load_half(scales + b * LANES) * splat(block[b].scale);
        total = fused(__builtin_convertvector(sum, vf), scale, total);
      }
      put(y + c * ldy + g * LANES, total, rows - g * LANES, accumulate);
    }
  }
}

const ck_kernels ck_generic_kernels = CK_TABLE("generic", LANES, false);
