"""Problems (问题台账): on the books, and off them only when somebody else has seen the proof."""
