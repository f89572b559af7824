"""What `tidewire bench datachannel --json` measures, for Debian's aiortc.

usage: /usr/bin/python3 aiortc_peer.py [--size BYTES] [--duration SECONDS] [--processes 1|2]
"""
import argparse
import asyncio
import json
import os
import resource
import socket
import time

from aiortc import RTCPeerConnection, RTCSessionDescription

PING = 100
WARM_UP = 1  # seconds
HIGH_WATER = 2 << 20


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Wire:
    """JSON lines to the other end: descriptions (whole, with candidates) and figures."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @staticmethod
    async def over(end):
        return Wire(*await asyncio.open_connection(sock=end, limit=1 << 20))

    def send(self, message):
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def receive(self):
        line = await self.reader.readline()
        return json.loads(line) if line else None

    def describe(self, connection):
        self.send({"type": connection.localDescription.type, "sdp": connection.localDescription.sdp})


async def answer(end):
    wire = await Wire.over(end)
    connection = RTCPeerConnection()
    received = 0

    @connection.on("datachannel")
    def adopt(channel):
        def count(message):
            nonlocal received
            received += len(message)

        channel.on("message", channel.send if channel.label == "ping" else count)

    while message := await wire.receive():
        if "ask" in message:
            wire.send({"bytes": received, "cpu": cpu_seconds(), "now": time.monotonic()})
        else:
            await connection.setRemoteDescription(RTCSessionDescription(**message))
            await connection.setLocalDescription(await connection.createAnswer())
            wire.describe(connection)
    await connection.close()


def percentiles(sample):
    sample.sort()
    return {f"p{percent}": sample[(len(sample) - 1) * percent // 100] * 1e6 for percent in (50, 99)}


async def pings(channel, seconds):
    payload, sample, back = b"P" * PING, [], asyncio.Event()
    listener = channel.on("message", lambda _: back.set())
    end = time.monotonic() + seconds
    while time.monotonic() < end or not sample:
        sent = time.monotonic()
        channel.send(payload)
        await asyncio.wait_for(back.wait(), 30)
        back.clear()
        sample.append(time.monotonic() - sent)
    channel.remove_listener("message", listener)
    return percentiles(sample)


def start_transfer(channel, size):
    message = bytes(size)

    def fill():
        while channel.bufferedAmount + size <= HIGH_WATER:
            channel.send(message)

    channel.bufferedAmountLowThreshold = HIGH_WATER // 2
    channel.on("bufferedamountlow", fill)
    fill()


async def call(end, options):
    wire = await Wire.over(end)
    connection = RTCPeerConnection()
    bulk, ping = connection.createDataChannel("bulk"), connection.createDataChannel("ping")
    opened = asyncio.Event()
    ping.on("open", opened.set)
    await connection.setLocalDescription(await connection.createOffer())
    wire.describe(connection)
    await connection.setRemoteDescription(RTCSessionDescription(**await wire.receive()))
    await asyncio.wait_for(opened.wait(), 20)

    async def figures():
        wire.send({"ask": "figures"})
        found = await wire.receive()
        found["cpu"] = cpu_seconds() + (found["cpu"] if options.processes == 2 else 0)
        return found

    idle = await pings(ping, options.duration / 4)
    start_transfer(bulk, options.size)
    await asyncio.sleep(min(WARM_UP, options.duration))
    before = await figures()
    await asyncio.sleep(options.duration)
    after = await figures()
    busy = await pings(ping, options.duration / 4)
    received = after["bytes"] - before["bytes"]
    if received == 0:
        raise SystemExit("nothing arrived in the time of the transfer")
    print(json.dumps({"size": options.size, "processes": options.processes, "duration_s": options.duration,
                      "goodput_mbps": received * 8 / 1e6 / (after["now"] - before["now"]),
                      "cpu_s_per_gib": (after["cpu"] - before["cpu"]) / (received / 2**30),
                      "rtt_us": idle, "rtt_busy_us": busy}), flush=True)


async def both(here, there, options):
    answering = asyncio.ensure_future(answer(there))
    await call(here, options)
    answering.cancel()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=65536)
    parser.add_argument("--duration", type=float, default=10)
    parser.add_argument("--processes", type=int, default=2, choices=(1, 2))
    options = parser.parse_args()
    here, there = socket.socketpair()
    if options.processes == 1:
        asyncio.run(both(here, there, options))
    elif os.fork() == 0:
        here.close()
        asyncio.run(answer(there))
    else:
        there.close()
        asyncio.run(call(here, options))
    os._exit(0)  # aiortc's farewells take seconds


if __name__ == "__main__":
    main()
