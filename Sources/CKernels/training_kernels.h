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

/// x [rows, columns] in rows of `stride` as [columns, rows].
static void transpose(const float *x, long rows, long columns, long stride, float *out) {
  for (long r0 = 0; r0 < rows; r0 += 16) {
    const long r1 = r0 + 16 < rows ? r0 + 16 : rows;
    for (long c = 0; c < columns; c++) {
      for (long r = r0; r < r1; r++) out[c * rows + r] = x[r * stride + c];
    }
  }
}

/// Floats from one packed group to the next: a group begins at a cache line.
INLINE long packed_step(long n) { return (n * LANES + 15) / 16 * 16; }

/// x [n, columns] in rows of `stride`, packed as ck_pack packs the rows of its transpose: the matrix
/// whose outputs are x's columns. Groups `group0..<group1` are written.
static void pack_columns(
    const float *x, long n, long columns, long stride, long group0, long group1, float *out) {
  for (long g = group0; g < group1; g++) {
    const long valid = columns - g * LANES < LANES ? columns - g * LANES : LANES;
    for (long k = 0; k < n; k++) {
      store(out + g * packed_step(n) + k * LANES, load_upto(x + k * stride + g * LANES, valid));
    }
  }
}

/// x [rows, n] in rows of `stride`, packed as ck_pack packs it.
static void pack_rows(
    const float *x, long rows, long n, long stride, long group0, long group1, float *out) {
  for (long g = group0; g < group1; g++) {
    float *to = out + g * packed_step(n);
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
