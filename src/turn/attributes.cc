#include "turn/attributes.h"

namespace tidewire::turn {

using stun::AttributeType;

bool is_known_attribute(AttributeType type) {
  switch (type) {
    case AttributeType::kMappedAddress:
    case AttributeType::kUsername:
    case AttributeType::kMessageIntegrity:
    case AttributeType::kErrorCode:
    case AttributeType::kUnknownAttributes:
    case AttributeType::kChannelNumber:
    case AttributeType::kLifetime:
    case AttributeType::kXorPeerAddress:
    case AttributeType::kData:
    case AttributeType::kRealm:
    case AttributeType::kNonce:
    case AttributeType::kXorRelayedAddress:
    case AttributeType::kRequestedAddressFamily:
    case AttributeType::kEvenPort:
    case AttributeType::kRequestedTransport:
    case AttributeType::kDontFragment:
    case AttributeType::kMessageIntegritySha256:
    case AttributeType::kPasswordAlgorithm:
    case AttributeType::kUserhash:
    case AttributeType::kXorMappedAddress:
    case AttributeType::kReservationToken: return true;
    default: return false;
  }
}

std::optional<AttributeType> first_unknown_attribute(const stun::MessageView& message) {
  for (const stun::Attribute attribute : message.attributes()) {
    if (stun::comprehension_required(attribute.type) && !is_known_attribute(attribute.type)) return attribute.type;
  }
  return std::nullopt;
}

}  // namespace tidewire::turn
