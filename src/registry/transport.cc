#include "registry/transport.h"

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace planet::registry {
namespace {

using std::chrono::milliseconds;

std::string seconds(milliseconds time) {
  const std::string tenths = std::to_string(time.count() % 1000 / 100);
  return std::to_string(time.count() / 1000) + (tenths == "0" ? "" : "." + tenths) + " s";
}

class PlainTransport : public Transport {
 public:
  PlainTransport(UniqueFd socket, milliseconds patience)
      : socket_(std::move(socket)), patience_(patience) {}

  Result<std::size_t> receive(std::span<char> buffer) override {
    while (true) {
      TRY_SET(const std::optional<std::size_t> n, sys::receive_some(socket_.borrow(), buffer));
      if (n) {
        patience_.moved(*n);
        return *n;
      }
      TRY(patience_.wait(socket_.borrow(), sys::Ready::kToReceive));
    }
  }

  Result<> send(std::string_view bytes) override {
    while (!bytes.empty()) {
      TRY_SET(const std::optional<std::size_t> n, sys::send_some(socket_.borrow(), bytes));
      if (n) {
        patience_.moved(*n);
        bytes.remove_prefix(*n);
      } else {
        TRY(patience_.wait(socket_.borrow(), sys::Ready::kToSend));
      }
    }
    return {};
  }

  bool is_quiet() const override { return sys::is_quiet(socket_.borrow()); }

 private:
  UniqueFd socket_;
  Patience patience_;
};

}  // namespace

Result<> Patience::wait(BorrowedFd socket, sys::Ready ready) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  auto waited = sys::wait_for(socket, ready, limit_);
  if (!waited && waited.error().sys_errno() == ETIMEDOUT)
    return fail(Code::kSystem,
                "the server has been silent for " + seconds(limit_) + ": try again later");
  if (!waited) return waited;
  waited_ += std::chrono::duration_cast<milliseconds>(Clock::now() - start);
  if (waited_ < limit_) return {};
  if (moved_ < kLeast)
    return fail(Code::kSystem, "the server has sent " + std::to_string(moved_) + " bytes in " +
                                   seconds(waited_) +
                                   ", which is as good as nothing: try again later");
  waited_ = milliseconds(0);
  moved_ = 0;
  return {};
}

std::unique_ptr<Transport> plain_transport(UniqueFd socket, milliseconds patience) {
  return std::make_unique<PlainTransport>(std::move(socket), patience);
}

}  // namespace planet::registry
