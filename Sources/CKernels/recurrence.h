// The kernels of layers that remember by a state of fixed size, written over the vectors of
// float_kernels.h, which includes this file.
//
// Each call takes one token. A state is read at `from` and written at `to`, which may be the same
// memory: tokens are taken one after another in the order of their path, never several at once, so
// that what a state holds does not depend on how a text was cut into passes. All sums run down the
// state for each column (each channel) alone: columns may be divided between calls and threads at
// will without a bit changing.

static void multiply(const float *a, const float *b, float *out, long n) {
  EACH_VECTOR(
      i, count, n, store_upto(out + i, load_upto(a + i, count) * load_upto(b + i, count), count));
}

static void sigmoid_gate(const float *gate, float *x, long n) {
  EACH_VECTOR(
      i, count, n,
      const vf open = splat(1) + exponential(-load_upto(gate + i, count));
      store_upto(x + i, load_upto(x + i, count) / open, count));
}

static void convolve(const ck_convolution *job, long channel0, long channel1) {
  const long earlier = job->taps - 1, width = job->channels;
  EACH_VECTOR(
      i, count, channel1 - channel0, const long c = channel0 + i; vf sum = splat(0);
      for (long tap = 0; tap < earlier; tap++) {
        const vf x = job->from ? load_upto(job->from + tap * width + c, count) : splat(0);
        sum = fused(x, load_upto(job->weights + tap * width + c, count), sum);
        if (tap > 0) store_upto(job->to + (tap - 1) * width + c, x, count);
      }
      const vf x = load_upto(job->x + c, count);
      sum = fused(x, load_upto(job->weights + earlier * width + c, count), sum);
      if (earlier > 0) store_upto(job->to + (earlier - 1) * width + c, x, count);
      store_upto(job->out + c, job->silu ? gated(sum, splat(1)) : sum, count));
}

/// Vectors of columns whose part of a state stays in the first-level cache.
#define DELTA_VECTORS 4

/// The delta rule for `vectors` vectors of columns from `v0`, of which the last has `count` columns.
INLINE void delta_columns(const ck_delta_rule *job, long v0, const int vectors, long count) {
  const long stride = job->values;
  const vf decay = splat(job->decay);
  vf known[DELTA_VECTORS], change[DELTA_VECTORS], read[DELTA_VECTORS];
  UNROLL for (int n = 0; n < vectors; n++) known[n] = splat(0);
  if (job->from) {
    for (long k = 0; k < job->keys; k++) {
      const vf key = splat(job->key[k]);
      UNROLL for (int n = 0; n < vectors; n++) {
        known[n] = fused(load_upto(job->from + k * stride + v0 + n * LANES, count), key, known[n]);
      }
    }
  }
  UNROLL for (int n = 0; n < vectors; n++) {
    const vf value = load_upto(job->value + v0 + n * LANES, count);
    change[n] = (value - decay * known[n]) * splat(job->beta);
    read[n] = splat(0);
  }
  for (long k = 0; k < job->keys; k++) {
    const vf key = splat(job->key[k]), query = splat(job->query[k]);
    UNROLL for (int n = 0; n < vectors; n++) {
      const long place = k * stride + v0 + n * LANES;
      const vf kept = job->from ? decay * load_upto(job->from + place, count) : splat(0);
      const vf state = fused(change[n], key, kept);
      store_upto(job->to + place, state, count);
      read[n] = fused(state, query, read[n]);
    }
  }
  UNROLL for (int n = 0; n < vectors; n++) {
    store_upto(job->out + v0 + n * LANES, read[n], count);
  }
}

static void delta_rule(const ck_delta_rule *job, long column0, long column1) {
  long v = column0;
  for (; v + DELTA_VECTORS * LANES <= column1; v += DELTA_VECTORS * LANES) {
    delta_columns(job, v, DELTA_VECTORS, LANES);
  }
  for (; v + LANES <= column1; v += LANES) delta_columns(job, v, 1, LANES);
  if (v < column1) delta_columns(job, v, 1, column1 - v);
}
