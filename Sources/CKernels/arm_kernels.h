// 64-bit ARM: four lanes, half precision converted by the machine. Compiled without and, with
// DOT_PRODUCTS defined, with the instructions that add four 8-bit products at once.
#pragma once

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

static inline vf square_root(vf v) { return (vf)vsqrtq_f32((float32x4_t)v); }

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
    int32x4_t halves[2] = {vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int i = 0; i < CK_QUANT_BLOCK; i += 4) {
      const int32x4_t whole = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), factor));
      halves[i / 16] = vaddq_s32(halves[i / 16], whole);
      for (int lane = 0; lane < 4; lane++) out->values[i + lane] = (int8_t)whole[lane];
    }
    const uint32_t first = (uint32_t)vaddvq_s32(halves[0]);
    set_sums(out, largest / 127.0f, first, first + (uint32_t)vaddvq_s32(halves[1]));
  }
}

// MARK: Products with blocks of integers

typedef uint8_t vb __attribute__((vector_size(16)));

#define BLOCK_GROUPS 2
#define WIDE_COLUMNS 8
#define PAIR_COLUMNS 6

// Bytes are signed weights.
#define addend(BIAS, MIN) (256 - (BIAS))

#include "block_formats.h"

INLINE vb table_values(vb v, const ck_table table) {
  return (vb)vqtbl1q_u8(vld1q_u8((const uint8_t *)ck_tables[table]), (uint8x16_t)v);
}

#ifdef DOT_PRODUCTS
typedef int32x4_t dots;

#define dots_from(X, HALF, FORM) vdupq_n_s32(0)
#define dot_step(SUM, W, FOUR, STEP, FORM)                                                       \
  vdotq_s32(SUM, vreinterpretq_s8_u8((uint8x16_t)(W)), vreinterpretq_s8_s32(vdupq_n_s32(FOUR)))
#define dots_total(SUM, FORM) ((vi)(SUM))
#else
/// Products widened to 16 bits and added in pairs, twice over.
typedef struct {
  int32x4_t low, high;
} dots;

#define dots_from(X, HALF, FORM) ((dots){vdupq_n_s32(0), vdupq_n_s32(0)})

INLINE dots dot_bytes(dots s, vb w, int32_t four) {
  const int8x16_t weights = vreinterpretq_s8_u8((uint8x16_t)w);
  const int8x8_t x = vreinterpret_s8_s32(vdup_n_s32(four));
  s.low = vpadalq_s16(s.low, vmull_s8(vget_low_s8(weights), x));
  s.high = vpadalq_s16(s.high, vmull_s8(vget_high_s8(weights), x));
  return s;
}

#define dot_step(SUM, W, FOUR, STEP, FORM) dot_bytes(SUM, W, FOUR)
#define dots_total(SUM, FORM) ((vi)vpaddq_s32((SUM).low, (SUM).high))
#endif

#include "block_matmul.h"
