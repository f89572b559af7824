#!/usr/bin/env python3
"""Fails when an archive of the core imports a symbol outside the allow-list.

A protocol machine gets time and randomness as arguments and touches no socket, thread or environment
(docs/architecture.md). What it may call is the C++ runtime's containers and strings, memory and pure functions of
libc, and other layers. crypto/ may call OpenSSL besides, but not OpenSSL's sockets.

usage: check_purity.py ARCHIVE...
"""
import pathlib
import re
import subprocess
import sys

LIBC = set("""
memcpy memmove memset memcmp memchr bcmp strlen strcmp strncmp strchr strstr strtol strtoul strtod snprintf abort
malloc free calloc realloc inet_pton inet_ntop __assert_fail __stack_chk_fail __errno_location
log log2 log10 exp exp2 log1p expm1 pow sqrt cbrt floor ceil round lround llround fmod sin cos trunc fmin fmax hypot fabs
sincos ldexp logf expf powf sqrtf cbrtf sincosf sinf cosf
__libc_single_threaded _GLOBAL_OFFSET_TABLE_ _Unwind_Resume __cxa_atexit __dso_handle __tls_get_addr
""".split())
PREFIXES = ("__asan_", "__ubsan_", "__sanitizer_", "__lsan_", "__sancov", "__start_", "__stop_", "__cxa_", "__gxx_",
            "__mem", "__sprintf_chk", "__snprintf_chk", "__memcpy_chk", "__memset_chk", "__memmove_chk", "__cpu_",
            "__popcount", "__udiv", "__umod", "__div", "__mod", "__mul", "__clz", "__ctz", "__math")
# The parts of the C++ runtime that read a clock, start or lock a thread, do I/O, or draw random numbers.
IMPURE_STD = re.compile(r"std::(__1::)?(chrono|thread|this_thread|jthread|mutex|recursive_mutex|condition_variable|"
                        r"random_device|basic_[io]?fstream|basic_filebuf|filesystem|cout|cerr|clog|cin|async|"
                        r"__basic_future|locale::global)")
RUNTIME = re.compile(r"^(std::|operator (new|delete)|__cxxabi|vtable for (__cxxabiv1|std)|typeinfo for |"
                     r"non-virtual thunk|VTT for std|construction vtable|guard variable|typeinfo name for |"
                     r"vtable for std|__gnu_cxx::|__cxxabiv1::|tidewire::|virtual thunk|vtable for tidewire)")
# What an abort needs for its last words (result.cc).
LAST_WORDS = {"fprintf", "__fprintf_chk", "stderr"}
OPENSSL = re.compile(r"^(EVP|SSL|BIO|BN|EC|X509|ASN1|ERR|RAND|HMAC|OSSL|OPENSSL|CRYPTO|OBJ|PEM|SHA|SHA1|PKCS8|MD5|AES|d2i|i2d|"
                     r"DTLS|TLS|GENERAL|sk)_\w+|^(i2d|d2i)_\w+|^(DTLS|TLS)\w*_method$|^(MD5|SHA1|SHA256|HMAC)$")
OPENSSL_IMPURE = re.compile(r"^BIO_(s_socket|new_socket|s_connect|s_accept|new_dgram|s_datagram|s_file|new_file)")


def undefined(archive):
    text = subprocess.run(["nm", "-u", "-A", archive], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        where, _, symbol = line.rpartition(" ")
        yield where.split(":")[1] if ":" in where else where, symbol.split("@")[0]


def demangle(symbols):
    result = subprocess.run(["c++filt"], input="\n".join(symbols), check=True, capture_output=True, text=True)
    return dict(zip(symbols, result.stdout.splitlines()))


def allowed(where, symbol, name, crypto):
    if symbol in LIBC or symbol.startswith(PREFIXES):
        return True
    if symbol in LAST_WORDS and where.startswith("result.cc"):
        return True
    if crypto and OPENSSL.match(symbol) and not OPENSSL_IMPURE.match(symbol):
        return True
    return bool(RUNTIME.match(name)) and not IMPURE_STD.search(name.split("(")[0])


def main():
    errors = []
    for archive in sys.argv[1:]:
        crypto = pathlib.Path(archive).name == "libtidewire_crypto.a"
        found = list(undefined(archive))
        names = demangle([symbol for _, symbol in found])
        for where, symbol in found:
            if not allowed(where, symbol, names[symbol], crypto):
                errors.append(f"{pathlib.Path(archive).name}({where}): imports {names[symbol]}")
    if errors:
        sys.exit("the core must not import these (see tools/check_purity.py):\n" + "\n".join(sorted(set(errors))))


if __name__ == "__main__":
    main()
