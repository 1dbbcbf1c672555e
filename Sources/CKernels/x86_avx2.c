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

static inline vf square_root(vf v) { return (vf)_mm256_sqrt_ps((__m256)v); }

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
    __m256i whole[4];
    UNROLL for (int i = 0; i < 4; i++) {
      whole[i] = _mm256_cvtps_epi32(_mm256_mul_ps(part[i], factor));
    }
    const __m256i packed = _mm256_packs_epi16(
        _mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256(
        (__m256i *)out->values, _mm256_permutevar8x32_epi32(packed, order));
    uint32_t first[8], second[8];
    const __m256i low = _mm256_add_epi32(whole[0], whole[1]);
    const __m256i high = _mm256_add_epi32(whole[2], whole[3]);
    memcpy(first, &low, sizeof first);
    memcpy(second, &high, sizeof second);
    UNROLL for (int i = 1; i < 8; i++) {
      first[0] += first[i];
      second[0] += second[i];
    }
    set_sums(out, largest / 127.0f, first[0], first[0] + second[0]);
  }
}

// MARK: Products with blocks of integers

typedef uint8_t vb __attribute__((vector_size(32)));

#define BLOCK_GROUPS 1
#define WIDE_COLUMNS 4
#define PAIR_COLUMNS 4

// Bytes are q as stored, so small that pairs of products can be added in 16 bits for a while; or,
// for the 8-bit formats and those with tables, signed weights.
#define addend(BIAS, MIN) 0

#include "block_formats.h"

INLINE vb table_values(vb v, const ck_table table) {
  const __m128i values = _mm_loadu_si128((const __m128i *)ck_tables[table]);
  return (vb)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(values), (__m256i)v);
}

typedef struct {
  __m256i sum;
  /// Sums of pairs, in 16 bits.
  __m256i pairs;
} dots;

/// Pairs of products that fit into 16 bits: of 2 * 127 * (2^bits - 1) each.
#define PAIRS(FORM)                                                                              \
  ((FORM).bits <= 4 ? 8 : (FORM).bits == 5 ? 4 : (FORM).bits == 6 ? 2 : 1)

/// Sums over q - bias start at -bias times the sum of the activations.
#define dots_from(X, HALF, FORM)                                                                 \
  ((dots){                                                                                       \
      (FORM).bias == 0                                                                           \
          ? _mm256_setzero_si256()                                                               \
          : _mm256_set1_epi32(                                                                   \
              ((HALF) < 0    ? (X)->offset                                                       \
               : (HALF) == 0 ? (X)->first_offset                                                 \
                             : (X)->offset - (X)->first_offset)                                  \
              / (128 / ((FORM).bias == 0 ? 1 : (FORM).bias))),                                   \
      _mm256_setzero_si256()})

INLINE dots dot_step(dots s, vb w, int32_t four, const int step, const ck_dot_form form) {
  const __m256i ones = _mm256_set1_epi16(1), a = _mm256_set1_epi32(four);
  // |w| times the activation with the sign of w: 2 * 128 * 127 < 32768.
  const __m256i products =
      form.is_signed
          ? _mm256_maddubs_epi16(_mm256_abs_epi8((__m256i)w), _mm256_sign_epi8(a, (__m256i)w))
          : _mm256_maddubs_epi16((__m256i)w, a);
  const int most = PAIRS(form);
  s.pairs = step % most == 0 ? products : _mm256_add_epi16(s.pairs, products);
  const int last = 8 / form.halves - 1;
  if (step % most == most - 1 || step == last) {
    s.sum = _mm256_add_epi32(s.sum, _mm256_madd_epi16(s.pairs, ones));
  }
  return s;
}

#define dots_total(SUM, FORM) ((vi)(SUM).sum)

#include "block_matmul.h"

#pragma clang attribute pop

const ck_kernels ck_avx2_kernels = CK_TABLE("avx2", LANES, false);

#endif
