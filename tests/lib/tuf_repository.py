"""A repository of The Update Framework on a loopback socket, with one key for all: it signs what a test wants signed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from lib.dump import LocalDump
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

TARGET = "trusted_root.json"
ROLES = ("root", "timestamp", "snapshot", "targets")


class TufRepository(LocalDump):
    """Serves the lists and the trusted root that were published last."""

    def __init__(self):
        super().__init__()
        self.key = CryptoSigner.generate_ed25519()
        self.version = 0
        self.first = self._root(1, self.key)
        self.served_roots = {"/1.root.json": self.first}

    @property
    def url(self):
        return self.root

    def offer_root(self, raw, *, good_for=timedelta(days=7), served=None, version=None, signer=None, name=TARGET):
        """Serve *raw* as the trusted root from now on: lists *good_for* so long; *served* are the bytes in its place."""
        self.version = version or self.version + 1
        signer, until = signer or self.key, datetime.now(timezone.utc).replace(microsecond=0) + good_for
        target = TargetFile.from_data(name, raw, ["sha256"])
        targets = Targets(version=self.version, expires=until, targets={name: target})
        snapshot = Snapshot(version=self.version, expires=until, meta={"targets.json": MetaFile(self.version)})
        timestamp = Timestamp(version=self.version, expires=until, snapshot_meta=MetaFile(self.version))
        self.files = dict(self.served_roots)
        self.files[f"/{self.version}.targets.json"] = _signed(targets, signer)
        self.files[f"/{self.version}.snapshot.json"] = _signed(snapshot, signer)
        self.files["/timestamp.json"] = _signed(timestamp, signer)
        self.files[f"/targets/{target.hashes['sha256']}.{name}"] = raw if served is None else served

    def rotate(self):
        """Sign with another key from now on, which the old one vouches for."""
        old, self.key = self.key, CryptoSigner.generate_ed25519()
        number = len(self.served_roots) + 1
        self.served_roots[f"/{number}.root.json"] = self._root(number, self.key, old)

    def _root(self, version, key, *others):
        root = Root(version=version, expires=datetime(2099, 1, 1, tzinfo=timezone.utc), consistent_snapshot=True)
        for role in ROLES:
            root.add_key(key.public_key, role)
        signed = Metadata(root)
        for signer in (key, *others):
            signed.sign(signer, append=True)
        return signed.to_bytes()


def _signed(part, signer):
    signed = Metadata(part)
    signed.sign(signer)
    return signed.to_bytes()
