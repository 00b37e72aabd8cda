"""A mail server by aiosmtpd for the tests: says its port, then each message as
a line of JSON. Who it is written to decides what it answers.

usage: smtpd.py implicit|starttls|none CERTIFICATE KEY USER PASSWORD
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

mode, certificate, key, user, password = sys.argv[1:]


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("stranger@"):
            return "501 5.1.7 mail from address must be same as authorization user"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = {
            "nobody@": "550 5.1.1 no such user",
            "full@": "552 5.2.2 mailbox full",
            "relay@": "550 5.7.1 relaying denied",
            "busy@": "451 4.7.1 greylisted, come again",
        }
        for start, answer in answers.items():
            if address.startswith(start):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("hang@"):
            say(hang=True)
            await asyncio.Event().wait()
        if to.startswith("spam@"):
            return "554 5.7.1 DT:SPM rejected"
        if to.startswith("later@"):
            return "452 4.3.1 no space left"
        say(sender=envelope.mail_from, to=to, data=envelope.content.decode())
        return "250 2.0.0 queued as A1B2C3"

    async def handle_RSET(self, server, session, envelope):
        # A server that goes away after it took the message.
        if self.rude:
            return "421 4.3.0 going down"
        return "250 OK"

    rude = False


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=good, handled=False, message=None if good else "535 5.7.8 login fail, authorization code is wrong")


async def main():
    context = None
    if mode != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    handler = Handler()
    handler.rude = user == "rude"
    loop = asyncio.get_running_loop()

    def session():
        return SMTP(
            handler,
            hostname="mail.test",
            loop=loop,
            require_starttls=mode == "starttls",
            tls_context=context if mode == "starttls" else None,
            authenticator=authenticate,
            auth_required=bool(user) and mode != "none" and user != "rude",
            auth_require_tls=mode == "starttls",
        )

    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if mode == "implicit" else None)
    say(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
