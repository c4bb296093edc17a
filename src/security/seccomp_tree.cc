#include "security/seccomp_tree.h"

#include <linux/seccomp.h>

#include <cstddef>
#include <set>

namespace planet::security {
namespace {

constexpr std::size_t kNumber = offsetof(seccomp_data, nr);
constexpr std::size_t kArch = offsetof(seccomp_data, arch);

// Stands for "go on in `rest`" until it is known where that begins: code of no instruction.
constexpr sock_filter kToRest = {.code = 0xffff, .jt = 0, .jf = 0, .k = 0};

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<__u32>(offset));
}
sock_filter answer(std::uint32_t value) {
  return BPF_STMT(BPF_RET | BPF_K, value);
}
sock_filter jump(std::size_t over) {
  return BPF_STMT(BPF_JMP | BPF_JA, static_cast<__u32>(over));
}

// The accumulator while a program is followed: nothing once it depends on an argument.
using Word = std::optional<std::uint32_t>;

std::optional<bool> compares(const sock_filter& line, std::uint32_t word) {
  switch (BPF_OP(line.code)) {
    case BPF_JEQ:
      return word == line.k;
    case BPF_JGE:
      return word >= line.k;
    case BPF_JGT:
      return word > line.k;
    case BPF_JSET:
      return (word & line.k) != 0;
    default:
      return std::nullopt;
  }
}

// How many instructions to skip; nothing if that depends on an argument.
std::optional<std::size_t> jump_of(const sock_filter& line, const Word& word) {
  if (BPF_OP(line.code) == BPF_JA) return line.k;
  if (!word) return std::nullopt;
  const std::optional<bool> yes = compares(line, *word);
  if (!yes) return std::nullopt;
  return *yes ? line.jt : line.jf;
}

Word loaded(const sock_filter& line, std::uint32_t arch, std::uint32_t number) {
  if (line.k == kNumber) return number;
  if (line.k == kArch) return arch;
  return std::nullopt;
}

// Calls from `first` on, up to the next one's, have one answer; nothing: `rest` knows.
struct Range {
  std::uint32_t first = 0;
  Word answer;
};

// An answer can change only at a number that the program compares with, or at the one after it.
std::set<std::uint32_t> turning_points(std::span<const sock_filter> program) {
  std::set<std::uint32_t> points = {0};
  for (const sock_filter& line : program) {
    if (BPF_CLASS(line.code) != BPF_JMP || BPF_OP(line.code) == BPF_JA) continue;
    points.insert(line.k);
    if (line.k != UINT32_MAX) points.insert(line.k + 1);
  }
  return points;
}

Result<std::vector<Range>> ranges_of(std::span<const sock_filter> full,
                                     std::span<const sock_filter> rest, std::uint32_t arch) {
  std::vector<Range> ranges;
  for (const std::uint32_t number : turning_points(full)) {
    const Word answer = answer_of(full, arch, number);
    if (!answer && answer_of(rest, arch, number))
      return fail(Code::kInternal,
                  "the filter's rest lacks the rules of system call " + std::to_string(number));
    if (ranges.empty() || ranges.back().answer != answer)
      ranges.push_back({.first = number, .answer = answer});
  }
  return ranges;
}

std::vector<sock_filter> tree_of(std::span<const Range> ranges) {
  if (ranges.size() == 1) {
    const Word& same = ranges.front().answer;
    return {same ? answer(*same) : kToRest};
  }
  const std::size_t half = ranges.size() / 2;
  const std::vector<sock_filter> below = tree_of(ranges.first(half));
  const std::vector<sock_filter> above = tree_of(ranges.subspan(half));
  std::vector<sock_filter> tree;
  const std::uint32_t middle = ranges[half].first;
  if (below.size() <= UINT8_MAX) {
    tree.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, middle, static_cast<__u8>(below.size()), 0));
  } else {
    tree.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, middle, 0, 1));
    tree.push_back(jump(below.size()));
  }
  tree.insert(tree.end(), below.begin(), below.end());
  tree.insert(tree.end(), above.begin(), above.end());
  return tree;
}

}  // namespace

std::optional<std::uint32_t> answer_of(std::span<const sock_filter> program, std::uint32_t arch,
                                       std::uint32_t number) {
  Word word;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& line = program[at];
    if (line.code == (BPF_RET | BPF_K)) return line.k;
    if (BPF_CLASS(line.code) == BPF_JMP) {
      const std::optional<std::size_t> over = jump_of(line, word);
      if (!over) return std::nullopt;
      at += *over;
    } else if (line.code == (BPF_LD | BPF_W | BPF_ABS)) {
      word = loaded(line, arch, number);
    } else if (line.code == (BPF_ALU | BPF_AND | BPF_K)) {
      word = word.transform([&](std::uint32_t value) { return value & line.k; });
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

Result<std::vector<sock_filter>> as_tree(std::span<const sock_filter> full,
                                         std::span<const sock_filter> rest,
                                         std::span<const std::uint32_t> arches) {
  std::vector<sock_filter> program = {load(kArch)};
  for (const std::uint32_t arch : arches) {
    TRY_SET(const std::vector<Range> ranges, ranges_of(full, rest, arch));
    const std::vector<sock_filter> tree = tree_of(ranges);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
    program.push_back(jump(tree.size() + 1));
    program.push_back(load(kNumber));
    program.insert(program.end(), tree.begin(), tree.end());
  }
  for (std::size_t at = 0; at < program.size(); ++at)
    if (program[at].code == kToRest.code) program[at] = jump(program.size() - at - 1);
  program.insert(program.end(), rest.begin(), rest.end());
  return program;
}

}  // namespace planet::security
