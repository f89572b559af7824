#include "congestion/controller.h"

#include "congestion/google/google_controller.h"
#include "congestion/tidewire/tidewire_controller.h"

namespace tidewire::congestion {

std::unique_ptr<Controller> make_controller(CongestionControl control, const Limits& limits, Timestamp now) {
  switch (control) {
    case CongestionControl::kTidewire: return std::make_unique<TidewireController>(limits, now);
    case CongestionControl::kGoogle: return google::make(limits, now);
    case CongestionControl::kNone: break;
  }
  return nullptr;
}

}  // namespace tidewire::congestion
