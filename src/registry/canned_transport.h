// A server whose answer is known before, given out in pieces of a chosen size: for tests and fuzzing.
#pragma once

#include <algorithm>
#include <string>

#include "registry/transport.h"

namespace planet::registry {

class CannedTransport : public Transport {
 public:
  CannedTransport(std::string answer, std::size_t piece)
      : answer_(std::move(answer)), piece_(piece) {}

  Result<std::size_t> receive(std::span<char> buffer) override {
    const std::size_t n = std::min({piece_, buffer.size(), answer_.size() - at_});
    std::copy_n(answer_.begin() + static_cast<std::ptrdiff_t>(at_), n, buffer.begin());
    at_ += n;
    return n;
  }
  Result<> send(std::string_view bytes) override {
    sent += bytes;
    return {};
  }
  bool is_quiet() const override { return at_ < answer_.size(); }

  std::string sent;

 private:
  std::string answer_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

}  // namespace planet::registry
