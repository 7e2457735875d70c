from . import answer, number_list, sms_length, text_links, twilio_signature
