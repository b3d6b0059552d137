"""Who works at this site: enrolment, tokens, states and orders."""
