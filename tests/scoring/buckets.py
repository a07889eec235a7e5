"""A local S3 server with one bucket, over HTTP like the real one. The store under test is opened by its tests."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serve_bucket(name: str) -> Iterator[dict[str, str]]:
    """The environment that points an S3 client at the server, while it runs."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        address = f"http://127.0.0.1:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{address}/{name}", method="PUT"))
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "eu-north-1",
        }
    finally:
        server.stop()
