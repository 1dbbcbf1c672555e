// x86-64 with AVX-512 (F, BW, VL, DQ) and VNNI: sixteen lanes, 8-bit products four at a time.
#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "tables.h"

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), \
    apply_to = function)

#define LANES 16
#define MATMUL_GROUPS 4
#define MATMUL_COLUMNS 12
#define SCORE_QUERIES 8
#define VALUE_QUERIES 4

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));

static inline vf fused(vf a, vf b, vf c) {
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

static inline vf load_half(const uint16_t *p) {
  return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

static inline float float_of(uint16_t half) { return _cvtsh_ss(half); }

static inline void store_half(uint16_t *p, vf v) {
  const __m512 top = _mm512_set1_ps(65504.0f);
  const __m512 kept =
      _mm512_max_ps(_mm512_min_ps(top, (__m512)v), _mm512_sub_ps(_mm512_setzero_ps(), top));
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(kept, _MM_FROUND_TO_NEAREST_INT));
}

#include "float_kernels.h"

static void quantize(const float *x, ck_q8_block *out, long n) {
  const __m512 sign = _mm512_set1_ps(-0.0f);
  for (long b = 0; b < n / CK_QUANT_BLOCK; b++, x += CK_QUANT_BLOCK, out++) {
    const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    const float top = _mm512_reduce_max_ps(
        _mm512_max_ps(_mm512_andnot_ps(sign, low), _mm512_andnot_ps(sign, high)));
    const __m512 factor = _mm512_set1_ps(top > 0 ? 127.0f / top : 0);
    const __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(low, factor));
    const __m512i c = _mm512_cvtps_epi32(_mm512_mul_ps(high, factor));
    out->scale = top / 127.0f;
    const uint32_t sum = (uint32_t)_mm512_reduce_add_epi32(_mm512_add_epi32(a, c));
    out->offset = (int32_t)(-128u * sum);
    _mm_storeu_si128((__m128i *)out->values, _mm512_cvtsepi32_epi8(a));
    _mm_storeu_si128((__m128i *)(out->values + 16), _mm512_cvtsepi32_epi8(c));
  }
}

#define Q8_COLUMNS 8

/// Sixteen rows by `columns`. Weights are u8 = w + 128, so that each block's sum starts at
/// -128 times the sum of its activations.
INLINE void q8_0_tile(
    const uint8_t *values, const ck_q8_block *x, long blocks, float *y, long valid, long ldy,
    bool accumulate, const int columns) {
  const uint16_t *scales = (const uint16_t *)(values + blocks * LANES * CK_QUANT_BLOCK);
  vf total[Q8_COLUMNS];
  UNROLL for (int c = 0; c < columns; c++) total[c] = splat(0);
  for (long b = 0; b < blocks; b++, values += LANES * CK_QUANT_BLOCK, x++) {
    __m512i sum[Q8_COLUMNS];
    UNROLL for (int c = 0; c < columns; c++) sum[c] = _mm512_set1_epi32(x[c * blocks].offset);
    UNROLL for (int q = 0; q < 8; q++) {
      const __m512i w = _mm512_loadu_si512(values + q * 64);
      UNROLL for (int c = 0; c < columns; c++) {
        int32_t four;
        memcpy(&four, x[c * blocks].values + q * 4, 4);
        sum[c] = _mm512_dpbusd_epi32(sum[c], w, _mm512_set1_epi32(four));
      }
    }
    const vf scale = load_half(scales + b * LANES);
    UNROLL for (int c = 0; c < columns; c++) {
      total[c] = fused(
          (vf)_mm512_cvtepi32_ps(sum[c]), scale * splat(x[c * blocks].scale), total[c]);
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
        case 4: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 4); break;
        case 5: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 5); break;
        case 6: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 6); break;
        case 7: q8_0_tile(w, x, blocks, to, valid, ldy, accumulate, 7); break;
      }
    }
  }
}

#pragma clang attribute pop

const ck_kernels ck_avx512_kernels = CK_TABLE("avx512-vnni", LANES, true);

#endif
