"""A headless Chromium, driven over its own pipe (the DevTools protocol): real clicks and keys, and what it complains of."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
)  # fmt: skip
TIMEOUT = 60


class Browser:
    """One page of one browser, without a network. Use as a context manager."""

    def __init__(self, profile: Path, *, width: int = 1280, height: int = 900) -> None:
        commands, self._write = os.pipe()
        self._read, answers = os.pipe()

        as_it_wants_them = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        own = (f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank")
        self._process = subprocess.Popen(
            ["bash", "-c", as_it_wants_them, CHROMIUM, *FLAGS, *own],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(commands, answers),
        )
        os.close(commands)
        os.close(answers)
        self._buffer, self._number, self._session = b"", 0, None
        self.complaints: list[str] = []
        """Errors of the console, exceptions, and what the content security policy kept from happening."""

    def __enter__(self):
        targets = self._ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def open(self, url: str) -> None:
        """Open a page, and wait until it is there."""
        self._ask("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, script: str) -> Any:
        """Return what *script* is in the page. The page's own policy does not bind it."""
        answer = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until *script* is true."""
        end = time.monotonic() + TIMEOUT
        while not self.evaluate(script):
            assert time.monotonic() < end, script
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click in the middle of the element, as a mouse does."""
        self._mouse(("mousePressed", "mouseReleased"), *self._middle(selector))

    def hover(self, selector: str) -> None:
        """Put the pointer over the middle of the element."""
        self._mouse(("mouseMoved",), *self._middle(selector), button="none")

    def drag(self, selector: str, right: int, down: int) -> None:
        """Take hold of the middle of the element, and pull it so many pixels."""
        x, y = self._middle(selector)
        self._mouse(("mousePressed",), x, y)
        for part in (0.5, 1):
            self._mouse(("mouseMoved",), x + right * part, y + down * part, buttons=1)
        self._mouse(("mouseReleased",), x + right, y + down)

    def wheel(self, selector: str, down: int, *, ctrl: bool = False) -> None:
        """Turn the wheel over the middle of the element."""
        x, y = self._middle(selector)
        self._mouse(("mouseWheel",), x, y, button="none", deltaX=0, deltaY=down, modifiers=2 * ctrl)

    def press(self, key: str, text: str = "") -> None:
        """Press a key, by its name of the DOM, where the focus is; *text* is what it writes."""
        code = {"Enter": 13, "Tab": 9, " ": 32}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            written = {"text": text} if text and kind == "keyDown" else {}
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **written)

    def _middle(self, selector: str) -> tuple[float, float]:
        x, y = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center', inline: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2]; }})(document.querySelector({json.dumps(selector)}))"
        )
        return x, y

    def _mouse(self, kinds: tuple[str, ...], x: float, y: float, **more: Any) -> None:
        for kind in kinds:
            self._ask(
                "Input.dispatchMouseEvent", **{"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1} | more
            )

    def emulate(self, *, width: int = 0, height: int = 0, dark: bool = False, scripts: bool = True) -> None:
        """Be a window of this size (0: as it was started), dark or light, with or without JavaScript."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])
        self._ask("Emulation.setScriptExecutionDisabled", value=not scripts)

    def pdf(self) -> bytes:
        """Print the page."""
        return b64decode(self._ask("Page.printToPDF")["data"])

    def type(self, selector: str, text: str) -> None:
        """Put the cursor into the field, and type."""
        self.click(selector)
        self._ask("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option, as the list that the system draws would."""
        self.evaluate(
            f"(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    def screenshot(self) -> bytes:
        """Return what is to be seen, as PNG."""
        return b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                return heard["result"]
            self._listen(heard)

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], TIMEOUT)
            assert ready, "Chromium does not answer"
            chunk = os.read(self._read, 1 << 16)
            assert chunk, "Chromium has ended"
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)

    def _listen(self, heard: dict[str, Any]) -> None:
        told = heard.get("params", {})
        if heard.get("method") == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif heard.get("method") == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(told["entry"]["text"])
        elif heard.get("method") == "Runtime.consoleAPICalled" and told["type"] in {"error", "warning"}:
            self.complaints.append(str(told["args"]))
