"""What the DNS says about a domain: whether it takes mail, and who may send in its name.

``lookup``        asks the DNS; all other modules get their answers from it
``mail_hosts``    the hosts that take the mail of a domain
``spf``           who may send for a domain
``dmarc``         what a domain asks receivers to do with other mail
``signature``     signatures of a message
``reverse_name``  names of a sending address
``arrived``       what the headers of a message tell that arrived
``proof``         what a test that arrived proves about its sender
``sender``        all that the DNS says about one sender
``one_click``     whether an address answers the one click of RFC 8058

The modules ``dns`` (dnspython), ``spf`` (pyspf) and ``dkim`` (dkimpy) are optional: ``is_available``
of ``lookup``, ``spf`` and ``signature`` tells whether they are there.
"""
