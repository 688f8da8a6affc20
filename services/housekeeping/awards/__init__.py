"""Awards (认定授牌): granted by the province or a city, changed, checked each year, verified by anybody."""
