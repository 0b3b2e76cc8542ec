"""The installation seen from outside: metrics, health, traces; nothing here changes anything."""
