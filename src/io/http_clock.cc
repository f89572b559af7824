#include "io/http_clock.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "io/http_date.h"
#include "io/tls_context.h"
#include "io/web_url.h"

namespace tidewire::io {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

std::optional<WebUrl> parse_url(const std::string& text) { return parse_web_url(text, "http", "https"); }

}  // namespace

class HttpClock::Query {
 public:
  virtual ~Query() = default;
  virtual void start() = 0;
  virtual void cancel() = 0;
};

template <bool kTls>
class HttpClock::QueryOver final : public Query, public std::enable_shared_from_this<QueryOver<kTls>> {
 public:
  using Stream = std::conditional_t<kTls, asio::ssl::stream<tcp::socket>, tcp::socket>;

  template <typename... StreamArgs>
  QueryOver(EventLoop& loop, WebUrl url, const Options& options, OnReading on_reading,
            std::shared_ptr<asio::ssl::context> tls, StreamArgs&&... args)
      : url_(std::move(url)),
        on_reading_(std::move(on_reading)),
        tls_(std::move(tls)),
        timeout_(options.timeout),
        resolver_(loop.context()),
        stream_(std::forward<StreamArgs>(args)...),
        deadline_(loop, [this](Timestamp) { fail("no answer in time"); }) {
    parser_.header_limit(kMaxHeader);
  }

  void start() override {
    deadline_.set(EventLoop::now() + timeout_);
    resolver_.async_resolve(url_.host, url_.port, [self = this->shared_from_this()](auto error, auto endpoints) {
      if (error) return self->fail(error.message());
      asio::async_connect(self->stream_.lowest_layer(), endpoints, [self](auto failure, const auto&) {
        if (failure) return self->fail(failure.message());
        self->secure();
      });
    });
  }

  void cancel() override {
    over_ = true;
    deadline_.cancel();
    resolver_.cancel();
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  static constexpr std::uint32_t kMaxHeader = 16 * 1024;

  void secure() {
    if constexpr (kTls) {
      announce_server_name(stream_.native_handle(), url_.host);
      verify_server(stream_.native_handle(), url_.host);
      stream_.async_handshake(asio::ssl::stream_base::client, [self = this->shared_from_this()](auto error) {
        if (error) return self->fail(handshake_failure(self->stream_.native_handle(), error));
        self->ask();
      });
    } else {
      ask();
    }
  }

  void ask() {
    request_.method(http::verb::get);
    request_.target(url_.target);
    request_.set(http::field::host, url_.authority);
    request_.keep_alive(false);
    asked_ = EventLoop::wall_clock_anchor().wall;
    http::async_write(stream_, request_, [self = this->shared_from_this()](auto error, std::size_t) {
      if (error) return self->fail(error.message());
      http::async_read_header(self->stream_, self->buffer_, self->parser_, [self](auto failure, std::size_t) {
        if (failure) return self->fail(failure.message());
        self->read();
      });
    });
  }

  void read() {
    const auto& response = parser_.get();
    Reading reading{.status = response.result_int()};
    const auto header = response[http::field::date];
    if (const auto date = parse_http_date({header.data(), header.size()})) {
      const UnixTime answered = EventLoop::wall_clock_anchor().wall;
      const Duration middle = asked_.since_epoch + (answered.since_epoch - asked_.since_epoch) / 2;
      // The header's fraction is cut off: half a second on average.
      reading.ahead = date->since_epoch + std::chrono::milliseconds(500) - middle;
      reading.has_date = true;
    }
    end(reading);
  }

  void fail(const std::string& why) {
    end(Error{ErrorCode::kNetwork, "cannot ask " + url_.authority + " for the time: " + why});
  }

  void end(Result<Reading> result) {
    if (over_) return;
    const auto self = this->shared_from_this();
    cancel();
    on_reading_(std::move(result));
  }

  WebUrl url_;
  OnReading on_reading_;
  std::shared_ptr<asio::ssl::context> tls_;
  Duration timeout_;
  tcp::resolver resolver_;
  Stream stream_;
  Timer deadline_;
  http::request<http::empty_body> request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::empty_body> parser_;
  UnixTime asked_{};
  bool over_ = false;
};

HttpClock::HttpClock(EventLoop& loop, const std::string& url, const Options& options, OnReading on_reading) {
  auto parsed = parse_url(url);
  auto tls = parsed && parsed->secure ? make_client_tls(options.ca_file)
                                      : Result<std::shared_ptr<asio::ssl::context>>(nullptr);
  if (!parsed || !tls) {
    Error error = parsed ? tls.error() : Error{ErrorCode::kSyntax, "not an HTTP address (http://HOST:PORT/): " + url};
    loop.post([callback = std::move(on_reading), error = std::move(error)]() mutable { callback(std::move(error)); });
    return;
  }
  auto& context = loop.context();
  if (*tls) {
    query_ = std::make_shared<QueryOver<true>>(loop, *std::move(parsed), options, std::move(on_reading), *tls, context,
                                               **tls);
  } else {
    query_ =
        std::make_shared<QueryOver<false>>(loop, *std::move(parsed), options, std::move(on_reading), nullptr, context);
  }
  query_->start();
}

HttpClock::~HttpClock() {
  if (query_) query_->cancel();
}

bool HttpClock::is_url(const std::string& text) { return parse_url(text).has_value(); }

}  // namespace tidewire::io
