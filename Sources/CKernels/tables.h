// The tables that the files of this target define, one for each instruction set.
#pragma once

#include "CKernels.h"

extern const ck_kernels ck_generic_kernels;
#if defined(__x86_64__)
extern const ck_kernels ck_avx2_kernels;
extern const ck_kernels ck_avx512_kernels;
#endif
#if defined(__aarch64__)
extern const ck_kernels ck_neon_kernels;
extern const ck_kernels ck_dotprod_kernels;
#endif

/// The initialiser of a table whose kernels have their usual names.
#define CK_TABLE(NAME, GROUP, BIASED)                                                        \
  {                                                                                          \
    .name = NAME, .group = GROUP, .biased = BIASED,                                          \
    .matmul =                                                                                \
        {                                                                                    \
            [CK_F32] = matmul_f32,       [CK_F16] = matmul_f16,   [CK_BF16] = matmul_bf16,   \
            [CK_Q8_0] = matmul_q8_0,     [CK_Q4_0] = matmul_q4_0, [CK_Q4_1] = matmul_q4_1,   \
            [CK_Q5_0] = matmul_q5_0,     [CK_Q5_1] = matmul_q5_1, [CK_Q2_K] = matmul_q2_k,   \
            [CK_Q3_K] = matmul_q3_k,     [CK_Q4_K] = matmul_q4_k, [CK_Q5_K] = matmul_q5_k,   \
            [CK_Q6_K] = matmul_q6_k,     [CK_IQ4_NL] = matmul_iq4_nl,                        \
            [CK_IQ4_XS] = matmul_iq4_xs, [CK_IQ3_S] = matmul_iq3_s,                          \
            [CK_IQ3_XXS] = matmul_iq3_xxs, [CK_IQ2_XXS] = matmul_iq2_xxs,                    \
            [CK_IQ2_XS] = matmul_iq2_xs, [CK_IQ2_S] = matmul_iq2_s,                          \
            [CK_IQ1_S] = matmul_iq1_s,   [CK_IQ1_M] = matmul_iq1_m,                          \
            [CK_TQ1_0] = matmul_tq1_0,   [CK_TQ2_0] = matmul_tq2_0,                          \
            [CK_MXFP4] = matmul_mxfp4,                                                       \
        },                                                                                   \
    .log_sum_exp = log_sum_exp, .quantize = quantize, .decode_f16 = decode_f16, .rms_norm = rms_norm, .swiglu = swiglu,  \
    .rotate_pairs = rotate_pairs, .rotate_halves = rotate_halves, .geglu = geglu,            \
    .clamped_swiglu = clamped_swiglu,                                                        \
    .soft_cap = soft_cap, .add_scaled = add_scaled, .store_kv_f16 = store_kv_f16,            \
    .store_kv_f32 = store_kv_f32, .store_kv_q8_0 = store_kv_q8_0,                            \
    .attend_f16 = attend_f16, .attend_f32 = attend_f32, .attend_q8_0 = attend_q8_0,          \
    .multiply = multiply, .sigmoid_gate = sigmoid_gate, .convolve = convolve,                \
    .delta_rule = delta_rule,                                                                \
    .training =                                                                              \
        {                                                                                    \
            .rms_norm_backward = rms_norm_backward, .swiglu_backward = swiglu_backward,      \
            .softmax_sums = softmax_sums, .softmax_slopes = softmax_slopes,                  \
            .square_sum = square_sum, .adamw = adamw,                                        \
            .rotate_pairs_back = rotate_pairs_back, .pack_rows = pack_rows,                  \
            .group_columns = group_columns, .product = product,                              \
            .attention_weights = attention_weights, .attention_slopes = attention_slopes,    \
            .scale_rows = scale_rows, .copy_rows = copy_rows,                                \
            .multiply_adds = multiply_adds,                                                  \
        },                                                                                   \
  }
