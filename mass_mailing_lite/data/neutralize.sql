-- A copied database must not write to the customers of the original.
UPDATE partner_mailing
   SET state = 'paused',
       pause_reason = 'This database is a copy.'
 WHERE state IN ('validated', 'sending');

UPDATE partner_mailing_proof SET state = 'void' WHERE state = 'waiting';
