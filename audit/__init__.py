"""The audit (对账): counts every published figure again from the services' own stores.

It shares no code with targets on purpose: a mistake in the counting would otherwise be made twice and found never.
"""
