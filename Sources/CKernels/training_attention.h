// Attention in training: softmax over the keys of many queries, which stand side by side. Included
// at the end of float_kernels.h.
//
// Scores are [keys, queries], `queries` a multiple of LANES. The first query sees `seen` keys, each
// later one another key more. A query's sums run over its keys in ascending order, whatever queries
// stand beside it.
#pragma once

/// Which of the queries from `first` on see a key.
INLINE vi queries_that_see(long key, long seen, long first) {
  return lane_numbers() > (int32_t)(key - seen - first) - (vi){};
}

/// Turns scores into e^(score - peak), and into 0 where a query does not see a key. A query's
/// probabilities are these times its factor.
static void attention_weights(
    float *scores, long keys, long seen, long queries, float *peaks, float *factors) {
  for (long q = 0; q < queries; q += LANES) {
    float *s = scores + q;
    const long whole = seen + q < keys ? seen + q : keys;
    vf top[4] = {splat(-INFINITY), splat(-INFINITY), splat(-INFINITY), splat(-INFINITY)};
    long k = 0;
    for (; k + 4 <= whole; k += 4) {
      UNROLL for (int i = 0; i < 4; i++) top[i] = larger(load(s + (k + i) * queries), top[i]);
    }
    for (; k < whole; k++) top[0] = larger(load(s + k * queries), top[0]);
    for (; k < keys; k++) {
      const vf v = choose(
          queries_that_see(k, seen, q), load(s + k * queries), splat(-INFINITY));
      top[0] = larger(v, top[0]);
    }
    const vf peak = larger(larger(top[0], top[1]), larger(top[2], top[3]));
    vf sum = splat(0);
    for (long start = 0; start < keys; start += 64) {
      const long end = start + 64 < keys ? start + 64 : keys;
      vf part = splat(0);
      k = start;
      for (; k < end && k < whole; k++) {
        const vf e = exponential_below(load(s + k * queries) - peak);
        store(s + k * queries, e);
        part += e;
      }
      for (; k < end; k++) {
        const vf e = choose(
            queries_that_see(k, seen, q), exponential_below(load(s + k * queries) - peak),
            splat(0));
        store(s + k * queries, e);
        part += e;
      }
      sum += part;
    }
    store(peaks + q, peak);
    store(factors + q, splat(1) / sum);
  }
}

/// Turns scores into probabilities p and their derivatives d into those of the scores before they
/// were scaled: scale * p * (d - sum of p * d).
static void attention_slopes(
    float *scores, float *derivatives, long keys, long seen, long queries, const float *peaks,
    const float *factors, float scale) {
  for (long q = 0; q < queries; q += LANES) {
    float *s = scores + q, *d = derivatives + q;
    const long whole = seen + q < keys ? seen + q : keys;
    const vf peak = load(peaks + q), factor = load(factors + q);
    vf mean = splat(0);
    long k = 0;
    for (; k < whole; k++) {
      const vf p = exponential_below(load(s + k * queries) - peak) * factor;
      store(s + k * queries, p);
      mean = fused(p, load(d + k * queries), mean);
    }
    for (; k < keys; k++) {
      const vf p = choose(
          queries_that_see(k, seen, q),
          exponential_below(load(s + k * queries) - peak) * factor, splat(0));
      store(s + k * queries, p);
      mean = fused(p, load(d + k * queries), mean);
    }
    for (k = 0; k < keys; k++) {
      const vf p = load(s + k * queries);
      store(d + k * queries, p * splat(scale) * (load(d + k * queries) - mean));
    }
  }
}

/// Multiplies each row of y [rows, n], in rows of `stride`, by its factor.
static void scale_rows(float *y, long rows, long n, long stride, const float *factors) {
  for (long r = 0; r < rows; r++) {
    float *row = y + r * stride;
    const vf factor = splat(factors[r]);
    EACH_VECTOR(i, count, n, store_upto(row + i, load_upto(row + i, count) * factor, count));
  }
}

/// Copies rows of n floats from one stride to another.
static void copy_rows(
    const float *x, long rows, long n, long stride, float *out, long out_stride) {
  for (long r = 0; r < rows; r++) {
    const float *from = x + r * stride;
    float *to = out + r * out_stride;
    EACH_VECTOR(i, count, n, store_upto(to + i, load_upto(from + i, count), count));
  }
}
