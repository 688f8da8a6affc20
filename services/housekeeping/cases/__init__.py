"""Cases: one application of one subject for stars, from draft to its end."""
