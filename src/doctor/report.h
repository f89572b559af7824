// The findings and the verdict, for a person and for a program. The JSON is described in docs/doctor.md.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "doctor/findings.h"
#include "doctor/verdict.h"

namespace tidewire::doctor {

// "blocked", "open", "firewall", "ordinary", "symmetric"; "unknown": there is a NAT, and no more is known of it.
std::string_view nat_kind(const NatFindings& nat);

std::string in_words(const Findings& findings, const Verdict& verdict);
boost::json::object to_json(const Findings& findings, const Verdict& verdict);

}  // namespace tidewire::doctor
