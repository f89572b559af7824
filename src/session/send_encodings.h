// The encodings of what a transceiver sends: what the application may ask for (W3C addTransceiver, setParameters), and
// what follows from it for streams and encoders.
#pragma once

#include <cstdint>
#include <vector>

#include "sdp/negotiated_session.h"
#include "tidewire/result.h"
#include "tidewire/rtp_parameters.h"
#include "tidewire/send_encoding.h"

namespace tidewire::session {

// Errors: kRange for a scale below 1 or a frame rate that is not above 0; kType for a bitrate of 0, or pictures'
// parameters on sound.
Result<> check_encodings(MediaKind kind, const std::vector<RtpEncodingParameters>& encodings);

// Besides that: kInvalidModification when the number, the order or the names are others than before, or when a codec is
// not among those that were negotiated.
Result<> check_change(MediaKind kind, const std::vector<RtpEncodingParameters>& before,
                      const std::vector<RtpEncodingParameters>& after,
                      const std::vector<sdp::NegotiatedCodec>& negotiated);

// The codec by which an encoding is sent: the one wished for, if it was negotiated, else the first. Null when the
// section has none that carries frames.
const sdp::NegotiatedCodec* codec_for(const RtpEncodingParameters& wish,
                                      const std::vector<sdp::NegotiatedCodec>& negotiated);

// The wishes for the encodings of `section`, one for each and in its order.
std::vector<RtpEncodingParameters> wishes_for(const sdp::NegotiatedSection& section,
                                              const std::vector<RtpEncodingParameters>& wishes);

// What each encoder has to make. `bitrate` is for all of them together; an encoding with a max_bitrate takes that, the
// others get their part by the number of their pixels.
std::vector<SendEncoding> send_encodings(const sdp::NegotiatedSection& section,
                                         const std::vector<RtpEncodingParameters>& wishes, std::uint64_t bitrate);

CodecType codec_type(const sdp::NegotiatedCodec& codec);
bool is_known(const sdp::NegotiatedCodec& codec);
RtpCodec to_rtp_codec(const sdp::NegotiatedCodec& codec);

}  // namespace tidewire::session
