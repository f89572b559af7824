// STUN messages as they lie on the wire: a view that parses without copying (RFC 8489 §5, §14).
//
// MessageView::parse checks the structure once; every accessor after it is safe on hostile bytes and answers
// "nothing" for an attribute that is absent or malformed. Verifying integrity and fingerprint is left to the
// caller, who has the key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tidewire/address.h"
#include "tidewire/bytes.h"

namespace tidewire::stun {

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;      // RFC 8489 §5
inline constexpr std::uint32_t kFingerprintMask = 0x5354554e;  // RFC 8489 §14.7
inline constexpr std::size_t kIntegritySize = 20;              // RFC 8489 §14.5: HMAC-SHA1
inline constexpr std::size_t kIntegritySha256Size = 32;        // RFC 8489 §14.6: HMAC-SHA256, may be cut …
inline constexpr std::size_t kMinIntegritySha256Size = 16;     // … to a multiple of 4, but not below this

// RFC 8489 §5: 96 random bits.
using TransactionId = std::array<std::uint8_t, 12>;

enum class MessageClass : std::uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

// RFC 8489 §18.2, RFC 8656 §17 and RFC 6062 §6.1.
enum class Method : std::uint16_t {
  kBinding = 0x001,
  kAllocate = 0x003,
  kRefresh = 0x004,
  kSend = 0x006,
  kData = 0x007,
  kCreatePermission = 0x008,
  kChannelBind = 0x009,
  kConnect = 0x00a,
  kConnectionBind = 0x00b,
  kConnectionAttempt = 0x00c,
};

// RFC 8489 §18.3, RFC 8445 §20.1, RFC 8656 §18, RFC 5780 §7, RFC 6062 §6.2.
enum class AttributeType : std::uint16_t {
  kMappedAddress = 0x0001,
  kChangeRequest = 0x0003,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000a,
  kChannelNumber = 0x000c,
  kLifetime = 0x000d,
  kXorPeerAddress = 0x0012,
  kData = 0x0013,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kXorRelayedAddress = 0x0016,
  kRequestedAddressFamily = 0x0017,
  kEvenPort = 0x0018,
  kRequestedTransport = 0x0019,
  kDontFragment = 0x001a,
  kMessageIntegritySha256 = 0x001c,
  kPasswordAlgorithm = 0x001d,
  kUserhash = 0x001e,
  kXorMappedAddress = 0x0020,
  kReservationToken = 0x0022,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kConnectionId = 0x002a,
  kAdditionalAddressFamily = 0x8000,
  kAddressErrorCode = 0x8001,
  kPasswordAlgorithms = 0x8002,
  kAlternateDomain = 0x8003,
  kSoftware = 0x8022,
  kAlternateServer = 0x8023,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802a,
  kResponseOrigin = 0x802b,
  kOtherAddress = 0x802c,
};

// RFC 8489 §14: types below 0x8000 must be understood by the receiver, others may be skipped.
constexpr bool comprehension_required(AttributeType type) { return static_cast<std::uint16_t>(type) < 0x8000; }

// The error codes that this library sends (RFC 8489 §14.8, RFC 8445 §7.3.1.1, RFC 8656 §19, RFC 6062 §6.3).
enum class ErrorNumber : std::uint16_t {
  kTryAlternate = 300,
  kBadRequest = 400,
  kUnauthenticated = 401,
  kForbidden = 403,
  kUnknownAttribute = 420,
  kAllocationMismatch = 437,
  kStaleNonce = 438,
  kAddressFamilyNotSupported = 440,
  kWrongCredentials = 441,
  kUnsupportedTransport = 442,
  kPeerAddressFamilyMismatch = 443,
  kConnectionAlreadyExists = 446,
  kConnectionTimeoutOrFailure = 447,
  kAllocationQuotaReached = 486,
  kRoleConflict = 487,
  kServerError = 500,
  kInsufficientCapacity = 508,
};

struct Attribute {
  AttributeType type{};
  ByteView value;  // without padding
};

struct ErrorCodeView {
  std::uint16_t code = 0;  // 300..699
  std::string_view reason;
};

enum class FingerprintCheck { kAbsent, kValid, kInvalid };

// RFC 7983 §7 and RFC 8489 §5: cheap test that separates STUN from DTLS, SRTP and the rest on one port.
bool looks_like_stun(ByteView datagram);

// A STUN message inside bytes that outlive the view.
class MessageView {
 public:
  // Walks over the attributes that count. Once a message has passed parse(), walking cannot run past its end.
  class Iterator {
   public:
    using value_type = Attribute;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(ByteView rest) : rest_(rest) {}
    Attribute operator*() const;
    Iterator& operator++();
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.rest_.size() == b.rest_.size(); }

   private:
    ByteView rest_;
  };
  struct Range {
    Iterator begin() const { return first; }
    Iterator end() const { return last; }
    Iterator first;
    Iterator last;
  };

  // Nothing unless the whole of `datagram` is one well-formed message: two zero bits, cookie, a length that is a
  // multiple of 4 and equals the bytes present, attributes that fill it exactly.
  static std::optional<MessageView> parse(ByteView datagram);

  MessageClass message_class() const;
  // Below 0x100, also one that Method does not name.
  Method method() const;
  TransactionId transaction_id() const;
  bool is(MessageClass c, Method m) const { return message_class() == c && method() == m; }
  ByteView bytes() const { return bytes_; }

  // The attributes in order. RFC 8489 §14.5, §14.6: those that follow MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256
  // are not protected by it and are left out, and so are these two and FINGERPRINT, which have their own accessors.
  Range attributes() const;
  // RFC 8489 §14: the first attribute of a type counts, later ones are ignored.
  std::optional<ByteView> find(AttributeType type) const;
  bool has(AttributeType type) const { return find(type).has_value(); }

  std::optional<std::uint32_t> find_u32(AttributeType type) const;
  std::optional<std::uint64_t> find_u64(AttributeType type) const;
  // The value as text; RFC 8489 §14 limits USERNAME to 508 bytes and REALM, NONCE, SOFTWARE to 763: longer is absent.
  std::optional<std::string_view> find_text(AttributeType type) const;
  // MAPPED-ADDRESS, ALTERNATE-SERVER: as is (RFC 8489 §14.1).
  std::optional<SocketAddress> find_address(AttributeType type) const;
  // XOR-MAPPED-ADDRESS, XOR-PEER-ADDRESS, XOR-RELAYED-ADDRESS (RFC 8489 §14.2).
  std::optional<SocketAddress> find_xor_address(AttributeType type) const;
  // The same for one attribute's value, where a message has several of a type (RFC 8656 §10.1).
  std::optional<SocketAddress> read_xor_address(ByteView value) const;
  std::optional<ErrorCodeView> error_code() const;

  std::optional<std::string_view> username() const { return find_text(AttributeType::kUsername); }
  std::optional<std::uint32_t> priority() const { return find_u32(AttributeType::kPriority); }
  bool use_candidate() const { return has(AttributeType::kUseCandidate); }
  std::optional<std::uint64_t> ice_controlling() const { return find_u64(AttributeType::kIceControlling); }
  std::optional<std::uint64_t> ice_controlled() const { return find_u64(AttributeType::kIceControlled); }
  // XOR-MAPPED-ADDRESS, else the MAPPED-ADDRESS of old servers.
  std::optional<SocketAddress> mapped_address() const;

  bool has_integrity() const { return integrity_offset_ != 0; }
  // True when MESSAGE-INTEGRITY is there and matches. The key of short-term credentials is the password itself
  // (RFC 8489 §9.1.1), that of long-term ones MD5(user:realm:password) (§9.2.2).
  bool verify_integrity(ByteView key) const;
  bool has_integrity_sha256() const { return sha256_offset_ != 0; }
  // The same for MESSAGE-INTEGRITY-SHA256 (RFC 8489 §14.6).
  bool verify_integrity_sha256(ByteView key) const;
  // RFC 8489 §14.7: FINGERPRINT is the last attribute or is no fingerprint.
  FingerprintCheck check_fingerprint() const;

 private:
  MessageView() = default;
  bool note_attribute(const Attribute& attribute, std::size_t offset, std::size_t next);
  std::array<std::uint8_t, kHeaderSize> header_for_integrity(std::size_t offset, std::size_t size) const;

  ByteView bytes_;
  std::size_t integrity_offset_ = 0;    // of the attribute's header; 0: none
  std::size_t sha256_offset_ = 0;       // likewise
  std::size_t fingerprint_offset_ = 0;  // likewise
};

}  // namespace tidewire::stun
