// A callable that is owned, moved and called: std::move_only_function (C++23) for the compilers of today.
//
// Beyond that one it may be destroyed or replaced while it runs: the call keeps what it needs. Callbacks of objects
// that may be destroyed in any callback rest on this.
#pragma once

#include <cassert>
#include <memory>
#include <type_traits>
#include <utility>

namespace tidewire {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT: implicit by design
  UniqueFunction(UniqueFunction&&) noexcept = default;
  UniqueFunction& operator=(UniqueFunction&&) noexcept = default;
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() = default;

  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      UniqueFunction(F&& callable)  // NOLINT: implicit by design
      : callable_(std::make_shared<Holder<std::decay_t<F>>>(std::forward<F>(callable))) {}

  explicit operator bool() const { return callable_ != nullptr; }

  // Calls it. Only when it holds something.
  R operator()(Args... args) {
    assert(callable_);
    const std::shared_ptr<Callable> running = callable_;
    return running->call(std::forward<Args>(args)...);
  }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R call(Args... args) = 0;
  };

  template <typename F>
  struct Holder final : Callable {
    template <typename G>
    explicit Holder(G&& g) : callable(std::forward<G>(g)) {}
    R call(Args... args) override { return static_cast<R>(callable(std::forward<Args>(args)...)); }
    F callable;
  };

  std::shared_ptr<Callable> callable_;
};

}  // namespace tidewire
