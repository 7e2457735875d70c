"""The parameters that an addon adds to the links of a mailing, such as those of its campaign."""

from ..tools.link_parameters import add_in_html, add_parameters


class LinkParameters:
    """What is added to the links of one mailing; looked up once, when a message is compiled.

    :param mailing: a ``partner.mailing`` record
    """

    def __init__(self, mailing):
        self.parameters = [tuple(pair) for pair in mailing._get_link_parameters()]
        self._own = self.parameters and mailing.get_base_url()

    def in_html(self, body):
        """Return HTML with the parameters in its links."""
        return add_in_html(body, self.parameters, self._own) if self.parameters else body

    def in_address(self, address):
        """Return an address with the parameters."""
        return add_parameters(address, self.parameters, self._own) if self.parameters else address

    def get_targets(self, addresses):
        """Return {address with the parameters: address as written}, sorted by the latter."""
        targets = {}
        for address in sorted(addresses):
            targets.setdefault(self.in_address(address), address)
        return targets
