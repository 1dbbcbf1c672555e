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

static inline vf square_root(vf v) { return (vf)_mm512_sqrt_ps((__m512)v); }

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
    const uint32_t first = (uint32_t)_mm512_reduce_add_epi32(a);
    set_sums(out, top / 127.0f, first, first + (uint32_t)_mm512_reduce_add_epi32(c));
    _mm_storeu_si128((__m128i *)out->values, _mm512_cvtsepi32_epi8(a));
    _mm_storeu_si128((__m128i *)(out->values + 16), _mm512_cvtsepi32_epi8(c));
  }
}

// MARK: Products with blocks of integers

typedef uint8_t vb __attribute__((vector_size(64)));

#define BLOCK_GROUPS 2
#define WIDE_COLUMNS 8
#define PAIR_COLUMNS 6

// Bytes are q less its bias plus 128, so that every sum starts at -128 times the sum of its
// activations; where a block has a minimum they are q, and sums start at zero.
#define addend(BIAS, MIN) ((MIN) ? 0 : 128 - (BIAS))

typedef vi dots;

#include "block_formats.h"

INLINE vb table_values(vb v, const ck_table table) {
  const __m128i values = _mm_xor_si128(
      _mm_loadu_si128((const __m128i *)ck_tables[table]), _mm_set1_epi8((char)0x80));
  return (vb)_mm512_shuffle_epi8(_mm512_broadcast_i32x4(values), (__m512i)v);
}

#define dots_from(X, HALF, FORM)                                                                 \
  ((FORM).has_min ? (vi){}                                                                       \
   : (HALF) < 0   ? (vi)_mm512_set1_epi32((X)->offset)                                           \
   : (HALF) == 0  ? (vi)_mm512_set1_epi32((X)->first_offset)                                     \
                  : (vi)_mm512_set1_epi32((X)->offset) - (vi)_mm512_set1_epi32((X)->first_offset))

#define dot_step(SUM, W, FOUR, STEP, FORM)                                                       \
  ((vi)_mm512_dpbusd_epi32((__m512i)(SUM), (__m512i)(W), _mm512_set1_epi32(FOUR)))

#define dots_total(SUM, FORM) (SUM)

#include "block_matmul.h"

#pragma clang attribute pop

const ck_kernels ck_avx512_kernels = CK_TABLE("avx512-vnni", LANES, true);

#endif
