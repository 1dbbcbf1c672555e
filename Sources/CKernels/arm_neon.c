// 64-bit ARM: four lanes, half precision converted by the machine.
#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "tables.h"

#define LANES 4
#define MATMUL_GROUPS 4
#define MATMUL_COLUMNS 6
#define SCORE_QUERIES 2
#define VALUE_QUERIES 2

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

static inline vf fused(vf a, vf b, vf c) {
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

static inline vf load_half(const uint16_t *p) {
  return (vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline float float_of(uint16_t half) {
  __fp16 value;
  memcpy(&value, &half, 2);
  return (float)value;
}

static inline void store_half(uint16_t *p, vf v) {
  const float32x4_t top = vdupq_n_f32(65504.0f);
  const float32x4_t kept = vmaxq_f32(vminq_f32((float32x4_t)v, top), vnegq_f32(top));
  vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(kept)));
}

#include "float_kernels.h"

static void quantize(const float *x, ck_q8_block *out, long n) {
  for (long b = 0; b < n / CK_QUANT_BLOCK; b++, x += CK_QUANT_BLOCK, out++) {
    float32x4_t top = vdupq_n_f32(0);
    for (int i = 0; i < CK_QUANT_BLOCK; i += 4) top = vmaxq_f32(top, vabsq_f32(vld1q_f32(x + i)));
    const float largest = vmaxvq_f32(top);
    const float factor = largest > 0 ? 127.0f / largest : 0;
    int32x4_t sum = vdupq_n_s32(0);
    for (int i = 0; i < CK_QUANT_BLOCK; i += 4) {
      const int32x4_t whole = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), factor));
      sum = vaddq_s32(sum, whole);
      for (int lane = 0; lane < 4; lane++) out->values[i + lane] = (int8_t)whole[lane];
    }
    out->scale = largest / 127.0f;
    out->offset = (int32_t)(-128u * (uint32_t)vaddvq_s32(sum));
  }
}

/// Four rows, one column: 8-bit products widened to 16 bits and added in pairs.
static void matmul_q8_0(
    const void *weights, const void *activations, float *y, long group0, long group1, long rows,
    long n, long batch, long ldy, bool accumulate) {
  const long blocks = n / CK_QUANT_BLOCK;
  const long group_bytes = (blocks * LANES * (CK_QUANT_BLOCK + 2) + 63) / 64 * 64;
  for (long g = group0; g < group1; g++) {
    const int8_t *w = (const int8_t *)weights + g * group_bytes;
    const uint16_t *scales = (const uint16_t *)(w + n * LANES);
    for (long c = 0; c < batch; c++) {
      const ck_q8_block *x = (const ck_q8_block *)activations + c * blocks;
      vf total = splat(0);
      for (long b = 0; b < blocks; b++) {
        int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);
        for (int q = 0; q < 8; q++) {
          const int8x16_t rows4 = vld1q_s8(w + (b * 8 + q) * 16);
          int32_t four;
          memcpy(&four, x[b].values + q * 4, 4);
          const int8x8_t a = vreinterpret_s8_s32(vdup_n_s32(four));
          low = vpadalq_s16(low, vmull_s8(vget_low_s8(rows4), a));
          high = vpadalq_s16(high, vmull_s8(vget_high_s8(rows4), a));
        }
        const int32x4_t sum = vpaddq_s32(low, high);
        const vf scale = load_half(scales + b * LANES) * splat(x[b].scale);
        total = fused((vf)vcvtq_f32_s32(sum), scale, total);
      }
      put(y + c * ldy + g * LANES, total, rows - g * LANES, accumulate);
    }
  }
}

const ck_kernels ck_neon_kernels = CK_TABLE("neon", LANES, false);

#endif
