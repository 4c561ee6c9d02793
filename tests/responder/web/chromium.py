"""A headless Chromium, driven over its own pipe, so that no library and no port is needed."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


class Page:
    """One tab. It remembers what went wrong in it: messages of the console, refusals, dialogs."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self._number, self._session = 0, ""
        self._rest = b""
        self._loaded = False
        self.complaints: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol and return its answer."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        self._write.write(json.dumps(command).encode() + b"\0")
        self._write.flush()
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, address: str) -> None:
        """Go to an address and wait until its page is loaded."""
        self._loaded = False
        self.ask("Page.navigate", url=address)
        self.wait()

    def wait(self) -> None:
        """Wait until the page that is being loaded is there."""
        while not self._loaded:
            self._next()

    def find(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def type(self, element: str, text: str) -> None:
        """Type into the field with this id."""
        self.find(f"document.getElementById({json.dumps(element)}).focus()")
        self.ask("Input.insertText", text=text)

    def press(self, key: str, *, leads_on: bool = False) -> None:
        """Press a key; with *leads_on* wait for the page it leads to."""
        self._loaded = not leads_on
        code = {"Enter": 13, "Tab": 9}[key]
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text="\r" if key == "Enter" else "", **event)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **event)
        self.wait()

    def click(self, selector: str) -> None:
        """Click the first element of this selector and wait for the page it leads to."""
        self._loaded = False
        self.find(f"document.querySelector({json.dumps(selector)}).click()")
        self.wait()

    def resize(self, width: int, height: int) -> None:
        """Make the window so many CSS pixels wide and high."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = self._read.read1(65536)
            if not part:
                raise RuntimeError("the browser has ended")
            self._rest += part
        line, self._rest = self._rest.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(line)
        match answer.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Page.javascriptDialogOpening" | "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                self.complaints.append(str(answer["params"]))
            case "Log.entryAdded" if answer["params"]["entry"]["source"] != "network":
                self.complaints.append(answer["params"]["entry"]["text"])
        return answer


@contextmanager
def chromium(program: str, folder: Path) -> Iterator[Page]:
    """Run a browser with a new profile in *folder* and give its page."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    # The browser expects its pipe at 3 and 4, which may be in use here.
    ours = [fcntl.fcntl(number, fcntl.F_DUPFD, 20) for number in (to_read, from_write)]
    os.close(to_read)
    os.close(from_write)

    def place() -> None:
        os.dup2(ours[0], 3)
        os.dup2(ours[1], 4)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        pass_fds=(3, 4),
        preexec_fn=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for number in ours:
        os.close(number)
    page = Page(from_read, to_write)
    try:
        yield page
    finally:
        page._write.close()
        page._read.close()
        process.terminate()
        process.wait(timeout=20)
