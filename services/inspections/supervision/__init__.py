"""督查单: issued, each colour once, while a finding is not mended by its date."""
