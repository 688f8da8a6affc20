"""Recognitions: a city's own stars, reported by the city and confirmed by the province."""
