#include "vault/passwords.hpp"

#include <exception>
#include <memory>

#include <sodium.h>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "vault/vault.hpp"

namespace patchbay::vault {

namespace asio = boost::asio;

namespace {

// Of no password that anybody knows: to take the time.
const std::string& nobodys_hash() {
  static const auto* hash = new std::string(Passwords::hash_now(generate(32)));
  return *hash;
}

bool verify_now(const std::string& password, const std::string& hash) {
  const auto& against = hash.empty() ? nobodys_hash() : hash;
  const bool fits = crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
  return fits && !hash.empty();
}

}  // namespace

Passwords::~Passwords() {
  pool_.stop();
  pool_.join();
}

std::string Passwords::hash_now(const std::string& password) {
  char out[crypto_pwhash_STRBYTES];
  if (sodium_init() < 0 ||
      crypto_pwhash_str_alg(out, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw Error(Code::unavailable, Text("vault.passwords_memory")).retry_after(Duration{1'000});
  return out;
}

asio::awaitable<void> Passwords::run(std::function<void()> work) {
  if (waiting_.fetch_add(1) >= kWaiting) {
    --waiting_;
    throw Error(Code::unavailable, Text("vault.passwords_busy")).retry_after(Duration{1'000});
  }
  const auto executor = co_await asio::this_coro::executor;
  auto start = [this, executor, work = std::move(work)](auto completion) mutable {
    auto handler = std::make_shared<decltype(completion)>(std::move(completion));
    asio::post(pool_, [this, executor, handler, work = std::move(work)] {
      std::exception_ptr error;
      try {
        work();
      } catch (...) {
        error = std::current_exception();
      }
      --waiting_;
      asio::post(executor, [handler, error]() mutable { std::move (*handler)(error); });
    });
  };
  auto done = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      std::move(start), asio::use_awaitable);
  co_await std::move(done);
}

asio::awaitable<std::string> Passwords::hash(std::string password) {
  auto out = std::make_shared<std::string>();
  std::function<void()> work = [out, password = std::move(password)]() mutable {
    *out = hash_now(password);
    wipe(password);
  };
  co_await run(std::move(work));
  co_return std::move(*out);
}

asio::awaitable<bool> Passwords::verify(std::string password, std::string hash) {
  auto fits = std::make_shared<bool>(false);
  std::function<void()> work = [fits, password = std::move(password), hash = std::move(hash)]() mutable {
    *fits = verify_now(password, hash);
    wipe(password);
  };
  co_await run(std::move(work));
  co_return *fits;
}

}  // namespace patchbay::vault
