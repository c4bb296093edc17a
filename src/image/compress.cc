#include "image/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kChunk = 128U << 10;

class Gzip : public ByteSource {
 public:
  explicit Gzip(ByteSource& from) : from_(from), buffer_(kChunk, '\0') {
    // zlib's own header: no name, no time.
    constexpr int kWithGzipHeader = 16 + MAX_WBITS;
    constexpr int kMemoryLevel = 8;
    ready_ = ::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWithGzipHeader,
                            kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  Gzip(Gzip&&) = delete;
  Gzip& operator=(Gzip&&) = delete;
  ~Gzip() override { ::deflateEnd(&stream_); }

  Result<std::string_view> next() override {
    if (!ready_) return fail(Code::kSystem, "zlib: no memory");
    while (!done_) {
      if (stream_.avail_in == 0 && !ended_) TRY(refill());
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      done_ = ::deflate(&stream_, ended_ ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
      const std::size_t made = buffer_.size() - stream_.avail_out;
      if (made != 0) return std::string_view(buffer_).substr(0, made);
    }
    return std::string_view();
  }

 private:
  Result<> refill() {
    TRY_SET(const std::string_view piece, from_.next());
    ended_ = piece.empty();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    return {};
  }

  ByteSource& from_;
  std::string buffer_;
  z_stream stream_{};
  bool ready_ = false, ended_ = false, done_ = false;
};

class Zstd : public ByteSource {
 public:
  explicit Zstd(ByteSource& from)
      : from_(from), buffer_(kChunk, '\0'), stream_(::ZSTD_createCStream(), ::ZSTD_freeCStream) {}

  Result<std::string_view> next() override {
    if (!stream_) return fail(Code::kSystem, "zstd: no memory");
    while (!done_) {
      if (in_.pos == in_.size && !ended_) {
        TRY_SET(const std::string_view piece, from_.next());
        ended_ = piece.empty();
        in_ = {.src = piece.data(), .size = piece.size(), .pos = 0};
      }
      ZSTD_outBuffer out{.dst = buffer_.data(), .size = buffer_.size(), .pos = 0};
      const std::size_t left =
          ::ZSTD_compressStream2(stream_.get(), &out, &in_, ended_ ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left) != 0)
        return fail(Code::kSystem, std::string("zstd: ") + ::ZSTD_getErrorName(left));
      done_ = ended_ && left == 0;
      if (out.pos != 0) return std::string_view(buffer_).substr(0, out.pos);
    }
    return std::string_view();
  }

 private:
  ByteSource& from_;
  std::string buffer_;
  std::unique_ptr<ZSTD_CStream, std::size_t (*)(ZSTD_CStream*)> stream_;
  ZSTD_inBuffer in_{};
  bool ended_ = false, done_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> compress(ByteSource& from, Compression how) {
  if (how == Compression::kZstd) return std::make_unique<Zstd>(from);
  return std::make_unique<Gzip>(from);
}

const char* layer_media_type(Compression how) {
  return how == Compression::kZstd ? "application/vnd.oci.image.layer.v1.tar+zstd"
                                   : "application/vnd.oci.image.layer.v1.tar+gzip";
}

Result<std::optional<Compression>> compression_of(BorrowedFd file) {
  std::string start(kMostMagic, '\0');
  TRY_SET(const std::size_t n, sys::read_some(file, start));
  start.resize(n);
  if (is_gzip(start)) return Compression::kGzip;
  if (is_zstd(start)) return Compression::kZstd;
  return std::nullopt;
}

}  // namespace planet::image
