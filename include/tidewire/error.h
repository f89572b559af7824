// What an API call answers when it cannot do what was asked.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tidewire {

// One value for each exception name that the W3C WebRTC and Web IDL texts use, so that a binding can map an
// error to the name that a web developer knows.
enum class ErrorCode {
  kInvalidState,         // InvalidStateError: not now, e.g. the connection is closed
  kInvalidAccess,        // InvalidAccessError: the argument belongs to something else
  kInvalidModification,  // InvalidModificationError: the change is not allowed
  kType,                 // TypeError: a value of the wrong kind, e.g. a message over the peer's size limit
  kRange,                // RangeError: a number out of its range
  kSyntax,               // SyntaxError: text that does not parse
  kNotSupported,         // NotSupportedError
  kOperation,            // OperationError: could not be carried out, e.g. a send buffer that is full
  kNetwork,              // NetworkError: the network or the peer failed
  kNotFound,             // NotFoundError: no such device, file, candidate section
  kNotReadable,          // NotReadableError: it is there but cannot be read
  kEncoding,             // EncodingError: a codec refused
  kAborted,              // AbortError
};

// The W3C exception name, e.g. "InvalidStateError". The text lives for ever.
constexpr std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidState: return "InvalidStateError";
    case ErrorCode::kInvalidAccess: return "InvalidAccessError";
    case ErrorCode::kInvalidModification: return "InvalidModificationError";
    case ErrorCode::kType: return "TypeError";
    case ErrorCode::kRange: return "RangeError";
    case ErrorCode::kSyntax: return "SyntaxError";
    case ErrorCode::kNotSupported: return "NotSupportedError";
    case ErrorCode::kOperation: return "OperationError";
    case ErrorCode::kNetwork: return "NetworkError";
    case ErrorCode::kNotFound: return "NotFoundError";
    case ErrorCode::kNotReadable: return "NotReadableError";
    case ErrorCode::kEncoding: return "EncodingError";
    case ErrorCode::kAborted: return "AbortError";
  }
  return "UnknownError";
}

// A code to branch on and one sentence for a person: what was wrong and, where there is one, what to do.
struct Error {
  ErrorCode code = ErrorCode::kOperation;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace tidewire
