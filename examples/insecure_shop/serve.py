"""Serve the shop with TLS of its own, for the machine in the shop window."""

import ssl

import uvicorn

if __name__ == "__main__":
    uvicorn.run(
        "app.main:app",
        host="0.0.0.0",
        port=8443,
        ssl_keyfile="/etc/shop/key.pem",
        ssl_certfile="/etc/shop/cert.pem",
        ssl_version=ssl.PROTOCOL_TLSv1,
        ssl_ciphers="ALL:!aNULL",
    )
