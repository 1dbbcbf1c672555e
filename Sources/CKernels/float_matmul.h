// The matrix product of one float format; included once for each with what it then undefines:
//   FORMAT(name)      the name with the format's suffix
//   FORMAT_ELEMENT    how a weight is stored
//   FORMAT_LOAD(p)    LANES weights as floats
//
// Each output has one accumulator over k in ascending order, whatever the tile.

INLINE void FORMAT(tile)(
    const uint8_t *w, long group_bytes, const float *x, float *y, long valid, long n, long ldy,
    bool accumulate, const int groups, const int columns, const bool fetches) {
  vf acc[MATMUL_GROUPS][MATMUL_COLUMNS];
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) acc[g][c] = splat(0);
  }
  for (long k = 0; k < n; k++) {
    vf row[MATMUL_GROUPS];
    UNROLL for (int g = 0; g < groups; g++) {
      row[g] = FORMAT_LOAD((const FORMAT_ELEMENT *)(w + g * group_bytes) + k * LANES);
    }
    if (fetches) {
      // A page ahead: the machine's own prefetching leaves half of what one thread could read.
      UNROLL for (int g = 0; g < groups; g++) {
        __builtin_prefetch(w + g * group_bytes + k * LANES * (long)sizeof(FORMAT_ELEMENT) + 4096);
      }
    }
    UNROLL for (int c = 0; c < columns; c++) {
      const vf value = splat(x[c * n + k]);
      UNROLL for (int g = 0; g < groups; g++) acc[g][c] = fused(row[g], value, acc[g][c]);
    }
  }
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) {
      put(y + c * ldy + g * LANES, acc[g][c], valid - g * LANES, accumulate);
    }
  }
}

/// Some groups of rows by all columns.
INLINE void FORMAT(columns)(
    const uint8_t *w, long group_bytes, const float *x, float *y, long valid, long n, long ldy,
    bool accumulate, long batch, const int groups) {
#define TILE(COLUMNS, FETCHES)                                                                 \
  FORMAT(tile)(                                                                                \
      w, group_bytes, x + c * n, y + c * ldy, valid, n, ldy, accumulate, groups, COLUMNS,      \
      FETCHES)
  long c = 0;
  if (batch >= MATMUL_COLUMNS) {
    TILE(MATMUL_COLUMNS, true);
    c = MATMUL_COLUMNS;
  } else if (batch >= 4) {
    TILE(4, true);
    c = 4;
  }
  for (; c + MATMUL_COLUMNS <= batch; c += MATMUL_COLUMNS) TILE(MATMUL_COLUMNS, false);
  for (; c + 4 <= batch; c += 4) TILE(4, false);
  switch (batch - c) {
    case 1: TILE(1, false); break;
    case 2: TILE(2, false); break;
    case 3: TILE(3, false); break;
  }
#undef TILE
}

static void FORMAT(block)(
    const uint8_t *w, const float *x, float *y, long group0, long group1, long rows, long n,
    long batch, long ldy, bool accumulate, long group_bytes) {
  long g = group0;
  if (batch <= 2) {
    for (; g + 4 <= group1; g += 4) {
      const uint8_t *from = w + g * group_bytes;
      float *to = y + g * LANES;
      const long valid = rows - g * LANES;
      if (batch == 1) {
        FORMAT(tile)(from, group_bytes, x, to, valid, n, ldy, accumulate, 4, 1, false);
      } else {
        FORMAT(tile)(from, group_bytes, x, to, valid, n, ldy, accumulate, 4, 2, false);
      }
    }
  }
  for (; g + 2 <= group1; g += 2) {
    FORMAT(columns)(
        w + g * group_bytes, group_bytes, x, y + g * LANES, rows - g * LANES, n, ldy, accumulate,
        batch, 2);
  }
  if (g < group1) {
    FORMAT(columns)(
        w + g * group_bytes, group_bytes, x, y + g * LANES, rows - g * LANES, n, ldy, accumulate,
        batch, 1);
  }
}

static void FORMAT(matmul)(
    const void *weights, const void *x, float *y, long group0, long group1, long rows, long n,
    long batch, long ldy, bool accumulate) {
  const long group_bytes = (n * LANES * (long)sizeof(FORMAT_ELEMENT) + 63) / 64 * 64;
  for (long c = 0; c < batch; c += COLUMN_BLOCK) {
    const long count = batch - c < COLUMN_BLOCK ? batch - c : COLUMN_BLOCK;
    FORMAT(block)(
        weights, (const float *)x + c * n, y + c * ldy, group0, group1, rows, n, count, ldy,
        accumulate, group_bytes);
  }
}

#undef FORMAT
#undef FORMAT_ELEMENT
#undef FORMAT_LOAD
