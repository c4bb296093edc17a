// Error: why an operation failed, in a form that a person can act on and a program can switch on.
// Its wire form, used between init and its parent (runtime/handshake.h), is {code, errno, text}.
#pragma once

#include <cstdint>
#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace planet {

enum class Code : std::uint8_t {
  kInvalidArgument,     // the caller's input (a flag, config.json) is wrong
  kNotFound,            // the named container, image or file does not exist
  kAlreadyExists,       // the name is taken
  kWrongState,          // a legal request at the wrong moment, e.g. start of a running container
  kUnsupported,         // this kernel or this build lacks the feature
  kNoPrivateUsers,      // the host has no user namespaces or cannot map ids: go without, or give up
  kPermission,          // the kernel or the policy said no
  kSystem,              // a system call failed for another reason; sys_errno() says which
  kCorrupt,             // our own files, or a peer's message, are malformed
  kCommandNotFound,     // a container's command does not exist: exit status 127
  kCommandNotRunnable,  // a container's command is there but cannot be executed: exit status 126
  kInternal,            // a bug in this program
};

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string what, std::source_location at = std::source_location::current())
      : code_(code), what_(std::move(what)), at_(at) {}

  // Wraps errno: picks the code from it. `what` names the call and its main argument.
  static Error from_errno(int err, std::string what,
                          std::source_location at = std::source_location::current());

  // An error that another process described: see runtime/handshake.h.
  static Error from_wire(Code code, int err, std::string what);

  // Adds one outer link, outermost first: "open x" becomes "read config: open x".
  Error while_doing(std::string_view doing) &&;

  Code code() const { return code_; }
  int sys_errno() const { return errno_; }  // 0 when no system call failed
  std::source_location origin() const { return at_; }
  const std::string& what() const { return what_; }  // to_string() without the text of errno
  std::string to_string() const;                     // one line, no final period, no newline

 private:
  Code code_;
  int errno_ = 0;
  std::string what_;
  std::source_location at_;
};

// A class, not an alias: g++ 12 does not mark std::expected [[nodiscard]], so through an alias
// a caller could drop an error unwarned.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(Code code, std::string what,
                                   std::source_location at = std::source_location::current()) {
  return std::unexpected(Error(code, std::move(what), at));
}

// The exit status of shells and engines for an error that kept a command from being executed: 127 or 126; `otherwise`
// for any other.
inline int exit_status(const Error& error, int otherwise) {
  if (error.code() == Code::kCommandNotFound) return 127;
  if (error.code() == Code::kCommandNotRunnable) return 126;
  return otherwise;
}

}  // namespace planet

// TRY and TRY_SET are statements, never parts of an expression: with g++ 12 a `return` out of a
// statement expression skips the destructors of the parts already built, and so leaks descriptors.

// Returns the error of `expr`, a Result, from the current function; else goes on.
// A second argument, evaluated only on failure, says what was being done: TRY(f(), "start web").
// Each use has a name of its own, so that `expr` may hold a lambda which uses it too.
#define TRY(expr, ...) \
  PLANET_TRY(PLANET_CAT(try_result_, __COUNTER__), expr __VA_OPT__(, ) __VA_ARGS__)
#define PLANET_TRY(r, expr, ...)                                                          \
  do {                                                                                    \
    if (auto r = (expr); !r) [[unlikely]]                                                 \
      return std::unexpected(std::move(r).error() __VA_OPT__(.while_doing(__VA_ARGS__))); \
  } while (false)

// The same for a Result with a value, which it moves into the declaration `decl`.
#define TRY_SET(decl, expr, ...) \
  PLANET_TRY_SET(PLANET_CAT(try_result_, __COUNTER__), decl, expr __VA_OPT__(, ) __VA_ARGS__)
#define PLANET_CAT_(a, b) a##b
#define PLANET_CAT(a, b) PLANET_CAT_(a, b)
#define PLANET_TRY_SET(r, decl, expr, ...)                                              \
  auto r = (expr);                                                                      \
  if (!r) [[unlikely]]                                                                  \
    return std::unexpected(std::move(r).error() __VA_OPT__(.while_doing(__VA_ARGS__))); \
  decl = *std::move(r)
