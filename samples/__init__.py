"""Synthetic people, their certificates, and the sample rosters made from them. Nobody here exists."""
