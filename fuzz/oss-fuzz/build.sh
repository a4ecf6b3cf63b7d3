#!/bin/bash -eu
# The build of OSS-Fuzz and ClusterFuzz: all harnesses, or those named, with what belongs to them, to $OUT.
#
#     $SRC/blindlend/fuzz/oss-fuzz/build.sh [HARNESS ...]
#
# From the environment: CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, SRC, WORK, OUT and, if it is set,
# SANITIZER, as https://google.github.io/oss-fuzz/getting-started/new-project-guide/ has them.
#
# $OUT is all that a runner gets, so the libraries are linked statically. GMP, NTL and libsodium are built
# from $SRC/gmp, $SRC/ntl and $SRC/libsodium where these exist: NTL has to be built against the same C++
# library as the harnesses. Else the system's archives are taken, and OpenSSL's always.
top=$SRC/blindlend
libraries=$WORK/libraries
jobs=$(nproc)
mkdir -p "$libraries" "$OUT"

# The libraries are instrumented only where the sanitizer cannot do without: memory. Their coverage would
# steer mutation away from the code under test. What selects the C++ library stays.
if [ "${SANITIZER:-address}" = memory ]; then
  c_flags=$CFLAGS
  cxx_flags=$CXXFLAGS
  without_assembly=yes
else
  c_flags='-O2 -fPIC'
  cxx_flags="-O2 -fPIC $(tr ' ' '\n' <<<"$CXXFLAGS" | grep -E '^(-stdlib=|-nostdinc\+\+|-isystem|-cxx-isystem)' | tr '\n' ' ')"
  without_assembly=
fi

if [ -d "$SRC/gmp" ] && [ ! -e "$libraries/lib/libgmp.a" ]; then
  mkdir -p "$WORK/gmp"
  (cd "$WORK/gmp" &&
    "$SRC/gmp/configure" --prefix="$libraries" --enable-static --disable-shared --with-pic \
      ${without_assembly:+--disable-assembly} CC="$CC" CFLAGS="$c_flags" &&
    make -j"$jobs" && make install)
fi
if [ -d "$SRC/ntl" ] && [ ! -e "$libraries/lib/libntl.a" ]; then
  cp -r "$SRC/ntl" "$WORK/ntl"
  gmp_prefix=$([ -e "$libraries/lib/libgmp.a" ] && echo "GMP_PREFIX=$libraries" || true)
  (cd "$WORK/ntl/src" &&
    ./configure PREFIX="$libraries" CXX="$CXX" CXXFLAGS="$cxx_flags" NATIVE=off TUNE=x86 SHARED=off \
      LDFLAGS="${LDFLAGS:-}" \
      $gmp_prefix &&
    make -j"$jobs" && make install)
fi
if [ -d "$SRC/libsodium" ] && [ ! -e "$libraries/lib/libsodium.a" ]; then
  mkdir -p "$WORK/libsodium"
  (cd "$WORK/libsodium" &&
    "$SRC/libsodium/configure" --prefix="$libraries" --enable-static --disable-shared --with-pic \
      ${without_assembly:+--disable-asm} CC="$CC" CFLAGS="$c_flags" &&
    make -j"$jobs" && make install)
fi

# Newer compilers have warnings that are no errors here. Checks like libstdc++'s where libc++ is used.
PKG_CONFIG_PATH=$libraries/lib/pkgconfig cmake -S "$top" -B "$WORK/blindlend" -G Ninja \
  -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="$CXX" \
  -DCMAKE_CXX_FLAGS="$CXXFLAGS -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_EXTENSIVE" \
  -DCMAKE_PREFIX_PATH="$libraries" -DCMAKE_INCLUDE_PATH="$libraries/include" \
  -DBLINDLEND_APP=OFF -DBLINDLEND_TESTS=OFF -DBLINDLEND_BENCH=OFF -DBLINDLEND_STATIC=ON \
  -DBLINDLEND_WERROR=OFF -DBLINDLEND_FUZZ=ON -DBLINDLEND_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
if [ $# -eq 0 ]; then
  set -- $(python3 "$top/fuzz/oss-fuzz/pack" --list)
fi
cmake --build "$WORK/blindlend" -j "$jobs" -- "${@/#/fuzz_}"
for harness in "$@"; do
  cp "$WORK/blindlend/fuzz/$harness" "$OUT/"
done
python3 "$top/fuzz/oss-fuzz/pack" "$OUT" "$@"
