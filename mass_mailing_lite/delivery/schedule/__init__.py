"""Says when messages may leave, and when the last of them will have left.

In: sending hours, rate limits, counts and moments. Out: moments, and seconds.
"""
