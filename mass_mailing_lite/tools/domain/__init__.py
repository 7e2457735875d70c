"""What the DNS says about a domain: whether it takes mail, and who may send in its name.

``lookup``      asks the DNS; all other modules get their answers from it
``mail_hosts``  the hosts that take the mail of a domain

The module ``dns`` (dnspython) is optional: :func:`lookup.is_available` tells whether it is there.
"""
