"""A call between `tidewire call` and a peer made of Debian's aiortc, through `tidewire serve`.

usage: aiortc_call.py TIDEWIRE aiortc-calls|tidewire-calls

Checked on both sides: connected; pictures and sound decoded both ways; the picture is the test picture (colour bars)
and the sound the 440 Hz tone; messages both ways over the chat channel.
"""
import asyncio
import fractions
import json
import math
import re
import sys

import numpy
import websockets
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame

ENOUGH_PICTURES = 40
ENOUGH_SOUND = 100
DEADLINE = 40


class Flag(VideoStreamTrack):
    """A moving picture of our own."""

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = numpy.zeros((240, 320, 3), dtype=numpy.uint8)
        picture[:, :, pts // 3000 % 3] = 200
        frame = VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(MediaStreamTrack):
    """880 Hz in frames of 20 ms."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.pts = 0
        self.start = None

    async def recv(self):
        loop = asyncio.get_event_loop()
        if self.start is None:
            self.start = loop.time()
        await asyncio.sleep(max(0, self.start + self.pts / 48000 - loop.time()))
        angles = (numpy.arange(960) + self.pts) * 2 * math.pi * 880 / 48000
        samples = (numpy.sin(angles) * 8000).astype(numpy.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self.pts, fractions.Fraction(1, 48000)
        self.pts += 960
        return frame


class Seen:
    def __init__(self):
        self.pictures = 0
        self.test_pictures = 0
        self.sounds = 0
        self.tones = 0
        self.messages = []
        self.changed = asyncio.Event()

    def enough(self):
        return (self.test_pictures >= ENOUGH_PICTURES and self.tones >= ENOUGH_SOUND and self.messages)


def is_test_picture(frame):
    """The eight colour bars of the top third (src/devices/test_picture.h)."""
    rgb = frame.to_ndarray(format="rgb24")
    height, width, _ = rgb.shape
    expected = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]
    for bar, wanted in enumerate(expected):
        got = rgb[height // 6, width * (2 * bar + 1) // 16]
        if any((value > 96) != bool(on) for value, on in zip(got, wanted)):
            return False
    return True


def dominant_frequency(samples, rate):
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)), 8192))
    return float(numpy.argmax(spectrum)) * rate / 8192


async def watch(track, seen):
    while True:
        frame = await track.recv()
        if track.kind == "video":
            seen.pictures += 1
            seen.test_pictures += is_test_picture(frame)
        else:
            seen.sounds += 1
            samples = frame.to_ndarray().reshape(-1).astype(float)
            channels = len(frame.layout.channels)
            seen.tones += abs(dominant_frequency(samples[::channels], frame.sample_rate) - 440) < 15
        seen.changed.set()


class Peer:
    """One aiortc connection that speaks docs/signaling.md."""

    def __init__(self, socket):
        self.socket = socket
        self.pc = RTCPeerConnection()
        self.seen = Seen()
        self.other = None
        self.tasks = []
        self.pc.addTrack(Tone())
        self.pc.addTrack(Flag())
        self.pc.on("track", lambda track: self.tasks.append(asyncio.ensure_future(watch(track, self.seen))))
        self.pc.on("datachannel", self.adopt)

    def adopt(self, channel):
        if channel.label != "chat":
            return
        channel.on("message", self.message)
        if channel.readyState == "open":
            channel.send("hello from aiortc")
        else:
            channel.on("open", lambda: channel.send("hello from aiortc"))

    def message(self, text):
        self.seen.messages.append(text)
        self.seen.changed.set()

    async def say(self, message):
        await self.socket.send(json.dumps(message))

    async def send_description(self):
        description = self.pc.localDescription
        await self.say({"type": "description", "to": self.other,
                        "description": {"type": description.type, "sdp": description.sdp}})

    async def call(self, other):
        self.other = other
        self.adopt(self.pc.createDataChannel("chat"))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self.send_description()

    async def handle(self, message):
        kind = message["type"]
        if kind == "error" and message["code"] != "no_such_peer":
            raise SystemExit(f"the server says: {message}")
        if kind == "joined" and message["peers"]:
            await self.call(message["peers"][0]["id"])
        elif kind == "description":
            self.other = message["from"]
            await self.pc.setRemoteDescription(RTCSessionDescription(**{
                key: message["description"][key] for key in ("sdp", "type")}))
            if message["description"]["type"] == "offer":
                await self.pc.setLocalDescription(await self.pc.createAnswer())
                await self.send_description()
        elif kind == "candidate" and message["candidate"]["candidate"]:
            text = message["candidate"]["candidate"]
            candidate = candidate_from_sdp(text.split(":", 1)[1])
            candidate.sdpMid = message["candidate"].get("sdpMid")
            candidate.sdpMLineIndex = message["candidate"].get("sdpMLineIndex")
            await self.pc.addIceCandidate(candidate)

    async def listen(self):
        async for text in self.socket:
            await self.handle(json.loads(text))


async def start_server(tidewire):
    server = await asyncio.create_subprocess_exec(tidewire, "serve", "--listen", "127.0.0.1:0", "--json",
                                                  stdout=asyncio.subprocess.PIPE)
    line = (await asyncio.wait_for(server.stdout.readline(), 20)).decode()
    return server, json.loads(line)["url"]


async def start_native(tidewire, room):
    return await asyncio.create_subprocess_exec(tidewire, "call", room, "--name", "native", "--play", "none",
                                                "--duration", f"{DEADLINE + 20}s", "--json",
                                                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)


async def until_in_room(native):
    while True:
        line = (await asyncio.wait_for(native.stderr.readline(), 20)).decode()
        if not line:
            raise SystemExit("the native peer ended early")
        if "is in the room" in line:
            return


async def run(tidewire, direction):
    server, url = await start_server(tidewire)
    room = url + "r/interop"
    native = await start_native(tidewire, room) if direction == "aiortc-calls" else None
    if native:
        await until_in_room(native)
    address = re.sub("^http", "ws", url) + "ws"
    async with websockets.connect(address) as socket:
        peer = Peer(socket)
        await peer.say({"type": "join", "version": 1, "room": "interop", "name": "aiortc"})
        if not native:
            await peer.handle(json.loads(await socket.recv()))
            native = await start_native(tidewire, room)
        listening = asyncio.ensure_future(peer.listen())
        deadline = asyncio.get_event_loop().time() + DEADLINE
        while not peer.seen.enough() and asyncio.get_event_loop().time() < deadline:
            peer.seen.changed.clear()
            try:
                await asyncio.wait_for(peer.seen.changed.wait(), 1)
            except asyncio.TimeoutError:
                pass
            if listening.done():
                listening.result()
        native.terminate()
        output, errors = await asyncio.wait_for(native.communicate(), 20)
        listening.cancel()
        for task in peer.tasks:
            task.cancel()
        await peer.pc.close()
    server.terminate()
    await asyncio.wait_for(server.wait(), 20)
    report = json.loads(output)
    check(direction, peer.seen, report, native.returncode, errors.decode())


def check(direction, seen, report, status, errors):
    wrong = []

    def expect(what, holds):
        if not holds:
            wrong.append(what)

    expect("the native peer exits with 0", status == 0)
    expect("the native peer says it was connected", report["connected"])
    expect(f"aiortc decoded {ENOUGH_PICTURES} test pictures", seen.test_pictures >= ENOUGH_PICTURES)
    expect("nearly all pictures were the test picture", seen.test_pictures >= 0.9 * seen.pictures)
    expect(f"aiortc heard 440 Hz {ENOUGH_SOUND} times", seen.tones >= ENOUGH_SOUND)
    expect("aiortc got the answer to its chat message", seen.messages[:1] == ["you said: hello from aiortc"])
    expect("the native peer decoded pictures", report.get("video", {}).get("frames_decoded", 0) >= ENOUGH_PICTURES)
    expect("the native peer heard 880 Hz", abs(report.get("audio", {}).get("tone_hz", 0) - 880) < 15)
    expect("DTLS 1.2", report.get("dtls", {}).get("version") == "DTLS 1.2")
    print(f"{direction}: {seen.test_pictures}/{seen.pictures} test pictures, {seen.tones}/{seen.sounds} tones, "
          f"messages {seen.messages}; native: {json.dumps({k: report.get(k) for k in ('video', 'audio', 'dtls')})}")
    if wrong:
        print(f"report: {json.dumps(report)}\n{errors}", file=sys.stderr)
        raise SystemExit("not true: " + "; ".join(wrong))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2]))
