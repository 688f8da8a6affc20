"""Everything that crosses a process boundary: commands, events, answers, refusals. Imports marshmallow only."""
