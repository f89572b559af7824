// What DataChannel::room() and send_async() return: to be awaited at once, where they are made.
//
// They work in the coroutines of any framework, and need no <coroutine> where they are not awaited.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "tidewire/bytes.h"
#include "tidewire/result.h"
#include "tidewire/unique_function.h"

namespace tidewire {

class DataChannel;

class [[nodiscard]] RoomAwaiter {
 public:
  RoomAwaiter(DataChannel& channel, std::size_t bytes) : channel_(&channel), bytes_(bytes) {}
  RoomAwaiter(const RoomAwaiter&) = delete;
  RoomAwaiter& operator=(const RoomAwaiter&) = delete;

  bool await_ready();
  // False: it goes on at once.
  template <typename Handle>
  bool await_suspend(Handle handle) {
    return suspend([handle]() mutable { handle.resume(); });
  }
  Result<> await_resume() { return std::move(result_); }

 private:
  bool suspend(UniqueFunction<void()> resume);

  DataChannel* channel_;
  std::size_t bytes_;
  Result<> result_;
  // Goes with the coroutine: nobody resumes one that was destroyed.
  std::shared_ptr<UniqueFunction<void()>> resume_;
};

class [[nodiscard]] SendAwaiter {
 public:
  SendAwaiter(DataChannel& channel, Bytes binary) : SendAwaiter(channel, std::move(binary), {}, false) {}
  SendAwaiter(DataChannel& channel, std::string text) : SendAwaiter(channel, {}, std::move(text), true) {}

  bool await_ready() { return room_.await_ready(); }
  template <typename Handle>
  bool await_suspend(Handle handle) {
    return room_.await_suspend(handle);
  }
  Result<> await_resume();

 private:
  SendAwaiter(DataChannel& channel, Bytes binary, std::string text, bool is_text)
      : channel_(&channel),
        binary_(std::move(binary)),
        text_(std::move(text)),
        is_text_(is_text),
        room_(channel, is_text ? text_.size() : binary_.size()) {}

  DataChannel* channel_;
  Bytes binary_;
  std::string text_;
  bool is_text_;
  RoomAwaiter room_;
};

}  // namespace tidewire
