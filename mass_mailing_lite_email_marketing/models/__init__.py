from . import (
    partner_mailing,
    res_company,
    res_config_settings,
    utm_campaign,
    utm_medium,
    utm_source,
)
