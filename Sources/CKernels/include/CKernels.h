// The engine's hot loops, written once for each instruction set and chosen at run time.
//
// Every kernel follows one rule, from which the engine's exactness follows: an output element is
// summed in one order that depends on the format and the instruction set alone, never on how many
// columns are computed together, on the range of rows asked for, or on the calling thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Positions in one block of the KV cache.
#define CK_KV_BLOCK 32
/// Elements in one block of quantised activations and of Q8_0 weights.
#define CK_QUANT_BLOCK 32
/// Rows of values in the KV cache are padded to a multiple of this many elements.
#define CK_HEAD_PADDING 16

/// 32 activations as 8-bit integers: x[i] = scale * values[i].
typedef struct {
  float scale;
  /// scale times the sum of `values`: what a block's minimum is multiplied by.
  float sum;
  /// -128 times the sum of `values`, where sums over offset weights begin.
  int32_t offset;
  /// The same of the first 16.
  int32_t first_offset;
  int8_t values[CK_QUANT_BLOCK];
} ck_q8_block;

/// The formats of weights that there are kernels for.
typedef enum {
  CK_F32,
  CK_F16,
  CK_BF16,
  CK_Q8_0,
  CK_Q4_0,
  CK_Q4_1,
  CK_Q5_0,
  CK_Q5_1,
  CK_IQ4_NL,
  CK_Q2_K,
  CK_Q3_K,
  CK_Q4_K,
  CK_Q5_K,
  CK_Q6_K,
  CK_IQ4_XS,
  CK_IQ3_S,
  CK_IQ3_XXS,
  CK_IQ2_XXS,
  CK_IQ2_XS,
  CK_IQ2_S,
  CK_IQ1_S,
  CK_IQ1_M,
  CK_TQ1_0,
  CK_TQ2_0,
  CK_MXFP4,
  CK_FORMAT_COUNT,
} ck_format;

/// Y[b, r] (+)= sum over k of W[r, k] * X[b, k], for whole groups of rows.
///
/// `weights` is the packed matrix [rows, n] (see ck_pack), `x` is [batch, n] as floats or as
/// ck_q8_block, whichever the format takes, `y` is [batch, ldy]. Row groups `group0..<group1` are
/// computed, without rows at or beyond `rows`. With `accumulate` the product is added to y.
typedef void ck_matmul(
    const void *weights, const void *x, float *y, long group0, long group1, long rows, long n,
    long batch, long ldy, bool accumulate);

/// One block of keys and values, and who looks at it.
typedef struct {
  /// The block's memory; a head's keys are [head_size, CK_KV_BLOCK], its values
  /// [CK_KV_BLOCK, padded head_size]. In Q8_0 scales in half precision follow: those of the keys
  /// as [head_size / 32, CK_KV_BLOCK], those of the values as [CK_KV_BLOCK, head_size / 32].
  const uint8_t *block;
  /// The block's first position in its paths.
  int32_t start;
  /// The users of the block: `users[first ..< first + count]`.
  int32_t first;
  int32_t count;
} ck_kv_run;

typedef struct {
  /// Which query, counted from the first query of the call.
  int32_t query;
  /// How many positions of the block the query sees, 1 ... CK_KV_BLOCK.
  int32_t length;
} ck_kv_user;

/// Attention of some queries on one KV head.
typedef struct {
  /// In ascending order of position for every query.
  const ck_kv_run *runs;
  long run_count;
  const ck_kv_user *users;
  /// Where in a block this layer's and head's keys and values begin, in bytes.
  long key_offset;
  long value_offset;
  long head_size;
  /// Query heads that share the KV head.
  long group;
  /// [query_count, query_stride], at the first of the heads that share the KV head.
  const float *queries;
  long query_stride;
  long query_count;
  /// How many positions each query sees. [query_count]
  const int32_t *lengths;
  /// At least the largest of `lengths`, rounded up to whole blocks.
  long positions;
  float *out;
  long out_stride;
  /// How many positions, its own included, a query sees at most: earlier ones have weight 0. 0 is
  /// no limit.
  long window;
  /// Multiplies the scores, usually 1 / sqrt(head_size).
  float scale;
  /// Scores become soft_cap * tanh(score / soft_cap), unless it is 0.
  float soft_cap;
  /// For each head of the group a score whose weight goes to nothing, or NULL. [group]
  const float *sinks;
  /// Not 0 for positions of the path that no later one sees, or NULL where all are seen. [positions]
  const uint8_t *hidden;
  /// query_count * group * (CK_HEAD_PADDING + padded head_size + positions) floats.
  float *scratch;
} ck_attention;

/// Where a token's keys and values go.
typedef struct {
  uint8_t *block;
  long key_offset;
  long value_offset;
  long slot;
  long head_size;
} ck_kv_slot;

/// A causal convolution of each channel by itself, for one token: out[c] = sum over tap of
/// weights[tap, c] * input[tap, c], where the last input is `x` and the state holds those before it,
/// the oldest first.
typedef struct {
  /// [taps - 1, channels]; NULL before the first token, as if all were zero.
  const float *from;
  /// The inputs that the next token sees; may be `from`.
  float *to;
  /// [channels]
  const float *x;
  /// [taps, channels]
  const float *weights;
  /// [channels]
  float *out;
  long channels;
  long taps;
  /// Puts out silu(out).
  bool silu;
} ck_convolution;

/// One token of one head of the gated delta rule (Yang et al. 2024, "Gated Delta Networks", eq. 10):
/// with the state S as [keys, values],
///   S = decay * S;  S += key x (beta * (value - S^T key));  out = S^T query.
typedef struct {
  /// NULL before the first token, as if all were zero.
  const float *from;
  /// The state after the token; may be `from`.
  float *to;
  /// [keys]
  const float *query;
  const float *key;
  /// [values]
  const float *value;
  float *out;
  float decay;
  float beta;
  long keys;
  long values;
} ck_delta_rule;

/// What a step of AdamW takes beside the numbers it works on.
typedef struct {
  float rate;
  float beta1;
  float beta2;
  float epsilon;
  /// Decoupled weight decay.
  float decay;
  /// 1 / (1 - beta^t)
  float correction1;
  float correction2;
  /// Multiplies the gradient: what clipping leaves of it.
  float scale;
} ck_adamw;

/// A product of matrices: y[c, r] = base[c, r] + sum over k of w[k, r] * x[c, k], r below `outputs`,
/// k below `n`. Element (k, r) of w is at k * w_term + r, but that from one group of LANES r to the
/// next are w_group; (c, k) of x is at c * x_column + k * x_term, one of which is 1; (c, r) of y and
/// base is at c * y_column + r.
///
/// A sum is of PRODUCT_TERMS terms at a time in ascending order, and so the same to the bit whatever
/// columns are computed together.
typedef struct {
  const float *w;
  long w_term;
  long w_group;
  const float *x;
  long x_column;
  long x_term;
  /// May be y, or NULL for nothing.
  const float *base;
  float *y;
  long y_column;
  long outputs;
  long n;
} ck_product;

/// Vectors in a round of multiply_adds.
#define CK_CHAINS 12

/// The kernels of training; each is described in training_kernels.h, training_product.h or
/// training_attention.h.
typedef struct {
  void (*rms_norm_backward)(
      const float *x, const float *weight, const float *d, const float *base, float *dx,
      float *dweight, long n, float epsilon);
  void (*swiglu_backward)(
      const float *gate, const float *up, const float *d, float *dgate, float *dup, float *y,
      long n);
  void (*softmax_sums)(const float *x, long n, float *log_sum, float *entropy);
  void (*softmax_slopes)(
      const float *x, float *out, long n, float log_sum, float entropy, float a, float b);
  double (*square_sum)(const float *x, long n);
  void (*adamw)(
      float *weights, const float *gradient, float *first, float *second, long n,
      const ck_adamw *settings);
  void (*rotate_pairs_back)(float *x, const float *table, long pairs);
  void (*pack_rows)(
      const float *x, long rows, long n, long stride, long group0, long group1, float scale,
      float *out);
  void (*group_columns)(const float *x, long rows, long n, long all_rows, float *out);
  /// For columns `column0..<column1`.
  void (*product)(const ck_product *product, long column0, long column1);
  void (*attention_weights)(
      float *scores, long keys, long seen, long queries, float *peaks, float *factors);
  void (*attention_slopes)(
      float *scores, float *derivatives, long keys, long seen, long queries, const float *peaks,
      const float *factors, float scale);
  void (*scale_rows)(float *y, long rows, long n, long stride, const float *factors);
  void (*copy_rows)(
      const float *x, long rows, long n, long stride, float *out, long out_stride);
  float (*multiply_adds)(long n);
} ck_training_kernels;

typedef struct {
  const char *name;
  /// Rows that are packed together: the lanes of a vector register.
  int32_t group;
  /// Packed 8-bit weights are stored with the sign bit flipped (the machine multiplies u8 by s8).
  bool biased;
  ck_matmul *matmul[CK_FORMAT_COUNT];
  /// Rounds to nearest, ties to even; the block's largest magnitude becomes 127.
  void (*quantize)(const float *x, ck_q8_block *out, long n);
  double (*log_sum_exp)(const float *x, long n);
  void (*decode_f16)(const uint16_t *x, float *out, long n);
  /// out = x / sqrt(mean(x^2) + epsilon) * weight
  void (*rms_norm)(const float *x, const float *weight, float *out, long n, float epsilon);
  /// out = silu(gate) * up
  void (*swiglu)(const float *gate, const float *up, float *out, long n);
  /// Turns the pairs (x[2i], x[2i+1]) by the angles whose (cos, sin) are in `table`.
  void (*rotate_pairs)(float *x, const float *table, long pairs);
  /// Turns the pairs (x[i], x[i + pairs]); `table` holds all cosines, then all sines.
  void (*rotate_halves)(float *x, const float *table, long pairs);
  /// out = gelu(gate) * up, gelu with the hyperbolic tangent
  void (*geglu)(const float *gate, const float *up, float *out, long n);
  /// out = g / (1 + e^(-1.702 g)) * (u + 1), g the gate at most 7, u the up within -7 and 7
  void (*clamped_swiglu)(const float *gate, const float *up, float *out, long n);
  /// x = cap * tanh(x / cap)
  void (*soft_cap)(float *x, long n, float cap);
  /// out += scale * x
  void (*add_scaled)(const float *x, float *out, long n, float scale);
  void (*store_kv_f16)(const float *key, const float *value, const ck_kv_slot *slot);
  void (*store_kv_f32)(const float *key, const float *value, const ck_kv_slot *slot);
  /// Rounds to 8 bits, with a half-precision scale for each 32 elements of a head.
  void (*store_kv_q8_0)(const float *key, const float *value, const ck_kv_slot *slot);
  void (*attend_f16)(const ck_attention *job);
  void (*attend_f32)(const ck_attention *job);
  void (*attend_q8_0)(const ck_attention *job);
  /// out = a * b
  void (*multiply)(const float *a, const float *b, float *out, long n);
  /// x = x * sigmoid(gate)
  void (*sigmoid_gate)(const float *gate, float *x, long n);
  /// For channels `channel0..<channel1`; see recurrence.h.
  void (*convolve)(const ck_convolution *job, long channel0, long channel1);
  /// For columns `column0..<column1` of the state.
  void (*delta_rule)(const ck_delta_rule *job, long column0, long column1);
  ck_training_kernels training;
} ck_kernels;

typedef enum { CK_GENERIC, CK_AVX2, CK_AVX512, CK_NEON, CK_NEON_DOTPROD } ck_isa;

/// The kernels for an instruction set, or NULL when this machine cannot run them.
const ck_kernels *ck_kernels_for(ck_isa isa);

/// Whether products with weights of a format take activations as ck_q8_block.
bool ck_takes_blocks(ck_format format);

/// Bytes of one packed group of rows of n inputs: the largest `Int` there is is never exceeded by
/// rows that fit into memory.
long ck_packed_group_bytes(const ck_kernels *kernels, ck_format format, long n);

/// Packs one group of rows, each at its own address; a row at NULL counts as zeros.
///
/// Float formats become [n, group]. The others become chunks of 512 inputs, each the values
/// [n / 4, group, 4] in as many bits as they have, then the scales (see block_formats.h).
void ck_pack(
    const ck_kernels *kernels, ck_format format, const void *const *rows, long n, void *out);

/// The grid whose entries a format's blocks number, or NULL when it has none (see grids.h).
const uint16_t *ck_grid(ck_format format, long *count);

/// A row as files store it, as floats. n is a whole number of the format's blocks.
void ck_decode_row(ck_format format, const void *row, float *out, long n);

/// Reads `bytes` of memory aligned to 64 bytes, a multiple of 256, once from start to end, with the
/// widest loads there are. What it returns means nothing, but keeps the reads from being left out.
uint64_t ck_read_memory(const void *memory, long bytes);

/// Tells the processor that this thread is spinning.
static inline void ck_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

#ifdef __cplusplus
}
#endif
