// Attention over one format of the KV cache; included once for each with what it then undefines:
//   CACHE(name)         the name with the format's suffix
//   CACHE_ELEMENT       how a key or value is stored
//   CACHE_LOAD(p)       LANES of them as floats
//   CACHE_STORE(p, v)   the reverse; not where CACHE_SCALED
//   CACHE_SCALED        1 where what is stored is multiplied by half-precision scales, which lie
//                       behind the keys as [head_size / 32, CK_KV_BLOCK] and behind the values as
//                       [CK_KV_BLOCK, head_size / 32], both rounded up; else 0
//
// Three passes: all scores of a query, their softmax, the weighted sum of values. A score is
// summed over the head in ascending order, the softmax takes scores in ascending order of
// position, lane by lane, and so does the weighted sum: a query's result is the same however many
// queries are computed together and whatever else is in the blocks. Positions that a query does
// not see have weight 0 and contribute nothing; blocks that lie wholly before its window are
// left out.

#if !CACHE_SCALED
static void CACHE(store_kv)(const float *key, const float *value, const ck_kv_slot *slot) {
  CACHE_ELEMENT *keys = (CACHE_ELEMENT *)(slot->block + slot->key_offset) + slot->slot;
  CACHE_ELEMENT *values =
      (CACHE_ELEMENT *)(slot->block + slot->value_offset) + slot->slot * padded(slot->head_size);
  CACHE_ELEMENT part[LANES];
  long d = 0;
  for (; d + LANES <= slot->head_size; d += LANES) {
    CACHE_STORE(part, load(key + d));
    UNROLL for (int i = 0; i < LANES; i++) keys[(d + i) * CK_KV_BLOCK] = part[i];
    CACHE_STORE(values + d, load(value + d));
  }
  const long rest = slot->head_size - d;
  CACHE_STORE(part, load_first(key + d, rest));
  for (long i = 0; i < rest; i++) keys[(d + i) * CK_KV_BLOCK] = part[i];
  CACHE_STORE(part, load_first(value + d, rest));
  for (long i = 0; i < rest; i++) values[d + i] = part[i];
}
#endif

/// What attention keeps for one query.
typedef struct {
  const float *query;
  /// [positions]
  float *scores;
  /// The largest score so far, lane by lane. [LANES]
  float *top;
  /// [padded head_size]
  float *sum;
  /// The positions of the block that the query sees: `first ..< length`.
  long first;
  long length;
} CACHE(attending);

/// The first position that a query sees.
INLINE long CACHE(first_seen)(const ck_attention *job, long query) {
  const long first = job->lengths[query] - job->window;
  return job->window > 0 && first > 0 ? first : 0;
}

INLINE void CACHE(score)(
    const ck_attention *job, const CACHE_ELEMENT *keys, const CACHE(attending) *state,
    const int queries) {
  vf score[SCORE_QUERIES][SCORE_VECTORS];
  UNROLL for (int q = 0; q < queries; q++) {
    UNROLL for (int v = 0; v < SCORE_VECTORS; v++) score[q][v] = splat(0);
  }
  const uint16_t *scales = (const uint16_t *)(keys + job->head_size * CK_KV_BLOCK);
  vf scale[SCORE_VECTORS];
  for (long d = 0; d < job->head_size; d++) {
    if (CACHE_SCALED && d % CK_QUANT_BLOCK == 0) {
      UNROLL for (int v = 0; v < SCORE_VECTORS; v++) scale[v] = load_half(scales + d + v * LANES);
    }
    vf key[SCORE_VECTORS];
    UNROLL for (int v = 0; v < SCORE_VECTORS; v++) {
      key[v] = CACHE_LOAD(keys + d * CK_KV_BLOCK + v * LANES);
      if (CACHE_SCALED) key[v] = key[v] * scale[v];
    }
    UNROLL for (int q = 0; q < queries; q++) {
      const vf value = splat(state[q].query[d]);
      UNROLL for (int v = 0; v < SCORE_VECTORS; v++) {
        score[q][v] = fused(value, key[v], score[q][v]);
      }
    }
  }
  UNROLL for (int q = 0; q < queries; q++) {
    const bool whole = state[q].first <= 0 && state[q].length >= CK_KV_BLOCK;
    vf top = load(state[q].top);
    UNROLL for (int v = 0; v < SCORE_VECTORS; v++) {
      vf kept = score[q][v] * splat(job->scale);
      if (job->soft_cap > 0) kept = capped(kept, splat(job->soft_cap));
      if (!whole) {
        const vi seen = (lane_numbers() < (int32_t)(state[q].length - v * LANES))
                        & (lane_numbers() >= (int32_t)(state[q].first - v * LANES));
        kept = choose(seen, kept, splat(-INFINITY));
      }
      store(state[q].scores + v * LANES, kept);
      top = larger(kept, top);
    }
    store(state[q].top, top);
  }
}

/// - values: from element `first` of the head on.
INLINE void CACHE(weigh)(
    const CACHE_ELEMENT *values, const uint16_t *scales, long first, long width, long length,
    const CACHE(attending) *state, const int queries, const int vectors) {
  const long blocks = (width + CK_QUANT_BLOCK - 1) / CK_QUANT_BLOCK;
  vf sum[VALUE_QUERIES][4];
  UNROLL for (int q = 0; q < queries; q++) {
    UNROLL for (int v = 0; v < vectors; v++) sum[q][v] = load(state[q].sum + v * LANES);
  }
  for (long p = 0; p < length; p++) {
    vf value[4];
    UNROLL for (int v = 0; v < vectors; v++) {
      value[v] = CACHE_LOAD(values + p * width + v * LANES);
      if (CACHE_SCALED) {
        const long block = (first + v * LANES) / CK_QUANT_BLOCK;
        value[v] = value[v] * splat(float_of(scales[p * blocks + block]));
      }
    }
    UNROLL for (int q = 0; q < queries; q++) {
      const vf weight = splat(state[q].scores[p]);
      UNROLL for (int v = 0; v < vectors; v++) sum[q][v] = fused(weight, value[v], sum[q][v]);
    }
  }
  UNROLL for (int q = 0; q < queries; q++) {
    UNROLL for (int v = 0; v < vectors; v++) store(state[q].sum + v * LANES, sum[q][v]);
  }
}

/// The weighted values of one block, for a few queries.
INLINE void CACHE(weigh_all)(
    const CACHE_ELEMENT *values, long width, CACHE(attending) *state, const int queries) {
  const uint16_t *scales = (const uint16_t *)(values + width * CK_KV_BLOCK);
  long length = 0;
  UNROLL for (int q = 0; q < queries; q++) {
    length = state[q].length > length ? state[q].length : length;
  }
  long d = 0;
#define STEP(VECTORS)                                                                 \
  CACHE(weigh)(values + d, scales, d, width, length, state, queries, VECTORS);        \
  UNROLL for (int q = 0; q < queries; q++) state[q].sum += (VECTORS) * LANES;         \
  d += (VECTORS) * LANES
  while (d + 4 * LANES <= width) { STEP(4); }
  if (d + 2 * LANES <= width) { STEP(2); }
  if (d + LANES <= width) { STEP(1); }
#undef STEP
}

static void CACHE(score_some)(
    const ck_attention *job, const ck_kv_run *run, const CACHE(attending) *state, int queries) {
  const CACHE_ELEMENT *keys = (const CACHE_ELEMENT *)(run->block + job->key_offset);
  for (; queries >= SCORE_QUERIES; queries -= SCORE_QUERIES, state += SCORE_QUERIES) {
    CACHE(score)(job, keys, state, SCORE_QUERIES);
  }
#if SCORE_QUERIES > 4
  for (; queries >= 4; queries -= 4, state += 4) CACHE(score)(job, keys, state, 4);
#endif
#if SCORE_QUERIES > 2
  for (; queries >= 2; queries -= 2, state += 2) CACHE(score)(job, keys, state, 2);
#endif
  for (; queries > 0; queries--, state++) CACHE(score)(job, keys, state, 1);
}

static void CACHE(weigh_some)(
    const ck_attention *job, const ck_kv_run *run, CACHE(attending) *state, int queries) {
  const CACHE_ELEMENT *values = (const CACHE_ELEMENT *)(run->block + job->value_offset);
  const long width = padded(job->head_size);
  for (; queries >= VALUE_QUERIES; queries -= VALUE_QUERIES, state += VALUE_QUERIES) {
    CACHE(weigh_all)(values, width, state, VALUE_QUERIES);
  }
#if VALUE_QUERIES > 2
  for (; queries >= 2; queries -= 2, state += 2) CACHE(weigh_all)(values, width, state, 2);
#endif
  for (; queries > 0; queries--, state++) CACHE(weigh_all)(values, width, state, 1);
}

/// Lets the users of every block meet it, a few at a time.
INLINE void CACHE(each_run)(const ck_attention *job, bool scoring) {
  const long group = job->group, width = padded(job->head_size);
  const long state_size = CK_HEAD_PADDING + width;
  float *all_scores = job->scratch + job->query_count * group * state_size;
  for (long r = 0; r < job->run_count; r++) {
    const ck_kv_run *run = &job->runs[r];
    CACHE(attending) state[8];
    int pending = 0;
    for (long u = run->first; u < run->first + run->count; u++) {
      const ck_kv_user user = job->users[u];
      const long first =
          job->window > 0 ? CACHE(first_seen)(job, user.query) - run->start : 0;
      if (first >= CK_KV_BLOCK) continue;
      for (long h = 0; h < group; h++) {
        const long number = user.query * group + h;
        float *own = job->scratch + number * state_size;
        state[pending].query = job->queries + user.query * job->query_stride + h * job->head_size;
        state[pending].scores = all_scores + number * job->positions + run->start;
        state[pending].top = own;
        state[pending].sum = own + CK_HEAD_PADDING;
        state[pending].first = first;
        state[pending].length = user.length;
        if (++pending < 8) continue;
        if (scoring) CACHE(score_some)(job, run, state, pending);
        else CACHE(weigh_some)(job, run, state, pending);
        pending = 0;
      }
    }
    if (pending == 0) continue;
    if (scoring) CACHE(score_some)(job, run, state, pending);
    else CACHE(weigh_some)(job, run, state, pending);
  }
}

/// Takes the hidden positions out of a query's scores; its own position stays.
///
/// - Returns: the largest score of those that are left.
static float CACHE(hide)(const ck_attention *job, float *scores, long query) {
  const long last = job->lengths[query] - 1;
  float largest = scores[last];
  for (long p = CACHE(first_seen)(job, query); p < last; p++) {
    if (job->hidden[p]) scores[p] = -INFINITY;
    else if (scores[p] > largest) largest = scores[p];
  }
  return largest;
}

static void CACHE(attend)(const ck_attention *job) {
  const long width = padded(job->head_size), state_size = CK_HEAD_PADDING + width;
  const long group = job->group, count = job->query_count * group;
  float *all_scores = job->scratch + count * state_size;
  memset(job->scratch, 0, (size_t)(count * state_size) * sizeof(float));
  for (long i = 0; i < count; i++) store(job->scratch + i * state_size, splat(-INFINITY));
  CACHE(each_run)(job, true);
  for (long i = 0; i < count; i++) {
    float *state = job->scratch + i * state_size, *scores = all_scores + i * job->positions;
    float largest = job->hidden ? CACHE(hide)(job, scores, i / group) : largest_of(load(state));
    const float sink = job->sinks ? job->sinks[i % group] : -INFINITY;
    if (sink > largest) largest = sink;
    const vf top = splat(largest);
    const long blocks = (job->lengths[i / group] + CK_KV_BLOCK - 1) / CK_KV_BLOCK;
    vf total = splat(0);
    const long first = CACHE(first_seen)(job, i / group) / CK_KV_BLOCK * CK_KV_BLOCK;
    for (long p = first; p < blocks * CK_KV_BLOCK; p += LANES) {
      const vf weight = exponential(load(scores + p) - top);
      store(scores + p, weight);
      total = total + weight;
    }
    // All lanes hold the sink's weight, which is 0 without one.
    const vf unseen = exponential(splat(sink) - top);
    state[0] = 1.0f / (sum_of(total) + unseen[0]);
  }
  CACHE(each_run)(job, false);
  for (long i = 0; i < count; i++) {
    const float *state = job->scratch + i * state_size, *sum = state + CK_HEAD_PADDING;
    float *to = job->out + i / group * job->out_stride + i % group * job->head_size;
    for (long d = 0; d < job->head_size; d++) to[d] = sum[d] * state[0];
  }
}

#undef CACHE
#undef CACHE_ELEMENT
#undef CACHE_LOAD
#undef CACHE_STORE
#undef CACHE_SCALED
