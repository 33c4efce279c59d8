#include "crypto/secure.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <openssl/crypto.h>
#include <sys/random.h>

namespace patchbay::crypto {

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const auto got = ::getrandom(out.data() + done, count - done, 0);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (got < 0 && errno != EINTR) {
      std::fputs("patchbay: the kernel gives no random bytes (getrandom)\n", stderr);
      std::abort();
    }
  }
  return out;
}

}  // namespace patchbay::crypto
