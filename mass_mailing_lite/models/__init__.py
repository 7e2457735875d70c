# In the order of a mailing's life, save that recipients and content add to what an approval checks.
from . import mailing

# isort: split
from . import approval

# isort: split
from . import recipients

# isort: split
from . import content

# isort: split
from . import sending

# isort: split
from . import afterwards

# isort: split
# What a company sets, and what a contact shows.
from . import res_company, res_config_settings, res_partner
