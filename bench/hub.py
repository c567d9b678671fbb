"""The baseline of the fan-out benchmark: what one writes first. A FastAPI WebSocket hub that sends a message at a time."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
connections: set[WebSocket] = set()


@app.websocket("/room")
async def join(socket: WebSocket) -> None:
    await socket.accept()
    connections.add(socket)
    try:
        while True:
            await socket.receive_bytes()
    except WebSocketDisconnect:
        connections.discard(socket)


@app.post("/start")
async def start(rate: float, seconds: float, likes_a_line: int) -> dict[str, int]:
    """Send `rate` messages a second to everyone, for `seconds`: so many likes, then a line. Returns how many were sent."""
    sent = 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        message: dict[str, object] = {"kind": "like", "name": "用户1024", "count": 1}
        if sent % (likes_a_line + 1) == likes_a_line:
            words = {"text": f"第{sent}句：这个多少钱？", "role": None, "demo": False}
            message = {"id": str(sent), "kind": "line", "name": "用户1024", **words}
        text = json.dumps(message | {"sent_us": time.time_ns() // 1000}, ensure_ascii=False, separators=(",", ":"))
        for socket in list(connections):
            await socket.send_text(text)
        sent += 1
        await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
    return {"sent": sent}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", ws_per_message_deflate=False)
