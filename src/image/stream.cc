#include "image/stream.h"

#include <zlib.h>
#include <zstd.h>

#include <vector>

#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kChunk = 256U << 10;
constexpr int kZstdMostWindowLog = 27;  // 128 MiB
constexpr std::uint64_t kFreeOutput = 1U << 30;
constexpr std::uint64_t kMostRatio = 500;

class FileSource : public ByteSource {
 public:
  explicit FileSource(BorrowedFd file) : file_(file), buffer_(kChunk, '\0') {}
  Result<std::string_view> next() override {
    TRY_SET(const std::size_t n, sys::read_some(file_, buffer_));
    return std::string_view(buffer_).substr(0, n);
  }

 private:
  BorrowedFd file_;
  std::string buffer_;
};

// A source whose first piece was already looked at.
class Rewound : public ByteSource {
 public:
  Rewound(ByteSource& from, std::string first) : from_(from), first_(std::move(first)) {}
  Result<std::string_view> next() override {
    if (started_) return from_.next();
    started_ = true;
    if (first_.empty()) return from_.next();
    return std::string_view(first_);
  }

 private:
  ByteSource& from_;
  std::string first_;
  bool started_ = false;
};

// Input and output counts of a decompressor, against bombs.
class Ratio {
 public:
  void took(std::size_t n) { in_ += n; }
  Result<> gave(std::size_t n) {
    out_ += n;
    if (out_ > kFreeOutput && out_ / kMostRatio > in_)
      return fail(Code::kInvalidArgument,
                  "it unpacks to more than 500 times its size: refused as a decompression bomb");
    return {};
  }

 private:
  std::uint64_t in_ = 1, out_ = 0;
};

class Gunzip : public ByteSource {
 public:
  explicit Gunzip(std::unique_ptr<ByteSource> from)
      : from_(std::move(from)), buffer_(kChunk, '\0') {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    ready_ = ::inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  Gunzip(Gunzip&&) = delete;
  Gunzip& operator=(Gunzip&&) = delete;
  ~Gunzip() override { ::inflateEnd(&stream_); }

  Result<std::string_view> next() override {
    if (!ready_) return fail(Code::kSystem, "zlib: no memory");
    while (true) {
      TRY(refill());
      if (input_.empty()) {
        if (inside_) return fail(Code::kInvalidArgument, "the gzip data is cut off");
        return std::string_view();
      }
      TRY_SET(const std::size_t produced, inflate_some());
      if (produced != 0) return std::string_view(buffer_).substr(0, produced);
    }
  }

 private:
  Result<> refill() {
    if (!input_.empty()) return {};
    TRY_SET(input_, from_->next());
    ratio_.took(input_.size());
    return {};
  }

  Result<std::size_t> inflate_some() {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    inside_ = true;
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    input_.remove_prefix(input_.size() - stream_.avail_in);
    const std::size_t produced = buffer_.size() - stream_.avail_out;
    if (status == Z_STREAM_END) {  // another member may follow
      ::inflateReset(&stream_);
      inside_ = false;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return fail(Code::kInvalidArgument, "the gzip data is damaged");
    }
    TRY(ratio_.gave(produced));
    return produced;
  }

  std::unique_ptr<ByteSource> from_;
  std::string buffer_;
  std::string_view input_;
  z_stream stream_{};
  Ratio ratio_;
  bool ready_ = false;
  bool inside_ = false;
};

class Unzstd : public ByteSource {
 public:
  explicit Unzstd(std::unique_ptr<ByteSource> from)
      : from_(std::move(from)),
        buffer_(kChunk, '\0'),
        stream_(::ZSTD_createDStream(), ::ZSTD_freeDStream) {
    if (stream_) ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdMostWindowLog);
  }

  Result<std::string_view> next() override {
    if (!stream_) return fail(Code::kSystem, "zstd: no memory");
    while (true) {
      TRY(refill());
      if (input_.empty() && !pending_) {
        if (inside_) return fail(Code::kInvalidArgument, "the zstd data is cut off");
        return std::string_view();
      }
      TRY_SET(const std::size_t produced, decompress_some());
      if (produced != 0) return std::string_view(buffer_).substr(0, produced);
    }
  }

 private:
  // Output may be waiting inside though all input is taken.
  Result<> refill() {
    if (!input_.empty() || pending_) return {};
    TRY_SET(input_, from_->next());
    ratio_.took(input_.size());
    return {};
  }

  Result<std::size_t> decompress_some() {
    ZSTD_inBuffer in{.src = input_.data(), .size = input_.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = buffer_.data(), .size = buffer_.size(), .pos = 0};
    const std::size_t status = ::ZSTD_decompressStream(stream_.get(), &out, &in);
    if (::ZSTD_isError(status) != 0)
      return fail(
          Code::kInvalidArgument,
          std::string("the zstd data is damaged or out of bounds: ") + ::ZSTD_getErrorName(status));
    input_.remove_prefix(in.pos);
    inside_ = status != 0;
    pending_ = out.pos == out.size;
    TRY(ratio_.gave(out.pos));
    return out.pos;
  }

  std::unique_ptr<ByteSource> from_;
  std::string buffer_;
  std::string_view input_;
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream_;
  Ratio ratio_;
  bool inside_ = false;
  bool pending_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> read_file(BorrowedFd file) {
  return std::make_unique<FileSource>(file);
}

bool is_gzip(std::string_view start) {
  return start.starts_with("\x1f\x8b");
}

bool is_zstd(std::string_view start) {
  // It may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F.
  const bool skippable =
      start.size() >= 4 && (start[0] & 0xf0) == 0x50 && start.substr(1).starts_with("\x2a\x4d\x18");
  return start.starts_with("\x28\xb5\x2f\xfd") || skippable;
}

Result<std::unique_ptr<ByteSource>> decompress(ByteSource& from) {
  // A pipe may give them one by one.
  std::string first;
  while (first.size() < kMostMagic) {
    TRY_SET(const std::string_view piece, from.next());
    if (piece.empty()) break;
    first += piece;
  }
  auto rewound = std::make_unique<Rewound>(from, first);
  const auto starts = [&](std::string_view magic) { return first.starts_with(magic); };
  if (is_gzip(first))
    return std::unique_ptr<ByteSource>(std::make_unique<Gunzip>(std::move(rewound)));
  if (is_zstd(first))
    return std::unique_ptr<ByteSource>(std::make_unique<Unzstd>(std::move(rewound)));
  if (starts("\xfd"
             "7zXZ") ||
      starts("BZh"))
    return fail(Code::kInvalidArgument,
                "it is compressed with xz or bzip2, which images do not use; unpack it first");
  return std::unique_ptr<ByteSource>(std::move(rewound));
}

Result<std::string_view> HashingSource::next() {
  TRY_SET(const std::string_view piece, from_.next());
  hasher_.update(piece);
  size_ += piece.size();
  return piece;
}

}  // namespace planet::image
