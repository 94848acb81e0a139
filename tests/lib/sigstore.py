"""A Sigstore of the tests' own: an authority, a certificate log and a transparency log, and what they attest (PEP 740).

    sigstore.attest("acme-1.0.tar.gz", sha256, publisher=sigstore.github("acme/app", "release.yml"))  # the object
    sigstore.trusted_root()                                                # what it verifies with: `[provenance] root`

Both are of one Sigstore, which is made once in a process; ``Sigstore()`` makes another, which knows nothing of it.
What is wrong in one way or another is said when it is asked for (``Sigstore.attestation``), or changed in its JSON.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import struct
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pypi_attestations import AttestationType

PUBLISH, SLSA = AttestationType.PYPI_PUBLISH_V1.value, AttestationType.SLSA_PROVENANCE_V1.value
STATEMENT = "https://in-toto.io/Statement/v1"
PAYLOAD = "application/vnd.in-toto+json"
WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
"""When something is attested unless another instant is given."""
LOG_INDEX = 700_000_000
COMMIT = "621e4974ca25ce531773def586ba3ed8e736b3fc"
REF = "refs/tags/v1"
_FULCIO = "1.3.6.1.4.1.57264.1."
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUERS = {
    "GitHub": "https://token.actions.githubusercontent.com",
    "GitLab": "https://gitlab.com",
    "Google": "https://accounts.google.com",
    "CircleCI": "https://oidc.circleci.com",
}
_BEGIN, _END = datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2040, 1, 1, tzinfo=timezone.utc)


def github(repository, workflow="release.yml", environment=None):
    """A publisher as an index names it."""
    return {"kind": "GitHub", "repository": repository, "workflow": workflow, "environment": environment}


def gitlab(repository, workflow=".gitlab-ci.yml", environment=None):
    return {"kind": "GitLab", "repository": repository, "workflow_filepath": workflow, "environment": environment}


def google(email):
    return {"kind": "Google", "email": email}


ACME = github("acme/app")


def attest(filename, sha256, publisher=ACME, **how):
    """The provenance object of a file, as an index serves it; *how* as of :meth:`Sigstore.attest`."""
    return own().attest(filename, sha256, publisher, **how)


def trusted_root():
    """The trusted root that :func:`attest` is verified with (Sigstore's JSON)."""
    return own().trusted_root()


def provenance(*bundles):
    """A provenance object of *bundles*: a publisher and its attestations each."""
    written = [{"publisher": publisher, "attestations": list(each)} for publisher, each in bundles]
    return json.dumps({"version": 1, "attestation_bundles": written}).encode()


def statement(filename, sha256, predicate_type=PUBLISH):
    return {
        "_type": STATEMENT,
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": predicate_type,
        "predicate": None if predicate_type == PUBLISH else {"buildDefinition": {}, "runDetails": {}},
    }


def claims(publisher, commit=COMMIT, ref=REF):
    """What Fulcio writes into a certificate for *publisher*: numbers of extensions to their values."""
    kind = publisher["kind"]
    issuer = {1: _ISSUERS[kind].encode(), 8: _ISSUERS[kind]}
    if kind == "Google":
        return issuer
    url = f"https://{kind.lower()}.com/{publisher['repository']}"
    if kind == "GitHub":
        config, run = f"{url}/.github/workflows/{publisher['workflow']}@{ref}", f"{url}/actions/runs/1/attempts/1"
    else:
        config, run = f"{url}//{publisher['workflow_filepath']}@{ref}", f"{url}/-/jobs/1"
    return {**issuer, 9: config, 10: commit, 12: url, 13: commit, 14: ref, 18: config, 21: run}


class Sigstore:
    """One instance of it. *valid* is when its authority and its logs are: first and last instant."""

    def __init__(self, name="sigstore.test", *, valid=(_BEGIN, _END)):
        self.name, self.valid = name, valid
        self._root_key, self._ca_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        self._ct_key, self._log_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self._root = self._authority("root", self._root_key, "root", self._root_key)
        self._ca = self._authority("intermediate", self._ca_key, "root", self._root_key)

    def attest(self, filename, sha256, publisher=ACME, *, predicate_types=(PUBLISH,), **how):
        """The provenance object of a file: one bundle, with an attestation of each of *predicate_types*."""
        each = [self.attestation(statement(filename, sha256, kind), publisher, **how) for kind in predicate_types]
        return provenance((publisher, each))

    def attestation(
        self,
        stated,
        publisher=ACME,
        *,
        when=WHEN,
        commit=COMMIT,
        ref=REF,
        certified=None,
        logged=None,
        payload_type=PAYLOAD,
        entry=None,
        body=None,
        **certificate,
    ):
        """One attestation, as JSON. *stated* is the statement: JSON, or bytes.

        The certificate is for *publisher*, or has the extensions *certified* (numbers to values, ``claims``); it is
        made *when*, and used then, or *logged*. *entry* is the pair of kind and version of the log entry, and *body*
        changes what the log is told.
        """
        payload = stated if isinstance(stated, bytes) else json.dumps(stated).encode()
        key = ec.generate_private_key(ec.SECP256R1())
        said = claims(publisher, commit, ref) if certified is None else certified
        leaf = self.certificate(key, said, when=when, email=publisher.get("email"), **certificate)
        signature = key.sign(_pae(payload_type, payload), ec.ECDSA(hashes.SHA256()))
        recorded = _dsse_entry(payload, signature, leaf)
        return {
            "version": 1,
            "verification_material": {
                "certificate": _b64(leaf.public_bytes(serialization.Encoding.DER)),
                "transparency_entries": [self.log((body or (lambda same: same))(recorded), logged or when, entry)],
            },
            "envelope": {"statement": _b64(payload), "signature": _b64(signature)},
        }

    def certificate(
        self, key, said, *, when=WHEN, email=None, usage=ExtendedKeyUsageOID.CODE_SIGNING, signs=True, in_log=True
    ):
        """A certificate of ten minutes with the extensions *said*; in the certificate log if *in_log*."""
        identity = x509.RFC822Name(email) if email else x509.UniformResourceIdentifier(_san(said))
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._name("intermediate"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(when - timedelta(minutes=1))
            .not_valid_after(when + timedelta(minutes=9))
            .add_extension(_key_usage(digital_signature=signs), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._ca_key.public_key()), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([identity]), critical=True)
        )
        for number, value in said.items():
            oid = x509.ObjectIdentifier(f"{_FULCIO}{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, _utf8(value)), critical=False)
        if in_log:
            listed = self._certificate_timestamp(builder.sign(self._ca_key, hashes.SHA384()), when)
            builder = builder.add_extension(x509.UnrecognizedExtension(_SCTS, listed), critical=False)
        return builder.sign(self._ca_key, hashes.SHA384())

    def log(self, body, when, kind=None):
        """A log entry of *body*, as JSON: its place in a tree of eight, the signed head of that, and the promise."""
        kind, version = kind or ("dsse", "0.0.1")
        written = _canonical(body)
        leaves = [_sha256(b"\0" + written if place == 5 else b"\0other %d" % place) for place in range(8)]
        path, root = _path(leaves, 5)
        promised = {"body": _b64(written), "integratedTime": int(when.timestamp())}
        promised |= {"logID": self._log_id.hex(), "logIndex": LOG_INDEX}
        return {
            "logIndex": str(LOG_INDEX),
            "logId": {"keyId": _b64(self._log_id)},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": str(promised["integratedTime"]),
            "inclusionPromise": {"signedEntryTimestamp": _b64(self._signed_by_log(_canonical(promised)))},
            "inclusionProof": {
                "logIndex": "5",
                "rootHash": _b64(root),
                "treeSize": "8",
                "hashes": [_b64(each) for each in path],
                "checkpoint": {"envelope": self._checkpoint(root, 8)},
            },
            "canonicalizedBody": _b64(written),
        }

    def trusted_root(self):
        """What it is verified with, as Sigstore writes it (TrustedRoot, JSON)."""
        first, last = (each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in self.valid)
        chain = [{"rawBytes": _b64(each.public_bytes(serialization.Encoding.DER))} for each in (self._ca, self._root)]
        authority = {
            "subject": {"organization": self.name, "commonName": self.name},
            "uri": f"https://fulcio.{self.name}",
            "certChain": {"certificates": chain},
            "validFor": {"start": first, "end": last},
        }
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [self._log_of("rekor", self._log_key, first, last)],
                "certificateAuthorities": [authority],
                "ctlogs": [self._log_of("ctfe", self._ct_key, first, last)],
                "timestampAuthorities": [],
            }
        ).encode()

    @property
    def _log_id(self):
        return _sha256(_spki(self._log_key))

    def _name(self, common):
        return x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.name), x509.NameAttribute(NameOID.COMMON_NAME, common)]
        )

    def _authority(self, name, key, issuer, issuer_key):
        return (
            x509.CertificateBuilder()
            .subject_name(self._name(name))
            .issuer_name(self._name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGIN)
            .not_valid_after(_END)
            .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1 if name == "root" else 0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA384())
        )

    def _certificate_timestamp(self, precertificate, when):
        """The list of one signed certificate timestamp (RFC 6962, 3.2 and 3.3), as an extension holds it."""
        tbs = precertificate.tbs_certificate_bytes
        millis = int(when.timestamp() * 1000)
        entry = _sha256(_spki(self._ca_key)) + struct.pack("!I", len(tbs))[1:] + tbs
        signature = self._ct_key.sign(
            struct.pack("!BBQH", 0, 0, millis, 1) + entry + b"\0\0", ec.ECDSA(hashes.SHA256())
        )
        timestamp = b"\0" + _sha256(_spki(self._ct_key)) + struct.pack("!QHBB", millis, 0, 4, 3) + _vector(signature)
        return _der(0x04, _vector(_vector(timestamp)))

    def _signed_by_log(self, data):
        return self._log_key.sign(data, ec.ECDSA(hashes.SHA256()))

    def _checkpoint(self, root, size):
        origin = f"rekor.{self.name}"
        note = f"{origin} - 1\n{size}\n{_b64(root)}\n"
        signature = _b64(self._log_id[:4] + self._signed_by_log(note.encode()))
        return f"{note}\n\N{EM DASH} {origin} {signature}\n"

    def _log_of(self, name, key, first, last):
        return {
            "baseUrl": f"https://{name}.{self.name}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _b64(_spki(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": first, "end": last},
            },
            "logId": {"keyId": _b64(_sha256(_spki(key)))},
        }


@functools.cache
def own():
    """The Sigstore of this process."""
    return Sigstore()


def _dsse_entry(payload, signature, leaf):
    verifier = _b64(leaf.public_bytes(serialization.Encoding.PEM))
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": _sha256(b"envelope").hex()},
            "payloadHash": {"algorithm": "sha256", "value": _sha256(payload).hex()},
            "signatures": [{"signature": _b64(signature), "verifier": verifier}],
        },
    }


def _path(leaves, place):
    """The hashes beside the way up from *place*, and the root (RFC 6962, 2.1), of a tree that is full."""
    path = []
    while len(leaves) > 1:
        path.append(leaves[place ^ 1])
        leaves = [_sha256(b"\1" + one + other) for one, other in zip(leaves[::2], leaves[1::2], strict=True)]
        place //= 2
    return path, leaves[0]


def _san(said):
    config = said.get(18)
    return config if isinstance(config, str) else "https://acme.test"


def _key_usage(**uses):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: uses.get(name, False) for name in names})


def _pae(kind, body):
    return f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body


def _spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _vector(data):
    return struct.pack("!H", len(data)) + data


def _utf8(value):
    """A DER UTF8String; bytes are taken as they are."""
    return value if isinstance(value, bytes) else _der(0x0C, value.encode())


def _der(tag, data):
    size = len(data)
    head = (
        bytes([size]) if size < 0x80 else bytes([0x80 | (n := (size.bit_length() + 7) // 8)]) + size.to_bytes(n, "big")
    )
    return bytes([tag]) + head + data


def _canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _sha256(data):
    return hashlib.sha256(data).digest()


def _b64(data):
    return base64.b64encode(data).decode()
