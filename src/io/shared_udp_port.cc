#include "io/shared_udp_port.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stun/message.h"

namespace tidewire::io {
namespace {

using stun::TransactionId;

// 96 random bits that this side drew: any of them are as good a hash as the others.
struct TransactionHash {
  std::size_t operator()(const TransactionId& id) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, id.data(), sizeof hash);
    return hash;
  }
};

// Lets a ufrag be looked up where it lies in the packet.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

// RFC 8489 §5: the class is in bits 4 and 8 of the type.
enum class Kind { kOther, kRequest, kResponse };

Kind kind_of(ByteView datagram) {
  if (!stun::looks_like_stun(datagram)) return Kind::kOther;
  const bool c1 = (datagram[0] & 1) != 0;
  const bool c0 = (datagram[1] & 0x10) != 0;
  if (c1) return Kind::kResponse;
  return c0 ? Kind::kOther : Kind::kRequest;
}

TransactionId transaction_of(ByteView message) {
  TransactionId id{};
  std::copy_n(message.begin() + 8, id.size(), id.begin());
  return id;
}

// RFC 8445 §7.2.2: a check's USERNAME is the ufrag of its receiver, a colon, and that of its sender.
std::optional<std::string_view> addressee_of(const stun::MessageView& message) {
  const auto username = message.username();
  if (!message.is(stun::MessageClass::kRequest, stun::Method::kBinding) || !username) return std::nullopt;
  const std::size_t colon = username->find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return username->substr(0, colon);
}

}  // namespace

struct SharedUdpPort::Registration::Owner {
  UdpSocket::OnDatagrams on_datagrams;
  // What the port's tables hold of this owner.
  std::vector<std::string> ufrags;
  std::vector<SocketAddress> bound;
  std::deque<SocketAddress> taught;
  std::deque<TransactionId> requests;
};

struct SharedUdpPort::Impl : std::enable_shared_from_this<SharedUdpPort::Impl> {
  using Owner = Registration::Owner;
  struct Remote {
    std::shared_ptr<Owner> owner;
    bool bound = false;  // else only taught by a request that nobody has authenticated
  };

  explicit Impl(std::size_t ufrag_limit) : max_ufrags(ufrag_limit) {}

  // One run of neighbours for the same owner is one call. Each callback may unregister owners, or close the port.
  void receive(std::span<Datagram> batch) {
    const auto self = shared_from_this();
    std::shared_ptr<Owner> owner;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < batch.size() && socket; ++i) {
      std::shared_ptr<Owner> next = route(batch[i]);
      if (next == owner) continue;
      deliver(owner, batch.subspan(begin, i - begin));
      owner = std::move(next);
      begin = i;
    }
    deliver(owner, batch.subspan(begin));
  }

  void deliver(const std::shared_ptr<Owner>& owner, std::span<Datagram> run) const {
    if (owner && owner->on_datagrams && !run.empty() && socket) owner->on_datagrams(run);
  }

  std::shared_ptr<Owner> route(const Datagram& datagram) {
    const ByteView bytes = datagram.packet.bytes();
    const Kind kind = kind_of(bytes);
    if (kind == Kind::kRequest) {
      if (const auto message = stun::MessageView::parse(bytes)) {
        if (const auto ufrag = addressee_of(*message)) return route_check(*ufrag, datagram.remote);
      }
    } else if (kind == Kind::kResponse) {
      const auto request = requests.find(transaction_of(bytes));
      if (request != requests.end()) return request->second;
    }
    const auto remote = remotes.find(datagram.remote);
    if (remote != remotes.end()) return remote->second.owner;
    ++stats.dropped_unknown_remote;
    return nullptr;
  }

  std::shared_ptr<Owner> route_check(std::string_view ufrag, const SocketAddress& remote) {
    const auto found = ufrags.find(ufrag);
    if (found == ufrags.end()) {
      ++stats.dropped_unknown_ufrag;
      return nullptr;
    }
    teach(found->second, remote);
    return found->second;
  }

  // A request that may be forged takes nothing from an owner who has bound the address.
  void teach(const std::shared_ptr<Owner>& owner, const SocketAddress& remote) {
    const auto found = remotes.find(remote);
    if (found != remotes.end() && (found->second.bound || found->second.owner == owner)) return;
    forget(remote);
    if (owner->taught.size() >= kMaxTaught) forget(SocketAddress(owner->taught.front()));
    owner->taught.push_back(remote);
    remotes[remote] = {owner, false};
  }

  bool bind_remote(const std::shared_ptr<Owner>& owner, const SocketAddress& remote) {
    const auto found = remotes.find(remote);
    if (found != remotes.end() && found->second.bound && found->second.owner == owner) return true;
    if (owner->bound.size() >= kMaxBound) return false;
    forget(remote);
    owner->bound.push_back(remote);
    remotes[remote] = {owner, true};
    return true;
  }

  void forget(const SocketAddress& remote) {
    const auto found = remotes.find(remote);
    if (found == remotes.end()) return;
    Owner& owner = *found->second.owner;
    found->second.bound ? std::erase(owner.bound, remote) : std::erase(owner.taught, remote);
    remotes.erase(found);
  }

  Result<> add_ufrag(const std::shared_ptr<Owner>& owner, std::string_view ufrag) {
    if (ufrags.size() >= max_ufrags) {
      return Error{ErrorCode::kOperation, "the shared UDP port has as many connections as it may have"};
    }
    if (!ufrags.emplace(ufrag, owner).second) {
      return Error{ErrorCode::kInvalidState,
                   "a connection of the shared UDP port has this ufrag already; draw another"};
    }
    owner->ufrags.emplace_back(ufrag);
    return {};
  }

  void remember_request(const std::shared_ptr<Owner>& owner, const TransactionId& id) {
    if (!requests.emplace(id, owner).second) return;  // sent again
    owner->requests.push_back(id);
    if (owner->requests.size() <= kMaxRequests) return;
    requests.erase(owner->requests.front());
    owner->requests.pop_front();
  }

  void release(Owner& owner) {
    for (const std::string& ufrag : owner.ufrags) ufrags.erase(ufrag);
    for (const SocketAddress& remote : owner.bound) remotes.erase(remote);
    for (const SocketAddress& remote : owner.taught) remotes.erase(remote);
    for (const TransactionId& id : owner.requests) requests.erase(id);
    owner.on_datagrams = nullptr;
  }

  std::size_t max_ufrags;
  std::optional<UdpSocket> socket;  // none: closed
  SocketAddress local;
  std::unordered_map<std::string, std::shared_ptr<Owner>, TextHash, std::equal_to<>> ufrags;
  std::unordered_map<SocketAddress, Remote, SocketAddressHash> remotes;
  std::unordered_map<TransactionId, std::shared_ptr<Owner>, TransactionHash> requests;
  Stats stats;
};

Result<SharedUdpPort> SharedUdpPort::bind(EventLoop& loop, const SocketAddress& local, Options options) {
  auto impl = std::make_shared<Impl>(options.max_ufrags);
  // The socket is the port's own: it calls back for as long as the port is there.
  auto socket = UdpSocket::bind(
      loop, local, [port = impl.get()](std::span<Datagram> batch) { port->receive(batch); }, options.socket);
  if (!socket) return socket.error();
  impl->socket.emplace(*std::move(socket));
  impl->local = impl->socket->local_address();
  return SharedUdpPort(std::move(impl));
}

SharedUdpPort::SharedUdpPort(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SharedUdpPort::~SharedUdpPort() {
  if (impl_) impl_->socket.reset();
}
SharedUdpPort::SharedUdpPort(SharedUdpPort&&) noexcept = default;

SharedUdpPort& SharedUdpPort::operator=(SharedUdpPort&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Result<SharedUdpPort::Registration> SharedUdpPort::register_owner(std::string_view ufrag,
                                                                  UdpSocket::OnDatagrams on_datagrams) {
  auto owner = std::make_shared<Registration::Owner>();
  owner->on_datagrams = std::move(on_datagrams);
  if (const Result<> added = impl_->add_ufrag(owner, ufrag); !added) return added.error();
  return Registration(impl_, std::move(owner));
}

SocketAddress SharedUdpPort::local_address() const { return impl_->local; }
const SharedUdpPort::Stats& SharedUdpPort::stats() const { return impl_->stats; }
const UdpSocket::Stats& SharedUdpPort::socket_stats() const { return impl_->socket->stats(); }

SharedUdpPort::Registration::Registration(std::shared_ptr<Impl> port, std::shared_ptr<Owner> owner)
    : port_(std::move(port)), owner_(std::move(owner)) {}
SharedUdpPort::Registration::~Registration() {
  if (owner_) port_->release(*owner_);
}
SharedUdpPort::Registration::Registration(Registration&&) noexcept = default;

SharedUdpPort::Registration& SharedUdpPort::Registration::operator=(Registration&& other) noexcept {
  std::swap(port_, other.port_);
  std::swap(owner_, other.owner_);
  return *this;
}

Result<> SharedUdpPort::Registration::add_ufrag(std::string_view ufrag) { return port_->add_ufrag(owner_, ufrag); }

void SharedUdpPort::Registration::remove_ufrag(std::string_view ufrag) {
  if (std::erase(owner_->ufrags, ufrag) > 0) port_->ufrags.erase(std::string(ufrag));
}

bool SharedUdpPort::Registration::bind_remote(const SocketAddress& remote) {
  return port_->bind_remote(owner_, remote);
}

void SharedUdpPort::Registration::unbind_remote(const SocketAddress& remote) {
  const auto found = port_->remotes.find(remote);
  if (found != port_->remotes.end() && found->second.owner == owner_) port_->forget(remote);
}

bool SharedUdpPort::Registration::send(Packet packet, const SocketAddress& remote) {
  if (!port_->socket) return false;
  const ByteView bytes = std::as_const(packet).bytes();
  if (kind_of(bytes) == Kind::kRequest) port_->remember_request(owner_, transaction_of(bytes));
  return port_->socket->send(std::move(packet), remote);
}

void SharedUdpPort::Registration::flush() {
  if (port_->socket) port_->socket->flush();
}

SocketAddress SharedUdpPort::Registration::local_address() const { return port_->local; }

}  // namespace tidewire::io
