// Which kernels this machine can run.
#include "tables.h"

const ck_kernels *ck_kernels_for(ck_isa isa) {
  switch (isa) {
    case CK_GENERIC:
      return &ck_generic_kernels;
#if defined(__x86_64__)
    case CK_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                     && __builtin_cpu_supports("f16c")
                 ? &ck_avx2_kernels
                 : NULL;
    case CK_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                     && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                     && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma")
                     && __builtin_cpu_supports("f16c")
                 ? &ck_avx512_kernels
                 : NULL;
#endif
#if defined(__aarch64__)
    case CK_NEON:
      return &ck_neon_kernels;
#endif
    default:
      return NULL;
  }
}
