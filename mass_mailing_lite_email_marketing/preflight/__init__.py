"""What is looked at before a mailing that is built of blocks leaves."""

from . import conditional_blocks, design_differs
