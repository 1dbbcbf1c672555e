// The float kernels, written once over the vector width and compiled for each instruction set.
//
// A file that includes this has defined:
//   LANES               floats in a vector
//   vf, vi              vectors of LANES floats / int32
//   load_half(p)        LANES half-precision numbers as floats
//   fused(a, b, c)      a * b + c, elementwise on vf
//   half_of(x)          one float as half precision
//   float_of(h)         one half-precision number as float
//   MATMUL_GROUPS, MATMUL_COLUMNS   the largest tile of the matrix product
//   ATTEND_QUERIES, ATTEND_VECTORS  the largest tiles of attention
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

/// e^x to about one unit in the last place; 0 below -87 and infinite above 88.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, whose remainder
/// is below 2^-27 there; 2^n by the exponent bits.
INLINE vf exponential(vf x) {
  const vf low = splat(-87.0f), high = splat(88.0f);
  const vf shift = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  vf clamped = choose(x < low, low, choose(x > high, high, x));
  vf shifted = fused(clamped, splat(1.44269504088896341f), shift);
  vf n = shifted - shift;
  vf r = fused(n, splat(-0.693145751953125f), clamped);
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
  vf value = p * (vf)exponent;
  return choose(x < low, splat(0), choose(x > high, splat(INFINITY), value));
}

// MARK: Matrix products

// One accumulator for each output, over k in ascending order, whatever the tile.
#define DEFINE_MATMUL(NAME, ELEMENT, LOAD)                                                        \
  INLINE void NAME##_tile(                                                                        \
      const uint8_t *w, long group_bytes, const float *x, float *y, long valid, long n, long ldy, \
      bool accumulate, const int groups, const int columns) {                                     \
    vf acc[MATMUL_GROUPS][MATMUL_COLUMNS];                                                        \
    UNROLL for (int g = 0; g < groups; g++) {                                                     \
      UNROLL for (int c = 0; c < columns; c++) acc[g][c] = splat(0);                              \
    }                                                                                             \
    for (long k = 0; k < n; k++) {                                                                \
      vf row[MATMUL_GROUPS];                                                                      \
      UNROLL for (int g = 0; g < groups; g++) {                                                   \
        row[g] = LOAD((const ELEMENT *)(w + g * group_bytes) + k * LANES);                        \
      }                                                                                           \
      UNROLL for (int c = 0; c < columns; c++) {                                                  \
        vf value = splat(x[c * n + k]);                                                           \
        UNROLL for (int g = 0; g < groups; g++) acc[g][c] = fused(row[g], value, acc[g][c]);      \
      }                                                                                           \
    }                                                                                             \
    UNROLL for (int g = 0; g < groups; g++) {                                                     \
      long count = valid - g * LANES;                                                             \
      UNROLL for (int c = 0; c < columns; c++) {                                                  \
        float *to = y + c * ldy + g * LANES;                                                      \
        put(to, acc[g][c], count, accumulate);                                                    \
      }                                                                                           \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  INLINE void NAME##_columns(                                                                     \
      const uint8_t *w, long group_bytes, const float *x, float *y, long valid, long n, long ldy, \
      bool accumulate, long batch, const int groups) {                                            \
    long c = 0;                                                                                   \
    for (; c + MATMUL_COLUMNS <= batch; c += MATMUL_COLUMNS) {                                    \
      NAME##_tile(                                                                                \
          w, group_bytes, x + c * n, y + c * ldy, valid, n, ldy, accumulate, groups,              \
          MATMUL_COLUMNS);                                                                        \
    }                                                                                             \
    for (; c + 4 <= batch; c += 4) {                                                              \
      NAME##_tile(                                                                                \
          w, group_bytes, x + c * n, y + c * ldy, valid, n, ldy, accumulate, groups, 4);          \
    }                                                                                             \
    switch (batch - c) {                                                                          \
      case 1:                                                                                     \
        NAME##_tile(                                                                              \
            w, group_bytes, x + c * n, y + c * ldy, valid, n, ldy, accumulate, groups, 1);        \
        break;                                                                                    \
      case 2:                                                                                     \
        NAME##_tile(                                                                              \
            w, group_bytes, x + c * n, y + c * ldy, valid, n, ldy, accumulate, groups, 2);        \
        break;                                                                                    \
      case 3:                                                                                     \
        NAME##_tile(                                                                              \
            w, group_bytes, x + c * n, y + c * ldy, valid, n, ldy, accumulate, groups, 3);        \
        break;                                                                                    \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  static void NAME##_block(                                                                       \
      const uint8_t *w, const float *x, float *y, long group0, long group1, long rows, long n,    \
      long batch, long ldy, bool accumulate, long group_bytes) {                                  \
    long g = group0;                                                                              \
    if (batch <= 2) {                                                                             \
      for (; g + 4 <= group1; g += 4) {                                                           \
        const uint8_t *from = w + g * group_bytes;                                                \
        float *to = y + g * LANES;                                                                \
        long valid = rows - g * LANES;                                                            \
        if (batch == 1) {                                                                         \
          NAME##_tile(from, group_bytes, x, to, valid, n, ldy, accumulate, 4, 1);                 \
        } else {                                                                                  \
          NAME##_tile(from, group_bytes, x, to, valid, n, ldy, accumulate, 4, 2);                 \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
    for (; g + 2 <= group1; g += 2) {                                                             \
      NAME##_columns(                                                                             \
          w + g * group_bytes, group_bytes, x, y + g * LANES, rows - g * LANES, n, ldy,           \
          accumulate, batch, 2);                                                                  \
    }                                                                                             \
    for (; g < group1; g++) {                                                                     \
      NAME##_columns(                                                                             \
          w + g * group_bytes, group_bytes, x, y + g * LANES, rows - g * LANES, n, ldy,           \
          accumulate, batch, 1);                                                                  \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  static void NAME(                                                                               \
      const void *weights, const void *x, float *y, long group0, long group1, long rows, long n,  \
      long batch, long ldy, bool accumulate) {                                                    \
    const long group_bytes = (n * LANES * (long)sizeof(ELEMENT) + 63) / 64 * 64;                  \
    for (long c = 0; c < batch; c += COLUMN_BLOCK) {                                              \
      long count = batch - c < COLUMN_BLOCK ? batch - c : COLUMN_BLOCK;                           \
      NAME##_block(                                                                               \
          weights, (const float *)x + c * n, y + c * ldy, group0, group1, rows, n, count, ldy,    \
          accumulate, group_bytes);                                                               \
    }                                                                                             \
  }

/// Columns whose activations stay in the second-level cache while all rows pass by.
#define COLUMN_BLOCK 64

INLINE void put(float *to, vf value, long count, bool accumulate) {
  if (count >= LANES) {
    store(to, accumulate ? load(to) + value : value);
  } else if (count > 0) {
    store_first(to, accumulate ? load_first(to, count) + value : value, count);
  }
}

DEFINE_MATMUL(matmul_f32, float, load)
DEFINE_MATMUL(matmul_f16, uint16_t, load_half)

// MARK: Elementwise

static void decode_f16(const uint16_t *x, float *out, long n) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(out + i, load_half(x + i));
  for (; i < n; i++) out[i] = float_of(x[i]);
}

static void rms_norm(const float *x, const float *weight, float *out, long n, float epsilon) {
  vf squares = splat(0);
  long i = 0;
  for (; i + LANES <= n; i += LANES) {
    vf v = load(x + i);
    squares = fused(v, v, squares);
  }
  if (i < n) {
    vf v = load_first(x + i, n - i);
    squares = fused(v, v, squares);
  }
  const float factor = 1.0f / sqrtf(sum_of(squares) / (float)n + epsilon);
  for (i = 0; i + LANES <= n; i += LANES) {
    store(out + i, load(x + i) * splat(factor) * load(weight + i));
  }
  for (; i < n; i++) out[i] = x[i] * factor * weight[i];
}

INLINE vf gated(vf gate, vf up) { return gate / (splat(1) + exponential(-gate)) * up; }

static void swiglu(const float *gate, const float *up, float *out, long n) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(out + i, gated(load(gate + i), load(up + i)));
  if (i < n) {
    long count = n - i;
    store_first(out + i, gated(load_first(gate + i, count), load_first(up + i, count)), count);
  }
}

static void rotate_pairs(float *x, const float *table, long pairs) {
  for (long i = 0; i < pairs; i++) {
    float a = x[2 * i], b = x[2 * i + 1], c = table[2 * i], s = table[2 * i + 1];
    x[2 * i] = a * c - b * s;
    x[2 * i + 1] = a * s + b * c;
  }
}

// MARK: Keys and values

INLINE long padded(long head_size) {
  return (head_size + CK_HEAD_PADDING - 1) / CK_HEAD_PADDING * CK_HEAD_PADDING;
}

static void store_kv_f16(const float *key, const float *value, const ck_kv_slot *slot) {
  uint16_t *keys = (uint16_t *)(slot->block + slot->key_offset) + slot->slot;
  uint16_t *values =
      (uint16_t *)(slot->block + slot->value_offset) + slot->slot * padded(slot->head_size);
  for (long d = 0; d < slot->head_size; d++) keys[d * CK_KV_BLOCK] = half_of(key[d]);
  for (long d = 0; d < slot->head_size; d++) values[d] = half_of(value[d]);
}

static void store_kv_f32(const float *key, const float *value, const ck_kv_slot *slot) {
  float *keys = (float *)(slot->block + slot->key_offset) + slot->slot;
  float *values = (float *)(slot->block + slot->value_offset) + slot->slot * padded(slot->head_size);
  for (long d = 0; d < slot->head_size; d++) keys[d * CK_KV_BLOCK] = key[d];
  for (long d = 0; d < slot->head_size; d++) values[d] = value[d];
}

#define SCORE_VECTORS (CK_KV_BLOCK / LANES)

/// Running softmax of one query: [largest score, sum of weights, padding..., weighted values].
#define STATE_VALUES CK_HEAD_PADDING

// Each block's part is computed from nothing and then merged (the usual log-sum-exp merge), so
// that it is the same whoever computes it and however many queries are computed together.
#define DEFINE_ATTEND(NAME, ELEMENT, LOAD)                                                        \
  INLINE void NAME##_values(                                                                      \
      const ELEMENT *values, long stride, long length, float weights[][CK_KV_BLOCK],              \
      float *const *states, long d, const float *kept, const float *added, const int queries,     \
      const int vectors) {                                                                        \
    vf acc[ATTEND_QUERIES][ATTEND_VECTORS];                                                       \
    UNROLL for (int q = 0; q < queries; q++) {                                                    \
      UNROLL for (int v = 0; v < vectors; v++) acc[q][v] = splat(0);                              \
    }                                                                                             \
    for (long p = 0; p < length; p++) {                                                           \
      vf value[ATTEND_VECTORS];                                                                   \
      UNROLL for (int v = 0; v < vectors; v++) value[v] = LOAD(values + p * stride + d + v * LANES); \
      UNROLL for (int q = 0; q < queries; q++) {                                                  \
        vf weight = splat(weights[q][p]);                                                         \
        UNROLL for (int v = 0; v < vectors; v++) acc[q][v] = fused(weight, value[v], acc[q][v]);  \
      }                                                                                           \
    }                                                                                             \
    UNROLL for (int q = 0; q < queries; q++) {                                                    \
      UNROLL for (int v = 0; v < vectors; v++) {                                                  \
        float *to = states[q] + STATE_VALUES + d + v * LANES;                                     \
        store(to, fused(load(to), splat(kept[q]), acc[q][v] * splat(added[q])));                  \
      }                                                                                           \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  INLINE void NAME##_tile(                                                                        \
      const ck_attention *job, const ELEMENT *keys, const ELEMENT *values,                        \
      const float *const *query, float *const *states, long length, const int queries) {          \
    vf score[ATTEND_QUERIES][SCORE_VECTORS];                                                      \
    float weights[ATTEND_QUERIES][CK_KV_BLOCK];                                                   \
    float kept[ATTEND_QUERIES], added[ATTEND_QUERIES];                                            \
    UNROLL for (int q = 0; q < queries; q++) {                                                    \
      UNROLL for (int v = 0; v < SCORE_VECTORS; v++) score[q][v] = splat(0);                      \
    }                                                                                             \
    for (long d = 0; d < job->head_size; d++) {                                                   \
      vf key[SCORE_VECTORS];                                                                      \
      UNROLL for (int v = 0; v < SCORE_VECTORS; v++) key[v] = LOAD(keys + d * CK_KV_BLOCK + v * LANES); \
      UNROLL for (int q = 0; q < queries; q++) {                                                  \
        vf value = splat(query[q][d]);                                                            \
        UNROLL for (int v = 0; v < SCORE_VECTORS; v++) {                                          \
          score[q][v] = fused(value, key[v], score[q][v]);                                        \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
    UNROLL for (int q = 0; q < queries; q++) {                                                    \
      vf top = splat(-INFINITY);                                                                  \
      UNROLL for (int v = 0; v < SCORE_VECTORS; v++) {                                            \
        vi seen = lane_numbers() < (int32_t)(length - v * LANES);                                 \
        score[q][v] = choose(seen, score[q][v] * splat(job->scale), splat(-INFINITY));            \
        top = larger(score[q][v], top);                                                           \
      }                                                                                           \
      const float block_top = largest_of(top);                                                    \
      vf total = splat(0);                                                                        \
      UNROLL for (int v = 0; v < SCORE_VECTORS; v++) {                                            \
        vf weight = exponential(score[q][v] - splat(block_top));                                  \
        store(&weights[q][v * LANES], weight);                                                    \
        total = total + weight;                                                                   \
      }                                                                                           \
      float *state = states[q];                                                                   \
      const float new_top = block_top > state[0] ? block_top : state[0];                          \
      vf change = splat(block_top - new_top);                                                     \
      change[0] = state[0] - new_top;                                                             \
      change = exponential(change);                                                               \
      kept[q] = change[0];                                                                        \
      added[q] = change[1];                                                                       \
      state[0] = new_top;                                                                         \
      state[1] = state[1] * kept[q] + sum_of(total) * added[q];                                   \
    }                                                                                             \
    const long width = padded(job->head_size);                                                    \
    long d = 0;                                                                                   \
    for (; d + ATTEND_VECTORS * LANES <= width; d += ATTEND_VECTORS * LANES) {                    \
      NAME##_values(                                                                              \
          values, width, length, weights, states, d, kept, added, queries, ATTEND_VECTORS);       \
    }                                                                                             \
    for (; d < width; d += LANES) {                                                               \
      NAME##_values(values, width, length, weights, states, d, kept, added, queries, 1);          \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  static void NAME##_any(                                                                         \
      const ck_attention *job, const ELEMENT *keys, const ELEMENT *values,                        \
      const float *const *query, float *const *states, long length, int queries) {                \
    for (; queries >= ATTEND_QUERIES; queries -= ATTEND_QUERIES) {                                \
      NAME##_tile(job, keys, values, query, states, length, ATTEND_QUERIES);                      \
      query += ATTEND_QUERIES;                                                                    \
      states += ATTEND_QUERIES;                                                                   \
    }                                                                                             \
    if (ATTEND_QUERIES > 2 && queries >= 2) {                                                     \
      NAME##_tile(job, keys, values, query, states, length, 2);                                   \
      query += 2;                                                                                 \
      states += 2;                                                                                \
      queries -= 2;                                                                               \
    }                                                                                             \
    if (queries == 1) NAME##_tile(job, keys, values, query, states, length, 1);                   \
  }                                                                                               \
                                                                                                  \
  static void NAME(const ck_attention *job) {                                                     \
    const long width = padded(job->head_size), state_size = STATE_VALUES + width;                 \
    const long group = job->group;                                                                \
    for (long i = 0; i < job->query_count * group; i++) {                                         \
      float *state = job->scratch + i * state_size;                                               \
      memset(state, 0, (size_t)state_size * sizeof(float));                                       \
      state[0] = -INFINITY;                                                                       \
    }                                                                                             \
    for (long r = 0; r < job->run_count; r++) {                                                   \
      const ck_kv_run *run = &job->runs[r];                                                       \
      const ELEMENT *keys = (const ELEMENT *)(run->block + job->key_offset);                      \
      const ELEMENT *values = (const ELEMENT *)(run->block + job->value_offset);                  \
      const float *query[ATTEND_QUERIES];                                                         \
      float *states[ATTEND_QUERIES];                                                              \
      int pending = 0;                                                                            \
      long length = 0;                                                                            \
      for (long u = run->first; u < run->first + run->count; u++) {                               \
        const ck_kv_user user = job->users[u];                                                    \
        for (long h = 0; h < group; h++) {                                                        \
          if (pending == ATTEND_QUERIES || (pending > 0 && length != user.length)) {              \
            NAME##_any(job, keys, values, query, states, length, pending);                        \
            pending = 0;                                                                          \
          }                                                                                       \
          length = user.length;                                                                   \
          query[pending] = job->queries + user.query * job->query_stride + h * job->head_size;    \
          states[pending] = job->scratch + (user.query * group + h) * state_size;                 \
          pending++;                                                                              \
        }                                                                                         \
      }                                                                                           \
      if (pending > 0) NAME##_any(job, keys, values, query, states, length, pending);             \
    }                                                                                             \
    for (long i = 0; i < job->query_count; i++) {                                                 \
      for (long h = 0; h < group; h++) {                                                          \
        const float *state = job->scratch + (i * group + h) * state_size;                         \
        float *to = job->out + i * job->out_stride + h * job->head_size;                          \
        const float factor = 1.0f / state[1];                                                     \
        for (long d = 0; d < job->head_size; d++) to[d] = state[STATE_VALUES + d] * factor;       \
      }                                                                                           \
    }                                                                                             \
  }

INLINE vi lane_numbers(void) {
  vi numbers;
  UNROLL for (int i = 0; i < LANES; i++) numbers[i] = i;
  return numbers;
}

DEFINE_ATTEND(attend_f16, uint16_t, load_half)
DEFINE_ATTEND(attend_f32, float, load)
