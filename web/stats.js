// Live figures of one RTCPeerConnection, out of getStats().
//
// Only fields that Chromium and Firefox both fill are relied on; the others (transport byte counters, decoder names,
// `selectedCandidatePairChanges`…) are absent in Firefox. Rates are differences between two readings.

const finite = (x) => (Number.isFinite(x) ? x : null);
const last = (list) => list[list.length - 1] ?? null;

// Firefox has no `transport` byte counters but has `selectedCandidatePairId`; its pairs also carry `selected`.
function selectedPair(reports) {
  const transport = reports.find((r) => r.type === 'transport' && r.selectedCandidatePairId);
  return reports.find((r) => r.id === transport?.selectedCandidatePairId)
    ?? reports.find((r) => r.type === 'candidate-pair' && (r.selected || (r.nominated && r.state === 'succeeded')))
    ?? null;
}

// A peer-reflexive remote candidate hides its address: empty in Chromium, "(redacted)" in Firefox.
function candidate(report) {
  if (!report) return null;
  const address = report.address && report.address !== '(redacted)' ? report.address : '';
  return { type: report.candidateType, protocol: report.protocol, address, port: report.port ?? null };
}

const codecName = (byId, stream) => byId.get(stream?.codecId)?.mimeType?.split('/')[1] ?? '';

function inbound(byId, reports, kind) {
  // A renegotiation may leave an old stream behind: the newest report that carries packets is the live one.
  const all = reports.filter((r) => r.type === 'inbound-rtp' && r.kind === kind);
  const s = last(all.filter((r) => r.packetsReceived > 0)) ?? last(all);
  if (!s) return null;
  return {
    codec: codecName(byId, s),
    bytes: s.bytesReceived ?? 0,
    packets: s.packetsReceived ?? 0,
    lost: s.packetsLost ?? 0,
    jitter_ms: finite(s.jitter * 1000),
    frames_decoded: s.framesDecoded ?? null,
    frames_per_second: finite(s.framesPerSecond),
    width: s.frameWidth ?? null,
    height: s.frameHeight ?? null,
    key_frames: s.keyFramesDecoded ?? null,
    freezes: s.freezeCount ?? null,
    audio_level: finite(s.audioLevel),
    audio_energy: finite(s.totalAudioEnergy),
    samples: s.totalSamplesReceived ?? null,
    concealed_samples: s.concealedSamples ?? null,
  };
}

function outbound(byId, reports, kind) {
  const s = last(reports.filter((r) => r.type === 'outbound-rtp' && r.kind === kind));
  if (!s) return null;
  const remote = reports.find((r) => r.type === 'remote-inbound-rtp' && r.ssrc === s.ssrc);
  return {
    codec: codecName(byId, s),
    bytes: s.bytesSent ?? 0,
    packets: s.packetsSent ?? 0,
    frames_encoded: s.framesEncoded ?? null,
    frames_per_second: finite(s.framesPerSecond),
    width: s.frameWidth ?? null,
    height: s.frameHeight ?? null,
    target: finite(s.targetBitrate),           // this and the next one: Chromium only
    limitation: s.qualityLimitationReason ?? '',
    fraction_lost: finite(remote?.fractionLost),
    rtt_ms: finite(remote?.roundTripTime * 1000),
  };
}

const TLS = { FEFF: 'DTLS 1.0', FEFD: 'DTLS 1.2', FEFC: 'DTLS 1.3' };

// One reading of everything the page shows, with absolute counters.
export async function readStats(pc) {
  const reports = [...(await pc.getStats()).values()];
  const byId = new Map(reports.map((r) => [r.id, r]));
  const pair = selectedPair(reports);
  const transport = reports.find((r) => r.type === 'transport');
  return {
    at: performance.now(),
    rtt_ms: finite(pair?.currentRoundTripTime * 1000),
    available_out: finite(pair?.availableOutgoingBitrate),
    local: candidate(byId.get(pair?.localCandidateId)),
    remote: candidate(byId.get(pair?.remoteCandidateId)),
    dtls: TLS[transport?.tlsVersion?.toUpperCase()] ?? '',
    dtls_cipher: transport?.dtlsCipher ?? '',
    srtp_cipher: transport?.srtpCipher ?? '',
    video_in: inbound(byId, reports, 'video'),
    audio_in: inbound(byId, reports, 'audio'),
    video_out: outbound(byId, reports, 'video'),
    audio_out: outbound(byId, reports, 'audio'),
  };
}

function rate(now, before, seconds) {
  if (!now || !before || seconds <= 0) return null;
  return Math.max(0, ((now.bytes - before.bytes) * 8) / seconds); // a stream that was replaced starts again at 0
}

function loss(now, before) {
  if (!now || !before) return null;
  const lost = now.lost - before.lost;
  const expected = now.packets - before.packets + lost;
  return expected > 0 ? Math.max(0, lost / expected) : null;
}

// Readings with rates: call read() about once a second.
export class StatsMeter {
  #pc;
  #before = null;

  constructor(pc) {
    this.#pc = pc;
  }

  async read() {
    const now = await readStats(this.#pc);
    const before = this.#before;
    this.#before = now;
    const seconds = before ? (now.at - before.at) / 1000 : 0;
    for (const stream of ['video_in', 'audio_in', 'video_out', 'audio_out']) {
      if (!now[stream]) continue;
      now[stream].bitrate = rate(now[stream], before?.[stream], seconds);
      if (stream.endsWith('_in')) now[stream].loss = loss(now[stream], before?.[stream]);
    }
    return now;
  }
}
