"""Prints the AsyncAPI document: `python -m tekup.contracts`."""

import json

from tekup.contracts.asyncapi import build_asyncapi

print(json.dumps(build_asyncapi(), indent=1))
