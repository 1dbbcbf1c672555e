// x86-64 with AVX2, FMA and F16C: eight lanes.
#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "tables.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define LANES 8
#define MATMUL_GROUPS 4
#define MATMUL_COLUMNS 6
#define SCORE_QUERIES 2
#define VALUE_QUERIES 2

typedef float vf __attribute__((vector_size(32)));
typedef int32_t vi __attribute__((vector_size(32)));

static inline vf fused(vf a, vf b, vf c) {
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

static inline vf load_half(const uint16_t *p) {
  return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

static inline float float_of(uint16_t half) { return _cvtsh_ss(half); }

static inline void store_half(uint16_t *p, vf v) {
  const __m256 top = _mm256_set1_ps(65504.0f);
  const __m256 kept =
      _mm256_max_ps(_mm256_min_ps(top, (__m256)v), _mm256_sub_ps(_mm256_setzero_ps(), top));
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(kept, _MM_FROUND_TO_NEAREST_INT));
}

#include "float_kernels.h"

static void quantize(const float *x, ck_q8_block *out, long n) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  for (long b = 0; b < n / CK_QUANT_BLOCK; b++, x += CK_QUANT_BLOCK, out++) {
    __m256 part[4];
    __m256 top = _mm256_setzero_ps();
    UNROLL for (int i = 0; i < 4; i++) {
      part[i] = _mm256_loadu_ps(x + i * 8);
      top = _mm256_max_ps(top, _mm256_andnot_ps(sign, part[i]));
    }
    const float largest = largest_of((vf)top);
    const __m256 factor = _mm256_set1_ps(largest > 0 ? 127.0f / largest : 0);
    __m256i whole[4], sum = _mm256_setzero_si256();
    UNROLL for (int i = 0; i < 4; i++) {
      whole[i] = _mm256_cvtps_epi32(_mm256_mul_ps(part[i], factor));
      sum = _mm256_add_epi32(sum, whole[i]);
    }
    const __m256i packed = _mm256_packs_epi16(
        _mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256(
        (__m256i *)out->values, _mm256_permutevar8x32_epi32(packed, order));
    uint32_t lanes[8], offset = 0;
    memcpy(lanes, &sum, sizeof lanes);
    UNROLL for (int i = 0; i < 8; i++) offset -= 128 * lanes[i];
    out->scale = largest / 127.0f;
    out->offset = (int32_t)offset;
  }
}

#define Q8_COLUMNS 4

/// Eight rows by `columns`. |w| is multiplied by the activation with the sign of w: the pairs'
/// 16-bit sums cannot overflow (2 * 128 * 127 < 32768), which those of offset weights could.
INLINE void q8_0_tile(
    const uint8_t *values, const ck_q8_block *x, long blocks, float *y, long valid, long ldy,
    bool accumulate, const int columns) {
  const uint16_t *scales = (const uint16_t *)(values + blocks * LANES * CK_QUANT_BLOCK);
  const __m256i ones = _mm256_set1_epi16(1);
  vf total[Q8_COLUMNS];
  UNROLL for (int c = 0; c < columns; c++) total[c] = splat(0);
  for (long b = 0; b < blocks; b++, values += LANES * CK_QUANT_BLOCK, x++) {
    __m256i sum[Q8_COLUMNS];
    UNROLL for (int c = 0; c < columns; c++) sum[c] = _mm256_setzero_si256();
    UNROLL for (int q = 0; q < 8; q++) {
      const __m256i w = _mm256_loadu_si256((const __m256i *)(values + q * 32));
      const __m256i magnitude = _mm256_abs_epi8(w);
      UNROLL for (int c = 0; c < columns; c++) {
        int32_t four;
        memcpy(&four, x[c * blocks].values + q * 4, 4);
        const __m256i pairs =
            _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(_mm256_set1_epi32(four), w));
        sum[c] = _mm256_add_epi32(sum[c], _mm256_madd_epi16(pairs, ones));
      }
    }
    const vf scale = load_half(scales + b * LANES);
    UNROLL for (int c = 0; c < columns; c++) {
      total[c] = fused(
          (vf)_mm256_cvtepi32_ps(sum[c]), scale * splat(x[c * blocks].scale), total[c]);
    }
  }
  UNROLL for (int c = 0; c < columns; c++) put(y + c * ldy, total[c], valid, accumulate);
}

static void matmul_q8_0(
    const void *weights, const void *activations, float *y, long group0, long group1, long rows,
    long n, long batch, long ldy, bool accumulate) {
  const long blocks = n / CK_QUANT_BLOCK;
  const long group_bytes = (blocks * LANES * (CK_QUANT_BLOCK + 2) + 63) / 64 * 64;
  for (long first = 0; first < batch; first += COLUMN_BLOCK) {
    const long last = batch - first < COLUMN_BLOCK ? batch : first + COLUMN_BLOCK;
    for (long g = group0; g < group1; g++) {
      const uint8_t *w = (const uint8_t *)weights + g * group_bytes;
      const long valid = rows - g * LANES;
      long c = first;
      for (; c + Q8_COLUMNS <= last; c += Q8_COLUMNS) {
        q8_0_tile(
            w, (const ck_q8_block *)activations + c * blocks, blocks, y + c * ldy + g * LANES,
            valid, ldy, accumulate, Q8_COLUMNS);
      }
      const ck_q8_block *x = (const ck_q8_block *)activations + c * blocks;
      float *to = y + c * ldy + g * LANES;
      switch (last - c) {
        case 1: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 1); break;
        case 2: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 2); break;
        case 3: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 3); break;
      }
    }
  }
}

#pragma clang attribute pop

const ck_kernels ck_avx2_kernels = CK_TABLE("avx2", LANES, false);

#endif
