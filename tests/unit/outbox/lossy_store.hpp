#pragma once

#include <utility>

#include "base/error.hpp"
#include "store/store.hpp"

namespace patchbay::outbox {

// Loses the answer to one commit.
class LossyStore final : public store::Store {
 public:
  explicit LossyStore(store::Store& inner) : inner_(inner) {}
  store::Dialect dialect() const override { return inner_.dialect(); }
  std::vector<std::int64_t> insert_new_now(const store::BulkInsert& insert) override {
    return inner_.insert_new_now(insert);
  }
  bool lose = false;

 private:
  boost::asio::awaitable<void> run_work(Mode mode, Work work) override {
    if (mode == Mode::read) {
      co_await inner_.read(std::move(work));
    } else {
      co_await inner_.write(std::move(work));
      if (std::exchange(lose, false)) throw Error(Code::unavailable, Text::verbatim("gone"));
    }
  }
  void run_work_now(Mode, Work work) override { inner_.write_now(std::move(work)); }

  store::Store& inner_;
};

}  // namespace patchbay::outbox
