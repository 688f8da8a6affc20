"""绿色通道 requests: to be answered within working days, by a clock that stands still while more is asked for."""
