"""
An ordinary operator for the same resource, to measure ours against: kopf's handlers, and a GET for each tick.

It is written as kopf's documentation teaches, works, and is kinder to both APIs than it need be: it posts no
Events, keeps one token and eight connections, and writes a status only when it differs. It makes no promise
about crashes.
"""
