"""What the runners of the fault tests do."""

import time


def sleep(args, scratch, report):
    until = time.monotonic() + args["seconds"]
    (scratch / "work").write_bytes(bytes(1 << 16))
    while time.monotonic() < until:
        report(0.5, "Waiting")
        time.sleep(0.02)
    return {}
