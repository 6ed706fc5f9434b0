"""A made-up torso: where its parts lie and what they measure in HU. LPS mm; not of any person.

The order of painting is the order of covering: fat, muscle, cavities, lungs, bones, organs, vessels.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from maskloop.demo.canvas import Canvas, Floats, Lattice, Point

Mask = NDArray[np.bool_]


class Part(IntEnum):
    """Structure numbers of the phantom's truth."""

    LUNGS = 1
    LIVER = 2
    SPLEEN = 3
    KIDNEYS = 4
    TUMOUR = 5
    BONES = 6
    AORTA = 7
    HEART = 8
    STOMACH = 9


FAT, MUSCLE, LUNG, BLOOD, CARTILAGE = -105.0, 58.0, -855.0, 165.0, 130.0
CORTICAL, SPONGY, DISC, MARROW = 720.0, 210.0, 85.0, 150.0
RIB_STEP, RIB_TOP, RIB_DROP, RIB_HEIGHT, RIB_DEPTH = 25.0, 168.0, 78.0, 11.0, 7.5
VERTEBRA_STEP, DISC_HEIGHT = 25.0, 5.5
SPINE_Y = 58.0
LEVELS = np.array([-200, -110, -50, 0, 50, 90, 120, 140, 155, 170, 182, 195, 230], np.float32)
BODY_WIDTH = np.array([168, 160, 162, 168, 172, 178, 188, 197, 196, 168, 112, 74, 60], np.float32)
BODY_DEPTH = np.array([108, 108, 112, 116, 116, 112, 104, 96, 88, 76, 66, 60, 56], np.float32)
CAGE_WIDTH = np.array([122, 126, 133, 137, 133, 124, 111, 97, 85, 68, 44, 6, 4], np.float32)
CAGE_DEPTH = np.array([78, 82, 90, 94, 90, 82, 72, 62, 53, 42, 24, 10, 6], np.float32)
CAGE_Y = np.array([-6, -4, 0, 2, 4, 8, 12, 15, 18, 22, 26, 28, 28], np.float32)


def _at(z: Floats, values: Floats) -> Floats:
    return np.interp(z, LEVELS, values).astype(np.float32)


class Torso:
    """Paints the torso on a canvas, step by step."""

    def __init__(self, canvas: Canvas, *, seed: int = 3) -> None:
        self.canvas = canvas
        self.random = np.random.default_rng(seed)
        x, y, z = canvas.axes((slice(None), slice(None), slice(None)))
        bumps = canvas.bumps
        width, depth = _at(z, BODY_WIDTH), _at(z, BODY_DEPTH)
        self.body = (np.abs(x / width) ** 2.5 + np.abs(y / depth) ** 2.5 + 0.05 * bumps) < 1
        self.below_skin = (np.abs(x / (width - 16)) ** 2.5 + np.abs((y - 3) / (depth - 15)) ** 2.5 + 0.09 * bumps) < 1
        self._cage(x, y, z)
        dome = self._dome(x, y)
        self.thorax = self.in_cage & (z > dome)
        self.abdomen = self.in_cage & (z < dome - 4)

    def _cage(self, x: Floats, y: Floats, z: Floats) -> None:
        """Work out the rib cage: its inside, the depth into its wall, and the angle from the spine to the front."""
        deep = y - _at(z, CAGE_Y)
        relative = np.sqrt((x / _at(z, CAGE_WIDTH)) ** 2 + (deep / _at(z, CAGE_DEPTH)) ** 2) + 0.012 * self.canvas.bumps
        radius = np.sqrt(x**2 + deep**2)
        self.in_cage: Mask = relative < 1
        self.wall_depth: Floats = radius * (1 - 1 / np.maximum(relative, 0.05))
        self.angle: Floats = np.arctan2(np.abs(x), deep).astype(np.float32)

    @staticmethod
    def _dome(x: Floats, y: Floats) -> Floats:
        """Return the height of the diaphragm: higher on the right, falling to the back and the sides."""
        right = 38 - 0.0075 * (x + 62) ** 2 - 0.008 * (y + 12) ** 2
        left = 24 - 0.0080 * (x - 66) ** 2 - 0.008 * (y + 8) ** 2
        dome: Floats = np.maximum(np.maximum(right, left), -95).astype(np.float32)
        return dome

    def paint(self) -> None:
        """Paint everything."""
        self._soft_tissue()
        self._lungs()
        self._spine()
        self._ribs()
        self._shoulders()
        self._mediastinum()
        self._abdomen()
        self._kidneys()

    def _soft_tissue(self) -> None:
        whole = (slice(None), slice(None), slice(None))
        canvas = self.canvas
        canvas.paint(whole, self.body, FAT)
        shell = self.below_skin & (self.wall_depth < 26)
        canvas.paint(whole, shell, MUSCLE)
        canvas.paint(whole, self.below_skin & (self.wall_depth > 26) & (canvas.bumps > -0.35), MUSCLE)
        canvas.paint(whole, self.in_cage & self.below_skin, FAT)
        for side in (-1, 1):
            for centre, radii in (((34 * side, 92, 0), (27, 17, 400)), ((33 * side, 58, -130), (19, 20, 95))):
                box, distance = canvas.ellipsoid(_point(*centre), _point(*radii), bump=0.15)
                canvas.paint(box, distance < 1, MUSCLE, where=self.body)

    def _lungs(self) -> None:
        canvas = self.canvas
        x, y, z = canvas.axes((slice(None), slice(None), slice(None)))
        bumps = 0.12 * canvas.bumps
        vessels = ((x - 2) / 33) ** 2 + ((y - 2) / 46) ** 2 + ((z - 100) / 62) ** 2 + bumps < 1
        column = (x / 31) ** 2 + ((y - SPINE_Y + 6) / 30) ** 2 + bumps < 1
        front = (np.abs(x - 5 - 0.06 * (z - 60)) < 4 + 6 * np.abs(z - 95) / 80) & (y < 0)
        top = (np.abs(x) < 22 + 0.2 * y) & (z > 120)
        lungs = self.thorax & (self.wall_depth < -3) & ~(vessels | column | front | top)
        heart_box, heart = canvas.ellipsoid((24, -26, 38), (64, 50, 52), turn_deg=28, lean=-0.35, bump=0.06)
        lungs[heart_box] &= heart > 1.02
        texture = (LUNG + 26 * canvas.bumps + 0.35 * y).astype(np.float32)  # the back is denser when lying down
        whole = (slice(None), slice(None), slice(None))
        canvas.paint(whole, lungs, texture, part=Part.LUNGS)
        self.lungs = lungs
        for side in (-1, 1):
            self._lung_tree((22.0 * side, 12.0, 78.0), side)

    def _lung_tree(self, root: Point, side: int) -> None:
        """Grow vessels from a hilum outwards, each generation thinner."""
        grown = [(np.array(root), self._outwards(side), 6.2, 0) for _ in range(11)]
        while grown:
            start, direction, radius, generation = grown.pop()
            length = self.random.uniform(14, 24) * (0.9**generation)
            end = start + direction * length
            box, distance = self.canvas.tube(_point(*start), _point(*end), radius, end_radius=radius * 0.8)
            blood = distance < 1
            self.canvas.paint(box, blood, 70.0, where=self.lungs)
            if generation < 6:
                for _ in range(2):
                    turned = direction + self.random.normal(0, 0.38, 3)
                    grown.append((end, turned / np.linalg.norm(turned), radius * 0.74, generation + 1))

    def _outwards(self, side: int) -> NDArray[np.float64]:
        direction = np.array(
            [side * self.random.uniform(0.25, 1.0), self.random.normal(0, 0.6), self.random.normal(-0.1, 0.75)]
        )
        return np.asarray(direction / np.linalg.norm(direction))

    def _spine(self) -> None:
        canvas = self.canvas
        box = canvas.box((-48, SPINE_Y - 24, -400), (48, SPINE_Y + 64, 400))
        x, y, z = canvas.axes(box)
        phase = (z / VERTEBRA_STEP) % 1.0 * VERTEBRA_STEP
        waist = 1 - 0.10 * np.sin(np.pi * np.clip((phase - DISC_HEIGHT) / (VERTEBRA_STEP - DISC_HEIGHT), 0, 1))
        scale = np.interp(z, [-170, 170], [1.12, 0.72]).astype(np.float32)
        ring = np.sqrt((x / (23 * scale * waist)) ** 2 + ((y - SPINE_Y) / (17 * scale * waist)) ** 2)
        vertebra = np.broadcast_to(phase >= DISC_HEIGHT, ring.shape)
        canvas.paint(box, (ring < 1.02) & ~vertebra, DISC)
        end_plate = (np.abs(phase - DISC_HEIGHT) < 1.6) | (phase > VERTEBRA_STEP - 1.6)
        canvas.paint(box, (ring < 1) & vertebra, CORTICAL * 0.55, part=Part.BONES)
        spongy = (SPONGY + 60 * canvas.bumps).astype(np.float32)
        canvas.paint(box, (ring < 0.87) & vertebra & ~end_plate, spongy)
        self._arches(box, phase)

    def _arches(self, box: tuple[slice, slice, slice], phase: Floats) -> None:
        canvas = self.canvas
        x, y, _ = canvas.axes(box)
        behind = y - SPINE_Y - 24
        ring = np.sqrt((x / 14.5) ** 2 + (behind / 13) ** 2)
        middle = np.abs(phase - 0.62 * VERTEBRA_STEP)
        arch = (ring > 0.78) & (ring < 1.12) & (behind > -11) & (middle < 9)
        process = (np.abs(x) < 3.4) & (behind > 11) & (behind < 24) & (middle < 6 + 0.1 * behind)
        wings = (np.abs(behind) < 4.5) & (np.abs(x) > 12) & (np.abs(x) < 32) & (middle < 5.5 - 0.12 * (np.abs(x) - 12))
        canvas.paint(box, arch | process | wings, CORTICAL * 0.72, part=Part.BONES, where=self.below_skin)
        canvas.paint(box, ring < 0.78, 25.0)
        canvas.paint(box, ring < 0.45, 45.0)

    def _ribs(self) -> None:
        canvas = self.canvas
        whole = (slice(None), slice(None), slice(None))
        _, _, z = canvas.axes(whole)
        drop = RIB_DROP * ((1 - np.cos(self.angle)) / 2) ** 1.25
        place = (RIB_TOP - z - drop) / RIB_STEP
        number = np.round(place)
        off = np.abs(place - number) * RIB_STEP
        reach = np.interp(number, [0, 1, 6, 9, 10, 11], [2.35, 2.35, 2.3, 2.15, 1.75, 1.2]).astype(np.float32)
        middle = (self.wall_depth - RIB_DEPTH / 2) / (RIB_DEPTH / 2)
        ring = np.sqrt((off / (RIB_HEIGHT / 2)) ** 2 + middle**2)
        known = (number >= 0) & (number <= 11) & (self.angle > 0.2)
        cartilage = known & (ring < 1) & (self.angle > reach) & (number < 8) & (self.angle < 2.95)
        canvas.paint(whole, cartilage, CARTILAGE)
        rib = known & (ring < 1) & (self.angle <= reach)
        canvas.paint(whole, rib, CORTICAL, part=Part.BONES)
        canvas.paint(whole, rib & (ring < 0.55), MARROW + 120)
        box, distance = canvas.ellipsoid((0, -80, 100), (17, 5.5, 62), bump=0.1)
        canvas.paint(box, distance < 1, 330.0, part=Part.BONES, where=self.body)

    def _shoulders(self) -> None:
        for side in (-1, 1):
            bones: tuple[tuple[Point, Point, float], ...] = (
                ((10 * side, -62, 140), (66 * side, -62, 152), 8.0),
                ((66 * side, -62, 152), (150 * side, -14, 166), 7.5),
                ((74 * side, 84, 116), (158 * side, 40, 152), 5.5),
                ((182 * side, 14, 118), (204 * side, 10, 40), 10.0),
                ((62 * side, 92, 112), (92 * side, 92, 18), 3.0),
                ((92 * side, 92, 18), (146 * side, 44, 124), 4.5),
            )
            for first, last, radius in bones:
                self._bone(*self.canvas.tube(first, last, radius))
            box, head = self.canvas.ellipsoid((166 * side, 14, 132), (23, 22, 25), bump=0.1)
            self.canvas.paint(box, head < 1, CORTICAL * 0.5, part=Part.BONES, where=self.body)
            self.canvas.paint(box, head < 0.88, SPONGY, where=self.body)
            self._blade((66 * side, 90, 114), (150 * side, 44, 126), (92 * side, 92, 22))

    def _bone(self, box: tuple[slice, slice, slice], distance: Floats) -> None:
        self.canvas.paint(box, distance < 1, CORTICAL * 0.9, part=Part.BONES, where=self.body)
        self.canvas.paint(box, distance < 0.78, MARROW, where=self.body)

    def _blade(self, a: Point, b: Point, c: Point) -> None:
        """Paint a thin triangle of bone: the blade of the scapula."""
        first, second = np.array(b) - a, np.array(c) - a
        box = self.canvas.box(np.min([a, b, c], axis=0) - 3, np.max([a, b, c], axis=0) + 3)
        x, y, z = self.canvas.axes(box)
        offset = np.stack(np.broadcast_arrays(x - a[0], y - a[1], z - a[2]), axis=-1)
        normal = np.cross(first, second) / np.linalg.norm(np.cross(first, second))
        share = offset @ np.linalg.pinv(np.stack([first, second], axis=1)).T
        inside = (share > 0).all(axis=-1) & (share.sum(axis=-1) < 1) & (np.abs(offset @ normal) < 1.8)
        self.canvas.paint(box, inside, CORTICAL * 0.6, part=Part.BONES, where=self.body)

    def _mediastinum(self) -> None:
        canvas = self.canvas
        box, distance = canvas.ellipsoid((24, -26, 38), (62, 48, 50), turn_deg=28, lean=-0.35, bump=0.06)
        canvas.paint(box, distance < 1, 95.0, part=Part.HEART, where=self.thorax)
        for centre, radii in (((38, -34, 34), (26, 22, 30)), ((2, -38, 46), (24, 20, 28)), ((8, 0, 62), (30, 20, 20))):
            box, distance = canvas.ellipsoid(_point(*centre), _point(*radii), bump=0.1)
            canvas.paint(box, distance < 1, BLOOD, where=self.thorax)
        vessels: tuple[tuple[Point, Point, float, float], ...] = (
            ((16, 44, -400), (20, 40, 95), 11.0, BLOOD),
            ((20, 40, 95), (12, 6, 116), 12.0, BLOOD),
            ((12, 6, 116), (-8, -24, 70), 13.0, BLOOD),
            ((-22, -14, 40), (-20, -12, 135), 9.0, BLOOD - 10),
            ((8, -22, 62), (14, -8, 86), 13.0, BLOOD),
            ((14, -8, 86), (-26, 8, 80), 9.5, BLOOD),
            ((14, -8, 86), (38, 14, 86), 9.5, BLOOD),
            ((-20, 34, -400), (-20, 26, 18), 11.5, BLOOD - 25),
        )
        for first, last, radius, hu in vessels:
            box, distance = canvas.tube(first, last, radius)
            aorta = first[0] in (16, 20, 12)
            canvas.paint(box, distance < 1, hu, part=Part.AORTA if aorta else None, where=self.body)
        airways: tuple[tuple[Point, Point, float], ...] = (
            ((0, 8, 96), (0, 0, 260), 8.5),
            ((0, 8, 96), (-30, 16, 76), 6.0),
            ((0, 8, 96), (34, 18, 74), 5.5),
        )
        for first, last, radius in airways:
            box, distance = canvas.tube(first, last, radius)
            canvas.paint(box, distance < 1.2, 40.0, where=self.body)
            canvas.paint(box, distance < 1, -990.0, where=self.body)

    def _abdomen(self) -> None:
        canvas = self.canvas
        inside = self.abdomen & (self.wall_depth < -4)
        self._bowel(inside)
        for centre, radii, turn in (
            ((-58, 0, -28), (82, 84, 82), 0.0),
            ((-24, -36, -2), (74, 44, 44), -12.0),
            ((-66, 20, -60), (56, 54, 66), 0.0),
        ):
            box, distance = canvas.ellipsoid(_point(*centre), _point(*radii), turn_deg=turn, bump=0.16)
            texture = (112 + 7 * canvas.bumps).astype(np.float32)
            canvas.paint(box, distance < 1, texture, part=Part.LIVER, where=inside)
        self._liver_vessels()
        box, distance = canvas.ellipsoid((-34, -44, -62), (14, 20, 24), bump=0.1)
        canvas.paint(box, distance < 1.25, 80.0, part=0, where=inside)
        canvas.paint(box, distance < 1, 8.0, where=inside)
        box, distance = canvas.ellipsoid((66, -34, -18), (42, 40, 48), turn_deg=20, bump=0.2)
        canvas.paint(box, distance < 1, 75.0, part=Part.STOMACH, where=inside)
        _, y, _ = canvas.axes(box)
        canvas.paint(box, distance < 0.82, 28.0, where=inside)
        canvas.paint(box, (distance < 0.82) & (y < -48), -960.0, where=inside)
        box, distance = canvas.ellipsoid((104, 34, -16), (30, 50, 52), turn_deg=-28, bump=0.12)
        canvas.paint(box, distance < 1, (128 + 5 * canvas.bumps).astype(np.float32), part=Part.SPLEEN, where=inside)
        for first, last, radius in (
            ((-30, -8, -58), (4, -22, -50), 11.0),
            ((4, -22, -50), (48, 8, -38), 9.5),
            ((48, 8, -38), (82, 24, -26), 7.5),
        ):
            box, distance = canvas.tube(_point(*first), _point(*last), radius)
            canvas.paint(box, distance < 1, 92.0, where=inside)

    def _liver_vessels(self) -> None:
        liver = self.canvas.parts == Part.LIVER
        for _ in range(9):
            start = np.array([-26.0, 4.0, -28.0])
            direction = self.random.normal(0, 1, 3) * (1, 0.8, 0.7) - (0.7, 0, 0)
            direction /= np.linalg.norm(direction)
            radius = 5.5
            for _ in range(4):
                end = start + direction * 20
                box, distance = self.canvas.tube(_point(*start), _point(*end), radius, end_radius=radius * 0.75)
                self.canvas.paint(box, distance < 1, 152.0, where=liver)
                start, radius = end, radius * 0.75
                direction = direction + self.random.normal(0, 0.3, 3)
                direction /= np.linalg.norm(direction)

    def _bowel(self, inside: Mask) -> None:
        for _ in range(120):
            centre = self.random.uniform((-96, -66, -190), (96, 22, -36))
            radius = self.random.uniform(9, 16)
            stretch = self.random.uniform(0.9, 1.9)
            box, distance = self.canvas.ellipsoid(
                _point(*centre), (radius * stretch, radius, radius), turn_deg=self.random.uniform(0, 180), bump=0.25
            )
            self.canvas.paint(box, distance < 1, 72.0, where=inside)
            filling = self.random.choice([25.0, 40.0, 150.0, 12.0])
            self.canvas.paint(box, distance < 0.7, float(filling), where=inside)
            if self.random.random() < 0.4:
                _, y, _ = self.canvas.axes(box)
                self.canvas.paint(box, (distance < 0.7) & (y < centre[1] - 0.25 * radius), -900.0, where=inside)

    def _kidneys(self) -> None:
        canvas = self.canvas
        for side, z in ((-1, -84.0), (1, -70.0)):
            centre, lean = (63.0 * side, 48.0, z), -0.2 * side
            box, distance = canvas.ellipsoid(centre, (40, 38, 66), turn_deg=32 * side, lean=lean, bump=0.12)
            canvas.paint(box, distance < 1, FAT, part=0, where=self.abdomen)
            box, distance = canvas.ellipsoid(centre, (28, 27, 53), turn_deg=32 * side, lean=lean, bump=0.12)
            canvas.paint(box, distance < 1, 205.0, part=Part.KIDNEYS, where=self.abdomen)
            pyramids = Lattice(8.0, seed=17).sample(canvas.x[box[2]], canvas.y[box[1]], canvas.z[box[0]]) > -0.12
            canvas.paint(box, (distance < 0.62) & pyramids, 150.0, where=self.abdomen)
            sinus, depth = canvas.ellipsoid((51.0 * side, 42.0, z), (16, 9, 24), turn_deg=32 * side, bump=0.2)
            canvas.paint(sinus, depth < 1, -70.0, part=0, where=self.abdomen)
            canvas.paint(sinus, depth < 0.25, 35.0, where=self.abdomen)
        box, distance = canvas.ellipsoid((90, 56, -98), (25, 24, 24), bump=0.22)
        uneven = (92 + 34 * canvas.bumps).astype(np.float32)
        canvas.paint(box, distance < 1, uneven, part=Part.TUMOUR, where=self.abdomen)
        box, distance = canvas.ellipsoid((92, 56, -96), (12, 11, 12), bump=0.6)
        canvas.paint(box, distance < 1, 32.0, where=self.abdomen)


def _point(x: float, y: float, z: float) -> Point:
    return float(x), float(y), float(z)
