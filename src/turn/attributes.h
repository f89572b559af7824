// Which attributes TURN understands (RFC 8656 §18, RFC 8489 §14).
#pragma once

#include <optional>

#include "stun/message.h"

namespace tidewire::turn {

bool is_known_attribute(stun::AttributeType type);

// RFC 8489 §6.3: the first one that must be understood and is not.
std::optional<stun::AttributeType> first_unknown_attribute(const stun::MessageView& message);

}  // namespace tidewire::turn
