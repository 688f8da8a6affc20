"""Bulletins (通报): composed from a locked snapshot, numbered and kept for ever, as a document and a workbook."""
