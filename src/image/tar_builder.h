// For tests: tar archives byte by byte, without a library, so that they can lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/digest.h"

namespace planet::image {

// One ustar header with what a test wants to say; no library, so that it can lie.
struct Member {
  std::string name;
  char type = '0';
  std::string content;
  std::string link;
  unsigned mode = 0644;
  unsigned major = 0, minor = 0;
  unsigned uid = 0;
  // Bytes of the header to say otherwise, before the checksum is made: {offset, bytes}.
  std::vector<std::pair<std::size_t, std::string>> patches;
};

inline void put(std::string& header, std::size_t at, const std::string& text) {
  header.replace(at, text.size(), text);
}

inline std::string octal(std::uint64_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (int i = digits; i-- > 0; value >>= 3)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + (value & 7));
  return text;
}

inline std::string tar_member(const Member& member) {
  std::string header(512, '\0');
  put(header, 0, member.name.substr(0, 100));
  put(header, 100, octal(member.mode, 7));
  put(header, 108, octal(member.uid, 7));
  put(header, 116, octal(member.uid, 7));
  put(header, 124, octal(member.content.size(), 11));
  put(header, 136, octal(1'000'000, 11));
  put(header, 148, "        ");
  header[156] = member.type;
  put(header, 157, member.link.substr(0, 100));
  put(header, 257,
      std::string("ustar\0"
                  "00",
                  8));
  put(header, 329, octal(member.major, 7));
  put(header, 337, octal(member.minor, 7));
  for (const auto& [at, bytes] : member.patches) put(header, at, bytes);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
  std::string padded = member.content;
  padded.resize((padded.size() + 511) / 512 * 512);
  return header + padded;
}

using PaxRecords = std::vector<std::pair<std::string, std::string>>;

// The header before an entry that says more of it.
inline Member pax(const PaxRecords& records, char type = 'x') {
  std::string body;
  for (const auto& [key, value] : records) {
    const std::string rest = " " + key + "=" + value + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) ++length;
    body += std::to_string(length) + rest;
  }
  return {.name = "pax", .type = type, .content = body};
}

inline std::string tar_of(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) text += tar_member(member);
  return text + std::string(1024, '\0');
}

// What `docker save` writes: an image t:1 of these layers, lowest first.
inline std::string docker_archive(const std::vector<std::string>& layers,
                                  std::string diff_ids = "") {
  std::vector<Member> members;
  std::string names;
  for (const std::string& layer : layers) {
    const std::string name = digest_of(layer).hex() + ".tar";
    if (!names.empty()) names += ",";
    names += "\"" + name + "\"";
    members.push_back({.name = name, .content = layer});
  }
  if (diff_ids.empty())
    for (const std::string& layer : layers)
      diff_ids += (diff_ids.empty() ? "\"" : ",\"") + digest_of(layer).text() + "\"";
  const std::string config =
      R"({"architecture":"amd64","os":"linux","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[)" +
      diff_ids + "]}}";
  members.push_back({.name = "config.json", .content = config});
  members.push_back(
      {.name = "manifest.json",
       .content = R"([{"Config":"config.json","RepoTags":["t:1"],"Layers":[)" + names + "]}]"});
  return tar_of(members);
}

}  // namespace planet::image
