"""Two events and who hears them. Imported by hosted processes only: a contract knows all its events, and the tests of
the real ones would find these among them."""

from contract import fields, subscriptions
from contract.message import Event
from contract.subscriptions import Subscription


class BellRung(Event):
    service = "tower"
    number = fields.Whole(required=True)
    then = fields.Text(required=True)  # what the hearer is to do: see hearer.service


class BellMuffled(Event):
    service = "tower"
    number = fields.Whole(required=True)


SUBSCRIPTION = Subscription(hearer="hearer", queue="hearer.bell_rung", events=(BellRung,))

subscriptions.SUBSCRIPTIONS += (SUBSCRIPTION,)
