"""What holds for every test."""

import signal

# A shell starts background jobs with interrupts ignored, and every child would
# inherit that: tests that interrupt a process would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
