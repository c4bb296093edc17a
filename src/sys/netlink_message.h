// Netlink messages: requests that are built attribute by attribute, and answers that are taken apart. Values only;
// nothing here asks the kernel.
//
// Source: netlink(7), rtnetlink(7); kernel Documentation/userspace-api/netlink/intro.rst; linux/netlink.h.
// Units: numbers are in the byte order of this machine where a name does not say otherwise ("be").
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace planet::sys {

template <class T>
std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// A T at the beginning of `bytes`; nothing if they are too few.
template <class T>
std::optional<T> leading(std::string_view bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Requests, one after another in one buffer: the kernel does them in this order, and one call sends them all.
class NetlinkMessages {
 public:
  // Begins a request; the attributes that follow are its own. `header` is the fixed part of its family, as ifinfomsg.
  // NLM_F_REQUEST goes without saying.
  template <class Header>
  void begin(std::uint16_t type, std::uint16_t flags, const Header& header) {
    begin_with(type, flags, bytes_of(header));
  }

  // That the request begun last fails with this errno is no failure.
  void tolerate(int error) { tolerated_.push_back({.request = count_ - 1, .error = error}); }
  // The answer to the request begun last is the one that ends the talk. Otherwise it is the last request's.
  void await();

  void put(std::uint16_t type, std::string_view bytes);
  void put_text(std::uint16_t type, std::string_view text);  // with the NUL that the kernel wants
  void put_u8(std::uint16_t type, std::uint8_t value) { put(type, bytes_of(value)); }
  void put_u16(std::uint16_t type, std::uint16_t value) { put(type, bytes_of(value)); }
  void put_u32(std::uint16_t type, std::uint32_t value) { put(type, bytes_of(value)); }
  void put_be32(std::uint16_t type, std::uint32_t value);
  void put_be64(std::uint16_t type, std::uint64_t value);
  // A family's fixed part inside of an attribute, as VETH_INFO_PEER has one.
  template <class Header>
  void put_header(const Header& header) {
    append(bytes_of(header));
  }

  // What is put while it lives is inside of this attribute.
  class [[nodiscard]] Nest {
   public:
    Nest(NetlinkMessages& messages, std::size_t start) : messages_(messages), start_(start) {}
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    Nest(Nest&&) = delete;
    Nest& operator=(Nest&&) = delete;
    ~Nest() { messages_.close(start_); }

   private:
    NetlinkMessages& messages_;
    std::size_t start_;
  };
  Nest nest(std::uint16_t type);

  bool empty() const { return count_ == 0; }
  std::uint32_t count() const { return count_; }

  // Numbers the requests from `first` on, asks for the answer that is awaited, and gives the bytes to send.
  // Nothing if an attribute has become longer than its length can say (64 KiB).
  std::optional<std::string_view> seal(std::uint32_t first);
  std::uint32_t awaited() const {
    return awaited_.value_or(count_ - 1);
  }  // a request's number, from 0
  bool tolerates(std::uint32_t request, int error) const;

 private:
  struct Tolerated {
    std::uint32_t request = 0;
    int error = 0;
  };
  void begin_with(std::uint16_t type, std::uint16_t flags, std::string_view header);
  void append(std::string_view bytes);
  void close(std::size_t start);
  void set_length();

  std::string bytes_;
  std::size_t last_ = 0;  // where the request begun last begins
  std::uint32_t count_ = 0;
  std::optional<std::uint32_t> awaited_;
  std::vector<Tolerated> tolerated_;
  bool too_long_ = false;
};

struct NetlinkAnswer {
  nlmsghdr header{};
  std::string_view body;
};

// Cuts the next message off the beginning of a datagram. Nothing at its end, and nothing where it is malformed: then
// something of it is left.
std::optional<NetlinkAnswer> next_answer(std::string_view& datagram);

struct NetlinkAttribute {
  std::uint16_t type = 0;  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::string_view bytes;

  std::string_view text() const { return bytes.substr(0, bytes.find('\0')); }
  std::optional<std::uint32_t> u32() const { return leading<std::uint32_t>(bytes); }
  std::optional<std::uint32_t> be32() const;
  std::optional<std::uint64_t> be64() const;
};

// The same for attributes.
std::optional<NetlinkAttribute> next_attribute(std::string_view& attributes);

// What the kernel says to a request: NLMSG_ERROR, or the NLMSG_DONE at the end of a dump.
struct NetlinkVerdict {
  int error = 0;     // an errno; 0: done
  std::string text;  // the kernel's own words, printable, or nothing
};
// Nothing if the answer is content. A verdict that is cut off is EBADMSG.
std::optional<NetlinkVerdict> verdict_of(const NetlinkAnswer& answer);

}  // namespace planet::sys
