// What training needs beside the forward kernels, written over the same vectors. Included at the end
// of float_kernels.h.
//
// Every sum has one order, as in the forward kernels: gradients are the same to the bit at any number
// of threads.
#pragma once

/// The gradient of rms_norm. With r = 1 / sqrt(mean(x^2) + epsilon) and g = d * weight:
///   dx       = base + r * (g - x * r^2 * mean(g * x))
///   dweight += d * x * r
static void rms_norm_backward(
    const float *x, const float *weight, const float *d, const float *base, float *dx,
    float *dweight, long n, float epsilon) {
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
      store_upto(dx + i, load_upto(base + i, count) + part, count);
      store_upto(dweight + i, fused(e * v, scale, load_upto(dweight + i, count)), count));
}

/// The gradient of swiglu: with s = 1 / (1 + e^-gate),
///   dup = d * gate * s,  dgate = d * up * s * (1 + gate * (1 - s)).
/// `y` is what swiglu gave, once more.
static void swiglu_backward(
    const float *gate, const float *up, const float *d, float *dgate, float *dup, float *y,
    long n) {
  EACH_VECTOR(
      i, count, n, const vf g = load_upto(gate + i, count); const vf e = load_upto(d + i, count);
      const vf u = load_upto(up + i, count);
      const vf s = splat(1) / (splat(1) + exponential(-g));
      const vf slope = s * fused(g, splat(1) - s, splat(1));
      store_upto(dup + i, e * g * s, count); store_upto(y + i, g * s * u, count);
      store_upto(dgate + i, e * u * slope, count));
}

/// e^x for x that is at most 0, or no number.
INLINE vf exponential_below(vf x) {
  return exponential_within(choose(x < splat(-87), splat(-87), x));
}

/// The logarithm of the sum of e^x, and the entropy of softmax(x) in nats. With t the largest x:
///   log_sum = t + log Z,  entropy = log Z - (sum of e^(x - t) (x - t)) / Z,  Z = sum of e^(x - t)
/// Sums stay in single precision for 64 terms of a lane only.
static void softmax_sums(const float *x, long n, float *log_sum, float *entropy) {
  vf most = splat(-INFINITY);
  for (long i = 0; i < n; i += LANES) {
    vf v = splat(-INFINITY);
    if (i + LANES <= n) v = load(x + i);
    else memcpy(&v, x + i, (size_t)(n - i) * sizeof(float));
    most = larger(v, most);
  }
  const float top = largest_of(most);
  double sum = 0, product = 0;
  for (long start = 0; start < n; start += 64 * LANES) {
    const long rest = n - start < 64 * LANES ? n - start : 64 * LANES;
    vf sums = splat(0), products = splat(0);
    EACH_VECTOR(
        i, count, rest, vf v = splat(-INFINITY);
        memcpy(&v, x + start + i, (size_t)count * sizeof(float)); v -= splat(top);
        const vf e = exponential_below(v); sums += e;
        products = fused(e, choose(v < splat(-87), splat(-87), v), products));
    sum += (double)sum_of(sums);
    product += (double)sum_of(products);
  }
  *log_sum = (float)((double)top + log(sum));
  *entropy = (float)(log(sum) - product / sum);
}

/// The derivative by x of a * log p(any one) + b * entropy, but for a at that one, where
/// p = e^(x - log_sum): out = -p * (a + b * (log p + entropy)). x and out may be the same.
static void softmax_slopes(
    const float *x, float *out, long n, float log_sum, float entropy, float a, float b) {
  EACH_VECTOR(
      i, count, n, const vf v = load_upto(x + i, count) - splat(log_sum);
      // Rounding can leave a logarithm just above 0.
      const vf l = choose(v > splat(0), splat(0), choose(v < splat(-87), splat(-87), v));
      const vf slope = fused(splat(b), l + splat(entropy), splat(a));
      store_upto(out + i, -exponential_below(l) * slope, count));
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

/// `n` times CK_CHAINS multiplications with additions of whole vectors, none of which waits for
/// another of the same round: what the machine can do at most. What it returns means nothing.
static float multiply_adds(long n) {
  vf sums[CK_CHAINS];
  UNROLL for (int i = 0; i < CK_CHAINS; i++) sums[i] = splat((float)i);
  const vf factor = splat(0.999f), term = splat(1e-3f);
  for (; n > 0; n--) {
    UNROLL for (int i = 0; i < CK_CHAINS; i++) sums[i] = fused(sums[i], factor, term);
  }
  vf sum = splat(0);
  UNROLL for (int i = 0; i < CK_CHAINS; i++) sum += sums[i];
  return sum_of(sum);
}
