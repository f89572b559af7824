// What time an HTTP server says it is, by the Date header of whatever it answers (RFC 9110 §6.6.1).
#pragma once

#include <memory>
#include <string>

#include "io/event_loop.h"
#include "tidewire/result.h"

namespace tidewire::io {

class HttpClock {
 public:
  struct Options {
    Duration timeout = std::chrono::seconds{5};  // from the look-up of the name to the answer
    std::string ca_file;                         // https: authorities in PEM; empty: those of the system
  };
  struct Reading {
    unsigned status = 0;
    // How far the server's clock is ahead of this machine's. The header counts whole seconds: right to about one.
    Duration ahead{};
    bool has_date = false;  // else `ahead` says nothing
  };
  using OnReading = UniqueFunction<void(Result<Reading>)>;

  // "http://HOST[:PORT]/…" or https. Calls back once, never inside this call.
  HttpClock(EventLoop& loop, const std::string& url, const Options& options, OnReading on_reading);
  // No callback after this. Legal in the callback.
  ~HttpClock();
  HttpClock(const HttpClock&) = delete;
  HttpClock& operator=(const HttpClock&) = delete;

  // The shape that the constructor understands.
  static bool is_url(const std::string& text);

 private:
  class Query;
  template <bool kTls>
  class QueryOver;
  std::shared_ptr<Query> query_;
};

}  // namespace tidewire::io
