"""A carrier aggregator shaped like Kuaidi100, for demos and tests. No parcel moves.

    python -m kaibo.sandbox.carrier --port 9480 --data-dir var/carrier

Subscribed parcels travel by a simulated clock (`--time-scale`) and every step is pushed, signed, to the address of the
subscription. Inside the data directory: `carrier.json` (what a merchant's system reads), `admin-token` (bearer token of the
`/sandbox` routes) and `carrier.sqlite3`. Only their owner can read them.
"""

from kaibo.sandbox.carrier.serving import serve
from kaibo.sandbox.carrier.settings import Settings

__all__ = ["Settings", "serve"]
