from . import number_list, sms_length
