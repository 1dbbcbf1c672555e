// The products of matrices that training needs, and the layouts they take. Included at the end of
// float_kernels.h.
#pragma once

// MARK: Layouts

#if LANES == 4
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#elif LANES == 8
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define ZIP_LOW(a, b)                                                                            \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b)                                                                           \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

/// Turns LANES vectors into the columns they had. Each round joins elements that are half the rows
/// apart: after as many rounds as there are bits in a row's number, rows and columns have changed
/// places.
INLINE void transpose(vf v[LANES]) {
  vf next[LANES];
  UNROLL for (int round = LANES; round > 1; round /= 2) {
    UNROLL for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = ZIP_LOW(v[i], v[i + LANES / 2]);
      next[2 * i + 1] = ZIP_HIGH(v[i], v[i + LANES / 2]);
    }
    UNROLL for (int i = 0; i < LANES; i++) v[i] = next[i];
  }
}

/// scale * x [rows, n] in rows of `stride` as groups of LANES rows, each [n, LANES], one after
/// another: the form in which `product` takes a matrix that is multiplied by its rows. Groups
/// `group0..<group1` are written; rows that there are not are zeros.
static void pack_rows(
    const float *x, long rows, long n, long stride, long group0, long group1, float scale,
    float *out) {
  for (long g = group0; g < group1; g++) {
    float *to = out + g * n * LANES;
    const long valid = rows - g * LANES;
    const float *from = x + g * LANES * stride;
    long k = 0;
    for (; k + LANES <= n; k += LANES) {
      vf block[LANES];
      if (valid >= LANES) {
        UNROLL for (int r = 0; r < LANES; r++) {
          block[r] = load(from + r * stride + k) * splat(scale);
        }
      } else {
        for (long r = 0; r < LANES; r++) {
          block[r] = r < valid ? load(from + r * stride + k) * splat(scale) : splat(0);
        }
      }
      transpose(block);
      UNROLL for (int r = 0; r < LANES; r++) store(to + (k + r) * LANES, block[r]);
    }
    for (; k < n; k++) {
      for (long r = 0; r < LANES; r++) {
        to[k * LANES + r] = r < valid ? from[r * stride + k] * scale : 0;
      }
    }
  }
}

/// x [rows, n] as groups of LANES columns, each [all_rows, LANES], of which these rows are written,
/// from `out` on: the form in which `product` sums over rows fastest. The last group is filled up
/// with zeros.
static void group_columns(const float *x, long rows, long n, long all_rows, float *out) {
  for (long r = 0; r < rows; r++) {
    const float *from = x + r * n;
    float *to = out + r * LANES;
    EACH_VECTOR(
        i, count, n, store(to, load_upto(from + i, count)); to += all_rows * LANES);
  }
}

// MARK: Matrix products

/// Terms that are summed in registers before they are added to what there is.
#define PRODUCT_TERMS 256
/// Columns of x that meet all of w before the next ones do.
#define PRODUCT_BLOCK (4 * MATMUL_COLUMNS)
/// Floats in a line of the cache.
#define LINE 16

/// What a tile reads and writes, and what will soon be read.
typedef struct {
  const float *w, *x, *base;
  float *y;
  /// Columns of y that there are, from the tile's first one.
  long valid;
  long n;
  /// From a term of x to the next.
  long x_step;
  /// Read after this tile: the columns of the next one, or where x is turned a line of each row of
  /// the next terms, `next_step` apart.
  const float *next;
  long next_step;
} product_place;

/// One tile. `turned`: the columns of x stand side by side, else one after another.
INLINE void product_tile(
    const ck_product *p, product_place at, const int groups, const int columns, const bool turned,
    const bool whole) {
  vf acc[2][MATMUL_COLUMNS];
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) acc[g][c] = splat(0);
  }
  const bool fetches = columns == MATMUL_COLUMNS && at.n >= 4 * LINE;
  if (fetches) {
    UNROLL for (int c = 0; c < columns; c++) {
      UNROLL for (int g = 0; g < groups; g++) {
        __builtin_prefetch(at.y + c * p->y_column + g * LANES, 1);
        if (at.base != at.y) __builtin_prefetch(at.base + c * p->y_column + g * LANES);
      }
    }
  }
  // As many terms as there are columns at a time, so that one read ahead serves each column in turn.
  for (long rest = at.n; rest > 0; rest -= columns) {
    for (long k = rest < columns ? rest : columns; k > 0; k--) {
      vf row[2];
      UNROLL for (int g = 0; g < groups; g++) {
        const float *from = at.w + g * p->w_group;
        row[g] = whole ? load(from) : load_upto(from, at.valid - g * LANES);
      }
      if (columns == MATMUL_COLUMNS) __builtin_prefetch(at.next);
      at.next += at.next_step;
      UNROLL for (int c = 0; c < columns; c++) {
        const vf value = splat(turned ? at.x[c] : at.x[c * p->x_column]);
        UNROLL for (int g = 0; g < groups; g++) acc[g][c] = fused(row[g], value, acc[g][c]);
      }
      at.w += p->w_term;
      at.x += turned ? at.x_step : 1;
    }
    if (!turned) at.next += LINE - columns * at.next_step;
  }
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) {
      const long place = c * p->y_column + g * LANES, count = at.valid - g * LANES;
      if (count <= 0) continue;
      const vf sum = at.base ? load_upto(at.base + place, count) + acc[g][c] : acc[g][c];
      store_upto(at.y + place, sum, count);
    }
  }
}

/// Some groups by a block of columns.
INLINE void product_columns(
    const ck_product *p, product_place at, long count, const int groups, const bool turned,
    const bool whole) {
  const long step = turned ? 1 : p->x_column;
  long left = count;
#define TILES(COLUMNS)                                                                           \
  for (; left >= COLUMNS; left -= COLUMNS) {                                                     \
    if (!turned) at.next = at.x + COLUMNS * step;                                                \
    product_tile(p, at, groups, COLUMNS, turned, whole);                                         \
    at.x += COLUMNS * step;                                                                      \
    at.y += COLUMNS * p->y_column;                                                               \
    if (at.base) at.base += COLUMNS * p->y_column;                                               \
    if (turned && at.next_step) at.next += LINE;                                                 \
  }
  TILES(MATMUL_COLUMNS)
  TILES(4)
  TILES(1)
#undef TILES
}

INLINE void product_block(const ck_product *p, product_place at, long count, const bool turned) {
  long g = 0;
  for (; (g + 2) * LANES <= p->outputs; g += 2) {
    at.valid = 2 * LANES;
    product_columns(p, at, count, 2, turned, true);
    at.w += 2 * p->w_group;
    at.y += 2 * LANES;
    if (at.base) at.base += 2 * LANES;
    // The next terms are on their way by now.
    if (turned) at.next_step = 0;
  }
  for (; g * LANES < p->outputs; g++) {
    at.valid = p->outputs - g * LANES;
    // Packed groups are padded with zeros.
    if (at.valid >= LANES || p->w_term == LANES) product_columns(p, at, count, 1, turned, true);
    else product_columns(p, at, count, 1, turned, false);
    at.w += p->w_group;
    at.y += LANES;
    if (at.base) at.base += LANES;
  }
}

/// See ck_product.
static void product(const ck_product *p, long column0, long column1) {
  const bool turned = p->x_term != 1;
  // Terms of x that are far apart are brought together, so that they do not fight for the same
  // lines of the cache.
  const bool gathers = turned && p->x_term > 2 * PRODUCT_BLOCK;
  float gathered[PRODUCT_TERMS * PRODUCT_BLOCK] __attribute__((aligned(64)));
  for (long c = column0; c < column1; c += PRODUCT_BLOCK) {
    const long count = column1 - c < PRODUCT_BLOCK ? column1 - c : PRODUCT_BLOCK;
    for (long k = 0; k < p->n; k += PRODUCT_TERMS) {
      const long n = p->n - k < PRODUCT_TERMS ? p->n - k : PRODUCT_TERMS;
      float *y = p->y + c * p->y_column;
      product_place at = {
          .w = p->w + k * p->w_term,
          .x = p->x + c * p->x_column + k * p->x_term,
          .base = k > 0 ? y : p->base ? p->base + c * p->y_column : NULL,
          .y = y,
          .n = n,
          .x_step = p->x_term,
          .next_step = turned ? 0 : p->x_column,
      };
      at.next = at.x;
      if (gathers) {
        const float *from = at.x;
        for (long i = 0; i < n; i++) {
          float *to = gathered + i * PRODUCT_BLOCK;
          const float *line = from + i * p->x_term;
          EACH_VECTOR(j, width, count, store_upto(to + j, load_upto(line + j, width), width));
        }
        if (k + n < p->n) {
          at.next = at.x + n * p->x_term;
          at.next_step = p->x_term;
        }
        at.x = gathered;
        at.x_step = PRODUCT_BLOCK;
      }
      if (turned) product_block(p, at, count, true);
      else product_block(p, at, count, false);
    }
  }
}
