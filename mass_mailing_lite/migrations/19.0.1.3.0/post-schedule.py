def migrate(cr, version):
    """Show the refusal on drafts whose last request was refused."""
    cr.execute(
        """
        UPDATE partner_mailing m
           SET refusal_id = a.id
          FROM (SELECT DISTINCT ON (mailing_id) mailing_id, id, state
                  FROM partner_mailing_approval ORDER BY mailing_id, id DESC) a
         WHERE a.mailing_id = m.id AND a.state = 'refused' AND m.state = 'draft'
        """
    )
