// Which kernels this machine can run.
#include "tables.h"

#if defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>

static bool has_dot_products(void) {
  const unsigned long dot_products = 1ul << 20;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & dot_products) != 0;
}
#else
/// Apple's processors that run macOS all have them.
static bool has_dot_products(void) { return true; }
#endif
#endif

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
    case CK_NEON: return &ck_neon_kernels;
    case CK_NEON_DOTPROD: return has_dot_products() ? &ck_dotprod_kernels : NULL;
#endif
    default:
      return NULL;
  }
}
