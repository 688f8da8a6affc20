"""Holiday notices (节假日安排通知): which days are worked, once a second person has confirmed it."""
