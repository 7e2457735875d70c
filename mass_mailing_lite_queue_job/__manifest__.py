{
    "name": "Mass Mailing Lite: Job Queue",
    "summary": "Mailings are sent by jobs, in many processes and on many hosts",
    "version": "19.0.1.0.0",
    "category": "Marketing/Mass Mailing",
    "author": "Mass Mailing Lite contributors",
    "license": "LGPL-3",
    "depends": ["mass_mailing_lite", "queue_job"],
    "data": [
        "data/queue_job_data.xml",
        "views/ir_mail_server_views.xml",
    ],
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
