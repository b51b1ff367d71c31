"""Mails order confirmations through the company's mail gateway."""

import os

import requests
from jinja2 import Environment

BODY = Environment(autoescape=True).from_string("Thank you, {{ name }}! Your order {{ order }} is on its way.")


def confirm(name: str, address: str, order: str) -> None:
    text = BODY.render(name=name, order=order)
    requests.post(os.environ["MAIL_GATEWAY_URL"], json={"to": address, "text": text}, timeout=10).raise_for_status()
