"""What threads, interrupts and forked processes need of the code that waits."""
