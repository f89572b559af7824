#include "io/mdns_responder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "base/base64.h"
#include "io/mdns_descriptor.h"
#include "io/mdns_packet.h"

namespace tidewire::io {
namespace {

constexpr int kPacketsPerTurn = 64;
// RFC 6762 §8.3: at least two, one second apart.
constexpr int kAnnouncements = 2;
constexpr Duration kAnnouncementInterval = std::chrono::seconds{1};
// RFC 6762 §6: a record is not multicast again within a second.
constexpr Duration kAnswerInterval = std::chrono::seconds{1};

struct Record {
  MdnsAddress address;
  int announcements = kAnnouncements;
  Timestamp next_announcement;
  // DEVIATES RFC 6762 §6 because announcements do not count: a peer that has just learned the name by signaling asks
  // within that second, and its call would have to wait.
  Timestamp may_answer;
  bool asked = false;

  Timestamp due() const {
    return std::min(announcements > 0 ? next_announcement : kNever, asked ? may_answer : kNever);
  }
};

// RFC 9562 §5.4: a version 4 UUID.
std::string random_name(crypto::Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string name = hex_encode(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) name.insert(at, 1, '-');
  return name + ".local";
}

bool asks_for(const MdnsQuestion& question, const MdnsAddress& address) {
  return question.name == address.name && (address.ip.is_v4() ? question.v4 : question.v6);
}

}  // namespace

struct MdnsResponder::Impl : std::enable_shared_from_this<MdnsResponder::Impl> {
  Impl(EventLoop& loop, crypto::Random source, Options given)
      : random(source),
        max_names(given.max_names),
        group(std::move(given.group)),
        descriptor(loop.context()),
        timer(loop, [this](Timestamp now) { serve(now); }) {}

  Result<> open() {
    if (descriptor.is_open()) return {};
    if (auto opened = open_mdns_socket(descriptor, group); !opened) return opened;
    wait_readable();
    return {};
  }

  void wait_readable() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (!error && self->descriptor.is_open()) self->receive();
                          });
  }

  void receive() {
    for (int i = 0; i < kPacketsPerTurn; ++i) {
      std::array<std::uint8_t, kMaxMdnsPacket> buffer;
      const std::optional<ByteView> packet = receive_mdns(descriptor.native_handle(), group, buffer);
      if (!packet) break;
      note_questions(parse_mdns_query(*packet));
    }
    serve(EventLoop::now());
    wait_readable();
  }

  void note_questions(const MdnsQuery& query) {
    if (query.questions.empty()) return;
    for (Record& record : records) {
      // RFC 6762 §7.1: what the asker knows is not told again.
      if (std::find(query.known.begin(), query.known.end(), record.address) != query.known.end()) continue;
      record.asked |= std::any_of(query.questions.begin(), query.questions.end(),
                                  [&](const MdnsQuestion& question) { return asks_for(question, record.address); });
    }
  }

  void serve(Timestamp now) {
    Timestamp next = kNever;
    for (Record& record : records) {
      if (now >= record.due()) send(record, now);
      next = std::min(next, record.due());
    }
    timer.set(next);
  }

  void send(Record& record, Timestamp now) {
    send_mdns(descriptor.native_handle(), group, build_mdns_response(record.address));
    if (record.announcements > 0 && now >= record.next_announcement) {
      --record.announcements;
      record.next_announcement = now + kAnnouncementInterval;
    }
    if (record.asked) record.may_answer = now + kAnswerInterval;
    record.asked = false;
  }

  void say_goodbye(const Record& record) {
    send_mdns(descriptor.native_handle(), group, build_mdns_response(record.address, true));
  }

  crypto::Random random;
  std::size_t max_names;
  MdnsGroup group;
  boost::asio::posix::stream_descriptor descriptor;
  std::vector<Record> records;
  Timer timer;
};

MdnsResponder::MdnsResponder(EventLoop& loop, crypto::Random random) : MdnsResponder(loop, random, Options()) {}
MdnsResponder::MdnsResponder(EventLoop& loop, crypto::Random random, Options options)
    : impl_(std::make_shared<Impl>(loop, random, std::move(options))) {}

MdnsResponder::~MdnsResponder() {
  for (const Record& record : impl_->records) impl_->say_goodbye(record);
  impl_->timer.cancel();
  boost::system::error_code ignored;
  impl_->descriptor.close(ignored);
}

Result<std::string> MdnsResponder::publish(const IpAddress& ip) {
  if (impl_->records.size() >= impl_->max_names) {
    return Error{ErrorCode::kOperation, "too many .local names are published; withdraw those that are no longer used"};
  }
  if (const Result<> opened = impl_->open(); !opened) return opened.error();
  // draft-ietf-mmusic-mdns-ice-candidates §3.1.1: the name is announced, and not probed for: nobody has the same.
  Record record;
  record.address = {random_name(impl_->random), ip};
  record.next_announcement = EventLoop::now();
  impl_->timer.set(std::min(impl_->timer.deadline(), record.next_announcement));
  impl_->records.push_back(record);
  return record.address.name;
}

void MdnsResponder::withdraw(std::string_view name) {
  const auto found = std::find_if(impl_->records.begin(), impl_->records.end(),
                                  [&](const Record& record) { return record.address.name == name; });
  if (found == impl_->records.end()) return;
  impl_->say_goodbye(*found);
  impl_->records.erase(found);
}

}  // namespace tidewire::io
