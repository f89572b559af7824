// DCEP messages and transport events in any order against a channel table.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/byte_reader.h"
#include "datachannel/channel_table.h"
#include "datachannel/dcep.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidewire;
  using namespace tidewire::datachannel;
  if (const auto open = parse_open({data, size}); open && !parse_open(build_open(*open))) std::abort();

  ByteReader script({data, size});
  ChannelTable table;
  if (script.u8() & 1) table.set_role(Role::kDtlsClient);
  std::uint32_t last = 0;
  Timestamp now{};
  while (!script.empty()) {
    const std::uint16_t stream = script.u8() % 8;
    const std::uint16_t streams[] = {stream};
    switch (script.u8() % 13) {
      case 0: table.handle_connected(8); break;
      case 1: table.set_role(Role::kDtlsServer); break;
      case 2:
        if (const auto id = table.open("l", {.negotiated = (stream & 1) != 0, .id = stream})) last = id->value();
        break;
      case 3: table.close(ChannelId(last)); break;
      case 4: static_cast<void>(table.send_text(ChannelId(last), Bytes{0x74})); break;
      case 5: table.handle_incoming_reset(streams); break;
      case 6: table.handle_outgoing_reset(streams, now); break;
      case 7: table.handle_reset_failed(streams); break;
      case 8: table.handle_buffered_amount(stream, script.u8(), script.u8()); break;
      case 9:
        while (table.poll_action()) {
        }
        while (table.poll_event()) {
        }
        break;
      case 10:
        now += std::chrono::seconds(script.u8());
        table.handle_timeout(now);
        break;
      default: {
        const std::uint32_t ppid = 50 + script.u8() % 8;
        const ByteView payload = script.take(std::min<std::size_t>(script.u8() % 32, script.remaining()));
        table.handle_message({stream, ppid, Bytes(payload.begin(), payload.end())});
      }
    }
    if (table.size() > 4096) break;
  }
  if (table.size() == 0) return 0;
  table.handle_transport_closed(std::nullopt);
  while (table.poll_event()) {
  }
  if (table.size() != 0) std::abort();
  return 0;
}
