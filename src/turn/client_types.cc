#include "turn/client_types.h"

namespace tidewire::turn {

std::string_view to_string(ClientState state) {
  switch (state) {
    case ClientState::kNew: return "new";
    case ClientState::kAllocating: return "allocating";
    case ClientState::kAllocated: return "allocated";
    case ClientState::kClosing: return "closing";
    case ClientState::kClosed: return "closed";
    case ClientState::kFailed: return "failed";
  }
  return "";
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::kTimeout: return "timeout";
    case Cause::kCredentials: return "credentials";
    case Cause::kRefused: return "refused";
    case Cause::kUnsupported: return "unsupported";
    case Cause::kInUse: return "in use";
    case Cause::kQuota: return "quota";
    case Cause::kRedirect: return "redirect";
    case Cause::kLost: return "lost";
  }
  return "";
}

}  // namespace tidewire::turn
