"""Plain Python of the addon that needs neither Odoo nor a database.

``mailbox``          names and addresses in a line that people type
``address_field``    the same in a field for the mailing's own addresses
``address_list``     the same in a list of recipients, with what is wrong with each
``spreadsheet``      files of addresses: CSV, Excel, OpenDocument, vCard
``placeholder``      plain placeholders of a template, found and replaced
``placeholder_kind`` placeholders of the wrong kind, turned into the right one
``person_name``      first name, surname and patronymic in a name; ``first_names`` has its words
``leftover``         placeholders of other programs that were left in a text
``link_problem``     what is wrong with an address for a reader on another computer
``sample``           passages of the shipped templates that are still in a text
``version``          which language versions are older than the main version
``blank``            texts in which a reader sees nothing
``qweb_syntax``      the part of it that reads QWeb
``srcset``           addresses in the attribute srcset of pictures
``machine_request``  requests of programs, told from those of persons
``domain``           what the DNS says about a domain
"""
