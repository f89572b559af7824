// Reads the members of a JSON object and remembers the first one that is wrong. For messages.cc.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidewire::signaling {

// What is wrong with which field; the same for all readers of one message.
struct FieldError {
  std::string field;    // with dots
  std::string message;  // one sentence
  bool found() const { return !field.empty(); }
  // Keeps the first error.
  void report(std::string at, std::string sentence) {
    if (!found()) *this = {std::move(at), std::move(sentence)};
  }
};

class JsonReader {
 public:
  // `prefix` is what stands before a member's name in an error: "" or "candidate.".
  JsonReader(const boost::json::object& object, std::string prefix, FieldError& error)
      : object_(object), prefix_(std::move(prefix)), error_(error) {}

  // Required ones answer with an empty value when there is an error; a missing or null optional one is no error.
  std::string string(std::string_view name) const;
  std::optional<std::string> optional_string(std::string_view name) const;
  std::uint64_t integer(std::string_view name, std::uint64_t maximum) const;
  std::optional<std::uint64_t> optional_integer(std::string_view name, std::uint64_t maximum) const;
  // Null when there is an error.
  const boost::json::object* object(std::string_view name) const;
  const boost::json::array* array(std::string_view name) const;

  void report(std::string_view name, const std::string& sentence) const {
    error_.report(prefix_ + std::string(name), sentence);
  }
  std::string path(std::string_view name) const { return prefix_ + std::string(name); }
  FieldError& error() const { return error_; }

 private:
  const boost::json::value* member(std::string_view name) const;
  const boost::json::value* required(std::string_view name) const;

  const boost::json::object& object_;
  std::string prefix_;
  FieldError& error_;
};

}  // namespace tidewire::signaling
