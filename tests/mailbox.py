"""An SMTP server on the loopback that keeps what it is sent."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from tools.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

HOST = "127.0.0.1"


@dataclass
class Mailbox:
    """``port``: where it listens; ``mails``: what came, in the order of time."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep one mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def about(self, text: str) -> list[EmailMessage]:
        """The mails with a text in them."""
        return [mail for mail in self.mails if text in body_of(mail)]


def body_of(mail: EmailMessage) -> str:
    """What a mail says, as HTML."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content()).strip()


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    """A mailbox whose server listens as long as the block runs."""
    mailbox = Mailbox(free_port())
    server = Controller(mailbox, hostname=HOST, port=mailbox.port)
    server.start()
    try:
        yield mailbox
    finally:
        server.stop()
