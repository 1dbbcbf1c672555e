// What training needs beside the forward kernels, written over the same vectors. Included at the end
// of float_kernels.h.
//
// Every sum has one order, as in the forward kernels: gradients are the same to the bit at any number
// of threads.
#pragma once

/// The gradient of rms_norm. With r = 1 / sqrt(mean(x^2) + epsilon) and g = d * weight:
///   dx      += r * (g - x * r^2 * mean(g * x))
///   dweight += d * x * r
static void rms_norm_backward(
    const float *x, const float *weight, const float *d, float *dx, float *dweight, long n,
    float epsilon) {
  vf squares = splat(0), products = splat(0);
  EACH_VECTOR(
      i, count, n, const vf v = load_upto(x + i, count);
      squares = fused(v, v, squares);
      products = fused(load_upto(d + i, count) * load_upto(weight + i, count), v, products));
  const float r = 1.0f / sqrtf(sum_of(squares) / (float)n + epsilon);
  const vf scale = splat(r), pull = splat(-r * r * r * sum_of(products) / (float)n);
  EACH_VECTOR(
      i, count, n, const vf v = load_upto(x + i, count); const vf e = load_upto(d + i, count);
      const vf part = fused(e * load_upto(weight + i, count), scale, v * pull);
      store_upto(dx + i, load_upto(dx + i, count) + part, count);
      store_upto(dweight + i, fused(e * v, scale, load_upto(dweight + i, count)), count));
}

/// The gradient of swiglu: with s = 1 / (1 + e^-gate),
///   dup = d * gate * s,  dgate = d * up * s * (1 + gate * (1 - s)).
static void swiglu_backward(
    const float *gate, const float *up, const float *d, float *dgate, float *dup, long n) {
  EACH_VECTOR(
      i, count, n, const vf g = load_upto(gate + i, count); const vf e = load_upto(d + i, count);
      const vf s = splat(1) / (splat(1) + exponential(-g));
      const vf slope = s * fused(g, splat(1) - s, splat(1));
      store_upto(dup + i, e * g * s, count);
      store_upto(dgate + i, e * load_upto(up + i, count) * slope, count));
}

/// out = scale * e^(x - shift). x and out may be the same.
static void scaled_exponentials(const float *x, float *out, long n, float shift, float scale) {
  EACH_VECTOR(
      i, count, n,
      store_upto(
          out + i, splat(scale) * exponential(load_upto(x + i, count) - splat(shift)), count));
}

/// The gradient of softmax: out = p * (d - mean), mean being the sum of p * d.
static void softmax_backward(const float *p, const float *d, float *out, long n, float mean) {
  EACH_VECTOR(
      i, count, n,
      store_upto(
          out + i, load_upto(p + i, count) * (load_upto(d + i, count) - splat(mean)), count));
}

/// The sum of a * b.
static float inner_product(const float *a, const float *b, long n) {
  vf sum = splat(0);
  EACH_VECTOR(
      i, count, n, sum = fused(load_upto(a + i, count), load_upto(b + i, count), sum));
  return sum_of(sum);
}

/// The sum of squares, in double precision beyond 64 terms of a lane.
static double square_sum(const float *x, long n) {
  double sum = 0;
  for (long start = 0; start < n; start += 64 * LANES) {
    const long rest = n - start < 64 * LANES ? n - start : 64 * LANES;
    vf part = splat(0);
    EACH_VECTOR(
        i, count, rest, const vf v = load_upto(x + start + i, count); part = fused(v, v, part));
    sum += (double)sum_of(part);
  }
  return sum;
}

/// One step of AdamW (Loshchilov & Hutter 2019, algorithm 2). `first` and `second` are the running
/// moments; `correction1` is 1 / (1 - beta1^t), `correction2` 1 / (1 - beta2^t).
static void adamw(
    float *weights, const float *gradient, float *first, float *second, long n,
    const ck_adamw *settings) {
  const vf beta1 = splat(settings->beta1), beta2 = splat(settings->beta2);
  const vf rest1 = splat(1 - settings->beta1), rest2 = splat(1 - settings->beta2);
  const vf kept = splat(1 - settings->rate * settings->decay);
  const vf rate = splat(-settings->rate * settings->correction1);
  const vf correction2 = splat(settings->correction2), epsilon = splat(settings->epsilon);
  const vf scale = splat(settings->scale);
  EACH_VECTOR(
      i, count, n, const vf g = load_upto(gradient + i, count) * scale;
      const vf m = fused(load_upto(first + i, count), beta1, rest1 * g);
      const vf v = fused(load_upto(second + i, count), beta2, rest2 * g * g);
      store_upto(first + i, m, count); store_upto(second + i, v, count);
      const vf w = load_upto(weights + i, count) * kept;
      const vf step = m / (square_root(v * correction2) + epsilon);
      store_upto(weights + i, fused(step, rate, w), count));
}

/// Turns the pairs (x[2i], x[2i+1]) back by the angles whose (cos, sin) are in `table`.
static void rotate_pairs_back(float *x, const float *table, long pairs) {
  for (long i = 0; i < pairs; i++) {
    const float a = x[2 * i], b = x[2 * i + 1], c = table[2 * i], s = table[2 * i + 1];
    x[2 * i] = a * c + b * s;
    x[2 * i + 1] = b * c - a * s;
  }
}

/// x [rows, n] in rows of `stride` as groups of LANES rows, each [n, LANES], one after another: the
/// form in which `product` takes a matrix that is multiplied by its rows. Groups
/// `group0..<group1` are written.
static void pack_rows(
    const float *x, long rows, long n, long stride, long group0, long group1, float *out) {
  for (long g = group0; g < group1; g++) {
    float *to = out + g * n * LANES;
    for (long lane = 0; lane < LANES; lane++) {
      const long row = g * LANES + lane;
      if (row < rows) {
        const float *from = x + row * stride;
        for (long k = 0; k < n; k++) to[k * LANES + lane] = from[k];
      } else {
        for (long k = 0; k < n; k++) to[k * LANES + lane] = 0;
      }
    }
  }
}

// MARK: Matrix products

/// Terms that are summed in registers before they are added to what there is.
#define PRODUCT_TERMS 256
/// Columns of x that meet all of w before the next ones do.
#define PRODUCT_BLOCK (4 * MATMUL_COLUMNS)

/// One tile. `turned`: the columns of x stand side by side, else one after another.
INLINE void product_tile(
    const ck_product *p, const float *w, const float *x, float *y, long valid, long n, bool adds,
    const int groups, const int columns, const bool turned, const bool whole) {
  vf acc[2][MATMUL_COLUMNS];
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) acc[g][c] = splat(0);
  }
  for (long k = 0; k < n; k++) {
    vf row[2];
    UNROLL for (int g = 0; g < groups; g++) {
      const float *from = w + g * p->w_group;
      row[g] = whole ? load(from) : load_upto(from, valid - g * LANES);
    }
    UNROLL for (int c = 0; c < columns; c++) {
      const vf value = splat(turned ? x[c] : x[c * p->x_column]);
      UNROLL for (int g = 0; g < groups; g++) acc[g][c] = fused(row[g], value, acc[g][c]);
    }
    w += p->w_term;
    x += turned ? p->x_term : 1;
  }
  UNROLL for (int g = 0; g < groups; g++) {
    UNROLL for (int c = 0; c < columns; c++) {
      put(y + c * p->y_column + g * LANES, acc[g][c], valid - g * LANES, adds);
    }
  }
}

/// Some groups by a block of columns.
INLINE void product_columns(
    const ck_product *p, const float *w, const float *x, float *y, long valid, long n, long count,
    bool adds, const int groups, const bool turned, const bool whole) {
  const long step = turned ? 1 : p->x_column;
  long c = 0;
#define TILE(COLUMNS)                                                                            \
  product_tile(                                                                                  \
      p, w, x + c * step, y + c * p->y_column, valid, n, adds, groups, COLUMNS, turned, whole)
  for (; c + MATMUL_COLUMNS <= count; c += MATMUL_COLUMNS) TILE(MATMUL_COLUMNS);
  for (; c + 4 <= count; c += 4) TILE(4);
  for (; c < count; c++) TILE(1);
#undef TILE
}

INLINE void product_block(
    const ck_product *p, const float *w, const float *x, float *y, long n, long count, bool adds,
    const bool turned) {
  long g = 0;
  for (; (g + 2) * LANES <= p->outputs; g += 2) {
    product_columns(
        p, w + g * p->w_group, x, y + g * LANES, 2 * LANES, n, count, adds, 2, turned, true);
  }
  for (; g * LANES < p->outputs; g++) {
    const long valid = p->outputs - g * LANES;
    const float *from = w + g * p->w_group;
    // Packed groups are padded with zeros.
    if (valid >= LANES || p->w_term == LANES) {
      product_columns(p, from, x, y + g * LANES, valid, n, count, adds, 1, turned, true);
    } else {
      product_columns(p, from, x, y + g * LANES, valid, n, count, adds, 1, turned, false);
    }
  }
}

/// See ck_product.
static void product(const ck_product *p, long column0, long column1) {
  for (long c = column0; c < column1; c += PRODUCT_BLOCK) {
    const long count = column1 - c < PRODUCT_BLOCK ? column1 - c : PRODUCT_BLOCK;
    for (long k = 0; k < p->n; k += PRODUCT_TERMS) {
      const long n = p->n - k < PRODUCT_TERMS ? p->n - k : PRODUCT_TERMS;
      const float *w = p->w + k * p->w_term;
      const float *x = p->x + c * p->x_column + k * p->x_term;
      float *y = p->y + c * p->y_column;
      const bool adds = p->accumulate || k > 0;
      if (p->x_term == 1) product_block(p, w, x, y, n, count, adds, false);
      else product_block(p, w, x, y, n, count, adds, true);
    }
  }
}
