"""Asks other computers about a mailing before it leaves: web servers and a spam filter.

Addresses come from what people type and paste, so any of them may be made to attack the network of
the server or to keep it busy. What is asked, and how much of the answer is read, is bounded here.
"""
