"""Users, tokens and roles: who somebody is and what they may do."""
