#include "turn/client_credentials.h"

#include <algorithm>
#include <utility>

namespace tidewire::turn {

using stun::AttributeType;

namespace {

// The realm, nonce and algorithm of a challenge; nothing when it cannot be met.
std::optional<KnownRealm> read_challenge(const stun::MessageView& challenge, const std::optional<KnownRealm>& before) {
  const auto nonce = challenge.find_text(AttributeType::kNonce);
  auto realm = challenge.find_text(AttributeType::kRealm);
  if (!realm && before) realm = before->realm;  // RFC 8489 §9.2.5: a 438 need bring no more than the nonce
  if (!nonce || !realm) return std::nullopt;
  KnownRealm known{.realm = std::string(*realm), .nonce = std::string(*nonce)};
  const auto algorithms = challenge.find(AttributeType::kPasswordAlgorithms);
  if (!algorithms || algorithms->empty()) {
    // RFC 8489 §9.2.5: the nonce tells of algorithms that somebody has taken out: not to be answered.
    if (nonce_features(*nonce).password_algorithms) return std::nullopt;
    return known;
  }
  const auto algorithm = first_known_algorithm(*algorithms);
  if (!algorithm) return std::nullopt;  // RFC 8489 §9.2.5: likewise
  known.password_algorithms.assign(algorithms->begin(), algorithms->end());
  known.algorithm = *algorithm;
  return known;
}

}  // namespace

ClientCredentials::ClientCredentials(std::string username, std::string password, std::optional<KnownRealm> known)
    : username_(std::move(username)), password_(std::move(password)), known_(std::move(known)) {
  if (known_) make_key();
}

void ClientCredentials::make_key() { key_ = LongTermKey(username_, known_->realm, password_, known_->algorithm); }

ClientCredentials::Lesson ClientCredentials::learn(const stun::MessageView& challenge) {
  auto learnt = read_challenge(challenge, known_);
  if (!learnt) return Lesson::kUnusable;
  const bool same_nonce = known_ && known_->nonce == learnt->nonce;
  const bool same_secret = known_ && known_->realm == learnt->realm && known_->algorithm == learnt->algorithm &&
                           known_->password_algorithms == learnt->password_algorithms;
  known_ = std::move(learnt);
  if (!same_nonce) ++nonce_generation_;
  if (!same_secret) {
    make_key();
    return Lesson::kNewSecret;
  }
  return same_nonce ? Lesson::kNothing : Lesson::kNewNonce;
}

void ClientCredentials::sign(stun::MessageBuilder& builder) const {
  builder.add_text(AttributeType::kUsername, username_);
  builder.add_text(AttributeType::kRealm, known_->realm);
  builder.add_text(AttributeType::kNonce, known_->nonce);
  if (!uses_sha256()) return builder.add_integrity(key_.bytes());
  // RFC 8489 §9.2.5: the server's list as it came, the choice, and from then on SHA-256 alone.
  builder.add(AttributeType::kPasswordAlgorithms, known_->password_algorithms);
  builder.add(AttributeType::kPasswordAlgorithm, password_algorithm_value(known_->algorithm));
  builder.add_integrity_sha256(key_.bytes());
}

bool ClientCredentials::verify(const stun::MessageView& response) const {
  if (!known_) return false;
  // RFC 8489 §9.2.5: the response is protected as the request was, or is to be discarded.
  return uses_sha256() ? response.verify_integrity_sha256(key_.bytes()) : response.verify_integrity(key_.bytes());
}

}  // namespace tidewire::turn
