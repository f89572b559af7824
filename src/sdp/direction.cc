#include "sdp/direction.h"

namespace tidewire::sdp {
namespace {

std::optional<Direction> own_direction(const Attributes& attributes) {
  for (const Attribute& attribute : attributes.all()) {
    for (const Direction direction :
         {Direction::kSendrecv, Direction::kSendonly, Direction::kRecvonly, Direction::kInactive}) {
      if (!attribute.value && attribute.name == to_string(direction)) return direction;
    }
  }
  return std::nullopt;
}

}  // namespace

Direction parse_direction(const MediaSection& section, const Attributes& session) {
  if (const std::optional<Direction> own = own_direction(section.attributes)) return *own;
  return own_direction(session).value_or(Direction::kSendrecv);
}

}  // namespace tidewire::sdp
