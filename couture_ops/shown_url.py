"""An address as it may stand in a message: without what opens it."""

from __future__ import annotations

import re

from couture_ops.redaction import MASK

_PASSWORD = re.compile(r"(?<=://)([^/?#:]*):[^/?#]*@")
_VALUE = re.compile(r"(?<=[?&])([^=&#]+)=[^&#]*")


def shown_url(url: str) -> str:
    """The address without its password and without the values of its query: ``s3://user:***@bucket/x?token=***``."""
    return _VALUE.sub(rf"\1={MASK}", _PASSWORD.sub(rf"\1:{MASK}@", url))
