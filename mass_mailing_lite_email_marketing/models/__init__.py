from . import mailing_contact
from . import mailing_list
from . import mailing_mailing
from . import partner_mailing
from . import partner_mailing_recipient
from . import partner_mailing_source
from . import partner_mailing_unsubscription
