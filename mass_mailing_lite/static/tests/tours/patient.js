// Lets each step wait for a minute, of which a busy machine needs more than the usual ten seconds.
export const patient = (steps) => steps.map((step) => ({ timeout: 60000, ...step }));
