"""How much two pictures of one page differ, as those who read it would say.

Pixel by pixel, a paragraph that begins one pixel lower is another paragraph. So what is compared are
squares of 16 pixels, about a line of text, by their mean colours, after the second picture was
stretched to the height of the first one: a block that is missing, a column that has moved, another
size or colour of anything changes many squares; the same words a little lower change none. What
stretching hides, the difference of the heights tells, which has a limit of its own.
"""

from typing import NamedTuple

from PIL import Image, ImageChops

SQUARE = 16  # pixels
TOLERANCE = 32  # of 255, in any of the three colours: a grey that one has to look for


class Difference(NamedTuple):
    """What lies between two pictures.

    :ivar share: of the squares that differ, from 0 to 1
    :ivar height: of the second picture against the first, from -1: 0.1 is a tenth higher
    """

    share: float
    height: float

    def __str__(self):
        return f"{self.share:.1%}, height {self.height:+.1%}"


def compare(first, second):
    """Return the ``Difference`` of two pictures of the same width.

    :param first: path of a picture; the second one is measured against it
    """
    before, after = (Image.open(path).convert("RGB") for path in (first, second))
    height = after.height / before.height - 1
    if after.size != before.size:
        after = after.resize(before.size, Image.Resampling.BOX)
    size = max(before.width // SQUARE, 1), max(before.height // SQUARE, 1)
    squares = [one.resize(size, Image.Resampling.BOX) for one in (before, after)]
    # The largest difference among the three colours of each square.
    channels = ImageChops.difference(*squares).split()
    largest = ImageChops.lighter(ImageChops.lighter(*channels[:2]), channels[2])
    differing = sum(largest.histogram()[TOLERANCE + 1 :])
    return Difference(differing / (size[0] * size[1]), height)
