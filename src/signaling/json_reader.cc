#include "signaling/json_reader.h"

namespace tidewire::signaling {
namespace {

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

// JavaScript knows one kind of number: 1 and 1.0 are the same.
std::optional<std::uint64_t> whole_number(const boost::json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  if (!value.is_double()) return std::nullopt;
  const double number = value.get_double();
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!(number >= 0 && number <= kExact)) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(number);
  if (static_cast<double>(whole) != number) return std::nullopt;
  return whole;
}

}  // namespace

const boost::json::value* JsonReader::member(std::string_view name) const {
  const boost::json::value* value = object_.if_contains({name.data(), name.size()});
  return value != nullptr && !value->is_null() ? value : nullptr;
}

const boost::json::value* JsonReader::required(std::string_view name) const {
  const boost::json::value* value = member(name);
  if (value == nullptr) report(name, quoted(name) + " is missing");
  return value;
}

std::string JsonReader::string(std::string_view name) const {
  if (required(name) == nullptr) return {};
  return optional_string(name).value_or("");
}

std::optional<std::string> JsonReader::optional_string(std::string_view name) const {
  const boost::json::value* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (const boost::json::string* text = value->if_string()) return std::string(text->data(), text->size());
  report(name, quoted(name) + " must be a string");
  return std::nullopt;
}

std::uint64_t JsonReader::integer(std::string_view name, std::uint64_t maximum) const {
  if (required(name) == nullptr) return 0;
  return optional_integer(name, maximum).value_or(0);
}

std::optional<std::uint64_t> JsonReader::optional_integer(std::string_view name, std::uint64_t maximum) const {
  const boost::json::value* value = member(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::uint64_t> number = whole_number(*value);
  if (number && *number <= maximum) return number;
  report(name, quoted(name) + " must be an integer from 0 to " + std::to_string(maximum));
  return std::nullopt;
}

const boost::json::object* JsonReader::object(std::string_view name) const {
  const boost::json::value* value = required(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) report(name, quoted(name) + " must be an object");
  return value->if_object();
}

const boost::json::array* JsonReader::array(std::string_view name) const {
  const boost::json::value* value = required(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) report(name, quoted(name) + " must be an array");
  return value->if_array();
}

}  // namespace tidewire::signaling
