// The simplest coroutine there is: it starts when it is called, and cleans up after itself when it ends.
//
//   tidewire::Detached send_all(std::shared_ptr<tidewire::DataChannel> channel, …) {
//     while (…) if (auto sent = co_await channel->send_async(…); !sent) co_return;
//   }
//
// Its arguments live in it: take them by value. Nobody waits for it and nobody can stop it; a program that needs more
// brings a task type of its own. An exception that leaves it ends the program.
#pragma once

#include <coroutine>
#include <exception>

namespace tidewire {

struct Detached {
  struct promise_type {  // NOLINT: the language's name
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace tidewire
