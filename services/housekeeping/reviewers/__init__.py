"""Who may review: registered by the province, and assigned to a case by a rule, not a choice."""
