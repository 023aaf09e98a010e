"""`python -m bots.health`: exits 0 while the web server of this container says that Clout is alive, for HEALTHCHECK.

Without CLOUT_PORT there is no web server and nothing to ask, as in `clout chat`: that counts as healthy.
"""

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

TIMEOUT_S = 4.0


def alive(environ: Mapping[str, str]) -> bool:
    """Ask /livez on this machine."""
    port = environ.get("CLOUT_PORT", "")
    if not port:
        return True
    connection = HTTPConnection("127.0.0.1", int(port), timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if alive(os.environ) else 1)
