"""Uploads a file with tuspy, in two parts and two processes' worth of clients.

Usage: tus_upload.py URL TOKEN PATH SHA256
Prints the offset at which the second part began.
"""
import os
import sys

from tusclient import client

url, token, path, digest = sys.argv[1:]
size = os.path.getsize(path)


def uploader(**more):
    tus = client.TusClient(url, headers={"Authorization": "Bearer " + token})
    metadata = {"filename": os.path.basename(path), "sha256": digest}
    return tus.uploader(
        path, chunk_size=1_000_000, metadata=metadata, verify_tls_cert=False, **more)


first = uploader()
first.upload(stop_at=size // 2)
second = uploader(url=first.url)
print(second.offset)
second.upload()
