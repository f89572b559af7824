// Result<T>: a value, or an Error. The library throws nothing.
//
// The members are those of std::expected (C++23), so that a project on a newer compiler reads them at sight.
// It is the library's own because installed headers depend on the standard library alone.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "tidewire/error.h"

namespace tidewire {

namespace detail {
// Prints the error to stderr and aborts: somebody took the value of a Result without looking whether it has one.
[[noreturn]] void abort_with(const Error& error);
}  // namespace detail

template <typename T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // The value. On an error it prints the error and aborts the program.
  T& value() & { return check(), *std::get_if<0>(&state_); }
  const T& value() const& { return check(), *std::get_if<0>(&state_); }
  T&& value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) && { return has_value() ? std::move(*this).value() : std::move(other); }

  // The error. Only when !has_value().
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  void check() const {
    if (!has_value()) detail::abort_with(error());
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  // On an error, prints it and aborts the program: for examples and for what cannot fail.
  void value() const {
    if (error_) detail::abort_with(*error_);
  }
  // The error. Only when !has_value().
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace tidewire
