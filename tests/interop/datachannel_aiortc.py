"""What datachannel_peer.mjs does, with Debian's aiortc: commands on standard input, events on standard output."""
import asyncio
import hashlib
import json
import sys

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from datachannel_content import content


def emit(event, **rest):
    print(json.dumps({"event": event, **rest}), flush=True)


class Peer:
    def __init__(self):
        self.connection = RTCPeerConnection()
        self.channels = {}
        self.opened = self.closed = 0
        self.connection.on("datachannel", lambda channel: self.adopt(channel, "channel"))
        self.connection.on("connectionstatechange", lambda: emit("state", state=self.connection.connectionState))

    def adopt(self, channel, event):
        if channel.label.startswith("churn"):
            self.opened += 1
            channel.on("close", self.count_closed)
            return
        self.channels[channel.label] = channel

        def message(data):
            text = isinstance(data, str)
            data = data.encode() if text else data
            emit("message", label=channel.label, text=text, size=len(data), sha256=hashlib.sha256(data).hexdigest())

        def opened():
            emit(event, label=channel.label, protocol=channel.protocol, ordered=channel.ordered,
                 negotiated=channel.negotiated, maxRetransmits=channel.maxRetransmits,
                 maxPacketLifeTime=channel.maxPacketLifeTime, id=channel.id)

        channel.on("message", message)
        channel.on("close", lambda: emit("closed", label=channel.label))
        if channel.readyState == "open":
            opened()
        else:
            channel.on("open", opened)

    def count_closed(self):
        self.closed += 1

    async def describe(self, description):
        await self.connection.setLocalDescription(description)
        emit("description", type=self.connection.localDescription.type, sdp=self.connection.localDescription.sdp)

    async def create(self, label, init):
        self.adopt(self.connection.createDataChannel(label, **init), "open")

    async def offer(self):
        await self.describe(await self.connection.createOffer())

    async def description(self, type, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(type=type, sdp=sdp))
        if type == "offer":
            await self.describe(await self.connection.createAnswer())

    async def candidate(self, candidate, sdpMid, sdpMLineIndex):
        if not candidate:
            return
        parsed = candidate_from_sdp(candidate.split(":", 1)[1])
        parsed.sdpMid, parsed.sdpMLineIndex = sdpMid, sdpMLineIndex
        await self.connection.addIceCandidate(parsed)

    async def send(self, label, sizes, seed, text=False, close=False):
        for number, size in enumerate(sizes):
            self.channels[label].send(content(size, seed + number, text))
        if close:
            self.channels[label].close()

    async def close(self, label):
        self.channels[label].close()

    async def churn(self, count, at_once, linger):
        left, unfinished = count, count

        def one():
            nonlocal left
            if left == 0:
                return
            left -= 1
            channel = self.connection.createDataChannel(f"churn {left}")
            channel.on("open", lambda: asyncio.get_running_loop().call_later(linger / 1000, channel.close))
            channel.on("close", closed)

        def closed():
            nonlocal unfinished
            unfinished -= 1
            if unfinished == 0:
                emit("churned")
            one()

        for _ in range(at_once):
            one()

    async def count(self):
        emit("count", opened=self.opened, closed=self.closed)


async def main():
    peer = Peer()
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        try:
            await getattr(peer, command.pop("do"))(**command)
        except Exception as error:  # the test that asked for it says whether it was to be
            emit("error", name=type(error).__name__, message=str(error))


if __name__ == "__main__":
    asyncio.run(main())
