"""Drives the engine page: opens pictures, reads pixels, moves pointers. Waits for `settled()`, never for time."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from playwright.sync_api import CDPSession, Page

Run = tuple[int, int, int, int, int]


class Engine:
    """One viewer on one page, its stage in the upper left corner of the window."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        page.wait_for_function("() => window.engine !== undefined")

    def open(self, name: str, *, nearest: bool = False, **options: object) -> "Engine":
        """Show a picture in a fresh viewer and wait until it is complete."""
        self.page.evaluate("([name, options]) => engine.open(name, options)", [name, options])
        if nearest:
            self.do("setInterpolation('nearest')")
        return self

    def do(self, *calls: str) -> None:
        """Call methods of the viewer, then wait until it rests."""
        body = "; ".join(f"engine.viewer.{call}" for call in calls)
        self.page.evaluate(f"async () => {{ {body}; await engine.viewer.settled() }}")

    def settle(self) -> None:
        """Wait until nothing moves."""
        self.page.evaluate("() => engine.viewer.settled()")

    def state(self, name: str) -> Any:
        """Return a part of the viewer's state."""
        return self.page.evaluate(f"() => engine.viewer.state.getState().{name}")

    def stat(self, name: str) -> Any:
        """Return a counter."""
        return self.page.evaluate(f"() => engine.viewer.stats().{name}")

    def wait_state(self, name: str, value: object) -> None:
        """Wait until a part of the state has a value."""
        script = f"(value) => JSON.stringify(engine.viewer.state.getState().{name}) === JSON.stringify(value)"
        self.page.wait_for_function(script, arg=value, timeout=5000)

    def picture(self) -> NDArray[np.uint8]:
        """Return every pixel of the picture without the overlay, (H, W, 3), once it rests."""
        self.settle()
        answer = self.page.evaluate("() => engine.picture()")
        pixels = np.frombuffer(base64.b64decode(answer["base64"]), np.uint8)
        return pixels.reshape(answer["height"], answer["width"], 4)[::-1, :, :3]

    def grey(self) -> NDArray[np.int16]:
        """Return the picture of a grey image, (H, W); its channels must be alike."""
        picture = self.picture().astype(np.int16)
        assert (picture == picture[..., :1]).all()
        return picture[..., 0]

    def place(self, i: ArrayLike, j: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where voxels are in the window, as arrays of x and y."""
        script = "() => [[0, 0], [1, 0], [0, 1]].map(([i, j]) => engine.viewer.project(i, j)).map(({ x, y }) => [x, y])"
        origin, along_i, along_j = (np.array(point) for point in self.page.evaluate(script))
        x, y = (
            origin[axis] + np.asarray(i) * (along_i - origin)[axis] + np.asarray(j) * (along_j - origin)[axis]
            for axis in (0, 1)
        )
        return x, y

    def point(self, i: float, j: float) -> tuple[float, float]:
        """Return where one voxel is."""
        x, y = self.place(i, j)
        return float(x), float(y)

    def at(self, i: float, j: float) -> list[int]:
        """Return red, green and blue at a voxel's place."""
        x, y = self.point(i, j)
        return self.page.evaluate("([x, y]) => engine.viewer.probe(x, y)", [x, y])[:3]

    def move_to(self, i: float, j: float, x: float, y: float) -> None:
        """Move the picture by whole pixels until a voxel is at a place of the window."""
        self.page.evaluate("(at) => engine.moveTo(...at)", [i, j, x, y])

    def paint(self, runs: Sequence[Run]) -> None:
        """Set voxels [i0, i1) of row j, slice k to a number: (k, j, i0, i1, number)."""
        self.page.evaluate("(runs) => engine.paint(runs)", list(runs))

    def paint_box(self, number: int, i0: int, j0: int, i1: int, j1: int, *, k: int = 0) -> None:
        """Set a box of voxels to a number."""
        self.paint([(k, j, i0, i1, number) for j in range(j0, j1)])

    def load(self, numbers: NDArray[np.integer[Any]], *, k: int = 0, layer: int = 0) -> None:
        """Set all voxels of a slice of a layer, as tiles from the server do."""
        content = base64.b64encode(numbers.astype("<u2").tobytes()).decode()
        self.page.evaluate("([k, layer, content]) => engine.load(k, layer, content)", [k, layer, content])

    def instance_colors(self, last: int) -> NDArray[np.uint8]:
        """Return the colours of numbers 1 to `last`, (last, 3)."""
        content = self.page.evaluate("(last) => engine.instanceColors(last)", last)
        return np.frombuffer(base64.b64decode(content), np.uint8).reshape(-1, 3)

    def label_at(self, i: int, j: int, k: int) -> int:
        """Return the number of a voxel."""
        return self.page.evaluate("(at) => engine.labels.labelAt(...at)", [i, j, k])

    def label_slice(self, k: int, shape: tuple[int, int]) -> NDArray[np.uint16]:
        """Return the numbers of a slice, (J, I)."""
        base64_text = self.page.evaluate("(k) => engine.labelSlice(k)", k)
        return np.frombuffer(base64.b64decode(base64_text), np.uint16).reshape(shape)

    def voxels_under(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return i and j, with fractions, under the middle of every pixel of the stage, (H, W) each."""
        (x0, y0), (x1, y1), (x2, y2) = self.point(0, 0), self.point(1, 0), self.point(0, 1)
        steps = np.linalg.inv([[x1 - x0, x2 - x0], [y1 - y0, y2 - y0]])
        width, height = self.page.evaluate("() => [stage.clientWidth, stage.clientHeight]")
        x, y = np.meshgrid(np.arange(width) + 0.5 - x0, np.arange(height) + 0.5 - y0)
        return steps[0, 0] * x + steps[0, 1] * y, steps[1, 0] * x + steps[1, 1] * y

    def count(self, number: int) -> int:
        """Return how many voxels have a number."""
        return self.page.evaluate("(number) => engine.labels.voxelCount(number)", number)

    def segments(self, *styles: dict[str, object]) -> None:
        """Show segments in these styles."""
        plain = {"visible": True, "locked": False, "solo": False}
        self.page.evaluate("(styles) => engine.viewer.setSegments(styles)", [{**plain, **style} for style in styles])
        self.settle()

    def brush(self, number: int | None, radius: float) -> None:
        """Take the brush."""
        self.page.evaluate(
            """([activeNumber, radiusMm]) => {
                engine.viewer.settings.setState({ activeNumber, radiusMm })
                engine.viewer.setTool('brush')
            }""",
            [number, radius],
        )

    def drag(self, points: Sequence[tuple[float, float]], *, steps: int = 6, button: Any = "left") -> None:
        """Drag through places of the window by real events, and wait until it rests."""
        self.page.mouse.move(*points[0])
        self.page.mouse.down(button=button)
        for point in points[1:]:
            self.page.mouse.move(*point, steps=steps)
        self.page.mouse.up(button=button)
        self.settle()

    def touch(self, cdp: CDPSession, kind: str, *fingers: tuple[float, float]) -> None:
        """Send one touch event with all fingers that are down."""
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def windowed(values: ArrayLike, center: float, width: float) -> NDArray[np.float64]:
    """Return the grey, 0 to 255, that values have in a window (LINEAR_EXACT)."""
    return np.clip((np.asarray(values, np.float64) - center + width / 2) / width, 0, 1) * 255
