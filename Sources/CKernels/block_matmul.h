// Matrix products with weights of small integers, written once over the vector width.
//
// A chunk of a group's packed weights is expanded to bytes and float scales, which stay in the
// nearest cache while the columns meet them a few at a time. A block's product is an exact integer
// sum; blocks are added in ascending order, so that an output is the same to the bit in every tile.
//
// A file that includes this has, beside what float_kernels.h wants, defined:
//   vb                      vectors of LANES * 4 bytes
//   BLOCK_GROUPS            groups of rows that meet a broadcast activation together: 1 or 2
//   WIDE_COLUMNS            columns of the largest tile of one group
//   PAIR_COLUMNS            columns of the largest tile of two groups
//   addend(bias, min)       what is added to q to make the bytes that `dot_step` takes
//   table_values(v, table)  the entries of a table that v numbers, as such bytes
//   dots                    a running integer sum
//   dots_from(x, h, f)      where the sum with block x (or, from h = 0 on, its h-th half) begins
//   dot_step(s, w, a, q, f) the sum with four more inputs for each row; q counts calls
//   dots_total(s, f)        the sum, as vi
// f (const ck_dot_form) says what the bytes are.
#pragma once

#include "block_formats.h"

/// A chunk of a group of rows, ready to be multiplied.
typedef struct {
  /// [blocks, 8, LANES * 4]
  const uint8_t *values;
  /// Scales as packed, where they need no work but conversion. [blocks, LANES]
  const uint16_t *half_scales;
  /// [blocks * halves, LANES]
  float scales[CHUNK_BLOCKS * 2 * LANES];
  /// What is added for each unit of an activation; where blocks have minima.
  float mins[CHUNK_BLOCKS * 2 * LANES];
  uint8_t expanded[CHUNK_INPUTS * LANES];
} ck_chunk;

INLINE vb load_bytes(const uint8_t *p) {
  vb v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void store_bytes(uint8_t *p, vb v) { memcpy(p, &v, sizeof v); }

INLINE vi ints_of_bytes(const uint8_t *p) {
  typedef uint8_t lanes_of_bytes __attribute__((vector_size(LANES)));
  lanes_of_bytes v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, vi);
}

INLINE vf floats_of(vi v) { return __builtin_convertvector(v, vf); }

// MARK: Expanding

INLINE void expand_values(
    const uint8_t *from, long blocks, uint8_t *to, const ck_block_format *format) {
  const int low_bits = format->low_bits, high_bits = format->high_bits;
  const long step = LANES * 4;
  const uint8_t add = (uint8_t)addend(format->bias, ck_has_min(format->scales));
  for (long b = 0; b < blocks; b++, to += 8 * step) {
    vb part[8];
    if (low_bits == 4) {
      UNROLL for (int j = 0; j < 4; j++, from += step) {
        const vb v = load_bytes(from);
        part[j] = v & 15;
        part[j + 4] = v >> 4;
      }
    } else {
      UNROLL for (int j = 0; j < 8; j += 4, from += step) {
        const vb v = load_bytes(from);
        UNROLL for (int i = 0; i < 4; i++) part[j + i] = (v >> 2 * i) & 3;
      }
    }
    if (high_bits == 1) {
      const vb v = load_bytes(from);
      UNROLL for (int j = 0; j < 8; j++) part[j] |= ((v >> j) & 1) << low_bits;
      from += step;
    } else if (high_bits == 2) {
      UNROLL for (int j = 0; j < 8; j += 4, from += step) {
        const vb v = load_bytes(from);
        UNROLL for (int i = 0; i < 4; i++) part[j + i] |= ((v >> 2 * i) & 3) << 4;
      }
    }
    UNROLL for (int j = 0; j < 8; j++) {
      const vb v =
          format->table == NO_TABLE ? part[j] + add : table_values(part[j], format->table);
      store_bytes(to + j * step, v);
    }
  }
}

INLINE void expand_scales(
    const uint8_t *from, long blocks, ck_chunk *to, const ck_block_format *format) {
  float *scales = to->scales, *mins = to->mins;
  switch (format->scales) {
    case SCALE_OF_32: to->half_scales = (const uint16_t *)from; return;
    case SCALE_AND_MIN_OF_32:
      for (long b = 0; b < blocks; b++) {
        store(scales + b * LANES, load_half((const uint16_t *)from + 2 * b * LANES));
        store(mins + b * LANES, load_half((const uint16_t *)from + (2 * b + 1) * LANES));
      }
      return;
    case FACTORS_AND_MINS_OF_32:
      for (long b = 0; b < blocks; b += 8, from += 16 * LANES) {
        const vf d = load_half((const uint16_t *)from);
        const vf m = load_half((const uint16_t *)from + LANES);
        UNROLL for (int i = 0; i < 8; i++) {
          const vi low = ints_of_bytes(from + (4 + i) * LANES);
          const vi high = ints_of_bytes(from + (12 + i / 2) * LANES) >> 4 * (i % 2);
          store(scales + (b + i) * LANES, d * floats_of((low & 15) | (high & 3) << 4));
          store(mins + (b + i) * LANES, -(m * floats_of(low >> 4 | ((high >> 2) & 3) << 4)));
        }
      }
      return;
    case FACTORS_OF_16:
      for (long b = 0; b < blocks; b += 8, from += 18 * LANES) {
        const vf d = load_half((const uint16_t *)from) * splat(format->unit);
        UNROLL for (int i = 0; i < 16; i++) {
          store(scales + (2 * b + i) * LANES, d * load_signed((const int8_t *)from + (2 + i) * LANES));
        }
      }
      return;
    case FACTORS_AND_MINS_OF_16:
      for (long b = 0; b < blocks; b += 8, from += 20 * LANES) {
        const vf d = load_half((const uint16_t *)from);
        const vf m = load_half((const uint16_t *)from + LANES);
        UNROLL for (int i = 0; i < 16; i++) {
          const vi factors = ints_of_bytes(from + (4 + i) * LANES);
          store(scales + (2 * b + i) * LANES, d * floats_of(factors & 15));
          store(mins + (2 * b + i) * LANES, -(m * floats_of(factors >> 4)));
        }
      }
      return;
    case FACTORS_OF_32:
      for (long b = 0; b < blocks; b += 8, from += 8 * LANES) {
        const vf d = load_half((const uint16_t *)from) * splat(format->unit);
        UNROLL for (int i = 0; i < 8; i++) {
          const vi low = ints_of_bytes(from + (2 + i / 2) * LANES) >> 4 * (i % 2);
          const vi high = ints_of_bytes(from + (6 + i / 4) * LANES) >> 2 * (i % 4);
          store(scales + (b + i) * LANES, d * floats_of(((low & 15) | (high & 3) << 4) - 32));
        }
      }
      return;
    case SCALE_OF_256:
      for (long b = 0; b < blocks; b += 8, from += 2 * LANES) {
        const vf d = load_half((const uint16_t *)from);
        UNROLL for (int i = 0; i < 8; i++) store(scales + (b + i) * LANES, d);
      }
      return;
    case EXPONENT_OF_32:
      for (long b = 0; b < blocks; b++, from += LANES) {
        // A float's exponent is biased by 127; below that there are bits of its fraction.
        const vi e = ints_of_bytes(from), is_small = e < 2;
        const vi bits = (is_small & ((vi){} + 0x00200000) << (e & 1)) | (~is_small & (e - 1) << 23);
        store(scales + b * LANES, (vf)bits);
      }
      return;
  }
}

INLINE void expand(
    const uint8_t *from, long blocks, ck_chunk *to, const ck_block_format *format) {
  if (format->low_bits == 8) {
    to->values = from;
  } else {
    expand_values(from, blocks, to->expanded, format);
    to->values = to->expanded;
  }
  expand_scales(from + blocks * ck_packed_values(format, LANES), blocks, to, format);
}

// MARK: Multiplying

/// Where a tile's sums come from and go to. Between chunks they stay in `totals`,
/// [columns, BLOCK_GROUPS, LANES]; the last chunk puts them into y.
typedef struct {
  float *totals;
  float *y;
  long ldy;
  /// Rows from the first group's first on.
  long valid;
  bool accumulate;
  bool first;
  bool last;
  /// The chunk that comes after this one, of the first group; others are `next_stride` bytes apart.
  const uint8_t *next;
  long next_stride;
  /// Cache lines of it to fetch with each block of this one.
  long next_lines;
} ck_destination;

/// The q-th four inputs of all rows of a group, of block b of a chunk.
INLINE vb weights_at(const ck_chunk *chunk, long b, const int q, const ck_dot_form form) {
  if (!form.packed) return load_bytes(chunk->values + (b * 8 + q) * LANES * 4);
  const vb two = load_bytes(chunk->values + (b * 4 + q % 4) * LANES * 4);
  const vb value = q < 4 ? two & 15 : two >> 4;
  return form.table == NO_TABLE ? value + (uint8_t)addend(form.bias, form.has_min)
                                : table_values(value, form.table);
}

/// Adds the product of a chunk of `groups` groups of rows with `columns` columns.
///
/// - x: the chunk's first block of the first column; columns are `stride` blocks apart.
/// - column: the number of the first column at the destination.
INLINE void block_tile(
    const ck_chunk *chunks, const ck_q8_block *x, long stride, long blocks,
    const ck_destination *to, long column, const int groups, const int columns,
    const ck_dot_form form) {
  enum { MOST = PAIR_COLUMNS > WIDE_COLUMNS ? PAIR_COLUMNS : WIDE_COLUMNS };
  vf total[BLOCK_GROUPS][MOST];
  float *totals = to->totals + column * BLOCK_GROUPS * LANES;
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) total[g][c] = splat(0);
  }
  if (!to->first) {
    UNROLL for (int g = 0; g < groups; g++) {
      UNROLL for (int c = 0; c < columns; c++) {
        total[g][c] = load(totals + (c * BLOCK_GROUPS + g) * LANES);
      }
    }
  }
  const int steps = 8 / form.halves;
  for (long b = 0; b < blocks; b++, x++) {
    if (column == 0) {
      // Memory is read evenly, a chunk ahead: the machine's own prefetching leaves half of what
      // one thread could read.
      UNROLL for (int g = 0; g < groups; g++) {
        const uint8_t *line = to->next + g * to->next_stride + b * to->next_lines * 64;
        for (long i = 0; i < to->next_lines; i++) __builtin_prefetch(line + i * 64);
      }
    }
    UNROLL for (int h = 0; h < form.halves; h++) {
      dots sum[BLOCK_GROUPS][MOST];
      UNROLL for (int c = 0; c < columns; c++) {
        UNROLL for (int g = 0; g < groups; g++) {
          sum[g][c] = dots_from(x + c * stride, form.halves == 1 ? -1 : h, form);
        }
      }
      UNROLL for (int q = 0; q < steps; q++) {
        vb w[BLOCK_GROUPS];
        UNROLL for (int g = 0; g < groups; g++) {
          w[g] = weights_at(&chunks[g], b, h * steps + q, form);
        }
        UNROLL for (int c = 0; c < columns; c++) {
          int32_t four;
          memcpy(&four, x[c * stride].values + (h * steps + q) * 4, 4);
          UNROLL for (int g = 0; g < groups; g++) {
            sum[g][c] = dot_step(sum[g][c], w[g], four, q, form);
          }
        }
      }
      const long place = (b * form.halves + h) * LANES;
      UNROLL for (int g = 0; g < groups; g++) {
        const vf scale = form.half_scales ? load_half(chunks[g].half_scales + place)
                                          : load(chunks[g].scales + place);
        UNROLL for (int c = 0; c < columns; c++) {
          total[g][c] = fused(
              floats_of(dots_total(sum[g][c], form)), scale * splat(x[c * stride].scale),
              total[g][c]);
        }
        if (!form.has_min) continue;
        const vf min = load(chunks[g].mins + place);
        UNROLL for (int c = 0; c < columns; c++) {
          const ck_q8_block *block = x + c * stride;
          float sum_of_block = block->sum;
          if (form.halves == 2) {
            const int32_t offset =
                h == 0 ? block->first_offset : block->offset - block->first_offset;
            sum_of_block = (float)offset * (-1.0f / 128) * block->scale;
          }
          total[g][c] = fused(min, splat(sum_of_block), total[g][c]);
        }
      }
    }
  }
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) {
      if (to->last) {
        put(to->y + (column + c) * to->ldy + g * LANES, total[g][c], to->valid - g * LANES,
            to->accumulate);
      } else {
        store(totals + (c * BLOCK_GROUPS + g) * LANES, total[g][c]);
      }
    }
  }
}

/// All columns of a chunk, in tiles; one function for every form of weights.
#define BLOCK_TILES(NAME, ...)                                                                   \
  static __attribute__((noinline)) void NAME(                                                    \
      ck_chunk *chunks, const ck_q8_block *x, long stride, long blocks,                          \
      const ck_destination *to, long columns, int groups) {                                      \
    const ck_dot_form form = {__VA_ARGS__};                                                      \
    block_tiles(chunks, x, stride, blocks, to, columns, groups, form);                           \
  }

INLINE void block_tiles(
    const ck_chunk *chunks, const ck_q8_block *x, long stride, long blocks,
    const ck_destination *to, long columns, int groups, const ck_dot_form form) {
  long c = 0;
  (void)groups;
#define TILE(GROUPS, COLUMNS)                                                                    \
  block_tile(chunks, x + c * stride, stride, blocks, to, c, GROUPS, COLUMNS, form)
#if BLOCK_GROUPS == 2
  if (groups == 2) {
    // Seven and eight are better cut in the middle.
    for (; c + PAIR_COLUMNS <= columns && (columns - c > 8 || columns - c < 7); c += PAIR_COLUMNS) {
      TILE(2, PAIR_COLUMNS);
    }
    for (; c + 4 <= columns; c += 4) TILE(2, 4);
    if (c + 2 <= columns) { TILE(2, 2); c += 2; }
    if (c < columns) TILE(2, 1);
    return;
  }
#endif
  for (; c + WIDE_COLUMNS <= columns; c += WIDE_COLUMNS) TILE(1, WIDE_COLUMNS);
  if (WIDE_COLUMNS > 4 && c + 4 <= columns) { TILE(1, 4); c += 4; }
  if (c + 2 <= columns) { TILE(1, 2); c += 2; }
  if (c < columns) TILE(1, 1);
#undef TILE
}

/// So many columns do not pay for expanding weights first: that is done on the way.
#define FEW 2

/// The product of a chunk of one group of rows with one or two columns.
///
/// There a matrix is as fast as it is read from memory, so it is read from its first byte to its last:
/// sums of all blocks first, then the scales that stand behind them. The machine's own prefetching
/// follows that as fast as memory is; where loads of values and scales take turns it gives up, and
/// prefetching by instruction comes to two thirds of it.
INLINE void block_stream(
    ck_chunk *chunk, const ck_q8_block *x, long stride, long blocks, const ck_destination *to,
    const int columns, const ck_block_format *format, const ck_dot_form form) {
  vi sums[CHUNK_BLOCKS][FEW];
  for (long b = 0; b < blocks; b++) {
    dots sum[FEW];
    UNROLL for (int c = 0; c < columns; c++) sum[c] = dots_from(x + c * stride + b, -1, form);
    UNROLL for (int q = 0; q < 8; q++) {
      const vb w = weights_at(chunk, b, q, form);
      UNROLL for (int c = 0; c < columns; c++) {
        int32_t four;
        memcpy(&four, x[c * stride + b].values + q * 4, 4);
        sum[c] = dot_step(sum[c], w, four, q, form);
      }
    }
    UNROLL for (int c = 0; c < columns; c++) sums[b][c] = dots_total(sum[c], form);
  }
  expand_scales(chunk->values + blocks * ck_packed_values(format, LANES), blocks, chunk, format);
  vf total[FEW];
  UNROLL for (int c = 0; c < columns; c++) {
    total[c] = to->first ? splat(0) : load(to->totals + c * LANES);
  }
  for (long b = 0; b < blocks; b++) {
    const vf scale = form.half_scales ? load_half(chunk->half_scales + b * LANES)
                                      : load(chunk->scales + b * LANES);
    UNROLL for (int c = 0; c < columns; c++) {
      const ck_q8_block *block = x + c * stride + b;
      total[c] = fused(floats_of(sums[b][c]), scale * splat(block->scale), total[c]);
      if (form.has_min) {
        total[c] = fused(load(chunk->mins + b * LANES), splat(block->sum), total[c]);
      }
    }
  }
  UNROLL for (int c = 0; c < columns; c++) {
    if (to->last) put(to->y + c * to->ldy, total[c], to->valid, to->accumulate);
    else store(to->totals + c * LANES, total[c]);
  }
}

#define FEW_TILES(NAME, FORMAT, ...)                                                             \
  static __attribute__((noinline)) void NAME(                                                    \
      ck_chunk *chunk, const ck_q8_block *x, long stride, long blocks,                           \
      const ck_destination *to, long columns, int groups) {                                      \
    const ck_dot_form form = {__VA_ARGS__};                                                      \
    const ck_block_format *format = &ck_block_formats[FORMAT];                                   \
    (void)groups;                                                                                \
    if (columns == 2) block_stream(chunk, x, stride, blocks, to, 2, format, form);               \
    else block_stream(chunk, x, stride, blocks, to, 1, format, form);                            \
  }

typedef void ck_block_tiles(
    ck_chunk *chunks, const ck_q8_block *x, long stride, long blocks, const ck_destination *to,
    long columns, int groups);

/// Fewer columns than this take one group of rows after the other: memory is then read as one
/// stream, which is faster than two.
#define PAIRING 4

INLINE void block_matmul(
    const void *weights, const void *activations, float *y, long group0, long group1, long rows,
    long n, long batch, long ldy, bool accumulate, const ck_format number,
    ck_block_tiles *const tiles, ck_block_tiles *const few_tiles) {
  const ck_block_format *format = &ck_block_formats[number];
  const long blocks = n / CK_QUANT_BLOCK, group_bytes = ck_packed_group(format, LANES, n);
  const long chunk_bytes = ck_packed_chunk(format, LANES, CHUNK_BLOCKS);
  // Small matrices stay in the second-level cache.
  const bool worth_fetching = (rows + LANES - 1) / LANES * group_bytes > 256l << 10;
  _Alignas(64) float totals[COLUMN_BLOCK * BLOCK_GROUPS * LANES];
  _Alignas(64) ck_chunk chunks[BLOCK_GROUPS];
  for (long first = 0; first < batch; first += COLUMN_BLOCK) {
    const long columns = batch - first < COLUMN_BLOCK ? batch - first : COLUMN_BLOCK;
    const ck_q8_block *x = (const ck_q8_block *)activations + first * blocks;
    const bool few = few_tiles != NULL && columns <= FEW;
    long groups = 1;
    for (long g = group0; g < group1; g += groups) {
      groups = columns >= PAIRING && g + BLOCK_GROUPS <= group1 ? BLOCK_GROUPS : 1;
      const uint8_t *from = (const uint8_t *)weights + g * group_bytes;
      ck_destination to = {
          .totals = totals, .y = y + first * ldy + g * LANES, .ldy = ldy,
          .valid = rows - g * LANES, .accumulate = accumulate, .next_stride = group_bytes,
          .next_lines = worth_fetching ? chunk_bytes / 64 / CHUNK_BLOCKS + 1 : 0};
      for (long b = 0; b < blocks; b += CHUNK_BLOCKS, from += chunk_bytes) {
        const long count = blocks - b < CHUNK_BLOCKS ? blocks - b : CHUNK_BLOCKS;
        if (few) chunks[0].values = from;
        for (long i = 0; i < groups && !few; i++) {
          expand(from + i * group_bytes, count, &chunks[i], format);
        }
        to.first = b == 0;
        to.last = b + CHUNK_BLOCKS >= blocks;
        to.next = to.last ? (const uint8_t *)weights + (g + groups) * group_bytes
                          : from + chunk_bytes;
        (few ? few_tiles : tiles)(chunks, x + b, blocks, count, &to, columns, (int)groups);
      }
    }
  }
}

//                          bias min    signed bits halves half_scales packed table
BLOCK_TILES(tiles_signed, 0, false, true, 8, 1, true, false, NO_TABLE)
BLOCK_TILES(tiles_signed_4, 0, false, true, 4, 1, false, false, NO_TABLE)
BLOCK_TILES(tiles_signed_6, 0, false, true, 6, 1, false, false, NO_TABLE)
BLOCK_TILES(tiles_signed_8, 0, false, true, 8, 1, false, false, NO_TABLE)
BLOCK_TILES(tiles_signed_6_halves, 0, false, true, 6, 2, false, false, NO_TABLE)
BLOCK_TILES(tiles_2, 1, false, false, 2, 1, false, false, NO_TABLE)
BLOCK_TILES(tiles_4, 8, false, false, 4, 1, true, false, NO_TABLE)
BLOCK_TILES(tiles_5, 16, false, false, 5, 1, true, false, NO_TABLE)
BLOCK_TILES(tiles_4_min, 0, true, false, 4, 1, false, false, NO_TABLE)
BLOCK_TILES(tiles_5_min, 0, true, false, 5, 1, false, false, NO_TABLE)
BLOCK_TILES(tiles_3_halves, 4, false, false, 3, 2, false, false, NO_TABLE)
BLOCK_TILES(tiles_6_halves, 32, false, false, 6, 2, false, false, NO_TABLE)
BLOCK_TILES(tiles_2_min_halves, 0, true, false, 2, 2, false, false, NO_TABLE)
FEW_TILES(few_q8_0, CK_Q8_0, 0, false, true, 8, 1, true, false, NO_TABLE)
FEW_TILES(few_iq4_nl, CK_IQ4_NL, 0, false, true, 8, 1, true, true, TABLE_IQ4_NL)
FEW_TILES(few_iq4_xs, CK_IQ4_XS, 0, false, true, 8, 1, false, true, TABLE_IQ4_NL)
FEW_TILES(few_iq3_s, CK_IQ3_S, 0, false, true, 4, 1, false, true, TABLE_IQ3_S)
FEW_TILES(few_iq3_xxs, CK_IQ3_XXS, 0, false, true, 6, 1, false, true, TABLE_IQ3_XXS)
FEW_TILES(few_mxfp4, CK_MXFP4, 0, false, true, 4, 1, false, true, TABLE_FP4)
FEW_TILES(few_q4_0, CK_Q4_0, 8, false, false, 4, 1, true, true, NO_TABLE)
FEW_TILES(few_q4_1, CK_Q4_1, 0, true, false, 4, 1, false, true, NO_TABLE)
FEW_TILES(few_q4_k, CK_Q4_K, 0, true, false, 4, 1, false, true, NO_TABLE)

#define BLOCK_MATMUL(NAME, FORMAT, TILES, DIRECT)                                                 \
  static void NAME(                                                                              \
      const void *weights, const void *x, float *y, long group0, long group1, long rows, long n, \
      long batch, long ldy, bool accumulate) {                                                   \
    block_matmul(                                                                                \
        weights, x, y, group0, group1, rows, n, batch, ldy, accumulate, FORMAT, TILES,           \
        DIRECT);                                                                              \
  }

BLOCK_MATMUL(matmul_q8_0, CK_Q8_0, tiles_signed, few_q8_0)
BLOCK_MATMUL(matmul_iq4_nl, CK_IQ4_NL, tiles_signed, few_iq4_nl)
BLOCK_MATMUL(matmul_q4_0, CK_Q4_0, tiles_4, few_q4_0)
BLOCK_MATMUL(matmul_q4_1, CK_Q4_1, tiles_4_min, few_q4_1)
BLOCK_MATMUL(matmul_q5_0, CK_Q5_0, tiles_5, NULL)
BLOCK_MATMUL(matmul_q5_1, CK_Q5_1, tiles_5_min, NULL)
BLOCK_MATMUL(matmul_q2_k, CK_Q2_K, tiles_2_min_halves, NULL)
BLOCK_MATMUL(matmul_q3_k, CK_Q3_K, tiles_3_halves, NULL)
BLOCK_MATMUL(matmul_q4_k, CK_Q4_K, tiles_4_min, few_q4_k)
BLOCK_MATMUL(matmul_q5_k, CK_Q5_K, tiles_5_min, NULL)
BLOCK_MATMUL(matmul_q6_k, CK_Q6_K, tiles_6_halves, NULL)
BLOCK_MATMUL(matmul_iq4_xs, CK_IQ4_XS, tiles_signed_8, few_iq4_xs)
BLOCK_MATMUL(matmul_iq3_s, CK_IQ3_S, tiles_signed_4, few_iq3_s)
BLOCK_MATMUL(matmul_iq3_xxs, CK_IQ3_XXS, tiles_signed_6, few_iq3_xxs)
BLOCK_MATMUL(matmul_iq2_xxs, CK_IQ2_XXS, tiles_signed_6, NULL)
BLOCK_MATMUL(matmul_iq2_xs, CK_IQ2_XS, tiles_signed_6_halves, NULL)
BLOCK_MATMUL(matmul_iq2_s, CK_IQ2_S, tiles_signed_6_halves, NULL)
BLOCK_MATMUL(matmul_iq1_s, CK_IQ1_S, tiles_signed_4, NULL)
BLOCK_MATMUL(matmul_iq1_m, CK_IQ1_M, tiles_signed_6_halves, NULL)
BLOCK_MATMUL(matmul_tq1_0, CK_TQ1_0, tiles_2, NULL)
BLOCK_MATMUL(matmul_tq2_0, CK_TQ2_0, tiles_2, NULL)
BLOCK_MATMUL(matmul_mxfp4, CK_MXFP4, tiles_signed_4, few_mxfp4)
