"""Quotas (名额): how many subjects a city may recommend in a year."""
