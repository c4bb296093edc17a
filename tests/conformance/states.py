"""A container in each state, for stories: the function's name is the state."""

from driver import must


def absent(t):
    return t.held()


def created(t):
    c = t.held()
    must(c.create())
    return c


def running(t):
    c = t.held().up()
    c.answer()
    return c


def paused(t):
    c = running(t)
    must(c.command("pause"))
    t.later(lambda: c.command("resume"))
    return c


def stopped(t):
    c = t.container().up()
    c.wait_status("stopped")
    return c


STATES = {"absent": absent, "created": created, "running": running, "paused": paused, "stopped": stopped}
