// --detach-keys: what is typed to leave a container that goes on. Pure.
//
// Source: docker-attach(1), --detach-keys.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace planet::engine {

// "ctrl-p,ctrl-q": the bytes that the keys send. Empty: the default, which is that.
// Errors: kInvalidArgument - a key that is neither one character nor ctrl- with a letter, @, [, \, ], ^ or _.
Result<std::string> parse_detach_keys(std::string_view text);

// Finds the keys in what is typed. What may be their beginning is kept back until more is known.
class DetachKeys {
 public:
  explicit DetachKeys(std::string keys = {}) : keys_(std::move(keys)) {}
  // The bytes to pass on; sets `found` when the keys are complete, and drops what follows them.
  std::string filter(std::string_view typed, bool& found);

 private:
  std::string keys_;
  std::size_t matched_ = 0;
};

}  // namespace planet::engine
