// Which payload types and header extension ids our offers use. Internal to src/sdp.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sdp/capabilities.h"
#include "sdp/codec.h"
#include "sdp/description_view.h"
#include "sdp/header_extension.h"
#include "sdp/negotiation_state.h"

namespace tidewire::sdp {

// RFC 9143 §9, §10: in one BUNDLE group a number means one thing. What either side ever used for a codec or URI in
// the present descriptions is used again, and never for anything else.
class NumberPlan {
 public:
  explicit NumberPlan(const State& state);

  std::vector<Codec> number(const std::vector<CodecCapability>& capabilities);
  // RFC 4588: after each codec that can be asked for again (nack), the one that retransmits it.
  std::vector<Codec> with_retransmission(const std::vector<Codec>& codecs);
  std::vector<HeaderExtension> number(const std::vector<HeaderExtensionCapability>& capabilities, MediaKind kind);

 private:
  void learn(const AppliedDescription& description);
  // 0: none is left.
  std::uint8_t payload_type_for(const CodecCapability& capability);
  std::uint8_t free_payload_type() const;
  std::uint8_t extension_id_for(const HeaderExtensionCapability& capability);

  std::vector<Codec> codecs_;
  std::bitset<128> payload_types_;
  std::map<std::string, std::uint8_t> extensions_;
  std::bitset<256> extension_ids_;
};

}  // namespace tidewire::sdp
